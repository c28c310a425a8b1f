"""Stage ``seen``: the shared DeepLab, trained on the seen classes."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

import zs_methods.datasets
import zs_methods.models  # noqa: F401  registers what the config names
from zs_methods.registry import STAGES
from zs_methods.stages.base import Stage, StageContext
from zs_methods.stages.network import dataset_config, save_network


class _ProgressHook(Hook):
    """Reports iterations and keeps the last loss."""

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self.report = report
        self.loss = float('nan')

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        self.report(runner.iter + 1, runner.max_iters)
        if runner.iter + 1 == runner.max_iters:
            self.loss = outputs['loss'].item()


def _close(runner: Runner) -> None:
    """Closes the files in the artifact; mmengine would keep logging into them."""
    runner.visualizer.close()
    for handler in [h for h in runner.logger.handlers if isinstance(h, logging.FileHandler)]:
        runner.logger.removeHandler(handler)
        handler.close()


@STAGES.register_module()
class TrainSeen(Stage):
    """Trains a segmentor with mmengine's Runner on images and labels of the seen classes.

    Args:
        config (dict): an mmseg config: ``model``, ``train_dataloader`` (its data set is set by the stage),
            ``train_pipeline``, ``test_pipeline``, ``train_cfg``, ``optim_wrapper``, ``param_scheduler``, hooks.
        unseen_images (str): see `ZeroShotDataset`; the protocol's choice.
        channels_last (bool): memory format of the network.

    Artifact: ``config.py`` and ``model.pth`` of an mmseg model, and the Runner's log in ``log/``.

    Source: step 0 of ZS3Net (Bucher et al., NeurIPS 2019). The number of outputs is the full class count from the
    start, as in its code.
    """

    def __init__(self, config: dict[str, Any], unseen_images: str, channels_last: bool = False) -> None:
        self.config, self.unseen_images, self.channels_last = config, unseen_images, channels_last

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains from the ``initialisation`` seed in the ``order`` seed's image order."""
        config = self._runner_config(ctx)
        runner = Runner.from_cfg(Config(config))
        if self.channels_last:
            runner.model.to(memory_format=torch.channels_last)
        progress = _ProgressHook(ctx.progress)
        runner.register_hook(progress, priority='LOWEST')
        network = runner.train()
        if not torch.isfinite(torch.tensor(progress.loss)):
            raise FloatingPointError(f'the training loss ended as {progress.loss}; lower the learning rate')
        save_network(ctx.out, config, network.state_dict(), ctx.task)
        for checkpoint in (ctx.out / 'log').rglob('*.pth'):
            checkpoint.unlink()
        images = len(runner.train_dataloader.dataset)
        _close(runner)
        return {'images': images, 'iterations': runner.max_iters, 'final_loss': progress.loss}

    def _runner_config(self, ctx: StageContext) -> dict[str, Any]:
        config = copy.deepcopy(self.config)
        n_classes = len(ctx.task.spec.classes)
        heads = [config['model']['decode_head'], config['model'].get('auxiliary_head') or []]
        for head in heads:
            for part in head if isinstance(head, Sequence) else [head]:
                part['num_classes'] = n_classes
        loader = config['train_dataloader']
        loader['dataset'] = dataset_config(ctx.task, 'train', config.pop('train_pipeline'), self.unseen_images)
        loader['sampler'] = {**loader['sampler'], 'seed': ctx.seed_for('order')}
        config['randomness'] = {'seed': ctx.seed_for('initialisation')}
        config['work_dir'] = str(ctx.out / 'log')
        # mmengine keeps loggers and visualisers by name for the life of the process: a name of their own each.
        config['experiment_name'] = config['visualizer']['name'] = f'seen{ctx.out.name}'
        return config
