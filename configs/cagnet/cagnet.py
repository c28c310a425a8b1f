"""CaGNet with the constants of its code for VOC 15/5 (bcmi/CaGNet 249305b).

COCO-Stuff has odds 60 and, in step 2, a rate of 1e-5. Assumptions: Adam's rate for everything that is new, pixels of a
batch, of a random map and of a content group.
"""

cagnet = dict(
    changes=dict(
        model=dict(decode_head=dict(
            type='zs_methods.CaGNetHead', shared_dim=1024, shared_dropout=0.5,
            contextual=dict(type='zs_methods.ContextualModule', channels=256, dilations=(1, 2, 5)),
            generator=dict(type='zs_methods.ContextualGenerator', hidden_dim=256, dropout=0.5),
            loss_content=dict(type='zs_methods.MMDLoss', variances=(2, 5, 10, 20, 40, 60)),
            content_weight=50 / 2**0.5,  # the code's kernel weights give MMD^2 / 2 inside the root
            adversarial_weight=1.0, kl_weight=100.0, samples=64,
            loss_decode=dict(per_batch=False, loss_weight=0.5))),
        train_dataloader=dict(batch_size=8),
        train_cfg=dict(max_iters=40_000),
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='AdamW', lr=2e-4, weight_decay=5e-4),
            paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1), 'decode_head': dict(lr_mult=1.0)}))),
    step2=dict(
        optimizer=dict(type='Adam', lr=5e-5), iterations=6000, period=100, batch_size=4096, pixels=16_384, odds=10.0))
