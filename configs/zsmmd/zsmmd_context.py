"""Recursive ZS-MMD (reconstruction) on Pascal-Context."""

_base_ = ['../zs3/zs3_context.py', './recursion.py']
