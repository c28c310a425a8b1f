"""Every stage that trains for long ends with the same weights and summary, interrupted or not."""

from contextlib import nullcontext

import pytest
import torch
from interruptions import Interrupted, interrupting
from mmengine.config import Config

from zs_methods.config_files import model_file
from zs_methods.configs import has_key, load_config
from zs_methods.datasets import audit
from zs_methods.engine import loading
from zs_methods.engine.seen_runner import SeenRunner
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Checkpoint, StageContext
from zs_methods.task import Task

#: Iterations of every loop; the seen training's first pass over the images ends inside.
TOTAL, EVERY = 9, 2
SETTINGS = {
    'train_cfg.max_iters': TOTAL, 'train_dataloader.batch_size': 8, 'generator.iterations': TOTAL,
    'generator.samples': 8, 'classifier.iterations': TOTAL, 'classifier.batch_size': 64, 'features.per_class': 8,
    'recursion.iterations': TOTAL, 'recursion.rounds': 1, 'recursion.diagnosis.images': 0,
    'recursion.online.iterations': TOTAL, 'recursion.online.queue': 64, 'recursion.online.min_count': 1,
    'recursion.samples': 8, 'recursion.loss.min_count': 1, 'recursion.judge.unseen_weight': 30,
    'projection.iterations': TOTAL, 'projection.batch_size': 64, 'joint.iterations': TOTAL, 'joint.batch_size': 4,
    'joint.generator.samples': 8, 'joint.unseen_weight': 1, 'cagnet.changes.train_cfg.max_iters': TOTAL,
    'cagnet.changes.train_dataloader.batch_size': 8, 'cagnet.step2.iterations': TOTAL, 'cagnet.step2.period': 3,
    'cagnet.step2.pixels': 64, 'cagnet.step2.batch_size': 64,
}
#: A classifier drawn from U[0, 1) predicts unseen classes after three steps too.
UNSEEN_FROM_THE_START = {'joint.initial': 'uniform', 'joint.unseen_weight': 1}


@pytest.fixture(scope='module')
def trunks(run_recipe):
    """Artifacts by method and protocol, for stages to continue from; short trainings."""
    made = {}

    def get(method, k, protocol):
        if (method, k, protocol) not in made:
            shared = {} if method == 'zs3' else {
                name: folder for name, folder in get('zs3', k, protocol).items() if name in ('seen', 'maps')}
            made[method, k, protocol] = run_recipe(method, k=k, protocol=protocol, inputs=shared, **(
                UNSEEN_FROM_THE_START if protocol == 'zs3-official' else {}))
        return made[method, k, protocol]
    return get


@pytest.fixture
def finish(trunks, micro_root, tmp_path, monkeypatch):
    """Runs a stage without interruption, then interrupted and resumed; returns both results, each with its context."""
    def go(method, name, k=2, protocol='zs3-clean', until=6, inputs=True, second=None, **options):
        task = Task.create('shapes', k, micro_root, PROTOCOLS[protocol])
        folders = trunks(method, k, protocol) if inputs else {}

        def run(out, scratch=None, until=None, **changes):
            config = load_config(method, 'shapes', 'tiny')
            config.merge_from_dict({key: value for key, value in {**SETTINGS, **options, **changes}.items()
                                    if has_key(config, key) or key in options})
            specs = METHODS.get(method)(config, task, PROTOCOLS[protocol]).stages()
            settings = dict(next(spec.config for spec in specs if spec.name == name))
            (tmp_path / out).mkdir()
            ctx = StageContext(task, folders, tmp_path / out, 0, scratch=scratch, checkpoint_every=EVERY)
            stage = STAGES.get(settings.pop('type'))(**settings)
            torch.manual_seed(len(out))  # a resumed stage finds other global states than the first one had
            with monkeypatch.context() as patch, pytest.raises(Interrupted) if until else nullcontext(), \
                    audit.collect() as access:
                if until:
                    patch.setattr(Checkpoint, 'save_if_due', interrupting(until))
                summary = stage.run(ctx)
            if not until:
                left = {file.name: torch.load(file, weights_only=True) for file in ctx.out.glob('*.pth')}
                left |= {file.name: file.read_text() for file in ctx.out.glob('*.json')}
                return left, summary, access, ctx
        whole = run('whole')
        run('interrupted', tmp_path / 'scratch', until)
        return whole, run('resumed', tmp_path / 'scratch', **(second or {}))
    return go


def assert_same(first, second, where=''):
    """Nested dicts and lists are equal, tensors to the last bit."""
    if isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f'{where}.{key}')
    elif isinstance(first, tuple | list):
        assert len(first) == len(second), where
        for at, pair in enumerate(zip(first, second, strict=True)):
            assert_same(*pair, f'{where}[{at}]')
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    else:
        assert first == second, where


@pytest.mark.parametrize(('method', 'name', 'k', 'protocol'), [
    ('zs3', 'seen', 2, 'zs3-clean'), ('zs3', 'seen', 2, 'spnet'), ('zs3', 'generator', 2, 'zs3-clean'),
    ('zs3', 'classifier', 2, 'zs3-clean'), ('zsmmd', 'generator_1', 2, 'zs3-clean'),
    ('zs3', 'joint', 6, 'zs3-official'), ('zs3_gc', 'joint', 6, 'zs3-official'),
    ('zsmmd', 'joint_online', 6, 'zs3-official'), ('spnet', 'spnet', 2, 'zs3-clean'),
    ('spnet_c', 'calibration', 2, 'zs3-clean'), ('cagnet', 'cagnet_step1', 2, 'zs3-clean'),
    ('cagnet', 'cagnet', 2, 'zs3-clean'), ('joem', 'joem', 2, 'zs3-clean')])
def test_weights_summary_and_label_access_are_those_of_an_uninterrupted_run(finish, method, name, k, protocol):
    whole, resumed = finish(method, name, k, protocol)
    assert sum(whole[1].get('feedback', {}).get('candidates', {'none': 1}).values()) > 0
    assert (whole[3].resumed_from, resumed[3].resumed_from) == (None, 4)
    assert whole[0] and whole[3].axes == resumed[3].axes
    assert_same(whole[:3], resumed[:3])


@pytest.mark.slow
def test_any_number_of_workers_augments_alike(finish):
    """Batches that workers have ready when the training is interrupted are not those that it has used."""
    workers = {'train_dataloader.num_workers': 2, 'train_dataloader.persistent_workers': True}
    whole, resumed = finish('zs3', 'seen', inputs=False, second={'train_dataloader.num_workers': 1}, **workers)
    assert resumed[3].resumed_from == 4
    assert_same(whole[:2], resumed[:2])


@pytest.mark.parametrize('sampler', [dict(type='DefaultSampler', shuffle=True), dict(type='InfiniteSampler')])
@pytest.mark.parametrize(('start', 'drop_last'), [(0, False), (2, False), (3, True), (7, False), (9, True)])
def test_batches_are_skipped_without_reading_them(sampler, start, drop_last):
    class Images(torch.utils.data.Dataset):
        def __init__(self):
            self.read = []

        def __len__(self):
            return 10

        def __getitem__(self, index):
            self.read.append(index)
            return index
    config = dict(dataset=Images(), sampler=sampler, batch_size=4, num_workers=0, drop_last=drop_last)

    def batches(start):
        loader = loading.build_loader(config, 3, start)
        return loader, [batch for batch, _ in zip(loader, range(12 - start), strict=False)]
    whole, (loader, rest) = batches(0)[1], batches(start)
    assert rest == whole[start:]
    assert len(loader.dataset.read) <= 4 * (12 - start) + 4
    assert len({tuple(batch) for batch in whole}) > 9 and {index for batch in whole for index in batch} == {*range(10)}


def test_what_hooks_and_logs_keep_goes_on_too(finish, monkeypatch):
    runners, close = [], SeenRunner.close
    monkeypatch.setattr(SeenRunner, 'close', lambda self: (runners.append(self), close(self)))
    whole, resumed = finish('zs3', 'seen', inputs=False, custom_hooks=[dict(type='EMAHook', momentum=0.3)])
    assert_same(whole[:2], resumed[:2])
    first, _, second = runners
    averages = [dict(next(hook.ema_model for hook in runner.hooks if hasattr(hook, 'ema_model')).state_dict())
                for runner in (first, second)]
    assert_same(*averages)
    assert_same(first.optim_wrapper.state_dict(), second.optim_wrapper.state_dict())
    losses = [runner.message_hub.get_scalar('train/loss').data[0].tolist() for runner in (first, second)]
    assert losses[0] == losses[1] and len(losses[0]) == TOTAL


def test_gradients_that_wait_are_not_cut_in_two(finish):
    whole, resumed = finish('zs3', 'seen', inputs=False, until=12, **{
        'train_cfg.max_iters': 14, 'optim_wrapper.accumulative_counts': 3})
    assert resumed[3].resumed_from == 6  # the first iteration that two and three divide
    assert_same(whole[:2], resumed[:2])


@pytest.mark.slow
def test_processes_go_on_together(micro_root, tmp_path):
    config = Config.fromfile(model_file('tiny', 'shapes'))
    config.merge_from_dict({'train_cfg.max_iters': 40, 'train_dataloader.batch_size': 4})
    plain = config.to_dict()

    def train(name, scratch=None, progress=lambda done, total: None):
        (tmp_path / name).mkdir()
        stage = STAGES.get('TrainSeen')({key: plain[key] for key in config.runner_keys}, 'drop', processes=2)
        ctx = StageContext(Task.create('shapes', 2, micro_root), {}, tmp_path / name, 0, progress=progress,
                           scratch=scratch, checkpoint_every=3)
        return stage.run(ctx), torch.load(ctx.out / 'model.pth', weights_only=True), ctx

    def interrupt(done, total):
        if list((tmp_path / 'scratch').glob('*.checkpoint')):
            raise Interrupted

    whole = train('whole')
    with pytest.raises(Interrupted):
        train('interrupted', tmp_path / 'scratch', interrupt)
    resumed = train('resumed', tmp_path / 'scratch')
    assert 0 < resumed[2].resumed_from < 40
    assert_same(whole[:2], resumed[:2])
    assert {'initialisation', 'order'} <= resumed[2].axes.keys() == whole[2].axes.keys()
