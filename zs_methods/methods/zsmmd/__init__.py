"""Recursive training with the ZS-MMD loss: the method, its loss and its stages."""

from .recipe import ZSMMD

__all__ = ['ZSMMD']
