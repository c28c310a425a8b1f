"""Self-training: what `zs5`, `zsmmd_st` and `strict` share."""

from .pseudo_label import PseudoLabel
from .recipe import ASSUMPTIONS, SelfTraining

__all__ = ['ASSUMPTIONS', 'PseudoLabel', 'SelfTraining']
