"""Recursive ZS-MMD (reconstruction) on photographs with a small network."""

_base_ = ['../zs3/zs3_small.py', './recursion.py']

recursion = dict(iterations=500, samples=64, candidates=dict(limit=8192),
                 online=dict(epochs=None, iterations=300))
