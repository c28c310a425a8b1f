"""CaGNet."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='cagnet')
class CaGNet(Method):
    """CaGNet: a contextual latent per pixel takes the place of the generator's noise.

    1. The shared DeepLab gets a contextual module in front of its classifier; the whole network, the generator and a
       discriminator train on seen images (see `CaGNetHead`).
    2. With the network frozen, classifier and generator train on pixels of seen images and on random maps of all
       classes with latents from N(0, I) in turn (see `TrainCaGNet`).
    """

    summary = 'CaGNet: contextual latent per pixel instead of noise, classifier on seen images and random class maps'
    source = ('Gu, Zhou, Niu, Zhao, Zhang, "Context-aware Feature Generation for Zero-shot Semantic Segmentation", '
              'ACM MM 2020; code bcmi/CaGNet, commit 249305b (constants)')
    deviations = (
        'step 1 starts from the shared DeepLab, not from ImageNet',
        'one optimiser with one backward pass for network, generator and discriminator; the code has one each',
        'the content loss groups all pixels of a class in the batch, sampled; the code takes contiguous raster runs of '
        'equal label',
        'step 2 draws its seen pixels from a bank of the frozen network, without augmentation, as all methods here do; '
        'the code passes images through the network',
        'assumed: three convolutions in sequence, the residual x + x sigmoid(z), and the mean of the latent in '
        'prediction',
        "assumed: generator of one hidden layer, as ZS3Net's",
        'assumed: odds of random maps are those of unseen to seen pixels; the contextual module is frozen in step 2',
    )
    generates = True
    compared_with = ('zs3', 'ridge')

    def stages(self) -> list[StageSpec]:
        """The shared network, both steps, and evaluation."""
        config = self.retrain('cagnet_step1', initial='seen', **self.cfg.cagnet.changes).config
        step1 = self.stage('cagnet_step1', **{**config, 'type': 'TrainWithVectors', 'vectors': self.vectors(),
                                              'epochs': None})
        bank = self.features('cagnet_features', network='cagnet_step1')
        step2 = self.stage('cagnet', 'TrainCaGNet', network='cagnet_step1', bank='cagnet_features',
                           **self.cfg.cagnet.step2)
        return [*self.start(), step1, bank, step2, self.evaluate(network='cagnet')]
