"""SPNet's schedule for COCO-Stuff (subhc/SPNet 292ff5a), there for a DeepLabV2.

Five images, accumulated over two steps, are a batch of 10 here. The head learns 10 times as fast and its bias 20
times and without decay. The poly rate is updated in every iteration; that code does so in every tenth. It is
configured for 100,000 iterations, and its run script evaluates the checkpoint of iteration 20,000.
"""

seen = dict(epochs=None)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=100_000, val_interval=1_000_000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={
        'decode_head': dict(lr_mult=10.0),
        'decode_head.conv_seg.bias': dict(lr_mult=20.0, decay_mult=0.0)}))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]
