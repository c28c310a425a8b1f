"""The control of recursive ZS-MMD: the same schedule without its term."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.methods.base import by_settings
from zs_methods.methods.zsmmd import ZSMMD
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='zsmmd_control')
class ZSMMDControl(ZSMMD, interleaves=True):
    """`ZSMMD` with ``recursion.weight=0``: `ZS3`, trained on for as many steps, no unlabelled pixel read.

    What `ZSMMD` has beyond this one is the term's doing; what this one has beyond `ZS3` is the schedule's.
    """

    summary = 'control of zsmmd: the same rounds with weight 0, that is ZS3Net trained on'
    note = 'a control, no method of a paper: what zsmmd has beyond it is the doing of its term'
    continues = 'zs3'
    compared_with = ('zs3',)
    controls = 'zsmmd'
    shows: ClassVar = {'zs3': 'what longer training adds'}

    @by_settings('inductive')
    def setting(self) -> str:
        """No candidate is needed."""
        return super().setting
