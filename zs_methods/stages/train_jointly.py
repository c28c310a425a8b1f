"""Stage ``joint``: the interleaved loop of ZS3Net's published code, generator and classifier in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import set_random_seed
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from zs_methods.datasets import audit
from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.loading import build_loader, pinned
from zs_methods.engine.seen_runner import iterations as count_iterations
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import STAGES
from zs_methods.stages.joint_loop import JointLoop
from zs_methods.stages.layouts import LAYOUTS
from zs_methods.stages.network import CONFIG, assemble, classifier_of, dataset_config, exclude_classes, save_network

LOG_EVERY = 50
_CHOICES = {'layout': LAYOUTS, 'leak': ('kept', 'closed'), 'mix': ('image', 'pixel'),
            'normalisation': ('adapt', 'frozen'), 'initial': ('uniform', 'seen')}


@STAGES.register_module()
class TrainJointly(Stage):
    """Trains generator and classifier on the same batches of images; nothing else of the network learns.

    Per batch: features F of the images, without gradient, the network in training mode; a layout of classes at their
    size (see `LayoutMaker`); the generator's steps on images without an unseen class (see `Synthesis`); then the
    classifier's step on real features of these images and on synthetic ones, seen classes and background included, of
    the others. Scores are interpolated to the input's size; the loss is the weighted mean cross entropy, divided by
    the batch size. A method whose loop does more registers a stage of its own that overrides `loop`.

    Args:
        model (dict): config of a `FeatureGenerator`.
        loss (dict): MMD loss config.
        vectors (dict): see `TrainGenerator`.
        generator (dict): ``optimizer``, ``samples``, ``steps``, see `Synthesis`.
        optimizer (dict): of the classifier: ``type`` in torch.optim, and its settings; the rate decays as
            (1 - t/T)^0.9.
        pipeline (list[dict]): mmseg transforms for training, with labels.
        loader (dict): mmengine's settings of the data loader; batch size and data set are the stage's.
        unseen_images (str): see `ZeroShotDataset`; ``keep`` is what ``ground-truth`` needs.
        batch_size (int): images per step.
        unseen_weight (float): weight of unseen classes in the cross entropy, against 1 for seen ones.
        epochs (int, optional): passes over the images.
        iterations (int, optional): steps, instead of `epochs`.
        initial (str): the classifier starts from ``uniform`` U[0, 1), seen rows included, or as the network has it
            (``seen``).
        layout (str): ``ground-truth``, ``relabel`` or ``random``, see `LayoutMaker`.
        share (float): see `LayoutMaker`.
        leak (str): ``kept`` or ``closed``, see `LayoutMaker`.
        mix (str): features of an image with an unseen class are all synthetic (``image``), or those of its seen pixels
            are real (``pixel``).
        normalisation (str): running statistics of batch normalisation ``adapt`` to the batches, those of images with
            unseen classes included, or are ``frozen`` and used.
        network (str): name of the stage that provides the network.
        warm_start (str, optional): name of the stage whose generator to start from; fresh weights by default.

    Artifact: ``config.py`` and ``model.pth`` of the network with its new classifier and, with ``adapt``, new running
    statistics; ``generator.pth``, see `FeatureGenerator`.

    Raises:
        ValueError: an option is none of those named, or the layout cannot go with another one.

    Source: valeoai/ZS3 6031f4a. Deviations: images are drawn in endless shuffled passes, so that every batch is full,
    where the code skips a last batch of one image; `MMDLoss` is guarded at 0.
    """

    def __init__(self, model: dict, loss: dict, vectors: dict, generator: dict, optimizer: dict, pipeline: list[dict],
                 loader: dict, unseen_images: str, batch_size: int, unseen_weight: float, epochs: int | None = None,
                 iterations: int | None = None, initial: str = 'uniform', layout: str = 'relabel', share: float = 0.5,
                 leak: str = 'kept', mix: str = 'image', normalisation: str = 'adapt', network: str = 'seen',
                 warm_start: str | None = None) -> None:
        for name, value in (('layout', layout), ('leak', leak), ('mix', mix), ('normalisation', normalisation),
                            ('initial', initial)):
            if value not in _CHOICES[name]:
                raise ValueError(f'{name} must be one of {_CHOICES[name]}, got {value!r}')
        if not (iterations or epochs):
            raise ValueError('give epochs or iterations')
        if layout == 'random' and mix == 'pixel':
            raise ValueError("layout 'random' has a class for every pixel: no seen pixel stays real with mix=pixel")
        if (layout == 'ground-truth') != (unseen_images == 'keep'):
            raise ValueError(f"layout 'ground-truth' and no other keeps images with unseen classes, not {layout!r} "
                             f'with {unseen_images!r}')
        self.model, self.loss, self.vectors, self.generator = model, loss, vectors, generator
        self.optimizer, self.unseen_weight, self.initial = optimizer, unseen_weight, initial
        self.pipeline, self.loader, self.unseen_images = pipeline, loader, unseen_images
        self.batch_size, self.epochs, self.iterations = batch_size, epochs, iterations
        self.layout, self.share, self.leak, self.mix = layout, share, leak, mix
        self.normalisation, self.network, self.warm_start = normalisation, network, warm_start

    def loop(self, ctx: StageContext, network: BaseSegmentor) -> JointLoop:
        """What the stage repeats on batches; `network` is that of `fixed_network`."""
        return JointLoop(self, ctx, network)

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains; augmentation and the network's dropout draw from the ``augmentation`` seed, all else from streams."""
        network = self.fixed_network(ctx)
        loop = self.loop(ctx, network)
        if self.warm_start:
            before = FeatureGenerator.load(ctx.inputs[self.warm_start], ctx.device)
            loop.synthesis.generator.load_state_dict(before.state_dict())
        checkpoint = Checkpoint(ctx)
        images, batches, total = self._batches(ctx, network, checkpoint.start)
        loop.begin(total)
        history: list[list] = []
        for step in checkpoint.steps(total, loop.parts, loop.streams, {'history': history, **loop.state}):
            loss = loop.step(*next(batches))
            if step % LOG_EVERY == 0 or step + 1 == total:
                if not torch.isfinite(loss):
                    raise FloatingPointError(f'the classifier loss is {loss.item()} at iteration {step}')
                mmd = loop.synthesis.last_loss
                history.append([step, loss.item(), None if mmd is None else mmd.item()])
                ctx.progress(step + 1, total)
                ctx.watch(step + 1, loss=loss, **({} if mmd is None else {'mmd': mmd}))
        config = Config.fromfile(str(ctx.inputs[self.network] / CONFIG))
        save_network(ctx.out, config.to_dict(), network.state_dict(), ctx.task)
        loop.synthesis.generator.save(ctx.out)
        return {'images': images, 'iterations': total, 'loss': history, **loop.summary()}

    def fixed_network(self, ctx: StageContext) -> BaseSegmentor:
        """The network in training mode, all of it fixed but the classifier, which starts as asked."""
        network = assemble(ctx, self.network).requires_grad_(False).train()
        if self.normalisation == 'frozen':
            for module in network.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        conv = classifier_of(network).requires_grad_(True)
        if self.initial == 'uniform':
            stream = ctx.stream('initialisation/classifier')
            with torch.no_grad():
                for parameter in conv.parameters():
                    parameter.uniform_(generator=stream)
            exclude_classes(conv, ctx.task.ignored)
        return network

    def _batches(self, ctx: StageContext, network: BaseSegmentor, start: int
                 ) -> tuple[int, Iterator[tuple[Tensor, Tensor]], int]:
        """Number of images; endless batches of inputs (N, 3, H, W) and labels (N, H, W); number of steps in all."""
        set_random_seed(seed := ctx.seed_for('augmentation'))
        config = {**pinned(self.loader, ctx.device), 'batch_size': self.batch_size,
                  'sampler': {**self.loader['sampler'], 'seed': ctx.seed_for('order/joint')},
                  'dataset': dataset_config(ctx.task, 'train', self.pipeline, self.unseen_images)}
        with audit.purpose('layout') if self.layout == 'ground-truth' else nullcontext():
            loader = build_loader(config, seed, start)
        loaded = iter(loader)  # now, since it draws from the global random stream, which a checkpoint restores

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            for batch in loaded:
                data = network.data_preprocessor(batch, True)
                labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data['data_samples']])
                yield data['inputs'], labels.to(ctx.device).long()

        total = self.iterations or count_iterations(self.epochs, len(loader.dataset), self.batch_size)
        return len(loader.dataset), batches(), total
