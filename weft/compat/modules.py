"""Which of Weft's modules answers to a ``tensorflow`` or ``keras`` module name.

Below the roots the answer is Weft's own module object: ``tensorflow.keras.layers is weft.keras.layers``. Only the two
roots called ``tensorflow`` are objects of their own, because ``tf.__version__`` is not Weft's version.
"""

import importlib
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Literal

from weft.compat import old_paths
from weft.version import __version__ as weft_version

Tree = Literal["v1", "v2", "keras"]

#: What each tree of names is rooted in.
TARGETS: dict[str, str] = {
    "v1": "weft.compat.v1", "v2": "weft", "keras": "weft.keras", "internals": "weft.compat.internals",
}  # fmt: skip

#: The releases whose names and behaviour the trees have; scripts ask for them and branch on them.
VERSIONS = {"v1": "1.15.5", "v2": "2.21.0", "keras": "3.15.0"}

# Weft's own floors are no part of TensorFlow.
_INTERNAL = frozenset("api base cli engines extend formats ir ops passes runtime testing version".split())


def target(tree: str) -> ModuleType:
    """Import the module that a tree is rooted in."""
    return importlib.import_module(TARGETS[tree])


def resolve(tree: Tree, path: str) -> ModuleType | None:
    """Find the module for a path below ``tensorflow`` or ``keras``.

    Args:
        tree: The dialect, or ``"keras"`` for what lies below the root of that name.
        path: The dotted rest of the module's name; empty for the root.

    Returns:
        The module, or None where there is none.
    """
    if tree == "keras":
        return _resolve_keras(target("keras"), path)
    if not path:
        return root(tree)
    for prefix in ("keras", "python.keras"):
        if path == prefix or path.startswith(prefix + "."):
            own = getattr(target(tree), "keras", None)
            base = own if isinstance(own, ModuleType) else target("keras")
            return _resolve_keras(base, path[len(prefix) + 1 :])
    if path == "compat" or path.startswith("compat."):
        _, _, rest = path.partition(".")
        first, _, below = rest.partition(".")
        return resolve_below(target(first), below) if first in ("v1",) else resolve_below(_weft_compat(), rest)
    if path == "version":
        return root(tree).version
    if path in old_paths.TENSORFLOW:
        return stand_in(tree, path)
    if path.partition(".")[0] in _INTERNAL:
        return None
    return resolve_below(target(tree), path)


def _weft_compat() -> ModuleType:
    return importlib.import_module("weft.compat")


def _resolve_keras(base: ModuleType, path: str) -> ModuleType | None:
    first, _, rest = path.partition(".")
    if first == "_tf_keras" and rest.partition(".")[0] == "keras":  # where `tensorflow.keras` itself finds Keras 3
        return _resolve_keras(base, rest.partition(".")[2])
    if path in old_paths.KERAS:
        return stand_in("keras", path)
    return resolve_below(base, path)


def resolve_below(module: ModuleType, path: str) -> ModuleType | None:
    """Follow attributes, and submodules where a module has no such attribute; None where they end."""
    for part in path.split(".") if path else ():
        value = getattr(module, part, None)
        if not isinstance(value, ModuleType):
            value = _import_child(module, part)
        if value is None:
            return None
        module = value
    return module


def _import_child(module: ModuleType, part: str) -> ModuleType | None:
    name = f"{module.__name__}.{part}"
    if not hasattr(module, "__path__") or isinstance(module, (StandIn, Root)):  # they have given all
        return None
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


# --- roots -----------------------------------------------------------------------------------------------------------


class Root(ModuleType):
    """A module called ``tensorflow``: the names of one dialect, under that dialect's version."""

    def __init__(self, dialect: Literal["v1", "v2"]) -> None:
        super().__init__("tensorflow", f"The names of TensorFlow {VERSIONS[dialect]}, provided by Weft.")
        self._weft_dialect = dialect
        self.__path__: list[str] = []
        self.__version__ = VERSIONS[dialect]
        self.__git_version__ = f"weft {weft_version}"
        self.version = importlib.import_module("weft.compat.v1.version" if dialect == "v1" else "weft.version")
        if dialect == "v1":
            self.VERSION = VERSIONS[dialect]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__all__", "__file__", "__internal__"):
            raise AttributeError(f"module 'tensorflow' has no attribute {name!r}")
        if name == "__all__":
            return [each for each in dir(self) if not each.startswith("_")]
        if name in _INTERNAL:
            raise AttributeError(f"module 'tensorflow' has no attribute {name!r}")
        module = target(self._weft_dialect)
        try:
            value = getattr(module, name)
        except AttributeError:
            hidden = name.startswith("_") and name != "__internal__"
            found = None if hidden else resolve(self._weft_dialect, name)
            if found is None:
                raise
            value = found
        if name != "__file__":
            self.__dict__[name] = value  # from now on as fast as any module's attribute
        return value

    def __dir__(self) -> list[str]:
        return sorted({*dir(target(self._weft_dialect)), "__version__"} - _INTERNAL | {"version"})

    def __reduce__(self) -> tuple[Any, ...]:
        return root, (self._weft_dialect,)


_roots: dict[str, Root] = {}


def root(dialect: Literal["v1", "v2"]) -> Root:
    """Give the module that ``tensorflow`` is in a dialect; always the same object."""
    return _roots.setdefault(dialect, Root(dialect)) if dialect not in _roots else _roots[dialect]


# --- stand-ins for old paths -----------------------------------------------------------------------------------------


class StandIn(ModuleType):
    """A module under an old path; it looks names up where they are today."""

    def __init__(self, tree: Tree, path: str) -> None:
        top = "keras" if tree == "keras" else "tensorflow"
        table = old_paths.KERAS if tree == "keras" else old_paths.TENSORFLOW
        super().__init__(f"{top}.{path}", f"An old path; Weft has its names in {', '.join(table[path]) or 'others'}.")
        self.__path__: list[str] = []
        self.__spec__ = ModuleSpec(self.__name__, None, origin="weft", is_package=True)
        self._weft_tree = tree
        self._weft_path = path
        self._weft_places = table[path]

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [each for each in dir(self) if not each.startswith("_")]
        if not name.startswith("__") or name == "__version__":
            try:
                return self._weft_find(name)
            except AttributeError:
                pass
        places = ", ".join(self._weft_places) or "nothing but the modules below it"
        raise AttributeError(
            f"module {self.__name__!r} has no attribute {name!r}. Weft answers to this old path with {places}; "
            "import the name from the public API instead."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        called = old_paths.RENAMED.get(self._weft_path, {}).get(old_paths.CALLED)
        if called is None:
            raise TypeError(f"module {self.__name__!r} is not callable.")
        return self._weft_place(called)(*args, **kwargs)

    def _weft_find(self, name: str) -> Any:
        child = f"{self._weft_path}.{name}"
        if child in (old_paths.KERAS if self._weft_tree == "keras" else old_paths.TENSORFLOW):
            return stand_in(self._weft_tree, child)
        renamed = old_paths.RENAMED.get(self._weft_path, {}).get(name)
        if renamed is not None:
            return self._weft_place(renamed)
        for place in self._weft_places:
            try:
                return getattr(self._weft_place(place), name)
            except AttributeError:
                continue
        if self._weft_path.startswith("python.ops.gen_"):  # operations one by one, called in the other way of writing
            called = _operation_called(name)
            if called is not None:
                return importlib.import_module("weft.compat.raw_calls").function_of(called, keywords_only=False)
        if self._weft_tree == "keras":  # Weft's own module of that path, where there happens to be one
            own = resolve_below(target("keras"), self._weft_path)
            if own is not None and not isinstance(own, StandIn):
                return getattr(own, name)
        raise AttributeError(name)

    def _weft_place(self, place: str) -> Any:
        first, _, rest = place.partition(".")
        if first == "python":  # a module of Python itself
            return importlib.import_module(rest)
        if first == "keras" and rest in old_paths.KERAS:  # another path inside Keras
            return stand_in("keras", rest)
        value: Any = target(self._weft_tree if first == "tf" else first)
        for part in rest.split(".") if rest else ():
            found = value.__dict__.get(part) if isinstance(value, ModuleType) else None
            if found is None and isinstance(value, ModuleType):  # modules that are no part of the public names
                found = _import_child(value, part)
            value = getattr(value, part) if found is None else found
        return value

    def __dir__(self) -> list[str]:
        names = {*old_paths.RENAMED.get(self._weft_path, ())}
        for place in self._weft_places:
            try:
                names.update(dir(self._weft_place(place)))
            except AttributeError:
                continue
        return sorted(names)

    def __reduce__(self) -> tuple[Any, ...]:
        return stand_in, (self._weft_tree, self._weft_path)


def _operation_called(function: str) -> str | None:
    """The operation of a generated function, such as `ReluGrad` of `relu_grad` or `_relu_grad`."""
    operations = importlib.import_module("weft.compat.operations")
    wanted = function.replace("_", "").lower()
    return next((name for name in operations.names() if name.lower() == wanted), None)


_stand_ins: dict[tuple[str, str], StandIn] = {}


def stand_in(tree: Tree, path: str) -> StandIn:
    """Give the stand-in for an old path; always the same object."""
    known = _stand_ins.get((tree, path))
    return known if known is not None else _stand_ins.setdefault((tree, path), StandIn(tree, path))


def old_children(path: str) -> list[str]:
    """Name the old paths directly below one of Keras' modules."""
    depth = path.count(".") + 1 if path else 0
    prefix = f"{path}." if path else ""
    return [each[len(prefix) :] for each in old_paths.KERAS if each.startswith(prefix) and each.count(".") == depth]
