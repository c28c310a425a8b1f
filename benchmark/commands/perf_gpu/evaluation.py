"""Evaluation, and what an image of a new size costs, for ``perf gpu``."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from benchmark.commands.perf_gpu.bench import Bench, build_stage, say
from zs_methods.evaluation import LAST
from zs_methods.stages import Evaluate
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network


def evaluation(bench: Bench) -> None:
    """Stage ``evaluate`` at both resolutions: the first time in a process, and again."""
    sizes, shapes = bench.sizes, _shapes(bench)
    first, again = _evaluate(bench), _evaluate(bench)
    say(f'evaluation at the original size and at short side {sizes.short_side}: {sizes.scored} images in {shapes} '
        f'different shapes of a batch, {sizes.scored / first:.1f} images/s ({first:.1f} s)')
    say(f'the same images again, {sizes.scored / again:.1f} images/s ({again:.1f} s), against the first time',
        first / again)
    single, settled = (_evaluate(bench, batch_size=1) for _ in range(2))
    say(f'one image at a time, {sizes.scored / single:.1f} images/s, and again {sizes.scored / settled:.1f}, against '
        'that', single / settled)


def new_sizes(bench: Bench) -> None:
    """What a size costs that no image had before: the first forward pass against the next, under cuDNN's settings.

    With ``cudnn.benchmark`` off, torch asks cuDNN for its choice and builds a plan for each convolution of a new shape,
    which a thread keeps as long as it lives. What a size costs without cuDNN is all the rest: kernels loaded lazily,
    memory asked for.
    """
    network = load_network(bench.inputs['seen'], bench.device)
    long_sides, settled = itertools.count(bench.sizes.short_side + 7, 13), {}
    for name, setting in (('as evaluated', {}), ('without cuDNN', {'enabled': False}),
                          ('cudnn.benchmark', {'benchmark': True})):
        with _cudnn(**setting):
            firsts, seconds = [], []
            for side in itertools.islice(long_sides, bench.sizes.new_sizes):
                image = torch.randn(1, 3, bench.sizes.short_side, side, device=bench.device)
                first, second = (bench.seconds(lambda image=image: _forward(network, image)) for _ in range(2))
                firsts.append(1000 * first)
                seconds.append(1000 * second)
        first, settled[name] = statistics.median(firsts), statistics.median(seconds)
        say(f'{bench.sizes.new_sizes} new image sizes, {name}: {first:.0f} ms the first time, {settled[name]:.1f} ms '
            'the second; the first against the second', first / settled[name])
    network = network.to(memory_format=torch.channels_last)
    image = torch.randn(1, 3, bench.sizes.short_side, next(long_sides), device=bench.device)
    _forward(network, image)
    last = 1000 * bench.seconds(lambda: _forward(network, image))
    say(f'as evaluated but in channels_last: {last:.1f} ms the second time; as evaluated against it',
        settled['as evaluated'] / last)
    bench.release()


@contextmanager
def _cudnn(**settings: bool) -> Iterator[None]:
    before = {name: getattr(torch.backends.cudnn, name) for name in settings}
    for name, value in settings.items():
        setattr(torch.backends.cudnn, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(torch.backends.cudnn, name, value)


@torch.no_grad()
def _forward(network: BaseSegmentor, image: Tensor) -> Tensor:
    return network.decode_head(network.extract_feat(image))


def _evaluate(bench: Bench, **changes: int) -> float:
    """Seconds that the images take; the network's assembly before the first and the artifact after the last aside."""
    stage = _stage(bench, **changes)
    marks: list[float] = []

    def count(done: int, total: int) -> None:
        marks.append(time.perf_counter())

    stage.run(replace(bench.context(), progress=count))
    bench.release()
    return marks[-1] - marks[0]


def _shapes(bench: Bench) -> int:
    """How many different shapes the batches of an evaluation have."""
    stage = _stage(bench)
    dataset = build_dataset(bench.task(), stage.subset, stage.pipeline, stage.unseen_images)
    return len({(len(indices), tuple(batch['inputs'][0].shape))
                for indices, batch in equal_sized_batches(dataset, stage.batch_size)})


def _stage(bench: Bench, **changes: int) -> Evaluate:
    changes = {f'evaluation.{name}': value for name, value in changes.items()}
    return build_stage(bench.stages('seen_only', **changes)[LAST])
