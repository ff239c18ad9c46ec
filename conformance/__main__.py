"""`python -m conformance`: asks the originals, asks Weft, compares, writes the pages."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from collections import Counter

from conformance import ours, page, store
from conformance.comparing import compare
from conformance.coverage import Coverage
from conformance.uses import DIALECTS, Use, read_all


def answers(uses: list[Use]) -> dict[Use, dict]:
    """What Weft gives, each dialect's uses in their order."""
    found = {}
    for dialect in DIALECTS:
        members = [use for use in uses if use.dialect == dialect]
        found.update(zip(members, ours.run(members)))
    return found


def judge(uses: list[Use]) -> dict[Use, str | None]:
    stored = {(use.dialect, use.file): store.load(use.dialect, use.file) for use in uses}
    given = answers(uses)
    problems: dict[Use, str | None] = {}
    for use in uses:
        expected = stored[use.dialect, use.file].get(use.key)
        if expected is None:
            problems[use] = "no stored answer: record it"
        elif use.refused != ("raised" in expected):
            problems[use] = f"the original {'accepts it' if use.refused else 'raises ' + str(expected)[:200]}"
        else:
            problems[use] = compare(use, expected, given[use])
    return problems


def unexpected(use: Use, problem: str | None) -> str | None:
    """What a test complains of: a use that disagrees without a note, or agrees in spite of one."""
    noted = use.differs or use.short
    if problem and not noted:
        return problem
    return f"agrees now; take the note away: {noted}" if noted and not problem else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("dialects", nargs="*", default=[], help=f"{', '.join(DIALECTS)} (all)")
    parser.add_argument("--record", metavar="PYTHON", help="ask the original in this interpreter about new uses first")
    parser.add_argument("--everything", action="store_true", help="with --record: about every use, and its names")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="files or uses: `math`, `*stft*`")
    parser.add_argument("--quiet", action="store_true", help="no line for each use that disagrees")
    parser.add_argument("--write", action="store_true", help="write docs/…_coverage.md")
    options = parser.parse_args()
    os.environ.setdefault("WEFT_LOG_LEVEL", "error")
    bad = 0
    for dialect in options.dialects or DIALECTS:
        if dialect not in DIALECTS:
            parser.error(f"no dialect {dialect!r}; there are {', '.join(DIALECTS)}")
        uses = read_all(dialect)
        if options.record:
            store.record(options.record, uses, options.everything)
            if options.everything or not store.names(dialect):
                store.record_names(options.record, dialect)
        chosen = [use for use in uses if any(fnmatch.fnmatch(text, options.only) for text in (use.file, use.text))]
        problems = judge(chosen)
        wrong = [(use, line) for use, problem in problems.items() if (line := unexpected(use, problem))]
        bad += len(wrong)
        if not options.quiet:
            for use, problem in wrong:
                print(f"{use.dialect}/{use.file}.txt:{use.line}: {use.text.splitlines()[-1][:110]}\n    {problem}")
        coverage = Coverage(dialect, chosen, problems)
        names = store.names(dialect)
        counts = Counter(str(coverage.standing(name)) for name in names)
        disagree = sum(map(bool, problems.values()))
        print(f"{dialect}: {len(chosen)} uses, {disagree} disagree; of {len(names)} names", dict(counts))
        if options.write:
            print(page.write(dialect, names, coverage, problems))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
