"""Slots of GPUs; the GPUs are names here."""

from __future__ import annotations

import tempfile

import pytest

from benchmark.launchers import LauncherError
from benchmark.launchers.leases import gpu_slots as slots_of
from benchmark.planning.plan import Needs


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))


def gpu_slots(workers, each=1, visible=None):
    return slots_of(workers, Needs(each), 1, visible)


def test_no_two_cells_get_one_slot_not_even_from_another_sweep():
    first, second = gpu_slots(None, visible=['0', 'GPU-1f']), gpu_slots(None, visible=['0', 'GPU-1f'])
    assert [lease.take() for lease in first] == [True, True]
    assert not any(lease.take() for lease in [*first, *second])
    first[1].free()
    assert [lease.take() for lease in second] == [False, True]


def test_more_workers_than_gpus_share_them_evenly():
    assert [lease.gpus for lease in gpu_slots(5, visible=['0', '1'])] == [['0'], ['1']] * 3
    assert all(lease.take() for lease in gpu_slots(5, visible=['0', '1']))


def test_fewer_workers_than_gpus_may_have_any_of_them():
    assert [lease.gpus for lease in gpu_slots(1, visible=['0', '1', '2'])] == [['0'], ['1'], ['2']]


def test_a_cell_of_several_processes_gets_as_many_gpus_or_none():
    one, other = gpu_slots(None, 2, ['0', '1', '2', '3', '4'])
    assert (one.gpus, other.gpus) == (['0', '1'], ['2', '3'])
    last = gpu_slots(None, 1, ['1'])[0]
    assert last.take() and not one.take() and other.take()
    last.free()
    assert one.take()


def test_too_few_gpus_are_one_line():
    with pytest.raises(LauncherError, match=r'--device cuda: this machine shows 1 GPUs, a cell needs 2'):
        gpu_slots(None, 2, ['0'])
