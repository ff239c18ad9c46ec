"""What callbacks and histories hold: the values of metrics by their names."""

from __future__ import annotations

from typing import Any


class Logs(dict[str, Any]):
    """Names of metrics → values. `acc` is found as `accuracy`, `val_acc` as `val_accuracy`: so Keras called them up to
    2.2, whatever `compile` had been given."""

    def __missing__(self, name: str) -> Any:
        today = _accuracy(name)
        if today in self:
            return self[today]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:  # type: ignore[override]
        """The value of a metric, or `default`."""
        return super().get(name, super().get(_accuracy(name), default))


def _accuracy(name: Any) -> Any:
    """The name of today for one that ends in `acc`."""
    if isinstance(name, str) and (name == "acc" or name.endswith("_acc")):
        return f"{name}uracy"
    return name
