"""Reads one program's source and finds what tells TensorFlow 1 from TensorFlow 2 in it. Nothing is executed.

Evidence is a public name that only one of the two has, reached through an alias of the bare ``tensorflow``. A use that
the program itself makes depend on the version, as in ``if tf.__version__ < "2"`` or ``except AttributeError``, proves
nothing and is left out.
"""

import ast
import builtins
from dataclasses import dataclass, field
from typing import NamedTuple

from weft.compat.dialect_names import TF1_ONLY, TF2_ONLY

ROOT = "tensorflow"
EXPLICIT = "compat.v1"  # names bound to this are TensorFlow 1 by the programmer's own word

_VERSIONS = {"__version__", "VERSION", "version.VERSION"}
_FALLBACK_ERRORS = {"AttributeError", "ImportError", "ModuleNotFoundError"}
_CATCH_ALL = {"Exception", "BaseException"}


class Evidence(NamedTuple):
    """A use of a telling name: its line and how the program writes it."""

    line: int
    text: str


class ImportOf(NamedTuple):
    """An import of something other than TensorFlow: relative level, module, and the names taken from it."""

    level: int
    module: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What one source says by itself.

    Args:
        tf1: The first use of a name that only TensorFlow 1 has.
        tf2: The first use of a name that only TensorFlow 2 has.
        imports: Everything else that it imports, in order.
    """

    tf1: Evidence | None = None
    tf2: Evidence | None = None
    imports: tuple[ImportOf, ...] = ()


def read_source(source: str, filename: str = "<source>") -> Reading:
    """Read one source text.

    Raises:
        SyntaxError: Where it is no Python 3; a note says what to do if it looks like Python 2.
    """
    try:
        tree = ast.parse(source, filename)
    except SyntaxError as error:
        note_python_2(error)
        raise
    reader = _Reader(tree)
    return Reading(reader.tf1, reader.tf2, tuple(reader.imports))


def note_python_2(error: SyntaxError) -> None:
    """Add what to do to a syntax error that comes from a program for Python 2."""
    text = (error.text or "").strip()
    words = text.replace("(", " ").split()
    signs = (
        "Missing parentheses in call" in (error.msg or ""),
        "multiple exception types must be parenthesized" in (error.msg or ""),
        "leading zeros in decimal integer" in (error.msg or ""),
        words[:1] == ["exec"],
        text.startswith("raise ") and "," in text,
        "<>" in text or "`" in text,
    )
    if any(signs) and not getattr(error, "__notes__", None):
        error.add_note(
            "This is Python 2. Convert the program first, for example with 2to3, "
            "which comes with Python up to 3.12: python3.12 -m lib2to3 -w FILE"
        )


def only_in(names: frozenset[str], dotted: str) -> bool:
    """Tell whether a dotted name, or a module that it lies in, belongs to the set."""
    while dotted:
        if dotted in names:
            return True
        dotted = dotted.rpartition(".")[0]
    return False


@dataclass
class _Alias:
    """A name that stands for a part of TensorFlow; the path is empty for ``tensorflow`` itself."""

    path: str
    line: int


@dataclass
class _Names:
    """The names of one program that lead into TensorFlow."""

    aliases: dict[str, list[_Alias]] = field(default_factory=dict)
    star: bool = False

    def bind(self, name: str, path: str, line: int) -> None:
        self.aliases.setdefault(name, []).append(_Alias(path, line))

    def lookup(self, name: str, line: int) -> str | None:
        """Give the path that a name stands for at a line; None where it is not TensorFlow's."""
        bound = self.aliases.get(name)
        if not bound:
            return None
        for alias in bound:
            # Once rebound to compat.v1, a name stays explicit, whichever branch the other binding stands in.
            if (alias.path == EXPLICIT or alias.path.startswith(EXPLICIT + ".")) and alias.line <= line:
                return alias.path
        before = [alias for alias in bound if alias.line <= line]
        return (before[-1] if before else bound[0]).path


class _Reader:
    """Collects imports first, because functions may use what is imported further down, then looks at every use."""

    def __init__(self, tree: ast.Module) -> None:
        self.names = _Names()
        self.imports: list[ImportOf] = []
        self.tf1: Evidence | None = None
        self.tf2: Evidence | None = None
        self._version_flags: set[str] = set()
        nodes = list(ast.walk(tree))
        self._stored = {node.id for node in nodes if isinstance(node, ast.Name) and _is_store(node)}
        bindings = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)]
        for node in sorted(bindings, key=lambda node: node.lineno):
            self._collect(node)
        # `tf.gfile = tf.io.gfile`: from here on the name is the program's own.
        stored = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
        chains = [(_chain(node), node.lineno) for node in stored]
        self._given = frozenset(self._path_of(chain, line) or "" for chain, line in chains if chain)
        self._other_stars = any("*" in item.names for item in self.imports)
        self._look(tree)

    # --- what names mean ---------------------------------------------------------------------------------------------

    def _collect(self, node: ast.Import | ast.ImportFrom | ast.Assign) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._collect_import(alias, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            self._collect_from(node)
        else:
            self._collect_assignment(node)

    def _collect_import(self, alias: ast.alias, line: int) -> None:
        path = _below_root(alias.name)
        if path is None:
            self.imports.append(ImportOf(0, alias.name, ()))
        elif alias.asname:
            self.names.bind(alias.asname, path, line)
        else:
            self.names.bind(ROOT, "", line)

    def _collect_from(self, node: ast.ImportFrom) -> None:
        path = _below_root(node.module or "") if node.level == 0 else None
        if path is None:
            self.imports.append(ImportOf(node.level, node.module or "", tuple(alias.name for alias in node.names)))
            return
        for alias in node.names:
            if alias.name == "*":
                self.names.star = self.names.star or not path
            else:
                self.names.bind(alias.asname or alias.name, _join(path, alias.name), node.lineno)

    def _collect_assignment(self, node: ast.Assign) -> None:
        """Follow ``layers = tf.layers``, ``tf = tf.compat.v1``, ``tf = import_module("tensorflow")``."""
        path = self._imported_by_call(node.value)
        if path is None:
            chain = _chain(node.value)
            path = self._path_of(chain, node.lineno - 1) if chain and len(chain) > 1 else None
        mentions_version = any(self._is_version(part) for part in ast.walk(node.value))
        for target in node.targets:
            if isinstance(target, ast.Name):
                if mentions_version:
                    self._version_flags.add(target.id)
                elif path is not None:
                    self.names.bind(target.id, path, node.lineno)

    @staticmethod
    def _imported_by_call(value: ast.expr) -> str | None:
        if not isinstance(value, ast.Call) or not value.args:
            return None
        chain, argument = _chain(value.func), value.args[0]
        if not chain or chain[-1] not in ("import_module", "__import__"):
            return None
        text = argument.value if isinstance(argument, ast.Constant) else None
        return _below_root(text) if isinstance(text, str) else None

    def _path_of(self, chain: list[str], line: int) -> str | None:
        """Give the dotted path below ``tensorflow`` of a chain of names, None where it does not lead there."""
        path = self.names.lookup(chain[0], line)
        return None if path is None else _join(path, ".".join(chain[1:]))

    # --- what is used ------------------------------------------------------------------------------------------------

    def _look(self, tree: ast.Module) -> None:
        """Look at every node, in the order of the source; with a stack of our own, for sources may nest deeply."""
        waiting = [(tree, _Place())]
        while waiting:
            node, place = waiting.pop()
            below = self._look_at(node, place)
            waiting.extend(reversed(below))  # type: ignore[arg-type]

    def _look_at(self, node: ast.AST, place: "_Place") -> list[tuple[ast.AST, "_Place"]]:
        """Look at one node; give the nodes below it that are still to be looked at, and where they stand."""
        match node:
            case ast.Import():
                self._look_at_import(node, place)
            case ast.ImportFrom():
                self._look_at_from(node, place)
            case ast.Attribute() if (chain := _chain(node)) is not None:
                if chain[0] not in place.hidden:
                    self._use(self._path_of(chain, node.lineno), node.lineno, f"uses {'.'.join(chain)}", place)
                return []
            case ast.Name():
                self._look_at_name(node, place)
            case ast.Call():
                self._look_at_getattr(node, place)
            case ast.If() | ast.IfExp():
                place = place.guarded_if(self._asks_version(node.test))
            case ast.BoolOp():
                place = place.guarded_if(self._asks_version(node))
            case ast.Try() | ast.TryStar():
                inner = place.guarded_if(any(_is_fallback(handler) for handler in node.handlers))
                parts = [(part, inner) for part in (*node.body, *node.handlers)]
                return parts + [(part, place) for part in (*node.orelse, *node.finalbody)]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                place = place.hiding(_parameters(node.args))  # a parameter that is called tf is somebody else's
        return [(child, place) for child in ast.iter_child_nodes(node)]

    def _use(self, path: str | None, line: int, text: str, place: "_Place") -> None:
        if not path or place.guarded or path == EXPLICIT or path.startswith(EXPLICIT + "."):
            return
        if only_in(self._given, path):
            return
        if self.tf1 is None and only_in(TF1_ONLY, path):
            self.tf1 = Evidence(line, text)
        if self.tf2 is None and only_in(TF2_ONLY, path):
            self.tf2 = Evidence(line, text)

    def _look_at_import(self, node: ast.Import, place: "_Place") -> None:
        for alias in node.names:
            self._use(_below_root(alias.name), node.lineno, f"imports {alias.name}", place)

    def _look_at_from(self, node: ast.ImportFrom, place: "_Place") -> None:
        path = _below_root(node.module or "") if node.level == 0 else None
        if path is None:
            return
        for alias in node.names:
            if alias.name == "*":
                self._use(path, node.lineno, f"imports {node.module}", place)
            else:
                text = f"imports {node.module}.{alias.name}"
                self._use(_join(path, alias.name), node.lineno, text, place)

    def _look_at_name(self, node: ast.Name, place: "_Place") -> None:
        """See the bare names that ``from tensorflow import *`` brings."""
        name = node.id
        if not self.names.star or name in self._stored or name in self.names.aliases or hasattr(builtins, name):
            return
        # `from math import *` may have brought `log`; such short names prove nothing beside another star.
        if not (self._other_stars and name.islower() and "_" not in name):
            self._use(name, node.lineno, f"uses {name}", place)

    def _look_at_getattr(self, node: ast.Call, place: "_Place") -> None:
        """See ``getattr(tf, "Session")``; ``hasattr``, and ``getattr`` with a default, only ask."""
        if not isinstance(node.func, ast.Name) or node.func.id != "getattr" or len(node.args) != 2:
            return
        chain, name = _chain(node.args[0]), node.args[1]
        path = self._path_of(chain, node.lineno) if chain else None
        if chain and path is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
            self._use(_join(path, name.value), node.lineno, f"uses {'.'.join([*chain, name.value])}", place)

    # --- where a use proves nothing ----------------------------------------------------------------------------------

    def _asks_version(self, test: ast.expr) -> bool:
        for node in ast.walk(test):
            if self._is_version(node) or (isinstance(node, ast.Name) and node.id in self._version_flags):
                return True
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr":
                chain = _chain(node.args[0]) if node.args else None
                if chain and self._path_of(chain, node.lineno) is not None:
                    return True
        return False

    def _is_version(self, node: ast.AST) -> bool:
        """Tell whether an expression is TensorFlow's version."""
        if not isinstance(node, ast.Attribute | ast.Name):
            return False
        chain = _chain(node)
        return chain is not None and (self._path_of(chain, node.lineno) or "") in _VERSIONS


class _Place(NamedTuple):
    """What surrounds a use: whether the program asks for the version there, and which names are parameters."""

    guarded: bool = False
    hidden: frozenset[str] = frozenset()

    def guarded_if(self, condition: bool) -> "_Place":
        return self._replace(guarded=True) if condition else self

    def hiding(self, names: frozenset[str]) -> "_Place":
        return self._replace(hidden=self.hidden | names)


def _parameters(arguments: ast.arguments) -> frozenset[str]:
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return frozenset(argument.arg for argument in every if argument is not None)


def _below_root(module: str) -> str | None:
    """Give a module's path below ``tensorflow``, empty for itself, None for any other module."""
    if module == ROOT:
        return ""
    return module[len(ROOT) + 1 :] if module.startswith(ROOT + ".") else None


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path and rest else path or rest


def _chain(node: ast.expr) -> list[str] | None:
    """Give ``["tf", "nn", "relu"]`` for ``tf.nn.relu``, None for what does not begin with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


def _is_store(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _is_fallback(handler: ast.ExceptHandler) -> bool:
    """Tell whether an ``except`` is there for a TensorFlow that lacks what was tried."""
    types = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
    names = {getattr(each, "id", getattr(each, "attr", None)) for each in types}
    if names & _FALLBACK_ERRORS:
        return True
    if None not in names and not names & _CATCH_ALL:
        return False
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "compat")
        or (isinstance(node, ast.Import) and any(_below_root(alias.name) is not None for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and _below_root(node.module or "") is not None)
        for part in handler.body
        for node in ast.walk(part)
    )
