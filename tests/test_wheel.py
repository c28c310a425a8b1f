"""The package as others install it: a wheel with the configs and without the harness, and an editable checkout."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = ['--no-deps', '--no-build-isolation', '--no-index', '--quiet', '--disable-pip-version-check']
USE = """
import importlib.util, zs_methods
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from zs_methods.configs import config_root
assert importlib.util.find_spec('benchmark') is None, 'benchmark is installed'
config = Config.fromfile(config_root() / 'deeplab' / 'tiny.py')
init_default_scope('mmseg')
config.model.decode_head.num_classes = 3
print(config_root(), type(MODELS.build(config.model)).__name__)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which('pip') is None and not Path(sysconfig.get_path('purelib'), 'pip').is_dir(),
                       reason='building needs pip'),
    pytest.mark.skipif(int(version('setuptools').split('.')[0]) < 77, reason='building needs setuptools 77'),
]


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of what is built: pip builds inside of the folder it is given."""
    folder = tmp_path_factory.mktemp('source') / 'project'
    folder.mkdir()
    for name in ('zs_methods', 'benchmark', 'configs'):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.py', 'setup.cfg', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE', 'Makefile',
                 'constraints.txt'):
        shutil.copy(ROOT / name, folder)
    return folder


def python(folder):
    """An environment that has this one's packages, except for what is installed in it as editable."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob('lib/python*/site-packages')
    (packages / 'others.pth').write_text(f'{sysconfig.get_path("purelib")}\n', encoding='utf-8')
    return folder / 'bin' / 'python'


def run(*words, cwd):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, cwd=cwd,
                          env={'PATH': '/usr/bin:/bin'})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheel')
    run(sys.executable, '-m', 'pip', 'wheel', *BUILD, '-w', folder, source, cwd=folder)
    return next(folder.glob('*.whl'))


def test_a_wheel_holds_the_configs_and_no_harness(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    configs = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').rglob('*')
               if path.suffix in ('.py', '.yaml')}
    assert len(configs) > 50
    assert {f'zs_methods/.mim/{name}' for name in configs} <= names
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'zs_methods').rglob('*')
            if path.suffix in ('.py', '.yaml', '.txt') or path.name == 'py.typed'}
    assert data <= names
    assert {name.split('/')[0].split('-')[0] for name in names} == {'zs_methods'}


def test_the_plugin_works_from_a_wheel(wheel, tmp_path):
    environment = python(tmp_path / 'env')
    run(environment, '-m', 'pip', 'install', *BUILD, wheel, cwd=tmp_path)
    said = run(environment, '-W', 'ignore', '-c', USE, cwd=tmp_path)
    assert said.split()[0].endswith('site-packages/zs_methods/.mim/configs') and str(tmp_path) in said
    said = run(environment, '-W', 'ignore', '-m', 'zs_methods', cwd=tmp_path)
    assert 'harness: not installed; it runs from a checkout' in said and '.mim/configs' in said


def test_an_editable_checkout_installs_no_harness_either(source, tmp_path):
    environment = python(tmp_path / 'env')
    run(environment, '-m', 'pip', 'install', *BUILD, '-e', source, cwd=tmp_path)
    said = run(environment, '-W', 'ignore', '-c', USE, cwd=tmp_path)
    assert said.split()[0] == str(source / 'configs')
    assert not (source / 'zs_methods' / '.mim').exists()


def test_a_source_archive_can_be_built_and_holds_the_harness(source, tmp_path):
    code = f'from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})'
    run(sys.executable, '-c', code, cwd=source)
    archive = next(tmp_path.glob('*.tar.gz'))
    shutil.unpack_archive(archive, tmp_path / 'unpacked', filter='data')
    (folder,) = (tmp_path / 'unpacked').iterdir()
    for name in ('run.py', 'reporting/published/data/published.yaml', 'reporting/templates/dataset.md.j2'):
        assert (folder / 'benchmark' / name).is_file()
    run(sys.executable, '-m', 'pip', 'wheel', *BUILD, '-w', tmp_path, folder, cwd=tmp_path)
    names = zipfile.ZipFile(next(tmp_path.glob('*.whl'))).namelist()
    assert 'zs_methods/.mim/configs/deeplab/tiny.py' in names
