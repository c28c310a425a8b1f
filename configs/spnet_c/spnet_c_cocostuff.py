"""Calibrated SPNet with the constant of its code for COCO-Stuff (subhc/SPNet 292ff5a); None searches it."""

_base_ = ['./spnet_c.py']

calibration = dict(gamma=0.4)
