"""The speed measurement; its result is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmark.perf import __file__ as perf_file


@pytest.mark.slow
def test_the_last_line_is_the_ratio(tmp_path):
    done = subprocess.run([sys.executable, perf_file, 'generator', '--repeats', '1'], cwd=tmp_path,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'ratio \d+\.\d\d', done.stdout.splitlines()[-1])
    assert float(done.stdout.split()[-1]) > 0


@pytest.mark.parametrize('words', [('nothing',), ()])
def test_only_known_measurements_are_taken(words, capsys):
    from benchmark.perf import main
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert 'generator' in capsys.readouterr().err or not words
