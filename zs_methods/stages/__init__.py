"""The stages that methods are made of, registered in `zs_methods.registry.STAGES`."""

from zs_methods.stages.base import Stage, StageContext, StageSpec
from zs_methods.stages.evaluate import Evaluate
from zs_methods.stages.extract_features import ExtractFeatures
from zs_methods.stages.extract_maps import ExtractMaps
from zs_methods.stages.import_network import ImportNetwork
from zs_methods.stages.train_classifier import TrainClassifier
from zs_methods.stages.train_generator import TrainGenerator
from zs_methods.stages.train_seen import TrainSeen

__all__ = ['Evaluate', 'ExtractFeatures', 'ExtractMaps', 'ImportNetwork', 'Stage', 'StageContext', 'StageSpec',
           'TrainClassifier', 'TrainGenerator', 'TrainSeen']
