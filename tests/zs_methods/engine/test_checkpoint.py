"""An interrupted stage goes on at its last checkpoint, and leaves exactly what an uninterrupted one leaves."""

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from interruptions import Interrupted, interrupting
from small_bank import VECTORS, make_bank, make_task, run_stage

from zs_methods.datasets import audit
from zs_methods.engine.loop_state import plain
from zs_methods.stages import Checkpoint, StageContext, TrainGenerator

ITERATIONS, EVERY = 30, 7
GENERATOR = dict(model=dict(type='zs_methods.GMMNGenerator', noise_dim=4, hidden_dim=8),
                 loss=dict(type='zs_methods.MMDLoss'), optimizer=dict(type='Adam', lr=1e-2), iterations=ITERATIONS,
                 samples=8, vectors=VECTORS)


@pytest.fixture
def bank(tmp_path):
    task = make_task(2)
    (tmp_path / 'bank').mkdir()
    np.savez(tmp_path / 'bank' / 'bank.npz', **{key: part.numpy() for key, part in make_bank(task)._asdict().items()})
    return task


@pytest.fixture
def run(bank, tmp_path, monkeypatch):
    """Runs the generator's stage, to its end or until an iteration; returns what it left, and its context."""
    def go(name, scratch=None, until=None, code='', **changes):
        (out := tmp_path / name).mkdir()
        ctx = StageContext(bank, {'features': tmp_path / 'bank'}, out, 0, scratch=scratch, checkpoint_every=EVERY,
                           code=code)
        stage = TrainGenerator(**{**GENERATOR, **changes})
        if until is None:
            return stage.run(ctx), torch.load(out / 'generator.pth', weights_only=True)['state_dict'], ctx
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            patch.setattr(Checkpoint, 'save_if_due', interrupting(until))
            stage.run(ctx)
    return go


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_saving_changes_nothing(run, tmp_path):
    summary, state, ctx = run('without')
    again, state_again, _ = run('with', tmp_path / 'scratch')
    assert (tmp_path / 'scratch' / 'loop.checkpoint').exists()
    assert summary == again and same(state, state_again)
    assert ctx.resumed_from is None and ctx.axes == {
        axis: ctx.seed_for(axis) for axis in ('order/generator', 'initialisation/generator', 'noise/generator')}


@pytest.mark.parametrize('until', [8, 20, 29])
def test_it_goes_on_at_the_last_checkpoint(run, tmp_path, until):
    summary, state, _ = run('whole')
    run('first', tmp_path / 'scratch', until)
    resumed, state_resumed, ctx = run('second', tmp_path / 'scratch')
    assert ctx.resumed_from == until // EVERY * EVERY
    assert resumed == summary and same(state, state_resumed)


def test_it_can_be_interrupted_again_and_again(run, tmp_path):
    summary, state, _ = run('whole')
    for until in (9, 10, 17, 26):
        run(f'until{until}', tmp_path / 'scratch', until)
    resumed, state_resumed, ctx = run('last', tmp_path / 'scratch')
    assert ctx.resumed_from == 21 and resumed == summary and same(state, state_resumed)


def test_the_time_of_interrupted_runs_counts(run, tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr('zs_methods.engine.checkpoint.time', SimpleNamespace(monotonic=lambda: float(next(clock))))
    run('first', tmp_path / 'scratch', 8)  # looks at the clock when it begins, when it is due, and when it saves
    run('second', tmp_path / 'scratch', 20)
    _, _, ctx = run('third', tmp_path / 'scratch')
    assert (ctx.resumed_from, ctx.earlier_s) == (14, 4.0)


@pytest.mark.parametrize('harm', ['byte', 'digest', 'short', 'empty', 'version', 'code', 'deterministic'])
def test_a_damaged_checkpoint_is_set_aside(run, tmp_path, harm, monkeypatch):
    _, state, _ = run('whole')
    run('first', tmp_path / 'scratch', 20)
    file = tmp_path / 'scratch' / 'loop.checkpoint'
    data = bytearray(file.read_bytes())
    if harm in ('byte', 'digest'):
        data[-1000 if harm == 'byte' else 3] ^= 1
    file.write_bytes({'short': data[:-1], 'empty': b''}.get(harm, data))
    if harm == 'version':
        monkeypatch.setattr(torch, '__version__', '1.0')
    if harm == 'deterministic':
        monkeypatch.setattr(torch, 'are_deterministic_algorithms_enabled', lambda: True)
    with pytest.warns(RuntimeWarning, match=r'loop.checkpoint: no usable checkpoint.*loop.damaged; beginning anew'):
        _, state_again, ctx = run('second', tmp_path / 'scratch', code='of another day' if harm == 'code' else '')
    assert ctx.resumed_from is None and ctx.earlier_s == 0 and same(state, state_again)
    assert (tmp_path / 'scratch' / 'loop.damaged').exists()


def test_a_full_disk_is_one_line(run, tmp_path):
    (tmp_path / 'scratch').write_text('a file where the folder should be')
    with pytest.raises(OSError, match=r'the checkpoint of iteration 7 cannot be written.*scratch'):
        run('whole', tmp_path / 'scratch')


def test_time_decides_where_no_iterations_are_given(bank, tmp_path):
    now, done = StageContext(bank, {}, tmp_path, 0, scratch=tmp_path, checkpoint_every_s=0.0), []
    later = StageContext(bank, {}, tmp_path, 0, scratch=tmp_path / 'later', checkpoint_every_s=100.0)
    for ctx in (now, later):
        done += list(Checkpoint(ctx).steps(3, {}))
    assert done == [0, 1, 2, 0, 1, 2]
    assert (tmp_path / 'loop.checkpoint').exists() and not (tmp_path / 'later').exists()


def test_the_last_iteration_is_never_skipped(bank, tmp_path):
    def ctx():
        return StageContext(bank, {}, tmp_path, 0, scratch=tmp_path, checkpoint_every=1)
    assert list(Checkpoint(ctx()).steps(3, {})) == [0, 1, 2]
    assert list(Checkpoint(ctx()).steps(3, {})) == [2]


def test_what_cannot_be_loaded_safely_is_not_saved():
    with pytest.raises(TypeError, match=r'not parts\.a\[1\], a object'):
        plain({'parts': {'a': [1, object()]}})
    assert plain({'a': np.float64(2), 'f': print, 'b': (1, None)}) == {'a': 2.0, 'b': (1, None)}


def test_counts_of_labels_read_go_on(bank, tmp_path):
    ctx = StageContext(bank, {}, tmp_path, 0, scratch=tmp_path, checkpoint_every=2)

    def read(until):
        with audit.collect() as access:
            ledger = audit.LabelLedger('train', bank.spec.classes, bank.unseen)
            ledger.add(images_dropped=5)  # while the data set is built
            for step in Checkpoint(ctx).steps(6, {}):
                ledger.add_labels(np.full(4, bank.unseen[step % 2], np.uint8))
                if step + 1 == until:
                    break
        return access
    read(5)
    assert ctx.resumed_from is None
    resumed = read(6)
    ctx.scratch = None
    assert resumed == read(6) and resumed['train']['images'] == 6 and resumed['train']['images_dropped'] == 5


CHILD = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from test_checkpoint import GENERATOR, make_task
from zs_methods.stages import StageContext, TrainGenerator
folder = Path({folder!r})
(folder / 'child').mkdir()
TrainGenerator(**{{**GENERATOR, 'iterations': {iterations}}}).run(StageContext(
    make_task(2), {{'features': folder / 'bank'}}, folder / 'child', 0, scratch=folder / 'scratch', checkpoint_every=1))
"""


@pytest.mark.slow
def test_a_killed_process_loses_nothing(run, tmp_path):
    iterations = 300
    summary, state, _ = run('whole', iterations=iterations)
    paths = [str(Path(__file__).parent), *(path for path in sys.path if path)]
    child = subprocess.Popen([sys.executable, '-c', CHILD.format(path=paths, folder=str(tmp_path),
                                                                  iterations=iterations)])
    try:
        while not (tmp_path / 'scratch' / 'loop.checkpoint').exists():
            assert child.poll() is None
            time.sleep(0.005)
        time.sleep(0.1 * np.random.default_rng().random())
    finally:
        child.kill()
    assert child.wait() == -signal.SIGKILL
    resumed, state_resumed, ctx = run('second', tmp_path / 'scratch', iterations=iterations)
    assert 0 < ctx.resumed_from < iterations
    assert resumed == summary and same(state, state_resumed)


def test_a_stage_without_a_folder_for_it_keeps_no_checkpoint(tmp_path):
    run_stage(TrainGenerator(**GENERATOR), tmp_path / 'run', (task := make_task(2)), make_bank(task))
    assert not list(tmp_path.rglob('*.checkpoint'))
