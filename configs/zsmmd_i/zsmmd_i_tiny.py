"""Inductive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zsmmd/zsmmd_tiny.py']

recursion = dict(source='synthetic', rounds=1, unseen_weight=None)
deviations = (
    *_base_.deviations[:-1],
    'shapes: p = 100 % by held-out seen classes of K = 2 and 10 (25, 100 %); one round and the unseen weight of zs3 '
    'were not selected',
)
