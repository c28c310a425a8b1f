"""Weights that the authors of a paper released: nothing is trained, only evaluated."""

from .recipe import ZS3Released

__all__ = ['ZS3Released']
