"""Calibrated SPNet on photographs with a small network; gamma is chosen on held-out seen classes."""

_base_ = ['../spnet/spnet_mobilenetv2.py', './calibration.py']
