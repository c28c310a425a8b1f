"""JoEm with the constants of its code for Pascal-Context (cvlab-yonsei/JoEm 06ee1fc).

There alpha 0.01 is divided by the number of seen classes without background.
"""

_base_ = ['./joem.py']

crop_size = (312, 312)
joem = dict(
    epochs=200,
    changes=dict(
        model=dict(decode_head=dict(loss_sc=dict(temperature=7.0, loss_weight=0.01, divided=True))),
        train_pipeline=[
            dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
            dict(type='zs_methods.LoadLabels'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='zs_methods.RandomShortSide', low=156, high=624),
            dict(type='Pad', size=crop_size, pad_val=dict(img=0, seg=255)),
            dict(type='RandomCrop', crop_size=crop_size),
            dict(type='PackSegInputs'),
        ],
        optim_wrapper=dict(optimizer=dict(weight_decay=5e-4))))
deviations = (
    'Pascal-Context, K=10: aeroplane is unseen, as in ZS3Net; the list of the code has bicycle in its place',
)
