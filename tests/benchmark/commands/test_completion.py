"""``python -m benchmark completion``."""

import importlib.util

import pytest

from benchmark.commands import NAMES, completion


def test_one_parser_knows_all_commands_and_their_options():
    parser = completion.whole()
    args = parser.parse_args(['run', '--methods', 'x', '--dry-run'])
    assert args.command == 'run' and args.dry_run
    assert set(NAMES) <= set(parser._subparsers._group_actions[0].choices)


def test_the_script_completes_options(capsys):
    code = completion.main(['bash'])
    captured = capsys.readouterr()
    if importlib.util.find_spec('shtab') is None:
        assert code == 2 and captured.err == 'completion: completion needs a package: pip install shtab\n'
    else:
        assert code == 0 and 'gzs3()' in captured.out and '--dry-run' in captured.out and 'predict' in captured.out


@pytest.mark.parametrize('words', [['bsh'], []])
def test_a_wrong_shell_is_one_line(capsys, words):
    assert completion.main(words) == 2
    assert capsys.readouterr().err.count('\n') == 1
