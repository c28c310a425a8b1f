"""Control of recursive ZS-MMD on photographs with a small network."""

_base_ = ['../zsmmd/zsmmd_small.py']

recursion = dict(weight=0.0)
