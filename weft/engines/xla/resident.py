"""Arrays that stay on the device: what variables hold between steps, fetched when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from weft.engines.xla import processes, sharding

#: where jax takes over numpy's memory as it is, in bytes
_ALIGNMENT = 64


class Resident:
    """The value of a variable on the device.

    Attributes:
        array: jax's array.
    """

    __slots__ = ("_copy", "array")

    def __init__(self, array: Any) -> None:
        self.array = array
        self._copy: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> Any:
        """The element type, as numpy has it."""
        return self.array.dtype

    @property
    def device(self) -> str:
        """The device where it lies, such as `GPU:0`; of several the first."""
        return sharding.kind_of(self.array)

    def fetch(self) -> Any:
        """The same values in the host's memory, copied once."""
        if self._copy is None:
            self._copy = fetched(self.array)
        return self._copy


def fetched(array: Any) -> Any:
    """A jax array as a numpy array of its own; one that other processes have parts of is asked for by all of them."""
    if getattr(array, "is_fully_addressable", True):
        return np.array(array)
    return processes.together(lambda: _whole_of(array), counts=not array.is_fully_replicated)


def _whole_of(array: Any) -> Any:
    if not array.is_fully_replicated:
        place = NamedSharding(array.sharding.mesh, PartitionSpec())
        with jax.enable_x64(True):
            array = processes.settled(jax.jit(lambda x: x, out_shardings=place)(array))
    return np.array(array.addressable_data(0))


def parts(cell: Any) -> tuple[tuple[int, ...], list[tuple[tuple[int, ...], Any]]] | None:
    """Of a cell whose value lies cut over processes: its shape, where pieces start that this one is to write, and they.

    Returns:
        None where a process has the whole. Of pieces that several devices have, one process writes each.
    """
    array = getattr(_raw(cell), "array", None)
    if array is None or array.is_fully_addressable or array.is_fully_replicated:
        return None
    own = [shard for shard in array.addressable_shards if shard.replica_id == 0]
    return tuple(array.shape), [(tuple(i.start or 0 for i in shard.index), np.array(shard.data)) for shard in own]


def held(cell: Any, place: Any = None) -> Any:
    """What a cell holds, as an operand of compiled code that only reads it; at a place on several devices."""
    value = _raw(cell)
    value = value.array if isinstance(value, Resident) else value
    return value if value is None else _placed(value, place)


def owned(cell: Any, place: Any = None) -> Any:
    """What a cell holds, as a jax array whose memory compiled code may take over; at a place on several devices."""
    value = _raw(cell)
    if value is None:
        return None
    value = value.array if isinstance(value, Resident) else jnp.array(value, copy=True)
    return _placed(value, place)


def _placed(value: Any, place: Any) -> Any:
    """An array where it is wanted; without a place, on one device: it may come from a run that was shared."""
    if place is not None:
        return placed(value, place)
    spread = isinstance(value, jax.Array) and len(value.sharding.device_set) > 1
    return jnp.array(fetched(value)) if spread else value


def placed(value: Any, place: Any) -> Any:
    """An array where it is wanted; one of the host, which is the same in all processes, in parts that lie here."""
    if place.is_fully_addressable or not getattr(value, "is_fully_addressable", True):
        return jax.device_put(value, place)
    host = value if isinstance(value, np.ndarray) else np.asarray(value)
    return jax.make_array_from_callback(host.shape, place, lambda index: host[index])


def aligned(array: Any) -> Any:
    """A copy of an array of the host, in memory that a processor's compiled code reads where it lies."""
    memory = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % _ALIGNMENT
    copy = memory[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def sent(arrays: Sequence[Any]) -> list[Any]:
    """Arrays on their way to the device; what reads them there waits for them."""
    return [jax.device_put(array) if type(array) is np.ndarray else array for array in arrays]


def share(cells: Any, places: Any) -> None:
    """Gives cells whose values other processes do not know of yet those of the first process.

    Args:
        cells: The cells.
        places: For each where its value is to lie, on devices of several processes.
    """
    fresh = []
    for cell, place in zip(cells, places, strict=True):
        value = _raw(cell)
        value = value.array if isinstance(value, Resident) else value
        if value is not None and getattr(value, "is_fully_addressable", True):
            fresh.append((cell, place, np.asarray(value)))
    if fresh:
        for (cell, place, _), value in zip(fresh, processes.agreed([v for _, _, v in fresh]), strict=True):
            keep(cell, placed(value, place))


def _raw(cell: Any) -> Any:
    return cell.peek() if getattr(cell, "on_devices", False) else cell.read()


def keep(cell: Any, array: Any) -> None:
    """Gives a cell a value on the device; cells that hold nothing but arrays of the host get those."""
    cell.write(Resident(array) if getattr(cell, "on_devices", False) else fetched(array))


