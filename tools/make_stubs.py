"""Writes the type stubs of the public names that are loaded lazily, for editors and type checkers.

    python tools/make_stubs.py            # writes them anew
    python tools/make_stubs.py --check    # says which are out of date, and fails if any is

`weft`, `weft.keras` and `weft.compat.v1` find their names when these are first used, which no type checker can follow.
Their stubs name everything where it is defined. The namespaces of `weft` (`weft.nn`, `weft.math`, …) have stubs in
`weft/_public/`, a package that exists for type checkers alone: beside the modules themselves, stubs would hide these
from mypy.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import sys
import textwrap
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

WIDTH = 120
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from weft.api import names  # noqa: E402  the tree that this file stands in, not an installed one

HEADER = '"""Written by tools/make_stubs.py; do not edit."""\n'
#: packages of Keras whose `__getattr__` a type checker would take as leave to use any name
LAZY = ("callbacks", "initializers", "losses", "metrics", "optimizers", "utils")
#: TensorFlow 1's names, lazily loaded too
VERSION_1 = "weft.compat.v1"
#: modules that such a package loads on demand
INNER_MODULES = {"weft.keras.optimizers": ("legacy",)}
#: what an annotation may name in a stub: with anything else it becomes Any
KNOWN_TYPES = {"Any", "Callable", "Iterable", "Mapping", "None", "Sequence", "bool", "dict", "float", "int", "list",
               "object", "str", "tuple", "type"}  # fmt: skip
TYPING = {"collections.abc": ("Callable", "Iterable", "Mapping", "Sequence"), "typing": ("Any",)}


# What is defined where -----------------------------------------------------------------------------------------------


@cache
def _tree(module: str) -> ast.Module:
    source = inspect.getsourcefile(importlib.import_module(module))
    assert source is not None
    return ast.parse(Path(source).read_text(encoding="utf-8"))


@cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    """The names that a module's own statements define, with the statement."""
    found: dict[str, ast.stmt] = {}
    for node in _tree(module).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(part, ast.Name):
                        found[part.id] = node
    return found


@cache
def _reexported(module: str) -> dict[str, tuple[str, str]]:
    """The names that a module imports for others: as `x as x`, or in a statement that says why it looks unused."""
    source = Path(inspect.getsourcefile(importlib.import_module(module)) or "").read_text(encoding="utf-8").splitlines()
    found = {}
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            unused = "noqa: F401" in source[node.lineno - 1]
            for alias in node.names:
                if unused or alias.asname == alias.name:
                    found[alias.asname or alias.name] = (node.module, alias.name)
    return found


def _public(module: str) -> list[str]:
    """The public names of a namespace's module."""
    loaded = importlib.import_module(module)
    listed = getattr(loaded, "__all__", None)
    if listed is None:
        listed = [*_definitions(module), *_reexported(module)]
    return sorted({name for name in listed if not name.startswith("_")})


def _home(value: Any, module: str, name: str) -> tuple[str, str]:
    """Where a name is really defined, followed through modules that only hand it on."""
    if isinstance(value, (type, FunctionType)):
        home, own = value.__module__, value.__qualname__
        if own.isidentifier() and isinstance(_definitions(home).get(own), (ast.FunctionDef, ast.ClassDef)):
            return home, own
    while name not in _definitions(module):
        handed_on = _imports(module).get(name)
        if handed_on is None or handed_on == (module, name):  # a package names its own module
            break
        module, name = handed_on
    return module, name


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    statements = [node for node in _tree(module).body if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {alias.asname or alias.name: (node.module or "", alias.name) for node in statements for alias in node.names}


# One name ------------------------------------------------------------------------------------------------------------


class Stub:
    """A stub under construction: imports, and functions written out."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._imports: list[str] = []
        self._written: list[tuple[str, FunctionType]] = []
        self._constants: list[str] = []

    def module_name(self, name: str, target: str) -> None:
        """A name for a module."""
        package, _, last = target.rpartition(".")
        self._imports.append(f"from {package} import {last} as {name}")

    def value(self, name: str, value: Any, module: str, attribute: str) -> None:
        """A name for anything else, that a module holds as an attribute."""
        home, own = _home(value, module, attribute)
        defined = _definitions(home).get(own)
        made = isinstance(value, FunctionType) and not isinstance(defined, ast.FunctionDef)
        if made or home == self.module:
            if not isinstance(value, FunctionType):
                raise SystemExit(f"{self.module}.{name} is defined in a lazy package; move it to a module of its own.")
            self._written.append((name, value))
        else:
            alias = name if name == own else f"_{name}"  # under a new name an import of a stub is not public
            self._imports.append(f"from {home} import {own} as {alias}")
            if alias != name:
                self._constants.append(f"{name} = {alias}")

    def constant(self, name: str, annotation: str) -> None:
        """A constant of the module itself."""
        self._constants.append(f"{name}: {annotation}")

    def text(self) -> str:
        """The file."""
        taken = {line.rpartition(" ")[2] for line in self._imports} | {name for name, _ in self._written}
        taken |= {line.split()[0] for line in self._constants}
        functions = [_written_out(name, function, taken) for name, function in self._written]
        body = "\n".join([*self._constants, *([""] if functions else []), *functions]).strip()
        heads = ["import builtins as _builtins"] if "_builtins." in body else []
        for place, wanted in TYPING.items():
            used = [name for name in wanted if re.search(rf"[:\[|>,] *{name}\b", body)]
            heads += [f"from {place} import {', '.join(used)}"] if used else []
        own = [_fitting(line) for line in sorted(self._imports, key=_import_order)]
        heads += [line for line in own if not line.startswith("from weft")]  # Python's own, handed on
        own = [line for line in own if line.startswith("from weft")]
        imports = [*heads, *([""] if heads and own else []), *own]
        return "\n".join([HEADER, *imports, *(["", body] if body else []), ""])


def _fitting(statement: str) -> str:
    """An import in one line, or in three where it is too long for one."""
    head, _, names = statement.partition(" import ")
    return statement if len(statement) <= WIDTH else f"{head} import (\n    {names},\n)"


def _import_order(statement: str) -> tuple[str, int, list[str], str, str]:
    """How ruff sorts imports: by module; then constants, classes, and the rest; numbers by their size."""
    _, module, _, name, _, alias = statement.split()
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    parts = [part.zfill(9) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", name)]
    return module, kind, parts, name, alias


def _written_out(name: str, function: FunctionType, taken: set[str]) -> str:
    """A function that no `def` of its own stands for, as a `def`; `taken` are the names that the stub gives away."""
    parts, kinds = [], inspect.Parameter
    signature = inspect.signature(function)
    previous = None
    for parameter in signature.parameters.values():
        if parameter.kind is kinds.KEYWORD_ONLY and previous not in (kinds.VAR_POSITIONAL, kinds.KEYWORD_ONLY):
            parts.append("*")
        star = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is kinds.empty else " = ..."
        parts.append(f"{star}{parameter.name}: {_annotation(parameter.annotation, taken)}{default}")
        previous = parameter.kind
    doc = (inspect.getdoc(function) or "").split("\n")[0].replace("\\", "\\\\").replace('"""', "'''")
    result = _annotation(signature.return_annotation, taken)
    head = f"def {name}({', '.join(parts)}) -> {result}:"
    if len(head) > 120:
        lines = textwrap.wrap(", ".join(parts), 116, break_long_words=False, break_on_hyphens=False)
        head = f"def {name}(\n    " + "\n    ".join(lines) + f"\n) -> {result}:"
    return f'{head}\n    """{doc}"""\n'


def _annotation(annotation: Any, taken: set[str]) -> str:
    if not isinstance(annotation, str):
        annotation = getattr(annotation, "__name__", "Any") if isinstance(annotation, type) else str(annotation)
    words = set(re.findall(r"[A-Za-z_]\w*", annotation))
    if not words <= KNOWN_TYPES:
        return "Any"
    for word in words & taken & {*dir(builtins)}:
        annotation = re.sub(rf"\b{word}\b", f"_builtins.{word}", annotation)
    return annotation


# The files -----------------------------------------------------------------------------------------------------------


def stubs() -> dict[str, str]:
    """Path below the repository -> content, for every stub."""
    files = {"weft/__init__.pyi": _top_level(), "weft/keras/__init__.pyi": _keras()}
    files["weft/_public/__init__.pyi"] = HEADER
    for name in LAZY:
        files[f"weft/keras/{name}/__init__.pyi"] = _lazy_package(f"weft.keras.{name}")
    for module in _namespaces():
        files[_public_path(module)] = _namespace(module)
    files["weft/autodiff/__init__.pyi"] = _namespace("weft.api.autodiff")
    files["weft/compat/v1/__init__.pyi"] = _version_1()
    files["weft/_public/v1/__init__.pyi"] = HEADER
    for name in importlib.import_module(VERSION_1)._OWN:
        files[f"weft/_public/v1/{name}.pyi"] = _namespace(f"{VERSION_1}.{name}", f"weft._public.v1.{name}")
    return files


def _lazy_package(module: str) -> str:
    stub = Stub(module)
    loaded = importlib.import_module(module)
    for name in sorted({*loaded.__all__, *_found_on_demand(loaded), *INNER_MODULES.get(module, ())}):
        value = getattr(loaded, name)
        if isinstance(value, ModuleType):
            stub.module_name(name, value.__name__)
        else:
            stub.value(name, value, module, name if name in _imports(module) else value.__name__)
    return stub.text()


def _found_on_demand(loaded: ModuleType) -> set[str]:
    """The names, of those that stand in a package's tables, that its `__getattr__` answers."""
    sources = [loaded, *(value for value in vars(loaded).values() if isinstance(value, ModuleType))]
    tables = [value for source in sources for value in vars(source).values() if isinstance(value, dict)]
    names_in_tables = {key for table in tables for key in table if isinstance(key, str) and key.isidentifier()}
    return {name for name in names_in_tables - {*vars(loaded)} if not name.startswith("_") and _answers(loaded, name)}


def _answers(loaded: ModuleType, name: str) -> bool:
    try:
        return isinstance(getattr(loaded, name), (type, FunctionType))
    except AttributeError:
        return False


def _namespaces() -> list[str]:
    """The modules of the api floor that are namespaces, and those within them."""
    found = [module for module in names.NAMESPACES.values() if module.startswith("weft.api.")]
    for module in found:
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, ModuleType) and _is_inner(module, value) and value.__name__ not in found:
                found.append(value.__name__)
    return found


def _is_inner(module: str, value: ModuleType) -> bool:
    """Whether a module that another one has imported is a namespace within it, rather than something that it uses."""
    return value.__name__ in names.INNER.get(module, ())


def _public_path(module: str) -> str:
    return f"weft/_public/{module.rpartition('.')[2]}.pyi"


def _namespace(module: str, stub_module: str | None = None) -> str:
    stub = Stub(stub_module or f"weft._public.{module.rpartition('.')[2]}")
    loaded = importlib.import_module(module)
    for inner in names.INNER.get(module, ()):
        last = inner.rpartition(".")[2]
        stub.module_name(last, f"weft._public.{last}")
    for name in _public(module):
        stub.value(name, getattr(loaded, name), module, name)
    return stub.text()


def _top_level() -> str:
    stub = Stub("weft")
    for name, (module, attribute) in sorted(names.table().items()):
        if attribute is None:
            stub.module_name(name, f"weft._public.{module.rpartition('.')[2]}" if module in _namespaces() else module)
        else:
            stub.value(name, getattr(importlib.import_module(module), attribute), module, attribute)
    stub.module_name("version", "weft.version")
    return stub.text()


def _version_1() -> str:
    loaded = importlib.import_module(VERSION_1)
    table, in_math = names.table(), names.NAMESPACES["math"]
    places = {name: (names.NAMESPACES[namespace], there) for name, (namespace, there) in loaded._ELSEWHERE.items()}
    places |= {name: (in_math, there) for name, there in loaded._MOVED.items()}
    places |= {name: (table[name][0], table[name][1] or name) for name in loaded._SHARED}
    places |= {name: (VERSION_1, name) for name in _reexported(VERSION_1)}
    stub = Stub(VERSION_1)
    for name, (module, attribute) in sorted(places.items()):
        stub.value(name, getattr(importlib.import_module(module), attribute), module, attribute)
    for name in sorted(loaded._SHARED_NAMESPACES):
        module = names.NAMESPACES[name]
        stub.module_name(name, f"weft._public.{name}" if module in _namespaces() else module)
    for name in loaded._OWN:
        stub.module_name(name, f"weft._public.v1.{name}")
    stub.module_name("compat", "weft.compat")
    stub.constant("__version__", "str")
    stub.constant("VERSION", "str")
    return stub.text()


def _keras() -> str:
    import weft.keras as keras

    stub = Stub("weft.keras")
    for name in sorted(keras._MODULES):
        stub.module_name(name, f"weft.keras.{name}")
    for name, place in sorted(keras._NAMES.items()):
        stub.value(name, getattr(keras, name), f"weft.keras.{place}", name)
    stub.value("version", keras.version, "weft.keras", "version")
    stub.constant("__version__", "str")
    return stub.text()


def outdated() -> list[str]:
    """The paths of stubs that are missing, differ from what they should be, or should not be there."""
    wanted = stubs()
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "weft").rglob("*.pyi")}
    differing = [path for path, text in wanted.items()
                 if path not in there or (ROOT / path).read_text(encoding="utf-8") != text]  # fmt: skip
    return sorted([*differing, *(there - {*wanted})])


def main(arguments: list[str]) -> int:
    """Writes the stubs, or checks them."""
    if "--check" in arguments:
        found = outdated()
        print("\n".join([*found, "Out of date; run python tools/make_stubs.py"]) if found else "All stubs are current.")
        return int(bool(found))
    wanted = stubs()
    for path in outdated():
        if path in wanted:
            (ROOT / path).parent.mkdir(exist_ok=True)
            (ROOT / path).write_text(wanted[path], encoding="utf-8")
        else:
            (ROOT / path).unlink()
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
