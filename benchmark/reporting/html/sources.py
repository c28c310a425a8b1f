"""Where numbers come from: what made a record, once for all that have it in common."""

from __future__ import annotations

from typing import Any

from benchmark.records.files import Record
from benchmark.reporting.tables import conditions
from benchmark.reporting.tables.markup import visible

#: What a reader asks for first -> where the provenance of a record has it.
_FIRST = {'commit': 'git.sha', 'commit has local changes': 'git.dirty', 'code hash': 'code', 'CPU': 'hardware.cpu',
          'GPU': 'hardware.gpu', 'Python': 'python'}
_PACKAGES = 'packages.'


class Sources:
    """Collects them, in the order in which they come.

    Attributes:
        listed: each one as pairs of a name and a text.
    """

    def __init__(self) -> None:
        self.listed: list[list[list[str]]] = []
        self._places: dict[tuple[Any, ...], int] = {}

    def place(self, record: Record) -> int:
        """The place in `listed` of what made a record."""
        pairs = tuple(_pairs(record))
        if pairs not in self._places:
            self._places[pairs] = len(self.listed)
            self.listed.append([[visible(name), visible(text)] for name, text in pairs])
        return self._places[pairs]


def _pairs(record: Record) -> list[tuple[str, str]]:
    items = {'code': record.code, **conditions.items(record)}
    versions = ', '.join(f'{name.removeprefix(_PACKAGES)} {text}' for name, text in items.items()
                         if name.startswith(_PACKAGES))
    first = [('command', conditions.command(record)),
             *((name, items.get(item, '')) for name, item in _FIRST.items()), ('packages', versions)]
    rest = [(name, text) for name, text in items.items()
            if name not in _FIRST.values() and not name.startswith(_PACKAGES)]
    return [(name, text) for name, text in [*first, *rest] if text not in ('', '[]', 'null')]
