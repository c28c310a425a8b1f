"""A user's own numbers beside the committed ones: on the page, in words, and never as a merit."""

from dataclasses import replace

import pytest
from fakes import scored_record
from pages import lines, topic, whole

from benchmark.records.files import load_record, save_record
from benchmark.reporting.render import render
from benchmark.reporting.statistics.reference import beside, summary
from benchmark.reporting.statistics.reference_tables import beyond


@pytest.fixture
def folders(tmp_path):
    """A reference of three seeds, and a copy of it as the user's own."""
    for seed in range(3):
        for name in ('own', 'reference'):
            save_record(scored_record('zs3', 60 + seed, seed=seed, noise=seed, settings='s'),
                        tmp_path / name / 'records' / f'shapes_k2_zs3_seed{seed}_aaaaaaaa.json')
    return tmp_path / 'own', tmp_path / 'reference'


def change(reports, quality, **more):
    """Lets the first record of a folder have other numbers."""
    path = min((reports / 'records').glob('*.json'))
    save_record(scored_record('zs3', quality, seed=0, noise=7, settings='s', **more), path)


def verdicts(own, reference):
    records = [(path.name, load_record(path)) for path in sorted((own / 'records').glob('*.json'))]
    return beside(records, reference / 'records')


def test_the_same_counts_are_identical(folders):
    found = verdicts(*folders)
    assert [one.verdict for one in found] == ['identical'] * 3
    assert summary(found, 4) == 'of 4 finished cells: 3 identical, 1 without a record there'
    assert summary([], 3) == ''


def test_another_processor_moves_a_number_within_the_interval_or_beyond(folders):
    own, _ = folders
    change(own, 60.5, provenance={'hardware': {'cpu': 'another'}})
    near = verdicts(*folders)[0]
    change(own, 20)
    far = verdicts(*folders)[0]
    assert (near.verdict, far.verdict) == ('within', 'beyond')
    assert 'hardware.cpu' in near.changed


def test_the_page_shows_the_reference_beside_every_number(folders):
    own, reference = folders
    change(own, 20, provenance={'hardware': {'cpu': 'another'}})
    render(own, reference=reference)
    part = (own / 'shapes.md').read_text().split('## Beside the reference')[1].split('\n## ')[0]
    assert 'Of 3 finished cells: 2 identical, 1 beyond' in part and '(shapes/reference.md)' in part
    assert '- K=2 zs3 seed 0: hIoU 10.64 (reference: hIoU 37.65 to 50.99, 3 seeds)' in part and 'better' not in part
    table = topic(own, 'reference')
    assert [row[:3] for row in lines(table, 'identical')] == [['2', 'zs3', seed] for seed in '12']
    assert 'hIoU, ref.' in table and len(lines(table, 'beyond')) == 1 and 'hardware.cpu' in table
    assert 'better' not in table.split('amplifies')[1]
    before = [path.read_bytes() for path in (reference / 'records').iterdir()]
    render(reference)
    assert 'Beside the reference' not in whole(reference) and not (reference / 'shapes' / 'reference.md').exists()
    assert before == [path.read_bytes() for path in (reference / 'records').iterdir()]


def test_seeds_beyond_the_same_interval_are_one_line_and_cards_are_told_where_there_are_several(folders):
    records = verdicts(*folders)
    far = [replace(one, other=scored_record('zs3', 5, seed=seed, settings='s')) for seed, one in enumerate(records)]
    (line,) = beyond(far)
    assert line.startswith('K=2 zs3 seeds 0, 1, 2: hIoU ')
    far[0].other.cell.protocol = 'spnet'
    assert [line.split(' K=')[0] for line in beyond(far)] == ['spnet, tiny,', 'zs3-clean, tiny,']
