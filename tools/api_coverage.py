"""The share of used names that is compared with the original: `python tools/api_coverage.py TABLE [--least 2]`.

TABLE is a csv with the columns symbol, dialect (tf2, keras or tf1) and n_scripts: how many scripts use a name. A name
counts where uses of it (conformance/uses) give what the original gives, not where it exists; names that Keras 3 has no
more count where they are compared with the Keras of TensorFlow 1.15. Prints the share of names
and of uses by dialect and module, and then, for each dialect, the names that do not count, the most used first. Names
that are left out on purpose, whose error says why and what to use instead, are listed apart.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.__main__ import judge
from conformance.coverage import Coverage, Standing
from conformance.uses import DIALECTS, read_all

COUNTED = (Standing.AGREES, Standing.DIFFERS)
APART = (Standing.REFUSED, Standing.UNKNOWN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--least", type=int, default=2, help="names that fewer scripts use are left out (2)")
    parser.add_argument("--without", nargs="*", default=[], metavar="PREFIX", help="leave out tf.contrib and such")
    parser.add_argument("--dialects", nargs="*", default=DIALECTS)
    options = parser.parse_args()
    with options.table.open(newline="") as source:
        rows = [(row["symbol"], row["dialect"], int(row["n_scripts"])) for row in csv.DictReader(source)]
    for dialect in options.dialects:
        coverage = _coverage(dialect, _coverage("tf1") if dialect == "keras" else None)
        modules: dict[str, list[tuple[int, str, Standing]]] = defaultdict(list)
        for name, of, scripts in rows:
            if of == dialect and scripts >= options.least and not name.startswith(tuple(options.without)):
                modules[name.rsplit(".", 1)[0]].append((scripts, name, coverage.standing(name)))
        everything = [entry for entries in modules.values() for entry in entries]
        apart = sorted((entry for entry in everything if entry[2] in APART), reverse=True)
        everything = [entry for entry in everything if entry[2] not in APART]
        print(f"\n{dialect}: {_share(everything)}")
        for module, entries in sorted(modules.items(), key=lambda item: -sum(entry[0] for entry in item[1])):
            print(f"  {module}: {_share([entry for entry in entries if entry[2] not in APART])}")
        for scripts, name, standing in sorted(everything, reverse=True):
            if standing not in COUNTED:
                print(f"    {scripts:5} {name}: {standing}")
        for why, text in (
            (Standing.REFUSED, "are left out and say why and what to use instead"),
            (Standing.UNKNOWN, "are refused by the original as well"),
        ):
            names = [f"{name} ({scripts})" for scripts, name, standing in apart if standing is why]
            if names:
                print(f"  apart from these, {len(names)} names {text}:\n    {', '.join(names)}")


@cache
def _coverage(dialect: str, older: Coverage | None = None) -> Coverage:
    uses = read_all(dialect)
    return Coverage(dialect, uses, judge(uses), older)


def _share(entries: list[tuple[int, str, Standing]]) -> str:
    if not entries:
        return "left out, with a reason"
    good = [entry for entry in entries if entry[2] in COUNTED]
    on_purpose = sum(entry[2] is Standing.DIFFERS for entry in entries)
    uses, total = sum(entry[0] for entry in good), sum(entry[0] for entry in entries)
    tail = f", {on_purpose} of them differ on purpose" if on_purpose else ""
    return f"{len(good)} of {len(entries)} names, {uses / max(total, 1):.1%} of uses{tail}"


if __name__ == "__main__":
    main()
