"""The command line of ``run.py``: what is asked for, checked before anything is touched."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from benchmark import ROOT
from benchmark.errors import Parser, UsageError
from zs_methods.configs import config_root
from zs_methods.plugins import import_file

EXAMPLES = """examples:
  python benchmark/run.py --methods zs3,zsmmd --ks 2,4,6,8,10
  python benchmark/run.py --methods zs3 --ks 2 --seeds 0,1,2 --cfg-options classifier.unseen_weight=1
  python benchmark/run.py --methods mine --ks 2 --plugin path/to/mine.py
  python benchmark/run.py --methods all --ks 2,10 --dry-run
  python benchmark/run.py --dataset voc --data-root data --methods zs3 --ks 2
  python benchmark/run.py --dataset my.yaml --model mobilenetv2 --backbone-weights mobilenet_v2.pth
exit codes: 0 all requested cells are done or skipped with a reason, 1 some failed or are missing, 2 wrong call,
130 interrupted. A plugin and a config are code: run only those you trust."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parses the command line.

    Raises:
        UsageError: a wrong call, in one line.
    """
    parser = Parser(prog='run.py', description='Train methods for every K and write the tables to reports/.',
                    epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--methods', default='all', help='names, comma separated, or all')
    parser.add_argument('--ks', help="numbers of unseen classes; all of the data set's by default")
    parser.add_argument('--splits', help='splits that have a name, e.g. voc-15-5')
    parser.add_argument('--dataset', default='shapes', metavar='NAME|FILE',
                        help='shapes, voc, context, cocostuff, or a YAML file that describes yours')
    parser.add_argument('--seeds', default='0')
    parser.add_argument('--protocol', default='zs3-clean', help='zs3-clean, zs3-official or spnet')
    parser.add_argument('--train-list', metavar='NAME',
                        help="another list of training images than the card's, e.g. aug; makes another card of it")
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help='folder that holds the data sets, or the one of this data set (default: data, or the '
                             'folder of the YAML file)')
    parser.add_argument('--model', metavar='NAME|FILE',
                        help="DeepLab config of configs/deeplab: tiny, mobilenetv2, r101; the data set's by default")
    parser.add_argument('--backbone-weights', metavar='FILE|NAME|none',
                        help='.pth or .npz under torchvision names, torchvision://..., open-mmlab://..., or none')
    parser.add_argument('--pretraining', metavar='TEXT',
                        help='what the weights were trained on, for the report, e.g. "ImageNet without VOC classes"')
    parser.add_argument('--vectors', metavar='NAME|FILE',
                        help="word vectors instead of the data set's first ones: word2vec, fasttext or a file; joined "
                             'by +, such as word2vec+fasttext, their values are put end to end')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs'), help='folder of the artifacts')
    parser.add_argument('--reports', type=Path, default=ROOT / 'reports', help='folder of records and reports')
    parser.add_argument('--plugin', type=Path, action='append', default=[], help='Python file with a method of yours')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change settings, e.g. classifier.unseen_weight=1; makes a variant of the methods')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--processes', type=int, default=1, metavar='N',
                        help='train the DeepLab with N processes through torchrun, one per GPU')
    parser.add_argument('--launcher', default='local', metavar='NAME',
                        help='serial, local (default), ray, slurm, or inline: without processes, for a debugger')
    parser.add_argument('--workers', type=int, metavar='N', help='cells at a time; as many as fit by default')
    parser.add_argument('--threads', type=int, default=1, metavar='N',
                        help='CPU threads of a process; sums depend on it in their last digits, so that it is 1 '
                             'everywhere by default')
    parser.add_argument('--deterministic', action='store_true',
                        help='on CUDA: exact repetition, slower; an operation that cannot give it is an error')
    parser.add_argument('--address', help='of a Ray cluster, e.g. auto')
    parser.add_argument('--launcher-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='for ray.init or submitit, e.g. slurm_partition=gpu timeout_min=600')
    parser.add_argument('--retry', type=int, default=0, metavar='N', help='further attempts at a cell that failed')
    parser.add_argument('--timeout', type=float, metavar='SECONDS', help='kill a cell whose stage takes longer')
    parser.add_argument('--checkpoint-every', type=int, metavar='N',
                        help='iterations between checkpoints inside a stage; every minute by default')
    parser.add_argument('--verify', type=int, default=0, metavar='N',
                        help='run N random finished cells again, beside their artifacts, and compare; no report')
    parser.add_argument('--force', action='store_true', help='train again what is already there')
    parser.add_argument('--fail-fast', action='store_true', help='start nothing new after the first failure')
    parser.add_argument('--dry-run', action='store_true', help='print the plan and stop')
    parser.add_argument('--list', action='store_true', help='print the methods and stop')
    try:
        args = parser.parse_args(argv)
    except (ValueError, AssertionError) as error:  # DictAction splits KEY=VALUE without checking
        raise UsageError(f'--cfg-options and --launcher-options take KEY=VALUE ({error})') from None
    for option, least in (('workers', 1), ('threads', 1), ('retry', 0), ('timeout', 0.0), ('checkpoint_every', 1),
                          ('verify', 0)):
        value = getattr(args, option)
        if value is not None and not value >= least:
            raise UsageError(f'--{option.replace("_", "-")} takes a number from {least}, got {value}')
    if args.data_root is None:
        args.data_root = Path(args.dataset).parent if is_file(args.dataset) else Path('data')
    return args


def is_file(dataset: str) -> bool:
    """Whether ``--dataset`` is the file of a description, not a name."""
    return dataset.endswith(('.yaml', '.yml'))


def select_device(name: str) -> str:
    """Makes one device the only one, through CUDA_VISIBLE_DEVICES; call it before CUDA is used.

    Returns:
        str: ``cpu`` or ``cuda``.
    """
    kind, _, index = name.partition(':')
    if kind not in ('auto', 'cpu', 'cuda') or (index and (kind != 'cuda' or not index.isdecimal())):
        raise UsageError(f'--device takes auto, cpu, cuda or cuda:N, got {name!r}')
    if kind == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
        return 'cpu'
    import torch
    count = torch.cuda.device_count()
    if kind == 'auto':
        return 'cuda' if count else 'cpu'
    if int(index or 0) >= count:
        raise UsageError(f'--device {name}: this machine shows {count} CUDA devices')
    if index:
        inherited = os.environ.get('CUDA_VISIBLE_DEVICES')
        os.environ['CUDA_VISIBLE_DEVICES'] = inherited.split(',')[int(index)] if inherited else index
    return 'cuda'


def numbers(option: str, text: str) -> list[int]:
    """Parses a comma-separated list of distinct whole numbers."""
    items = [item.strip() for item in text.split(',') if item.strip()]
    if not items or not all(item.isdecimal() and len(item) < 10 for item in items):
        raise UsageError(f'{option} takes whole numbers separated by commas, got {text!r}')
    return list(dict.fromkeys(map(int, items)))


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """Returns a name that exists; otherwise the error suggests the nearest one."""
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0)
    raise UsageError(f'unknown {kind} {name!r}: did you mean {near[0]!r}? known: {", ".join(sorted(names))}')


def load_plugin(path: Path) -> None:
    """Imports a plugin, which registers its methods and stages; a second time does nothing."""
    if not path.exists():
        raise UsageError(f'--plugin {path}: no such file')
    try:
        import_file(path)
    except Exception as error:
        text = ' '.join(str(error.args[0] if error.args else error).split())
        raise UsageError(f'--plugin {path}: {type(error).__name__}: {text}') from error


def model_file(model: str, dataset: str) -> Path:
    """The DeepLab config that ``--model`` names: that of the data set, the general one, or a file."""
    folder = config_root() / 'deeplab'
    if model.endswith('.py'):
        if not Path(model).is_file():
            raise UsageError(f'--model {model}: no such file')
        return Path(model)
    names = {path.stem for path in folder.glob('*.py')}
    if model not in names:
        known('model', model, {name for name in names if not any(name.startswith(f'{other}_') for other in names)})
    return folder / (f'{model}_{dataset}.py' if f'{model}_{dataset}' in names else f'{model}.py')


def load_config(dataset: str, model: str, method: str, method_file: Path) -> Config:
    """The DeepLab's config merged with the method's own.

    The method's is ``<method>_<model>.py``, ``<method>_<data set>.py`` or ``<method>.py``, the first that exists, in
    ``configs/<method>/`` or, for a plugin, beside its file (there, ``<method>_config.py`` is the last); a method
    without one takes the defaults.
    """
    config = Config.fromfile(model_file(model, dataset))
    builtin, beside = config_root() / method, method_file.parent
    special = [f'{method}_{Path(model).stem}.py', f'{method}_{dataset}.py']
    candidates = [*(builtin / name for name in (*special, f'{method}.py')),
                  *(beside / name for name in (*special, f'{method}_config.py'))]
    own = next((path for path in candidates if path.is_file()), None)
    if own:
        config.merge_from_dict(Config.fromfile(own).to_dict())
    return config


def has_key(config: Config, dotted: str) -> bool:
    """Whether a dotted key exists in a config."""
    node: Any = config
    for part in dotted.split('.'):
        if isinstance(node, list | tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif hasattr(node, 'keys') and part in node:
            node = node[part]
        else:
            return False
    return True


def check_value(config: Config, dotted: str, value: Any) -> None:
    """Refuses a value of another kind than the one it replaces, before anything is trained with it."""
    node: Any = config
    for part in dotted.split('.'):
        node = node[int(part) if isinstance(node, list | tuple) else part]
    kinds = {'true or false': bool, 'a number': int | float, 'text': str, 'a list': list | tuple, 'settings': dict}
    kind = next((kind for kind, types in kinds.items() if isinstance(node, types)), None)
    fits = kind is None or value is None or (
        isinstance(value, kinds[kind]) and isinstance(value, bool) == isinstance(node, bool))
    if not fits:
        raise UsageError(f'--cfg-options {dotted}={value}: {kind} is expected there, as in {node!r}')


def check_writable(option: str, folder: Path) -> None:
    """Makes sure a folder can be created or written to, without doing either."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise UsageError(f'{option} {folder}: {existing} is not a folder that can be written to')
