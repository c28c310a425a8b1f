"""Inductive ZS-MMD (reconstruction)."""

_base_ = ['../zsmmd/zsmmd.py']

recursion = dict(source='synthetic', rounds=1)
