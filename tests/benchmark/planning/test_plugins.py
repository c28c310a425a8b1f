"""Addresses of stages that come from plugins."""

from stage_keys import by_method, changed

from benchmark import ROOT
from benchmark.commands import select
from benchmark.commands.requests import request_of, run_options_of
from benchmark.planning import selection_plan
from benchmark.planning.methods import load_plugins
from zs_methods.registry import METHODS, MODELS

PLUGIN = """
from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage


@STAGES.register_module(name='Temporary{name}')
class Temporary(Stage):
    ...


@METHODS.register_module(name='temporary_{name}')
class TemporaryMethod(Method):
    summary = 'temporary'

    def stages(self):
        return [self.seen(), self.stage('mine', 'Temporary{name}'), self.evaluate()]
"""


def test_an_edited_plugin_changes_its_own_stage_and_all_after(plan, tmp_path):
    plugin = tmp_path / 'mine.py'
    plugin.write_text(PLUGIN.format(name='A'))
    words = ('--methods', 'temporary_A', '--ks', 2, '--plugin', plugin)
    before = by_method(plan(*words))['temporary_A']
    assert before == by_method(plan(*words))['temporary_A']
    plugin.write_text(plugin.read_text() + '# edited\n')
    assert changed(before, by_method(plan(*words))['temporary_A']) == ['mine', 'evaluate']


def test_two_plugins_of_one_file_name_keep_their_own_addresses(plan, tmp_path):
    files = [tmp_path / name / 'mine.py' for name in 'AB']
    for file in files:
        file.parent.mkdir()
        file.write_text(PLUGIN.format(name=file.parent.name))
        load_plugins([file])
    words = ('--methods', 'temporary_A,temporary_B', '--ks', 2)
    before = by_method(plan(*words))
    files[1].write_text(files[1].read_text() + '# edited\n')
    after = by_method(plan(*words))
    assert changed(before['temporary_A'], after['temporary_A']) == []
    assert changed(before['temporary_B'], after['temporary_B']) == ['mine', 'evaluate']


def test_a_config_beside_a_plugin_is_used(plan, tmp_path):
    plugin = tmp_path / 'mine.py'
    plugin.write_text(PLUGIN.format(name='A'))
    words = ('--methods', 'temporary_A', '--ks', 2, '--plugin', plugin)
    before = by_method(plan(*words))['temporary_A']
    (tmp_path / 'temporary_A_config.py').write_text('evaluation = dict(examples=1)\n')
    assert changed(before, by_method(plan(*words))['temporary_A']) == ['evaluate']


def test_a_config_of_a_split_counts_for_that_split_and_for_what_is_chosen_on_it(plan, argv, tmp_path):
    plugin = tmp_path / 'mine.py'
    plugin.write_text(PLUGIN.format(name='A'))
    (tmp_path / 'temporary_A_shapes.py').write_text('evaluation = dict(examples=3)\n')
    words = ('--methods', 'temporary_A', '--ks', '2,4', '--plugin', plugin)
    before = plan(*words)
    assert {cell.nodes[-1].config['examples'] for cell in before if cell.id.method == 'temporary_A'} == {3}
    (tmp_path / 'temporary_A_shapes-k4.py').write_text('evaluation = dict(examples=1)\n')
    after = plan(*words)
    assert [(cell.id.k, cell.id.method) for cell, other in zip(before, after, strict=True)
            if cell.key != other.key] == [(4, 'temporary_A')]
    args = select.COMMAND.parse(argv(*words[:2], '--ks', 4, '--plugin', plugin, '--folds', 1, '--device', 'cpu'))
    _, plans = selection_plan.plan(selection_plan.SelectionRequest(request_of(args), {}, [2], 1), run_options_of(args))
    (chosen,) = plans['temporary_A'][0]
    assert chosen.id.split.startswith('k4-held-out-') and chosen.task.split_name == 'shapes-k4'
    assert chosen.nodes[-1].config['examples'] == 1


def test_editing_a_plugins_model_changes_the_keys_of_stages_that_use_it(tmp_path, plan):
    text = ('from torch import nn\n'
            'from zs_methods.registry import METHODS, MODELS\n'
            'from zs_methods.methods import ZS3\n'
            '@MODELS.register_module()\n'
            'class Mine(nn.Module):\n'
            '    marker = 1\n'
            '@METHODS.register_module(name="mine")\n'
            'class MineMethod(ZS3):\n'
            '    def generator(self, **settings):\n'
            '        return super().generator(loss=dict(type="zs_methods.Mine"), **settings)\n')
    keys = []
    for folder, marker in (('a', 1), ('b', 1), ('c', 2)):
        path = tmp_path / folder / 'mine.py'
        path.parent.mkdir()
        path.write_text(text.replace('marker = 1', f'marker = {marker}'))
        (path.parent / 'mine_shapes.py').write_text(f'_base_ = [{str(ROOT / "configs/zs3/zs3_tiny.py")!r}]\n')
        for registry, name in ((METHODS, 'mine'), (MODELS, 'Mine')):
            registry.module_dict.pop(name, None)
        cells = plan('--methods', 'mine', '--ks', 2, '--plugin', path)
        keys.append({node.name: node.key for cell in cells for node in cell.nodes if cell.id.method == 'mine'})
    assert keys[0] == keys[1]
    assert keys[0]['features'] == keys[2]['features']
    assert keys[0]['generator'] != keys[2]['generator']
