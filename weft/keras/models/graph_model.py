"""What models made from symbolic inputs and outputs can do beyond others."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import weft as tf
from weft.extend import explain, nest
from weft.keras.core.conversion import convert_to_tensor, is_tensor
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.core.function import OperationGraph
from weft.keras.core.keras_tensor import KerasTensor, any_symbolic
from weft.keras.core.masking import set_mask
from weft.keras.core.operation import node_of
from weft.keras.core.shapes import ShapeTuple, shapes_of
from weft.keras.layers.core.input_layer import Input, InputLayer
from weft.keras.layers.layer import Layer


class GraphModel:
    """A mixin: the graph between symbolic inputs and outputs, and running it. `_graph` is None for other models."""

    _graph: OperationGraph | None = None

    def _init_graph(self: Any, inputs: Any, outputs: Any) -> None:
        inputs = tuple_to_list(inputs)
        self._inputs_struct, self._outputs_struct = self._begin_with_inputs(inputs, outputs)
        flat = tf.nest.flatten(self._inputs_struct)
        if len({id(tensor) for tensor in flat}) != len(flat):
            raise ValueError(
                explain(f"Model `{self.name}`: the same input is given twice.", received=repr(inputs)[:300])
            )
        self._extra_losses: list[Any] = []
        self._extra_metrics: list[tuple[str, Any]] = []
        wanted = tf.nest.flatten(self._outputs_struct)
        self._graph = OperationGraph(flat, wanted, self.name, paths_of(self._outputs_struct))
        self._check_names()
        self.built = True

    def _begin_with_inputs(self, inputs: Any, outputs: Any) -> tuple[Any, Any]:
        """Where the inputs are intermediate results, an equal graph that begins with inputs of its own."""
        flat, wanted = tf.nest.flatten(inputs), tf.nest.flatten(outputs)
        for tensor in (*flat, *wanted):
            if not isinstance(tensor, KerasTensor):
                OperationGraph(flat, wanted, self.name)  # type: ignore[attr-defined]  # words the error
        if all(isinstance(tensor._keras_history.operation, InputLayer) for tensor in flat):
            return inputs, outputs
        graph = OperationGraph(flat, wanted, self.name)  # type: ignore[attr-defined]
        fresh = [
            tensor if isinstance(tensor._keras_history.operation, InputLayer)
            else Input(batch_shape=tuple(tensor.shape), dtype=tensor.dtype)
            for tensor in flat
        ]  # fmt: skip
        return tf.nest.pack_sequence_as(inputs, fresh), tf.nest.pack_sequence_as(outputs, graph.run(fresh, wanted))

    def _check_names(self: Any) -> None:
        seen: set[str] = set()
        for layer in self._graph.operations:
            if isinstance(layer, Layer) and layer.name in seen:
                raise ValueError(explain(
                    f"Model `{self.name}` has two layers named `{layer.name}`.",
                    hint="give each layer a name of its own",
                ))  # fmt: skip
            seen.add(layer.name)

    # Structure

    @property
    def inputs(self: Any) -> list[Any]:
        """The symbolic inputs, flat."""
        self._require_graph("inputs")
        return tf.nest.flatten(self._inputs_struct)  # type: ignore[no-any-return]

    @property
    def outputs(self: Any) -> list[Any]:
        """The symbolic outputs, flat."""
        self._require_graph("outputs")
        return tf.nest.flatten(self._outputs_struct)  # type: ignore[no-any-return]

    @property
    def input(self: Any) -> Any:
        """The symbolic input, or the structure of inputs."""
        self._require_graph("input")
        return self._inputs_struct

    @property
    def output(self: Any) -> Any:
        """The symbolic output, or the structure of outputs."""
        self._require_graph("output")
        return self._outputs_struct

    @property
    def input_names(self: Any) -> list[str]:
        """The names of the inputs."""
        return [tensor._keras_history.operation.name for tensor in self.inputs]

    @property
    def output_names(self: Any) -> list[str]:
        """The names of the layers that give the outputs; numbered where one gives several."""
        found: list[str] = []
        for tensor in self.outputs:
            name = tensor._keras_history.operation.name
            number = sum(1 for other in found if other == name or other.startswith(f"{name}_"))
            found.append(name if name not in found else f"{name}_{number}")
        return found

    @property
    def input_shape(self: Any) -> Any:
        """The shape of the symbolic input, or the structure of those of the inputs."""
        return only(shapes_of(self.input))

    @property
    def output_shape(self: Any) -> Any:
        """The shape of the symbolic output, or the structure of those of the outputs."""
        return only(shapes_of(self.output))

    def _require_graph(self: Any, what: str) -> None:
        if self._graph is None:
            raise AttributeError(explain(
                f"Model `{self.name}` ({type(self).__name__}) has no `{what}`: it was not made from symbolic "
                "tensors, or is not built yet.",
                hint="call it on data or on keras.Input(...) first; a Sequential takes an Input as its first layer",
            ))  # fmt: skip

    @property
    def operations(self: Any) -> list[Any]:
        """The layers and functions of tensors between inputs and outputs, inputs included."""
        self._require_graph("operations")
        return list(self._graph.operations)

    _operations = operations  # as libraries reach them

    def _graph_layers(self: Any) -> list[Layer]:
        return [operation for operation in self._graph.operations if isinstance(operation, Layer)]

    # Running

    def _run_graph(self: Any, inputs: Any, mask: Any = None) -> Any:
        values = self._match_inputs(inputs)
        if mask is not None:
            for value, found in zip(values, tf.nest.flatten(mask)):
                set_mask(value, found)
        flat = tf.nest.flatten(self._outputs_struct)
        results = self._graph.run(values, [*flat, *self._beside()])
        rest = iter(results[len(flat) :])
        for _ in self._extra_losses:
            self.add_loss(tf.reduce_mean(next(rest)))
        for name, _ in self._extra_metrics:
            self.add_metric(next(rest), name)
        return only(tf.nest.pack_sequence_as(self._outputs_struct, results[: len(flat)]))

    def _beside(self: Any) -> list[Any]:
        """What is computed beside the outputs: losses, and what metrics are of."""
        return [*self._extra_losses, *(tensor for _, tensor in self._extra_metrics)]

    def _compute_beside(self: Any, found: list[Any], value: Any) -> None:
        """Puts a symbolic tensor, or a name and one, among what is computed beside the outputs."""
        self._require_graph("loss")
        found.append(value)
        self._graph = OperationGraph(self.inputs, [*self.outputs, *self._beside()], self.name)

    def _match_inputs(self: Any, inputs: Any) -> list[Any]:
        """The values for the symbolic inputs, in order, with the dtypes and ranks that these have."""
        symbolic = tf.nest.flatten(self._inputs_struct)
        values = self._pick(inputs, symbolic)
        if len(values) != len(symbolic):
            keys = list(self._inputs_struct) if isinstance(self._inputs_struct, dict) else []
            named = f" as named input(s) with keys: {keys}" if keys else ""
            raise ValueError(explain(
                f"Model `{self.name}` expects {len(symbolic)} input{'s' if len(symbolic) > 1 else ''}{named}, "
                f"received {len(values)}.",
                expected=", ".join(f"`{s.name}` {s.shape}" for s in symbolic),
                received=[str(getattr(value, "shape", type(value).__name__)) for value in values] or "none",
                hint="pass a dict with these keys" if keys else "pass a list with one array for each input",
            ))  # fmt: skip
        return [self._match(symbol, value) for symbol, value in zip(symbolic, values)]

    def _pick(self: Any, inputs: Any, symbolic: list[Any]) -> list[Any]:
        if isinstance(inputs, dict):
            if isinstance(self._inputs_struct, dict):
                missing = [key for key in self._inputs_struct if key not in inputs]
                if not missing:
                    more = len(inputs) > len(self._inputs_struct) and not any_symbolic(inputs)
                    if more and "_told_of_inputs" not in self.__dict__:  # once, however often it is called
                        self.__dict__["_told_of_inputs"] = True
                        warnings.warn(self._other_structure(inputs), stacklevel=6)
                    return tf.nest.flatten({key: inputs[key] for key in self._inputs_struct})  # type: ignore[no-any-return]
            else:
                names = [symbol._keras_history.operation.name for symbol in symbolic]
                missing = [name for name in names if name not in inputs]
                if not missing:
                    return [inputs[name] for name in names]
            raise ValueError(explain(
                f"Model `{self.name}`: the dict of inputs has no entry {', '.join(repr(name) for name in missing)}.",
                received=f"keys {', '.join(map(repr, inputs))}",
            ))  # fmt: skip
        if isinstance(inputs, (list, tuple)):
            keys = list(self._inputs_struct) if isinstance(self._inputs_struct, dict) else []
            if len(keys) > 1 and len(inputs) == len(keys):
                # A dict's values are taken in the order of the sorted keys: only where this is how it was written too
                # do both ways to read a list agree.
                if keys != sorted(keys):
                    raise ValueError(explain(self._other_structure(inputs), hint="pass a dict with these keys"))
                warnings.warn(self._other_structure(inputs), stacklevel=6)
            return tf.nest.flatten(inputs)  # type: ignore[no-any-return]
        return [inputs]

    def _other_structure(self: Any, inputs: Any) -> str:
        expected = tf.nest.map_structure(lambda symbol: symbol.name, self._inputs_struct)
        received = list(inputs) if isinstance(inputs, dict) else f"{type(inputs).__name__} of {len(inputs)}"
        return (
            "The structure of `inputs` doesn't match the expected structure of model "
            f"`{self.name}`: expected {expected}, received {received}."
        )

    def _match(self: Any, symbol: Any, value: Any) -> Any:
        if value is None:
            if not symbol._keras_history.operation.optional:
                raise ValueError(explain(
                    f"Model `{self.name}`: input `{symbol.name}` is None, and it is not optional.",
                    expected=f"shape {symbol.shape}", hint="keras.Input(..., optional=True) makes inputs that may be",
                ))  # fmt: skip
            return None
        value = value if is_tensor(value) else convert_to_tensor(value)
        mask = getattr(value, "_keras_mask", None)
        shape = tf.TensorShape(value.shape)
        wanted = symbol.shape
        if shape.rank is not None and wanted.rank is not None and shape.rank != wanted.rank:
            # (n,) for (n, 1) and the reverse: data files come either way.
            if shape.rank == wanted.rank + 1 and shape[-1] == 1:
                value = tf.squeeze(value, axis=-1)
            elif shape.rank == wanted.rank - 1 and wanted[-1] == 1:
                value = tf.expand_dims(value, axis=-1)
        self._check_shape(symbol, value)
        if standardize_dtype(value.dtype) != symbol.dtype and symbol.dtype != "string":
            if standardize_dtype(value.dtype) == "string":
                raise TypeError(explain(
                    f"Model `{self.name}`: input `{symbol.name}` takes {symbol.dtype}, received strings.",
                    received=f"shape {value.shape}, dtype string",
                    hint="turn the strings into numbers first",
                ))  # fmt: skip
            value = tf.cast(value, symbol.dtype)
        if mask is not None:
            set_mask(value, mask)
        return value

    def _layers_decide_sizes(self) -> bool:
        """Whether sizes other than those of the symbolic inputs are taken, as long as every layer takes them."""
        return False

    def _check_shape(self: Any, symbol: Any, value: Any) -> None:
        shape, wanted = tf.TensorShape(value.shape), symbol.shape
        if shape.rank is None or wanted.rank is None:
            return
        problem = None
        if shape.rank != wanted.rank:
            problem = f"it has {shape.rank} {'axis' if shape.rank == 1 else 'axes'}, expected {wanted.rank}"
        elif not self._layers_decide_sizes():
            for axis, (size, expected) in enumerate(zip(shape, wanted)):
                # Any number of rows is taken, as in Keras.
                if axis and None not in (size, expected) and size != expected:
                    problem = f"axis {axis} has size {size}, expected {expected}"
                    break
        if problem is not None:
            places = dict(zip(map(id, self.inputs), paths_of(self._inputs_struct)))
            path = places.get(id(symbol), "")
            raise ValueError(explain(
                f"Model `{self.name}` cannot take the input with name '{symbol.name}' and path '{path}': {problem}: "
                f"expected shape={wanted}, found shape={shape}.",
                expected=f"shape {wanted}", received=f"shape {shape}, dtype {standardize_dtype(value.dtype)}",
                hint=_shape_hint(shape, wanted),
            ))  # fmt: skip

    # Copies

    def _graph_state(self: Any) -> GraphRecord | None:
        return (
            None
            if self._graph is None
            else record_graph(
                self._graph, self._inputs_struct, self._outputs_struct, (self._extra_losses, self._extra_metrics)
            )
        )

    def _restore_graph(self: Any, record: GraphRecord) -> None:
        self._inputs_struct, self._outputs_struct, (self._extra_losses, self._extra_metrics) = rebuild_graph(record)
        inputs, outputs = tf.nest.flatten(self._inputs_struct), tf.nest.flatten(self._outputs_struct)
        self._graph = OperationGraph(inputs, [*outputs, *self._beside()], self.name)


def paths_of(struct: Any) -> list[str]:
    """Where the leaves of a structure stand in it, such as `0.name`."""
    return [".".join(map(str, path)) for path, _ in nest.flatten_with_path(struct)]


def _shape_hint(shape: Any, wanted: Any) -> str:
    if shape.rank == wanted.rank - 1:
        if wanted.rank >= 4 and wanted[-1] in (1, None) and (wanted.rank, shape.rank) == (4, 3):
            return "add the channel axis: x = x[..., None] (one image: x[None, ...])"
        return "one sample needs a batch axis in front: x[None, ...]"
    if shape.rank == wanted.rank:
        return "the data must have the shape that the model was built for; the first axis is the batch"
    return "reshape the data, or change the input shape of the model"


def only(value: Any) -> Any:
    """The entry of a list of one: a model with outputs `[y]` gives y. Anything else as it is."""
    one = isinstance(value, (list, tuple)) and not isinstance(value, ShapeTuple) and len(value) == 1
    return value[0] if one else value


def tuple_to_list(struct: Any) -> Any:
    """The structure with lists for plain tuples, so that both give one kind of model."""
    if isinstance(struct, tuple) and not hasattr(struct, "_fields"):
        return [tuple_to_list(item) for item in struct]
    return struct


class _Ref(NamedTuple):
    """Stands for a symbolic tensor in a record: output `output` of call number `call`."""

    call: int
    output: int


class _Marker:
    """A leaf that holds a `_Ref`: named tuples would be taken apart as structures."""

    def __init__(self, ref: _Ref) -> None:
        self.ref = ref


class GraphRecord:
    """A graph without links between its parts, so that copying it is not a walk as deep as the model."""

    def __init__(self, operations: list[Any], calls: list[Any], inputs: Any, outputs: Any, beside: Any) -> None:
        self.operations = operations
        self.calls = calls
        self.inputs = inputs
        self.outputs = outputs
        self.beside = beside


def record_graph(graph: OperationGraph, inputs: Any, outputs: Any, beside: Any) -> GraphRecord:
    """The record of a graph."""
    operations: list[Any] = []
    numbers: dict[int, int] = {}
    positions: dict[int, int] = {}
    calls: list[Any] = []

    def refer(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        node = node_of(leaf)
        return _Marker(_Ref(positions[id(node)], leaf._keras_history.tensor_index))

    for node in graph.nodes_in_order:
        if id(node.operation) not in numbers:
            numbers[id(node.operation)] = len(operations)
            operations.append(node.operation)
        args, kwargs = tf.nest.map_structure(refer, (node.args, node.kwargs))
        positions[id(node)] = len(calls)
        calls.append((numbers[id(node.operation)], args, kwargs))
    return GraphRecord(operations, calls, *(tf.nest.map_structure(refer, part) for part in (inputs, outputs, beside)))


def rebuild_graph(record: GraphRecord) -> tuple[Any, Any, Any]:
    """Calls the operations of a record again; gives inputs, outputs and what was computed beside them."""
    made: list[list[Any]] = []

    def resolve(leaf: Any) -> Any:
        return made[leaf.ref.call][leaf.ref.output] if isinstance(leaf, _Marker) else leaf

    for number, args, kwargs in record.calls:
        operation = record.operations[number]
        if isinstance(operation, InputLayer):
            made.append([operation.output])
            continue
        args, kwargs = tf.nest.map_structure(resolve, (args, kwargs))
        made.append(tf.nest.flatten(operation(*args, **kwargs)))
    return tuple(tf.nest.map_structure(resolve, part) for part in (record.inputs, record.outputs, record.beside))  # type: ignore[return-value]
