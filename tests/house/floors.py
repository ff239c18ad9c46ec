"""Reads every import in a source tree and finds those that the plan of the house forbids.

The table below is docs/architecture.md's, in code. A folder may import from the floors below it and from itself,
never from above and never from a neighbour on its own floor. The checker works on sources alone and imports nothing,
so that it also sees imports inside functions, under ``if TYPE_CHECKING`` and by ``import_module("...")``.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# The bare package: a lazy assembler of the public names. Importing it means importing the public API.
PUBLIC = "weft"

FLOORS: dict[str, float] = {
    "weft.version": -1,
    "weft.base": 0,
    "weft.ir": 1,
    "weft.formats": 1,
    "weft.ops": 2,
    "weft.autodiff": 3,
    "weft.passes": 3,
    "weft.engines": 4,
    "weft.runtime": 5,
    "weft.autograph": 5.4,
    "weft.data": 5.5,
    "weft.api": 6,
    "weft.extend": 6,
    PUBLIC: 6.5,
    "weft.keras": 7,
    "weft.testing": 7.5,
    "weft.compat": 8,
    "weft.cli": 8,
    "weft.__main__": 8,
}

# Rooms that are one room with two doors: they may import one another although they share a floor.
SHARED_FLOORS = (6, 8)

# Files that the rules do not bind, each for its reason.
EXCUSED_FILES = {
    "weft/__init__.py",  # assembles the public names from every floor, lazily
    "weft/version.py",  # read by the packaging tool
}

# The one file between runtime and the engines themselves; it finds them when one is first asked for.
ENGINE_LOADER = "weft.runtime.engine_loader"

# What Keras may see of Weft: what any library could.
KERAS_MAY_IMPORT = {PUBLIC, "weft.extend", "weft.keras", "weft.version"}

# Libraries that are not in the standard library, and the modules (by prefix) that may import them.
EVERYWHERE = ("weft",)
#: modules of the standard library of a later Python than the one that looks
LATER = {"annotationlib"}  # 3.14
LIBRARIES: dict[str, tuple[str, ...]] = {
    "numpy": EVERYWHERE,
    "ml_dtypes": EVERYWHERE,
    "llvmlite": ("weft.engines.native", "weft.cli.doctor"),  # the doctor says whether it loads
    "jax": ("weft.engines.xla",),
    "h5py": ("weft.keras.saving", "weft.api.saving"),
    "PIL": ("weft.api.image", "weft.keras.utils.image_utils"),
    "simplejpeg": ("weft.api.image.jpeg",),
    "matplotlib": ("weft.cli.", "weft.keras.utils"),
    "sklearn": ("weft.cli.", "weft.keras.wrappers."),
    "scipy": ("weft.compat.v1.contrib.opt",),
    "IPython": ("weft.cli.", "weft.keras.utils"),
}


@dataclass(frozen=True)
class Import:
    """One import statement's target as written: the module, and the name taken from it, if any."""

    line: int
    module: str
    name: str | None = None


def module_name(path: str) -> str:
    """Give the dotted module name of a file, e.g. ``weft/ir/__init__.py`` → ``weft.ir``."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def read_imports(path: str, source: str) -> Iterator[Import]:
    """Yield every import in the source, with relative ones resolved."""
    package = module_name(path) if path.endswith("__init__.py") else module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(source, filename=path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(package, node.level, node.module or "")
            for alias in node.names:
                yield Import(node.lineno, module, None if alias.name == "*" else alias.name)
        elif isinstance(node, ast.Call):
            target = _dynamic_target(node, package)
            if target is not None:
                yield Import(node.lineno, target)


def _absolute(package: str, level: int, module: str) -> str:
    if level == 0:
        return module
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - (level - 1)])
    return f"{base}.{module}" if module else base


def _dynamic_target(call: ast.Call, package: str) -> str | None:
    """Give the module that ``import_module("x")`` or ``__import__("x")`` names, where it is a plain string."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    if name not in ("import_module", "__import__") or not call.args:
        return None
    target = call.args[0]
    if not isinstance(target, ast.Constant) or not isinstance(target.value, str):
        return None
    stripped = target.value.lstrip(".")
    return _absolute(package, len(target.value) - len(stripped), stripped)


def room_of(module: str) -> str:
    """Give the folder of the floors table that a module belongs to; names outside it are the public API's."""
    room = ".".join(module.split(".")[:2])
    return room if room in FLOORS else PUBLIC


def engine_of(module: str) -> str:
    """Give ``base`` or the name of the engine that a module under weft.engines belongs to."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 else "base"


def find_violations(sources: Mapping[str, str]) -> list[str]:
    """Check a whole tree.

    Args:
        sources: File text by path relative to the repository, with forward slashes.

    Returns:
        One line per forbidden import, ``path:line: what is wrong``; empty where all is well.
    """
    modules = {module_name(path) for path in sources}
    problems = []
    for path, source in sorted(sources.items()):
        if path in EXCUSED_FILES:
            continue
        module = module_name(path)
        if room_of(module) == PUBLIC:
            problems.append(f"{path}:1: has no floor; add its folder to FLOORS and to docs/architecture.md")
            continue
        for item in read_imports(path, source):
            complaint = _judge(module, item, modules)
            if complaint:
                problems.append(f"{path}:{item.line}: {complaint}")
    return problems


def _judge(module: str, item: Import, modules: set[str]) -> str | None:
    top = item.module.split(".")[0]
    if top != "weft":
        return _judge_library(module, top)
    target = item.module
    # `from weft.engines import reference` means the module where there is one, else a name of the package.
    if item.name is not None and (f"{target}.{item.name}" in modules or f"{target}.{item.name}" in FLOORS):
        target = f"{target}.{item.name}"
    return _judge_floor(module, target)


def _judge_library(module: str, library: str) -> str | None:
    if library in sys.stdlib_module_names | LATER:
        return None
    homes = LIBRARIES.get(library)
    if homes is None:
        return f"imports {library}, which Weft does not depend on"
    if module.startswith(homes):
        return None
    return f"imports {library}, which only {' and '.join(homes)} may import"


def _judge_floor(module: str, target: str) -> str | None:
    room, other = room_of(module), room_of(target)
    here, there = FLOORS[room], FLOORS[other]
    if room == "weft.keras" and other not in KERAS_MAY_IMPORT:
        return f"Keras imports {target}; it may import only weft, weft.extend and itself"
    if other == "weft.engines":
        complaint = _judge_engine(module, room, target)
        if complaint:
            return complaint
    if room == other or there < here or (here == there and here in SHARED_FLOORS):
        return None
    direction = "upward" if there > here else "sideways"
    return f"imports {target} (floor {there:g}) {direction} from {room} (floor {here:g})"


def _judge_engine(module: str, room: str, target: str) -> str | None:
    engine = engine_of(target)
    if engine == "base":
        return None
    if room == "weft.engines":
        mine = engine_of(module)
        if mine == engine:
            return None
        return f"engine {mine!r} imports engine {engine!r}; they share weft.engines.base only"
    if module == ENGINE_LOADER or FLOORS[room] > FLOORS["weft.keras"]:
        return None
    return f"imports {target}; only {ENGINE_LOADER} may name an engine, all others go through weft.engines.base"


def read_tree(root: Path) -> dict[str, str]:
    """Read every Python file of the package below the repository's root."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((root / "weft").rglob("*.py"))
    }
