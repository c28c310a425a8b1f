"""Self-training on COCO-Stuff, which ZS5Net's paper does not use.

Assumptions: p as on Pascal-Context, whose images are labelled all over too; a quarter of the seen step's iterations, as
50 of 200 epochs are on VOC.
"""

_base_ = ['./self_training.py']

self_training = dict(p=75, student=dict(epochs=None, train_cfg=dict(max_iters=25_000)))
