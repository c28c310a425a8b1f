"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_shapes.py']

recursion = dict(
    rounds=2, iterations=300, warm_start=True,
    feedback=dict(
        source='synthetic', weight=0.1,
        loss=dict(type='zs_methods.ZSMMDLoss', variances=(2, 5, 10, 20, 40, 80), threshold=0.9, power=1.0,
                  min_count=16)))
