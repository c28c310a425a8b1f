"""40 to 100 minutes of one core, from ImageNet weights whose normalisation is trained; the backbone's rate is 2e-3."""

_base_ = './small.py'

train_cfg = dict(max_iters=1000)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}))
