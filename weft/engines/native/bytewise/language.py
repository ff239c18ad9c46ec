"""Small functions over bytes and whole numbers, written in Python and made native: readers of text and of files.

A function is a kernel where it keeps to what is listed here; it then means the same as a Python function on numpy
arrays, which is how tests look at it. Its parameters are `int` or the class of a pointer (`U8`, `I16`, …), which stands
for a one-dimensional array that begins there.

    values        whole numbers of one width, which wrap around; numbers, `bytes` and tuples of numbers of the module
    operators     + - * & | ^ << >> ~ comparisons `and` `or` `not` `a if c else b`; // and % by powers of two
    pointers      `p[i]`, `p[i] = x`, `p[i] += x`; `p[i:]`, which begins i elements later; `array("I32", 64)`, a place;
                  `pointer("U8", a)`, what lies at an address; `invoke(f, p, n)`, a C function of a pointer and a size
    statements    assignments, `while`, `for i in range(…)`, `if`, `break`, `continue`, `return`, calls of kernels

Nothing checks bounds: a kernel looks where it reads and writes, because what it reads is a stranger's file.
"""

from __future__ import annotations

import ast
import ctypes
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np

from weft.engines.native import cache as kept
from weft.engines.native import codegen, target

U8: TypeAlias = Any
I16: TypeAlias = Any
U16: TypeAlias = Any
I32: TypeAlias = Any
U32: TypeAlias = Any
I64: TypeAlias = Any

#: pointers: the type of an element, and whether it has a sign
_KINDS = {"U8": ("i8", False), "I16": ("i16", True), "U16": ("i16", False), "I32": ("i32", True),
          "U32": ("i32", False), "I64": ("i64", True)}  # fmt: skip
_NUMPY = {"U8": np.uint8, "I16": np.int16, "U16": np.uint16, "I32": np.int32, "U32": np.uint32, "I64": np.int64}
_BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
           ast.LShift: "shl", ast.RShift: "ashr"}  # fmt: skip
_COMPARED = {ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge", ast.Eq: "eq", ast.NotEq: "ne"}


def array(kind: str, size: int) -> Any:
    """A place for some numbers that lasts as long as the call; `kind` is the name of the pointer's class."""
    return np.zeros(size, _NUMPY[kind])


def pointer(kind: str, address: int) -> Any:
    """What lies at an address, for kernels alone."""
    raise NotImplementedError


def invoke(function: int, place: Any, size: int) -> int:
    """Calls a C function at an address with a pointer and a size, for kernels alone."""
    raise NotImplementedError


_Function = TypeVar("_Function", bound=Callable[..., int])


class Library:
    """Kernels that are compiled together.

    Args:
        name: For people.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._kernels: dict[str, tuple[Callable[..., Any], int]] = {}

    def kernel(self, function: _Function) -> _Function:
        """Takes a function in; it stays a Python function."""
        self._kernels[function.__name__] = function, 64
        return function

    def kernel32(self, function: _Function) -> _Function:
        """The same; its numbers have 32 bits, which fit into vectors better."""
        self._kernels[function.__name__] = function, 32
        return function

    def text(self) -> str:
        """The module as LLVM's text."""
        constants: dict[str, str] = {}
        made = [_Kernel(function, width, self._kernels, constants).text()
                for function, width in self._kernels.values()]  # fmt: skip
        return "\n".join([*constants.values(), *made])

    @cached_property
    def _code(self) -> codegen.Code:
        machine = target.current()
        text = self.text()
        name = kept.key(hashlib.sha256(f"{self.name} {text}".encode()).hexdigest(), machine, False)
        return codegen.Code(kept.part(name, lambda: codegen.to_object(text, machine, optimise=True)), machine)

    def native(self, function: Callable[..., Any], free: bool = True) -> Callable[..., int]:
        """A kernel's native form, which takes addresses for pointers.

        Args:
            function: The kernel.
            free: Whether Python's other threads run meanwhile; for what is short, asking for one's turn again takes
                longer than the work.
        """
        kinds = [ctypes.c_int64 if kind == "int" else ctypes.c_void_p for kind in _parameters(function).values()]
        form = ctypes.CFUNCTYPE if free else ctypes.PYFUNCTYPE
        native: Any = form(ctypes.c_int64, *kinds)(self._code.address(function.__name__))
        native.kept = self._code  # which must not go before it
        found: Callable[..., int] = native
        return found


def _parameters(function: Callable[..., Any]) -> dict[str, str]:
    return {name: str(kind) for name, kind in function.__annotations__.items() if name != "return"}


class _Kernel:
    """One function on its way to LLVM's text."""

    def __init__(self, function: Callable[..., Any], width: int, kernels: dict[str, Any],
                 constants: dict[str, str]) -> None:  # fmt: skip
        self.function, self.kernels, self.constants = function, kernels, constants
        self.word = f"i{width}"
        source = ast.parse(textwrap.dedent(inspect.getsource(function)))
        self.tree: Any = source.body[0]
        self.names: dict[str, str] = {}  # variables: "int", or the pointer's class
        self.places: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.loops: list[tuple[str, str]] = []  # where `continue` and `break` go
        self.open = True  # whether the current block goes on

    def text(self) -> str:
        """The function."""
        parameters = _parameters(self.function)
        given = []
        for name, kind in parameters.items():
            of = "i64" if kind == "int" else "ptr"
            given.append(f"{of} %{name}.given")
            place = self._variable(name, kind)
            value = f"%{name}.given"
            if kind == "int" and self.word != "i64":
                value = self._new(f"trunc i64 {value} to {self.word}")
            self._do(f"store {self._type(kind)} {value}, ptr {place}")
        for statement in self.tree.body:
            self._statement(statement)
        if self.open:
            self._do("ret i64 0")
        body = "\n".join(["begin:", *self.places, *self.lines])
        return f"define i64 @{self.function.__name__}({', '.join(given)}) nounwind #0 {{\n{body}\n}}\n"

    # Text

    def _refuse(self, node: ast.AST, problem: str) -> NoReturn:
        raise TypeError(f"{self.function.__name__}, line {getattr(node, 'lineno', 0)}: {problem}: {ast.unparse(node)}")

    def _do(self, line: str) -> None:
        if self.open:
            self.lines.append("  " + line)

    def _new(self, line: str) -> str:
        self.count += 1
        self._do(f"%t{self.count} = {line}")
        return f"%t{self.count}"

    def _label(self, hint: str) -> str:
        self.count += 1
        return f"{hint}{self.count}"

    def _begin(self, label: str) -> None:
        self.open = True
        self.lines.append(f"{label}:")

    def _go(self, label: str) -> None:
        self._do(f"br label %{label}")
        self.open = False

    def _branch(self, condition: str, yes: str, no: str) -> None:
        self._do(f"br i1 {condition}, label %{yes}, label %{no}")
        self.open = False

    def _type(self, kind: str) -> str:
        return self.word if kind == "int" else "ptr"

    def _variable(self, name: str, kind: str) -> str:
        known = self.names.setdefault(name, kind)
        if known != kind:
            raise TypeError(f"{self.function.__name__}: {name} is {known} and {kind}")
        line = f"  %{name}.at = alloca {self._type(kind)}"
        if line not in self.places:
            self.places.append(line)
        return f"%{name}.at"

    # Statements

    def _statement(self, node: ast.stmt) -> None:
        handler = getattr(self, "_on_" + type(node).__name__.lower(), None)
        if handler is None:
            self._refuse(node, "no such statement in a kernel")
        handler(node)

    def _on_pass(self, node: ast.Pass) -> None:
        """Nothing."""

    def _on_expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self._value(node.value)

    def _on_return(self, node: ast.Return) -> None:
        value = "0" if node.value is None else self._number(node.value)
        if self.word != "i64" and node.value is not None:
            value = self._new(f"sext {self.word} {value} to i64")
        self._do(f"ret i64 {value}")
        self.open = False

    def _on_assign(self, node: ast.Assign) -> None:
        goal = node.targets[0]
        if isinstance(goal, ast.Tuple) and isinstance(node.value, ast.Tuple):
            found = [self._value(value) for value in node.value.elts]
            for one, (kind, value) in zip(goal.elts, found, strict=True):
                self._set(one, kind, value)
            return
        kind, value = self._value(node.value)
        self._set(goal, kind, value)

    def _on_annassign(self, node: ast.AnnAssign) -> None:
        assert node.value is not None
        self._set(node.target, *self._value(node.value))

    def _set(self, goal: ast.expr, kind: str, value: str) -> None:
        if isinstance(goal, ast.Name):
            place = self._variable(goal.id, kind)
            self._do(f"store {self._type(kind)} {value}, ptr {place}")
        elif isinstance(goal, ast.Subscript):
            place, of = self._place(goal)
            self._store(value, place, of)
        else:
            self._refuse(goal, "cannot be assigned to")

    def _on_augassign(self, node: ast.AugAssign) -> None:
        read = ast.copy_location(_as_read(node.target), node)
        self._set(node.target, *self._value(ast.copy_location(ast.BinOp(read, node.op, node.value), node)))

    def _on_if(self, node: ast.If) -> None:
        yes, no, end = self._label("then"), self._label("else"), self._label("end")
        self._test(node.test, yes, no)
        for label, body in ((yes, node.body), (no, node.orelse)):
            self._begin(label)
            for statement in body:
                self._statement(statement)
            if self.open:
                self._go(end)
        self._begin(end)

    def _on_while(self, node: ast.While) -> None:
        look, body, out = self._label("look"), self._label("body"), self._label("out")
        self._go(look)
        self._begin(look)
        self._test(node.test, body, out)
        self._loop(node.body, body, look, out)
        self._go(look)
        self._begin(out)

    def _loop(self, statements: Sequence[ast.stmt], body: str, again: str, out: str) -> None:
        self.loops.append((again, out))
        self._begin(body)
        for statement in statements:
            self._statement(statement)
        self.loops.pop()

    def _on_for(self, node: ast.For) -> None:
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
                and isinstance(node.target, ast.Name)):  # fmt: skip
            self._refuse(node, "loops go over ranges")
        bounds = [self._number(bound) for bound in call.args]
        first, stop = ("0", bounds[0]) if len(bounds) == 1 else bounds[:2]
        step = bounds[2] if len(bounds) == 3 else "1"
        counter = self._variable(f"{node.target.id}.{self._label('count')}", "int")
        place = self._variable(node.target.id, "int")
        self._do(f"store {self.word} {first}, ptr {counter}")
        look, body, again, out = (self._label(hint) for hint in ("look", "body", "again", "out"))
        self._go(look)
        self._begin(look)
        now = self._new(f"load {self.word}, ptr {counter}")
        further = "sgt" if step.startswith("-") else "slt"
        self._branch(self._new(f"icmp {further} {self.word} {now}, {stop}"), body, out)
        self._begin(body)
        self._do(f"store {self.word} {now}, ptr {place}")
        inner = self._label("body")
        self._go(inner)
        self._loop(node.body, inner, again, out)
        self._go(again)
        self._begin(again)
        then = self._new(f"load {self.word}, ptr {counter}")
        self._do(f"store {self.word} {self._new(f'add {self.word} {then}, {step}')}, ptr {counter}")
        self._go(look)
        self._begin(out)

    def _on_break(self, node: ast.Break) -> None:
        self._go(self.loops[-1][1])

    def _on_continue(self, node: ast.Continue) -> None:
        self._go(self.loops[-1][0])

    # Conditions

    def _test(self, node: ast.expr, yes: str, no: str) -> None:
        """Goes to one of two places."""
        if isinstance(node, ast.BoolOp):
            every = isinstance(node.op, ast.And)
            for value in node.values[:-1]:
                further = self._label("and")
                self._test(value, further if every else yes, no if every else further)
                self._begin(further)
            self._test(node.values[-1], yes, no)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._test(node.operand, no, yes)
        elif isinstance(node, ast.Compare):
            places = [node.left, *node.comparators]
            for left, operator, right in zip(places, node.ops, places[1:], strict=False):
                a, b = self._number(left), self._number(right)
                found = self._new(f"icmp {_COMPARED[type(operator)]} {self.word} {a}, {b}")
                further = yes if right is places[-1] else self._label("and")
                self._branch(found, further, no)
                if further is not yes:
                    self._begin(further)
        else:
            self._branch(self._new(f"icmp ne {self.word} {self._number(node)}, 0"), yes, no)

    # Values

    def _number(self, node: ast.expr) -> str:
        kind, value = self._value(node)
        if kind != "int":
            self._refuse(node, "is no number")
        return value

    def _value(self, node: ast.expr) -> tuple[str, str]:
        handler = getattr(self, "_of_" + type(node).__name__.lower(), None)
        if handler is None:
            self._refuse(node, "no such expression in a kernel")
        found: tuple[str, str] = handler(node)
        return found

    def _of_constant(self, node: ast.Constant) -> tuple[str, str]:
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            self._refuse(node, "is no whole number")
        return "int", str(node.value)

    def _of_name(self, node: ast.Name) -> tuple[str, str]:
        kind = self.names.get(node.id)
        if kind is not None:
            return kind, self._new(f"load {self._type(kind)}, ptr %{node.id}.at")
        known = self.function.__globals__.get(node.id)
        if isinstance(known, int):
            return "int", str(known)
        if not isinstance(known, (bytes, tuple)):
            self._refuse(node, "is not known")
        return self._constant(node.id, known)

    def _constant(self, name: str, values: bytes | tuple[int, ...]) -> tuple[str, str]:
        kind, of = ("U8", "i8") if isinstance(values, bytes) else ("I32", "i32")
        items = ", ".join(f"{of} {value}" for value in values)
        self.constants[name] = f"@{name} = internal constant [{len(values)} x {of}] [{items}]"
        return kind, f"@{name}"

    def _of_binop(self, node: ast.BinOp) -> tuple[str, str]:
        left = self._number(node.left)
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            by = node.right.value if isinstance(node.right, ast.Constant) else 0
            if not isinstance(by, int) or by < 1 or by & (by - 1):
                self._refuse(node, "is divided by no power of two")
            if isinstance(node.op, ast.Mod):
                return "int", self._new(f"and {self.word} {left}, {by - 1}")
            return "int", self._new(f"ashr {self.word} {left}, {by.bit_length() - 1}")
        right = self._number(node.right)
        return "int", self._new(f"{_BINARY[type(node.op)]} {self.word} {left}, {right}")

    def _of_unaryop(self, node: ast.UnaryOp) -> tuple[str, str]:
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return "int", f"-{node.operand.value!r}"
        if isinstance(node.op, ast.Not):
            return self._chosen(node, ast.Constant(1), ast.Constant(0))
        value = self._number(node.operand)
        if isinstance(node.op, ast.USub):
            return "int", self._new(f"sub {self.word} 0, {value}")
        return "int", self._new(f"xor {self.word} {value}, -1")

    def _of_compare(self, node: ast.Compare) -> tuple[str, str]:
        return self._chosen(node, ast.Constant(1), ast.Constant(0))

    _of_boolop = _of_compare

    def _of_ifexp(self, node: ast.IfExp) -> tuple[str, str]:
        return self._chosen(node.test, node.body, node.orelse)

    def _chosen(self, test: ast.expr, first: ast.expr, second: ast.expr) -> tuple[str, str]:
        yes, no, end = self._label("then"), self._label("else"), self._label("end")
        place = self._variable(f"chosen.{end}", "int")
        self._test(test, yes, no)
        for label, value in ((yes, first), (no, second)):
            self._begin(label)
            self._do(f"store {self.word} {self._number(value)}, ptr {place}")
            self._go(end)
        self._begin(end)
        return "int", self._new(f"load {self.word}, ptr {place}")

    def _of_subscript(self, node: ast.Subscript) -> tuple[str, str]:
        if isinstance(node.slice, ast.Slice):
            kind, base = self._value(node.value)
            if node.slice.lower is None or node.slice.upper is not None:
                self._refuse(node, "a pointer has no end")
            return kind, self._at(base, kind, self._number(node.slice.lower))
        place, kind = self._place(node)
        return "int", self._load(place, kind)

    def _place(self, node: ast.Subscript) -> tuple[str, str]:
        kind, base = self._value(node.value)
        return self._at(base, kind, self._number(node.slice)), kind

    def _at(self, base: str, kind: str, index: str) -> str:
        if kind not in _KINDS:
            raise TypeError(f"{self.function.__name__}: {base} is no pointer")
        return self._new(f"getelementptr {_KINDS[kind][0]}, ptr {base}, {self.word} {index}")

    def _load(self, place: str, kind: str) -> str:
        of, sign = _KINDS[kind]
        value = self._new(f"load {of}, ptr {place}, align 1")
        if of == self.word:
            return value
        if int(of[1:]) > int(self.word[1:]):
            return self._new(f"trunc {of} {value} to {self.word}")
        return self._new(f"{'sext' if sign else 'zext'} {of} {value} to {self.word}")

    def _store(self, value: str, place: str, kind: str) -> None:
        of = _KINDS[kind][0]
        if int(of[1:]) < int(self.word[1:]):
            value = self._new(f"trunc {self.word} {value} to {of}")
        elif of != self.word:
            value = self._new(f"sext {self.word} {value} to {of}")
        self._do(f"store {of} {value}, ptr {place}, align 1")

    def _of_call(self, node: ast.Call) -> tuple[str, str]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("min", "max"):
            a, b = (self._number(value) for value in node.args)
            first = self._new(f"icmp {'slt' if name == 'min' else 'sgt'} {self.word} {a}, {b}")
            return "int", self._new(f"select i1 {first}, {self.word} {a}, {self.word} {b}")
        if name == "array":
            kind, size = (ast.literal_eval(value) for value in node.args)
            place = f"%{self._label('array')}"
            self.places.append(f"  {place} = alloca [{int(size)} x {_KINDS[kind][0]}], align 64")
            return str(kind), place
        if name == "pointer" and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value), self._new(f"inttoptr {self.word} {self._number(node.args[1])} to ptr")
        if name == "invoke":
            function, count = self._number(node.args[0]), self._number(node.args[2])
            place = self._new(f"inttoptr {self.word} {function} to ptr")
            return "int", self._new(f"call i64 {place}(ptr {self._value(node.args[1])[1]}, i64 {count})")
        if name not in self.kernels:
            self._refuse(node, "calls no kernel")
        given = []
        for value, kind in zip(node.args, _parameters(self.kernels[name][0]).values(), strict=True):
            found, text = self._value(value)
            if found != kind:
                self._refuse(node, f"gives {found} where {name} takes {kind}")
            if kind == "int" and self.word != "i64":
                text = self._new(f"sext {self.word} {text} to i64")
            given.append(f"{'i64' if kind == 'int' else 'ptr'} {text}")
        result = self._new(f"call i64 @{name}({', '.join(given)})")
        return "int", result if self.word == "i64" else self._new(f"trunc i64 {result} to {self.word}")


def _as_read(goal: ast.expr) -> Any:
    """A place that is assigned to, as the value in it."""
    copied = ast.parse(ast.unparse(goal), mode="eval").body
    return ast.fix_missing_locations(copied)
