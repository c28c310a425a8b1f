"""The rooms of the reporting: each imports those below it only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import benchmark.reporting

ROOT = Path(benchmark.reporting.__file__).parent
#: From the bottom to the top; the modules beside the rooms are the top.
ROOMS = ('tables', 'statistics', 'published', 'figures', 'reading', 'html', '')


def rooms_of_imports(path: Path) -> set[str]:
    """The rooms that a module imports from; '' for modules of the top."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.ImportFrom):
            names += [f'{node.module}.{alias.name}' for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    parts = [name.split('.') for name in names if name.startswith('benchmark.reporting.')]
    return {part[2] if part[2] in ROOMS else '' for part in parts}


def test_every_folder_with_code_is_a_room() -> None:
    assert {path.parent.name for path in ROOT.glob('*/*.py')} == {room for room in ROOMS if room}


@pytest.mark.parametrize('room', ROOMS[:-1])
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    allowed = {*ROOMS[:ROOMS.index(room) + 1]}
    for path in (ROOT / room).glob('*.py'):
        assert rooms_of_imports(path) <= allowed, path.name
