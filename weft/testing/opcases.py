"""Tests made from the op table: what every record promises, tried on its cases.

`cases()` lists (op, case) pairs; each function of `CHECKS` takes a pair and raises `AssertionError` for a promise that
is not kept. `python -m weft.testing.opcases [op ...]` runs them outside pytest and lists what fails.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.autodiff.forward import push_forward
from weft.autodiff.reverse import reverse
from weft.autodiff.subgraph import gradient_graph
from weft.base import dims, dtypes, shapes
from weft.base.dims import Dim
from weft.base.dtypes import DType
from weft.base.errors import DTypeError, InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType, resource_of
from weft.ir.verifier import verify
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.ops.interpreter import evaluate
from weft.ops.opdef import Case, Effect, OpDef
from weft.testing import numeric
from weft.testing.numeric import Array, Cell, generator, is_inexact

_WIDEST = {"float": dtypes.float64, "complex": dtypes.complex128, "int": dtypes.int64, "uint": dtypes.uint64}
_FAVOURITES = (dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.int32, dtypes.int64, dtypes.bool_,
               dtypes.string)  # fmt: skip
_STEP = {"float64": 2e-4, "complex128": 2e-4, "float32": 2e-2, "complex64": 2e-2}
_NUMERIC_TOLERANCE = {"float64": 2e-6, "complex128": 2e-6, "float32": 2e-2, "complex64": 2e-2}


@dataclass(frozen=True)
class Item:
    """One case of one op."""

    record: OpDef
    index: int
    case: Case

    @property
    def id(self) -> str:
        """A readable name, such as `reshape-2` or `cast-14-hard`."""
        return f"{self.record.name}-{self.index}" + (f"-{self.case.name.replace(' ', '_')}" if self.case.name else "")

    def __repr__(self) -> str:
        return self.id


def cases() -> list[Item]:
    """Every case of every op."""
    return [Item(record, index, case) for record in opdef.records() for index, case in enumerate(record.test_cases())]


# Which dtypes, which values ------------------------------------------------------------------------------------------


def _allowed(item: Item, position: int) -> tuple[DType, ...]:
    """The dtypes to try for an input: what the record claims, narrowed by the case and by the array it gives."""
    claimed = item.record.input_dtypes(position)
    if item.case.dtypes is not None:
        claimed = tuple(d for d in claimed if d in item.case.dtypes) or claimed
    given = item.case.inputs[position]
    claimed = tuple(d for d in claimed if d not in (dtypes.resource, dtypes.variant)) or claimed
    if isinstance(given, tuple) or claimed[0] in (dtypes.resource, dtypes.variant):
        return claimed
    kind = np.asarray(given).dtype.kind
    if kind in "OSU":
        return tuple(d for d in claimed if d is dtypes.string)
    if kind == "c":
        return tuple(d for d in claimed if d.is_complex)
    if kind == "b":
        return tuple(d for d in claimed if d.is_bool) or claimed
    if kind in "iu" and np.size(given):
        low, high = int(np.min(given)), int(np.max(given))
        claimed = tuple(d for d in claimed if not d.is_integer or (d.min <= low and high <= d.max))
    return tuple(d for d in claimed if d.is_numeric) or claimed


def _groups(item: Item) -> list[list[int]]:
    """The inputs, in groups that share a dtype."""
    count = len(item.case.inputs)
    same = range(count) if item.record.same is None else item.record.same
    together = [i for i in same if i < count]
    return ([together] if together else []) + [[i] for i in range(count) if i not in together]


def _choices(item: Item, group: Sequence[int]) -> list[DType]:
    first, *others = (_allowed(item, i) for i in group)
    return [d for d in first if all(d in other for other in others)]


def assignments(item: Item, favourites: Sequence[DType] = _FAVOURITES) -> list[tuple[DType, ...]]:
    """The combinations of input dtypes to try: a usual one first, then every other dtype of one group at a time."""
    groups = [(group, _choices(item, group)) for group in _groups(item)]
    base: list[DType] = [dtypes.float32] * len(item.case.inputs)
    for group, choices in groups:
        if not choices:
            raise AssertionError(f"{item.id}: no dtype fits the inputs at {group}")
        own = {dtypes.as_dtype(np.asarray(g).dtype) for i in group if not isinstance(g := item.case.inputs[i], tuple)}
        exact = [d for d in own if d in choices and d.is_integer] if len(group) == 1 else []
        usual = next((d for d in (*exact, *favourites) if d in choices), choices[0])
        for i in group:
            base[i] = usual
    found = [tuple(base)]
    for group, choices in groups:
        for choice in choices:
            found.append(tuple(choice if i in group else d for i, d in enumerate(base)))
    return list(dict.fromkeys(found))


def _domain(item: Item, position: int) -> tuple[Any, Any]:
    domain = item.case.domain
    if isinstance(domain[0], tuple):
        return domain[min(position, len(domain) - 1)]  # type: ignore[no-any-return]
    return domain  # type: ignore[no-any-return]


def inputs_of(item: Item, types: Sequence[DType]) -> list[Any]:
    """The inputs of a case under the given dtypes: the same numbers in each, but for rounding."""
    made: list[Any] = []
    for position, (given, dtype) in enumerate(zip(item.case.inputs, types, strict=True)):
        if dtype is dtypes.variant:
            made.append(given)
            continue
        if dtype is dtypes.resource:
            rng = generator(item.record.name, item.index, position)
            held = numeric.draw(rng, given, dtypes.float32) if isinstance(given, tuple) else np.array(given)
            made.append(Cell(held))
        elif isinstance(given, tuple):
            rng = generator(item.record.name, item.index, position)
            made.append(numeric.draw(rng, given, dtype, _domain(item, position)))
        else:
            with np.errstate(all="ignore"):
                made.append(numeric.convert(np.array(given), dtype))
    return made


def types_of(inputs: Sequence[Any]) -> list[TensorType]:
    """The types of arrays and cells."""
    found = []
    for value in inputs:
        if isinstance(value, Cell):
            found.append(resource_of(value.value.shape, dtypes.as_dtype(value.value.dtype)))
        elif isinstance(value, np.ndarray):
            found.append(TensorType(value.shape, dtypes.as_dtype(value.dtype)))
        else:
            found.append(TensorType((), dtypes.variant))
    return found


def _attrs(item: Item) -> dict[str, Any]:
    return item.record.complete(item.case.attrs)


def _run(item: Item, inputs: Sequence[Any]) -> list[Array]:
    """Runs the reference on copies, warnings being errors."""
    copies = [Cell(v.value.copy()) if isinstance(v, Cell) else v.copy() if isinstance(v, np.ndarray) else v
              for v in inputs]  # fmt: skip
    with numeric.strict():
        results = list(evaluate(item.record, copies, _attrs(item)))
    for position, (before, after) in enumerate(zip(inputs, copies, strict=True)):
        if isinstance(before, np.ndarray):
            after = np.asarray(after)
            same = before.tobytes() == after.tobytes() if before.dtype != object else bool(np.all(before == after))
            assert same, f"input {position} was changed"
    return results


# The checks ----------------------------------------------------------------------------------------------------------


def _fits(type: TensorType, array: Array, known: dict[Any, int], what: str) -> None:
    if not isinstance(array, np.ndarray) or type.dtype in (dtypes.variant, dtypes.resource):
        return
    assert array.dtype == type.dtype.numpy, f"{what}: reference gives {array.dtype}, spec says {type.dtype.name}"
    if type.shape is not None:
        problem = dims.bind(type.shape, array.shape, known)
        assert problem is None, f"{what}: spec says {shapes.show(type.shape)} {type.shape}, but {problem}"


def _symbolic(types: Sequence[TensorType], shared: bool) -> tuple[list[TensorType], dict[Any, int]]:
    """Types with a symbol for every size other than 1 (equal sizes share one, where asked), and their sizes."""
    by_size: dict[int, Dim] = {}
    known: dict[Any, int] = {}
    result = []
    for type in types:
        if type.is_resource or type.shape is None:
            result.append(type)
            continue
        shape: list[Any] = []
        for size in type.shape:
            assert isinstance(size, int)
            if shared and size == 1:
                shape.append(1)
                continue
            dim = by_size.setdefault(size, Dim.fresh()) if shared else Dim.fresh()
            known[dim.symbol] = size
            shape.append(dim)
        result.append(type.with_shape(tuple(shape)))
    return result, known


def check_spec(item: Item) -> None:
    """The reference gives what the shape rule says: with known sizes, unknown sizes, unknown rank."""
    record, attrs = item.record, _attrs(item)
    assert hash(tuple(attrs.items())) is not None
    inputs = inputs_of(item, assignments(item)[0])
    types = types_of(inputs)
    results = _run(item, inputs)
    inferred = record.infer(types, attrs)
    assert len(results) == len(inferred), f"reference gives {len(results)} outputs, spec {len(inferred)}"
    if record.outputs is not None:
        assert len(results) == len(record.outputs), f"{len(results)} outputs, the record names {len(record.outputs)}"
    known: dict[Any, int] = {}
    for type, array in zip(inferred, results, strict=True):
        _fits(type, array, known, "known sizes")
    refused = False
    for shared in (True, False):
        unknown, sizes = _symbolic(types, shared)
        try:
            found = record.infer(unknown, attrs)
        except InvalidArgumentError as error:
            assert record.higher_order or "known" in str(error), f"refuses unknown sizes without saying so: {error}"
            refused = True
            continue
        for type, array in zip(found, results, strict=True):
            _fits(type, array, sizes, "unknown sizes" + (" (shared)" if shared else ""))
    if not refused and not record.higher_order and not any(t.is_resource for t in types):
        _check_unknown_rank(item, types, results)


def _check_unknown_rank(item: Item, types: Sequence[TensorType], results: Sequence[Array]) -> None:
    """With the rank of one input unknown the shape rule says nothing false, and does not refuse every input."""
    refusal: InvalidArgumentError | None = None
    answered = not types
    for position, type in enumerate(types):
        unknown = [*types[:position], type.with_shape(None), *types[position + 1 :]]
        try:
            found = item.record.infer(unknown, _attrs(item))
        except InvalidArgumentError as error:
            refusal = error
            continue
        answered = True
        for made, array in zip(found, results, strict=True):
            _fits(made, array, {}, f"unknown rank of input {position}")
    assert answered, f"refuses every input of unknown rank: {refusal}"


def _tolerance(item: Item, types: Sequence[DType]) -> float:
    return max([item.case.tolerance if d.name in ("float32", "complex64") else numeric.TOLERANCES.get(d.name, 1e-12)
                for d in types if is_inexact(d)], default=0.0)  # fmt: skip


def _widened(item: Item, types: Sequence[DType]) -> tuple[DType, ...] | None:
    """The same combination of dtypes with each in the widest of its kind, where the case takes that."""
    wide = []
    groups = {i: _choices(item, group) for group in _groups(item) for i in group}
    for i, dtype in enumerate(types):
        widest = _WIDEST.get(dtype.kind, dtype) if is_inexact(dtype) or item.record.same != () else dtype
        if widest not in groups[i]:
            return None
        wide.append(widest)
    return tuple(wide) if tuple(wide) != tuple(types) else None


def check_dtypes(item: Item) -> None:
    """Every dtype that is claimed works and gives what the widest one gives; others are refused."""
    record, attrs = item.record, _attrs(item)
    for types in assignments(item):
        names = ", ".join(d.name for d in types)
        inputs = inputs_of(item, types)
        try:
            results = _run(item, inputs)
        except (AssertionError, TypeError, ValueError, ArithmeticError, Warning, AttributeError, IndexError) as error:
            raise AssertionError(f"({names}): {type(error).__name__}: {error}") from error
        for output, array in zip(record.infer(types_of(inputs), attrs), results, strict=True):
            _fits(output, array, {}, f"({names})")
        wide = _widened(item, types)
        if wide is None:
            continue
        expected = _run(item, [numeric.convert(a, d) for a, d in zip(inputs, wide, strict=True)])
        for position, (actual, reference) in enumerate(zip(results, expected, strict=True)):
            if not isinstance(actual, np.ndarray) or actual.dtype == object:
                continue
            kind = dtypes.as_dtype(actual.dtype)
            if not is_inexact(kind) and any(isinstance(a, np.ndarray) and not a.size for a in inputs):
                continue  # of nothing the greatest integer is the least there is, which depends on the dtype
            rounded = reference if is_inexact(kind) else numeric.convert(reference, kind)
            problem = numeric.close(actual, rounded, _tolerance(item, types))
            against = ", ".join(d.name for d in wide)
            assert problem is None, f"({names}) against ({against}), output {position}: {problem}"
    if item.index == 0:
        _check_refusals(item)


def _check_refusals(item: Item) -> None:
    record, attrs = item.record, _attrs(item)
    types = types_of(inputs_of(item, assignments(item)[0]))
    for group in _groups(item):
        for dtype in (*dtypes.DENSE, dtypes.string):
            if any(dtype in record.input_dtypes(i) for i in group) or any(types[i].is_resource for i in group):
                continue
            wrong = [t.with_dtype(dtype) if i in group else t for i, t in enumerate(types)]
            try:
                record.infer(wrong, attrs)
            except DTypeError as error:
                assert record.name in str(error), f"the refusal of {dtype.name} does not name the op: {error}"
            else:
                raise AssertionError(f"{dtype.name} is not claimed for the inputs at {group}, but not refused")


def gradient_dtypes(item: Item) -> list[tuple[DType, ...]]:
    """The combinations to differentiate in: float64, complex128 as well, narrower ones where nothing else is taken."""
    found: list[tuple[DType, ...]] = []
    for preferred in (dtypes.float64, dtypes.complex128, dtypes.float32, dtypes.complex64):
        types = assignments(item, (preferred, *_FAVOURITES[1:], *_FAVOURITES[:1]))[0]
        if preferred in types and not (found and preferred.name in ("float32", "complex64")):
            found.append(types)
    return found


def graph_of(item: Item, types: Sequence[TensorType], function: Callable[..., Any] | None = None) -> Graph:
    """The op (or its decomposition) as a graph of its inputs."""
    graph = Graph(item.record.name)
    b = GraphBuilder(graph)
    values = [graph.add_input(t, f"input{i}") for i, t in enumerate(types)]
    if function is None:
        graph.outputs = list(b.apply(item.record, values, _attrs(item)))
    else:
        made = function(b, *values, **_attrs(item))
        graph.outputs = list(made) if isinstance(made, (tuple, list)) else [made]
    return graph


def claimed_order(item: Item) -> int:
    """The order to which a case's gradients are tested."""
    record = item.record
    if not record.differentiable or record.effect is Effect.HOST:
        return 0
    return min(item.case.grad, record.grad_order)


def _differentiable(graph: Graph) -> list[int]:
    return [i for i, v in enumerate(graph.inputs) if is_inexact(v.dtype)]


def _with_gradient(item: Item, types: Sequence[TensorType]) -> list[int]:
    """The inputs whose gradients are tested: all, if need be against zeros, unless the record gives a reason for those
    that its rule leaves out."""
    graph = graph_of(item, types)
    b = GraphBuilder(graph)
    targets = [v for v in graph.outputs if is_inexact(v.dtype)]
    wanted = _differentiable(graph)
    if not item.record.reason:
        return wanted
    records = [node for node in graph.nodes if node.op != "input"]
    found = reverse(records, targets, [b.ones_like(t) for t in targets], [graph.inputs[i] for i in wanted], b)
    return [i for i, part in zip(wanted, found, strict=True) if part is not None]


def check_gradient(item: Item) -> None:
    """Gradients agree with finite differences, to the order that is claimed; sizes being unknown changes nothing."""
    order = claimed_order(item)
    if not order:
        return
    for types in gradient_dtypes(item):
        inputs = inputs_of(item, types)
        if any(isinstance(a, Cell) or (a.dtype != object and not np.all(np.isfinite(a))) for a in inputs):
            return
        graph = graph_of(item, types_of(inputs))
        if not any(is_inexact(v.dtype) for v in graph.outputs):
            return
        wrt = _with_gradient(item, types_of(inputs))
        if not wrt:
            return
        where = f"in ({', '.join(d.name for d in types)})"
        first = _check_order(item, graph, inputs, wrt, f"first order {where}")
        _check_forward(item, graph, inputs, wrt, where)
        _check_gradient_under_symbols(item, inputs, wrt, first, order)
        if order > 1:
            cotangents = output_cotangents(item, _run_graph(graph, inputs), "cotangent")
            again = [*wrt, *range(len(inputs), len(first.inputs))]
            _check_order(item, first, [*inputs, *cotangents], again, f"second order {where}", directions=1)


def output_cotangents(item: Item, outputs: Sequence[Array], salt: object) -> list[Array]:
    return [numeric.draw(generator(item.id, salt, i), o.shape, dtypes.as_dtype(o.dtype), (-1.0, 1.0))
            for i, o in enumerate(outputs) if is_inexact(dtypes.as_dtype(o.dtype))]  # fmt: skip


def _run_graph(graph: Graph, inputs: Sequence[Any]) -> list[Array]:
    with numeric.strict():
        return interpreter.run(graph, inputs)


def _check_order(
    item: Item, graph: Graph, inputs: Sequence[Array], wrt: Sequence[int], what: str, directions: int = 2
) -> Graph:
    """Checks a graph's gradient against differences of the graph itself; returns the gradient's graph."""
    outputs = _run_graph(graph, inputs)
    cotangents = output_cotangents(item, outputs, "cotangent")
    gradient = gradient_graph(graph, wrt)
    verify(gradient, after="taking the gradient")
    found = _run_graph(gradient, [*inputs, *cotangents])

    def projected(moved: Sequence[Array]) -> float:
        results = _run_graph(graph, moved)
        inexact = [r for r in results if is_inexact(dtypes.as_dtype(r.dtype))]
        return sum(numeric.inner(c, r) for c, r in zip(cotangents, inexact, strict=True))

    for position, part in zip(wrt, found, strict=True):
        dtype = dtypes.as_dtype(inputs[position].dtype)
        name = graph.inputs[position].node.name
        assert part.shape == inputs[position].shape, f"{what}: gradient of {name} has shape {part.shape}"
        assert part.dtype == inputs[position].dtype, f"{what}: gradient of {name} has dtype {part.dtype}"
        for number in range(directions if part.size else 0):
            direction = numeric.draw(generator(item.id, what, position, number), part.shape, dtype, (-1.0, 1.0))
            expected = numeric.directional_derivative(projected, inputs, position, direction, _STEP[dtype.name])
            actual = numeric.inner(part, direction)
            slack = _NUMERIC_TOLERANCE[dtype.name] * (1 + abs(expected))
            near = abs(actual - expected) <= slack
            assert near, f"{what}: derivative along {name} is {actual}, by differences {expected}"
    return gradient


def _check_forward(item: Item, graph: Graph, inputs: Sequence[Array], wrt: Sequence[int], where: str) -> None:
    """Forward mode and reverse mode are transposes: <cotangent, J tangent> = <J' cotangent, tangent>."""
    if item.record.jvp is None:
        return
    forward = graph_of(item, [v.type for v in graph.inputs])
    node = forward.nodes[-1]
    tangents: list[Any] = [None] * len(inputs)
    for i in wrt:
        tangents[i] = forward.add_input(forward.inputs[i].type, f"tangent{i}")
    pushed = push_forward(GraphBuilder(forward), node, tangents)
    assert len(pushed) == len(node.outputs), f"jvp gives {len(pushed)} tangents"
    keep = [i for i, v in enumerate(node.outputs) if is_inexact(v.dtype)]
    assert all(pushed[i] is not None for i in keep), "jvp gives no tangent for an output that has one"
    forward.outputs = [pushed[i] for i in keep]
    given = [numeric.draw(generator(item.id, "tangent", i), inputs[i].shape, dtypes.as_dtype(inputs[i].dtype))
             for i in wrt]  # fmt: skip
    moved = _run_graph(forward, [*inputs, *given])
    cotangents = output_cotangents(item, _run_graph(graph, inputs), "cotangent")
    pulled = _run_graph(gradient_graph(graph, wrt), [*inputs, *cotangents])
    left = sum(numeric.inner(c, t) for c, t in zip(cotangents, moved, strict=True))
    right = sum(numeric.inner(p, t) for p, t in zip(pulled, given, strict=True))
    slack = (1e-9 if "64" in where or "128" in where else 1e-4) * (1 + abs(left))
    assert abs(left - right) <= slack, f"{where}: jvp gives {left}, vjp {right}"


def _check_gradient_under_symbols(
    item: Item, inputs: Sequence[Array], wrt: Sequence[int], known: Graph, order: int
) -> None:
    """The gradient of the op on unknown sizes is that on known ones, whether or not equal sizes are known to be so."""
    for shared in (True, False):
        types, _ = _symbolic(types_of(inputs), shared)
        try:
            graph = graph_of(item, types)
        except InvalidArgumentError:
            continue  # check_spec has seen to it that it says why
        gradient = _gradient_unless_refused(graph, wrt)
        if gradient is None:
            continue
        verify(gradient, after="taking the gradient under unknown sizes")
        cotangents = output_cotangents(item, _run_graph(graph, inputs), "cotangent")
        supplied = [*inputs, *cotangents]
        expected = _run_graph(known, supplied)
        actual = _run_graph(gradient, supplied)
        _compare(actual, expected, f"gradient under unknown sizes ({'shared' if shared else 'all different'})")
        if order > 1 and shared:
            again = [*wrt, *range(len(inputs), len(known.inputs))]
            second = _gradient_unless_refused(gradient, again)
            if second is None:
                continue
            verify(second, after="taking the second gradient under unknown sizes")
            supplied += output_cotangents(item, expected, "cotangent")
            expected = _run_graph(gradient_graph(known, again), supplied)
            _compare(_run_graph(second, supplied), expected, "second gradient under unknown sizes")


def _gradient_unless_refused(graph: Graph, wrt: Sequence[int]) -> Graph | None:
    """The gradient's graph, or None where a rule needs a size and says that it is not known."""
    try:
        return gradient_graph(graph, wrt)
    except (InvalidArgumentError, LookupError) as error:
        assert "known" in str(error), f"gradient under unknown sizes: {error}"
        return None


def _compare(actual: Sequence[Array], expected: Sequence[Array], what: str) -> None:
    for position, (one, other) in enumerate(zip(actual, expected, strict=True)):
        problem = numeric.close(one, other, 1e-6)
        assert problem is None, f"{what}, for input {position}: {problem}"


def example(item: Item, *, symbolic: bool = False) -> tuple[Graph, list[Any]] | None:
    """A case as a graph with inputs for it, followed by its gradient where it has one; None where it holds state.

    Other ways of running graphs (passes, engines) are compared with the interpreter on these.
    """
    order = claimed_order(item)
    types = gradient_dtypes(item)[0] if order and gradient_dtypes(item) else assignments(item)[0]
    inputs = inputs_of(item, types)
    if not all(isinstance(a, np.ndarray) for a in inputs):
        return None
    kinds = _symbolic(types_of(inputs), shared=True)[0] if symbolic else types_of(inputs)
    try:
        graph = graph_of(item, kinds)
    except InvalidArgumentError:
        return None
    wrt = _differentiable(graph)
    if not order or not wrt or not any(is_inexact(v.dtype) for v in graph.outputs):
        return graph, inputs
    outputs = _run_graph(graph, inputs)
    try:
        gradient = gradient_graph(graph, wrt)
    except (InvalidArgumentError, LookupError):  # the rule needs a size that is not known
        return graph, inputs
    return gradient, [*inputs, *output_cotangents(item, outputs, "cotangent")]


def check_decompose(item: Item) -> None:
    """The decomposition means what the reference means: types, values, gradients."""
    record = item.record
    if record.decompose is None:
        return
    for types in assignments(item):
        names = ", ".join(d.name for d in types)
        inputs = inputs_of(item, types)
        if any(isinstance(v, Cell) for v in inputs):
            return
        kinds = types_of(inputs)
        graph = graph_of(item, kinds, record.decompose)
        for made, wanted in zip(graph.outputs, record.infer(kinds, _attrs(item)), strict=True):
            assert made.dtype is wanted.dtype, f"({names}): decomposes into {made.dtype.name}, not {wanted.dtype.name}"
            assert shapes.compatible(made.shape, wanted.shape), f"({names}): decomposes into shape {made.shape}"
        for actual, expected in zip(_run_graph(graph, inputs), _run(item, inputs), strict=True):
            problem = numeric.close(actual, expected, max(4 * _tolerance(item, types), 1e-10))
            assert problem is None, f"({names}): decomposition against reference: {problem}"
    unknown, _ = _symbolic(types_of(inputs_of(item, assignments(item)[0])), shared=True)
    try:
        record.infer(unknown, _attrs(item))
    except InvalidArgumentError:
        pass
    else:
        graph = graph_of(item, unknown, record.decompose)
        verify(graph, after="decomposing under unknown sizes")
        inputs = inputs_of(item, assignments(item)[0])
        for actual, expected in zip(_run_graph(graph, inputs), _run(item, inputs), strict=True):
            problem = numeric.close(actual, expected, max(4 * _tolerance(item, assignments(item)[0]), 1e-10))
            assert problem is None, f"decomposition under unknown sizes against reference: {problem}"
    if claimed_order(item):
        _check_decomposed_gradient(item)


def _check_decomposed_gradient(item: Item) -> None:
    for types in gradient_dtypes(item):
        inputs = inputs_of(item, types)
        if not all(a.dtype == object or np.all(np.isfinite(a)) for a in inputs):
            return
        whole = graph_of(item, types_of(inputs))
        wrt = _differentiable(whole)
        if not wrt or not any(is_inexact(v.dtype) for v in whole.outputs):
            return
        parts = graph_of(item, types_of(inputs), item.record.decompose)
        cotangents = output_cotangents(item, _run_graph(whole, inputs), "cotangent")
        expected = _run_graph(gradient_graph(whole, wrt), [*inputs, *cotangents])
        found = _run_graph(gradient_graph(parts, wrt), [*inputs, *cotangents])
        for actual, reference in zip(found, expected, strict=True):
            problem = numeric.close(actual, reference, 1e-6 if dtypes.float32 not in types else 1e-3)
            assert problem is None, f"gradient of the decomposition: {problem}"


def check_edges(item: Item) -> None:
    """Memory layouts do not matter, empty tensors and infinities do not crash, nothing warns."""
    types = assignments(item)[0]
    inputs = inputs_of(item, types)
    expected = _run(item, inputs)
    for position, given in enumerate(inputs):
        if not isinstance(given, np.ndarray):
            continue
        for layout, array in numeric.layouts(given):
            with numeric.strict():
                changed = [*inputs[:position], array, *inputs[position + 1 :]]
                changed = [Cell(v.value.copy()) if isinstance(v, Cell) else v for v in changed]
                results = evaluate(item.record, changed, _attrs(item))
            for actual, reference in zip(results, expected, strict=True):
                if isinstance(actual, np.ndarray):
                    problem = numeric.close(actual, reference, max(_tolerance(item, types), 1e-12))
                    assert problem is None, f"input {position} in layout {layout}: {problem}"
    _check_special_values(item, inputs)
    _check_empty(item, types)


def _other_shapes(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """A shape with one size more along each axis in turn, with an axis less, and with one more."""
    for axis, size in enumerate(shape):
        yield (*shape[:axis], size + 1, *shape[axis + 1 :])
    if shape:
        yield tuple(shape[1:])
    yield (2, *shape)


def check_shapes(item: Item) -> None:
    """Where one input has another shape, the op refuses it by its name, or gives what its shape rule says.

    What only values can tell (an index out of range, a new shape that does not fill) its reference refuses itself.
    """
    record, attrs = item.record, _attrs(item)
    if record.higher_order or not record.pure:
        return
    inputs = inputs_of(item, assignments(item)[0])
    for position, given in enumerate(inputs):
        if not isinstance(given, np.ndarray) or not given.size:
            continue
        for shape in _other_shapes(given.shape):
            changed = [*inputs[:position], np.resize(given, shape), *inputs[position + 1 :]]
            what = f"input {position} of shape {shape}"
            try:
                inferred = record.infer(types_of(changed), attrs)
            except InvalidArgumentError as error:
                assert record.name in str(error) and "received" in str(error), f"{what}: {error}"
                continue
            try:
                with np.errstate(all="ignore"):
                    results = list(evaluate(record, changed, attrs))
            except (InvalidArgumentError, ValueError, IndexError) as error:
                assert _refused_by_us(error), f"{what}: {type(error).__name__}: {error}"
                continue
            for output, array in zip(inferred, results, strict=True):
                _fits(output, array, {}, what)


def _refused_by_us(error: BaseException) -> bool:
    """Whether an error was raised by a statement, and did not just happen in the middle of something."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return "raise" in (last.line or "") and "numpy" not in last.filename


def _check_special_values(item: Item, inputs: Sequence[Any]) -> None:
    for position, given in enumerate(inputs):
        if not isinstance(given, np.ndarray) or not given.size or given.dtype == object:
            continue
        if not is_inexact(dtypes.as_dtype(given.dtype)):
            continue
        for special in (np.nan, np.inf, -np.inf, 0.0):
            array = given.copy()
            array.flat[0] = special
            try:
                _run(item, [*inputs[:position], array, *inputs[position + 1 :]])
            except (ValueError, IndexError):  # a refusal of the data, in words; numpy's warnings are not among these
                pass


def _check_empty(item: Item, types: Sequence[DType]) -> None:
    """Where the shape rule takes a leading size of 0, so does the reference."""
    if not all(isinstance(given, tuple) for given in item.case.inputs) or not item.case.inputs:
        return
    leading = [given[0] if given else None for given in item.case.inputs]
    sizes = {size for size in leading if size not in (None, 1)}
    if len(sizes) != 1 or dtypes.resource in types:
        return
    empty = tuple((0, *g[1:]) if g and g[0] in sizes else g for g in item.case.inputs)
    made = [numeric.draw(generator(item.id, "empty"), shape, dtype, _domain(item, i))
            for i, (shape, dtype) in enumerate(zip(empty, types, strict=True))]  # fmt: skip
    try:
        inferred = item.record.infer(types_of(made), _attrs(item))
    except InvalidArgumentError:
        return
    try:
        results = _run(item, made)
    except ValueError:
        return
    for type, array in zip(inferred, results, strict=True):
        _fits(type, array, {}, "empty")


#: name -> check of one case
CHECKS: dict[str, Callable[[Item], None]] = {
    "spec": check_spec,
    "dtypes": check_dtypes,
    "gradient": check_gradient,
    "decompose": check_decompose,
    "edges": check_edges,
    "shapes": check_shapes,
}


def record_problems(record: OpDef) -> Iterator[str]:
    """What a record lacks."""
    if not record.test_cases():
        yield "has no cases"
    if not record.doc.strip():
        yield "has no doc"
    elif record.doc.strip()[-1] not in ".!?":
        yield "has a doc that does not end in a full stop"
    if record.differentiable and record.grad_order < 2 and not record.reason:
        yield f"claims gradients of order {record.grad_order} and gives no reason"
    if not record.differentiable and not getattr(record.vjp, "why", ""):
        yield "is not differentiable and does not say why"
    if record.variadic and any(name.startswith("*") for name in record.inputs[:-1]):
        yield "has a variadic input that is not its last"
    if not record.family:
        yield "has no family"


def failures(items: Sequence[Item]) -> Iterator[tuple[Item, str, str]]:
    """Runs every check on the items; yields those that fail as (item, check, what)."""
    for item in items:
        for name, check in CHECKS.items():
            try:
                check(item)
            except Exception as error:
                yield item, name, f"{type(error).__name__}: {error}"


def main(arguments: Sequence[str]) -> int:
    """Runs the checks on the ops named (all where none is) and prints what fails."""
    wanted = set(arguments)
    count = 0
    for record in opdef.records():
        if not wanted or record.name in wanted or record.family in wanted:
            for problem in record_problems(record):
                count += 1
                print(f"{record.family}/{record.name}: {problem}")
    items = [i for i in cases() if not wanted or i.record.name in wanted or i.record.family in wanted]
    for item, name, what in failures(items):
        count += 1
        print(f"{item.record.family}/{item.id} [{name}] {what.strip()}".replace("\n", " | "))
    print(f"{len(items)} cases, {count} failures")
    return 1 if count else 0


__all__ = [
    "CHECKS", "Cell", "Item", "assignments", "cases", "claimed_order", "example", "failures", "inputs_of", "main",
    "record_problems", "types_of",
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
