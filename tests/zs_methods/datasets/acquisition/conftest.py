"""Shared fixtures: the tiny archives, and a listener that remembers."""

import os
import subprocess

import published_archives
import pytest

from zs_methods.datasets.acquisition import Listener


class Remembering(Listener):
    def __init__(self):
        self.lines, self.steps = [], []

    def line(self, text):
        self.lines.append(text)

    def step(self, title, done, total, unit='files'):
        self.steps.append((title, done, total, unit))


@pytest.fixture
def listener():
    return Remembering()


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """A folder with all archives, which pass as the published ones."""
    folder = published_archives.pack_all(tmp_path / 'archives')
    published_archives.publish(folder, monkeypatch.setattr)
    return folder


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of one megabyte, and how to make it larger."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('mounting a tmpfs needs root')
    try:
        yield folder, lambda: subprocess.run(['mount', '-o', 'remount,size=9m', str(folder)], check=True)
    finally:
        subprocess.run(['umount', str(folder)], check=True)
