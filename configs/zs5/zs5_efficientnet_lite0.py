"""ZS5Net on photographs with EfficientNet-Lite0."""

_base_ = ['../zs3/zs3_small.py', './efficientnet_lite0.py']

deviations = (
    *_base_.deviations,
    'small: the student takes 100 steps, at a tenth of the rate of the seen step',
)
