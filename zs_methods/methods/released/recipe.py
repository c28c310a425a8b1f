"""Weights that the authors of a paper released: nothing is trained, only evaluated."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS
from zs_methods.vectors.class_vectors import file_sha256


@METHODS.register_module(name='zs3_released')
class ZS3Released(Method):
    """ZS3Net as its authors released it: their network and classifier, evaluated like every other method.

    The task's ``checkpoint`` is their file, ``generator_checkpoint`` the one that holds the generator.
    """

    summary = 'zs3 (released weights)'
    role = 'imported'
    reads_unseen_gt = 'layout'
    source = ('weights of Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, arXiv 1906.00817; '
              'trained by code valeoai/ZS3, commit 6031f4a or earlier')
    deviations = (
        'nothing is trained here: data, schedule, seed and choice of the weights are those of their authors, and '
        'label access is what their code reads, not what was measured',
    )
    note = ("released weights: trained by the paper's authors with ground-truth masks of unseen classes (layout), only "
            'evaluated here; one network, whatever the seed')

    @property
    def network_deviations(self) -> tuple[str, ...]:
        """None: the shared DeepLab, of which they speak, is not the one that is scored."""
        return ()

    def stages(self) -> list[StageSpec]:
        """Import in place of training, evaluate.

        Raises:
            ValueError: no checkpoint was given.
        """
        if 'checkpoint' not in self.task.files:
            raise ValueError('zs3_released evaluates a given checkpoint: python -m benchmark import_zs3 CHECKPOINT')
        return [self.released(), self.evaluate()]

    def skip(self) -> str | None:
        """A card that forbids what their training read."""
        if not self.permitted:
            return f'released weights were trained with the layout of unseen classes, {self.protocol.name} allows less'
        return None

    def released(self) -> StageSpec:
        """Stage ``seen``: the released network."""
        files = self.task.files
        generator = None
        if 'generator_checkpoint' in files:
            generator = {'sha256': file_sha256(files['generator_checkpoint']), 'vectors': self.vectors()}
        return self.stage(
            'seen', 'ImportNetwork', config={key: self.cfg[key] for key in ('default_scope', 'model', 'test_pipeline')},
            sha256=file_sha256(files['checkpoint']), generator=generator)
