"""Pipelines of the embedded benchmark; the stages fill in which images and classes."""

train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='RandomCrop', crop_size=(64, 64)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
# Without augmentation, with labels: features and evaluation.
label_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='zs_methods.LoadLabels'),
    dict(type='PackSegInputs'),
]
eval_pipeline = label_pipeline
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
train_dataloader = dict(batch_size=16, num_workers=0, sampler=dict(type='InfiniteSampler', shuffle=True))
