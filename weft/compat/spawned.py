"""Carries the import names into the processes that `multiprocessing` starts.

A spawned child begins by unpickling how its parent was set up, before it loads the parent's program. One object in
there, when unpickled, puts the hook in place. That serves ``spawn`` and ``forkserver``; a forked child has it anyway.
"""

import importlib.machinery
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

MODULE = "multiprocessing.spawn"
_FUNCTION = "get_preparation_data"

_describe: Callable[[], Mapping[str, Any]] | None = None


class Setup:
    """Sets a child up by being unpickled."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.state = dict(state)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[dict[str, Any]]]:
        return set_up, (self.state,)


def set_up(state: dict[str, Any]) -> None:
    """Run in the child."""
    from weft.compat.hook import install_in_child

    install_in_child(state)


def prepare_children(describe: Callable[[], Mapping[str, Any]]) -> None:
    """From now on, started processes get the hook, in the state that the function gives at that time."""
    global _describe
    _describe = describe
    if MODULE in sys.modules:  # else once it is loaded, which takes longer than all of this
        _wrap(sys.modules[MODULE])


def forget_children() -> None:
    """From now on, started processes do not get the hook."""
    global _describe
    _describe = None


def find_spec(fullname: str, path: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
    """Find `multiprocessing.spawn` as usual, and wrap its function when it has been loaded."""
    spec = importlib.machinery.PathFinder.find_spec(fullname, path)
    if spec is None or spec.loader is None:
        return None
    load = spec.loader.exec_module

    def exec_module(module: ModuleType) -> None:
        load(module)
        _wrap(module)

    spec.loader.exec_module = exec_module  # type: ignore[method-assign]
    return spec


def _wrap(module: ModuleType) -> None:
    plain = getattr(module, _FUNCTION)
    if getattr(plain, "weft_wraps", None) is not None:
        return

    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = plain(name)
        if _describe is not None:
            data["weft"] = Setup(_describe())
        return data

    get_preparation_data.weft_wraps = plain  # type: ignore[attr-defined]
    setattr(module, _FUNCTION, get_preparation_data)
