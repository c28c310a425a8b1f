"""In how many images every class occurs, in a few lines, and what follows for the scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zs_methods.datasets.files import list_pairs, masks_alone, other_files
from zs_methods.datasets.masks import check_size
from zs_methods.datasets.names import visible
from zs_methods.datasets.photographs import image_sizes
from zs_methods.datasets.presence import class_presence
from zs_methods.datasets.spec import DatasetSpec

#: With more classes than this, the lines at the start of a run name the unseen ones only.
SHOWN = 40


@dataclass(frozen=True)
class Coverage:
    """In how many images of each subset every class occurs.

    Attributes:
        classes (tuple[str, ...]): names, by id.
        images (dict[str, int]): subset -> number of images.
        counts (dict[str, ndarray]): subset -> number of images with each class, shape (classes,).
        ignored (Collection[int]): ids of classes that a card ignores; nothing is said of them.
        left_out (tuple[str, ...]): what lies in the folders and takes no part, one line each.
    """

    classes: tuple[str, ...]
    images: Mapping[str, int]
    counts: Mapping[str, np.ndarray]
    ignored: Collection[int] = ()
    left_out: tuple[str, ...] = ()

    def lines(self, splits: Mapping[str, Sequence[int]]) -> list[str]:
        """How many images there are, and how many of them hold a class: each, or of many classes the unseen ones.

        Args:
            splits (Mapping): name of a split -> ids of its unseen classes.
        """
        subsets, unseen = [*self.counts], {c for ids in splits.values() for c in ids}
        named = [c for c in self._used if len(self._used) <= SHOWN or c in unseen]
        others = [c for c in self._used if c not in named]
        number = '/'.join(str(self.images[subset]) for subset in subsets)
        each = ', '.join(f'{self.classes[c]}{"*" if c in unseen else ""} '
                         f'{"/".join(str(self.counts[subset][c]) for subset in subsets)}' for c in named)
        lines = [f'images ({"/".join(subsets)}): {number}; with a class, * if unseen: {each}']
        if others:
            ranges = ', '.join(f'{self.counts[subset][others].min()} to {self.counts[subset][others].max()} in {subset}'
                               for subset in subsets)
            lines.append(f'each of the {len(others)} other classes: {ranges}; prepare verify lists them')
        return lines

    def warnings(self, splits: Mapping[str, Sequence[int]]) -> list[str]:
        """Classes that no image of a subset holds, splits that cannot be scored, and files that take no part.

        Args:
            splits (Mapping): name of a split -> ids of its unseen classes.
        """
        lines, absent = [], {subset: {c for c in self._used if not counts[c]} for subset, counts in self.counts.items()}
        nowhere = set.intersection(*absent.values()) if absent else set()
        if nowhere:
            lines.append(f'no mask at all holds {self._names(nowhere, splits)}')
        lines += [f'no mask of {subset} holds {self._names(classes - nowhere, splits)}'
                  for subset, classes in absent.items() if classes - nowhere]
        lines += [f'split {name}: none of its unseen classes occurs in val: no unseen score and no hIoU can be measured'
                  for name, unseen in splits.items() if 'val' in absent and set(unseen) <= absent['val']]
        return lines + list(self.left_out)

    @property
    def _used(self) -> list[int]:
        return [c for c in range(len(self.classes)) if c not in self.ignored]

    def _names(self, ids: Collection[int], splits: Mapping[str, Sequence[int]]) -> str:
        """Names of classes, with the splits in which they are unseen."""
        of = {c: ', '.join(name for name, unseen in splits.items() if c in unseen) for c in sorted(ids)}
        return ', '.join(self.classes[c] + (f' (unseen in {names})' if names else '') for c, names in of.items())


def survey(spec: DatasetSpec, root: Path, training_list: str = '', ignored: Sequence[int] = ()) -> Coverage:
    """Looks at every file that a run may read: at masks completely, at images for their size and their end.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        training_list (str): which of its training lists.
        ignored (Sequence[int]): ids of classes that a card ignores.

    Raises:
        FileNotFoundError: a file is missing, see `list_pairs`.
        ValueError: a file is damaged, a mask cannot be read exactly, holds an id that is no class or is of another size
            than its image; one line that names the first such file.
    """
    number, counts, lookup = {}, {}, spec.lookup(ignored)
    for subset in spec.subsets:
        images, masks = zip(*list_pairs(spec, root, subset, training_list), strict=True)
        present = class_presence(masks, lookup, len(spec.classes))
        sizes, expected = image_sizes(masks, 'mask'), image_sizes(images)
        for i in np.flatnonzero((sizes != expected).any(axis=1))[:1]:
            check_size(masks[i], sizes[i], expected[i])
        number[subset], counts[subset] = len(images), present.sum(axis=0)
    alone = [f'{visible(folder)}: {len(names)} masks without an image take no part, such as {visible(names[0])}'
             for folder, names in masks_alone(spec, root, training_list).items()]
    return Coverage(spec.classes, number, counts, ignored, (*alone, *other_files(spec, root, training_list)))
