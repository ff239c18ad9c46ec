"""Error classes and the one helper that words errors.

The classes carry TensorFlow's names and codes. `InvalidArgumentError` is a `ValueError` as well, because TensorFlow
raises the one when running eagerly and the other when building a graph, and users catch either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar

from weft.base import flags, sources

_F = TypeVar("_F", bound=Callable[..., Any])

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS = range(7)
PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE = range(7, 12)
UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED = range(12, 17)


class _ShortInNotebooks:
    """IPython asks an error that nobody caught for the lines to show: the usual ones, without frames inside Weft."""

    __slots__ = ()

    def _render_traceback_(self: Any) -> Any:
        shell = sys.modules["IPython"].get_ipython()
        trace = self.__traceback__ if flags.debug() else sources.trim_traceback(self.__traceback__)
        return shell.InteractiveTB.structured_traceback(type(self), self, trace)


#: what an OpError is made of
_PARTS = ("node_def", "op", "message")


class OpError(_ShortInNotebooks, Exception):
    """Something went wrong while an op ran. Made of a message, or of `(node_def, op, message)`."""

    code = UNKNOWN
    #: whether its line is that of a node, see `relocate`
    placed = False
    #: the name of the node that failed, from which a session knows its operation
    node_name: str | None = None

    def __init__(self, *args: Any, **named: Any) -> None:
        given = {"message": args[0]} if len(args) == 1 and not named else dict(zip(_PARTS, args, strict=False))
        if (unknown := set(named) - {*_PARTS, "error_code"}) or (unknown := set(named) & set(given)):
            raise TypeError(f"{type(self).__name__} takes `node_def`, `op`, `message` once, not {sorted(unknown)}.")
        node_def, op, message = (({**given, **named}).get(part) for part in _PARTS)
        super().__init__(message)
        self.node_def = node_def
        self.op = op
        self.message = str(message)
        code = named.get("error_code", args[3] if len(args) > 3 else None)
        if code is not None:
            self.code = code

    @property
    def error_code(self) -> int:
        """The numeric code, as in TensorFlow's `error_codes.proto`."""
        return self.code

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


class naming:
    """Within the block an error that knows no node is told this one; used as a context manager.

    Args:
        node: The node's name.
    """

    def __init__(self, node: str) -> None:
        self._node = node

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OpError) and error.node_name is None:
            error.node_name = self._node


class CancelledError(OpError):
    """An operation was cancelled."""

    code = CANCELLED


class UnknownError(OpError):
    """An error without a better class."""


class InvalidArgumentError(OpError, ValueError):
    """An op was given an argument that it cannot take."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """A deadline passed before the operation ended."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, key or entity does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """An entity that was to be made exists already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError, MemoryError):
    """Memory, disk or a quota ran out."""

    code = RESOURCE_EXHAUSTED


class DiskFullError(ResourceExhaustedError, OSError):
    """There is no room for what is written. TensorFlow's class for it, and Python's, whose `errno` it has."""


class FailedPreconditionError(OpError):
    """The system is not in a state for this, such as a variable read before it was initialised."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted, usually by a concurrent one."""

    code = ABORTED


class OutOfRangeError(OpError):
    """An iterator or a reader went past its end."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """This is not supported; the message says what to use instead."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """An invariant of Weft itself broke."""

    code = INTERNAL


class UnavailableError(OpError):
    """A service is not available."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data is corrupt or cut short."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The request has no valid credentials."""

    code = UNAUTHENTICATED


class DTypeError(InvalidArgumentError, TypeError):
    """An op was given a dtype that it does not take, or dtypes that do not go together."""


class OperatorNotAllowedInGraphError(_ShortInNotebooks, TypeError):
    """Python asks a symbolic tensor for what only a value can tell: its truth, its items."""


class InaccessibleTensorError(_ShortInNotebooks, ValueError, TypeError):
    """A symbolic tensor is used where its graph is not being built."""


def explain(
    problem: str,
    *,
    received: Iterable[str] | str | None = None,
    expected: str | None = None,
    hint: str | None = None,
    where: sources.SourceLine | None = None,
) -> str:
    """Words an error: the problem, what was expected and received, the user's line, the next step.

    Args:
        problem: One sentence that names the op or layer and the argument.
        received: What came, with shapes and dtypes; several entries take a line each.
        expected: What was wanted instead.
        hint: The next step for the user.
        where: The user's line; looked up on the stack where it is None.

    Returns:
        The text, one item a line.
    """
    lines = [problem]
    line = where if where is not None else sources.user_line()
    if line is not None:
        lines.append(f"  at {line}")
    if expected:
        lines.append(f"  expected: {expected}")
    if received:
        entries = [received] if isinstance(received, str) else list(received)
        lines.append(f"  received: {entries[0]}")
        lines.extend(f"            {entry}" for entry in entries[1:])
    if hint:
        lines.append(f"  next: {hint}")
    return "\n".join(lines)


def relocate(error: OpError, where: sources.SourceLine | None) -> None:
    """Lets an error that was worded while a graph ran name the line that made the node, not the one that ran it.

    What names a line further in, that of a Python function which the graph calls, stays.
    """
    line = sources.user_line()
    if where is None or line is None or error.placed:
        return
    error.message = error.message.replace(f"\n  at {line}", f"\n  at {where}", 1)
    error.args, error.placed = (error.message,), True


def nearest(word: str, known: Iterable[str], count: int = 3) -> str:
    """A phrase with the known names nearest to an unknown one, such as ``Did you mean `adam`?``."""
    names = sorted(set(known))
    by_case = {name.lower(): name for name in names}
    close = [by_case[match] for match in get_close_matches(word.lower(), by_case, n=count, cutoff=0.5)]
    if close:
        return "Did you mean " + " or ".join(f"`{name}`" for name in close) + "?"
    return "Known: " + ", ".join(names[:20]) + (", …" if len(names) > 20 else "") + "."


def user_facing(function: _F) -> _F:
    """Drops Weft's own frames from the traceback of what a public entry point raises (kept under `WEFT_DEBUG`,
    and where the program said `tf.debugging.disable_traceback_filtering()`)."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if flags.debug() or not sources.filters_tracebacks():
                raise
            trimmed = sources.trim_traceback(error.__traceback__)
            # Where no frame below is the user's, none is kept: their own line is above, where this was called.
            error.__traceback__ = None if trimmed is error.__traceback__ else trimmed
            raise

    return call  # type: ignore[return-value]
