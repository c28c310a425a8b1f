"""Pages are rendered when something that they are made of has changed, and only then."""

import os

import pytest
from fakes import fake_record, save_all

from benchmark.records.files import save_record
from benchmark.reporting import refresh as module
from benchmark.reporting import render as rendering
from benchmark.reporting.refresh import newest, refresh
from benchmark.reporting.render import ReportError, render


@pytest.fixture
def reports(tmp_path):
    """A folder with pages of two records."""
    render(save_all([fake_record(), fake_record('zs5')], tmp_path))
    return tmp_path


@pytest.fixture
def renders(monkeypatch):
    """The folders that are rendered from now on."""
    found = []
    monkeypatch.setattr(rendering, 'render', lambda folder, *_: found.append(folder) or render(folder))
    return found


def later(path):
    """Lets a file be changed a second after everything else."""
    time = os.stat(path).st_mtime_ns + 10 ** 9
    os.utime(path, ns=(time, time))


def record(reports):
    return min((reports / 'records').iterdir())


CHANGES = {
    'another record': lambda reports: save_record(fake_record(seed=1), reports / 'records' / 'new.json'),
    'a record less': lambda reports: record(reports).unlink(),
    'an edited record': lambda reports: later(record(reports)),
    'a record of long ago': lambda reports: os.replace(record(reports), reports / 'records' / 'again.json'),
    'a selection': lambda reports: (reports / 'selection').mkdir(),
    'no index': lambda reports: (reports / 'README.md').unlink(),
    'no page for a browser': lambda reports: (reports / 'index.html').unlink(),
    'no page': lambda reports: (reports / 'shapes.md').unlink(),
    'no page of a data set without records': lambda reports: (reports / 'voc.md').unlink(),
    'no page below': lambda reports: (reports / 'shapes' / 'pairs.md').unlink(),
    'no figure of a page below': lambda reports: next((reports / 'figures').glob('*-classes.png')).unlink(),
    'no figure': lambda reports: min((reports / 'figures').iterdir()).unlink(),
    'an edited page': lambda reports: later(reports / 'shapes.md')}


def test_nothing_is_rendered_twice(reports, renders):
    refresh(reports)
    assert renders == []


@pytest.mark.parametrize('change', CHANGES)
def test_a_change_is_rendered_once(change, reports, renders):
    CHANGES[change](reports)
    for _ in range(2):
        refresh(reports)
    assert renders == [reports]


def test_a_newer_program_renders_again(reports, renders, tmp_path, monkeypatch):
    (tmp_path / 'benchmark').mkdir()
    (tmp_path / 'benchmark' / 'page.md.j2').touch()
    later(tmp_path / 'benchmark' / 'page.md.j2')
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    refresh(reports)
    assert renders == [reports]


def test_a_record_that_comes_while_pages_are_drawn_is_not_missed(reports, renders, monkeypatch):
    write = rendering.front.write_front

    def slow(datasets, comparisons, folder):
        save_record(fake_record(seed=1), folder / 'records' / 'late.json')
        return write(datasets, comparisons, folder)

    with monkeypatch.context() as patch:
        patch.setattr(rendering.front, 'write_front', slow)
        render(reports)
    assert renders == []
    refresh(reports)
    assert renders == [reports]


def test_pages_that_cannot_be_stamped_are_rendered_again(reports, renders, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, 'utime', lambda *_, **__: (_ for _ in ()).throw(PermissionError))
        render(reports)
    refresh(reports)
    assert renders == [reports] and (reports / 'README.md').stat().st_mtime_ns == newest(reports)


def test_without_records_the_reason_is_said(tmp_path):
    with pytest.raises(ReportError, match='no such folder'):
        refresh(tmp_path)
