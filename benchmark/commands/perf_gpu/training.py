"""The seen step, the loader and the interleaved loop of ``perf gpu``."""

from __future__ import annotations

import itertools
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor

from benchmark.commands.perf_gpu.bench import Bench, build_stage, say
from benchmark.commands.perf_gpu.photos import CLASSES, VECTOR
from benchmark.commands.perf_gpu.published import IGNORE, DeepLab, JointStep, SeenStep
from benchmark.errors import UsageError
from zs_methods.stages.joint_loop import JointLoop

#: Classes of an image in the interleaved loop, the background among them.
SHOWN = 3


def seen_step(bench: Bench) -> None:
    """Stage ``seen`` against the published step, both on one batch from memory; then on what its loader gives."""
    sizes, cuda = bench.sizes, bench.device.type == 'cuda'
    published, published_gib = _published_seen(bench)
    bench.release()
    say(f'published seen step: ResNet-{sizes.depth}, batch {sizes.batch}, crop {sizes.crop}, '
        f'{published:.1f} images/s, {published_gib:.2f} GiB')
    plain, plain_gib = _train(bench)
    say(f'seen step as configured, {plain:.1f} images/s, {plain_gib:.2f} GiB, against the published one',
        plain / published)
    if cuda:
        say('memory of the published step against that of ours as configured', published_gib / plain_gib)
    fast, fast_gib = _train(bench, amp=cuda)  # mixed precision needs CUDA
    say(f'seen step with seen.amp={cuda}, {fast:.1f} images/s, {fast_gib:.2f} GiB, against the published one '
        '(to reach: 1.8)', fast / published)
    if cuda:
        say('memory of the published step against that of ours with seen.amp=True', published_gib / fast_gib)
    whole, _ = _train(bench, amp=cuda, workers=sizes.workers)
    say(f'data loader of r101 with {sizes.workers} workers, {Stopwatch.loaded:.1f} images/s, against the seen step '
        'from memory (to reach: 1)', Stopwatch.loaded / fast)
    say(f'seen step on what that loader gives, {whole:.1f} images/s, against the one from memory', whole / fast)


@HOOKS.register_module()
class Stopwatch(Hook):
    """Times the iterations of a Runner, by default on its first batch again and again.

    Args:
        warm (int): iterations before the first that counts.
        loader (bool): take the loader's batches, and time the loader alone first.

    Attributes:
        bench (Bench): the measurement; set it before a Runner is built.
        found (tuple[float, float]): images/s of the iterations, and GiB.
        loaded (float): images/s of the loader alone.
    """

    bench: ClassVar[Bench]
    found: ClassVar[tuple[float, float]]
    loaded: ClassVar[float]

    priority = 'LOWEST'

    def __init__(self, warm: int, loader: bool = False) -> None:
        self.warm, self.loader, self.began = warm, loader, 0.0

    def before_train(self, runner: Runner) -> None:
        """Called by mmengine."""
        loop, loader, sizes = runner.train_loop, runner.train_dataloader, self.bench.sizes
        batch = next(loop.dataloader_iterator)
        if not self.loader:
            loop.dataloader_iterator = itertools.repeat(batch)
            return
        for _ in range(loader.num_workers * loader.prefetch_factor):  # made while nobody waited for them
            next(loop.dataloader_iterator)
        batches = itertools.islice(loop.dataloader_iterator, sizes.steps)
        took = self.bench.seconds(lambda: deque(batches, maxlen=0))
        type(self).loaded = sizes.steps * sizes.batch / took

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Called by mmengine."""
        done = runner.iter + 1
        if done == self.warm:
            self.bench.wait()
            self.bench.peak_gib(fresh=True)
            self.began = time.perf_counter()
        elif done == runner.max_iters:
            self.bench.wait()
            images = (done - self.warm) * self.bench.sizes.batch
            type(self).found = images / (time.perf_counter() - self.began), self.bench.peak_gib()


def _train(bench: Bench, amp: bool = False, workers: int | None = None) -> tuple[float, float]:
    """Images/s and GiB of stage ``seen``; with `workers`, on what a loader with so many gives."""
    watch = dict(type='Stopwatch', warm=bench.sizes.warm, loader=workers is not None)
    settings = bench.stages('seen_only', **{
        'custom_hooks': [watch], 'seen.amp': amp, 'train_dataloader.num_workers': workers or 1})
    Stopwatch.bench = bench
    build_stage(settings['seen']).run(bench.context())
    bench.release()
    return Stopwatch.found


def _published_seen(bench: Bench) -> tuple[float, float]:
    sizes = bench.sizes
    step = SeenStep(DeepLab(len(CLASSES), sizes.depth), bench.device)
    images, labels = _batch(bench, sizes.batch)
    for _ in range(sizes.warm):
        step(images, labels)
    bench.peak_gib(fresh=True)
    took = bench.seconds(lambda: [step(images, labels) for _ in range(sizes.steps)])
    return sizes.steps * sizes.batch / took, bench.peak_gib()


def interleaved(bench: Bench) -> None:
    """The interleaved loop, forward pass included, on images of three seen classes."""
    images, labels = _batch(bench, bench.sizes.joint_batch)
    published = _published_joint(bench, images, labels)
    bench.release()
    for steps, target, expected in (('each', 3, SHOWN * len(images)), ('batched', 10, 1)):
        seconds = _joint(bench, images, labels, steps, expected)
        bench.release()
        say(f"interleaved loop with steps='{steps}', {1000 * seconds:.1f} ms per iteration, the published one against "
            f'it (to reach: {target})', published / seconds)


def _joint(bench: Bench, images: Tensor, labels: Tensor, steps: str, expected: int) -> float:
    """Seconds of an iteration of stage ``joint`` with so many steps of the generator, from a batch on the device."""
    settings = bench.stages('zs3', 'zs3-official', **{
        'joint.generator.steps': steps, 'joint.batch_size': len(images)})
    stage, context = build_stage(settings['joint']), bench.context('zs3-official')
    loop = JointLoop(stage, context, stage.fixed_network(context))
    inputs, targets = images.to(bench.device), labels.to(bench.device).long()
    seconds = _median(bench, lambda: loop.step(inputs, targets))
    if loop.synthesis.steps_done != expected * (bench.sizes.joint_steps + 2):
        raise UsageError(f'{loop.synthesis.steps_done} steps of the generator are not those of an iteration')
    return seconds


def _published_joint(bench: Bench, images: Tensor, labels: Tensor) -> float:
    """Seconds of the published iteration, its copy of a class vector for every pixel included."""
    step = JointStep(DeepLab(len(CLASSES), bench.sizes.depth), VECTOR, bench.task().unseen, bench.device)
    table = torch.randn(len(CLASSES), VECTOR)
    vectors = _pinned(bench, table[torch.where(labels == IGNORE, 0, labels).long()].permute(0, 3, 1, 2).contiguous())
    seconds = _median(bench, lambda: step(images, labels, vectors))
    there = vectors.to(bench.device)
    without = _median(bench, lambda: step(images, labels, there))
    say(f'published interleaved loop: {len(images)} images of {SHOWN} classes, {1000 * seconds:.1f} ms per iteration, '
        f'{1000 * without:.1f} of them without the copy of {vectors.numel() * 4 / 1e6:.0f} MB of class vectors')
    return seconds


def _batch(bench: Bench, count: int) -> tuple[Tensor, Tensor]:
    """Normalised images, and labels in stripes of `SHOWN` classes, as floats: what the published loader hands out."""
    crop = bench.sizes.crop
    labels = (torch.arange(crop) * SHOWN // crop).expand(count, crop, crop).float().clone()
    labels[:, :crop // 8] = IGNORE
    return _pinned(bench, torch.randn(count, 3, crop, crop)), _pinned(bench, labels)


def _pinned(bench: Bench, tensor: Tensor) -> Tensor:
    return tensor.pin_memory() if bench.device.type == 'cuda' else tensor


def _median(bench: Bench, work: Callable[[], Any]) -> float:
    """Median seconds of an iteration after two that do not count."""
    for _ in range(2):
        work()
    return statistics.median(bench.seconds(work) for _ in range(bench.sizes.joint_steps))
