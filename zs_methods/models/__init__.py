"""Backbones, heads, generators and losses, registered in `zs_methods.registry.MODELS`."""

from zs_methods.models.backbones.mobilenet_v2 import MobileNetV2
from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.models.generators.gmmn_generator import GMMNGenerator
from zs_methods.models.losses.mmd_loss import MMDLoss
from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.models.losses.zsmmd_loss import ZSMMDLoss

__all__ = ['DeepLabV3PlusHead', 'GMMNGenerator', 'MMDLoss', 'MobileNetV2', 'WeightedCrossEntropy', 'ZSMMDLoss']
