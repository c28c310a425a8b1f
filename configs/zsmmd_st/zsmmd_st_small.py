"""Recursive ZS-MMD and self-training on photographs with a small network."""

_base_ = ['../zsmmd/zsmmd_small.py', '../zs5/small.py']

deviations = (
    *_base_.deviations,
    'small: the student takes 300 steps, at half the rate of the seen step',
)
