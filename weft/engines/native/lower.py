"""Ops to loop nests: what each op means for single elements.

A rule takes the lowering and a node and returns a source for each output. What has no rule here is taken apart by its
decomposition, or runs on the host between compiled pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import Dim, product
from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import Buffer, Const, Expr, Load, Op
from weft.engines.native.problems import Refused, Specialise, Unsupported
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Graph, Node, Value, attr_symbols, symbol_sources
from weft.ops import opdef
from weft.ops.opdef import Effect

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape, Symbol
    from weft.base.dtypes import DType
    from weft.ir.types import TensorType

#: expressions of more instructions than this are stored rather than computed twice
CHEAP = 3


@dataclass(eq=False)
class Region:
    """A loop whose turns follow one another: its nests run once for each.

    Attributes:
        turn: The variable that counts the turns.
        parent: The loop that it is within.
        loop: For the parts of a loop whose end only data tells: that loop.
    """

    turn: LoopVar
    parent: Region | None = None
    loop: Loop | None = None

    @property
    def whole(self) -> Region | Loop:
        """The loop as a whole."""
        return self.loop or self

    @property
    def may_not_end(self) -> bool:
        """Whether only data tells how often it turns, or a loop that it is within."""
        return self.loop is not None or (self.parent is not None and self.parent.may_not_end)

    def within(self, outer: Region | None) -> Region | Loop:
        """The loop next to `outer` that it is, or is a part of."""
        region = self
        while region.parent is not outer:
            assert region.parent is not None
            region = region.parent
        return region.whole


@dataclass(eq=False)
class Loop:
    """A loop that goes on while a condition holds.

    Attributes:
        test: What computes the condition.
        body: What a turn does, which counts 0, 1, 0, 1, …
        tail: What is done after an odd number of turns.
        condition: The condition, in memory.
    """

    turn: LoopVar
    parent: Region | None
    condition: Memory | None = None

    def __post_init__(self) -> None:
        self.test, self.body, self.tail = (Region(self.turn, self.parent, self) for _ in range(3))


@dataclass(eq=False)
class Nest:
    """One result, element by element: what is stored at each place, or combined over a range.

    Attributes:
        shape: The places.
        value: (indices of the place, indices of the range) -> the element.
        output: Where it goes.
        reduced: The range that is combined, () for none.
        combine: `add`, `multiply`, `maximum`, `minimum`, `and`, `or`; or `fail`: nothing is stored, and
            where the element is true the step is thrown away.
        name: For people.
        template: For contractions and others that bring their own loops.
    """

    shape: Shape
    value: Callable[[Indices, Indices], Expr]
    output: Memory
    reduced: Shape = ()
    combine: str = ""
    name: str = ""
    template: Any = None
    region: Region | None = None  # the loop whose body it belongs to
    when: Memory | None = None  # a bool in memory: where it does not hold, nothing is done
    part: bool = False  # it writes a part of its buffer; every other nest that writes there, another part
    node: Node | None = None  # what it was made for
    run: Any = None  # the walk through a matrix that it is part of
    seen: Any = None  # what `fusion.walk` found


class Lowering:
    """Turns the nodes of a graph into nests."""

    def __init__(self, graph: Graph, pairs: frozenset[DType] = frozenset(), panel_bytes: int = 128) -> None:
        self.graph = graph
        self.panel_bytes = panel_bytes  # of a row of what products have in order
        self.pairs = pairs  # the types of which the processor adds up pairs of products
        self.nests: list[Nest] = []
        self.sources: dict[Value, Source] = {}
        self.users = {value: len(nodes) for value, nodes in graph.users().items()}
        self._stored = _stored_by_users(graph)
        self._stored_first = _stored_first(graph)
        self._orders = _orders_of_users(graph)
        self.state: dict[Value, Memory] = {}
        self.written: dict[Value, Memory] = {}  # handles of variables that the graph writes
        self._lookers: dict[Buffer, dict[Value, None]] = {}  # for each variable, the values that may be read from it
        self._looks: dict[Value, frozenset[Buffer]] = {}  # the same the other way round
        self._left = dict(self.users)  # how many nodes have yet to use a value
        self._results = set(graph.outputs)  # values that are used when all nodes have run: those of inner graphs too
        self.region: Region | None = None
        self._first_inside = 0  # the first nest of the loop's body that is lowered now
        self.when: Memory | None = None  # of the branch that is lowered now
        self._always: set[Nest] = set()  # nests of a branch that are done whichever way it goes
        self.shared: dict[Any, Any] = {}  # what several rules make the same of
        self._steady: dict[Buffer, bool] = {}  # what was asked: whether a buffer is the same on every run
        self._count = 0
        held = {s for v in graph.inputs if v.type.handle for d in v.type.handle.shape or () for s in attr_symbols(d)}
        self._telling = {value for symbol, value in symbol_sources(graph).items() if symbol not in held}

    def run(self) -> list[Source]:
        """Lowers every node; returns where the graph's outputs are.

        Raises:
            Specialise: Where sizes must be known that are not.
            Refused: Naming a node that has no native form.
        """
        self._inputs(None)
        for node in self.graph.nodes:
            if node.op == "input":
                continue
            try:
                self._node(node)
            except Unsupported as problem:
                raise Refused(node, str(problem)) from None
        return [self.sources[value] for value in self.graph.outputs]

    def refused(self) -> set[Node]:
        """The nodes that have no native form; nothing else of this lowering is of use afterwards."""
        found: set[Node] = set()
        foreign: set[Value] = set()  # values that native code cannot hold
        self._inputs(foreign)
        for node in self.graph.nodes:
            if node.op == "input":
                continue
            try:
                if any(value in foreign for value in node.inputs):
                    raise Unsupported("an operand is not native")
                if any(not native_type(value.type) for value in node.outputs):
                    raise Unsupported("a result is not native")
                self._node(node)
            except Specialise:
                self._stand_in(node, foreign)  # native once the size is known
            except Unsupported:
                found.add(node)
                self._stand_in(node, foreign)
        return found

    def _stand_in(self, node: Node, foreign: set[Value]) -> None:
        for value in node.outputs:
            if native_type(value.type):
                self.sources[value] = self.temporary(value.shape or (), value.dtype)
            else:
                foreign.add(value)

    def _inputs(self, foreign: set[Value] | None) -> None:
        for value in self.graph.inputs:
            held = value.type.handle or value.type
            if not native_type(held):
                if foreign is None:
                    raise Refused(None, f"input {value.name} is {held}")
                foreign.add(value)
                continue
            shape = held.shape
            assert shape is not None
            if value.type.is_resource:
                self.state[value] = Memory(Buffer(value.node.name, held.dtype, product(shape), "state"), shape)
            else:
                self.sources[value] = Memory(Buffer(value.node.name, held.dtype, product(shape), "input"), shape)

    def given(self, value: Value) -> Memory:
        """Where an input of the graph lies."""
        found = self.state.get(value) or self.sources[value]
        assert isinstance(found, Memory)
        return found

    def _node(self, node: Node) -> None:
        function = RULES.get(node.op)
        if function is None:
            raise Unsupported("there is no rule for it")
        if not all(native_type(value.type) for value in node.outputs):
            raise Unsupported("a result is not native")
        if any(value in self._telling for value in node.outputs):
            raise Unsupported("the size of a result is known only when it has run")
        made = len(self.nests)
        results = function(self, node)
        for value in dict.fromkeys(node.inputs):
            self._left[value] -= 1
        for value, source in zip(node.outputs, results, strict=True):
            if self._is_stored_first(value, source):
                source = self.memory(source)
            settled = self.sources[value] = self.settle(source, self.users.get(value, 0), value in self._stored)
            self._look(value, settled, node.inputs)
        for nest in self.nests[made:]:
            nest.node = nest.node or node

    def _look(self, value: Value, source: Source, operands: Sequence[Value]) -> None:
        """Notes which variables a value may be read from: those that it is computed from, until it is stored."""
        if isinstance(source, Memory):
            found = frozenset((source.buffer,)) if source.buffer.role == "state" else frozenset()
        else:
            found = frozenset().union(*(self._looks.get(operand, ()) for operand in operands))
            found |= {self.state[operand].buffer for operand in operands if operand in self.state}
        if found:
            self._looks[value] = found
            for buffer in found:
                self._lookers.setdefault(buffer, {})[value] = None

    def body(self, graph: Graph, inputs: Sequence[Source], region: Region) -> list[Source]:
        """Lowers the body of a loop; its inputs lie in memory. Returns where its outputs are.

        Raises:
            Unsupported: Where a node of it has no native form; nothing of it is left then.
        """
        first, outer, before = len(self.nests), self.region, self._first_inside
        self.region, self._first_inside = region, first
        try:
            found = self._inner(graph, inputs)
        except (Unsupported, Specialise):
            del self.nests[first:]
            raise
        finally:
            self.region, self._first_inside = outer, before
        self.enclose(first, region)
        return found

    def stays(self, reads: Sequence[Load]) -> bool:
        """Whether what is read is the same in all turns of the loop whose body is lowered now."""
        assert self.region is not None
        made = {nest.output.buffer for nest in self.nests[self._first_inside :]}
        turn = self.region.turn
        return not any(
            load.buffer in made or load.buffer.ring or turn in load.index.variables() for load in reads
        )

    def steady(self, reads: Sequence[Load]) -> bool:
        """Whether what is read depends on constants and variables alone, of which the graph writes none."""
        if self.region is not None or self.when is not None or self._writes:
            return False
        return all(self._is_steady(load.buffer) for load in reads)

    def _is_steady(self, buffer: Buffer) -> bool:
        if buffer.role in ("state", "constant"):
            return True
        known = self._steady.get(buffer)
        if known is None:
            from weft.engines.native.fusion import walk

            self._steady[buffer] = False  # until all that it is made of has been looked at
            makers = [nest for nest in self.nests if nest.output.buffer is buffer]
            once = bool(makers) and all(nest.region is None and nest.when is None for nest in makers)
            reads = [load.buffer for nest in makers for load in walk(nest).reads] if once else []
            known = self._steady[buffer] = once and all(map(self._is_steady, reads))
        return known

    @cached_property
    def _writes(self) -> bool:
        """Whether the graph, or one within it, writes a variable."""
        graphs = [self.graph]
        for graph in graphs:
            graphs += [inner for node in graph.nodes for inner in node.subgraphs()]
        return any(opdef.get(node.op).effect is Effect.WRITE for graph in graphs for node in graph.nodes
                   if node.op != "input")  # fmt: skip

    def enclose(self, first: int, region: Region) -> None:
        """Puts the nests from a number on into a loop, but for those that are in one within it."""
        for nest in self.nests[first:]:
            nest.region = nest.region or region

    def _inner(self, graph: Graph, inputs: Sequence[Source]) -> list[Source]:
        users = {value: len(nodes) for value, nodes in graph.users().items()}
        self._left.update(users)
        for value in graph.outputs:  # each is stored in a place of its own
            users[value] = users.get(value, 0) + 1
        self.users.update(users)
        self._results.update(graph.outputs)
        self._stored |= _stored_by_users(graph)
        self._stored_first |= _stored_first(graph)
        self._orders.update(_orders_of_users(graph))
        for value, source in zip((v for v in graph.inputs if not v.type.is_resource), inputs, strict=True):
            self.sources[value] = source
            self._look(value, source, ())
        for node in graph.nodes:
            if node.op != "input":
                self._node(node)
        return [self.sources[value] for value in graph.outputs]

    def branch(self, graph: Graph, inputs: Sequence[Source], handles: Mapping[Value, Value], when: Memory,
               results: Sequence[Memory]) -> None:  # fmt: skip
        """Lowers a graph that runs only where a bool holds.

        Args:
            graph: The branch.
            inputs: Where its inputs lie, in memory, but for the variables.
            handles: Its own handles of variables -> those outside.
            when: The bool.
            results: Where its outputs go.

        Raises:
            Unsupported: Where a node of it has no native form; the caller removes what there is of it.
        """
        first, outer = len(self.nests), self.when
        self.when = when
        self.state.update((own, self._anew(other)) for own, other in handles.items())
        for other in handles.values():  # what is noted on a source in a branch holds in that branch only
            self._anew(other)
        try:
            for source, target in zip(self._inner(graph, inputs), results, strict=True):
                self._put(source, target, "chosen")
        finally:
            self.when = outer
        self.written.update((other, self._anew(other)) for own, other in handles.items() if own in self.written)
        for nest in self.nests[first:]:
            if nest.when is None and nest not in self._always:
                nest.when = when

    def _put(self, source: Source, target: Memory, name: str) -> None:
        self.nests.append(Nest(target.shape, lambda place, _: source.at(place), target, name=name))

    def taken(self, condition: Callable[[], Expr]) -> Memory:
        """Whether a branch is taken, in memory: never where the branch around it is not."""
        found, outer = self.temporary((), dtypes.bool_, "taken"), self.when

        def value(place: Indices, _: Indices) -> Expr:
            return condition() if outer is None else Op("and", (outer.at(()), condition()), dtypes.bool_)

        self.unconditional(Nest((), value, found, name="taken"))
        return found

    def unconditional(self, nest: Nest) -> None:
        """Adds a nest that is done in a branch even where that is not taken."""
        self._always.add(nest)
        self.nests.append(nest)

    def variable(self, handle: Value) -> Memory:
        """Where a variable's present value lies."""
        return self.state[handle]

    def assign(
        self, handle: Value, value: Source, node: Node, update: Callable[[Memory], None] | None = None
    ) -> Source:
        """Gives a variable a value (`update` writes it in place). What still needs the old one gets a copy of it."""
        memory = self.state[handle]
        ours = node.inputs[1] if len(node.inputs) > 1 else None
        becomes = update is None and node.op == "assign_variable" and not isinstance(value, Memory)
        for other in list(self._lookers.get(memory.buffer, ())):
            source = self.sources[other]
            if other is ours and (becomes or update is not None):
                continue
            if self._left.get(other, 0) > (other in node.inputs) or other in self._results:
                if memory.buffer in self.reads(source):
                    self.sources[other] = self.copy(source)
                    self._always.add(self.nests[-1])  # others need it after a branch that was not taken
        if update is not None:
            update(memory)
        else:
            value = value if self._in_place(value, memory) else self.copy(value)
            self.nests.append(Nest(memory.shape, lambda place, _: value.at(place), memory, name="assign"))
        memory = self.written[handle] = self._anew(handle)
        if ours is not None and becomes:
            self.sources[ours] = memory  # further uses of the value find it in the variable
            self._look(ours, memory, ())
        return memory

    def _anew(self, handle: Value) -> Memory:
        """Where a variable lies from now on: what rules have noted on the source that it was holds of its old value."""
        held = self.state[handle]
        self.state[handle] = Memory(held.buffer, held.shape, held.strides, held.offset)
        return self.state[handle]

    def _in_place(self, value: Source, memory: Memory) -> bool:
        """Whether each element needs of what it overwrites no more than what lies in its own place."""
        if isinstance(value, Memory) and value.buffer is not memory.buffer:
            return True
        from weft.engines.native.rewriting import loads

        place = tuple(Index.of(v) for v in variables(memory.shape))
        wanted = memory.place(place)
        return all(load.index == wanted for load in loads([value.at(place)]) if load.buffer is memory.buffer)

    def reads(self, source: Source) -> set[Buffer]:
        """The buffers that a source's elements come from."""
        if isinstance(source, Memory):
            return {source.buffer}
        from weft.engines.native.rewriting import loads

        place = tuple(Index.of(v) for v in variables(source.shape))
        return {load.buffer for load in loads([source.at(place)])}

    def copy(self, source: Source, name: str = "copy") -> Memory:
        """The elements in memory of their own."""
        output = self.temporary(source.shape, source.dtype, name)
        self.nests.append(Nest(source.shape, lambda place, _: source.at(place), output, name=name))
        return output

    def source(self, value: Value) -> Source:
        """Where the elements of a value come from."""
        return self.sources[value]

    def memory(self, source: Source, name: str = "t") -> Memory:
        """The same elements in memory: stored there now, unless they are."""
        if isinstance(source, Memory):
            return source
        known = getattr(source, "stored", None)
        if known is None:
            known = self.temporary(source.shape, source.dtype, name)
            self.nests.append(Nest(source.shape, lambda place, _: source.at(place), known, name=name))
            source.stored = known  # type: ignore[attr-defined]
        return known

    def contiguous(self, source: Source, name: str = "t") -> Memory:
        """The same elements in memory, in order."""
        if isinstance(source, Memory) and not source.contiguous:
            source = view(source, source.shape, lambda indices: indices)
        return self.memory(source, name)

    def temporary(self, shape: Shape, dtype: DType, name: str = "t") -> Memory:
        """Room for a result."""
        self._count += 1
        return Memory(Buffer(f"{name}{self._count}", dtype, product(tuple(shape))), shape)

    def ordered(self, value: Value, name: str = "t") -> Memory | None:
        """Room for a product that its users want transposed, in such an order; None where they want it as it is."""
        order, shape = self._orders.get(value), value.shape
        if order is None or shape is None:
            return None
        found = self.temporary(tuple(shape[axis] for axis in order), value.dtype, name)
        strides = tuple(found.strides[order.index(axis)] for axis in range(len(shape)))
        return Memory(found.buffer, shape, strides) if isinstance(strides[-2], int) else None

    def reduce(
        self,
        shape: Shape,
        reduced: Shape,
        dtype: DType,
        combine: str,
        value: Callable[[Indices, Indices], Expr],
        name: str = "sum",
    ) -> Memory:
        """Elements combined over a range."""
        output = self.temporary(shape, dtype, name)
        self.nests.append(Nest(shape, value, output, reduced, combine, name=name))
        return output

    def check(self, shape: Shape, refused: Callable[[Indices], Expr]) -> None:
        """Throws the step away where a condition holds at any place."""
        nothing = Memory(Buffer("nothing", dtypes.bool_, 0), shape)
        self.nests.append(Nest(shape, lambda place, _: refused(place), nothing, combine="fail", name="check"))

    def settle(self, source: Source, uses: int, stored: bool = False) -> Source:
        """What is used often and costly is stored; if one of its users would store it anyway, what costs anything."""
        if isinstance(source, Memory) or uses <= 1 or source.cost <= (0 if stored else CHEAP) or source.lasting:
            return source
        return self.memory(source)

    def _is_stored_first(self, value: Value, source: Source) -> bool:
        """Whether a value is stored before its axes are put in another order, in which a product would store it: what
        makes it may then store it at once."""
        return value in self._stored_first and source.cost > 0 and not source.lasting

    def known(self, *sizes: Dimension) -> None:
        """Makes sure that sizes are numbers.

        Raises:
            Specialise: Where one is not.
        """
        symbols: frozenset[Symbol] = frozenset()
        for size in sizes:
            if isinstance(size, Dim):
                symbols |= size.symbols()
        if symbols:
            raise Specialise(symbols)


_NATIVE = frozenset((
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16", "float32",
    "float64",
))  # fmt: skip


def native_type(type: TensorType) -> bool:
    """Whether compiled code can hold values of a type: their rank is known, their elements are plain numbers."""
    return type.shape is not None and type.dtype.name in _NATIVE


Rule = Callable[[Lowering, Node], Sequence[Source]]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of some ops."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


def _stored_by_users(graph: Graph) -> set[Value]:
    """Values that go into products, which want them in memory, as they are or transposed."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        if node.op == "matmul" or (node.op in ("transpose", "reshape") and node.outputs[0] in found):
            found.update(node.inputs)
    return found


def _stored_first(graph: Graph) -> set[Value]:
    """Values that products want with their axes in another order, the last one left where it is."""
    wanted = {value for node in graph.nodes if node.op == "matmul" for value in node.inputs}
    turned = (node for node in graph.nodes if node.op == "transpose" and node.outputs[0] in wanted)
    return {node.inputs[0] for node in turned if _keeps_last(node)}


def _keeps_last(transpose: Node) -> bool:
    """Whether the last axis stays the last."""
    rank, order = len(transpose.outputs[0].shape or ()), transpose.attrs["perm"]
    return bool(order) and order[-1] % rank == rank - 1


def _orders_of_users(graph: Graph) -> dict[Value, tuple[int, ...]]:
    """For products that are only read with their axes in other orders, one in which the last axis stays the last."""
    found: dict[Value, tuple[int, ...]] = {}
    for value, users in graph.users().items():
        if value.node.op != "matmul" or value in graph.outputs or any(user.op != "transpose" for user in users):
            continue
        first = next(filter(_keeps_last, users), None)
        if first is not None:
            found[value] = tuple(axis % len(first.attrs["perm"]) for axis in first.attrs["perm"])
    return found


def view(source: Source, shape: Shape, where: Callable[[Indices], Indices]) -> Computed:
    """Elements of a source at other places."""
    return Computed(shape, source.dtype, lambda indices: source.at(where(indices)), source.cost)


def zeros(count: int) -> Indices:
    """The first place of so many axes."""
    return tuple(Index({}, 0) for _ in range(count))


def aligned(source: Source, shape: Shape) -> Callable[[Indices], Indices]:
    """From indices into a broadcast shape to those into one of its operands.

    Raises:
        Specialise: Where it is not known whether a size is 1.
    """
    skip = len(shape) - len(source.shape)
    single: list[bool] = []
    for own, size in zip(source.shape, shape[skip:], strict=True):
        if own == size:
            single.append(False)
        elif isinstance(own, int) and own == 1:
            single.append(True)
        else:
            symbols = own.symbols() if isinstance(own, Dim) else frozenset()
            raise Specialise(symbols | (size.symbols() if isinstance(size, Dim) else frozenset()))

    def place(indices: Indices) -> Indices:
        return tuple(Index({}, 0) if one else index for one, index in zip(single, indices[skip:], strict=True))

    return place


def variables(shape: Shape, prefix: str = "i") -> tuple[LoopVar, ...]:
    """A loop variable for each axis."""
    return tuple(LoopVar(f"{prefix}{axis}", size) for axis, size in enumerate(shape))


def number(value: Any, dtype: DType) -> Const:
    """A constant."""
    return Const(value, dtype)
