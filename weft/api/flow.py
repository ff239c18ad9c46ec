"""Control flow, tracing, differentiation, printing and checks at the front."""

from __future__ import annotations

import functools
import logging
import operator
import pprint
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from weft.api import map_results, ragged_map, sparse_map
from weft.api import nest as nested
from weft.api.common import apply, cast_to
from weft.base import dtypes, nest
from weft.base.dtypes import DType
from weft.base.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
    explain,
)
from weft.formats import files
from weft.ir.types import TensorType
from weft.ops import opdef, string_format
from weft.runtime import context, control, dispatch, frontdoor, kept_calls
from weft.runtime import tensor as tensors
from weft.runtime.composite import CompositeTensor
from weft.runtime.custom_gradient import custom_gradient  # noqa: F401
from weft.runtime.function import Function
from weft.runtime.ragged import RaggedTensor
from weft.runtime.scopes import NameScope as name_scope  # noqa: F401
from weft.runtime.sparse import SparseTensor
from weft.runtime.tape import GradientTape, UnconnectedGradients
from weft.runtime.tensor import EagerTensor

cond = control.cond


def while_loop(cond: Any, body: Any, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
               back_prop: bool = True, swap_memory: bool = False, maximum_iterations: Any = None,
               name: str | None = None) -> Any:  # fmt: skip
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds; returns the last loop variables."""
    if isinstance(loop_vars, (list, tuple)) and not loop_vars:
        raise ValueError(explain("tf.while_loop: there are no loop variables.", expected="at least one",
                                 hint="a counter will do"))  # fmt: skip
    found = control.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations, name)
    return _closed(found, back_prop)


def _closed(results: Any, back_prop: bool) -> Any:
    """Results through which no gradient passes, where `back_prop=False` asks for it: in graphs, as in TensorFlow."""
    if back_prop or context.executing_eagerly():
        return results
    return nest.map_structure(lambda value: apply("stop_gradient", value), results)


def case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False,
         name: str = "case") -> Any:  # fmt: skip
    """The result of the first function whose predicate holds, else of `default`.

    Args:
        pred_fn_pairs: Pairs of a bool scalar and a function without arguments.
        default: A function; without it one of the predicates must hold.
        exclusive: Whether only one predicate may hold.
        strict: Accepted.
        name: Accepted.

    Raises:
        InvalidArgumentError: Where no predicate holds and there is no default, or several hold that may not.
    """
    return chosen_case(pred_fn_pairs, default, exclusive, cond)


def chosen_case(pred_fn_pairs: Any, default: Any, exclusive: bool, branch: Callable[[Any, Any, Any], Any]) -> Any:
    """What `case` gives, each of its choices made by `branch`, which is a `cond`."""
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise ValueError("case needs at least one (predicate, function) pair.")
    predicates = [pred for pred, _ in pairs]
    result = _otherwise(*pairs.pop()) if default is None else default
    for pred, function in reversed(pairs):
        result = functools.partial(branch, pred, function, result)
    if not exclusive:
        return result()
    tests = [frontdoor.convert(pred) for pred in predicates]
    count = functools.reduce(operator.add, [cast_to(test, dtypes.int32) for test in tests])
    with _checked(count <= 1, tests, "case: more than one predicate holds, although `exclusive` says that none do"):
        return result()


def _otherwise(pred: Any, function: Any) -> Callable[[], Any]:
    """The last function of a `case` without a default."""

    def last() -> Any:
        with _checked(frontdoor.convert(pred), [], "case: no predicate holds, and there is no `default`"):
            return function()

    return last


def _checked(test: Any, data: Sequence[Any], message: str) -> Any:
    """A block whose ops come after a check."""
    results = dispatch.apply(opdef.get("assert"), [test, *data], {"message": message}, None)
    return control_dependencies(results)


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case") -> Any:
    """The result of the function whose number is given, else of `default` (the last one where None)."""
    branches = branches_of(branch_fns)
    return case(numbered_cases(branch_index, branches), default or branches[-1])


def branches_of(branch_fns: Any) -> list[Callable[[], Any]]:
    """The functions of a `switch_case` in the order of their numbers.

    Raises:
        ValueError: Where the numbers are not 0, 1, 2 and so on.
    """
    if isinstance(branch_fns, dict):
        branches = sorted(branch_fns.items())
    elif branch_fns and isinstance(branch_fns[0], (list, tuple)):
        branches = sorted(branch_fns)
    else:
        branches = list(enumerate(branch_fns))
    numbers = [number for number, _ in branches]
    if numbers != list(range(len(branches))):
        raise ValueError(explain("switch_case: the numbers of the branches must be 0, 1, 2 and so on.",
                                 received=str(numbers)))  # fmt: skip
    return [function for _, function in branches]


def numbered_cases(branch_index: Any, branches: Sequence[Callable[[], Any]]) -> list[tuple[Any, Callable[[], Any]]]:
    """The pairs of a `case` that chooses a function by its number."""
    index, equal = frontdoor.convert(branch_index), tensors.operators["equal"]  # `==` is identity in version 1
    return [(equal(index, number), function) for number, function in enumerate(branches)]


def function(func: Any = None, input_signature: Any = None, autograph: bool = True, jit_compile: Any = None,
             reduce_retracing: bool = False, experimental_implements: Any = None,
             experimental_autograph_options: Any = None, experimental_attributes: Any = None,
             experimental_relax_shapes: Any = None, experimental_compile: Any = None,
             experimental_follow_type_hints: Any = None) -> Any:  # fmt: skip
    """Traces a Python function once per signature into a graph and runs that.

    Args:
        func: The function; without it a decorator is returned.
        input_signature: TensorSpecs; one trace then serves all calls.
        autograph: Whether `if`, `while` and `for` over tensors become the graph's.
        jit_compile: Accepted: graphs are always compiled.
        reduce_retracing: Whether sizes that change from call to call become unknown instead of tracing again.
        experimental_implements: Accepted.
        experimental_autograph_options: Accepted.
        experimental_attributes: Accepted.
        experimental_relax_shapes: An older name of `reduce_retracing`.
        experimental_compile: Accepted.
        experimental_follow_type_hints: Accepted.

    Returns:
        A callable.

    Example:
        >>> import weft as tf
        >>> @tf.function
        ... def square(x):
        ...     return x * x
        >>> int(square(tf.constant(3)))
        9
    """
    relax = bool(reduce_retracing or experimental_relax_shapes)

    def decorate(python_function: Any) -> Function:
        inner = python_function.python_function if isinstance(python_function, Function) else python_function
        return Function(inner, None, input_signature, reduce_retracing=relax, convert=_converted if autograph else None)

    return decorate if func is None else decorate(func)


def _converted(python_function: Any) -> Any:
    from weft.autograph.calls import call
    from weft.autograph.converting import converted

    if isinstance(python_function, (types.FunctionType, types.MethodType)):
        return converted(python_function)
    return functools.partial(call, python_function)  # an object that is called, whose class may be the program's


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", gate_gradients: bool = False,
              aggregation_method: Any = None, stop_gradients: Any = None,
              unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:  # fmt: skip
    """The gradients of the sum of `ys` with respect to `xs`, built into the graph that holds them."""
    from weft.runtime import gradients as graph_gradients

    return graph_gradients.gradients(ys, xs, grad_ys, stop_gradients, unconnected_gradients, name)


def map_fn(fn: Any, elems: Any, dtype: Any = None, parallel_iterations: Any = None, back_prop: bool = True,
           swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
           fn_output_signature: Any = None) -> Any:  # fmt: skip
    """Applies a function to every row and stacks the results; ragged and sparse rows, and such results, too."""
    leaves = nest.flatten(elems)
    signature = fn_output_signature if fn_output_signature is not None else dtype
    if sparse_map.concerns(elems, signature):
        return _closed(sparse_map.map_rows(_traceable(fn), elems, signature), back_prop)
    if ragged_map.concerns(elems, signature):
        return _closed(ragged_map.map_rows(_traceable(fn), elems, signature), back_prop)
    if any(isinstance(leaf, CompositeTensor) for leaf in leaves):
        return _closed(_map_of_several(_traceable(fn), elems), back_prop)
    rows, fn = nest.map_structure(frontdoor.convert, elems), _traceable(fn)
    wanted = nest.map_structure(lambda t: t.dtype, rows) if signature is None else signature
    scope = context.scope()
    late: dict[int, InvalidArgumentError] | None = None if scope is None or scope.ordered else {}
    found = control.scan(lambda carry, row: (carry, map_results.as_announced(fn(row), wanted, late)), [], rows)[1]
    return _closed(_raising(found, late) if late else found, back_prop)


def _raising(results: Any, late: Mapping[int, InvalidArgumentError]) -> Any:
    """Results of `map_fn` in a graph of TensorFlow 1, of which those raise when they are run that have an error."""
    leaves = nest.flatten(results)
    for number, error in late.items():
        rows = leaves[number]
        none = apply("equal", apply("shape", rows)[0], 0)  # without rows nothing was given that could be wrong
        with _checked(none, [], str(error)):
            leaves[number] = apply("identity", rows)
    return nest.pack(results, leaves)


def _map_of_several(fn: Any, elems: Any) -> Any:
    """`map_fn` over values that are made of several tensors, all of which have a row for each of theirs."""
    leaves = nest.flatten(elems)
    whole = [leaf._type_spec if isinstance(leaf, CompositeTensor) else None for leaf in leaves]
    if any(spec is not None and len(spec._sliced()) != len(spec._component_specs()) for spec in whole):
        raise NotImplementedError(explain("tf.map_fn takes dense tensors.", received=repr(elems)[:100],
                                          hint="tf.ragged.map_flat_values, or x.to_tensor()"))  # fmt: skip
    parts = [leaf._components() if isinstance(leaf, CompositeTensor) else [frontdoor.convert(leaf)] for leaf in leaves]
    single = [None if spec is None else spec._row() for spec in whole]
    given: list[Any] = []

    def step(carry: Any, row: list[list[Any]]) -> Any:
        one = [own[0] if spec is None else spec._from_components(own) for spec, own in zip(single, row, strict=True)]
        result = fn(nest.pack(elems, one))
        given[:] = [nest.map_structure(lambda leaf: getattr(leaf, "_type_spec", None), result)]
        return carry, nested.flatten(result, expand_composites=True)

    supply = iter(control.scan(step, [], parts)[1])
    shape = parts[0][0].shape
    count = None if shape.rank is None else shape[0]

    def stacked(spec: Any) -> Any:
        several = None if spec is None else spec._batched(count)
        own = [next(supply) for _ in ([None] if several is None else several._component_specs())]
        return own[0] if several is None else several._from_components(own)

    return nest.map_structure(stacked, given[0])


def scan(fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
         swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
         name: str | None = None) -> Any:  # fmt: skip
    """All intermediate results of `accumulated = fn(accumulated, row)`, stacked."""
    rows = nest.map_structure(frontdoor.convert, elems)
    if initializer is None:
        first, rest = (-1, slice(None, -1)) if reverse else (0, slice(1, None))
        initializer = nest.map_structure(lambda t: t[first], rows)
        tail = nest.map_structure(lambda t: t[rest], rows)
        results = _accumulate(fn, initializer, tail, reverse)[1]
        order = (lambda start, more: [more, start]) if reverse else (lambda start, more: [start, more])
        found = nest.map_structure(
            lambda start, more: apply("concat", *order(apply("expand_dims", start, axis=0), more), axis=0),
            initializer, results,
        )  # fmt: skip
        return _closed(found, back_prop)
    return _closed(_accumulate(fn, nest.map_structure(frontdoor.convert, initializer), rows, reverse)[1], back_prop)


def _traceable(fn: Any) -> Any:
    """A function that is traced whether or not a graph is being built."""
    from weft.autograph.calls import traceable

    return traceable(fn)


def _accumulate(fn: Any, start: Any, rows: Any, backwards: bool) -> Any:
    fn = _traceable(fn)

    def step(carry: Any, row: Any) -> Any:
        found = fn(carry, row)
        return found, found

    return control.scan(step, start, rows, backwards=backwards)


def foldl(fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
          swap_memory: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The last of `accumulated = fn(accumulated, row)`, from the first row on."""
    return _closed(_fold(fn, elems, initializer, False), back_prop)


def foldr(fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
          swap_memory: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The last of `accumulated = fn(accumulated, row)`, from the last row on."""
    return _closed(_fold(fn, elems, initializer, True), back_prop)


def _fold(fn: Any, elems: Any, initializer: Any, backwards: bool) -> Any:
    rows = nest.map_structure(frontdoor.convert, elems)
    if initializer is None:
        first, rest = (-1, slice(None, -1)) if backwards else (0, slice(1, None))
        initializer, rows = nest.map_structure(lambda t: t[first], rows), nest.map_structure(lambda t: t[rest], rows)
    start, fn = nest.map_structure(frontdoor.convert, initializer), _traceable(fn)
    return control.scan(lambda carry, row: (fn(carry, row), []), start, rows, backwards=backwards)[0]


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """What is made within the block runs after these; where effects are ordered anyway it changes nothing.

    None takes away what the blocks around this one ask for.
    """
    scope = context.scope()
    if scope is None:
        yield
        return
    if control_inputs is None:
        with context.without_control(scope):
            yield
        return
    nodes = []
    for item in nest.flatten(list(control_inputs)):
        node = getattr(item, "node", None) or getattr(getattr(item, "_value", None), "node", None)
        if node is None and hasattr(item, "_node"):
            node = item._node
        if node is not None and node.graph is scope.graph:
            nodes.append(node)
    with context.after(scope, nodes):
        yield


@contextmanager
def init_scope() -> Iterator[None]:
    """Leaves all traced functions: within the block ops run eagerly, or in the graph of TensorFlow 1 around them, out
    of its branches and loops and after nothing."""
    around = context.lifted()
    if around is not None:
        with context.enter_graph(around), context.without_control(around):
            yield
        return
    with context.open_scope(around):  # tapes of outside do not see what happens here
        yield


def executing_eagerly() -> bool:
    """Whether ops run at once."""
    return context.executing_eagerly()


def inside_function() -> bool:
    """Whether a traced function is being built."""
    scope = context.scope()
    return scope is not None and scope.ordered


#: behind the number of a text that is printed without quotes
_BARE = "b"


def print_(*inputs: Any, output_stream: Any = None, summarize: int | None = 3, sep: str = " ", end: str = "\n",
           name: str | None = None) -> Any:  # fmt: skip
    """Prints tensors and anything else; in a graph, when it runs. To stderr where no stream is named.

    Args:
        *inputs: What to print.
        output_stream: A stream such as `sys.stdout`, or `"file://path"`.
        summarize: How many elements to show at each end of an axis; -1 for all.
        sep: What stands between the inputs.
        end: What stands at the end.
        name: The node's name.
    """
    tensors: list[Any] = []

    def place_of(tensor: Any, bare: bool = False) -> str:
        tensors.append(frontdoor.convert(tensor))
        return f"\0{len(tensors) - 1:02d}{_BARE if bare else ''}\0"

    def marked(leaf: Any) -> Any:
        if isinstance(leaf, SparseTensor):
            parts = (place_of(part) for part in (leaf.indices, leaf.values, leaf.dense_shape))
            return _Text("'SparseTensor(indices={}, values={}, shape={})'".format(*parts))
        if isinstance(leaf, RaggedTensor):
            return _Text(place_of(_ragged_text(leaf, summarize), bare=True))
        plain = isinstance(leaf, np.ndarray) or not frontdoor.is_tensor_like(leaf)
        return leaf if plain else _Text(place_of(leaf))

    shown = [given if isinstance(given, str) else pprint.pformat(nest.map_structure(marked, given)) for given in inputs]
    if shown == ["\0" + "00\0"]:  # one tensor alone: a text without quotes, then
        shown = ["\0" + f"00{_BARE}\0"]
    text = sep.join(shown) + end
    stream = "stdout" if output_stream is sys.stdout else None if output_stream is sys.stderr else output_stream
    static = {"text": text, "summarize": summarize, "stream": stream}
    write = kept_calls.KeptCall(functools.partial(_print, text, summarize, output_stream), "print", static)
    results = dispatch.apply(opdef.get("print"), tensors, {"write": write}, name or "PrintV2")
    return results[0] if results else None


def _ragged_text(tensor: Any, summarize: int | None) -> Any:
    """The rows of a ragged tensor as a text, when the graph runs."""

    def rows(*parts: Any) -> Any:
        lists = tensor._rebuild([EagerTensor(part) for part in parts]).to_list()
        return [np.asarray(_list_text(lists, summarize).encode(), object)]

    parts = [frontdoor.convert(part) for part in tensor._components()]
    if context.scope() is None:
        return EagerTensor(rows(*[part._array for part in parts])[0])
    attrs = {"function": rows, "types": (TensorType((), dtypes.string),), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), parts, attrs, "RaggedText")[0]


def _list_text(value: Any, summarize: int | None) -> str:
    if isinstance(value, bytes):
        return repr(_decoded(value))
    if not isinstance(value, list):
        return f"{value:f}" if isinstance(value, float) else str(value)
    parts = [_list_text(item, summarize) for item in value]
    if summarize is not None and 0 <= 2 * summarize < len(parts):
        parts = [*parts[:summarize], "...", *parts[-summarize:]]
    return f"[{', '.join(parts)}]"


def _print(text: str, summarize: int | None, stream: Any, *arrays: Any) -> None:
    """Writes a text in which numbers between zeros stand for arrays."""
    parts = text.split("\0")
    parts[1::2] = [_array_text(arrays[int(place.rstrip(_BARE))], summarize, _BARE in place) for place in parts[1::2]]
    _emit("".join(parts), stream)


def _kept_print(text: str, summarize: int | None, stream: str | None) -> Any:
    return functools.partial(_print, text, summarize, sys.stdout if stream == "stdout" else stream)


kept_calls.made["print"] = _kept_print


class _Text(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _array_text(array: Any, summarize: int | None, bare: bool = False) -> str:
    if array.dtype == object:
        if array.ndim == 0:
            return _decoded(array.item()) if bare else f'"{_decoded(array.item())}"'
        return "[" + " ".join(f'"{_decoded(i)}"' if array.ndim == 1 else _array_text(np.asarray(i, object), summarize)
                              for i in array) + "]"  # fmt: skip
    return string_format.summary(array, -1 if summarize is None else summarize) if array.size else "[]"


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _emit(text: str, stream: Any) -> None:
    if isinstance(stream, str) and stream.startswith("file://"):
        path = stream[len("file://") :]
        with files.writing(path), open(path, "a", encoding="utf-8") as file:
            file.write(text)
        return
    target = stream if stream is not None and hasattr(stream, "write") else sys.stderr
    target.write(text)
    target.flush()


def get_logger() -> logging.Logger:
    """The logger `tensorflow`, whose level and handlers Weft's own messages follow from then on."""
    log = logging.getLogger("tensorflow")
    logging.getLogger("weft").parent = log
    return log


def timestamp(name: str | None = None) -> Any:
    """Seconds since the beginning of 1970, as float64; in a graph, when it runs."""
    now = TensorType((), dtypes.float64)
    attrs = {"function": lambda: [np.asarray(time.time())], "types": (now,), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), [], attrs, name or "Timestamp")[0]


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None) -> Any:
    """Calls a Python function on eager tensors when the graph runs; it may be differentiated.

    Args:
        func: Takes eager tensors, returns tensors or arrays. Without it the result decorates a function, which is then
            called with the tensors.
        inp: The tensors.
        Tout: The dtype of the result, or a list of them; [] for none.
        name: The node's name.
    """
    if func is None:
        return lambda function: functools.wraps(function)(
            lambda *tensors: _host_call(function, list(tensors), Tout, name, eager=True))  # fmt: skip
    return _host_call(func, inp, Tout, name, eager=True)


def numpy_function(func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True,
                   name: str | None = None) -> Any:  # fmt: skip
    """Calls a Python function on numpy arrays when the graph runs; no gradient flows through it.

    Args:
        func: Takes arrays (in a graph numpy's scalars and bytes for what has no axes), returns arrays. Without it the
            result decorates a function, which is then called with the tensors.
        inp: The tensors.
        Tout: The dtype of the result, or a list of them; [] for none.
        stateful: Accepted.
        name: The node's name.
    """
    if func is None:
        return lambda function: functools.wraps(function)(
            lambda *tensors: _host_call(function, list(tensors), Tout, name, eager=False))  # fmt: skip
    return _host_call(func, inp, Tout, name, eager=False)


def _owned(result: Any, dtype: DType) -> Any:
    """What a Python function returned as an array of the promised dtype that it has no hold of.

    Arrays are cast, as TensorFlow does; tensors and Python's numbers are not.
    """
    if isinstance(result, np.ndarray) and dtype is not dtypes.string:
        return np.array(result, dtype.numpy)
    return np.asarray(frontdoor.convert(result, dtype)._array, dtype.numpy)


def _promised(result: Any, dtype: DType, place: int) -> Any:
    """What a function of numpy's arrays returned, which must have the promised dtype.

    Raises:
        InvalidArgumentError: Where it has another one.
    """
    found = frontdoor.convert(result if isinstance(result, EagerTensor) else np.array(result))
    if found.dtype != dtype:
        raise InvalidArgumentError(explain(
            f"numpy_function: result {place} of the function has another dtype than `Tout` says.",
            expected=dtype.name, received=f"{found.dtype.name}{found.shape}",
            hint=f"return np.asarray(result, np.{dtype.name}), or name {found.dtype.name} in Tout",
        ))  # fmt: skip
    return found._array


#: the class of error that an op of a Python function raises where that raises one of these; for others UnknownError
_CLASSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[OpError]], ...] = (
    ((ValueError, TypeError), InvalidArgumentError), (StopIteration, OutOfRangeError),
    (MemoryError, ResourceExhaustedError), (NotImplementedError, UnimplementedError),
)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Raises what a program's function raises as an error of the op, which the function's own is the cause of."""
    try:
        yield
    except OpError:
        raise
    except Exception as error:
        kind = next((made for given, made in _CLASSES if isinstance(error, given)), UnknownError)
        raise kind(f"{what}: {type(error).__name__}: {error}") from error


class _HostRun:
    """One run of a Python function under a tape: kept with its results, so that a gradient need not run it again."""

    def __init__(self, tape: GradientTape, given: Sequence[Any], results: Sequence[Any]) -> None:
        self.tape = tape
        self.given = given
        self.results = results


class _HostFunction:
    """A Python function on eager tensors as a node calls it; its last result is what its gradient needs."""

    users = True  # not one of our own, of which is known what it does

    def __init__(self, func: Any, types: Sequence[TensorType], several: bool) -> None:
        self.func = func
        self.types = types
        self.several = several
        self.differentiated = False  # whether a gradient of the node is part of some graph

    def __call__(self, *arrays: Any) -> list[Any]:
        kept = np.empty((), object)
        recorded = self.differentiated or bool(context.tapes())
        with context.open_scope(None):
            given = [EagerTensor(array) for array in arrays]
            if not self.types:
                self._call(given)
                return []
            if not recorded:
                return [*(_owned(r, t.dtype) for r, t in zip(self._results(given), self.types, strict=True)), kept]
            with GradientTape(persistent=True) as tape:
                for tensor in given:
                    if _carries(tensor.type):
                        tape.watch(tensor)
                found = zip(self._results(given), self.types, strict=True)
                results = [frontdoor.convert(r, t.dtype) for r, t in found]
            kept[()] = _HostRun(tape, given, results)
            return [*(_owned(tensor, t.dtype) for tensor, t in zip(results, self.types, strict=True)), kept]

    def _results(self, given: Sequence[Any]) -> list[Any]:
        found = self._call(given)
        return list(found) if self.several else [found]

    def _call(self, given: Sequence[Any]) -> Any:
        with _told("py_function"):
            return self.func(*given)

    def gradient(self, b: Any, node: Any, cts: Sequence[Any]) -> Sequence[Any]:
        """The rule of the node: another call of Python, into the tape that ran along."""
        self.differentiated = True
        wanted = [i for i, need in enumerate(node.needs) if need]
        held = [node.inputs[i] for i in wanted]
        result_types = tuple(TensorType(b.shape(v) if b.knows_rank(v) else None, b.dtype(v)) for v in held)

        def pull_back(kept: Any, *arrays: Any) -> list[Any]:
            run = kept[()]
            if run is None:
                raise InvalidArgumentError(explain(
                    "py_function: it ran before a gradient was asked for, and was not recorded.",
                    hint="make the gradient before the function runs, or open a tape around the call",
                ))  # fmt: skip
            targets = [r for r, t in zip(run.results, self.types, strict=True) if _carries(t)]
            with context.open_scope(None):
                parts = run.tape.gradient(targets, [run.given[i] for i in wanted], [EagerTensor(a) for a in arrays],
                                          UnconnectedGradients.ZERO)  # fmt: skip
                return [frontdoor.convert(part)._array for part in parts]

        flowing = [ct for ct, t in zip(cts, self.types, strict=False) if _carries(t)]
        flat = b.apply(opdef.get("py_function"), [node.outputs[-1], *flowing],
                       {"function": pull_back, "types": result_types, "gradient": _no_second_order})  # fmt: skip
        by_input = dict(zip(wanted, flat, strict=True))
        return [by_input.get(i) for i in range(len(node.inputs))]


def _carries(type: TensorType) -> bool:
    return bool(type.dtype.is_floating or type.dtype.is_complex)


def _no_second_order(b: Any, node: Any, cts: Sequence[Any]) -> Sequence[Any]:
    raise LookupError("py_function has gradients of first order only; use ops of tf in place of the Python function")


def _host_call(func: Any, inp: Any, Tout: Any, name: str | None, eager: bool) -> Any:
    several = isinstance(Tout, (list, tuple))
    declared = list(Tout) if several else [] if Tout is None else [Tout]
    types = tuple(TensorType(None, dtypes.as_dtype(t)) for t in declared)
    tensors = [frontdoor.convert(t) for t in (inp or [])]
    traced = not context.executing_eagerly()
    at_once = not eager and all(isinstance(tensor, EagerTensor) for tensor in tensors) and not traced

    def call(*arrays: Any) -> list[Any]:
        # both ways copies: tensors do not change, whatever the function does with its arrays, then or later; graphs
        # hand over what has no axes as numpy's scalars and as bytes
        with context.open_scope(None):
            with nullcontext() if at_once else _told("numpy_function"):
                found = func(*(a[()] if traced and a.ndim == 0 else a.copy() for a in arrays))
            listed = several and isinstance(found, (list, tuple))  # one result may come bare
            results = [] if not types else list(found) if listed else [found]
            if len(results) != len(types):
                raise InvalidArgumentError(explain(f"numpy_function: the function returned {len(results)} results.",
                                                   expected=f"{len(types)}, as many as `Tout` names"))  # fmt: skip
            if at_once:  # there results have the dtypes that they have, as in TensorFlow
                return [np.array(frontdoor.convert(r)._array) for r in results]
            return [_promised(r, t.dtype, place) for place, (r, t) in enumerate(zip(results, types, strict=True))]

    call.users = True  # type: ignore[attr-defined]
    attrs: dict[str, Any] = {"function": call, "types": types, "gradient": None}
    if eager:
        host = _HostFunction(func, types, several)
        # what is kept of a run goes from node to node as strings do: as an object of Python's, which engines pass on
        kept = (TensorType((), dtypes.string),) if types else ()
        attrs = {"function": host, "types": (*types, *kept), "gradient": host.gradient}
    results: Sequence[Any]
    if at_once:
        results = [EagerTensor(array) for array in call(*(tensor._array for tensor in tensors))]
    else:
        results = dispatch.apply(opdef.get("py_function"), tensors, attrs, name or "py_function")
    if not types:
        return results[0] if results else None
    return list(results[: len(types)]) if several else results[0]


def group(*inputs: Any, name: str | None = None) -> Any:
    """One operation that has run when all of these have."""
    from weft.runtime import graph as graphs

    return graphs.group(*inputs, name=name)


def no_op(name: str | None = None) -> Any:
    """An operation that does nothing."""
    from weft.runtime import graph as graphs

    return graphs.no_op(name)


