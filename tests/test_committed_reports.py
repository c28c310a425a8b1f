"""The committed reports: rendered from the committed records, and good enough to tell methods apart."""

import html
import itertools
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

import zs_methods.methods  # noqa: F401  registers the methods
from benchmark.records.files import load_records
from benchmark.records.selections import load_selections
from benchmark.reporting.render import render
from benchmark.reporting.tables.markup import MAX_WIDTH
from benchmark.reporting.tables.paging import MAX_LINES
from benchmark.stats import paired, summarise
from zs_methods.datasets import load_spec
from zs_methods.evaluation.scores import scores
from zs_methods.registry import METHODS

REPORTS = Path(__file__).resolve().parents[1] / 'reports'


@pytest.fixture(scope='module')
def records():
    return load_records(REPORTS / 'records')


#: What every method was measured to read of unseen labels, at most; the others are told which images to leave out.
READS = {'oracle': 'pixels', 'zs5': 'image-oracle', 'zsmmd_st': 'image-oracle'}
GENERATIVE = ('zs3', 'zs3_gc', 'zs5', 'zsmmd', 'zsmmd_i', 'zsmmd_st', 'cagnet')
KS, SEEDS = load_spec('shapes').ks, range(5)
#: Of photographs: which methods have how many trainings at which K, at least.
PHOTOS = ('seen_only', 'oracle', 'zs3', 'ridge', 'devise', 'spnet', 'spnet_c', 'zs5', 'zsmmd', 'zsmmd_control')
PHOTO_KS, PHOTO_SEEDS = (2, 10), range(3)


def methods(*roles):
    return {name for name, method in METHODS.module_dict.items() if method.role in roles}


def of_card(records, card, dataset='shapes'):
    return [record for record in records
            if (record.cell.dataset, record.cell.protocol) == (dataset, card) and not record.cell.variant]


def mean(records, method, k, *path, card='zs3-clean', dataset='shapes'):
    chosen = [r.metrics.model_dump() for r in of_card(records, card, dataset)
              if (r.cell.method, r.cell.k) == (method, k)]
    assert len(chosen) == len(SEEDS if dataset == 'shapes' else PHOTO_SEEDS)
    for name in path:
        chosen = [value[name] for value in chosen]
    return summarise(chosen).mean


def test_pages_regenerate_byte_for_byte(tmp_path):
    reports, readme = tmp_path / 'reports', REPORTS.parent / 'README.md'
    for folder in ('records', 'selection'):
        shutil.copytree(REPORTS / folder, reports / folder)
    shutil.copy(readme, tmp_path)
    render(reports, readme=tmp_path / readme.name)
    assert (tmp_path / readme.name).read_bytes() == readme.read_bytes()
    pages = sorted(path.relative_to(reports) for path in reports.rglob('*') if path.suffix in ('.md', '.png', '.html'))
    committed = [path.relative_to(REPORTS) for path in REPORTS.rglob('*') if path.suffix in ('.md', '.png', '.html')]
    assert pages == sorted(path for path in committed if path.parts[0] != 'local')  # that of whoever runs this
    for page in pages:
        if page.suffix != '.png':  # the pixels of a figure depend on the version of matplotlib
            assert (reports / page).read_bytes() == (REPORTS / page).read_bytes()


@pytest.mark.parametrize(('card', 'names'), [
    ('zs3-clean', methods('floor', 'method', 'ceiling')),
    ('zs3-official', {'seen_only', 'zs3', 'zs3_gc', 'zsmmd', 'zsmmd_control', 'oracle'}),
])
def test_every_method_is_there_for_every_k_and_seed(records, card, names):
    cells = {(r.cell.method, r.cell.k, r.cell.seed) for r in of_card(records, card) if r.status.value == 'done'}
    assert cells == set(itertools.product(names, KS, SEEDS))


def test_photographs_have_three_seeds(records):
    cells = {(r.cell.method, r.cell.k, r.cell.seed) for r in of_card(records, 'zs3-clean', 'voc-mini')}
    assert cells >= set(itertools.product(PHOTOS, PHOTO_KS, PHOTO_SEEDS))
    assert all(r.status.value == 'done' for r in of_card(records, 'zs3-clean', 'voc-mini'))


def test_on_photographs_the_deeplab_knows_the_seen_classes(records):
    assert mean(records, 'seen_only', 2, 'seen', 'miou', dataset='voc-mini') >= 45
    for k in PHOTO_KS:
        ceiling = mean(records, 'oracle', k, 'unseen', 'miou', dataset='voc-mini')
        assert all(ceiling > mean(records, name, k, 'unseen', 'miou', dataset='voc-mini')
                   for name in PHOTOS if METHODS.get(name).setting == 'inductive' and name != 'oracle')


def test_records_keep_no_photograph_and_no_place_on_a_disk(records):
    for record in of_card(records, 'zs3-clean', 'voc-mini'):
        assert record.examples and not any(one.image or one.truth for one in record.examples)
        assert not any(Path(word).is_absolute() for word in record.provenance['argv'])


def test_scores_follow_from_the_confusion_matrices(records):
    for record in records:
        assert scores(record.confusion, record.unseen) == record.metrics.model_dump()


def test_every_record_says_what_made_it(records):
    for record in records:
        assert record.provenance['git']['dirty'] is False
        assert {stage.code for stage in record.stages} == {record.provenance['code']}
        assert all(stage.config['type'] for stage in record.stages)


@pytest.mark.parametrize('dataset', ['shapes', 'voc-mini'])
def test_no_method_read_more_than_its_card_allows(records, dataset):
    for record in of_card(records, 'zs3-clean', dataset):
        assert record.label_access['level'] == READS.get(record.cell.method, 'image-filter')
    for record in of_card(records, 'zs3-official', dataset):
        expected = {'oracle': 'pixels', 'seen_only': 'image-filter'}.get(record.cell.method, 'layout')
        assert record.label_access['level'] == expected


def test_floor_knows_seen_classes_and_no_unseen_one(records):
    assert mean(records, 'seen_only', 2, 'seen', 'miou') >= 75
    assert all(mean(records, 'seen_only', k, 'unseen', 'miou') == 0 for k in load_spec('shapes').ks)


@pytest.mark.parametrize('k', KS)
def test_self_training_adds_to_zs3_and_calibration_to_spnet(records, k):
    assert mean(records, 'zs5', k, 'hiou') >= mean(records, 'zs3', k, 'hiou')
    assert mean(records, 'spnet_c', k, 'unseen', 'miou') > mean(records, 'spnet', k, 'unseen', 'miou')


@pytest.mark.parametrize('k', KS)
def test_zsmmd_adds_to_zs3_and_to_its_control_beyond_noise(records, k):
    hiou = {name: [one.metrics.hiou for seed in SEEDS for one in of_card(records, 'zs3-clean')
                   if (one.cell.method, one.cell.k, one.cell.seed) == (name, k, seed)]
            for name in ('zsmmd', 'zs3', 'zsmmd_control')}
    assert all(paired(hiou['zsmmd'], hiou[other]).verdict == 'better' for other in ('zs3', 'zsmmd_control'))


@pytest.mark.parametrize('method', GENERATIVE)
@pytest.mark.parametrize('k', [2, 4])
def test_generators_find_more_of_the_unseen_classes_than_devise(records, method, k):
    assert mean(records, method, k, 'unseen', 'miou') > mean(records, 'devise', k, 'unseen', 'miou')


def test_settings_were_chosen_on_seen_classes_of_their_split_at_the_natural_prior():
    selections = load_selections(REPORTS / 'selection')
    shapes = [one for one in selections if one.dataset == 'shapes']
    assert {one.method for one in shapes} == {'zs3', 'zsmmd', 'zsmmd_i', 'cagnet'}
    assert {one.method for one in selections if one.dataset == 'voc-mini'} == {'zs3', 'zs5', 'zsmmd', 'ridge'}
    # the seen classes of the largest K are unseen at no other
    assert {one.split for one in selections if one.dataset == 'voc-mini'} == {'k10'}
    for one in selections:
        spec = load_spec(one.dataset)
        assert set(one.unseen) == {spec.classes[c] for c in spec.unseen(int(one.split[1:]))}
        assert len(one.folds) >= 4 and not any(set(one.unseen) & set(fold.classes) for fold in one.folds)
        assert one.share == 0.25 and one.provenance['git']['dirty'] is False
    # weights and gate of the two main methods: on every K
    for method in ('zs3', 'zsmmd'):
        assert {one.split for one in shapes if one.method == method} == {f'k{k}' for k in KS}


@pytest.mark.parametrize('name', ['voc', 'context', 'cocostuff'])
def test_data_sets_that_were_never_run_say_so_and_lead_to_published_numbers(name):
    page = (REPORTS / f'{name}.md').read_text()
    assert 'This data set was never run' in page and f'({name}/published.md)' in page
    assert 'unverified: recalled, not read in the paper' in (REPORTS / name / 'published.md').read_text()


PAGES = sorted(path for path in REPORTS.rglob('*.md') if 'local' not in path.relative_to(REPORTS).parts)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(REPORTS)))
def test_pages_are_short_and_their_tables_narrow(page):
    lines = page.read_text().splitlines()
    assert len(lines) <= MAX_LINES
    assert max((width(line) for line in lines if re.match(r'\| ', line)), default=0) <= MAX_WIDTH


def test_the_page_for_a_browser_stays_small():
    assert (REPORTS / 'index.html').stat().st_size < 1_500_000


def test_figures_fit_beside_the_text():
    assert all(Image.open(path).width <= 1000 for path in REPORTS.glob('figures/*.png'))


def width(line):
    """Characters of a table's line as they are seen, three between columns included; rules have none."""
    return sum(3 + len(html.unescape(re.sub(r'\*\*|<[^>]+>|\[|\]\([^)]*\)', '', cell)).strip())
               for cell in line.strip('|').split('|'))
