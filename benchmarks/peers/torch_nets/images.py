"""Convolutional networks by hand in PyTorch; they take pictures `[batch, channels, height, width]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.models.images import mobilenet_widths


def norm(width: int) -> nn.BatchNorm2d:
    """Batch normalisation with Keras' defaults."""
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)


class Normed(nn.Module):
    """A convolution and its norm. Like Keras' `same`, stride 2 pads below and to the right."""

    def __init__(self, before: int, width: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        padding = kernel // 2 if stride == 1 else 0
        self.margin = kernel - 2 if stride == 2 and kernel > 1 else 0
        self.conv = nn.Conv2d(before, width, kernel, stride, padding, groups=groups, bias=False)
        self.norm = norm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.margin:
            left = self.margin // 2
            x = F.pad(x, (left, self.margin - left, left, self.margin - left))
        return self.norm(self.conv(x))


class Classifier(nn.Module):
    """Ends in class scores; probabilities where it is not trained."""

    @staticmethod
    def loss(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(answer, target)

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.training else torch.softmax(x, -1)


class Digits(Classifier):
    def __init__(self, size: int = 28, filters: Sequence[int] = (32, 64), kernel: int = 3, units: int = 128) -> None:
        super().__init__()
        self.conv = nn.ModuleList()
        before = 1
        for count in filters:
            self.conv.append(nn.Conv2d(before, count, kernel))
            before, size = count, (size - kernel + 1) // 2
        self.hidden = nn.Linear(before * size * size, units)
        self.head = nn.Linear(units, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.conv:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # Keras' order; with channels last it costs nothing
        return self.answer(self.head(F.relu(self.hidden(x))))


class Residual(nn.Module):
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = Normed(before, width, 3, stride)
        self.second = Normed(width, width)
        if stride > 1:
            self.short = Normed(before, width, 1, stride)
        self.shortens = stride > 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(F.relu(self.first(x), inplace=True))
        return F.relu(y + (self.short(x) if self.shortens else x), inplace=True)


class ResNet20(Classifier):
    def __init__(
        self, size: int = 32, widths: Sequence[int] = (16, 32, 64), blocks: int = 3, classes: int = 10
    ) -> None:
        super().__init__()
        self.stem = Normed(3, widths[0])
        self.blocks = nn.ModuleList()
        before = widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                self.blocks.append(Residual(before, width, 2 if stage and not block else 1))
                before = width
        self.head = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem(x), inplace=True)
        for block in self.blocks:
            x = block(x)
        return self.answer(self.head(x.mean((2, 3))))


class Twice(nn.Module):
    def __init__(self, before: int, width: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, kernel, padding="same")
        self.second = nn.Conv2d(width, width, kernel, padding="same")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.second(F.relu(self.first(x))))


class UNet(nn.Module):
    def __init__(self, size: int = 64, widths: Sequence[int] = (16, 32, 64), kernel: int = 3) -> None:
        super().__init__()
        ends = [3, *widths]
        self.down = nn.ModuleList(Twice(ends[i], ends[i + 1], kernel) for i in range(len(widths) - 1))
        self.bottom = Twice(widths[-2], widths[-1], kernel)
        self.rise = nn.ModuleList(nn.ConvTranspose2d(widths[i + 1], widths[i], 2, 2) for i in range(len(widths) - 1))
        self.up = nn.ModuleList(Twice(2 * width, width, kernel) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = []
        for part in self.down:
            x = part(x)
            seen.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottom(x)
        for place in reversed(range(len(seen))):
            x = self.up[place](torch.cat([seen[place], self.rise[place](x)], 1))
        x = self.head(x)
        return x if self.training else torch.sigmoid(x)

    @staticmethod
    def loss(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(answer, target)


class Inverted(nn.Module):
    def __init__(self, before: int, expansion: int, width: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expands = expansion > 1
        if self.expands:
            self.wide = Normed(before, inner, 1)
        self.deep = Normed(inner, inner, kernel, stride, groups=inner)
        self.narrow = Normed(inner, width, 1)
        self.adds = stride == 1 and before == width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu6(self.wide(x), inplace=True) if self.expands else x
        y = self.narrow(F.relu6(self.deep(y), inplace=True))
        return x + y if self.adds else y


class MobileNet(Classifier):
    def __init__(self, size: int = 96, width: float = 1.0, kernel: int = 3, classes: int = 10) -> None:
        super().__init__()
        before, blocks, last = mobilenet_widths(width)
        self.stem = Normed(3, before, 3, 2)
        self.blocks = nn.ModuleList()
        for expansion, count, stride in blocks:
            self.blocks.append(Inverted(before, expansion, count, stride, kernel))
            before = count
        self.last = Normed(before, last, 1)
        self.head = nn.Linear(last, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self.stem(x), inplace=True)
        for block in self.blocks:
            x = block(x)
        x = F.relu6(self.last(x), inplace=True)
        return self.answer(self.head(x.mean((2, 3))))


class Bottleneck(nn.Module):
    def __init__(self, before: int, width: int, stride: int, shortens: bool) -> None:
        super().__init__()
        self.first = Normed(before, width, 1, stride)
        self.second = Normed(width, width)
        self.third = Normed(width, 4 * width, 1)
        self.shortens = shortens
        if shortens:
            self.short = Normed(before, 4 * width, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.first(x), inplace=True)
        y = self.third(F.relu(self.second(y), inplace=True))
        return F.relu(y + (self.short(x) if self.shortens else x), inplace=True)


class Stem(nn.Module):
    """ResNet-50's first convolution, padded on all sides."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.norm = norm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


class ResNet50(Classifier):
    def __init__(
        self, size: int = 224, width: int = 64, blocks: Sequence[int] = (3, 4, 6, 3), classes: int = 1000
    ) -> None:
        super().__init__()
        self.stem = Stem(width)
        parts: list[Any] = []
        before = width
        for stage, repeats in enumerate(blocks):
            for block in range(repeats):
                count = width * 2**stage
                parts.append(Bottleneck(before, count, 2 if stage and not block else 1, not block))
                before = 4 * count
        self.blocks = nn.ModuleList(parts)
        self.head = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.stem(x), inplace=True), 3, 2, 1)
        for block in self.blocks:
            x = block(x)
        return self.answer(self.head(x.mean((2, 3))))
