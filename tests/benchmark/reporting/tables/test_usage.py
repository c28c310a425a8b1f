"""Time and marginal costs in reports."""

from __future__ import annotations

from fakes import fake_record, fake_sweep
from pages import one_section

from benchmark.records.files import Record, StageRecord
from benchmark.reporting.tables import usage


def test_time() -> None:
    seen, classifier = usage.stages(one_section(fake_sweep())).to_dict('records')
    assert (seen['stage'], seen['K=2'], seen['artifacts'], seen['peak memory, MiB']) == ('seen', '60.0', '6', '900')
    assert classifier['artifacts'] == '24'


def costed(method: str, *stages: tuple[str, float], seed: int = 0, k: int = 2) -> Record:
    """A cell of stages with seconds; a stage of one name, K and seed is one artifact, the last one is its own."""
    made = {'code': 'c', 'git_sha': None, 'device': 'cpu', 'config': {}, 'label_access': {}, 'summary': {},
            'reused': False, 'peak_rss_mib': 1.0}
    names = [*stages, ('evaluate', 1.0)]
    return fake_record(method, seed=seed, k=k, stages=[
        StageRecord(name=name, key=f'{name}-{k}-{seed}' + (method if name == 'evaluate' else ''), seconds=seconds,
                    **made) for name, seconds in names])


def test_marginal_costs() -> None:
    start, features, trunk = ('seen', 20.0), ('features', 4.0), (('generator', 5.0), ('classifier', 1.0))
    records = [cell for seed, extra in ((0, 2.0), (1, 4.0)) for cell in (
        costed('seen_only', start, seed=seed), costed('oracle', start, features, ('real', 3.0), seed=seed),
        costed('zs3', start, features, *trunk, seed=seed),
        costed('zsmmd', start, features, *trunk, ('generator_1', extra), seed=seed),
        costed('other', start, ('own', 10.0), seed=seed))]
    rows = [tuple(row.values()) for row in usage.costs(one_section(records)).to_dict('records')]
    assert rows == [
        ('seen_only', 'all stages', '21.0 (105%)'),
        ('other', 'beyond floor and ceiling', '11.0 (55%)'),
        ('zs3', 'beyond floor and ceiling', '7.0 (35%)'),
        ('zsmmd', 'beyond floor and ceiling', '10.0 (50%)'),
        ('zsmmd', 'beyond zs3', '4.0 (20%)'),
        ('oracle', 'beyond floor', '8.0 (40%)')]


def test_stages_that_only_diagnose_cost_nothing() -> None:
    start = ('seen', 20.0)
    records = [costed('seen_only', start), costed('zs3', start, ('a', 4.0)),
               costed('zsmmd', start, ('a', 4.0), ('b', 2.0), ('look', 50.0)),
               costed('zsmmd_st', start, ('a', 4.0), ('b', 2.0), ('c', 8.0))]
    records[2].stages[3].label_access = {'train for diagnosis': {}}
    records[3].stages[3].label_access = {'train': {}, 'train for diagnosis': {}}
    rows = [tuple(row.values()) for row in usage.costs(one_section(records)).to_dict('records')]
    assert rows[2:] == [('zsmmd', 'beyond floor', '7.0 (35%)'), ('zsmmd', 'beyond zs3', '3.0 (15%)'),
                        ('zsmmd_st', 'beyond floor', '15.0 (75%)'), ('zsmmd_st', 'beyond zsmmd', '9.0 (45%)')]


def test_costs_without_bounds_and_by_k() -> None:
    start = ('seen', 20.0)
    records = [costed('seen_only', start), costed('zs3', start, ('a', 4.0)), costed('zs3', start, ('a', 6.0), k=4)]
    rows = usage.costs(one_section(records)).to_dict('records')
    assert rows[1] == {'method': 'zs3', 'seconds': 'beyond floor', 'K=2': '5.0 (25%)', 'K=4': '—'}
    assert usage.costs(one_section([fake_record(stages=[])])).empty


def test_seconds_on_top_of_the_shared_network() -> None:
    start, maps = ('seen', 20.0), ('maps', 3.0)
    own = [costed('zs5', start, maps, ('a', seconds), ('look', 50.0), seed=seed)
           for seed, seconds in ((0, 4.0), (1, 6.0))]
    for record in own:
        record.stages[3].label_access = {'train for diagnosis': {}}
    floor = [costed('seen_only', start, maps, seed=seed) for seed in (0, 1)]
    section = one_section([*own, *floor, fake_record('zs3', status='failed')])
    rows = {row.method: row for row in section.rows}
    assert usage.beyond_network(section, rows['zs5']) == 6.0  # a, and a second for the evaluation
    assert usage.beyond_network(section, rows['zs3']) is None
    section = one_section(own)
    assert usage.beyond_network(section, section.rows[0]) == 9.0  # nothing says that others have made the maps
