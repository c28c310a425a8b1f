"""JoEm on Pascal-VOC, the ZS3 splits: its own augmentation, short sides of 156 to 468 px and crops of 312 px."""

_base_ = ['./joem.py']

crop_size = (312, 312)
joem = dict(changes=dict(train_pipeline=[
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='zs_methods.RandomShortSide', low=156, high=468),
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='PackSegInputs'),
]))
deviations = (
    'aeroplane has its own word vector, as in ZS3Net; the code replaces it by that of its Pascal-Context file',
)
