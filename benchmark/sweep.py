"""Runs a plan cell by cell and writes every cell's record the moment it ends."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.artifacts import ArtifactStore
from benchmark.execute import run_node
from benchmark.plan import Cell, Node
from benchmark.progress import Reporter
from benchmark.provenance import code_sha256, environment
from benchmark.records import Record, StageRecord, Status, load_record, save_record
from zs_methods.datasets import audit
from zs_methods.evaluation.scores import per_class_iou, scores
from zs_methods.protocols import Protocol, Resize, stronger_access


class LabelAccessError(Exception):
    """A stage read more labels of unseen classes than its protocol card allows."""


@dataclass
class Sweep:
    """One run of the harness.

    Args:
        store (ArtifactStore): artifacts.
        records (Path): folder of the records.
        device (torch.device): where to compute.
        reporter (Reporter): tells the user.
        source (dict): provenance of data and vectors, by data set, and the command line.
        force (bool): run every requested stage once, whatever is in the store.
    """

    store: ArtifactStore
    records: Path
    device: torch.device
    reporter: Reporter
    source: dict[str, Any]
    force: bool = False
    _failed: dict[str, str] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _noted: set[str] = field(default_factory=set)

    def run(self, cells: Sequence[Cell], fail_fast: bool = False) -> list[Record]:
        """Runs all cells in order; one that fails takes no other down.

        Returns:
            list[Record]: one per cell that ended; fewer than `cells` only with `fail_fast`.

        Raises:
            KeyboardInterrupt: after the interrupted cell's record is written.
        """
        records: list[Record] = []
        for cell in cells:
            record = self._finished(cell) or self._run(cell)
            records.append(record)
            if fail_fast and record.status is Status.FAILED:
                break
        return records

    def _finished(self, cell: Cell) -> Record | None:
        """The cell's record if it is done with these settings and its artifact is still there."""
        path = self.records / cell.file_name
        if self.force or cell.skip or not path.is_file() or not self.store.exists('evaluate', cell.key):
            return None
        try:
            record = load_record(path)
        except ValueError as error:
            self.reporter.line(f'{error}; written anew')
            return None
        same = (record.key, record.network, record.protocol, record.method) == (
            cell.key, cell.network, cell.protocol, cell.card)
        if record.status is not Status.DONE or not same:
            return None
        if record.provenance['code'] != code_sha256():
            self._note(cell.label, cell.key)
        self.reporter.cell_finished(cell.label, f'{_headline(record)} (reused)')
        return record

    def _run(self, cell: Cell) -> Record:
        """Runs what is missing of a cell and writes its record."""
        path = self.records / cell.file_name
        stages: list[StageRecord] = []
        try:
            if cell.skip:
                record = self._record(cell, [], {'status': Status.SKIPPED, 'reason': cell.skip})
            else:
                for node in cell.nodes:
                    stages.append(self._stage(cell, node))
                    _check_access(cell, stages[-1])
                record = self._record(cell, stages, self._scores(cell))
        except KeyboardInterrupt:
            if not path.exists():  # an earlier result outlives an interrupted attempt to repeat it
                save_record(self._record(cell, stages, {'status': Status.INTERRUPTED, 'reason': 'interrupted'}), path)
            raise
        except Exception as error:  # whatever a stage raises is this cell's result
            record = self._record(cell, stages, {
                'status': Status.FAILED, 'reason': _one_line(error), 'traceback': traceback.format_exc()})
        finally:
            self.reporter.stage_ended()
        save_record(record, path)
        self.reporter.cell_finished(cell.label, _headline(record))
        return record

    def _stage(self, cell: Cell, node: Node) -> StageRecord:
        """Reuses or runs one stage."""
        if node.key in self._failed:
            raise RuntimeError(f'not run: {self._failed[node.key]}')
        manifest = None if self.force and node.key not in self._made else self.store.manifest(node.name, node.key)
        reused = manifest is not None
        if manifest is None:
            self.reporter.stage_started(cell.label, node.name)
            try:
                manifest = run_node(node, self.store, self.device, self.reporter.step)
            except Exception as error:
                self._failed[node.key] = f'stage {node.name} failed for {cell.label}: {_one_line(error)}'
                raise
            self._made.add(node.key)
            self.reporter.stage_finished(cell.label, node.name, manifest['seconds'])
        elif manifest['environment']['code'] != code_sha256():
            self._note(f'{node.name} {node.key}', node.key)
        return StageRecord(
            reused=reused, code=manifest['environment']['code'], git_sha=manifest['environment']['git']['sha'],
            **{name: manifest[name] for name in ('name', 'key', 'seconds', 'peak_rss_mib', 'device', 'config',
                                                 'label_access', 'summary')})

    def _note(self, what: str, key: str) -> None:
        """Says once that something was made by another state of the code."""
        if key not in self._noted:
            self._noted.add(key)
            self.reporter.line(f'note: {what} was made by other code of zs_methods; --force makes it again')

    def _scores(self, cell: Cell) -> dict[str, Any]:
        """What a finished cell's record holds, from the evaluation's artifact."""
        result = json.loads((self.store.path('evaluate', cell.key) / 'result.json').read_text())
        spec, confusion = cell.task.spec, np.array(result['confusion'])
        iou = per_class_iou(confusion)
        secondary = result.pop('secondary_confusion', None)
        made_in = self.store.manifest('evaluate', cell.key)['environment']
        return {
            'status': Status.DONE, 'provenance': {**made_in, **self.source},
            'classes': list(spec.classes), 'palette': spec.metainfo['palette'],
            'unseen': list(cell.task.unseen), **result, 'metrics': scores(confusion, cell.task.unseen),
            'secondary': secondary and {
                'resolution': Resize.model_validate(cell.protocol['paper_resolution']).text, 'confusion': secondary,
                'metrics': scores(np.array(secondary), cell.task.unseen)},
            'per_class_iou': [None if np.isnan(value) else float(value) for value in iou],
            'absent_classes': [spec.classes[c] for c in np.flatnonzero(np.isnan(iou)) if c not in cell.task.ignored],
        }

    def _record(self, cell: Cell, stages: Sequence[StageRecord], outcome: dict[str, Any]) -> Record:
        access = {stage.name: stage.label_access for stage in stages}
        # The last stage only scores; whatever the others read, of any subset, they read for training.
        training = [part for name, part in access.items() if name != 'evaluate']
        level = max(map(audit.level, training), key=audit.LEVELS.index, default='none')
        return Record.model_validate({
            'cell': cell.id, 'key': cell.key, 'settings': cell.settings, 'protocol': cell.protocol,
            'network': cell.network,
            'method': cell.card, 'stages': stages, 'label_access': {'level': level, 'stages': access},
            'provenance': {**environment(), **self.source},
            **outcome,
        })


def _check_access(cell: Cell, stage: StageRecord) -> None:
    """Compares the labels that a stage was measured to read with what the card allows; scoring may read all.

    Raises:
        LabelAccessError: it read more; names stage, images and classes.
    """
    if stage.name == 'evaluate' or cell.card.role not in ('floor', 'method'):
        return
    if cell.task.withheld:  # the images to score are training images, and feature maps of them are a stage of its own
        return
    protocol, level = Protocol.model_validate(cell.protocol), audit.level(stage.label_access)
    allowed = protocol.allowed(cell.card.setting)
    if stronger_access(level, allowed) == allowed:
        return
    read = [counts for subset, counts in stage.label_access.items() if not subset.endswith(' for diagnosis')]
    images = sum(counts['images_unseen'] or counts['images_masked'] or counts['images_chosen'] for counts in read)
    classes = sorted({name for counts in read for name in counts['unseen_pixels']})
    raise LabelAccessError(
        f'stage {stage.name!r} read {level!r} of unseen classes in {images} images'
        f'{" (" + ", ".join(classes) + ")" if classes else ""}; {protocol.name} allows a method that is '
        f'{cell.card.setting} at most {allowed!r}')


def _one_line(error: BaseException) -> str:
    text = ' '.join(str(error).split())
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def _headline(record: Record) -> str:
    if record.status is not Status.DONE:
        return f'{record.status.value}: {record.reason}'
    metrics = record.metrics
    return (f'seen {metrics.seen.miou:.1f}  unseen {metrics.unseen.miou:.1f}  '
            f'hIoU {metrics.hiou:.1f}')
