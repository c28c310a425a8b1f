from io import StringIO

import pytest
from rich.console import Console

from benchmark.running import progress
from benchmark.running.progress import Reporter


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    return now


def run(terminal, clock):
    console = Console(file=StringIO(), force_terminal=terminal, width=120)
    with Reporter(console, cells=2) as reporter:
        reporter.stage_started('shapes k2 zs3 seed 0', 'seen')
        for done in (1, 2, 3):
            clock[0] += 20
            reporter.step('shapes k2 zs3 seed 0', done, 4)
        reporter.stage_finished('shapes k2 zs3 seed 0', 'seen', 60.0)
        reporter.cell_finished('shapes k2 zs3 seed 0', 'hIoU 1.0')
    return console.file.getvalue()


def test_plain_output_is_lines_and_a_long_stage_says_how_far_it_is(clock):
    assert run(False, clock).splitlines() == [
        '[1/2] shapes k2 zs3 seed 0: seen 2/4, about 40 s left',
        '[1/2] shapes k2 zs3 seed 0: seen 60.0 s',
        '[1/2] shapes k2 zs3 seed 0: hIoU 1.0',
    ]


def test_a_terminal_shows_bars_and_keeps_the_lines(clock):
    text = run(True, clock)
    assert '[1/2] shapes k2 zs3 seed 0: hIoU 1.0' in text
    assert '\x1b[' in text  # control sequences of the bars
    assert 'about' not in text
