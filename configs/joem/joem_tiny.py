"""JoEm on the embedded benchmark: joint training from the shared network."""

_base_ = ['./joem.py']

joem = dict(
    initial='seen', epochs=None,
    changes=dict(
        model=dict(decode_head=dict(loss_bar=dict(ratio=0.5))),
        train_dataloader=dict(batch_size=16),
        train_cfg=dict(max_iters=150),
        optim_wrapper=dict(
            _delete_=True, type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-3),
            paramwise_cfg=dict(custom_keys={'decode_head.semantic_encoder': dict(lr_mult=30.0)})),
        param_scheduler=[dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]))
deviations = (
    'shapes: 150 batches of 16 from the shared network with AdamW at 2e-3, 30 times that for the semantic encoder, '
    'boundary ratio 0.5 (50 epochs in batches of 32 from ImageNet with SGD at 2.5e-4 and Adam at 2e-4, ratio 0.25)',
)
