"""What programs say about memory and devices: it is heard, and changes no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core import global_state

_MODES = ("full", "activations", "larger_than", "list_of_layers")


class RematScope:
    """Inside, layers may compute again what a gradient needs instead of keeping it.

    Which results are kept is Weft's decision: numbers are the same inside and outside.

    Args:
        mode: "full", "activations", "larger_than", "list_of_layers", or None.
        output_size_threshold: From which size on, for "larger_than".
        layer_names: Which layers, for "list_of_layers".

    Raises:
        ValueError: For another mode.
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: list[str] | None = None
    ) -> None:
        if mode is not None and mode not in _MODES:
            raise ValueError(explain(
                f"RematScope: `mode` is {mode!r}.", expected="None or one of " + ", ".join(map(repr, _MODES))
            ))  # fmt: skip
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = layer_names or []

    def __enter__(self) -> RematScope:
        global_state.get_global_attribute("remat_scope_stack", [], set_to_default=True).append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        scopes = global_state.get_global_attribute("remat_scope_stack")
        if scopes:
            scopes.pop()


def get_current_remat_mode() -> RematScope | None:
    """The innermost scope of this thread, which says what was asked for; None outside of one."""
    scopes = global_state.get_global_attribute("remat_scope_stack")
    return scopes[-1] if scopes else None


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose results may be computed again for its gradient; numbers are the same."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    return call


def device(device_name: str) -> Any:
    """A context for code of one device, such as `"cpu:0"`."""
    return tf.device(device_name)
