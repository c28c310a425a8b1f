"""The papers' network on photographs in the layout of Pascal-VOC: seen, sequential and interleaved steps."""

from __future__ import annotations

import pytest
from gpu_runs import DEVICE, counts, records, run, stage

from benchmark.commands.perf_gpu.photos import write_photos

IMAGES = 24
#: A step or two of every training, at the published sizes on a GPU and tiny ones without.
STEPS = ('train_cfg.max_iters=2', 'train_dataloader.num_workers=2', 'features.per_class=8', 'classifier.iterations=3',
         'classifier.batch_size=64')
SMALL = () if DEVICE == 'cuda' else (
    'model.backbone.depth=50', 'model.data_preprocessor.size=(33,33)', 'train_pipeline.3.low=16',
    'train_pipeline.3.high=66', 'train_pipeline.4.size=(33,33)', 'train_pipeline.5.crop_size=(33,33)',
    'train_dataloader.batch_size=2', 'joint.batch_size=2')


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """The description of a few photographs, and a folder to work in."""
    folder = tmp_path_factory.mktemp('photos')
    return write_photos(folder, train=IMAGES, val=4, scale=1.0 if DEVICE == 'cuda' else 0.1)


def r101(photos, *words, options=()):
    """Runs zs3 in the folder of the photographs, so that the network is shared."""
    applied = [option for option in SMALL if not option.startswith('joint') or 'zs3-official' in words]
    return run(photos.parent, photos.parent, '--dataset', photos, '--backbone-weights', 'none', '--methods', 'zs3',
               '--launcher', 'local', '--workers', 1, *words, options=[*STEPS, *applied, *options])


def test_seen_and_sequential_steps(photos):
    r101(photos, options=['generator.iterations=3'])
    record = records(photos.parent)['zs3']
    assert [made.name for made in record.stages] == ['seen', 'features', 'generator', 'classifier', 'evaluate']
    summary = stage(record, 'seen').summary
    assert summary['iterations'] == 2 and 0 < summary['final_loss'] < 100
    assert record.secondary and sum(map(sum, record.secondary.confusion)) > 0
    assert counts(photos.parent).keys() == {'seen_only', 'zs3', 'oracle'}


def test_interleaved_steps(photos, tmp_path):
    r101(photos, '--protocol', 'zs3-official', '--reports', tmp_path / 'reports', options=['joint.iterations=2'])
    joint = stage(records(tmp_path)['zs3'], 'joint').summary
    assert joint['iterations'] == 2 and joint['images'] == IMAGES
    assert joint['generator_steps'] > 2  # one per image and class
    assert counts(tmp_path, 'zs3')
