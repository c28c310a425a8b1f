"""STRICT on COCO-Stuff: 22,356 iterations."""

_base_ = ['./strict.py']

self_training = dict(student=dict(train_cfg=dict(max_iters=22_356)))
