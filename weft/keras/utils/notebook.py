"""Output in notebooks."""

from __future__ import annotations

import sys
from typing import Any


def is_running() -> bool:
    """Whether this process is the kernel of a notebook."""
    module: Any = sys.modules.get("IPython")
    running = module.get_ipython() if module is not None else None
    return running is not None and type(running).__name__ == "ZMQInteractiveShell"


def show(html: str, display_id: str | None = None, update: bool = False) -> None:
    """Shows HTML below the cell that runs.

    Args:
        html: The text.
        display_id: A name for what is shown, so that it can be replaced.
        update: Whether to replace what has that name.
    """
    from IPython.display import HTML, display

    if display_id is None:
        display(HTML(html))
    else:
        display(HTML(html), display_id=display_id, update=update)
