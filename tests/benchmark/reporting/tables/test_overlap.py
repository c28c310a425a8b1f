import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmark.reporting.tables.overlap import (
    OverlapTable,
    load_tables,
    overlap_line,
    overlap_rows,
    pretraining_overlap,
    pretraining_table,
)
from zs_methods.datasets.spec import load_spec

ALL = 'ImageNet-1k, all classes'
[TABLE] = load_tables()


def imagenet():
    """The 1,000 names as torchvision's source lists them."""
    source = Path(find_spec('torchvision').submodule_search_locations[0]) / 'models/_meta.py'
    return next(ast.literal_eval(node.value) for node in ast.parse(source.read_text()).body
                if isinstance(node, ast.Assign) and node.targets[0].id == '_IMAGENET_CATEGORIES')


def test_every_category_is_one_of_imagenets_and_in_its_order():
    names = imagenet()
    for name, shown in TABLE.answers.items():
        for categories in (shown.categories, shown.partial):
            assert set(categories) <= set(names), name
            assert list(categories) == sorted(categories, key=names.index), name


def test_every_class_of_the_three_data_sets_is_answered_and_nothing_else():
    assert TABLE.datasets == ('voc', 'voc-mini', 'context', 'cocostuff')
    classes = {name for dataset in TABLE.datasets for name in load_spec(dataset).classes}
    assert set(TABLE.answers) == classes


@pytest.mark.parametrize('dataset', TABLE.datasets)
def test_every_split_is_answered(dataset):
    spec = load_spec(dataset)
    for split in spec.splits.values():
        found = pretraining_overlap(dataset, split.unseen, ALL)
        assert list(found) == list(split.unseen)
        assert overlap_line(dataset, split.unseen, ALL).count(' unseen classes have categories') == 1


def test_groups_of_imagenet_are_whole():
    """Imagenet's order keeps kinds together: its dogs and birds are runs of known length."""
    names = imagenet()
    dogs, birds, cats = (TABLE.answers[name].categories for name in ('dog', 'bird', 'cat'))
    assert list(dogs) == names[151:269] and len(dogs) == 118
    assert list(birds) == names[7:25] + names[80:101] + names[127:147]
    assert list(cats) == names[281:286]


def test_the_same_class_has_the_same_answer_under_its_other_name():
    for voc, coco in (('sofa', 'couch'), ('aeroplane', 'airplane'), ('tvmonitor', 'tv')):
        assert TABLE.answers[voc] is TABLE.answers[coco]


def test_what_a_report_prints():
    unseen = load_spec('voc').splits[2].unseen
    assert overlap_line('voc', unseen, ALL) == (
        '2 of 2 unseen classes have categories of their own in ImageNet-1k: cow (ox); '
        'motorbike (moped, motor scooter).')
    assert overlap_rows('voc', unseen, ALL) == [
        {'class': 'cow', 'categories': 'ox', 'partly': 'water buffalo, bison, oxcart'},
        {'class': 'motorbike', 'categories': 'moped, motor scooter', 'partly': 'crash helmet, disk brake'}]
    coco = overlap_line('cocostuff', load_spec('cocostuff').splits['cocostuff-156-15'].unseen, ALL)
    assert coco == ('2 of 15 unseen classes have categories of their own in ImageNet-1k: cow (ox); cardboard (carton); '
                    'only in part or beside others: grass, playingfield, river, road, tree.')
    assert overlap_rows('voc', ['dog'], ALL, limit=2)[0]['categories'] == 'Chihuahua, Japanese spaniel and 116 more'


def test_no_pretraining_shows_nothing():
    assert overlap_rows('shapes', ['red dots'], 'none') == []
    assert overlap_line('shapes', ['red dots'], 'none') == 'The backbone was not pre-trained.'


@pytest.mark.parametrize(('dataset', 'pretraining'), [
    ('mine', ALL), ('shapes', ALL), ('voc', 'not declared'), ('voc', ''), ('voc', 'ImageNet-21k'), ('voc', 'MoCo')])
def test_what_nobody_judged_is_not_called_clean(dataset, pretraining):
    assert pretraining_overlap(dataset, ['cow'], pretraining) is None
    assert overlap_rows(dataset, ['cow'], pretraining) == []
    assert overlap_line(dataset, ['cow'], pretraining).endswith('shows unseen classes is not known.')


@pytest.mark.parametrize('declared', ['ImageNet-1k without the Pascal classes', 'ImageNet-1k, then COCO'])
def test_another_pretraining_is_not_taken_for_the_tables(declared):
    line = overlap_line('voc', ['cow'], declared)
    assert line.endswith(f'cow (ox). The run declares {declared!r}: what that leaves out or adds is not known here.')
    assert 'declares' not in overlap_line('voc', ['cow'], 'imagenet1k')


def test_the_name_of_a_run_finds_the_table():
    assert pretraining_table('imagenet1k (torchvision)') is pretraining_table(' ILSVRC2012 ') is TABLE
    assert pretraining_table('none') is None


def test_an_unknown_class_is_no_class_without_overlap():
    with pytest.raises(KeyError, match='no such class in the table of ImageNet-1k: unicorn'):
        pretraining_overlap('voc', ['cow', 'unicorn'], ALL)


@pytest.mark.parametrize(('change', 'message'), [
    ({'none': ['cow']}, 'classes answered twice: cow'),
    ({'classes': {'cow': {'categories': ['ox'], 'partial': ['ox']}}}, 'named twice: ox'),
    ({'classes': {'cow': {'category': ['ox']}}}, 'Extra inputs'),
])
def test_a_wrong_table_is_refused(change, message):
    content = {'name': 'x', 'names': ['x'], 'source': 's', 'judged': 'd', 'datasets': [], 'none': [],
               'classes': {'cow': {'categories': ['ox']}}, **change}
    with pytest.raises(ValidationError, match=message):
        OverlapTable.model_validate(content)
