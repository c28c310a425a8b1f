"""The main command: every method, through every launcher, exact, interrupted, two cells on one GPU."""

from __future__ import annotations

import importlib.util
import subprocess
import time

import pytest
from gpu_runs import DEVICE, TRAINED, command, counts, kill, micro, records, run, stage

from zs_methods.registry import METHODS


def test_every_method_runs(everything):
    expected = {name for name, method in METHODS.module_dict.items() if method.role != 'imported'}
    found = records(everything)
    assert found.keys() == expected
    assert {record.status.value for record in found.values()} == {'done'}
    devices = {made.device.partition(':')[0] for record in found.values() for made in record.stages}
    assert devices == {DEVICE}


@pytest.mark.parametrize(('launcher', 'method', 'needs', 'words'), [
    ('inline', 'zs3', None, ()), ('serial', 'zs3', None, ()), ('local', 'zs3', None, ()),
    ('ray', 'seen_only', 'ray', ('--workers', 1)),
    ('slurm', 'seen_only', 'submitit', ('--launcher-options', 'cluster=local'))])
def test_every_launcher_gives_the_same_pixels(everything, micro_root, tmp_path, launcher, method, needs, words):
    """From nothing, one cell at a time or as many as there are slots, against two at a time: exact with the option."""
    if needs and not importlib.util.find_spec(needs):
        pytest.skip(f'needs {needs}')
    options = micro('generator') if method == 'zs3' else micro('classifier')
    run(tmp_path, micro_root, '--methods', method, '--deterministic', '--launcher', launcher, *words, options=options)
    assert counts(tmp_path) == counts(everything, *counts(tmp_path))


def test_finished_cells_are_the_same_again(everything, micro_root):
    out = run(everything, micro_root, '--methods', 'zs3', '--verify', 1, options=micro('generator'))
    assert '1 of 1 identical to the pixel' in out


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(trained, micro_root, tmp_path):
    words = ('--methods', 'seen_only', '--launcher', 'local', '--deterministic', '--checkpoint-every', 5)
    driver = subprocess.Popen(command(tmp_path, micro_root, *words, options=TRAINED), cwd=tmp_path,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    try:
        while not list(tmp_path.glob('work/artifacts/.seen-*.scratch/*.checkpoint')):
            assert driver.poll() is None and time.monotonic() < until, 'stage seen never kept a checkpoint'
            time.sleep(0.02)
    finally:
        kill(driver.pid)
        driver.wait()
    assert not list(tmp_path.glob('work/artifacts/seen-*')), 'it was over before it was killed'
    run(tmp_path, micro_root, *words, options=TRAINED)
    resumed = stage(records(tmp_path)['seen_only'], 'seen').resumed_from
    assert resumed and resumed % 5 == 0
    assert counts(tmp_path) == counts(trained)


def test_without_the_option_nothing_fails_either(micro_root, tmp_path):
    """The default, where sums may differ from run to run: two cells at a time."""
    run(tmp_path, micro_root, '--methods', 'zs3', '--workers', 2, options=micro('generator'))
    assert counts(tmp_path).keys() == {'seen_only', 'oracle', 'zs3'}


def test_mixed_precision_trains_and_scores(micro_root, tmp_path):
    words = ('--methods', 'seen_only', '--launcher', 'inline')
    options = [*(option for option in TRAINED if 'max_iters' not in option), 'train_cfg.max_iters=30']
    if DEVICE == 'cpu':
        done = subprocess.run(command(tmp_path, micro_root, *words, options=[*options, 'seen.amp=True']),
                              capture_output=True, text=True)
        assert done.returncode == 2 and 'needs a CUDA device' in done.stderr
        return
    run(tmp_path, micro_root, *words, options=[*options, 'seen.amp=True'])
    summary = stage(records(tmp_path)['seen_only'], 'seen').summary
    assert summary['amp'] and 0 < summary['final_loss'] < 10
    assert counts(tmp_path)['seen_only']
