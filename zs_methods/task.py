"""What a stage works on: a data set, its folder, a split under a protocol card, and files such as class vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from zs_methods.datasets.files import common_root, fingerprint, locate
from zs_methods.datasets.spec import DatasetSpec, load_spec, spec_file
from zs_methods.protocols import Protocol
from zs_methods.vectors.class_vectors import split_files
from zs_methods.wording import nearest


@dataclass(frozen=True)
class Task:
    """A data set under one split of its classes; plain data, so that it can travel to another process.

    Attributes:
        source (str): name or YAML file of the data set, see `load_spec`.
        data_root (str): folder of the data set.
        split (str): ``k2`` for K=2, or the name of a split.
        unseen (tuple[int, ...]): ids of the unseen classes, ascending.
        ignored (tuple[int, ...]): ids of classes that are neither trained, predicted nor scored.
        training_list (str): which of the data set's training lists; '' for that of its ``train`` subset.
        data (str): names the content of the data set; part of every artifact's address.
        files (dict[str, str]): paths by purpose, such as ``vectors``; no part of an address, their hashes are.
        withheld (tuple[int, ...]): ids of classes whose images take no part at all, see `held_out`.
        scored_share (float): share of the training images that is scored, and never trained on, in place of the
            validation images; 0 for a real split.
        held_out_of (str): the split that `held_out` was asked of, whose configs count; '' for a split of its own.
    """

    source: str
    data_root: str
    split: str
    unseen: tuple[int, ...]
    ignored: tuple[int, ...] = ()
    training_list: str = ''
    data: str = ''
    files: dict[str, str] = field(default_factory=dict)
    withheld: tuple[int, ...] = ()
    scored_share: float = 0.0
    held_out_of: str = ''

    @classmethod
    def create(cls, source: str, split: int | str, data_root: str | Path, protocol: Protocol | None = None,
               files: Mapping[str, str | Path] | None = None) -> Task:
        """The task of one split of a data set.

        Args:
            source (str): name or YAML file of the data set.
            split (int | str): K, or the name of a split.
            data_root (str | Path): folder that holds data sets, or the folder of this one.
            protocol (Protocol, optional): decides on background and training list; background seen by default.
            files (Mapping, optional): ``vectors`` overrides the data set's own word-vector file, see `resolve_vectors`.

        Raises:
            KeyError: unknown data set, a split it does not offer, or word vectors that are neither a file nor a name;
                the message lists the known ones.
            ValueError: a list of images is damaged, or an image is in both subsets.
            FileNotFoundError: the data set is not there, or lacks a list, image or mask.
        """
        spec = load_spec(source)
        root = locate(spec, Path(data_root))
        training_list = ''
        ignored: tuple[int, ...] = ()
        if protocol is not None:
            training_list = protocol.training_list if protocol.training_list in spec.training_lists else ''
            if protocol.background == 'ignored' and spec.background:
                ignored = spec.ids([spec.background])
        paths = {name: str(path) for name, path in (files or {}).items()}
        paths['vectors'] = resolve_vectors(source, paths.get('vectors'), Path(data_root))
        return cls(source, str(root), f'k{split}' if isinstance(split, int) else split, spec.unseen(split), ignored,
                   training_list, fingerprint(source, root, training_list), paths)

    @cached_property
    def spec(self) -> DatasetSpec:
        """The description of the data set."""
        return load_spec(self.source)

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.spec.name

    @property
    def split_name(self) -> str:
        """What configs call the split: with the data set's name in front, such as ``voc-k2`` and ``voc-15-5``."""
        split = self.held_out_of or self.split
        return split if split.startswith(f'{self.dataset}-') else f'{self.dataset}-{split}'

    @property
    def vectors(self) -> str:
        """The word-vector file, or several joined by ``+``, see `load_class_vectors`."""
        return self.files['vectors']

    @property
    def seen(self) -> tuple[int, ...]:
        """Ids of the seen classes, a background that counts included, ascending."""
        return tuple(c for c in range(len(self.spec.classes)) if c not in self.unseen and c not in self.ignored)

    @property
    def validation(self) -> tuple[int, ...]:
        """Ids of seen classes that the split sets aside for choosing settings, ascending; often none."""
        split = self.spec.splits.get(int(self.split[1:]) if re.fullmatch(r'k\d+', self.split) else self.split)
        return tuple(c for c in self.spec.ids(split.validation) if c in self.seen) if split else ()

    def held_out(self, classes: Sequence[int], name: str, share: float = 0.25) -> Task:
        """The task on which settings are chosen: some seen classes play the unseen ones.

        To a method it is what a real split is. The real unseen classes are ignored, and images with one of them take no
        part. Of the other training images a share, drawn whatever classes they hold, stands for the validation images:
        the pseudo-unseen classes are as frequent there as they naturally are. The others are the training images.

        Args:
            classes (Sequence[int]): ids of seen classes, the pseudo-unseen.
            name (str): of the split.
            share (float): of the images, above 0 and below 1.

        Raises:
            ValueError: a class is not seen, or the share is none.
        """
        if not 0 < share < 1:
            raise ValueError(f'a share between 0 and 1 is scored, not {share}')
        if wrong := set(classes) - set(self.seen):
            raise ValueError(f'only seen classes can be held out, not {[self.spec.classes[c] for c in sorted(wrong)]}')
        return replace(self, split=name, unseen=tuple(sorted(classes)),
                       ignored=tuple(sorted({*self.ignored, *self.unseen})), withheld=self.unseen,
                       scored_share=share, held_out_of=self.held_out_of or self.split)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


def find_vectors(source: str, data_root: Path, name: str | None = None) -> Path:
    """The word-vector file that a data set names: beside its description, or in ``embeddings/`` below the data root.

    Where the data root is the data set's own folder, or on the way to it, the folder that holds all data sets counts
    too.

    Args:
        source (str): name or YAML file of the data set.
        data_root (Path): folder that holds data sets.
        name (str, optional): which of its word vectors; the first by default.
    """
    vectors = load_spec(source).vectors
    file = vectors[name or next(iter(vectors))]
    beside = spec_file(source).parent / file
    if beside.is_file():
        return beside
    places = [root / 'embeddings' / file for root in (data_root, common_root(load_spec(source), data_root))]
    return next((place for place in places if place.is_file()), places[0])


def resolve_vectors(source: str, text: str | None, data_root: Path) -> str:
    """Puts files in the place of the data set's short names for word vectors.

    Args:
        source (str): name or YAML file of the data set.
        text (str, optional): a file or a short name, such as ``fasttext``, or several joined by ``+``; the data set's
            first by default.
        data_root (Path): folder that holds data sets.

    Returns:
        str: one file, or several joined by ``+``; nothing is read.

    Raises:
        KeyError: neither a file nor a short name; the message lists the names.
    """
    if text is None:
        return str(find_vectors(source, data_root))
    names, files = load_spec(source).vectors, []
    for part in split_files(text, names):
        if part in names:
            files.append(str(find_vectors(source, data_root, part)))
        elif Path(part).suffix or len(Path(part).parts) > 1:
            files.append(part)
        else:
            raise KeyError(f'word vectors {part!r} are neither a file nor a name; did you mean '
                           f'{nearest(part, names)!r}? names: {", ".join(names)}')
    return '+'.join(files)
