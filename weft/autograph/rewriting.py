"""Writes a function's control flow as calls, which decide while it is traced whether Python or the graph takes it.

    if test:            def then(): nonlocal y; y = a
        y = a     ->    def other(): nonlocal y; y = b
    else:               ag__.if_(test, then, other, (("y",),))
        y = b

A body's names stay the function's own, as cells that the operators read and set. Everything keeps its line, so that
errors, tracebacks and debuggers show what the user wrote.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from weft.autograph import jumps, names
from weft.autograph.jumps import PREFIX
from weft.autograph.names import Liveness
from weft.autograph.source import Definition

#: under this name the operators are at hand in what is written here
OPERATORS = "ag__"

#: builtins that look at the frame that calls them
_OF_THE_FRAME = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint"}

#: tests that Python alone decides
_PLAIN_CALLS = {"isinstance", "issubclass", "callable", "hasattr"}


class Unsuitable(Exception):
    """A function that is left as it is: a generator, or one that waits."""


def rewrite(node: Definition, inside: str | None) -> Definition:
    """A definition with its control flow as calls.

    Args:
        node: The definition; it is changed.
        inside: The class around it.

    Raises:
        Unsuitable: For generators and coroutines.
    """
    if inside is not None:
        node = _Private(inside).visit(node)
    if isinstance(node, ast.Lambda):
        _refuse_generators([node.body])
        made: Definition = _Function(node.args, (), 0).of_lambda(node)
    else:
        made = _function(node)
    ast.fix_missing_locations(made)
    return made


def _function(node: ast.FunctionDef) -> ast.FunctionDef:
    _refuse_generators(node.body)
    node.decorator_list = []
    node.body = [_Annotations().visit(statement) for statement in node.body]
    jumps.lower(node)
    return _Function(node.args, node.body, node.lineno).of_definition(node)


def _refuse_generators(body: Sequence[ast.AST]) -> None:
    if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)) for n in _own(body)):
        raise Unsuitable


def _own(body: Sequence[ast.AST]) -> Any:
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)):
            waiting.extend(ast.iter_child_nodes(node))


class _Private(ast.NodeTransformer):
    """Names such as `__count` as the class that they stand in has them."""

    def __init__(self, inside: str) -> None:
        self._class = inside.lstrip("_")

    def _mangled(self, name: str) -> str:
        private = name.startswith("__") and not name.endswith("__") and "." not in name
        return f"_{self._class}{name}" if private and self._class else name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._mangled(node.attr)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._mangled(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._mangled(node.arg)
        return self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        node.arg = None if node.arg is None else self._mangled(node.arg)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._mangled(node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node  # a class within has its own


class _Annotations(ast.NodeTransformer):
    """`x: int = 1` as `x = 1`: names that are shared between functions may not have annotations."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node


class _Function(ast.NodeTransformer):
    """Rewrites the body of one function; functions within get one of their own."""

    def __init__(self, args: ast.arguments, body: Sequence[ast.stmt], line: int) -> None:
        every = [*args.posonlyargs, *args.args]
        self._first = every[0].arg if every else None
        self._live = Liveness(body)
        self._globals = {name for n in names.within(body) if isinstance(n, ast.Global) for name in n.names}
        self._outer = {name for n in names.within(body) if isinstance(n, ast.Nonlocal) for name in n.names}
        self._shared: set[str] = set()
        self._count = 0
        self._line = line

    def of_lambda(self, node: ast.Lambda) -> ast.Lambda:
        """The lambda with its expression rewritten."""
        node.body = self.visit(node.body)
        return node

    def of_definition(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """The function with its body rewritten."""
        node.body = self._block(node.body)
        own = sorted(self._shared - self._outer)
        if own:  # never run; it makes the names the function's own, although only bodies within set them
            targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in own]
            never = ast.If(ast.Constant(False), [ast.Assign(targets, ast.Constant(None))], [])
            node.body.insert(0, _everywhere(never, node.body[0]))
        return node

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for node in body:
            found = self.visit(node)
            made.extend(found if isinstance(found, list) else [found])
        return made

    # Statements

    def visit_If(self, node: ast.If) -> Any:
        if _decided_by_python(node.test):
            node.test = self.visit(node.test)
            node.body, node.orelse = self._block(node.body), self._block(node.orelse)
            return node
        paths = self._paths([*node.body, *node.orelse], self._live.after[node])
        then = self._body("then", node.body, node)
        other = self._body("otherwise", node.orelse, node)
        call = self._call("if_", node, self.visit(node.test), _name(then), _name(other), paths)
        return [then, other, _statement(call, node)]

    def visit_While(self, node: ast.While) -> Any:
        paths = self._paths([*node.body, node.test], self._live.again[node])
        body = self._body("turn", node.body, node)
        test = self._body("test", [_everywhere(ast.Return(value=node.test), node.test)], node)
        return [test, body, _statement(self._call("while_", node, _name(test), _name(body), paths), node)]

    def visit_For(self, node: ast.For) -> Any:
        item = PREFIX + "item"
        begin = _everywhere(ast.Assign([node.target], ast.Name(item, ast.Load())), node.target)
        paths = self._paths([begin, *node.body], self._live.again[node])
        extra = getattr(node, "extra_test", None)
        arguments: list[ast.expr] = [self.visit(node.iter)]
        body = self._body("turn", [begin, *node.body], node, item)
        more: ast.expr = ast.Constant(None) if extra is None else _thunk(self.visit(extra), node)
        return [body, _statement(self._call("for_", node, *arguments, _name(body), more, paths), node)]

    def visit_Assert(self, node: ast.Assert) -> Any:
        message = ast.Constant(None) if node.msg is None else self.visit(node.msg)
        return _statement(self._call("assert_", node, self.visit(node.test), _thunk(message, node)), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        kept = node.decorator_list
        try:
            made = _function(node)
        except Unsuitable:
            made = node
        made.decorator_list = [self.visit(decorator) for decorator in kept]
        made.args.defaults = [self.visit(default) for default in made.args.defaults]
        return made

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        if not any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(node)):
            node.body = self.visit(node.body)
        return node

    def _body(self, word: str, body: Sequence[ast.stmt], like: ast.stmt, *args: str) -> ast.FunctionDef:
        """A function of a block, which sets the names of the function around it."""
        own = names.stored(body)
        self._shared |= own - self._globals
        made: list[ast.stmt] = self._block(body)
        if own & self._globals:
            made.insert(0, ast.Global(sorted(own & self._globals)))
        if own - self._globals:
            made.insert(0, ast.Nonlocal(sorted(own - self._globals)))
        self._count += 1
        given = _parameters(*args)
        name = f"{PREFIX}{word}_{self._line}_{self._count}"
        body = made or [ast.Pass()]
        found = ast.FunctionDef(name=name, args=given, body=body, decorator_list=[], returns=None)
        vars(found).setdefault("type_params", [])  # from 3.12 on
        return _everywhere(found, like)  # type: ignore[no-any-return]

    def _paths(self, body: Sequence[ast.AST], live: set[str]) -> ast.expr:
        """What a branch or a loop hands on: the names that it sets and that are still read, and what hangs on names."""
        plain = {(name,) for name in names.stored(body) & (live | self._outer | self._globals)}
        found: list[names.Path] = sorted([*plain, *names.stored_paths(body)], key=repr)
        made: list[ast.expr] = [ast.Tuple([ast.Constant(part) for part in path], ast.Load()) for path in found]
        return ast.Tuple(made, ast.Load())

    # Expressions

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _OF_THE_FRAME:
            if node.func.id == "super" and not node.args and self._first is not None:
                node.args = [ast.Name("__class__", ast.Load()), ast.Name(self._first, ast.Load())]
            return node
        return _everywhere(ast.Call(_operator("call"), [node.func, *node.args], node.keywords), node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        first, *rest = [self.visit(value) for value in node.values]
        if any(_binds(value) for value in rest):
            node.values = [first, *rest]
            return node
        word = "and_" if isinstance(node.op, ast.And) else "or_"
        return self._call(word, node, first, *[_thunk(value, value) for value in rest])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        self.generic_visit(node)
        return self._call("not_", node, node.operand) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        self.generic_visit(node)
        if _binds(node.body) or _binds(node.orelse):
            return node
        return self._call("choose", node, node.test, _thunk(node.body, node.body), _thunk(node.orelse, node.orelse))

    def visit_Compare(self, node: ast.Compare) -> Any:
        self.generic_visit(node)
        if len(node.ops) == 1 or any(_binds(value) for value in node.comparators):
            return node
        # a < b < c: each operand once, the later ones only where the earlier comparison holds
        steps: list[ast.expr] = []
        for op, value in zip(node.ops, node.comparators, strict=True):
            pair = ast.Compare(ast.Name("a", ast.Load()), [op], [ast.Name("b", ast.Load())])
            compare = ast.Lambda(_parameters("a", "b"), pair)
            steps.append(ast.Tuple([compare, _thunk(value, value)], ast.Load()))
        return self._call("compare", node, node.left, *steps)

    def _call(self, operator: str, like: Any, *arguments: ast.expr) -> ast.expr:
        return _everywhere(ast.Call(_operator(operator), list(arguments), []), like)  # type: ignore[no-any-return]


def _decided_by_python(test: ast.expr) -> bool:
    """Whether a test can never give a tensor: `x is None`, `isinstance(x, T)`, constants, and `not` of such."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _decided_by_python(test.operand)
    if isinstance(test, ast.BoolOp):
        return all(_decided_by_python(value) for value in test.values)
    if isinstance(test, ast.Compare):
        return all(isinstance(op, (ast.Is, ast.IsNot)) for op in test.ops)
    if isinstance(test, ast.Call):
        return isinstance(test.func, ast.Name) and test.func.id in _PLAIN_CALLS
    return isinstance(test, ast.Constant)


def _binds(node: ast.AST) -> bool:
    """Whether an expression sets a name, which within a lambda would be another one."""
    return any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node))


def _operator(name: str) -> ast.expr:
    return ast.Attribute(ast.Name(OPERATORS, ast.Load()), name, ast.Load())


def _name(definition: ast.FunctionDef) -> ast.expr:
    return ast.Name(definition.name, ast.Load())


def _parameters(*given: str) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[ast.arg(a) for a in given], kwonlyargs=[], kw_defaults=[], defaults=[])


def _thunk(value: ast.expr, like: ast.AST) -> ast.expr:
    return _everywhere(ast.Lambda(_parameters(), value), like)  # type: ignore[no-any-return]


def _statement(call: ast.expr, like: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Expr(call), like)


def _everywhere(node: Any, like: Any) -> Any:
    """A new node in the place of another; nodes below it that have a place keep it."""
    inner: Any
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            inner.lineno, inner.col_offset = like.lineno, like.col_offset
            # what spans lines is pointed at by its first one: by the operator's name for a call
            whole = like.lineno == like.end_lineno or (isinstance(inner, ast.Call) and isinstance(like, ast.Call))
            inner.end_lineno = like.end_lineno if whole else like.lineno
            inner.end_col_offset = like.end_col_offset if whole else like.col_offset
    return node
