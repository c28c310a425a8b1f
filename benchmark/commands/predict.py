"""Predicts images, folders and videos with a finished cell; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import WORK
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError, check_least, check_writable
from benchmark.running.devices import select_device

if TYPE_CHECKING:
    import numpy as np

    from benchmark.commands.media import Output, Source
    from zs_methods.stages.predictor import Predictor

ABOUT = """examples:
  python -m benchmark predict photos/ film.mp4 --method zs3 --k 2 --dataset voc-mini --out predicted
  python -m benchmark predict data/shapes/img_dir/val --cell k2_zs3-clean_tiny_zs3_seed0 --out predicted
  python -m benchmark predict a.jpg --cell work_dirs/artifacts/evaluate-0123456789abcdef --out predicted
For every image or frame: masks/ (PNG of class ids with the palette), overlays/ (of a video, a video) and confidence/
(the softmax of the class, 255 for 1), and classes.json with the colours. Images may have any size: one that is larger
than --max-pixels is made smaller for the network, and what is predicted has its size again.
exit codes: 0 predicted, 1 a file cannot be read or written, 2 wrong call, 130 interrupted. A model's config is code."""
#: Classes that are named of an image.
NAMED = 4


def add_arguments(parser: Parser) -> None:
    """Adds inputs, the model and where to write."""
    parser.add_argument('inputs', nargs='+', type=Path, metavar='INPUT', help='images, videos, folders of them')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR', help='folder for what is predicted')
    group = parser.add_argument_group('which model: a cell, or a method and K')
    group.add_argument('--cell', metavar='NAME|DIR', help="a finished cell's record, by path or part of its name, or "
                                                          'the folder of a model.pth and config.py')
    group.add_argument('--method', metavar='NAME', help='the plain method, without options')
    group.add_argument('--k', type=int, metavar='K', help='number of unseen classes')
    group.add_argument('--dataset', default='shapes', metavar='NAME', help='that the cell is of (default: shapes)')
    group.add_argument('--seed', type=int, default=0, metavar='N')
    group.add_argument('--reports', type=Path, metavar='DIR',
                       help='folder with records/*.json (default: reports/local, then the reference in reports)')
    group.add_argument('--work-dir', type=Path, default=WORK, metavar='DIR',
                       help='folder with artifacts/ (default: work_dirs)')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--opacity', type=float, default=0.5, metavar='X', help='of the colours, 0 to 1 (default: 0.5)')
    parser.add_argument('--max-pixels', type=int, metavar='N', help='of an image in the network (default: 2 million)')
    parser.add_argument('--every', type=int, default=1, metavar='N', help='predict every Nth frame of a video')


def run(args: Namespace) -> int:
    """Predicts all inputs; what cannot be read is said, and the others are predicted.

    Raises:
        UsageError: no such model or input.
    """
    check_least(args, {'max_pixels': 1, 'every': 1, 'seed': 0, 'opacity': 0})
    if args.opacity > 1:
        raise UsageError(f'--opacity takes a number from 0 to 1, got {args.opacity}')
    folder = model_folder(args)
    check_writable('--out', args.out)
    from benchmark.commands.media import Output, sources

    found, device = sources(args.inputs), select_device(args.device)
    import torch

    from zs_methods.stages.predictor import Predictor
    try:
        predictor = Predictor(folder, torch.device(device), **({'max_pixels': args.max_pixels} if args.max_pixels
                                                              else {}))
    except FileNotFoundError as error:
        raise UsageError(str(error)) from None
    output = Output(args.out, predictor.classes, predictor.palette, predictor.unseen, args.opacity)
    console, failed = terminal.console(120), 0
    for source in found:
        try:
            line = _video(source, predictor, output, args.every) if source.is_video else _image(
                source, predictor, output)
        except (ValueError, OSError) as error:
            COMMAND.complain(str(error))
            failed += 1
            continue
        console.print(f'{source.name}: {line}', highlight=False, markup=False, soft_wrap=True)
    console.print(f'{len(found) - failed} of {len(found)} files predicted into {args.out}', highlight=False,
                  markup=False, soft_wrap=True)
    return 1 if failed else 0


COMMAND = Command('predict', 'Predict images, folders and videos with a finished cell: masks, overlays, confidence.',
                  ABOUT, add_arguments, run)
main = COMMAND.main


def model_folder(args: Namespace) -> Path:
    """The artifact of the last stage of the cell that is asked for.

    Raises:
        UsageError: there is none.
    """
    from benchmark.records.files import record_folders
    from benchmark.running.models import find_model, model_of_method

    if (args.cell is None) == (args.method is None):
        raise UsageError('name a model: --cell NAME, or --method NAME and --k K')
    folders = record_folders(args.reports)
    if args.cell is not None:
        return find_model(args.cell, folders, args.work_dir)
    if args.k is None:
        raise UsageError('--method takes --k K too')
    return model_of_method(args.method, args.k, args.seed, args.dataset, folders, args.work_dir)


def _image(source: Source, predictor: Predictor, output: Output) -> str:
    from benchmark.commands.media import read_image

    image = read_image(source.file)
    ids, confidence = predictor.predict(image)
    output.save(source.name, ids, confidence, output.overlay(image, ids))
    return _told(predictor, ids, confidence)


def _video(source: Source, predictor: Predictor, output: Output, every: int) -> str:
    from contextlib import ExitStack

    from benchmark.commands.media import frames

    rate, images = frames(source.file)
    count = 0
    with ExitStack() as stack:
        writer = None
        for index, image in enumerate(images):
            if index % every:
                continue
            ids, confidence = predictor.predict(image)
            writer = writer or stack.enter_context(output.video(source.name, rate / every, image.shape[:2]))
            writer.write(output.overlay(image, ids))
            output.save(f'{source.name}/{index:06d}', ids, confidence, None)
            count += 1
    if not count:
        raise ValueError(f'{source.file}: no frame can be read')
    return f'{count} frames, the last one {_told(predictor, ids, confidence)}'


def _told(predictor: Predictor, ids: np.ndarray, confidence: np.ndarray) -> str:
    """Size, the classes with the most pixels, and the mean confidence."""
    import numpy as np

    counts = np.bincount(ids.ravel(), minlength=len(predictor.classes))
    order = [c for c in np.argsort(-counts, kind='stable') if counts[c]]
    classes = ', '.join(f'{predictor.classes[c]}{" (unseen)" if c in predictor.unseen else ""} '
                        f'{100 * counts[c] / ids.size:.0f}%' for c in order[:NAMED])
    return (f'{ids.shape[1]} x {ids.shape[0]}, {classes}{", ..." if len(order) > NAMED else ""}; '
            f'confidence {confidence.mean():.2f}')
