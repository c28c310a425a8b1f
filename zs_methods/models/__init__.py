"""Backbones, heads, generators and losses, registered in `zs_methods.registry.MODELS`."""

from zs_methods.models.backbones.mobilenet_v2 import MobileNetV2
from zs_methods.models.backbones.timm_backbone import TIMMBackbone
from zs_methods.models.decode_heads.cagnet_head import CaGNetHead
from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.models.decode_heads.joem_head import JoEmHead
from zs_methods.models.generators.base import FeatureGenerator
from zs_methods.models.generators.contextual_generator import ContextualGenerator, ContextualModule
from zs_methods.models.generators.gmmn_generator import GMMNGenerator
from zs_methods.models.generators.graph_generator import GraphGenerator
from zs_methods.models.losses.bar_loss import BARLoss
from zs_methods.models.losses.mmd_loss import MMDLoss
from zs_methods.models.losses.semantic_consistency import SemanticConsistencyLoss
from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy

__all__ = ['BARLoss', 'CaGNetHead', 'ContextualGenerator', 'ContextualModule', 'DeepLabV3PlusHead', 'FeatureGenerator',
           'GMMNGenerator', 'GraphGenerator', 'JoEmHead', 'MMDLoss', 'MobileNetV2', 'SemanticConsistencyLoss',
           'TIMMBackbone', 'WeightedCrossEntropy']
