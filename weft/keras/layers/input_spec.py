"""What a layer expects of its inputs, and the check."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.core.dtypes import standardize_dtype


class InputSpec:
    """What a layer expects of an input: dtype, rank, sizes.

    Args:
        dtype: The dtype, where it matters.
        shape: The full shape, None for any size.
        ndim: The rank.
        max_ndim: The greatest rank.
        min_ndim: The least rank.
        axes: Axis → size.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing or too much.
        name: The key under which the input comes, where inputs are a dict.
        optional: Whether the input may be None.

    Example:
        >>> from weft import keras
        >>> keras.InputSpec(min_ndim=2, axes={-1: 3})
        InputSpec(min_ndim=2, axes={-1: 3})
    """

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
        min_ndim: int | None = None, axes: dict[int, int | None] | None = None, allow_last_axis_squeeze: bool = False,
        name: str | None = None, optional: bool = False,
    ) -> None:  # fmt: skip
        self.dtype = None if dtype is None else standardize_dtype(dtype)
        self.shape = None if shape is None else tuple(tf.TensorShape(shape))
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {
            key: getattr(self, key) for key in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        fields = ("dtype", "shape", "ndim" if self.shape is None else "", "max_ndim", "min_ndim", "axes")
        shown = [f"{key}={getattr(self, key)}" for key in fields if key and getattr(self, key) not in (None, {})]
        return f"InputSpec({', '.join(shown)})"


def check_inputs(input_spec: Any, inputs: Any, layer: Any) -> None:
    """Compares inputs with what a layer expects.

    Args:
        input_spec: An InputSpec, or a structure of them (None for what is not checked).
        inputs: The inputs.
        layer: The layer, for the message.

    Raises:
        ValueError: Naming the layer, the axis, and the sizes expected and received.
    """
    if input_spec is None:
        return
    specs = tf.nest.flatten(input_spec)
    values = _in_order(specs, inputs)
    if len(values) != len(specs):
        raise ValueError(explain(
            f"Layer `{layer.name}` ({type(layer).__name__}) expects {len(specs)} input(s), received {len(values)}.",
            received=[_describe(value) for value in values],
            hint="pass the inputs as one list, in the order in which the layer takes them",
        ))  # fmt: skip
    for position, (spec, value) in enumerate(zip(specs, values)):
        if spec is None or (value is None and spec.optional) or not hasattr(value, "shape"):
            continue
        problem = _compare(spec, value)
        if problem is not None:
            _refuse(problem, spec, value, position if len(specs) > 1 else None, layer)


def _in_order(specs: list[Any], inputs: Any) -> list[Any]:
    names = [getattr(spec, "name", None) for spec in specs]
    if isinstance(inputs, dict) and len(specs) == len(inputs) and all(names):
        if all(name in inputs for name in names):
            return [inputs[name] for name in names]
    return tf.nest.flatten(inputs)


def _compare(spec: InputSpec, value: Any) -> str | None:
    """What does not fit, in words, or None."""
    shape = tf.TensorShape(value.shape)
    rank = shape.rank
    if rank is None:
        return None
    if spec.ndim is not None and rank != spec.ndim and not spec.allow_last_axis_squeeze:
        return f"it has {rank} {_axes(rank)}, the layer takes {spec.ndim}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"it has {rank} {_axes(rank)}, the layer takes at most {spec.max_ndim}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"it has {rank} {_axes(rank)}, the layer needs at least {spec.min_ndim}"
    if spec.dtype is not None and standardize_dtype(value.dtype) != spec.dtype:
        return f"it has dtype {standardize_dtype(value.dtype)}, the layer takes {spec.dtype}"
    for axis, size in spec.axes.items():
        if size is not None and -rank <= axis < rank and shape[axis] not in (size, None):
            return f"axis {axis % rank} has size {shape[axis]}, expected {size}"
    if spec.shape is None:
        return None
    sizes, wanted = list(shape), list(spec.shape)
    if spec.allow_last_axis_squeeze and len(sizes) != len(wanted):
        sizes = sizes[:-1] if sizes and sizes[-1] == 1 and len(sizes) > len(wanted) else sizes
        wanted = wanted[:-1] if wanted and wanted[-1] == 1 and len(wanted) > len(sizes) else wanted
        if len(sizes) != len(wanted):
            return f"it has {rank} {_axes(rank)}, the layer takes {len(spec.shape)}"
    for axis, (size, expected) in enumerate(zip(sizes, wanted)):
        if size is not None and expected is not None and size != expected:
            return f"axis {axis} has size {size}, expected {expected}"
    return None


def _axes(count: int) -> str:
    return "axis" if count == 1 else "axes"


def _describe(value: Any) -> str:
    if not hasattr(value, "shape"):
        return type(value).__name__
    return f"shape {tf.TensorShape(value.shape)}, dtype {standardize_dtype(value.dtype)}"


def _expected(spec: InputSpec) -> str:
    """The expected shape as users read it, such as `(None, …, 7)`."""
    if spec.shape is not None:
        return f"shape {tf.TensorShape(spec.shape)}"
    last = max((axis for axis in spec.axes if axis < 0), default=None)
    rank = spec.ndim
    if rank is not None:
        sizes: list[Any] = [None] * rank
        for axis, size in spec.axes.items():
            sizes[axis] = size
        return f"shape {tf.TensorShape(sizes)}"
    ending = f", {spec.axes[last]}" if last == -1 else ""
    return f"shape (None, …{ending})" + (f" of at least {spec.min_ndim} axes" if spec.min_ndim else "")


def _hint(spec: InputSpec, shape: Any) -> str:
    rank = shape.rank
    wanted = spec.ndim or spec.min_ndim
    if wanted is not None and rank is not None and rank == wanted - 1:
        if wanted in (4, 5) and spec.axes.get(-1, 1) in (1, None):
            return (
                "add a channel axis, for instance x = x[..., None]"
                if rank > 2
                else "reshape the data to (batch, height, width, channels)"
            )
        if rank == 1:
            return "add an axis for the features, for instance x = x[:, None]; one sample is x[None, :]"
        return "add the missing axis with tf.expand_dims(x, axis), or a Reshape layer"
    if wanted is not None and rank is not None and rank > wanted:
        return "add a Flatten or a Reshape layer in front, or drop an axis of size 1 with tf.squeeze(x, axis)"
    return "change the data or the input_shape so that both agree; the first axis is the batch"


def _refuse(problem: str, spec: InputSpec, value: Any, position: int | None, layer: Any) -> None:
    raise ValueError(explain(
        f"Input {position or 0} of layer `{layer.name}` ({type(layer).__name__}) is incompatible with the layer: "
        f"{problem}" + ("." if spec.shape is None else f": expected shape={spec.shape}, found shape={value.shape}."),
        expected=_expected(spec),
        received=_describe(value),
        hint=_hint(spec, tf.TensorShape(value.shape)),
    ))  # fmt: skip


def require_axes(layer: Any, shape: Any) -> None:
    """Refuses a layer's `axis` where its input does not have it.

    Args:
        layer: With `axis`, one or several.
        shape: Of its input.

    Raises:
        AxisError: numpy's, a ValueError and an IndexError: naming the layer and the axes that there are.
    """
    rank = len(shape)
    for axis in layer.axis if isinstance(layer.axis, (list, tuple)) else (layer.axis,):
        if not -rank <= axis < rank:
            raise np.exceptions.AxisError(explain(
                f"Layer `{layer.name}` ({type(layer).__name__}): its input has no axis {axis}.",
                expected=f"axis= from {-rank} to {rank - 1}", received=f"shape {tf.TensorShape(shape)}",
                hint="axis=-1 is the last one, where the channels are unless data_format says otherwise",
            ))  # fmt: skip
