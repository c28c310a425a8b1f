"""One choice for several splits: the same grid, chosen on the seen classes of each, judged by all draws together."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.records.selections import Candidate, Selection


def pools(selections: Iterable[Selection]) -> list[Selection]:
    """A `Selection` for every grid that was tried on more than one split, in the order of the first of each.

    Selections belong together if only their splits, and with them what is held out, differ. Every draw counts once, and
    the rule is that of one split. A pool has the folds of all, ``split`` names them, and ``unseen`` is empty: what is
    unseen on one split may be held out on another.
    """
    groups: dict[str, list[Selection]] = {}
    for one in selections:
        groups.setdefault(question(one), []).append(one)
    return [_pool(sorted(group, key=lambda one: (len(one.unseen), one.split)))
            for group in groups.values() if len({one.split for one in group}) > 1]


def question(one: Selection) -> str:
    """What a selection asked, the same for all splits that it was asked on."""
    return one.model_dump_json(include={
        'dataset', 'data', 'protocol', 'model', 'network', 'method', 'share', 'seeds', 'grid', 'fixed'})


def _pool(group: list[Selection]) -> Selection:
    starts = [sum(len(one.folds) for one in group[:place]) for place in range(len(group))]
    candidates = [
        Candidate(settings=same[0].settings, scores=[
            score.model_copy(update={'fold': start + score.fold})
            for start, candidate in zip(starts, same, strict=True) for score in candidate.scores])
        for same in zip(*(one.candidates for one in group), strict=True)]
    pool = group[0].model_copy(update={
        'split': ', '.join(dict.fromkeys(one.split for one in group)), 'unseen': [], 'candidates': candidates,
        'held_out': sorted({size for one in group for size in one.held_out}), 'argv': [],
        'folds': [fold for one in group for fold in one.folds]})
    pool.choose()
    return pool
