"""Pascal-VOC as published by ZS3Net: 200 epochs of batch 16."""

_base_ = './r101.py'
