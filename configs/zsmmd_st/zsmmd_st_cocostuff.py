"""Recursive ZS-MMD (reconstruction) and self-training on COCO-Stuff."""

_base_ = ['../zsmmd/zsmmd.py', '../zs5/cocostuff.py']
