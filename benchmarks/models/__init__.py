"""What the jobs train and run: each model is described once, for every library with Keras' interface.

A description is a function `build(keras, **sizes)`; nothing here imports a library of its own, so that the same file
serves Weft and the peers' interpreters. `benchmarks/peers/torch_nets` holds the same models by hand in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.models import images, inputs, sequences, vectors

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Description:
    """A model, the data it is trained on and how.

    Attributes:
        build: `(keras, **sizes)` to an uncompiled functional model; its layers have names of their own.
        data: `(rng, rows, **sizes)` to the arrays of its inputs and of its targets.
        loss: `(keras, **sizes)` to the loss or losses that `compile` takes.
        optimizer: A name of Keras and its arguments.
        metrics: What `fit` counts besides the loss.
        loss_weights: `(**sizes)` to the weights of several losses.
    """

    build: Callable[..., Any]
    data: Callable[..., tuple[Arrays, Arrays]]
    loss: Callable[..., Any]
    optimizer: tuple[str, Mapping[str, float]] = ("Adam", {"learning_rate": 1e-3})
    metrics: Sequence[str] = ()
    loss_weights: Callable[..., list[float]] = field(default=lambda **sizes: [])

    def compiled(self, keras: Any, sizes: Mapping[str, Any]) -> Any:
        """The model, built and compiled with `keras`."""
        model = self.build(keras, **sizes)
        name, arguments = self.optimizer
        model.compile(
            optimizer=getattr(keras.optimizers, name)(**arguments),
            loss=self.loss(keras, **sizes),
            metrics=list(self.metrics) or None,
            loss_weights=self.loss_weights(**sizes) or None,
        )
        return model


def _named(loss: str) -> Callable[..., Any]:
    return lambda keras, **sizes: loss


_CLASSES = _named("sparse_categorical_crossentropy")
_YES_OR_NO = _named("binary_crossentropy")
_MOMENTUM = ("SGD", {"learning_rate": 0.01, "momentum": 0.9})

DESCRIPTIONS = {
    "mnist": Description(images.digits, inputs.digits, _CLASSES, metrics=("accuracy",)),
    "mlp": Description(vectors.mlp, inputs.flat_digits, _CLASSES),
    "resnet20": Description(images.resnet20, inputs.pictures, _CLASSES, _MOMENTUM),
    "unet": Description(images.unet, inputs.masks, _YES_OR_NO),
    "mobilenet": Description(images.mobilenet, inputs.pictures, _CLASSES),
    "resnet50": Description(images.resnet50, inputs.pictures, _CLASSES, _MOMENTUM),
    "lstm": Description(sequences.lstm, inputs.series, _CLASSES),
    "gru": Description(sequences.gru, inputs.labelled_tokens, _YES_OR_NO),
    "encoder": Description(sequences.encoder, inputs.labelled_tokens, _YES_OR_NO),
    "gpt": Description(sequences.gpt, inputs.next_tokens, sequences.next_token_loss),
    "textcnn": Description(sequences.textcnn, inputs.labelled_tokens, _YES_OR_NO),
    "vae": Description(vectors.vae, inputs.noisy, vectors.vae_losses, loss_weights=vectors.vae_weights),
    "recommender": Description(vectors.recommender, inputs.ratings, _named("mean_squared_error")),
}


def get_weights(model: Any) -> dict[str, np.ndarray]:
    """A model's numbers, each under its layer's name and its place in that layer."""
    found = ((layer.name, place, value) for layer in model.layers for place, value in enumerate(layer.get_weights()))
    return {f"{name}:{place}": np.asarray(value) for name, place, value in found}


def set_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Gives a model the numbers that `get_weights` took from its like."""
    for layer in model.layers:
        values = layer_weights(layer.name, weights)
        if values:
            layer.set_weights(values)


def layer_weights(name: str, weights: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The numbers of one layer, in their order."""
    values: Arrays = []
    while f"{name}:{len(values)}" in weights:
        values.append(weights[f"{name}:{len(values)}"])
    return values
