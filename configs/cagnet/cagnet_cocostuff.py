"""CaGNet with the constants of its code for COCO-Stuff (bcmi/CaGNet 249305b)."""

_base_ = ['./cagnet.py']

cagnet = dict(
    changes=dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys={
        f'decode_head.{part}': dict(lr_mult=2.0) for part in ('shared', 'conv_seg', 'realness')}))),
    step2=dict(
        optimizer=dict(lr=1e-5), milestones=(3000, 5000), gamma=0.3, odds=60.0,
        weights=dict(random=1.0, generator=1.0)))
deviations = (
    'COCO-Stuff: random maps leave out the 11 of 182 ids that have no pixels, so that 85.2 % of their pixels are of '
    'unseen classes (84.3 %)',
)
