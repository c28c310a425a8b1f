"""The command line of everything that runs cells: a `Request` and `RunOptions` from words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmark import LOCAL, WORK
from benchmark.commands.arguments import Settings
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions, monitor_of
from benchmark.planning.words import items, names, numbers
from benchmark.running.devices import select_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds all options of `Request` and `RunOptions`, in groups."""
    group = parser.add_argument_group('what is compared')
    group.add_argument('--methods', default='all', help='names, comma separated, or all')
    group.add_argument('--ks', help="numbers of unseen classes; all of the data set's by default")
    group.add_argument('--splits', help='splits that have a name, e.g. voc-15-5')
    group.add_argument('--seeds', default='0')
    group.add_argument('--protocol', default='zs3-clean', help='zs3-clean, zs3-official or spnet')
    group.add_argument('--plugin', type=Path, action='append', default=[],
                       help='Python file or package of yours with methods, stages, models or launchers')
    group.add_argument('--cfg-options', action=Settings,
                       help='change settings, e.g. classifier.unseen_weight=1; makes a variant of the methods')

    group = parser.add_argument_group('on which data')
    group.add_argument('--dataset', default='shapes', metavar='NAME|FILE',
                       help='shapes, voc-mini, voc, context, cocostuff, or a YAML file that describes yours')
    group.add_argument('--data-root', type=Path, metavar='DIR',
                       help='folder that holds the data sets, or the one of this data set (default: data, or the '
                            'folder of the YAML file)')
    group.add_argument('--train-list', metavar='NAME',
                       help="another list of training images than the card's, e.g. aug; makes another card of it")
    group.add_argument('--vectors', metavar='NAME|FILE',
                       help="word vectors instead of the data set's first ones: word2vec, fasttext or a file; joined "
                            'by +, such as word2vec+fasttext, their values are put end to end')

    group = parser.add_argument_group('on which network')
    group.add_argument('--model', metavar='NAME|FILE',
                       help='DeepLab config of configs/deeplab: tiny, mobilenetv2, efficientnet_lite0, resnet50, r101; '
                            "the data set's by default")
    group.add_argument('--backbone-weights', metavar='FILE|NAME|none',
                       help=".pth or .npz under torchvision's or timm's names, torchvision://..., open-mmlab://..., "
                            'timm://..., package://..., or none')
    group.add_argument('--pretraining', metavar='TEXT',
                       help='what the weights were trained on, for the report, e.g. "ImageNet without VOC classes"')
    group.add_argument('--processes', type=int, default=1, metavar='N',
                       help='train the DeepLab with N processes through torchrun, one per GPU')

    group = parser.add_argument_group('where and how')
    group.add_argument('--work-dir', type=Path, default=WORK, metavar='DIR',
                       help=f'folder of the artifacts (default: {WORK.name})')
    group.add_argument('--reports', type=Path, default=LOCAL, metavar='DIR',
                       help='folder of records and reports (default: reports/local, beside the committed reference '
                            'in reports, which is made anew with --reports reports)')
    group.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    group.add_argument('--launcher', default='local', metavar='NAME',
                       help='serial, local (default), ray, slurm, or inline: without processes, for a debugger')
    group.add_argument('--workers', type=int, metavar='N', help='cells at a time; as many as fit by default')
    group.add_argument('--threads', type=int, default=1, metavar='N',
                       help='CPU threads of a process; sums depend on it in their last digits, so that it is 1 '
                            'everywhere by default')
    group.add_argument('--deterministic', action='store_true',
                       help='on CUDA: exact repetition, slower; an operation that cannot give it is an error')
    group.add_argument('--address', help='of a Ray cluster, e.g. auto')
    group.add_argument('--launcher-options', action=Settings,
                       help='for ray.init or submitit, e.g. slurm_partition=gpu timeout_min=600')
    group.add_argument('--retry', type=int, default=0, metavar='N', help='further attempts at a cell that failed')
    group.add_argument('--timeout', type=float, metavar='SECONDS', help='kill a cell whose stage takes longer')
    group.add_argument('--checkpoint-every', type=int, metavar='N',
                       help='iterations between checkpoints inside a stage; every minute by default')
    group.add_argument('--monitor', metavar='NAME|FILE', default='',
                       help='watch trainings with back-ends of mmengine: tensorboard, wandb, ..., or a config file '
                            'with vis_backends and custom_hooks; written to <work-dir>/monitor, trains nothing again')
    group.add_argument('--force', action='store_true', help='train again what is already there')
    group.add_argument('--fail-fast', action='store_true', help='start nothing new after the first failure')


def request_of(args: argparse.Namespace, methods: Sequence[str] = (), protocol: str = '') -> Request:
    """What the parsed words ask for.

    Args:
        args (Namespace): the words.
        methods (Sequence[str]): for want of ``--methods``.
        protocol (str): for want of ``--protocol``.

    Raises:
        UsageError: a list or number that is none.
    """
    return Request(
        methods=tuple(methods) if args.methods is None else tuple(dict.fromkeys(items(args.methods))),
        ks=None if args.ks is None else numbers('--ks', args.ks),
        splits=None if args.splits is None else names('--splits', args.splits), seeds=numbers('--seeds', args.seeds),
        dataset=args.dataset, data_root=args.data_root, train_list=args.train_list, vectors=args.vectors,
        protocol=args.protocol or protocol, model=args.model, backbone_weights=args.backbone_weights,
        pretraining=args.pretraining, processes=args.processes, options=args.cfg_options, plugins=tuple(args.plugin))


def run_options_of(args: argparse.Namespace, records: Path | None = None) -> RunOptions:
    """How the parsed words want cells to be run; chooses the device.

    Args:
        args (Namespace): the words.
        records (Path, optional): another folder of the records than that below ``--reports``.

    Raises:
        UsageError: a device or number that is none.
    """
    return RunOptions(
        work_dir=args.work_dir, records=args.reports / 'records' if records is None else records,
        device=select_device(args.device), launcher=args.launcher, workers=args.workers, threads=args.threads,
        deterministic=args.deterministic, address=args.address, launcher_options=args.launcher_options,
        retry=args.retry, timeout=args.timeout, checkpoint_every=args.checkpoint_every, force=args.force,
        fail_fast=args.fail_fast, monitor=monitor_of(args.monitor))
