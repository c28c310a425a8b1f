"""Weights that the authors of a paper released: nothing is trained, only evaluated."""

from .import_network import ImportNetwork
from .recipe import ZS3Released

__all__ = ['ImportNetwork', 'ZS3Released']
