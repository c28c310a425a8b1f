"""Recursive ZS-MMD and self-training."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.methods.base import by_settings
from zs_methods.methods.self_training import ASSUMPTIONS, SelfTraining
from zs_methods.methods.zsmmd import ZSMMD
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='zsmmd_st')
class ZSMMDST(SelfTraining, ZSMMD):
    """The classifier of recursive `ZSMMD` as the teacher in ZS5Net's self-training.

    The paper of ZS-MMD reports no such experiment and names it unexplored; no published number belongs to this.
    """

    summary = "recursive ZS-MMD as the teacher of ZS5Net's self-training (unexplored by either paper)"
    source = f'{ZSMMD.source}; self-training as in ZS5Net, Bucher et al., NeurIPS 2019'
    note = f'unexplored: neither paper combines the two. {ZSMMD.note}'
    continues = 'zsmmd'
    generates = False
    compared_with = ('zsmmd', 'zs5', 'zs3')
    shows: ClassVar = {'zsmmd': 'what self-training adds to the recursion',
                       'zs5': 'what the recursion adds to self-training'}

    @by_settings((*ZSMMD.deviations, *ASSUMPTIONS))
    def deviations(self) -> tuple[str, ...]:
        """Those of the teacher, and of self-training."""
        return (*super().deviations, *ASSUMPTIONS)
