"""The documentation does what it says: its tutorial runs from a folder outside the repository."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import benchmark
from benchmark.reporting.front import BEGIN, END

ROOT = Path(__file__).resolve().parents[1]
METHOD, NETWORK, LIBRARY = ((ROOT / 'docs' / name).read_text(encoding='utf-8')
                           for name in ('method.md', 'network.md', 'library.md'))


def tutorial_files():
    return dict(re.findall(r'<!-- file: (\S+) -->\n```python\n(.*?)```', METHOD, re.DOTALL))


def test_tutorial_shows_the_worked_example_as_it_is():
    files = tutorial_files()
    assert set(files) == {'ridge_gaussian.py', 'ridge_gaussian_config.py'}
    for name, text in files.items():
        assert text == (ROOT / 'tests/plugins' / name).read_text()


@pytest.mark.slow
def test_tutorial_runs_from_outside_the_repository(tmp_path, micro_root, micro_options):
    for name, text in tutorial_files().items():
        (tmp_path / name).write_text(text)
    command = re.search(r'python (benchmark/run.py) (--methods ridge_gaussian,zs3 .*)', METHOD)
    arguments = command.group(2).replace('path/to/', '').split()
    result = subprocess.run(
        [sys.executable, str(ROOT / command.group(1)), *arguments, '--data-root', str(micro_root),
         '--work-dir', 'work_dirs', '--reports', 'reports', '--cfg-options', *micro_options('generator')],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    records = {record['cell']['method']: record for record in map(
        json.loads, (path.read_text() for path in (tmp_path / 'reports/records').glob('*.json')))}
    assert set(records) == {'seen_only', 'zs3', 'ridge_gaussian', 'oracle'}
    ours, zs3 = records['ridge_gaussian'], records['zs3']
    names = [stage['name'] for stage in ours['stages']]
    assert names == ['seen', 'maps', 'features', 'ridge', 'classifier', 'evaluate']
    assert ours['stages'][1]['key'] == zs3['stages'][1]['key']
    assert ours['stages'][1]['reused'] or zs3['stages'][1]['reused']
    assert ours['label_access']['level'] == 'image-filter'

    snippet = re.search(r'<!-- runs: inference -->\n```python\n(.*?)```', NETWORK, re.DOTALL).group(1)
    snippet = snippet.replace('evaluate-...', f"evaluate-{ours['stages'][-1]['key']}")
    snippet = snippet.replace('data/', f'{micro_root}/')

    result = subprocess.run([sys.executable, '-c', f'{snippet}\nprint(tuple(prediction.data.shape))'],
                            cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert re.search(r'\(1, \d+, \d+\)', result.stdout)


def test_a_backbone_of_ones_own(tmp_path):
    pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")
    from zs_methods.configs import compose
    from zs_methods.task import Task
    name, text = re.search(r'<!-- network: (\S+) -->\n```python\n(.*?)```', NETWORK, re.DOTALL).groups()
    (tmp_path / name).write_text(text.replace('path/to', str(ROOT)))
    composed = compose('zs3', Task.create('shapes', 2, tmp_path), str(tmp_path / name))
    assert composed.network.backbone == 'timm mobilenetv3_large_100'
    assert composed.config.generator.samples == 64  # of the family


def test_the_readme_is_short_and_keeps_the_block_of_the_report():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    before, block, after = text.partition(BEGIN)[0], text.partition(BEGIN)[2].partition(END)[0], text.partition(END)[2]
    assert before and block.strip() and after and len((before + after).splitlines()) <= 120


def test_the_library_has_what_it_names():
    names = set(re.findall(r'gzs3\.(\w+)', LIBRARY))
    assert names <= set(benchmark.__all__) and {'run', 'plan', 'load', 'frame', 'table', 'model'} <= names

