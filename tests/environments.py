"""Commands in environments that people really have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmark.commands import NAMES as COMMANDS

__all__ = ['COMMANDS', 'DOOR', 'HEAVY', 'NARROW', 'NOBODY', 'call', 'can_be_nobody']

ROOT = Path(__file__).resolve().parents[1]
DOOR = ROOT / 'benchmark'
#: What takes longer to import than a help text may: a second and more in all.
HEAVY = ('torch', 'mmengine', 'mmcv', 'mmseg', 'pandas', 'matplotlib', 'scipy')
#: Runs a command, and fails if it has imported one of some packages.
WATCHED = """import atexit, os, sys
refused = set(sys.argv.pop(1).split(','))
def look():
    if found := refused & set(sys.modules):
        print('imported:', *found, file=sys.stderr, flush=True)
        os._exit(99)
atexit.register(look)
from benchmark.commands import main
sys.exit(main())
"""
#: Variables that leave a terminal with nothing but ASCII, or Latin-1.
NARROW = {
    'ascii': {'PYTHONIOENCODING': 'ascii'}, 'latin-1': {'PYTHONIOENCODING': 'latin-1'},
    'C': {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0', 'PYTHONIOENCODING': None}}
#: A user without a name and a home; who may read all, since interpreter and sources may lie in another one's home.
NOBODY = ('setpriv', '--reuid', '12345', '--clear-groups', '--inh-caps', '+dac_read_search', '--ambient-caps',
          '+dac_read_search')


def call(command, *words, before=(), cwd=None, variables=None, without=(), **options):
    """Runs a command in a process of its own, by the folder of the harness; a variable that is None is unset.

    It fails if it imports one of the packages `without`.
    """
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), **(variables or {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
    door = ['-c', WATCHED, ','.join(without)] if without else [DOOR]
    return subprocess.run([*before, sys.executable, '-W', 'ignore', *door, command, *map(str, words)], env=environment,
                          cwd=cwd, timeout=500, check=False, **options)


def can_be_nobody():
    """Whether a process may be started as `NOBODY`."""
    return os.getuid() == 0 and shutil.which('setpriv') is not None and \
        subprocess.run([*NOBODY, sys.executable, '-c', ''], check=False, capture_output=True).returncode == 0
