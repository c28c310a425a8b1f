"""Control of recursive ZS-MMD on Pascal-Context."""

_base_ = ['../zsmmd/zsmmd_context.py']

recursion = dict(weight=0.0)
