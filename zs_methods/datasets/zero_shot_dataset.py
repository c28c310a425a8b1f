"""An mmseg data set that knows which of its classes are unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmseg.datasets import BaseSegDataset

from zs_methods.datasets.audit import LabelLedger
from zs_methods.datasets.files import list_pairs
from zs_methods.datasets.images import decoded_elsewhere
from zs_methods.datasets.lookup import IGNORE, INVALID, Lookup
from zs_methods.datasets.names import composed
from zs_methods.datasets.presence import class_presence
from zs_methods.datasets.spec import load_spec
from zs_methods.datasets.transforms import LoadLabels
from zs_methods.registry import DATASETS

#: What becomes of training images that contain an unseen class.
UNSEEN_IMAGES = ('drop', 'mask', 'keep', 'only')
#: Pseudo-labels are class ids already.
_PSEUDO_LOOKUP = Lookup(tuple((label, label) for label in range(IGNORE + 1) if label != INVALID))


def pseudo_label_file(folder: Path, image: Path) -> Path:
    """Where the pseudo-labels of an image are kept; images of one data set differ in their stem."""
    return folder / f'{image.stem}.png'


def in_share(image: Path, draw: str, share: float) -> bool:
    """Whether an image is in a share of all images: known from its name alone, the same anywhere and in any order.

    Args:
        image (Path): its file.
        draw (str): names the draw; two draws do not depend on each other.
        share (float): expected share of the images, 0..1.
    """
    digest = hashlib.sha256(f'{draw}/{composed(image.stem)}'.encode('utf-8', 'surrogateescape')).digest()
    return int.from_bytes(digest[:8], 'big') < share * 2**64


def _own_labels(step: Any) -> Any:
    """A step of a pipeline, or ours in place of mmseg's."""
    plain = isinstance(step, Mapping) and step.get('type') == 'LoadAnnotations'
    return {**step, 'type': 'zs_methods.LoadLabels'} if plain else step


@DATASETS.register_module()
class ZeroShotDataset(BaseSegDataset):
    """One subset of a data set described by a `DatasetSpec`. Class ids never change.

    Args:
        spec (str): name or YAML file of the data set.
        data_root (str): its folder.
        subset (str): ``train``, ``val`` or ``unlabelled``.
        unseen (Sequence[int]): ids of the unseen classes.
        unseen_images (str): images with an unseen class are left out (``drop``), handed out for `LoadLabels` to set
            those pixels to the ignore index (``mask``), handed out as they are (``keep``), or the only ones taken
            (``only``).
        ignored (Sequence[int]): ids of classes whose pixels are always ignored.
        training_list (str): which of the data set's training lists; '' for that of the subset.
        withheld (Sequence[int]): ids of classes whose images take no part at all: the unseen classes, while settings
            are chosen on seen ones.
        part (dict, optional): ``share``, ``draw`` and ``scored``: only the images that `in_share` puts into a share, or
            those that it does not.
        pseudo_labels (str, optional): a folder of maps of class ids, ``<image>.png`` (see `pseudo_label_file`). An
            image that has one gets it in place of its own labels, and is never dropped or masked.
        pipeline (Sequence): transforms. ``LoadAnnotations`` means `LoadLabels` here: mmseg's own, which it is with the
            prefix ``mmseg.``, hands out the values of a mask as they are on disk, and hides nothing.
        **kwargs: see mmseg's BaseSegDataset.

    Raises:
        ValueError: if `unseen_images` is not one of the four, or there is no such subset or list.
        FileNotFoundError: an image or mask is missing; one line that names it.
    """

    def __init__(self, spec: str, data_root: str, subset: str, unseen: Sequence[int] = (),
                 unseen_images: str = 'keep', ignored: Sequence[int] = (), training_list: str = '',
                 withheld: Sequence[int] = (), part: Mapping[str, Any] | None = None,
                 pseudo_labels: str | None = None, pipeline: Sequence[Any] = (), **kwargs: Any) -> None:
        if unseen_images not in UNSEEN_IMAGES:
            raise ValueError(f'unseen_images must be one of {UNSEEN_IMAGES}, got {unseen_images!r}')
        self.spec = load_spec(spec)
        self.pairs = list_pairs(self.spec, Path(data_root), subset, training_list)
        self.lookup = self.spec.lookup(ignored)
        self.unseen = np.asarray(sorted(unseen), dtype=np.int64)
        self.unseen_images, self.pseudo_labels = unseen_images, pseudo_labels
        self.withheld, self.part = np.asarray(sorted(withheld), dtype=np.int64), part
        self.ledger = LabelLedger(subset, self.spec.classes, {*unseen, *withheld})
        super().__init__(
            data_root=data_root, data_prefix=dict(img_path=self.spec.subsets[subset].images, seg_map_path=''),
            metainfo=self.spec.metainfo, pipeline=[*map(_own_labels, pipeline)], **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image, ordered by name."""
        entries = []
        for image, mask in self.pairs:
            pseudo = self.pseudo_labels and pseudo_label_file(Path(self.pseudo_labels), image)
            pseudo = pseudo if pseudo and pseudo.is_file() else None
            entries.append(dict(img_path=str(image), seg_map_path=str(pseudo or mask), pseudo=pseudo is not None,
                                label_map=None, reduce_zero_label=False, seg_fields=[]))
        return entries

    def filter_data(self) -> list[dict]:
        """Applies ``part``, and ``unseen_images``, which looks at every mask: counted as image-level access."""
        part = self._part()
        chooses = self.unseen_images in ('drop', 'only') and self.unseen.size
        if not chooses and not self.withheld.size:
            return [info for info, mine in zip(self.data_list, part, strict=True) if mine]
        # Withheld classes are ignored ones too, and those are none in `self.lookup`.
        present = class_presence([mask for _, mask in self.pairs], self.spec.lookup(), len(self.spec.classes))
        kept = part & ~present[:, self.withheld].any(axis=1)
        if chooses:
            contains = present[:, self.unseen].any(axis=1)
            kept &= contains if self.unseen_images == 'only' else ~contains
        kept |= [info['pseudo'] for info in self.data_list]
        if not kept.any():
            what = 'contains an' if self.unseen_images == 'only' else 'is free of every'
            raise ValueError(f'{self.spec.name}: no image of subset {self.ledger.subset!r} {what} unseen class')
        if self.unseen_images == 'only':
            self.ledger.add(images_chosen=int(kept.sum()))
        else:
            self.ledger.add(images_dropped=int((part & ~kept).sum()))
        return [info for info, keep in zip(self.data_list, kept, strict=True) if keep]

    def _part(self) -> np.ndarray:
        """Which images belong to ``part``, shape (images,), bool."""
        if not self.part:
            return np.ones(len(self.pairs), dtype=bool)
        share, draw, scored = (self.part[name] for name in ('share', 'draw', 'scored'))
        part = np.array([in_share(image, draw, share) == scored for image, _ in self.pairs])
        if not part.any():
            raise ValueError(f'{self.spec.name}: none of {len(part)} images is in the share {share} to score'
                             if scored else f'{self.spec.name}: the share {share} to score leaves no image to train on')
        return part

    def get_data_info(self, idx: int) -> dict:
        """Adds what `LoadLabels` needs to the image's information."""
        info = super().get_data_info(idx)
        hides = self.unseen_images == 'mask' and not info['pseudo']
        return {**info, 'lookup': _PSEUDO_LOOKUP if info['pseudo'] else self.lookup, 'ledger': self.ledger,
                'unseen': self.unseen, 'unseen_images': 'mask' if hides else 'keep'}

    def labels(self, idx: int) -> np.ndarray:
        """The labels of one image as `LoadLabels` hands them out, shape (H, W), uint8; counted like those."""
        labels = LoadLabels().transform(self.get_data_info(idx))['gt_seg_map']
        self.ledger.add_labels(labels)
        return labels

    def presence(self) -> np.ndarray:
        """Which seen classes the labels of every image hold, as training reads them, shape (images, classes), bool."""
        infos = [self.get_data_info(index) for index in range(len(self))]
        pseudo = np.array([info['pseudo'] for info in infos], dtype=bool)
        present = np.zeros((len(self), IGNORE + 1), dtype=bool)
        present[~pseudo, :len(self.spec.classes)] = class_presence(
            [Path(info['seg_map_path']) for info in infos if not info['pseudo']], self.lookup, len(self.spec.classes))
        for index in np.flatnonzero(pseudo):
            present[index, LoadLabels().transform(infos[index])['gt_seg_map']] = True
        present[:, self.unseen] = False
        return present[:, :len(self.spec.classes)]

    def prepare_data(self, idx: int) -> Any:
        """Runs the pipeline and writes down which labels leave it.

        Raises:
            ValueError: the image or its mask cannot be read, or they do not fit each other; one line that names it.
        """
        info = self.get_data_info(idx)
        pseudo = info['pseudo']  # as it is before a pipeline can change it
        with decoded_elsewhere(Path(info['img_path'])):
            data = self.pipeline(info)
        sample = data.get('data_samples') if isinstance(data, dict) else None
        # Pseudo-labels are no ground truth; what a stage read to make them was counted when it did.
        if sample is not None and 'gt_sem_seg' in sample and not pseudo:
            self.ledger.add_labels(sample.gt_sem_seg.data.numpy())
        return data
