"""Recurrent networks, Transformers and convolutions over text by hand in PyTorch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.torch_nets.images import Classifier


class YesOrNo(nn.Module):
    """Ends in one score; a probability where it is not trained."""

    @staticmethod
    def loss(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(answer, target)

    def answer(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.training else torch.sigmoid(x)


def fill_recurrent(module: Any, values: list[torch.Tensor]) -> None:
    """Copies kernel, recurrent kernel and bias of each direction. Keras' LSTM has one bias where PyTorch has two."""
    for place, suffix in enumerate(["", "_reverse"][: len(values) // 3]):
        kernel, recurrent, bias = (value.clone() for value in values[3 * place : 3 * place + 3])
        rows, second = bias if bias.ndim == 2 else (bias, torch.zeros_like(bias))
        numbers = [kernel.T, recurrent.T, rows, second]
        if isinstance(module, nn.GRU):  # Keras: update, reset, new; PyTorch: reset, update, new
            parts = [number.chunk(3) for number in numbers]
            numbers = [torch.cat([reset, update, new]) for update, reset, new in parts]
        for name, number in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), numbers):
            getattr(module, name + suffix).copy_(number)
        if isinstance(module, nn.LSTM):
            getattr(module, "bias_hh_l0" + suffix).requires_grad_(False)


class LSTM(Classifier):
    def __init__(self, steps: int = 100, features: int = 64, units: int = 256, classes: int = 10) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.head = nn.Linear(units, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.answer(self.head(self.lstm(x)[0][:, -1]))


class GRU(YesOrNo):
    def __init__(self, steps: int = 200, words: int = 10_000, width: int = 64, units: int = 64) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.gru = nn.GRU(width, units, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * units, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        _, last = self.gru(self.words(tokens))
        return self.answer(self.head(torch.cat([last[0], last[1]], -1)))


class TextCNN(YesOrNo):
    def __init__(
        self, steps: int = 400, words: int = 5_000, width: int = 100, filters: int = 250, kernel: int = 3
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.conv = nn.Conv1d(width, filters, kernel)
        self.hidden = nn.Linear(filters, filters)
        self.head = nn.Linear(filters, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv(self.words(tokens).transpose(1, 2))).amax(2)
        return self.answer(self.head(F.relu(self.hidden(x))))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.all = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, steps, width = x.shape
        parts = self.all(x).view(rows, steps, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*parts.unbind(0), is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(rows, steps, width))

    def fill(self, values: list[torch.Tensor]) -> None:
        """Takes kernel and bias of query, key, value and output as Keras keeps them."""
        width = self.out.in_features
        kernels, biases = values[::2], values[1::2]
        self.all.weight.copy_(torch.cat([kernel.reshape(width, width).T for kernel in kernels[:3]]))
        self.all.bias.copy_(torch.cat([bias.reshape(width) for bias in biases[:3]]))
        self.out.weight.copy_(kernels[3].reshape(width, width).T)
        self.out.bias.copy_(biases[3])


class Places(nn.Module):
    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(steps, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight


class Block(nn.Module):
    """A Transformer's block, with its norms after the sums, or ahead of the parts."""

    def __init__(self, width: int, heads: int, inner: int, ahead: bool) -> None:
        super().__init__()
        self.ahead = ahead
        self.attention = Attention(width, heads, causal=ahead)
        self.first = nn.LayerNorm(width, eps=1e-3)
        self.wide = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.second = nn.LayerNorm(width, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.ahead:
            x = x + self.attention(self.first(x))
            return x + self.narrow(F.gelu(self.wide(self.second(x))))
        x = self.first(x + self.attention(x))
        return self.second(x + self.narrow(F.relu(self.wide(x))))


class Encoder(YesOrNo):
    def __init__(
        self,
        steps: int = 128,
        words: int = 10_000,
        width: int = 256,
        heads: int = 8,
        blocks: int = 2,
        inner: int = 1024,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = Places(steps, width)
        self.blocks = nn.ModuleList(Block(width, heads, inner, ahead=False) for _ in range(blocks))
        self.head = nn.Linear(width, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.places(self.words(tokens))
        for block in self.blocks:
            x = block(x)
        return self.answer(self.head(x.mean(1)))


class GPT(nn.Module):
    def __init__(
        self, steps: int = 256, words: int = 256, width: int = 256, heads: int = 8, blocks: int = 4, inner: int = 1024
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = Places(steps, width)
        self.blocks = nn.ModuleList(Block(width, heads, inner, ahead=True) for _ in range(blocks))
        self.last = nn.LayerNorm(width, eps=1e-3)
        self.head = nn.Linear(width, words)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.places(self.words(tokens))
        for block in self.blocks:
            x = block(x)
        return self.head(self.last(x))

    @staticmethod
    def loss(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(answer.flatten(0, 1), target.flatten())
