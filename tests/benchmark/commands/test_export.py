"""Results for other programs: CSV with stable columns, LaTeX for booktabs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from environments import call
from fakes import fake_record, fake_sweep, save_all

from benchmark.commands.export import main
from benchmark.reporting.export import COLUMNS


def export(records: list, folder: Path, *words: str) -> tuple[list[dict[str, str]], str]:
    """Exports, and returns the lines of the CSV and the LaTeX."""
    save_all(records, folder)
    assert main(['--dataset', 'shapes', '--reports', str(folder), '--out', str(folder / 'out'), *words]) == 0
    with (folder / 'out' / 'results.csv').open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file)), (folder / 'out' / 'results.tex').read_text(encoding='utf-8')


def test_the_columns_are_the_ones_that_others_read() -> None:
    assert COLUMNS == (
        'dataset', 'data', 'split', 'k', 'protocol', 'protocol_version', 'model', 'weights', 'method', 'variant',
        'settings', 'role', 'setting', 'controls', 'declared_access', 'measured_access', 'seed', 'status', 'reason',
        'seen_miou', 'seen_pa', 'seen_ma', 'unseen_miou', 'unseen_pa', 'unseen_ma', 'overall_miou', 'overall_pa',
        'overall_ma', 'hiou', 'images', 'seconds_beyond_network', 'code', 'git_sha', 'key')


def test_a_line_per_cell(tmp_path: Path) -> None:
    failed = fake_record('zs5', status='failed', reason='out of\nmemory, "x"')
    variant = fake_record('zs3', 60.0, variant={'a.weight': 1})
    rows, _ = export([*fake_sweep(), failed, variant], tmp_path)
    assert len(rows) == 26 and tuple(rows[0]) == COLUMNS
    (one,) = [row for row in rows if (row['method'], row['k'], row['seed'], row['variant']) == ('zs3', '4', '1', '')]
    assert (one['hiou'], one['seen_miou'], one['status']) == ('41.0', '71.0', 'done')
    assert one['seconds_beyond_network'] == '5.5'
    (one,) = [row for row in rows if row['method'] == 'zs5']
    assert (one['status'], one['reason'], one['hiou'], one['images']) == ('failed', 'out of memory, "x"', '', '')
    assert [row['variant'] for row in rows if row['variant']] == ['{"a.weight": 1}']


def test_latex_is_a_table_by_setting_with_the_best_in_bold(tmp_path: Path) -> None:
    records = [*fake_sweep(), *(fake_record('zs5', 70.0 + seed, k=2, seed=seed) for seed in (0, 1, 2))]
    for record in records:
        if record.cell.method == 'zs5':
            record.method.setting = 'transductive'
    _, tex = export(records, tmp_path)
    lines = tex.splitlines()
    assert lines[0].startswith('% shapes, protocol zs3-clean') and lines[2] == r'\begin{tabular}{lrr}'
    assert lines[3] == r'\toprule' and lines[-2:] == [r'\bottomrule', r'\end{tabular}']
    assert r'zsmmd & $\mathbf{51.0} \pm 2.5$ & $\mathbf{51.0} \pm 2.5$ \\' in lines
    assert r'zs3 & $41.0 \pm 2.5$ & $41.0 \pm 2.5$ \\' in lines and r'zs5 & $\mathbf{71.0} \pm 2.5$ & -- \\' in lines
    assert r'seen\_only & $0.0 \pm 0.0$ & $0.0 \pm 0.0$ \\' in lines and tex.count('mathbf') == 3
    assert [line for line in lines if 'emph' in line] == [
        rf'\multicolumn{{3}}{{l}}{{\emph{{{name}}}}} \\' for name in ('floor', 'inductive', 'transductive', 'ceiling')]


def test_what_is_asked_for(tmp_path: Path) -> None:
    records = [*fake_sweep(seeds=(0,)), *(fake_record(name, 30.0, protocol='zs3-official') for name in ('zs3', 'zs5'))]
    rows, tex = export(records, tmp_path, '--protocol', 'zs3-clean', '--methods', 'zs3, zsmmd', '--score', 'seen_miou')
    assert {row['protocol'] for row in rows} == {'zs3-clean'} and {row['method'] for row in rows} == {'zs3', 'zsmmd'}
    assert tex.count(r'\begin{tabular}') == 1 and 'seen\\_only' not in tex and r'$\mathbf{70.0}$' in tex
    _, tex = export(records, tmp_path)
    assert tex.count(r'\begin{tabular}') == 2


@pytest.mark.parametrize(('words', 'message'), [
    (['--dataset', 'shape'], "unknown data set with records 'shape': did you mean 'shapes'? known: shapes"),
    (['--dataset', 'shapes', '--protocol', 'spnet'], "unknown protocol of its records 'spnet'"),
    (['--dataset', 'shapes', '--model', 'r101'], "unknown model of its records 'r101'"),
    (['--dataset', 'shapes', '--methods', 'zs4'], "unknown method of these records 'zs4': did you mean 'zs3'?"),
    (['--dataset', 'shapes', '--score', 'miou'], "unknown score 'miou'"), ([], 'required: --dataset')])
def test_wrong_calls(words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_all([fake_record()], tmp_path)
    assert main([*words, '--reports', str(tmp_path), '--out', str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('export: ') and message in line and not (tmp_path / 'results.csv').exists()


def test_it_needs_no_torch(tmp_path: Path) -> None:
    save_all([fake_record()], tmp_path)
    done = call('export', '--dataset', 'shapes', '--reports', tmp_path, without=('torch', 'mmengine', 'mmseg'),
                cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b'') and (tmp_path / 'results.tex').is_file()
