"""Records on disk: schema, versions and finding them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_record, scored_record

import benchmark
from benchmark.errors import UsageError
from benchmark.records.files import (
    SCHEMA_VERSION,
    Failure,
    RecordHead,
    Secondary,
    find_record,
    foreign_records,
    load_head,
    load_record,
    load_records,
    read_json,
    save_record,
    variants_of,
    write_json,
)
from benchmark.records.schema import json_schema
from benchmark.records.upgrades import facts
from benchmark.store.checksums import content_hash

SCHEMA = Path(benchmark.__file__).parent / 'records' / 'record.schema.json'
STATES = ['done', 'failed', 'skipped', 'interrupted', 'not_run']
#: What version 3 has and version 2 had not.
NEW = ('config_hash', 'code', 'attempts', 'failure')
NEW_OF_STAGES = ('peak_gpu_mib', 'energy_j', 'git_diff', 'seeds', 'threads', 'attempts', 'resumed_from')


def old(record=None, **changes):
    """The content of a file of schema 2: no checksum, fewer keys; only the provenance tells the data."""
    content = (record or fake_record()).model_dump(mode='json', exclude=set(NEW))
    stages = [{key: value for key, value in stage.items() if key not in NEW_OF_STAGES} for stage in content['stages']]
    del content['cell']['data']
    return {**content, 'schema_version': 2, 'stages': stages, **changes}


@pytest.mark.parametrize('status', STATES)
def test_a_record_survives_being_written_and_read(tmp_path, status):
    record = fake_record(status=status, reason='wäre schön')
    save_record(record, tmp_path / 'new' / 'record.json')
    assert load_record(tmp_path / 'new' / 'record.json') == record


@pytest.mark.parametrize('status', STATES)
def test_the_head_of_a_record_is_that_of_the_whole(tmp_path, status):
    path = tmp_path / 'record.json'
    record = fake_record(status=status, reason='a\n "traceback": 1')
    expected = record.model_dump(include=set(RecordHead.model_fields))
    save_record(record, path)
    assert load_head(path).model_dump() == expected
    path.write_text(json.dumps(old(record), indent=1))
    assert load_head(path).model_dump() == expected


def test_a_head_is_not_given_of_a_damaged_record(tmp_path):
    path = tmp_path / 'record.json'
    save_record(fake_record(), path)
    path.write_bytes(path.read_bytes()[:-2] + b' }')
    with pytest.raises(ValueError, match='damaged'):
        load_head(path)


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


def test_what_follows_from_the_rest_is_filled_in():
    done = fake_record(provenance={'code': 'c0de'})
    assert done.code == 'c0de' and done.failure is None
    assert fake_record(code='0ther', provenance={'code': 'c0de'}).code == '0ther'
    assert done.config_hash == content_hash({'seen': {'type': 'Some'}, 'classifier': {'type': 'Some'}})
    assert fake_record(status='failed').failure is Failure.ERROR
    assert fake_record(status='failed', failure='timeout').failure is Failure.TIMEOUT
    assert fake_record(status='failed').config_hash == ''  # of the stages that ran, it would mislead


@pytest.mark.parametrize('content', ['', '[]', '{}', '\x00\x00', '{"schema_version": 3, "status": "done"}'])
def test_a_file_that_is_no_record_is_named_in_one_line(tmp_path, content):
    path = tmp_path / 'shapes_k2.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=r'^[^\n]*shapes_k2\.json: damaged: it does not begin with a checksum$'):
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
    with pytest.raises(ValueError, match=rf'record.json: not a record of schema {SCHEMA_VERSION}: .*{key}'):
        load_record(tmp_path / 'record.json')


def test_a_record_of_schema_2_is_upgraded_on_reading_and_left_as_it_is(tmp_path):
    path = tmp_path / 'record.json'
    path.write_text(json.dumps(old(), indent=1))
    before = path.read_bytes()
    assert load_record(path) == fake_record()
    assert path.read_bytes() == before and foreign_records(tmp_path) == []


@pytest.mark.parametrize(('reason', 'failure'), [
    ("LabelAccessError: stage 'seen' read", 'label-access'), ('ValueError: bad', 'error'),
    ('RuntimeError: not run: stage seen failed for shapes k2', 'upstream')])
def test_an_upgraded_failure_says_of_what_kind_it_was(tmp_path, reason, failure):
    (tmp_path / 'record.json').write_text(json.dumps(old(fake_record(status='failed'), reason=reason)))
    assert load_record(tmp_path / 'record.json').failure == failure


def of_schema_3(path, **changes):
    """Writes a record as version 3 did: no data in the cell, 0 where nothing was measured."""
    content = {**scored_record(**changes).model_dump(mode='json'), 'schema_version': 3}
    del content['cell']['data']
    for metrics in filter(None, (content['metrics'], (content['secondary'] or {}).get('metrics'))):
        for group in ('seen', 'unseen', 'overall'):
            metrics[group] = {name: value or 0.0 for name, value in metrics[group].items()}
        metrics['hiou'] = metrics['hiou'] or 0.0
    write_json(path, content)
    return content


@pytest.mark.parametrize('data', ['toy-1234', ''])
def test_a_record_of_schema_3_takes_its_data_from_the_provenance(tmp_path, data):
    of_schema_3(tmp_path / 'record.json', provenance={'data': {'name': data}} if data else {})
    expected = scored_record(data=data, provenance={'data': {'name': data}} if data else {})
    assert load_record(tmp_path / 'record.json') == expected
    assert load_head(tmp_path / 'record.json').cell.data == data and foreign_records(tmp_path) == []


@pytest.mark.parametrize('absent', [(), (1,), (1, 2), (0, 3, 4), (0, 1, 2, 3, 4)])
def test_an_upgrade_takes_back_zeros_of_what_was_not_measured(tmp_path, absent):
    record = scored_record(absent=absent)
    secondary = Secondary(resolution='512', metrics=record.metrics, confusion=record.confusion)
    old = of_schema_3(tmp_path / 'record.json', absent=absent, secondary=secondary)
    found = load_record(tmp_path / 'record.json')
    assert found.metrics == found.secondary.metrics == record.metrics
    assert load_head(tmp_path / 'record.json').metrics == record.metrics
    assert (found.metrics.hiou is None) == (len(absent) > 1) and old['metrics']['hiou'] is not None


def test_an_upgrade_leaves_a_measured_zero(tmp_path):
    of_schema_3(tmp_path / 'record.json', quality=-100.0)  # nothing was found
    assert load_record(tmp_path / 'record.json').metrics.hiou == 0 == scored_record(quality=-100.0).metrics.hiou


#: What methods say of themselves since version 5.
FACTS = ('title', 'continues', 'controls', 'generates', 'compared_with', 'shows')
NOTHING = ('', None, None, False, [], {})


def of_schema_4(path, method, **changes):
    """Writes a record as version 4 did: nothing on how its method stands to others."""
    content = {**fake_record(method).model_dump(mode='json'), 'schema_version': 4}
    for name in FACTS:
        del content['method'][name]
    write_json(path, {**content, **changes})


@pytest.mark.parametrize('method', ['zs3', 'zsmmd_st', 'ridge', 'oracle', 'mine'])
def test_a_record_of_schema_4_says_what_its_method_is_to_others(tmp_path, method):
    of_schema_4(tmp_path / 'record.json', method)
    found = load_record(tmp_path / 'record.json').method
    assert load_head(tmp_path / 'record.json').method == found
    known = {'zs3': ('ZS3Net', None, None, True, ['ridge'], {}), 'ridge': ('', None, None, False, ['zs3'], {}),
             'zsmmd_st': ('', 'zsmmd', None, False, ['zsmmd', 'zs5', 'zs3'], {
                 'zsmmd': 'what self-training adds to the recursion',
                 'zs5': 'what the recursion adds to self-training'})}
    assert tuple(getattr(found, name) for name in FACTS) == known.get(method, NOTHING)


def test_what_old_records_did_not_hold_is_what_methods_say_today(plan):
    """An old record of a built-in method thus counts as finished; those of ZS-MMD are of what `zsmmd_i` is now."""
    for cell in plan('--methods', 'all', '--ks', 2):
        if cell.id.method in ('zsmmd', 'zsmmd_control', 'zsmmd_i'):
            continue
        said = {name: getattr(cell.card, name) for name in FACTS}
        assert said == {**dict(zip(FACTS, NOTHING, strict=True)), **facts(cell.id.method)}, cell.id.method


@pytest.mark.parametrize('change', [{'cell': None}, {'confusion': 3}, {'provenance': 'here'}, {'metrics': {'seen': 1}}])
def test_an_old_record_of_another_shape_is_refused_in_one_line(tmp_path, change):
    content = of_schema_3(tmp_path / 'record.json')
    write_json(tmp_path / 'record.json', {**content, **change})
    with pytest.raises(ValueError, match=rf'^[^\n]*record\.json: not a record of schema {SCHEMA_VERSION}: [^\n]*$'):
        load_record(tmp_path / 'record.json')


def test_what_was_not_measured_is_null_in_the_file(tmp_path):
    save_record(scored_record(absent=(1, 2)), tmp_path / 'record.json')
    content = json.loads((tmp_path / 'record.json').read_text())
    assert content['metrics']['unseen'] == {'pa': None, 'ma': None, 'miou': None} and content['metrics']['hiou'] is None
    schema = json.loads(SCHEMA.read_text())
    assert wrong(content, schema, schema['$defs']) == []


def test_an_ambiguous_name_tells_data_apart(tmp_path):
    for data in ('toy-1234', 'toy-5678'):
        save_record(fake_record(dataset='toy', data=data), tmp_path / f'toy_k1_zs3_seed0_{data[-2:]}.json')
    says = 'toy_k1_zs3_seed0_34 \\(data toy-1234\\), toy_k1_zs3_seed0_78 \\(data toy-5678\\)$'
    with pytest.raises(UsageError, match=says):
        find_record('zs3_seed0', tmp_path)
    (tmp_path / 'toy_k1_zs3_seed0_99.json').write_text('damaged')
    with pytest.raises(UsageError, match=rf'{says[:-1]}, toy_k1_zs3_seed0_99$'):
        find_record('zs3_seed0', tmp_path)


@pytest.mark.parametrize(('version', 'says'), [
    (1, 'schema 1 is too old to be upgraded; run the cell again'),
    (SCHEMA_VERSION + 1, f'of schema {SCHEMA_VERSION + 1}; this program reads up to {SCHEMA_VERSION}'),
    (99, f'of schema 99; this program reads up to {SCHEMA_VERSION}')])
def test_a_record_of_a_version_that_cannot_be_read_says_what_to_do(tmp_path, version, says):
    path = tmp_path / 'record.json'
    path.write_text(json.dumps(old(schema_version=version)))
    with pytest.raises(ValueError, match=rf'record\.json: .*{says}'):
        load_record(path)
    assert foreign_records(tmp_path) == [path]


def test_newer_records_are_foreign_even_with_a_checksum_and_damaged_ones_are_not(tmp_path):
    write_json(tmp_path / 'newer.json', old(schema_version=SCHEMA_VERSION + 1))
    save_record(fake_record(), tmp_path / 'own.json')
    (tmp_path / 'own.json').write_bytes((tmp_path / 'own.json').read_bytes()[:300])
    (tmp_path / 'other.json').write_text('{"some": "thing"}')
    assert [path.name for path in foreign_records(tmp_path)] == ['newer.json', 'other.json']


def test_records_of_a_folder_come_in_the_order_of_their_names(tmp_path):
    for name, method in (('b', 'zs3'), ('a', 'zsmmd'), ('c', 'oracle')):
        save_record(fake_record(method), tmp_path / f'{name}.json')
    (tmp_path / 'note.txt').write_text('not a record')
    assert [record.cell.method for record in load_records(tmp_path)] == ['zsmmd', 'zs3', 'oracle']


def test_a_record_is_found_by_path_name_or_part_of_it(tmp_path):
    for name in ('shapes_k2_zs3_seed0', 'shapes_k2_zs3', 'shapes_k4_oracle'):
        save_record(fake_record(), tmp_path / f'{name}.json')
    assert find_record(str(tmp_path / 'shapes_k4_oracle.json'), tmp_path / 'gone').stem == 'shapes_k4_oracle'
    assert find_record('k4', tmp_path).stem == 'shapes_k4_oracle'
    assert find_record('shapes_k2_zs3', tmp_path).stem == 'shapes_k2_zs3'  # the whole name comes before parts
    for word, says in (('zs3', "part of 2 records' names: shapes_k2_zs3, shapes_k2_zs3_seed0"),
                       ('cagnet', 'is called .cagnet.; there are shapes_k')):
        with pytest.raises(UsageError, match=says):
            find_record(word, tmp_path)
    with pytest.raises(UsageError, match='no file and no record'):
        find_record('any', tmp_path / 'gone')


def test_a_name_without_hash_means_the_plain_method_and_lists_the_variants(tmp_path):
    """Records of variants have the same name but for the hash."""
    save_record(fake_record(), tmp_path / 'shapes_k2_zs3_seed0_aaaaaaaa.json')
    for weight, name in ((1, 'bbbbbbbb'), (2, 'cccccccc')):
        save_record(fake_record(variant={'classifier.weight': weight}), tmp_path / f'shapes_k2_zs3_seed0_{name}.json')
    plain = find_record('k2_zs3_seed0', tmp_path)
    assert plain.stem.endswith('aaaaaaaa') and find_record('seed0_bb', tmp_path).stem.endswith('bbbbbbbb')
    assert [path.stem[-1] for path in variants_of(plain)] == ['b', 'c']
    plain.unlink()
    with pytest.raises(UsageError, match=r'seed0_bbbbbbbb \(classifier.weight=1\), .*=2\)'):
        find_record('k2_zs3_seed0', tmp_path)


def test_of_two_folders_the_first_is_asked_first(tmp_path):
    for folder in ('own', 'reference'):
        save_record(fake_record(), tmp_path / folder / 'shapes_k2_zs3.json')
    save_record(fake_record(), tmp_path / 'reference' / 'shapes_k4_zs3.json')
    folders = [tmp_path / 'own', tmp_path / 'reference']
    assert find_record('k2', *folders).parent.name == 'own' and find_record('k4', *folders).parent.name == 'reference'


def wrong(value: Any, schema: dict, defs: dict, at: str = '') -> list[str]:
    """Where a value breaks the keywords of JSON schema that pydantic writes."""
    if '$ref' in schema:
        return wrong(value, defs[schema['$ref'].rsplit('/', 1)[1]], defs, at)
    if 'anyOf' in schema:
        return min((wrong(value, one, defs, at) for one in schema['anyOf']), key=len)
    kinds = {'object': dict, 'array': list, 'string': str, 'integer': int, 'number': (int, float), 'null': type(None),
             'boolean': bool}
    if 'type' in schema and (not isinstance(value, kinds[schema['type']]) or (schema['type'] != 'boolean'
                                                                              and isinstance(value, bool))):
        return [f'{at}: not {schema["type"]}']
    found = [at] if value not in schema.get('enum', [value]) or value != schema.get('const', value) else []
    if 'pattern' in schema and not re.search(schema['pattern'], value):
        found.append(at)
    if isinstance(value, list) and 'items' in schema:
        for index, one in enumerate(value):
            found += wrong(one, schema['items'], defs, f'{at}{index}.')
    if isinstance(value, dict):
        found += [f'{at}{name} is missing' for name in schema.get('required', []) if name not in value]
        parts = schema.get('properties', {})
        for name, one in value.items():
            rest = parts.get(name, schema.get('additionalProperties', True))
            found += [f'{at}{name} is surplus'] if rest is False else [] if rest is True else \
                wrong(one, rest, defs, f'{at}{name}.')
    return found


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text()) == json_schema(), f'python -m benchmark.records.schema > {SCHEMA}'


@pytest.mark.parametrize('status', STATES)
def test_records_validate_against_the_published_schema(tmp_path, status):
    save_record(fake_record(status=status), tmp_path / 'record.json')
    schema = json.loads(SCHEMA.read_text())
    content = json.loads((tmp_path / 'record.json').read_text())
    assert wrong(content, schema, schema['$defs']) == []
    content['cell']['seed'] = '0'
    content['surplus'] = content.pop('checksum')
    content['stages'][0]['seeds'] = {'order': 1.5}
    content['status'] = 'lost'
    found = wrong(content, schema, schema['$defs'])
    assert [line.split('.')[0].split()[0] for line in found] == ['checksum', 'status', 'cell', 'stages', 'surplus']


def test_read_and_write_of_json_are_those_with_checksums(tmp_path):
    write_json(tmp_path / 'file.json', {'a': 1})
    assert read_json(tmp_path / 'file.json') == {'a': 1}
    assert (tmp_path / 'file.json').read_text().startswith('{\n "checksum": "sha256:')
