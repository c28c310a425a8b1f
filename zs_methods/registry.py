"""The registries of this plugin: children of mmseg's, plus two of our own for methods and stages.

In a config whose default scope is ``mmseg``, write our types with the package prefix
(``type='zs_methods.DeepLabV3PlusHead'``) and mmseg's without.
"""

from __future__ import annotations

from mmengine.registry import Registry
from mmseg.registry import DATA_SAMPLERS as MMSEG_DATA_SAMPLERS
from mmseg.registry import DATASETS as MMSEG_DATASETS
from mmseg.registry import HOOKS as MMSEG_HOOKS
from mmseg.registry import METRICS as MMSEG_METRICS
from mmseg.registry import MODELS as MMSEG_MODELS
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMSEG_OPTIM_WRAPPER_CONSTRUCTORS
from mmseg.registry import TRANSFORMS as MMSEG_TRANSFORMS

from zs_methods.own_registries import METHODS, STAGES

__all__ = [
    'DATASETS', 'DATA_SAMPLERS', 'HOOKS', 'METHODS', 'METRICS', 'MODELS', 'OPTIM_WRAPPER_CONSTRUCTORS', 'STAGES',
    'TRANSFORMS']

# heads, generators and losses
MODELS = Registry('model', parent=MMSEG_MODELS, scope='zs_methods',
                  locations=['zs_methods.models', 'zs_methods.methods.registered'])
# data sets that know seen from unseen
DATASETS = Registry('dataset', parent=MMSEG_DATASETS, scope='zs_methods',
                    locations=['zs_methods.datasets.zero_shot_dataset'])
# which image comes next
DATA_SAMPLERS = Registry('data sampler', parent=MMSEG_DATA_SAMPLERS, scope='zs_methods',
                         locations=['zs_methods.datasets.rare_classes'])
# label masking and its audit
TRANSFORMS = Registry('transform', parent=MMSEG_TRANSFORMS, scope='zs_methods',
                      locations=['zs_methods.datasets.transforms', 'zs_methods.datasets.augmentation',
                                 'zs_methods.datasets.augmentation_spnet'])
# what surrounds a training by mmengine's own Runner
HOOKS = Registry('hook', parent=MMSEG_HOOKS, scope='zs_methods', locations=['zs_methods.stages.plain_config'])
# optimisers of parts of a network
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor', parent=MMSEG_OPTIM_WRAPPER_CONSTRUCTORS, scope='zs_methods',
    locations=['zs_methods.engine.part_optimisers'])
# integer confusion matrices
METRICS = Registry('metric', parent=MMSEG_METRICS, scope='zs_methods',
                   locations=['zs_methods.evaluation.confusion_metric'])
