"""The training of stage ``seen`` as one config for mmengine's own Runner, with data loaders, metric and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from zs_methods.engine.seen_runner import end_with, iterations, unwrap
from zs_methods.models.weights import load_backbone
from zs_methods.registry import DATASETS, HOOKS
from zs_methods.stages.evaluate import Evaluate
from zs_methods.stages.network import classifier_of, exclude_classes
from zs_methods.stages.train_seen import TrainSeen
from zs_methods.task import Task


@HOOKS.register_module()
class SeenHook(Hook):
    """What stage ``seen`` does beside the iterations: gives the backbone its weights, and excludes ignored classes.

    Args:
        weights (str, optional): see `load_backbone`; None trains from scratch.
        sha256 (str, optional): hash that a file must have.
        ignored (Sequence[int]): ids of classes that are never predicted.
    """

    def __init__(self, weights: str | None = None, sha256: str | None = None, ignored: Sequence[int] = ()) -> None:
        self.weights, self.sha256, self.ignored = weights, sha256, tuple(ignored)

    def before_train(self, runner: Runner) -> None:
        """Called by mmengine between initialisation and training; a training that goes on has its weights."""
        network = unwrap(runner.model)
        if self.weights and not runner.iter:
            load_backbone(network.get_submodule('backbone'), self.weights, self.sha256)
        exclude_classes(classifier_of(network), self.ignored)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Called by mmengine; weight decay moves the bias of what is excluded."""
        if self.ignored:
            exclude_classes(classifier_of(unwrap(runner.model)), self.ignored)


def plain_config(seen: TrainSeen, evaluate: Evaluate, task: Task, seed: int = 0) -> dict[str, Any]:
    """A config that ``Runner.from_cfg`` takes, or ``tools/train.py`` of mmsegmentation.

    Images, labels, batch, schedule and initial weights are those of the stage. Its memory format, its kernels and its
    streams of random numbers are not: the numbers of two such trainings differ as those of two seeds do.

    Args:
        seen (TrainSeen): the stage; a length in epochs is counted in the images there are.
        evaluate (Evaluate): knows what is scored.
        task (Task): data set and split.
        seed (int): of the training.

    Raises:
        FileNotFoundError: the length follows from images that are not there; one line.
    """
    config = seen.settings(task)
    loader, loop = config['train_dataloader'], config['train_cfg']
    if seen.epochs and loop.get('max_iters') is None:
        loop['max_iters'] = iterations(seen.epochs, len(DATASETS.build(loader['dataset'])), loader['batch_size'])
    loop['val_interval'] = loop['max_iters']
    test = evaluate.settings(task)
    hooks = {**config.get('default_hooks', {}),
             'checkpoint': dict(type='CheckpointHook', by_epoch=False, interval=loop['max_iters'])}
    name, sha256 = seen.weights(task) if seen.backbone_weights else (None, None)
    own = dict(type='zs_methods.SeenHook', weights=name, sha256=sha256, ignored=task.ignored)
    return {
        'custom_imports': dict(imports=['zs_methods'], allow_failed_imports=False), **config, **test,
        'param_scheduler': end_with(config.get('param_scheduler'), loop['max_iters']),
        'val_dataloader': test['test_dataloader'], 'val_evaluator': test['test_evaluator'],
        'val_cfg': dict(type='ValLoop'), 'default_hooks': hooks, 'custom_hooks': [*config.get('custom_hooks', ()), own],
        'randomness': dict(seed=seed), 'log_level': 'INFO'}
