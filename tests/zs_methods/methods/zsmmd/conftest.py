"""A round of ZS-MMD on a trunk that its tests share."""

import json

import pytest
import torch

TRUNK = ('seen', 'maps', 'features', 'generator', 'classifier')


@pytest.fixture(scope='session')
def trunk(run_recipe):
    folders = run_recipe('zs3', **{'train_cfg.max_iters': 6, 'generator.iterations': 30, 'classifier.iterations': 60})
    return {name: folders[name] for name in TRUNK if name in folders}


@pytest.fixture(scope='session')
def recurse(run_recipe, trunk):
    """A round on the shared trunk; what comes after its generator only runs where a test asks for it."""
    def run(source='unlabelled', whole=False, **options):
        later = {} if whole else dict.fromkeys(('classifier_1', 'evaluate'), trunk['classifier'])
        return run_recipe('zsmmd', inputs={**trunk, **later}, **{
            'recursion.diagnosis.images': 0, 'recursion.candidates.limit': None, 'recursion.source': source,
            'classifier.iterations': 60, **options})
    return run


@pytest.fixture(scope='session')
def said():
    """What a stage said."""
    return lambda folders, stage: json.loads((folders[stage] / 'summary.json').read_text())


@pytest.fixture(scope='session')
def weights():
    """The weights of a generator."""
    return lambda folders, stage='generator_1': torch.load(
        folders[stage] / 'generator.pth', weights_only=True)['state_dict']
