"""40 to 100 minutes of one core, from ImageNet weights whose normalisation is trained; the backbone's rate is 2e-3."""

_base_ = './small.py'

network_deviations = (
    'timm: DeepLabV3+ on a network of timm, whose normalisation is trained, 1000 iterations of 8 crops of 256 px',
)
train_cfg = dict(max_iters=1000)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}))
