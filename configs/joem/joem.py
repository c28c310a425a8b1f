"""JoEm with the constants of its code for Pascal-VOC on the ZS3 splits (cvlab-yonsei/JoEm 06ee1fc).

T 5 and alpha 0.1 there; Pascal-Context has 7, 0.01, decay 5e-4 and 200 epochs, the VOC 15/5 split r 0.5, alpha 1,
sigma 0.7 and a DeepLabV2. The semantic encoder's rate is an assumption: that code trains it with Adam at 2e-4.
"""

joem = dict(
    initial=None, epochs=50,
    changes=dict(
        model=dict(
            backbone=dict(norm_eval=True, norm_cfg=dict(type='BN', requires_grad=False)),
            decode_head=dict(
                type='zs_methods.JoEmHead', sigma=0.5,
                loss_bar=dict(type='zs_methods.BARLoss', ratio=0.25, loss_weight=1.0),
                loss_sc=dict(type='zs_methods.SemanticConsistencyLoss', temperature=5.0, loss_weight=0.1),
                loss_decode=dict(per_batch=False))),
        train_dataloader=dict(batch_size=32),
        train_cfg=dict(max_iters=None),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=1e-4),
            paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=1.0),
                                            'decode_head.semantic_encoder': dict(lr_mult=10.0, decay_mult=0.0)}))))
