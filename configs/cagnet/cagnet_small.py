"""CaGNet on photographs with a small network, in minutes on two cores.

The rates are assumptions that nothing was tuned for.
"""

_base_ = ['./cagnet.py']

cagnet = dict(
    changes=dict(
        model=dict(decode_head=dict(shared_dim=256, contextual=dict(channels=128), generator=dict(hidden_dim=256))),
        train_cfg=dict(max_iters=300),
        optim_wrapper=dict(optimizer=dict(lr=5e-4, weight_decay=1e-3))),
    step2=dict(optimizer=dict(lr=2e-4), iterations=1000, batch_size=1024, pixels=1024))
deviations = (
    'small: the small network in the heading, 300 iterations of step 1 and 1000 of step 2 on its crops; the code has a '
    'DeepLabV2 with ResNet-101, 40,000 and 6,000 iterations with crops of 368 px',
)
