"""Feeds for what a graph has read already: an axis or a size out of a constant, a shape out of `tf.shape(x)`.

While a graph is built, integer tensors whose content follows from constants and shapes become attributes of nodes. A
session may yet feed such a tensor, and then the nodes that were made with its content have to be those of what is fed.
`note` remembers each reading, with the user's line; `changes` finds the nodes that the line made and gives them what is
fed. Where it cannot tell what else was made of the content, the run is refused: nothing that is fed goes unheard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.base import sources
from weft.base.errors import explain
from weft.ir import known_sizes
from weft.ir.graph import Node, Value
from weft.ops.random import blocks_for
from weft.runtime import context


class Reading(NamedTuple):
    """A content that was read while the graph was built.

    Attributes:
        value: Whose.
        content: What it was: a number, a tuple of numbers and sizes, or an array.
        line: The user's line that asked.
        last: The serial number of the graph's last node then; what was made of the content came after it.
    """

    value: Value
    content: Any
    line: Any
    last: int


def note(value: Value, content: Any) -> None:
    """Remembers that the content of a value of TensorFlow 1's graph was read; elsewhere there are no feeds."""
    scope, graph = context.scope(), value.node.graph
    if scope is not None and not scope.ordered and value.node.op != "input":
        graph.readings.append(Reading(value, content, sources.user_line(), graph.nodes[-1].serial))


#: ops whose outputs depend on the shapes alone of what they take
_SHAPES = frozenset({"shape", "shape_of_axis", "dimensions", "dimension", "size", "rank"})
#: attributes that hold what a function was given, as numbers
_PARAMETERS = frozenset("""axis axes shape sizes size perm permutation multiples paddings begin depth k num_segments
                        num_or_sizes shift repeats diagonal index length maxlen""".split())  # fmt: skip
#: of these, those that count axes of the first operand
_AXES = frozenset("axis axes perm permutation".split())
#: attributes that no parameter becomes a part of
_OTHERS = frozenset("keepdims dtype exclusive reverse mode batch_dims".split())


def changes(feeds: Sequence[Value], arrays: Sequence[Any]) -> tuple[list[int], dict[Node, dict[str, Any]]]:
    """What feeds change of a graph.

    Args:
        feeds: What is fed.
        arrays: With what.

    Returns:
        The places of the feeds whose content tells, and the attributes that nodes have under these feeds.

    Raises:
        ValueError: Where what was made of a content cannot be made again of what is fed.
    """
    fed = {value: array for value, array in zip(feeds, arrays, strict=True) if value.node.op != "input"}
    changed: dict[Node, dict[str, Any]] = {}
    telling: set[Value] = set()
    if not fed:
        return [], changed
    graph = next(iter(fed)).node.graph
    for (root, line), readings in _by_place(graph.readings).items():
        leading = [value for value in fed if _leads(value, root)]
        if not leading:
            continue
        telling.update(leading)
        old, new = readings[0].content, _content(root, fed)
        if new is not None and _same(new, old):
            continue
        ends = [*(reading.last for reading in readings[1:]), graph.nodes[-1].serial]
        made = [_replace(leading[0], old, new, [n for n in graph.nodes if first < n.serial <= end and n.source == line],
                         changed) for first, end in zip((r.last for r in readings), ends, strict=True)]  # fmt: skip
        if not any(made):
            raise _refused(leading[0], None)
    for node in graph.nodes:
        operands = [value for value in node.metadata.get("operands", ()) if value in fed]
        for value in operands:
            telling.add(value)
            old, new = _content(value, {}), _content(value, fed)
            if not _same(old, new):
                _replace(value, old, new, [node], changed)
    for node in changed:
        if any(f"{node.name}_grad/" in other.name for other in graph.nodes):
            raise _refused(next(iter(telling)), node)
    return [place for place, value in enumerate(feeds) if value in telling], changed


def _leads(value: Value, to: Value) -> bool:
    """Whether the content of one value may come from that of another."""
    seen: set[Value] = set()
    stack = [to]
    while stack:
        found = stack.pop()
        if found is value:
            return True
        if found not in seen and found.node.op not in _SHAPES:
            seen.add(found)
            stack.extend(found.node.inputs)
    return False


def _content(value: Value, fed: Mapping[Value, Any]) -> Any:
    if value in fed:
        found = known_sizes.content_of(fed[value])
        return fed[value] if found is None else found
    if value.node.op == "constant":
        array = value.node.attrs["value"].array
        found = known_sizes.content_of(array)
        return array if found is None else found
    return known_sizes.content(value, fed=fed)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    return bool(a == b)


def _by_place(readings: Iterable[Reading]) -> dict[tuple[Value, Any], list[Reading]]:
    """Readings by whose content was read, and by the user's line."""
    found: dict[tuple[Value, Any], list[Reading]] = {}
    for reading in readings:
        found.setdefault((reading.value, reading.line), []).append(reading)
    return found


def _replace(
    fed: Value, old: Any, new: Any, users: Sequence[Node], changed: dict[Node, dict[str, Any]]
) -> bool:
    """Gives the node that was made with one content another; whether there is one."""
    held = [node for node in users if any(_exchanged(node, name, old, old) is not None for name in _held(node))]
    if not held:
        if any(_held(node) for node in users):
            raise _refused(fed, next(node for node in users if _held(node)))
        return False
    node = held[0]
    attrs = changed.get(node, node.attrs)
    found = {name: value for name in _held(node) if (value := _exchanged(node, name, old, new)) is not None}
    taken = _reservation(node) if "shape" in found else None
    aside = [other for other in users if other not in (node, taken) and (_held(other) or _is_large(other))]
    if len(held) > 1 or len(found) != 1 or aside:
        raise _refused(fed, node)
    changed[node] = {**attrs, **found}
    if taken is not None:
        changed[taken] = {**changed.get(taken, taken.attrs), "blocks": blocks_for(node.op, changed[node]["shape"])}
    return True


def _reservation(node: Node) -> Node | None:
    """What takes as many numbers from a stream as a node draws."""
    return next((v.node for v in node.inputs if v.node.op == "advance_random_state"), None)


def _held(node: Node) -> list[str]:
    """The attributes of a node that may come from what a function was given."""
    return [] if node.op == "constant" else [name for name in node.attrs if name not in _OTHERS]


def _is_large(node: Node) -> bool:
    """Whether a node is a constant that may have been counted out of a parameter."""
    return bool(node.op == "constant" and node.attrs["value"].array.size > 1)


def _exchanged(node: Node, name: str, old: Any, new: Any) -> Any:
    """An attribute with another content in the place of one; None where it does not hold that, or more than once."""
    attr = node.attrs[name]
    if name not in _PARAMETERS or new is None or isinstance(old, np.ndarray) or isinstance(new, np.ndarray):
        return None
    for form in _forms(node, name, old):
        if attr == form:
            return new
        if not isinstance(form, tuple) and not isinstance(new, tuple) and _count(attr, form) == 1:
            return _with(attr, form, new)
    return None


def _forms(node: Node, name: str, content: Any) -> Iterator[Any]:
    """How an attribute may say a content: axes may be counted from the front."""
    yield content
    rank = node.inputs[0].type.rank if node.inputs and name in _AXES else None
    numbers = content if isinstance(content, tuple) else (content,)
    if rank and all(isinstance(n, int) for n in numbers):
        counted = tuple(n % rank for n in numbers)
        yield counted if isinstance(content, tuple) else counted[0]


def _count(attr: Any, number: Any) -> int:
    """How often a number stands in a nested tuple."""
    return sum(_count(item, number) for item in attr) if isinstance(attr, tuple) else int(_is(attr, number))


def _with(attr: Any, number: Any, other: Any) -> Any:
    """A nested tuple with another number in the place of one."""
    if isinstance(attr, tuple):
        return tuple(_with(item, number, other) for item in attr)
    return other if _is(attr, number) else attr


def _is(item: Any, number: Any) -> bool:
    return not isinstance(item, (bool, str)) and item is not None and bool(item == number)


def _refused(fed: Value, node: Node | None) -> ValueError:
    made = "" if node is None or not node.source else f", made at {node.source}"
    user = "" if node is None else f": `{node.name}` holds it{made}"
    problem = f"Tensor {fed.name} may not be fed, for its value was read while the graph was built{user}."
    hint = "make it a tf.placeholder where the function takes one, or build the graph with that value"
    return ValueError(explain(problem, hint=hint))
