"""The commit that runs, asked of git."""

from __future__ import annotations

import os
import subprocess

import pytest

from benchmark.records import checkout

NOTHING = {'sha': None, 'dirty': None, 'diff': None}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of one file with one commit; returns a function that asks for its state."""
    def git(*args):
        subprocess.run(('git', '-c', 'user.name=x', '-c', 'user.email=x', '-C', str(tmp_path), *args), check=True,
                       capture_output=True)

    (tmp_path / 'code.py').write_text('one = 1\n')
    git('init')
    git('add', '.')
    git('commit', '-m', 'first')
    monkeypatch.setattr(checkout, 'ROOT', tmp_path)
    return checkout.state.__wrapped__


def test_a_clean_checkout_has_no_diff_whatever_a_run_wrote(repository, tmp_path):
    (tmp_path / 'reports').mkdir()
    (tmp_path / 'reports' / 'shapes.md').touch()
    (tmp_path / 'README.md').write_text('another block of leaderboards')
    found = repository()
    assert len(found['sha']) == 40 and found['dirty'] is False and found['diff'] is None


def test_the_hash_of_a_diff_tells_changes_apart(repository, tmp_path):
    seen = []
    for name, text in (('code.py', 'one = 2\n'), ('code.py', 'one = 3\n'), ('new.py', 'two = 2\n'),
                       ('new.py', 'two = 3\n'), ('other.py', 'two = 3\n')):
        (tmp_path / name).write_text(text)
        found = repository()
        assert found['dirty'] is True and len(found['diff']) == 16
        seen.append(found['diff'])
    assert len(set(seen)) == 5
    assert repository()['diff'] == seen[-1]


def test_without_git_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(checkout, 'ROOT', tmp_path)
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(tmp_path.parent))
    assert checkout.state.__wrapped__() == NOTHING


def test_an_archive_inside_another_repository_claims_none_of_its_commits(repository, tmp_path, monkeypatch):
    inside = tmp_path / 'unpacked'
    inside.mkdir()
    (inside / 'code.py').write_text('one = 1\n')
    monkeypatch.setattr(checkout, 'ROOT', inside)
    assert repository() == NOTHING
    assert checkout._ask('rev-parse', 'HEAD')  # which the other one has


def test_a_checkout_behind_a_link_is_one(repository, tmp_path, monkeypatch):
    link = tmp_path.with_name(f'{tmp_path.name}-link')
    link.symlink_to(tmp_path)
    monkeypatch.setattr(checkout, 'ROOT', link)
    assert len(repository()['sha']) == 40


@pytest.mark.parametrize('variables', [('GIT_DIR',), ('GIT_DIR', 'GIT_WORK_TREE'), ('GIT_INDEX_FILE',),
                                       ('GIT_COMMON_DIR',)], ids='+'.join)
def test_variables_of_git_lead_to_no_other_repository(repository, tmp_path, monkeypatch, variables):
    own = repository()
    other = tmp_path.with_name(f'{tmp_path.name}-other')
    subprocess.run(('git', 'init', '-q', str(other)), check=True)
    places = {'GIT_WORK_TREE': other, 'GIT_INDEX_FILE': other / 'index'}
    for name in variables:
        monkeypatch.setenv(name, str(places.get(name, other / '.git')))
    assert repository() == own
    monkeypatch.setattr(checkout, 'ROOT', other / 'nothing')
    assert repository() == NOTHING


@pytest.mark.skipif(os.getuid() != 0, reason='giving a file to another user needs root')
def test_a_repository_of_another_user_which_git_refuses_claims_nothing(repository, tmp_path, monkeypatch):
    monkeypatch.setenv('GIT_CONFIG_GLOBAL', os.devnull)
    monkeypatch.setenv('GIT_CONFIG_SYSTEM', os.devnull)
    for path in (tmp_path, tmp_path / '.git'):
        os.chown(path, 12345, 12345)
    assert repository() == NOTHING


def test_asking_git_writes_nothing_that_a_killed_process_could_leave(repository, tmp_path):
    index = tmp_path / '.git' / 'index'
    os.utime(tmp_path / 'code.py', (1, 1))  # on which git would like to refresh its index
    before = index.read_bytes()
    assert repository()['dirty'] is False
    assert index.read_bytes() == before
