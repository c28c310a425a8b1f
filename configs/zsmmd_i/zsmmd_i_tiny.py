"""Inductive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zsmmd/zsmmd_tiny.py']

recursion = dict(source='synthetic', rounds=1, unseen_weight=None)
