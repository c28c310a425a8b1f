"""Half a minute of training on two cores. ``total_steps=None`` follows ``max_iters``."""

train_cfg = dict(type='IterBasedTrainLoop', max_iters=320, val_interval=1_000_000)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=6e-3, weight_decay=1e-3))
param_scheduler = [dict(type='OneCycleLR', eta_max=6e-3, total_steps=None, by_epoch=False)]
