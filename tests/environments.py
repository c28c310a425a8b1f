"""Commands in environments that people really have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ('run', 'report', 'show', 'compare', 'select', 'ablate', 'check', 'prepare', 'published', 'import_zs3',
            'perf')
#: Variables that leave a terminal with nothing but ASCII, or Latin-1.
NARROW = {
    'ascii': {'PYTHONIOENCODING': 'ascii'}, 'latin-1': {'PYTHONIOENCODING': 'latin-1'},
    'C': {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0', 'PYTHONIOENCODING': None}}
#: A user without a name and a home; who may read all, since interpreter and sources may lie in another one's home.
NOBODY = ('setpriv', '--reuid', '12345', '--clear-groups', '--inh-caps', '+dac_read_search', '--ambient-caps',
          '+dac_read_search')


def call(command, *words, before=(), cwd=None, variables=None, **options):
    """Runs a command of benchmark/ in a process of its own; a variable that is None is unset."""
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), **(variables or {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
    script = ROOT / 'benchmark' / f'{command}.py'
    return subprocess.run([*before, sys.executable, '-W', 'ignore', script, *map(str, words)], env=environment, cwd=cwd,
                          timeout=300, check=False, **options)


def can_be_nobody():
    """Whether a process may be started as `NOBODY`."""
    return os.getuid() == 0 and shutil.which('setpriv') is not None and \
        subprocess.run([*NOBODY, sys.executable, '-c', ''], check=False, capture_output=True).returncode == 0
