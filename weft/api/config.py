"""`tf.config`: devices, threads, how functions run."""

from __future__ import annotations

import logging
import os
from collections import namedtuple
from typing import Any, NamedTuple

from weft.base import memory
from weft.base.absent import Namespace
from weft.base.errors import explain
from weft.runtime import dispatch
from weft.runtime import function as _functions

PhysicalDevice = namedtuple("PhysicalDevice", ["name", "device_type"])
LogicalDevice = namedtuple("LogicalDevice", ["name", "device_type"])


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether `tf.function`s run as plain Python."""
    _functions.run_functions_eagerly(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether `tf.function`s run as plain Python."""
    return _functions.functions_run_eagerly()


experimental_run_functions_eagerly = run_functions_eagerly
experimental_functions_run_eagerly = functions_run_eagerly


def list_physical_devices(device_type: str | None = None) -> list[Any]:
    """The devices of this machine that the engine in use runs on: the processor, and accelerators."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    # without starting the engine where it has nothing else, so that the processor can still be divided
    if device_type != "CPU" and getattr(dispatch.engine(), "has_accelerators", lambda: True)():
        found += [PhysicalDevice(f"/physical_device:{name}", kind) for name, kind in _devices() if kind != "CPU"]
    return [d for d in found if device_type in (None, d.device_type)]


def _devices() -> list[tuple[str, str]]:
    """Names such as `GPU:0`, with their kinds."""
    counts: dict[str, int] = {}
    found = []
    for name in dispatch.engine().devices():
        kind = name.partition(":")[0].upper().replace("CUDA", "GPU").replace("ROCM", "GPU")
        found.append((f"{kind}:{counts.setdefault(kind, 0)}", kind))
        counts[kind] += 1
    return found


def list_logical_devices(device_type: str | None = None) -> list[Any]:
    """The devices as programs see them; a processor that was divided is several."""
    hidden = [kind for kind, names in _visible.items() if not names]
    shown = {name for names in _visible.values() for name in names}
    found = [LogicalDevice(f"/device:{name}", kind) for name, kind in _devices()
             if kind == "CPU" or kind not in _visible or f"/physical_device:{name}" in shown]  # fmt: skip
    return [d for d in found if device_type in (None, d.device_type) and d.device_type not in hidden]


#: of the kinds of devices of which it was said, the names of those to use
_visible: dict[str, list[str]] = {}


def get_visible_devices(device_type: str | None = None) -> list[Any]:
    """The devices that the program uses: all, unless `set_visible_devices` has said which."""
    return [d for d in list_physical_devices(device_type)
            if d.device_type not in _visible or d.name in _visible[d.device_type]]  # fmt: skip


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Says which devices the program uses; where no accelerator is left, the processor computes.

    Args:
        devices: One of `list_physical_devices()`, or several, or none.
        device_type: Of which kind it is said; of all kinds where None.

    Raises:
        ValueError: For a device that is not there, or of another kind.
        RuntimeError: Where an op has run already.
    """
    chosen = [devices] if isinstance(devices, PhysicalDevice) else list(devices or ())
    there = list_physical_devices()
    for device in chosen:
        if device not in there or device_type not in (None, device.device_type):
            raise ValueError(explain(
                "set_visible_devices: there is no such device, or it is of another kind.", received=repr(device),
                expected="of " + ", ".join(d.name for d in there),
            ))  # fmt: skip
    kinds = {d.device_type for d in there} if device_type is None else {device_type}
    _refuse_late("Visible devices", any(
        get_visible_devices(kind) != [d for d in chosen if d.device_type == kind] for kind in kinds))
    for kind in kinds:
        _visible[kind] = [d.name for d in chosen if d.device_type == kind]
    prefer = getattr(dispatch.engine(), "prefer", None)
    if prefer is not None and len(there) > 1:
        kept = [d for d in get_visible_devices() if d.device_type != "CPU"]
        prefer((kept[0].name if kept else "/physical_device:CPU:0").removeprefix("/physical_device:"))


def set_memory_growth(device: Any, enable: bool) -> None:
    """Says whether an accelerator's memory is taken as it is needed, which it is unless somebody says no.

    Args:
        device: One of `list_physical_devices("GPU")`. What is said of one goes for all.
        enable: Whether it is. Where devices are in use already nothing changes, and a line says so.

    Raises:
        ValueError: For a processor, or what is no device.
    """
    _require_there(device)
    if device.device_type == "CPU":
        raise ValueError("Cannot set memory growth on non-GPU and non-Pluggable devices")
    grow = getattr(dispatch.engine(), "grow", None)
    if grow is not None and not grow(bool(enable)):
        logging.getLogger("weft").warning(
            "set_memory_growth: the devices are in use, and their memory is taken %s. Set "
            "TF_FORCE_GPU_ALLOW_GROWTH=%s before the program starts.", "at once" if enable else "as it is needed",
            "true" if enable else "false")  # fmt: skip


def get_memory_growth(device: Any) -> bool:
    """Whether a device's memory is taken as it is needed.

    Raises:
        ValueError: For what is no device.
    """
    _require_there(device)
    grows = getattr(dispatch.engine(), "grows", None)
    return True if grows is None or device.device_type == "CPU" else bool(grows())


def _require_there(device: Any) -> None:
    if device not in list_physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")


_switches: dict[str, Any] = {"soft_placement": None, "tensor_float_32": True, "jit": "", "optimizer": {},
                             "cluster": "TF_CONFIG" in os.environ}  # fmt: skip


def set_soft_device_placement(enabled: bool) -> None:
    """Accepted: what cannot run on a named device runs on the processor."""
    _switches["soft_placement"] = bool(enabled)


def get_soft_device_placement() -> bool:
    """What `set_soft_device_placement` was given last."""
    return soft_placement() is not False


def soft_placement() -> bool | None:
    """What `set_soft_device_placement` was given last, None before."""
    found: bool | None = _switches["soft_placement"]
    return found


class LogicalDeviceConfiguration(NamedTuple):
    """How much of a device a logical one has.

    Attributes:
        memory_limit: In megabytes.
        experimental_priority: Accepted.
        experimental_device_ordinal: Accepted.
    """

    memory_limit: Any = None
    experimental_priority: Any = None
    experimental_device_ordinal: Any = None


def _refuse_late(what: str, changes: bool = True) -> None:
    """Refuses a change that comes after an op has run, as TensorFlow does.

    Raises:
        RuntimeError: There.
    """
    if changes and dispatch.started():
        raise RuntimeError(explain(f"{what} cannot be modified after being initialized.",
                                   hint="say it at the program's beginning, before an op runs"))  # fmt: skip


_logical: dict[str, list[Any]] = {}


def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """Divides a device into several; the processor on the XLA engine, before it is used. Others stay whole.

    Args:
        device: One of `list_physical_devices()`.
        logical_devices: A LogicalDeviceConfiguration for each part.

    Raises:
        RuntimeError: Where an op has run already.
    """
    wanted = list(logical_devices or ())
    divide = getattr(dispatch.engine(), "divide_processor", None)
    if divide is not None and device.device_type == "CPU" and wanted:
        divide(len(wanted))
    else:
        _refuse_late("Virtual devices", _logical.get(device.name, []) != wanted)
        if len(wanted) > 1:
            logging.getLogger("weft").warning(
                "set_logical_device_configuration: the %s engine has one device, and %s stays whole; WEFT_ENGINE=xla "
                "divides the processor.", dispatch.engine().name, device.name)  # fmt: skip
    _logical[device.name] = wanted


def get_logical_device_configuration(device: Any) -> Any:
    """How a device was said to be divided; None where nothing was said.

    Raises:
        ValueError: For what is no physical device.
    """
    _require_physical(device)
    return _logical.get(device.name)


def experimental_connect_to_cluster(*args: Any, **kwargs: Any) -> None:
    """Accepted: this process is all there is."""
    _switches["cluster"] = True


def cluster_is_known() -> bool:
    """Whether the program has named a cluster, whose jobs devices may then be of."""
    return bool(_switches["cluster"])


def experimental_connect_to_host(remote_host: Any = None, job_name: str = "worker") -> None:
    """Accepted: this process is all there is.

    Raises:
        ValueError: Without a host.
    """
    if not remote_host:
        raise ValueError(explain("experimental_connect_to_host: there must be at least one remote_host."))
    _switches["cluster"] = True


def _require_physical(device: Any) -> None:
    if not isinstance(device, PhysicalDevice):
        raise ValueError(explain("A tf.config.PhysicalDevice is wanted.", received=repr(device),
                                 hint="tf.config.list_physical_devices()"))  # fmt: skip


def _require_processor(device: str) -> None:
    if "CPU" not in device.upper():
        raise ValueError(f"No matching devices found for '{device}'")


#: numbers of threads as they were set
_threads = {"intra": 0, "inter": 0}
_policy = {"device": "silent"}


class _Threading(Namespace):
    """Thread counts; they are asked of the engine through `WEFT_NUM_THREADS`."""

    @staticmethod
    def set_intra_op_parallelism_threads(num_threads: int) -> None:
        """The number of threads that an op may use.

        Raises:
            RuntimeError: Where it is another than before, and an op has run already.
        """
        _refuse_late("Intra op parallelism", int(num_threads) != _threads["intra"])
        if num_threads:
            os.environ["WEFT_NUM_THREADS"] = str(int(num_threads))
        _threads["intra"] = int(num_threads)

    @staticmethod
    def get_intra_op_parallelism_threads() -> int:
        """The number of threads that an op may use, as it was set; 0 where that is left to Weft."""
        return _threads["intra"]

    @staticmethod
    def set_inter_op_parallelism_threads(num_threads: int) -> None:
        """Accepted: ops that need nothing of one another share the threads of an op.

        Raises:
            RuntimeError: Where it is another than before, and an op has run already.
        """
        _refuse_late("Inter op parallelism", int(num_threads) != _threads["inter"])
        _threads["inter"] = int(num_threads)

    @staticmethod
    def get_inter_op_parallelism_threads() -> int:
        """What was set; 0 where nothing was."""
        return _threads["inter"]


class _Experimental(Namespace):
    """Switches that are always on or do not apply to a processor."""

    enable_op_determinism = staticmethod(lambda: None)
    set_memory_growth = staticmethod(set_memory_growth)
    get_memory_growth = staticmethod(get_memory_growth)
    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    set_visible_devices = staticmethod(set_visible_devices)
    get_visible_devices = staticmethod(get_visible_devices)
    VirtualDeviceConfiguration = LogicalDeviceConfiguration
    set_virtual_device_configuration = staticmethod(set_logical_device_configuration)
    get_virtual_device_configuration = staticmethod(get_logical_device_configuration)
    set_synchronous_execution = staticmethod(lambda enable: None)

    @staticmethod
    def get_device_policy() -> str:
        """What was set; "silent" where nothing was."""
        return _policy["device"]

    @staticmethod
    def set_device_policy(device_policy: str | None) -> None:
        """Accepted: operands go where an op runs without a word.

        Raises:
            ValueError: For another policy than "silent", "silent_for_int32", "warn" and "explicit".
        """
        if device_policy not in (None, "silent", "silent_for_int32", "warn", "explicit"):
            raise ValueError(f"Not a valid device policy: {device_policy!r}")
        _policy["device"] = device_policy or "silent"

    @staticmethod
    def enable_tensor_float_32_execution(enabled: bool) -> None:
        """Accepted: products of float32 are made in float32."""
        _switches["tensor_float_32"] = bool(enabled)

    @staticmethod
    def tensor_float_32_execution_enabled() -> bool:
        """What `enable_tensor_float_32_execution` was given last."""
        return bool(_switches["tensor_float_32"])

    @staticmethod
    def get_synchronous_execution() -> bool:
        """Ops have run when they return."""
        return True

    @staticmethod
    def get_memory_info(device: str) -> dict[str, int]:
        """The bytes that the process holds now, `"current"`, and the most so far, `"peak"`.

        Raises:
            ValueError: For another device than the processor.
        """
        _require_processor(device)
        current, peak = memory.used()
        return {"current": current, "peak": peak}

    @staticmethod
    def get_memory_usage(device: str) -> int:
        """The bytes that the process holds now."""
        _require_processor(device)
        return memory.used()[0]

    @staticmethod
    def reset_memory_stats(device: str) -> None:
        """Counts the peak from now on."""
        _require_processor(device)
        memory.forget_peak()

    @staticmethod
    def get_device_details(device: Any) -> dict[str, Any]:
        """What is known of a device: nothing, of a processor.

        Raises:
            ValueError: For what is no physical device.
        """
        _require_physical(device)
        return {}


class _Optimizer(Namespace):
    """Switches of TensorFlow's graph optimizer. Weft's passes change no results and are always on."""

    @staticmethod
    def set_jit(enabled: bool | str) -> None:
        """Accepted: traced functions are always compiled.

        Args:
            enabled: True or `"autoclustering"`; False or `""`.
        """
        _switches["jit"] = "autoclustering" if enabled is True else (enabled or "")

    @staticmethod
    def get_jit() -> str:
        """What `set_jit` was given last: `"autoclustering"` or `""`."""
        return str(_switches["jit"])

    @staticmethod
    def set_experimental_options(options: dict[str, Any]) -> None:
        """Notes switches by name."""
        _switches["optimizer"].update(options)

    @staticmethod
    def get_experimental_options() -> dict[str, Any]:
        """The switches that were set, and two that TensorFlow always tells."""
        return {"disable_model_pruning": False, "disable_meta_optimizer": False, **_switches["optimizer"]}


threading = _Threading("tf.config.threading")
optimizer = _Optimizer("tf.config.optimizer")
experimental = _Experimental("tf.config.experimental")
