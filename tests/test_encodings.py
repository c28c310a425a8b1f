"""No source of the packages leaves the encoding of a text file to the locale of the machine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ('zs_methods', 'benchmark', 'configs') for path in sorted((ROOT / folder).rglob('*.py'))]
#: Methods of a path -> arguments before ``encoding``.
METHODS = {'read_text': 0, 'write_text': 1}
TEXT_MODES = ('r', 'w', 'a', 'x', 'rt', 'wt', 'at', 'xt', 'r+', 'w+', 'a+')


def problems(source: str) -> Iterator[tuple[int, str]]:
    """Every call that reads or writes text without its encoding, as line and name."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg == 'encoding' for word in node.keywords):
            continue
        name = ast.unparse(node.func).rpartition('.')[2]
        if name in METHODS:
            wrong = len(node.args) <= METHODS[name] and ast.unparse(node.func) != 'disk.write_text'  # its own is stated
        elif name in ('open', 'fdopen'):
            modes = [value.value for value in (*node.args, *(word.value for word in node.keywords))
                     if isinstance(value, ast.Constant)]
            default = ast.unparse(node.func) in ('open', 'os.fdopen') and len(node.args) == 1 and not node.keywords
            wrong = default or any(mode in TEXT_MODES for mode in modes)
        else:
            wrong = any(word.arg in ('text', 'universal_newlines') and isinstance(word.value, ast.Constant)
                        and word.value.value is True for word in node.keywords)
        if wrong:
            yield node.lineno, name


def test_every_text_file_has_its_encoding_stated():
    assert len(SOURCES) > 150
    wrong = [f'{path.relative_to(ROOT)}:{line}: {name}' for path in SOURCES
             for line, name in problems(path.read_text(encoding='utf-8'))]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('source', [
    'file.read_text()', '(folder / name).write_text(text)', "file.read_text(errors='replace')",
    'subprocess.run(words, text=True)', 'open(file)', "open(file, 'w')", "file.open('a')",
    "os.fdopen(number, mode='w')", "gzip.open(file, 'rt')"])
def test_what_leaves_it_to_the_locale_is_found(source):
    assert list(problems(source))


@pytest.mark.parametrize('source', [
    "file.read_text('utf-8')", "file.read_text(encoding='utf-8')", "file.write_text(text, encoding='utf-8')",
    'disk.write_text(file, text)', "subprocess.run(words, text=True, encoding='utf-8')", 'file.read_bytes()',
    "open(file, 'rb')", "file.open('wb')", "open(file, 'w', encoding='utf-8')", 'os.open(file, os.O_RDONLY)',
    'Image.open(file)', 'gzip.open(file)', 'member.open()'])
def test_what_states_it_passes(source):
    assert not list(problems(source))
