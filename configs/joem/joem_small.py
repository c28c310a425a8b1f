"""JoEm on photographs with a small network: joint training from the shared network, in minutes on two cores.

The rates are assumptions that nothing was tuned for.
"""

_base_ = ['./joem.py']

joem = dict(
    initial='seen', epochs=None,
    changes=dict(
        model=dict(backbone=dict(_delete_=True, norm_eval=True)),
        train_dataloader=dict(batch_size=8),
        train_cfg=dict(max_iters=300),
        optim_wrapper=dict(
            _delete_=True, optimizer=dict(_delete_=True, type='AdamW', lr=5e-4, weight_decay=1e-3),
            paramwise_cfg=dict(_delete_=True, custom_keys={
                'backbone': dict(lr_mult=0.1), 'decode_head.semantic_encoder': dict(lr_mult=30.0)}))))
deviations = (
    'small: 300 iterations of 8 small crops with AdamW from the shared network in the heading; the code trains '
    'a ResNet-101 jointly from ImageNet, 50 epochs of 32 crops of 312 px with SGD',
)
