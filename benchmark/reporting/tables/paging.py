"""Pages of limited length: what is longer goes on in another file, and no table is cut without its head."""

from __future__ import annotations

from pathlib import Path

from benchmark.reporting.tables.markup import put

#: Longest page, in lines.
MAX_LINES = 300
#: Lines of a table or list that have to be on a page for it to begin there.
_FEW = 8


def write_parts(path: Path, text: str) -> list[Path]:
    """Writes a text as one page, or as several that link each other, the further ones beside it.

    The first two blocks, title and origin, stand on all of them.
    """
    found = parts(text)
    paths = [path, *(path.with_name(f'{path.stem}~{number}{path.suffix}') for number in range(2, len(found) + 1))]
    head = '\n\n'.join(found[0].split('\n\n')[:2])
    for index, part in enumerate(found if len(found) > 1 else ()):
        links = ', '.join(f'[{number}]({other.name})' if other != paths[index] else f'{number}'
                          for number, other in enumerate(paths, start=1))
        part = part if not index else f'{head}\n\n{part}'
        found[index] = part.replace('\n\n', f'\n\nPart {index + 1} of {len(found)}: {links}.\n\n', 1)
    return [put(one, f'{part}\n') for one, part in zip(paths, found, strict=True)]


def parts(text: str, limit: int = MAX_LINES) -> list[str]:
    """Cuts a text between its blocks, or between the lines of a long table or list, whose head is repeated.

    Headings stay with what follows them; the first block of a later part says under which headings it is.
    """
    room, done = limit - 8, []
    lines: list[str] = []
    headings: dict[int, str] = {}
    waiting: list[str] = []
    for block in (one.splitlines() for one in text.strip().split('\n\n')):
        if block[0].startswith('#'):
            level = len(block[0]) - len(block[0].lstrip('#'))
            headings = {**{key: name for key, name in headings.items() if key < level}, level: block[0]}
            waiting += ['', *block]
            continue
        head = block[:2] if block[0].startswith('|') else []
        rest = block[len(head):]
        while rest:
            least = len(waiting) + 1 + len(head) + min(len(rest), _FEW)
            if lines and len(lines) + least > room:
                done.append(lines)
                above = [f'{name}, continued' for key, name in sorted(headings.items())
                         if key > 1 and name not in waiting]
                lines = '\n\n'.join(above).splitlines()
            fits = room - len(lines) - len(waiting) - 1 - len(head)
            lines += [*waiting, '', *head, *rest[:fits]]
            waiting, rest = [], rest[fits:]
    done.append([*lines, *waiting])
    return ['\n'.join(one).strip() for one in done]
