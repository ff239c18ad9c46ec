"""How many operations TensorFlow 1.15 makes for gradients, which are made of other nodes here.

TensorFlow walks from the results to the sources and makes the operations of each gradient, whether anybody needs them
or not; gradients of a value with several uses meet in one AddN. Where an optimizer asks, each operation with several
gradients has them wait for each other: one operation more, and one for each gradient. Of shapes that are known, a graph
finds out but once how two of them were stretched, and how one was reduced.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from weft.base import nest
from weft.ir.graph import Graph, Node, Value
from weft.runtime import graph_ops
from weft.runtime.gradients import place_of
from weft.runtime.operation_counts import Gradients, building
from weft.runtime.tensor import SymbolicTensor

Sizes = tuple[Any, ...]
#: the number of a gradient's operations, and of the gradients that they give
Cost = tuple[int, int]


#: what graphs have found out of shapes that are known
_found_out: WeakKeyDictionary[Graph, set[Hashable]] = WeakKeyDictionary()


def _anew(*known: Hashable) -> bool:
    """Whether the graph under construction finds this out for the first time; branches and bodies are part of it."""
    scope = building()
    if scope is None:
        return True
    found = _found_out.setdefault(scope.outermost().graph, set())
    if known in found:
        return False
    found.add(known)
    return True


def _static(value: Value) -> bool:
    return value.shape is not None and all(isinstance(n, int) for n in value.shape)


def _stretched(first: int, a: Value | None, b: Value | None) -> int:
    """What takes two tensors of shapes that may differ: each gradient is summed along what the other one stretched.

    Args:
        first: The operations beside those sums.
        a: The first tensor.
        b: The second.
    """
    if a is None or b is None or not (_static(a) and _static(b)):
        return first + 7
    return _stretched_shapes(first, tuple(a.shape or ()), tuple(b.shape or ()))


def _stretched_shapes(first: int, a: Sizes, b: Sizes) -> int:
    result = np.broadcast_shapes(a, b)
    return first + (3 if _anew("stretched", a, b) else 0) + 4 * sum(shape != result for shape in (a, b))


def _broadcast(first: int, alike: bool = True, kinds: tuple[str, ...] = ()) -> Callable[[Node], Cost]:
    """What takes two tensors; `alike` says that nothing is asked of shapes that are equal, of these `kinds` alone."""

    def cost(node: Node) -> Cost:
        a, b = [*_operands(node)[:2], None, None][:2]
        if a is not None and b is not None and _static(a) and a.shape == b.shape and alike and (
            not kinds or a.dtype.name in kinds
        ):  # fmt: skip
            return first, 2
        return _stretched(first, a, b), 2

    return cost


def _operands(node: Node) -> list[Value]:
    return [value for value in node.inputs if not value.type.is_resource]


def _reduced(value: Value, axes: Any) -> int:
    """What sums a tensor along axes."""
    if axes is not None and not isinstance(axes, (tuple, list)):
        axes = (axes,)
    if value.shape is not None and (axes is None or list(axes) == list(range(len(value.shape)))):
        return 4
    if not _static(value):
        return 16
    return 21 if _anew("reduced", tuple(value.shape or ()), tuple(axes or ())) else 4


def _averaged(value: Value, axes: Any) -> int:
    return _reduced(value, axes) + (2 if _static(value) else 11)


def _sum(node: Node) -> Cost:
    return _reduced(node.inputs[0], node.attrs.get("axis")), 1


def _mean(node: Node) -> Cost:
    return _averaged(node.inputs[0], node.attrs.get("axis")), 1


def _concat(node: Node) -> Cost:
    count = len(node.inputs)
    return (3 + 2 * count if all(map(_static, node.inputs)) else 5 + count), count


def _product(node: Node) -> Cost:
    if node.outputs[0].type.rank == 2:
        return 2, 2
    a, b = node.inputs[:2]
    return (2 if _static(a) and _static(b) and (a.shape or ())[:-2] == (b.shape or ())[:-2] else 17), 2


def _unused(node: Node) -> Cost:
    return len(node.outputs), 1  # zeros in the place of those that nothing uses


#: type of an operation -> the cost of its gradient, or what tells it
COSTS: dict[str, Cost | Callable[[Node], Cost]] = {
    **dict.fromkeys(("Neg", "Sqrt", "Rsqrt", "Exp", "Tanh", "Sigmoid", "Reciprocal", "Relu", "Relu6", "Elu", "Selu",
                     "LeakyRelu", "Softsign", "Cast", "L2Loss", "MaxPool", "LRN", "Cumsum"), (1, 1)),
    **dict.fromkeys(("Abs", "Log", "Sin", "Lgamma", "Softplus", "Reshape", "Squeeze", "ExpandDims", "Transpose",
                     "StridedSlice", "GatherNd", "AvgPool"), (2, 1)),
    **dict.fromkeys(("Square", "Cos", "Sign"), (3, 1)),
    **dict.fromkeys(("Identity", "Floor", "Ceil", "Round", "Placeholder", "VariableV2", "Merge", "Exit"), (0, 1)),
    **dict.fromkeys(("Softmax", "LogSoftmax"), (5, 1)),
    **dict.fromkeys(("Maximum", "Minimum"), (13, 2)),
    **dict.fromkeys(("RealDiv", "DivNoNan"), (12, 2)),
    **dict.fromkeys(("Max", "Min"), (19, 1)),
    "Add": _broadcast(0), "AddV2": _broadcast(0), "Sub": _broadcast(1),
    "Mul": _broadcast(2, True, ("float32", "int32")),
    "SquaredDifference": _broadcast(5), "Pow": _broadcast(16, False), "Log1p": (4, 1), "Erf": (6, 1), "AddN": (0, 2),
    "BiasAdd": (1, 2), "MatMul": (2, 2), "BatchMatMulV2": _product, "Conv2D": (3, 2), "Conv2DBackpropInput": (3, 2),
    "DepthwiseConv2dNative": (4, 2), "FusedBatchNormV3": (6, 3), "Sum": _sum, "Mean": _mean,
    "Prod": (49, 1), "ConcatV2": _concat, "Pack": lambda node: (1, len(node.inputs)),
    "Unpack": _unused, "Split": _unused, "SplitV": _unused,
    "Tile": (12, 1), "Pad": (9, 1), "Slice": (12, 1), "GatherV2": (13, 1), "Select": (3, 2),
}  # fmt: skip

#: operations through which no gradient goes
_CLOSED = frozenset(
    """StopGradient Shape Size Rank ArgMax ArgMin Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd
    LogicalOr LogicalNot OneHot Range Const Multinomial InTopKV2 PyFunc ZerosLike Fill""".split()
)


def of(ys: Any, xs: Any, grad_ys: Any, gated: bool) -> int:
    """How many operations TensorFlow makes for `tf.gradients` of these."""
    targets = [place_of(y) for y in nest.flatten(ys)]
    given = [None] * len(targets) if grad_ys is None else nest.flatten(grad_ys)
    return _operations(targets, [place_of(x, source=True) for x in nest.flatten(xs)], given, gated)


def _operations(ys: Iterable[Value], xs: Iterable[Value], grad_ys: Iterable[Any], gated: bool) -> int:
    targets, sources = list(ys), set(xs)
    nodes = _between(targets, sources)
    order = sorted(nodes, key=lambda node: node.serial)
    uses: dict[Value, set[Any]] = {}
    total = 0
    for target, given in zip(targets, grad_ys, strict=False):  # `gradients` says where they are not as many
        total += 3 if given is None else 1
        uses.setdefault(target, set()).add(None)
    met: set[Any] = set()
    for node in reversed(order):
        begun = [value for value in node.outputs if value in uses]
        whole = node.metadata.get("whole")
        if not begun or (whole is None and graph_ops.type_of(node) in _CLOSED):
            continue
        total += sum(len(uses[value]) > 1 for value in begun if whole is None or uses[value] != {whole})
        asked = any(value in sources for value in begun) and not any(value.node in nodes for value in node.inputs)
        if node.op == "read_variable" or asked:  # ways to other sources may lead through one
            uses.setdefault(node.inputs[0] if node.inputs else begun[0], set()).add(node)
            continue
        if whole is not None:
            if whole not in met:
                met.add(whole)
                total += whole.counted() + (whole.gates if gated else 0)
        elif graph_ops.is_shown(node):
            count, given_back = _cost(node)
            total += count + (1 + given_back if gated and given_back > 1 else 0)
        for place, value in enumerate(node.inputs):
            if _carries(value):
                uses.setdefault(value, set()).add(whole if whole is not None else (node, place))
    return total


def _cost(node: Node) -> Cost:
    found = COSTS.get(graph_ops.type_of(node), (1, 1))
    return found(node) if callable(found) else found


def _carries(value: Value) -> bool:
    return value.type.is_resource or value.dtype.is_floating or value.dtype.is_complex


def _between(targets: list[Value], sources: set[Value]) -> set[Node]:
    """The nodes on the ways from sources to targets."""
    behind: set[Node] = set()
    stack = [value.node for value in targets]
    while stack:
        node = stack.pop()
        if node not in behind:
            behind.add(node)
            stack.extend(value.node for value in node.inputs)
    reached: set[Node] = {value.node for value in sources}
    for node in sorted(behind, key=lambda node: node.serial):
        if any(value in sources or value.node in reached for value in node.inputs):
            reached.add(node)
    return behind & reached


def _value(thing: Any) -> Value:
    found: Value = thing._value
    return found


def _flattened(value: Value, axes: Any) -> Sizes | None:
    """The shape of a reduction that keeps its axes; None where it is not known."""
    shape = value.shape
    if shape is None or not _static(value):
        return None
    gone = range(len(shape)) if axes is None else [a % len(shape) for a in (axes if np.ndim(axes) else [axes])]
    return tuple(1 if place in gone else size for place, size in enumerate(shape))


def _beside(first: int, value: Value, shape: Sizes | None) -> int:
    """What takes a tensor and one of its reductions."""
    if shape is None:
        return first + 7
    own = tuple(value.shape or ())
    return first if own == shape else _stretched_shapes(first, own, shape)


def variance(value: Value, axes: Any) -> int:
    """The variance of `tf.nn.moments`."""
    return 2 + _averaged(value, axes) + _beside(5, value, _flattened(value, axes))


def normalized(value: Value, axes: Any, scaled: bool) -> int:
    """A tensor brought to mean 0 and variance 1 over axes, then scaled and centred, for each of its channels."""
    shape = value.shape or ()
    placed = len(shape) - 1 in axes  # means and variances are put along an axis that is not the last
    channels = tuple(1 if place in axes else size for place, size in enumerate(shape) if placed or place not in axes)
    known = all(isinstance(size, int) for size in channels)
    own = channels if known and _static(value) else None
    count = variance(value, axes) + _beside(2, value, own) + _beside(0, value, own) + 2 + _averaged(value, axes)
    # the divisor, the offset and the meeting of what goes to both
    count += (_stretched_shapes(0, channels, ()) if known else 7) + (8 if scaled else 6)
    return count + (4 if placed else 0)


def _dropped(given: Mapping[str, Any], found: Any) -> Gradients:
    value = _value(found)
    if not _static(value):
        return 18, 6
    return (lambda: 2 + _beside(2, value, ())), 6


def _of_unit_length(given: Mapping[str, Any], found: Any) -> Gradients:
    value, axes = _value(found), given.get("dim") if given.get("axis") is None else given["axis"]
    return (lambda: _beside(2, value, _flattened(value, axes)) + _reduced(value, axes) + 18), 6


def _of_moments(given: Mapping[str, Any], found: Any) -> Gradients:
    value = given["x"]
    if not isinstance(value, SymbolicTensor):
        return 41, 3
    return (lambda: variance(_value(value), given["axes"])), 3


def _log_of_sum(given: Mapping[str, Any], found: Any) -> Gradients:
    value, axes = given["input_tensor"], given.get("axis")
    if not isinstance(value, SymbolicTensor):
        return 37, 6
    own = _value(value)
    # beside the sum: its logarithm, the greatest that is taken off before and put back after
    return (lambda: _reduced(own, axes) + _beside(1, own, _flattened(own, axes)) + (6 if _static(own) else 13)), 6


def _length(given: Mapping[str, Any], found: Any) -> Gradients:
    value, axes = given["tensor"], given.get("axis")
    if not isinstance(value, SymbolicTensor) or given.get("ord", "euclidean") not in ("euclidean", "fro", 2):
        return 17, 3
    own = _value(value)
    return (lambda: _reduced(own, axes) + (2 if _static(own) else 9) + 4), 3


#: public name -> (operations of its gradient, further ones where they wait for each other), or what tells them of the
#: arguments and the result
WHOLE: dict[str, Gradients | Callable[[Mapping[str, Any], Any], Gradients]] = {
    "clip_by_value": (26, 6),
    "nn.dropout": _dropped,
    "nn.embedding_lookup": (13, 0),
    "nn.l2_normalize": _of_unit_length,
    "nn.moments": _of_moments,
    "nn.sigmoid_cross_entropy_with_logits": lambda given, result: (16 if _static(result._value) else 37, 15),
    "nn.softmax_cross_entropy_with_logits": (13, 3),
    "nn.softmax_cross_entropy_with_logits_v2": (13, 3),
    "nn.sparse_softmax_cross_entropy_with_logits": (5, 0),
    "norm": _length,
    "reduce_logsumexp": _log_of_sum,
    **dict.fromkeys(("sparse.sparse_dense_matmul", "sparse_tensor_dense_matmul"), (16, 3)),
}
#: reductions of all there is of a tensor of which not even the rank is known -> the same
OF_UNKNOWN_RANK: dict[str, Gradients] = {
    "reduce_sum": (16, 0), "reduce_mean": (27, 0), "reduce_max": (19, 0), "reduce_min": (19, 0),
}  # fmt: skip
