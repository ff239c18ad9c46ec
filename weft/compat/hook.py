"""Makes ``import tensorflow`` and ``import keras`` mean Weft, with the dialect chosen per importing file.

Two parts. A finder on ``sys.meta_path`` answers the module names, so that `importlib`, pickles and
``from keras.models import Sequential`` all find Weft's own module objects. A thin wrapper around ``__import__`` looks
at who imports: there are two trees of ``tensorflow`` names, the process's usual one under that name and the other under
a private one, and the wrapper leads a file of the other dialect to the other tree.
"""

import builtins
import importlib
import importlib.machinery
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from weft.base.absent import advice
from weft.compat import spawned
from weft.compat.binding import Binding, Choice
from weft.compat.dialect import Dialect, Verdict
from weft.compat.dialect_names import TF1_ONLY
from weft.compat.modules import VERSIONS, Root, StandIn, Tree, old_children, resolve, stand_in, target
from weft.compat.protobuf import ProtobufFinder
from weft.compat.reading import only_in

TENSORFLOW = "tensorflow"
KERAS_NAMES = ("keras", "tf_keras", "keras_core")
PRIVATE = {"v1": "_weft_tensorflow_v1", "v2": "_weft_tensorflow_v2"}
TOPS = frozenset((TENSORFLOW, *KERAS_NAMES, *PRIVATE.values()))


class Loader:
    """Hands out a module that exists already."""

    def __init__(self, hook: "Hook", name: str, module: ModuleType) -> None:
        self.hook = hook
        self.name = name
        self.module = module
        spec = module.__spec__
        # In the middle of a load in another thread, the module wears that load's spec.
        self.own_spec: importlib.machinery.ModuleSpec | None
        self.own_spec = spec.loader.own_spec if spec is not None and isinstance(spec.loader, Loader) else spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Give Weft's module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Undo what the import system has written over the module, and put old paths beside it."""
        if not isinstance(module, Root | StandIn):
            module.__spec__ = self.own_spec
        if self.name == TENSORFLOW and self.hook.usual == "v1":
            self.hook.enter_graph_mode()
        self.hook.place_old_children(self.name, module)

    def get_code(self, fullname: str) -> CodeType | None:
        """Give nothing: there is no source of that name."""
        return None

    # Editors that complete names without running a program ask these three where its modules stand.

    def is_package(self, fullname: str) -> bool:
        """Tell whether there are modules below."""
        return hasattr(self.module, "__path__")

    def get_filename(self, fullname: str) -> str:
        """Give the file of Weft's module."""
        file = getattr(self.module, "__file__", None)
        if not isinstance(file, str):
            raise ImportError(f"{fullname} is in no file", name=fullname)
        return file

    def get_source(self, fullname: str) -> str | None:
        """Give the text of that file."""
        file = getattr(self.module, "__file__", None)
        return Path(file).read_text(encoding="utf-8") if isinstance(file, str) else None


class Finder:
    """Answers the names of ``tensorflow`` and ``keras`` modules."""

    def __init__(self, hook: "Hook") -> None:
        self.hook = hook

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the module that answers to a name; None for names of others and for modules that Weft has not."""
        if fullname.partition(".")[0] not in TOPS:
            return spawned.find_spec(fullname, path) if fullname == spawned.MODULE else None
        module = self.hook.module_for(fullname)
        if module is None:
            return None
        loader: Any = Loader(
            self.hook, fullname, module
        )  # by its methods; the base class takes ten milliseconds to load
        spec = importlib.machinery.ModuleSpec(fullname, loader, origin="weft")
        spec.submodule_search_locations = [] if hasattr(module, "__path__") else None
        return spec

    def find_distributions(self, context: Any = None) -> Iterator[Any]:
        """Yield the two distributions to `importlib.metadata`; `context.name` says which is wanted, None all."""
        from weft.compat.metadata import StandingDistribution

        wanted = context.name if context is not None else None
        versions = {TENSORFLOW: VERSIONS[self.hook.usual], "keras": VERSIONS["keras"]}
        for name, version in versions.items():
            if wanted is None or wanted.lower().replace("_", "-") == name:
                yield StandingDistribution(name, version)


class Hook:
    """One installation of the import names."""

    def __init__(self, binding: Binding, usual: Dialect | None = None) -> None:
        self.binding = binding
        # The dialect of the tree that is called `tensorflow`, which importlib and pickles see without a file to ask.
        self.usual: Dialect = usual or binding.verdict.dialect
        self.finder = Finder(self)
        self.protobuf = ProtobufFinder()
        self.plain_import = builtins.__import__
        self._wrapper: Any = None
        self._added: list[tuple[ModuleType, str]] = []
        self._in_graph_mode = False

    # --- installing --------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Put the hook in place."""
        self.plain_import = builtins.__import__
        self._wrapper = self._make_wrapper()
        sys.meta_path.insert(0, self.finder)
        self.protobuf.install()
        builtins.__import__ = self._wrapper
        spawned.prepare_children(self.binding.state)

    def uninstall(self) -> None:
        """Take the hook away, with every module name and attribute that it brought."""
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)
        self.protobuf.uninstall()
        if builtins.__import__ is self._wrapper:
            builtins.__import__ = self.plain_import
        for name in [name for name in sys.modules if name.partition(".")[0] in TOPS]:
            del sys.modules[name]
        for module, attribute in self._added:
            if isinstance(module.__dict__.get(attribute), StandIn):
                delattr(module, attribute)
        if self._in_graph_mode:
            module = target("v1")
            getattr(module, "_as_version_1", lambda on: module.enable_v2_behavior())(False)
        spawned.forget_children()

    def enter_graph_mode(self) -> None:
        """Build graphs from now on, as TensorFlow 1 does; once, for a program may decide otherwise afterwards.

        The mode is the process's. A library that happens to be TensorFlow 1 does not set it for a program that is not.
        """
        if not self._in_graph_mode:
            self._in_graph_mode = True
            module = target("v1")
            getattr(module, "_as_version_1", lambda on: module.disable_v2_behavior())(True)

    # --- names -------------------------------------------------------------------------------------------------------

    def tree_name(self, dialect: Dialect) -> str:
        """Give the root that a dialect's module names have in this process."""
        return TENSORFLOW if dialect == self.usual else PRIVATE[dialect]

    def split(self, fullname: str) -> tuple[Tree, str]:
        """Split a module's name into its tree and its path there."""
        top, _, path = fullname.partition(".")
        if top in KERAS_NAMES:
            return "keras", path
        if top == TENSORFLOW:
            return self.usual, path
        return ("v1" if top == PRIVATE["v1"] else "v2"), path

    def module_for(self, fullname: str) -> ModuleType | None:
        """Find the module for a name; None where Weft has none."""
        tree, path = self.split(fullname)
        return resolve(tree, path)

    def place_old_children(self, name: str, module: ModuleType) -> None:
        """Register the old paths below one of Keras' modules, just as it is loaded under a name.

        Registering them at once keeps the import system from writing them over submodules of Weft's that happen to
        have the same name. Where there is no such submodule, they become attributes, as `keras.utils.np_utils` was.
        """
        tree, path = self.split(name)
        for root in ("python.keras", "keras"):
            if tree != "keras" and (path == root or path.startswith(root + ".")):
                tree, path = "keras", path[len(root) + 1 :]
        if tree != "keras" or isinstance(module, StandIn):
            return
        for child in old_children(path):
            module_at_path = stand_in("keras", f"{path}.{child}" if path else child)
            sys.modules.setdefault(f"{name}.{child}", module_at_path)
            if not hasattr(module, child):
                setattr(module, child, module_at_path)
                self._added.append((module, child))
        if not path:
            # `import keras; keras.utils.np_utils` reaches these without an import statement of their own.
            for part in ("utils", "layers"):
                if self.module_for(f"{name}.{part}") is not None:
                    importlib.import_module(f"{name}.{part}")

    # --- importing ---------------------------------------------------------------------------------------------------

    def _make_wrapper(self) -> Any:
        plain, mine = self.plain_import, self._import

        def __import__(
            name: str,
            globals: Mapping[str, Any] | None = None,
            locals: Mapping[str, Any] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            if level == 0 and isinstance(name, str) and name.partition(".")[0] in TOPS:
                return mine(name, sys._getframe(1).f_globals if globals is None else globals, locals, fromlist)
            return plain(name, globals, locals, fromlist, level)

        return __import__

    def _import(
        self, name: str, importer: Mapping[str, Any], locals: Mapping[str, Any] | None, fromlist: Sequence[str] | None
    ) -> ModuleType:
        """Import one of our names for a file."""
        top, _, path = name.partition(".")
        actual = name
        if top == TENSORFLOW:
            dialect = self.binding.dialect_for(importer)
            if dialect == "v1" and self.binding.governs(importer):
                self.enter_graph_mode()
            tree = self.tree_name(dialect)
            actual = f"{tree}.{path}" if path else tree
        try:
            self._register_inside_plain_modules(actual)
            module = self.plain_import(actual, importer, locals, fromlist, 0)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in TOPS:
                raise
            raise self._no_module(error.name) from None
        for wanted in fromlist or ():
            if wanted not in ("*", "__path__") and not hasattr(module, wanted):  # find_spec asks for the path itself
                raise self._no_name(actual, module, wanted)
        return module

    def _register_inside_plain_modules(self, name: str) -> None:
        """Register a module inside one that is no package, where the import system would not look."""
        parent = name.rpartition(".")[0]
        if not parent or name in sys.modules:
            return
        self._register_inside_plain_modules(parent)
        above = importlib.import_module(parent)
        if not hasattr(above, "__path__"):
            module = self.module_for(name)
            if module is not None:
                sys.modules[name] = module

    def _shown(self, name: str) -> str:
        """Give a module's name as the user wrote it."""
        top, dot, path = name.partition(".")
        return (TENSORFLOW if top in PRIVATE.values() else top) + dot + path

    def _no_module(self, name: str) -> ModuleNotFoundError:
        tree, path = self.split(name)
        parent, _, last = path.rpartition(".")
        module = resolve(tree, parent)
        shown = self._shown(name)
        text = f"No module named {shown!r} in Weft. {self._advice(tree, path, module, last)}"
        return ModuleNotFoundError(text, name=shown)

    def _no_name(self, name: str, module: ModuleType, wanted: str) -> ImportError:
        tree, path = self.split(name)
        shown = self._shown(name)
        text = f"cannot import name {wanted!r} from {shown!r}, which is Weft here. "
        text += self._advice(tree, f"{path}.{wanted}" if path else wanted, module, wanted)
        return ImportError(text, name=shown)

    def _advice(self, tree: Tree, path: str, module: ModuleType | None, last: str) -> str:
        """Word the next step for a name that is missing."""
        old = tree == "v2" and only_in(TF1_ONLY, path)
        if old:
            if self.module_for(f"{PRIVATE['v1']}.{path}") is not None or _has(f"{PRIVATE['v1']}.{path}", self):
                return "It is TensorFlow 1's: write `import tensorflow.compat.v1 as tf`, or run with --dialect v1."
        use = advice(f"{'keras' if tree == 'keras' else 'tf'}.{path}")
        if use is not None:
            return f"It is not built yet: {use}."
        if old:
            return "It is TensorFlow 1's, and Weft has no replacement for it yet."
        if path.partition(".")[0] in ("python", "core", "compiler"):
            return "It is private to TensorFlow; use the public name for what you need from it."
        near = get_close_matches(last, [each for each in dir(module) if not each.startswith("_")]) if module else []
        if near:
            return "Did you mean " + " or ".join(f"`{each}`" for each in near) + "?"
        return "Take that import out if the program does without it, or use a name that Weft has."


def _has(fullname: str, hook: Hook) -> bool:
    """Tell whether a dotted name, the last part of which may be no module, exists."""
    parent, _, last = fullname.rpartition(".")
    module = hook.module_for(parent)
    return module is not None and hasattr(module, last)


# --- the public functions --------------------------------------------------------------------------------------------

# The module by which a whole environment is told that `tensorflow` is Weft; see packaging/.
_ENVIRONMENT = "_weft_as_tensorflow"

_installed: Hook | None = None
_lock = threading.RLock()


def installed() -> Hook | None:
    """Give the hook that is in place, or None."""
    return _installed


def install(binding: Binding, replacing: Iterable[str] = (), usual: Dialect | None = None) -> Hook:
    """Put a hook in place, instead of one that is there already.

    Args:
        binding: Which dialect whom.
        replacing: Modules that may be loaded under one of the names all the same, because they are about to go.
        usual: The dialect of the modules that are called `tensorflow` in `sys.modules`; the program's where None.

    Raises:
        RuntimeError: The real TensorFlow or Keras is loaded.
    """
    global _installed
    with _lock:
        _refuse_beside_real_ones(set(replacing))
        if _installed is not None:
            _installed.uninstall()
        waiting = sys.modules.get(_ENVIRONMENT)
        if waiting is not None:
            waiting.stop()
        hook = Hook(binding, usual)
        hook.install()
        _installed = hook
        return hook


def install_as_tensorflow(dialect: Choice = "auto") -> None:
    """Make ``import tensorflow`` and ``import keras`` mean Weft in this process.

    For notebooks and programs of your own; `weft run` does it for scripts. Call it before the first such import.

    Args:
        dialect: ``"v1"`` or ``"v2"`` gives every file TensorFlow 1's or 2's names; ``"auto"`` asks each file's source.

    Raises:
        RuntimeError: The real TensorFlow or Keras is loaded in this process.
        ValueError: There is no such dialect.

    Example:
        >>> import weft
        >>> weft.install_as_tensorflow()
        >>> import tensorflow as tf
        >>> tf.__version__
        '2.21.0'
        >>> weft.uninstall_as_tensorflow()
    """
    if dialect not in ("auto", "v1", "v2"):
        raise ValueError(f"install_as_tensorflow: dialect must be 'auto', 'v1' or 'v2', received {dialect!r}.")
    with _lock:
        if _installed is not None and _installed.binding.choice == dialect:
            return
        install(Binding(dialect))


def uninstall_as_tensorflow() -> None:
    """Undo `install_as_tensorflow`; modules that were imported meanwhile stay usable."""
    global _installed
    with _lock:
        if _installed is not None:
            _installed.uninstall()
            _installed = None


def install_in_child(state: Mapping[str, Any]) -> None:
    """Put the hook in place in a process that `multiprocessing` has started, as it is in the parent."""
    verdict = Verdict(*state["verdict"])
    install(Binding(state["choice"], verdict, state["program"], state["quiet"]))


def install_for_environment(replacing: Sequence[str] = (), importer: Mapping[str, Any] | None = None) -> Hook:
    """Put the hook in place at the first import of one of the names, as weft-as-tensorflow does.

    Args:
        replacing: The module that is just being loaded under one of the names and gives way.
        importer: The globals of the code that imports it, where the import statement itself cannot be led anymore.

    Returns:
        The hook.
    """
    with _lock:
        if _installed is not None:
            return _installed
        binding = Binding()
        usual = binding.dialect_for(importer) if importer is not None and not binding.verdict.certain else None
        hook = install(binding, replacing, usual)
        for name in replacing:
            module = hook.module_for(name)
            if module is not None:
                sys.modules[name] = module
                hook.place_old_children(name, module)
        return hook


def _refuse_beside_real_ones(replacing: set[str]) -> None:
    for name in (TENSORFLOW, *KERAS_NAMES):
        module = sys.modules.get(name)
        if module is None or name in replacing or _is_ours(module):
            continue
        where = getattr(module, "__file__", None) or "an unknown place"
        raise RuntimeError(
            f"{name} itself is loaded in this process already (from {where}), so Weft cannot stand in for it. "
            f"Call weft.install_as_tensorflow() before the first `import {name}`, or start the script with `weft run`."
        )


def _is_ours(module: ModuleType) -> bool:
    return isinstance(module, Root | StandIn) or module.__name__.partition(".")[0] == "weft"
