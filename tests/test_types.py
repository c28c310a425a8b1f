"""The types of what others build on: see ``[tool.mypy]`` in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize('package', ['benchmark', 'zs_methods'])
def test_a_package_says_that_it_has_types(package: str) -> None:
    assert (ROOT / package / 'py.typed').is_file()


@pytest.mark.slow
def test_they_are_right(tmp_path: Path) -> None:
    pytest.importorskip('mypy', reason="mypy is not installed: pip install -e '.[test]'")
    done = subprocess.run([sys.executable, '-m', 'mypy', '--cache-dir', str(tmp_path)], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
