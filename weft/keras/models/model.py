"""`Model`: a layer that can be trained."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Any, Self

from weft.extend import explain, nearest
from weft.keras.core import naming, stateless, tracking
from weft.keras.core.call_signature import CallSignature
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import evaluate_symbolically
from weft.keras.core.shapes import as_shape, map_shapes, shapes_of
from weft.keras.layers.building import has_tensors
from weft.keras.layers.layer import Layer
from weft.keras.models import compiled_call
from weft.keras.models.graph_model import GraphModel
from weft.keras.models.saving import SavingMethods
from weft.keras.models.state_tree import StateTree
from weft.keras.saving import legacy_config
from weft.keras.saving.hdf5 import parse_json
from weft.keras.saving.serialization import deserialize_keras_object
from weft.keras.trainer import Trainer


class Model(SavingMethods, StateTree, Trainer, GraphModel, Layer):
    """A layer that can be trained: `compile`, `fit`, `evaluate`, `predict`.

    Either `Model(inputs, outputs)` with symbolic tensors, or a subclass that makes layers in `__init__` and uses them
    in `call`.

    Args:
        inputs: Symbolic inputs: one, a list, or a dict.
        outputs: Symbolic outputs that follow from them.
        name: Its name.
        **kwargs: `trainable`, `dtype`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> x = keras.Input(shape=(3,))
        >>> model = keras.Model(inputs=x, outputs=keras.layers.Dense(2)(x))
        >>> model(tf.ones((1, 3))).shape
        TensorShape([1, 2])
    """

    _old_arguments = {"input": "inputs", "output": "outputs"}
    _weft_compiled_call: Any = None  # what `compiled_call` keeps

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and _has_graph(args, kwargs):
            from weft.keras.models.functional import Functional

            return super().__new__(Functional)  # type: ignore[return-value]  # a Model too
        return super().__new__(cls)

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any) -> None:
        if isinstance(inputs, str) and name is None:  # subclasses named themselves so, in TensorFlow 2's first years
            inputs, name = None, inputs
        Trainer.__init__(self)
        Layer.__init__(self, name=name, **kwargs)
        self._graph = None
        self.supports_masking = True
        if inputs is not None or outputs is not None:
            if inputs is None or outputs is None:
                raise ValueError(explain(
                    f"Model needs both inputs and outputs; {'inputs' if inputs is None else 'outputs'} are missing.",
                    hint="keras.Model(inputs=x, outputs=y)",
                ))  # fmt: skip
            self._init_graph(inputs, outputs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the model: as one compiled function where that is the same, else layer by layer."""
        if self._graph is not None and len(args) == 1 and (not kwargs or _is_inference(kwargs)):
            found = compiled_call.run(self, args[0], kwargs.get("training"))
            if found is not NotImplemented:
                return found
        return super().__call__(*args, **kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Computes the outputs. Subclasses say how."""
        if self._graph is None:
            raise NotImplementedError(explain(
                f"Model {type(self).__name__} has no call() method.",
                hint="define call(self, inputs) in the class, or make the model as keras.Model(inputs, outputs)",
            ))  # fmt: skip
        return self._run_graph(inputs, mask)

    def add_loss(self, loss: Any) -> None:
        """Adds a value to what training minimises.

        Args:
            loss: A scalar, or a function that gives one; for models made from symbolic tensors also such a tensor,
                whose mean is then computed in every call.
        """
        for value in loss if isinstance(loss, (list, tuple)) else [loss]:
            if isinstance(value, KerasTensor):
                self._compute_beside(self._extra_losses, value)
            else:
                super().add_loss(value)

    def add_metric(self, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
        """Reports the mean of a value over the steps of an epoch, as Keras 2 did.

        Args:
            value: A tensor, of a call; for models made from symbolic tensors also such a tensor, which is then computed
                in every call.
            name: What it is called in the logs.
            aggregation: "mean".
        """
        if isinstance(value, KerasTensor):
            self._compute_beside(self._extra_metrics, (self._metric_of(name, aggregation).name, value))
        else:
            super().add_metric(value, name, aggregation)

    # Layers

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside."""
        return self._children()

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(explain(
            f"{type(self).__name__}: the `Model.layers` attribute is reserved for the list of all layers inside.",
            hint="give the attribute another name, such as self.blocks",
        ))  # fmt: skip

    def _children(self) -> list[Layer]:
        own = [layer for layer in super()._children() if layer is not self]
        return tracking.unique(self._graph_layers() + own) if self._graph is not None else own

    def _trackable_children(self) -> dict[str, Any]:
        """What `tf.train.Checkpoint` saves, by Keras' names."""
        found = super()._trackable_children()
        if self._graph is not None:
            found["_operations"] = list(self._graph.operations)
        if self.optimizer is not None:
            found["optimizer"] = self.optimizer
        return found

    def _trackable_aliases(self) -> dict[str, Any]:
        """Children by the names that they have in the checkpoints of Keras 2: layers with weights, counted."""
        weighted = [layer for layer in self.layers if layer.weights]
        numbered = {f"layer_with_weights-{place}": layer for place, layer in enumerate(weighted)}
        return {**super()._trackable_aliases(), **numbered}

    def stateless_compute_loss(
        self, trainable_variables: Any, non_trainable_variables: Any, metrics_variables: Any, x: Any = None,
        y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True,
    ) -> Any:  # fmt: skip
        """The loss of a batch for given values of all variables, and their new values, as a triple.

        Returns:
            (loss, (trainable, non-trainable and metrics' values)).
        """
        kinds = {"trainable_variables": trainable_variables, "non_trainable_variables": non_trainable_variables,
                 "metrics_variables": metrics_variables}  # fmt: skip
        held = {kind: list(getattr(self, kind)) for kind in kinds}
        pairs = [pair for kind, values in kinds.items()
                 for pair in stateless.mapping(self.name, kind, held[kind], values)]  # fmt: skip
        with stateless.StatelessScope(pairs) as scope:
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return loss, tuple([scope.get_current_value(variable) for variable in found] for found in held.values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or position.

        Raises:
            ValueError: Where there is none, naming the nearest ones.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"get_layer of model `{self.name}` takes either a name or an index.")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(explain(
                    f"Model `{self.name}` has no layer {index}.", expected=f"0 to {len(layers) - 1}"
                ))  # fmt: skip
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(explain(
            f"Model `{self.name}` has no layer named {name!r}. {nearest(str(name), [layer.name for layer in layers])}"
        ))  # fmt: skip

    def reset_states(self) -> None:
        """Sets the states of stateful recurrent layers to zeros."""
        for layer in self._flatten_layers(include_self=False):
            reset = getattr(layer, "reset_state", None)
            if reset is not None:
                reset()

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Callable[..., Any] | None = None,
        expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None,
    ) -> None:  # fmt: skip
        """Prints a table of the layers: output shapes, numbers of parameters.

        Args:
            line_length: Characters a line.
            positions: Where the columns end, as shares or characters.
            print_fn: What prints, in place of `print`.
            expand_nested: Whether to show the layers of inner models.
            show_trainable: Whether to show which layers are trained.
            layer_range: Names (or patterns) of the first and last layer to show.
        """
        from weft.keras.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def profile(self, x: Any, repeats: int = 10, trace: Any = None, print_fn: Callable[..., Any] | None = None) -> Any:
        """Runs the model on a batch, each kernel of its compiled code timed by itself, and prints tables: time, GFLOPS,
        GB/s and the share of what this machine can do, by layer and by kernel.

        Args:
            x: A batch of inputs.
            repeats: How often it runs.
            trace: Where to write a trace for ui.perfetto.dev, if anywhere.
            print_fn: What prints, in place of `print`.

        Returns:
            The profile: `entries`, `parts()`, `table()`, `write_trace(path)`.

        Example:
            >>> import numpy as np
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="small")])
            >>> found = model.profile(np.ones((2, 8)), print_fn=lambda text: None)
            >>> [entry.part.rpartition("/")[2] for entry in found.parts()]
            ['small']
        """
        from weft.keras.models.profiling import profile

        return profile(self, x, repeats, trace, print_fn)

    def _repr_html_(self) -> str:
        from weft.keras.models.summary import summary_html

        return summary_html(self)

    # Building

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape, by running `call` without values.

        Args:
            input_shape: A shape with the batch, or a structure of them.
        """
        if self._graph is not None:
            return
        inputs = map_shapes(lambda shape: KerasTensor(shape, dtype=self.input_dtype), as_shape(input_shape))
        try:
            evaluate_symbolically(self.call, inputs)
        except NotImplementedError:
            raise
        except (TypeError, ValueError) as error:
            raise ValueError(explain(
                f"Model `{self.name}` ({type(self).__name__}) could not be built for this input shape: {error}",
                received=str(input_shape),
                hint="call the model on real data instead",
            )) from error  # fmt: skip

    def _is_functional(self) -> bool:
        """Whether it was made from symbolic inputs and outputs."""
        return self._graph is not None

    def _set_save_spec(self, inputs: Any, args: Any = None, kwargs: Any = None) -> None:
        """Notes the specs of what it is called with, as models of Keras 2 are told before they are saved."""
        self._save_spec_given = (inputs, args, kwargs)

    def _build_for(self, arguments: dict[str, Any], signature: CallSignature) -> None:
        given = takewhile(lambda name: has_tensors(arguments.get(name)), signature.names)
        object.__setattr__(self, "_call_shapes", [shapes_of(arguments[name]) for name in given])
        if _builds_itself(type(self)):
            super()._build_for(arguments, signature)
            return
        # The layers inside are built when `call` reaches them.
        first = arguments.get(signature.first) if signature.first else None
        self._path = naming.current_path()
        self._build_shapes = {"input_shape": shapes_of(first)}
        self.built = True

    def _convert_numbers(self, value: Any) -> Any:
        # A list of numbers is one input, unless the model takes several.
        if self._graph is not None and len(self.inputs) > 1:
            return value
        return super()._convert_numbers(value)

    # Configurations

    def get_config(self) -> dict[str, Any]:
        if self._graph is not None:
            from weft.keras.models.functional import graph_config

            return graph_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model of a configuration."""
        if "layers" in config and "input_layers" in config and "output_layers" in config:
            from weft.keras.models.functional import graph_from_config

            return graph_from_config(cls, config, custom_objects)
        return super().from_config(config)

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, where they can be written down."""
        found = getattr(super(), "get_compile_config", None)
        return found() if found is not None else None

    # Copies

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_weft_compiled_call", None)
        if self._graph is not None:
            for key in ("_graph", "_inputs_struct", "_outputs_struct", "_extra_losses", "_extra_metrics",
                        "_init_arguments"):  # fmt: skip
                state.pop(key, None)
            state["_graph_record"] = self._graph_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        record = state.pop("_graph_record", None)
        super().__setstate__(state)
        if record is not None:
            self._restore_graph(record)


def _has_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return (
        len(args) >= 2
        or (len(args) == 1 and bool({"outputs", "output"} & set(kwargs)))
        or (bool({"inputs", "input"} & set(kwargs)) and bool({"outputs", "output"} & set(kwargs)))
    )


def _is_inference(kwargs: dict[str, Any]) -> bool:
    """Whether keywords say nothing but that nothing is trained."""
    said = kwargs.get("training", kwargs)
    return len(kwargs) == 1 and (said is None or said is False)


def _builds_itself(cls: type) -> bool:
    """Whether a class below Model has a `build` of its own."""
    for base in cls.__mro__:
        if base is Model:
            return False
        if "build" in base.__dict__:
            return True
    return False


def model_from_json(text: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a configuration in JSON, as `to_json` of Keras 1, 2 or 3 gives it.

    Args:
        text: The JSON text.
        custom_objects: Name → class or function, for what is not Keras' own.

    Raises:
        ValueError: For text that is no JSON or describes no model.
    """
    config = parse_json(text, "model_from_json")
    return model_from_config(config, custom_objects)


def model_from_config(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a configuration, as `{"class_name": ..., "config": model.get_config()}`.

    Args:
        config: The class' name and what `get_config` of Keras 1, 2 or 3 gives.
        custom_objects: Name → class or function, for what is not Keras' own.

    Raises:
        TypeError: For a list, which is what `get_config` of a Sequential gave in Keras 1.
    """
    if isinstance(config, list):
        raise TypeError(explain(
            "`model_from_config` expects a dictionary, not a list.", hint="Sequential.from_config(config) takes a list"
        ))  # fmt: skip
    return deserialize_keras_object(legacy_config.modern(config), custom_objects=custom_objects)
