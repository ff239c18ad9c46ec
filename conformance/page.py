"""The pages that show how the public names of each original stand."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from conformance.coverage import Coverage, Standing
from conformance.uses import Use

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {"tf2": "tensorflow_coverage.md", "keras": "keras_coverage.md", "tf1": "tensorflow1_coverage.md"}
ORIGINALS = {"tf2": "TensorFlow 2.21", "keras": "Keras 3.15", "tf1": "TensorFlow 1.15.5"}
_ORDER = (
    Standing.AGREES, Standing.IN_KIND, Standing.DIFFERS, Standing.DISAGREES, Standing.UNCOMPARED, Standing.REFUSED,
    Standing.MISSING,
)  # fmt: skip

_HEAD = """# Weft beside {original}

Written by `python -m conformance {dialect} --write`; `conformance/README.md` says how it is measured. Both run {uses}
uses; a name **agrees** where every use of it gives the same values, dtypes, shapes, gradients and kinds of error, and
**agrees in kind** where all that is compared are kinds, dtypes and shapes, though values might be. Uses whose values
cannot be compared say why.
{goldens}
"""

_GOLDENS = """The {cases} stored cases of Keras that the tests in `tests/keras` go through count too: they hold values,
gradients and updates of ops, layers, losses, metrics, optimizers and initializers.
"""


def write(dialect: str, names: list[str], coverage: Coverage, problems: dict[Use, str | None]) -> Path:
    standings = {name: coverage.standing(name) for name in names}
    modules: dict[str, Counter[Standing]] = defaultdict(Counter)
    for name, standing in standings.items():
        modules[name.rsplit(".", 1)[0]][standing] += 1
    cases = coverage.golden_cases
    stored = _GOLDENS.format(cases=cases) if cases else ""
    lines = [_HEAD.format(original=ORIGINALS[dialect], dialect=dialect, uses=len(problems), goldens=stored)]
    lines.append("| module | names | " + " | ".join(_ORDER) + " |\n")
    lines.append("| --- " * (len(_ORDER) + 2) + "|\n")
    total: Counter[Standing] = Counter(standings.values())
    for module, counts in sorted(modules.items()):
        lines.append(_row(f"`{module}`", counts))
    lines.append(_row("**all**", total))
    for standing, title in (
        (Standing.DISAGREES, "Disagree"), (Standing.IN_KIND, "Agree in kind"), (Standing.MISSING, "Missing"),
        (Standing.UNCOMPARED, "There, not compared"), (Standing.REFUSED, "Left out, with a reason"),
    ):  # fmt: skip
        found = [name for name, at in standings.items() if at is standing]
        if found:
            lines.append(f"\n## {title}\n\n" + ", ".join(f"`{name}`" for name in found) + "\n")
    wrong = [(use, problem) for use, problem in problems.items() if problem]
    on_purpose = [f"- `{_short(use)}`: {use.differs}\n" for use, _ in wrong if use.differs]
    if on_purpose:
        lines += ["\n## Uses that differ on purpose\n\n", *on_purpose]
    falling = [f"- `{_short(use)}`: {use.short or problem}\n" for use, problem in wrong if not use.differs]
    if falling:
        lines += ["\n## Uses that fall short\n\n", *falling]
    path = DOCS / PAGES[dialect]
    path.write_text("".join(lines))
    return path


def _row(label: str, counts: Counter[Standing]) -> str:
    return f"| {label} | {sum(counts.values())} | " + " | ".join(str(counts[at] or "") for at in _ORDER) + " |\n"


def _short(use: Use) -> str:
    return use.text.splitlines()[-1]
