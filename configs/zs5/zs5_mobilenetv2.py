"""ZS5Net on photographs with a small network."""

_base_ = ['../zs3/zs3_mobilenetv2.py', './small.py']

deviations = (
    *_base_.deviations,
    'mobilenetv2: the student takes 300 steps, half of the seen step, at half its rate',
)
