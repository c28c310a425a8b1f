"""Self-training: what `zs5`, `zsmmd_st` and `strict` share."""

from .recipe import ASSUMPTIONS, SelfTraining

__all__ = ['ASSUMPTIONS', 'SelfTraining']
