"""Networks of dense layers and embeddings, described for any library with Keras' interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def mlp(keras: Any, *, features: int = 784, units: Sequence[int] = (512, 512), classes: int = 10) -> Any:
    """Dense layers, one after the other."""
    x = vector = keras.Input((features,))
    for place, count in enumerate(units):
        x = keras.layers.Dense(count, activation="relu", name=f"hidden_{place}")(x)
    return keras.Model(vector, keras.layers.Dense(classes, activation="softmax", name="head")(x))


def vae(keras: Any, *, features: int = 784, units: Sequence[int] = (512, 256), latent: int = 16) -> Any:
    """A variational autoencoder. Its noise is an input, so that every library meets the same."""
    layers = keras.layers
    x = image = keras.Input((features,))
    noise = keras.Input((latent,))
    for place, count in enumerate(units):
        x = layers.Dense(count, activation="relu", name=f"encode_{place}")(x)
    mean = layers.Dense(latent, name="mean")(x)
    spread = layers.Dense(latent, name="spread")(x)
    deviation = layers.Activation("exponential")(layers.Rescaling(0.5)(spread))
    x = layers.Add()([mean, layers.Multiply()([deviation, noise])])
    for place, count in reversed(list(enumerate(units))):
        x = layers.Dense(count, activation="relu", name=f"decode_{place}")(x)
    x = layers.Dense(features, activation="sigmoid", name="head")(x)
    return keras.Model([image, noise], [x, layers.Concatenate()([mean, spread])])


def vae_losses(keras: Any, *, latent: int = 16, **sizes: Any) -> list[Any]:
    """How far the image is from its copy, and the latent distribution from the normal one."""

    def divergence(_: Any, moments: Any) -> Any:
        mean, spread = moments[:, :latent], moments[:, latent:]
        return 0.5 * (keras.activations.exponential(spread) + mean * mean - spread - 1.0)

    return ["binary_crossentropy", divergence]


def vae_weights(*, features: int = 784, latent: int = 16, **sizes: Any) -> list[float]:
    """Weights with which the means over pixels and over latent numbers stand to each other as their sums do."""
    return [1.0, latent / features]


def recommender(
    keras: Any,
    *,
    users: int = 100_000,
    items: int = 10_000,
    width: int = 32,
    units: Sequence[int] = (64,),
) -> Any:
    """A user's vector beside an item's, and dense layers that tell the rating."""
    layers = keras.layers
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    x = layers.Concatenate()(
        [layers.Embedding(users, width, name="users")(user), layers.Embedding(items, width, name="items")(item)]
    )
    for place, count in enumerate(units):
        x = layers.Dense(count, activation="relu", name=f"hidden_{place}")(x)
    return keras.Model([user, item], layers.Dense(1, name="head")(x))
