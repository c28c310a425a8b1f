"""STRICT on SPNet's published constants: 2,000 iterations (VOC) of two images on each of four GPUs at 2.5e-4."""

_base_ = ['../spnet/spnet.py', '../spnet_c/calibration.py', './self_training.py']

self_training = dict(student=dict(
    epochs=None, train_cfg=dict(max_iters=2000), train_dataloader=dict(batch_size=8),
    optim_wrapper=dict(optimizer=dict(lr=2.5e-4)),
    model=dict(decode_head=dict(loss_decode=dict(per_batch=False)))))
