"""The methods, registered in `zs_methods.registry.METHODS` under their command-line names."""

from zs_methods.methods.base import ROLES, Method
from zs_methods.methods.bounds import Oracle, SeenOnly
from zs_methods.methods.released import ZS3Released
from zs_methods.methods.zs3 import ZS3
from zs_methods.methods.zsmmd import ZSMMD

__all__ = ['ROLES', 'ZS3', 'ZSMMD', 'Method', 'Oracle', 'SeenOnly', 'ZS3Released']
