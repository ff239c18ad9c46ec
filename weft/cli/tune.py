"""`weft tune`: run a program as `weft run` does, and measure meanwhile how its products of matrices are best cut."""

import argparse
import sys

from weft.cli import run
from weft.extend import tune


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `weft tune`: those of `weft run`."""
    run.add_arguments(parser)
    parser.usage = "weft tune [options] SCRIPT [arguments]\n       weft tune [options] -m MODULE [arguments]"
    parser.description = (
        "Run a Python program like weft run, with the same results, while the ways in which its products of matrices "
        "can be cut are tried out in turns and timed. The fastest become the code that later runs of the program find "
        "in the folder of compiled code (WEFT_CACHE). A graph has to run some seventy times for that."
    )


def main(args: argparse.Namespace) -> int:
    """Run the program and print what was found; the status is the program's."""
    if args.engine:
        run.choose_engine(args.engine)  # before it is asked what it can try out
    with tune() as found:
        try:
            return run.main(args)
        finally:
            print(f"\nweft tune: {found.table()}", file=sys.stderr)
