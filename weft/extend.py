"""The documented way into Weft for libraries: Keras is written with it, and so can yours be.

What stands here is kept stable. It reaches below the TensorFlow surface only where that surface has no name: ops by
their table name, steps whose sizes may change, shapes computed without values, symbolic operands of a library's own.

A library's own symbolic tensor is any object with `shape`, `dtype` (a `DType` or its name, so what takes such tensors
compares dtypes by `==`) and `__weft_operation__(op, inputs, attrs)`; every function of `tf` hands the application of an
op over to that method and returns what it returns.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft.runtime.indexing  # noqa: F401  x[0] may be the first thing that a program asks of a tensor
from weft.base import nest
from weft.base.absent import absent, word_absent, word_absent_methods
from weft.base.dims import Dim, exact_quotient, substitute
from weft.base.errors import UnavailableError, explain, nearest, user_facing
from weft.base.locks import Lock
from weft.base.shapes import TensorShape
from weft.base.signatures import signature as signature_of
from weft.base.sources import user_line, user_stacklevel
from weft.engines.base import Distribution
from weft.formats import checkpoint_state, summaries
from weft.formats.events import EventFileWriter
from weft.formats.files import replacing as replacing_file
from weft.formats.files import temporary as temporary_file
from weft.formats.messages.graph import GraphDef
from weft.formats.png import encode_png
from weft.ops import opdef
from weft.runtime import context, dispatch, frontdoor, processes, replicas, tracking
from weft.runtime import function as functions
from weft.runtime import graph as graphs
from weft.runtime import random as streams
from weft.runtime import tape as tapes
from weft.runtime.batches import Batches
from weft.runtime.function import Function
from weft.runtime.graph_variable import SharedVariable
from weft.runtime.tensor import SymbolicTensor, Tensor, TensorOperators, literal

__all__ = [
    "EventFileWriter", "GraphDef", "encode_png", "summaries",
    "Batches", "Dim", "Lock", "SharedVariable", "Tensor", "TensorOperators", "TensorShape", "absent", "at_once",
    "attribute_set", "batches",
    "among_processes", "collect_operations", "cut_among_replicas", "distribute", "evaluate_shape", "explain",
    "explain_missing_gradient",
    "file_of_first_worker", "forget", "function",
    "gather_rows", "global_seed", "in_graph", "join_processes", "layout_of", "list_devices",
    "made_by_constructor", "nearest", "nest",
    "note_latest_checkpoint", "only_computes", "op", "op_outputs", "origin", "outermost_graph", "present_graph",
    "profile", "rebind_sizes",
    "replacing_file", "runs_unwatched", "scan", "set_global_seed", "set_layout", "set_part", "settle", "signature_of",
    "take_constants", "temporary_file", "tune", "user_facing", "user_line", "user_stacklevel", "word_absent",
    "word_absent_methods", "work_is_shared_by_processes", "worker",
]  # fmt: skip


def op(name: str, *tensors: Any, **attrs: Any) -> Any:
    """Applies an op by its name in the table (`docs/ops.md`).

    Args:
        name: The op.
        *tensors: Tensors, symbolic operands, numbers or arrays.
        **attrs: Its attributes.

    Returns:
        Its output; a tuple where it has several.

    Example:
        >>> from weft import extend
        >>> float(extend.op("reduce_sum", [1.0, 2.0], axis=(0,)))
        3.0
    """
    outputs = op_outputs(name, tensors, attrs)
    return outputs[0] if len(outputs) == 1 else outputs


def op_outputs(name: str, tensors: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """Applies an op by its name; always returns a tuple."""
    record = opdef.get(name)
    return dispatch.apply(record, [frontdoor.convert(t) for t in tensors], record.complete(attrs))


def function(python_function: Callable[..., Any], name: str | None = None) -> Function:
    """Like `tf.function`, for steps over batches: equal first sizes become one symbol, so that a shorter batch runs
    the same code."""
    return Function(python_function, name, share_sizes=True)


def batches(function_: Function, data: Any, order: Any, size: int) -> Batches:
    """A function of one argument, called for batch after batch of arrays; rows are gathered by compiled code.

    Args:
        function_: What `function` has made.
        data: Nested arrays with rows along their first axis, in row-major order; None stays None.
        order: `[n]`, numbers of rows in the order in which they are taken; None for all as they lie.
        size: How many rows a batch has; the last one may have fewer.

    Returns:
        An object whose `run()` yields the number of the latest batch and its result, many batches at a time.

    Example:
        >>> import numpy as np
        >>> from weft import extend
        >>> double = extend.function(lambda x: 2 * x)
        >>> every = extend.batches(double, np.arange(5.0), None, 2)
        >>> [result.numpy().tolist() for _, result in every.run(joined=True)]
        [[0.0, 2.0], [4.0, 6.0], [8.0]]
    """
    return Batches(function_, data, order, size)


def traceable(function: Callable[..., Any]) -> Callable[..., Any]:
    """A user's function as it is to be called: where a graph is built, with control flow that may be the graph's.

    What is eager, a library's or without source is given back as it is.
    """
    return function if context.executing_eagerly() else _rewritten(function)


def _rewritten(function: Callable[..., Any]) -> Callable[..., Any]:
    from weft.autograph.calls import traceable as rewritten

    found: Callable[..., Any] = rewritten(function)
    return found


def evaluate_shape(python_function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function returns, as `TensorSpec`s, for arguments known by shape and dtype alone.

    Args:
        python_function: Any function of tensors.
        *args: Its arguments, nested; whatever has `shape` and `dtype` and is no tensor is replaced.
        **kwargs: Its keyword arguments, likewise.

    Returns:
        The structure that the function returns, with a `TensorSpec` for each tensor.

    Example:
        >>> import weft as tf
        >>> from weft import extend
        >>> extend.evaluate_shape(lambda x: tf.reduce_sum(x, 1), tf.TensorSpec([None, 3])).shape
        TensorShape([None])
    """
    return functions.evaluate_shape(_rewritten(python_function), args, kwargs)


def scan(step: Callable[..., Any], start: Any, rows: Any, backwards: bool = False) -> tuple[Any, Any]:
    """Walks along the first axis of tensors with a carry.

    Args:
        step: `(carry, row) -> (carry, result)`, nested tensors each.
        start: The first carry.
        rows: Nested tensors `[time, ...]`.
        backwards: Whether to walk from the end; results stay at the places of their rows.

    Returns:
        The last carry, and the results stacked along a first axis.

    Example:
        >>> import weft as tf
        >>> from weft import extend
        >>> def add(carry, row):
        ...     return carry + row, carry + row
        >>> total, sums = extend.scan(add, tf.constant(0.0), tf.constant([1.0, 2.0]))
        >>> float(total), sums.numpy().tolist()
        (3.0, [1.0, 3.0])
    """
    from weft.runtime import control

    return control.scan(step, start, rows, backwards=backwards)  # type: ignore[no-any-return]


def rebind_sizes(value: Any, old_shapes: Sequence[Any], new_shapes: Sequence[Any]) -> Any:
    """Attributes of an op, noted down for tensors of some shapes, as they are for tensors of other shapes.

    Args:
        value: An attribute, or a tuple, list or dict of them. Symbolic sizes in it are replaced, the rest stays.
        old_shapes: The `TensorShape`s for which it was noted down.
        new_shapes: Those for which it is wanted.
    """
    sizes: dict[Any, Any] = {}
    derived = []
    for old, new in zip(old_shapes, new_shapes, strict=True):
        if old.symbolic is not None and new.symbolic is not None:
            for dimension, size in zip(old.symbolic, new.symbolic, strict=True):
                if isinstance(dimension, Dim) and dimension.symbol is not None:
                    sizes.setdefault(dimension.symbol, size)
                elif isinstance(dimension, Dim):
                    derived.append((dimension, size))
    return _rebind(value, sizes, derived)


def _rebind(value: Any, sizes: dict[Any, Any], derived: list[tuple[Any, Any]]) -> Any:
    if isinstance(value, Dim):
        return substitute(value, sizes) if value.symbols() <= sizes.keys() else _in_proportion(value, sizes, derived)
    if type(value) in (tuple, list):
        return type(value)(_rebind(item, sizes, derived) for item in value)
    if type(value) is dict:
        return {key: _rebind(item, sizes, derived) for key, item in value.items()}
    return value


def _in_proportion(value: Any, sizes: dict[Any, Any], derived: list[tuple[Any, Any]]) -> Any:
    """A size whose symbols no shape tells: a quarter of what was 8 times a batch is a quarter of what is there."""
    for dimension, size in derived:
        unit = substitute(dimension, dict.fromkeys(dimension.symbols(), 1))
        ratio = exact_quotient(value * unit, dimension) if isinstance(unit, int) and unit > 0 else None
        if isinstance(ratio, int):
            return size * ratio // unit
    return substitute(value, sizes)


def origin(tensor: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
    """How a tensor of a graph under construction was made: (op, inputs, attributes); None for others."""
    return functions.origin(tensor)


def profile() -> Any:
    """A context in which compiled code runs kernel by kernel and each is timed.

    Returns:
        An object with `entries` (graph, kernel, part, nodes, runs, seconds, flops, bytes), `table()` and
        `write_trace(path)`.

    Raises:
        UnavailableError: Where the engine in use compiles nothing, or a profile is open.
    """
    made = getattr(dispatch.engine(), "profile", None)
    if made is None:
        raise UnavailableError(f"The engine `{dispatch.engine().name}` compiles nothing that could be timed.")
    return made()


def tune() -> Any:
    """A context in which a program runs as ever, and how its products are best cut is measured and kept.

    Results are the same bits, in the context and after it. What is found becomes the code of the graphs that ran, in
    this process and, by the folder of compiled code, in later ones.

    Returns:
        An object with `table()`.

    Raises:
        UnavailableError: Where the engine in use has nothing to choose, or a profile is open.
    """
    made = getattr(dispatch.engine(), "tune", None)
    if made is None:
        raise UnavailableError(f"The engine `{dispatch.engine().name}` has nothing that could be tried out.")
    return made()


def set_part(name: str) -> str:
    """Says which part of a program runs from now on, such as a model's layer; returns which it was.

    Names of nodes in traced functions begin so, and profiles tell times by them.
    """
    return context.set_part(name)


def runs_unwatched() -> bool:
    """Whether ops run at once, and nothing looks at single ones: no graph, no tape, no search for NaN."""
    if context.tapes() or context.scope() is not None or functions.functions_run_eagerly():
        return False
    return dispatch.check_results is None


def only_computes(function_: Function, *args: Any) -> bool:
    """Whether a call only computes: compiled as a whole, once for all batches, it reads variables, but writes none and
    draws no numbers.

    Args:
        function_: What `function` has made; it is traced for these arguments where it was not.
        *args: Its arguments.
    """
    graph = function_.trace_of(*args).graph
    executable = dispatch.compiled(graph)
    return not graph.has_effects() and getattr(executable, "copies", False) and not getattr(executable, "fixed", ())


def attribute_set(owner: Any) -> None:
    """To be called where an attribute of an object was set that `tf.train.Checkpoint` saves by a method
    `_trackable_children`: a checkpoint that was restored before may have values for it."""
    tracking.attribute_set(owner)


def note_latest_checkpoint(prefix: str) -> None:
    """Says in a folder's file `checkpoint` that this checkpoint of it is the latest."""
    checkpoint_state.write_checkpoint_state(os.path.dirname(prefix) or ".", prefix)


def in_graph() -> bool:
    """Whether a graph is being built, rather than ops run at once."""
    return context.scope() is not None


def present_graph() -> Any:
    """The graph of TensorFlow 1 that ops are added to now; None where they run at once or in a traced function."""
    scope = context.scope()
    return None if scope is None or scope.ordered else graphs.default_graph()


def take_constants(inputs: Sequence[Any]) -> tuple[list[Any], bool]:
    """Operands with the constants of a graph of TensorFlow 1 as plain values, and whether a tensor of it is left."""
    found: list[Any] = []
    left = False
    for one in inputs:
        node = one._value.node if isinstance(one, SymbolicTensor) else None
        if node is not None and node.op == "constant":
            one = literal(node.attrs["value"].array)
        found.append(one)
        left = left or (node is not None and node.op != "constant")
    return found, left


def outermost_graph() -> Any:
    """The graph of TensorFlow 1 around all that is open, whatever was opened within it; None where that is eager."""
    scope = context.outermost_graph()
    return None if scope is None else graphs.wrapper_of(scope.graph)


def at_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose ops run at once where a graph of TensorFlow 1 is open, so that it needs no session."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with context.outside_graphs():
            return function(*args, **kwargs)

    return run


def collect_operations(function_: Any) -> list[str]:
    """The names of the ops in every trace of a function, in order; for tests and curiosity."""
    return [node.op for concrete in function_.concrete_functions() for node in concrete.graph.nodes]


def made_by_constructor(variable: Any) -> None:
    """For an object that lifts its variables out of functions: one that its constructor has made.

    Raises:
        ValueError: Where the function that is being traced would make a new object in every call.
    """
    functions.check_lifted_creation(variable)


def explain_missing_gradient(variable: Any, guess: bool = False) -> str:
    """Why the last tape of this thread with an absent gradient gave none for a variable.

    Args:
        variable: The variable.
        guess: What to give where that is not known: what is mostly the reason, or "".
    """
    return tapes.explain_missing(variable) or (tapes.COMMON_REASON if guess else "")


def settle() -> None:
    """Waits for the call of a `function` whose errors were to be heard of later, and raises them.

    Raises:
        InvalidArgumentError: What that call was wrong about; it has then changed nothing.
    """
    dispatch.settle()


def forget() -> None:
    """Waits no more for such a call; whoever looks at its results still hears of its errors."""
    dispatch.forget()


def gather_rows(array: Any, indices: Any) -> Any:
    """Rows of an array in memory as a new array.

    Args:
        array: `[n, ...]`.
        indices: `[m]`, integers.
    """
    return np.take(array, indices, axis=0)


def list_devices() -> list[str]:
    """The names of the devices that the engine in use can run on, such as `cpu:0`."""
    return list(dispatch.engine().devices())


def distribute(
    shape: Sequence[int] | None, axes: Sequence[str] = (), devices: Sequence[str] = (), batch_axis: str | None = None
) -> None:
    """Shares what runs from now on between devices.

    Args:
        shape: Sizes of the grid of devices; None ends the sharing.
        axes: The names of its axes.
        devices: Names of devices, in row-major order.
        batch_axis: The axis that batches are cut along.

    Raises:
        UnavailableError: Where the engine in use cannot.
    """
    made = None if shape is None else Distribution(tuple(shape), tuple(axes), tuple(devices), batch_axis)
    dispatch.engine().distribute(made)


def join_processes(address: str | None, count: int | None, number: int | None) -> None:
    """Makes this process one of several that work together. What is None the process's surroundings tell.

    Args:
        address: Host and port of the first process.
        count: How many there are.
        number: Which of them this is.

    Raises:
        UnavailableError: On an engine that runs in one process, or where the others cannot be reached.
    """
    processes.join_found(address, count, number)


def worker() -> tuple[int, int]:
    """Which of several processes this is, and how many there are; (0, 1) for one that is alone."""
    return processes.number(), processes.count()


def work_is_shared_by_processes() -> bool:
    """Whether what runs now runs on devices of several processes, which all have to take the same steps."""
    return processes.spans()


def among_processes(dataset: Any) -> Any:
    """Batches as all processes go through them together, where what runs now is shared with others.

    A dataset is divided as its options say (`AutoShardPolicy`); anything else has to be the same in all processes.

    Args:
        dataset: Gives batches.
    """
    if hasattr(dataset, "whole_batches"):
        return dataset.whole_batches()
    if not processes.spans():
        return dataset
    from weft.data import shared

    return shared.among_processes(dataset, processes.number(), processes.count(), lambda: None)


def require_alike(what: str, arrays: Any) -> bool:
    """Sees to it that arrays are the same in all processes, where what runs now is shared with others.

    Args:
        what: What they are, for the message.
        arrays: A sequence of what this process has; None where its data have ended.

    Returns:
        Whether there are any.

    Raises:
        ValueError: Where they differ; in all processes.
    """
    return processes.require_alike(what, arrays) if processes.spans() else arrays is not None


def lies_cut(variable: Any) -> bool:
    """Whether a variable's value lies cut over several processes, so that none of them has all of it."""
    return processes.cut(variable._cell) is not None


def file_of_first_worker(path: str) -> Any:
    """A file as the first of several processes has it: its path, or an open file in those whose machines may not have
    it; None where the first one has none.

    Args:
        path: The file.
    """
    return processes.file_of_first(path)


def summed_over_replicas(gradients: Sequence[Any]) -> list[Any]:
    """Gradients summed over the replicas of `strategy.run`; outside of replicas as they are. None stays None."""
    return replicas.summed(gradients)


def same_in_all_replicas() -> Any:
    """A block in which variables take values as they are: those are the same in all replicas."""
    return replicas.merged()


def replica_count() -> int:
    """How many replicas the code at hand is run for: 1 outside of `strategy.run`."""
    found = replicas.body()
    return 1 if found is None else found.count


def cut_among_replicas(data: Any, count: int) -> Any:
    """The rows of a batch as values of each replica; scalars all get, and what are values of replicas stays so.

    Args:
        data: Nested tensors.
        count: How many replicas there are.
    """
    from weft.api.distribute_inputs import cut

    return nest.map_structure(lambda leaf: cut(leaf, count), data)


def set_layout(variable: Any, axes: Sequence[str | None]) -> None:
    """Says along which axes of the grid of devices a variable is cut, from the next run on.

    Args:
        variable: The variable.
        axes: For each of its axes a name, or None.

    Raises:
        ValueError: Where their numbers differ.
    """
    if len(axes) != len(variable.shape):
        raise ValueError(explain(f"The layout of `{variable.name}` has {len(axes)} entries.",
                                 expected=f"{len(variable.shape)}, one for each axis of shape {variable.shape}",
                                 received=repr(tuple(axes))))  # fmt: skip
    variable._cell.layout = tuple(axes) if any(axis is not None for axis in axes) else None


def layout_of(variable: Any) -> tuple[str | None, ...]:
    """Along which axes of the grid of devices a variable is cut."""
    found: tuple[str | None, ...] | None = variable._cell.layout
    return (None,) * len(variable.shape) if found is None else found


def set_global_seed(seed: int | None) -> None:
    """Restarts all random streams, as `tf.random.set_seed` does."""
    streams.set_seed(seed)


def global_seed() -> int | None:
    """The seed that was set, or None."""
    return streams.seed()


def dense_columns(feature_columns: Any) -> list[Any]:
    """Columns of `tf.feature_column` in the order in which a layer takes them, checked.

    Raises:
        ValueError: For what is no dense column, and names that recur.
    """
    from weft.api.columns import normalized_columns

    return normalized_columns(feature_columns)


def column_tensors(columns: Sequence[Any], features: Any, tables: Any) -> list[Any]:
    """The numbers that columns make of raw features, each `[batch, width]`.

    Args:
        columns: As `dense_columns` gives them.
        features: Name → tensor.
        tables: Column → the table that it needs.
    """
    from weft.api.columns import Features, dense_tensor

    made = Features(features)
    return [dense_tensor(column, made, tables.get(column)) for column in columns]
