"""The functions of `keras.backend`, as Keras 2 named them. They take eager, graph and symbolic tensors."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import in_graph
from weft.keras import activations, config, random
from weft.keras.core.dtypes import is_int, standardize_dtype
from weft.keras.core.keras_tensor import is_keras_tensor


def _wrap(name: str, function: Any, doc: str) -> Any:
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        return function(x, *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = doc
    return call


abs = _wrap("abs", lambda x: tf.abs(x), "The absolute values.")
exp = _wrap("exp", lambda x: tf.exp(x), "eˣ.")
log = _wrap("log", lambda x: tf.math.log(x), "The natural logarithms.")
sqrt = _wrap("sqrt", lambda x: tf.sqrt(tf.maximum(x, tf.zeros_like(x))), "The square roots; 0 for negative numbers.")
square = _wrap("square", lambda x: tf.square(x), "The squares.")
sign = _wrap("sign", lambda x: tf.sign(x), "The signs.")
round = _wrap("round", lambda x: tf.round(x), "The nearest whole numbers.")
sin = _wrap("sin", lambda x: tf.sin(x), "The sines.")
cos = _wrap("cos", lambda x: tf.cos(x), "The cosines.")
tanh = _wrap("tanh", lambda x: tf.tanh(x), "The hyperbolic tangents.")
sigmoid = _wrap("sigmoid", lambda x: tf.sigmoid(x), "1 / (1 + e⁻ˣ).")
softplus = _wrap("softplus", lambda x: tf.nn.softplus(x), "log(1 + eˣ).")
softsign = _wrap("softsign", lambda x: tf.nn.softsign(x), "x / (1 + |x|).")
zeros_like = _wrap(
    "zeros_like", lambda x, dtype=None, name=None: tf.zeros_like(x, dtype=dtype), "Zeros of the same shape."
)
ones_like = _wrap("ones_like", lambda x, dtype=None, name=None: tf.ones_like(x, dtype=dtype), "Ones of the same shape.")
stop_gradient = _wrap("stop_gradient", lambda x: tf.stop_gradient(x), "The values, through which no gradient flows.")
elu = _wrap("elu", lambda x, alpha=1.0: activations.elu(x, alpha), "As `keras.activations.elu`.")
hard_sigmoid = _wrap(
    "hard_sigmoid", lambda x: tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0),
    "x / 5 + 1/2, within [0, 1]: the slope of Keras 2, where that of `keras.activations.hard_sigmoid` is 1/6.",
)  # fmt: skip
softmax = _wrap("softmax", lambda x, axis=-1: activations.softmax(x, axis), "As `keras.activations.softmax`.")


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """As `keras.activations.relu`."""
    return activations.relu(x, alpha, max_value, threshold)


def _float(x: Any) -> Any:
    return tf.cast(x, config.floatx()) if standardize_dtype(x.dtype) == "bool" else x


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along axes."""
    return tf.reduce_sum(x, axis=axis, keepdims=keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along axes; of booleans, the share of True."""
    return tf.reduce_mean(_float(tf.convert_to_tensor(x)), axis=axis, keepdims=keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The greatest value along axes."""
    return tf.reduce_max(x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The least value along axes."""
    return tf.reduce_min(x, axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product along axes."""
    return tf.reduce_prod(x, axis=axis, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation along axes."""
    return tf.math.reduce_std(_float(tf.convert_to_tensor(x)), axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance along axes."""
    return tf.math.reduce_variance(_float(tf.convert_to_tensor(x)), axis=axis, keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether something is true along axes."""
    return tf.reduce_any(tf.cast(x, "bool"), axis=axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether everything is true along axes."""
    return tf.reduce_all(tf.cast(x, "bool"), axis=axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`log(Σ eˣ)` along axes, without overflow."""
    return tf.reduce_logsumexp(x, axis=axis, keepdims=keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Where the greatest value is along an axis."""
    return tf.argmax(x, axis=axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Where the least value is along an axis."""
    return tf.argmin(x, axis=axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """Running sums."""
    return tf.cumsum(x, axis=axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """Running products."""
    return tf.math.cumprod(x, axis=axis)


def pow(x: Any, a: Any) -> Any:
    """x to the power a."""
    return tf.pow(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """The values, kept within bounds; None is no bound."""
    if min_value is not None:
        x = tf.maximum(x, tf.cast(min_value, x.dtype))
    return x if max_value is None else tf.minimum(x, tf.cast(max_value, x.dtype))


def maximum(x: Any, y: Any) -> Any:
    """The greater of two, place by place."""
    return tf.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """The lesser of two, place by place."""
    return tf.minimum(x, y)


def equal(x: Any, y: Any) -> Any:
    """Whether two are equal, place by place."""
    return tf.equal(x, y)


def not_equal(x: Any, y: Any) -> Any:
    """Whether two differ, place by place."""
    return tf.not_equal(x, y)


def greater(x: Any, y: Any) -> Any:
    """x > y."""
    return tf.greater(x, y)


def greater_equal(x: Any, y: Any) -> Any:
    """x ≥ y."""
    return tf.greater_equal(x, y)


def less(x: Any, y: Any) -> Any:
    """x < y."""
    return tf.less(x, y)


def less_equal(x: Any, y: Any) -> Any:
    """x ≤ y."""
    return tf.less_equal(x, y)


def cast(x: Any, dtype: Any) -> Any:
    """The values as another dtype."""
    return tf.cast(x, dtype)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A constant tensor of the default float dtype."""
    return tf.constant(value, dtype=dtype or config.floatx(), shape=shape)


def _held(value: Any, name: str | None) -> Any:
    """A variable of a value that is there; a value that a graph is to compute stays a tensor."""
    return value if in_graph() else tf.Variable(value, name=name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros; a tensor where a function is traced."""
    return _held(tf.zeros(shape, dtype=dtype or config.floatx()), name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones; a tensor where a function is traced."""
    return _held(tf.ones(shape, dtype=dtype or config.floatx()), name)


def eye(size: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The identity matrix as a variable; a tensor where a function is traced."""
    return _held(tf.eye(size, dtype=dtype or config.floatx()), name)


def arange(start: Any, stop: Any = None, step: int = 1, dtype: Any = "int32") -> Any:
    """Numbers from `start` to `stop` in steps."""
    return tf.range(0, start, step, dtype=dtype) if stop is None else tf.range(start, stop, step, dtype=dtype)


def shape(x: Any) -> Any:
    """The shape as a tensor."""
    return tf.shape(x)


def int_shape(x: Any) -> Any:
    """The shape as a tuple, None for unknown sizes."""
    found = tf.TensorShape(x.shape)
    return None if found.rank is None else tuple(found)


def ndim(x: Any) -> Any:
    """The number of axes."""
    return tf.TensorShape(x.shape).rank


def reshape(x: Any, shape: Any) -> Any:
    """The same values under another shape."""
    return tf.reshape(x, shape)


def flatten(x: Any) -> Any:
    """All values as a vector."""
    return tf.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """All axes but the first as one."""
    sizes = tf.TensorShape(x.shape).as_list()[1:]
    total = 1
    for size in sizes:
        total = -1 if size is None or total == -1 else total * size
    return tf.reshape(x, (-1 if total != -1 else tf.shape(x)[0], total))


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """The axes in another order."""
    return tf.transpose(x, pattern)


def transpose(x: Any) -> Any:
    """The axes in reverse order."""
    return tf.transpose(x)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """A new axis of size 1."""
    return tf.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Any:
    """Takes away an axis of size 1."""
    return tf.squeeze(x, axis)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """The tensors one after the other along an axis."""
    return tf.concat(tensors, axis=axis)


def stack(x: Any, axis: int = 0) -> Any:
    """The tensors along a new axis."""
    return tf.stack(x, axis=axis)


def tile(x: Any, n: Any) -> Any:
    """The tensor over and over along its axes."""
    return tf.tile(x, [n] if isinstance(n, int) else n)


def repeat(x: Any, n: int) -> Any:
    """A matrix `[batch, features]` as `[batch, n, features]`."""
    return tf.repeat(tf.expand_dims(x, 1), n, axis=1)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Every slice along an axis over and over."""
    return tf.repeat(x, rep, axis=axis)


def reverse(x: Any, axes: Any) -> Any:
    """The values in reverse order along axes."""
    return tf.reverse(x, [axes] if isinstance(axes, int) else axes)


def gather(reference: Any, indices: Any) -> Any:
    """Rows by number."""
    return tf.gather(reference, indices)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Numbers as rows with a single 1."""
    return tf.one_hot(indices, num_classes)


def dot(x: Any, y: Any) -> Any:
    """The product of matrices; of more axes, along the last of x and the last but one of y."""
    left, right = len(tf.TensorShape(x.shape)), len(tf.TensorShape(y.shape))
    if left is not None and right is not None and (left > 2 or right > 2):
        return tf.tensordot(x, y, axes=[[left - 1], [builtin_max(right - 2, 0)]])
    return tf.matmul(x, y)


def builtin_max(first: int, second: int) -> int:
    """The greater of two integers; `max` is taken here."""
    return first if first > second else second


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """The product along an axis of each, sample by sample."""
    from weft.keras.layers.merging import batch_dot as product

    left, right = len(tf.TensorShape(x.shape)), len(tf.TensorShape(y.shape))
    if axes is None:
        axes = (left - 1, right - 1 if right == 2 else right - 2)
    first, second = (axes, axes) if isinstance(axes, int) else axes
    return product(x, y, (first % left, second % right))


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Scaled to norm 1 along axes."""
    return tf.nn.l2_normalize(x, axis=axis)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two, by a condition; functions are called."""
    then = then_expression() if callable(then_expression) else then_expression
    other = else_expression() if callable(else_expression) else else_expression
    condition = tf.cast(condition, "bool")
    while len(condition.shape) < len(then.shape):
        condition = tf.expand_dims(condition, -1)
    return tf.where(condition, then, other)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x while training, `alt` otherwise; functions are called."""
    if training is None:
        from weft.keras.backend import learning_phase

        training = learning_phase()
    if tf.is_tensor(training):
        one, other = (way if callable(way) else lambda way=way: way for way in (x, alt))
        return tf.cond(tf.cast(training, "bool"), one, other)
    chosen = x if training else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x while not training, `alt` otherwise; functions are called."""
    return in_train_phase(alt, x, training)


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None, std: float | None = None
) -> Any:
    """Normally distributed numbers; `std` is what Keras 1 called `stddev`.

    Under a number as `seed` each call draws other ones, as `tf.random.normal` does; so do the functions below.
    """
    if isinstance(seed, int):
        return tf.random.normal(shape, mean, stddev if std is None else std, dtype or config.floatx(), seed)
    return random.normal(shape, mean, stddev if std is None else std, dtype=dtype, seed=seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniformly distributed numbers."""
    if isinstance(seed, int):
        return tf.random.uniform(shape, minval, maxval, dtype or config.floatx(), seed)
    draw = random.randint if dtype is not None and is_int(dtype) else random.uniform
    return draw(shape, minval, maxval, dtype=dtype, seed=seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers within two standard deviations."""
    if isinstance(seed, int):
        return tf.random.truncated_normal(shape, mean, stddev, dtype or config.floatx(), seed)
    return random.truncated_normal(shape, mean, stddev, dtype=dtype, seed=seed)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Sets a share of the values to 0 and scales up the others."""
    if isinstance(seed, int):
        return tf.nn.dropout(x, level, noise_shape, seed)
    return random.dropout(x, level, noise_shape=noise_shape, seed=seed)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each value, without a mean."""
    target, output = tf.convert_to_tensor(target), tf.convert_to_tensor(output)
    target = tf.cast(target, output.dtype)
    if from_logits:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)
    output = clip(output, config.epsilon(), 1.0 - config.epsilon())
    return -(target * tf.math.log(output) + (1.0 - target) * tf.math.log(1.0 - output))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each sample, from rows with a single 1."""
    from weft.keras import losses

    return losses.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each sample, from class numbers."""
    from weft.keras import losses

    return losses.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


__all__ = ["is_keras_tensor"]
