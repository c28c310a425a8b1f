"""Inductive ZS-MMD (reconstruction) on Pascal-Context."""

_base_ = ['../zsmmd/zsmmd_context.py']

recursion = dict(source='synthetic', rounds=1)
