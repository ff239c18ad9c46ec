"""What parameters a function takes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

if sys.version_info >= (3, 14):
    import annotationlib

    def signature(function: Callable[..., Any]) -> inspect.Signature:
        """The signature of a function, whatever its annotations mention.

        Annotations are evaluated when they are asked for since Python 3.14, and names imported for type checkers alone
        do not exist then; parameters are all that is wanted here.
        """
        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)

else:

    def signature(function: Callable[..., Any]) -> inspect.Signature:
        """The signature of a function."""
        return inspect.signature(function)
