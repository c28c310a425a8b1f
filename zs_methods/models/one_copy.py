"""mmseg's preprocessor for batches of equal images on a GPU: one copy and a few kernels for all images together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor


class OneCopy(SegDataPreProcessor):
    """Gives what `SegDataPreProcessor` gives, to the last bit; made from one by `of`.

    That one copies image after image and label map after label map, waits for each, and normalises them one by one: at
    16 crops about 200 small kernels and 48 waits before the network begins. Batches that it would pad, or whose samples
    hold more than label maps, are left to it.
    """

    @classmethod
    def of(cls, plain: SegDataPreProcessor) -> OneCopy:
        """The same preprocessor, in one copy."""
        made = cls.__new__(cls)
        made.__dict__.update(plain.__dict__)
        return made

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """See mmseg; ``data`` is what `pseudo_collate` makes of a batch."""
        images, samples = data['inputs'], data.get('data_samples')
        if not self._fits(images, samples, training):
            return super().forward(data, training)
        inputs = to_device(images, self.device)
        if self.channel_conversion and inputs.shape[1] == 3:
            inputs = inputs.flip(1)
        inputs = inputs.float()
        if self._enable_normalize:
            inputs = (inputs - self.mean) / self.std
        return {'inputs': inputs, 'data_samples': samples and self._moved(samples, inputs.shape[2:], training)}

    def _fits(self, images: Any, samples: Any, training: bool) -> bool:
        sizes = {tuple(image.shape) for image in images}
        whole = not training or (self.size is not None and sizes and tuple(self.size) == next(iter(sizes))[1:])
        labelled = {('gt_sem_seg' in sample and tuple(sample.gt_sem_seg.data.shape)) for sample in samples or ()}
        if training:  # a batch without labels, or with labels of another size, is for mmseg to refuse
            whole = whole and labelled == {(1, *self.size)}
        only_labels = all(set(sample.keys()) <= {'gt_sem_seg'} for sample in samples or ())
        return bool(len(sizes) == 1 and whole and len(labelled) <= 1 and only_labels
                    and self.batch_augments is None and (training or not self.test_cfg))

    def _moved(self, samples: Sequence[SegDataSample], size: torch.Size, training: bool) -> list[SegDataSample]:
        """Copies of the samples whose label maps are on the device."""
        moved = [SegDataSample(metainfo=sample.metainfo) for sample in samples]
        if 'gt_sem_seg' in samples[0]:
            for sample, labels in zip(moved, to_device([sample.gt_sem_seg.data for sample in samples], self.device),
                                      strict=True):
                sample.gt_sem_seg = PixelData(data=labels)
        if training:
            for sample in moved:
                sample.set_metainfo({'img_shape': size, 'pad_shape': tuple(size), 'padding_size': (0, 0, 0, 0)})
        return moved


def to_device(tensors: Sequence[Tensor], device: torch.device) -> Tensor:
    """Equal tensors, stacked on the device by one copy for which nothing waits."""
    stacked = torch.empty(len(tensors), *tensors[0].shape, dtype=tensors[0].dtype, pin_memory=device.type == 'cuda')
    torch.stack(tuple(tensors), out=stacked)
    return stacked.to(device, non_blocking=True)


def use_one_copy(network: BaseSegmentor, device: torch.device) -> None:
    """Replaces the preprocessor of a network that is on a GPU; one of another kind stays."""
    if device.type == 'cuda' and type(network.data_preprocessor) is SegDataPreProcessor:
        network.data_preprocessor = OneCopy.of(network.data_preprocessor)
