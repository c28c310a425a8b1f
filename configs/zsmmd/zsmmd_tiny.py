"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_tiny.py', './recursion.py']

recursion = dict(
    rounds=5, iterations=150, samples=32, pool=1024, unseen_weight=10, candidates=dict(limit=4096),
    diagnosis=dict(images=32),
    online=dict(epochs=None, iterations=300, queue=256, per_image=16))
deviations = (
    *_base_.deviations,
    'shapes: five rounds of 150 steps, p = 25 % and a final unseen weight of 10, as in a first trial on this data; not '
    'selected on held-out seen classes yet',
)
