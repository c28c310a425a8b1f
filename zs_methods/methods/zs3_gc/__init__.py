"""ZS3Net with graph context."""

from .recipe import ZS3GC

__all__ = ['ZS3GC']
