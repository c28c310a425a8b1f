"""``python -m benchmark predict``: images of any size, folders and videos, with a network of no training."""

import cv2
import numpy as np
import pytest
import torch
from fakes import fake_record
from PIL import Image

from benchmark.commands import predict
from benchmark.records.files import save_record
from zs_methods.stages.predictor import Predictor, most_likely


@pytest.fixture
def predicted(untrained, tmp_path, capsys):
    """Predicts into a folder; returns it, the exit code and what was printed."""
    def call(*words, cell=untrained):
        code = predict.main([*map(str, words), '--out', str(tmp_path / 'out'), '--device', 'cpu',
                             *(['--cell', str(cell)] if cell else [])])
        captured = capsys.readouterr()
        return tmp_path / 'out', code, captured.out + captured.err
    return call


def picture(path, height, width, mode='RGB'):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path)
    return path


def test_scores_are_resized_part_by_part_without_a_difference():
    scores = torch.randn(1, 7, 5, 6)
    whole, parts = (most_likely(scores, (23, 17), False, most) for most in (10**6, 2 * 23 * 17))
    full = torch.nn.functional.interpolate(scores, size=(23, 17), mode='bilinear', align_corners=False)
    assert torch.equal(whole[0], full[0].argmax(dim=0)) and torch.equal(whole[0], parts[0])
    torch.testing.assert_close(whole[1], full[0].softmax(dim=0).amax(dim=0))
    torch.testing.assert_close(parts[1], whole[1])


@pytest.mark.parametrize('size', [(1, 1), (3, 120), (97, 64)])
def test_what_is_predicted_has_the_size_of_the_image(untrained, size):
    ids, confidence = Predictor(untrained, torch.device('cpu'), max_pixels=2000).predict(np.zeros((*size, 3), np.uint8))
    assert ids.shape == confidence.shape == size and ids.dtype == np.uint8
    assert confidence.min() > 0 and confidence.max() <= 1


def test_folders_hold_images_of_several_kinds_and_one_that_is_damaged(predicted, tmp_path):
    photos = tmp_path / 'photos'
    picture(photos / 'a.png', 70, 90)
    picture(photos / 'deep' / 'b.jpg', 40, 50, 'L')
    (photos / 'odd.png').write_text('none')
    out, code, said = predicted(photos)
    assert code == 1 and 'odd.png: image cannot be read' in said and '2 of 3 files predicted' in said
    for kind in ('masks', 'overlays', 'confidence'):
        with Image.open(out / kind / 'a.png') as image:
            assert image.size == (90, 70)
    with Image.open(out / 'masks' / 'deep' / 'b.png') as mask:
        assert mask.mode == 'P' and np.array(mask).max() < 21
    assert '"unseen": true' in (out / 'classes.json').read_text()


def test_a_list_of_photographs_of_different_sizes(predicted, tmp_path):
    sizes = {'a.png': (30, 40), 'b.jpg': (97, 21), 'c.png': (64, 64)}
    out, code, said = predicted(*(picture(tmp_path / name, *size) for name, size in sizes.items()))
    assert code == 0 and '3 of 3 files predicted' in said
    for name, (height, width) in sizes.items():
        for kind in ('masks', 'overlays', 'confidence'):
            with Image.open(out / kind / f'{name[0]}.png') as image:
                assert image.size == (width, height)


def test_a_video_becomes_a_video(predicted, tmp_path):
    file = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no video')
    for value in range(4):
        writer.write(np.full((48, 64, 3), 60 * value, np.uint8))
    writer.release()
    out, code, said = predicted(file, '--every', 2)
    assert code == 0 and 'film: 2 frames' in said, said
    assert sorted(path.name for path in (out / 'masks' / 'film').iterdir()) == ['000000.png', '000002.png']
    made = cv2.VideoCapture(str(next((out / 'overlays').glob('film.*'))))
    assert made.isOpened() and made.get(cv2.CAP_PROP_FRAME_WIDTH) == 64


def test_a_method_and_k_name_a_cell(predicted, untrained, tmp_path):
    save_record(fake_record('zs3', key='abc'), tmp_path / 'records' / 'shapes_k2_zs3-clean_tiny_zs3_seed0_1.json')
    save_record(fake_record('zs3', key='x', variant={'a.b': 1}),
                tmp_path / 'records' / 'shapes_k2_zs3-clean_tiny_zs3_seed0_2.json')
    words = [picture(tmp_path / 'a.png', 20, 20), '--reports', tmp_path, '--work-dir', untrained.parents[1]]
    assert predicted(*words, '--method', 'zs3', '--k', 2, cell=None)[1] == 0
    assert predicted(*words, cell='zs3_seed0')[1] == 0
    assert 'make it again: python benchmark/run.py --methods zs3' in predicted(*words, cell='zs3_seed0_2')[2]


def test_a_cell_whose_model_is_here_goes_before_records_alone(predicted, untrained, tmp_path):
    """As after the first run, when the reference has records of the same method under another card, too."""
    words = [picture(tmp_path / 'a.png', 20, 20), '--reports', tmp_path, '--work-dir', untrained.parents[1],
             '--method', 'zs3', '--k', 2]
    official = tmp_path / 'records' / 'shapes_k2_zs3-official_tiny_zs3_seed0_2.json'
    save_record(fake_record('zs3', key='x', protocol='zs3-official'), official)
    save_record(fake_record('zs3', key='abc'), tmp_path / 'records' / 'shapes_k2_zs3-clean_tiny_zs3_seed0_1.json')
    assert predicted(*words, cell=None)[1] == 0
    save_record(fake_record('zs3', key='abc', protocol='zs3-official'), official)
    assert 'zs3 at K=2 has 2 records; name one with --cell: ' in predicted(*words, cell=None)[2]


@pytest.mark.parametrize(('words', 'says'), [
    (['gone.png', '--cell', 'MODEL'], 'gone.png: no such file or folder'),
    (['a.png'], 'name a model: --cell NAME, or --method NAME and --k K'),
    (['a.png', '--method', 'zs3'], '--method takes --k K too'),
    (['a.png', '--method', 'zs3', '--k', '3'], 'run it first: python benchmark/run.py --methods zs3'),
    (['a.png', '--cell', 'MODEL', '--opacity', '2'], '--opacity takes a number from 0 to 1'),
    (['a.png', '--cel', 'x', '--opacty', '2'], "did you mean '--opacity'?")])
def test_a_wrong_call_is_one_line(predicted, untrained, words, says):
    _, code, said = predicted(*(str(untrained) if word == 'MODEL' else word for word in words), cell=None)
    assert code == 2 and says in said and said.count('\n') == 1
