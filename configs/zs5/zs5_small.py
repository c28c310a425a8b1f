"""ZS5Net on photographs with a small network."""

_base_ = ['../zs3/zs3_small.py', './small.py']

deviations = (
    *_base_.deviations,
    'small: the student takes 300 steps, at half the rate of the seen step',
)
