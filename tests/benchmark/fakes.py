"""Records that no training made."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmark.records.files import (
    CellId,
    Example,
    Group,
    MethodCard,
    Metrics,
    NetworkCard,
    Record,
    Secondary,
    StageRecord,
    Status,
    save_record,
)
from benchmark.records.selections import Candidate, Fold, Score, Selection
from benchmark.records.upgrades import facts
from zs_methods.evaluation.scores import pack_sparse, per_class_iou, scores, sparse
from zs_methods.protocols import PROTOCOLS

CLASSES = ['background', 'striped red', 'dotted blue', 'checked green', 'hatched yellow']
PALETTE = [[0, 0, 0], [200, 30, 30], [30, 30, 200], [30, 200, 30], [200, 200, 30]]
ROLES = {'seen_only': 'floor', 'oracle': 'ceiling'}


def picture(array: np.ndarray, kind: str = 'PNG') -> str:
    """Encodes an array the way records hold pictures."""
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format=kind)
    return base64.b64encode(buffer.getvalue()).decode()


def fake_examples(count: int = 3, size: int = 16) -> list[Example]:
    """Noise with four class stripes as ground truth and prediction."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(size, dtype=np.uint8)[None] % 4, size, axis=0)
    truth[0] = 255
    return [Example(name=f'{index:05d}', image=picture(rng.integers(0, 256, (size, size, 3), dtype=np.uint8), 'JPEG'),
                    truth=picture(truth), prediction=picture(truth[:, ::-1].copy())) for index in range(count)]


def fake_access(level: str = 'image-filter', pixels: dict[str, int] | None = None) -> dict[str, Any]:
    """Label access of a cell with one training stage and one that scores."""
    counts = {'images': 40, 'images_dropped': 7, 'images_masked': 0, 'pixels_masked': 0, 'images_chosen': 0}
    return {'level': level, 'stages': {
        'seen': {'train': {**counts, 'unseen_pixels': pixels or {}}},
        'evaluate': {'val': {**counts, 'images': 9000, 'unseen_pixels': {'striped red': 123456}}}}}


def fake_network(weights: str = 'torchvision://resnet101', pretraining: str = 'ImageNet-1k, all classes',
                 sha256: str = '5eed' * 16) -> NetworkCard:
    """A network card; without weights it has no hash."""
    return NetworkCard(backbone='ResNetV1c', weights=weights, pretraining=pretraining,
                       sha256='' if weights == 'none' else sha256)


def fake_metrics(seen: float, unseen: float | None, overall: float = 60.0, hiou: float | None = None) -> Metrics:
    """Scores; hIoU follows from the others unless given, and there is none without those of unseen classes."""
    if unseen is None:
        return Metrics(seen=Group(pa=90, ma=80, miou=seen), unseen=Group(pa=None, ma=None, miou=None),
                       overall=Group(pa=90, ma=80, miou=overall), hiou=None)
    return Metrics(seen=Group(pa=90, ma=80, miou=seen), unseen=Group(pa=50, ma=45, miou=unseen),
                   overall=Group(pa=85, ma=75, miou=overall),
                   hiou=2 * seen * unseen / (seen + unseen) if hiou is None else hiou)


def fake_secondary(seen: float, unseen: float, overall: float, resolution: str = 'short side 513') -> Secondary:
    """Scores at a paper's resolution."""
    return Secondary(resolution=resolution, metrics=fake_metrics(seen, unseen, overall), confusion=[[1]])


def fake_data(train: int = 5953, published: int | None = 5953, note: str = '', title: str = '') -> dict[str, Any]:
    """Provenance with the counts of images, to be passed as ``provenance``."""
    counts = {'train': {'images': train, 'published': published}, 'val': {'images': 1449, 'published': 1449}}
    return {'python': '3.11.7', 'data': {'name': 'voc', 'sha256': 'feed', 'counts': counts, 'note': note,
                                         'title': title}}


def fake_record(method: str = 'zs3', hiou: float = 40.0, *, k: int = 2, seed: int = 0, status: str = 'done',
                dataset: str = 'shapes', data: str | None = None, protocol: str = 'zs3-clean', model: str = 'tiny',
                network: NetworkCard | None = None, split: str | None = None, settings: str = 'aaaaaaaa',
                variant: dict[str, Any] | None = None, reason: str = '', note: str = '', sha: str = 'c0ffee',
                classes: list[str] | None = None, **more: Any) -> Record:
    """Builds one record; seen and unseen mIoU are chosen so that they only have to look right."""
    unit, done, data = f'{k}-{seed}', status == 'done', f'{dataset}-v1' if data is None else data
    names = classes or CLASSES
    made = {'code': 'c0de', 'git_sha': sha, 'device': 'cpu', 'config': {'type': 'Some'}}
    stages = [
        StageRecord(name='seen', key=f'seen-{unit}', reused=method != 'seen_only', seconds=60.0, peak_rss_mib=900.0,
                    label_access={}, summary={}, **made),
        StageRecord(name='classifier', key=f'{method}-{settings}-{variant}-{unit}', reused=False, seconds=5.5,
                    peak_rss_mib=1200.4, label_access={}, summary={}, **made)]
    content: dict[str, Any] = {
        'status': Status(status), 'key': f'{method}-{settings}-{variant}-{protocol}-{unit}', 'settings': settings,
        'protocol': PROTOCOLS[protocol].model_dump() if protocol in PROTOCOLS else {}, 'reason': reason,
        'network': network or fake_network('none', 'none'),
        'cell': CellId(dataset=dataset, data=data, split=split or f'k{k}', k=k, protocol=protocol, model=model,
                       method=method, seed=seed, variant=variant or {}),
        'method': MethodCard(summary=f'What {method} does.', role=ROLES.get(method, 'method'), setting='inductive',
                             reads_unseen_gt='image-filter', note=note, **facts(method)),
        'stages': stages[:None if done else 1],
        'provenance': {'git': {'sha': sha, 'dirty': False}, 'argv': ['benchmark/run.py', '--methods', 'zs3'],
                       'data': {'name': data}, 'python': '3.11.7', 'packages': {'torch': '2.9.0'},
                       'hardware': {'cores': 2, 'gpu': []}}}
    if done:
        content |= {
            'classes': names, 'palette': PALETTE, 'unseen': [1, 2], 'images': 100,
            'metrics': fake_metrics(70 + seed, hiou, hiou=hiou),
            'per_class_iou': [95.0, 40.0, 41.0, 70.0, None], 'absent_classes': [names[-1]],
            'label_access': fake_access(), 'examples': fake_examples()}
    return Record(**content | more)


def fake_confusions(quality: float, images: int = 30, seed: int = 0, classes: int = 5,
                    absent: tuple[int, ...] = ()) -> np.ndarray:
    """Confusion matrices of single images, shape (images, C, C); all share one ground truth.

    About `quality` per cent of a class's pixels are found, in every image another share, drawn with `seed`; the others
    are given to the next class. There is no ground truth of `absent` classes.
    """
    truth = np.random.default_rng(0).integers(0, 400, (images, classes))
    truth[np.random.default_rng(1).random(truth.shape) < 0.4] = 0
    truth[:, list(absent)] = 0
    share = np.clip(np.random.default_rng(seed).normal(quality / 100, 0.05, truth.shape), 0, 1)
    hit = np.round(truth * share).astype(np.int64)
    matrices = np.zeros((images, classes, classes), np.int64)
    index = np.arange(classes)
    matrices[:, index, index] = hit
    matrices[:, index, (index + 1) % classes] += truth - hit
    return matrices


def scored_record(method: str = 'zs3', quality: float = 60.0, *, images: int = 30, noise: int = 0,
                  unseen: tuple[int, ...] = (1, 2), absent: tuple[int, ...] = (), **more: Any) -> Record:
    """A record whose scores follow from confusion matrices of single images, see `fake_confusions`."""
    names = more.pop('classes', CLASSES)
    matrices = fake_confusions(quality, images, noise, len(names), absent)
    whole = matrices.sum(axis=0)
    return fake_record(method, classes=list(names), **{
        'unseen': list(unseen), 'images': images, 'confusion': whole.tolist(),
        'confusion_per_image': pack_sparse([sparse(matrix) for matrix in matrices]),
        'metrics': Metrics.model_validate(scores(whole, unseen)), 'absent_classes': [names[c] for c in absent],
        'per_class_iou': [None if np.isnan(value) else value for value in per_class_iou(whole).tolist()], **more})


def fake_sweep(ks: tuple[int, ...] = (2, 4), seeds: tuple[int, ...] = (0, 1, 2)) -> list[Record]:
    """A floor, two methods and a ceiling for every K and seed."""
    scores = {'zsmmd': 50.0, 'seen_only': 0.0, 'oracle': 80.0, 'zs3': 40.0}
    return [fake_record(method, score + (0 if method == 'seen_only' else seed), k=k, seed=seed,
                        note='A reconstruction.' if method == 'zsmmd' else '')
            for k in ks for method, score in scores.items() for seed in seeds]


def fake_selection(**more: Any) -> Selection:
    """A choice among two settings on two folds."""
    def scores(*values: float | None) -> list[Score]:
        return [Score(fold=fold, seed=0, key='', seen=60, held_out=value, hiou=value, images=9,
                      reason='' if value is not None else 'out of memory') for fold, value in enumerate(values)]

    one = Selection(**{
        'dataset': 'shapes', 'data': 'shapes-v1',
        'split': 'k10', 'unseen': ['x'], 'protocol': 'zs3-clean', 'model': 'tiny', 'method': 'zs3',
        'network': fake_network('none', 'none'), 'held_out': [2], 'share': 0.25, 'seeds': [0],
        'grid': {'classifier.weight': [1, 30, 5]},
        'folds': [Fold(ids=[1, 2], classes=['striped red', 'a|b']), Fold(ids=[3, 4], classes=['c', 'd'])],
        'candidates': [Candidate(settings={'classifier.weight': weight}, scores=scores(*values))
                       for weight, values in ((1, (10, 12)), (30, (20, 22)), (5, (20, None)))],
        'argv': ['benchmark/select.py', '--methods', 'zs3'], **more})
    one.choose()
    return one


def save_all(records: list[Record], reports: Path) -> Path:
    """Puts records where a run would leave them and returns the reports folder."""
    for index, record in enumerate(records):
        save_record(record, reports / 'records' / f'{index:04d}.json')
    return reports
