"""MobileNetV2 with torchvision's layers and names, at output stride 16."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor

from zs_methods.models.backbones.norm_eval import NormEval
from zs_methods.registry import MODELS

#: Blocks whose outputs leave the network: 24 channels at stride 4, and 320 at stride 16.
LOW, LAST = 3, 17
#: The first block of the last stage, whose stride of 2 becomes 1; the blocks behind it are dilated by 2 instead.
LAST_STRIDED = 14


@MODELS.register_module()
class MobileNetV2(NormEval, BaseModule):
    """MobileNetV2 1.0 without its last 1x1 convolution and classifier, for ``DeepLabV3PlusHead``.

    Args:
        norm_eval (bool): batch normalisation is frozen, see `NormEval`. Weights whose normalisation is folded into
            scale and shift need it.
        init_cfg (dict, optional): see mmengine's BaseModule.

    Source: Sandler et al., CVPR 2018, as in torchvision.models.mobilenet_v2.
    """

    #: Keys of a classification network that have no place here, see `load_backbone`.
    unused_weights: ClassVar[tuple[str, ...]] = ('features.18.',)

    def __init__(self, norm_eval: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        from torchvision.models import mobilenet_v2  # zs_methods has made sure by now that it can be imported
        self.features = mobilenet_v2(weights=None).features[:LAST + 1]
        for index in range(LAST_STRIDED, LAST + 1):
            depthwise = self.features[index].conv[1][0]
            if index == LAST_STRIDED:
                depthwise.stride = (1, 1)
            else:
                depthwise.dilation = depthwise.padding = (2, 2)
        self.freeze_norms(norm_eval)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps images (N, 3, H, W) to maps (N, 24, H/4, W/4) and (N, 320, H/16, W/16), sizes rounded up."""
        outputs = []
        for index, block in enumerate(self.features):
            x = block(x)
            if index in (LOW, LAST):
                outputs.append(x)
        return tuple(outputs)
