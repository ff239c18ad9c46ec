"""Random tensors from a seed or a generator. The numbers depend on the seed alone, not on where they are computed."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.core.dtypes import is_float, is_int, standardize_dtype
from weft.keras.random.seed_generator import draw_seed


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers.

    Args:
        shape: The shape of the result.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: A float dtype; the default one where None.
        seed: An integer (the same numbers every time), a SeedGenerator, or None.
    """
    dtype = standardize_dtype(dtype or config.floatx())
    return tf.random.stateless_normal(shape, seed=draw_seed(seed), mean=mean, stddev=stddev, dtype=dtype)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniformly distributed numbers from `minval` up to, and without, `maxval`.

    Args:
        shape: The shape of the result.
        minval: The least number.
        maxval: The bound above.
        dtype: A float dtype; the default one where None.
        seed: An integer, a SeedGenerator, or None.

    Raises:
        ValueError: For a dtype that is no float one.
    """
    dtype = standardize_dtype(dtype or config.floatx())
    if not is_float(dtype):
        raise ValueError(explain(
            f"`keras.random.uniform` requires a floating point `dtype`. Received: dtype={dtype}",
            hint="keras.random.randint draws integers",
        ))  # fmt: skip
    return tf.random.stateless_uniform(shape, seed=draw_seed(seed), minval=minval, maxval=maxval, dtype=dtype)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers, those further than two standard deviations from the mean drawn again.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation before truncation.
        dtype: A float dtype; the default one where None.
        seed: An integer, a SeedGenerator, or None.
    """
    dtype = standardize_dtype(dtype or config.floatx())
    return tf.random.stateless_truncated_normal(shape, seed=draw_seed(seed), mean=mean, stddev=stddev, dtype=dtype)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Uniformly distributed integers from `minval` up to, and without, `maxval`.

    Raises:
        ValueError: For a dtype that is no integer one.
    """
    dtype = standardize_dtype(dtype)
    if not is_int(dtype):
        raise ValueError(f"`keras.random.randint` requires an integer `dtype`. Received: dtype={dtype}")
    wide = dtype if dtype == "int32" else "int64"  # as in Keras: narrow integers are drawn as wide ones
    drawn = tf.random.stateless_uniform(
        shape, seed=draw_seed(seed), minval=tf.cast(minval, wide), maxval=tf.cast(maxval, wide), dtype=wide
    )
    return tf.cast(drawn, dtype) if wide != dtype else drawn


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Class numbers drawn by unnormalised log-probabilities.

    Args:
        logits: `[batch, classes]`.
        num_samples: How many to draw a row.
        dtype: The integer dtype of the result.
        seed: An integer, a SeedGenerator, or None.

    Returns:
        `[batch, num_samples]`.
    """
    return tf.random.stateless_categorical(logits, num_samples, seed=draw_seed(seed), dtype=standardize_dtype(dtype))


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a Gamma distribution with shape `alpha` and scale 1."""
    dtype = standardize_dtype(dtype or config.floatx())
    return tf.random.stateless_gamma(shape, seed=draw_seed(seed), alpha=tf.cast(alpha, dtype), dtype=dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a Beta distribution: X / (X + Y) of two Gamma ones."""
    dtype = standardize_dtype(dtype or config.floatx())
    first = draw_seed(seed)
    x = tf.random.stateless_gamma(shape, seed=first, alpha=tf.cast(alpha, dtype), dtype=dtype)
    second = first + tf.constant([1 << 33, 0], dtype="int64")  # beyond all 32-bit seeds: a stream of its own
    y = tf.random.stateless_gamma(shape, seed=second, alpha=tf.cast(beta, dtype), dtype=dtype)
    return x / (x + y)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """How often something of probability `probabilities` happened in `counts` trials."""
    dtype = standardize_dtype(dtype or config.floatx())
    return tf.random.stateless_binomial(
        shape,
        seed=draw_seed(seed),
        counts=tf.cast(counts, dtype),
        probs=tf.cast(probabilities, dtype),
        output_dtype=dtype,
    )


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in random order."""
    x = tf.convert_to_tensor(x)
    keys = tf.random.stateless_uniform(
        tf.shape(x)[axis : axis + 1] if axis >= 0 else [tf.shape(x)[axis]], seed=draw_seed(seed)
    )
    return tf.gather(x, tf.argsort(keys), axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Sets a share of the numbers to 0, and scales up the others so that their expected sum stays.

    Args:
        inputs: Floats of any shape.
        rate: The share, in [0, 1].
        noise_shape: Shape of the pattern, broadcast against the inputs; None entries take the input's size.
        seed: An integer, a SeedGenerator, or None.
    """
    inputs = tf.convert_to_tensor(inputs)
    shape = dynamic_shape(inputs, noise_shape)
    drawn = tf.random.stateless_uniform(shape, seed=draw_seed(seed), dtype="float32")
    scaled = inputs * tf.cast(1.0 / (1.0 - rate) if rate < 1 else 0.0, inputs.dtype)  # at 1 nothing is kept
    return tf.where(drawn >= rate, scaled, tf.zeros_like(inputs))


def dynamic_shape(inputs: Any, noise_shape: Any = None) -> Any:
    """The shape of a pattern: what is given, with the input's own sizes where it says None."""
    if noise_shape is None:
        return tf.shape(inputs)
    if not isinstance(noise_shape, (list, tuple)):
        return noise_shape
    sizes = tf.shape(inputs)
    return tf.stack([sizes[axis] if size is None else size for axis, size in enumerate(noise_shape)])
