"""Choosing settings: the rule, its signs beside those of real splits, one choice for several splits, and files."""

from __future__ import annotations

import json

import pytest

from benchmark.records.files import NetworkCard, write_json
from benchmark.records.selection_pairs import pairs
from benchmark.records.selection_pool import pools
from benchmark.records.selections import Candidate, Fold, Score, Selection, load_selections


def selection(*hious):
    """A selection of candidates with the given scores per fold; None is a failure."""
    candidates = [Candidate(settings={'a': i}, scores=[
        Score(fold=fold, seed=0, key='', seen=value, held_out=value, hiou=value) for fold, value in enumerate(values)])
        for i, values in enumerate(hious)]
    made = Selection(dataset='shapes', data='shapes-v1', split='k10', unseen=[], protocol='p', model='m', method='zs3',
                     network=NetworkCard(backbone='b', weights='none', pretraining='none'), held_out=[3],
                     share=0.25, folds=[], seeds=[0], grid={'a': list(range(len(hious)))}, candidates=candidates)
    made.choose()
    return made


def test_the_best_mean_wins_where_the_difference_is_beyond_noise():
    made = selection([10, 20, 30], [20.1, 30, 39.9], [15, 25, 35])
    assert (made.best, made.chosen) == (1, 1)


def test_within_one_standard_error_of_the_paired_difference_the_first_wins():
    made = selection([0, 0, 0], [18, 31, 40], [20, 30, 40])  # differences 2, -1, 0: mean 0.33, error 0.88
    assert (made.best, made.chosen) == (2, 1)
    steady = selection([19.5, 29.5, 39.5], [20, 30, 40])  # the folds differ far more than the settings
    assert (steady.best, steady.chosen) == (1, 1)


def test_a_single_measurement_knows_no_noise_but_ties():
    assert selection([10], [10.1]).chosen == 1
    assert selection([10], [10]).chosen == 0


def test_a_setting_without_all_its_numbers_is_not_chosen():
    made = selection([50, None], [10, 20])
    assert (made.best, made.chosen) == (1, 1)
    assert made.behind(0) is None
    assert selection([None]).chosen is None


def unmeasured(*hious):
    """As `selection`, but None is a score that was not measured, of a training that did not fail."""
    made = selection(*hious)
    assert not any(score.reason for candidate in made.candidates for score in candidate.scores)
    made.folds = [Fold(ids=[fold], classes=[f'c{fold}']) for fold in range(len(hious[0]))]
    return made


def test_a_fold_that_measured_nothing_takes_no_part_in_the_choice():
    made = unmeasured([30, None, 20], [40, None, 30])
    assert made.chosen == made.best == 1 and made.unscored == [1]  # with 0 for None, the noise would be larger
    assert made.candidates[1].summary('hiou').mean == 35 and made.candidates[1].summary('hiou').n == 2
    assert (made.behind(0).mean, made.behind(0).sd) == (10, 0)


def test_a_setting_is_not_chosen_for_having_fewer_folds():
    made = unmeasured([50, None], [10, 20])  # the same images: the other one did measure it
    assert made.chosen == 1 and made.behind(0) is None and made.unscored == []


def test_without_any_score_nothing_is_chosen():
    made = unmeasured([None, None], [None, None])
    assert made.best is made.chosen is None and made.unscored == [0, 1]
    assert made.candidates[0].summary('hiou') is None and made.behind(0) is None


def test_signs():
    made = selection([1, 2, 3], [2, 4, 4], [1, None, 3])
    made.candidates[2].scores[1].reason = 'boom'
    real = [{('k2', 0): 5.0, ('k4', 0): 7.0}, {('k2', 0): 4.0, ('k6', 0): 9.0}, {('k2', 0): 1.0}]
    (pair,) = pairs(made, real)  # the third one failed
    assert (pair.first, pair.second, pair.selected.n, pair.real.n) == (0, 1, 3, 1)
    assert (pair.selected.mean, pair.real.mean) == (-4 / 3, 1) and not pair.same and not pair.beyond_noise
    (again,) = pairs(made, [{('k2', 0): 4, ('k4', 0): 4.1}, {('k2', 0): 9, ('k4', 0): 9}, {}])
    assert again.same
    assert pairs(made, [{}, {}, {}]) == []


def test_older_selections_are_upgraded_on_reading(tmp_path):
    content = {**selection([1], [2]).model_dump(mode='json'), 'selection_version': 2, 'held_out': 3}
    del content['share']
    write_json(tmp_path / 'old.json', content)
    (made,) = load_selections(tmp_path)
    assert (made.selection_version, made.held_out, made.share, made.chosen) == (3, [3], None, 1)
    content |= {'selection_version': 1, 'provenance': {'data': {'name': 'shapes-v1'}}}
    del content['data']
    write_json(tmp_path / 'old.json', content)
    (made,) = load_selections(tmp_path)
    assert (made.data, made.selection_version, made.chosen) == ('shapes-v1', 3, 1)
    write_json(tmp_path / 'old.json', {**content, 'provenance': {}})
    assert load_selections(tmp_path)[0].data == ''


def test_a_file_that_is_no_selection_is_named(tmp_path):
    (tmp_path / 'odd.json').write_text(json.dumps({'selection_version': 99}))
    with pytest.raises(ValueError, match=r'odd\.json: no selection of version 3'):
        load_selections(tmp_path)


def test_one_choice_for_several_splits_counts_every_draw_once():
    k10 = selection([10, 20, 30], [11, 22, 31], [12, 19, 33])
    k2 = selection([60, 70], [61, 71], [75, 85]).model_copy(update={'split': 'k2', 'unseen': ['x', 'y']})
    k10.unseen = list('abcdefghij')
    for one in (k10, k2):
        one.folds = [Fold(ids=[fold], classes=[f'{one.split} {fold}']) for fold in range(len(one.candidates[0].scores))]
    other = k2.model_copy(update={'method': 'zsmmd'})
    (pool,) = pools([k10, k2, other])
    assert pool.split == 'k2, k10' and [fold.classes[0] for fold in pool.folds] == [
        'k2 0', 'k2 1', 'k10 0', 'k10 1', 'k10 2']
    assert pool.candidates[2].values('hiou') == {(0, 0): 75, (1, 0): 85, (2, 0): 12, (3, 0): 19, (4, 0): 33}
    assert (pool.best, pool.chosen) == (2, 2) and pool.behind(0).n == 5
    assert (k10.best, k10.chosen) == (1, 1) and [score.fold for score in k2.candidates[0].scores] == [0, 1]


def test_one_split_alone_is_no_pool():
    assert pools([selection([1], [2]), selection([1], [2], [3])]) == []
