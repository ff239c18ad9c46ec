"""Several processes that train one model: coming together, and what they have to agree on."""

from __future__ import annotations

import ast
import io
import logging
import os
import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from weft.base import cluster, flags
from weft.base.cluster import Place
from weft.base.errors import UnavailableError, explain
from weft.runtime import dispatch, engine_loader
from weft.runtime import random as streams

_log = logging.getLogger("weft")
_joined: list[Place] = []


def place() -> Place | None:
    """Which of several processes this is; None where it is alone."""
    return _joined[0] if _joined else None


def number() -> int:
    """Which process this is; 0 for one that is alone."""
    return _joined[0].number if _joined else 0


def count() -> int:
    """How many processes there are."""
    return _joined[0].count if _joined else 1


def spans() -> bool:
    """Whether what runs now is shared with other processes."""
    return bool(_joined) and dispatch.engine().spans()  # type: ignore[attr-defined]


def join(wanted: Place | None = None, timeout: float | None = None) -> Place | None:
    """Makes this process one of several; what was joined before stays.

    Args:
        wanted: Its place; None for what the surroundings say.
        timeout: Seconds that it waits for the others; as `WEFT_TIMEOUT` says where None.

    Returns:
        Its place; None where it is alone.

    Raises:
        UnavailableError: Where the engine in use runs in one process, or the others cannot be reached.
    """
    if _joined:
        if wanted is not None and wanted != _joined[0]:
            raise UnavailableError(explain("This process has joined others already.", received=str(wanted),
                                           expected=str(_joined[0])))  # fmt: skip
        return _joined[0]
    wanted = cluster.find() if wanted is None else wanted
    if wanted is None:
        return None
    _check(wanted)
    _engine_of_many().join(wanted.address, wanted.count, wanted.number, timeout or flags.timeout())
    _joined.append(wanted)
    _agree()
    _log.info("worker %d of %d (%s)", wanted.number, wanted.count, wanted.source)
    return wanted


def _check(wanted: Place) -> None:
    """Says what is wrong with a place before anybody waits for it.

    Raises:
        UnavailableError: For no address, a number that is none of the processes', or a port that another program has.
    """
    host, _, port = wanted.address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UnavailableError(explain("The first process's address has no host or no port.",
                                       expected="HOST:PORT, such as 10.0.0.4:29400",
                                       received=repr(wanted.address)))  # fmt: skip
    if not 0 <= wanted.number < wanted.count:
        raise UnavailableError(explain("There is no process of this number.", received=str(wanted.number),
                                       expected=f"0 to {wanted.count - 1}: there are {wanted.count}"))  # fmt: skip
    if wanted.number == 0 and cluster.listens(int(port)):
        problem, hint = cluster.taken(int(port))
        raise UnavailableError(explain(problem, received=wanted.address, hint=hint))


def join_found(address: str | None, processes: int | None, own: int | None) -> None:
    """As `join` where any of them may be left to the surroundings, of which the engine knows more kinds."""
    if _joined and address is None:
        return
    found = cluster.find()
    if address is not None and processes is not None and own is not None:
        found = Place(address, processes, own, "given")
    if found is not None:
        join(found)
        return
    engine = _engine_of_many()
    engine.join(address, processes, own, flags.timeout())
    mine, all_of_them = engine.processes()
    if all_of_them > 1:
        _joined.append(Place(address or "", all_of_them, mine, "the engine"))
        _agree()


def _engine_of_many() -> Any:
    """The engine that works with others; it is taken where the program has asked for none.

    Raises:
        UnavailableError: Where another one was asked for, or it is not installed.
    """
    engine = dispatch.engine()
    if hasattr(engine, "join"):
        return engine
    if flags.engine() is not None or dispatch.chosen():
        raise UnavailableError(explain(f"The {engine.name} engine runs in one process.",
                                       hint="set WEFT_ENGINE=xla before starting"))  # fmt: skip
    found = engine_loader.load("xla")
    dispatch.use_engine("xla")
    return found


def _agree() -> None:
    """Random state of the first process in all of them, so that weights, orders and dropout are the same."""
    engine: Any = dispatch.engine()
    version, words, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=True)
    own = [
        np.frombuffer(streams.unpredictable(8), np.uint64), np.array(words, np.uint64),
        np.array([gauss is not None, gauss or 0.0]), legacy[1], np.array(legacy[2:], np.float64),
    ]  # fmt: skip
    seed, words, gauss, key, rest = engine.agreed(own)
    random.setstate((version, tuple(int(word) for word in words), float(gauss[1]) if gauss[0] else None))
    np.random.set_state((legacy[0], key, int(rest[0]), int(rest[1]), float(rest[2])))
    streams.agree(int(seed[0]))


def file_of_first(path: str) -> str | BinaryIO | None:
    """A file as the first process has it, where others may have none: its path, or what it holds; None without it."""
    if not _joined:
        return path if os.path.exists(path) else None
    engine: Any = dispatch.engine()
    here = number() == 0 and os.path.exists(path)
    data = np.fromfile(path, np.uint8) if here else np.zeros(0, np.uint8)
    (size,) = engine.agreed([np.array(data.size if here else -1)])
    if size < 0:
        return None
    (data,) = engine.agreed([data if number() == 0 else np.zeros(int(size), np.uint8)])
    return path if number() == 0 else io.BytesIO(data.tobytes())


class Cut(NamedTuple):
    """The value of a variable that lies cut over several processes.

    Attributes:
        shape: Of the whole.
        pieces: Where each piece starts that this process is to write, and the piece.
    """

    shape: tuple[int, ...]
    pieces: list[tuple[tuple[int, ...], Any]]


def cut(cell: Any) -> Cut | None:
    """What this process is to write of a cell's value; None where it has the whole."""
    engine: Any = dispatch.engine()
    found = engine.parts(cell) if _joined and hasattr(engine, "parts") else None
    return None if found is None else Cut(*found)


def all_done(work: Callable[[], bytes]) -> list[bytes]:
    """What some work gives in each process, in all of them.

    Raises:
        UnavailableError: Where it has failed in another process; what fails here is raised here.
    """
    engine: Any = dispatch.engine()
    failure: Exception | None = None
    try:
        own = b"+" + work()
    except Exception as error:
        failure, own = error, f"-{type(error).__name__}: {error}".encode()
    found = engine.told(own)
    if failure is not None:
        raise failure
    for worker, heard in enumerate(found):
        if heard[:1] != b"+":
            raise UnavailableError(f"Worker {worker} could not do its part: {heard[1:].decode(errors='replace')}")
    return [heard[1:] for heard in found]


def require_alike(what: str, arrays: Sequence[Any] | None) -> bool:
    """Sees to it that arrays are the same in all processes.

    Args:
        what: What they are, for the message.
        arrays: What this process has; None where its data have ended.

    Returns:
        Whether there are any: False where the data of all processes have ended.

    Raises:
        ValueError: Where they differ; in all processes.
    """
    own = b"" if arrays is None else repr([_summary(array) for array in arrays]).encode()
    heard = all_done(lambda: own)
    other = next((worker for worker, found in enumerate(heard) if found != heard[0]), None)
    if other is None:
        return bool(heard[0])
    first, second = (_in_words(found) for found in (heard[0], heard[other]))
    differs = f"{first} on worker 0, {second} on worker {other}" if first != second else f"{first}, of other numbers"
    raise ValueError(explain(
        f"{what}: the workers have different data, and each would compute a part of every batch.", received=differs,
        hint="give all workers the same data (the same files, the same random seed), or let each read its own by a "
             "tf.data.Dataset: with AutoShardPolicy.OFF their rows become one batch",
    ))  # fmt: skip


def _summary(array: Any) -> tuple[Any, ...]:
    """Shape, dtype and a checksum of what an array holds; of a large one that of rows all over it."""
    array = np.asarray(array)
    step = max(1, array.nbytes >> 26)  # 64 MB take some hundredths of a second
    rows = array[::step] if array.ndim else array
    held = repr(rows.tolist()).encode() if array.dtype.hasobject else rows.tobytes()
    return array.shape, array.dtype.name, zlib.crc32(held)


def _in_words(summary: bytes) -> str:
    found = ast.literal_eval(summary.decode()) if summary else []
    return " and ".join(f"{kind}{list(shape)}" for shape, kind, _ in found) or "no more batches"
