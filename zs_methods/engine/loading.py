"""Data loaders for training that can begin with any batch, and then go on as if they had begun with the first."""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from zs_methods.engine.shared_memory import NamedFailures, share

#: Settings of a loader besides its data set and what draws from it.
_KEPT = ('num_workers', 'collate_fn', 'pin_memory', 'timeout', 'worker_init_fn', 'multiprocessing_context', 'generator',
         'prefetch_factor', 'persistent_workers')
_OF_WORKERS = ('prefetch_factor', 'persistent_workers')


def build_loader(config: Mapping[str, Any], seed: int, start: int = 0, diff_rank_seed: bool = False) -> DataLoader:
    """An mmengine loader whose iterator never ends and skips the first batches without reading an image.

    Without worker processes, augmentation draws from the global random streams, which a `Checkpoint` restores. Workers
    have streams of their own and are ahead of the training by a few batches, so there the augmentation of an image
    depends on `seed` and on how many were drawn before it, and on nothing else: not even on the number of workers.

    Args:
        config (Mapping): of the loader, as mmengine takes it.
        seed (int): of the sampler, where its config has none, and of augmentation in workers.
        start (int): batches to skip.
        diff_rank_seed (bool): whether `seed` differs between processes.
    """
    in_workers = config.get('num_workers', 0) > 0
    # What is set for workers is refused where there are none.
    given = {name: value for name, value in config.items() if in_workers or name not in _OF_WORKERS}
    loader = Runner.build_dataloader(given, seed=seed, diff_rank_seed=diff_rank_seed)
    kept = {name: getattr(loader, name) for name in _KEPT}
    if in_workers:
        kept['collate_fn'] = partial(share, loader.collate_fn)
    return NamedFailures(SeededDataset(loader.dataset, seed) if in_workers else loader.dataset,
                         batch_sampler=EndlessBatches(loader.batch_sampler, start, numbered=in_workers), **kept)


def pinned(config: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """A loader's config whose workers' batches are taken over by a thread, into memory that a GPU copies from."""
    where = {'pin_memory': True} if device.type == 'cuda' and config.get('num_workers') else {}
    return {**where, **config}


class EndlessBatches:
    """A batch sampler that passes over the data again and again, shuffled anew where its sampler has epochs.

    Args:
        batches (BatchSampler): of one pass.
        start (int): batches to skip.
        numbered (bool): yield pairs (images drawn before, index) instead of indices, for a `SeededDataset`.
    """

    def __init__(self, batches: Any, start: int = 0, numbered: bool = False) -> None:
        self.batches, self.start, self.numbered = batches, start, numbered
        self.sampler, self.batch_size = batches.sampler, batches.batch_size  # mmengine's hooks ask for them
        self._iterator: Iterator[list] | None = None

    def __len__(self) -> int:
        """Batches of one pass."""
        return len(self.batches)

    def __iter__(self) -> Iterator[list]:
        """Always the same iterator: a loader with workers asks twice, and an InfiniteSampler cannot begin anew.

        It skips at once, so that a sampler which draws from global streams does so before they are restored.
        """
        if self._iterator is None:
            self._iterator = self._endless()
            deque(itertools.islice(self._iterator, self.start), maxlen=0)
        return self._iterator

    def _endless(self) -> Iterator[list]:
        drawn = 0
        for epoch in itertools.count():
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(epoch)
            before = drawn
            for batch in self.batches:
                yield list(enumerate(batch, drawn)) if self.numbered else batch
                drawn += len(batch)
            if drawn == before:
                raise ValueError('the training has no batch: fewer images than drop_last leaves, or none')


class SeededDataset(Dataset):
    """A data set whose random streams start anew for every image, at a place that its number decides.

    Args:
        dataset: an mmengine data set.
        seed (int): of all of them.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset, self.seed = dataset, seed
        self.metainfo = getattr(dataset, 'metainfo', {})

    def __len__(self) -> int:
        """Number of images."""
        return len(self.dataset)

    def __getitem__(self, drawn: tuple[int, int]) -> Any:
        """The image of a pair (number, index)."""
        number, index = drawn
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        return self.dataset[index]
