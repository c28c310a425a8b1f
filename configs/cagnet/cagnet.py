"""CaGNet with the constants of its code for VOC 15/5 (bcmi/CaGNet 249305b).

They are 40,000 batches of 8 crops of 368 px, then 6,000 steps. Rates are 2.5e-4 for classifier and discriminator and
2e-4, without decay, for the generator, with Adam. Assumptions: that of the network, which is trained with SGD there,
and how many pixels a step takes where the code takes all.
"""

cagnet = dict(
    changes=dict(
        model=dict(
            data_preprocessor=dict(size=(368, 368)),
            backbone=dict(norm_eval=True, norm_cfg=dict(type='BN', requires_grad=False)),
            decode_head=dict(
                type='zs_methods.CaGNetHead', shared_dim=1024, shared_dropout=0.5,
                contextual=dict(type='zs_methods.ContextualModule', channels=256, dilations=(1, 2, 5)),
                generator=dict(type='zs_methods.ContextualGenerator', hidden_dims=(1024, 960, 864, 784, 720),
                               dropouts=(0.1, 0.1, 0.3, 0.5, 0.5)),
                loss_content=dict(type='zs_methods.MMDLoss', variances=(2, 5, 10, 20, 40, 60)),
                content_weight=50 / 2**0.5,  # the code's kernel weights give MMD^2 / 2 inside the root
                adversarial_weight=1.0, kl_weight=100.0, backbone_weight=0.5, runs=512, run_length=64,
                loss_decode=dict(per_batch=False, loss_weight=1.0))),
        train_pipeline=[  # as SPNet's, with another crop
            dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
            dict(type='zs_methods.LoadLabels'),
            dict(type='RandomResize', scale=(513, 513), ratio_range=(0.5, 1.5), keep_ratio=False),
            dict(type='Pad', size=(368, 368), pad_val=dict(img=0, seg=255)),
            dict(type='RandomCrop', crop_size=(368, 368)),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackSegInputs')],
        train_dataloader=dict(batch_size=8),
        train_cfg=dict(max_iters=40_000),
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='Adam', lr=2.5e-4, weight_decay=5e-4),
            paramwise_cfg=dict(_delete_=True, custom_keys={
                'backbone': dict(lr_mult=0.1), 'decode_head.generator': dict(lr_mult=0.8, decay_mult=0.0)}))),
    step2=dict(
        optimizer=dict(type='Adam', lr=5e-5, weight_decay=5e-4), milestones=(3000, 4000, 5000), gamma=0.1,
        iterations=6000, period=100, batch_size=4096, pixels=16_384, odds=10.0,
        weights=dict(real=0.75, fake=0.25, random=0.125, generator=0.0)))
