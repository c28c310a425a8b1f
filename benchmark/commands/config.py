"""Prints the shared DeepLab's training as one config of mmengine, complete with data loaders; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import WORK
from benchmark.commands.arguments import Parser, Settings
from benchmark.commands.command import Command
from benchmark.errors import UsageError, check_writable

ABOUT = """examples:
  python -m benchmark config tiny --ks 2 --out deeplab.py        # then: Runner.from_cfg(Config.fromfile(...)).train()
  python -m benchmark config r101 --dataset voc --splits voc-15-5 --protocol spnet > deeplab.py
  python path/to/mmsegmentation/tools/train.py deeplab.py --cfg-options train_dataloader.num_workers=8
Model, data loaders, schedule, optimiser and metric are those of a run; kernels and streams of random numbers are those
of mmengine, so that its numbers differ from a run's as those of two seeds do. A schedule in epochs needs the images.
exit codes: 0 written, 1 a file cannot be read or written, 2 wrong call, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds network, split, card and where to write."""
    parser.add_argument('model', nargs='?', metavar='MODEL',
                        help="DeepLab config of configs/deeplab, or a file (default: the data set's)")
    parser.add_argument('--dataset', default='shapes', metavar='NAME|FILE',
                        help='a name, or a YAML file that describes yours (default: shapes)')
    parser.add_argument('--ks', metavar='K', help='number of unseen classes, one')
    parser.add_argument('--splits', metavar='NAME', help='a split that has a name, one')
    parser.add_argument('--protocol', default='zs3-clean', help='zs3-clean, zs3-official or spnet')
    parser.add_argument('--train-list', metavar='NAME', help="another list of training images than the card's")
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help='folder that holds the data sets, or the one of this data set (default: data)')
    parser.add_argument('--backbone-weights', metavar='FILE|NAME|none', help='as in run.py')
    parser.add_argument('--cfg-options', action=Settings, help='change settings, e.g. train_cfg.max_iters=100')
    parser.add_argument('--seed', type=int, default=0, metavar='N')
    parser.add_argument('--out', type=Path, metavar='FILE', help='a .py file (default: standard output)')


def run(args: Namespace) -> int:
    """Writes or prints the config.

    Raises:
        UsageError: no such network or split, or several, or images that are needed and not there.
    """
    import contextlib
    import sys

    from mmengine.config import Config

    if args.out is not None:
        if args.out.suffix != '.py':
            raise UsageError(f'--out {args.out}: a config is a .py file')
        check_writable('--out', args.out.parent)
    with contextlib.redirect_stdout(sys.stderr):  # libraries print warnings there
        text = Config(_complete(args)).pretty_text
    if args.out is None:
        print(text, end='')
    else:
        from benchmark.reporting.tables.markup import put
        print(put(args.out, text))
    return 0


def _complete(args: Namespace) -> dict:
    """The config as a dictionary."""
    from benchmark.planning.cells import expand, plan_tasks
    from benchmark.planning.methods import chosen_methods
    from benchmark.planning.request import Request
    from benchmark.planning.run_options import RunOptions
    from benchmark.planning.words import names, numbers
    from zs_methods.datasets import ready
    from zs_methods.registry import STAGES
    from zs_methods.stages.plain_config import plain_config
    from zs_methods.stages.train_seen import TrainSeen

    request = Request(
        ks=None if args.ks is None else numbers('--ks', args.ks),
        splits=None if args.splits is None else names('--splits', args.splits), dataset=args.dataset,
        data_root=args.data_root, train_list=args.train_list, protocol=args.protocol, model=args.model,
        backbone_weights=args.backbone_weights, options=args.cfg_options)
    tasks, protocol = plan_tasks(request)
    if len(tasks) > 1:
        raise UsageError('a config is of one split: --ks K or --splits NAME, of '
                         f'{", ".join(task.split for task in tasks)}')
    floor = chosen_methods(['all'])[:1]  # the shared network and nothing else
    (cell,) = expand(request, RunOptions(WORK, WORK / 'records'), floor, tasks, protocol)
    task = cell.task
    seen, evaluate = (STAGES.build(node.config) for node in (cell.nodes[0], cell.nodes[-1]))
    assert isinstance(seen, TrainSeen)
    try:
        if task.spec.embedded:
            ready.ensure(task.spec, Path(task.data_root))
        config = plain_config(seen, evaluate, task, args.seed)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise UsageError(str(error)) from None
    return {**config, 'work_dir': f'work_dirs/{cell.id.model.removesuffix(".py")}_{task.dataset}_{task.split}'}


COMMAND = Command('config', "Print the shared DeepLab's training as a config of mmengine, with data loaders.", ABOUT,
                  add_arguments, run)
main = COMMAND.main
