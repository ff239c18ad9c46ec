"""The loop IR: what a kernel does, in a dozen kinds of nodes. Printed, verified, and turned into LLVM by `emit`.

An expression is a number, or a vector of `Kernel.lanes` numbers where it depends on `LANE` (a load whose index has
the lane with coefficient 1 reads neighbours, with another one gathers). Statements run in order. A register is a
variable of the function, or a small grid of them, that lives in the processor's registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from weft.base import dtypes
from weft.engines.native.index import LANE, Entry, Index, LoopVar, Quotient

if TYPE_CHECKING:
    from weft.base.dims import Dim, Dimension
    from weft.base.dtypes import DType


@dataclass(eq=False, slots=True)
class Buffer:
    """Memory that a kernel reads or writes, one element type throughout.

    Attributes:
        name: For people; unique within a module.
        dtype: The element type.
        size: The number of elements.
        role: `input`, `output` and `state` come from outside; `temp` lies in the arena; `thread` is there once for
            each thread; `argument` is what a routine is given.
        slot: Its place in the table of pointers, given when a module is laid out.
    """

    name: str
    dtype: DType
    size: Dimension
    role: Literal["input", "output", "state", "temp", "thread", "constant", "argument"] = "temp"
    slot: int = -1
    data: Any = None  # the array, for constants
    ring: bool = False  # whether each turn of a loop writes elsewhere than it reads

    def __repr__(self) -> str:
        return self.name


# -- expressions ------------------------------------------------------------------------------------------------------


class Expr:
    """A number or a vector of numbers. Compared by identity: one object is computed once."""

    __slots__ = ("dtype",)
    dtype: DType


class Const(Expr):
    """A number known now."""

    __slots__ = ("value",)

    def __init__(self, value: Any, dtype: DType) -> None:
        self.value = value
        self.dtype = dtype


class At(Expr):
    """An index as an int64 number."""

    __slots__ = ("index",)

    def __init__(self, index: Index) -> None:
        self.index = index
        self.dtype = dtypes.int64


class Load(Expr):
    """An element of a buffer; where there is a guard and it does not hold, nothing is read and the result is 0."""

    __slots__ = ("buffer", "guard", "index")

    def __init__(self, buffer: Buffer, index: Index, guard: Expr | None = None) -> None:
        self.buffer = buffer
        self.index = index
        self.guard = guard
        self.dtype = buffer.dtype


class Op(Expr):
    """A function of numbers: arithmetic, comparison, conversion, or one of `vectormath`'s."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, args: tuple[Expr, ...], dtype: DType) -> None:
        self.name = name
        self.args = args
        self.dtype = dtype


class Get(Expr):
    """What a register holds now."""

    __slots__ = ("place", "register")

    def __init__(self, register: Register, place: tuple[Index, ...] = ()) -> None:
        self.register = register
        self.place = place
        self.dtype = register.dtype


class Across(Expr):
    """A vector's lanes combined into one number, by halves: `add`, `multiply`, `maximum`, `minimum`, `and`, `or`."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Expr) -> None:
        self.name = name
        self.value = value
        self.dtype = value.dtype


@dataclass(eq=False, slots=True)
class Register:
    """A variable, or a grid of them whose places are known when code is made.

    Attributes:
        vector: Whether it holds a vector rather than one number.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...] = ()
    vector: bool = False

    def __repr__(self) -> str:
        return f"${self.name}"


# -- statements -------------------------------------------------------------------------------------------------------


class Statement:
    """Something that is done."""

    __slots__ = ()


@dataclass(eq=False, slots=True)
class For(Statement):
    """Runs `body` with `var` from `start` below `stop` by `step`. An unrolled loop has bounds that are known now."""

    var: LoopVar
    start: Index
    stop: Index
    body: list[Statement]
    step: int = 1
    unrolled: bool = False


@dataclass(eq=False, slots=True)
class If(Statement):
    """Runs one of two lists of statements; the condition is one number, not a vector."""

    condition: Expr
    body: list[Statement]
    orelse: list[Statement] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Masked(Statement):
    """Runs `body` for the first `count` lanes: others neither load nor store, and leave vector registers alone."""

    count: Index
    body: list[Statement]


@dataclass(eq=False, slots=True)
class Store(Statement):
    """Puts values into buffers: all of them are computed before any is stored, so that updates in place are safe."""

    entries: list[tuple[Buffer, Index, Expr]]


@dataclass(eq=False, slots=True)
class Set(Statement):
    """Puts a value into a register."""

    register: Register
    value: Expr
    place: tuple[Index, ...] = ()


@dataclass(eq=False, slots=True)
class Fail(Statement):
    """Raises the step's error flag where the condition holds, in any lane: the step then commits nothing."""

    condition: Expr


@dataclass(eq=False, slots=True)
class Transpose(Statement):
    """Exchanges rows and columns of a register that holds as many vectors as they have lanes."""

    register: Register


@dataclass(eq=False, slots=True)
class Prefetch(Statement):
    """Asks for a place in memory ahead of its use, which may be to write there."""

    buffer: Buffer
    index: Index
    writes: bool = False


@dataclass(eq=False, slots=True)
class Routine:
    """Code that kernels share: made once in a module, called with places in buffers and with numbers.

    Attributes:
        name: Says what it does: routines of one name are one.
        places: What stands for the buffers, from the place that is given on.
        numbers: What stands for the numbers.
        sizes: What stands for how far apart things lie.
        body: What is done.
        lanes: The width of its vectors.
    """

    name: str
    places: tuple[Buffer, ...]
    numbers: tuple[LoopVar, ...]
    sizes: tuple[Dim, ...]
    body: list[Statement]
    lanes: int

    def __str__(self) -> str:
        given = ", ".join(map(repr, (*self.places, *self.numbers, *self.sizes)))
        lines = [f"routine {self.name}({given}), lanes {self.lanes} {{"]
        _print_body(self.body, lines, 1)
        return "\n".join([*lines, "}"])


@dataclass(eq=False, slots=True)
class Call(Statement):
    """Does what a routine does, at these places in buffers and with these numbers."""

    routine: Routine
    places: tuple[tuple[Buffer, Index], ...]
    numbers: tuple[Index, ...]
    sizes: tuple[int, ...]


@dataclass(eq=False)
class Kernel:
    """A function run once for each chunk, the chunks in any order and on any thread.

    Attributes:
        name: Unique within a module.
        chunk: The variable that says which chunk.
        body: What is done.
        lanes: The width of its vectors.
        turn: For kernels of a loop's body, the variable that says which turn it is.
    """

    name: str
    chunk: LoopVar
    body: list[Statement]
    lanes: int
    turn: LoopVar | None = None

    @property
    def chunks(self) -> Dimension:
        """How many chunks there are."""
        return self.chunk.extent

    def __str__(self) -> str:
        lines = [f"kernel {self.name}({self.chunk} < {self.chunks}), lanes {self.lanes} {{"]
        _print_body(self.body, lines, 1)
        return "\n".join([*lines, "}"])


# -- walking ----------------------------------------------------------------------------------------------------------


def walk(body: Sequence[Statement]) -> list[Statement]:
    """Every statement, inner ones too, in order."""
    found: list[Statement] = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, (For, Masked)):
            found += walk(statement.body)
        elif isinstance(statement, If):
            found += walk(statement.body) + walk(statement.orelse)
    return found


def expressions(body: Sequence[Statement]) -> list[Expr]:
    """Every expression that the statements use, each once, arguments before what uses them."""
    seen: dict[Expr, None] = {}
    for statement in walk(body):
        if isinstance(statement, For):
            _visit_index(statement.start, seen)
            _visit_index(statement.stop, seen)
        elif isinstance(statement, If):
            _visit(statement.condition, seen)
        elif isinstance(statement, Masked):
            _visit_index(statement.count, seen)
        elif isinstance(statement, Store):
            for _, index, value in statement.entries:
                _visit_index(index, seen)
                _visit(value, seen)
        elif isinstance(statement, Set):
            _visit(statement.value, seen)
        elif isinstance(statement, Fail):
            _visit(statement.condition, seen)
        elif isinstance(statement, Prefetch):
            _visit_index(statement.index, seen)
        elif isinstance(statement, Call):
            for index in (*(index for _, index in statement.places), *statement.numbers):
                _visit_index(index, seen)
    return list(seen)


def _visit(expr: Expr, seen: dict[Expr, None]) -> None:
    if expr in seen:
        return
    if isinstance(expr, Op):
        for argument in expr.args:
            _visit(argument, seen)
    elif isinstance(expr, Across):
        _visit(expr.value, seen)
    elif isinstance(expr, Load):
        _visit_index(expr.index, seen)
        if expr.guard is not None:
            _visit(expr.guard, seen)
    elif isinstance(expr, At):
        _visit_index(expr.index, seen)
    seen[expr] = None


def _visit_index(index: Index, seen: dict[Expr, None]) -> None:
    for atom in index.terms:
        if isinstance(atom, Entry):
            _visit(atom.value, seen)
        elif isinstance(atom, Quotient):
            _visit_index(atom.index, seen)


def buffers(kernel: Kernel) -> tuple[list[Buffer], list[Buffer]]:
    """The buffers that a kernel reads and those that it writes, in order of first use."""
    return _touched(kernel.body)


def _touched(body: Sequence[Statement]) -> tuple[list[Buffer], list[Buffer]]:
    read = dict.fromkeys(e.buffer for e in expressions(body) if isinstance(e, Load))
    written: dict[Buffer, None] = {}
    for statement in walk(body):
        if isinstance(statement, Store):
            written.update(dict.fromkeys(buffer for buffer, _, _ in statement.entries))
        elif isinstance(statement, Call):
            inner = [set(found) for found in _touched(statement.routine.body)]
            for own, (buffer, _) in zip(statement.routine.places, statement.places, strict=True):
                if own in inner[0]:
                    read[buffer] = None
                if own in inner[1]:
                    written[buffer] = None
    return list(read), list(written)


# -- printing ---------------------------------------------------------------------------------------------------------

_SIGNS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "less": "<", "less_equal": "<=", "greater": ">",
    "greater_equal": ">=", "equal": "==", "not_equal": "!=", "and": "&", "or": "|", "xor": "^", "shift_left": "<<",
    "shift_right": ">>",
}  # fmt: skip


def show(expr: Expr) -> str:
    """An expression as people write it."""
    if isinstance(expr, Const):
        return str(expr.value)  # also where it is one of numpy's numbers
    if isinstance(expr, At):
        return f"at({expr.index})"
    if isinstance(expr, Load):
        guard = "" if expr.guard is None else f" if {show(expr.guard)}"
        return f"{expr.buffer}[{expr.index}{guard}]"
    if isinstance(expr, Get):
        return f"{expr.register}" + (f"[{', '.join(map(repr, expr.place))}]" if expr.place else "")
    if isinstance(expr, Across):
        return f"across_{expr.name}({show(expr.value)})"
    assert isinstance(expr, Op)
    if expr.name in _SIGNS:
        return f"({show(expr.args[0])} {_SIGNS[expr.name]} {show(expr.args[1])})"
    name = f"{expr.name}<{expr.dtype.name}>" if expr.name in ("cast", "bitcast") else expr.name
    return f"{name}({', '.join(show(argument) for argument in expr.args)})"


def _print_body(body: Sequence[Statement], lines: list[str], depth: int) -> None:
    pad = "  " * depth
    for statement in body:
        if isinstance(statement, For):
            word = "unroll" if statement.unrolled else "for"
            step = f" by {statement.step}" if statement.step != 1 else ""
            lines.append(f"{pad}{word} {statement.var} in {statement.start} .. {statement.stop}{step} {{")
            _print_body(statement.body, lines, depth + 1)
            lines.append(pad + "}")
        elif isinstance(statement, If):
            lines.append(f"{pad}if {show(statement.condition)} {{")
            _print_body(statement.body, lines, depth + 1)
            if statement.orelse:
                lines.append(pad + "} else {")
                _print_body(statement.orelse, lines, depth + 1)
            lines.append(pad + "}")
        elif isinstance(statement, Masked):
            lines.append(f"{pad}first {statement.count} lanes {{")
            _print_body(statement.body, lines, depth + 1)
            lines.append(pad + "}")
        elif isinstance(statement, Store):
            for buffer, index, value in statement.entries:
                lines.append(f"{pad}{buffer}[{index}] = {show(value)}")
        elif isinstance(statement, Set):
            place = f"[{', '.join(map(repr, statement.place))}]" if statement.place else ""
            lines.append(f"{pad}{statement.register}{place} = {show(statement.value)}")
        elif isinstance(statement, Transpose):
            lines.append(f"{pad}transpose {statement.register}")
        elif isinstance(statement, Prefetch):
            to = " to write" if statement.writes else ""
            lines.append(f"{pad}prefetch{to} {statement.buffer}[{statement.index}]")
        elif isinstance(statement, Call):
            given = [f"{buffer}[{index}]" for buffer, index in statement.places]
            given += map(repr, (*statement.numbers, *statement.sizes))
            lines.append(f"{pad}{statement.routine.name}({', '.join(given)})")
        elif isinstance(statement, Fail):
            lines.append(f"{pad}fail where {show(statement.condition)}")


# -- verifying --------------------------------------------------------------------------------------------------------


def verify(kernel: Kernel) -> None:
    """Checks that every variable is defined where it is used, and every operand has its operator's type.

    Raises:
        ValueError: Naming the kernel and what is wrong.
    """
    turn = set() if kernel.turn is None else {kernel.turn}
    _verify_body(kernel, kernel.body, {kernel.chunk, LANE} | turn)


def _verify_body(kernel: Kernel, body: Sequence[Statement], known: set[LoopVar]) -> None:
    for statement in body:
        inside = known
        if isinstance(statement, For):
            inside = known | {statement.var}
            if statement.unrolled and (statement.start.number is None or statement.stop.number is None):
                raise ValueError(f"{kernel.name}: unrolled loop {statement.var} has bounds that are not known.")
        one_level: list[Statement] = [statement]
        if isinstance(statement, (For, Masked)):
            one_level = [type(statement)(**{**_fields(statement), "body": []})]
        elif isinstance(statement, If):
            one_level = [If(statement.condition, [])]
        for expr in expressions(one_level):
            _verify_expr(kernel, expr, inside)
        if isinstance(statement, Call):
            _verify_call(kernel, statement, inside)
        if isinstance(statement, (For, Masked)):
            _verify_body(kernel, statement.body, inside)
        elif isinstance(statement, If):
            _verify_body(kernel, statement.body, inside)
            _verify_body(kernel, statement.orelse, inside)


def _verify_call(kernel: Kernel, call: Call, known: set[LoopVar]) -> None:
    missing = {v for index in (*(i for _, i in call.places), *call.numbers) for v in index.variables()} - known
    if missing:
        raise ValueError(f"{kernel.name}: a call of {call.routine.name} uses {missing} outside of its loop.")
    for own, (buffer, _) in zip(call.routine.places, call.places, strict=True):
        pairs = own.dtype is dtypes.int32 and buffer.dtype in (dtypes.bfloat16, dtypes.int16)
        if own.dtype is not buffer.dtype and not pairs:
            raise ValueError(f"{kernel.name}: {call.routine.name} takes {own.dtype.name}, not {buffer.dtype.name}.")
    _verify_body(kernel, call.routine.body, {LANE, *call.routine.numbers})


def _fields(statement: Statement) -> dict[str, Any]:
    names: tuple[str, ...] = type(statement).__slots__
    return {name: getattr(statement, name) for name in names}


def _verify_expr(kernel: Kernel, expr: Expr, known: set[LoopVar]) -> None:
    if isinstance(expr, (Load, At)):
        missing = expr.index.variables() - known
        if missing:
            raise ValueError(f"{kernel.name}: {show(expr)} uses {missing} outside of its loop.")
    elif isinstance(expr, Op) and expr.name in _SIGNS and not expr.name.startswith("shift"):
        left, right = (argument.dtype for argument in expr.args)
        if left is not right:
            raise ValueError(f"{kernel.name}: {show(expr)} joins {left.name} and {right.name}.")
