"""Finds the command that was asked for, loads its module, and hands over.

Only the module of that one command is loaded, so `weft --help` answers at once.
"""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from weft.cli import CommandError
from weft.version import __version__

USAGE_ERROR = 2
INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class Command(NamedTuple):
    """A command: its module has ``add_arguments(parser)`` and ``main(args) -> int``."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "run": Command("weft.cli.run", "run a script that says `import tensorflow` or `import keras`, unmodified"),
    "launch": Command("weft.cli.launch", "run a script as several workers that train one model"),
    "profile": Command("weft.cli.profile", "run a script and show where its time went, by layer and by kernel"),
    "tune": Command("weft.cli.tune", "run a script and measure how its products are best computed on this machine"),
    "demo": Command("weft.cli.demo", "train a small network and watch it learn"),
    "doctor": Command("weft.cli.doctor", "show versions, processor, threads, engines and cache, and what is wrong"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program's name; those of the process where None.

    Returns:
        The exit status: 0 for success, 2 for a wrong call, else what the command returned.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except CommandError as error:
        print(f"weft: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, `head` for one, has seen enough. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if arguments else USAGE_ERROR
    name, rest = arguments[0], arguments[1:]
    if name in ("-V", "--version"):
        print(f"weft {__version__}")
        return 0
    if name not in COMMANDS:
        _refuse(name)
    command = COMMANDS[name]
    _limit_threads(name)
    module = importlib.import_module(command.module)
    parser = argparse.ArgumentParser(prog=f"weft {name}", description=_sentence(command.help))
    module.add_arguments(parser)
    try:
        options = parser.parse_args(rest)
    except SystemExit as end:  # argparse has printed its message, or the help
        return end.code if isinstance(end.code, int) else USAGE_ERROR
    status = module.main(options)
    return 0 if status is None else int(status)


def _limit_threads(name: str) -> None:
    """Lets numpy's linear algebra use as many threads as `WEFT_NUM_THREADS` says; it reads that once, when it loads.

    The demo takes one where nothing is said: its matrices are small, and two threads that wait for each other on a
    busy machine are five times slower than one.
    """
    count = os.environ.get("WEFT_NUM_THREADS") or ("1" if name == "demo" else "")
    if count.isdecimal() and "numpy" not in sys.modules and "OMP_NUM_THREADS" not in os.environ:
        for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
            os.environ.setdefault(variable, count)


def _refuse(name: str) -> NoReturn:
    if name.startswith("-"):
        raise CommandError(f"unknown option {name!r}. Options of a command come after its name; see weft --help.")
    nearest = difflib.get_close_matches(name, COMMANDS, n=1)
    if nearest:
        hint = f"Did you mean weft {nearest[0]}?"
    elif name.endswith(".py"):
        hint = f"To run a script: weft run {name}"
    else:
        hint = "See weft --help."
    raise CommandError(f"unknown command {name!r}; there are {', '.join(COMMANDS)}. {hint}")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: weft COMMAND [options]",
            "       weft --version",
            "",
            "TensorFlow and Keras in pure Python.",
            "",
            *lines,
            "",
            "weft COMMAND --help shows a command's own options.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
