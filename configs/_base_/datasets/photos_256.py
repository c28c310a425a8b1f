"""Augmentation for small machines: crops of 256 px of images with a short side of 192 to 448 px.

Images with rare seen classes are drawn more often: in ten passes over `voc-mini`, whose rarest classes are on one image
of fifty, that is worth 4 points of seen mIoU, see `schedules/small_1k.py`.
"""

_base_ = './photos.py'

crop_size = (256, 256)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='zs_methods.RandomShortSide', low=192, high=448),
    dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=8, num_workers=0, sampler=dict(type='zs_methods.RepeatFactorSampler', threshold=0.2))
