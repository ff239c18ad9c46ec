"""`Sequential`: layers one after the other."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, outermost_graph, present_graph, user_facing
from weft.keras.core import naming
from weft.keras.core.call_signature import CallSignature, call_signature
from weft.keras.core.function import OperationGraph
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.shapes import as_shape, is_shape, shapes_of
from weft.keras.layers.core.input_layer import InputLayer
from weft.keras.layers.core.small import NoLayer
from weft.keras.layers.layer import Layer
from weft.keras.layers.merging.by_mode import Merge
from weft.keras.models.functional import Functional
from weft.keras.models.model import Model
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object


class Sequential(Model):
    """A model whose layers follow one another, each with one input and one output.

    It is built as soon as its input shape is known: from a first `keras.Input`, from `input_shape=` of the first layer,
    or from the first data.

    Args:
        layers: The layers.
        trainable: Whether training updates the weights.
        name: Its name.

    Example:
        >>> from weft import keras
        >>> layers = [keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
        >>> model = keras.Sequential(layers)
        >>> model.output_shape, model.count_params()
        ((None, 1), 19)
    """

    _names_in_graphs = False

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._sequence: list[Any] = []
        self._end: Any = None
        if layers is not None:
            if isinstance(layers, Layer) or not isinstance(layers, (list, tuple)):
                layers = [layers]
            for layer in layers:
                self.add(layer, rebuild=False)
            self._count_graph()

    @user_facing
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer.

        Args:
            layer: A layer, or what `keras.Input` gives, in first place.
            rebuild: Whether this makes the model anew for Keras' numbering of names; it always does so.

        Raises:
            TypeError: For what is no layer.
            ValueError: For a second layer of the same name, or a misplaced Input.
        """
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        self._check_addition(layer)
        given = getattr(layer, "_given_input", None)
        if not self._sequence and not isinstance(layer, InputLayer):
            if given is not None:
                name = None if present_graph() is None else f"{layer.name}_input"  # as in Keras 2
                self._append(InputLayer(batch_shape=given[0], dtype=given[1] or _input_dtype(layer), name=name))
            elif getattr(layer, "_graph", None) is not None and len(tf.nest.flatten(layer._inputs_struct)) == 1:
                first = tf.nest.flatten(layer._inputs_struct)[0]
                self._append(InputLayer(batch_shape=tuple(first.shape), dtype=first.dtype))
        self._append(layer)
        if rebuild:
            self._count_graph()

    def _count_graph(self) -> None:
        """Numbers the models of symbolic inputs that come after as Keras does, where each time that a sequence is built
        makes one of them; not so in TensorFlow 1."""
        if self._graph is not None and self.built and outermost_graph() is None:
            naming.auto_name("functional")

    def _check_addition(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = "wrap a function in keras.layers.Lambda(function)" if callable(layer) else None
            if isinstance(layer, type):
                hint = f"make an object of the class: {layer.__name__}(...)"
            raise NoLayer(explain(
                f"Sequential model `{self.name}`: Only instances of keras.Layer can be added to it.",
                received=f"{layer!r}"[:200] + f", a {type(layer).__name__}", hint=hint,
            ))  # fmt: skip
        if any(layer.name == other.name for other in self._sequence):
            raise ValueError(explain(
                f"Sequential model `{self.name}` already has a layer named `{layer.name}`: all layers should have "
                "unique names.",
                hint="give each layer a name of its own, and add each layer object once",
            ))  # fmt: skip
        if isinstance(layer, InputLayer) and self._sequence:
            raise ValueError(explain(
                f"Sequential model `{self.name}` has already been configured: an Input must come first.",
                received="layers " + ", ".join(f"`{other.name}`" for other in self._sequence),
            ))  # fmt: skip

    @property
    def _functional(self) -> Any:
        """The model as one of symbolic inputs and outputs, as libraries ask for it; None where it is not built."""
        if self._graph is None or not self.built:
            return None
        return Functional(self._inputs_struct, self._outputs_struct, name=self.name)

    def _append(self, layer: Any) -> None:
        if isinstance(layer, InputLayer):
            self._end = layer.output
        elif self._end is not None:
            self._end = self._call_on_end(layer)
        elif not self._sequence and isinstance(layer, Merge) and layer.branches:
            self._end = [branch.output for branch in layer.branches]
            self._end = self._call_on_end(layer)
        self._sequence.append(layer)
        self._close_graph()

    def _call_on_end(self, layer: Any) -> Any:
        required = call_signature(layer).required
        if len(required) > 1:
            raise ValueError(explain(
                f"Sequential model `{self.name}`: layers added to it can only have a single positional argument in "
                f"their call(), and `{layer.name}` ({type(layer).__name__}) needs `{required[1]}` too.",
                hint=f"give `{required[1]}` a default, or use keras.Model(inputs, outputs)",
            ))  # fmt: skip
        try:
            with naming.Scope(self.name, self):
                found = layer(self._end)
        except NotImplementedError:
            return None  # its shape cannot be known without data; the model then runs layer by layer
        if not isinstance(found, KerasTensor):
            raise ValueError(explain(
                f"Sequential model `{self.name}`: layer `{layer.name}` gives more than one output.",
                received=f"{type(found).__name__} of {len(found) if hasattr(found, '__len__') else '?'}",
                hint="use keras.Model(inputs, outputs) for layers with several outputs",
            ))  # fmt: skip
        return found

    def _close_graph(self) -> None:
        """Makes the graph anew from the first layer's input to the last one's output."""
        first = self._sequence[0]
        several = isinstance(first, Merge)
        if self._end is None or not (several or isinstance(first, InputLayer)):
            self._graph = None
            return
        start = [each for branch in first.branches for each in branch.inputs] if several else first.output
        self._inputs_struct, self._outputs_struct = start, self._end
        self._extra_losses: list[Any] = []
        self._extra_metrics: list[tuple[str, Any]] = []
        self._graph = OperationGraph(start if several else [start], [self._end], self.name)
        self.built = several or len(self._sequence) > 1
        self._build_shapes = {"input_shape": shapes_of(start)}

    @user_facing
    def pop(self, rebuild: bool = True) -> Any:
        """Takes off the last layer and returns it."""
        if not self.layers:
            raise ValueError(explain(f"Sequential model `{self.name}` has no layer to take off."))
        layer = self._sequence.pop()
        layer._inbound_nodes, layer._outbound_nodes = [], []
        if self._end is not None:
            before = self._sequence[-1] if self._sequence else None
            self._end = None if before is None else before._inbound_nodes[-1].outputs[0]
            if len(self._sequence) == 1 and isinstance(self._sequence[0], InputLayer):
                self._end = self._sequence[0].output
            self._close_graph()
        self.built = self._graph is not None and len(self._sequence) > 1
        if rebuild:
            self._count_graph()
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input."""
        return [layer for layer in self._sequence if not isinstance(layer, InputLayer)]

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(explain(
            f"Sequential model `{self.name}`: `layers` cannot be set.", hint="Use `add()` and `pop()`"
        ))  # fmt: skip

    def _children(self) -> list[Layer]:
        return list(self.layers)

    def _trackable_children(self) -> dict[str, Any]:
        found = super()._trackable_children()
        found.pop("_operations", None)
        return {"_functional": {"_operations": [None, *self.layers]}, **found}

    # Building and running

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape; the first size, the batch, is left open."""
        if self._graph is not None and self.built:
            self._check_shape_again(input_shape)
            return
        if not self._sequence:
            raise ValueError(
                explain(f"Sequential model `{self.name}` has no layers.", hint="add layers before it is used")
            )
        if isinstance(self._sequence[0], InputLayer) or not is_shape(input_shape):
            return
        shape = as_shape(input_shape)
        rest = self._sequence
        self._sequence, self._end = [], None
        try:
            self._append(InputLayer(batch_shape=(None, *shape[1:]), dtype=_input_dtype(rest[0])))
            for layer in rest:
                self._append(layer)
        except Exception:
            self._sequence, self._end, self._graph = rest, None, None
            self.built = False
            raise
        self._count_graph()

    def _check_shape_again(self, shape: Any) -> None:
        """Refuses to be built for a shape that its Input does not take."""
        if isinstance(self._inputs_struct, list):
            return  # several inputs: calls check theirs
        taken = tuple(self._inputs_struct.shape)
        if is_shape(shape) and not tf.TensorShape(taken).is_compatible_with(tf.TensorShape(shape)):
            raise ValueError(explain(
                f"Sequential model `{self.name}` has already been configured to use another input shape.",
                expected=f"shape {taken}", received=f"shape {tuple(shape)}",
            ))  # fmt: skip

    def _build_for(self, arguments: dict[str, Any], signature: CallSignature) -> None:
        self.build(shapes_of(arguments.get("inputs")))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The output of the last layer."""
        if self._graph is not None:
            return self._run_graph(inputs, mask)
        value = inputs
        for position, layer in enumerate(self.layers):
            value = layer(value, mask=mask) if position == 0 and mask is not None else layer(value)
        return value

    def _is_functional(self) -> bool:
        return False

    def _layers_decide_sizes(self) -> bool:
        return True

    def predict_proba(self, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """What `predict` gives, under the name that Keras 2 had for it.

        Args:
            x: Inputs.
            batch_size: Samples in a batch.
            verbose: As in `predict`.

        Returns:
            An array with a row for each sample.
        """
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """The class of each sample, as Keras 2 gave it.

        Args:
            x: Inputs.
            batch_size: Samples in a batch.
            verbose: As in `predict`.

        Returns:
            The number of the largest output; where there is one output only, 1 above a half and 0 elsewhere, as int32
            in the outputs' shape.

        Example:
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Softmax()])
            >>> model.predict_classes([[1.0, 3.0, 2.0]]).tolist()
            [1]
        """
        found = self.predict_proba(x, batch_size, verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def _require_graph(self, what: str) -> None:
        if self._graph is None or not self.built:
            raise AttributeError(explain(
                f"Sequential model `{self.name}` has no `{what}` yet: its input shape is not known.",
                hint="begin with keras.Input(shape=...), call it on data, or build it with model.build(input_shape)",
            ))  # fmt: skip

    # Configurations and copies

    def get_config(self) -> dict[str, Any]:
        config = {"name": self.name, "trainable": self.trainable, "dtype": serialize_keras_object(self.dtype_policy)}
        config["layers"] = [serialize_keras_object(layer) for layer in self._sequence]
        if self._graph is None and self._build_shapes is not None:
            config["build_input_shape"] = self._build_shapes.get("input_shape")
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model of a configuration."""
        if "name" not in config and "layers" not in config:
            return cls(**config)
        if "layers" not in config:  # the name may be left out: not all that write configurations know one
            raise ValueError(explain(
                f"{cls.__name__}: A Sequential model configuration must be a dictionary containing the 'name' and "
                "'layers' keys.", received=f"the keys {sorted(config)}",
            ))  # fmt: skip
        model = cls(name=config.get("name"))
        for record in config["layers"]:
            if isinstance(record, dict) and "config" not in record:
                raise ValueError(explain(
                    f"{cls.__name__}: the configuration of a layer is cut short. Expected a dictionary containing a "
                    "'config' key.", received=repr(record)[:200],
                ))  # fmt: skip
            model.add(deserialize_keras_object(record, custom_objects=custom_objects))
        shape = config.get("build_input_shape")
        if model._graph is None and shape is not None and len(model.layers):
            model.build(tuple(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model

    def __getstate__(self) -> dict[str, Any]:
        graph, self._graph = self._graph, None
        try:
            state = super().__getstate__()
        finally:
            self._graph = graph
        for key in ("_end", "_inputs_struct", "_outputs_struct", "_extra_losses", "_extra_metrics", "_init_arguments"):
            state.pop(key, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._end, self._graph = None, None
        layers = self._sequence
        if layers and isinstance(layers[0], InputLayer):
            self._sequence = []
            for layer in layers:
                self._append(layer)
        self.built = state.get("built", self.built)


def _input_dtype(layer: Any) -> str | None:
    """The dtype in which a first layer takes data, where it is not the default."""
    return getattr(layer, "_natural_input_dtype", None)
