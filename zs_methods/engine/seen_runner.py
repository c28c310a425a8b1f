"""The mmengine Runner of stage ``seen``: on a given device, in one process or several, as long as the data asks for."""

from __future__ import annotations

import itertools
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import MMDistributedDataParallel, convert_sync_batchnorm, is_model_wrapper, revert_sync_batchnorm
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop
from torch import nn

from zs_methods.engine.loading import build_loader
from zs_methods.engine.optimiser import fuse
from zs_methods.models.one_copy import use_one_copy

#: Iterations between two looks at the loss, which waits for the GPU.
CHECK_EVERY = 50


def unwrap(model: nn.Module) -> nn.Module:
    """The network itself, inside or outside of a wrapper for several processes."""
    return model.module if is_model_wrapper(model) else model


class SeenRunner(Runner):
    """A Runner whose config holds ``placement``: ``device`` (str), ``channels_last`` (bool), ``epochs`` (int or None).

    With ``train_cfg.max_iters=None`` it trains for that many passes over the images there are, and the schedules'
    ``end=None`` and ``total_steps=None`` become the last iteration.

    Attributes:
        start (int): iterations that are done already; set it before training.
    """

    start = 0

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Places the network; mmengine itself takes the first GPU there is and needs one for several processes."""
        placement = self.cfg.placement
        device = torch.device(placement.device)
        model = model.to(device)
        if placement.channels_last:
            model = model.to(memory_format=torch.channels_last)
        use_one_copy(model, device)
        if not self.distributed:
            return revert_sync_batchnorm(model)
        if device.type == 'cuda':
            model = convert_sync_batchnorm(model, 'torch')
        return MMDistributedDataParallel(
            model, device_ids=[int(os.environ['LOCAL_RANK'])] if device.type == 'cuda' else None,
            broadcast_buffers=False, find_unused_parameters=self.cfg.get('find_unused_parameters', False))

    def build_optim_wrapper(self, optim_wrapper: OptimWrapper | dict) -> OptimWrapper | OptimWrapperDict:
        """Joins the parameters that are updated alike; mmengine gives each a group, and updates group after group.

        Optimisers that can step in one kernel on the CPU do, see `fuse`.
        """
        built = super().build_optim_wrapper(optim_wrapper)
        for wrapper in built.values() if isinstance(built, OptimWrapperDict) else [built]:
            join_groups(wrapper.optimizer)
            fuse(wrapper.optimizer)
        return built

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Counts the iterations where the config leaves that open, and ends the schedules with them."""
        if isinstance(loop, BaseLoop):
            return loop
        loop = dict(loop)
        loader = self._train_dataloader = build_loader(
            self._train_dataloader, self.seed, self.start, self._randomness_cfg.get('diff_rank_seed', False))
        if loop.get('max_iters') is None:
            batch = loader.batch_sampler.batch_size * self.world_size
            loop['max_iters'] = iterations(self.cfg.placement.epochs, len(loader.dataset), batch)
        self.param_schedulers = end_with(self.param_schedulers, loop['max_iters'])
        built = super().build_train_loop(loop)
        if self.start:
            built._iter = self.start
            # mmengine now draws as many batches for nothing; the loader has skipped them without reading an image.
            built.dataloader_iterator = itertools.chain(
                itertools.repeat(None, self.start), built.dataloader_iterator)
        return built

    def close(self) -> None:
        """Closes the files in the artifact; mmengine would keep logging into them."""
        self.visualizer.close()
        for handler in [h for h in self.logger.handlers if isinstance(h, logging.FileHandler)]:
            self.logger.removeHandler(handler)
            handler.close()


def join_groups(optimizer: torch.optim.Optimizer) -> None:
    """Joins neighbouring groups of parameters with the same settings; their order stays, so no sum changes."""
    joined: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        settings = {name: value for name, value in group.items() if name != 'params'}
        if joined and settings == {name: value for name, value in joined[-1].items() if name != 'params'}:
            joined[-1]['params'] += group['params']
        else:
            joined.append(group)
    optimizer.param_groups[:] = joined


def iterations(epochs: int, images: int, batch: int) -> int:
    """Iterations of passes over all images, the last and smaller batch of each pass included."""
    return epochs * math.ceil(images / batch)


def end_with(schedulers: Any, max_iters: int) -> list[dict] | dict[str, list[dict]]:
    """Fills in where schedules end.

    mmengine's PolyLR would reach its end in the last iteration already; one more step makes the rate of iteration t
    (0 first) (1 - t / max_iters)^power, as in published code.

    Args:
        schedulers: a config, or a list of them, or None; or a dict of such, by the optimisers' names.
        max_iters (int): iterations of the training.

    Returns:
        list[dict] | dict: copies without None for ``end``, ``total_steps`` and ``T_max``; by name if they came so.
    """
    if isinstance(schedulers, Mapping) and 'type' not in schedulers:
        return {name: end_with(own, max_iters) for name, own in schedulers.items()}
    parts = [schedulers] if isinstance(schedulers, Mapping) else schedulers or []
    filled = []
    for part in parts:
        part = dict(part)
        for key in ('end', 'total_steps', 'T_max'):
            if key in part and part[key] is None:
                part[key] = max_iters + (part['type'] == 'PolyLR')
        filled.append(part)
    return filled


class StartHook(Hook):
    """Changes the network once its layers are initialised, before the first iteration.

    Args:
        changes (Sequence[Callable]): called with the network.
    """

    def __init__(self, changes: Sequence[Callable[[nn.Module], Any]]) -> None:
        self.changes = changes

    def before_train(self, runner: Runner) -> None:
        """Called by mmengine between initialisation and training."""
        for change in self.changes:
            change(unwrap(runner.model))


class ProgressHook(Hook):
    """Reports iterations, stops a training that diverged, and keeps the last loss, its mean over processes.

    Args:
        report (Callable): called with (iterations done, iterations in all).
    """

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self.report = report
        self.loss = float('nan')

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Called by mmengine."""
        done = runner.iter + 1
        self.report(done, runner.max_iters)
        if done % CHECK_EVERY == 0 or done == runner.max_iters:
            loss = outputs['loss'].detach().clone()
            all_reduce(loss, 'mean')
            self.loss = loss.item()
            if not math.isfinite(self.loss):
                raise FloatingPointError(f'the training loss is {self.loss} at iteration {done}; lower the learning '
                                         'rate')


class EveryStepHook(Hook):
    """Changes the network after every step of the optimiser.

    Args:
        change (Callable): called with the network.
    """

    def __init__(self, change: Callable[[nn.Module], Any]) -> None:
        self.change = change

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Called by mmengine."""
        self.change(unwrap(runner.model))


@torch.no_grad()
def agree(network: nn.Module) -> float:
    """Averages normalisation statistics over processes, whose synchronisation needs GPUs, and compares parameters.

    Returns:
        float: the largest difference between processes of any parameter's sum; 0 unless something is wrong.
    """
    for buffer in network.buffers():
        if buffer.is_floating_point():
            all_reduce(buffer, 'mean')
    sums = torch.stack([parameter.double().sum() for parameter in network.parameters()])
    low, high = sums.clone(), sums.clone()
    all_reduce(low, 'min')
    all_reduce(high, 'max')
    return (high - low).max().item()
