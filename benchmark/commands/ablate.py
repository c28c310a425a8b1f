"""Runs all variants of an ablation as rows of the report; see ``--help``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console

from benchmark import ROOT, terminal
from benchmark.arguments import Parser
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.planning.plan import Cell

FOLDER = ROOT / 'configs' / 'ablations'
EXAMPLES = """examples:
  python -m benchmark ablate --list
  python -m benchmark ablate unseen_weight --ks 2,10 --seeds 0,1,2
  python -m benchmark ablate layout --ks 2 --dry-run
Every other option is that of run.py. An ablation is a file of configs/ablations; its variants become rows of the
report, the one that equals a method's own settings is that method's row.
exit codes: those of run.py."""


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class Variant(_Part):
    """One row.

    Attributes:
        evidence (str): where its values are from: ``code`` or ``source`` read, ``memory``, or ``assumption``.
        set (dict): settings by dotted key, as ``--cfg-options`` takes them.
        protocol (str, optional): the only card under which it runs; all of the ablation's by default.
    """

    evidence: Literal['code', 'source', 'memory', 'assumption']
    set: dict[str, Any] = Field(min_length=1)
    protocol: str | None = None


class Ablation(_Part):
    """One question, and the settings that answer it.

    Attributes:
        title (str): a few words.
        question (str): one sentence.
        methods (tuple[str, ...]): whose settings are varied; floor and ceiling join them.
        protocols (tuple[str, ...]): cards.
        set (dict): settings that all variants share.
        variants (dict[str, Variant]): by name.
    """

    title: str
    question: str
    methods: tuple[str, ...] = Field(min_length=1)
    protocols: tuple[str, ...] = Field(('zs3-clean',), min_length=1)
    set: dict[str, Any] = {}
    variants: dict[str, Variant] = Field(min_length=2)

    def options(self, protocol: str) -> dict[str, dict[str, Any]]:
        """Settings of every variant that runs under a card, by its name."""
        return {name: {**self.set, **variant.set} for name, variant in self.variants.items()
                if protocol == variant.protocol or (variant.protocol is None and protocol in self.protocols)}

    @property
    def cards(self) -> list[str]:
        """All cards under which a variant runs."""
        named = [variant.protocol for variant in self.variants.values()]
        return list(dict.fromkeys([*(self.protocols if None in named else ()), *filter(None, named)]))


def load_ablation(name: str) -> Ablation:
    """Reads ``configs/ablations/<name>.yaml``.

    Raises:
        UsageError: unknown name, or a file that is no ablation; one line.
    """
    from benchmark.planning.options import known

    file = FOLDER / f'{known("ablation", name, available())}.yaml'
    try:
        return Ablation.model_validate(yaml.safe_load(file.read_text(encoding='utf-8')))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f'{file}: {".".join(map(str, first["loc"]))}: {first["msg"]}') from None
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f'{file}: {" ".join(str(error).split())}') from None


def available() -> list[str]:
    """Names of the ablations."""
    return sorted(path.stem for path in FOLDER.glob('*.yaml'))


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: the exit code, as that of ``run.py``.
    """
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg|PIL')
    try:
        return _run(argv)
    except (UsageError, ImportError) as error:
        print(f'ablate.py: {error}', file=sys.stderr)
        return 2


def _run(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    # Not the parser's: what follows an option of run.py, which it does not know, would be taken for the name.
    name = words.pop(0) if words and not words[0].startswith('-') else None
    parser = Parser(prog='ablate.py', epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
                    description='Run all variants of an ablation.', allow_abbrev=False,
                    usage='ablate.py NAME [--methods NAMES] [--protocol NAME] [options of run.py]')
    parser.add_argument('--list', action='store_true', help='print the ablations and stop')
    parser.add_argument('--methods', help="instead of the ablation's own")
    parser.add_argument('--protocol', help="only this one of the ablation's cards")
    own, rest = parser.parse_known_args(words)
    console = terminal.console(100)

    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    if own.list:
        for known in available():
            say(f'{known:<28} {load_ablation(known).question}')
        return 0
    if name is None:
        raise UsageError(f'name an ablation; known: {", ".join(available())}')
    ablation = load_ablation(name)
    if own.protocol and own.protocol not in ablation.cards:
        raise UsageError(f'--protocol {own.protocol}: {name} runs under {", ".join(ablation.cards)}')
    say(f'{ablation.title}: {ablation.question}')
    methods = own.methods or ','.join(ablation.methods)
    plans = [plan(ablation, [*rest, '--methods', methods, '--protocol', card])
             for card in ([own.protocol] if own.protocol else ablation.cards)]
    return max([_execute(args, cells, console, say) for args, cells in plans])


def plan(ablation: Ablation, words: Sequence[str]) -> tuple[argparse.Namespace, list[Cell]]:
    """The cells of all variants under one card, each once.

    Args:
        ablation (Ablation): what to vary.
        words (Sequence[str]): a command line of ``run.py``.

    Raises:
        UsageError: a wrong call, a setting that no method has, or one that both set.
    """
    from benchmark.planning import options
    from benchmark.planning.request import plan_cells

    args = options.parse(words)
    args.device = options.select_device(args.device)
    given, cells = dict(args.cfg_options), {}
    for name, settings in ablation.options(args.protocol).items():
        if both := sorted(settings.keys() & given.keys()):
            raise UsageError(f'--cfg-options {both[0]}: the ablation sets it itself, in {name!r}')
        args.cfg_options = {**given, **settings}
        cells |= {cell.file_name: cell for cell in plan_cells(args)}
    return args, list(cells.values())


def _execute(args: argparse.Namespace, cells: list[Cell], console: Console, say: Any) -> int:
    from benchmark.commands.run import run_cells
    from benchmark.planning.plan import trie_lines
    from benchmark.store.artifacts import ArtifactStore

    store = ArtifactStore(args.work_dir / 'artifacts', warn=say)
    if not args.dry_run:
        return run_cells(args, cells, store, console, 'ablate.py')
    for line in trie_lines(cells, store, args.force):
        say(line)
    for cell in cells:
        what = f'skipped: {cell.skip}' if cell.skip else ' '.join(f'{k}={v}' for k, v in cell.id.variant.items())
        say(f'{cell.label}  {args.protocol}  {what or "own settings"}')
    return 0
