"""Which cells are finished, and which have no record."""

from __future__ import annotations

import pytest
from fakes import fake_record

from benchmark.records.files import Status, save_record, write_json
from benchmark.running.finished import finished, other_data, without_record


@pytest.fixture
def done(cell, store, tmp_path):
    """A cell with its record and its artifact, and the record's path."""
    one = cell('toy_ok')
    path = tmp_path / 'records' / one.file_name
    save_record(record_of(one), path)
    with store.create('evaluate', one.key, {}):
        pass
    return one, path


def record_of(cell, **more):
    content = dict(cell=cell.id, key=cell.key, network=cell.network, protocol=cell.protocol.model_dump(),
                   method=cell.card)
    return fake_record().model_copy(update={**content, **more})


def test_a_finished_cell_and_its_scores(done, store):
    cell, path = done
    assert finished(cell, path.parent, store).metrics.hiou == 40.0


@pytest.mark.parametrize('more', [
    {'status': Status.FAILED}, {'status': Status.NOT_RUN}, {'key': 'other'}, {'protocol': {}},
    {'network': fake_record(model='r101').network.model_copy(update={'weights': 'x'})},
    {'method': fake_record(note='another').method}])
def test_a_record_of_something_else_does_not_count(done, store, more):
    cell, path = done
    save_record(record_of(cell, **more), path)
    assert finished(cell, path.parent, store) is None


def test_a_record_of_schema_4_counts(done, store):
    """Its method was part of no release and says nothing new, so nothing is missing."""
    cell, path = done
    content = record_of(cell).model_dump(mode='json')
    for name in ('title', 'continues', 'controls', 'generates', 'compared_with', 'shows'):
        del content['method'][name]
    write_json(path, {**content, 'schema_version': 4})
    assert finished(cell, path.parent, store).metrics.hiou == 40.0


def test_record_and_artifact_must_be_there(done, store, cell):
    one, path = done
    store.path('evaluate', one.key).rename(store.root / 'elsewhere')
    assert finished(one, path.parent, store) is None
    assert finished(cell('toy_ok', seed=1), path.parent, store) is None
    assert finished(one, path.parent / 'nowhere', store) is None


def test_a_skipped_cell_is_never_finished(done, store):
    cell, path = done
    cell.skip = 'no vectors'
    assert finished(cell, path.parent, store) is None


def test_a_damaged_record_is_named(done, store):
    cell, path = done
    path.write_bytes(path.read_bytes().replace(b'60.0', b'61.0', 1))
    with pytest.raises(ValueError, match=path.name):
        finished(cell, path.parent, store)


def test_cells_without_any_record(done, cell, tmp_path):
    one, path = done
    others = [cell('toy_ok', seed=2), cell('toy_fail')]
    assert without_record([others[0], one, others[1]], path.parent) == others
    assert without_record([one], tmp_path / 'nowhere') == [one]


def test_other_data_of_the_same_name(done, tmp_path):
    cell, path = done
    assert other_data([cell], path.parent) == other_data([cell], tmp_path / 'nowhere') == []
    for name, more in (('shapes_a', {'data': 'shapes-v1'}), ('shapes_b', {'data': 'shapes-v2'}),
                       ('shapes_c', {'data': ''}), ('shapes_more_d', {'dataset': 'shapes_more'})):
        save_record(fake_record(**more), path.with_name(f'{name}.json'))
    path.with_name('shapes_e.json').write_text('damaged')
    assert other_data([cell], path.parent) == ['', 'shapes-v2']
