"""What all measurements of ``perf gpu`` share: how much is measured, the data, the stages, clock and memory."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import zs_methods.methods
import zs_methods.stages  # noqa: F401  registers what is measured
from benchmark.commands.perf_gpu.photos import CLASSES, NAME
from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage, StageContext
from zs_methods.stages.network import save_network
from zs_methods.task import Task


@dataclass(frozen=True)
class Sizes:
    """How much is measured; the defaults are those of a GPU.

    Attributes:
        depth (int): of the ResNet.
        crop (int): side of a training crop, in pixels.
        batch (int): images of a step of the seen stage.
        warm (int): iterations that are not measured; cuDNN tries its kernels in the first.
        steps (int): iterations that are.
        joint_batch (int): images of an interleaved iteration.
        joint_steps (int): iterations of that.
        images (int): training images.
        scored (int): images to evaluate.
        scale (float): of the photographs' sizes.
        short_side (int): of an image that is evaluated.
        new_sizes (int): image sizes for what a new one costs.
        workers (int): of the data loader.
    """

    depth: int = 101
    crop: int = 312
    batch: int = 16
    warm: int = 10
    steps: int = 40
    joint_batch: int = 8
    joint_steps: int = 10
    images: int = 160
    scored: int = 60
    scale: float = 1.0
    short_side: int = 513
    new_sizes: int = 4
    workers: int = 8


#: Sizes with which the program can be tried on a CPU; what it prints means nothing.
QUICK = Sizes(depth=50, crop=33, batch=2, warm=1, steps=2, joint_batch=2, joint_steps=1, images=6, scored=4, scale=0.1,
              short_side=48, new_sizes=1, workers=1)


@dataclass
class Bench:
    """One run of the measurement: where, how much, and the data.

    Attributes:
        device (torch.device): where to compute.
        sizes (Sizes): how much.
        folder (Path): a temporary one.
        spec (Path): description of the photographs.
        inputs (dict[str, Path]): artifacts by stage.
    """

    device: torch.device
    sizes: Sizes
    folder: Path
    spec: Path
    inputs: dict[str, Path] = field(default_factory=dict)

    def stages(self, method: str, protocol: str = 'zs3-clean', **options: Any) -> dict[str, dict[str, Any]]:
        """The settings of a method's stages with ``r101``, by name; `options` change its config."""
        sizes = self.sizes
        config = load_config(method, NAME, 'r101')
        crop = (sizes.crop, sizes.crop)
        config.merge_from_dict({
            'model.backbone.depth': sizes.depth, 'backbone_weights': None, 'model.data_preprocessor.size': crop,
            'train_pipeline.3.low': sizes.crop // 2, 'train_pipeline.3.high': 2 * sizes.crop,
            'train_pipeline.4.size': crop, 'train_pipeline.5.crop_size': crop, 'seen.epochs': None,
            'train_dataloader.batch_size': sizes.batch, 'train_cfg.max_iters': sizes.warm + sizes.steps, **options})
        card = PROTOCOLS[protocol]
        resize = card.paper_resolution.model_copy(update={'size': sizes.short_side})
        card = card.model_copy(update={'paper_resolution': resize})
        made = METHODS.get(method)(config, self.task(protocol), card)
        return {stage.name: stage.config for stage in made.stages()}

    def task(self, protocol: str = 'zs3-clean') -> Task:
        """The photographs at K=2."""
        return Task.create(str(self.spec), 2, self.spec.parent, PROTOCOLS[protocol])

    def context(self, protocol: str = 'zs3-clean') -> StageContext:
        """A context with an empty folder."""
        return StageContext(self.task(protocol), self.inputs, Path(tempfile.mkdtemp(dir=self.folder)), 0, self.device)

    def wait(self) -> None:
        """Until the device has nothing left to do."""
        if self.device.type == 'cuda':
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], Any]) -> float:
        """How long something takes, the device's part included."""
        self.wait()
        started = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - started

    def release(self) -> None:
        """Gives memory that nobody uses back to the device."""
        gc.collect()
        if self.device.type == 'cuda':
            torch.cuda.empty_cache()

    def peak_gib(self, fresh: bool = False) -> float:
        """Most memory of the device that tensors took since the last call with `fresh`."""
        if self.device.type != 'cuda':
            return 0.0
        if fresh:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated() / 2**30


def say(line: str, ratio: float | None = None) -> None:
    """Prints a line at once, and the ratio of what it compares."""
    print(line, flush=True)
    if ratio is not None:
        print(f'ratio {ratio:.2f}', flush=True)


def build_stage(settings: dict[str, Any]) -> Stage:
    """A stage of its settings, as a cell builds it."""
    settings = dict(settings)
    return STAGES.get(settings.pop('type'))(**settings)


def write_network(bench: Bench) -> Path:
    """The artifact of a stage ``seen`` that has not trained."""
    config = bench.stages('seen_only')['seen']['config']
    config['model']['decode_head']['num_classes'] = len(CLASSES)
    init_default_scope('mmseg')
    torch.manual_seed(0)
    network = MODELS.build(config['model'])
    network.init_weights()
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    save_network(folder, config, network.state_dict(), bench.task())
    return folder
