"""Checkpoints of an mmengine Runner's training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from torch import Tensor, nn

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.seen_runner import unwrap


class ResumeHook(Hook):
    """Restores a training before its first iteration, and saves it when it is time to; the last of all hooks.

    Args:
        checkpoint (Checkpoint): of the stage.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    def before_train(self, runner: Runner) -> None:
        """Called by mmengine once the network has the weights it starts from."""
        # Without a GPU, processes have running statistics of their own until the training ends.
        own = {'buffers': _Buffers(unwrap(runner.model))} if runner.distributed else {}
        self.checkpoint.restore({'training': RunnerState(runner)}, own=own)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Called by mmengine; gradients that wait for others of their step cannot be saved."""
        done = runner.iter + 1
        if done < runner.max_iters and done % getattr(runner.optim_wrapper, '_accumulative_counts', 1) == 0:
            self.checkpoint.save_if_due(done)


class RunnerState:
    """All that a Runner's training changes, in the form of mmengine's own checkpoints, for whose hooks it asks.

    mmengine keeps log histories as objects, which only ``weights_only=False`` would load; here they are tensors.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser with the loss scale, schedules, log histories, and what hooks add (an average, say)."""
        runner = self.runner
        content = {
            'meta': {'iter': runner.iter + 1}, 'state_dict': unwrap(runner.model).state_dict(),
            'optimizer': runner.optim_wrapper.state_dict(),
            'param_schedulers': [schedule.state_dict() for schedule in self._schedules()],
            'log': {name: [torch.from_numpy(part) for part in history.data]
                    for name, history in runner.message_hub.log_scalars.items()}}
        runner.call_hook('before_save_checkpoint', checkpoint=content)
        return content

    def load_state_dict(self, content: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        runner = self.runner
        runner._resume = True  # hooks ask
        runner.call_hook('after_load_checkpoint', checkpoint=content)
        unwrap(runner.model).load_state_dict(content['state_dict'])
        runner.optim_wrapper.load_state_dict(content['optimizer'])
        for schedule, state in zip(self._schedules(), content['param_schedulers'], strict=True):
            schedule.load_state_dict(state)
        for name, parts in content['log'].items():
            runner.message_hub.log_scalars[name] = HistoryBuffer(*(part.numpy() for part in parts))

    def _schedules(self) -> list[Any]:
        schedules = self.runner.param_schedulers or []
        return [each for group in schedules.values() for each in group] if isinstance(schedules, Mapping) else schedules


class _Buffers:
    """The buffers of a network."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def state_dict(self) -> dict[str, Tensor]:
        return dict(self.network.named_buffers())

    @torch.no_grad()
    def load_state_dict(self, content: dict[str, Tensor]) -> None:
        for name, buffer in self.network.named_buffers():
            buffer.copy_(content[name])
