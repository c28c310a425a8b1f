"""The contract of a stage: a pure function of its settings, its seed and the artifacts before it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zs_methods.engine.monitor import Monitor
from zs_methods.task import Task

if TYPE_CHECKING:
    import torch


def _cpu() -> torch.device:
    import torch
    return torch.device('cpu')


@dataclass
class StageContext:
    """Everything a stage may use besides its own settings.

    Attributes:
        task (Task): data set and split.
        inputs (Mapping[str, Path]): folders of all earlier stages of the recipe, by stage name; read-only.
        out (Path): an empty folder to fill; it becomes the artifact when `Stage.run` returns.
        seed (int): the cell's seed; use `seed_for` or `stream`, never this number itself.
        device (torch.device): where to compute.
        progress (Callable): call with (steps done, steps in all).
        scratch (Path, optional): a folder that an interrupted run of this very stage left to the next one, see
            `Checkpoint`; it need not exist. None keeps no checkpoints.
        checkpoint_every_s (float): seconds between two checkpoints.
        checkpoint_every (int, optional): iterations between them instead.
        axes (dict[str, int]): every seed that was asked for, by its name; filled by `seed_for`.
        resumed_from (int, optional): iteration at which a checkpoint let the stage go on; set by `Checkpoint`.
        earlier_s (float): what interrupted runs of this stage took up to that checkpoint; set by `Checkpoint`.
        code (str): names the state of the sources; a checkpoint of another one is not used.
        monitor (Monitor, optional): where losses go.
    """

    task: Task
    inputs: Mapping[str, Path]
    out: Path
    seed: int
    device: torch.device = field(default_factory=_cpu)
    progress: Callable[[int, int], None] = lambda done, total: None
    scratch: Path | None = None
    checkpoint_every_s: float = 60.0
    checkpoint_every: int | None = None
    axes: dict[str, int] = field(default_factory=dict)
    resumed_from: int | None = None
    earlier_s: float = 0.0
    code: str = ''
    monitor: Monitor | None = None

    def seed_for(self, axis: str) -> int:
        """A 31-bit seed for one named source of randomness (``initialisation``, ``order``, ``noise``, ...).

        Two streams never depend on each other: drawing more from one leaves the others as they are.
        """
        digest = hashlib.sha256(f'{self.seed}/{axis}'.encode()).digest()
        self.axes[axis] = int.from_bytes(digest[:4], 'big') >> 1
        return self.axes[axis]

    def watch(self, step: int, **values: float | torch.Tensor) -> None:
        """Tells whoever watches of losses; without anybody, no tensor is waited for."""
        if self.monitor is not None:
            self.monitor.scalars(step, values)

    def stream(self, axis: str) -> torch.Generator:
        """A random stream on the context's device for one named source of randomness."""
        import torch  # recipes are made of stages' settings, and need none of it
        return torch.Generator(self.device).manual_seed(self.seed_for(axis))


class Stage:
    """Base of all stages. The constructor takes the settings; an unknown one is a TypeError.

    Settings must be plain data (numbers, strings, lists, dicts): they are hashed into the artifact's address.
    """

    #: Raised when a change of the code changes what the stage makes.
    version: ClassVar[int] = 1

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Fills ``ctx.out``.

        Returns:
            dict: a JSON-able summary for the record (losses, counts, diagnostics). What reports should print goes
            under ``tables``: ``{title: [{column: value, ...}, ...]}``, one dict per line, all with the same columns.
            Text names the line (a class, say); numbers are averaged over seeds, and over lines in the short version;
            None is a number that does not exist and is left out of means. Units belong into the title or the column.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class StageSpec:
    """One step of a recipe: its name there, and the config that builds the stage.

    Attributes:
        name (str): unique within the recipe; later stages find the artifact under it.
        config (dict): ``type`` in the STAGES registry, and the settings.
    """

    name: str
    config: dict[str, Any]
