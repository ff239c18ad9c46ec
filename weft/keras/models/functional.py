"""Models made from symbolic inputs and outputs, and their configurations."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest, outermost_graph
from weft.keras.core import naming
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import Operation, OpNode, node_of
from weft.keras.layers.core.input_layer import InputLayer
from weft.keras.models.model import Model
from weft.keras.ops.records import FunctionCall, record_of
from weft.keras.saving import keras_ops, legacy_config, scopes
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object


class _MadeOfTensors(type(Model)):  # type: ignore[misc]  # the class of layer classes
    """Counts models whose class hands symbolic inputs and outputs up among functional ones, as Keras does."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        return cls is Functional and isinstance(instance, Model) and instance._is_functional()


class Functional(Model, metaclass=_MadeOfTensors):
    """What `Model(inputs, outputs)` gives: a model whose computation is a graph of layers.

    Args:
        inputs: Symbolic inputs: one, a list, or a dict.
        outputs: Symbolic outputs that follow from them.
        name: Its name.
    """

    _names_in_graphs = False

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        if name is None and type(self) is Functional and outermost_graph() is not None:
            name = naming.auto_name("model")  # as in TensorFlow 1
        super().__init__(inputs, outputs, name=name, **kwargs)


def graph_config(model: Any) -> dict[str, Any]:
    """The configuration of a graph: its layers, each with its calls, and which tensors are inputs and outputs."""
    graph = model._graph
    numbers: dict[int, int] = {}
    counts: dict[int, int] = {}
    for node in graph.nodes_in_order:
        numbers[id(node)] = counts.get(id(node.operation), 0)
        counts[id(node.operation)] = numbers[id(node)] + 1

    def address(tensor: Any) -> list[Any]:
        history = tensor._keras_history
        return [history.operation.name, numbers[id(node_of(tensor))], history.tensor_index]

    def argument(leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            return _Address({"class_name": "__keras_tensor__", "config": {
                "shape": list(leaf.shape), "dtype": leaf.dtype.name, "keras_history": address(leaf)}})  # fmt: skip
        return leaf

    layers = []
    for operation in graph.operations:
        calls = [node for node in graph.nodes_in_order if node.operation is operation and not node.is_input]
        record, repack = _record_of(operation)
        record["name"] = operation.name
        record["inbound_nodes"] = [
            {"args": _plain(tf.nest.map_structure(argument, repack(node.args))),
             "kwargs": _plain(tf.nest.map_structure(argument, node.kwargs))} for node in calls
        ]  # fmt: skip
        layers.append(record)
    return {
        "name": model.name, "trainable": model.trainable, "layers": layers,
        "input_layers": _plain(tf.nest.map_structure(lambda t: _Address(address(t)), model._inputs_struct), True),
        "output_layers": _plain(tf.nest.map_structure(lambda t: _Address(address(t)), model._outputs_struct), True),
    }  # fmt: skip


def _record_of(operation: Operation) -> tuple[dict[str, Any], Any]:
    """The record of an operation, and what turns the arguments of its calls into those that stand in the record."""
    if isinstance(operation, FunctionCall):
        return record_of(operation), lambda args: args
    if not isinstance(operation, OpNode):
        return serialize_keras_object(operation), lambda args: args
    inputs = len(operation._inbound_nodes[0].args)
    found = keras_ops.write(operation.op, operation.attrs, inputs)
    index = keras_ops.index_of(operation.attrs) if operation.op == "strided_slice" else ()
    if found is None or index is None:
        record = {"module": "keras", "class_name": "OpNode", "config": operation.get_config(), "registered_name": None}
        return record, lambda args: args
    module, name, config, listed = found
    record = {"module": f"keras.src.ops.{module}", "class_name": name, "config": {"name": operation.name, **config},
              "registered_name": name}  # fmt: skip
    if operation.op == "strided_slice":
        return record, lambda args: (*map(_number, args), index)
    return record, lambda args: ([*map(_number, args)],) if listed else (*map(_number, args),)


def _number(argument: Any) -> Any:
    """A constant scalar among a call's arguments as the number it is, as Keras writes it."""
    if isinstance(argument, KerasTensor) or tf.TensorShape(argument.shape).rank != 0:
        return argument
    return np.asarray(argument).item()


class _Address:
    """A leaf that holds a list or dict, which would otherwise count as a structure."""

    def __init__(self, content: Any) -> None:
        self.content = content


def _plain(value: Any, structure: bool = False) -> Any:
    """A structure as JSON knows it; of inputs and outputs tuples stay tuples, until they are written."""
    if isinstance(value, _Address):
        return value.content
    if isinstance(value, (list, tuple)):
        found = [_plain(item) for item in value]
        return tuple(found) if type(value) is tuple and structure else found
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return serialize_keras_object(value)


def graph_from_config(cls: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a graph's configuration, with new layers."""
    if any(isinstance(call, list) for record in config["layers"] for call in record.get("inbound_nodes") or ()):
        config = legacy_config.modern({"class_name": "Functional", "config": config})["config"]
    with scopes.rebuilding():
        return _rebuild(cls, config, custom_objects)


def _rebuild(cls: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    made: dict[str, Operation] = {}
    results: dict[str, list[list[Any]]] = {}
    waiting: list[tuple[str, int, dict[str, Any]]] = []
    for record in config["layers"]:
        name = record.get("name") or record["config"]["name"]
        made[name] = _operation(record, custom_objects)
        results[name] = []
        if isinstance(made[name], InputLayer):
            results[name].append([made[name].output])
        waiting.extend((name, number, call) for number, call in enumerate(record.get("inbound_nodes", ())))
    while waiting:
        rest = [call for call in waiting if not _replay(made, results, *call)]
        if len(rest) == len(waiting):
            raise ValueError(_incoherent(config, rest, made))
        waiting = rest

    def find(where: Any) -> Any:
        if isinstance(where, list) and len(where) == 3 and isinstance(where[0], str) and not isinstance(where[1], str):
            name, number, index = where
            if name not in results:
                raise ValueError(
                    f"The configuration names a layer {name!r} that it does not hold. {nearest(name, results)}"
                )
            return results[name][number][index]
        if isinstance(where, dict):
            return {key: find(item) for key, item in where.items()}
        found = [find(item) for item in where]
        return tuple(found) if isinstance(where, tuple) else found

    inputs, outputs = find(config["input_layers"]), find(config["output_layers"])
    extra = {key: config[key] for key in ("name", "trainable") if config.get(key) is not None}
    if cls is Model or cls is Functional:
        return Functional(inputs, outputs, **extra)
    graph = ("name", "trainable", "layers", "input_layers", "output_layers")
    own = {key: value for key, value in config.items() if key not in graph}  # what the class's get_config() adds
    return cls(inputs=inputs, outputs=outputs, **extra, **own)


def _incoherent(config: dict[str, Any], waiting: list[tuple[str, int, dict[str, Any]]], made: dict[str, Any]) -> str:
    """What to say of calls whose inputs nothing gives: layers that are not there, or a loop."""
    wanted = {
        name: [where[0] for where in _histories([call["args"], call["kwargs"]])] for name, _, call in waiting
    }  # fmt: skip
    missing = sorted({source for sources in wanted.values() for source in sources if source not in made})
    if missing:
        problem = f"Missing node: {missing[0]} is the input of a layer, and there is no layer of that name."
    else:
        problem = "Its calls wait for one another in a loop."
    return explain(
        f"The configuration of model `{config.get('name')}` does not hang together. {problem}",
        received="calls without their inputs: " + ", ".join(sorted(wanted)),
    )


def _histories(value: Any) -> list[Any]:
    """The places of the tensors among a call's arguments, as they are written."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return [value["config"]["keras_history"]]
    if isinstance(value, (list, tuple, dict)):
        return [place for item in (value.values() if isinstance(value, dict) else value) for place in _histories(item)]
    return []


def _operation(record: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    if record["class_name"] == "OpNode":
        return OpNode.from_config(record["config"])
    if keras_ops.is_operation(record):
        return keras_ops.read(record)
    return deserialize_keras_object(
        {key: value for key, value in record.items() if key not in ("inbound_nodes", "name")},
        custom_objects=custom_objects,
    )


def _replay(made: dict[str, Operation], results: dict[str, list[list[Any]]], name: str, number: int, call: Any) -> bool:
    """Makes one call again, if what it needs is there."""
    if len(results[name]) != number:
        return False
    missing = False

    def resolve(value: Any) -> Any:
        nonlocal missing
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            layer, node, index = value["config"]["keras_history"]
            if layer not in results or len(results[layer]) <= node:
                missing = True
                return None
            return results[layer][node][index]
        if isinstance(value, dict) and "class_name" in value:
            return deserialize_keras_object(value)
        if isinstance(value, dict):
            return {key: resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [resolve(item) for item in value]
        return value

    args, kwargs = resolve(list(call["args"])), resolve(dict(call["kwargs"]))
    if missing:
        return False
    found = tf.nest.flatten(made[name](*args, **kwargs))
    results[name].append(found)
    if not isinstance(made[name], Operation) and isinstance(found[0], KerasTensor):
        recorded = found[0]._keras_history.operation
        if recorded is not None:
            recorded.name = name  # that of a function was made from its class
    return True


__all__ = ["Functional", "graph_config", "graph_from_config"]
