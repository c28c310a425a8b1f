"""A wall: the harness knows no method by its name.

What a method is, and how it stands to others, are facts that it declares and records carry. Names may stand in data
files, in the examples of a command's help, and in commands that are about particular methods.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import benchmark
import zs_methods.methods
from zs_methods.evaluation import LAST
from zs_methods.registry import METHODS

ROOT = Path(benchmark.__file__).parent
NAMES = sorted(name for name, method in METHODS.module_dict.items() if method.__module__.startswith('zs_methods.'))
#: A name by itself: not a part of another word, such as the cards zs3-clean and the access image-oracle.
WORD = re.compile(rf'(?<![\w-])({"|".join(NAMES)})(?![\w-])')
#: Names of constants and arguments that hold what help prints.
EXAMPLES = {'about', 'examples', 'epilog', 'help'}
#: About particular methods: released weights of one, and what is measured for its speed.
PARTICULAR = {'commands/import_zs3.py', 'commands/perf_launchers.py', 'commands/perf_gpu'}
#: A word of English too.
ENGLISH = {'strict'}


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """All strings of a module but those of `EXAMPLES`."""
    for node in ast.iter_child_nodes(tree):
        targets = [*getattr(node, 'targets', ()), getattr(node, 'target', None)]
        names = {target.id.lower() for target in targets if isinstance(target, ast.Name)}
        if names & EXAMPLES or (isinstance(node, ast.keyword) and node.arg in EXAMPLES):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        yield from strings(node)


def named(source: str) -> list[str]:
    """Lines on which a string names a method."""
    return [f'line {node.lineno}: {found[0]}' for node in strings(ast.parse(source))
            if (found := WORD.search(node.value))]


def particular(path: Path) -> str:
    """Which of `PARTICULAR` a file is or lies in; '' if none."""
    place = path.relative_to(ROOT).as_posix()
    return next((one for one in PARTICULAR if place == one or place.startswith(f'{one}/')), '')


def test_no_module_of_the_harness_names_a_method() -> None:
    found = {path.relative_to(ROOT).as_posix(): named(path.read_text(encoding='utf-8'))
             for path in sorted(ROOT.rglob('*.py')) if not particular(path)}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_no_template_names_a_method() -> None:
    found = {path.name: set(WORD.findall(path.read_text(encoding='utf-8'))) - ENGLISH for path in ROOT.rglob('*.j2')}
    assert found and not any(found.values()), found


def test_commands_about_particular_methods_name_some() -> None:
    naming = {particular(path) for path in ROOT.rglob('*.py') if named(path.read_text(encoding='utf-8'))}
    assert naming >= PARTICULAR, 'no exception is needed for these any more'


def test_a_name_is_seen_wherever_it_stands() -> None:
    assert [named(source) for source in (
        "A = 'zs3'", "def f(x='oracle'): '''As ``ridge``.'''", "{'a': ['x zs5, y']}", "f'{a} zsmmd {b}'")] == [
        ['line 1: zs3'], ['line 1: oracle', 'line 1: ridge'], ['line 1: zs5'], ['line 1: zsmmd']]
    assert not any(map(named, (
        "A = 'zs3-clean', 'image-oracle', 'zs3_like'", 'zip(a, strict=True)', "EXAMPLES = '''run zs3'''",
        "add('--methods', help='such as zs3')")))


def test_the_name_of_the_last_stage_stands_once() -> None:
    found = {path.name for root in (ROOT, Path(zs_methods.__file__).parent) for path in root.rglob('*.py')
             for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
             if isinstance(node, ast.Constant) and node.value == LAST}
    assert found == {'result.py'}
