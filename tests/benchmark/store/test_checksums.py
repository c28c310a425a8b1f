"""JSON files with a checksum: any damage is noticed, and writing is all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import time

import pytest
from fakes import fake_record

from benchmark.records.files import load_record, save_record
from benchmark.store import checksums
from benchmark.store.checksums import read_json, stray_files, verified, write_json

CONTENT = {'z': 1, 'a': {'wäre': [1.5, None, True, 'a\n"b"']}, 'list': []}


@pytest.fixture
def path(tmp_path):
    write_json(tmp_path / 'file.json', CONTENT)
    return tmp_path / 'file.json'


@pytest.mark.parametrize('content', [CONTENT, {}, {'only': 'one'}, {'caf\udce9.png': 'a name that is no UTF-8'}])
def test_what_was_written_is_read_in_the_same_order(tmp_path, content):
    write_json(tmp_path / 'new' / 'file.json', content)
    found = read_json(tmp_path / 'new' / 'file.json')
    assert found == content and list(found) == list(content)


def test_the_file_is_ordinary_json_that_begins_with_the_checksum_of_the_rest(path):
    head, rest = re.fullmatch(r'\{\n "checksum": "sha256:([0-9a-f]{64})"(,\n "z": 1,\n.*\}\n)', path.read_text(),
                              re.DOTALL).groups()
    assert head == hashlib.sha256(rest.encode()).hexdigest()
    assert json.loads(path.read_text()) == {'checksum': f'sha256:{head}', **CONTENT}
    assert json.loads(verified(path)) == CONTENT


def damaged(path, data):
    path.write_bytes(data)
    with pytest.raises(ValueError, match='damaged') as error:
        read_json(path)
    assert str(path) in str(error.value) and '\n' not in str(error.value)


def test_every_change_of_a_byte_of_the_beginning_is_noticed(path):
    data = path.read_bytes()
    for place in range(100):
        for flip in (1, 0x20, 0x80):
            damaged(path, data[:place] + bytes([data[place] ^ flip]) + data[place + 1:])


def test_200_random_changes_of_a_byte_of_a_record_are_noticed(tmp_path):
    path, rng = tmp_path / 'record.json', random.Random(0)
    save_record(fake_record(), path)
    data = path.read_bytes()
    for _ in range(200):
        place = rng.randrange(len(data))
        damaged(path, data[:place] + bytes([data[place] ^ rng.randrange(1, 256)]) + data[place + 1:])
        with pytest.raises(ValueError, match=r'record\.json: ') as error:
            load_record(path)
        assert '\n' not in str(error.value)
    path.write_bytes(data)
    assert load_record(path) == fake_record()


def test_a_file_that_was_cut_or_continued_is_damaged(path):
    data = path.read_bytes()
    for cut in (0, 1, 40, 91, 92, 93, len(data) // 2, len(data) - 1):
        damaged(path, data[:cut])
    damaged(path, data + b'\n')
    damaged(path, json.dumps(json.loads(data)).encode())  # the same values in another form


@pytest.mark.parametrize('data', [b'{}', b'[]', b'\x00' * 200, b'{\n "z": 1\n}\n'])
def test_a_file_without_a_checksum_is_refused(path, data):
    damaged(path, data)


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(path, monkeypatch):
    with pytest.raises(TypeError):
        write_json(path, {'first': 1, 'then': object()})

    def full(*args):
        raise OSError(28, 'No space left on device')

    for name in ('fsync', 'replace'):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(OSError, match='No space'):
                write_json(path, {'new': 1})
        assert read_json(path) == CONTENT and list(path.parent.iterdir()) == [path]


def test_an_interrupt_leaves_no_temporary_file(path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'fsync', interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, {'new': 1})
    assert read_json(path) == CONTENT and list(path.parent.iterdir()) == [path]


def test_file_and_folder_reach_the_disk_in_order(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(checksums.os, 'fsync', lambda handle: (done.append('fsync'), fsync(handle)))
    monkeypatch.setattr(checksums.os, 'replace', lambda *names: (done.append('replace'), replace(*names)))
    write_json(tmp_path / 'file.json', CONTENT)
    assert done == ['fsync', 'replace', 'fsync']


def test_the_name_of_the_checksum_is_taken(tmp_path):
    with pytest.raises(ValueError, match="the key 'checksum'"):
        write_json(tmp_path / 'file.json', {'checksum': 1})
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_found_and_what_a_living_one_writes_is_not(path, monkeypatch):
    monkeypatch.setattr(checksums.os, 'replace', lambda *names: None)
    write_json(path, {'new': 1})
    (path.parent / '.hidden').touch()
    assert stray_files(path.parent) == []  # its writer, this process, lives
    [mine] = path.parent.glob('.file.json.*')
    ended = subprocess.Popen(['true'])
    ended.wait()
    tag, _, last = mine.name.removeprefix('.file.json.').split('-')
    dead = mine.rename(mine.with_name(f'.file.json.{tag}-{ended.pid}-{last}'))
    elsewhere = path.parent / f'.file.json.ffffff-{ended.pid}-{last}'
    elsewhere.touch()
    assert stray_files(path.parent) == [dead]
    old = time.time() - checksums.ABANDONED_S - 1
    os.utime(elsewhere, (old, old))
    assert stray_files(path.parent) == sorted([dead, elsewhere])
    assert stray_files(path.parent / 'gone') == []
