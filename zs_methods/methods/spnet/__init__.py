"""SPNet, without and with calibration."""

from .recipe import SPNet, SPNetC

__all__ = ['SPNet', 'SPNetC']
