"""Tests of zs_methods.hashes."""

import hashlib

import pytest

from zs_methods.hashes import code_sha256, content_hash, file_sha256, hash_sources


def test_content_hash_ignores_the_order_of_keys_only():
    first = {'a': 1, 'b': {'c': [1, 2], 'd': None}}
    assert content_hash(first) == content_hash({'b': {'d': None, 'c': (1, 2)}, 'a': 1})
    assert content_hash(first) != content_hash({'a': 1, 'b': {'c': [2, 1], 'd': None}})
    assert content_hash({'a': 1}) != content_hash({'a': '1'})
    assert content_hash({'a': 0}) != content_hash({'a': None})


def test_content_hash_is_that_of_compact_json():
    text = b'{"a":1,"b":[0.5,"x",null,true]}'
    assert content_hash({'b': (0.5, 'x', None, True), 'a': 1}) == hashlib.sha256(text).hexdigest()[:16]


def test_content_hash_refuses_what_is_not_plain_data(tmp_path):
    with pytest.raises(TypeError):
        content_hash({'folder': tmp_path})


def test_a_file_of_several_blocks(tmp_path):
    data = b'x' * (2 ** 20 + 1)
    (tmp_path / 'file').write_bytes(data)
    assert file_sha256(tmp_path / 'file') == hashlib.sha256(data).hexdigest()


def test_sources_are_what_can_change_a_result(tmp_path):
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'deep' / 'a.py').write_text('1')
    before = hash_sources([tmp_path])
    (tmp_path / 'README.md').write_text('more')
    assert hash_sources([tmp_path]) == before
    (tmp_path / 'deep' / 'a.py').rename(tmp_path / 'deep' / 'b.py')
    renamed = hash_sources([tmp_path])
    (tmp_path / 'deep' / 'b.py').write_text('2')
    assert len({before, renamed, hash_sources([tmp_path])}) == 3


def test_the_code_has_one_hash_in_a_process():
    assert code_sha256() is code_sha256() and len(code_sha256()) == 16
