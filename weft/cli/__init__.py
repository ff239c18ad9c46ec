"""The command line: `weft run`, `weft doctor`, `weft demo`."""


class CommandError(Exception):
    """Raised by a command to end with one line on stderr and exit status 2, without a traceback."""
