"""No source of the packages may run what a file says: calls that could are forbidden, exceptions are listed with why.

The tests of what happens at run time are beside the readers: ``test_safe_kv``, ``test_checkpoint_file``,
``test_weights``, ``test_word_vectors``, ``test_archives``, ``test_images``, ``test_spec``.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ('zs_methods', 'benchmark', 'configs') for path in (ROOT / folder).rglob('*.py'))

#: Modules whose files are programs: their readers run what they read.
PICKLES = ('pickle', '_pickle', 'marshal', 'shelve', 'dill', 'cloudpickle', 'joblib')
#: Calls that are never right, by full name or, with a dot in front, by last name; and what to do instead.
FORBIDDEN = {
    'eval': 'parse it', 'exec': 'parse it', 'compile': 'parse it', '__import__': 'use importlib',
    'os.system': 'use subprocess with a list', 'os.popen': 'use subprocess with a list',
    'subprocess.getoutput': 'use subprocess with a list', 'subprocess.getstatusoutput': 'use subprocess with a list',
    **dict.fromkeys(('yaml.load', 'yaml.load_all', 'yaml.full_load', 'yaml.unsafe_load'), 'use yaml.safe_load'),
    'tempfile.mktemp': 'use mkstemp', 'pandas.read_pickle': 'it is a pickle',
    'torch.jit.load': 'it runs code', 'torch.hub.load': 'it runs code of a repository',
    'mmengine.load': 'it reads pickles by suffix', 'mmengine.fileio.load': 'it reads pickles by suffix',
    '.load_checkpoint': 'use load_tensors', 'gensim.models.KeyedVectors.load': 'use vector_files.read',
    'ssl._create_unverified_context': 'verify', 'mmengine.Config.fromfile': 'a config is code',
    'mmengine.config.Config.fromfile': 'a config is code', 'importlib.util.spec_from_file_location': 'a plugin is code',
    '.extractall': 'use archives.unpack', '.unpack_archive': 'use archives.unpack', '.extract': 'use archives.unpack',
}
#: Calls that need an argument with exactly this value.
REQUIRED = {'torch.load': ('weights_only', True), 'torch.hub.load_state_dict_from_url': ('weights_only', True),
            'numpy.load': ('allow_pickle', False), 'gensim.downloader.load': ('return_path', True)}

_OWN = 'reads what this program itself has just written into a folder of its own'
_CONFIG = "runs the user's own config or the one in an artifact of the user's own work dir, as mmengine does"
#: (file, call) -> why this is right. An entry that no source needs any more fails too.
ALLOWED = {
    ('zs_methods/vectors/safe_kv.py', 'pickle.Unpickler'): 'its find_class imports nothing, see test_safe_kv',
    ('zs_methods/engine/train_seen_worker.py', 'pickle.loads'): _OWN,
    ('benchmark/checking/forked.py', 'pickle.loads'): _OWN,
    ('benchmark/launchers/job.py', 'pickle.loads'): _OWN,
    ('zs_methods/datasets/spec.py', 'yaml.load'): 'its loader is a SafeLoader that also refuses keys given twice',
    ('zs_methods/plugins.py', 'importlib.util.spec_from_file_location'): 'what --plugin names is code by intent',
    **{(file, 'mmengine.config.Config.fromfile'): _CONFIG for file in (
        'zs_methods/configs.py', 'zs_methods/stages/evaluate.py',
        'zs_methods/methods/cagnet/train_cagnet.py', 'zs_methods/stages/train_jointly.py',
        'zs_methods/engine/monitor.py', 'benchmark/commands/listings.py')},
    ('benchmark/commands/completion.py', 'shtab.complete'): 'its `shell` is the name of one, and nothing is run',
}


def imported(tree: ast.AST) -> dict[str, str]:
    """Names in a module -> what they stand for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name.split('.')[0]): (alias.name if alias.asname else
                                                                   alias.name.split('.')[0]) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f'{node.module}.{alias.name}' for alias in node.names}
    return names


def full_name(node: ast.AST, names: dict[str, str]) -> str:
    """``np.load`` -> ``numpy.load``; '' where there is no name, `.load` for the method of something unnamed."""
    if isinstance(node, ast.Attribute):
        return f'{full_name(node.value, names)}.{node.attr}'
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ''


def problems(source: str) -> Iterator[tuple[str, int, str]]:
    """Every forbidden use as name, line and reason."""
    tree = ast.parse(source)
    names = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            name = full_name(node, names)
            module, _, what = name.rpartition('.')
            if module in PICKLES and what in ('load', 'loads', 'Unpickler', 'open'):
                yield name, node.lineno, 'runs what the file says'
            hint = FORBIDDEN.get(name) or (FORBIDDEN.get(f'.{what}') if module else None)
            if hint:
                yield name, node.lineno, hint
        if isinstance(node, ast.Call):
            name, given = full_name(node.func, names), {word.arg: word.value for word in node.keywords}
            if name in REQUIRED:
                word, value = REQUIRED[name]
                if not (isinstance(given.get(word), ast.Constant) and given[word].value is value):
                    yield name, node.lineno, f'needs {word}={value}'
            for word, right in (('shell', False), ('allow_pickle', False), ('weights_only', True), ('verify', True)):
                value = given.get(word)
                if value is not None and not (isinstance(value, ast.Constant) and value.value is right) \
                        and name not in REQUIRED:
                    yield name, node.lineno, f'{word} must be {right}'


def test_no_source_runs_what_a_file_says():
    assert len(SOURCES) > 150
    wrong, needed = [], set()
    for path in SOURCES:
        file = path.relative_to(ROOT).as_posix()
        for name, line, reason in problems(path.read_text(encoding='utf-8')):
            needed.add((file, name))
            if (file, name) not in ALLOWED:
                wrong.append(f'{file}:{line}: {name}: {reason}')
    assert not wrong, '\n'.join(wrong)
    assert set(ALLOWED) <= needed, f'no longer needed: {sorted(set(ALLOWED) - needed)}'


@pytest.mark.parametrize('source', [
    'import torch\ntorch.load(f)', 'from torch import load as l\nl(f, weights_only=False)',
    'import torch\ntorch.load(f, weights_only=flag)', 'import torch\ntorch.load(f, **options)',
    'import torch\ntorch.hub.load_state_dict_from_url(u)', 'import torch\ntorch.hub.load(u)',
    'import numpy as np\nnp.load(f)', 'import numpy as np\nnp.load(f, allow_pickle=True)',
    'import numpy as np\nnp.lib.format.read_array(f, allow_pickle=True)',
    'import pickle\npickle.load(f)', 'from pickle import loads as read\nread(f)', 'import pickle as p\np.Unpickler(f)',
    'import pickle\nread = pickle.load', 'import joblib\njoblib.load(f)', 'import shelve\nshelve.open(f)',
    'import yaml\nyaml.load(t, yaml.Loader)', 'import yaml\nyaml.unsafe_load(t)', 'eval(t)', 'exec(t)', 'run = eval',
    'import os\nos.system(t)', 'from os import popen\npopen(t)', 'import subprocess\nsubprocess.run(t, shell=True)',
    'import subprocess as s\ns.run(t, shell=flag)', 'import tarfile\ntarfile.open(f).extractall(d)',
    'archive.extract(m, d)', 'import shutil\nshutil.unpack_archive(f, d)',
    'from mmengine import Config\nConfig.fromfile(f)', 'from mmengine.config import Config\nConfig.fromfile(f)',
    'from mmengine.runner import load_checkpoint\nload_checkpoint(m, f)',
    'import requests\nrequests.get(u, verify=False)',
    'import gensim.downloader\ngensim.downloader.load(n)',
    'from gensim.models import KeyedVectors\nKeyedVectors.load(f)', 'import pandas as pd\npd.read_pickle(f)',
    'import importlib.util\nimportlib.util.spec_from_file_location(n, f)',
])
def test_each_rule_catches_what_it_is_for(source):
    assert list(problems(source))


@pytest.mark.parametrize('source', [
    'import torch\ntorch.load(f, weights_only=True)', 'import numpy as np\nnp.load(f, allow_pickle=False)',
    'import pickle\npickle.dumps(o)', 'from pickle import UnpicklingError', 'network.eval()',
    'import re\nre.compile(p)', 'import yaml\nyaml.safe_load(t)', 'import json\njson.load(f)',
    'import subprocess\nsubprocess.run([a])',
    'import torch\ntorch.compile(m)',
])
def test_what_is_harmless_passes(source):
    assert not list(problems(source))
