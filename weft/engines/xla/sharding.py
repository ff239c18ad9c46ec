"""Where arrays lie when the work is shared by several devices; how it is shared XLA works out from that.

Variables lie as their cells' layouts say, whole on every device where they have none; batches are cut along their first
axis. The numbers are those of one device, up to the order of sums.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from weft.base.errors import UnavailableError, explain
from weft.engines.base import Distribution


class _Here(threading.local):
    distribution: Distribution | None = None


_here = _Here()


def names() -> list[str]:
    """The devices, such as `cpu:0`, those of all processes."""
    return [_name(device) for device in sorted(jax.devices(), key=lambda device: (device.process_index, device.id))]


def names_here() -> list[str]:
    """Those of this process alone."""
    return [_name(device) for device in jax.local_devices()]


def _name(device: Any) -> str:
    return f"{device.platform}:{device.id}"


def device(name: str) -> Any:
    """A device of this process by TensorFlow's name, such as `GPU:0`: of its kind, the one of that number.

    Raises:
        UnavailableError: Where it is not there.
    """
    kind, _, number = name.upper().rpartition(":")
    kinds = {"GPU": ("gpu", "cuda", "rocm"), "CUDA": ("gpu", "cuda")}.get(kind, (kind.lower(),))
    there = [found for found in _local(kind) if found.platform in kinds]
    if not number.isdecimal() or int(number) >= len(there):
        raise UnavailableError(explain(f"There is no device {name!r}.", expected="one of " + ", ".join(names_here())))
    return there[int(number)]


def kind_of(array: Any) -> str:
    """The device of this process where an array lies, by TensorFlow's name such as `GPU:0`: of several the first."""
    found = min((shard.device for shard in array.addressable_shards), key=lambda device: device.id)
    kind = "GPU" if found.platform in ("gpu", "cuda", "rocm") else found.platform.upper()
    return f"{kind}:{[device.id for device in _local(kind)].index(found.id)}"


def _local(kind: str) -> list[Any]:
    # beside accelerators, jax shows the processor only when it is named
    return list(jax.local_devices(backend="cpu" if kind == "CPU" else None))


def use(distribution: Distribution | None) -> None:
    """Shares what this thread runs from now on.

    Raises:
        UnavailableError: For a device that is not here.
    """
    if distribution is not None:
        mesh(distribution)
    _here.distribution = distribution


@cache
def mesh(distribution: Distribution) -> Any:
    """The grid of devices.

    Raises:
        UnavailableError: For a device that is not here.
    """
    by_name = {_name(device): device for device in jax.devices()}
    unknown = [name for name in distribution.devices if name not in by_name]
    if unknown:
        raise UnavailableError(explain(
            f"There is no device {unknown[0]!r}.", expected="one of " + ", ".join(by_name),
            hint="on a processor, XLA_FLAGS=--xla_force_host_platform_device_count=8 makes eight of it",
        ))  # fmt: skip
    devices = np.array([by_name[name] for name in distribution.devices], object).reshape(distribution.shape)
    return Mesh(devices, distribution.axes)


@dataclass(frozen=True)
class Placement:
    """Where the operands of one program lie.

    Attributes:
        distribution: Over which devices.
        layouts: For the variable of each number the mesh axis that each of its axes is cut along.
    """

    distribution: Distribution
    layouts: tuple[tuple[str | None, ...] | None, ...]

    def state(self, number: int) -> Any:
        """Where a variable lies."""
        return NamedSharding(mesh(self.distribution), PartitionSpec(*(self.layouts[number] or ())))

    def batch(self, shape: Sequence[int]) -> Any:
        """Where a batch lies: cut along its first axis, whole on every device where that does not go evenly."""
        grid, axis = mesh(self.distribution), self.distribution.batch_axis
        return NamedSharding(grid, PartitionSpec(axis) if self._is_cut(shape) else PartitionSpec())

    def batches(self, shape: Sequence[int]) -> Any:
        """Where several batches lie, `[batches, rows, ...]`: each as `batch` says."""
        grid, axis = mesh(self.distribution), self.distribution.batch_axis
        return NamedSharding(grid, PartitionSpec(None, axis) if self._is_cut(shape[1:]) else PartitionSpec())

    def _is_cut(self, shape: Sequence[int]) -> bool:
        axis = self.distribution.batch_axis
        parts = 1 if axis is None else mesh(self.distribution).shape[axis]
        return parts > 1 and bool(shape) and shape[0] % parts == 0

    def spans(self) -> bool:
        """Whether devices of other processes take part."""
        return not self.whole().is_fully_addressable

    def whole(self) -> Any:
        """The place of what lies whole on every device."""
        return NamedSharding(mesh(self.distribution), PartitionSpec())


def current() -> Distribution | None:
    """How what this thread runs now is shared."""
    return _here.distribution


def placement(cells: Mapping[int, Any], own: Distribution | None = None) -> Placement | None:
    """Where the operands lie of a program on some cells; None where nothing is shared.

    Args:
        cells: The cells by their numbers.
        own: How the program itself says that it is shared.
    """
    distribution = _here.distribution if own is None else own
    if distribution is None:
        return None
    return Placement(distribution, tuple(_layout(cells[number], distribution) for number in range(len(cells))))


def _layout(cell: Any, distribution: Distribution) -> tuple[str | None, ...] | None:
    """How a variable is cut over these devices.

    It may have been made for others: it is whole along what their grid does not have, or cannot cut evenly.
    """
    said = getattr(cell, "layout", None)
    if said is None:
        return None
    parts = dict(zip(distribution.axes, distribution.shape, strict=True))
    shape = getattr(cell.peek(), "shape", None)
    sizes = [0] * len(said) if shape is None else shape
    return tuple(axis if axis in parts and size % parts[axis] == 0 else None
                 for axis, size in zip(said, sizes, strict=True))  # fmt: skip


def laid_out(value: Any, axes: Sequence[str | None]) -> Any:
    """A value inside of a program, cut along axes of what this thread's devices make up, where that goes evenly."""
    distribution = _here.distribution
    if distribution is None:
        return value
    parts = dict(zip(distribution.axes, distribution.shape, strict=True))
    cut = [axis if axis in parts and size % parts[axis] == 0 else None for axis, size in zip(axes, value.shape)]
    return jax.lax.with_sharding_constraint(value, NamedSharding(mesh(distribution), PartitionSpec(*cut)))


def rows_of(distribution: Distribution) -> Any:
    """Where a batch lies that can be cut evenly."""
    axis = distribution.batch_axis
    return NamedSharding(mesh(distribution), PartitionSpec() if axis is None else PartitionSpec(axis))


def spans(distribution: Distribution | None) -> bool:
    """Whether devices of other processes take part."""
    return distribution is not None and not rows_of(distribution).is_fully_addressable
