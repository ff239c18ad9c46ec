"""Bidirectional and TimeDistributed."""

from __future__ import annotations

import copy
from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras.core.naming import Scope
from weft.keras.layers.core.small import Wrapper
from weft.keras.layers.layer import Layer

_MODES = ("concat", "sum", "mul", "ave", None)


class Bidirectional(Layer):
    """A recurrent layer run in both directions.

    Args:
        layer: The layer for the way forward.
        merge_mode: How the outputs come together: `"concat"`, `"sum"`, `"mul"`, `"ave"`, or None for a list of both.
        backward_layer: The layer for the way back; by default a copy of `layer`.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Bidirectional(keras.layers.LSTM(4))(tf.ones((2, 5, 3))).shape
        TensorShape([2, 8])
    """

    forward_layer: Any
    backward_layer: Any

    def __init__(self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        if not isinstance(layer, Layer) or not hasattr(layer, "return_sequences"):
            raise ValueError(explain("Bidirectional wraps a recurrent layer.", received=f"{layer!r}"[:200]))
        if merge_mode not in _MODES:
            names = [mode for mode in _MODES if mode]
            raise ValueError(f"Bidirectional: `merge_mode` is {merge_mode!r}. {nearest(str(merge_mode), names)}")
        if (
            kwargs.get("batch_input_shape") is None
            and kwargs.get("input_shape") is None
            and layer._given_input is not None
        ):
            kwargs["batch_input_shape"] = layer._given_input[0]
        super().__init__(weights=weights, **kwargs)
        config = layer.get_config()
        config["name"] = "forward_" + layer.name
        self.forward_layer = type(layer).from_config(config)
        if backward_layer is None:
            config = copy.deepcopy(config)
            config["go_backwards"] = not config["go_backwards"]
            config["name"] = "backward_" + layer.name
            self.backward_layer = type(layer).from_config(config)
        else:
            self.backward_layer = backward_layer
        if hasattr(layer, "use_cudnn"):
            self.forward_layer.use_cudnn = self.backward_layer.use_cudnn = layer.use_cudnn
        self._check_pair()
        if self.forward_layer.return_sequences:
            # Where one direction has padding, the other has it too: repeating an output there would mix into sums.
            self.forward_layer.zero_output_for_mask = True
            self.backward_layer.zero_output_for_mask = True
        self.merge_mode = merge_mode
        self._given_layer, self._given_backward = layer, backward_layer
        self._tracked.pop("_given_layer", None)
        self._tracked.pop("_given_backward", None)
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.stateful = self.forward_layer.stateful
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                explain(
                    "Bidirectional: both layers walk in the same direction.", hint="make one with go_backwards=True"
                )
            )
        for name in ("return_sequences", "return_state", "stateful"):
            if getattr(forward, name) != getattr(backward, name):
                raise ValueError(f"Bidirectional: the two layers differ in `{name}`.")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                with Scope(layer.name, layer):
                    layer.build(sequences_shape)
        self.input_spec = self.forward_layer.input_spec

    def _trains_differently(self) -> bool:
        return False  # what is inside may

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        """The outputs of both directions together."""
        first = second = {}
        if initial_state is not None:
            half = len(initial_state) // 2
            first, second = {"initial_state": initial_state[:half]}, {"initial_state": initial_state[half:]}
        forward = self.forward_layer(sequences, mask=mask, training=training, **first)
        backward = self.backward_layer(sequences, mask=mask, training=training, **second)
        states: list[Any] = []
        if self.return_state:
            states = [*forward[1:], *backward[1:]]
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            backward = tf.reverse(backward, [1])
        merged = self._merge(forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *states) if isinstance(merged, list) else (merged, *states)

    def _merge(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return tf.concat([forward, backward], axis=-1)
        if self.merge_mode == "sum":
            return forward + backward
        if self.merge_mode == "ave":
            return (forward + backward) / 2.0
        if self.merge_mode == "mul":
            return forward * backward
        return [forward, backward]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        own = mask if self.return_sequences else None
        found = [own, own] if self.merge_mode is None else [own]
        if self.return_state:
            found += [None] * (len(tf.nest.flatten(self.forward_layer.state_size)) * 2)
        return found if len(found) > 1 else own

    def reset_state(self) -> None:
        """Sets the states of stateful layers to zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        config = super().get_config()
        config.pop("weights", None)
        config["layer"] = serialize_keras_object(self._given_layer)
        config["backward_layer"] = (
            None if self._given_backward is None else serialize_keras_object(self._given_backward)
        )
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from weft.keras.saving import deserialize_keras_object

        return cls(**{**config, "layer": deserialize_keras_object(config["layer"]),
                      "backward_layer": deserialize_keras_object(config.get("backward_layer"))})  # fmt: skip


class TimeDistributed(Wrapper):
    """Applies a layer to every time step.

    Args:
        layer: The layer, for inputs `[batch, …]`.
        **kwargs: As for every layer.

    Returns:
        For inputs `[batch, time, …]`, what the layer gives for each step, `[batch, time, …]`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.TimeDistributed(keras.layers.Dense(4))(tf.ones((2, 5, 3))).shape
        TensorShape([2, 5, 4])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        if len(input_shape) < 3:
            raise ValueError(explain(
                f"Layer `{self.name}` (TimeDistributed) takes inputs [batch, time, …].",
                received=f"shape {tf.TensorShape(input_shape)}",
            ))  # fmt: skip
        if not self.layer.built:
            self.layer.build((None, *input_shape[2:]))

    def _trains_differently(self) -> bool:
        return False  # what is inside may

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs of all steps."""
        self._check_mask(inputs, mask)
        options: dict[str, Any] = {"training": training}
        if training and inputs.shape[1] is not None and self._keeps_statistics():
            return self._step_by_step(inputs, mask, options)
        if mask is not None:
            options["mask"] = _merge_steps(mask)
        sizes, steps = tf.shape(inputs), inputs.shape[1]
        outputs = self.layer(_merge_steps(inputs), **options)

        def unfold(value: Any) -> Any:
            rest = [tf.shape(value)[n] if size is None else size for n, size in enumerate(value.shape) if n >= 1]
            return tf.reshape(value, (sizes[0], sizes[1] if steps is None else steps, *rest))

        return tf.nest.map_structure(unfold, outputs)

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        if mask is None or mask.shape.rank is None:
            return
        pairs = zip(inputs.shape[:2], mask.shape[:2], strict=False)
        if mask.shape.rank < 2 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(explain(
                f"Layer `{self.name}` (TimeDistributed): The `mask` passed to the `TimeDistributed` layer has a shape "
                "that does not go with the inputs.", received=f"shape {mask.shape}",
                expected=f"a mask for batch and time first, as of inputs of shape {inputs.shape}",
            ))  # fmt: skip

    def _keeps_statistics(self) -> bool:
        """Whether a layer inside learns from what it sees, as a BatchNormalization does: steps then come in turn."""
        return any(not getattr(weight, "_made_trainable", weight.trainable) for weight in self.layer.weights)

    def _step_by_step(self, inputs: Any, mask: Any, options: dict[str, Any]) -> Any:
        """The outputs of all steps, each of which is a call of its own."""
        found = []
        for step in range(inputs.shape[1]):
            if mask is not None:
                options = {**options, "mask": mask[:, step]}
            found.append(self.layer(inputs[:, step], **options))
        return tf.nest.map_structure(lambda *values: tf.stack(values, axis=1), *found)


def _merge_steps(value: Any) -> Any:
    """`[batch, time, …]` as `[batch · time, …]`."""
    sizes = tf.shape(value)
    return tf.reshape(
        value, (-1, *[sizes[n] if size is None else size for n, size in enumerate(value.shape) if n >= 2])
    )
