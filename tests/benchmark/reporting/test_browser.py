"""The page in a browser: it answers, sorts, filters, opens what is behind a number, and asks nothing of any network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_examples, fake_record, scored_record

from benchmark.reporting.html.page import write_page
from benchmark.reporting.statistics.pairs import compare
from benchmark.reporting.tables.grouping import by_dataset

BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
EVIL = '</script><img src=x onerror=alert(1)>'

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason='no browser: apt-get install chromium')]


@pytest.fixture(scope='module')
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp('reports')
    records = [scored_record(name, quality + seed, k=k, seed=seed, noise=seed, examples=fake_examples())
               for k in (2, 4, 10) for name, quality in (('zs3', 40), ('devise', 20), ('ridge', 30), ('oracle', 90))
               for seed in range(3)]
    records += [fake_record('zs5', dataset='voc', classes=[EVIL, *'abcd'], reason=EVIL),
                fake_record('zs5', dataset='voc', seed=1, status='failed', reason=EVIL)]
    datasets = by_dataset(records)
    return write_page(datasets, {section.slug: compare(section) for one in datasets for section in one.sections},
                      reports)


@pytest.fixture(scope='module')
def browser() -> Iterator[Any]:
    api = pytest.importorskip('playwright.sync_api', reason='needs the extra [browser]')
    with api.sync_playwright() as player:
        # A container's root has no sandbox, and the page is our own.
        started = player.chromium.launch(executable_path=BROWSER, args=['--no-sandbox'])
        yield started
        started.close()


@pytest.fixture(params=[1280, 390], ids=lambda width: f'{width}px')
def page(request: pytest.FixtureRequest, browser: Any, page_file: Path) -> Iterator[Any]:
    """The page at a width; at the end, nothing was asked of a network, and nothing was complained of."""
    opened = browser.new_page(viewport={'width': request.param, 'height': 900})
    requests, complaints = [], []
    opened.on('request', lambda one: requests.append(one.url))
    opened.on('console', lambda one: complaints.append(one.text))
    opened.on('pageerror', lambda one: complaints.append(str(one)))
    opened.set_default_timeout(10_000)
    opened.goto(page_file.as_uri())
    yield opened
    assert [one for one in requests if not one.startswith('data:')] == [page_file.as_uri()]
    assert complaints == []
    assert opened.evaluate('document.documentElement.scrollWidth') == request.param
    opened.close()


def column(page: Any, number: int) -> list[str]:
    return page.locator(f'#table tbody tr > :nth-child({number})').all_inner_texts()


def test_the_answer_stands_first(page: Any) -> None:
    assert 'voc: who is best' in page.locator('#answers section').first.inner_text()  # photographs first
    shapes = page.locator('#answers section', has_text='shapes: who is best')
    line = shapes.locator('.answers', has_text='K=2').first.locator('tbody tr').first
    assert [word in line.inner_text() for word in ('zs3', ' over ridge', 'no, beyond noise')] == [True] * 3


def test_a_click_sorts_and_another_one_turns_it_round(page: Any) -> None:
    head = page.locator('#table thead th', has_text='hIoU')
    assert head.get_attribute('aria-sort') == 'none'
    for order, reverse in (('descending', True), ('ascending', False)):
        head.get_by_role('button').click()
        assert head.get_attribute('aria-sort') == order
        values = [float(text.split(' ± ')[0]) for text in column(page, 3)]
        assert len(values) == 13 and values == sorted(values, reverse=reverse)
    page.keyboard.press('Enter')  # the focus is still on it
    assert head.get_attribute('aria-sort') == 'descending'
    page.locator('#table thead th').nth(1).get_by_role('button').click()
    assert [text for text in dict.fromkeys(column(page, 2))] == ['2', '4', '10']


def test_filters_leave_what_was_asked_for(page: Any) -> None:
    page.select_option('#filter-dataset', 'shapes')
    page.select_option('#filter-unit', '4')
    assert column(page, 1) == ['zs3', 'ridge', 'devise', 'oracle']
    page.select_option('#filter-group', 'others')
    assert column(page, 1) == ['oracle']
    page.select_option('#filter-group', '')
    page.fill('#filter-text', 'ridge')
    assert column(page, 1) == ['ridge'] and '1 of 13' in page.inner_text('#count')
    assert page.locator('.curves button').all_inner_texts() == ['ridge']
    page.click('#reset')
    assert len(column(page, 1)) == 13


def test_curves_have_intervals_and_lines_can_be_chosen(page: Any) -> None:
    panel = page.locator('.curves', has_text='shapes')
    key = panel.get_by_role('button', name='zs3')
    assert key.get_attribute('aria-pressed') == 'true' and panel.locator('svg.plot').count() == 1
    drawn = panel.locator('svg.plot path').count()
    key.click()
    assert key.get_attribute('aria-pressed') == 'false' and panel.locator('svg.plot path').count() == drawn - 6


def test_a_row_opens_its_classes(page: Any) -> None:
    page.select_option('#filter-dataset', 'shapes')
    page.locator('#table tbody tr').first.locator('td').nth(6).click()
    dialog = page.locator('#detail[open]')
    lines = dialog.locator('.classes tbody tr')
    assert 'zs3 at K=2' in dialog.inner_text() and lines.count() == 5
    assert ['unseen' in text for text in lines.all_inner_texts()] == [True, True, False, False, False]
    page.keyboard.press('Escape')
    assert page.locator('#detail[open]').count() == 0


def test_a_score_opens_where_it_comes_from(page: Any) -> None:
    page.select_option('#filter-dataset', 'shapes')
    page.locator('#table tbody tr').first.locator('td').nth(1).get_by_role('button').click()
    text = page.locator('#detail[open]').inner_text()
    for word in ('c0ffee', 'torch 2.9.0', 'benchmark/run.py --methods zs3', '3.11.7'):
        assert word in text
    assert page.locator('#detail .source tbody tr').count() == 3


def test_examples_are_switched_by_a_click(page: Any) -> None:
    page.select_option('#filter-dataset', 'shapes')
    gallery = page.locator('#gallery')
    assert gallery.locator('img').count() == 1 and gallery.locator('canvas').count() == 2
    pixels = 'document.querySelectorAll("#gallery canvas")[1].toDataURL()'
    assert page.evaluate(pixels) != page.evaluate(pixels.replace('[1]', '[0]'))
    gallery.get_by_role('button', name='devise').click()
    assert gallery.locator('figcaption').all_inner_texts()[-1] == 'Prediction of devise'
    gallery.get_by_role('button', name='K=10').click()
    gallery.get_by_role('button', name='image 00002').click()
    assert gallery.get_by_role('button', name='image 00002').get_attribute('aria-pressed') == 'true'
    assert gallery.locator('figcaption').all_inner_texts()[-1] == 'Prediction of devise'


def test_photographs_are_blank_and_texts_stay_texts(page: Any) -> None:
    page.select_option('#filter-dataset', 'voc')
    gallery = page.locator('#gallery')
    assert gallery.locator('img').count() == 0 and 'image 00000' in gallery.locator('.blank').inner_text()
    page.locator('#table tbody th button').click()
    assert EVIL in page.locator('#detail .classes').inner_text() and EVIL in page.locator('#detail .note').inner_text()
    assert page.locator('img[src="x"]').count() == 0
