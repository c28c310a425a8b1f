"""Self-training on photographs with a small network: half the iterations of the seen step at half its rate."""

_base_ = ['./self_training.py']

self_training = dict(student=dict(
    epochs=None, train_cfg=dict(max_iters=300), optim_wrapper=dict(optimizer=dict(lr=0.01))))
