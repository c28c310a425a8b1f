"""Explains a number of a table: from its record down to the artifacts it was made of; see ``--help``."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from benchmark import WORK
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.commands.trace import access_text, find_artifact, follows, summary_line
from benchmark.errors import UsageError, known
from benchmark.records.files import (
    Record,
    StageRecord,
    Status,
    find_record,
    load_head,
    load_record,
    record_folders,
    variants_of,
)
from benchmark.records.values import NONE, number

ABOUT = """examples:
  python -m benchmark show k2_zs3-clean_tiny_zsmmd_seed0
  python -m benchmark show reports/records/shapes_k2_zs3-clean_tiny_zs3_seed0_379cbb87.json --stage generator
exit codes: 0 shown, 2 wrong call or a record that cannot be read, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds the record and where to look."""
    parser.add_argument('record', metavar='RECORD', help="a record's path, or a part of its name that no other has")
    parser.add_argument('--stage', metavar='NAME', help='all that is known of one stage')
    parser.add_argument('--reports', type=Path, metavar='DIR',
                        help='folder with records/*.json (default: reports/local, then the reference in reports)')
    parser.add_argument('--work-dir', type=Path, default=WORK, metavar='DIR',
                        help='folder with artifacts/ (default: work_dirs)')


def run(args: Namespace) -> int:
    """Prints a record, or a stage of it.

    Raises:
        UsageError: there is no such record or stage, or it cannot be read.
    """
    console = terminal.console(160, soft_wrap=not sys.stdout.isatty())
    try:
        path = find_record(args.record, *record_folders(args.reports))
        record = load_record(path)
        if args.stage is None:
            show_record(record, path, args.work_dir, console)
        else:
            show_stage(_stage(record, args.stage), args.work_dir, console)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    return 0


COMMAND = Command('show', 'Explain a number of a table, from its record down to the artifacts it was made of.', ABOUT,
                  add_arguments, run)
main = COMMAND.main


def _stage(record: Record, name: str) -> StageRecord:
    stages = {stage.name: stage for stage in record.stages}
    return stages[known('stage', name, stages)]


def show_record(record: Record, path: Path, work_dir: Path, console: Console) -> None:
    """Prints scores, origins and stages of a record."""
    cell = record.cell
    console.print(Text(f'{cell.dataset} {cell.split} {cell.named} seed {cell.seed}: {record.status.value}', 'bold'))
    for other in variants_of(path):
        console.print(Text(f'beside it: {load_head(other).cell.named}, {other.stem}'))
    if record.status is Status.DONE:
        console.print(_scores(record))
        hiou = NONE if record.metrics.hiou is None else record.metrics.hiou
        console.print(Text(f'hIoU {hiou}, {follows(record)}'))
    else:
        console.print(Text(f'{record.failure.value}: {record.reason}' if record.failure else record.reason))
    console.print(_pairs('made from', _origins(record, path)))
    console.print(_stages(record, work_dir))
    if record.traceback:
        console.print(Text(record.traceback.rstrip()))


def _scores(record: Record) -> Table:
    table = Table(title=Text(f'scores in percent, {record.images} images'))
    for title in ('classes', 'number', 'pixel accuracy', 'mean accuracy', 'mIoU', 'hIoU'):
        table.add_column(title, justify='left' if title == 'classes' else 'right')
    total, unseen = len(record.classes), len(record.unseen)
    scores = [(record.metrics, '')]
    scores += [(record.secondary.metrics, f', {record.secondary.resolution}')] if record.secondary else []
    for metrics, where in scores:
        for name, classes in (('seen', total - unseen), ('unseen', unseen), ('overall', total)):
            group = getattr(metrics, name)
            table.add_row(Text(name + where), str(classes), *(number(value, 2) for value in (group.pa, group.ma,
                                                                                             group.miou)),
                          number(metrics.hiou, 2) if name == 'overall' else '')
    if record.absent_classes:
        table.caption = Text(f'without ground truth, in no mean: {", ".join(record.absent_classes)}')
    return table


def _origins(record: Record, path: Path) -> Iterable[tuple[str, str]]:
    """Everything but scores and stages, as names and lines."""
    cell, source, network = record.cell, record.provenance, record.network
    yield 'record', str(path)
    yield 'key, settings, configs', f'{record.key}, {record.settings}, {record.config_hash or "-"}'
    yield 'options', ' '.join(f'{key}={json.dumps(value)}' for key, value in cell.variant.items()) or 'none'
    yield 'method', f'{record.method.summary} [{record.method.role}, {record.method.setting}]'
    yield 'protocol', (f'{cell.protocol} version {record.protocol.get("version", "?")}: '
                       f'{record.protocol.get("summary", "")}')
    yield 'label access', (f'measured {record.label_access.get("level", "-")}, the card allows '
                           f'{record.protocol.get("label_access", "-")}')
    yield 'network', (f'{cell.model}, {network.backbone}, config {network.config or "-"}, weights {network.weights} '
                      f'{network.sha256} ({network.pretraining})')
    data, vectors, git = (source.get(name) or {} for name in ('data', 'vectors', 'git'))
    counts = ', '.join(f'{count.get("images")} {name}' for name, count in data.get('counts', {}).items())
    yield 'data', f'{cell.data or "-"} {data.get("sha256", "")} ({counts})'
    yield 'vectors', f'{vectors.get("file", "-")} {vectors.get("sha256", "")}'
    yield 'command', shlex.join(map(str, source.get('argv', []))) or '-'
    dirty = {True: f'changed ({git.get("diff") or "hash not recorded"})', False: 'clean'}
    yield 'code', f'{record.code or "-"}, git {git.get("sha") or "-"} {dirty.get(git.get("dirty"), "state not known")}'
    yield 'versions', ', '.join([f'python {source.get("python", "-")}',
                                 *(f'{name} {version}' for name, version in source.get('packages', {}).items())])
    machine = {name: source[name] for name in ('platform', 'kernel') if name in source} | source.get('hardware', {})
    yield 'hardware', ', '.join(f'{name} {_flat(value)}' for name, value in machine.items() if value not in (None, {}))
    yield 'attempts', str(record.attempts)


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stages(record: Record, work_dir: Path) -> Tree:
    tree = Tree(Text('stages, in order'))
    for stage in record.stages:
        last = stage is record.stages[-1]
        found = find_artifact(stage, work_dir, record.confusion if last else None)
        branch = tree.add(Text(f'{stage.name} {stage.key}', 'bold'))
        for name, line in _measured(stage):
            branch.add(Text(f'{name}: {line}'))
        branch.add(Text(f'artifact: {found.state}', '' if found.intact else 'yellow'))
    return tree


def _measured(stage: StageRecord) -> Iterable[tuple[str, str]]:
    """What a stage cost, drew from, read and said, as names and lines."""
    parts = [(stage.peak_rss_mib, 'MiB of memory'), (stage.peak_gpu_mib, 'MiB of GPU memory'),
             (stage.energy_j, 'J'), (stage.threads, 'threads')]
    cost = ', '.join([f'{stage.seconds:.1f} s', *(f'{value:g} {unit}' for value, unit in parts if value is not None)])
    again = f', continued at iteration {stage.resumed_from}' if stage.resumed_from is not None else ''
    yield 'reused' if stage.reused else 'run', f'{cost} on {stage.device}{again}'
    changed = f' changed ({stage.git_diff})' if stage.git_diff else ''
    yield 'code', f'{stage.code}, git {stage.git_sha or "-"}{changed}'
    yield 'seeds', ', '.join(f'{axis} {seed}' for axis, seed in stage.seeds.items()) or 'none recorded'
    yield 'labels read', access_text(stage.label_access)
    yield 'says', summary_line(stage.summary) or '-'


def show_stage(stage: StageRecord, work_dir: Path, console: Console) -> None:
    """Prints all that a record and a work folder know of one stage."""
    found = find_artifact(stage, work_dir)
    console.print(_pairs(f'stage {stage.name}', [('key', stage.key), *_measured(stage),
                                                 ('artifact', f'{found.path}: {found.state}')]))
    for title, content in (('made from', found.inputs), ('files', found.files), ('config', stage.config),
                           ('label access', stage.label_access), ('summary', stage.summary)):
        if content:
            tree = Tree(Text(title, 'bold'))
            _grow(tree, content)
            console.print(tree)


def _grow(tree: Tree, content: dict | list) -> None:
    """Adds nested plain data; what fits a line is one."""
    for name, value in content.items() if isinstance(content, dict) else enumerate(content):
        line = _flat(value)
        if isinstance(value, dict | list) and value and (len(line) > 80 or isinstance(value, dict)):
            _grow(tree.add(Text(str(name))), value)
        else:
            tree.add(Text(f'{name}: {line}'))


def _pairs(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=Text(title), show_header=False)
    table.add_column(style='bold')
    table.add_column(overflow='fold')
    for name, line in rows:
        table.add_row(Text(name), Text(' '.join(line.split())))
    return table
