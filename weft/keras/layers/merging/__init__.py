"""Several tensors into one."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.conversion import cast
from weft.keras.core.dtypes import result_type
from weft.keras.layers.layer import Layer


class Merge(Layer):
    """What layers that take a list of tensors have in common. Shapes must agree, or broadcast."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shapes = self._shapes(input_shape)
        least = 2 if type(self).__name__ in ("Subtract", "Dot") else 1
        if len(shapes) < least:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) needs at least {least} inputs, received {len(shapes)}."
            ))  # fmt: skip
        self._check_shapes(shapes)

    def _shapes(self, input_shape: Any) -> list[Any]:
        if not isinstance(input_shape, (list, dict)) or (
            isinstance(input_shape, tuple) and not isinstance(input_shape[0], tuple)
        ):
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

    def _merge(self, values: list[Any]) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """The output."""
        return self._merge(self._together(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        masks = (
            [mask for mask in (previous_mask or ()) if mask is not None] if not hasattr(previous_mask, "shape") else []
        )
        if not masks or len(masks) != len(tf.nest.flatten(inputs)):
            return None
        found = masks[0]
        for mask in masks[1:]:
            found = tf.logical_and(found, mask)
        return found


class Add(Merge):
    """The sum of the inputs.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Add()([tf.constant([[1.0]]), tf.constant([[2.0]])]).numpy().tolist()
        [[3.0]]
    """

    def _merge(self, values: list[Any]) -> Any:
        total = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            total = total + value
        return total


class Subtract(Merge):
    """The first input minus the second."""

    def _merge(self, values: list[Any]) -> Any:
        if len(values) != 2:
            raise ValueError(f"Layer `{self.name}` (Subtract) takes two inputs, received {len(values)}.")
        return values[0] - values[1]


class Multiply(Merge):
    """The product of the inputs."""

    def _merge(self, values: list[Any]) -> Any:
        product = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            product = product * value
        return product


class Average(Merge):
    """The mean of the inputs."""

    def _merge(self, values: list[Any]) -> Any:
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total / len(values)


class Maximum(Merge):
    """The greatest of the inputs, place by place."""

    def _merge(self, values: list[Any]) -> Any:
        found = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            found = tf.maximum(found, value)
        return found


class Minimum(Merge):
    """The least of the inputs, place by place."""

    def _merge(self, values: list[Any]) -> Any:
        found = values[0] if len(values) > 1 else tf.identity(values[0])
        for value in values[1:]:
            found = tf.minimum(found, value)
        return found


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
                    f"Layer `{self.name}` (Concatenate): inputs 0 and {position} cannot be joined along "
                    f"axis {self.axis}: {wrong}.",
                    expected="equal sizes along all other axes",
                    received=[f"input {n}: {tf.TensorShape(found)}" for n, found in enumerate(shapes)],
                ))  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The output."""
        values = self._together(inputs)
        return tf.concat(values, axis=self.axis) if len(values) > 1 else tf.identity(values[0])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        values, parts = list(inputs), []
        rank = values[0].shape.rank
        axis = self.axis % rank
        for value, mask in zip(values, previous_mask):
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
        values = [cast(value, dtype) for value in values]
        first, second = self._pair(values)
        if self.normalize:
            values = [tf.nn.l2_normalize(values[0], axis=first), tf.nn.l2_normalize(values[1], axis=second)]
        return batch_dot(values[0], values[1], (first, second))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
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
