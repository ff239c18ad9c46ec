"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

def bitwise_and(x: Any, y: Any, name: str | None = ...) -> Any:
    """The bits set in both."""

def bitwise_or(x: Any, y: Any, name: str | None = ...) -> Any:
    """The bits set in at least one."""

def bitwise_xor(x: Any, y: Any, name: str | None = ...) -> Any:
    """The bits set in exactly one."""

def invert(x: Any, name: str | None = ...) -> Any:
    """Every bit turned over."""

def left_shift(x: Any, y: Any, name: str | None = ...) -> Any:
    """The bits moved up by y, which is held between 0 and the width less 1."""

def right_shift(x: Any, y: Any, name: str | None = ...) -> Any:
    """The bits moved down by y, which is held between 0 and the width less 1; keeps the sign."""
