"""Finds engines and loads the one to use. The only file of this floor that names engines by their folders."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from importlib import metadata

from weft.base import accelerators, flags
from weft.base.errors import UnavailableError, explain, nearest
from weft.base.locks import Lock
from weft.engines.base import Engine

#: name -> (module, library it needs beyond the required ones or None, one line), best first
ENGINES: dict[str, tuple[str, str | None, str]] = {
    "native": ("weft.engines.native", "llvmlite", "compiled through LLVM for this processor"),
    "xla": ("weft.engines.xla", "jax", "XLA through jax: GPU, TPU, many machines"),
    "reference": ("weft.engines.reference", None, "numpy, always there"),
}
#: libraries that must not be older than this
LEAST = {"jax": "0.10"}
#: what runs where nothing is asked for and there is no accelerator that xla can use
DEFAULT_ORDER = ("native", "reference")

_lock = Lock()
_loaded: dict[str, Engine] = {}


@dataclass(frozen=True)
class EngineStatus:
    """Whether an engine can be used here, and why not."""

    name: str
    available: bool
    reason: str


def _status(name: str) -> EngineStatus:
    module, library, line = ENGINES[name]
    try:
        if importlib.util.find_spec(module) is None:
            return EngineStatus(name, False, "not part of this version of Weft")
    except ModuleNotFoundError:
        return EngineStatus(name, False, "not part of this version of Weft")
    if library is not None and importlib.util.find_spec(library) is None:
        extra = next((accelerators.DRIVERS[kind][2] for kind in accelerators.shown()), "") if name == "xla" else ""
        return EngineStatus(name, False, f"{library} is not installed; pip install 'weft[{extra or name}]'")
    least = LEAST.get(library or "")
    if least is not None and _release(metadata.version(library or "")) < _release(least):
        found = metadata.version(library or "")
        return EngineStatus(name, False, f"{library} {found} is too old, {least} or later is wanted; "
                            f"pip install -U 'weft[{name}]'")  # fmt: skip
    problems = [accelerators.problem(kind) for kind in accelerators.shown()] if name == "xla" else []
    return EngineStatus(name, True, "; ".join([line, *(problem for problem in problems if problem)]))


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def describe_engines() -> list[EngineStatus]:
    """Every engine with whether it can be used here, best first."""
    return [_status(name) for name in ENGINES]


def best() -> str:
    """The engine where none is asked for: XLA's where it has an accelerator, else the first one there is."""
    if accelerators.usable() and _status("xla").available:
        return "xla"
    return next(candidate for candidate in DEFAULT_ORDER if candidate in _loaded or _status(candidate).available)


def load(name: str | None = None) -> Engine:
    """The engine of that name, or the one that `WEFT_ENGINE` names, or the best one.

    Raises:
        UnavailableError: Where the engine asked for cannot be used, with the reason.
    """
    wanted = name or flags.engine()
    if wanted is None:
        wanted = best()
    engine = _loaded.get(wanted)
    if engine is not None:
        return engine
    if wanted not in ENGINES:
        raise UnavailableError(explain(f"There is no engine named {wanted!r}.", hint=nearest(wanted, ENGINES)))
    status = _status(wanted)
    if not status.available:
        raise UnavailableError(explain(f"Engine {wanted!r} cannot be used: {status.reason}.",
                                       hint="unset WEFT_ENGINE, or run `weft doctor`"))  # fmt: skip
    with _lock:
        if wanted not in _loaded:
            _loaded[wanted] = importlib.import_module(ENGINES[wanted][0]).create()
    return _loaded[wanted]
