"""Inductive ZS-MMD (reconstruction) on photographs with a small network."""

_base_ = ['../zsmmd/zsmmd_mobilenetv2.py']

recursion = dict(source='synthetic', rounds=1)
