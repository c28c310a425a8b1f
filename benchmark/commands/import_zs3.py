"""Turns a released ZS3Net checkpoint into an mmseg model and evaluates it like every other method."""

from __future__ import annotations

import argparse
import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import LOCAL, WORK
from benchmark.commands import terminal
from benchmark.commands.command import Command
from benchmark.errors import UsageError, check_writable, known
from benchmark.planning.request import Request, is_file
from benchmark.planning.run_options import RunOptions
from benchmark.running.devices import select_device

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.planning.plan import Cell
    from zs_methods.task import Task

METHOD, MODEL, PROTOCOL = 'zs3_released', 'r101', 'zs3-official'
ABOUT = """examples:
  python -m benchmark import_zs3 checkpoint.pth.tar --dataset voc --k 2 --data-root data
  python -m benchmark import_zs3 checkpoint.pth.tar --dataset context --k 4 --generator generator.pth.tar --convert-only
The network, with its classifier, becomes config.py and model.pth in --out, which mmseg's init_model loads; a generator
becomes generator.pth beside them. The evaluation is the cell "zs3 (released weights)" of the report, under the card
zs3-official, since the released training reads the layout of unseen classes; one record per data set and K.
A checkpoint is a pickle, which may run code: it is read by torch's weights_only loader, or refused.
exit codes: 0 converted and evaluated (with --convert-only: converted), 1 converted but not evaluated, for instance
because the data set is not there, 2 wrong call or checkpoint, or no room: nothing written, 130 interrupted."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', type=Path, help='DeepLab with classifier, as released')
    parser.add_argument('--generator', type=Path, metavar='FILE', help='checkpoint of the generator, if it is another')
    parser.add_argument('--dataset', default='voc', metavar='NAME|FILE')
    parser.add_argument('--k', type=int, required=True, help='number of unseen classes it was trained for')
    parser.add_argument('--data-root', type=Path, metavar='DIR')
    parser.add_argument('--vectors', type=Path, metavar='FILE', help='word vectors to store with the generator')
    parser.add_argument('--out', type=Path, metavar='DIR', help='folder for the model (default: in --work-dir)')
    parser.add_argument('--convert-only', action='store_true', help='do not evaluate')
    parser.add_argument('--work-dir', type=Path, default=WORK)
    parser.add_argument('--reports', type=Path, default=LOCAL)
    parser.add_argument('--device', default='auto')
    parser.add_argument('--force', action='store_true', help='evaluate again')


def _run(args: argparse.Namespace) -> int:
    from benchmark.planning.cells import expand
    from zs_methods.protocols import PROTOCOLS

    request = Request(methods=(METHOD,), ks=(args.k,), dataset=args.dataset, data_root=args.data_root,
                      vectors=None if args.vectors is None else str(args.vectors), protocol=PROTOCOL, model=MODEL)
    options = RunOptions(args.work_dir, args.reports / 'records', select_device(args.device), force=args.force)
    console, protocol = terminal.console(100), PROTOCOLS[PROTOCOL]
    task = plan_task(args, request)
    (cell,) = expand(request, options, [METHOD], [task], protocol)
    out = convert(args, cell)
    console.print(f'model: {out}', highlight=False, markup=False, soft_wrap=True)
    return 0 if args.convert_only else evaluate(request, options, task, args.reports, console)


def plan_task(args: argparse.Namespace, request: Request) -> Task:
    """The task of a checkpoint, whether or not the data set is there.

    Raises:
        UsageError: unknown data set or K, or a file that is not there, no checkpoint, or refused.
    """
    from zs_methods.datasets.files import locate
    from zs_methods.datasets.spec import available, load_spec
    from zs_methods.models.zs3_checkpoint import ZS3Checkpoint
    from zs_methods.task import Task, find_vectors

    if not is_file(args.dataset):
        known('dataset', args.dataset, available())
    for option, file in (('CHECKPOINT', args.checkpoint), ('--generator', args.generator), ('--vectors', args.vectors)):
        if file is not None and not file.is_file():
            raise UsageError(f'{option} {file}: no such file')
    for option, folder in (('--out', args.out), ('--work-dir', args.work_dir), ('--reports', args.reports)):
        if folder is not None:
            check_writable(option, folder)
    try:
        spec = load_spec(args.dataset)
        found = ZS3Checkpoint.load(args.checkpoint)
    except KeyError as error:
        raise UsageError(f'--dataset {args.dataset}: {error.args[0]}') from None
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    try:
        unseen = spec.unseen(args.k)
    except KeyError as error:
        raise UsageError(f'--k: {error.args[0]}') from None
    files = {'vectors': args.vectors or find_vectors(args.dataset, request.root), 'checkpoint': args.checkpoint}
    if args.generator or (found.generator and found.network):
        files['generator_checkpoint'] = args.generator or args.checkpoint
        if not Path(files['vectors']).is_file():
            raise UsageError(f'the generator goes with word vectors, and there are none at {files["vectors"]}; '
                             '--vectors FILE')
    return Task(args.dataset, str(locate(spec, request.root)), f'k{args.k}', unseen,
                files={name: str(file) for name, file in files.items()})


def convert(args: argparse.Namespace, cell: Cell) -> Path:
    """Writes the converted model, or nothing.

    Raises:
        UsageError: the checkpoint does not fit the network, the data set or the word vectors, a file cannot be read
            or has changed, or the model cannot be written.
    """
    from zs_methods.registry import STAGES
    from zs_methods.vectors.class_vectors import MissingWordError

    settings = dict(cell.nodes[0].config)
    stage = STAGES.get(settings.pop('type'))(**settings)
    try:
        imported = stage.translate(cell.task)
    except (MissingWordError, ValueError, OSError, RuntimeError) as error:
        raise UsageError(_line(error)) from None
    name = f'zs3-{cell.task.dataset}-{cell.task.split}-{stage.sha256[:8]}'
    out = (args.out or args.work_dir / 'imported' / name).absolute()
    part = out.with_name(f'.{out.name}.partial-{uuid.uuid4().hex[:6]}')
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        part.mkdir(parents=True)
        stage.write(part, imported, cell.task)
        out.mkdir(exist_ok=True)
        if imported.generator is None:
            (out / 'generator.pth').unlink(missing_ok=True)  # of an earlier import
        for file in sorted(part.iterdir()):
            os.replace(file, out / file.name)
    except (OSError, RuntimeError) as error:  # torch.save raises the latter where the disk is full
        raise UsageError(f'cannot write the model to {out}: {_line(error)}') from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        for folder in new:
            with suppress(OSError):  # it holds the model, or was never made
                folder.rmdir()
    return out


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())


def evaluate(request: Request, options: RunOptions, task: Task, reports: Path, console: Console) -> int:
    """Runs the cell and writes record and report; says so if the data set is not there."""
    from benchmark.commands.execution import run_cells
    from benchmark.planning.cells import expand
    from zs_methods.protocols import PROTOCOLS
    from zs_methods.task import Task

    # Neither generator nor word vectors take part in the prediction.
    files = {name: path for name, path in task.files.items() if name != 'generator_checkpoint'}
    protocol = PROTOCOLS[PROTOCOL]
    try:
        found = Task.create(request.dataset, request.ks[0], request.root, protocol, files)
    except (FileNotFoundError, ValueError) as error:
        COMMAND.complain(f'converted, but the evaluation needs the data set: {error}')
        return 1
    return run_cells(expand(request, options, [METHOD], [found], protocol), options, reports, console)


COMMAND = Command('import_zs3', 'Turn a released ZS3Net checkpoint into an mmseg model, and evaluate it.', ABOUT,
                  _arguments, _run)
main = COMMAND.main
