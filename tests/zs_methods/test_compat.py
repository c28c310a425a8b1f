"""Tests of zs_methods.compat in processes that see made-up versions of what is compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A torchvision that can only be imported once its operator is declared, as one that was built for another torch.
FOREIGN = """
import torch, torchvision.part
print('tried')
if 'torchvision' not in torch.library.declared:
    raise RuntimeError('operator torchvision::nms does not exist')
__version__ = '0'
"""
TORCH = """
class library:
    declared = []
    class Library:
        def __init__(self, name, kind):
            library.declared.append(name)
        def define(self, signature):
            pass
"""
FOUND = '; from zs_methods.compat import found; print(*sorted(found().items()))'


@pytest.fixture
def run(tmp_path):
    """Runs code where these packages, name -> content of its files, stand before the installed ones."""
    def run(code, **packages):
        made_up = {'mmseg': 'import mmcv', 'torch': TORCH, 'torchvision': '', 'mmcv': ''}
        for package, files in {**made_up, **packages}.items():
            files = {'__init__': files} if isinstance(files, str) else files
            for name, content in files.items():
                (tmp_path / package).mkdir(exist_ok=True)
                (tmp_path / package / f'{name}.py').write_text(content)
        return subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=False,
                              env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(tmp_path), str(ROOT)])})
    return run


def test_importing_the_package_imports_nothing_else():
    code = ("import sys; before = set(sys.modules); import zs_methods; "
            "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "['zs_methods']\n"


def test_what_is_real_stays(run):
    done = run('import zs_methods, mmcv._ext; print(mmcv._ext.nms())' + FOUND,
               mmcv={'__init__': '', '_ext': "nms = lambda: 'real nms'"})
    assert done.stdout == "real nms\n('mmcv_ext', 'real') ('torchvision_ops', 'real')\n", done.stderr


def test_what_cannot_be_imported_is_stood_in_for_when_it_is_imported(run):
    done = run("import sys, zs_methods, mmseg; print(type(sys.modules['mmcv._ext']).__name__)" + FOUND,
               torchvision={'__init__': FOREIGN, 'part': ''})
    assert done.stdout == ("_StandIn\ntried\ntried\n"
                           "('mmcv_ext', 'stand-in') ('torchvision_ops', 'stand-in')\n"), done.stderr


def test_a_module_keeps_its_own_loader_and_is_executed_once(run):
    done = run('import zs_methods, importlib.util as util; util.find_spec("mmcv"); import mmcv, torchvision; '
               'print(*(type(module.__spec__.loader).__name__ + type(module.__loader__).__name__ '
               'for module in (mmcv, torchvision)))', mmcv='print(1)', torchvision='print(2)')
    assert done.stdout.split() == ['1', '2', *['SourceFileLoader' * 2] * 2], done.stderr


@pytest.mark.parametrize('first', ['mmcv', 'mmseg', 'torchvision'])
def test_what_was_imported_before_is_looked_at(run, first):
    done = run(f'import {first}, zs_methods, mmcv, mmcv._ext' + FOUND)
    assert done.stdout == "('mmcv_ext', 'stand-in') ('torchvision_ops', 'real')\n", done.stderr


def test_no_torchvision_at_all_is_said(run):
    code = ('import zs_methods; from importlib.machinery import PathFinder; find = PathFinder.find_spec\n'
            "PathFinder.find_spec = lambda name, *more: None if name == 'torchvision' else find(name, *more)\n"
            'None')
    assert run(code + FOUND).stdout == "('mmcv_ext', 'stand-in') ('torchvision_ops', 'absent')\n"


def test_another_failure_of_a_library_stays_one(run):
    done = run('import zs_methods, torchvision', torchvision='import nobody_has_this')
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'nobody_has_this'"
    done = run('import zs_methods, torchvision', torchvision='raise RuntimeError("always")')
    assert done.stderr.splitlines()[-1] == 'RuntimeError: always'


def test_a_second_import_waits_no_second_time(run):
    done = run('import sys, zs_methods; before = list(sys.meta_path); zs_methods.compat.install(); '
               'print(len(sys.meta_path) - len(before))')
    assert done.stdout == '0\n', done.stderr
