"""What users of mmsegmentation do with a config and a checkpoint, done with those of a finished cell."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.apis import MMSegInferencer, inference_model, init_model

from zs_methods.datasets.transforms import LoadLabels
from zs_methods.evaluation.scores import scores
from zs_methods.stages.network import LABELS, build_dataset
from zs_methods.task import Task

#: In a process of its own that never names zs_methods; a full mmcv would have compiled ops, which nothing here calls.
ALONE = """
import sys, types
from importlib.machinery import ModuleSpec

ops = types.ModuleType('mmcv._ext')
ops.__spec__ = ModuleSpec('mmcv._ext', None)
def op(name):
    if name.startswith('__'):
        raise AttributeError(name)
    return lambda *_: None
ops.__getattr__ = op
sys.modules['mmcv._ext'] = ops

from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmengine.config import Config
from mmengine.runner import Runner
assert 'zs_methods' not in sys.modules
from PIL import Image
folder, image, work = sys.argv[1:]
size = Image.open(image).size[::-1]
"""


@pytest.fixture(scope='module')
def cell(run_recipe):
    """The artifact of a finished cell."""
    return run_recipe('seen_only')['evaluate']


def truth(cell):
    """Scores of the cell's own evaluation."""
    return scores(np.array(json.loads((cell / 'result.json').read_text())['confusion']), (1, 19))


def by_runner(cell, work_dir):
    config = Config.fromfile(cell / 'config.py')
    config.work_dir, config.load_from = str(work_dir), str(cell / 'model.pth')
    return Runner.from_cfg(config).test()


def test_a_runner_tests_from_the_config_alone(cell, tmp_path):
    found, own = by_runner(cell, tmp_path), truth(cell)
    for group in ('seen', 'unseen', 'overall'):
        for name, value in own[group].items():
            assert found[f'gzs3/{group}_{name}'] == pytest.approx(value)


def test_an_inferencer_takes_images_of_any_size(cell, tmp_path):
    inferencer = MMSegInferencer(str(cell / 'config.py'), str(cell / 'model.pth'), device='cpu')
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in ((64, 64), (33, 90))]
    found = inferencer(images, out_dir=str(tmp_path))['predictions']
    model = init_model(str(cell / 'config.py'), str(cell / 'model.pth'), device='cpu')
    for image, prediction in zip(images, found, strict=True):
        assert prediction.shape == image.shape[:2]
        assert (prediction == inference_model(model, image).pred_sem_seg.data[0].numpy()).all()
    assert len(list((tmp_path / 'vis').iterdir())) == 2


@pytest.mark.slow
@pytest.mark.parametrize('code', [
    "model = init_model(f'{folder}/config.py', f'{folder}/model.pth', device='cpu')\n"
    "assert inference_model(model, image).pred_sem_seg.data.shape == (1, *size)",
    "inferencer = MMSegInferencer(f'{folder}/config.py', f'{folder}/model.pth', device='cpu')\n"
    "assert inferencer(image)['predictions'].shape == size",
    "config = Config.fromfile(f'{folder}/config.py')\n"
    "config.work_dir, config.load_from = work, f'{folder}/model.pth'\n"
    "assert 'gzs3/hiou' in Runner.from_cfg(config).test()"], ids=['init_model', 'inferencer', 'runner'])
def test_nobody_has_to_import_the_plugin(cell, micro_root, tmp_path, code):
    image = micro_root / 'shapes' / 'img_dir' / 'val' / '00000.png'
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', f'{ALONE}\n{textwrap.dedent(code)}', str(cell),
                           str(image), str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_labels_of_mmseg_are_ours_in_our_data_set(micro_root):
    task = Task.create('shapes', 2, micro_root)
    plain, ours = (build_dataset(task, 'train', [dict(type='LoadImageFromFile'), dict(type=name)], 'mask')
                   for name in ('LoadAnnotations', LABELS))
    assert isinstance(plain.pipeline.transforms[1], LoadLabels)
    for index in range(len(ours)):
        assert (plain[index]['gt_seg_map'] == ours[index]['gt_seg_map']).all()
    assert (plain.ledger.counts() == ours.ledger.counts()).all()
