"""Tests of benchmark.commands.prepare: the command line, from archives to a clean verify."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from published_archives import labels, pack, pack_all, png, publish, voc2012

from benchmark.commands import prepare, run
from zs_methods.datasets import spec
from zs_methods.datasets.acquisition import archives as archives_module

ROOT = Path(__file__).parents[3]


@pytest.fixture
def archives(tmp_path, monkeypatch):
    folder = pack_all(tmp_path / 'archives')
    publish(folder, monkeypatch.setattr)
    return folder


@pytest.fixture
def call(tmp_path, capsys):
    """Runs a command on the data root; returns the exit code, standard output and standard error."""
    def run(*words):
        code = prepare.main([*map(str, words), '--root', str(tmp_path / 'data')])
        return code, *capsys.readouterr()
    return run


@pytest.mark.parametrize('name', prepare.DATASETS)
def test_prepare_and_verify(archives, call, name):
    code, out, err = call(name, '--from', archives)
    assert (code, err) == (0, '')
    assert f'python -m benchmark prepare verify {name}' in out
    code, out, err = call('verify', name)
    assert (code, err) == (0, '')
    assert 'no problems: every file was read' in out
    assert 'published' in out


def test_problems_are_lines_and_at_most_twenty_of_a_kind(archives, call, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, 'SHOWN', 2)
    call('voc', '--from', archives)
    for mask in (tmp_path / 'data/VOCdevkit/VOC2012/SegmentationClass').glob('2007_00000*.png'):
        mask.write_bytes(png(labels(99)))
    (tmp_path / 'data/VOCdevkit/VOC2012/SegmentationClassAug/2008_000022.png').unlink()
    code, out, err = call('verify', 'voc')
    folder = tmp_path / 'data/VOCdevkit/VOC2012'
    assert code == 1
    assert err.splitlines() == [
        f'missing mask: {folder}/SegmentationClass/2008_000022.png: mask not found, nor in SegmentationClassAug',
        *(f'ids: {folder}/SegmentationClass/2007_00000{n}.png: id 99 is neither that of a class nor one to ignore'
          for n in (1, 2)),
        'ids: and 2 more']
    assert '5 problems' in out


@pytest.mark.parametrize(('words', 'message'), [
    ((), "unknown action '/"),
    (('vocs',), "unknown action 'vocs': did you mean 'voc'?"),
    (('voc', '--from', 'nowhere'), '--from nowhere: no such folder'),
    (('verify', 'vox'), "unknown data set 'vox': did you mean 'voc'? known: cocostuff, context, voc, voc-mini"),
    (('verify', 'absent.yaml'), 'absent.yaml: No such file or directory'),
    (('embeddings', 'absent.bin'), 'absent.bin: no such file'),
    (('embeddings', __file__), 'word vectors must be .bin'),
    (('embeddings',), 'takes one source: NAME|FILE, or --from FILE'),
    (('embeddings', 'a.bin', '--from', 'b.bin'), 'takes one source: '),
    (('embeddings', '--from', 'nowhere.pkl'), '--from nowhere.pkl: no such file'),
    (('embeddings', 'absent.bin', '--datasets', 'vox'), "unknown data set 'vox'"),
    (('vocs', '--bad'), 'unknown action'), (('voc', '--bad'), 'unrecognized arguments: --bad'),
    (('voc', '--form', '.'), "unrecognized arguments: --form .: did you mean '--from'?"),
])
def test_wrong_calls_are_one_line(call, words, message):
    code, _, err = call(*words)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1


def test_root_that_cannot_be_a_folder(tmp_path, call):
    (tmp_path / 'data').write_text('')
    code, _, err = call('voc')
    assert (code, len(err.splitlines())) == (2, 1)
    assert 'is not a folder that can be written to' in err


def test_data_that_is_not_there(call, tmp_path):
    code, _, err = call('verify', 'voc')
    assert (code, len(err.splitlines())) == (1, 1)
    assert 'VOCdevkit/VOC2012: no such folder' in err
    (tmp_path / 'empty').mkdir()
    code, _, err = call('voc', '--from', tmp_path / 'empty')
    assert (code, len(err.splitlines())) == (1, 1)
    assert 'neither in nor below it: VOCtrainval_11-May-2012.tar' in err


def test_member_that_leaves_the_folder(archives, call, tmp_path, monkeypatch):
    pack(archives / 'VOCtrainval_11-May-2012.tar', {**voc2012(), '../x': b'x'})
    publish(archives, monkeypatch.setattr)
    code, _, err = call('voc', '--from', archives)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "member '../x' is a path that leaves the archive's folder; nothing was unpacked" in err
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['.prepare.lock']
    assert not list(tmp_path.rglob('x'))


def test_incomplete_lists_are_said_and_counted(archives, call):
    (archives / 'train_noval.txt').unlink()
    code, _, err = call('voc', '--from', archives)
    assert (code, len(err.splitlines())) == (1, 1)
    assert 'zs3_official.txt: not written' in err


def test_second_call_at_the_same_time_is_refused(archives, call, tmp_path):
    with prepare._alone(tmp_path / 'data'):
        code, _, err = call('voc', '--from', archives)
    assert code == 2
    assert 'another prepare is at work there' in err


def test_interruption(archives, call, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archives_module, '_copy', interrupt)
    code, _, err = call('voc', '--from', archives)
    assert (code, err) == (130, 'prepare: interrupted; the same command continues where it was\n')


def test_embeddings(call, tmp_path):
    file = tmp_path / 'big.npz'
    np.savez(file, names=np.array(['cow', 'zebra', 'other']), vectors=np.eye(3, dtype=np.float32))
    code, out, err = call('embeddings', file, '--datasets', 'voc', '--words', 'zebra')
    assert code == 1
    assert len(err.splitlines()) == 20
    assert 'big.npz: 2 of 3 entries, 3 values each, for 2 of 22 classes and words' in out
    assert (tmp_path / 'data/embeddings/big.npz').is_file()


def test_embeddings_of_the_published_code(call, tmp_path):
    file = tmp_path / 'norm_embed_arr_300.pkl'
    file.write_bytes(pickle.dumps(np.ones((21, 3), np.float32), protocol=4))
    code, out, _ = call('embeddings', '--from', file)
    assert code == 0 and 'voc_zs3_w2v.npz: 21 of 21 entries' in out
    assert (tmp_path / 'data/embeddings/voc_zs3_w2v.npz').is_file()


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('a.gz', b'no gzip', 'a.gz: damaged, or no word vectors: its first line must be the number of words and'),
    ('a.npz', b'PK', 'a.npz: damaged, or no word vectors: it is cut off'),
    ('a.txt', b'9999999999 300\ncow 1\n', 'a.txt: damaged, or no word vectors: its first line promises'),
])
def test_damaged_vectors_end_in_one_line(call, tmp_path, capsys, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    code, _, err = call('embeddings', file, '--datasets', 'voc')
    assert (code, len(err.splitlines())) == (1, 1)
    assert err.startswith(f'prepare: {tmp_path}/{message}')
    if name != 'a.gz':
        assert run.main(['--vectors', str(file), '--ks', '2', '--dry-run', '--data-root', str(tmp_path / 'shapes'),
                         '--work-dir', str(tmp_path / 'work'), '--reports', str(tmp_path / 'reports')]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f'run.py: {tmp_path}/{message}')
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize('text', ['[1, 2]', 'name: [', '\xff: \x00', 'splits: 3', 'nested_unseen: [1]', 'classes: 5',
                                  '? [a]\n: b', 'name: own\nsplits: {x: 1}'])
def test_wrong_descriptions_are_one_line(call, tmp_path, text):
    file = tmp_path / 'own.yaml'
    file.write_text(text, encoding='latin1')
    code, _, err = call('verify', file)
    assert (code, len(err.splitlines())) == (2, 1)
    assert str(file) in err


@pytest.mark.parametrize('error', [
    KeyError('splits'), ValueError('a\nb'), UnicodeDecodeError('utf-8', b'x', 0, 1, 'y')], ids=repr)
def test_any_error_of_a_description_names_it(call, monkeypatch, error):
    def load_spec(_):
        raise error

    monkeypatch.setattr(spec, 'load_spec', load_spec)
    code, _, err = call('verify', 'own.yaml')
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith('prepare: own.yaml: ')


@pytest.mark.parametrize(('error', 'line'), [
    (FileNotFoundError(2, 'No such file', 'x.txt'), 'x.txt: No such file'), (OSError(5, 'broken'), 'system: broken'),
    (FileNotFoundError('x.txt: not found'), 'x.txt: not found')])
def test_errors_of_the_system(call, monkeypatch, error, line):
    def fail(_):
        raise error

    monkeypatch.setattr(prepare, '_prepare', fail)
    assert call('voc') == (1, '', f'prepare: {line}\n')


SLOW = """
import sys, time
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
import zs_methods
from published_archives import publish
from benchmark.commands import prepare
from zs_methods.datasets.acquisition import archives
publish(Path({archives!r}))
copy = archives._copy
def slow(*args):
    copy(*args)
    time.sleep(0.3)
archives._copy = slow
sys.exit(prepare.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_killed_command_is_continued(archives, call, tmp_path):
    script = SLOW.format(root=str(ROOT), tests=str(ROOT / 'tests'), archives=str(archives))
    command = [sys.executable, '-c', script, 'voc', '--from', str(archives), '--root', str(tmp_path / 'data')]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    partial = tmp_path / 'data/VOCdevkit/VOC2012.partial'
    deadline = time.monotonic() + 60
    while len(list(partial.rglob('*.jpg'))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in partial.rglob('*.jpg')}
    assert len(kept) >= 3
    assert call('verify', 'voc')[0] == 1

    assert call('voc', '--from', archives)[0] == 0
    folder = tmp_path / 'data/VOCdevkit/VOC2012'
    assert all((folder / path.relative_to(partial)).stat().st_mtime_ns == time_ns for path, time_ns in kept.items())
    assert call('verify', 'voc')[0] == 0
