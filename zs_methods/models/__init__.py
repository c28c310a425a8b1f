"""Heads, generators and losses, registered in `zs_methods.registry.MODELS`."""

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead

__all__ = ['DeepLabV3PlusHead']
