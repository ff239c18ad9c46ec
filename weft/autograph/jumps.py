"""Takes `return`, `break` and `continue` out of branches and loops, so that each of these has one way out.

What follows a branch that leaves goes into the other branch; where that does not do (out of loops, out of `with` and
`try`), a flag is set and what follows asks for it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import Any

from weft.autograph.names import within

#: the generated names; no name of a user's begins so
PREFIX = "ag__"
RESULT = PREFIX + "result"

_LOOPS = (ast.For, ast.While)


class _Jump:
    """How one kind of leaving is written: what replaces the statement, and whether it has happened."""

    def __init__(self, kinds: tuple[type, ...], flag: str, replace: Callable[[Any], list[ast.stmt]],
                 into_loops: bool) -> None:  # fmt: skip
        self.kinds, self.flag, self.replace, self.into_loops = kinds, flag, replace, into_loops
        self.asked = False

    def occurs(self, nodes: Sequence[ast.AST]) -> bool:
        """Whether one of these statements leaves so."""
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if isinstance(node, self.kinds):
                return True
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                continue
            if isinstance(node, _LOOPS) and not self.into_loops:
                waiting.extend(node.orelse)
                continue
            waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))
        return False

    def block(self, body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], bool]:
        """The block without such statements, and whether it always leaves so."""
        done: list[ast.stmt] = []
        for position, node in enumerate(body):
            rest = body[position + 1 :]
            if isinstance(node, self.kinds):
                return [*done, *self.replace(node)], True
            if not self.occurs([node]):
                done.append(node)
                continue
            if isinstance(node, ast.If):
                branch, leaves = self._branch(node, rest)
                return [*done, *branch], leaves
            done.append(self._inside(node))
            if not rest:
                return done, False
            follow, leaves = self.block(rest)
            return [*done, self._unless(follow, node)], False
        return done, False

    def _branch(self, node: ast.If, rest: Sequence[ast.stmt]) -> tuple[list[ast.stmt], bool]:
        then, then_leaves = self.block(node.body)
        other, other_leaves = self.block(node.orelse)
        if then_leaves and not other_leaves and rest:
            other, other_leaves = self.block([*node.orelse, *rest])
            rest = ()
        elif other_leaves and not then_leaves and rest:
            then, then_leaves = self.block([*node.body, *rest])
            rest = ()
        made = _at(ast.If(test=node.test, body=then or [_at(ast.Pass(), node)], orelse=other), node)
        if (then_leaves and other_leaves) or not rest:
            return [made], then_leaves and other_leaves
        follow, _ = self.block(rest)
        return [made, self._unless(follow, rest[0])], False

    def _inside(self, node: ast.stmt) -> ast.stmt:
        """A compound statement other than `if`, its blocks rewritten.

        It is a new one: `_branch` may ask again for what stands in it, with more behind it.
        """
        node = copy.copy(node)
        for name in ("body", "orelse", "finalbody"):
            if getattr(node, name, None):
                setattr(node, name, self.block(getattr(node, name))[0])
        for name in ("handlers", "cases"):
            if getattr(node, name, None):
                parts = [copy.copy(part) for part in getattr(node, name)]
                setattr(node, name, parts)
                for part in parts:
                    part.body = self.block(part.body)[0]
        return node

    def _unless(self, body: list[ast.stmt], like: ast.stmt) -> ast.stmt:
        self.asked = True
        test = _at(ast.UnaryOp(ast.Not(), ast.Name(self.flag, ast.Load())), like)
        return _at(ast.If(test=test, body=body, orelse=[]), like)


def lower(node: ast.FunctionDef) -> None:
    """Rewrites a function so that it returns at its end only, and its loops end by their conditions only."""
    if _leaves_early(node.body):
        node.body = _returns(node)
    node.body = _Loops().block(node.body)


def _leaves_early(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Return) for node in body[:-1] for inner in within([node])) or (
        bool(body) and not isinstance(body[-1], ast.Return) and any(isinstance(n, ast.Return) for n in within(body))
    )


def _returns(function: ast.FunctionDef) -> list[ast.stmt]:
    flag = PREFIX + "returned"

    def replace(node: ast.Return) -> list[ast.stmt]:
        value = node.value if node.value is not None else _at(ast.Constant(None), node)
        made = [_assign(RESULT, value, node), _assign(flag, ast.Constant(True), node)]
        return [*made, _at(ast.Break(), node)] if getattr(node, "in_loop", False) else made

    _mark_loops(function.body, False)
    jump = _Jump((ast.Return,), flag, replace, into_loops=True)
    last = _at(ast.Return(value=_at(ast.Constant(None), function.body[-1])), function.body[-1])
    body, _ = jump.block([*function.body, last])
    _leave_outer_loops(body, flag)
    begin = [_assign(flag, ast.Constant(False), function)]
    end = _at(ast.Return(value=ast.Name(RESULT, ast.Load())), function.body[-1])
    return [*begin, *body, end]


def _mark_loops(body: Sequence[ast.AST], inside: bool) -> None:
    """Tells each `return` whether it stands in a loop."""
    for node in body:
        if isinstance(node, ast.Return):
            node.in_loop = inside  # type: ignore[attr-defined]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            continue
        elif isinstance(node, _LOOPS):
            _mark_loops(node.body, True)
            _mark_loops(node.orelse, inside)
        else:
            _mark_loops(list(ast.iter_child_nodes(node)), inside)


def _leave_outer_loops(body: Sequence[ast.AST], flag: str, loop: bool = False) -> None:
    """After a loop inside of a loop that may have returned, the outer one ends, too."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            continue
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            _leave_outer_loops(block, flag, (isinstance(node, _LOOPS) and name == "body") or loop)
            if (isinstance(node, _LOOPS) and name == "body") or loop:
                setattr(node, name, _with_breaks(block, flag))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            _leave_outer_loops([part], flag, loop)


def _with_breaks(block: list[ast.stmt], flag: str) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for node in block:
        made.append(node)
        if isinstance(node, _LOOPS) and any(_sets(inner, flag) for inner in within([node])):
            test = _at(ast.Name(flag, ast.Load()), node)
            made.append(_at(ast.If(test=test, body=[_at(ast.Break(), node)], orelse=[]), node))
    return made


def _sets(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


class _Loops:
    """Rewrites `break` and `continue`, inner loops first."""

    def __init__(self) -> None:
        self._count = 0

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The block, with the loops in it ended by their conditions."""
        made: list[ast.stmt] = []
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                made.append(node)
                continue
            for name in ("body", "orelse", "finalbody"):
                if getattr(node, name, None):
                    setattr(node, name, self.block(getattr(node, name)))
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                part.body = self.block(part.body)
            made.extend(self._loop(node) if isinstance(node, _LOOPS) else [node])
        return made

    def _loop(self, node: ast.For | ast.While) -> list[ast.stmt]:
        number = self._count
        self._count += 1
        if isinstance(node, ast.While) and any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test)):
            # what the condition sets, the body reads: it becomes a part of the body
            stop = _at(ast.If(test=ast.UnaryOp(ast.Not(), node.test), body=[ast.Break()], orelse=[]), node.test)
            node.test = _at(ast.Constant(True), node.test)
            node.body.insert(0, stop)
        skipped = self._without(node, ast.Continue, f"{PREFIX}continued_{number}")
        if skipped is not None:
            node.body.insert(0, _assign(skipped, ast.Constant(False), node))
        broken = self._without(node, ast.Break, f"{PREFIX}broken_{number}")
        before: list[ast.stmt] = []
        follow = node.orelse
        node.orelse = []
        if broken is not None:
            before = [_assign(broken, ast.Constant(False), node)]
            stop = _at(ast.UnaryOp(ast.Not(), ast.Name(broken, ast.Load())), node)
            if isinstance(node, ast.While):
                node.test = _at(ast.BoolOp(ast.And(), [stop, node.test]), node)
            else:
                node.extra_test = stop  # type: ignore[attr-defined]
            if follow:
                follow = [_at(ast.If(test=stop, body=follow, orelse=[]), follow[0])]
        return [*before, node, *follow]

    def _without(self, node: ast.For | ast.While, kind: type, flag: str) -> str | None:
        """Replaces all jumps of a kind that belong to this loop by a flag; its name, where there were any."""
        jump = _Jump((kind,), flag, lambda at: [_assign(flag, ast.Constant(True), at)], into_loops=False)
        if not jump.occurs(node.body):
            return None
        node.body = jump.block(node.body)[0]
        return flag


def _assign(name: str, value: ast.expr, like: ast.AST) -> ast.stmt:
    return _at(ast.Assign(targets=[ast.Name(name, ast.Store())], value=value), like)


def _at(node: Any, like: Any) -> Any:
    """A new node in the place of another, with all below it that have no place yet."""
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, like)
    return node
