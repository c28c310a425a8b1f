"""Runs one cell in this process, and writes the record of every cell the moment it ends, whatever way it ends."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.planning.plan import Cell, Node
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import (
    Failure,
    Record,
    RecordHead,
    StageRecord,
    Status,
    load_head,
    load_record,
    save_record,
)
from benchmark.records.provenance import code_sha256, environment, without_paths
from benchmark.records.values import number
from benchmark.running import interrupts
from benchmark.running.finished import finished
from benchmark.running.label_check import LabelAccessError, check_access
from benchmark.running.progress import Reporter
from benchmark.running.stage import run_node
from benchmark.store.artifacts import ArtifactStore
from benchmark.store.checksums import content_hash, stray_files
from zs_methods.datasets import audit
from zs_methods.engine.monitor import addressed
from zs_methods.evaluation import LAST, EvaluationResult
from zs_methods.evaluation.scores import per_class_iou, scores
from zs_methods.protocols import ACCESS


class UpstreamError(RuntimeError):
    """A stage that the cell shares with another one has failed there."""


@dataclass
class CellRunner:
    """Runs cells in this process, one at a time, and writes the record of every cell, also of those that ran elsewhere.

    Args:
        options (RunOptions): how, and where artifacts and records are.
        reporter (Reporter): tells the user.
        source (dict): provenance of data and vectors, and the command line.
        made (set[str]): keys of stages that were made in this run of the program, by whatever process.
        failed (dict[str, str]): keys of stages that failed in it, and how.
    """

    options: RunOptions
    reporter: Reporter
    source: dict[str, Any]
    made: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    _noted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Opens the store."""
        self.store = ArtifactStore(self.options.artifacts, lambda line: self.reporter.line(line))

    def finished(self, cell: Cell) -> RecordHead | None:
        """The cell's record if it is done with these settings and its artifact is still there."""
        try:
            record = None if self.options.force else finished(cell, self.options.records, self.store)
        except ValueError as error:
            self.reporter.line(f'{error}; written anew')
            return None
        if record is None:
            return None
        if record.code != code_sha256():
            self._note(cell.label, cell.key)
        self.reporter.cell_finished(cell.label, f'{headline(record)} (reused)')
        return record

    def missing(self, cell: Cell) -> set[str]:
        """Keys of the stages that running the cell has to make."""
        if self.options.force:
            return {node.key for node in cell.nodes} - self.made
        return {node.key for node in cell.nodes if not self.store.exists(node.name, node.key)}

    def run(self, cell: Cell, attempt: int = 1) -> Record:
        """Runs what is missing of a cell and writes its record.

        Raises:
            KeyboardInterrupt: after the interrupted cell's record is written.
        """
        stages: list[StageRecord] = []
        try:
            try:
                for node in cell.nodes:
                    stages.append(self._stage(cell, node))
                    interrupts.check()
                    check_access(cell, stages[-1])
                record = self._record(cell, stages, self._scores(cell), attempt)
            except Exception:
                interrupts.check()  # some library may have made another error of it
                raise
        except KeyboardInterrupt:
            self.interrupted(cell, stages)
            raise
        except Exception as error:  # whatever a stage raises is this cell's result
            record = self._record(cell, stages, {
                'status': Status.FAILED, 'reason': _one_line(error), 'traceback': without_paths(traceback.format_exc()),
                'failure': _kind(error)}, attempt)
        finally:
            self.reporter.stage_ended(cell.label)
        save_record(record, self.options.records / cell.file_name)
        return record

    def read(self, cell: Cell) -> Record:
        """The record that a job has written."""
        return load_record(self.options.records / cell.file_name)

    def settle(self, cell: Cell, record: Record) -> None:
        """Tells the user of a record, and keeps in mind which stage failed."""
        if record.status is Status.FAILED and record.failure not in (Failure.ACCESS, Failure.UPSTREAM):
            for node in cell.nodes[len(record.stages):len(record.stages) + 1]:
                self.failed[node.key] = f'stage {node.name} failed for {cell.label}: {record.reason}'
        self.reporter.cell_finished(cell.label, headline(record))

    def skipped(self, cell: Cell) -> Record:
        """Writes why a cell is not run at all."""
        record = self._record(cell, [], {'status': Status.SKIPPED, 'reason': cell.skip})
        path = self.options.records / cell.file_name
        if not path.is_file() or _differs(record, path):
            save_record(record, path)
        self.settle(cell, record)
        return record

    def lost(self, cell: Cell, kind: str, reason: str, stage: str, attempt: int) -> Record:
        """Writes down that a cell's process is gone without a record of its own; a result that is there stays."""
        with contextlib.suppress(OSError, ValueError):  # another sweep, or this process just before it was killed
            if not self.options.force and finished(cell, self.options.records, self.store):
                return self.read(cell)
        stages = self._finished_stages(cell)
        place = f' in stage {stage}' if stage and stage not in reason else ''
        outcome = {'status': Status.FAILED, 'failure': kind, 'reason': without_paths(reason + place)}
        record = self._record(cell, stages, outcome, attempt)
        save_record(record, self.options.records / cell.file_name)
        return record

    def interrupted(self, cell: Cell, stages: Sequence[StageRecord] | None = None) -> Record | None:
        """Writes down that a cell was interrupted; an earlier result outlives an attempt to repeat it."""
        return self._unless_known(cell, Status.INTERRUPTED, 'interrupted',
                                  self._finished_stages(cell) if stages is None else stages)

    def not_run(self, cell: Cell, reason: str) -> Record | None:
        """Writes down that a requested cell was not begun; an earlier result stays."""
        return self._unless_known(cell, Status.NOT_RUN, reason, [])

    def clean(self) -> None:
        """Removes what killed processes have left beside artifacts and records."""
        self.store.clean()
        for path in stray_files(self.options.records):
            path.unlink(missing_ok=True)

    def _unless_known(self, cell: Cell, status: Status, reason: str, stages: Sequence[StageRecord]) -> Record:
        path = self.options.records / cell.file_name
        record = self._record(cell, stages, {'status': status, 'reason': reason})
        try:
            known = load_head(path).status in (Status.DONE, Status.FAILED)
        except (OSError, ValueError):
            known = False
        if not known:
            save_record(record, path)
        return record

    def _finished_stages(self, cell: Cell) -> list[StageRecord]:
        """What there is of a cell in the store, up to the first stage that is missing."""
        stages = []
        with contextlib.suppress(OSError):  # what cannot be read now is left out; this is for a record of failure
            for node in cell.nodes:
                manifest = self.store.manifest(node.name, node.key)
                if manifest is None:
                    break
                stages.append(_stage_record(manifest, reused=True))
        return stages

    def _stage(self, cell: Cell, node: Node) -> StageRecord:
        """Reuses or runs one stage; waits while another process makes it."""
        if node.key in self.failed:
            raise UpstreamError(f'not run: {self.failed[node.key]}')
        manifest = self._usable(node)
        if manifest is None:
            with self.store.lock(node.name, node.key):
                manifest = self._usable(node)
                if manifest is None:
                    self.reporter.stage_started(cell.label, node.name)
                    manifest = run_node(
                        node, self.store, torch.device(self.options.device),
                        lambda done, total: self.reporter.step(cell.label, done, total), self.options.checkpoint_every,
                        self.options.monitor)
                    self.made.add(node.key)
                    self.reporter.stage_finished(cell.label, node.name, manifest['seconds'])
                    return _stage_record(manifest, reused=False)
        if manifest['environment']['code'] != code_sha256():
            self._note(f'{node.name} {node.key}', node.key)
        return _stage_record(manifest, reused=True)

    def _usable(self, node: Node) -> dict[str, Any] | None:
        """The manifest of a stage that need not run."""
        return None if self.options.force and node.key not in self.made else self.store.manifest(node.name, node.key)

    def _note(self, what: str, key: str) -> None:
        """Says once that something was made by another state of the code."""
        if key not in self._noted:
            self._noted.add(key)
            self.reporter.line(f'note: {what} was made by other code of zs_methods; --force makes it again')

    def _scores(self, cell: Cell) -> dict[str, Any]:
        """What a finished cell's record holds, from the evaluation's artifact."""
        result = EvaluationResult.read(self.store.path(LAST, cell.key))
        spec, confusion, secondary = cell.task.spec, np.array(result.confusion), result.secondary_confusion
        iou = per_class_iou(confusion)
        made_in = self.store.manifest(LAST, cell.key)['environment']
        return {
            'status': Status.DONE, 'provenance': {**made_in, **self.source},
            'classes': list(spec.classes), 'palette': spec.metainfo['palette'], 'unseen': list(cell.task.unseen),
            **result.model_dump(exclude={'secondary_confusion'}), 'metrics': scores(confusion, cell.task.unseen),
            'secondary': secondary and {
                'resolution': cell.protocol.paper_resolution.text, 'confusion': secondary,
                'metrics': scores(np.array(secondary), cell.task.unseen)},
            'per_class_iou': [None if np.isnan(value) else float(value) for value in iou],
            'absent_classes': [spec.classes[c] for c in np.flatnonzero(np.isnan(iou)) if c not in cell.task.ignored],
        }

    def _record(self, cell: Cell, stages: Sequence[StageRecord], outcome: dict[str, Any], attempt: int = 1) -> Record:
        access = {stage.name: stage.label_access for stage in stages}
        # The last stage only scores; whatever the others read, of any subset, they read for training.
        training = [part for name, part in access.items() if name != LAST]
        level = max(map(audit.level, training), key=ACCESS.index, default='none')
        return Record.model_validate({
            'cell': cell.id, 'key': cell.key, 'settings': cell.settings, 'protocol': cell.protocol.model_dump(),
            'network': cell.network, 'attempts': attempt,
            'config_hash': content_hash({node.name: addressed(node.config) for node in cell.nodes}),
            'method': cell.card, 'stages': stages, 'label_access': {'level': level, 'stages': access},
            'provenance': {**environment(), **self.source},
            **outcome,
        })


def headline(record: RecordHead) -> str:
    """A record in one line."""
    if record.status is not Status.DONE:
        return f'{record.status.value.replace("_", " ")}: {record.reason}'
    metrics = record.metrics
    return f'seen {number(metrics.seen.miou)}  unseen {number(metrics.unseen.miou)}  hIoU {number(metrics.hiou)}'


def _stage_record(manifest: dict[str, Any], reused: bool) -> StageRecord:
    """The part of a record that tells of one stage, from its artifact's manifest."""
    made_in = manifest['environment']
    return StageRecord(
        reused=reused, code=made_in['code'], git_sha=made_in['git']['sha'], git_diff=made_in['git'].get('diff'),
        **{name: manifest[name] for name in StageRecord.model_fields if name in manifest})


def _differs(record: Record, path: Path) -> bool:
    """Whether a skipped cell's record on disk says something else, provenance aside."""
    try:
        known = load_record(path)
    except ValueError:
        return True
    return known.model_copy(update={'provenance': {}, 'code': ''}) != record.model_copy(
        update={'provenance': {}, 'code': ''})


def _kind(error: Exception) -> Failure:
    if isinstance(error, LabelAccessError):
        return Failure.ACCESS
    if isinstance(error, UpstreamError):
        return Failure.UPSTREAM
    # PyTorch has no type of its own for what a CPU's allocator refuses.
    memory = isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)
    return Failure.MEMORY if memory else Failure.ERROR


def _one_line(error: BaseException) -> str:
    text = without_paths(' '.join(str(error).split()))
    return f'{type(error).__name__}: {text}' if text else type(error).__name__
