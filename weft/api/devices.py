"""`tf.DeviceSpec`: the parts of a device's name."""

from __future__ import annotations

import dataclasses
from typing import Any

from weft.base.errors import explain

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
