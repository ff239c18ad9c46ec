"""Output in notebooks."""

from __future__ import annotations

import sys
from typing import Any


def is_running() -> bool:
    """Whether this process is the kernel of a notebook."""
    module: Any = sys.modules.get("IPython")
    running = module.get_ipython() if module is not None else None
    return running is not None and type(running).__name__ == "ZMQInteractiveShell"


class Shown:
    """What a notebook shows as HTML, and a console on the same kind of kernel as text.

    Args:
        html: The HTML.
        text: The text.
    """

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def show(html: str, text: str) -> None:
    """Shows something below the cell that runs, as HTML or as text."""
    from IPython.display import display

    display(Shown(html, text))
