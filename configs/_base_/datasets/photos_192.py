"""Augmentation for small machines: crops of 192 px of images with a short side of 160 to 352 px.

Whole images have a short side of 256 px, the mean of these: half the work of their own size (VOC). Scores are brought
to the images' own size, where everything is scored. Images with rare seen classes are drawn more often: in ten passes
over `voc-mini`, whose rarest classes are on one image of fifty, that is worth 4 points of seen mIoU, see
`schedules/small_800.py`.
"""

_base_ = './photos.py'

crop_size = (192, 192)
load_image = dict(type='LoadImageFromFile', color_type='color_ignore_orientation')
resize = dict(type='ResizeShortestEdge', scale=256, max_size=1024)
train_pipeline = [
    load_image,
    dict(type='zs_methods.LoadLabels'),
    dict(type='zs_methods.RandomShortSide', low=160, high=352),
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
label_pipeline = [load_image, resize, dict(type='zs_methods.LoadLabels'), dict(type='PackSegInputs')]
eval_pipeline = label_pipeline
test_pipeline = [dict(type='LoadImageFromFile'), resize, dict(type='PackSegInputs')]
train_dataloader = dict(batch_size=8, num_workers=0, sampler=dict(type='zs_methods.RepeatFactorSampler', threshold=0.2))
