"""ZS3Net with graph context."""

from .recipe import ZS3GC
from .train_with_graph import TrainWithGraph

__all__ = ['ZS3GC', 'TrainWithGraph']
