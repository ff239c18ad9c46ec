"""What kernels do, in numbers: floating-point operations, bytes, and which nodes of the graph they are for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from weft.base.dims import product, quotient
from weft.engines.native.index import Index
from weft.engines.native.loops import Kernel, Op, Set, buffers, expressions
from weft.engines.native.loops import Register as Variable
from weft.engines.native.lower import Nest, variables
from weft.engines.native.products import Product

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.engines.native.fusion import Group
    from weft.ir.graph import Node

#: functions of numbers that only convert or choose
_FREE = {"cast", "convert", "bitcast", "select", "and", "or", "not", "xor"}


class Work(NamedTuple):
    """One run of a kernel.

    Attributes:
        flops: Floating-point operations of maps and sums.
        products: (node, operations) of products and convolutions that it has a part in, as the graph has them: what
            a rewriting saves is counted all the same.
        bytes: What it reads and writes, each buffer once.
        nodes: The names of the nodes that it computes.
    """

    flops: Dimension
    products: tuple[tuple[str, Dimension], ...]
    bytes: Dimension
    nodes: tuple[str, ...]


def work_of(group: Group, kernel: Kernel) -> Work:
    """The work of a kernel that was made of a group."""
    read, written = buffers(kernel)
    touched: Dimension = 0
    for buffer in dict.fromkeys((*read, *written)):
        if buffer.role != "thread":
            touched = touched + buffer.size * buffer.dtype.size
    total: Dimension = 0
    products: dict[str, Dimension] = {}
    for nest in group.nests:
        if nest.template is None:
            total = total + _flops(nest)
        elif nest.node is not None and nest.node.op in _RULES:
            products[nest.node.name] = _RULES[nest.node.op](nest.node)
    names = dict.fromkeys(nest.node.name for nest in group.nests if nest.node is not None)
    return Work(total, tuple(products.items()), touched, tuple(names))


#: what a thread does in a cycle, roughly: multiply-adds of a product, and numbers of B that come; how many cycles an
#: element of a map takes, or a term of a sum
_AT_ONCE, _COME, _EACH = 32, 4, 2


def effort(group: Group) -> Dimension | None:
    """About how many cycles a thread takes for a group's kernel; None where nothing says that they are few."""
    cycles: Dimension = 0
    for nest in group.nests:
        if isinstance(nest.template, Product):
            rows, columns = product(nest.shape[:-1]), nest.shape[-1]
            inner = nest.template.inner
            cycles = cycles + quotient(rows * columns * inner, _AT_ONCE) + quotient(columns * inner, _COME)
        elif nest.template is not None or group.kind == "run":
            return None
        else:
            cycles = cycles + _EACH * product((*nest.shape, *nest.reduced))
    return cycles


def _flops(nest: Nest) -> Dimension:
    place = tuple(map(Index.of, variables(nest.shape, "p")))
    within = tuple(map(Index.of, variables(nest.reduced, "r")))
    value = nest.value(place, within)
    held = Set(Variable("value", value.dtype), value)
    each = sum(isinstance(e, Op) and e.dtype.is_floating and e.name not in _FREE for e in expressions([held]))
    each += 1 if nest.reduced and value.dtype.is_floating else 0
    return product((*nest.shape, *nest.reduced)) * each


def _shape(value: Any) -> tuple[Any, ...]:
    return tuple(value.shape or ())


def _conv(node: Node) -> Dimension:
    return 2 * product(_shape(node.outputs[0])) * product(_shape(node.inputs[1])[:-1])


def _conv_input(node: Node) -> Dimension:
    return 2 * product(_shape(node.inputs[0])) * product(_shape(node.inputs[1])[:-1])


def _conv_kernel(node: Node) -> Dimension:
    return 2 * product(_shape(node.inputs[1])) * product(_shape(node.outputs[0])[:-1])


def _depthwise(node: Node) -> Dimension:
    return 2 * product(_shape(node.outputs[0])) * product(_shape(node.inputs[1])[:2])


def _matmul(node: Node) -> Dimension:
    axis = -2 if node.attrs.get("transpose_a") or node.attrs.get("adjoint_a") else -1
    length: Dimension = _shape(node.inputs[0])[axis]
    return 2 * product(_shape(node.outputs[0])) * length


_RULES: dict[str, Callable[[Node], Dimension]] = {
    "conv": _conv, "conv_input_gradient": _conv_input, "conv_kernel_gradient": _conv_kernel,
    "depthwise_conv": _depthwise, "matmul": _matmul,
}  # fmt: skip
