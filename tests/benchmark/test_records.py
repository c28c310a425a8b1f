"""Records on disk, and the provenance in them."""

from __future__ import annotations

import json
import mmap

import pytest
from fakes import fake_record

from benchmark.provenance import code_sha256, environment, peak_rss_mib, reset_peak_rss
from benchmark.records import load_record, load_records, save_record, write_json


@pytest.mark.parametrize('status', ['done', 'failed', 'skipped', 'interrupted'])
def test_a_record_survives_being_written_and_read(tmp_path, status):
    record = fake_record(status=status, reason='wäre schön')
    save_record(record, tmp_path / 'new' / 'record.json')
    assert load_record(tmp_path / 'new' / 'record.json') == record


def test_a_diverged_loss_is_written_as_null_as_json_has_no_nan(tmp_path):
    record = fake_record()
    record.stages[0].summary = {'loss': float('nan'), 'steps': 3}
    save_record(record, tmp_path / 'record.json')
    assert 'NaN' not in (tmp_path / 'record.json').read_text()
    assert load_record(tmp_path / 'record.json').stages[0].summary == {'loss': None, 'steps': 3}


def test_the_same_record_gives_the_same_bytes(tmp_path):
    for name in ('a', 'b'):
        save_record(fake_record(), tmp_path / name)
    assert (tmp_path / 'a').read_bytes() == (tmp_path / 'b').read_bytes()


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / 'record.json'
    write_json(path, {'old': 1})
    with pytest.raises(TypeError):
        write_json(path, {'first': 1, 'then': object()})
    assert json.loads(path.read_text()) == {'old': 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('content', ['', '{"schema_version": 1, "stat', '[]', '{}', '\x00\x00'])
def test_a_damaged_record_is_named(tmp_path, content):
    path = tmp_path / 'shapes_k2.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=r'shapes_k2\.json: not a record of schema 2'):
        load_record(path)


@pytest.mark.parametrize(('change', 'key'), [
    (lambda content: content.update(surplus=1), 'surplus'),
    (lambda content: content['cell'].pop('seed'), 'cell.seed'),
    (lambda content: content['metrics']['seen'].update(miou='high'), 'metrics.seen.miou'),
    (lambda content: content.update(status='finished'), 'status'),
])
def test_a_record_of_another_shape_is_refused_by_the_name_of_the_key(tmp_path, change, key):
    content = fake_record().model_dump(mode='json')
    change(content)
    write_json(tmp_path / 'record.json', content)
    with pytest.raises(ValueError, match=rf'record.json: .*{key}'):
        load_record(tmp_path / 'record.json')


def test_records_of_a_folder_come_in_the_order_of_their_names(tmp_path):
    for name, method in (('b', 'zs3'), ('a', 'zsmmd'), ('c', 'oracle')):
        save_record(fake_record(method), tmp_path / f'{name}.json')
    (tmp_path / 'note.txt').write_text('not a record')
    assert [record.cell.method for record in load_records(tmp_path)] == ['zsmmd', 'zs3', 'oracle']


def test_environment_says_what_a_number_depends_on():
    found = environment()
    assert {'git', 'code', 'python', 'packages', 'compat', 'hardware'} <= found.keys()
    assert {'sha', 'dirty'} == found['git'].keys()
    assert {'torch', 'mmengine', 'mmsegmentation', 'numpy'} <= found['packages'].keys()
    assert found['hardware']['cores'] >= 1 and found['hardware']['cpu']
    assert found['code'] == code_sha256() and len(found['code']) == 16
    assert json.loads(json.dumps(found)) == found


def test_peak_memory_grows_with_use_and_starts_anew():
    reset_peak_rss()
    before = peak_rss_mib()
    assert before > 0
    with mmap.mmap(-1, 64 * 2**20) as block:  # fresh pages, not what other tests freed
        for start in range(0, len(block), 4096):
            block[start] = 1  # touched, hence resident
        assert peak_rss_mib() > before + 48
