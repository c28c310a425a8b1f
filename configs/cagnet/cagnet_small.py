"""CaGNet on photographs with a small network, in minutes on two cores.

The rates are assumptions that nothing was tuned for.
"""

_base_ = ['./cagnet.py']

cagnet = dict(
    changes=dict(
        _delete_=True,
        model=dict(backbone=dict(norm_eval=True), decode_head=dict(
            type='zs_methods.CaGNetHead', shared_dim=256, contextual=dict(channels=128),
            generator=dict(hidden_dims=(512, 480, 432, 392, 360), dropouts=(0.1, 0.1, 0.3, 0.5, 0.5)),
            content_weight=50 / 2**0.5, adversarial_weight=1.0, kl_weight=100.0, backbone_weight=0.5,
            runs=64, run_length=32)),
        train_dataloader=dict(batch_size=8),
        train_cfg=dict(max_iters=300),
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='AdamW', lr=5e-4, weight_decay=1e-3),
            paramwise_cfg=dict(_delete_=True, custom_keys={'backbone': dict(lr_mult=0.1)}))),
    step2=dict(
        optimizer=dict(lr=2e-4), milestones=(500, 667, 833), iterations=1000, batch_size=1024, pixels=1024))
deviations = (
    'small: the small network in the heading, 300 iterations of step 1 and 1000 of step 2 on its crops; the code has a '
    'DeepLabV2 with ResNet-101, 40,000 and 6,000 iterations with crops of 368 px',
    'small: features of the width of the network, 64 or 128 values (600), shared layer 256 (1024), contextual module '
    '128 (256), generator half as wide; AdamW at 5e-4 and 2e-4 (2.5e-4 and 5e-5), not tuned',
)
