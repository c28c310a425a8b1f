"""The stages that methods share, registered in `zs_methods.registry.STAGES`; those of one method alone are with it."""

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.stage import Stage, StageContext, StageSpec
from zs_methods.stages.evaluate import Evaluate
from zs_methods.stages.extract_features import ExtractFeatures
from zs_methods.stages.extract_maps import ExtractMaps
from zs_methods.stages.train_classifier import TrainClassifier
from zs_methods.stages.train_generator import TrainGenerator
from zs_methods.stages.train_jointly import TrainJointly
from zs_methods.stages.train_projection import TrainProjection
from zs_methods.stages.train_seen import TrainSeen
from zs_methods.stages.train_with_vectors import TrainWithVectors

__all__ = ['Checkpoint', 'Evaluate', 'ExtractFeatures', 'ExtractMaps', 'Stage',
           'StageContext', 'StageSpec', 'TrainClassifier', 'TrainGenerator', 'TrainJointly', 'TrainProjection',
           'TrainSeen', 'TrainWithVectors']
