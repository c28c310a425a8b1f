"""JoEm with the constants of its code that hold for Pascal-VOC on the ZS3 splits (cvlab-yonsei/JoEm 06ee1fc).

The backbone learns at 2.5e-4 and ASPP, decoder and head 10 times as fast, by SGD with a poly rate; the semantic encoder
by Adam at a constant 2e-4. The backbone's normalisation keeps its statistics and trains its affine parameters.
"""

joem = dict(
    initial=None, epochs=50,
    changes=dict(
        model=dict(
            backbone=dict(norm_eval=True),
            decode_head=dict(
                type='zs_methods.JoEmHead', sigma=0.5,
                loss_bar=dict(type='zs_methods.BARLoss', ratio=0.25, loss_weight=1.0),
                loss_sc=dict(type='zs_methods.SemanticConsistencyLoss', temperature=5.0, loss_weight=0.1),
                loss_decode=dict(per_batch=False))),
        train_dataloader=dict(batch_size=32),
        train_cfg=dict(max_iters=None),
        optim_wrapper=dict(  # replaces that of the DeepLab
            _delete_=True, constructor='zs_methods.PartsConstructor',
            optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=1e-4),
            paramwise_cfg=dict(
                custom_keys={'decode_head': dict(lr_mult=10.0)},
                parts=dict(semantic_encoder=dict(type='Adam', lr=2e-4)))),
        param_scheduler=dict(
            _delete_=True, network=[dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)],
            semantic_encoder=[])))
