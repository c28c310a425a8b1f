"""Inductive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zsmmd/zsmmd_tiny.py']

recursion = dict(source='synthetic', rounds=1, unseen_weight=None)
deviations = (
    *_base_.deviations[:-1],
    'shapes: one round, and the unseen weight of zs3; not selected on held-out seen classes',
)
