"""Recursion and feedback, constants as assumed in zs_methods/methods/zsmmd.py."""

recursion = dict(
    rounds=2, iterations=10_000, warm_start=True,
    feedback=dict(
        source='synthetic', weight=0.1,
        loss=dict(type='zs_methods.ZSMMDLoss', variances=(2, 5, 10, 20, 40, 80), threshold=0.9, power=1.0,
                  min_count=32)))
