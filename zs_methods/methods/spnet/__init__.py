"""SPNet, without and with calibration."""

from .calibrate import CalibrateSeen
from .recipe import SPNet, SPNetC

__all__ = ['CalibrateSeen', 'SPNet', 'SPNetC']
