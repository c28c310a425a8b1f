"""The published training of ZS3Net in plain torch, written from its description: what ``perf gpu`` measures against.

What valeoai/ZS3 (6031f4a) does, step by step: the network in float32 and the memory format that torch begins with, the
loss read after every iteration, and in the interleaved loop a class vector for every pixel of the input, generated
features for every pixel, a step per image and class, noise and indices drawn on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

IGNORE, SAMPLES, NOISE = 255, 128, 300
VARIANCES = (2, 5, 10, 20, 40, 80)


def conv_norm(inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution without bias, normalisation, ReLU; the size stays."""
    conv = nn.Conv2d(inputs, outputs, kernel, padding=dilation * (kernel // 2), dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, corners aligned."""
    return F.interpolate(x, size=tuple(size), mode='bilinear', align_corners=True)


class DeepLab(nn.Module):
    """DeepLabV3+ on a ResNet at output stride 16.

    Args:
        classes (int): outputs.
        depth (int): 101, or 50.
    """

    def __init__(self, classes: int, depth: int = 101) -> None:
        super().__init__()
        build = getattr(torchvision.models, f'resnet{depth}')
        self.backbone = build(weights=None, replace_stride_with_dilation=[False, False, True])
        del self.backbone.fc
        for block, dilation in zip(self.backbone.layer4, (2, 4, 8), strict=True):
            block.conv2.dilation = block.conv2.padding = (dilation, dilation)
        self.aspp = nn.ModuleList([conv_norm(2048, 256), *(conv_norm(2048, 256, 3, rate) for rate in (6, 12, 18))])
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_norm(2048, 256))
        self.project = nn.Sequential(conv_norm(5 * 256, 256), nn.Dropout(0.5))
        self.low = conv_norm(256, 48)
        self.decoder = nn.Sequential(
            conv_norm(304, 256, 3), nn.Dropout(0.5), conv_norm(256, 256, 3), nn.Dropout(0.1))
        self.classifier = nn.Conv2d(256, classes, 1)

    def features(self, x: Tensor) -> Tensor:
        """The classifier's input, at stride 4."""
        net = self.backbone
        low = net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(x)))))
        high = net.layer4(net.layer3(net.layer2(low)))
        pooled = enlarged(self.pool(high), high.shape[2:])
        high = self.project(torch.cat([*(branch(high) for branch in self.aspp), pooled], dim=1))
        return self.decoder(torch.cat([enlarged(high, low.shape[2:]), self.low(low)], dim=1))

    def scores(self, features: Tensor, size: Sequence[int]) -> Tensor:
        """Class scores at the size of the input."""
        return enlarged(self.classifier(features), size)


def optimiser(network: DeepLab) -> torch.optim.SGD:
    """The head learns ten times as fast as the backbone."""
    head = [p for name, part in network.named_children() if name != 'backbone' for p in part.parameters()]
    return torch.optim.SGD([{'params': list(network.backbone.parameters()), 'lr': 0.007}, {'params': head, 'lr': 0.07}],
                           lr=0.007, momentum=0.9, weight_decay=5e-4)


class SeenStep:
    """Training on the seen classes.

    Args:
        network (DeepLab): what learns.
        device (torch.device): where to compute.
    """

    def __init__(self, network: DeepLab, device: torch.device) -> None:
        self.network, self.device = network.to(device).train(), device
        self.optimizer = optimiser(self.network)

    def __call__(self, images: Tensor, labels: Tensor) -> float:
        """One step on normalised images (N, 3, H, W) and labels (N, H, W), both in the CPU's memory."""
        images, labels = images.to(self.device), labels.to(self.device)
        scores = self.network.scores(self.network.features(images), images.shape[2:])
        loss = F.cross_entropy(scores, labels.long(), ignore_index=IGNORE) / len(images)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


class JointStep:
    """The interleaved loop: the generator's steps and the classifier's.

    Args:
        network (DeepLab): of which the classifier learns.
        vector_dim (int): length of a class vector.
        unseen (Sequence[int]): ids of the unseen classes.
        device (torch.device): where to compute.
    """

    def __init__(self, network: DeepLab, vector_dim: int, unseen: Sequence[int], device: torch.device) -> None:
        self.network, self.device, self.unseen = network.to(device).train(), device, list(unseen)
        self.generator = nn.Sequential(nn.Linear(vector_dim + NOISE, 256), nn.LeakyReLU(0.2), nn.Dropout(0.5),
                                       nn.Linear(256, network.classifier.in_channels)).to(device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), lr=2e-4)
        self.optimizer = optimiser(network)
        self.weights = torch.ones(network.classifier.out_channels, device=device)
        self.weights[self.unseen] = 100.0

    def __call__(self, images: Tensor, labels: Tensor, vectors: Tensor) -> float:
        """One iteration on what the published loader hands out, in the CPU's memory.

        Args:
            images (Tensor): shape (N, 3, H, W).
            labels (Tensor): shape (N, H, W), float32.
            vectors (Tensor): the class vector of every pixel, shape (N, V, H, W).
        """
        images, labels, vectors = (part.to(self.device) for part in (images, labels, vectors))
        with torch.no_grad():
            real = self.network.features(images)
        mixed = torch.zeros(real.shape).to(self.device)
        for i in range(len(images)):
            mixed[i] = self._features(real[i], labels[i], vectors[i])
        loss = F.cross_entropy(self.network.scores(mixed.detach(), images.shape[2:]), labels.long(), self.weights,
                               ignore_index=IGNORE) / len(images)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _features(self, real: Tensor, labels: Tensor, vectors: Tensor) -> Tensor:
        """What the classifier sees of one image: its real features, or generated ones if it shows an unseen class."""
        width, size = real.shape[0], real.shape[1:]
        pixels = real.permute(1, 2, 0).reshape(-1, width)
        small = F.interpolate(labels[None, None], size=size, mode='nearest').view(-1)
        given = F.interpolate(vectors[None], size=size, mode='nearest')[0].permute(1, 2, 0).reshape(len(pixels), -1)
        fake, found = torch.zeros(pixels.shape).to(self.device), torch.unique(small)
        synthetic = any(int(c) in self.unseen for c in found)
        for c in found:
            if c == IGNORE:
                continue
            at = small == c
            theirs = given[at]
            self.generator_optimizer.zero_grad()
            made = self.generator(torch.cat([theirs, torch.rand(len(theirs), NOISE).to(self.device)], dim=1))
            if not synthetic:
                drawn = torch.randint(len(made), (SAMPLES,))
                loss = root_mmd(made[drawn], pixels[at][drawn])
                loss.item()
                loss.backward()
                self.generator_optimizer.step()
            fake[at] = made.detach()
        return (fake if synthetic else pixels).view(*size, width).permute(2, 0, 1)


def root_mmd(fake: Tensor, real: Tensor) -> Tensor:
    """Root of MMD^2, one Gaussian kernel after the other."""
    z = torch.cat([fake, real])
    products = z @ z.T
    squares = products.diagonal()
    distance, m, total = squares[:, None] - 2 * products + squares, len(fake), 0.0
    signs = torch.full((len(z), 1), 1 / m).to(z.device)
    signs[m:] = -1 / len(real)
    for variance in VARIANCES:
        total = total + (signs * signs.T * torch.exp(-distance / (2 * variance))).sum()
    return (total.clamp(min=0) + 1e-8).sqrt()
