"""A report is rendered from records alone, and starts at once: no library that trains is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes import fake_record, fake_selection, save_all

from benchmark.records.selections import save_selection

HEAVY = {'torch', 'torchvision', 'mmcv', 'mmengine', 'mmseg'}
RENDER = 'from benchmark.commands.report import main; assert main(["--reports", sys.argv[1]]) == 0'


@pytest.mark.parametrize('code', [
    RENDER, 'import benchmark.reporting.pages, benchmark.reporting.reader, benchmark.reporting.published.metafiles'])
def test_rendering_imports_nothing_that_trains(code: str, tmp_path: Path) -> None:
    save_all([fake_record(), fake_record('zs5', 50)], tmp_path)
    save_selection(fake_selection(), tmp_path / 'selection' / 'one.json')
    done = subprocess.run([sys.executable, '-c', f'import sys; {code}; print(*sys.modules)', tmp_path], check=True,
                          capture_output=True, text=True)
    assert not HEAVY & set(done.stdout.split())
