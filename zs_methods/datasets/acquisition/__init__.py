"""Getting the published data sets and word vectors: downloads, archives, conversions and a check of the result."""

from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener

__all__ = ['AcquisitionError', 'Listener']
