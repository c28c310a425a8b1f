"""Tables of what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def methods(protocol: str, _: Path | None = None) -> tuple[list[str], list[Sequence[str]], str]:
    """Titles, lines and a note on the registered methods."""
    from benchmark.planning.methods import method_rows

    rows = method_rows(protocol)
    left_out = [name for name, role, *_ in rows if role != 'method']
    return (['method', 'role', 'setting', 'unseen labels', 'what it is'], rows,
            f'--methods all leaves out {", ".join(left_out)}: floor and ceiling join every run, and imported weights '
            f'have a command of their own. Unseen labels: what training may read of them under {protocol}')


def datasets(_: str, root: Path) -> tuple[list[str], list[Sequence[str]], str]:
    """The same of the data sets that have a name."""
    from zs_methods.datasets.files import locate
    from zs_methods.datasets.spec import available, load_spec

    rows = []
    for name in available():
        spec = load_spec(name)
        there = 'painted on first use' if spec.embedded else 'found' if locate(spec, root).is_dir() else 'not there'
        rows.append((name, str(len(spec.classes)), ', '.join(map(str, spec.ks)) or '-',
                     ', '.join(spec.named_splits) or '-', spec.model, ', '.join(spec.vectors), there))
    return (['data set', 'classes', 'K', 'named splits', 'network', 'word vectors', f'in {root}'], rows,
            'Without --ks and --splits, all K of a data set are run, or all named splits if it has no K. Yours: a YAML '
            'file, see docs/data.md')


def cards(*_: object) -> tuple[list[str], list[Sequence[str]], str]:
    """The same of the protocol cards."""
    from zs_methods.protocols import PROTOCOLS

    return (['card', 'version', 'background', 'allowed labels', 'what it is'],
            [(card.name, str(card.version), card.background, card.label_access, card.summary)
             for card in PROTOCOLS.values()], 'zs3-clean is the default; no table mixes two cards')


def networks(*_: object) -> tuple[list[str], list[Sequence[str]], str]:
    """The same of the DeepLab configs."""
    from mmengine.config import Config

    from zs_methods.config_files import config_root, model_names
    from zs_methods.datasets.spec import available, load_spec
    from zs_methods.network_choice import backbone_name

    default: dict[str, list[str]] = {}
    for name in available():
        default.setdefault(load_spec(name).model, []).append(name)
    rows = []
    for name in model_names():
        config = Config.fromfile(config_root() / 'deeplab' / f'{name}.py')
        rows.append((name, backbone_name(config), str(config.get('backbone_weights') or 'none'),
                     str(config.get('pretraining', 'none')), ', '.join(default.get(name, ())) or '-'))
    return (['network', 'backbone', 'weights', 'trained on', 'default of'], rows,
            'A config file of yours may stand in place of a name; no table mixes two networks')


def launchers(*_: object) -> tuple[list[str], list[Sequence[str]], str]:
    """The same of the launchers."""
    from benchmark.launchers.base import LAUNCHERS, launcher_names

    rows = [(name, (LAUNCHERS.get(name).__doc__ or '').strip().split('\n')[0].replace('``', ''))
            for name in launcher_names()]
    return ['launcher', 'what it is'], rows, 'local is the default; none changes a number'


KINDS: Mapping[str, object] = MappingProxyType(
    {'methods': methods, 'datasets': datasets, 'cards': cards, 'networks': networks, 'launchers': launchers})


def show(titles: Sequence[str], rows: Iterable[Sequence[str]], note: str, console: Console) -> None:
    """Prints a table and, below it, its note."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, title in enumerate(titles):
        table.add_column(title, overflow='fold', no_wrap=not index)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(Text(note))
    console.print()
