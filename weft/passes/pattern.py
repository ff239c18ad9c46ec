"""Patterns over graphs, written as expressions: `log(softmax(x, axis=a))`.

- a call matches an application of that op; commutative ops match in either order;
- a lower-case name matches any value, the same one wherever it recurs; an upper-case one only a constant;
- a number matches a constant whose elements all are that number (-0.0 is not 0.0);
- `axis=a` binds the attribute `axis` to `a`, `axis=(0,)` wants that value; attributes not named may be anything.

The same notation builds: `log_softmax(x, axis=a)` with what a match has bound.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.ir.graph import Constant, Node, Value

if TYPE_CHECKING:
    from typing import TypeAlias

    from weft.ops.builder import Builder

COMMUTATIVE = frozenset((
    "add", "multiply", "maximum", "minimum", "equal", "not_equal", "logical_and", "logical_or", "logical_xor",
    "bitwise_and", "bitwise_or", "bitwise_xor", "squared_difference",
))  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """Matches a value; `constant` ones only constants."""

    name: str
    constant: bool


@dataclass(frozen=True)
class Number:
    """Matches a constant that is this number everywhere."""

    value: float


@dataclass(frozen=True)
class Bind:
    """Matches any attribute and gives it a name."""

    name: str


@dataclass(frozen=True)
class Apply:
    """Matches an application of an op."""

    op: str
    inputs: tuple[Pattern, ...]
    attrs: tuple[tuple[str, Any], ...]


if TYPE_CHECKING:
    Pattern: TypeAlias = Variable | Number | Apply


@dataclass(frozen=True)
class Match:
    """What a pattern found.

    Attributes:
        values: What the names of values stand for.
        attrs: What the names of attributes stand for.
        nodes: The nodes that the pattern's applications matched, the root first.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def constant(self, name: str) -> np.ndarray[Any, Any]:
        """The array that an upper-case name stands for, without the broadcast around it."""
        array = constant_of(self.values[name])
        assert array is not None
        return array


@cache
def parse(text: str) -> Pattern:
    """The pattern that a text stands for.

    Raises:
        ValueError: For what is not in the notation.
    """
    return _parse(ast.parse(text, mode="eval").body, text)


def _parse(tree: ast.expr, text: str) -> Pattern:
    if isinstance(tree, ast.Name):
        return Variable(tree.id, tree.id.isupper())
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        attrs = tuple((k.arg or "", Bind(k.value.id) if isinstance(k.value, ast.Name) else ast.literal_eval(k.value))
                      for k in tree.keywords)  # fmt: skip
        return Apply(tree.func.id, tuple(_parse(a, text) for a in tree.args), attrs)
    try:
        number = ast.literal_eval(tree)
    except ValueError:
        raise ValueError(f"{ast.unparse(tree)!r} in pattern {text!r} is not a call, a name or a number.") from None
    return Number(number)


def ops_of(pattern: Pattern) -> set[str]:
    """The names of the ops in a pattern."""
    if not isinstance(pattern, Apply):
        return set()
    return {pattern.op}.union(*(ops_of(p) for p in pattern.inputs))


def constant_of(value: Value) -> np.ndarray[Any, Any] | None:
    """The array of a constant, or of one that is broadcast; None for anything else."""
    node = value.node
    while node.op == "broadcast_to":
        node = node.inputs[0].node
    if node.op != "constant":
        return None
    constant = node.attrs["value"]
    return constant.array if isinstance(constant, Constant) else None


def uniform(value: Value) -> Any:
    """The number that all elements of a constant are; None where there is none (NaN is none)."""
    array = constant_of(value)
    if array is None or array.size == 0 or array.size > 4096 or array.dtype == object:
        return None
    first = array.flat[0]
    if array.size > 1 and not (np.all(array == first) and (first != 0 or _one_sign(array))):
        return None
    return first if first == first else None


def _one_sign(array: np.ndarray[Any, Any]) -> bool:
    if array.dtype.kind in "iub":
        return True
    signs = np.signbit(array.real.astype(np.float64))
    return bool(np.all(signs == signs.flat[0]))


def is_number(value: Value, number: float) -> bool:
    """Whether a value is a constant that is this number everywhere, the sign of zero included."""
    found = uniform(value)
    if found is None or found != number:
        return False
    if number != 0 or value.dtype.kind != "float":
        return True
    return bool(np.signbit(np.float64(found)) == np.signbit(np.float64(number)))


def same(first: Value, second: Value) -> bool:
    """Whether two values are one, or equal constants."""
    if first is second:
        return True
    a, b = first.node, second.node
    return a.op == b.op == "constant" and bool(a.attrs["value"] == b.attrs["value"])


def match(pattern: Pattern, value: Value) -> Iterator[Match]:
    """Every way in which a pattern fits the computation of a value."""
    return _match(pattern, value, Match())


def _match(pattern: Pattern, value: Value, found: Match) -> Iterator[Match]:
    if isinstance(pattern, Variable):
        bound = found.values.get(pattern.name)
        if bound is not None:
            if same(bound, value):
                yield found
        elif not pattern.constant or constant_of(value) is not None:
            yield Match({**found.values, pattern.name: value}, found.attrs, found.nodes)
    elif isinstance(pattern, Number):
        if is_number(value, pattern.value):
            yield found
    else:
        yield from _match_application(pattern, value, found)


def _match_application(pattern: Apply, value: Value, found: Match) -> Iterator[Match]:
    node = value.node
    if node.op != pattern.op or node.effect or len(node.inputs) != len(pattern.inputs) or len(node.outputs) != 1:
        return
    ways = [node.inputs] if all(map(_may_fit, pattern.inputs, node.inputs)) else []
    if node.op in COMMUTATIVE and pattern.inputs[0] != pattern.inputs[1]:
        turned = node.inputs[::-1]
        ways += [turned] if all(map(_may_fit, pattern.inputs, turned)) else []
    if not ways:
        return
    attrs = dict(found.attrs)
    for key, wanted in pattern.attrs:
        if key not in node.attrs:
            return
        actual = node.attrs[key]
        if isinstance(wanted, Bind):
            wanted = attrs.setdefault(wanted.name, actual)
        if wanted != actual:
            return
    inner = Match(found.values, attrs, (*found.nodes, node))
    for inputs in ways:
        yield from _match_all(pattern.inputs, inputs, inner)


def _may_fit(pattern: Pattern, value: Value) -> bool:
    """What can be told at once: most patterns do not fit most computations."""
    if isinstance(pattern, Apply):
        return value.node.op == pattern.op
    return not isinstance(pattern, Number) or is_number(value, pattern.value)


def _match_all(patterns: tuple[Pattern, ...], values: tuple[Value, ...], found: Match) -> Iterator[Match]:
    if not patterns:
        yield found
        return
    for first in _match(patterns[0], values[0], found):
        yield from _match_all(patterns[1:], values[1:], first)


def build(pattern: Pattern, found: Match, b: Builder) -> Any:
    """Applies a pattern's ops to what a match has bound; a number stays a number."""
    if isinstance(pattern, Variable):
        return found.values[pattern.name]
    if isinstance(pattern, Number):
        return pattern.value
    attrs = {key: found.attrs[value.name] if isinstance(value, Bind) else value for key, value in pattern.attrs}
    return b.call(pattern.op, *(build(p, found, b) for p in pattern.inputs), **attrs)
