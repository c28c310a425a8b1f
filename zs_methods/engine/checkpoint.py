"""Checkpoints: an interrupted stage goes on where it was, and ends with the weights it would have had anyway."""

from __future__ import annotations

import hashlib
import io
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from mmengine.dist import all_gather_object, broadcast, get_rank, get_world_size

from zs_methods.engine.loop_state import (
    label_access,
    plain,
    put,
    random_states,
    restore_label_access,
    restore_random_states,
)
from zs_methods.engine.stage import StageContext

#: Raised when the content of checkpoints changes; others are not read.
FORMAT = 2
#: Seconds of training per second of saving, at least.
PATIENCE = 20
#: Iterations between two moments at which several processes ask the first one whether it is time to save.
AGREE_EVERY = 10
_DIGEST = 64


class Checkpoint:
    """The last saved iteration of a stage's loop.

    A stage with a loop of its own names what the loop changes; the rest of its code stays as it is::

        loop = Checkpoint(ctx)
        for step in loop.steps(self.iterations, {'network': network, 'optimizer': optimizer}, {'order': stream},
                               {'history': history}):
            ...

    Everything is built as for a fresh start, iterators over data loaders included; `steps` then puts the saved state
    into it, and yields the iterations that are left, at least one. Images to skip are those of the first ``loop.start``
    batches (see `build_loader`). The global random states of torch, numpy and Python, and the counts of labels read,
    are always part of a checkpoint. Saving draws from no stream, so that it changes nothing.

    The file is written to another name, synchronised and renamed; it begins with its SHA-256, and is read with
    ``weights_only=True``. One that is damaged, or from other code, versions or number of threads, is set aside with a
    warning: the stage begins anew. Several processes keep one file: what they share is that of the first.

    Args:
        ctx (StageContext): where to, and how often; ``resumed_from`` is set if there is a checkpoint.
        name (str): tells the loops of one stage apart.
        processes (int, optional): how many train together; by default those of the initialised group.

    Attributes:
        start (int): iterations that are done.
    """

    def __init__(self, ctx: StageContext, name: str = 'loop', processes: int | None = None) -> None:
        self.ctx, self.file = ctx, ctx.scratch and ctx.scratch / f'{name}.checkpoint'
        self.processes = processes or get_world_size()
        self._made_by = {'format': FORMAT, 'torch': str(torch.__version__), 'device': ctx.device.type,
                         'processes': self.processes, 'threads': torch.get_num_threads(),
                         'deterministic': torch.are_deterministic_algorithms_enabled(),
                         'cpu': torch.backends.cpu.get_cpu_capability(), 'code': ctx.code}
        self._saved = self._read()
        self.start = self._saved['step'] if self._saved else 0
        if self.start:
            ctx.resumed_from, ctx.earlier_s = self.start, self._saved['seconds']
        self._began_s = time.monotonic() - ctx.earlier_s
        self._due_s = time.monotonic() + ctx.checkpoint_every_s
        self._looped: dict[str, Mapping[str, Any]] = {}

    def steps(self, total: int, parts: Mapping[str, Any], streams: Mapping[str, torch.Generator] | None = None,
              state: Mapping[str, Any] | None = None) -> Iterator[int]:
        """Restores, then yields the iterations that are left of `total`, and saves between them when it is time.

        Args:
            total (int): iterations in all.
            parts (Mapping): what has ``state_dict`` and ``load_state_dict``, by name.
            streams (Mapping, optional): random streams that the loop draws from.
            state (Mapping, optional): tensors, and lists or dicts of plain values, which are restored in place.
        """
        self.restore(parts, streams, state)
        for step in range(self.start, total):
            yield step
            if step + 1 < total:
                self.save_if_due(step + 1)

    def restore(self, parts: Mapping[str, Any], streams: Mapping[str, torch.Generator] | None = None,
                state: Mapping[str, Any] | None = None, own: Mapping[str, Any] | None = None) -> None:
        """Puts the saved state, if any, into what the loop changes; for loops that somebody else runs.

        Args:
            parts (Mapping): see `steps`.
            streams (Mapping, optional): see `steps`.
            state (Mapping, optional): see `steps`.
            own (Mapping, optional): parts that differ between processes.

        Raises:
            RuntimeError: processes read different checkpoints.
        """
        self._looped = {'parts': parts, 'streams': streams or {}, 'state': state or {}, 'own': own or {}}
        if len(starts := set(all_gather_object(self.start))) > 1:
            raise RuntimeError(f'{self.file}: processes would go on at different iterations, {sorted(starts)}')
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        mine = saved['own'][get_rank()]
        for name, part in parts.items():
            part.load_state_dict(saved['parts'][name])
        for name, part in self._looped['own'].items():
            part.load_state_dict(mine['parts'][name])
        for name, stream in self._looped['streams'].items():
            stream.set_state(mine['streams'][name])
        put(self._looped['state'], saved['state'])
        restore_label_access(mine['labels'])
        restore_random_states(mine['random'], self.ctx.device)

    def save_if_due(self, done: int) -> None:
        """Saves if it is time to; to be called after every iteration but the last with the number of those done."""
        if self.file and self._is_due(done):
            self.save(done)

    def save(self, done: int) -> None:
        """Saves now. All processes must call it at the same iteration.

        Raises:
            OSError: the file cannot be written.
            TypeError: a state holds what is neither a tensor nor plain data.
        """
        started = time.monotonic()
        looped = self._looped
        own = {'parts': _states(looped['own']), 'labels': label_access(), 'random': random_states(self.ctx.device),
               'streams': {name: stream.get_state() for name, stream in looped['streams'].items()}}
        everyone = all_gather_object(plain(own))
        if get_rank() == 0:
            content = {'made_by': self._made_by, 'step': done, 'seconds': started - self._began_s, 'own': everyone,
                       'parts': _states(looped['parts']), 'state': dict(looped['state'])}
            _write(self.file, plain(content), done)
        now = time.monotonic()
        self._due_s = now + max(self.ctx.checkpoint_every_s, PATIENCE * (now - started))

    def _is_due(self, done: int) -> bool:
        if self.ctx.checkpoint_every:
            return done % self.ctx.checkpoint_every == 0
        if self.processes > 1 and done % AGREE_EVERY:
            return False
        due = torch.tensor(int(time.monotonic() >= self._due_s))
        broadcast(due)
        return bool(due)

    def _read(self) -> dict[str, Any] | None:
        """The content of an intact file, or None."""
        if not (self.file and self.file.exists()):
            return None
        try:
            data = self.file.read_bytes()
            if hashlib.sha256(memoryview(data)[_DIGEST:]).hexdigest().encode() != data[:_DIGEST]:
                raise ValueError('its checksum is wrong')
            content = torch.load(io.BytesIO(memoryview(data)[_DIGEST:]), map_location='cpu', weights_only=True)
            if content['made_by'] != self._made_by:
                raise ValueError(f'it was made by {content["made_by"]}, not by {self._made_by}')
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, UnpicklingError) as error:
            aside = self.file.with_suffix('.damaged')
            os.replace(self.file, aside)
            warnings.warn(f'{self.file}: no usable checkpoint ({error}): set aside as {aside.name}; beginning anew',
                          RuntimeWarning, stacklevel=3)
            return None
        return content


def _states(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part.state_dict() for name, part in parts.items()}


def _write(file: Path, content: dict[str, Any], done: int) -> None:
    """Replaces a checkpoint at once."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    temporary = file.with_suffix('.tmp')
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open('wb') as out:
            out.write(hashlib.sha256(buffer.getbuffer()).hexdigest().encode())
            out.write(buffer.getbuffer())
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise OSError(error.errno, f'the checkpoint of iteration {done} cannot be written ({error.strerror})',
                      str(file)) from error
