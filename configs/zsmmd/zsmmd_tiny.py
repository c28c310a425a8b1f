"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_tiny.py', './recursion.py']

recursion = dict(
    rounds=5, iterations=150, samples=32, pool=1024, unseen_weight=3, gate=dict(share=1.0),
    candidates=dict(limit=4096), diagnosis=dict(images=32),
    online=dict(epochs=None, iterations=300, queue=256, per_image=16))
deviations = (
    *_base_.deviations,
    'shapes: five rounds of 150 steps, p = 100 % (confidence alone weighs) and a final unseen weight of 3, chosen for '
    'all K together on held-out seen classes of K = 2, 4, 8 and 10 (p 25, 50, 100 %; weight 1, 3, 10, 30; rounds 3, 5)',
)
