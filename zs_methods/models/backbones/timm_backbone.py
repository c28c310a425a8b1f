"""Networks of timm as backbones of the shared DeepLab, through mmseg's wrapper."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import torch
from mmseg.models.backbones import TIMMBackbone as _TIMMBackbone
from torch import Tensor, nn

from zs_methods.models.backbones.norm_eval import NormEval
from zs_methods.registry import MODELS

#: Stride of the low-level map that the decoder of DeepLabV3+ adds.
LOW_STRIDE = 4
#: What counts batches; older files have none of them.
_COUNTER = 'num_batches_tracked'


@MODELS.register_module()
class TIMMBackbone(NormEval, _TIMMBackbone):
    """mmseg's wrapper around a network of timm, for ``DeepLabV3PlusHead``: its map at stride 4, and its last one.

    Weights are never loaded here, but by the stage that trains, see `load_backbone`; files have timm's names.

    Args:
        model_name (str): name in timm, such as ``resnet50``.
        output_stride (int): stride of the last map; later strides become dilations.
        norm_eval (bool): batch normalisation is frozen, see `NormEval`.
        freeze_low (bool): the network keeps its weights and statistics up to the map at stride 4: a third of the time
            of a step, where maps are largest and what pre-training found is most general.
        init_cfg (dict, optional): see mmengine's BaseModule.
        **kwargs: further arguments of ``timm.create_model``.

    Attributes:
        out_channels (tuple[int, int]): channels of the two maps.

    Raises:
        ImportError: timm cannot be imported; the message says how to install it.
        ValueError: the network has no such maps; the message names the strides that it has.
    """

    def __init__(self, model_name: str, output_stride: int = 16, norm_eval: bool = False,
                 freeze_low: bool = False, init_cfg: dict | None = None, **kwargs: Any) -> None:
        try:
            import timm  # noqa: F401
        except ImportError as error:
            raise ImportError(f"it needs timm ({error}): pip install -e '.[photos]'") from None
        super().__init__(model_name, pretrained=False, init_cfg=init_cfg, output_stride=output_stride, **kwargs)
        self.model_name = model_name
        strides, channels = (getattr(self.timm_model.feature_info, name)() for name in ('reduction', 'channels'))
        if LOW_STRIDE not in strides or strides[-1] != output_stride:
            raise ValueError(f'{model_name} has maps at strides {strides}; {LOW_STRIDE} and, as the last one, '
                             f'{output_stride} are needed')
        self.low = len(strides) - 1 - strides[::-1].index(LOW_STRIDE)
        self.out_channels = channels[self.low], channels[-1]
        self.freeze_norms(norm_eval)
        self.freeze_low = freeze_low
        if freeze_low:
            for part in self._low_parts():
                part.requires_grad_(False)

    def train(self, mode: bool = True) -> TIMMBackbone:
        """Sets the mode and keeps frozen parts in evaluation mode."""
        super().train(mode)
        if self.freeze_low:
            for part in self._low_parts():
                part.eval()
        return self

    def _low_parts(self) -> list[nn.Module]:
        """The layers up to the map at stride 4: what holds tensors, or no parts; timm keeps the order of use."""
        last = self.timm_model.feature_info.module_name(self.low)
        names = {last, last.replace('.', '_', 1)}  # its wrapper may flatten stages
        parts = [(name, part) for name, part in self.timm_model.named_modules()
                 if [*part.parameters(recurse=False), *part.buffers(recurse=False)] or not any(part.children())]
        end = max(index for index, (name, _) in enumerate(parts)
                  if any(name == one or name.startswith(f'{one}.') for one in names))
        return [part for _, part in parts[:end + 1]]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps images (N, 3, H, W) to maps at stride 4 and at the output stride."""
        maps = super().forward(x)
        return maps[self.low], maps[-1]

    @cached_property
    def _whole(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the classification network's tensors, in timm's order, without counters."""
        import timm
        with torch.device('meta'), torch.random.fork_rng(devices=[]):
            state = timm.create_model(self.model_name, pretrained=False).state_dict()
        return {key: tuple(value.shape) for key, value in state.items() if not key.endswith(_COUNTER)}

    @property
    def unused_weights(self) -> tuple[str, ...]:
        """Prefixes of what only the classification network has, see `load_backbone`."""
        used = {key: self._own_name(key) for key in self._whole}
        kept = [key for key, own in used.items() if own != key]
        return tuple(sorted({_prefix(key, kept) for key, own in used.items() if own == key}))

    def rename_weights(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Gives weights of the classification network the names that they have here.

        Names of another library are read too if all tensors stand in timm's order: equal in number, and one by one in
        shape and in the last part of their names.

        Args:
            state (Mapping): name -> tensor; names that nothing here has stay as they are.
        """
        state = {key: value for key, value in state.items() if not key.endswith(_COUNTER)}
        if not self._whole.keys() & state.keys() and self._in_order(state):
            state = dict(zip(self._whole, state.values(), strict=True))
        return {self._own_name(key): value for key, value in state.items()}

    def _in_order(self, state: Mapping[str, Any]) -> bool:
        found = [(key.rpartition('.')[2], tuple(getattr(value, 'shape', ()))) for key, value in state.items()]
        return found == [(key.rpartition('.')[2], shape) for key, shape in self._whole.items()]

    def _own_name(self, key: str) -> str:
        """Where timm's wrapper puts a tensor, whose stages it may flatten; the name itself if it has none of it."""
        places = f'timm_model.{key}', f'timm_model.{key.replace(".", "_", 1)}'
        return next((place for place in places if place in self._own_names), key)

    @cached_property
    def _own_names(self) -> frozenset[str]:
        return frozenset(self.state_dict())


def _prefix(key: str, others: Collection[str]) -> str:
    """The shortest beginning of a dotted name that no other name has."""
    parts = key.split('.')
    prefixes = ['.'.join(parts[:count]) + '.' for count in range(1, len(parts))]
    return next((prefix for prefix in prefixes if not any(other.startswith(prefix) for other in others)), key)
