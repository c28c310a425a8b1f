"""The methods, registered in `zs_methods.registry.METHODS` under their command-line names.

Each is a file, or a package together with the stages and losses that it alone has. Such a package imports its own
modules relatively: it would work as well as a plugin, from a folder anywhere.
"""

from zs_methods.methods.base import ROLES, Method
from zs_methods.methods.bounds import Oracle, SeenOnly
from zs_methods.methods.cagnet import CaGNet
from zs_methods.methods.devise import DeViSE
from zs_methods.methods.joem import JoEm
from zs_methods.methods.released import ZS3Released
from zs_methods.methods.ridge import Ridge
from zs_methods.methods.spnet import SPNet, SPNetC
from zs_methods.methods.strict import STRICT
from zs_methods.methods.zs3 import ZS3
from zs_methods.methods.zs3_gc import ZS3GC
from zs_methods.methods.zs5 import ZS5
from zs_methods.methods.zsmmd import ZSMMD
from zs_methods.methods.zsmmd_control import ZSMMDControl
from zs_methods.methods.zsmmd_i import ZSMMDInductive
from zs_methods.methods.zsmmd_st import ZSMMDST

__all__ = ['ROLES', 'STRICT', 'ZS3', 'ZS3GC', 'ZS5', 'ZSMMD', 'ZSMMDST', 'CaGNet', 'DeViSE', 'JoEm', 'Method',
           'Oracle', 'Ridge', 'SPNet', 'SPNetC', 'SeenOnly', 'ZS3Released', 'ZSMMDControl', 'ZSMMDInductive']
