"""Under what conditions numbers were made: the card, the network, the images, the environment."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pandas as pd

from benchmark.records.files import Record
from benchmark.records.values import NONE
from benchmark.reporting.tables.markup import MAX_WIDTH, bullets, table, width
from benchmark.reporting.tables.rows import Dataset, Section, data_text
from zs_methods.datasets.spec import available, load_spec

SUBSETS = {'train': 'training', 'val': 'validation', 'unlabelled': 'unlabelled'}
BACKGROUND = {'seen': 'counted as a seen class', 'ignored': 'ignored'}
UNSEEN_IMAGES = {'drop': 'dropped', 'mask': 'kept, unseen pixels ignored'}
#: Left out of the table of provenance, since they stand elsewhere on the page.
_ELSEWHERE = ('counts', 'note', 'title')


def in_order(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The data sets that were run: photographs before what is generated, and those that carry a warning last."""
    embedded = {name for name in available() if load_spec(name).embedded}
    return sorted((one for one in datasets if one.sections), key=lambda one: (
        one.name in embedded, bool(data_notes(one.records))))


def about(dataset: Dataset, section: Section) -> str:
    """Under what conditions the numbers were made, in a line."""
    seeds = sorted({len(row.scored) for row in section.plain if row.scored})
    images = sorted({record.images for row in section.plain for record in row.scored})
    parts = [f'Protocol {section.title}']
    if seeds:
        parts += [f'{" to ".join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))} seeds per method and K',
                  f'{" or ".join(map(str, images))} validation images']
    if (others := len(dataset.sections) - 1) > 0:
        parts.append(f'{others} other {"card or network is" if others == 1 else "cards or networks are"} on its page')
    return '; '.join(parts)


def card(section: Section) -> pd.DataFrame:
    """The fields of the card, and the network and images it was followed with."""
    content, network = section.card, section.network
    asked = content.get('pretraining', '')
    used = network.pretraining
    if asked and not asked.startswith('any') and asked != used:
        used += ' (not what the card asks for)'
    resolutions = {resolution: None for row in section.rows for resolution in row.resolutions}
    scored = ', and '.join(filter(None, [f'{content["resolution"]} size' if 'resolution' in content else '',
                                         *resolutions]))
    fields = {
        'card': f'{section.protocol}, version {content.get("version", "unknown")}',
        'in short': content.get('summary'),
        'background': BACKGROUND.get(content.get('background', ''), content.get('background')),
        'training images with unseen classes': UNSEEN_IMAGES.get(content.get('unseen_images', ''),
                                                                 content.get('unseen_images')),
        'label access allowed': content.get('label_access'),
        'setting': content.get('setting'),
        'training list, where there are several': content.get('training_list'),
        **{f'{SUBSETS.get(subset, subset)} images': _counted(images, published)
           for subset, (images, published) in image_counts(section.records).items()},
        'scored at': scored,
        'network': f'{section.model}: {network.backbone}',
        'changed in it': ', '.join(f'{key}={json.dumps(value)}' for key, value in sorted(network.changes.items())),
        'backbone weights': network.weights + (f', SHA-256 {network.sha256[:16]}' if network.sha256 else ''),
        'backbone pre-training asked for': asked,
        'backbone pre-training used': used,
        'source': content.get('source'),
    }
    return pd.DataFrame([{'field': name, 'value': value} for name, value in fields.items() if value])


def image_counts(records: Iterable[Record]) -> dict[str, tuple[list[int], list[int]]]:
    """Numbers of images that were there, and of the published subset, by subset; each usually one number, or none."""
    images: dict[str, set[int]] = {}
    published: dict[str, set[int]] = {}
    for record in records:
        for subset, count in (_data(record).get('counts') or {}).items():
            images.setdefault(subset, set()).add(count['images'])
            published.setdefault(subset, set()).update({count.get('published')} - {None})
    order = [*SUBSETS, *sorted(set(images) - set(SUBSETS))]
    return {subset: (sorted(images[subset]), sorted(published[subset])) for subset in order if subset in images}


def other_images(records: Iterable[Record], subsets: Collection[str] | None = None) -> list[str]:
    """Subsets, all by default, without the published number of images, as ``360 of 10,582 training images``."""
    return [f'{_counted(images, published)} {SUBSETS.get(subset, subset)} images'
            for subset, (images, published) in image_counts(records).items()
            if published and images != published and (subsets is None or subset in subsets)]


def _counted(images: Sequence[int], published: Sequence[int]) -> str:
    found = ' or '.join(f'{count:,}' for count in images)
    return found if not published or images == published else \
        f'{found} of {" or ".join(f"{count:,}" for count in published)}'


def seeds(records: Iterable[Record]) -> str:
    """What a seed varies, by name, with the stages that draw from it; '' if no record tells."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for stage in record.stages:
            for axis in stage.seeds:
                found.setdefault(axis.partition('/')[0], {}).setdefault(stage.name)
    return '; '.join(f'{axis} ({", ".join(sorted(found[axis]))})' for axis in sorted(found))


def data_title(records: Iterable[Record]) -> str:
    """Title of the data set, '' if the records have none."""
    return next((str(title) for title in sorted({_data(record).get('title') or '' for record in records}) if title), '')


def data_notes(records: Iterable[Record]) -> list[str]:
    """Warnings of the data set's description, which stand above all numbers; without a full stop."""
    return sorted({str(_data(record)['note']).strip().rstrip('.') for record in records if _data(record).get('note')})


def several_data(dataset: Dataset) -> list[str]:
    """What the name of a data set stands for, line by line, where that is more than one thing; none otherwise."""
    lines = []
    for data in dataset.data if len(dataset.data) > 1 else ():
        records = dataset.of(data)
        counts = [f'{_counted(images, published)} {SUBSETS.get(subset, subset)} images'
                  for subset, (images, published) in image_counts(records).items()]
        lines.append(f'{data_text(data)}: {", ".join([*counts, f"{len(records)} records"])}')
    return lines


def _data(record: Record) -> dict[str, Any]:
    return record.provenance.get('data') or {}


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """Splits the provenance into what all records share and the environments that differ."""
    flat = [items(record) for record in records]
    commands = Counter(filter(None, map(command, records)))
    names = sorted({name for one in flat for name in one})
    values = {name: {one.get(name, NONE) for one in flat} for name in names}
    shared = pd.DataFrame([{'item': name, 'value': next(iter(values[name]))}
                           for name in names if len(values[name]) == 1])
    differing = [name for name in names if len(values[name]) > 1]
    environments = Counter(tuple(one.get(name, NONE) for name in differing) for one in flat)
    listed = pd.DataFrame([{'environment': str(index), 'records': str(count), **dict(zip(differing, key, strict=True))}
                           for index, (key, count) in enumerate(sorted(environments.items()), start=1)])
    text = table(shared) if width(shared) <= MAX_WIDTH else bullets(shared.itertuples(index=False))
    return {'shared': text, 'commands': sorted(commands.items()), 'environments': len(environments),
            'listed': table(listed, keys=2) if differing else ''}


def command(record: Record) -> str:
    """The words with which a record was made, as a shell takes them; '' if it does not tell."""
    return shlex.join(map(str, record.provenance.get('argv') or ()))


def items(record: Record) -> dict[str, str]:
    """What else the provenance of a record says, as ``a.b`` -> text."""
    own = {key: value for key, value in record.provenance.items() if key != 'argv'}
    if isinstance(own.get('data'), dict):
        own['data'] = {key: value for key, value in own['data'].items() if key not in _ELSEWHERE}
    return _flatten(own)


def _flatten(value: Any, prefix: str = '') -> dict[str, str]:
    """Turns nested dicts into ``a.b`` -> text; leaves that are not text are written as JSON."""
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for key, part in value.items():
            found.update(_flatten(part, f'{prefix}.{key}' if prefix else str(key)))
        return found
    return {prefix: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}
