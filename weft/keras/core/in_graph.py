"""Symbolic tensors of Keras in a graph of TensorFlow 1: for each one a tensor of the graph, made when it is needed.

A model is symbolic tensors, which have no place in a graph. Where a session fetches or is fed one, or an op of the
graph takes one, the calls that lead to it are made in the graph, each once: inputs are placeholders.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

import weft as tf
from weft.extend import present_graph
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import Node, node_of


class _Place:
    """What a graph holds for Keras.

    Attributes:
        tensors: By the identity of a symbolic tensor: it, and the graph's tensor for it.
        phase: The tensor that says whether a run trains; None until it is asked for.
        seeds: How many were drawn.
    """

    def __init__(self) -> None:
        self.tensors: dict[int, tuple[Any, Any]] = {}
        self.phase: Any = None
        self.seeds = 0


_NOWHERE = nullcontext()
_places: weakref.WeakKeyDictionary[Any, _Place] = weakref.WeakKeyDictionary()


def _place() -> _Place:
    return _places.setdefault(present_graph(), _Place())


def bind(symbolic: Any, tensor: Any) -> None:
    """Makes a tensor of the present graph stand for a symbolic one."""
    _place().tensors[id(symbolic)] = (symbolic, tensor)


@contextmanager
def _outside() -> Iterator[None]:
    """In the present graph, outside of the scopes and dependencies that whoever asks for a tensor happens to be in."""
    with present_graph().as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        yield


def scope(name: str) -> AbstractContextManager[Any]:
    """What the operations of a layer's call are made in: in a graph, a scope of the layer's name."""
    return _NOWHERE if present_graph() is None else tf.compat.v1.name_scope(name)


def learning_phase() -> Any:
    """The tensor of the present graph that says whether a run trains; False where it is not fed."""
    place = _place()
    if place.phase is None:
        with _outside():
            place.phase = tf.compat.v1.placeholder_with_default(False, (), name="keras_learning_phase")
    return place.phase


def next_seed(graph: Any) -> int:
    """A seed for whoever brings none, governed by the graph's, as `tf.set_random_seed` sets it."""
    place = _places.setdefault(graph, _Place())
    place.seeds += 1
    return 1 + int(np.random.SeedSequence([graph.seed, place.seeds]).generate_state(1)[0]) % int(1e9)


def lower(symbolic: Any) -> Any:
    """The tensor of the present graph that stands for a symbolic one."""
    tensors = _place().tensors
    stack = [symbolic]  # explicit: models may be deeper than Python's recursion limit
    while stack:
        one = stack[-1]
        node = node_of(one)
        if id(one) in tensors:
            stack.pop()
        elif node is None or node.is_input:
            shape = [None if not isinstance(size, int) else size for size in one.shape.as_list()]
            with _outside():
                    bind(one, tf.compat.v1.placeholder(one.dtype, shape, name=one._name))
        elif missing := [source for source in node.inputs if id(source) not in tensors]:
            stack.extend(missing)
        else:
            with _outside():
                made = _call(node, tensors)
            for output, tensor in zip(node.outputs, made, strict=True):
                bind(output, tensor)
    return tensors[id(symbolic)][1]


def lower_all(structure: Any) -> Any:
    """A structure with the graph's tensors in the place of symbolic ones."""
    return tf.nest.map_structure(lambda leaf: lower(leaf) if isinstance(leaf, KerasTensor) else leaf, structure)


def _call(node: Node, tensors: dict[int, tuple[Any, Any]]) -> list[Any]:
    """A call made again on the graph's tensors."""
    args, kwargs = tf.nest.map_structure(
        lambda leaf: tensors[id(leaf)][1] if isinstance(leaf, KerasTensor) else leaf, (node.args, node.kwargs)
    )
    return tf.nest.flatten(node.operation(*args, **kwargs))  # type: ignore[no-any-return]


def phase_for(layer: Any, default: Any) -> Any:
    """What `training` is for a call in a graph that does not say it: what was set, or the tensor to feed."""
    if not trains_differently(layer):
        return default
    from weft.keras.backend.symbolic import phase_set

    said = phase_set()
    return learning_phase() if said is None else said


def trains_differently(layer: Any) -> bool:
    """Whether a layer or one inside it may compute something else while it trains."""
    return any(one._trains_differently() for one in layer._flatten_layers())


def add_bias(result: Any, bias: Any) -> Any:
    """The sum with a bias along the last axis; in a graph by the operation that has a name of its own there."""
    return result + bias if present_graph() is None else tf.compat.v1.nn.bias_add(result, bias)


def either_way(call: Any, bound: Any) -> Any:
    """Calls a layer of which only a run tells whether it trains: both ways, of which the run goes one.

    Args:
        call: The layer's `call`.
        bound: Its arguments, `training` among them a tensor.
    """

    def way(training: bool) -> Any:
        bound.arguments["training"] = training
        structure[:] = [call(*bound.args, **bound.kwargs)]
        return tf.nest.flatten(structure[0])

    structure: list[Any] = []
    phase = tf.cast(bound.arguments["training"], "bool")
    found = tf.nest.flatten(tf.compat.v1.cond(phase, lambda: way(True), lambda: way(False)))
    return tf.nest.pack_sequence_as(structure[0], found)
