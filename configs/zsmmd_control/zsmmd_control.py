"""Control of recursive ZS-MMD."""

_base_ = ['../zsmmd/zsmmd.py']

recursion = dict(weight=0.0)
