"""The models of `benchmarks.models`, written by hand as one writes them in PyTorch.

Modules carry the names of the Keras layers that they stand for (`blocks.0.first.conv` is `blocks_0_first_conv`), so
that weights find their places. Each net answers with what its loss takes (logits), and with what Keras' model answers
when it is not being trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.models import layer_weights
from benchmarks.peers.torch_nets import images, sequences, vectors

NETS: dict[str, Any] = {
    "mnist": images.Digits,
    "mlp": vectors.MLP,
    "resnet20": images.ResNet20,
    "unet": images.UNet,
    "mobilenet": images.MobileNet,
    "resnet50": images.ResNet50,
    "lstm": sequences.LSTM,
    "gru": sequences.GRU,
    "encoder": sequences.Encoder,
    "gpt": sequences.GPT,
    "textcnn": sequences.TextCNN,
    "vae": vectors.VAE,
    "recommender": vectors.Recommender,
}


def load(net: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Gives a net the numbers of its Keras model."""
    for path, module in net.named_modules():
        values = layer_weights(path.replace(".", "_"), weights)
        if values:
            with torch.no_grad():
                _fill(module, [torch.from_numpy(np.array(value)) for value in values])


def _fill(module: Any, values: list[torch.Tensor]) -> None:
    if isinstance(module, nn.LSTM | nn.GRU):
        sequences.fill_recurrent(module, values)
    elif isinstance(module, sequences.Attention):
        module.fill(values)
    elif isinstance(module, nn.BatchNorm2d):
        for place, value in zip((module.weight, module.bias, module.running_mean, module.running_var), values):
            place.copy_(value)
    else:
        module.weight.copy_(_turned(module, values[0]))
        if len(values) > 1:
            module.bias.copy_(values[1])


def _turned(module: Any, kernel: torch.Tensor) -> torch.Tensor:
    """A kernel of Keras in PyTorch's order."""
    if isinstance(module, nn.Linear):
        return kernel.T
    if isinstance(module, nn.Conv2d) and module.groups > 1:
        return kernel.permute(2, 3, 0, 1)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        return kernel.permute(3, 2, 0, 1)
    if isinstance(module, nn.Conv1d):
        return kernel.permute(2, 1, 0)
    return kernel
