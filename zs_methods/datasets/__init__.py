"""Data sets, their descriptions, label masking and the audit of label access."""

from zs_methods.datasets.augmentation import RandomGaussianBlur, RandomShortSide
from zs_methods.datasets.spec import DatasetSpec, available, load_spec
from zs_methods.datasets.transforms import LoadLabels
from zs_methods.datasets.zero_shot_dataset import ZeroShotDataset

__all__ = ['DatasetSpec', 'LoadLabels', 'RandomGaussianBlur', 'RandomShortSide', 'ZeroShotDataset', 'available',
           'load_spec']
