"""ZS5Net on Pascal-Context: the published p = 75."""

_base_ = ['./zs5.py']

self_training = dict(p=75)
