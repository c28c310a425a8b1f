"""The documentation says what there is: commands, options, links, messages, and a site of it that needs no network."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from benchmark.commands import NAMES, module_of
from benchmark.commands.arguments import Parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = ['README.md', 'CONTRIBUTING.md', *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob('docs/*.md'))]
TEXTS = {name: (ROOT / name).read_text(encoding='utf-8') for name in PAGES}
#: Programs of others; what they take is not known here.
OTHERS = {'ray', 'srun', 'pip-audit', 'pre-commit', 'source'}
#: Options of these that stand in sentences.
FOREIGN = {'--no-build-isolation', '--shm-size', '--strict', '--ntasks', '--nodes', '--head', '--block', '--exclude',
           '--address'}
_FENCE = re.compile(r'^```(\w*)\n(.*?)^```', re.MULTILINE | re.DOTALL)


def shell(text: str) -> list[str]:
    """The commands of a page: indented blocks and fences of a shell, a command a line, without comments."""
    fences = ''.join(body for language, body in _FENCE.findall(text) if language in ('sh', 'bash', 'shell', 'console'))
    blocks = re.findall(r'(?:^|\n\n)((?: {4}.*\n)+)', _FENCE.sub('', text))
    lines = ''.join(re.sub('^ {4}', '', block, flags=re.MULTILINE) for block in blocks) + fences
    joined = re.sub(r'\\\n\s*', '', lines)
    return [found for line in joined.splitlines() if (found := re.sub(r'(^|\s+)#.*', '', line).strip())]


def inline(text: str) -> list[str]:
    """Calls of this project's programs inside sentences."""
    spans = re.findall(r'`([^`\n]+)`', _FENCE.sub('', text))
    spans += [f'python benchmark/run.py {span}' for span in spans if span.startswith('--dataset ')]
    return [span for span in spans if re.match(r'(?:\.venv/bin/)?python (?:benchmark/|-m )|make |pip install', span)]


def wrong(command: str) -> str:
    """What is wrong with a command; '' if its program takes it."""
    words = shlex.split(command)
    while words and re.fullmatch(r'[A-Z_]+=\S*', words[0]):  # variables of the environment
        del words[0]
    program, *rest = words
    if program in OTHERS:
        return ''
    if program == 'make':
        targets = set(re.findall(r'^([\w.-]+):', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.MULTILINE))
        return ', '.join(f'no target {word}' for word in rest if '=' not in word and word not in targets)
    if program == 'pip':
        return _wrong_requirements(rest)
    if program not in ('python', '.venv/bin/python'):
        return f'what is {program}?'
    if rest[:1] == ['-m'] and rest[1:2] != ['benchmark']:
        return '' if importlib.util.find_spec(rest[1]) else f'no module {rest[1]}'
    if rest[:2] == ['-m', 'benchmark']:
        rest = rest[2:]
    elif rest[:1] == ['benchmark/run.py']:
        rest = ['run', *rest[1:]]
    elif rest[:1] == ['path/to/benchmark']:
        rest = rest[1:]
    else:
        return f'no door {rest[:1]}'
    if not rest or rest in (['--version'], ['COMMAND']):
        return ''
    if rest[0] not in NAMES:
        return f'no command {rest[0]}'
    try:
        module_of(rest[0]).COMMAND.parse(rest[1:])
    except Exception as error:
        return str(error)
    return ''


def _wrong_requirements(words: list[str]) -> str:
    config = ConfigParser()
    config.read(ROOT / 'setup.cfg', encoding='utf-8')
    extras = {extra for word in words for extra in re.findall(r'^\.\[(.*)\]$', word)}
    lost = {name for extra in extras for name in extra.split(',')} - set(config['options.extras_require'])
    files = [words[place + 1] for place, word in enumerate(words[:-1]) if word == '-c']
    return ', '.join([*(f'no extra {name}' for name in sorted(lost)),
                      *(f'no file {file}' for file in files if not (ROOT / file).is_file())])


@pytest.mark.parametrize('page', PAGES)
def test_every_command_is_one_that_its_program_takes(page):
    """Of options alone: data, files and records that a command names are examples."""
    # A sentence may name a command without the words that it needs; its first word and its options are enough then.
    needing = 'the following arguments are required'
    bad = [(command, why) for command in shell(TEXTS[page]) if (why := wrong(command))]
    bad += [(command, why) for command in inline(TEXTS[page]) if (why := wrong(command)) and needing not in why
            and 'COMMAND' not in command]
    assert bad == []


def test_pages_show_commands():
    assert {command for text in TEXTS.values() for line in shell(text)
            for command in re.findall(r'-m benchmark ([\w-]+)', line)} >= set(NAMES) - {'run'}
    assert sum(len(shell(text)) for text in TEXTS.values()) > 100


def test_what_is_wrong_is_seen():
    assert all(map(wrong, ('python benchmark/run.py --metods zs3', 'python -m benchmark reprot', 'make bech',
                           "pip install -e '.[dosc]'", 'curl x', 'python benchmark/perf.py', 'python -m zs_metods')))
    text = 'x\n\n    make a    # b\n    python c \\\n        --d\n\n```sh\nmake e\n```\n\n```python\nf()\n```\n- g\n'
    assert shell(text) == ['make a', 'python c --d', 'make e']


def options(parser: argparse.ArgumentParser) -> set[str]:
    """All options of a parser and its subcommands."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(*map(options, action.choices.values()))
    return found


@pytest.fixture(scope='module')
def known() -> set[str]:
    """All options of all commands."""
    found = {'--version', '--help'}
    for name in NAMES:
        parser = Parser()
        module_of(name).COMMAND.arguments(parser)
        found |= options(parser)
    return found | {'--out', '--model'}  # of zs_methods.datasets.shapes_corpus


@pytest.mark.parametrize('page', [page for page in PAGES if page != 'docs/methods.md'])
def test_every_option_in_a_sentence_exists(page, known):
    spans = re.findall(r'`([^`\n]*)`', _FENCE.sub('', TEXTS[page]).replace('\n--', ' --'))
    named = {option for span in spans for option in re.findall(r'(?<![\w-])--[a-z][a-z-]*', span)}
    assert named - known - FOREIGN == set()


def anchors(text: str) -> set[str]:
    """What links may name behind #: headings as GitHub and mkdocs turn them into words."""
    heads = re.findall(r'^#+ (.*)$', _FENCE.sub('', text), re.MULTILINE)
    return {re.sub(r'\s', '-', re.sub(r'[^\w\s-]', '', head).strip().lower()) for head in heads}


@pytest.mark.parametrize('page', [*PAGES, 'CHANGELOG.md'])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding='utf-8')
    lost = []
    for target, anchor in re.findall(r'\]\((?!https://)([^)#\s]*)(?:#([^)\s]*))?\)', _FENCE.sub('', text)):
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding='utf-8'))):
            lost.append(f'{target}#{anchor}')
    assert lost == []


def test_every_page_is_on_the_site_and_in_the_readme():
    site = yaml.safe_load((ROOT / 'mkdocs.yml').read_text(encoding='utf-8'))
    listed = re.findall(r'[\w/]+\.md', str(site['nav']))
    own = {Path(page).name for page in PAGES if page.startswith('docs/')}
    assert own <= set(listed) and len(listed) == len(set(listed))
    assert own - {'index.md'} == set(re.findall(r'\(docs/(\w+\.md)\)', TEXTS['README.md']))


def test_messages_of_the_program_are_its_own():
    """Those of the second table of faq.md stand in the sources."""
    table = TEXTS['docs/faq.md'].partition('## Messages of this program')[2].partition('\n## ')[0]
    told = re.findall(r'`([^`]+)`', '\n'.join(re.findall(r'^\| (.*?) \|', table, re.MULTILINE)))
    sources = ''.join(path.read_text(encoding='utf-8') for room in ('benchmark', 'zs_methods')
                      for path in (ROOT / room).rglob('*.py'))
    sources = re.sub(r"(['\"])\s*\n\s*f?\1", '', sources)  # texts of several lines
    parts = [part.strip() for message in told for part in message.split('...')]
    assert len(parts) > 20 and [part for part in parts if part not in sources] == []


def test_every_breakage_that_doctor_knows_is_explained():
    from benchmark.commands.breakages import _LOOKS
    words = {'Python': 'Python 3.13', 'torch and CUDA': 'built for the driver', 'NumPy 2': 'NumPy 1.x',
             'torch.load(weights_only)': 'weights_only', 'version of mmcv': 'MMCV==2.2.0',
             'compiled ops of mmcv': 'mmcv._ext', 'CUDA ops of mmcv': 'FORCE_CUDA', 'pkg_resources': 'pkg_resources',
             'compiled ops of torchvision': 'torchvision::nms', 'ftfy and regex': 'ftfy', 'yapf': 'yapf',
             'Adafactor registered twice': 'Adafactor', 'determinism on CUDA': '--deterministic',
             'arithmetic of the CPU': 'AVX2', 'shared memory': 'shm-size'}
    assert set(words) == set(_LOOKS), 'a new breakage needs a row in docs/faq.md, or one that is gone has none'
    assert [word for word in words.values() if word not in TEXTS['docs/faq.md'] + TEXTS['docs/numbers.md']] == []


def test_marks_of_evidence_stay_visible():
    text = TEXTS['docs/methods.md']
    assert '(`memory`' in text or '[memory]' in text
    assert text.count('assumed (A') > 10 and 'reconstruction' in text.partition('\n## zsmmd\n')[2].partition('\n## ')[0]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    if importlib.util.find_spec('mkdocs') is None:
        pytest.skip("mkdocs is not installed: pip install -e '.[docs]' -c constraints.txt")
    done = subprocess.run([sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(tmp_path)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text(encoding='utf-8')
             for path in tmp_path.rglob('*.html')}
    assert {'index.html', 'methods.html', 'contributing.html', 'reports/index.html'} <= set(pages)
    for text in pages.values():
        assert re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text) == []
    assert '<a href="about.html"' in pages['index.html'] and '../README' not in pages['index.html']
    assert not list(tmp_path.rglob('hooks.py'))
