"""Which names a piece of a function sets, and which of them are still needed behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

#: a name, or what hangs on one: ("self", ".count"), ("table", "[", "key")
Path = tuple[str | int, ...]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def path_of(node: ast.AST) -> Path | None:
    """The path of an expression such as `a`, `a.b` or `a["k"]`; None for any other."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        root = path_of(node.value)
        return None if root is None else (*root, "." + node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        root = path_of(node.value)
        key = node.slice.value
        return None if root is None or not isinstance(key, (str, int)) else (*root, "[", key)
    return None


def within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes below these that belong to the same function: not those inside of functions and classes there."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _SCOPES):
            waiting.extend(_around(node))
        elif isinstance(node, _COMPREHENSIONS):
            waiting.extend(_outside_targets(node))
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _around(node: ast.AST) -> list[ast.AST]:
    """What of a definition is evaluated where it stands."""
    found: list[ast.AST] = list(getattr(node, "decorator_list", ()))
    args = getattr(node, "args", None)
    if args is not None:
        found += [default for default in (*args.defaults, *args.kw_defaults) if default is not None]
    found += [*getattr(node, "bases", ()), *(keyword.value for keyword in getattr(node, "keywords", ()))]
    return found


def _outside_targets(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a comprehension but for its own variables."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.comprehension):
            yield child.iter
            yield from child.ifs
        else:
            yield child


def stored(nodes: Iterable[ast.AST]) -> set[str]:
    """The plain names that these set."""
    found: set[str] = set()
    for node in within(nodes):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def stored_paths(nodes: Iterable[ast.AST]) -> set[Path]:
    """The attributes and items that these set."""
    found = set()
    for node in within(nodes):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            path = path_of(node)
            if path is not None:
                found.add(path)
    return found


def used(nodes: Iterable[ast.AST | None]) -> set[str]:
    """The plain names that these read, those that functions defined among them read included."""
    found: set[str] = set()
    for node in within([node for node in nodes if node is not None]):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            found.add(node.id)
        elif isinstance(node, _SCOPES):
            found |= free(node)
        elif isinstance(node, _COMPREHENSIONS):
            found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return found


def free(node: ast.AST) -> set[str]:
    """Every name read anywhere inside a definition: at least those that it takes from around it."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} | {
        name for n in ast.walk(node) if isinstance(n, ast.Nonlocal) for name in n.names
    }


def shared_with_definitions(body: Sequence[ast.AST]) -> set[str]:
    """The names that functions defined in a body take from it: they may be read whenever those are called."""
    found: set[str] = set()
    for node in within(body):
        if isinstance(node, _SCOPES):
            found |= free(node)
    return found


class Liveness:
    """For each statement that branches or repeats, the names that are read behind it before they are set again.

    Attributes:
        after: statement -> names read behind it.
        again: loop -> names read at the start of a turn, by it or by what follows the loop.
    """

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self.after: dict[ast.stmt, set[str]] = {}
        self.again: dict[ast.stmt, set[str]] = {}
        self._always = shared_with_definitions(body)
        self._block(body, set())

    def _block(self, body: Sequence[ast.stmt], live: set[str]) -> set[str]:
        for statement in reversed(body):
            live = self._statement(statement, live | self._always)
        return live

    def _statement(self, node: ast.stmt, live: set[str]) -> set[str]:
        match node:
            case ast.If():
                self.after[node] = live
                return self._block(node.body, live) | self._block(node.orelse, live) | used([node.test])
            case ast.While() | ast.For():
                return self._loop(node, live)
            case ast.With():
                inner = self._block(node.body, live)
                targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
                return inner - _plain(targets) | used([item.context_expr for item in node.items]) | used(targets)
            case ast.Try() | ast.TryStar():
                # anything in it may be cut short by an exception and go on in another part of it
                whole = live | used([node])
                for part in (node.body, node.orelse, node.finalbody, *(h.body for h in node.handlers)):
                    self._block(part, whole)
                return whole
            case ast.Match():
                self.after[node] = live
                found = live | used([node.subject])
                for branch in node.cases:
                    found |= self._block(branch.body, live) | used([branch.pattern, branch.guard])
                return found
            case ast.Assign():
                return live - _plain(node.targets) | used([node.value, *node.targets])
            case ast.AnnAssign():
                return (live - _plain([node.target]) if node.value is not None else live) | used(
                    [node.value, node.target]
                )
            case ast.AugAssign():
                return live | used([node.value, node.target]) | _plain([node.target])
            case ast.FunctionDef() | ast.ClassDef():
                return live - {node.name} | used([node])
            case ast.Return() | ast.Raise():
                return used([node])
        return live | used([node])

    def _loop(self, node: ast.While | ast.For, live: set[str]) -> set[str]:
        self.after[node] = live
        test = node.test if isinstance(node, ast.While) else getattr(node, "extra_test", None)
        before = live | used([test])
        head = before
        while True:
            found = self._block(node.body, head)
            if isinstance(node, ast.For):
                found = found - _plain([node.target]) | used([node.target])
            grown = head | before | found
            if grown == head:
                break
            head = grown
        self.again[node] = head
        return head | (used([node.iter]) if isinstance(node, ast.For) else set())


def _plain(targets: Iterable[ast.AST]) -> set[str]:
    """The names that an assignment to these targets certainly sets."""
    found: set[str] = set()
    for target in targets:
        if isinstance(target, ast.Name):
            found.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            found |= _plain(target.elts)
        elif isinstance(target, ast.Starred):
            found |= _plain([target.value])
    return found
