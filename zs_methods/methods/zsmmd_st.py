"""Recursive ZS-MMD and self-training."""

from __future__ import annotations

from zs_methods.methods.self_training import ASSUMPTIONS, SelfTraining
from zs_methods.methods.zsmmd import ZSMMD
from zs_methods.registry import METHODS


@METHODS.register_module(name='zsmmd_st')
class ZSMMDST(SelfTraining, ZSMMD):
    """The classifier of recursive `ZSMMD` as the teacher in ZS5Net's self-training.

    The paper of ZS-MMD reports no such experiment and names it unexplored; no published number belongs to this.
    """

    summary = "recursive ZS-MMD as the teacher of ZS5Net's self-training (unexplored by either paper)"
    source = f'{ZSMMD.source}; self-training as in ZS5Net, Bucher et al., NeurIPS 2019'
    deviations = (*ZSMMD.deviations, *ASSUMPTIONS)
    note = f'unexplored: neither paper combines the two. {ZSMMD.note}'
