"""How commands start: what is said without work needs no library of the work."""

import pytest
from environments import COMMANDS, HEAVY, call


@pytest.mark.parametrize('words', [*((name, '--help') for name in COMMANDS), ('--help',)], ids=' '.join)
def test_help_imports_nothing_heavy(words):
    done = call(*words, without=HEAVY, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith('usage: ')


def test_the_version_imports_nothing_heavy():
    done = call('--version', without=HEAVY, text=True)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.count('\n') == 1


@pytest.mark.parametrize('words', [('run', '--metods', 'zs3'), ('reprot',), ('report', '--bad')], ids=' '.join)
def test_a_wrong_word_imports_nothing_heavy(words):
    done = call(*words, without=HEAVY, text=True)
    assert done.returncode == 2 and done.stderr.count('\n') == 1


def test_the_watch_sees_what_is_imported(tmp_path):
    done = call('published', without=('pandas', 'torch'), cwd=tmp_path, text=True)
    assert done.returncode == 99 and done.stderr == 'imported: pandas\n'


def test_the_list_of_methods_waits_for_neither_torch_nor_mmseg():
    done = call('run', '--list', without=('torch', 'mmseg', 'mmcv', 'pandas', 'matplotlib'), text=True)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.count('\n') > 10
