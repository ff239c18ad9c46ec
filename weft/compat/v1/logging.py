"""`tf.logging`: Python's logging, under TensorFlow's names and its logger `tensorflow`."""

from __future__ import annotations

import logging as _logging
import sys as _sys
from typing import Any

DEBUG, INFO, WARN, ERROR, FATAL = _logging.DEBUG, _logging.INFO, _logging.WARNING, _logging.ERROR, _logging.FATAL


class _ToStderr(_logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is at the moment, where the program has set nothing up itself."""

    @property
    def stream(self) -> Any:
        return _sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Stays what it is."""

    def emit(self, record: _logging.LogRecord) -> None:
        if not _logging.getLogger().handlers:
            super().emit(record)


_log = _logging.getLogger("tensorflow")
if not _log.handlers:
    _handler = _ToStderr()
    _handler.setFormatter(_logging.Formatter(_logging.BASIC_FORMAT))
    _log.addHandler(_handler)
    _log.setLevel(WARN)

debug, info, warn, warning, error, fatal, log = (
    _log.debug, _log.info, _log.warning, _log.warning, _log.error, _log.critical, _log.log
)  # fmt: skip
_counts: dict[Any, int] = {}


def set_verbosity(v: int | str) -> None:
    """The least level that is shown."""
    _log.setLevel(v)


def get_verbosity() -> int:
    """The least level that is shown."""
    return _log.getEffectiveLevel()


def vlog(level: int, msg: str, *args: Any) -> None:
    """Logs under a level of one's own."""
    _log.log(level, msg, *args)


def TaskLevelStatusMessage(msg: str) -> None:
    """Logs what a whole task should hear of, as an error."""
    _log.error(msg)


def log_if(level: int, msg: str, condition: Any, *args: Any) -> None:
    """Logs where a condition holds."""
    if condition:
        _log.log(level, msg, *args)


def _so_far(msg: str) -> int:
    """How often the line that asks has logged before."""
    frame = _sys._getframe(2)
    key = (frame.f_code.co_filename, frame.f_lineno, msg)
    _counts[key] = _counts.get(key, -1) + 1
    return _counts[key]


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Logs the first of every n times that a line is reached."""
    if _so_far(msg) % n == 0:
        _log.log(level, msg, *args)


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Logs the first n times that a line is reached."""
    if _so_far(msg) < n:
        _log.log(level, msg, *args)


def flush() -> None:
    """Hands on what was logged."""
    for handler in _log.handlers:
        handler.flush()
