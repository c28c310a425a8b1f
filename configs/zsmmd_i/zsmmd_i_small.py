"""Inductive ZS-MMD (reconstruction) on photographs with a small network."""

_base_ = ['../zsmmd/zsmmd_small.py']

recursion = dict(source='synthetic', rounds=1)
