"""How ZS3Net trains its DeepLab on the seen classes (valeoai/ZS3 6031f4a).

The loss is divided once more by the batch size (``per_batch`` in the model), so gradients are 16 times smaller than
these rates suggest. 200 epochs are 200 passes over the images that the protocol leaves of a split, as in the code:
the number of iterations is counted when they are known (74,600 for all 5,953 images of VOC at batch 16) and falls
with K. Set ``train_cfg.max_iters`` to have the same number for every K.
"""

seen = dict(epochs=200)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=None, val_interval=1_000_000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.007, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10.0)}))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]
