"""Walls between the rooms: who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imports(file: Path) -> Iterator[str]:
    """Full names of the modules that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{file}: import by full name'
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def importers(package: str, files: Iterator[Path]) -> list[str]:
    """Those of some files that import a package."""
    return [str(file.relative_to(ROOT)) for file in files if any(
        name == package or name.startswith(f'{package}.') for name in imports(file))]


@pytest.mark.parametrize('folder', ['zs_methods', 'configs', 'tests/zs_methods'])
def test_the_science_knows_nothing_of_the_harness(folder):
    files = list((ROOT / folder).rglob('*.py'))
    assert files and importers('benchmark', files) == []


def test_what_tests_of_the_science_share_knows_nothing_of_the_harness():
    """The fixtures, and every module of tests/ that a test of zs_methods imports."""
    names = {name for file in (ROOT / 'tests' / 'zs_methods').rglob('*.py') for name in imports(file)} | {'conftest'}
    shared = [ROOT / 'tests' / f'{name}.py' for name in sorted(names) if (ROOT / 'tests' / f'{name}.py').is_file()]
    assert len(shared) > 2 and importers('benchmark', shared) == []


def test_a_report_needs_no_torch():
    code = ('import importlib, pkgutil, sys, benchmark.reporting as room\n'
            'names = [module.name for module in pkgutil.walk_packages(room.__path__, "benchmark.reporting.")]\n'
            'for name in names: importlib.import_module(name)\n'
            'print(len(names), [name for name in ("torch", "mmengine", "mmcv", "mmseg", "gensim") '
            'if name in sys.modules])')
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, cwd=ROOT,
                          check=False)
    number, found = done.stdout.split(maxsplit=1)
    assert int(number) > 15 and found.strip() == '[]', done.stderr


@pytest.mark.parametrize('module', [
    'compat', 'datasets', 'evaluation.scores', 'hashes', 'protocols', 'task', 'wording'])
def test_light_modules_stay_light(module):
    """What a report, a plan of the data or a command line may import."""
    code = (f'import sys, zs_methods.{module}; '
            'print([name for name in ("torch", "mmengine", "mmcv", "mmseg", "gensim") if name in sys.modules])')
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, cwd=ROOT,
                          check=False)
    assert done.stdout.strip() == '[]', done.stdout + done.stderr
