"""Recursive ZS-MMD (reconstruction) on ZS3Net's published constants."""

_base_ = ['../zs3/zs3.py', './recursion.py']
