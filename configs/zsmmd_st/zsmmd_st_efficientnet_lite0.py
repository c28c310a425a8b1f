"""Recursive ZS-MMD and self-training on photographs with EfficientNet-Lite0."""

_base_ = ['../zsmmd/zsmmd_small.py', '../zs5/efficientnet_lite0.py']

deviations = (
    *_base_.deviations,
    'small: the student takes 100 steps, at a tenth of the rate of the seen step',
)
