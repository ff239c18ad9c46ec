"""Arrays that stay on the device: what variables hold between steps, fetched when somebody looks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


class Resident:
    """The value of a variable on the device.

    Attributes:
        array: jax's array.
    """

    __slots__ = ("_copy", "array")

    def __init__(self, array: Any) -> None:
        self.array = array
        self._copy: Any = None

    def fetch(self) -> Any:
        """The same values in the host's memory, copied once."""
        if self._copy is None:
            self._copy = fetched(self.array)
        return self._copy


def fetched(array: Any) -> Any:
    """A jax array as a numpy array of its own."""
    return np.array(array)


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
        return jax.device_put(value, place)
    spread = isinstance(value, jax.Array) and len(value.sharding.device_set) > 1
    return jnp.array(fetched(value)) if spread else value


def _raw(cell: Any) -> Any:
    return cell.peek() if getattr(cell, "on_devices", False) else cell.read()


def keep(cell: Any, array: Any) -> None:
    """Gives a cell a value on the device; cells that hold nothing but arrays of the host get those."""
    cell.write(Resident(array) if getattr(cell, "on_devices", False) else fetched(array))


