"""Energy counters: read where they are, and never a reason to fail."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
import torch

from benchmark.records import energy
from benchmark.records.energy import EnergyMeter

CPU = torch.device('cpu')


@pytest.fixture
def counters(tmp_path, monkeypatch):
    """Counters of two packages and a part of one; returns a function that sets them."""
    monkeypatch.setattr(energy, 'RAPL', tmp_path)

    def set_to(**values):
        for name, value in values.items():
            folder = tmp_path / f'intel-rapl:{name[1:].replace("_", ":")}'
            folder.mkdir(exist_ok=True)
            (folder / 'energy_uj').write_text(f'{value}\n')
            (folder / 'max_energy_range_uj').write_text('10000000\n')

    set_to(p0=1_000_000, p1=9_000_000, p0_0=5)
    return set_to


def test_packages_are_added_and_their_parts_are_not(counters):
    meter = EnergyMeter(CPU)
    counters(p0=3_500_000, p1=9_500_000, p0_0=9_000_000)
    assert meter.joules() == 3.0


def test_a_counter_that_starts_anew_is_followed(counters):
    meter = EnergyMeter(CPU)
    counters(p1=500_000)
    meter.update()
    counters(p1=9_900_000)
    meter.update()
    counters(p1=100_000)
    assert meter.joules() == pytest.approx(1.5 + 9.4 + 0.2)


def test_the_counters_are_looked_at_meanwhile(counters, monkeypatch):
    monkeypatch.setattr(energy, 'INTERVAL', 0.01)
    meter = EnergyMeter(CPU)
    counters(p0=2_000_000)
    wait_until(lambda: meter._joules)
    assert meter.joules() == 1.0
    wait_until(lambda: not watching())


def test_a_meter_that_nobody_asks_is_forgotten(counters, monkeypatch):
    monkeypatch.setattr(energy, 'INTERVAL', 0.01)
    meter = EnergyMeter(CPU)
    assert watching()
    del meter
    wait_until(lambda: not watching())


def watching():
    return [thread for thread in threading.enumerate() if thread.name == energy.WATCHER]


def wait_until(true, seconds=5.0):
    ended = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ended, 'never became true'
        time.sleep(0.01)


def test_without_counters_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, 'RAPL', tmp_path / 'gone')
    assert EnergyMeter(CPU).joules() is None


@pytest.mark.parametrize('text', ['', 'soon'])
def test_a_counter_that_stops_being_readable_spoils_the_sum(counters, tmp_path, text):
    meter = EnergyMeter(CPU)
    (tmp_path / 'intel-rapl:1' / 'energy_uj').write_text(text)
    assert meter.joules() is None
    counters(p1=9_500_000)
    assert meter.joules() is None


def test_a_gpu_that_is_not_there_is_no_error():
    if not torch.cuda.is_available():
        assert energy._gpu_joules(torch.device('cuda')) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_a_gpu_uses_energy():
    device = torch.device('cuda')
    if energy._gpu_joules(device) is None:
        pytest.skip('this GPU has no counter that may be read')
    meter = EnergyMeter(device)
    time.sleep(1)
    assert 1 < meter.joules() < 2000


class FakeLibrary:
    """NVIDIA's management library with one GPU that has used `millijoules`; `broken` calls return an error."""

    def __init__(self, millijoules, broken=''):
        self.millijoules, self.broken, self.open = millijoules, broken, 0

    def nvmlInit_v2(self):
        self.open += 1
        return 9 * (self.broken == 'init')

    def nvmlDeviceGetHandleByUUID(self, uuid, handle):
        handle._obj.value = 42
        return 0 if uuid == b'GPU-1234' else 6

    def nvmlDeviceGetTotalEnergyConsumption(self, handle, found):
        found._obj.value = self.millijoules
        return 3 * (self.broken == 'energy' or handle.value != 42)

    def nvmlShutdown(self):
        self.open -= 1


@pytest.fixture
def nvml(tmp_path, monkeypatch):
    """Gives the machine one GPU and that library; returns a function that makes the latter."""
    monkeypatch.setattr(energy, 'RAPL', tmp_path / 'gone')

    def install(millijoules, broken='', uuid='1234'):
        library = FakeLibrary(millijoules, broken)
        monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda device: SimpleNamespace(uuid=uuid))
        monkeypatch.setattr(energy.ctypes, 'CDLL', lambda name: library)
        return library

    return install


@pytest.mark.parametrize('uuid', ['1234', 'GPU-1234'])
def test_the_counter_of_a_gpu_is_in_millijoules(nvml, uuid):
    library = nvml(5000, uuid=uuid)
    meter = EnergyMeter(torch.device('cuda'))
    library.millijoules = 17500
    assert meter.joules() == 12.5 and library.open == 0


@pytest.mark.parametrize(('broken', 'uuid'), [('init', '1234'), ('energy', '1234'), ('', '5678')])
def test_a_gpu_without_a_counter_has_no_energy(nvml, broken, uuid):
    nvml(5000, broken, uuid)
    assert EnergyMeter(torch.device('cuda')).joules() is None
