"""STRICT on photographs with a small network."""

_base_ = ['../spnet/spnet.py', '../spnet_c/calibration.py', './self_training.py']

self_training = dict(student=dict(
    epochs=None, rate=0.5, train_cfg=dict(max_iters=300)))
deviations = (
    'small: each student takes 300 steps, at half the rate of the seen step; the code takes 2,000 (VOC) '
    'and 22,356 (COCO-Stuff) at 2.5e-4',
)
