"""Tests of configs/*/metafile.yaml: every method has one, and it says what the tables and the method itself say."""


import pytest
import yaml

import zs_methods.methods  # noqa: F401  registers the methods
from benchmark import ROOT
from benchmark.commands.metafiles import outdated
from benchmark.planning.methods import method_rows
from benchmark.reporting.published.facts import PublishedError
from benchmark.reporting.published.metafiles import CONFIGS, INDEX, load_metafile
from zs_methods.protocols import PROTOCOLS, stronger_access
from zs_methods.registry import METHODS

#: As imported; plugins of other tests register more.
NAMES = sorted(name for name, method in METHODS.module_dict.items() if method.__module__.startswith('zs_methods.'))


def test_all_files_are_as_the_command_writes_them():
    assert outdated() == [], 'python -m benchmark metafiles'


@pytest.mark.parametrize('name', NAMES)
def test_what_is_by_hand_agrees_with_the_method(name):
    metafile, method = load_metafile(name), METHODS.get(name)
    (model,), (collection,) = metafile.models, metafile.collections
    assert model.name == name and (ROOT / model.config).is_file(), f'{model.config}: no such config'
    if collection.code:
        module = ROOT / f'{method.__module__.replace(".", "/")}.py'
        assert collection.code.commit in module.read_text() + method.source


def test_published_values_are_those_of_the_papers():
    """Spot checks: the files repeat the tables, see above, and the tables the papers."""
    voc = {result.split: result for result in load_metafile('zs3').models[0].results
           if result.dataset == 'voc' and result.evidence == 'memory' and not result.variant}
    assert {k: voc[k].metrics['hIoU'] for k in voc} == {'2': 47.5, '4': 34.4, '6': 32.0, '8': 25.7, '10': 23.6}
    assert load_metafile('zsmmd').models[0].results == ()


def test_metafiles_and_index_are_of_methods_that_there_are():
    folders = {path.parent.name for path in CONFIGS.glob('*/metafile.yaml')}
    assert folders == set(NAMES)
    listed = yaml.safe_load((ROOT / INDEX).read_text())['Import']
    assert listed == [f'configs/{name}/metafile.yaml' for name in NAMES]


def test_list_agrees_with_the_metafiles():
    card = PROTOCOLS['zs3-clean']
    lines = {row[0]: '  '.join(row) for row in method_rows(card.name)}
    for name in NAMES:
        said = load_metafile(name).models[0].metadata
        assert lines[name].split()[1:4] == [said.role, said.setting, stronger_access(said.reads, card.handling)]


@pytest.mark.parametrize(('change', 'message'), [
    (lambda content: content['Models'][0].update(Weights='x.pth'), 'Models.0.Weights'),
    (lambda content: content['Models'][0].update({'In Collection': 'ZS4Net'}), 'ZS4Net'),
    (lambda content: content['Models'][0]['Results'][0].update(Evidence='rumour'), 'Results.0.Evidence'),
    (lambda content: content['Models'][0]['Results'][0]['Metrics'].update(Dice=1.0), 'Dice'),
    (lambda content: content['Collections'][0]['Code'].update(Commit='main'), 'Commit'),
    (lambda content: content['Collections'][0].pop('Paper'), 'Paper'),
])
def test_a_damaged_metafile_is_an_error_of_one_line(change, message, tmp_path):
    content = yaml.safe_load((CONFIGS / 'zs3/metafile.yaml').read_text())
    change(content)
    (tmp_path / 'zs3').mkdir()
    (tmp_path / 'zs3/metafile.yaml').write_text(yaml.safe_dump(content))
    with pytest.raises(PublishedError, match=message) as caught:
        load_metafile('zs3', tmp_path)
    assert '\n' not in str(caught.value)
    with pytest.raises(PublishedError, match='no_method'):
        load_metafile('no_method', tmp_path)
