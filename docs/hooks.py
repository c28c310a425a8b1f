"""What mkdocs does for these pages besides: pages that lie elsewhere in the repository, and links out of this folder.

All links are written for a reader of the checkout. On the site, one to a page of it leads there, and of one to anything
else in the repository only its text remains, since the site holds no sources.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
#: Pages of the site that lie elsewhere -> where the site has them; with `reports`, all that this folder's pages need.
ELSEWHERE = {'CHANGELOG.md': 'changelog.md', 'CONTRIBUTING.md': 'contributing.md', 'README.md': 'about.md'}
REPORTS = ('reports/*.md', 'reports/*/*.md', 'reports/figures/*.png')
_LINK = re.compile(r'(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)')


def elsewhere() -> dict[str, str]:
    """Path in the repository -> path on the site, of all that does not lie in this folder."""
    found = {path.relative_to(ROOT).as_posix() for pattern in REPORTS for path in ROOT.glob(pattern)}
    return {**ELSEWHERE, **{path: path for path in sorted(found) if not path.startswith('reports/local')}}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that lie elsewhere."""
    for path, place in elsewhere().items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turns the links of the checkout into those of the site."""
    on_site = elsewhere()
    place = page.file.src_uri
    path = next((one for one, other in on_site.items() if other == place), f'docs/{place}')

    def turned(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.groups()
        goal = os.path.normpath(os.path.join(os.path.dirname(path), target))
        there = on_site.get(goal) or (goal.removeprefix('docs/') if goal.startswith('docs/') else None)
        if there is None:
            return text
        return f'{mark}[{text}]({os.path.relpath(there, os.path.dirname(place) or ".")}{anchor or ""})'

    return _LINK.sub(turned, markdown)
