"""``import benchmark as gzs3``: what the commands do, as functions, with the same cells, numbers and errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from environments import HEAVY, ROOT
from fakes import fake_record, fake_sweep, save_all, scored_record

import benchmark as gzs3
from benchmark import api
from benchmark.commands import NAMES, export, module_of
from benchmark.records.files import save_record
from benchmark.reporting.export import COLUMNS
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.terminal import unified
from zs_methods.registry import METHODS

TOY_PLUGIN = Path(__file__).with_name('toy_plugin.py')


@pytest.fixture
def folders(untouched):
    """The folders of `untouched` as arguments."""
    return {name.removeprefix('--').replace('-', '_'): folder for name, folder in untouched.items()}


@pytest.fixture
def toys(toy, monkeypatch):
    """The toy methods alone: no floor, no ceiling, no data set."""
    for bound in ('seen_only', 'oracle'):
        del METHODS.module_dict[bound]
    monkeypatch.setattr('benchmark.planning.data.prepare_data', lambda *_: {'argv': ['run.py']})
    return toy


def test_importing_it_imports_nothing_heavy():
    code = f'import sys, benchmark; print(dir(benchmark), [name for name in {HEAVY} if name in sys.modules])'
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, cwd=ROOT,
                          check=False)
    assert all(repr(name) in done.stdout for name in api.__all__) and done.stdout.endswith('[]\n'), done.stderr


def test_its_names_are_the_functions_whatever_else_is_imported():
    for name in NAMES:
        module_of(name)
    assert all(getattr(gzs3, name) is getattr(api, name) for name in api.__all__)
    assert set(api.__all__) <= set(gzs3.__all__)
    with pytest.raises(AttributeError, match="'benchmark' has no attribute 'rnu'"):
        gzs3.rnu  # noqa: B018


def test_what_it_trains_the_command_finds(toys, folders, run_py, capsys):
    records = gzs3.run('toy_ok', 2, seeds=range(2), plugin=TOY_PLUGIN, launcher='inline', device='cpu', quiet=True,
                       **folders)
    assert capsys.readouterr().out == ''
    assert [(one.cell.method, one.cell.k, one.cell.seed, one.status.value) for one in records] == [
        ('toy_ok', 2, 0, 'done'), ('toy_ok', 2, 1, 'done')]
    files = {path: path.read_bytes() for path in sorted((folders['reports'] / 'records').iterdir())}
    calls = len(toys.CALLS)
    assert calls and (folders['reports'] / 'shapes.md').is_file()
    assert run_py('--methods', 'toy_ok', '--ks', 2, '--seeds', '0,1', '--plugin', TOY_PLUGIN) == 0
    assert len(toys.CALLS) == calls and {path: path.read_bytes() for path in files} == files
    assert gzs3.load(folders['reports']) == records
    assert records[0].provenance['argv'][:3] == ['benchmark.run', 'methods=toy_ok', 'ks=2']
    assert ', 0 to run' in gzs3.plan('toy_ok', 2, plugin=TOY_PLUGIN, device='cpu', **folders)


def test_a_cell_that_fails_is_returned_with_its_reason(toys, folders):
    (record,) = gzs3.run('toy_fail', [2], plugin=TOY_PLUGIN, launcher='inline', device='cpu', quiet=True, **folders)
    assert record.status.value == 'failed' and record.reason


@pytest.mark.parametrize(('options', 'words'), [
    ({'methods': 'zs4', 'ks': 2}, '--methods zs4 --ks 2'),
    ({'methods': [], 'ks': 2}, '--methods , --ks 2'),
    ({'methods': ['zs3'], 'ks': [2, 3]}, '--methods zs3 --ks 2,3'),
    ({'ks': 2, 'seeds': [-1]}, '--ks 2 --seeds -1'),
    ({'ks': 2, 'workers': 0}, '--ks 2 --workers 0'),
    ({'ks': 2, 'processes': 0}, '--ks 2 --processes 0'),
    ({'ks': 2, 'device': 'gpu'}, '--ks 2 --device gpu'),
    ({'ks': 2, 'launcher': 'lokal'}, '--ks 2 --launcher lokal'),
    ({'ks': 2, 'plugin': 'gone.py'}, '--ks 2 --plugin gone.py'),
    ({'ks': 2, 'monitor': 'tensorbord'}, '--ks 2 --monitor tensorbord'),
    ({'ks': 2, 'cfg_options': {'classifier.wieght': 1}}, '--ks 2 --cfg-options classifier.wieght=1'),
    ({'dataset': 'shape', 'splits': 'a'}, '--dataset shape --splits a')])
def test_a_wrong_call_says_what_the_command_says(options, words, folders, run_py, capsys):
    assert run_py(*words.split()) == 2
    line = capsys.readouterr().err.rstrip('\n')
    with pytest.raises(gzs3.UsageError) as raised:
        gzs3.run(**{'launcher': 'inline', 'device': 'cpu', **options, **folders})
    assert f'run.py: {raised.value}' == line


def test_an_unknown_option_is_a_wrong_call():
    with pytest.raises(gzs3.UsageError, match=r"unknown option 'thread': did you mean 'threads'\?"):
        gzs3.plan('zs3', 2, thread=1)


def test_the_callers_gpus_are_its_own(folders, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3,5')
    with pytest.raises(gzs3.UsageError):
        gzs3.plan('zs4', 2, device='cpu', **folders)
    assert os.environ['CUDA_VISIBLE_DEVICES'] == '3,5'


def test_a_frame_is_what_export_writes(tmp_path):
    records = [*fake_sweep(), fake_record('zs5', status='failed', reason='out of memory')]
    save_all(records, tmp_path)
    assert export.main(['--dataset', 'shapes', '--reports', str(tmp_path), '--out', str(tmp_path)]) == 0
    written = pd.read_csv(tmp_path / 'results.csv')
    for source in (tmp_path, str(tmp_path), gzs3.load(tmp_path)):
        frame = gzs3.frame(source)
        assert tuple(frame.columns) == COLUMNS and len(frame) == 25
        np.testing.assert_allclose(frame['hiou'].astype(float), written['hiou'])
        assert frame['key'].tolist() == written['key'].tolist()
    assert gzs3.frame([]).empty and tuple(gzs3.frame([]).columns) == COLUMNS


def test_a_table_is_that_of_the_pages(tmp_path):
    records = [scored_record(name, quality, seed=seed) for name, quality in (('zs3', 60), ('zsmmd', 80))
               for seed in (0, 1)]
    (dataset,) = by_dataset(records)
    found = gzs3.table(records)
    pd.testing.assert_frame_equal(found, unified(dataset.sections[0]))
    assert found.attrs['title'].startswith('shapes, protocol zs3-clean, network tiny')
    assert gzs3.table(save_all(records, tmp_path), methods='zs3')['method'].tolist() == ['zs3']
    board = gzs3.table(records, kind='leaderboard')
    assert board[['K', 'rank', 'method']].values.tolist() == [['2', '1', 'zsmmd'], ['2', '2', 'zs3']]


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'dataset': 'shape'}, "unknown data set with records 'shape': did you mean 'shapes'"),
    ({'protocol': 'spnet'}, "unknown protocol of its records 'spnet'"),
    ({'methods': 'zs4'}, "unknown method of these records 'zs4'"),
    ({'kind': 'leaderbord'}, "unknown kind 'leaderbord': did you mean 'leaderboard'"),
    ({'kind': 'leaderboard', 'methods': 'zs3'}, 'a leaderboard ranks all methods')])
def test_what_no_table_shows(arguments, message):
    with pytest.raises(gzs3.UsageError, match=message):
        gzs3.table([fake_record()], **arguments)


def test_a_folder_without_records(tmp_path):
    for function in (gzs3.load, gzs3.frame, gzs3.table):
        with pytest.raises(gzs3.UsageError, match='no such folder; a finished run leaves its records there'):
            function(tmp_path)


def test_a_finished_cell_predicts(untrained, tmp_path):
    record = fake_record('zs3', key='abc')
    save_record(record, tmp_path / 'records' / 'shapes_k2_zs3-clean_tiny_zs3_seed0_1.json')
    place = {'reports': tmp_path, 'work_dir': untrained.parents[1], 'device': 'cpu'}
    image = np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    found = [gzs3.model(*cell, **place).predict(image)
             for cell in (['zs3', 2], ['k2_zs3-clean_tiny_zs3'], [record], [untrained])]
    assert found[0][0].shape == (30, 41) and all((ids == found[0][0]).all() for ids, _ in found)


@pytest.mark.parametrize(('cell', 'options', 'message'), [
    ('zs3', {'k': 4}, 'no record of zs3 at K=4 on shapes; run it first'),
    ('zs9', {}, "no file and no record in .* is called 'zs9'"),
    (fake_record(key='x'), {}, 'shapes k2 zs3 seed 0 has a record, but no model'),
    (fake_record(status='failed', reason='no memory'), {}, 'is failed: no memory'),
    ('MODEL', {'device': 'cuda:77'}, '--device cuda:77: this machine shows')])
def test_what_no_model_is_of(untrained, tmp_path, cell, options, message):
    with pytest.raises(gzs3.UsageError, match=message):
        gzs3.model(untrained if cell == 'MODEL' else cell, **options, reports=tmp_path, work_dir=tmp_path)
