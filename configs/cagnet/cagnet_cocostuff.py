"""CaGNet with the constants of its code for COCO-Stuff (bcmi/CaGNet 249305b)."""

_base_ = ['./cagnet.py']

cagnet = dict(step2=dict(optimizer=dict(lr=1e-5), odds=60.0))
