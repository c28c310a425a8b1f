"""Recursive ZS-MMD (reconstruction) on the embedded benchmark."""

_base_ = ['../zs3/zs3_tiny.py', './recursion.py']

recursion = dict(iterations=300, feedback=dict(loss=dict(min_count=16)))
