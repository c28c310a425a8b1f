"""Augmentation of SPNet (subhc/SPNet 292ff5a): warped to 513, scaled by U(0.5, 1.5), padded to 513, crop 321, batch 10.

The border lies around the image in its mean colour, and is ignored.
"""

_base_ = './photos.py'

crop_size = (321, 321)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='zs_methods.Warp', size=513),
    dict(type='zs_methods.RandomScale', low=0.5, high=1.5),
    dict(type='zs_methods.CentredPad', size=513),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=10, num_workers=4, persistent_workers=True, sampler=dict(type='InfiniteSampler', shuffle=True))
