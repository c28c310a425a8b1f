"""What a plan will take."""

import pytest
from fakes import fake_record

from benchmark.commands.estimates import amount, duration, estimate
from benchmark.records.files import save_record
from benchmark.store.artifacts import ArtifactStore


def test_times_and_sizes_are_those_of_the_stages_most_alike(cell, tmp_path):
    one = cell('toy_ok')
    seen, *_, last = one.nodes
    record = fake_record(model='tiny')
    for stage, node, seconds in zip(record.stages, (seen, last), (100.0, 5.0), strict=True):
        stage.config, stage.name, stage.seconds, stage.key = node.config, node.name, seconds, f'key-{node.name}'
    save_record(record, tmp_path / 'records' / 'shapes_k2_seed0.json')
    save_record(fake_record(dataset='other'), tmp_path / 'records' / 'other_k2_seed0.json')
    store = ArtifactStore(tmp_path / 'artifacts')
    manifest = {'name': seen.name, 'key': 'key-seen', 'config': seen.config, 'task': {'source': 'shapes'}, 'seconds': 9}
    with store.create(seen.name, 'key-seen', manifest) as folder:
        (folder / 'model.pth').write_bytes(b'x' * 5_000_000)
    found = estimate([one], one.nodes, tmp_path / 'artifacts', [tmp_path / 'records', tmp_path / 'gone'])
    assert found.seconds == 105 and 5_000_000 < found.size < 5_010_000
    assert found.without_time == len(one.nodes) - 2 and found.without_size == len(one.nodes) - 1
    assert 'about 105 s of work of one process and 5 MB on the disk' in found.text


def test_times_of_other_data_sets_are_told_apart(cell, tmp_path):
    one = cell('toy_ok')
    seen, last = one.nodes[0], one.nodes[-1]
    store = ArtifactStore(tmp_path / 'artifacts')
    for node, source, seconds in ((seen, 'elsewhere', 7200), (last, 'shapes', 5)):
        manifest = {'name': node.name, 'key': node.key, 'config': node.config, 'task': {'source': source},
                    'seconds': seconds}
        with store.create(node.name, node.key, manifest):
            pass
    record = fake_record(model='tiny')
    record.stages[0].config, record.stages[0].key, record.stages[0].name = last.config, last.key, last.name
    record.stages[0].seconds, record.stages[1].config = 5.0, {'type': 'Another'}
    save_record(record, tmp_path / 'records' / 'shapes_k2_seed0.json')
    found = estimate([one], [seen, last], tmp_path / 'artifacts', [tmp_path / 'records'])
    assert (found.seconds, found.elsewhere) == (7205, 7200)
    assert '; 2.0 h of it by other data sets or networks, which may be far off' in found.text


@pytest.mark.parametrize(('seconds', 'text'), [(59, '59 s'), (180, '3.0 min'), (3000, '50 min'), (9000, '2.5 h')])
def test_durations_are_told_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


def test_sizes_are_told_in_the_unit_that_fits():
    assert (amount(2.5e9), amount(3e6)) == ('2.5 GB', '3 MB')
