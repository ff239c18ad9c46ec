"""Recurrent networks, Transformers and convolutions over text, described for any library with Keras' interface."""

from __future__ import annotations

from typing import Any


def lstm(keras: Any, *, steps: int = 100, features: int = 64, units: int = 256, classes: int = 10) -> Any:
    """One LSTM over a series of numbers."""
    series = keras.Input((steps, features))
    x = keras.layers.LSTM(units, name="lstm")(series)
    return keras.Model(series, keras.layers.Dense(classes, activation="softmax", name="head")(x))


def gru(keras: Any, *, steps: int = 200, words: int = 10_000, width: int = 64, units: int = 64) -> Any:
    """A GRU read forwards and one read backwards over embedded words."""
    layers = keras.layers
    tokens = keras.Input((steps,), dtype="int32")
    x = layers.Embedding(words, width, name="words")(tokens)
    x = layers.Bidirectional(layers.GRU(units), name="gru")(x)
    return keras.Model(tokens, layers.Dense(1, activation="sigmoid", name="head")(x))


def textcnn(
    keras: Any,
    *,
    steps: int = 400,
    words: int = 5_000,
    width: int = 100,
    filters: int = 250,
    kernel: int = 3,
) -> Any:
    """One convolution over embedded words and the maximum of each filter."""
    layers = keras.layers
    tokens = keras.Input((steps,), dtype="int32")
    x = layers.Embedding(words, width, name="words")(tokens)
    x = layers.Conv1D(filters, kernel, activation="relu", name="conv")(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(filters, activation="relu", name="hidden")(x)
    return keras.Model(tokens, layers.Dense(1, activation="sigmoid", name="head")(x))


def embedded(keras: Any, tokens: Any, words: int, width: int) -> Any:
    """Words and their places, embedded and added."""

    class Places(keras.layers.Layer):
        """Adds a learned vector for each place."""

        def build(self, input_shape: Any) -> None:
            self.table = self.add_weight(shape=tuple(input_shape[1:]), initializer="uniform", name="table")
            self.built = True

        def call(self, inputs: Any) -> Any:
            return inputs + self.table

    return Places(name="places")(keras.layers.Embedding(words, width, name="words")(tokens))


def block(keras: Any, x: Any, name: str, width: int, heads: int, inner: int, ahead: bool) -> Any:
    """A Transformer's block: with its norms after the sums and eyes everywhere, or ahead of the parts and causal."""
    layers = keras.layers
    first, second = (layers.LayerNormalization(name=f"{name}_{place}") for place in ("first", "second"))
    attention = layers.MultiHeadAttention(heads, width // heads, name=f"{name}_attention")
    wide = layers.Dense(inner, activation="gelu" if ahead else "relu", name=f"{name}_wide")
    narrow = layers.Dense(width, name=f"{name}_narrow")
    if ahead:
        y = first(x)
        x = layers.Add()([x, attention(y, y, use_causal_mask=True)])
        return layers.Add()([x, narrow(wide(second(x)))])
    x = first(layers.Add()([x, attention(x, x)]))
    return second(layers.Add()([x, narrow(wide(x))]))


def encoder(
    keras: Any,
    *,
    steps: int = 128,
    words: int = 10_000,
    width: int = 256,
    heads: int = 8,
    blocks: int = 2,
    inner: int = 1024,
) -> Any:
    """The Transformer's encoder over words, and one answer for the text."""
    tokens = keras.Input((steps,), dtype="int32")
    x = embedded(keras, tokens, words, width)
    for place in range(blocks):
        x = block(keras, x, f"blocks_{place}", width, heads, inner, ahead=False)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, keras.layers.Dense(1, activation="sigmoid", name="head")(x))


def gpt(
    keras: Any,
    *,
    steps: int = 256,
    words: int = 256,
    width: int = 256,
    heads: int = 8,
    blocks: int = 4,
    inner: int = 1024,
) -> Any:
    """The Transformer that sees only what came before, over bytes; its answers are logits."""
    tokens = keras.Input((steps,), dtype="int32")
    x = embedded(keras, tokens, words, width)
    for place in range(blocks):
        x = block(keras, x, f"blocks_{place}", width, heads, inner, ahead=True)
    x = keras.layers.LayerNormalization(name="last")(x)
    return keras.Model(tokens, keras.layers.Dense(words, name="head")(x))


def next_token_loss(keras: Any, **sizes: Any) -> Any:
    """The loss of `gpt`."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
