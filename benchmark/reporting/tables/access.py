"""Labels of unseen classes: what the card allows, what methods declare, what their training was measured to read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd

from benchmark.records.values import NONE
from benchmark.reporting.tables.rows import Section
from zs_methods.protocols import ACCESS

#: How a subset's name ends if its labels were read for something else than training targets, see
#: `zs_methods.datasets.audit.purpose`.
DIAGNOSIS, LAYOUT = ' for diagnosis', ' for layout'
_COUNTS = {'images': 'images', 'images_dropped': 'images dropped', 'images_chosen': 'images chosen',
           'images_masked': 'images masked', 'pixels_masked': 'pixels masked'}
_PIXELS = {'training': 'unseen pixels: training', 'layout': 'layout', 'diagnosis': 'diagnosis only'}


def allowed(card: dict[str, Any], setting: str) -> str:
    """The strongest use of unseen labels that a card allows a method of a setting."""
    levels = [card.get('label_access', '')]
    if setting != 'inductive':
        levels.append(card.get('unlabelled_access', ''))
    return max((level for level in levels if level in ACCESS), key=ACCESS.index, default=NONE)


def levels(section: Section) -> pd.DataFrame:
    """Allowed, declared and measured access, line by line for methods that are alike at all K."""
    lines: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in section.plain:
        measured = dict.fromkeys(str(record.label_access.get('level', NONE)) for record in row.done
                                 if record.label_access)
        if measured:
            limit, declared = allowed(section.card, row.card.setting), row.card.reads_unseen_gt
            marks = [text for text, bound in (('more than declared', declared), ('more than the card allows', limit))
                     if any(_above(level, bound) for level in measured)]
            lines[row.label, row.card.role, row.card.setting, limit, declared, ', '.join(measured)
                  + (f' ({", ".join(marks)})' if marks else '')].append(row.unit.label)
    columns = ('method', 'role', 'setting', 'allowed', 'declares', 'measured')
    order = sorted(lines, key=lambda line: section.labels.index(line[0]))
    return pd.DataFrame([{**dict(zip(columns, line, strict=True)), 'at K': ', '.join(lines[line])} for line in order])


def counts(section: Section) -> pd.DataFrame:
    """What was handed out, by method and K: the seed with the most; columns without a count are left out."""
    table = []
    for row in section.plain:
        cells = [_counts(record.label_access) for record in row.done if record.label_access]
        if cells:
            table.append({'K': row.unit.label, 'method': row.label,
                          **{name: max(cell[name] for cell in cells) for name in cells[0]}})
    frame = pd.DataFrame(table)
    kept = [name for name in frame.columns if name in ('K', 'method', 'images') or frame[name].any()]
    return frame[kept].map(lambda value: f'{value:,}' if isinstance(value, int) else value)


def _counts(access: dict) -> dict[str, int]:
    """Adds up what the stages of one cell read, without the last one, which only scores.

    Labels read for diagnosis train nothing: their pixels stand apart, their images are not counted.
    """
    totals = dict.fromkeys([*_COUNTS.values(), *_PIXELS.values()], 0)
    for subsets in list(access.get('stages', {}).values())[:-1]:
        for subset, found in subsets.items():
            use = 'diagnosis' if subset.endswith(DIAGNOSIS) else 'layout' if subset.endswith(LAYOUT) else 'training'
            totals[_PIXELS[use]] += sum(found.get('unseen_pixels', {}).values())
            for name, column in _COUNTS.items() if use != 'diagnosis' else ():
                totals[column] += found.get(name, 0)
    return totals


def _above(measured: str, bound: str) -> bool:
    return measured in ACCESS and bound in ACCESS and ACCESS.index(measured) > ACCESS.index(bound)
