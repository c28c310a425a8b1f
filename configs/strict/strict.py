"""STRICT on SPNet's published constants: 2,000 iterations (VOC) of two images on each of four GPUs at 2.5e-4.

The backbone's normalisation is frozen, its affine parameters too.
"""

_base_ = ['../spnet/spnet.py', '../spnet_c/calibration.py', './self_training.py']

self_training = dict(student=dict(
    epochs=None, train_cfg=dict(max_iters=2000), train_dataloader=dict(batch_size=8),
    optim_wrapper=dict(optimizer=dict(lr=2.5e-4)),
    model=dict(
        backbone=dict(norm_eval=True, norm_cfg=dict(requires_grad=False)),
        decode_head=dict(loss_decode=dict(per_batch=False)))))
