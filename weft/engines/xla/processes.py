"""Several processes that work together: each has devices of its own, all run the same program on all devices.

A call in which devices of several processes take part goes to a thread of its own, and the one who asked for it waits
where he can hear of processes that are gone or late (`watch.py`). Values that are to be the same everywhere are those
of the first process; rows that each process has read for itself become one batch that lies cut on all devices.
"""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from weft.base import cluster
from weft.base.errors import UnavailableError, explain
from weft.engines.xla import meeting, sharding
from weft.engines.xla.watch import TICK, Relay, Server, Watch

_Result = TypeVar("_Result")


class _Group:
    """What this process knows of those that it works with."""

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.failure: Exception | None = None
        self.tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.caller: threading.Thread | None = None
        self.one_at_a_time = threading.Lock()
        self.kept: list[Any] = []


_group = _Group()


def joined() -> bool:
    """Whether this process is one of several."""
    return _group.watch is not None


def join(address: str | None, count: int | None, number: int | None, timeout: float) -> None:
    """Makes this process one of several.

    Args:
        address: Of the first process, host and port; None where jax finds out from its surroundings.
        count: How many there are.
        number: Which of them this is.
        timeout: Seconds after which waiting for others is an error.

    Raises:
        UnavailableError: Where they do not come together.
        DeadlineExceededError: Where some have not come in time.
    """
    if address is not None and count is not None and number is not None and count > 1:
        meeting.meet(address, count, number, timeout)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    given = address
    if address is not None and number:
        host, _, port = address.rpartition(":")
        relay = Relay(host.strip("[]"), int(port))
        _group.kept.append(relay)
        given = f"127.0.0.1:{relay.port}"
    patience = int(max(timeout, 60))
    try:
        jax.distributed.initialize(
            coordinator_address=given, num_processes=count, process_id=number, initialization_timeout=patience,
            heartbeat_timeout_seconds=max(600, 3 * patience), shutdown_timeout_seconds=patience,
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        raise UnavailableError(explain(
            f"The workers have not come together: {error}", expected=f"{count} workers, the first one at {address}",
            received=f"worker {number}", hint="join before jax is used; all workers must reach the first one's address",
        )) from error  # fmt: skip
    if jax.process_count() > 1:
        _begin_to_watch(address, timeout)


def _begin_to_watch(address: str | None, timeout: float) -> None:
    first = jax.process_index() == 0
    if not first and address is not None and jax.default_backend() == "cpu":  # where processes connect by their names
        name = cluster.hidden_name(address.rpartition(":")[0].strip("[]"))
        if name is not None:
            problem, hint = cluster.unreachable(name)
            raise UnavailableError(explain(problem, hint=hint))
    server = Server() if first else None
    port = int(_of_first(np.array(server.port if server else 0, np.int32)))
    host = "127.0.0.1" if first or address is None else address.rpartition(":")[0].strip("[]")
    _group.watch = Watch((host, port), jax.process_index(), timeout)
    _group.caller = threading.Thread(target=_work, name="weft-together", daemon=True)
    _group.caller.start()
    atexit.register(_leave)  # after jax's own, so that it runs before


def _leave() -> None:
    """The end of the program: where others are gone, jax would wait for them."""
    assert _group.watch is not None
    error = getattr(sys, "last_value", None) or _group.failure
    _group.watch.leave(None if error is None else f"{type(error).__name__}: {error}")
    if error is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def _work() -> None:
    while True:
        function, distribution, answer = _group.tasks.get()
        try:
            sharding.use(distribution)
            answer.put((function(), None))
        except BaseException as error:
            answer.put((None, error))
        del function, answer


def together(function: Callable[[], _Result], counts: bool = True) -> _Result:
    """Calls a function that waits for other processes.

    Args:
        function: What is called, in another thread.
        counts: Whether it is a step that all processes take.

    Raises:
        UnavailableError: Where one of them is gone.
        DeadlineExceededError: Where one does not come in time.
    """
    watch = _group.watch
    if watch is None or threading.current_thread() is _group.caller:
        return function()
    with _group.one_at_a_time:
        if _group.failure is not None:
            raise _group.failure
        watch.calls += counts
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        _group.tasks.put((function, sharding.current(), answer))
        result, error = _awaited(watch, answer)
    if error is None:
        return result  # type: ignore[no-any-return]
    if isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error):
        for _ in range(40):  # who is gone is heard a little later
            gone = watch.gone(failed=True)
            if gone is not None:
                raise _failed(gone) from error
            threading.Event().wait(TICK)
    raise error


def _awaited(watch: Watch, answer: queue.SimpleQueue[Any]) -> Any:
    """What a call has given; an error where others are gone or late."""
    waited = 0.0
    while True:
        try:
            return answer.get(timeout=TICK)
        except queue.Empty:
            waited += TICK  # and not by the clock, which goes on while this process is stopped
        gone = watch.gone(waited)
        if gone is not None:
            raise _failed(gone)
        if waited > watch.timeout:
            raise _failed(watch.late())


def _failed(error: Exception) -> Exception:
    _group.failure = error
    return error


def agreed(arrays: Sequence[Any]) -> list[Any]:
    """Arrays as the first process has them; each process gives some of the same shapes and dtypes."""
    if not joined():
        return list(arrays)
    return together(lambda: [_of_first(np.asarray(array)) for array in arrays])


def told(data: bytes) -> list[bytes]:
    """What each process gives, in all of them."""
    if not joined():
        return [data]
    return together(lambda: _told(data))


def _told(data: bytes) -> list[bytes]:
    sizes = _of_all(np.array([len(data)], np.int64))[:, 0].tolist()
    own = np.zeros(max(sizes), np.uint8)
    own[: len(data)] = np.frombuffer(data, np.uint8)
    return [row[:size].tobytes() for row, size in zip(_of_all(own), sizes, strict=True)]


@cache
def _delegates() -> Any:
    """A device of each process, for what processes exchange."""
    first: dict[int, Any] = {}
    for device in sorted(jax.devices(), key=lambda device: device.id):
        first.setdefault(device.process_index, device)
    return Mesh(np.array([first[number] for number in sorted(first)], object), ("process",))


@cache
def _exchange(sums: bool) -> Any:
    """A compiled function of bytes `[processes, n]`: their sum, or they themselves, in all processes."""
    whole = NamedSharding(_delegates(), PartitionSpec())
    return jax.jit((lambda x: x.sum(0, dtype=x.dtype)) if sums else (lambda x: x), out_shardings=whole)


def _exchanged(array: Any, sums: bool) -> Any:
    data = np.asarray(array, order="C").reshape(-1).view(np.uint8)[None]
    place = NamedSharding(_delegates(), PartitionSpec("process"))
    given = jax.make_array_from_process_local_data(place, data, (jax.process_count(), data.shape[1]))
    return np.array(settled(_exchange(sums)(given)).addressable_data(0))


def _of_first(array: Any) -> Any:
    """An array as the first process has it; all of them have the same shape."""
    if not array.size:
        return array
    own = array if jax.process_index() == 0 else np.zeros_like(array)
    return _exchanged(own, True).view(array.dtype).reshape(array.shape)


def _of_all(array: Any) -> Any:
    """An array of each process, stacked; they have the same shape."""
    if not array.size:
        return np.zeros((jax.process_count(), *array.shape), array.dtype)
    return _exchanged(array, False).view(array.dtype).reshape(-1, *array.shape)


def settled(values: Any) -> Any:
    """Values once they are there, where the processor computes them: an exchange that fails there is heard of here."""
    return jax.block_until_ready(values) if joined() and jax.default_backend() == "cpu" else values


def assembled(parts: Sequence[Sequence[Any]], ended: bool, sharding: Any) -> tuple[list[Any], list[int]] | None:
    """A batch of the rows that each process has.

    Args:
        parts: This process's own, as many in each process: arrays each, with rows along their first axis.
        ended: Whether its data have come to their end; the parts have no rows then.
        sharding: Where a batch lies that can be cut evenly.

    Returns:
        The batch's arrays, on the devices or here, and how many rows each part had; None where all have ended.
    """
    return together(lambda: _assembled(parts, ended, sharding))


def _assembled(parts: Sequence[Sequence[Any]], ended: bool, sharding: Any) -> tuple[list[Any], list[int]] | None:
    rows_of = [next((len(array) for array in part if array.ndim), 1) for part in parts]
    own = [np.concatenate(column) if column[0].ndim else column[0] for column in zip(*parts, strict=True)]
    tails = [size for array in own for size in array.shape[1:]]
    heard = _of_all(np.array([-1 if ended else size for size in rows_of] + tails, np.int64))
    heard, tails = heard[:, : len(parts)], heard[:, len(parts) :]
    if (heard < 0).all():
        return None
    sizes = np.maximum(heard, 0)
    own = _alike(own, tails[sizes.any(1)], bool(sizes[jax.process_index()].any()))
    rows = sizes.sum(1)
    here = len(sharding.addressable_devices)
    whole = [array for array in own if array.ndim == 0]
    if not whole and (rows == rows[0]).all() and rows[0] and rows[0] % here == 0 and _in_order(sharding):
        return [_cut(array, sharding, int(rows.sum())) for array in own], sizes.reshape(-1).tolist()
    return [_gathered(array, rows) for array in own], sizes.reshape(-1).tolist()


def _alike(own: list[Any], tails: Any, has_rows: bool) -> list[Any]:
    """This process's arrays; those without rows have sizes behind the first that are the others'.

    Raises:
        ValueError: Where those who have rows differ in them.
    """
    if len(np.unique(tails, axis=0)) > 1:
        raise ValueError(explain(
            "The workers' rows differ in their sizes.", received=" and ".join(str(row.tolist()) for row in tails),
            hint="pad them alike in all workers: padded_batch(..., padded_shapes=...)",
        ))  # fmt: skip
    if has_rows or not len(tails):
        return own
    supply = iter(tails[0].tolist())
    return [np.zeros([0, *(next(supply) for _ in array.shape[1:])], array.dtype) if array.ndim else array
            for array in own]  # fmt: skip


def _cut(array: Any, sharding: Any, rows: int) -> Any:
    with jax.enable_x64(True):
        return jax.make_array_from_process_local_data(sharding, array, (rows, *array.shape[1:]))


def _in_order(sharding: Any) -> bool:
    """Whether the rows lie process after process, each on as many devices."""
    devices = list(sharding.mesh.devices.reshape(-1))
    places = [device.process_index for device in devices]
    even = len(devices) == jax.process_count() * len(sharding.addressable_devices)
    return sharding.mesh.devices.ndim == 1 and places == sorted(places) and even


def _gathered(array: Any, rows: Any) -> Any:
    """The rows of all processes, here."""
    if array.ndim == 0:
        return array
    if array.dtype.hasobject:
        raise TypeError(explain(
            "Rows of strings cannot be sent to other workers.",
            hint="make numbers of them in the pipeline, or share data by AutoShardPolicy.DATA",
        ))  # fmt: skip
    padded = np.zeros((int(rows.max()), *array.shape[1:]), array.dtype)
    padded[: len(array)] = array
    found = _of_all(padded)
    return np.concatenate([found[number, : rows[number]] for number in range(len(rows))])
