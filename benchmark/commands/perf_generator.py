"""Training of the generator, batched and as published; see ``python -m benchmark perf generator``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from zs_methods.models import GMMNGenerator, MMDLoss

#: A batch as ZS3Net sees it: 8 images of 3 classes, 128 pixels each, 256-d features, 300-d vectors.
IMAGES, CLASSES, SAMPLES, FEATURES, VECTOR = 8, 3, 128, 256, 300
#: Pixels of a 78 x 78 feature map, of which each of an image's classes covers a third.
PIXELS_PER_CLASS = 78 * 78 // CLASSES


def generator(repeats: int) -> float:
    """Generator training on one batch of images: one batched step against the original scheme.

    The original scheme (valeoai/ZS3 6031f4a) goes through images and classes one by one: it generates a feature for
    every pixel of the class, draws 128 pixels with replacement for real and fake alike, computes the root of MMD^2
    and takes one Adam step. Both sides use the same real features, generator, kernel variances and optimiser.

    Returns:
        float: median seconds of the loop over median seconds of the batched step.
    """
    torch.manual_seed(0)
    groups = IMAGES * CLASSES
    pixels = torch.randn(groups, PIXELS_PER_CLASS, FEATURES).relu()
    vectors = torch.randn(groups, VECTOR)
    stream = torch.Generator().manual_seed(0)
    criterion, naive = MMDLoss(), _PlainMMD()

    def batched() -> None:
        drawn = torch.randint(PIXELS_PER_CLASS, (groups, SAMPLES), generator=stream)
        real = pixels[torch.arange(groups)[:, None], drawn]
        _step(optimizer, criterion(model.sample(vectors, SAMPLES, stream), real))

    def original() -> None:
        for group in range(groups):
            fake = model.sample(vectors[group:group + 1], PIXELS_PER_CLASS, stream)[0]
            drawn = torch.randint(PIXELS_PER_CLASS, (SAMPLES,), generator=stream)
            _step(optimizer, naive(fake[drawn], pixels[group, drawn]))

    def sampled() -> None:
        for group in range(groups):
            drawn = torch.randint(PIXELS_PER_CLASS, (SAMPLES,), generator=stream)
            fake = model.sample(vectors[group:group + 1], SAMPLES, stream)[0]
            _step(optimizer, naive(fake, pixels[group, drawn]))

    model = GMMNGenerator(VECTOR, FEATURES)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    times = {function.__name__: _median_seconds(function, repeats) for function in (original, sampled, batched)}
    print(f'{IMAGES} images x {CLASSES} classes, {SAMPLES} of {PIXELS_PER_CLASS} pixels, d={FEATURES}, '
          f'{torch.get_num_threads()} threads, median of {repeats}')
    print(f'original loop, every pixel generated, a step per image and class  {1000 * times["original"]:8.1f} ms')
    print(f'the same loop, only the drawn pixels generated                    {1000 * times["sampled"]:8.1f} ms  '
          f'({times["sampled"] / times["batched"]:.1f} x)')
    print(f'batched step                                                      {1000 * times["batched"]:8.1f} ms')
    return times['original'] / times['batched']


class _PlainMMD:
    """Root of MMD^2 of one pair of sets, kernel by kernel, through autograd."""

    def __call__(self, fake: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        z = torch.cat([fake, real])
        square = (z * z).sum(dim=1)
        distance = square[:, None] - 2 * z @ z.T + square
        m, total = len(fake), 0.0
        for variance in (2, 5, 10, 20, 40, 80):
            kernel = torch.exp(-distance / (2 * variance))
            total = total + kernel[:m, :m].mean() + kernel[m:, m:].mean() - 2 * kernel[:m, m:].mean()
        return (total.clamp(min=0) + 1e-8).sqrt()


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _median_seconds(function: Callable[[], None], repeats: int) -> float:
    function()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
