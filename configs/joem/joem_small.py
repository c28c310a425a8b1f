"""JoEm on photographs with a small network: joint training from the shared network, in minutes on two cores."""

_base_ = ['./joem.py']

joem = dict(
    initial='seen', epochs=None,
    changes=dict(
        train_dataloader=dict(batch_size=8),
        train_cfg=dict(max_iters=300),
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='AdamW', lr=5e-5, weight_decay=1e-3),
            paramwise_cfg=dict(parts=dict(semantic_encoder=dict(lr=5e-3))))))
deviations = (
    'small: the small network in the heading, 300 iterations of 8 small crops from it with AdamW at 5e-5 (10 times '
    'that for the head) and Adam at 5e-3 for the semantic encoder, not tuned; the code trains a ResNet-101 jointly '
    'from ImageNet, 50 epochs of 32 crops of 312 px with SGD at 2.5e-4 and Adam at 2e-4',
    'small: the normalisation of the backbone is frozen with its affine parameters, which train in the code',
    'small: one set of constants, that of Pascal-VOC on the ZS3 splits, for all data sets and splits',
)
