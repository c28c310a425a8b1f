"""Self-training on photographs with a small network: 300 iterations at half the rate of the seen step."""

_base_ = ['./self_training.py']

self_training = dict(student=dict(
    epochs=None, rate=0.5, train_cfg=dict(max_iters=300)))
