"""CaGNet's head: contextual module, generator, and a classifier that shares a layer with the discriminator."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn
from torch.func import functional_call

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.models.generators.contextual_generator import kl_to_unit
from zs_methods.models.pixels import draw_per_class, resized_labels
from zs_methods.registry import MODELS


class Encoded(NamedTuple):
    """The decoder's features and the Gaussian of their context, of equal shape."""

    plain: Tensor
    mean: Tensor
    log_variance: Tensor

    def draw(self) -> Tensor:
        """A latent, from the global random stream."""
        return self.mean + (0.5 * self.log_variance).exp() * torch.randn_like(self.mean)

    def weighted(self, latent: Tensor) -> Tensor:
        """What enters the classifier, x (1 + sigmoid(z)); 0 or more."""
        return self.plain * (1 + latent.sigmoid())


@MODELS.register_module()
class CaGNetHead(DeepLabV3PlusHead):
    """DeepLabV3+ head with CaGNet's contextual module between decoder and classifier.

    The decoder's features become x (1 + sigmoid(z)), with z ~ N(mean, variance) of the module in training and the mean
    otherwise. Classifier and discriminator share a layer ``shared``; ``generator`` makes a feature from a class vector
    and a latent. Losses on labelled images:

        CE + kl_weight KL(z || N(0, 1)) + content_weight L_content(G(a_y, z), x)
           + adversarial_weight (D(G(a_y, z)) - 1)^2 + [ (D(x) - 1)^2 + D(G(a_y, z))^2 for the discriminator ]

    all of them in one backward pass: the discriminator's parameters are constants of the generator's loss, and the
    generated features constants of the discriminator's. Real features are constants of both.

    Args:
        vector_dim (int): length of a class vector.
        contextual (dict): settings of `ContextualModule`.
        generator (dict): settings of `ContextualGenerator`.
        shared_dim (int): width of the shared layer.
        shared_dropout (float): rate after it.
        loss_content (dict): config of an MMD loss between the pixels of one class.
        content_weight (float): its factor.
        adversarial_weight (float): factor of the generator's adversarial loss.
        kl_weight (float): factor of KL, a mean over pixels and channels.
        samples (int): pixels of every class in a batch that are generated and compared.
        **kwargs: see `DeepLabV3PlusHead`; the weight of the cross entropy is that of ``loss_decode``.

    The class vectors are the buffer ``vectors``, shape (num_classes, vector_dim), which the training stage fills.

    Source: CaGNet (Gu, Zhou, Niu, Zhao, Zhang, ACM MM 2020), code bcmi/CaGNet 249305b (constants). ASSUMPTION: the
    residual is x + x sigmoid(z) (memory); the latent's mean is used in prediction; real features are constants of the
    content loss, while the latent is not, so that the module learns what the generator needs.
    Deviation: a content group is all pixels of a class in the batch, sampled; the code takes contiguous runs of equal
    label in raster order.
    """

    def __init__(self, vector_dim: int, contextual: dict | None = None, generator: dict | None = None,
                 shared_dim: int = 1024, shared_dropout: float = 0.5, loss_content: dict | None = None,
                 content_weight: float = 50.0, adversarial_weight: float = 1.0, kl_weight: float = 100.0,
                 samples: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        width = dict(feature_dim=self.channels)
        self.contextual = MODELS.build({'type': 'zs_methods.ContextualModule', **width, **(contextual or {})})
        self.generator = MODELS.build({
            'type': 'zs_methods.ContextualGenerator', **width, 'vector_dim': vector_dim, **(generator or {})})
        self.shared = nn.Sequential(nn.Conv2d(self.channels, shared_dim, 1), nn.ReLU(), nn.Dropout(shared_dropout))
        self.conv_seg = nn.Conv2d(shared_dim, self.out_channels, 1)
        self.realness = nn.Conv2d(shared_dim, 1, 1)
        self.register_buffer('vectors', torch.zeros(self.num_classes, vector_dim))
        self.loss_content = MODELS.build({'type': 'zs_methods.MMDLoss', **(loss_content or {})})
        self.content_weight, self.adversarial_weight = content_weight, adversarial_weight
        self.kl_weight, self.samples = kl_weight, samples

    def encode(self, inputs: tuple[Tensor, ...]) -> Encoded:
        """The backbone's outputs to features and context, of shape (N, d, H, W) each."""
        features = super().forward_features(inputs)
        return Encoded(features, *self.contextual(features))

    def bank_features(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """What step 2 needs of a pixel: `Encoded` side by side, shape (N, 3 d, H, W)."""
        return torch.cat(self.encode(inputs), dim=1)

    def forward_features(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Pixel features in front of the shared layer, shape (N, d, H, W)."""
        encoded = self.encode(inputs)
        return encoded.weighted(encoded.draw() if self.training else encoded.mean)

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Features (N, d, H, W) to class scores (N, C, H, W)."""
        return self.conv_seg(self.shared(feat))

    def classify(self, features: Tensor) -> Tensor:
        """Features (n, d) to class scores (n, C)."""
        return self.cls_seg(features.T[None, :, :, None])[0, :, :, 0].T

    def loss(self, inputs: tuple[Tensor, ...], batch_data_samples: SampleList, train_cfg: dict) -> dict[str, Tensor]:
        """The losses of step 1, as mmseg's training asks for them."""
        encoded = self.encode(inputs)
        latent = encoded.draw()
        features = encoded.weighted(latent)
        losses = self.loss_by_feat(self.cls_seg(features), batch_data_samples)
        labels = resized_labels(self._stack_batch_gt(batch_data_samples)[:, 0], features.shape[2:])
        classes, at = draw_per_class(labels.reshape(-1), self.samples)
        with torch.autocast(labels.device.type, enabled=False):  # squares of distances overflow float16
            real, latents = (maps.float().permute(0, 2, 3, 1).reshape(-1, self.channels)[at]
                             for maps in (features, latent))
            return {**losses, **self.generative_losses(classes, real, latents),
                    'loss_kl': self.kl_weight * kl_to_unit(encoded.mean.float(), encoded.log_variance.float())}

    def generative_losses(self, classes: Tensor, real: Tensor, latents: Tensor) -> dict[str, Tensor]:
        """The losses of generator and discriminator.

        Args:
            classes (Tensor): ids, shape (classes,).
            real (Tensor): pixel features of each, shape (classes, samples, d); constants.
            latents (Tensor): of the same pixels and shape.

        Returns:
            dict: scalars; 0 without any class.
        """
        real = real.detach()
        fake = self.generator(self.vectors[classes][:, None].expand(-1, real.shape[1], -1), latents)
        if not len(classes):
            return dict.fromkeys(('loss_content', 'loss_adversarial', 'loss_discriminator'), fake.sum())
        return {'loss_content': self.content_weight * self.loss_content(fake, real),
                'loss_adversarial': self.adversarial_loss(fake),
                'loss_discriminator': ((self.discriminate(real) - 1).square().mean()
                                       + self.discriminate(fake.detach()).square().mean())}

    def discriminate(self, features: Tensor, constant: bool = False) -> Tensor:
        """How real features (..., d) look, to become 1 for real and 0 for generated ones; shape (n,).

        With `constant`, the parameters of shared layer and discriminator get no gradient.
        """
        layers = nn.Sequential(self.shared, self.realness)
        parameters = {name: value.detach() if constant else value for name, value in layers.named_parameters()}
        rows = features.reshape(-1, self.channels)
        return functional_call(layers, parameters, (rows.T[None, :, :, None],)).flatten()

    def adversarial_loss(self, fake: Tensor) -> Tensor:
        """The generator's, (D(fake) - 1)^2 of features (..., d), times its weight."""
        return self.adversarial_weight * (self.discriminate(fake, constant=True) - 1).square().mean()
