"""Recursive ZS-MMD (reconstruction) and ZS5Net's self-training."""

_base_ = ['../zsmmd/zsmmd.py', '../zs5/self_training.py']
