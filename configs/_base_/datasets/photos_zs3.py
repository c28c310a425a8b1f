"""Augmentation of ZS3Net (valeoai/ZS3 6031f4a): base and crop size 312, batch 16."""

_base_ = './photos.py'

crop_size = (312, 312)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='zs_methods.RandomShortSide', low=156, high=624),
    # Black before the image is normalised; at the bottom and on the right.
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='zs_methods.RandomGaussianBlur', prob=0.5, max_radius=1.0),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=16, num_workers=4, persistent_workers=True, sampler=dict(type='InfiniteSampler', shuffle=True))
