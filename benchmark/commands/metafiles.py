"""Writes what follows from methods and published tables: configs/<method>/metafile.yaml, model-index.yml and a page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import ROOT
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError

CONFIGS = ROOT / 'configs'
#: The page on methods, beside the configs' folder where there is a documentation.
PAGE = Path('docs', 'methods.md')
ABOUT = """\
By hand are the Collections of a metafile: paper, code and a description. A new method needs them first; the command
adds its Models, and tells of it on docs/methods.md.

exit codes: 0 written, or up to date with --check; 1 some are not; 2 wrong call, or a metafile that cannot be read
"""


def files(folder: Path = CONFIGS) -> dict[Path, str]:
    """The metafile of every method of this repository, their index and the page on them, as they should be.

    Raises:
        PublishedError: a method has no metafile, or none that can be read; one line.
        ConfigError: the config of a method is wrong; one line.
    """
    import zs_methods.methods  # noqa: F401  registers the methods
    from benchmark.reporting.published.metafiles import INDEX, Metadata, index, rendered
    from zs_methods.registry import METHODS

    built_in = {name: method for name, method in METHODS.module_dict.items()
                if method.__module__.startswith('zs_methods.')}
    said = {name: Metadata.model_validate({
        'Role': method.role, 'Setting': method.setting, 'Reads Unseen Labels': method.reads_unseen_gt})
        for name, method in built_in.items()}
    found = {**{folder / name / 'metafile.yaml': rendered(name, said[name], folder) for name in sorted(said)},
             folder.parent / INDEX: index(said)}
    if (folder.parent / PAGE.parent).is_dir():
        from benchmark.commands.method_page import page
        found[folder.parent / PAGE] = page(built_in, folder)
    return found


def outdated(folder: Path = CONFIGS) -> list[Path]:
    """The files that are not as they should be.

    Raises:
        PublishedError: as `files`.
    """
    return [path for path, text in files(folder).items()
            if not path.is_file() or path.read_text(encoding='utf-8') != text]


def add_arguments(parser: Parser) -> None:
    """Adds what to do, and where."""
    parser.add_argument('--check', action='store_true', help='write nothing, name the files that are out of date')
    parser.add_argument('--configs', type=Path, default=CONFIGS, metavar='DIR',
                        help='folder with a folder per method (default: configs)')


def run(args: Namespace) -> int:
    """Writes, or only names, what is out of date."""
    from benchmark.reporting.published.facts import PublishedError
    from zs_methods.configs import ConfigError

    try:
        found = outdated(args.configs)
    except (PublishedError, ConfigError) as error:
        raise UsageError(str(error)) from None
    if not args.check:
        for path, text in files(args.configs).items():
            if path in found:
                path.write_text(text, encoding='utf-8', newline='\n')
    for path in found:
        print(path)
    return 1 if args.check and found else 0


COMMAND = Command('metafiles', 'Write the metafiles of all methods, their index and the page on them.', ABOUT,
                  add_arguments, run)
main = COMMAND.main
