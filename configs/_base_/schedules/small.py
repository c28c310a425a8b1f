"""A few minutes on two cores, from ImageNet weights whose normalisation stays frozen.

The backbone's rate is 3e-4; at 5e-3 a trial diverged.
"""

seen = dict(epochs=None)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=600, val_interval=1_000_000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.015)}))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]
