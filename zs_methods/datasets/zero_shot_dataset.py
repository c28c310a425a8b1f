"""An mmseg data set that knows which of its classes are unseen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from mmseg.datasets import BaseSegDataset
from PIL import Image

from zs_methods.datasets.audit import LabelLedger
from zs_methods.datasets.spec import load_spec
from zs_methods.registry import DATASETS

#: What becomes of training images that contain an unseen class.
UNSEEN_IMAGES = ('drop', 'mask', 'keep', 'only')


@DATASETS.register_module()
class ZeroShotDataset(BaseSegDataset):
    """One subset of a data set described by a `DatasetSpec`. Class ids never change.

    Args:
        spec (str): name of the data set.
        data_root (str): its folder.
        subset (str): ``train``, ``val`` or ``unlabelled``.
        unseen (tuple[int, ...]): ids of the unseen classes.
        unseen_images (str): images with an unseen class are left out (``drop``), handed out for `MaskUnseen` to set
            those pixels to the ignore index (``mask``), handed out as they are (``keep``), or the only ones taken
            (``only``).
        **kwargs: see mmseg's BaseSegDataset.

    Raises:
        ValueError: if `unseen_images` is not one of the four.
    """

    def __init__(self, spec: str, data_root: str, subset: str, unseen: tuple[int, ...] = (),
                 unseen_images: str = 'keep', **kwargs: Any) -> None:
        if unseen_images not in UNSEEN_IMAGES:
            raise ValueError(f'unseen_images must be one of {UNSEEN_IMAGES}, got {unseen_images!r}')
        self.spec = load_spec(spec)
        self.subset = self.spec.subsets[subset]
        self.unseen = np.asarray(sorted(unseen), dtype=np.int64)
        self.unseen_images = unseen_images
        self.ledger = LabelLedger(subset, self.spec.classes, unseen)
        super().__init__(
            data_root=data_root,
            ann_file=self.subset.list or '',
            data_prefix=dict(img_path=self.subset.images, seg_map_path=self.subset.masks),
            img_suffix=self.spec.image_suffix,
            seg_map_suffix=self.spec.mask_suffix,
            metainfo=self.spec.metainfo,
            **kwargs)

    def load_data_list(self) -> list[dict]:
        """Lists the images in sorted order, since lists of different preparations differ only in their order."""
        return sorted(super().load_data_list(), key=lambda info: info['img_path'])

    def filter_data(self) -> list[dict]:
        """Applies ``unseen_images``, which takes a look at every mask: counted as image-level access."""
        if self.unseen_images not in ('drop', 'only') or not self.unseen.size:
            return self.data_list
        present = class_presence(tuple(info['seg_map_path'] for info in self.data_list), len(self.spec.classes))
        contains = present[:, self.unseen].any(axis=1)
        kept = contains if self.unseen_images == 'only' else ~contains
        self.ledger.add(images_dropped=int((~kept).sum()))
        return [info for info, keep in zip(self.data_list, kept, strict=True) if keep]

    def get_data_info(self, idx: int) -> dict:
        """Adds what `MaskUnseen` needs to the image's information."""
        return {**super().get_data_info(idx), 'unseen': self.unseen, 'unseen_images': self.unseen_images,
                'ledger': self.ledger}

    def prepare_data(self, idx: int) -> Any:
        """Runs the pipeline and writes down which labels leave it."""
        data = super().prepare_data(idx)
        sample = data.get('data_samples') if isinstance(data, dict) else None
        if sample is not None and 'gt_sem_seg' in sample:
            self.ledger.add_labels(sample.gt_sem_seg.data.numpy())
        return data


@lru_cache(maxsize=8)
def class_presence(masks: tuple[str, ...], n_classes: int) -> np.ndarray:
    """Which classes occur in which mask.

    Args:
        masks (tuple[str, ...]): mask files.
        n_classes (int): number of classes.

    Returns:
        ndarray: shape (masks, n_classes), bool.

    Raises:
        ValueError: a mask holds an id that is neither a class nor 255; the message names the file.
    """
    present = np.zeros((len(masks), 256), dtype=bool)
    for row, path in zip(present, masks, strict=True):
        with Image.open(path) as mask:
            row[np.unique(np.asarray(mask))] = True
    wrong = np.argwhere(present[:, n_classes:255])
    if wrong.size:
        image, excess = wrong[0]
        raise ValueError(f'{masks[image]}: id {n_classes + excess} is neither a class id (0..{n_classes - 1}) nor 255')
    return present[:, :n_classes]
