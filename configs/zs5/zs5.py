"""ZS5Net on ZS3Net's published constants: p = 25 (VOC) and, as assumed, 50 epochs of the seen step's recipe."""

_base_ = ['../zs3/zs3.py', './self_training.py']
