"""Augmentation for small machines: crops of 176 px."""

_base_ = './photos.py'

crop_size = (176, 176)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='zs_methods.RandomShortSide', low=176, high=352),
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=8, num_workers=0, sampler=dict(type='InfiniteSampler', shuffle=True))
