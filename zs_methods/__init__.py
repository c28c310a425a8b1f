"""Generalised zero-shot semantic segmentation as an mmsegmentation plugin.

``import zs_methods`` before mmseg's models makes every head, loss, data set, transform and metric of this package
available to mmseg's registries under the prefix ``zs_methods.``. It imports nothing else by itself, see `compat`.
"""

from zs_methods import compat

compat.install()

__version__ = '0.1.0'
