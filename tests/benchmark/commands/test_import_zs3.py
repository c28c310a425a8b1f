"""Tests of the command import_zs3."""

from __future__ import annotations

import os
import shutil
import signal

import pytest
import torch
from mmseg.apis import init_model
from zs3_original import random_generator, random_images, random_network

from benchmark.commands.import_zs3 import main
from benchmark.records.files import Status, load_records
from zs_methods.datasets.spec import SPECS

VECTORS = SPECS / 'shapes_word2vec.txt'
pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder that is removed at once: networks are large."""
    path = tmp_path_factory.mktemp('released')
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope='module')
def released(folder):
    """A checkpoint as released, of 21 classes; the generators are for vectors of length 32 (`shapes`) and 300."""
    torch.save({'epoch': 30, 'state_dict': random_network().state_dict()}, folder / 'deeplab.pth.tar')
    for length in (32, 300):
        torch.save({'state_dict': random_generator(vectors=length).state_dict()}, folder / f'generator{length}.pth.tar')
    return folder


@pytest.fixture
def import_zs3(monkeypatch, tmp_path):
    """Calls the command on the CPU with folders that do not exist yet, in ``new/`` of `tmp_path`."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    folders = {f'--{name}': tmp_path / 'new' / name for name in ('work-dir', 'reports', 'data-root')}

    def call(*arguments):
        arguments = list(map(str, arguments))
        for option, path in folders.items():
            if option not in arguments:
                arguments += [option, str(path)]
        return main([*arguments, '--device', 'cpu'])

    yield call
    signal.signal(signal.SIGTERM, before)
    shutil.rmtree(tmp_path / 'new', ignore_errors=True)


@pytest.fixture
def one_image(micro_root, tmp_path):
    """A data root whose `shapes` has a single validation image."""
    root = tmp_path / 'new' / 'data'
    shutil.copytree(micro_root, root)
    for path in root.glob('shapes/*/val/*.png'):
        if path.stem != '00000':
            path.unlink()
    return root


@pytest.mark.slow
def test_conversion_evaluation_and_report(import_zs3, released, one_image, tmp_path, capsys):
    out, reports = tmp_path / 'new' / 'model', tmp_path / 'new' / 'reports'
    call = [released / 'deeplab.pth.tar', '--dataset', 'shapes', '--k', 2, '--data-root', one_image, '--out', out,
            '--generator', released / 'generator32.pth.tar', '--vectors', VECTORS]
    assert import_zs3(*call) == 0
    assert sorted(path.name for path in out.iterdir()) == ['config.py', 'generator.pth', 'model.pth']
    (record,) = load_records(reports / 'records')
    assert record.status is Status.DONE
    assert (record.cell.method, record.cell.k, record.cell.protocol, record.cell.model) == (
        'zs3_released', 2, 'zs3-official', 'r101')
    assert (record.method.summary, record.method.role, record.method.reads_unseen_gt) == (
        'zs3 (released weights)', 'imported', 'layout')
    assert record.images == 1 and not record.cell.variant  # no prediction depends on vectors
    assert [stage.name for stage in record.stages] == ['seen', 'evaluate']
    assert record.stages[0].summary['checkpoint'] == 'deeplab.pth.tar'
    assert record.network.weights == 'released by the authors'
    assert 'zs3_released (no pixel of an unseen' in (reports / 'shapes.md').read_text()
    assert '| zs3_released' in (reports / 'shapes' / 'numbers.md').read_text()
    page = (reports / 'shapes' / 'methods.md').read_text()
    assert 'zs3 (released weights)' in page
    assert "released weights: trained by the paper's authors" in page

    capsys.readouterr()
    evaluated = (tmp_path / 'new/work-dir/artifacts').stat().st_mtime_ns
    assert import_zs3(*call) == 0  # nothing is evaluated again
    assert 'reused' in capsys.readouterr().out
    assert (tmp_path / 'new/work-dir/artifacts').stat().st_mtime_ns == evaluated


@torch.no_grad()
def test_without_the_data_set_the_model_is_still_written(import_zs3, released, tmp_path, capsys):
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'voc', '--k', 2) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith('import_zs3: converted, but the evaluation needs the data set: ')
    assert printed.err.count('\n') == 1
    (out,) = (tmp_path / 'new/work-dir/imported').iterdir()
    assert out.name.startswith('zs3-voc-k2-')
    assert sorted(path.name for path in out.iterdir()) == ['config.py', 'model.pth']
    assert printed.out == f'model: {out}\n'
    assert not (tmp_path / 'new/reports').exists()
    network, images = init_model(str(out / 'config.py'), str(out / 'model.pth'), device='cpu'), random_images(1, 65, 97)
    assert network.dataset_meta['classes'][10] == 'cow'
    logits = network.encode_decode(images, [dict(img_shape=(65, 97), ori_shape=(65, 97), pad_shape=(65, 97))])
    assert (logits - random_network()(images)).abs().max() <= 1e-4


def test_conversion_alone(import_zs3, released, micro_root, tmp_path):
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'shapes', '--k', 2, '--data-root', micro_root,
                      '--out', tmp_path / 'new', '--convert-only') == 0
    assert sorted(path.name for path in (tmp_path / 'new').iterdir()) == ['config.py', 'model.pth']


def test_a_second_import_leaves_nothing_of_the_first(import_zs3, released, tmp_path):
    out = tmp_path / 'new' / 'model'
    call = [released / 'deeplab.pth.tar', '--dataset', 'shapes', '--k', 2, '--out', out, '--convert-only']
    assert import_zs3(*call, '--generator', released / 'generator32.pth.tar', '--vectors', VECTORS) == 0
    assert (out / 'generator.pth').exists()
    assert import_zs3(*call) == 0
    assert sorted(path.name for path in out.iterdir()) == ['config.py', 'model.pth']


@pytest.mark.parametrize('error', [
    OSError(28, 'No space left on device'), RuntimeError('PytorchStreamWriter failed\nwriting file: disk full')])
def test_a_full_disk_leaves_nothing(import_zs3, released, tmp_path, monkeypatch, capsys, error):
    def fail(content, file, **_):
        raise error

    out = tmp_path / 'new' / 'deep' / 'model'
    monkeypatch.setattr(torch, 'save', fail)
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'voc', '--k', 2, '--out', out) == 2
    message = capsys.readouterr().err
    assert message.startswith(f'import_zs3: cannot write the model to {out}: ') and message.count('\n') == 1
    assert not (tmp_path / 'new').exists()


def test_a_checkpoint_that_changes_meanwhile(import_zs3, released, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('zs_methods.methods.released.import_network.file_sha256', lambda file: 'another')
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'voc', '--k', 2) == 2
    assert capsys.readouterr().err.endswith('deeplab.pth.tar: has changed since the run was planned\n')
    assert not (tmp_path / 'new').exists()


def test_a_file_that_cannot_be_read(import_zs3, released, tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise PermissionError(13, 'Permission denied', 'generator.pth')

    monkeypatch.setattr('zs_methods.methods.released.recipe.file_sha256', fail)
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'voc', '--k', 2) == 2
    message = capsys.readouterr().err
    assert message.endswith("[Errno 13] Permission denied: 'generator.pth'\n") and message.count('\n') == 1
    assert not (tmp_path / 'new').exists()


def test_a_checkpoint_that_is_not_finite(import_zs3, tmp_path, capsys):
    state = dict(random_network().state_dict())
    state['decoder.bn1.bias'] = torch.full((48,), float('nan'))
    torch.save(state, tmp_path / 'nan.pth')
    assert import_zs3(tmp_path / 'nan.pth', '--dataset', 'voc', '--k', 2) == 2
    assert capsys.readouterr().err == (
        f'import_zs3: {tmp_path}/nan.pth: NaN or infinite values in decoder.bn1.bias\n')
    assert not (tmp_path / 'new').exists()


def test_only_the_splits_error_is_that_of_k(import_zs3, released, monkeypatch, capsys):
    def fail(source):
        raise KeyError('unknown data set')

    monkeypatch.setattr('zs_methods.datasets.spec.load_spec', fail)
    assert import_zs3(released / 'deeplab.pth.tar', '--dataset', 'voc', '--k', 2) == 2
    assert capsys.readouterr().err == 'import_zs3: --dataset voc: unknown data set\n'


@pytest.mark.parametrize(('arguments', 'message'), [
    (['{no}'], 'CHECKPOINT {no}: no such file'),
    (['{folder}'], 'CHECKPOINT {folder}: no such file'),
    (['{text}'], '{text}: not a checkpoint of torch, or '),
    (['{net}', '--dataset', 'vok'], "unknown dataset 'vok': did you mean 'voc'?"),
    (['{net}', '--dataset', '{no}.yaml'], '{no}.yaml: '),
    (['{net}', '--k', '3'], '--k: voc offers no split with K=3; offered: 2, 4, 6, 8, 10'),
    (['{net}', '--k', 'two'], "argument --k: invalid int value: 'two'"),
    (['{net}', '--dataset', 'context'], '{net}: knows 21 classes, the data set has 60'),
    (['{net}', '--generator', '{no}'], '--generator {no}: no such file'),
    (['{net}', '--vectors', '{no}'], '--vectors {no}: no such file'),
    (['{net}', '--generator', '{net}', '--dataset', 'shapes'], '{net}: no generator of two linear layers'),
    (['{net}', '--generator', '{generator}', '--dataset', 'shapes'],
     '{generator}: the generator takes class vectors of length 300, the word vectors have length 32'),
    (['{net}', '--generator', '{generator}'], 'the generator goes with word vectors, and there are none at '),
    (['{generator}'], '{generator}: holds a generator, but no network'),
    (['{net}', '--out', '{text}'], '--out {text}: {text} is not a folder that can be written to'),
    (['{net}', '--device', 'tpu'], "--device takes auto, cpu, cuda or cuda:N, got 'tpu'"),
    ([], 'the following arguments are required: checkpoint'),
])
def test_what_is_wrong_is_said_in_one_line(released, tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / 'text').write_text('hello')
    names = {'no': tmp_path / 'no', 'folder': tmp_path, 'text': tmp_path / 'text', 'net': released / 'deeplab.pth.tar',
             'generator': released / 'generator300.pth.tar'}
    arguments = [word.format(**names) for word in arguments]
    defaults = {'--dataset': 'voc', '--k': '2', '--data-root': tmp_path / 'data', '--work-dir': tmp_path / 'work',
                '--reports': tmp_path / 'reports', '--device': 'cpu'}
    for option, value in defaults.items():
        if option not in arguments:
            arguments += [option, str(value)]
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    assert main(arguments) == 2
    signal.signal(signal.SIGTERM, before)
    printed = capsys.readouterr()
    assert printed.err.startswith('import_zs3: ' + message.format(**names))
    assert printed.err.count('\n') == 1 and not printed.out
    assert [path.name for path in tmp_path.iterdir()] == ['text']


class Payload:
    """Unpickling it makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f'touch {self.mark}',)


@pytest.mark.parametrize('zipped', [True, False])
def test_a_pickle_that_would_run_code_is_refused(import_zs3, tmp_path, capsys, zipped):
    file, mark = tmp_path / 'evil.pth', tmp_path / 'ran'
    torch.save({'state_dict': {'decoder.conv1.weight': torch.ones(2)}, 'best_pred': Payload(mark)}, file,
               _use_new_zipfile_serialization=zipped)
    assert import_zs3(file, '--dataset', 'voc', '--k', 2) == 2
    error = capsys.readouterr().err
    assert error == (f'import_zs3: {file}: refused, since its pickle asks for posix.system and could run code; only '
                     'tensors are read\n')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['evil.pth']
    assert not mark.exists()


def test_help_names_the_exit_codes(capsys):
    with pytest.raises(SystemExit, match=r'^0$'):
        main(['--help'])
    assert 'exit codes: 0 converted and evaluated' in ' '.join(capsys.readouterr().out.split())
