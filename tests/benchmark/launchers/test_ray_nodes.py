"""A Ray cluster of two nodes, of which one is killed while a sweep uses both."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    importlib.util.find_spec('ray') is None, reason="Ray is not installed: pip install -e '.[ray]'")]
RAY = Path(sys.executable).with_name('ray')
LAUNCHING = Path(__file__).parents[2] / 'launching.py'
#: From some release on, a head asks for a token; all that join have to be told.
ENV = {**os.environ, 'RAY_AUTH_MODE': 'token', 'RAY_AUTH_TOKEN': 'a-token-of-this-test-0123456789abcdef',
       'PYTHONPATH': str(LAUNCHING.parents[1])}


def free_port():
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


@pytest.fixture
def cluster(tmp_path):
    """The address of a head with one CPU, and the process group of a second node with one CPU."""
    port = free_port()
    address = f'127.0.0.1:{port}'
    shared = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                  env=ENV)
    head = subprocess.Popen([RAY, 'start', '--head', '--node-ip-address=127.0.0.1', f'--port={port}', '--num-cpus=1',
                             '--include-dashboard=false', '--block'], **shared)
    until = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                break
        assert head.poll() is None and time.monotonic() < until, 'the head does not answer'
        time.sleep(0.2)
    node = subprocess.Popen([RAY, 'start', f'--address={address}', '--num-cpus=1', '--block'], **shared)
    yield address, node
    for process in (node, head):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_nodes(address, count):
    """Waits until the cluster has so many living nodes."""
    code = ("import ray, sys, time\nray.init(address=sys.argv[1], log_to_driver=False, logging_level='error')\n"
            'until = time.time() + 60\n'
            "while sum(node['Alive'] for node in ray.nodes()) != int(sys.argv[2]):\n"
            '    assert time.time() < until\n    time.sleep(0.2)\n')
    subprocess.run([sys.executable, '-c', code, address, str(count)], check=True, timeout=90,
                   env=ENV)


def test_a_lost_node_costs_no_cell(cluster, tmp_path):
    address, node = cluster
    wait_for_nodes(address, 2)
    driver = subprocess.Popen(
        [sys.executable, LAUNCHING, tmp_path, 'launched_long', '4', '--launcher', 'ray', '--address', address],
        env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    artifacts, until = tmp_path / 'work' / 'artifacts', time.monotonic() + 120
    while len(list(artifacts.glob('.long-*.lock'))) < 2:  # each node has one of them
        assert driver.poll() is None and time.monotonic() < until, driver.communicate(timeout=5)[0]
        time.sleep(0.02)
    os.killpg(node.pid, signal.SIGKILL)
    output = driver.communicate(timeout=200)[0]
    assert driver.returncode == 0, output
    assert list(json.loads(output.splitlines()[-1]).values()) == ['done'] * 4
    assert 'again' in output  # the cell that ran on the node
    wait_for_nodes(address, 1)
