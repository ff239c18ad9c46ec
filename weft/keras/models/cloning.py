"""Copies of models with weights of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.layers.core.input_layer import Input, InputLayer
from weft.keras.layers.layer import Layer
from weft.keras.models.model import Model
from weft.keras.saving import scopes


def clone_model(
    model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None, recursive: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """A model of the same layers, with new weights.

    Args:
        model: A Sequential or functional model, or another one with `get_config`.
        input_tensors: Symbolic tensors to begin with, in place of new ones.
        clone_function: Gives for a layer the one that takes its place.
        call_function: Called as `(layer, *args, **kwargs)` in place of the layer, for functional models.
        recursive: Whether inner models are cloned layer by layer too.

    Returns:
        The new model.

    Example:
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> keras.models.clone_model(model).count_params()
        3
    """
    from weft.keras.models.sequential import Sequential

    if kwargs:
        raise TypeError(f"clone_model does not know the keyword `{next(iter(kwargs))}`.")

    def copy(layer: Any) -> Any:
        if recursive and (isinstance(layer, Sequential) or getattr(layer, "_graph", None) is not None):
            return clone_model(
                layer, clone_function=clone_function, recursive=True,
                call_function=None if isinstance(layer, Sequential) else call_function,
            )  # fmt: skip
        if isinstance(layer, InputLayer):
            return layer
        return clone_function(layer) if clone_function is not None else type(layer).from_config(layer.get_config())

    with scopes.copying(), scopes.rebuilding():
        if isinstance(model, Sequential):
            return _compiled_like(model, _clone_sequential(model, input_tensors, copy))
        if getattr(model, "_graph", None) is not None:
            return _compiled_like(model, _clone_graph(model, input_tensors, copy, call_function))
    if clone_function is not None or input_tensors is not None:
        raise ValueError(explain(
            f"clone_model: `{model.name}` is neither Sequential nor functional, so its layers cannot be replaced.",
            hint="clone it without clone_function and input_tensors",
        ))  # fmt: skip
    with scopes.copying():
        return type(model).from_config(model.get_config())


def _compiled_like(model: Any, made: Any) -> Any:
    """The new model, compiled as the other one is."""
    if model.compiled and type(model).compile is Model.compile:
        config = model.get_compile_config()
        if config is not None:
            made.compile_from_config(config)
    return made


def _clone_sequential(model: Any, input_tensors: Any, copy: Callable[[Any], Any]) -> Any:
    made = type(model)(name=model.name)
    if input_tensors is not None:
        made.add(tf.nest.flatten(input_tensors)[0])
    elif model._sequence and isinstance(model._sequence[0], InputLayer):
        first = model._sequence[0]
        made.add(InputLayer(**first.get_config()))
    for layer in model.layers:
        made.add(copy(layer), rebuild=False)
    made._count_graph()
    return made


def _clone_graph(model: Any, input_tensors: Any, copy: Callable[[Any], Any], call_function: Any) -> Any:
    graph = model._graph
    copies: dict[int, Any] = {}

    def replaced(operation: Any) -> Any:
        if not isinstance(operation, Layer):
            return operation
        if id(operation) not in copies:
            copies[id(operation)] = copy(operation)
        made = copies[id(operation)]
        return made if call_function is None else (lambda *args, **kwargs: call_function(made, *args, **kwargs))

    if input_tensors is not None:
        inputs = tf.nest.flatten(input_tensors)
        alike = not tf.nest.is_nested(model._inputs_struct) and len(inputs) == 1
        if not alike and isinstance(input_tensors, dict) != isinstance(model._inputs_struct, dict):
            raise ValueError(explain(
                "clone_model: `input_tensors` must have the same structure as model.input.",
                received=repr(input_tensors)[:200], expected=repr(model._inputs_struct)[:200],
            ))  # fmt: skip
    else:
        inputs = [Input(batch_shape=tuple(t.shape), dtype=t.dtype, name=t.name) for t in model.inputs]
    outputs = graph.run(inputs, model.outputs, call=replaced)
    from weft.keras.models.functional import Functional

    kind = type(model) if issubclass(type(model), Functional) else Functional
    return kind(
        tf.nest.pack_sequence_as(model._inputs_struct, inputs),
        tf.nest.pack_sequence_as(model._outputs_struct, outputs), name=model.name,
    )  # fmt: skip
