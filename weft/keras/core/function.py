"""Graphs of operations: which calls lead from inputs to outputs, in what order, and running them on new inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.conversion import convert_input
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import Node, Operation, node_of
from weft.keras.core.shapes import map_shapes, shapes_of
from weft.keras.core.step_values import keep


class Function(Operation):
    """The computation that leads from symbolic inputs to symbolic outputs, as something that can be called.

    Args:
        inputs: Symbolic tensors, in any structure; they may be intermediate results.
        outputs: Symbolic tensors that depend on them, in any structure.
        name: Its name.

    Raises:
        ValueError: Where an output cannot be computed from the inputs.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> x = keras.KerasTensor((None, 2))
        >>> double = keras.Function(x, x * 2.0)
        >>> double(tf.constant([[1.0, 2.0]])).numpy().tolist()
        [[2.0, 4.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        for argument, struct in (("inputs", inputs), ("outputs", outputs)):
            if not tf.nest.flatten(struct):
                raise ValueError(explain(f"`{self.name}`: the `{argument}` argument cannot be empty."))
        self._inputs_struct = inputs
        self._outputs_struct = outputs
        self._inputs = tf.nest.flatten(inputs)
        self._outputs = tf.nest.flatten(outputs)
        self._graph = OperationGraph(self._inputs, self._outputs, self.name)

    @property
    def operations(self) -> list[Operation]:
        """The operations, in the order in which they run; those that give an input are left out."""
        graph = self._graph
        ran = {id(node.operation) for node in graph.nodes_in_order if node.is_input or not graph._is_start(node)}
        return [operation for operation in graph.operations if id(operation) in ran]

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs, flat."""
        return self._inputs

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs, flat."""
        return self._outputs

    def call(self, inputs: Any) -> Any:
        """Computes the outputs for inputs of the same structure."""
        values = tf.nest.flatten(inputs)
        if len(values) != len(self._inputs):
            raise ValueError(explain(
                f"`{self.name}` was called with an invalid input structure: it takes {len(self._inputs)} inputs, "
                f"received {len(values)}.",
                expected=", ".join(f"`{one.name}` {one.shape}" for one in self._inputs),
            ))  # fmt: skip
        values = [self._match(symbol, value) for symbol, value in zip(self._inputs, values)]
        return tf.nest.pack_sequence_as(self._outputs_struct, self._graph.run(values, self._outputs))

    def _match(self, symbol: Any, value: Any) -> Any:
        """A value that fits a symbolic input, in its dtype where both are floats."""
        if isinstance(value, KerasTensor) or not hasattr(value, "shape"):
            return value
        if not symbol.shape.is_compatible_with(value.shape):
            raise ValueError(explain(
                f"`{self.name}` was called with incompatible inputs: `{symbol.name}` has another shape.",
                expected=f"shape {symbol.shape}", received=f"shape {tf.TensorShape(value.shape)}",
            ))  # fmt: skip
        return convert_input(value, True, symbol.dtype.name)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of these shapes."""
        shapes = tf.nest.flatten(map_shapes(_Leaf, input_shape))
        symbols = [KerasTensor(leaf.shape, like.dtype) for leaf, like in zip(shapes, self._inputs)]
        return shapes_of(self.compute_output_spec(tf.nest.pack_sequence_as(self._inputs_struct, symbols)))

    def get_config(self) -> dict[str, Any]:
        """A function has no configuration of its own."""
        raise NotImplementedError("A keras.Function cannot be written into a configuration; use a keras.Model.")


def _other_number(node: Node, results: list[Any]) -> str:
    operation = node.operation
    return explain(
        f"`{operation.name}` ({type(operation).__name__}) gave {_outputs(results)}; it was said to give "
        f"{_outputs(node.outputs)}.",
        expected="shapes " + ", ".join(str(tuple(tensor.shape)) for tensor in node.outputs),
        received="shapes " + ", ".join(str(getattr(result, "shape", result)) for result in results),
        hint="let compute_output_shape() (or compute_output_spec()) return the shapes of what call() returns, or leave "
        "it out: shapes then follow from call()",
    )


def _outputs(values: list[Any]) -> str:
    return f"{len(values)} output{'' if len(values) == 1 else 's'}"


class _Leaf:
    """A shape that counts as one leaf of a structure."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class OperationGraph:
    """The calls between inputs and outputs.

    Attributes:
        nodes: The calls by their distance from the outputs, the furthest first.
        nodes_in_order: The calls, each after those it depends on.
        operations: Their operations, from the inputs to the outputs.
        nodes_by_depth: Calls by their distance from the outputs.
    """

    def __init__(self, inputs: list[Any], outputs: list[Any], name: str, paths: list[str] | None = None) -> None:
        """
        Args:
            inputs: Symbolic tensors, flat.
            outputs: Symbolic tensors, flat.
            name: What errors call it.
            paths: Where the outputs stand in the structure that the program gave, for errors.
        """
        self.inputs = inputs
        self.name = name
        self._paths = paths
        self._given = {id(tensor) for tensor in inputs}
        for argument, tensors in (("inputs", inputs), ("outputs", outputs)):
            for tensor in tensors:
                if not isinstance(tensor, KerasTensor):
                    raise ValueError(explain(
                        f"`{name}`: All `{argument}` values must be KerasTensors, the symbolic tensors that "
                        "keras.Input gives.",
                        received=repr(tensor)[:200],
                        hint="begin with keras.Input(shape=...), and call the layers on it",
                    ))  # fmt: skip
        order, first_seen = self._walk(outputs)
        self._sort(order, first_seen)

    def _is_start(self, node: Node) -> bool:
        """Whether all a call gives is given from outside."""
        return bool(node.outputs) and all(id(tensor) in self._given for tensor in node.outputs)

    def _walk(self, outputs: list[Any]) -> tuple[list[Node], dict[Operation, int]]:
        """All calls in an order in which they could run, and the order in which operations are met from the outputs."""
        order: list[Node] = []
        done: set[int] = set()
        active: set[int] = set()
        seen: dict[Operation, int] = {}
        # An explicit stack: models may be deeper than Python's recursion limit.
        stack: list[tuple[Node, bool]] = []
        for place, tensor in enumerate(outputs):
            path = self._paths[place] if self._paths and place < len(self._paths) else ""
            label = f"Output with path `{path}`" if path else f"Output `{tensor.name}`"
            self._enter(tensor, stack, label)
            while stack:
                node, finished = stack.pop()
                if finished:
                    active.discard(id(node))
                    done.add(id(node))
                    order.append(node)
                    continue
                if id(node) in done or id(node) in active:
                    continue
                active.add(id(node))
                seen.setdefault(node.operation, len(seen))
                stack.append((node, True))
                if not self._is_start(node):
                    pending: list[tuple[Node, bool]] = []
                    for source in node.inputs:
                        self._enter(source, pending, label)
                    stack.extend(reversed(pending))
        for tensor in self.inputs:
            source_node = node_of(tensor)
            if source_node is not None and id(source_node) not in done and source_node.is_input:
                done.add(id(source_node))
                order.append(source_node)
                seen.setdefault(source_node.operation, len(seen))
        return order, seen

    def _enter(self, tensor: Any, stack: list[tuple[Node, bool]], output: str) -> None:
        node = node_of(tensor)
        if id(tensor) in self._given:
            if node is not None and self._is_start(node):
                stack.append((node, False))
            return
        if node is None or node.is_input:
            raise ValueError(explain(
                f"`{self.name}`: {output} is not connected to `inputs`: it depends on `{tensor.name}`, "
                "which is not among the inputs.",
                received=repr(tensor),
                expected="inputs " + ", ".join(f"`{t.name}`" for t in self.inputs),
                hint=f"add `{tensor.name}` to the inputs of the model",
            ))  # fmt: skip
        stack.append((node, False))

    def _sort(self, order: list[Node], first_seen: dict[Operation, int]) -> None:
        """Sorts by distance from the outputs: the order in which Keras lists layers and weights."""
        node_depth: dict[int, int] = {}
        depth_of: dict[Operation, int] = {}
        members = {id(node) for node in order}
        for node in reversed(order):
            depth = max(node_depth.get(id(node), 0), depth_of.get(node.operation, 0))
            depth_of[node.operation] = depth
            node_depth[id(node)] = depth
            if self._is_start(node):
                continue
            for parent in node.parents:
                if id(parent) in members:
                    node_depth[id(parent)] = max(node_depth.get(id(parent), 0), depth + 1)
        for tensor in self.inputs:
            start = node_of(tensor)
            if start is not None and id(start) in members and start.is_input and not start.operation._outbound_nodes:
                depth_of[start.operation] = node_depth[id(start)] = max([0, *depth_of.values()])
        self.nodes_by_depth: dict[int, list[Node]] = {}
        for node in order:
            self.nodes_by_depth.setdefault(node_depth[id(node)], []).append(node)
        self.nodes = [
            node for depth in sorted(self.nodes_by_depth, reverse=True) for node in self.nodes_by_depth[depth]
        ]
        self.operations = sorted(depth_of, key=lambda operation: (-depth_of[operation], first_seen[operation]))
        self.nodes_in_order = order
        self._run_order = [node for node in order if not self._is_start(node)]

    def run(
        self, values: list[Any], outputs: list[Any], call: Callable[[Operation], Callable[..., Any]] | None = None
    ) -> list[Any]:
        """Computes the outputs.

        Args:
            values: One a symbolic input.
            outputs: The symbolic outputs that are wanted.
            call: Gives for an operation what is called in its place.

        Returns:
            The results, one an output.
        """
        known: dict[int, Any] = {id(symbolic): value for symbolic, value in zip(self.inputs, values)}

        for symbolic, value in zip(self.inputs, values):
            keep(symbolic, value)

        def fill(argument: Any) -> Any:
            return known[id(argument)] if isinstance(argument, KerasTensor) else argument

        for node in self._run_order:
            args, kwargs = tf.nest.map_structure(fill, (node.args, node.kwargs))
            operation = node.operation if call is None else call(node.operation)
            results = tf.nest.flatten(operation(*args, **kwargs))
            if len(results) != len(node.outputs):
                raise ValueError(_other_number(node, results))
            for symbolic, value in zip(node.outputs, results):
                known[id(symbolic)] = value
                keep(symbolic, value)
        return [known[id(tensor)] for tensor in outputs]
