"""Data sets, their descriptions, label masking and the audit of label access."""

from zs_methods.datasets.spec import DatasetSpec, available, load_spec

__all__ = ['DatasetSpec', 'available', 'load_spec']
