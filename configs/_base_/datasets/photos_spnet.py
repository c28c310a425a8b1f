"""Augmentation of SPNet (subhc/SPNet 292ff5a): warped to 513, scaled by 0.5 to 1.5, flipped, crop 321, batch 10.

Assumption: scales are drawn uniformly; how that code draws them was not at hand.
"""

_base_ = './photos.py'

crop_size = (321, 321)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='RandomResize', scale=(513, 513), ratio_range=(0.5, 1.5), keep_ratio=False),
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=10, num_workers=4, persistent_workers=True, sampler=dict(type='InfiniteSampler', shuffle=True))
