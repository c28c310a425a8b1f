"""JoEm on the split voc-15-5 of SPNet (cvlab-yonsei/JoEm 06ee1fc, its script for that split)."""

_base_ = ['./joem.py']

crop_size = (321, 321)
joem = dict(changes=dict(
    model=dict(
        data_preprocessor=dict(size=crop_size),
        decode_head=dict(sigma=0.7, loss_bar=dict(ratio=0.5), loss_sc=dict(loss_weight=1.0))),
    train_dataloader=dict(batch_size=24),
    train_pipeline=[
        dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
        dict(type='zs_methods.LoadLabels'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='zs_methods.RandomShortSide', low=256, high=768),
        dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
        dict(type='RandomCrop', crop_size=crop_size),
        dict(type='PackSegInputs'),
    ]))
deviations = (
    'voc-15-5: the shared DeepLabV3+ with features of 256 values; the code has a DeepLabV2 with 600',
    'voc-15-5: word vectors are those of the data set; the code joins word2vec and fastText '
    '(--vectors word2vec+fasttext)',
)
