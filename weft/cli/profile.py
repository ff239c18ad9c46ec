"""`weft profile`: run a program as `weft run` does, and tell afterwards where its time in compiled code went."""

import argparse
import sys

from weft.cli import run
from weft.extend import profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `weft profile`: those of `weft run`, and where the trace goes."""
    parser.add_argument("--trace", metavar="FILE", help="write a trace for ui.perfetto.dev to this file")
    parser.add_argument("--limit", type=int, default=30, help="how many lines a table has at most (default: 30)")
    run.add_arguments(parser)
    parser.usage = "weft profile [options] SCRIPT [arguments]\n       weft profile [options] -m MODULE [arguments]"
    parser.description = (
        "Run a Python program like weft run, every kernel of compiled code timed by itself. Afterwards, tables on "
        "standard error show time, GFLOPS, GB/s and the share of what this machine can do, by layer and by kernel."
    )


def main(args: argparse.Namespace) -> int:
    """Run the program and print the tables; the status is the program's."""
    if args.engine:
        run.choose_engine(args.engine)  # before a profile asks which one there is
    with profile() as found:
        try:
            return run.main(args)
        finally:
            print(f"\nweft profile: {found.table(args.limit)}", file=sys.stderr)
            if args.trace:
                found.write_trace(args.trace)
                print(f"weft profile: the trace is in {args.trace}; open it at ui.perfetto.dev", file=sys.stderr)
