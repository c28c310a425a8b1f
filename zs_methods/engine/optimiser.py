"""An optimiser as configs name it: one call takes a step, the decay of its rate included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

#: Whether this torch can step in one kernel on a CPU.
_FUSES_ON_CPU = tuple(int(part) for part in torch.__version__.split('.')[:2]) >= (2, 4)


class Optimiser:
    """One of torch's optimisers and its schedule; a part of a `Checkpoint`.

    Args:
        parameters (Iterable[nn.Parameter]): what learns.
        config (Mapping): ``type`` in torch.optim, and its settings.
        steps (int, optional): see `decay`; the rate is constant by default.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], config: Mapping[str, Any], steps: int | None = None) -> None:
        settings = dict(config)
        self.optimizer: torch.optim.Optimizer = getattr(torch.optim, settings.pop('type'))(parameters, **settings)
        fuse(self.optimizer)
        self.schedule: torch.optim.lr_scheduler.PolynomialLR | None = None
        if steps is not None:
            self.decay(steps)

    def decay(self, steps: int) -> None:
        """From here on the rate decays as (1 - t/T)^0.9, with T = `steps`."""
        self.schedule = torch.optim.lr_scheduler.PolynomialLR(self.optimizer, steps, power=0.9)

    def step(self, loss: Tensor) -> None:
        """Takes a step down the gradient of a scalar."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """What steps change."""
        return {'optimizer': self.optimizer.state_dict(),
                'schedule': self.schedule.state_dict() if self.schedule else None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.optimizer.load_state_dict(state['optimizer'])
        if self.schedule:
            self.schedule.load_state_dict(state['schedule'])


def fuse(optimizer: torch.optim.Optimizer) -> None:
    """Has Adam and AdamW step in one kernel on a CPU, unless another way is asked for.

    Its square root is the processor's, which is rounded exactly; the one that is taken otherwise comes from MKL, and
    ends in an approximation that processors of several makers have differently.
    """
    for group in optimizer.param_groups:
        plain = 'betas' in group and group.get('fused', False) is None and not group['foreach']
        if plain and not group['differentiable'] and _FUSES_ON_CPU and all(
                parameter.device.type == 'cpu' and parameter.is_floating_point() for parameter in group['params']):
            group['fused'] = True
