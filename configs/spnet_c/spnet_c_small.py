"""Calibrated SPNet on photographs with a small network; gamma is chosen on held-out seen classes."""

_base_ = ['../spnet/spnet_small.py', './calibration.py']
