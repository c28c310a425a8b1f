"""Tests of released weights: their import in place of training, and the recipe around it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model
from PIL import Image
from zs3_original import random_generator, random_images, random_network

import zs_methods.methods  # noqa: F401  registers the methods
from zs_methods.configs import load_config
from zs_methods.evaluation.scores import confusion_matrix
from zs_methods.models import FeatureGenerator
from zs_methods.models.zs3_checkpoint import CheckpointError
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import StageContext
from zs_methods.stages.network import load_network
from zs_methods.task import Task
from zs_methods.vectors.class_vectors import load_class_vectors

CPU = torch.device('cpu')
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder that is removed at once: networks are large."""
    path = tmp_path_factory.mktemp('imported')
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope='module')
def files(folder):
    """Checkpoints as released: network and generator, the latter for the class vectors of `shapes`."""
    paths = {'checkpoint': folder / 'deeplab.pth.tar', 'generator_checkpoint': folder / 'generator.pth.tar'}
    torch.save({'epoch': 30, 'best_pred': np.float64(0.3), 'state_dict': random_network().state_dict()},
               paths['checkpoint'])
    torch.save({'state_dict': random_generator(vectors=32).state_dict()}, paths['generator_checkpoint'])
    return paths


@pytest.fixture(scope='module')
def make(micro_root):
    """Makes the method for some files."""
    def method(files, protocol='zs3-official'):
        card = PROTOCOLS[protocol]
        task = Task.create('shapes', 2, micro_root, card, files)
        config = load_config('zs3_released', 'shapes', 'r101')
        config.evaluation.pop('paper_resolution', None)
        return METHODS.get('zs3_released')(config, task, card)
    return method


def build(spec):
    settings = dict(spec.config)
    return STAGES.get(settings.pop('type'))(**settings)


@pytest.fixture(scope='module')
def recipe(make, files, folder):
    """The folders of all stages, run once."""
    method, inputs = make(files), {}
    for spec in method.stages():
        out = folder / spec.name
        out.mkdir()
        summary = build(spec).run(StageContext(method.task, dict(inputs), out, seed=0))
        (out / 'summary.json').write_text(json.dumps(summary))
        inputs[spec.name] = out
    return inputs


def normalised(path):
    """An image as the original network gets it."""
    with Image.open(path) as image:
        pixels = (np.asarray(image.convert('RGB')) / 255 - MEAN) / STD
    return torch.from_numpy(pixels.transpose(2, 0, 1)).float()[None]


@torch.no_grad()
def test_the_imported_network_gives_the_originals_logits(recipe):
    network, images = load_network(recipe['seen'], CPU), random_images(2, 97, 129, seed=7)
    expected = random_network().small_logits(images)
    assert expected.std() > 1
    assert (network.decode_head(network.backbone(images)) - expected).abs().max() <= 1e-4
    assert network.dataset_meta['classes'][:2] == ['background', 'striped red']
    assert len(network.dataset_meta['unseen']) == 2


@torch.no_grad()
def test_mmseg_segments_an_image_file_as_the_original_does(recipe, micro_root):
    network = init_model(str(recipe['seen'] / 'config.py'), str(recipe['seen'] / 'model.pth'), device='cpu')
    path = micro_root / 'shapes/img_dir/val/00000.png'
    result = inference_model(network, str(path))
    expected = random_network()(normalised(path))
    torch.testing.assert_close(result.seg_logits.data[None], expected, rtol=0, atol=1e-3)  # of 8-bit images
    assert torch.equal(result.pred_sem_seg.data, expected.argmax(dim=1))


@torch.no_grad()
def test_the_evaluation_scores_the_originals_predictions(recipe, micro_root):
    root, expected = micro_root / 'shapes', np.zeros((21, 21), np.int64)
    for path in sorted((root / 'img_dir/val').glob('*.png')):
        with Image.open(root / 'ann_dir/val' / path.name) as mask:
            truth = np.asarray(mask)
        expected += confusion_matrix(truth, random_network()(normalised(path)).argmax(dim=1)[0].numpy(), 21)
    result = json.loads((recipe['evaluate'] / 'result.json').read_text())
    assert result['images'] == 8
    assert np.abs(np.array(result['confusion']) - expected).sum() <= 2  # ties


def test_the_imported_generator_is_one_of_ours(recipe, make, files):
    generator = FeatureGenerator.load(recipe['seen'], CPU)
    vectors = generator.vectors
    spec = make(files).task.spec
    assert vectors.shape == (21, 32)
    expected = load_class_vectors(spec.classes, Path(make(files).task.vectors), spec.aliases, 'none')
    torch.testing.assert_close(torch.nn.functional.normalize(vectors, dim=1),
                               torch.nn.functional.normalize(torch.from_numpy(expected), dim=1))
    generator.dropout = 0.0
    with torch.no_grad():
        features = generator.sample(vectors, 5, torch.Generator().manual_seed(1))
        noise = torch.rand(21, 5, 300, generator=torch.Generator().manual_seed(1))
        original = random_generator(vectors=32)(vectors[:, None].expand(-1, 5, -1), noise)
    torch.testing.assert_close(features, original, rtol=0, atol=1e-4)


def test_summary_and_files(recipe, files):
    summary = json.loads((recipe['seen'] / 'summary.json').read_text())
    assert {**summary, 'sha256': len(summary['sha256'])} == {
        'checkpoint': 'deeplab.pth.tar', 'sha256': 64, 'tensors': 680, 'generator': True}
    assert sorted(path.name for path in recipe['seen'].iterdir()) == [
        'config.py', 'generator.pth', 'model.pth', 'summary.json']


def test_without_a_generator(make, files):
    method = make({'checkpoint': files['checkpoint']})
    assert build(method.stages()[0]).translate(method.task).generator is None


def test_the_address_follows_the_files(make, files, tmp_path):
    def settings(**changed):
        return make({**files, **changed}).stages()[0].config

    other = tmp_path / 'other.pth'
    other.write_bytes(b'another')
    assert settings() == settings()
    assert settings(checkpoint=other)['sha256'] != settings()['sha256']
    assert settings(generator_checkpoint=other)['generator'] != settings()['generator']


def test_a_file_that_changes_after_planning(make, files, tmp_path):
    copy = shutil.copy(files['generator_checkpoint'], tmp_path / 'a.pth')
    method = make({'checkpoint': copy})
    stage = build(method.stages()[0])
    Path(copy).write_bytes(b'changed')
    with pytest.raises(RuntimeError, match=r'a\.pth: has changed since the run was planned$'):
        stage.translate(method.task)


def test_a_generator_in_place_of_a_network(make, files):
    method = make({'checkpoint': files['generator_checkpoint']})
    with pytest.raises(CheckpointError, match='holds a generator, but no network'):
        build(method.stages()[0]).translate(method.task)


def test_a_generator_of_other_vectors(make, files, tmp_path):
    torch.save(random_generator(vectors=300).state_dict(), tmp_path / 'a.pth')
    method = make({**files, 'generator_checkpoint': tmp_path / 'a.pth'})
    with pytest.raises(CheckpointError, match='vectors of length 300, the word vectors have length 32'):
        build(method.stages()[0]).translate(method.task)


def test_the_method_needs_a_checkpoint(make):
    with pytest.raises(ValueError, match=r'benchmark import_zs3'):
        make({}).stages()


def test_a_card_that_allows_less_is_skipped(make, files):
    assert make(files).skip() is None
    assert 'layout of unseen classes, zs3-clean allows less' in make(files, 'zs3-clean').skip()
    assert make(files, 'spnet').skip()


def test_the_card_of_the_method():
    method = METHODS.get('zs3_released')
    assert (method.summary, method.role, method.reads_unseen_gt) == ('zs3 (released weights)', 'imported', 'layout')
    assert 'released weights' in method.note
