"""The command that writes metafiles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from benchmark.commands.metafiles import main
from benchmark.reporting.published.metafiles import CONFIGS, INDEX, load_metafile


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A copy of all configs and of the index, to be changed."""
    shutil.copy(CONFIGS.parent / INDEX, tmp_path)
    return shutil.copytree(CONFIGS, tmp_path / 'configs')


def edit(path: Path, change) -> None:
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def test_what_is_up_to_date_is_left_alone(configs: Path, capsys: pytest.CaptureFixture) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in configs.parent.rglob('*')
                if path.is_file()}

    before = state()
    assert main(['--check', '--configs', str(configs)]) == main(['--configs', str(configs)]) == 0
    assert capsys.readouterr().out == ''
    assert before == state()


@pytest.mark.parametrize('change', [
    lambda content: content['Models'][0]['Metadata'].update(Setting='transductive'),
    lambda content: content['Models'][0]['Results'].pop(),
    lambda content: content['Models'][0]['Results'][0]['Metrics'].update(hIoU=99.0),
    lambda content: content['Models'].clear()])
def test_what_follows_is_written_again(change, configs: Path, capsys: pytest.CaptureFixture) -> None:
    path = configs / 'zs3' / 'metafile.yaml'
    before = path.read_bytes()
    edit(path, change)
    changed = path.read_bytes()
    assert main(['--check', '--configs', str(configs)]) == 1
    assert capsys.readouterr().out == f'{path}\n' and path.read_bytes() == changed
    assert main(['--configs', str(configs)]) == 0 and path.read_bytes() == before


def test_what_is_by_hand_stays(configs: Path) -> None:
    text = 'A description by hand, long enough to say something: "quotes", numbers 1.0, and a colon. ' * 3
    edit(configs / 'zs5' / 'metafile.yaml', lambda content: content['Collections'][0].update(README=text.strip()))
    assert main(['--configs', str(configs)]) == main(['--check', '--configs', str(configs)]) == 0
    found = load_metafile('zs5', configs)
    assert found.collections[0].readme == text.strip()
    assert found.models == load_metafile('zs5').models


def test_the_index_is_written_anew(configs: Path, capsys: pytest.CaptureFixture) -> None:
    index = configs.parent / INDEX
    before = index.read_bytes()
    index.unlink()
    assert main(['--check', '--configs', str(configs)]) == 1 and capsys.readouterr().out == f'{index}\n'
    assert main(['--configs', str(configs)]) == 0 and index.read_bytes() == before


def test_a_method_without_a_metafile_or_a_wrong_one_is_one_line(configs: Path, capsys: pytest.CaptureFixture) -> None:
    (configs / 'joem' / 'metafile.yaml').unlink()
    edit(configs / 'zs3' / 'metafile.yaml', lambda content: content['Models'].clear())
    before = (configs / 'zs3' / 'metafile.yaml').read_bytes()
    assert main(['--configs', str(configs)]) == 2
    assert f'{configs / "joem" / "metafile.yaml"}' in capsys.readouterr().err
    assert (configs / 'zs3' / 'metafile.yaml').read_bytes() == before
    (configs / 'joem' / 'metafile.yaml').write_text('Collections: [{Name: JoEm}]')
    assert main(['--configs', str(configs)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith('metafile.yaml: Collections.0.Paper: Field required')
