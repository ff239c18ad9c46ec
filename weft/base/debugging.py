"""What `WEFT_DEBUG` shows: through the loggers of Weft's parts, on standard error where nobody has set up others."""

from __future__ import annotations

import logging
import sys


def show(part: str, text: str) -> None:
    """Logs something that was asked for with `WEFT_DEBUG`.

    Args:
        part: Whose log: `passes` for `weft.passes`.
        text: What to show.
    """
    log = logging.getLogger(f"weft.{part}")
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler(sys.stderr))
    if not log.isEnabledFor(logging.INFO):
        log.setLevel(logging.INFO)
    log.info("%s", text)
