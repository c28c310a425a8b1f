"""Runs all variants of an ablation as rows of the report."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark import ROOT
from benchmark.commands import terminal
from benchmark.commands.command import Command
from benchmark.commands.requests import add_arguments, request_of, run_options_of
from benchmark.errors import UsageError, known
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions

if TYPE_CHECKING:
    from benchmark.planning.plan import Cell

FOLDER = ROOT / 'configs' / 'ablations'
ABOUT = """examples:
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


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', nargs='?', help='of the ablation, see --list')
    parser.add_argument('--list', action='store_true', help='print the ablations and stop')
    parser.add_argument('--dry-run', action='store_true', help='print the plan and stop')
    add_arguments(parser)
    parser.set_defaults(methods=None, protocol=None)  # the ablation's own


def _run(args: argparse.Namespace) -> int:
    console = terminal.console(100)
    if args.list:
        for name in available():
            console.print(f'{name:<28} {load_ablation(name).question}', highlight=False, markup=False, soft_wrap=True)
        return 0
    if args.name is None:
        raise UsageError(f'name an ablation; known: {", ".join(available())}')
    from benchmark.commands.execution import run_cells, say, show_plan
    from benchmark.launchers.sweep import check_options

    ablation = load_ablation(args.name)
    if args.protocol and args.protocol not in ablation.cards:
        raise UsageError(f'--protocol {args.protocol}: {args.name} runs under {", ".join(ablation.cards)}')
    say(console, f'{ablation.title}: {ablation.question}')
    cards = [args.protocol] if args.protocol else ablation.cards
    request, options = request_of(args, ablation.methods, cards[0]), run_options_of(args)
    check_options(request, options, args.reports)
    plans = [plan(ablation, replace(request, protocol=card), options) for card in cards]
    if not args.dry_run:
        return max([run_cells(cells, options, args.reports, console) for cells in plans])
    for cells in plans:
        show_plan(cells, options, console)
        for cell in cells:
            if not cell.skip:
                variant = ' '.join(f'{key}={value}' for key, value in cell.id.variant.items())
                say(console, f'{cell.label}  {cell.id.protocol}  {variant or "own settings"}')
    return 0


def plan(ablation: Ablation, request: Request, options: RunOptions) -> list[Cell]:
    """The cells of all variants under one card, each once.

    Args:
        ablation (Ablation): what to vary.
        request (Request): its methods, on data, under the card.
        options (RunOptions): how they will be run.

    Raises:
        UsageError: a wrong request, a setting that no method has, or one that both set.
    """
    from benchmark.planning.cells import plan_cells

    cells = {}
    for name, settings in ablation.options(request.protocol).items():
        if both := sorted(settings.keys() & request.options.keys()):
            raise UsageError(f'--cfg-options {both[0]}: the ablation sets it itself, in {name!r}')
        variant = replace(request, options={**request.options, **settings})
        cells |= {cell.file_name: cell for cell in plan_cells(variant, options)}
    return list(cells.values())


COMMAND = Command('ablate', 'Run all variants of an ablation as rows of the report.', ABOUT, _arguments, _run)
main = COMMAND.main
