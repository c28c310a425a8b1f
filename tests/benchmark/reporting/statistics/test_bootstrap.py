"""Resampled images and compared methods."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import fake_record, scored_record

from benchmark.records.files import Record
from benchmark.reporting.statistics import bootstrap, comparison_tables
from benchmark.reporting.statistics.bootstrap import CountsError, draws, image_counts, resampled_hiou, resamples_for
from benchmark.reporting.statistics.pairs import NOISE, UNKNOWN, Comparison, across, compare, over_units
from benchmark.reporting.tables.grouping import by_dataset
from zs_methods.evaluation.scores import scores, unpack_sparse


def compared(*records: Record) -> list[Comparison]:
    (dataset,) = by_dataset(records)
    (section,) = dataset.sections
    return compare(section)


def sweep(*methods: tuple[str, float], seeds: int = 3, spread: float = 0.2, **more: object) -> list[Record]:
    """Methods of given quality whose seeds differ by `spread` times -1, 0, 1 in another order for each."""
    return [scored_record(name, quality + spread * ((index + seed) % 3 - 1), seed=seed, noise=10 * index + seed, **more)
            for index, (name, quality) in enumerate(methods) for seed in range(seeds)]


def test_counts_are_those_of_the_confusion_matrices() -> None:
    record = scored_record(quality=55)
    matrices = unpack_sparse(record.confusion_per_image, record.images, len(record.classes))
    counts = image_counts(record)
    assert (counts.hit.toarray() == matrices.diagonal(axis1=1, axis2=2).T).all()
    assert (counts.wrong.toarray() == (matrices.sum(axis=1) - matrices.diagonal(axis1=1, axis2=2)).T).all()
    assert (counts.truth.toarray() == matrices.sum(axis=2).T).all()
    assert image_counts(fake_record()) is None


def test_damaged_counts_are_named() -> None:
    record = scored_record()
    record.confusion[0][0] += 1
    with pytest.raises(CountsError, match=f'record {record.key}: '):
        image_counts(record)


def test_every_resample_has_the_hiou_of_its_confusion_matrix() -> None:
    record = scored_record(quality=55, images=6)  # so few that classes without ground truth occur
    matrices = unpack_sparse(record.confusion_per_image, 6, 5)
    weights = np.concatenate(list(draws(6, 40)), axis=1)
    found = resampled_hiou([record], 40)[record.key]
    expected = [scores(np.tensordot(column, matrices, 1), record.unseen)['hiou'] for column in weights.T]
    assert found == pytest.approx(expected, abs=1e-9)
    assert any((np.tensordot(column, matrices, 1).sum(axis=1) == 0).any() for column in weights.T)


def test_draws_hold_as_many_images_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draws(50, 30)), axis=1)
    assert whole.shape == (50, 30) and (whole.sum(axis=0) == 50).all() and len(np.unique(whole, axis=1).T) == 30
    monkeypatch.setattr(bootstrap, 'BLOCK', 8 * 50 * 7)
    blocks = list(draws(50, 30))
    assert [block.shape[1] for block in blocks] == [7, 7, 7, 7, 2]
    assert (np.concatenate(blocks, axis=1) == whole).all()


def test_other_ground_truth_is_never_paired() -> None:
    first, same, other = scored_record('a'), scored_record('b'), scored_record('c', images=29)
    assert resampled_hiou([first, same, other], 10).keys() == {first.key, same.key}
    (comparison,) = compared(first, same, other)
    assert comparison.between('a', 'b').over_images and comparison.between('a', 'c').over_images is None


def test_resamples_suffice_for_the_correction() -> None:
    assert resamples_for(1) == 2000
    many = [scored_record('zs3', variant={'x': index}) for index in range(30)]
    assert compared(scored_record('zs3'), *many)[0].resamples == resamples_for(30) == 2400
    assert all(2 / (resamples_for(pairs) + 1) * pairs < 0.05 / 2 + 1e-4 for pairs in (1, 66, 500))


def test_a_clear_difference_is_beyond_noise() -> None:
    (comparison,) = compared(*sweep(('zs3', 50), ('zs5', 60)))
    pair = comparison.between('zs5', 'zs3')
    assert pair.verdict == pair.beyond == 'better' and pair.seeds == (0, 1, 2)
    assert 0 < pair.over_images.low < pair.over_images.difference < pair.over_images.high
    back = comparison.between('zs3', 'zs5')
    assert back.verdict == 'worse' and back.over_images.low == -pair.over_images.high
    assert back.over_images.p == pair.over_images.p == 2 / 2001


def test_images_alone_or_seeds_alone_are_not_enough() -> None:
    # The same images every time, but the seeds disagree widely.
    (comparison,) = compared(*sweep(('zs3', 50), ('zs5', 54), spread=8))
    pair = comparison.between('zs5', 'zs3')
    assert pair.beyond == NOISE and pair.verdict == 'better over images only, within the noise of seeds'
    # Seeds agree to the last digit, but the images do not tell the two apart.
    records = [scored_record(name, quality, seed=seed, noise=noise)
               for name, quality, noise in (('zs3', 50, 1), ('zs5', 50, 4)) for seed in (0, 1)]
    pair = compared(*records)[0].between('zs5', 'zs3')
    assert pair.over_seeds.verdict in ('better', 'worse') and pair.verdict == NOISE


def test_one_seed_says_nothing_about_trainings() -> None:
    (comparison,) = compared(*sweep(('zs3', 50), ('zs5', 60), seeds=1))
    pair = comparison.between('zs5', 'zs3')
    assert pair.beyond == UNKNOWN and pair.verdict == 'better over images only, the noise of seeds is not known'
    (line,) = comparison_tables.against([comparison], 'zs3').to_dict('records')
    assert line['n'] == '1' and '±' not in line['difference']
    assert list(comparison_tables.matrix([comparison])['zs3']) == ['', '△']


def test_without_counts_of_images() -> None:
    (comparison,) = compared(*[fake_record(name, score, seed=seed) for name, score in (('zs3', 40), ('zs5', 50))
                               for seed in (0, 1)])
    pair = comparison.between('zs5', 'zs3')
    assert pair.verdict == UNKNOWN and pair.over_images is None
    assert list(comparison_tables.matrix([comparison])['zs3']) == ['', '?']


def test_equal_predictions_do_not_differ() -> None:
    records = [scored_record(name, 50, seed=seed, noise=seed) for name in ('zs3', 'zsmmd') for seed in (0, 1)]
    pair = compared(*records)[0].between('zsmmd', 'zs3')
    assert (pair.over_images.p, pair.over_images.difference, pair.verdict) == (1.0, 0.0, NOISE)


def test_all_pairs_are_corrected_together_and_variants_apart() -> None:
    records = [*sweep(('zs3', 50), ('zs5', 60), ('zsmmd', 51)), *sweep(('oracle', 90), ('seen_only', 1)),
               *[scored_record('zsmmd', 45, seed=seed, noise=seed, variant={'weight': 0}) for seed in (0, 1)]]
    (comparison,) = compared(*records)
    assert comparison.count == 3 and [row.label for row in comparison.rows] == ['zs3', 'zs5', 'zsmmd']
    strongest = comparison.between('zs5', 'zs3').over_images
    assert strongest.holm == pytest.approx(3 * strongest.p)
    (variant,) = comparison.variants
    assert (variant.first.label, variant.second.label) == ('zsmmd', 'zsmmd (weight=0)')
    assert variant.over_images.holm == variant.over_images.p and variant.seeds == (0, 1)


def test_only_common_seeds_are_paired() -> None:
    records = [scored_record('zs3', 50, seed=0), scored_record('zs3', 50, seed=1), scored_record('zs5', 60, seed=1),
               scored_record('devise', 60, seed=5)]
    (comparison,) = compared(*records)
    assert comparison.between('zs5', 'zs3').seeds == (1,) and comparison.between('devise', 'zs3') is None
    assert list(comparison_tables.matrix([comparison])['devise']) == ['', '—', '—']


def test_mean_over_ks() -> None:
    records = [record for k, gain in ((2, 4), (4, 8))
               for record in sweep(('zs3', 50), ('zs5', 50 + gain), k=k)]
    both = compared(*records)
    parts = [one.between('zs5', 'zs3') for one in both]
    whole = over_units(both, parts)
    assert whole.over_seeds.mean == pytest.approx(sum(part.over_seeds.mean for part in parts) / 2)
    assert whole.over_images.low > parts[0].over_images.low and whole.over_seeds.n == 3
    assert over_units(compared(*records, scored_record('zs3', k=6)), parts) is None


def test_rows_of_two_cards() -> None:
    (dataset,) = by_dataset([*sweep(('zs3', 50)), *sweep(('zs3', 58), protocol='zs3-official')])
    clean, official = (section.rows[0] for section in dataset.sections)
    pair = across(official, clean)
    assert pair.verdict == 'better' and pair.over_images.holm is None


def test_two_rows_of_one_method_are_not_taken_for_it() -> None:
    twice = [scored_record('zs5', settings=settings) for settings in ('a1', 'b2')]
    (comparison,) = compared(scored_record('zs3'), *twice)
    assert comparison.count == 3 and comparison.between('zs5', 'zs3') is None
