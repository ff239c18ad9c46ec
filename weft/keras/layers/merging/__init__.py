"""Several tensors into one."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.core.conversion import cast
from weft.keras.core.dtypes import result_type
from weft.keras.core.masking import get_mask
from weft.keras.core.shapes import is_shape
from weft.keras.layers.layer import Layer
from weft.keras.ops.records import FUNCTIONS
from weft.keras.ops.sparse import any_sparse, dense


class Merge(Layer):
    """What layers that take a list of tensors have in common. Shapes must agree, or broadcast."""

    #: the function of `keras.ops` of two inputs
    _function = ""
    _stays_sparse = all

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shapes = self._shapes(input_shape)
        if type(self).__name__ in ("Subtract", "Dot") and len(shapes) != 2:
            raise ValueError(explain(
                f"Layer `{self.name}`: a {type(self).__name__} layer should be called on exactly 2 inputs, received "
                f"{len(shapes)}."
            ))  # fmt: skip
        if not shapes:
            raise ValueError(explain(f"Layer `{self.name}` ({type(self).__name__}) needs at least one input."))
        self._check_shapes(shapes)

    def _shapes(self, input_shape: Any) -> list[Any]:
        if not isinstance(input_shape, (list, tuple, dict)) or is_shape(input_shape):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) takes a list of tensors.",
                received=f"one tensor of shape {tf.TensorShape(input_shape)}",
                hint=f"{type(self).__name__}()([a, b])",
            ))  # fmt: skip
        return list(input_shape.values()) if isinstance(input_shape, dict) else list(input_shape)

    def _check_shapes(self, shapes: list[Any]) -> None:
        for position, shape in enumerate(shapes[1:], 1):
            for axis in range(1, min(len(shape), len(shapes[0]))):
                a, b = shapes[0][-axis], shape[-axis]
                if None not in (a, b) and a != b and 1 not in (a, b):
                    raise ValueError(explain(
                        f"Layer `{self.name}` ({type(self).__name__}): inputs 0 and {position} do not go together: "
                        f"axis {-axis} has sizes {a} and {b}.",
                        received=[f"input {n}: {tf.TensorShape(found)}" for n, found in enumerate(shapes)],
                        hint="bring them to one size first, for instance with a Dense layer",
                    ))  # fmt: skip

    def _together(self, inputs: Any) -> list[Any]:
        """The inputs in one dtype and of one rank: those of fewer axes get new ones behind the batch."""
        if not isinstance(inputs, (list, tuple, dict)):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) takes a list of tensors.", received=repr(inputs)[:200]
            ))  # fmt: skip
        values = list(inputs.values()) if isinstance(inputs, dict) else list(inputs)
        dtype = result_type(*[value.dtype for value in values])
        values = [cast(value, dtype) for value in values]
        rank = max(value.shape.rank for value in values)
        found = []
        for value in values:
            while value.shape.rank < rank:
                value = tf.expand_dims(value, 1)
            found.append(value)
        return found

    def _merge_function(self, values: list[Any]) -> Any:
        raise NotImplementedError

    def _merge_sparse(self, values: list[Any]) -> Any:
        """The result where some inputs are sparse tensors."""
        return functools.reduce(FUNCTIONS[self._function], values)

    def call(self, inputs: Any) -> Any:
        """The output."""
        given = list(inputs.values()) if isinstance(inputs, dict) else inputs
        masks = [get_mask(value) for value in given] if isinstance(given, (list, tuple)) else []
        values = self._together(inputs)
        if any_sparse(values):
            return self._merge_sparse(values)
        if all(mask is None for mask in masks):
            return self._merge_function(values)
        return self._merge_masked(values, masks)

    def _merge_masked(self, values: list[Any], masks: list[Any]) -> Any:
        """The result where some inputs have masks; most layers need not know."""
        return self._merge_function(values)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]  # Keras calls it so
        """Where any of the inputs counts; None unless all of them have masks."""
        masks = self._masks(inputs, mask)
        if any(found is None for found in masks):
            return None
        return _any_of([tf.cast(found, "bool") for found in masks])

    def _masks(self, inputs: Any, mask: Any) -> list[Any]:
        """The masks, one for each input, or none."""
        if isinstance(inputs, dict):
            inputs = list(inputs.values())
        if isinstance(mask, dict):
            mask = list(mask.values())
        if mask is None:
            return [None]
        for what, found in (("mask", mask), ("inputs", inputs)):
            if not isinstance(found, (list, tuple)):
                raise ValueError(explain(
                    f"Layer `{self.name}` ({type(self).__name__}): `{what}` should be a list.",
                    received=f"{found!r}"[:200],
                ))  # fmt: skip
        if len(mask) != len(inputs):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): `inputs` and `mask` should have the same length.",
                received=f"{len(inputs)} and {len(mask)}",
            ))  # fmt: skip
        return list(mask)

    def _merge_unmasked(self, function: Any, values: list[Any], masks: list[Any]) -> Any:
        """Where only one of two inputs counts, it is the result; where both do or neither, `function` decides."""
        result, kept = (values[0] if len(values) > 1 else tf.identity(values[0])), masks[0]
        for value, mask in zip(values[1:], masks[1:], strict=True):
            merged = function(result, value)
            if kept is not None:
                merged = tf.where(_spread(kept, value), merged, value)
            if mask is not None:
                merged = tf.where(_spread(mask, result), merged, result)
            kept = None if kept is None or mask is None else tf.logical_or(kept, mask)
            result = merged
        return result


def _any_of(masks: list[Any]) -> Any:
    found = masks[0]
    for mask in masks[1:]:
        found = tf.logical_or(found, mask)
    return found


def _spread(mask: Any, like: Any) -> Any:
    """A mask with an axis for the features, of the size of what it masks."""
    mask = tf.cast(mask, "bool")
    return mask if mask.shape.rank == like.shape.rank else tf.expand_dims(mask, -1)


class Add(Merge):
    """The sum of the inputs.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Add()([tf.constant([[1.0]]), tf.constant([[2.0]])]).numpy().tolist()
        [[3.0]]
    """

    _function = "add"

    def _merge_function(self, values: list[Any]) -> Any:
        total = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            total = total + value
        return total


class Subtract(Merge):
    """The first input minus the second."""

    _function = "subtract"

    def _merge_function(self, values: list[Any]) -> Any:
        if len(values) != 2:
            raise ValueError(
                f"Layer `{self.name}`: a Subtract layer should be called on exactly 2 inputs, received {len(values)}."
            )
        return values[0] - values[1]


class Multiply(Merge):
    """The product of the inputs."""

    _function = "multiply"
    _stays_sparse = any

    def _merge_function(self, values: list[Any]) -> Any:
        product = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            product = product * value
        return product

    def _merge_masked(self, values: list[Any], masks: list[Any]) -> Any:
        factors = [
            value if mask is None else tf.where(_spread(mask, value), value, tf.ones_like(value))
            for value, mask in zip(values, masks, strict=True)
        ]
        product = self._merge_function(factors)
        if any(mask is None for mask in masks):
            return product
        return tf.where(_any_of([_spread(mask, product) for mask in masks]), product, tf.zeros_like(product))


class Average(Merge):
    """The mean of the inputs."""

    _function = "add"

    def _merge_function(self, values: list[Any]) -> Any:
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total / len(values)

    def _merge_sparse(self, values: list[Any]) -> Any:
        return FUNCTIONS["divide"](super()._merge_sparse(values), float(len(values)))


class Maximum(Merge):
    """The greatest of the inputs, place by place."""

    _function = "maximum"

    def _merge_function(self, values: list[Any]) -> Any:
        found = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            found = tf.maximum(found, value)
        return found

    def _merge_masked(self, values: list[Any], masks: list[Any]) -> Any:
        return self._merge_unmasked(tf.maximum, values, masks)


class Minimum(Merge):
    """The least of the inputs, place by place."""

    _function = "minimum"

    def _merge_function(self, values: list[Any]) -> Any:
        found = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            found = tf.minimum(found, value)
        return found

    def _merge_masked(self, values: list[Any], masks: list[Any]) -> Any:
        return self._merge_unmasked(tf.minimum, values, masks)


class Concatenate(Merge):
    """The inputs one after the other along an axis.

    Args:
        axis: The axis.
        **kwargs: As for every layer.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def _check_shapes(self, shapes: list[Any]) -> None:
        rank = len(shapes[0])
        for position, shape in enumerate(shapes[1:], 1):
            wrong = None
            if len(shape) != rank:
                wrong = f"they have {rank} and {len(shape)} axes"
            else:
                for axis in range(rank):
                    a, b = shapes[0][axis], shape[axis]
                    if axis != self.axis % rank and None not in (a, b) and a != b:
                        wrong = f"axis {axis} has sizes {a} and {b}"
                        break
            if wrong is not None:
                raise ValueError(explain(
                    f"Layer `{self.name}`: a Concatenate layer requires inputs with matching shapes except for the "
                    f"concatenation axis, which is {self.axis}; inputs 0 and {position} do not match: {wrong}.",
                    expected="equal sizes along all other axes",
                    received=[f"input {n}: {tf.TensorShape(found)}" for n, found in enumerate(shapes)],
                ))  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The output."""
        values = self._together(inputs)
        if any_sparse(values):
            return FUNCTIONS["concatenate"](values, axis=self.axis)
        return tf.concat(values, axis=self.axis) if len(values) > 1 else tf.identity(values[0])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = self._masks(inputs, mask)
        if all(found is None for found in masks):
            return None
        values = [tf.convert_to_tensor(value) if isinstance(value, np.ndarray) else value for value in inputs]
        parts: list[Any] = []
        rank = values[0].shape.rank
        axis = self.axis % rank
        for value, mask in zip(values, masks, strict=True):
            if mask is None:
                parts.append(tf.ones_like(value, dtype="bool"))
            else:
                mask = tf.cast(mask, "bool")
                while mask.shape.rank < rank:
                    mask = tf.expand_dims(mask, -1)
                parts.append(tf.logical_and(mask, tf.ones_like(value, dtype="bool")))
        return tf.reduce_any(tf.concat(parts, axis=axis), axis=-1)


class Dot(Merge):
    """The product of two tensors along an axis of each, sample by sample.

    Args:
        axes: The axis of both, or a pair.
        normalize: Whether to scale both to length 1 first: the result is then their cosine.
        **kwargs: As for every layer.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = tuple(axes) if isinstance(axes, (list, tuple)) else int(axes)
        self.normalize = normalize
        self.supports_masking = True

    def _pair(self, values: list[Any]) -> tuple[int, int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return axes[0] % values[0].shape.rank, axes[1] % values[1].shape.rank

    def _check_shapes(self, shapes: list[Any]) -> None:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        a, b = shapes[0][axes[0]], shapes[1][axes[1]]
        if None not in (a, b) and a != b:
            raise ValueError(explain(
                f"Layer `{self.name}` (Dot): the axes {axes} have sizes {a} and {b}.", expected="equal sizes",
                received=[f"input {n}: {tf.TensorShape(found)}" for n, found in enumerate(shapes)],
            ))  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The output."""
        values = list(inputs)
        if len(values) != 2:
            raise ValueError(f"Layer `{self.name}` (Dot) takes two inputs, received {len(values)}.")
        dtype = result_type(*[value.dtype for value in values])
        sparse = all(isinstance(value, tf.SparseTensor) for value in values)
        values = [cast(dense(value), dtype) for value in values]
        first, second = self._pair(values)
        if self.normalize:
            values = [tf.nn.l2_normalize(values[0], axis=first), tf.nn.l2_normalize(values[1], axis=second)]
        found = batch_dot(values[0], values[1], (first, second))
        return tf.sparse.from_dense(found) if sparse else found

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


def batch_dot(x: Any, y: Any, axes: tuple[int, int]) -> Any:
    """The product of two tensors along an axis of each, sample by sample. A scalar a sample has shape [batch, 1]."""
    letters = iter("abcdefghijklmnop")
    joined = next(letters)
    left = ["z"] + [joined if n == axes[0] else next(letters) for n in range(1, x.shape.rank)]
    right = ["z"] + [joined if n == axes[1] else next(letters) for n in range(1, y.shape.rank)]
    free = [n for n in left + right if n not in ("z", joined)]
    result = tf.einsum(f"{''.join(left)},{''.join(right)}->z{''.join(free)}", x, y)
    return tf.expand_dims(result, 1) if not free else result


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add` as a function."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract` as a function."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply` as a function."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average` as a function."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum` as a function."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum` as a function."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` as a function."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot` as a function."""
    return Dot(axes=axes, **kwargs)(inputs)
