import numpy as np
import pytest
from PIL import Image

from zs_methods.datasets.lookup import Lookup
from zs_methods.datasets.masks import read_labels
from zs_methods.datasets.spec import load_spec
from zs_methods.datasets.transforms import LoadLabels

LOOKUP = load_spec('voc').lookup()


def save(path, values, mode):
    image = Image.fromarray(np.asarray(values))
    if mode == 'P':
        image.putpalette([value % 256 for value in range(768)])
    image.save(path)
    return path


@pytest.mark.parametrize('mode', ['L', 'P'])
def test_palette_and_grey_masks_with_and_without_255(tmp_path, mode):
    values = np.array([[0, 20], [255, 3]], np.uint8)
    assert read_labels(save(tmp_path / 'a.png', values, mode), LOOKUP).tolist() == [[0, 20], [255, 3]]
    values[1, 0] = 1
    assert read_labels(save(tmp_path / 'b.png', values, mode), LOOKUP).tolist() == [[0, 20], [1, 3]]


def test_masks_of_16_bits(tmp_path):
    path = save(tmp_path / 'a.png', np.array([[0, 300]], np.uint16), 'I;16')
    assert read_labels(path, Lookup(((0, 0), (300, 7)))).tolist() == [[0, 7]]


def test_an_id_out_of_range_names_the_file(tmp_path):
    path = save(tmp_path / 'broken.png', np.array([[0, 21], [255, 3]], np.uint8), 'L')
    with pytest.raises(ValueError, match=r'broken.png: id 21 is neither that of a class nor one to ignore'):
        read_labels(path, LOOKUP)


def test_a_colour_image_is_no_mask(tmp_path):
    path = save(tmp_path / 'rgb.png', np.zeros((2, 2, 3), np.uint8), 'RGB')
    with pytest.raises(ValueError, match=r'rgb.png: a mask is a palette or grey image .* this one is RGB'):
        read_labels(path, LOOKUP)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / 'cut.png').write_bytes(b'\x89PNG\r\n')
    with pytest.raises(ValueError, match=r'cut.png: mask cannot be read'):
        read_labels(tmp_path / 'cut.png', LOOKUP)


def test_a_mask_of_another_size_than_its_image_is_named(tmp_path):
    path = save(tmp_path / 'small.png', np.zeros((2, 3), np.uint8), 'L')
    results = {'seg_map_path': str(path), 'lookup': LOOKUP, 'unseen': (), 'unseen_images': 'keep', 'ledger': None,
               'seg_fields': [], 'ori_shape': (4, 6)}
    with pytest.raises(ValueError, match=r'small.png: mask of 3 x 2 pixels for an image of 6 x 4'):
        LoadLabels().transform(results)
