"""Tiny archives in the layout of the published ones, and what makes the code take them for those."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from zs_methods.datasets import spec as spec_module
from zs_methods.datasets.acquisition import cocostuff, context, sources, voc
from zs_methods.datasets.spec import load_spec, pascal_palette

SIZE = (20, 24)  # height, width
VOC_TRAIN, VOC_VAL = ['2007_000001', '2007_000002', '2007_000003', '2007_000004'], ['2007_000011', '2007_000012']
SBD_TRAIN, SBD_VAL = ['2007_000001', '2007_000011', '2008_000021', '2008_000022'], ['2007_000002', '2008_000023']
SBD_NOVAL = ['2007_000001', '2007_000012', '2008_000021', '2008_000022']
OFFICIAL = sorted([*VOC_TRAIN, '2008_000021', '2008_000022'])
AUG = ['2008_000021', '2008_000022', '2008_000023']
CONTEXT_TRAIN, CONTEXT_VAL = ['2008_000031', '2008_000032'], ['2008_000041']
COCO_TRAIN, COCO_VAL = ['000000000009', '000000000025', '000000000030'], ['000000000139']


def jpeg(seed):
    """A JPEG of random pixels."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*SIZE, 3), dtype=np.uint8)).save(out, 'JPEG')
    return out.getvalue()


def png(labels, palette=False):
    """A mask."""
    image, out = Image.fromarray(labels.astype(np.uint8)), io.BytesIO()
    if palette:
        image.putpalette([value for rgb in pascal_palette(256) for value in rgb])
    image.save(out, 'PNG')
    return out.getvalue()


def labels(value, contour=None):
    """A map with one rectangle."""
    out = np.zeros(SIZE, np.int64)
    out[4:12, 5:15] = value
    if contour is not None:
        out[4, 5:15] = contour
    return out


def sbd_mat(value):
    """An annotation of SBD: a struct with sparse boundaries beside the label map."""
    boundaries = np.empty((20, 1), object)
    for row in range(20):
        boundaries[row, 0] = csc_matrix(SIZE, dtype=float)
    out = io.BytesIO()
    savemat(out, {'GTcls': {'Boundaries': boundaries, 'Segmentation': labels(value).astype(np.uint8),
                            'CategoriesPresent': np.array([[float(value)]])}}, do_compression=True)
    return out.getvalue()


def context_mat(array):
    """An annotation of Pascal-Context."""
    out = io.BytesIO()
    savemat(out, {'LabelMap': array.astype(np.uint16)}, do_compression=True)
    return out.getvalue()


def context_labels():
    """459 names, those of the classes among them: id = 3 * class."""
    names = {3 * index: name for index, name in enumerate(load_spec('context').classes) if index}
    spaced = {'pottedplant': 'potted plant', 'tvmonitor': 'tv monitor'}
    return ''.join(f'{key}: {spaced.get(names.get(key), names.get(key, f"thing {key}"))}\n' for key in range(1, 460))


def listing(names):
    """A list of image names."""
    return '\n'.join(names).encode() + b'\n'


def voc2012():
    """Members of VOCtrainval_11-May-2012.tar."""
    base = 'VOCdevkit/VOC2012'
    names = [*VOC_TRAIN, *VOC_VAL]
    return {
        **{f'{base}/JPEGImages/{name}.jpg': jpeg(index) for index, name in enumerate([*names, *AUG])},
        **{f'{base}/SegmentationClass/{name}.png': png(labels(index + 1, 255), True)
           for index, name in enumerate(names)},
        f'{base}/ImageSets/Segmentation/train.txt': listing(VOC_TRAIN),
        f'{base}/ImageSets/Segmentation/val.txt': listing(VOC_VAL),
        f'{base}/ImageSets/Segmentation/trainval.txt': listing([*VOC_TRAIN, *VOC_VAL]),
    }


def sbd():
    """Members of benchmark.tgz."""
    base = 'benchmark_RELEASE/dataset'
    names = sorted({*SBD_TRAIN, *SBD_VAL})
    return {
        'benchmark_RELEASE/README': b'text',
        **{f'{base}/cls/{name}.mat': sbd_mat(index + 3) for index, name in enumerate(names)},
        **{f'{base}/img/{name}.jpg': b'unused' for name in names},
        f'{base}/train.txt': listing(SBD_TRAIN),
        f'{base}/val.txt': listing(SBD_VAL),
    }


def voc2010():
    """Members of VOCtrainval_03-May-2010.tar."""
    base = 'VOCdevkit/VOC2010'
    return {
        **{f'{base}/JPEGImages/{name}.jpg': jpeg(index) for index, name in enumerate([*CONTEXT_TRAIN, *CONTEXT_VAL])},
        f'{base}/ImageSets/Main/train.txt': listing(CONTEXT_TRAIN),
        f'{base}/ImageSets/Main/val.txt': listing(CONTEXT_VAL),
        f'{base}/ImageSets/Main/cow_train.txt': b'2008_000031 -1\n',
    }


def context_masks():
    """Members of trainval.tar.gz: the label 459 is no class, 30 is cow, 33 is table."""
    masks = {name: labels(30, 459) for name in CONTEXT_TRAIN} | {name: labels(33) for name in CONTEXT_VAL}
    return {'labels.txt': context_labels().encode(),
            **{f'trainval/{name}.mat': context_mat(array) for name, array in masks.items()}}


def coco():
    """Members of the three archives of COCO-Stuff, by archive; 181, 12 and 255 occur in the masks."""
    return {
        'train2017.zip': {f'train2017/{name}.jpg': jpeg(index) for index, name in enumerate(COCO_TRAIN)},
        'val2017.zip': {f'val2017/{name}.jpg': jpeg(index) for index, name in enumerate(COCO_VAL)},
        'stuffthingmaps_trainval2017.zip': {
            **{f'train2017/{name}.png': png(labels(181, 255)) for name in COCO_TRAIN},
            **{f'val2017/{name}.png': png(labels(12)) for name in COCO_VAL}},
    }


def pack(file, members):
    """Writes an archive; an entry's content may be a TarInfo instead of bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == '.zip':
        with zipfile.ZipFile(file, 'w') as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return file
    with tarfile.open(file, 'w' if file.suffix == '.tar' else 'w:gz') as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = None if content is info else content
            info.size = len(data) if data else 0
            archive.addfile(info, io.BytesIO(data) if data else None)
    return file


def pack_all(folder):
    """Writes every archive under its original name."""
    pack(folder / 'VOCtrainval_11-May-2012.tar', voc2012())
    pack(folder / 'benchmark.tgz', sbd())
    (folder / 'train_noval.txt').write_bytes(listing(SBD_NOVAL))
    pack(folder / 'VOCtrainval_03-May-2010.tar', voc2010())
    pack(folder / 'trainval.tar.gz', context_masks())
    for name, members in coco().items():
        pack(folder / name, members)
    return folder


def tree(folder, members):
    """Writes members as files, as if their archive had been unpacked."""
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def tiny_spec(source):
    """A description with the counts of the tiny archives."""
    spec = load_spec(source)
    counts = {'voc': {'val': 2}, 'context': {'train': 2, 'val': 1}, 'cocostuff': {'train': 3, 'val': 1}}[source]
    subsets = {name: part.model_copy(update={'count': counts.get(name, part.count)})
               for name, part in spec.subsets.items()}
    lists = {name: entry.model_copy(update={'count': {'official': 6, 'aug': 7}[name]})
             for name, entry in spec.training_lists.items()}
    return spec.model_copy(update={'subsets': subsets, 'training_lists': lists})


def publish(folder, setattr=setattr, base_url='http://127.0.0.1:9'):
    """Makes the files of a folder the published ones: their checksums where there are any, addresses and counts."""
    for name in ('VOC2012', 'VOC2010', 'SBD', 'SBD_TRAIN_NOVAL', 'CONTEXT', 'CONTEXT_LABELS', 'COCO_TRAIN',
                 'COCO_VAL', 'COCO_MASKS'):
        source = getattr(sources, name)
        file = folder / source.file
        md5 = hashlib.md5(file.read_bytes()).hexdigest() if source.md5 and file.exists() else source.md5
        setattr(sources, name, replace(source, url=f'{base_url}/{source.file}', md5=md5, bytes=0, unpacked=0))
    for module in (voc, context, cocostuff, spec_module):
        setattr(module, 'load_spec', tiny_spec)
