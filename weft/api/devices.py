"""`tf.DeviceSpec`, the parts of a device's name, and `tf.device`, which says where to run."""

from __future__ import annotations

import dataclasses
import re
from contextlib import ExitStack
from typing import Any

from weft.api import config
from weft.base.errors import InvalidArgumentError, UnavailableError, explain
from weft.runtime import context, dispatch, processes

_NUMBERS = {"replica", "task"}


@dataclasses.dataclass(frozen=True)
class DeviceSpec:
    """The parts of a device's name such as `/job:worker/task:1/device:GPU:0`; None for those that it leaves open.

    Args:
        job: The job's name.
        replica: The replica's number.
        task: The task's number.
        device_type: `CPU`, `GPU`, …
        device_index: The number among the devices of the type.

    Example:
        >>> import weft as tf
        >>> tf.DeviceSpec.from_string("/job:worker/gpu:1").replace(task=2).to_string()
        '/job:worker/task:2/device:GPU:1'
    """

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None

    def __post_init__(self) -> None:
        for name in ("replica", "task", "device_index"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else int(value))
        if self.device_type is not None:
            object.__setattr__(self, "device_type", str(self.device_type).upper())

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """The parts of a name.

        Raises:
            ValueError: For a part that is no part of device names.
        """
        found: dict[str, Any] = {}
        for part in str(spec).split("/"):
            key, *rest = part.split(":")
            if not part:
                continue
            if key in ("job", *_NUMBERS) and len(rest) == 1:
                found[key] = rest[0] if key == "job" else int(rest[0])
                continue
            kind = rest if key == "device" else [key, *rest]
            if len(kind) not in (1, 2) or (key != "device" and kind[0].upper() not in ("CPU", "GPU", "TPU", "XLA_CPU")):
                raise ValueError(explain(f"{part!r} is no part of a device's name.", received=repr(spec),
                                         expected="such as '/job:worker/replica:0/task:1/device:GPU:0'"))  # fmt: skip
            found["device_type"] = None if kind[0] == "*" else kind[0]
            found["device_index"] = None if len(kind) == 1 or kind[1] == "*" else int(kind[1])
        return cls(**found)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """The parts of a name, as `from_string` gives them."""
        return self.from_string(spec)

    def to_string(self) -> str:
        """The name; a device without a number is any of its type."""
        parts = [f"/{name}:{getattr(self, name)}" for name in ("job", "replica", "task")
                 if getattr(self, name) is not None]  # fmt: skip
        if self.device_type is not None:
            parts.append(f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}")
        return "".join(parts)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """This one, with the parts that another one names in their places."""
        named = {key: value for key, value in dataclasses.asdict(dev).items() if value is not None}
        return self.replace(**named)

    def replace(self, **kwargs: Any) -> DeviceSpec:
        """This one with other parts."""
        return dataclasses.replace(self, **kwargs)


def _require_here(spec: DeviceSpec, given: str) -> None:
    """Refuses devices of processes that are not there, where ops run at once.

    Raises:
        InvalidArgumentError: There.
    """
    if context.scope() is not None:
        return
    if spec.device_index is not None and spec.device_index < 0:
        raise InvalidArgumentError(explain(f"Malformed device specification {given!r}.", expected="such as '/CPU:0'"))
    elsewhere = spec.job not in (None, "localhost") or spec.replica not in (None, 0) or spec.task not in (None, 0)
    if elsewhere and not config.cluster_is_known() and processes.count() == 1:
        raise InvalidArgumentError(explain(f"{given} unknown device.", expected="a device of this process",
                                           hint="a cluster is named by tf.config.experimental_connect_to_cluster, by "
                                           "TF_CONFIG or by weft launch"))  # fmt: skip


class device:
    """Says where what is made or called within the block is to run.

    Traced functions that are called in it run there, where the engine has devices (XLA); on a device that is not there
    they run where they would without, or are refused under `tf.config.set_soft_device_placement(False)`. Ops that run
    one by one run on the processor. In a graph of TensorFlow 1 it is noted down.

    Args:
        device_name: Such as `"/GPU:0"`, a function of an operation, or None.

    Raises:
        ValueError: On entering, for what is no device's name.
        InvalidArgumentError: On entering, for a device that is not there, without soft placement; for one of another
            job or task where the program has named no cluster.
    """

    def __init__(self, device_name: Any) -> None:
        self._given = device_name
        self._device = device_name if isinstance(device_name, str) or callable(device_name) else ""
        self._blocks: list[ExitStack] = []

    def __enter__(self) -> None:
        if isinstance(self._given, str):
            _require_here(DeviceSpec.from_string(self._given), self._given)
        elif not (self._given is None or callable(self._given) or hasattr(self._given, "to_string")
                  or isinstance(self._given, config.LogicalDevice)):  # fmt: skip
            raise ValueError(explain("tf.device takes the name of a device.", received=repr(self._given),
                                     expected="such as '/GPU:0'"))  # fmt: skip
        context.devices().append(self._device)
        self._blocks.append(self._open())

    def __exit__(self, *unused: Any) -> None:
        context.devices().pop()
        self._blocks.pop().close()

    def _open(self) -> ExitStack:
        """The engine's own block, where the name is one of a device and nothing is being traced."""
        opened = ExitStack()
        name = self._device.rpartition("/")[2].upper().removeprefix("DEVICE:") if isinstance(self._device, str) else ""
        if not re.fullmatch(r"[A-Z]+:\d+", name) or context.scope() is not None:
            return opened
        engine = dispatch.engine()
        try:
            on_device = getattr(engine, "on_device", None)
            if on_device is not None:
                opened.enter_context(on_device(name))
            elif name != "CPU:0":
                raise UnavailableError(f"There is no device {name!r} on the {engine.name} engine.")
        except UnavailableError as error:
            if not config.get_soft_device_placement():
                context.devices().pop()
                raise InvalidArgumentError(explain(
                    f"Could not satisfy device specification {self._device!r}: {error.message.splitlines()[0]}",
                    hint="tf.config.set_soft_device_placement(True) lets it run elsewhere",
                )) from None  # fmt: skip
        return opened
