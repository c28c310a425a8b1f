"""What a repository has besides its code: how to cite it, what changed, forms for issues, hooks, one version."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import benchmark
import zs_methods

ROOT = Path(__file__).resolve().parents[1]
FORMS = sorted(path.name for path in (ROOT / '.github/ISSUE_TEMPLATE').glob('*.yml') if path.stem != 'config')


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))


def test_the_version_stands_in_one_place():
    assert benchmark.__version__ is zs_methods.__version__
    assert re.fullmatch(r'\d+\.\d+\.\d+(\.\w+)?', zs_methods.__version__)
    assert 'attr: zs_methods.__version__' in (ROOT / 'setup.cfg').read_text(encoding='utf-8')


def test_citation_has_what_its_format_needs():
    found = read('CITATION.cff')
    assert {'cff-version', 'message', 'title', 'authors'} <= set(found) and found['cff-version'] == '1.2.0'
    assert found['authors'] == [{'name': 'The gzs3 contributors'}]  # an entity, no person
    assert found['version'] == zs_methods.__version__ and found['license'] == 'Apache-2.0'
    assert found['type'] == 'software' and all(isinstance(word, str) for word in found['keywords'])


def test_the_newest_section_of_changes_is_of_this_version():
    heads = re.findall(r'^## (\S+?),', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
    assert heads[0] == zs_methods.__version__ and len(heads) == len(set(heads))


@pytest.mark.parametrize('name', FORMS)
def test_forms_are_what_github_reads(name):
    form = read(f'.github/ISSUE_TEMPLATE/{name}')
    assert {'name', 'description', 'body'} <= set(form)
    asked = [part for part in form['body'] if part['type'] != 'markdown']
    assert {part['type'] for part in form['body']} <= {'markdown', 'textarea', 'input', 'dropdown', 'checkboxes'}
    names = [part['id'] for part in asked]
    assert len(names) == len(set(names)) and all(part['attributes']['label'] for part in asked)
    assert any(part.get('validations', {}).get('required') for part in asked)


def test_a_report_of_a_bug_asks_for_doctor():
    assert FORMS == ['bug.yml', 'data_set.yml', 'method.yml']
    needed = [part['attributes']['label'] for part in read('.github/ISSUE_TEMPLATE/bug.yml')['body']
              if part.get('validations', {}).get('required')]
    assert 'python -m benchmark doctor' in needed and 'python -m benchmark --version' in needed


def test_hooks_are_local_and_call_what_there_is():
    hooks = [hook for part in read('.pre-commit-config.yaml')['repos'] for hook in part['hooks']]
    assert {part['repo'] for part in read('.pre-commit-config.yaml')['repos']} == {'local'}
    assert {hook['id'] for hook in hooks} == {'ruff', 'metafiles'}
    for hook in hooks:
        python, flag, module, *_ = shlex.split(hook['entry'])
        assert (python, flag, hook['language']) == ('.venv/bin/python', '-m', 'system')
        assert module in ('ruff', 'benchmark')
        re.compile(hook.get('files', ''))


def test_what_makes_the_site_is_pinned():
    text = (ROOT / 'constraints.txt').read_text(encoding='utf-8')
    pinned, = re.findall(r'^mkdocs==(\S+)$', text, re.MULTILINE)
    assert f'docs = mkdocs=={pinned}\n' in (ROOT / 'setup.cfg').read_text(encoding='utf-8')
    assert version('pyyaml') in text
