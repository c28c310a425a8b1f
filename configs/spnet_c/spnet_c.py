"""Calibrated SPNet with the constant of its code for VOC (subhc/SPNet 292ff5a); None searches it."""

_base_ = ['../spnet/spnet.py', './calibration.py']

calibration = dict(gamma=0.6)
