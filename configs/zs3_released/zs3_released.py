"""Weights that ZS3Net's authors released: what they started from, as their paper and code say."""

backbone_weights = 'released by the authors'
pretraining = 'ImageNet-1k without the Pascal classes'
