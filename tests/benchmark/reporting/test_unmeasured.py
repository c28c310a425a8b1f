"""Pages and comparisons where the images scored hold no ground truth of an unseen class: a dash, never 0."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_metrics, fake_record, fake_secondary, scored_record
from matplotlib.axes import Axes
from pages import lines, one_section, page, topic
from rich.console import Console

from benchmark.records.files import Record
from benchmark.reporting import reading
from benchmark.reporting.figures import curves, examples
from benchmark.reporting.published.tables import beside
from benchmark.reporting.published.values import load_published
from benchmark.reporting.published.verdicts import verdicts
from benchmark.reporting.statistics import bootstrap, comparison_tables
from benchmark.reporting.statistics.bootstrap import resampled_hiou
from benchmark.reporting.statistics.pairs import compare
from benchmark.reporting.statistics.ranks import averages, ranking
from benchmark.reporting.tables import terminal as tables
from zs_methods.evaluation.scores import pack_sparse, scores, sparse, unpack_sparse

METHODS = {'seen_only': 5, 'zs3': 50, 'zs5': 60, 'oracle': 90}
NOTE = 'K=4: no image scored holds a pixel of an unseen class, so there is no unseen score and no hIoU.'


def sweep(k: int, absent: tuple[int, ...] = (1, 2)) -> list[Record]:
    """Floor, two methods and ceiling with three seeds each; by default without ground truth of the unseen classes."""
    return [scored_record(name, quality + seed / 5, k=k, seed=seed, noise=seed, absent=absent)
            for name, quality in METHODS.items() for seed in range(3)]


def test_a_page_shows_dashes_and_says_why(tmp_path: Path) -> None:
    text = page([*sweep(2, ()), *sweep(4)], tmp_path)
    numbers = topic(tmp_path, 'numbers')
    for name in METHODS:
        measured, unmeasured = lines(numbers, f' {name} ')[:2]
        assert '—' not in (measured[2], measured[3], measured[5])
        assert unmeasured[0] == '4' and '—' not in (unmeasured[2], unmeasured[4])
        assert (unmeasured[3], unmeasured[5], unmeasured[6], unmeasured[7]) == ('—', '—', '—', '3')
    front = (tmp_path / 'shapes.md').read_text(encoding='utf-8')
    assert f'**{NOTE}**' in front and f'**{NOTE}**' in numbers and text.count('no unseen score') == 2
    assert 'Without an hIoU: zs3 (no pixel of an unseen, or of a seen class), zs5 (' in front
    assert all(row[0] == '2' for row in lines(topic(tmp_path, 'pairs'), 'better'))  # pairs of the other K only
    assert 'K=4' not in topic(tmp_path, 'reading')


def test_a_page_without_any_hiou(tmp_path: Path) -> None:
    text = page(sweep(4), tmp_path)
    assert 'No two methods have an hIoU of the same seed' in text
    assert not (tmp_path / 'shapes' / 'reading.md').exists() and '### Ranks' not in text
    assert '| 0.0' not in ' '.join((text + topic(tmp_path, 'numbers')).split('### Time')[0].split())
    assert not list((tmp_path / 'figures').glob('*-hiou.png')) and 'hiou.png' not in text
    assert len(list((tmp_path / 'figures').glob('*-classes.png'))) == 1


def test_seen_classes_may_be_missing_as_well(tmp_path: Path) -> None:
    text = page(sweep(2, (0, 3, 4)), tmp_path)
    row = lines(topic(tmp_path, 'numbers'), ' zs3 ')[0]
    assert (row[2], row[5]) == ('—', '—') and '—' not in (row[3], row[4])
    assert 'K=2: no image scored holds a pixel of a seen class, so there is no seen score and no hIoU.' in text


def test_the_terminal_shows_dashes_and_says_why() -> None:
    out = StringIO()
    tables.terminal_table(sweep(4), Console(file=out, width=160))
    assert NOTE in out.getvalue()
    for line in out.getvalue().splitlines():
        if 'zs3' in line and '│' in line:
            cells = [cell.strip() for cell in line.split('│')]
            assert (cells[4], cells[6], cells[7]) == ('—', '—', '—')


def test_a_mean_is_over_the_seeds_that_have_a_score() -> None:
    records = [fake_record('zs3', 40.0, seed=0), fake_record('zs3', 60.0, seed=1),
               fake_record('zs3', seed=2, metrics=fake_metrics(70, None))]
    (row,) = one_section(records).rows
    assert row.summary('hiou').mean == 50 and row.summary('hiou').n == 2 and row.summary('seen.miou').n == 3
    (none,) = one_section(records[2:]).rows
    assert none.summary('hiou') is None and none.done and not none.scored


def test_a_gap_needs_floor_ceiling_and_method() -> None:
    for missing in ('seen_only', 'zs3', 'oracle'):
        section = one_section([
            fake_record(name, score, **({'metrics': fake_metrics(70, None)} if name == missing else {}))
            for name, score in (('seen_only', 0.0), ('zs3', 40.0), ('oracle', 80.0))])
        assert section.gap_share(next(row for row in section.rows if row.method == 'zs3')) is None


def test_what_has_no_hiou_is_neither_paired_nor_ranked() -> None:
    records = [*sweep(2, ()), fake_record('devise', metrics=fake_metrics(70, None))]
    (comparison,) = compare(one_section(records))
    assert [row.label for row in comparison.rows] == ['zs3', 'zs5']
    assert ranking(comparison).ranks.keys() == {'zs3', 'zs5'}
    told = [line for part in reading.of_section(one_section(records), [comparison]) for line in part.lines]
    assert any(line.startswith('Highest mean hIoU of inductive methods: zs5 at K=2') for line in told)
    section = one_section(sweep(4))
    (empty,) = compare(section)
    assert not empty.rows and ranking(empty) is None and reading.of_section(section, [empty]) == []
    assert comparison_tables.matrix([empty]).empty and comparison_tables.against([empty], 'zs3').empty


def test_figures_have_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = Axes.errorbar
    monkeypatch.setattr(Axes, 'errorbar', lambda self, x, y, **style: drawn.append(y) or draw(self, x, y, **style))
    assert curves.hiou_against_k(one_section([*sweep(2, ()), *sweep(4)]), tmp_path / 'a.png').is_file()
    assert np.isnan(drawn).tolist() == [[False, True]] * 4
    assert curves.hiou_against_k(one_section(sweep(4)), tmp_path / 'b.png') is None
    many = [fake_record(f'method_{index}', metrics=fake_metrics(70, None)) for index in range(12)]
    assert examples.example_panel(one_section(many), tmp_path / 'c.png').is_file()


def rare(methods: dict[str, float], images: int = 12, **more: object) -> list[Record]:
    """Records of which one image alone holds the unseen classes 1 and 2, so that many resamples hold none."""
    found = []
    for name, quality in methods.items():
        record = scored_record(name, quality, images=images, **more)
        matrices = unpack_sparse(record.confusion_per_image, images, 5)
        matrices[1:, [1, 2]] = 0
        matrices[0, [1, 2], [1, 2]] += 10
        whole = matrices.sum(axis=0)
        record.confusion, record.metrics = whole.tolist(), type(record.metrics)(**scores(whole, (1, 2)))
        record.confusion_per_image = pack_sparse([sparse(matrix) for matrix in matrices])
        found.append(record)
    return found


def test_a_resample_without_unseen_classes_has_no_hiou() -> None:
    (record,) = rare({'zs3': 60.0})
    matrices = unpack_sparse(record.confusion_per_image, 12, 5)
    weights = np.concatenate(list(bootstrap.draws(12, 300)), axis=1)
    found = resampled_hiou([record], 300)[record.key]
    expected = [scores(np.tensordot(column, matrices, 1), (1, 2))['hiou'] for column in weights.T]
    assert np.isnan(found).tolist() == [value is None for value in expected] and 60 < np.isnan(found).sum() < 150
    assert found[~np.isnan(found)] == pytest.approx([value for value in expected if value is not None], abs=1e-9)


def test_such_resamples_take_no_part_in_comparisons(tmp_path: Path) -> None:
    records = [record for seed in range(3) for record in rare({'zs3': 40.0, 'zs5': 60.0 + seed}, seed=seed)]
    (comparison,) = compare(one_section(records))
    pair = comparison.between('zs5', 'zs3')
    # The same images favour zs5 in every resample that has a score; a share of zeros would hide it.
    assert pair.over_images.low > 0 and pair.over_images.verdict == 'better'
    assert comparison.without == np.isnan(comparison.samples[records[0].key]).sum() > 400
    low, high = ranking(comparison).ranks['zs5'].interval
    assert (low, high) == (1, 1)
    assert averages([ranking(comparison)])['zs5'].interval == (1, 1)
    text = page(records, tmp_path)
    assert f'have no hIoU and are left out:\n{comparison.without:,} at K=2.' in text


def test_published_numbers_beside_what_was_not_measured() -> None:
    section = one_section([fake_record(
        'zs3', dataset='voc', protocol='zs3-official', model='r101', metrics=fake_metrics(70, None),
        secondary=fake_secondary(70, None, 60))])
    found = verdicts(section, load_published('voc'))
    assert found and all(one.own['unseen.miou'] is one.own['hiou'] is None for one in found)
    assert not any({'unseen.miou', 'hiou'} & one.differences.keys() for one in found)
    table = beside(section, 'voc')['table']
    assert lines(table, 'zs3', 'unseen')[0][6] == '—' and lines(table, 'overall')[0][6] == '60.0'
