"""Tensors that a session keeps from one run to the next, by a handle."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.runtime import graph as graphs
from weft.runtime.host_call import session_call
from weft.runtime.scopes import NameScope

_serial = itertools.count()
_KEY = "tensors by handle"


class TensorHandle:
    """What a run gives for `tf.get_session_handle`: the value stays in the session.

    Args:
        handle: The handle.
        dtype: The value's dtype.
        session: Which session keeps it.
    """

    def __init__(self, handle: Any, dtype: Any, session: Any) -> None:
        self._handle, self._dtype, self._session = handle, dtype, session

    @property
    def handle(self) -> str:
        """The handle, as sessions are fed it."""
        return str(self._handle)

    def __str__(self) -> str:
        return str(self._handle)

    def eval(self) -> Any:
        """The value."""
        return _look(self._session, self._handle)

    def delete(self) -> None:
        """Lets the session forget it."""
        _forget(self._session, self._handle)

    def get_raw_handle(self) -> str:
        """The handle, which from now on has to be deleted by `tf.delete_session_tensor`."""
        return self.handle


def _kept(session: Any) -> dict[str, Any]:
    found: dict[str, Any] = session.held(_KEY, _Values)
    return found


class _Values(dict[str, Any]):
    def cancel(self) -> None:
        """The session is closed."""
        self.clear()


def _look(session: Any, handle: str) -> Any:
    try:
        return _kept(session)[handle]
    except KeyError:
        raise InvalidArgumentError(
            f"The tensor with handle '{handle}' is not in the session store.") from None  # fmt: skip


def _forget(session: Any, handle: str) -> None:
    _look(session, handle)
    del _kept(session)[handle]


def _text(array: Any) -> str:
    found = array.item() if hasattr(array, "item") else array
    return found.decode() if isinstance(found, bytes) else str(found)


def get_session_handle(data: Any, name: str | None = None) -> Any:
    """A tensor whose value stays in the session when it is run: what the run gives is its `TensorHandle`.

    Args:
        data: The tensor to keep.
        name: The operation's name.

    Raises:
        TypeError: For what is no tensor.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     kept = session.run(tf.get_session_handle(tf.constant(2.0) * 3.0))
        ...     holder, value = tf.get_session_tensor(kept.handle, tf.float32)
        ...     float(session.run(value + 1.0, {holder: kept.handle}))
        7.0
    """
    if not weft.is_tensor(data):
        raise TypeError(explain("`data` must be of type Tensor.", received=type(data).__name__))
    tensor = weft.convert_to_tensor(data)
    dtype = tensor.dtype

    def keep(session: Any, value: Any) -> list[Any]:
        handle = f"GetSessionHandle;{next(_serial)};/job:localhost/replica:0/task:0/device:CPU:0"
        _kept(session)[handle] = np.array(value)
        return [np.array(TensorHandle(handle, dtype, session), object)]

    made = session_call(keep, [tensor], [TensorType((), dtypes.string)], "GetSessionHandle", name or "GetSessionHandle")
    return made[0]


def get_session_tensor(handle: Any, dtype: Any, name: str | None = None) -> tuple[Any, Any]:
    """The placeholder that a handle is fed to, and the tensor with the value that it stands for.

    Args:
        handle: The handle; it tells nothing but the device in TensorFlow.
        dtype: The value's dtype.
        name: The operation's name.
    """
    kind = dtypes.as_dtype(dtype)
    with NameScope(name, "GetSessionTensor"):
        holder = graphs.placeholder(dtypes.string, [])

        def look(session: Any, given: Any) -> list[Any]:
            value = _look(session, _text(given))
            if value.dtype != kind.numpy:
                raise InvalidArgumentError(explain("The kept tensor has another dtype.", expected=kind.name,
                                                   received=str(value.dtype)))  # fmt: skip
            return [value]

        return holder, session_call(look, [holder], [TensorType(None, kind)], "GetSessionTensor")[0]


def delete_session_tensor(handle: Any, name: str | None = None) -> tuple[Any, Any]:
    """The placeholder that a handle is fed to, and the operation that lets the session forget its value."""
    with NameScope(name, "DeleteSessionTensor"):
        holder = graphs.placeholder(dtypes.string, [])

        def forget(session: Any, given: Any) -> list[Any]:
            _forget(session, _text(given))
            return []

        return holder, session_call(forget, [holder], [], "DeleteSessionTensor")
