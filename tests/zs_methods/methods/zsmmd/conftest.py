"""A recursion of ZS-MMD on a trunk that its tests share."""

import pytest

TRUNK = ('seen', 'maps', 'features', 'generator', 'classifier')


@pytest.fixture(scope='session')
def trunk(run_recipe):
    folders = run_recipe('zs3', **{'train_cfg.max_iters': 6, 'generator.iterations': 30, 'classifier.iterations': 60})
    return {name: folders[name] for name in TRUNK if name in folders}


@pytest.fixture(scope='session')
def recurse(run_recipe, trunk):
    """A recursion on the shared trunk; what comes after its generator only runs where a test asks for it."""
    def run(source='synthetic', whole=False, **options):
        later = {} if whole else dict.fromkeys(('classifier_1', 'evaluate'), trunk['classifier'])
        return run_recipe('zsmmd', inputs={**trunk, **later}, **{
            'recursion.rounds': 1, 'recursion.diagnosis.images': 0, 'recursion.feedback.source': source, **options})
    return run
