"""How many operations TensorFlow 1.15 makes for gradients, which are made of other nodes here.

TensorFlow walks from the results to the sources and makes the operations of each gradient, whether anybody needs them
or not; gradients of a value with several uses meet in one AddN. Where an optimizer asks, each operation with several
gradients has them wait for each other: one operation more, and one for each gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from weft.base import nest
from weft.ir.graph import Node, Value
from weft.runtime import graph_ops
from weft.runtime.gradients import place_of

#: the number of a gradient's operations, and of the gradients that they give
Cost = tuple[int, int]


def _static(value: Value) -> bool:
    return value.shape is not None and all(isinstance(n, int) for n in value.shape)


def _broadcast(first: int, equal: int | None) -> Callable[[Node], Cost]:
    """What takes two tensors of shapes that may differ: each gradient is summed along what the other one stretched.

    Args:
        first: The operations beside those sums.
        equal: How many there are for equal shapes that are known; None where that makes no difference.
    """

    def cost(node: Node) -> Cost:
        operands = _operands(node)[:2]
        if len(operands) < 2:
            return first + 7, 2
        a, b = operands
        if equal is None or not (_static(a) and _static(b)):
            return first + 7, 2
        if a.shape == b.shape:
            return equal, 2
        result = node.outputs[0].shape
        return first + 3 + 4 * sum(value.shape != result for value in (a, b)), 2

    return cost


def _operands(node: Node) -> list[Value]:
    return [value for value in node.inputs if not value.type.is_resource]


def _reduction(further: Callable[[Node], int]) -> Callable[[Node], Cost]:
    def cost(node: Node) -> Cost:
        shape, axes = node.inputs[0].shape, node.attrs.get("axis")
        whole = shape is not None and (axes is None or len({a % len(shape) for a in axes}) == len(shape))
        part = 21 if _static(node.inputs[0]) else 16
        return (4 if whole else part) + further(node), 1

    return cost


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
    "Add": _broadcast(0, 0), "AddV2": _broadcast(0, 0), "Sub": _broadcast(1, 1), "Mul": _broadcast(2, 2),
    "SquaredDifference": _broadcast(5, 5), "Pow": (23, 2), "Log1p": (4, 1), "Erf": (6, 1), "AddN": (0, 2),
    "BiasAdd": (1, 2), "MatMul": (2, 2), "BatchMatMulV2": _product, "Conv2D": (3, 2), "Conv2DBackpropInput": (3, 2),
    "DepthwiseConv2dNative": (4, 2), "FusedBatchNormV3": (6, 3), "Sum": _reduction(lambda node: 0),
    "Mean": _reduction(lambda node: 2 if _static(node.inputs[0]) else 11), "Prod": (49, 1), "ConcatV2": _concat,
    "Pack": lambda node: (1, len(node.inputs)), "Unpack": _unused, "Split": _unused, "SplitV": _unused,
    "Tile": (12, 1), "Pad": (9, 1), "Slice": (12, 1), "GatherV2": (13, 1), "Select": (3, 2),
    "SparseTensorDenseMatMul": (13, 2),
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
        if node.op == "read_variable" or any(value in sources for value in begun):
            uses.setdefault(node.inputs[0] if node.inputs else begun[0], set()).add(node)
            continue
        if whole is not None:
            if whole not in met:
                met.add(whole)
                total += whole.gradients + (whole.gates if gated else 0)
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


#: public name -> (operations of its gradient, further ones where they wait for each other)
WHOLE: dict[str, Any] = {
    "clip_by_value": (26, 6),
    "nn.dropout": (18, 6),
    "nn.embedding_lookup": (13, 0),
    "nn.l2_normalize": (43, 6),
    "nn.moments": (41, 3),
    "nn.sigmoid_cross_entropy_with_logits": lambda result: (16 if _static(result._value) else 37, 15),
    "nn.softmax_cross_entropy_with_logits": (13, 3),
    "nn.softmax_cross_entropy_with_logits_v2": (13, 3),
    "nn.sparse_softmax_cross_entropy_with_logits": (5, 0),
    "norm": (17, 3),
    "reduce_logsumexp": (37, 6),
}
