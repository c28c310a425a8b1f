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
            # The modules of a method's package import each other relatively, so that it could be a plugin.
            here = file.relative_to(ROOT).parts[:-node.level] if node.level else ()
            module = '.'.join([*here, *filter(None, [node.module])])
            yield module
            yield from (f'{module}.{alias.name}' for alias in node.names)


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


#: From the highest room to the lowest; one imports only what stands after it.
ORDER = {
    'benchmark': ('__main__', 'run', 'commands', 'api', 'checking', 'launchers', 'running', 'planning', 'reporting',
                  'records', 'store', 'stats', 'errors', 'surroundings'),
    'zs_methods': ('__main__', 'configs', 'network_choice', 'config_files', 'methods', 'stages', 'engine', 'models',
                   'evaluation', 'task', 'datasets', 'vectors', 'plugins', 'protocols', 'registry', 'own_registries',
                   'compat', 'hashes', 'wording')}


def rooms(package: str) -> dict[Path, str]:
    """File -> the part of a package that it lies in; those of the package itself left out."""
    root = ROOT / package
    parts = {file: file.relative_to(root).with_suffix('').parts for file in root.rglob('*.py')}
    return {file: part[0] for file, part in parts.items() if part != ('__init__',)}


@pytest.mark.parametrize('package', list(ORDER))
def test_no_room_imports_a_higher_one(package):
    order, found = ORDER[package], rooms(package)
    assert set(found.values()) == set(order), 'a room without a place in the order, or a place without a room'
    wrong = sorted({f'{file.relative_to(ROOT)} imports {name}' for file, room in found.items() for name in imports(file)
                    if name.startswith(f'{package}.') and (other := name.split('.')[1]) in order
                    and order.index(other) < order.index(room)})
    assert wrong == []


def test_the_harness_stays_small():
    """Rooms and arrows between them; whoever adds one has a reason."""
    found = rooms('benchmark')
    arrows = {(room, name.split('.')[1]) for file, room in found.items() for name in imports(file)
              if name.startswith('benchmark.') and name.split('.')[1] in ORDER['benchmark']}
    assert len(set(found.values())) <= 14 and len([arrow for arrow in arrows if arrow[0] != arrow[1]]) <= 41


def test_nobody_imports_the_main_command_by_its_path():
    """It is a door for people; as a module, its name would hide the function `benchmark.run`."""
    files = [file for folder in ('benchmark', 'tests') for file in (ROOT / folder).rglob('*.py')]
    assert importers('benchmark.run', files) == []


def test_a_launcher_knows_no_other_one():
    """But for `registered`, which lists them; what all share is no launcher."""
    folder = ROOT / 'benchmark' / 'launchers'
    names = {f'benchmark.launchers.{file.stem}' for file in folder.glob('*.py')
             if 'LAUNCHERS.register_module' in file.read_text(encoding='utf-8')}
    assert len(names) >= 4
    wrong = [f'{file.name} imports {name}' for file in folder.glob('*.py') if file.stem != 'registered'
             for name in imports(file) if name in names]
    assert wrong == []


def test_every_test_of_a_package_lies_where_the_mirror_says():
    """A test module is about a module of its name, or has a room or a subject that several modules share."""
    lost = []
    for package in ORDER:
        folders = {path.relative_to(ROOT) for path in (ROOT / package).rglob('*') if path.is_dir()} | {Path(package)}
        for file in (ROOT / 'tests' / package).rglob('test_*.py'):
            folder = file.parent.relative_to(ROOT / 'tests')
            single = folder.with_suffix('.py')  # tests of one module may fill a folder
            if folder not in folders and not (ROOT / single).is_file():
                lost.append(str(file.relative_to(ROOT)))
    assert lost == []


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
