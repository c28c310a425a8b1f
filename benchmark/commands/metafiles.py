"""Writes what follows from methods and published tables into configs/<method>/metafile.yaml and model-index.yml."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import ROOT, terminal
from benchmark.errors import Parser, UsageError

CONFIGS = ROOT / 'configs'
ABOUT = """\
By hand are the Collections of a metafile: paper, code and a description. A new method needs them first; the command
adds its Models.

exit codes: 0 written, or up to date with --check; 1 some are not; 2 wrong call, or a metafile that cannot be read
"""


def files(folder: Path = CONFIGS) -> dict[Path, str]:
    """The metafile of every method of this repository, and their index, as they should be.

    Raises:
        PublishedError: a method has no metafile, or none that can be read; one line.
    """
    import zs_methods.methods  # noqa: F401  registers the methods
    from benchmark.reporting.published.metafiles import INDEX, Metadata, index, rendered
    from zs_methods.registry import METHODS

    built_in = {name: method for name, method in METHODS.module_dict.items()
                if method.__module__.startswith('zs_methods.')}
    said = {name: Metadata.model_validate({
        'Role': method.role, 'Setting': method.setting, 'Reads Unseen Labels': method.reads_unseen_gt})
        for name, method in built_in.items()}
    return {**{folder / name / 'metafile.yaml': rendered(name, said[name], folder) for name in sorted(said)},
            folder.parent / INDEX: index(said)}


def outdated(folder: Path = CONFIGS) -> list[Path]:
    """The files that are not as they should be.

    Raises:
        PublishedError: as `files`.
    """
    return [path for path, text in files(folder).items()
            if not path.is_file() or path.read_text(encoding='utf-8') != text]


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line: 0 when all files are up to date, 1 if ``--check`` finds some that are not, 2 otherwise."""
    from benchmark.reporting.published.facts import PublishedError

    parser = Parser(prog='metafiles.py', description=__doc__, epilog=ABOUT)
    parser.add_argument('--check', action='store_true', help='write nothing, name the files that are out of date')
    parser.add_argument('--configs', type=Path, default=CONFIGS, metavar='DIR',
                        help='folder with a folder per method (default: configs)')
    try:
        args = parser.parse_args(argv)
        found = outdated(args.configs)
    except (UsageError, PublishedError) as error:
        print(f'{parser.prog}: {error}', file=sys.stderr)
        return 2
    if not args.check:
        for path, text in files(args.configs).items():
            if path in found:
                path.write_text(text, encoding='utf-8', newline='\n')
    for path in found:
        print(path)
    return 1 if args.check and found else 0
