"""Recursive ZS-MMD and self-training on Pascal-Context: ZS5Net's p = 75."""

_base_ = ['./zsmmd_st.py']

self_training = dict(p=75)
