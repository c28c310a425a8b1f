"""The measurement on a GPU, tried on a CPU with tiny sizes; its results are not judged here."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from environments import call
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image
from torch.nn import functional as F

from benchmark.commands.perf import main
from benchmark.commands.perf_gpu import photos
from benchmark.commands.perf_gpu.published import DeepLab, JointStep, SeenStep, root_mmd
from zs_methods.config_files import model_file
from zs_methods.datasets.spec import load_spec
from zs_methods.models.losses.mmd_loss import MMDLoss
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import MODELS
from zs_methods.task import Task

#: What a line with a figure begins with, in the order in which they are printed.
FIGURES = ('the same images again', 'one image at a time', '1 new image sizes, as evaluated',
           '1 new image sizes, without cuDNN', '1 new image sizes, cudnn.benchmark',
           'as evaluated but in channels_last', "interleaved loop with steps='each'",
           "interleaved loop with steps='batched'", 'seen step as configured',
           'seen step with seen.amp=', 'data loader of r101', 'seen step on what that loader gives')


@pytest.mark.slow
def test_every_figure_is_a_line_and_a_ratio(tmp_path):
    done = call('perf', 'gpu', '--device', 'cpu', '--quick', cwd=tmp_path, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    compared = [lines[at - 1] for at, line in enumerate(lines) if re.fullmatch(r'ratio \d+\.\d\d', line)]
    assert [line.startswith(name) for line, name in zip(compared, FIGURES, strict=True)] == [True] * len(FIGURES)
    assert 'published seen step: ResNet-50, batch 2' in done.stdout
    assert 'published interleaved loop: 2 images of 3 classes' in done.stdout
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_there_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert main(['gpu']) == 2
    error = capsys.readouterr().err
    assert 'needs a CUDA device' in error and error.count('\n') == 1
    assert main(['gpu', '--device', 'tpu']) == 2
    assert "--device takes cuda or cpu, got 'tpu'" in capsys.readouterr().err


def test_photographs_are_a_data_set_of_pascal_vocs_sizes(tmp_path):
    file = photos.write_photos(tmp_path, train=12, val=4)
    spec, task = load_spec(str(file)), Task.create(str(file), 2, tmp_path, PROTOCOLS['zs3-official'])
    assert len(spec.classes) == 21 and task.unseen == (19, 20) and spec.background == 'background'
    for subset, index in (('train', 0), ('train', 5), ('val', 1)):
        name = f'{subset}_{index:04d}'
        with Image.open(tmp_path / 'JPEGImages' / f'{name}.jpg') as image:
            size = image.size
        labels = np.array(Image.open(tmp_path / 'SegmentationClass' / f'{name}.png'))
        assert size == labels.shape[::-1] == photos.sizes(12)[index] and max(size) == 500
        unseen = bool(set(np.unique(labels)) & set(task.unseen))
        assert unseen == (subset == 'val' or index == 5)
    found = photos.sizes(60)
    assert 10 < len(set(found)) < 30 and all(min(size) >= 250 for size in found)


def test_the_published_network_is_ours():
    """Both sides train the same: as many values, features and scores of the same size."""
    config = Config.fromfile(model_file('r101', 'shapes'))
    with DefaultScope.overwrite_default_scope('mmseg'):
        ours, theirs = MODELS.build(config.model).eval(), DeepLab(21).eval()
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    image = torch.randn(1, 3, 65, 65)
    with torch.no_grad():
        features = theirs.features(image)
        assert features.shape == ours.decode_head.forward_features(ours.extract_feat(image)).shape
        assert theirs.scores(features, (65, 65)).shape == (1, 21, 65, 65)
    assert [block.conv2.dilation[0] for block in theirs.backbone.layer4] == [2, 4, 8]


def test_the_published_mmd_is_the_one_that_our_loss_computes():
    torch.manual_seed(0)
    fake, real = torch.randn(20, 8), torch.randn(20, 8) + 1
    torch.testing.assert_close(root_mmd(fake, real), MMDLoss()(fake[None], real[None]), rtol=1e-4, atol=1e-5)


def test_published_steps_train():
    torch.manual_seed(0)
    device, images, labels = torch.device('cpu'), torch.randn(2, 3, 33, 33), torch.zeros(2, 33, 33)
    labels[:, 16:], labels[:, :4] = 3, 255
    step = SeenStep(DeepLab(5, 50), device)
    before = step.network.classifier.weight.clone()
    assert step(images, labels) > 0 and not torch.equal(before, step.network.classifier.weight)

    table = torch.randn(5, 7)
    vectors = F.one_hot(labels.clamp(max=4).long(), 5).float() @ table
    joint = JointStep(step.network, 7, [4], device)
    taken = []
    joint.generator_optimizer.register_step_post_hook(lambda *_: taken.append(1))
    backbone = joint.network.backbone.conv1.weight.clone()
    assert joint(images, labels, vectors.permute(0, 3, 1, 2)) > 0
    assert len(taken) == 4  # two images of two classes
    assert torch.equal(backbone, joint.network.backbone.conv1.weight)
    labels[0, 20:] = 4
    taken.clear()
    joint(images, labels, vectors.permute(0, 3, 1, 2))
    assert len(taken) == 2  # an image with an unseen class trains no generator
