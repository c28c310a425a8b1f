"""Batch normalisation that stays as it is while the rest of a backbone is trained."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class NormEval(nn.Module):
    """A mixin for backbones, in front of their base class; call `freeze_norms` when all layers are there."""

    norm_eval = False

    def freeze_norms(self, frozen: bool) -> None:
        """Freezes batch normalisation, statistics as well as scale and shift, also in training mode; or leaves it."""
        self.norm_eval = frozen
        if frozen:
            for norm in self._norms():
                norm.requires_grad_(False)

    def train(self, mode: bool = True) -> Any:
        """Sets the mode and keeps frozen normalisation in evaluation mode."""
        super().train(mode)
        if self.norm_eval:
            for norm in self._norms():
                norm.eval()
        return self

    def _norms(self) -> list[_BatchNorm]:
        return [module for module in self.modules() if isinstance(module, _BatchNorm)]
