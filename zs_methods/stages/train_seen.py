"""Stage ``seen``: the shared DeepLab, trained on the seen classes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

import zs_methods.datasets
import zs_methods.models  # noqa: F401  registers what the config names
from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.distributed import train_in_processes
from zs_methods.engine.loading import pinned
from zs_methods.engine.resume_hook import ResumeHook
from zs_methods.engine.seen_runner import EveryStepHook, ProgressHook, SeenRunner, StartHook, agree, unwrap
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models.weights import load_backbone, read_weights
from zs_methods.registry import STAGES
from zs_methods.stages.network import assemble, classifier_of, dataset_config, exclude_classes, save_network
from zs_methods.task import Task


@STAGES.register_module()
class TrainSeen(Stage):
    """Trains a segmentor with mmengine's Runner on images and labels of the seen classes.

    Args:
        config (dict): an mmseg config: ``model``, ``train_dataloader`` (its data set is set by the stage; its batch
            size is that of all processes together), ``train_pipeline``, ``test_pipeline``, ``train_cfg``,
            ``optim_wrapper``, ``param_scheduler``, hooks. Where ``param_scheduler`` says None for ``end``,
            ``total_steps`` or ``T_max``, it ends with the training.
        unseen_images (str): see `ZeroShotDataset`; the protocol's choice.
        backbone_weights (dict | str, optional): ``name`` of pre-trained weights, see `load_backbone`; with
            ``sha256`` it is the file at ``task.files['backbone']``. None trains from scratch.
        channels_last (bool): memory format of the network.
        amp (bool): mixed precision, float16 with a dynamic loss scale; CUDA only.
        epochs (int, optional): passes over the images, instead of ``train_cfg.max_iters=None``.
        processes (int): processes that train together through torchrun, one GPU each or all on the CPU. They share
            the batch; random crops differ from those of one process, and on a CPU each normalises its own part.
        initial (str, optional): name of the stage whose network to start from; a fresh one by default.
        initial_classifier (str, optional): name of the stage whose classifier replaces that network's own.
        pseudo_labels (str, optional): name of the stage whose maps stand for the labels of some images (folder
            ``maps``, see `ZeroShotDataset`).

    Artifact: ``config.py`` and ``model.pth`` of an mmseg model, and the Runner's log in ``log/``; that of an
    interrupted training begins where it went on.

    Source: step 0 of ZS3Net (Bucher et al., NeurIPS 2019). The number of outputs is the full class count from the
    start, as in its code.
    """

    def __init__(self, config: dict[str, Any], unseen_images: str, backbone_weights: dict | str | None = None,
                 channels_last: bool = False, amp: bool = False, epochs: int | None = None,
                 processes: int = 1, initial: str | None = None, initial_classifier: str | None = None,
                 pseudo_labels: str | None = None) -> None:
        length = config['train_cfg'].get('max_iters') or epochs
        if length is None or length < 1:
            raise ValueError(f'train_cfg.max_iters or seen.epochs must be at least 1, got '
                             f'{config["train_cfg"].get("max_iters")} and {epochs}')
        batch = config['train_dataloader']['batch_size']
        if batch % processes:
            raise ValueError(f'{processes} processes cannot share a batch of {batch}: set '
                             'train_dataloader.batch_size to a multiple')
        self.config, self.unseen_images, self.channels_last = config, unseen_images, channels_last
        self.backbone_weights = backbone_weights if isinstance(backbone_weights, Mapping | None) else {
            'name': backbone_weights}
        self.amp, self.epochs, self.processes = amp, epochs, processes
        self.initial, self.initial_classifier, self.pseudo_labels = initial, initial_classifier, pseudo_labels

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains in this process, or in several that it starts.

        Raises:
            ValueError: mixed precision without CUDA, more processes than GPUs, or weights that do not fit.
        """
        if self.amp and ctx.device.type != 'cuda':
            raise ValueError(f'seen.amp=True needs a CUDA device, not {ctx.device.type}: float16 gradients need the '
                             'dynamic loss scale, which mmengine offers for CUDA only')
        if self.processes == 1:
            return self.train(ctx)
        if ctx.device.type == 'cuda' and self.processes > torch.cuda.device_count():
            raise ValueError(f'{self.processes} processes need as many GPUs, {torch.cuda.device_count()} are visible')
        if self.backbone_weights:
            read_weights(*self.weights(ctx.task))  # one process downloads, and errors come before anything is started
        return train_in_processes(self, ctx)

    def train(self, ctx: StageContext, launcher: str = 'none') -> dict[str, Any]:
        """Trains from the ``initialisation`` seed in the ``order`` seed's image order.

        Args:
            ctx (StageContext): the context.
            launcher (str): ``none`` for a process alone; otherwise mmengine's name of what has started several and
                initialised their group.
        """
        config = self._runner_config(ctx, launcher)
        benchmark = torch.backends.cudnn.benchmark
        checkpoint = Checkpoint(ctx)
        runner = SeenRunner.from_cfg(Config(ctx.monitor.applied(config) if ctx.monitor else config))
        runner.start = checkpoint.start
        summary: dict[str, Any] = {'processes': self.processes, 'amp': self.amp}

        def start(network: nn.Module) -> None:
            summary.update(self.start(ctx, network))
            exclude(network)

        def exclude(network: nn.Module) -> None:
            exclude_classes(classifier_of(network), ctx.task.ignored)

        progress = ProgressHook(ctx.progress)
        runner.register_hook(StartHook([start]), priority='LOWEST')
        runner.register_hook(progress, priority='LOWEST')
        if ctx.task.ignored:  # weight decay moves their bias
            runner.register_hook(EveryStepHook(exclude), priority='LOWEST')
        runner.register_hook(ResumeHook(checkpoint), priority='LOWEST')
        try:
            network = unwrap(runner.train())
        finally:
            runner.close()
            torch.backends.cudnn.benchmark = benchmark  # it only pays where all images have one size
        if self.processes > 1:
            summary['weights_spread'] = agree(network)
        if runner.rank == 0:
            save_network(ctx.out, config, network.state_dict(), ctx.task)
        return {'images': len(runner.train_dataloader.dataset), 'iterations': runner.max_iters,
                'final_loss': progress.loss, **summary}

    def start(self, ctx: StageContext, network: nn.Module) -> dict[str, Any]:
        """Gives an initialised network the weights it starts from; returns what the summary says of them."""
        if self.initial:
            network.load_state_dict(assemble(ctx, self.initial, self.initial_classifier).state_dict())
        elif self.backbone_weights:
            return {'backbone': load_backbone(network.backbone, *self.weights(ctx.task))}
        return {}

    def weights(self, task: Task) -> tuple[str, str | None]:
        """Source and hash, as `load_backbone` takes them."""
        name, sha256 = self.backbone_weights['name'], self.backbone_weights.get('sha256')
        return (name if '://' in name else task.files.get('backbone', name)), sha256

    def settings(self, task: Task, pseudo_labels: Path | None = None) -> dict[str, Any]:
        """The config, with what data set and split decide: number of classes, images and labels; a copy of its own.

        Args:
            task (Task): data set and split.
            pseudo_labels (Path, optional): folder of the maps that stand for the labels of some images.
        """
        config = copy.deepcopy(self.config)
        n_classes = len(task.spec.classes)
        heads = [config['model']['decode_head'], config['model'].get('auxiliary_head') or []]
        for head in heads:
            for part in head if isinstance(head, Sequence) else [head]:
                part['num_classes'] = n_classes
        config['train_dataloader']['dataset'] = dataset_config(
            task, 'train', config.pop('train_pipeline'), self.unseen_images, pseudo_labels)
        if self.amp:
            config['optim_wrapper'] |= dict(type='AmpOptimWrapper', loss_scale='dynamic')
        return config

    def _runner_config(self, ctx: StageContext, launcher: str) -> dict[str, Any]:
        config = self.settings(ctx.task, ctx.inputs[self.pseudo_labels] / 'maps' if self.pseudo_labels else None)
        loader = config['train_dataloader'] = pinned(config['train_dataloader'], ctx.device)
        loader['sampler'] = {**loader['sampler'], 'seed': ctx.seed_for('order')}
        loader['batch_size'] //= self.processes
        if torch.are_deterministic_algorithms_enabled():  # which kernel is the fastest differs from run to run
            config['env_cfg'] = {**config.get('env_cfg', {}), 'cudnn_benchmark': False}
        # Ranks draw different augmentations; rank 0's initial weights are sent to all.
        config['randomness'] = {'seed': ctx.seed_for('initialisation'), 'diff_rank_seed': self.processes > 1}
        config['placement'] = dict(device=str(ctx.device), channels_last=self.channels_last, epochs=self.epochs)
        config['launcher'] = launcher
        config['work_dir'] = str(ctx.out / 'log')
        # mmengine keeps loggers and visualisers by name for the life of the process: a name of their own each.
        config['experiment_name'] = config['visualizer']['name'] = f'seen{ctx.out.name}'
        return config
