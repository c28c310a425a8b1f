"""``python -m benchmark new-method``: what it writes is a method that keeps the contract."""

import importlib.util
import subprocess
import sys

import pytest

from benchmark.commands import check, new_method


def test_three_files_make_a_method_that_can_be_planned(plan, tmp_path, capsys):
    assert new_method.main(['first_idea', '--folder', str(tmp_path)]) == 0
    names = sorted(path.name for path in tmp_path.glob('*.py'))
    assert names == ['first_idea.py', 'first_idea_config.py', 'test_first_idea.py']
    assert 'check --methods first_idea --plugin' in capsys.readouterr().out
    cells = plan('--methods', 'first_idea', '--ks', 2, '--plugin', tmp_path / 'first_idea.py')
    (cell,) = [cell for cell in cells if cell.id.method == 'first_idea']
    assert [node.name for node in cell.nodes][-4:] == ['features', 'fit', 'classifier', 'evaluate']
    assert cell.nodes[-3].config['temperature'] == 0.1  # of its config
    spec = importlib.util.spec_from_file_location('test_first_idea', tmp_path / 'test_first_idea.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules['first_idea'] = sys.modules[plugin_module('FirstIdea')]
    path = list(sys.path)
    try:
        spec.loader.exec_module(module)
        module.test_features_of_a_class_are_near_those_of_the_nearest_seen_one()
    finally:
        sys.path[:] = path
        del sys.modules['first_idea']


def plugin_module(title):
    from zs_methods.registry import MODELS
    return MODELS.get(f'zs_methods.{title}Generator').__module__


def test_the_files_are_clean(tmp_path):
    new_method.main(['clean_idea', '--folder', str(tmp_path)])
    done = subprocess.run([sys.executable, '-m', 'ruff', 'check', '--isolated', '--select', 'E,F,W,I', '--line-length',
                           '120', str(tmp_path)],
                          capture_output=True, text=True, check=False)
    if 'No module named' not in done.stderr:
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_it_passes_the_check(tmp_path, capsys):
    new_method.main(['checked_idea', '--folder', str(tmp_path)])
    code = check.main(['--methods', 'checked_idea', '--plugin', str(tmp_path / 'checked_idea.py'), '--device', 'cpu'])
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize(('name', 'says'), [
    ('My-Idea', "did you mean 'my_idea'?"), ('1st', 'a letter first'), ('zs3', "'zs3' is taken"), ('class', 'no name')])
def test_a_name_that_is_none_or_taken_is_refused(tmp_path, capsys, name, says):
    assert new_method.main([name, '--folder', str(tmp_path)]) == 2
    assert says in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / 'idea_config.py').write_text('mine')
    assert new_method.main(['idea', '--folder', str(tmp_path)]) == 2
    assert 'there already' in capsys.readouterr().err and len(list(tmp_path.iterdir())) == 1
