"""Tests of the ablations: every file's plan, the command line, and that variants become rows."""

import pytest

from benchmark.commands import ablate
from benchmark.commands.ablate import Ablation, available, load_ablation
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import load_records
from zs_methods.configs import has_key, load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS

NAMES = available()


@pytest.fixture
def ablate_py(argv):
    def call(*arguments):
        return ablate.main(argv(*arguments, '--device', 'cpu'))
    return call


@pytest.mark.parametrize('name', NAMES)
def test_every_variant_is_a_recipe_of_its_own(name, tmp_path):
    ablation = load_ablation(name)
    for bound in ('seen_only', 'oracle'):
        del METHODS.module_dict[bound]
    assert set(ablation.cards) <= set(PROTOCOLS)
    for method in ablation.methods:
        keys = []
        for card in ablation.cards:
            rows = ablate.plan(ablation, Request(methods=(method,), ks=(2,), protocol=card, data_root=tmp_path),
                               RunOptions(tmp_path, tmp_path / 'records'))
            assert len(rows) == len(ablation.options(card)) and not any(cell.skip for cell in rows)
            keys += [cell.key for cell in rows]
        assert len(set(keys)) == len(keys)
    assert {name for card in ablation.cards for name in ablation.options(card)} == set(ablation.variants)


@pytest.mark.parametrize(('dataset', 'model'), [('voc', 'r101'), ('context', 'r101'), ('voc', 'mobilenetv2')])
def test_every_key_exists_for_every_network(dataset, model):
    configs = {method: load_config(method, dataset, model) for method in ('zs3', 'zs3_gc')}
    for ablation in map(load_ablation, NAMES):
        for variant in ablation.variants.values():
            assert all(has_key(configs[method], key) for key in (*ablation.set, *variant.set)
                       for method in ablation.methods)


def test_what_decides_why_a_number_is_not_reproduced_is_there():
    assert {'noise', 'bandwidths', 'unseen_weight', 'classifier_initialisation', 'order', 'batch_norm',
            'real_seen_pixels', 'layout', 'root'} <= set(NAMES)
    weights = [variant.set['classifier.unseen_weight'] for variant in load_ablation('unseen_weight').variants.values()]
    assert weights == [1, 10, 50, 100]


def test_list_names_every_ablation_with_its_question(ablate_py, capsys):
    assert ablate_py('--list') == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES and all(line.endswith('?') for line in lines)


@pytest.mark.parametrize(('words', 'message'), [
    (['nois'], "unknown ablation 'nois': did you mean 'noise'?"), ([], 'name an ablation'),
    (['noise', '--protocol', 'spnet'], 'noise runs under zs3-clean'),
    (['noise', '--ks', '3'], '--ks: shapes offers no split'),
    (['noise', '--cfg-options', 'generator.model.noise=gaussian'], 'the ablation sets it itself'),
    (['noise', '--nonsense'], 'unrecognized arguments'),
])
def test_wrong_calls_are_one_line(ablate_py, capsys, untouched, words, message):
    assert ablate_py(*words) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert not untouched['--work-dir'].parent.exists()


@pytest.mark.parametrize(('text', 'message'), [
    ('title: [', 'while parsing'), ('title: a\nquestion: b\nmethods: [zs3]\nvariants: {a: {set: {}}}', 'variants'),
    ('title: a\nquestion: b\nmethods: [zs3]\nvariants: {a: {evidence: hearsay, set: {a: 1}}}', 'evidence'),
    ('title: a', 'question')])
def test_a_file_that_is_no_ablation_is_one_line(tmp_path, monkeypatch, ablate_py, capsys, text, message):
    monkeypatch.setattr(ablate, 'FOLDER', tmp_path)
    (tmp_path / 'mine.yaml').write_text(text)
    assert ablate_py('mine') == 2
    error = capsys.readouterr().err
    assert 'mine.yaml' in error and message in error and len(error.splitlines()) == 1


def test_a_variant_may_run_under_a_card_of_its_own():
    part = {'evidence': 'code', 'set': {'b': 1}}
    ablation = Ablation.model_validate({
        'title': 'a', 'question': 'b', 'methods': ['zs3'], 'set': {'a': 0},
        'variants': {'one': part, 'two': {**part, 'protocol': 'spnet'}}})
    assert ablation.cards == ['zs3-clean', 'spnet']
    assert ablation.options('zs3-clean') == {'one': {'a': 0, 'b': 1}}
    assert ablation.options('spnet') == {'two': {'a': 0, 'b': 1}}


def test_dry_run_shows_what_variants_share(ablate_py, capsys, untouched):
    assert ablate_py('noise', '--ks', '2', '--dry-run') == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'noise' in lines[0].lower() and sum(line.lstrip().startswith('seen ') for line in lines) == 1
    assert sum(line.lstrip().startswith('generator ') for line in lines) == 2
    assert [line for line in lines if line.endswith('generator.model.noise=gaussian')]
    assert not untouched['--work-dir'].parent.exists()


@pytest.mark.slow
def test_variants_become_rows_of_the_report(ablate_py, micro_root, micro_options, untouched, capsys):
    words = ['noise', '--ks', '2', '--data-root', micro_root, '--cfg-options', *micro_options('generator')]
    assert ablate_py(*words) == 0
    records = load_records(untouched['--reports'] / 'records')
    noises = [record.cell.variant.get('generator.model.noise') for record in records if record.cell.method == 'zs3']
    assert sorted(noises, key=str) == [None, 'gaussian']
    assert '| zs3 (' in (page := (untouched['--reports'] / 'shapes.md').read_text()) and 'gaussian' in page
