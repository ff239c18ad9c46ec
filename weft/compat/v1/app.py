"""`tf.app`: starts a program after its flags have been read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from weft.compat.v1 import flags as flags


def run(main: Callable[..., Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Reads the flags and calls a function with what else the command line says; then the program ends.

    Args:
        main: The function; that of the program called `main` where None.
        argv: The program and its arguments; `sys.argv` where None.
    """
    words = list(sys.argv if argv is None else argv)
    if any(word in ("--help", "-help", "-h", "--helpfull", "--helpshort") for word in words[1:]):
        print(f"flags of {words[0]}:\n{flags.FLAGS.get_help('  ')}")
        sys.exit(1)
    try:
        rest = flags.FLAGS(words, known_only=True)
    except flags.Error as error:
        print(f"FATAL Flags parsing error: {error}\nPass --helpshort or --helpfull to see help on flags.",
              file=sys.stderr)  # fmt: skip
        sys.exit(1)
    chosen = main if main is not None else getattr(sys.modules["__main__"], "main", None)
    if chosen is None:
        raise RuntimeError("tf.app.run() found no function `main` in the program.")
    sys.exit(chosen(rest))
