"""The inductive reading of recursive ZS-MMD."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.methods.base import by_settings
from zs_methods.methods.zsmmd import ZSMMD
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='zsmmd_i')
class ZSMMDInductive(ZSMMD):
    """`ZSMMD` with ``recursion.source=synthetic``: the judge selects and weighs features of the generator itself.

    No image takes part, so that it stays inductive; more than one round takes the generator away from what it has
    learned. ``recursion.weight=0`` is its control.
    """

    summary = 'inductive ZS-MMD: confident features of the generator itself fed back to it (reconstruction)'
    continues = 'zs3'
    compared_with = ('zs3', 'ridge')
    shows: ClassVar = {'zs3': 'what feedback of generated features adds'}

    @by_settings('inductive')
    def setting(self) -> str:
        """No image is read."""
        return super().setting
