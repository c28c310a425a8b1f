"""Inductive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zsmmd/zsmmd_tiny.py']

recursion = dict(source='synthetic', rounds=1, unseen_weight=None, gate=dict(share=0.25))
deviations = (
    *_base_.deviations[:-1],
    'shapes: one round and p = 25 %, as assumed, and the unseen share of zs3; not selected',
)
