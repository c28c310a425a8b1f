"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_tiny.py', './recursion.py']

recursion = dict(
    rounds=1, iterations=150, diagnosis=dict(images=32),
    feedback=dict(source='seen-images', weight=1.0, samples=32, pool=1024, loss=dict(threshold=0.5)))
deviations = (
    *_base_.deviations,
    'shapes: origin of the candidates, threshold 0.5, weight 1 and one recursion (of 150 steps) were chosen by '
    'benchmark/select.py on held-out seen classes of K=10, among the inductive origins',
)
