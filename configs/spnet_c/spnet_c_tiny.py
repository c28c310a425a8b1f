"""Calibrated SPNet on the embedded benchmark; gamma is chosen on held-out seen classes."""

_base_ = ['../spnet/spnet_tiny.py', './calibration.py']
