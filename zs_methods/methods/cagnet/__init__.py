"""CaGNet."""

from .recipe import CaGNet
from .train_cagnet import TrainCaGNet

__all__ = ['CaGNet', 'TrainCaGNet']
