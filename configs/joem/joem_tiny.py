"""JoEm on the embedded benchmark: joint training from the shared network."""

_base_ = ['./joem.py']

joem = dict(
    initial='seen', epochs=None,
    changes=dict(
        model=dict(decode_head=dict(loss_bar=dict(ratio=0.5))),
        train_dataloader=dict(batch_size=16),
        train_cfg=dict(max_iters=150),
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='AdamW', lr=2e-4, weight_decay=1e-3),
            paramwise_cfg=dict(parts=dict(semantic_encoder=dict(lr=2e-2))))))
deviations = (
    'shapes: 150 batches of 16 from the shared network with AdamW at 2e-4 (10 times that for the head) and Adam at '
    '2e-2 for the semantic encoder, boundary ratio 0.5 (50 epochs in batches of 32 from ImageNet with SGD at 2.5e-4 '
    'and Adam at 2e-4, ratio 0.25)',
)
