"""``python -m benchmark list``."""

import pytest

from benchmark.commands import list as module
from zs_methods.datasets.spec import available
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS


def test_everything_that_can_be_chosen_is_listed(tmp_path, capsys):
    assert module.main(['--data-root', str(tmp_path)]) == 0
    first = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.split()}
    assert first >= {*METHODS.module_dict, *available(), *PROTOCOLS, 'tiny', 'r101', 'local', 'slurm', 'network'}
    assert 'r101_voc' not in first


@pytest.mark.parametrize(('words', 'says'), [
    (['methds'], "unknown kind 'methds': did you mean 'methods'?"), (['--protocol', 'spnt'], "did you mean 'spnet'?"),
    (['--plugin', 'gone.py'], 'no such file')])
def test_a_wrong_word_is_one_line(capsys, words, says):
    assert module.main(words) == 2
    err = capsys.readouterr().err
    assert says in err and err.count('\n') == 1
