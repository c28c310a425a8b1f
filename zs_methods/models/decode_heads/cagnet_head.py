"""CaGNet's head: contextual module, generator, and a classifier that shares a layer with the discriminator."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn
from torch.func import functional_call

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead, accuracy
from zs_methods.models.generators.contextual_generator import kl_to_unit
from zs_methods.models.pixels import draw_runs, resized_labels
from zs_methods.registry import MODELS


class Encoded(NamedTuple):
    """The decoder's features and the Gaussian of their context, of equal shape."""

    plain: Tensor
    mean: Tensor
    log_variance: Tensor

    def draw(self) -> Tensor:
        """A latent, from the global random stream."""
        return self.mean + (0.5 * self.log_variance).exp() * torch.randn_like(self.mean)

    def contextual(self, latent: Tensor) -> Tensor:
        """What enters the classifier, sigmoid(h + h sigmoid(z)); in (0, 1)."""
        return (self.plain * (1 + latent.sigmoid())).sigmoid()


def scaled_gradient(values: Tensor, factor: float) -> Tensor:
    """The same values, whose gradient is `factor` times as large; without any if that is 0."""
    constant = values.detach()
    return constant + factor * (values - constant) if factor else constant


@MODELS.register_module()
class CaGNetHead(DeepLabV3PlusHead):
    """DeepLabV3+ head with CaGNet's contextual module between decoder and classifier.

    The decoder's features h, without its last ReLU, become x = sigmoid(h + h sigmoid(z)), with z ~ N(mean, variance) of
    the module in training and the mean otherwise. Classifier and discriminator share a layer ``shared``;
    ``generator`` makes a feature from a class vector and a latent. Losses on labelled images, with D in (0, 1) and
    means over pixels:

        CE(x) + kl_weight KL(z || N(0, 1)) + content_weight L_content(G(a_y, z), x)
              + adversarial_weight |1 - D(G(a_y, z))| + [ |1 - D(x)| + |D(G(a_y, z))| for the discriminator ]

    all of them in one backward pass: the discriminator's parameters are constants of the generator's losses, and the
    generated features constants of the discriminator's. Real features and latents are constants of both; the cross
    entropy trains what is in front of the classifier with `backbone_weight` of its gradient.

    Args:
        vector_dim (int): length of a class vector.
        contextual (dict): settings of `ContextualModule`.
        generator (dict): settings of `ContextualGenerator`.
        shared_dim (int): width of the shared layer.
        shared_dropout (float): rate after it.
        loss_content (dict): config of an MMD loss between the generated and the real pixels of a run.
        content_weight (float): its factor.
        adversarial_weight (float): factor of the generator's adversarial loss.
        kl_weight (float): factor of KL, a mean over labelled pixels and channels.
        backbone_weight (float): see above.
        runs (int): runs of a batch whose pixels are generated and compared; see `draw_runs`.
        run_length (int): pixels of a run at most.
        **kwargs: see `DeepLabV3PlusHead`; the weight of the cross entropy is that of ``loss_decode``.

    The class vectors are the buffer ``vectors``, shape (num_classes, vector_dim), which the training stage fills.

    Source: CaGNet (Gu, Zhou, Niu, Zhao, Zhang, ACM MM 2020), code bcmi/CaGNet 249305b. The defaults are its constants,
    but `runs` and `run_length`: that code generates all labelled pixels, and runs are as long as they are. It
    also takes the cross entropy of the batch at 0.5 and 0.75 of its size, and of the largest of these scores.
    """

    def __init__(self, vector_dim: int, contextual: dict | None = None, generator: dict | None = None,
                 shared_dim: int = 1024, shared_dropout: float = 0.5, loss_content: dict | None = None,
                 content_weight: float = 50 / 2**0.5, adversarial_weight: float = 1.0, kl_weight: float = 100.0,
                 backbone_weight: float = 0.5, runs: int = 512, run_length: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decoder[-1].with_activation = False
        width = dict(feature_dim=self.channels)
        self.contextual = MODELS.build({'type': 'zs_methods.ContextualModule', **width, **(contextual or {})})
        self.generator = MODELS.build({
            'type': 'zs_methods.ContextualGenerator', **width, 'vector_dim': vector_dim, **(generator or {})})
        self.shared = nn.Sequential(nn.Conv2d(self.channels, shared_dim, 1), nn.ReLU(), nn.Dropout(shared_dropout))
        self.conv_seg = nn.Conv2d(shared_dim, self.out_channels, 1)
        self.realness = nn.Conv2d(shared_dim, 1, 1)
        self.register_buffer('vectors', torch.zeros(self.num_classes, vector_dim))
        self.loss_content = MODELS.build({'type': 'zs_methods.MMDLoss', 'variances': (2, 5, 10, 20, 40, 60),
                                          **(loss_content or {})})
        self.content_weight, self.adversarial_weight = content_weight, adversarial_weight
        self.kl_weight, self.backbone_weight = kl_weight, backbone_weight
        self.runs, self.run_length = runs, run_length

    def init_weights(self) -> None:
        """Called once by mmengine before training; what CaGNet adds is drawn from N(0, 2 / fan-in), biases are 0."""
        super().init_weights()
        for part in (self.contextual, self.generator, self.shared, self.conv_seg, self.realness):
            for module in part.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    nn.init.kaiming_normal_(module.weight)
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)

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
        return encoded.contextual(encoded.draw() if self.training else encoded.mean)

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Features (N, d, H, W) to class scores (N, C, H, W)."""
        return self.conv_seg(self.shared(feat))

    def classify(self, features: Tensor) -> Tensor:
        """Features (n, d) to class scores (n, C)."""
        return self.cls_seg(features.T[None, :, :, None])[0, :, :, 0].T

    def loss(self, inputs: tuple[Tensor, ...], batch_data_samples: SampleList, train_cfg: dict) -> dict[str, Tensor]:
        """The losses of step 1, as mmseg's training asks for them; all at the size of the feature map."""
        encoded = self.encode(inputs)
        latent = encoded.draw()
        features = encoded.contextual(latent)
        labels = resized_labels(self._stack_batch_gt(batch_data_samples)[:, 0], features.shape[2:])
        scores = self.cls_seg(scaled_gradient(features, self.backbone_weight))
        classes, at, inside = draw_runs(labels.reshape(-1), self.runs, self.run_length)
        with torch.autocast(labels.device.type, enabled=False):  # squares of distances overflow float16
            real, latents = (maps.detach().float().permute(0, 2, 3, 1).reshape(-1, self.channels)[at]
                             for maps in (features, latent))
            return {'loss_ce': self.loss_decode(scores, labels, ignore_index=self.ignore_index),
                    'acc_seg': accuracy(scores.detach(), labels, self.ignore_index),
                    'loss_kl': self.kl_weight * kl_to_unit(encoded.mean.float(), encoded.log_variance.float(),
                                                           labels != self.ignore_index),
                    **self.generative_losses(classes, real, latents, inside)}

    def generative_losses(self, classes: Tensor, real: Tensor, latents: Tensor, inside: Tensor,
                          fake_weight: float = 0.0) -> dict[str, Tensor]:
        """The losses of generator and discriminator.

        Args:
            classes (Tensor): ids of groups of pixels, shape (groups,).
            real (Tensor): their features, shape (groups, length, d); constants.
            latents (Tensor): of the same pixels and shape; constants.
            inside (Tensor): which of them belong to the group, shape (groups, length), bool.
            fake_weight (float): factor of the classifier's cross entropy on the generated features.

        Returns:
            dict: scalars; 0 without any group.
        """
        labels = classes[:, None].expand_as(inside)[inside]
        real, rows = real.detach(), self.generator(self.vectors[labels], latents.detach()[inside])
        if not len(classes):
            return dict.fromkeys(('loss_content', 'loss_adversarial', 'loss_discriminator'), rows.sum())
        fake = torch.zeros_like(real)  # what is outside has no weight
        fake[inside] = rows
        weights = inside.to(real.dtype)
        losses = {'loss_content': self.content_weight * self.loss_content(fake, real, weights, weights),
                  'loss_adversarial': self.adversarial_weight * (1 - self.discriminate(rows, constant=True)).mean(),
                  'loss_discriminator': ((1 - self.discriminate(real[inside])).mean()
                                         + self.discriminate(rows.detach()).mean())}
        if fake_weight:
            losses['loss_ce_fake'] = fake_weight * self.loss_decode(self.classify(rows.detach()), labels)
        return losses

    def discriminate(self, features: Tensor, constant: bool = False) -> Tensor:
        """How real features (n, d) look, to become 1 for real and 0 for generated ones; in (0, 1), shape (n,).

        With `constant`, the parameters of shared layer and discriminator get no gradient.
        """
        layers = nn.Sequential(self.shared, self.realness, nn.Sigmoid())
        parameters = {name: value.detach() if constant else value for name, value in layers.named_parameters()}
        return functional_call(layers, parameters, (features.T[None, :, :, None],)).flatten()
