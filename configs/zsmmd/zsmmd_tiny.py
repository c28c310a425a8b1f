"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_tiny.py', './recursion.py']

recursion = dict(
    rounds=5, iterations=150, samples=32, pool=1024, unseen_weight=10, candidates=dict(limit=4096),
    diagnosis=dict(images=32),
    online=dict(epochs=None, iterations=300, queue=256, per_image=16))
