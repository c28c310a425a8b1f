"""CaGNet on the embedded benchmark."""

_base_ = ['./cagnet.py']

cagnet = dict(
    changes=dict(
        model=dict(decode_head=dict(
            shared_dim=128, contextual=dict(channels=64), generator=dict(hidden_dim=128), kl_weight=100.0)),
        train_dataloader=dict(batch_size=16),
        train_cfg=dict(max_iters=120),
        optim_wrapper=dict(
            optimizer=dict(lr=2e-3, weight_decay=1e-3),
            paramwise_cfg=dict(_delete_=True, custom_keys={'backbone': dict(lr_mult=0.3)})),
        param_scheduler=[dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]),
    step2=dict(optimizer=dict(lr=1e-3), iterations=1000, batch_size=1024, pixels=1024))
