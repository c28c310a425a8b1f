"""Writes a method of one's own to begin with: a plugin file, its config and a test; see ``--help``."""

from __future__ import annotations

import keyword
import re
from argparse import Namespace
from pathlib import Path

from benchmark import ROOT
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError, check_writable

TEMPLATES = Path(__file__).with_name('templates')
#: Template -> the file that it becomes.
FILES = {'method.py.j2': '{name}.py', 'config.py.j2': '{name}_config.py', 'test.py.j2': 'test_{name}.py'}
ABOUT = """examples:
  python -m benchmark new-method my_idea
  python -m benchmark new-method my_idea --folder plugins
The method runs as it stands: features of the seen classes with the nearest class vectors stand for those of an unseen
one. No file is overwritten.
exit codes: 0 written, 2 wrong call, a name that is taken or a file that is there"""


def add_arguments(parser: Parser) -> None:
    """Adds the name and where to."""
    parser.add_argument('name', metavar='NAME', help='of the method: letters, digits and _, such as my_idea')
    parser.add_argument('--folder', type=Path, default=Path(), metavar='DIR',
                        help='where to write (default: the current folder)')


def run(args: Namespace) -> int:
    """Writes three files and says what to do with them.

    Raises:
        UsageError: a name that is none or taken, or a file that is there already.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    import zs_methods.methods  # noqa: F401  registers the methods
    from zs_methods.own_registries import METHODS

    name = args.name
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name) or keyword.iskeyword(name):
        near = re.sub(r'\W+', '_', name).strip('_').lower()
        raise UsageError(f'{name!r} is no name of a method: small letters, digits and _, a letter first' + (
            f'; did you mean {near!r}?' if re.fullmatch(r'[a-z][a-z0-9_]*', near) else ''))
    if name in METHODS.module_dict or (ROOT / 'configs' / name).exists():
        raise UsageError(f'{name!r} is taken; choose another name')
    check_writable('--folder', args.folder)
    files = {args.folder / target.format(name=name): template for template, target in FILES.items()}
    for path in files:
        if path.exists():
            raise UsageError(f'{path}: there already')
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True)
    args.folder.mkdir(parents=True, exist_ok=True)
    for path, template in files.items():
        path.write_text(environment.get_template(template).render(
            name=name, title=''.join(part.capitalize() for part in name.split('_')), checkout=repr(str(ROOT))),
            encoding='utf-8')
        print(path)
    plugin = next(iter(files))
    print(f'check it: python -m benchmark check --methods {name} --plugin {plugin}')
    print(f'run it:   python benchmark/run.py --methods {name} --ks 2 --plugin {plugin}')
    return 0


COMMAND = Command('new-method', 'Write a method of your own to begin with: a plugin file, its config and a test.',
                  ABOUT, add_arguments, run)
main = COMMAND.main
