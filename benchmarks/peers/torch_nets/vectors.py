"""Networks of dense layers and embeddings by hand in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.torch_nets.images import Classifier


class MLP(Classifier):
    def __init__(self, features: int = 784, units: Sequence[int] = (512, 512), classes: int = 10) -> None:
        super().__init__()
        ends = [features, *units]
        self.hidden = nn.ModuleList(nn.Linear(ends[i], ends[i + 1]) for i in range(len(units)))
        self.head = nn.Linear(ends[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.answer(self.head(x))


class VAE(nn.Module):
    def __init__(self, features: int = 784, units: Sequence[int] = (512, 256), latent: int = 16) -> None:
        super().__init__()
        ends = [features, *units]
        self.encode = nn.ModuleList(nn.Linear(ends[i], ends[i + 1]) for i in range(len(units)))
        self.mean = nn.Linear(ends[-1], latent)
        self.spread = nn.Linear(ends[-1], latent)
        back = [*units, latent]
        self.decode = nn.ModuleList(nn.Linear(back[i + 1], back[i]) for i in range(len(units)))
        self.head = nn.Linear(units[0], features)

    def forward(self, x: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for layer in self.encode:
            x = F.relu(layer(x))
        mean, spread = self.mean(x), self.spread(x)
        x = mean + torch.exp(0.5 * spread) * noise
        for layer in reversed(self.decode):
            x = F.relu(layer(x))
        x = self.head(x)
        return x if self.training else torch.sigmoid(x), torch.cat([mean, spread], -1)

    @staticmethod
    def loss(answers: tuple[torch.Tensor, torch.Tensor], image: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        copy, moments = answers
        mean, spread = moments.chunk(2, -1)
        divergence = 0.5 * (spread.exp() + mean * mean - spread - 1).mean()
        return F.binary_cross_entropy_with_logits(copy, image) + divergence * (mean.shape[-1] / image.shape[-1])


class Recommender(nn.Module):
    def __init__(
        self, users: int = 100_000, items: int = 10_000, width: int = 32, units: Sequence[int] = (64,)
    ) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(users, width), nn.Embedding(items, width)
        ends = [2 * width, *units]
        self.hidden = nn.ModuleList(nn.Linear(ends[i], ends[i + 1]) for i in range(len(units)))
        self.head = nn.Linear(ends[-1], 1)

    def forward(self, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.users(user), self.items(item)], -1)
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.head(x)

    @staticmethod
    def loss(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(answer, target)
