"""`merge` and `Merge` of Keras 1, which had one layer with a mode where there are several layers today."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest
from weft.keras.layers.core.small import Lambda
from weft.keras.layers.layer import Layer
from weft.keras.layers.merging import Add, Average, Concatenate, Dot, Maximum, Multiply

_MODES = {"sum": Add, "mul": Multiply, "ave": Average, "max": Maximum}


class Merge(Layer):
    """Several tensors into one, in a way that a word says.

    As the first layer of a Sequential model it can be given models: their inputs are then the model's, in order.

    Args:
        layers: Models whose outputs are merged; None where the layer is called on a list of tensors.
        mode: "sum", "mul", "ave", "max", "concat", "dot", "cos", or a function of the list.
        concat_axis: The axis of "concat".
        dot_axes: The axis or axes of "dot" and "cos".
        output_shape: The shape of a function's result, where it is not found by running it.
        output_mask: The mask of a function's result.
        arguments: Keywords for a function.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Merge(mode="sum")([tf.constant([[1.0]]), tf.constant([[2.0]])]).numpy().tolist()
        [[3.0]]
    """

    def __init__(
        self, layers: Any = None, mode: Any = "sum", concat_axis: int = -1, dot_axes: Any = -1,
        output_shape: Any = None, output_mask: Any = None, arguments: Any = None, node_indices: Any = None,
        tensor_indices: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.supports_masking = True
        self.branches = list(layers or ())
        self.mode = mode
        self.concat_axis = concat_axis
        self.dot_axes = dot_axes
        self.arguments = dict(arguments or {})
        if callable(mode):
            self._way: Any = Lambda(mode, output_shape=output_shape, mask=output_mask, arguments=arguments)
        elif mode == "concat":
            self._way = Concatenate(axis=concat_axis)
        elif mode in ("dot", "cos"):
            self._way = Dot(axes=_plain(dot_axes), normalize=mode == "cos")
        elif mode in _MODES:
            self._way = _MODES[mode]()
        else:
            known = [*_MODES, "concat", "dot", "cos"]
            raise ValueError(explain(
                f"Merge: there is no mode {mode!r}. {nearest(str(mode), known)}",
                expected="a function, or one of " + ", ".join(known),
            ))  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The output."""
        return self._way(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]  # Keras calls it so
        """The mask of today's layer of that mode."""
        return self._way.compute_mask(inputs, mask)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "layers": self.branches, "mode": self.mode, "concat_axis": self.concat_axis,
                "dot_axes": self.dot_axes, "arguments": self.arguments}  # fmt: skip


def merge(inputs: Any, mode: Any = "sum", concat_axis: int = -1, dot_axes: Any = -1, output_shape: Any = None,
          output_mask: Any = None, arguments: Any = None, node_indices: Any = None, tensor_indices: Any = None,
          name: str | None = None) -> Any:  # fmt: skip
    """Several tensors into one: `Merge` as a function.

    Args:
        inputs: Tensors.
        mode: As for `Merge`, like the arguments that follow.
        concat_axis: The axis of "concat".
        dot_axes: The axis or axes of "dot" and "cos".
        output_shape: The shape of a function's result.
        output_mask: The mask of a function's result.
        arguments: Keywords for a function.
        node_indices: Takes no effect, like `tensor_indices`.
        tensor_indices: See there.
        name: The layer's name.

    Returns:
        A tensor.
    """
    return Merge(
        mode=mode, concat_axis=concat_axis, dot_axes=dot_axes, output_shape=output_shape, output_mask=output_mask,
        arguments=arguments, name=name,
    )(inputs)  # fmt: skip


def _plain(axes: Any) -> Any:
    """Axes as `Dot` takes them; Keras 1 also took a list of one axis for each input."""
    if isinstance(axes, int):
        return axes
    return [int(axis[0]) if isinstance(axis, (list, tuple)) else int(axis) for axis in axes]
