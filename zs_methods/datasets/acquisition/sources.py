"""The files that the data sets are published in.

Addresses and checksums marked "torchvision" are read from its data sets. No address was tried when this was written;
what is marked "memory: unverified" is in no installed library either. Sizes in bytes only serve the check of free
space before a download.
"""

from __future__ import annotations

from dataclasses import dataclass

from torchvision.datasets import SBDataset
from torchvision.datasets.voc import DATASET_YEAR_DICT


@dataclass(frozen=True)
class Source:
    """One published file.

    Attributes:
        file (str): its original name, under which ``--from`` looks for it.
        url (str): where it is.
        md5 (str, optional): published checksum; without one, the SHA-256 is computed and recorded.
        bytes (int): about its size.
        unpacked (int): about the size of what is taken out of it.
    """

    file: str
    url: str
    md5: str | None = None
    bytes: int = 0
    unpacked: int = 0


def _voc(year: str, size: int) -> Source:
    entry = DATASET_YEAR_DICT[year]  # torchvision
    return Source(entry['filename'], entry['url'], entry['md5'], size, size)


# Sizes: memory: unverified.
VOC2012 = _voc('2012', 2_000_000_000)
VOC2010 = _voc('2010', 1_400_000_000)
SBD = Source(SBDataset.filename, SBDataset.url, SBDataset.md5, 1_420_000_000, 100_000_000)  # torchvision
SBD_TRAIN_NOVAL = Source(
    SBDataset.voc_split_filename, SBDataset.voc_train_url, SBDataset.voc_split_md5, 100_000)  # torchvision

# No published checksum is known for these. Addresses of masks and images: as in mmsegmentation's and other projects'
# instructions; that of the label list: memory: unverified.
CONTEXT = Source('trainval.tar.gz', 'https://www.cs.stanford.edu/~roozbeh/pascal-context/trainval.tar.gz',
                 bytes=35_000_000, unpacked=70_000_000)
CONTEXT_LABELS = Source('labels.txt', 'https://www.cs.stanford.edu/~roozbeh/pascal-context/labels.txt', bytes=10_000)
COCO_TRAIN = Source('train2017.zip', 'http://images.cocodataset.org/zips/train2017.zip',
                    bytes=19_400_000_000, unpacked=19_400_000_000)
COCO_VAL = Source('val2017.zip', 'http://images.cocodataset.org/zips/val2017.zip',
                  bytes=820_000_000, unpacked=820_000_000)
COCO_MASKS = Source(
    'stuffthingmaps_trainval2017.zip',
    'http://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset/stuffthingmaps_trainval2017.zip',
    bytes=700_000_000, unpacked=750_000_000)
