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
        'the shared DeepLabV3+, whose features have 256 values at stride 4, and step 1 starts from it; the code has a '
        'DeepLabV2 with 600 values at stride 8, from ImageNet',
        'word vectors are those of the data set, unless `--vectors fasttext+word2vec` asks for the 600 values there',
        'BN: the head has normalisation, which trains; the code has none there and freezes that of the backbone',
        'schedules: one Adam with one backward pass, and a poly decay for all; the code trains the network with SGD at '
        '2.5e-4, 5 times that for the contextual module and 10 times for ASPP, and lowers the rates of generator and '
        'classifier in steps from iteration 10,000 on',
        'the gate of the scales trains; the optimisers of the code leave its weights out',
        'the cross entropy is that of the whole image; the code takes the mean of it with those at 0.5 and 0.75 of '
        'the size and of the largest of these scores',
        'pixels per image: a sample of runs trains generator and discriminator, longer ones are cut; the code takes '
        'all labelled pixels and whole runs',
        'step 2 draws its seen pixels, single ones and runs of one image and class, from a bank of the frozen network, '
        'without augmentation, as all methods here do; the code passes images through the network',
        'the generator rests on random maps where its weight is 0; the Adam of the code goes on by its momentum',
        'assumed: the rate of the network with Adam, and how many pixels a step takes',
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
