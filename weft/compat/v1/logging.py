"""`tf.logging`: Python's logging under TensorFlow's names."""

import logging as _logging

DEBUG, INFO, WARN, ERROR, FATAL = _logging.DEBUG, _logging.INFO, _logging.WARNING, _logging.ERROR, _logging.FATAL
_log = _logging.getLogger("weft")

debug, info, warn, warning, error, fatal, log = (
    _log.debug, _log.info, _log.warning, _log.warning, _log.error, _log.critical, _log.log
)  # fmt: skip


def set_verbosity(v: int | str) -> None:
    """The least level that is shown."""
    _log.setLevel(v)


def get_verbosity() -> int:
    """The least level that is shown."""
    return _log.getEffectiveLevel()
