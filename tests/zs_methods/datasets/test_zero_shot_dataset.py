from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader

from zs_methods.datasets import audit
from zs_methods.datasets.spec import load_spec
from zs_methods.registry import DATASETS
from zs_methods.stages.network import without_labels

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='zs_methods.LoadLabels'), dict(type='PackSegInputs')]
UNSEEN = load_spec('shapes').unseen(10)


def build(root, mode, subset='train', pipeline=PIPELINE, **settings):
    init_default_scope('mmseg')
    return DATASETS.build(dict(
        type='zs_methods.ZeroShotDataset', spec='shapes', data_root=str(root / 'shapes'), subset=subset,
        **{'unseen': UNSEEN, 'unseen_images': mode, 'pipeline': pipeline, **settings}))


def labels_of(dataset):
    return [sample['data_samples'].gt_sem_seg.data.numpy() for sample in dataset]


def read(root, index, subset='train'):
    return np.asarray(Image.open(root / f'shapes/ann_dir/{subset}/{index:05d}.png'))


@pytest.fixture(scope='module')
def with_unseen(micro_root):
    return [bool(np.isin(read(micro_root, i), UNSEEN).any()) for i in range(60)]


def test_drop_leaves_out_exactly_the_images_with_unseen_classes(micro_root, with_unseen):
    with audit.collect() as access:
        dataset = build(micro_root, 'drop')
        labels = labels_of(dataset)
    assert len(labels) == with_unseen.count(False) > 0
    assert not any(np.isin(label, UNSEEN).any() for label in labels)
    assert access['train'] == {'images': len(labels), 'images_dropped': with_unseen.count(True), 'images_masked': 0,
                               'pixels_masked': 0, 'images_chosen': 0, 'images_unseen': 0, 'unseen_pixels': {}}
    assert audit.level(access) == 'image-filter'


def test_mask_keeps_all_images_and_ids_and_hides_unseen_pixels(micro_root, with_unseen):
    with audit.collect() as access:
        labels = labels_of(build(micro_root, 'mask'))
    hidden = 0
    for index, label in enumerate(labels):
        raw = read(micro_root, index)
        hidden += np.isin(raw, UNSEEN).sum()
        assert (label[0] == np.where(np.isin(raw, UNSEEN), 255, raw)).all()
    assert access['train']['images_masked'] == with_unseen.count(True)
    assert access['train']['pixels_masked'] == hidden
    assert audit.level(access) == 'ignore-mask'


def test_keep_and_only_are_measured_as_pixels(micro_root, with_unseen):
    with audit.collect() as access:
        labels = labels_of(build(micro_root, 'only'))
    assert len(labels) == with_unseen.count(True)
    name = load_spec('shapes').classes[UNSEEN[0]]
    assert access['train']['unseen_pixels'][name] == sum((label == UNSEEN[0]).sum() for label in labels)
    assert access['train']['images_unseen'] == with_unseen.count(True)
    assert audit.level(access) == 'pixels'


def test_images_chosen_for_their_unseen_classes_are_counted_though_no_label_is_read(micro_root, with_unseen):
    with audit.collect() as access:
        images = list(build(micro_root, 'only', pipeline=without_labels(PIPELINE)))
    assert len(images) == with_unseen.count(True) and all('gt_sem_seg' not in i['data_samples'] for i in images)
    assert access['train']['images_chosen'] == len(images) and not access['train']['unseen_pixels']
    assert audit.level(access) == 'image-oracle'


def test_unlabelled_images_of_all_kinds_tell_nothing(micro_root):
    with audit.collect() as access:
        assert len(list(build(micro_root, 'keep', pipeline=without_labels(PIPELINE)))) == 60
    assert audit.level(access) == 'none'


@pytest.mark.parametrize(('purpose', 'level'), [('layout', 'layout'), ('diagnosis', 'none')])
def test_labels_read_for_a_purpose_are_counted_apart(micro_root, purpose, level):
    with audit.collect() as access:
        with audit.purpose(purpose):
            dataset = build(micro_root, 'keep')
        labels_of(dataset)  # the purpose is that of the data set, whenever it is read
    assert list(access) == [f'train for {purpose}'] and access[f'train for {purpose}']['unseen_pixels']
    assert audit.level(access) == level


def test_a_purpose_ends_with_its_block_and_has_a_known_name(micro_root):
    with audit.collect() as access:
        with audit.purpose('diagnosis'):
            pass
        labels_of(build(micro_root, 'keep'))
    assert audit.level(access) == 'pixels'
    with pytest.raises(ValueError, match=r'layout.*diagnosis'), audit.purpose('fun'):
        pass


@pytest.mark.parametrize('ignored', [(), UNSEEN[3:]])  # while settings are chosen, withheld classes are ignored too
def test_images_with_a_withheld_class_take_no_part(micro_root, ignored):
    held, withheld = UNSEEN[:3], UNSEEN[3:]
    present = [set(np.unique(read(micro_root, i))) for i in range(60)]
    for mode, wanted in (('drop', lambda p: not p & set(UNSEEN)), ('only', lambda p: p & set(held)),
                         ('mask', lambda p: True), ('keep', lambda p: True)):
        with audit.collect() as access:
            labels = labels_of(build(micro_root, mode, unseen=held, withheld=withheld, ignored=ignored))
        expected = [bool(wanted(p)) and not p & set(withheld) for p in present]
        assert len(labels) == sum(expected) > 0
        assert not any(np.isin(label, withheld).any() for label in labels)
        names = {load_spec('shapes').classes[c] for c in withheld}
        assert not names & set(access['train']['unseen_pixels'])


def test_a_share_of_the_images_is_drawn_by_name_whatever_they_hold(micro_root):
    def names(scored, mode='keep', **changes):
        part = None if scored is None else {'share': 0.3, 'draw': 'a', 'scored': scored, **changes}
        dataset = build(micro_root, mode, part=part)
        return [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]

    everything = names(None)
    scored, others = names(True), names(False)
    assert sorted(scored + others) == everything and 5 < len(scored) < 35
    assert names(True) == scored and names(True, draw='b') != scored
    assert set(scored) < set(names(True, share=0.6))
    assert set(names(False, 'drop')) | set(names(False, 'only')) == set(others)
    with audit.collect() as access:
        names(True)
        left = len(names(False, 'drop'))
    assert access['train']['images_dropped'] == len(others) - left  # what is scored was not looked at
    for scored in (True, False):
        with pytest.raises(ValueError, match='none of 60 images is in' if scored else 'leaves no image to train on'):
            names(scored, share=1e-9 if scored else 1 - 1e-9)


def test_a_withheld_class_that_is_read_all_the_same_is_measured(micro_root):
    with audit.collect() as access:
        dataset = build(micro_root, 'keep', unseen=(), withheld=UNSEEN[:1])
        dataset.ledger.add_labels(np.full((2, 2), UNSEEN[0], np.uint8))
    assert audit.level(access) == 'pixels'


@pytest.mark.parametrize('mode', ['drop', 'mask'])
def test_pseudo_labels_take_the_place_of_labels(micro_root, with_unseen, tmp_path, mode):
    index = with_unseen.index(True)
    drawn = np.random.default_rng(0).choice(np.array([UNSEEN[0], 3, 255], np.uint8), read(micro_root, index).shape)
    Image.fromarray(drawn).save(tmp_path / f'{index:05d}.png')
    with audit.collect() as access:
        dataset = build(micro_root, mode, pseudo_labels=str(tmp_path))
        stems = [Path(dataset.get_data_info(i)['img_path']).stem for i in range(len(dataset))]
        labels = {stem: label[0] for stem, label in zip(stems, labels_of(dataset), strict=True)}
    assert len(labels) == (60 if mode == 'mask' else with_unseen.count(False) + 1)
    assert (labels.pop(f'{index:05d}') == drawn).all()
    for stem, label in labels.items():
        raw = read(micro_root, int(stem))
        assert (label == np.where(np.isin(raw, UNSEEN), 255, raw)).all()
    assert access['train']['images'] == len(labels)  # pseudo-labels are not ground truth
    assert audit.level(access) == {'drop': 'image-filter', 'mask': 'ignore-mask'}[mode]


def test_a_pipeline_without_the_mask_is_caught_by_the_audit(micro_root):
    with audit.collect() as access:
        labels_of(build(micro_root, 'mask', pipeline=[PIPELINE[0], dict(type='mmseg.LoadAnnotations'), PIPELINE[2]]))
    assert audit.level(access) == 'pixels'


def test_reading_another_subset_is_measured_too(micro_root):
    with audit.collect() as access:
        labels_of(build(micro_root, 'keep', subset='val'))
    assert access['val']['unseen_pixels']
    assert audit.level(access) == 'pixels'


def test_nested_collections_both_see_what_is_read_inside(micro_root):
    with audit.collect() as outer:
        with audit.collect() as inner:
            labels_of(build(micro_root, 'drop'))
        labels_of(build(micro_root, 'drop'))
    assert 2 * inner['train']['images'] == outer['train']['images'] > 0


def test_counts_add_up_over_loader_workers(micro_root):
    counts = []
    for workers in (0, 2):
        with audit.collect() as access:
            list(DataLoader(build(micro_root, 'keep'), batch_size=None, num_workers=workers, collate_fn=lambda x: x))
        counts.append(access['train'])
    assert counts[0] == counts[1]
    assert counts[0]['images'] == 60


def test_an_unknown_mode_lists_the_known_ones(micro_root):
    with pytest.raises(ValueError, match=r'drop.*mask.*keep.*only'):
        build(micro_root, 'hide')


def test_an_ignored_class_is_hidden_in_every_mode(micro_root):
    init_default_scope('mmseg')
    dataset = DATASETS.build(dict(
        type='zs_methods.ZeroShotDataset', spec='shapes', data_root=str(micro_root / 'shapes'), subset='val',
        unseen=UNSEEN, ignored=(0,), pipeline=PIPELINE))
    for index, label in enumerate(labels_of(dataset)):
        raw = read(micro_root, index, 'val')
        assert (label[0] == np.where(raw == 0, 255, raw)).all()


def test_a_filter_that_leaves_nothing_is_an_error(micro_root):
    init_default_scope('mmseg')
    with pytest.raises(ValueError, match="no image of subset 'train' is free of every unseen class"):
        DATASETS.build(dict(
            type='zs_methods.ZeroShotDataset', spec='shapes', data_root=str(micro_root / 'shapes'), subset='train',
            unseen=range(21), unseen_images='drop', pipeline=PIPELINE))
