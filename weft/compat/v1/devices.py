"""`DeviceSpec`: the name of a device in parts."""

from __future__ import annotations

from typing import Any


class DeviceSpec:
    """A device by job, replica, task, type and number; parts that are not given are None.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.DeviceSpec(job="ps", task=1, device_type="CPU", device_index=0).to_string()
        '/job:ps/task:1/device:CPU:0'
    """

    def __init__(self, job: str | None = None, replica: int | None = None, task: int | None = None,
                 device_type: str | None = None, device_index: int | None = None) -> None:  # fmt: skip
        self.job = job or None
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = None if device_type is None else device_type.upper()
        self.device_index = None if device_index is None else int(device_index)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """Takes its parts from a name such as `/job:worker/task:0/gpu:1`, and returns itself.

        Raises:
            ValueError: For parts that mean nothing.
        """
        self.__init__()  # type: ignore[misc]
        for part in filter(None, spec.split("/")):
            key, *rest = part.split(":")
            if key in ("job", "replica", "task") and len(rest) == 1:
                setattr(self, key, rest[0] if key == "job" else int(rest[0]))
            elif key == "device" and len(rest) == 2:
                self._set_device(rest[0], rest[1])
            elif key.upper() in ("CPU", "GPU", "TPU") and len(rest) <= 1:
                self._set_device(key, rest[0] if rest else "*")
            else:
                raise ValueError(f"Unknown attribute {part!r} in the device name {spec!r}.")
        return self

    def _set_device(self, kind: str, number: str) -> None:
        self.device_type = kind.upper()
        self.device_index = None if number == "*" else int(number)

    @staticmethod
    def from_string(spec: str) -> DeviceSpec:
        """The device of a name."""
        return DeviceSpec().parse_from_string(spec)

    def merge_from(self, dev: DeviceSpec) -> None:
        """Takes the parts that another one gives."""
        for part in ("job", "replica", "task", "device_type", "device_index"):
            if getattr(dev, part) is not None:
                setattr(self, part, getattr(dev, part))

    def to_string(self) -> str:
        """Its name."""
        parts = [f"/{key}:{getattr(self, key)}" for key in ("job", "replica", "task") if getattr(self, key) is not None]
        if self.device_type is not None:
            number = "*" if self.device_index is None else self.device_index
            parts.append(f"/device:{self.device_type}:{number}")
        return "".join(parts)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())

    def __repr__(self) -> str:
        return f"<DeviceSpec {self.to_string()!r}>"
