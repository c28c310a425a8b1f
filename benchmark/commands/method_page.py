"""The page of the documentation on methods: every method with its source, and what differs from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.reporting.published.metafiles import Collection, Metafile, load_metafile
from benchmark.reporting.tables.markup import escape, fill
from zs_methods.configs import compose_all
from zs_methods.datasets.spec import load_spec
from zs_methods.methods import Method
from zs_methods.protocols import PROTOCOLS
from zs_methods.task import Task

#: The settings whose deviations the page tells: data set, K, network and card of the first of the papers.
SETTINGS = 'voc', 2, 'r101', 'zs3-clean'
#: Deviations that two methods share are told once if there are so many.
_SHARED = 3


@dataclass(frozen=True)
class Entry:
    """What the template shows of a method; texts are Markdown.

    Attributes:
        name, setting, role, reads: as in `Method`.
        summary, about, source, note: one line each.
        paper, code: with their addresses, and the paper's evidence; or that there is none.
        like (str): name of a method whose deviations this one has too; '' for none.
        deviations (tuple[str, ...]): all others.
    """

    name: str
    setting: str
    role: str
    reads: str
    summary: str
    about: str
    source: str
    note: str
    paper: str
    code: str
    like: str
    deviations: tuple[str, ...]


def page(methods: Mapping[str, type[Method]], configs: Path) -> str:
    """The page.

    Args:
        methods (Mapping): name -> class, of this repository.
        configs (Path): folder with a folder for every method.

    Raises:
        PublishedError: a method has no metafile, or none that can be read; one line.
        ConfigError: its config is wrong; one line.
    """
    dataset, k, model, card = SETTINGS
    # No image is asked for: what is told follows from settings alone.
    task = Task(dataset, '', f'k{k}', load_spec(dataset).unseen(k), files={'vectors': 'none'})
    names = sorted(methods)
    made = {name: methods[name](one.config, task, PROTOCOLS[card])
            for name, one in compose_all(names, task, model).items()}
    told: dict[str, tuple[str, ...]] = {}
    for name in names:
        one = made[name]
        told[name] = (*one.deviations, *(line for line in one.config_deviations if line not in one.network_deviations))
    entries = [_entry(name, made[name], told, load_metafile(name, configs)) for name in names]
    return fill('method_page.md.j2', entries=entries, dataset=dataset, k=k, model=model, card=card,
                network=[escape(line) for line in made[names[0]].network_deviations])


def _entry(name: str, method: Method, told: Mapping[str, tuple[str, ...]], metafile: Metafile) -> Entry:
    like = _like(name, told)
    collection = metafile.collections[0]
    own = tuple(escape(line) for line in told[name] if not like or line not in told[like])
    return Entry(name, method.setting, method.role, method.reads_unseen_gt, escape(method.summary),
                 escape(collection.readme), escape(method.source), escape(method.note), _paper(collection),
                 _code(collection), like, own)


def _like(name: str, told: Mapping[str, tuple[str, ...]]) -> str:
    """The method with the most deviations of those whose deviations are all among one's own, too; '' if few are."""
    own = told[name]
    found = [(len(lines), other) for other, lines in told.items()
             if len(lines) >= _SHARED and set(lines) < set(own)]
    return max(found, default=(0, ''))[1]


def _paper(collection: Collection) -> str:
    if collection.paper is None:
        return 'none: a baseline of this benchmark'
    paper = collection.paper
    mark = ' (`memory`: not looked up)' if paper.evidence == 'memory' else ''
    return f'[{escape(paper.title)}]({paper.url}), {escape(paper.venue)}{mark}'


def _code(collection: Collection) -> str:
    if collection.code is None:
        return 'none known' if collection.paper else '-'
    return f'[{collection.code.url.path.strip("/")}]({collection.code.url}), commit `{collection.code.commit}`' + (
        f' ({escape(collection.code.note)})' if collection.code.note else '')
