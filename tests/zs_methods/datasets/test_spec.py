from pathlib import Path

import numpy as np
import pytest
import yaml

from zs_methods.datasets.spec import IGNORE, INVALID, DatasetSpec, SpecError, available, load_spec

SUBSET = {'images': 'i', 'masks': 'm'}
GOOD = {'name': 'mine', 'classes': ['background', 'a', 'b', 'c'], 'splits': {1: ['a'], 'mine-2': ['a', 'b']},
        'vectors': 'v.txt', 'subsets': {'train': SUBSET, 'val': SUBSET}}

#: Unseen ids as the ZS3 code lists them (class lists of valeoai/ZS3 6031f4a), K by K.
VOC = [10, 14, 1, 18, 8, 20, 19, 5, 9, 16]
CONTEXT = [10, 14, 18, 8, 4, 32, 3, 20, 38, 1]
#: Raw and consecutive ids of COCO-Stuff's unseen classes (SPNet).
COCO_RAW = [20, 24, 32, 33, 40, 56, 86, 99, 105, 123, 144, 147, 148, 168, 171]
COCO_171 = [19, 23, 28, 29, 36, 51, 76, 88, 94, 112, 133, 136, 137, 157, 160]


@pytest.mark.parametrize(('name', 'added'), [('voc', VOC), ('context', CONTEXT)])
def test_the_published_splits_are_nested_pairs(name, added):
    spec = load_spec(name)
    assert spec.ks == [2, 4, 6, 8, 10]
    for k in spec.ks:
        assert spec.unseen(k) == tuple(sorted(added[:k]))


def test_context_in_mmsegs_order_names_the_same_classes():
    from mmseg.datasets import PascalContextDataset
    names = PascalContextDataset.METAINFO['classes']
    spec = load_spec('context')
    assert sorted(spec.classes) == sorted(names)
    mmseg_ids = [20, 34, 49, 15, 8, 25, 7, 55, 32, 1]
    for k in spec.ks:
        assert {names[i] for i in mmseg_ids[:k]} == set(spec.splits[k].unseen)


def test_voc_15_5_has_its_validation_classes():
    spec = load_spec('voc')
    assert spec.unseen('voc-15-5') == (16, 17, 18, 19, 20)
    assert spec.ids(spec.splits['voc-15-5'].validation) == (13, 14, 15)


def test_cocostuff_translates_182_ids_to_171():
    from mmseg.datasets import COCOStuffDataset
    spec = load_spec('cocostuff')
    assert spec.classes == tuple(COCOStuffDataset.METAINFO['classes'])
    table = spec.lookup()
    assert table[COCO_RAW].tolist() == COCO_171 == list(spec.unseen('cocostuff-156-15'))
    validation = spec.ids(spec.splits['cocostuff-156-15'].validation)
    assert [spec.mask_ids[c] for c in validation] == [3, 21, 38, 45, 51, 61, 75, 81, 93, 129, 136, 139]
    assert (table[np.arange(182)] == INVALID).sum() == 11
    assert table[255] == IGNORE
    assert len(spec.classes) - 15 == 156


def test_published_counts():
    voc, context, coco = map(load_spec, ('voc', 'context', 'cocostuff'))
    assert {name: part.count for name, part in voc.training_lists.items()} == {'official': 5953, 'aug': 10582}
    assert [part.count for part in voc.subsets.values()] == [10582, 1449]
    assert [part.count for part in context.subsets.values()] == [4998, 5105]
    assert [part.count for part in coco.subsets.values()] == [118287, 5000]


def test_palettes_are_mmsegs_for_voc():
    from mmseg.datasets import PascalVOCDataset
    assert load_spec('voc').metainfo['palette'] == PascalVOCDataset.METAINFO['palette']
    for name in available():
        assert len({tuple(c) for c in load_spec(name).metainfo['palette']}) == len(load_spec(name).classes)


def test_lookup_of_raw_values():
    spec = DatasetSpec.model_validate({**GOOD, 'mask_ids': [1, 7, 300, -9], 'ignore_index': [0, 65535, -1, 2 ** 40]})
    table = spec.lookup(ignored=[3])
    labels = table[[1, 7, 300, -9, 0, 65535, -1, 2 ** 40, 2, -2, 65537, 2 ** 40 + 1]]
    assert labels.tolist() == [0, 1, 2, *[IGNORE] * 5, *[INVALID] * 4]
    assert labels.dtype == np.uint8


def write(folder: Path, content) -> str:
    file = folder / 'mine.yaml'
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(file)


def test_a_users_file_is_read(tmp_path):
    spec = load_spec(write(tmp_path, GOOD))
    assert (spec.ks, spec.named_splits, spec.background, spec.title) == ([1], ['mine-2'], 'background', 'mine')
    with pytest.raises(KeyError, match='mine offers no split with K=3; offered: 1, mine-2'):
        spec.unseen(3)


@pytest.mark.parametrize(('change', 'message'), [
    ({'classes': ['a', 'a', 'b']}, 'classes: a class is named twice'),
    ({'splits': {1: ['z']}}, 'splits.1: no such class: z'),
    ({'splits': {2: ['a']}}, 'splits.2: K is the number of unseen classes, 1 are listed'),
    ({'splits': {1: ['background']}}, 'splits.1: the background cannot be unseen'),
    ({'splits': {3: ['a', 'b', 'c']}}, 'splits.3: no seen class is left'),
    ({'splits': {}}, 'splits: at least one'),
    ({'splits': {'../x': ['a']}}, r"splits.../x: '../x': a name has letters"),
    ({'splits': {'k2': ['a']}}, "splits.k2: 'k2': a name has letters"),
    ({'splits': {True: ['a']}}, 'splits.1: a split is a number K from 1'),
    ({'splits': ['a', 'b']}, 'splits: a mapping is expected'),
    ({'splits': 5}, 'splits: a mapping'),
    ({'classes': 5}, 'classes: a list'),
    ({'nested_unseen': [5]}, 'nested_unseen: a list'),
    ({'splits': {2: ['a', 'b']}, 'classes': ['background', 'a', 'b']}, 'splits.2: no seen class is left'),
    ({'folders': []}, 'folders: Tuple should have at least 1'),
    ({'subsets': {'train': {**SUBSET, 'masks': []}, 'val': SUBSET}}, 'subsets.train.masks: Value should have'),
    ({'ignore_index': 2 ** 63}, 'ignore_index.0: Input should be less than 9223372036854775808'),
    ({'ignore_index': 1.5}, 'ignore_index: Input should be a valid tuple'),
    ({'ignore_index': '255'}, 'ignore_index.0: Input should be a valid integer'),
    ({'ignore_index': True}, 'ignore_index.0: Input should be a valid integer'),
    ({'palette': [[300, 0, 0]] * 4}, 'palette.0.0: Input should be less than or equal to 255'),
    ({'training_lists': {'a/b': {'file': 'x'}}}, "training_lists.a/b: 'a/b': a name has letters"),
    ({'embedded': True}, 'embedded: only data sets of the package'),
    ({'mask_suffix': ''}, 'mask_suffix: String should have at least 1'),
    ({'nested_unseen': [['a']]}, 'K=1 is both in nested_unseen and in splits'),
    ({'subsets': {'train': SUBSET}}, 'subsets: train and val are needed'),
    ({'subsets': {'train': {'images': 'i'}, 'val': SUBSET}}, 'subsets.train.masks: Field required'),
    ({'subsets': {'train': {**SUBSET, 'images': '/abs'}, 'val': SUBSET}}, 'subsets.train.images: .*path below'),
    ({'subsets': {'train': {**SUBSET, 'list': '../x'}, 'val': SUBSET}}, 'subsets.train.list: .*path below'),
    ({'clases': []}, 'clases: Extra inputs'),
    ({'mask_ids': [1, 2]}, 'mask_ids: 4 different values'),
    ({'ignore_index': 2}, 'ignore_index: one of these values is a class'),
    ({'name': 'Mine!'}, 'name: String should match'),
    ({'name': 'voc'}, "name: 'voc' is taken"),
    ({'normalise': 'both'}, 'normalise: Input should be'),
    ({'background': 'sky'}, 'background: no such class: sky'),
    ({'palette': [[0, 0, 0]]}, 'palette: 4 colours are needed'),
    # names that would form paths, lines or orders of writing
    ({'name': '../../x'}, 'name: String should match'),
    ({'name': 'a\n'}, 'name: String should match'),
    ({'name': 'x' * 61}, 'name: String should have at most 60'),
    ({'splits': {'a/b': ['a']}}, r"splits.a/b: 'a/b': a name has letters"),
    ({'splits': {'x' * 61: ['a']}}, 'splits.x+: .* a name has letters, digits, - and _, at most 60'),
    ({'classes': ['background', 'a\nb', 'a', 'b']}, r"classes.1: 'a\\nb' has a line break or invisible .* U\+000A"),
    ({'classes': ['background', 'a\x1b[2J', 'a', 'b']}, r'classes.1: .* U\+001B'),
    ({'classes': ['background', 'a\u202eb', 'a', 'b']}, r'classes.1: .* U\+202E'),
    ({'classes': ['background', 'a\u2028b', 'a', 'b']}, r'classes.1: .* U\+2028'),
    ({'classes': ['background', '', 'a', 'b']}, r"classes.1: '': a name is neither empty"),
    ({'classes': ['background', 'x' * 101, 'a', 'b']}, 'classes.1: String should have at most 100'),
    ({'title': 'a\x07b'}, r'title: .* U\+0007'),
    ({'note': 'x' * 2001}, 'note: String should have at most 2000'),
    ({'image_suffix': '/../x.png'}, 'image_suffix: .* without a folder'),
    ({'mask_suffix': '\\x.png'}, 'mask_suffix: .* without a folder'),
    ({'folders': ['a\x00b']}, r'folders.0: .* U\+0000'),
    ({'vectors': '/etc/vectors.txt'}, 'vectors.default: .*must be a path below'),
    ({'vectors': {'a': '../vectors.txt'}}, 'vectors.a: .*must be a path below'),
    ({'splits': {1: ['a\nb\x1b']}}, r'splits.1: no such class: a b\\x1b'),
    ({'a\nb\x1b': 1}, r'a b\\x1b: Extra inputs'),
    ({'x' * 9000: 1}, 'x{400}[.]{3}$'),
    # a description is data: it must not choose a file of code
    ({'model': '/tmp/model.py'}, "model: '/tmp/model.py': a name has letters"),
    ({'model': '../model'}, "model: '../model': a name has letters"),
])
def test_a_wrong_description_names_file_and_key_in_one_line(change, message, tmp_path):
    with pytest.raises(SpecError, match=f'mine.yaml: {message}') as caught:
        load_spec(write(tmp_path, {**GOOD, **change}))
    assert '\n' not in str(caught.value)


#: What YAML makes of words without quotes, at every place where a text is expected.
SCALARS = [('no', 'bool False'), ('on', 'bool True'), ('7', 'int 7'), ('12:30', 'int 750'), ('1.5', 'float 1.5'),
           ('2020-01-01', 'date 2020-01-01'), ('~', 'an empty value'), ('', 'an empty value')]
TEXTS = {
    'classes.1': 'classes: [background, {}, b, c]', 'name': 'name: {}', 'title': 'title: {}',
    'vectors.default': 'vectors: {}', 'vectors.f': 'vectors: {{f: {}}}', 'aliases.a': 'aliases: {{a: {}}}',
    'folders.0': 'folders: [{}]', 'image_suffix': 'image_suffix: {}', 'mask_suffix': 'mask_suffix: {}',
    'model': 'model: {}', 'normalise': 'normalise: {}', 'nested_unseen.0.0': 'nested_unseen: [[{}]]',
    'splits.x.unseen.0': 'splits: {{x: [{}]}}', 'splits.x.source': 'splits: {{x: {{unseen: [a], source: {}}}}}',
    'subsets.train.images': 'subsets: {{train: {{images: {}, masks: m}}, val: {{images: i, masks: m}}}}',
    'subsets.train.masks.0': 'subsets: {{train: {{images: i, masks: [{}]}}, val: {{images: i, masks: m}}}}',
    'training_lists.x.file': 'training_lists: {{x: {{file: {}}}}}',
}
KEYS = {'aliases': 'aliases: {{{}: a}}', 'vectors': 'vectors: {{{}: a}}', 'splits': 'splits: {{{}: [a]}}', '': '{}: 1',
        'training_lists': 'training_lists: {{{}: {{file: x}}}}'}


def written(folder, line):
    """GOOD as a file in which one line stands for its key."""
    content = {key: value for key, value in GOOD.items() if not line.startswith(f'{key}:')}
    if line.startswith('nested_unseen'):
        del content['splits']
    return write(folder, yaml.safe_dump(content) + line + '\n')


@pytest.mark.parametrize(('key', 'text', 'word'), [
    (key, text, word) for key, line in TEXTS.items() for text, word in SCALARS if text or line.endswith(': {}')])
def test_a_word_that_yaml_takes_for_something_else_belongs_into_quotes(tmp_path, key, text, word):
    with pytest.raises(SpecError, match=f': YAML reads it as {word}; put it in quotes') as error:
        load_spec(written(tmp_path, TEXTS[key].format(text)))
    assert f'mine.yaml: {key}: Input should be ' in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('key', KEYS)
@pytest.mark.parametrize(('text', 'word'), SCALARS[:6], ids=[text for text, _ in SCALARS[:6]])
def test_so_does_a_key(tmp_path, key, text, word):
    if key == 'splits' and word.startswith('int'):
        pytest.skip('a number K')
    with pytest.raises(SpecError, match=f'mine.yaml: {key}.*: YAML reads it as {word}; put it in quotes'):
        load_spec(written(tmp_path, KEYS[key].format(text)))


@pytest.mark.parametrize(('change', 'message'), [
    ({'classes': ['background', ['a'], 'b', 'c']}, 'classes.1'), ({'name': 'Mine!'}, 'name'),
    ({'normalise': 'both'}, 'normalise')])
def test_quotes_are_not_asked_for_where_they_would_not_help(tmp_path, change, message):
    with pytest.raises(SpecError, match=message) as error:
        load_spec(write(tmp_path, {**GOOD, **change}))
    assert 'put it in quotes' not in str(error.value)


def test_a_description_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / 'mine.yaml').write_bytes(b'\xef\xbb\xbf' + yaml.safe_dump(GOOD).replace('\n', '\r\n').encode())
    assert load_spec(str(tmp_path / 'mine.yaml')).name == 'mine'


@pytest.mark.parametrize('name', ['a|b', '<script>alert(1)</script>', '`rm`', 'a/b', '../x', 'naïve', '猫', "o'clock"])
def test_odd_names_of_classes_are_taken_since_they_are_never_paths(tmp_path, name):
    assert load_spec(write(tmp_path, {**GOOD, 'classes': ['background', 'a', 'b', name]})).classes[3] == name


def test_prose_may_have_several_lines(tmp_path):
    assert load_spec(write(tmp_path, {**GOOD, 'note': 'first\n\tsecond\n'})).note == 'first\n\tsecond\n'


def test_what_is_no_yaml_is_refused(tmp_path):
    with pytest.raises(SpecError, match='not YAML'):
        load_spec(write(tmp_path, 'a: [1'))
    with pytest.raises(SpecError, match='No such file'):
        load_spec(str(tmp_path / 'absent.yaml'))
    with pytest.raises(KeyError, match='unknown data set'):
        load_spec('cityscapes')
    write(tmp_path, GOOD)
    for name in (str(tmp_path / 'mine'), f'../../{"../" * 20}{tmp_path}/mine', '../specs/voc', '', 'voc\n'):
        with pytest.raises(KeyError, match='unknown data set'):
            load_spec(name)
    (tmp_path / 'list.yaml').write_text('- 1\n')
    with pytest.raises(SpecError, match='mapping'):
        load_spec(str(tmp_path / 'list.yaml'))
    (tmp_path / 'twice.yaml').write_text('name: a\nname: b\n')
    with pytest.raises(SpecError, match="key 'name' is there twice"):
        load_spec(str(tmp_path / 'twice.yaml'))
    (tmp_path / 'date.yaml').write_text('note: 2020-13-45\n')
    with pytest.raises(SpecError, match=r'date.yaml: not YAML: month'):
        load_spec(str(tmp_path / 'date.yaml'))
    (tmp_path / 'deep.yaml').write_text('[' * 5000)
    with pytest.raises(SpecError, match='not YAML: nested too deeply'):
        load_spec(str(tmp_path / 'deep.yaml'))
    (tmp_path / 'code.yaml').write_text('!!python/object/apply:os.system [exit]\n')
    with pytest.raises(SpecError, match='not YAML'):
        load_spec(str(tmp_path / 'code.yaml'))


def test_word_vectors_may_have_names_of_which_the_first_is_the_default():
    assert DatasetSpec.model_validate(GOOD).vectors == {'default': 'v.txt'}
    spec = DatasetSpec.model_validate({**GOOD, 'vectors': {'fasttext': 'f.npz', 'word2vec': 'w.npz'}})
    assert list(spec.vectors.items()) == [('fasttext', 'f.npz'), ('word2vec', 'w.npz')]
    for name in available():
        assert {'word2vec', 'fasttext'} <= load_spec(name).vectors.keys()
    assert list(load_spec('voc').vectors) == ['word2vec', 'fasttext', 'zs3']


@pytest.mark.parametrize('vectors', [{}, {'a+b': 'f.npz'}, {'': 'f.npz'}, 5, ['f.npz'], {'a': 5}])
def test_other_word_vectors_are_refused(tmp_path, vectors):
    with pytest.raises(SpecError, match='vectors'):
        load_spec(write(tmp_path, {**GOOD, 'vectors': vectors}))
