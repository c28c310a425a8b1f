"""The network of ZS3Net's published code in plain PyTorch, under that code's parameter names.

Written from its description alone and sharing no line with `zs_methods`, so that the two can be compared: ResNet-101 at
output stride 16 with multi-grid, ASPP, decoder, classifier; and the generator.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn
from torch.nn import functional as F


def _conv(inputs, outputs, kernel, stride=1, dilation=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, bias=bias)


def _resize(x, size):
    return F.interpolate(x, size=tuple(size), mode='bilinear', align_corners=True)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, dilation):
        super().__init__()
        self.conv1, self.bn1 = _conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 3, stride, dilation), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = _conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        if stride != 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(_conv(inputs, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
        else:
            self.downsample = None

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet101(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.layer1 = self._layer(64, 64, 1, [1] * 3)
        self.layer2 = self._layer(256, 128, 2, [1] * 4)
        self.layer3 = self._layer(512, 256, 2, [1] * 23)
        self.layer4 = self._layer(1024, 512, 1, [2 * grid for grid in (1, 2, 4)])

    @staticmethod
    def _layer(inputs, width, stride, dilations):
        first, *others = dilations
        return nn.Sequential(Bottleneck(inputs, width, stride, first),
                             *(Bottleneck(4 * width, width, 1, dilation) for dilation in others))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        low = self.layer1(x)
        return low, self.layer4(self.layer3(self.layer2(low)))


class Branch(nn.Module):
    def __init__(self, kernel, dilation):
        super().__init__()
        self.atrous_conv, self.bn = _conv(2048, 256, kernel, dilation=dilation), nn.BatchNorm2d(256)

    def forward(self, x):
        return F.relu(self.bn(self.atrous_conv(x)))


class ASPP(nn.Module):
    def __init__(self):
        super().__init__()
        self.aspp1, self.aspp2 = Branch(1, 1), Branch(3, 6)
        self.aspp3, self.aspp4 = Branch(3, 12), Branch(3, 18)
        self.global_avg_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), _conv(2048, 256, 1), nn.BatchNorm2d(256), nn.ReLU())
        self.conv1, self.bn1, self.dropout = _conv(5 * 256, 256, 1), nn.BatchNorm2d(256), nn.Dropout(0.5)

    def forward(self, x):
        pooled = _resize(self.global_avg_pool(x), x.shape[2:])
        x = torch.cat([self.aspp1(x), self.aspp2(x), self.aspp3(x), self.aspp4(x), pooled], dim=1)
        return self.dropout(F.relu(self.bn1(self.conv1(x))))


class Decoder(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = _conv(256, 48, 1), nn.BatchNorm2d(48)
        self.last_conv = nn.Sequential(
            _conv(304, 256, 3), nn.BatchNorm2d(256), nn.ReLU(), nn.Dropout(0.5),
            _conv(256, 256, 3), nn.BatchNorm2d(256), nn.ReLU(), nn.Dropout(0.1))
        self.pred_conv = _conv(256, classes, 1, bias=True)

    def forward(self, high, low):
        low = F.relu(self.bn1(self.conv1(low)))
        return self.pred_conv(self.last_conv(torch.cat([_resize(high, low.shape[2:]), low], dim=1)))


class DeepLab(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone, self.aspp, self.decoder = ResNet101(), ASPP(), Decoder(classes)

    def small_logits(self, x):
        """Class scores at stride 4."""
        low, high = self.backbone(x)
        return self.decoder(self.aspp(high), low)

    def forward(self, x):
        """Class scores at the size of the input."""
        return _resize(self.small_logits(x), x.shape[2:])


class Generator(nn.Module):
    def __init__(self, vectors=300, noise=300, hidden=256, features=256):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(vectors + noise, hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5), nn.Linear(hidden, features))

    def forward(self, vectors, noise):
        return self.model(torch.cat([vectors, noise], dim=-1))


def random_images(number, height, width, seed=0):
    """Normalised images with large and small structure."""
    stream = torch.Generator().manual_seed(seed)
    coarse = torch.randn(number, 3, 5, 5, generator=stream)
    return _resize(coarse, (height, width)) + 0.5 * torch.randn(number, 3, height, width, generator=stream)


@lru_cache(maxsize=2)
@torch.no_grad()
def random_network(classes=21, seed=0):
    """A network in evaluation mode whose every tensor matters; treat it as read-only.

    The statistics of batch normalisation are those of random images, disturbed channel by channel as are its weights
    and biases. Every layer's output thus keeps a scale of about 1 and the logits one of 1 to 10, so that a swapped
    branch or a missing statistic changes them by far more than rounding does. A wrong dilation does so only if the
    images are large enough: of a 3x3 kernel with dilation d, all but the centre lie in the padding unless the feature
    map, at stride 16, is larger than d. ASPP's 12 and 18 need more than 18 cells, thus images longer than 288.
    """
    stream = torch.Generator().manual_seed(seed)

    def between(low, high, like):
        return torch.empty_like(like).uniform_(low, high, generator=stream)

    def calibrate(norm, inputs):
        deviation, mean = torch.std_mean(inputs[0], dim=(0, 2, 3))
        norm.running_mean.copy_(mean + between(-0.3, 0.3, mean) * deviation)
        norm.running_var.copy_(between(0.7, 1.3, mean) * deviation**2)
        norm.num_batches_tracked.fill_(1000)
        norm.weight.copy_(between(0.7, 1.3, mean) * (0.3 if norm in residual else 1))
        norm.bias.copy_(between(-0.3, 0.3, mean))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = DeepLab(classes).eval()
    residual = {module.bn3 for module in network.modules() if isinstance(module, Bottleneck)}
    hooks = [module.register_forward_pre_hook(calibrate) for module in network.modules()
             if isinstance(module, nn.BatchNorm2d)]
    scale = network.small_logits(random_images(4, 97, 97, seed)).std()
    for hook in hooks:
        hook.remove()
    network.decoder.pred_conv.weight *= 1 / scale
    network.decoder.pred_conv.bias.uniform_(-1, 1, generator=stream)
    return network


@torch.no_grad()
def random_generator(seed=0, **sizes):
    """A generator in evaluation mode, thus without dropout."""
    stream = torch.Generator().manual_seed(seed)
    generator = Generator(**sizes)
    for parameter in generator.parameters():
        parameter.normal_(0, 0.1, generator=stream)
    return generator.eval()
