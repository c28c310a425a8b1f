"""Stage ``pseudo_labels``: a teacher labels unseen classes in training images that have no labels of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Subset

from zs_methods.datasets import audit
from zs_methods.datasets.spec import IGNORE
from zs_methods.datasets.zero_shot_dataset import pseudo_label_file
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.network import assemble, build_dataset, equal_sized_batches, without_labels
from zs_methods.stages.parts import read_calibration

from .ranking import read_map, thin_out, top_share
from .teacher import Teacher

#: Which training images the teacher looks at, and how a data set is asked for them.
IMAGES = {'dropped': 'only', 'all': 'keep'}
RANKINGS, RESTS = ('image', 'global'), ('ignore', 'seen')

#: Title in reports.
TABLE = 'Pseudo-labels against the ground truth, % (diagnosis only)'


@STAGES.register_module()
class PseudoLabel(Stage):
    """Keeps the most confident pixels of every unseen class as labels for `TrainSeen`.

    A pixel is a candidate for class c if the teacher's joint prediction over all classes is the unseen class c; of the
    candidates for c, the `p` % with the highest softmax value are kept. An image in which none is kept gets no map.

    What becomes of the labels that the protocol's card grants:

    - Card ``drop``: the images it drops have none, all their pixels are open to pseudo-labels. The others keep their
      ground truth and never get a map; which ones those are is known from the card's own filter.
    - Card ``mask``: visible labels of seen classes stay where they are, pseudo-labels go on ignored pixels only.

    Args:
        pipeline (list[dict]): mmseg transforms without augmentation and resizing, with labels.
        unseen_images (str): the card's handling, ``drop`` or ``mask``.
        images (str): ``dropped``: training images that hold an unseen class, chosen by a look at their labels
            (image-oracle); ``all``: every training image, without that look. Under a ``drop`` card both end in the
            same maps, unless images compete (`ranking`): then those with ground truth take part.
        p (float): per cent of the candidates to keep, rounded up.
        ranking (str): candidates compete within their ``image``, or with those of all images (``global``; 5 bytes of
            memory per candidate). Of equals the first in order of names and pixels is kept.
        rest (str): the other open pixels are ignored (``ignore``), or keep the teacher's prediction where it is a seen
            class (``seen``; without effect under a ``mask`` card, which shows all seen pixels).
        restrict (bool): only unseen classes compete on the open pixels of a ``mask`` card, which shows all seen ones;
            without effect under a ``drop`` card.
        copies (Sequence[dict]): augmented copies of the images, each ``dict(scale=s)`` or ``dict(mirror=True)`` or both
            in one; only candidates that have the same class in all of them remain.
        network (str): name of the stage that provides the teacher's network.
        classifier (str, optional): name of the stage whose classifier replaces the network's own.
        calibration (str, optional): name of the stage whose calibration takes part in the joint prediction.
        batch_size (int): images of equal size per forward pass.
        diagnose (bool): compare the finished maps with the ground truth; nothing else depends on that.

    Artifact: ``maps/<image>.png``, class ids at the images' own size, see `pseudo_label_file`.

    Source: ZS5Net (Bucher et al., NeurIPS 2019; its code, valeoai/ZS3 6031f4a, has only the hooks of its data loader)
    and, for `restrict` and `copies`, STRICT (code giuseppepastore10/STRICT bc18093).
    """

    def __init__(self, pipeline: list[dict], unseen_images: str, images: str = 'dropped', p: float = 25,
                 ranking: str = 'image', rest: str = 'ignore', restrict: bool = False, copies: Sequence[dict] = (),
                 network: str = 'seen', classifier: str | None = None, calibration: str | None = None,
                 batch_size: int = 16, diagnose: bool = True) -> None:
        for name, value, known in (('images', images, IMAGES), ('ranking', ranking, RANKINGS), ('rest', rest, RESTS),
                                   ('unseen_images', unseen_images, ('drop', 'mask'))):
            if value not in known:
                raise ValueError(f'{name} must be one of {tuple(known)}, got {value!r}')
        if not 0 <= p <= 100:
            raise ValueError(f'p is a percentage, got {p}')
        if wrong := [copy for copy in copies if not copy or set(copy) - {'scale', 'mirror'}]:
            raise ValueError(f'a copy is dict(scale=s) or dict(mirror=True), got {wrong[0]}')
        self.pipeline, self.masks, self.images, self.p = pipeline, unseen_images == 'mask', images, p
        self.ranking, self.rest, self.restrict, self.copies = ranking, rest, restrict, [dict(c) for c in copies]
        self.network, self.classifier, self.calibration = network, classifier, calibration
        self.batch_size, self.diagnose = batch_size, diagnose

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Writes maps with all candidates of an image that `p` leaves; a ``global`` ranking thins them out at last."""
        calibration = read_calibration(ctx.inputs[self.calibration]) if self.calibration else None
        teacher = Teacher(assemble(ctx, self.network, self.classifier), ctx.task.unseen, calibration)
        dataset = build_dataset(ctx.task, 'train', without_labels(self.pipeline), IMAGES[self.images])
        paths = [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]
        given, labelled = self._given(ctx), self._labelled(ctx)
        pool = [index for index, path in enumerate(paths) if self.ranking == 'global' or path not in labelled]
        folder = ctx.out / 'maps'
        folder.mkdir()
        counts = torch.zeros(2, len(ctx.task.spec.classes), dtype=torch.int64)
        ranked: dict[Path, tuple[Tensor, Tensor]] = {}
        done = 0
        for indices, batch in equal_sized_batches(Subset(dataset, pool), self.batch_size):
            data = teacher.network.data_preprocessor(batch, False)
            images = [paths[pool[index]] for index in indices]
            shown = given(images, data['data_samples'][0].ori_shape).to(ctx.device)
            labels, kept, confidence = self._candidates(teacher, data['inputs'], shown, counts)
            if self.ranking == 'image':
                group = labels + len(teacher.unseen) * torch.arange(len(labels), device=ctx.device)[:, None, None]
                kept[kept.clone()] = top_share(group[kept], confidence[kept], self.p)
            maps = torch.where(kept | self._stays(teacher, labels), labels, IGNORE)
            maps = torch.where(shown == IGNORE, maps, shown).to(torch.uint8).cpu().numpy()
            for image, own, pixels, label, value in zip(images, maps, kept, labels, confidence, strict=True):
                file = pseudo_label_file(folder, Path(image))
                if self.ranking == 'global':
                    ranked[file] = label[pixels].to(torch.uint8).cpu(), value[pixels].cpu()
                if pixels.any() and image not in labelled:
                    Image.fromarray(own).save(file)
            done += len(indices)
            ctx.progress(done, len(pool))
        if ranked:
            thin_out(ranked, ctx.task.unseen, self.p)
        summary = {'images': len(pool), 'maps': len(list(folder.iterdir())), **{
            name: {ctx.task.spec.classes[c]: int(row[c]) for c in ctx.task.unseen}
            for name, row in zip(('candidates', 'agreed'), counts, strict=True)}}
        if not self.diagnose:
            return summary
        quality = self._quality(ctx, folder)
        return {**summary, 'quality': quality, 'tables': {TABLE: [
            {'class': name, 'pixels agreed upon': summary['agreed'][name], **values}
            for name, values in quality.items()]}}

    def _candidates(self, teacher: Teacher, inputs: Tensor, shown: Tensor, counts: Tensor
                    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predictions (N, H, W), which of them are candidates, and confidences; `counts` grows by found and agreed."""
        unseen_at = shown == IGNORE if self.restrict and self.masks else None
        labels, confidence = teacher.predict(inputs, shown.shape[1:], unseen_at)
        kept = teacher.unseen[labels] & (shown == IGNORE)
        counts[0] += torch.bincount(labels[kept], minlength=counts.shape[1]).cpu()
        for copy in self.copies:
            at = kept.flatten(1).any(dim=1).nonzero()[:, 0]  # images that still have candidates
            if len(at):
                where = None if unseen_at is None else unseen_at[at]
                kept[at] &= teacher.predict(inputs[at], shown.shape[1:], where, **copy)[0] == labels[at]
        counts[1] += torch.bincount(labels[kept], minlength=counts.shape[1]).cpu()
        return labels, kept, confidence

    def _stays(self, teacher: Teacher, labels: Tensor) -> Tensor:
        """Where the teacher's prediction of a seen class becomes a label too, shape of `labels`, bool."""
        return ~teacher.unseen[labels] & (self.rest == 'seen' and not self.masks)

    def _given(self, ctx: StageContext) -> Callable[[list[str], Sequence[int]], Tensor]:
        """A function paths, size -> the labels that the card shows, shape (N, H, W), int64; 255 where it hides."""
        if not self.masks:
            return lambda paths, size: torch.full((len(paths), *size), IGNORE)
        dataset = build_dataset(ctx.task, 'train', self.pipeline, 'mask')
        index = {dataset.get_data_info(i)['img_path']: i for i in range(len(dataset))}
        return lambda paths, size: torch.from_numpy(
            np.stack([dataset.labels(index[path]) for path in paths])).long()

    def _labelled(self, ctx: StageContext) -> set[str]:
        """Paths of images that keep the ground truth a ``drop`` card grants, if the teacher may look at them at all."""
        if self.masks or self.images == 'dropped':
            return set()
        dataset = build_dataset(ctx.task, 'train', [], 'drop')
        return {dataset.get_data_info(i)['img_path'] for i in range(len(dataset))}

    def _quality(self, ctx: StageContext, folder: Path) -> dict[str, dict[str, float | None]]:
        """Per cent of the pseudo-labels of each unseen class that are right, and of its pixels that they cover."""
        with audit.purpose('diagnosis'):
            dataset = build_dataset(ctx.task, 'train', self.pipeline, IMAGES[self.images])
        made, right, there = np.zeros((3, IGNORE + 1), np.int64)
        for index in range(len(dataset)):
            truth = dataset.labels(index)
            there += np.bincount(truth.reshape(-1), minlength=IGNORE + 1)
            file = pseudo_label_file(folder, Path(dataset.get_data_info(index)['img_path']))
            if file.is_file():
                labels = read_map(file)
                made += np.bincount(labels[truth != IGNORE], minlength=IGNORE + 1)
                right += np.bincount(labels[labels == truth], minlength=IGNORE + 1)
        return {ctx.task.spec.classes[c]: {'precision': _percent(right[c], made[c]),
                                           'recall': _percent(right[c], there[c])} for c in ctx.task.unseen}


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
