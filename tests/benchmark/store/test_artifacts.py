"""The artifact store."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import random

import pytest

from benchmark.store.artifacts import ArtifactStore
from benchmark.store.checksums import read_json

NAME, KEY = 'seen', '0123456789abcdef'


def make(store, content=b'weights', **manifest):
    with store.create(NAME, KEY, manifest) as folder:
        (folder / 'deep').mkdir()
        (folder / 'deep' / 'model.pth').write_bytes(content)
    return store.path(NAME, KEY)


def reopened(store):
    """The same store as another process sees it."""
    return ArtifactStore(store.root, store.warn)


def test_manifest_holds_what_was_given_and_the_checksum_of_every_file(store):
    path = make(store, seconds=1.5)
    expected = {'seconds': 1.5, 'files': {'deep/model.pth': hashlib.sha256(b'weights').hexdigest()}}
    assert read_json(path / 'manifest.json') == expected
    assert reopened(store).manifest(NAME, KEY) == expected


def test_artifact_appears_only_when_the_block_has_ended(store):
    with store.create(NAME, KEY, {}):
        assert not store.exists(NAME, KEY)
        assert store.manifest(NAME, KEY) is None
    assert store.exists(NAME, KEY)
    assert [path.name for path in store.root.iterdir()] == [f'{NAME}-{KEY}']


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_block_leaves_nothing(store, error):
    with pytest.raises(error), store.create(NAME, KEY, {}) as folder:
        (folder / 'half').write_text('half')
        raise error
    assert not store.exists(NAME, KEY)
    assert list(store.root.iterdir()) == []


def test_a_manifest_that_cannot_be_written_leaves_nothing(store):
    with pytest.raises(TypeError):
        make(store, summary=object())
    assert list(store.root.iterdir()) == []


def test_a_second_creation_replaces_the_first(store):
    make(store, b'old', round=1)
    path = make(store, b'new', round=2)
    assert (path / 'deep' / 'model.pth').read_bytes() == b'new'
    assert reopened(store).manifest(NAME, KEY)['round'] == 2
    assert list(store.root.iterdir()) == [path]


def test_a_failed_second_creation_keeps_the_first(store):
    path = make(store, b'old')
    with pytest.raises(ValueError, match='boom'), store.create(NAME, KEY, {}):
        raise ValueError('boom')
    assert (path / 'deep' / 'model.pth').read_bytes() == b'old'
    assert reopened(store).manifest(NAME, KEY) is not None


def flip_a_byte(path):
    (path / 'deep' / 'model.pth').write_bytes(b'weighty')


def delete_a_file(path):
    (path / 'deep' / 'model.pth').unlink()


def cut_the_manifest(path):
    text = (path / 'manifest.json').read_text()
    (path / 'manifest.json').write_text(text[:len(text) // 2])


@pytest.mark.parametrize('damage', [flip_a_byte, delete_a_file, cut_the_manifest])
def test_a_damaged_artifact_is_set_aside_and_reported_in_one_line(store, damage):
    path = make(store)
    damage(path)
    assert reopened(store).manifest(NAME, KEY) is None
    assert not path.exists()
    [aside] = store.root.iterdir()
    assert aside.name.startswith(f'{path.name}.damaged-')
    [line] = store.warnings
    assert str(path) in line and aside.name in line and '\n' not in line


def test_an_intact_artifact_gives_no_warning(store):
    make(store)
    assert reopened(store).manifest(NAME, KEY) is not None
    assert store.warnings == []


def test_the_address_depends_on_name_and_key(store):
    make(store)
    assert store.manifest('features', KEY) is None
    assert store.manifest(NAME, KEY[::-1]) is None


def test_no_change_of_a_single_byte_goes_unnoticed(store):
    """One hundred random bytes of all files of an artifact, the manifest included."""
    chance = random.Random(0)
    for number in range(100):
        path = make(store, chance.randbytes(200), note='text', round=number)
        file = chance.choice(sorted(file for file in path.rglob('*') if file.is_file()))
        content = bytearray(file.read_bytes())
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        file.write_bytes(content)
        assert reopened(store).manifest(NAME, KEY) is None, f'{file.name}, change {number}'
        assert not path.exists()
    assert len(store.warnings) == 100 and not any('\n' in line for line in store.warnings)


def test_a_file_too_many_is_damage(store):
    (make(store) / 'stray').write_text('not from the stage')
    assert reopened(store).manifest(NAME, KEY) is None


def test_what_killed_processes_left_is_removed_and_what_living_ones_hold_is_not(store):
    make(store)
    held = store.lock('held', KEY)
    assert held.acquire()
    (store.root / f'.held-{KEY}.partial-aaaaaa').mkdir()
    (store.root / f'.dead-{KEY}.partial-bbbbbb').mkdir()
    store.scratch(NAME, KEY).mkdir()
    store.scratch('open', KEY).mkdir()
    left = store.lock('dead', KEY).path
    left.write_text(held.path.read_text().replace(f'"pid": {os.getpid()}', '"pid": 999999999'))
    store.clean()
    assert {path.name for path in store.root.iterdir()} == {
        f'{NAME}-{KEY}', f'.held-{KEY}.lock', f'.held-{KEY}.partial-aaaaaa', f'.open-{KEY}.scratch'}
    held.release()


def test_a_full_disk_leaves_nothing_and_says_so(store, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr('benchmark.store.artifacts.os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        make(store)
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize(('number', 'harmed'), [(errno.EIO, True), (errno.EMFILE, False), (errno.ESTALE, False)])
def test_an_artifact_that_cannot_be_read_now_is_not_taken_for_damaged(store, monkeypatch, number, harmed):
    path = make(store)

    def refuse(file):
        raise OSError(number, 'no')

    with monkeypatch.context() as patch:
        patch.setattr('benchmark.store.artifacts.file_sha256', refuse)
        with contextlib.nullcontext() if harmed else pytest.raises(OSError, match='no'):
            assert reopened(store).manifest(NAME, KEY) is None
    assert path.exists() is not harmed
