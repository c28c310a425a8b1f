"""Recursive ZS-MMD and self-training on photographs with a small network."""

_base_ = ['../zsmmd/zsmmd_mobilenetv2.py', '../zs5/small.py']

deviations = (
    *_base_.deviations,
    'mobilenetv2: the student takes 300 steps, half of the seen step, at half its rate',
)
