from pathlib import Path

import pytest
from PIL import Image

from zs_methods.protocols import ACCESS, PROTOCOLS, Resize
from zs_methods.task import Task, find_vectors, resolve_vectors


@pytest.fixture
def context_root(tmp_path):
    """Pascal-Context with one image in each subset."""
    root = tmp_path / 'VOCdevkit/VOC2010'
    for folder in ('JPEGImages', 'SegmentationClassContext', 'ImageSets/SegmentationContext'):
        (root / folder).mkdir(parents=True)
    for subset in ('train', 'val'):
        Image.new('RGB', (4, 4)).save(root / f'JPEGImages/{subset}.jpg')
        Image.new('L', (4, 4)).save(root / f'SegmentationClassContext/{subset}.png')
        (root / f'ImageSets/SegmentationContext/{subset}.txt').write_text(f'{subset}\n')
    return tmp_path


@pytest.mark.parametrize(('card', 'seen'), [('zs3-clean', 56), ('spnet', 55)])
def test_a_card_decides_whether_context_has_60_or_59_classes(context_root, card, seen):
    task = Task.create('context', 4, context_root, PROTOCOLS[card], {'vectors': 'none.txt'})
    assert len(task.seen) == seen and len(task.unseen) == 4
    assert (0 in task.seen) == (card == 'zs3-clean') and task.ignored == ((0,) if card == 'spnet' else ())
    assert (task.dataset, task.split, task.training_list) == ('context', 'k4', '')
    assert task.data_root == str(context_root / 'VOCdevkit/VOC2010')


def test_a_task_is_plain_data(context_root):
    task = Task.create('context', 2, context_root)
    assert Task(**task.to_dict()) == task
    assert task.vectors == str(context_root / 'embeddings/word2vec-google-news-300.npz')


def test_vectors_beside_the_description_come_first():
    assert find_vectors('shapes', Path('anywhere')).name == 'shapes_word2vec.txt'
    assert find_vectors('shapes', Path('anywhere')).is_file()


def test_another_training_list_makes_another_card():
    card = PROTOCOLS['zs3-clean']
    assert card.with_list('official') is card
    other = card.with_list('aug')
    assert (other.name, other.training_list) == ('zs3-clean-aug', 'aug') and other != card


def test_cards_allow_what_their_handling_of_images_reads():
    for card in PROTOCOLS.values():
        assert ACCESS.index(card.handling) <= ACCESS.index(card.label_access)
    assert {card.background for card in PROTOCOLS.values()} == {'seen', 'ignored'}


def test_a_resize_in_words_and_as_a_transform():
    assert Resize(mode='warp', size=513).text == 'warped to 513 x 513'
    assert Resize(mode='short-side', size=513).transform() == dict(type='zs_methods.ShortSide', size=513)


@pytest.mark.parametrize(('dataset', 'split', 'name'), [
    ('voc', 'k2', 'voc-k2'), ('voc', 'voc-15-5', 'voc-15-5'), ('shapes', 'hard', 'shapes-hard')])
def test_configs_call_a_split_by_its_data_set_too(dataset, split, name):
    assert Task(dataset, 'somewhere', split, (1,)).split_name == name


def test_held_out_seen_classes_play_the_unseen_ones():
    task = Task('shapes', 'somewhere', 'k4', (1, 2, 5, 6), ignored=(0,), files={'vectors': 'v'})
    chosen = task.held_out([9, 7], 'held-out')
    assert (chosen.unseen, chosen.withheld, chosen.ignored) == ((7, 9), (1, 2, 5, 6), (0, 1, 2, 5, 6))
    assert set(chosen.seen) == set(task.seen) - {7, 9}
    assert chosen.split_name == chosen.held_out([8], 'again').split_name == task.split_name == 'shapes-k4'
    assert Task(**chosen.to_dict()) == chosen
    with pytest.raises(ValueError, match='only seen classes can be held out'):
        task.held_out([1, 7], 'held-out')
    assert (task.scored_share, chosen.scored_share) == (0, 0.25)
    with pytest.raises(ValueError, match='a share between 0 and 1 is scored, not 1'):
        task.held_out([7], 'held-out', 1)


def test_cards_give_transductive_methods_the_dropped_images_without_labels():
    card = PROTOCOLS['zs3-clean']
    assert (card.allowed('inductive'), card.allowed('transductive')) == ('image-filter', 'image-oracle')
    assert PROTOCOLS['zs3-official'].allowed('transductive') == 'layout'


def test_names_of_word_vectors_become_files(context_root):
    both = Task.create('context', 2, context_root, files={'vectors': 'fasttext+mine.txt'})
    assert both.vectors == f'{context_root}/embeddings/fasttext-wiki-news-subwords-300.npz+mine.txt'
    assert Task(**both.to_dict()) == both
    assert resolve_vectors('shapes', None, context_root) == str(find_vectors('shapes', context_root, 'word2vec'))
    with pytest.raises(KeyError, match=r"'glove' are neither .*; did you mean '\w+'\? names: word2vec, fasttext"):
        Task.create('context', 2, context_root, files={'vectors': 'glove'})


@pytest.mark.parametrize('root', ['.', 'VOCdevkit', 'VOCdevkit/VOC2010'])
def test_word_vectors_are_found_from_the_folder_of_the_data_set_too(context_root, root):
    file = context_root / 'embeddings/word2vec-google-news-300.npz'
    file.parent.mkdir()
    file.touch()
    assert find_vectors('context', context_root / root).samefile(file)
    own = context_root / root / 'embeddings' / file.name
    own.parent.mkdir(exist_ok=True)
    own.touch()
    assert find_vectors('context', context_root / root) == own
