"""CaGNet."""

from .recipe import CaGNet

__all__ = ['CaGNet']
