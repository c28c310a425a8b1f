"""ZS5Net on COCO-Stuff."""

_base_ = ['../zs3/zs3.py', './cocostuff.py']
