"""`tf.config`: devices, threads, how functions run."""

from __future__ import annotations

import os
from collections import namedtuple
from typing import Any

from weft.runtime import function as _functions

PhysicalDevice = namedtuple("PhysicalDevice", ["name", "device_type"])
LogicalDevice = namedtuple("LogicalDevice", ["name", "device_type"])


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether `tf.function`s run as plain Python."""
    _functions.run_functions_eagerly(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether `tf.function`s run as plain Python."""
    return _functions.functions_run_eagerly()


def list_physical_devices(device_type: str | None = None) -> list[Any]:
    """The devices of this machine that Weft runs on."""
    devices = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    return [d for d in devices if device_type in (None, d.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[Any]:
    """The devices as programs see them."""
    devices = [LogicalDevice("/device:CPU:0", "CPU")]
    return [d for d in devices if device_type in (None, d.device_type)]


get_visible_devices = list_physical_devices


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Accepted: there is one device, the processor."""


def set_soft_device_placement(enabled: bool) -> None:
    """Accepted: what cannot run on a named device runs on the processor."""


class _Threading:
    """Thread counts; they are asked of the engine through `WEFT_NUM_THREADS`."""

    @staticmethod
    def set_intra_op_parallelism_threads(num_threads: int) -> None:
        """The number of threads that an op may use."""
        if num_threads:
            os.environ["WEFT_NUM_THREADS"] = str(int(num_threads))

    @staticmethod
    def get_intra_op_parallelism_threads() -> int:
        """The number of threads that an op may use."""
        from weft.base import flags

        return flags.num_threads()

    set_inter_op_parallelism_threads = staticmethod(lambda num_threads: None)
    get_inter_op_parallelism_threads = staticmethod(lambda: 1)


class _Experimental:
    """Switches that are always on or do not apply to a processor."""

    enable_op_determinism = staticmethod(lambda: None)
    set_memory_growth = staticmethod(lambda device, enable: None)
    get_memory_growth = staticmethod(lambda device: True)
    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    set_visible_devices = staticmethod(set_visible_devices)


threading = _Threading()
experimental = _Experimental()
