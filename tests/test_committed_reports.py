"""The committed reports: rendered from the committed records, and good enough to tell methods apart."""

import shutil
from pathlib import Path

import pytest

from benchmark.records import load_records
from benchmark.report import render
from benchmark.stats import summarise
from zs_methods.datasets import load_spec
from zs_methods.evaluation.scores import scores

REPORTS = Path(__file__).resolve().parents[1] / 'reports'


@pytest.fixture(scope='module')
def records():
    return load_records(REPORTS / 'records')


def mean(records, method, k, *path):
    chosen = [r.metrics.model_dump() for r in records
              if r.cell.method == method and r.cell.k == k and not r.cell.variant]
    assert len(chosen) == 3
    for name in path:
        chosen = [value[name] for value in chosen]
    return summarise(chosen).mean


def test_pages_regenerate_byte_for_byte(tmp_path):
    shutil.copytree(REPORTS / 'records', tmp_path / 'records')
    render(tmp_path)
    pages = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob('*') if path.suffix in ('.md', '.png'))
    assert pages == sorted(path.relative_to(REPORTS) for path in REPORTS.rglob('*') if path.suffix in ('.md', '.png'))
    for page in pages:
        if page.suffix == '.md':  # the pixels of a figure depend on the version of matplotlib
            assert (tmp_path / page).read_bytes() == (REPORTS / page).read_bytes()


def test_every_cell_of_the_main_job_is_there_three_times(records):
    cells = {(r.cell.method, r.cell.k, r.cell.seed) for r in records
             if r.status.value == 'done' and not r.cell.variant}
    assert cells == {(method, k, seed) for method in ('seen_only', 'zs3', 'zsmmd', 'oracle')
                     for k in load_spec('shapes').ks for seed in (0, 1, 2)}


def test_scores_follow_from_the_confusion_matrices(records):
    for record in records:
        assert scores(record.confusion, record.unseen) == record.metrics.model_dump()


def test_every_record_says_what_made_it(records):
    for record in records:
        assert record.provenance['git']['dirty'] is False
        assert record.protocol['name'] == 'zs3-clean'
        assert {stage.code for stage in record.stages} == {record.provenance['code']}
        assert all(stage.config['type'] for stage in record.stages)


def test_only_the_oracle_read_unseen_pixels(records):
    assert {r.cell.method for r in records if r.label_access['level'] == 'pixels'} == {'oracle'}
    assert {r.label_access['level'] for r in records if r.cell.method != 'oracle'} == {'image-filter'}


def test_floor_knows_seen_classes_and_no_unseen_one(records):
    assert mean(records, 'seen_only', 2, 'seen', 'miou') >= 75
    assert all(mean(records, 'seen_only', k, 'unseen', 'miou') == 0 for k in load_spec('shapes').ks)


@pytest.mark.parametrize(('k', 'share'), [(2, 0.5), (4, 0.5), (6, 0.5), (8, 0.35), (10, 0.35)])
def test_zs3_closes_a_good_part_of_the_gap(records, k, share):
    assert mean(records, 'zs3', k, 'hiou') >= share * mean(records, 'oracle', k, 'hiou')


@pytest.mark.parametrize('name', ['voc', 'context', 'cocostuff'])
def test_data_sets_that_were_never_run_say_so_beside_their_published_numbers(name):
    page = (REPORTS / f'{name}.md').read_text()
    assert 'This data set was never run here' in page
    assert '## Published numbers' in page and '(memory)' in page
