"""`tf.experimental`: what is on trial in TensorFlow; what is left out of it says why (`weft.base.absent`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from weft.api import dlpack, numpy  # noqa: F401
from weft.api.extension_types import (  # noqa: F401
    BatchableExtensionType,
    ExtensionType,
    ExtensionTypeBatchEncoder,
    ExtensionTypeSpec,
    extension_type,
)
from weft.data.optional import Optional  # noqa: F401


def async_clear_error() -> None:
    """Accepted: ops have run when they return, and errors are raised there."""


@contextmanager
def async_scope() -> Iterator[None]:
    """Accepted: ops run where they stand."""
    yield


def enable_strict_mode() -> None:
    """Accepted: what TensorFlow's strict mode forbids is not there in the first place."""


@contextmanager
def function_executor_type(executor_type: str | None) -> Iterator[None]:
    """Accepted: how a traced function runs is the engine's.

    Args:
        executor_type: The name of an executor of TensorFlow's.
    """
    yield
