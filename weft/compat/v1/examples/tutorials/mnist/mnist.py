"""The tutorial's network for MNIST: two hidden layers."""

from __future__ import annotations

import math
from typing import Any

import weft
from weft.compat.v1 import losses, making, summary, train
from weft.compat.v1 import nn as _nn
from weft.runtime.graph_variable import make_variable

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def _layer(name: str, x: Any, inputs: int, units: int, activation: Any = None) -> Any:
    with weft.name_scope(name):
        first = making.truncated_normal([inputs, units], stddev=1.0 / math.sqrt(float(inputs)))
        weights = make_variable(first, name="weights")
        biases = make_variable(making.zeros([units]), name="biases")
        scores = weft.matmul(x, weights) + biases
        return scores if activation is None else activation(scores)


def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Any:
    """The network up to its scores.

    Args:
        images: `[batch, 784]`.
        hidden1_units: Units of the first layer.
        hidden2_units: Units of the second.

    Returns:
        `[batch, 10]`.
    """
    first = _layer("hidden1", images, IMAGE_PIXELS, hidden1_units, _nn.relu)
    second = _layer("hidden2", first, hidden1_units, hidden2_units, _nn.relu)
    return _layer("softmax_linear", second, hidden2_units, NUM_CLASSES)


def loss(logits: Any, labels: Any) -> Any:
    """The mean cross-entropy between class numbers and scores."""
    found: Any = losses.sparse_softmax_cross_entropy(weft.cast(labels, weft.int64), logits)
    return found


def training(loss: Any, learning_rate: Any) -> Any:
    """The operation that makes the loss smaller, with a summary of the loss and a step counter."""
    summary.scalar("loss", loss)
    optimizer = train.GradientDescentOptimizer(learning_rate)
    step = make_variable(0, name="global_step", trainable=False)
    return optimizer.minimize(loss, global_step=step)


def evaluation(logits: Any, labels: Any) -> Any:
    """How many labels are the class with the highest score."""
    return weft.reduce_sum(weft.cast(_nn.in_top_k(logits, labels, 1), weft.int32))
