"""Functions in GraphDefs: their libraries, calls of them, and the branches and loops that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain, nearest
from weft.compat import operations
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.runtime.graph_export import decode
from weft.runtime.tensor import SymbolicTensor


class _Inner(Source):
    """A node of a function's body: its references name the outputs that they mean, its attributes may be arguments."""

    def __init__(self, entry: Any, given: dict[str, Any]) -> None:
        super().__init__(entry)
        self._texts = [text for text in entry.input if not text.startswith("^")]
        self.attrs = {key: given.get(value.placeholder) if value.WhichOneof("value") == "placeholder" else decode(value)
                      for key, value in ((key, entry.attr[key]) for key in entry.attr)}  # fmt: skip

    def settle(self, body: Body) -> None:
        """Makes its references (node, place) when all nodes are known."""
        self.inputs = [body.reference(text) for text in self._texts]


class Body(Importer):
    """The nodes of a function, made where it is called.

    Args:
        outer: Who calls it.
        function: The FunctionDef.
        operands: The arguments' values.
        handles: The variables' handles of those arguments that have one, by position.
        attrs: The call's attributes.
        prefix: What stands before the names of its nodes.
    """

    def __init__(self, outer: Importer, function: Any, operands: Sequence[Any], handles: dict[int, Any],
                 attrs: dict[str, Any], prefix: str = "") -> None:  # fmt: skip
        names = [argument.name for argument in function.signature.input_arg]
        if len(names) != len(operands):
            raise NotKnown(f"function `{function.signature.name}` takes {len(names)} values, and gets {len(operands)}")
        sources = [_Inner(entry, attrs) for entry in function.node_def]
        self.function = function
        self._by_name = {source.name: source for source in sources}
        self._library = outer.library
        for source in sources:
            source.settle(self)
        given = {(name, 0): value for name, value in zip(names, operands, strict=True)}
        super().__init__(sources, given, prefix, outer.library)
        self.within = True
        self.handles.update({names[place]: handle for place, handle in handles.items()})

    def reference(self, text: str) -> tuple[str, int]:
        """What a reference of a function's body means, as (node, place)."""
        name, *rest = text.split(":")
        source = self._by_name.get(name)
        if source is None or len(rest) != 2:
            return name, 0
        return name, self._offset(source, rest[0]) + int(rest[1])

    def _offset(self, source: Source, label: str) -> int:
        called = self._library.get(source.op)
        if called is not None:
            return [argument.name for argument in called.signature.output_arg].index(label)
        total = 0
        for entry in operations.results(source.op):
            name, _, counted = entry.partition("*")
            if name == label:
                return total
            held = source.attrs.get(counted) if counted else 1
            total += len(held) if isinstance(held, list) else int(held or 0)
        return 0

    def results(self) -> list[Any]:
        """Its outputs; what it only does is done before they are there."""
        signature = self.function.signature
        before = [self._operation(self.function.control_ret[name]) for name in self.function.control_ret]
        effects = [operation for operation in before if operation is not None]
        found = [self.value(self.reference(self.function.ret[argument.name])) for argument in signature.output_arg]
        if effects:
            with weft.control_dependencies(effects):
                found = [weft.identity(t) if isinstance(t, SymbolicTensor) else t for t in found] or [weft.no_op()]
        return found


def _function(x: Importer, value: Any) -> tuple[Any, dict[str, Any]]:
    """The function that an attribute names, and the attributes that it is given."""
    found = x.library.get(value.name)
    if found is None:
        raise ValueError(explain(f"The graph calls the function `{value.name}`, which its library has not.",
                                 received=nearest(value.name, x.library)))  # fmt: skip
    return found, {key: decode(value.attr[key]) for key in value.attr}


def _operands(x: Importer, source: Source, first: int) -> tuple[list[Any], dict[int, Any]]:
    values = [x.value(reference) for reference in source.inputs[first:]]
    held = {place: x.handle(source, first + place) for place in range(len(values))}
    return values, {place: handle for place, handle in held.items() if handle is not None}


def call(x: Importer, source: Source) -> list[Any]:
    """A call of a function of the library, by an attribute or by its name as an operation."""
    if "f" in source.attrs:
        function, attrs = _function(x, source.attrs["f"])
    else:
        function, attrs = x.library[source.op], dict(source.attrs)
    values, handles = _operands(x, source, 0)
    return Body(x, function, values, handles, attrs, x.prefix_of(source)).results()


handles("PartitionedCall", "StatefulPartitionedCall")(call)


def _as_bool(value: Any) -> Any:
    if value.dtype.is_bool:
        return value
    return weft.strings.length(value) > 0 if value.dtype == dtypes.string else weft.not_equal(value, 0)


@handles("If", "StatelessIf")
def _if(x: Importer, source: Source) -> list[Any]:
    values, handles = _operands(x, source, 1)

    def side(attribute: str) -> Callable[[], Any]:
        function, attrs = _function(x, source.attrs[attribute])
        return lambda: tuple(Body(x, function, values, handles, attrs).results())

    predicate = _as_bool(x.value(source.inputs[0]))
    return list(weft.cond(predicate, side("then_branch"), side("else_branch")))


@handles("Case", "StatelessCase")
def _case(x: Importer, source: Source) -> list[Any]:
    values, handles = _operands(x, source, 1)

    def side(function: Any, attrs: dict[str, Any]) -> Callable[[], Any]:
        return lambda: tuple(Body(x, function, values, handles, attrs).results())

    sides = [side(*_function(x, value)) for value in _functions(source)]
    return list(weft.switch_case(x.value(source.inputs[0]), sides))


def _functions(source: Source) -> list[Any]:
    found = source.attrs["branches"]
    return list(found)


@handles("While", "StatelessWhile")
def _while(x: Importer, source: Source) -> list[Any]:
    values, handles = _operands(x, source, 0)
    condition, body = (_function(x, source.attrs[name]) for name in ("cond", "body"))
    kinds = source.attrs.get("T") or [None] * len(values)
    # what is no value (a variable's handle) is the same in every turn
    places = [i for i, kind in enumerate(kinds) if kind is not dtypes.resource and i not in handles]

    def turn(function: Any, attrs: dict[str, Any], variables: Sequence[Any]) -> list[Any]:
        operands = list(values)
        for place, variable in zip(places, variables, strict=True):
            operands[place] = variable
        return Body(x, function, operands, handles, attrs).results()

    def stepped(*variables: Any) -> tuple[Any, ...]:
        found = turn(*body, variables)
        return tuple(found[place] for place in places)

    found = settled_loop(lambda *v: _as_bool(turn(*condition, v)[0]), stepped, [values[place] for place in places])
    results = list(values)
    for place, value in zip(places, found, strict=True):
        results[place] = value
    return results


def settled_loop(condition: Callable[..., Any], body: Callable[..., Any], start: Sequence[Any]) -> list[Any]:
    """A loop whose variables may change their shapes: the sizes that a turn changes count as not known."""
    if not start:
        raise NotKnown("a loop without variables")
    try:
        return list(weft.while_loop(condition, body, tuple(start)))
    except (ValueError, weft.errors.InvalidArgumentError):
        if not all(isinstance(value, SymbolicTensor) for value in start):
            raise
        wanted = _steady_shapes(body, start)
    return list(weft.while_loop(condition, body, tuple(start), shape_invariants=tuple(wanted)))


def _steady_shapes(body: Callable[..., Any], start: Sequence[Any]) -> list[Any]:
    """Shapes that a turn takes and leaves, with None for the sizes that it changes."""
    from weft.ir.types import TensorType
    from weft.runtime.control import Tracing

    wanted = [weft.TensorShape(value.shape.as_list() if value.shape.rank is not None else None) for value in start]
    while True:
        types = [TensorType(weft.TensorShape(shape).symbolic, value.dtype)
                 for shape, value in zip(wanted, start, strict=True)]  # fmt: skip
        found = Tracing(body, types, "probe").returned
        merged = [_common(before, after.shape) for before, after in zip(wanted, found, strict=True)]
        if [str(shape) for shape in merged] == [str(shape) for shape in wanted]:
            return wanted
        wanted = merged


def _common(before: Any, after: Any) -> Any:
    if before.rank is None or after.rank != before.rank:
        return weft.TensorShape(None)
    return weft.TensorShape([a if a == b else None for a, b in zip(before.as_list(), after.as_list(), strict=True)])
