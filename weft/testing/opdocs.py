"""`docs/ops.md`, made from the op table: `python -m weft.testing.opdocs` writes it, `--check` compares it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.ops import opdef
from weft.ops.opdef import REQUIRED, Effect, Nondifferentiable, OpDef
from weft.testing import lowerings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ops.md"

_GROUPS: tuple[tuple[str, tuple[DType, ...]], ...] = (
    ("all", dtypes.ALL), ("dense", dtypes.DENSE), ("numbers", dtypes.NUMBERS), ("reals", dtypes.REALS),
    ("integers", dtypes.INTEGERS), ("floats", dtypes.FLOATS), ("signed", dtypes.SIGNED),
    ("unsigned", dtypes.UNSIGNED), ("complex", dtypes.COMPLEX),
)  # fmt: skip

_HEAD = """# Ops

Made from the op table by `python -m weft.testing.opdocs` (`make docs`); do not edit it by hand.

{count} ops in {families} families. Every op has a shape and dtype rule and a reference in numpy, which is its meaning.

- **Takes**: the dtypes of its inputs, one group for inputs that share a dtype. Groups: {groups}.
- **Gradient**: the order to which gradients are tested, or why there is none.
- **Form**: `decomposes` where it is defined by smaller ops, so that every engine runs it; `jvp` where it has a forward
  rule of its own; its effect, where it has one.{engines}
- **Lowers**: whether its cases lower for `{platforms}` through `jax.export`, without such a device and with no call of
  the host (`python -m weft.testing.lowerings` tries them): "yes" for all cases of numbers, else how many, and why
  others run on the host. {whole} ops do in all of them, {part} in some, {none} in none.

{exceptions}
"""

_WHY = """| Runs on the host, since | Ops, in all or some of their cases |
|---|---|"""


def _kernels() -> dict[str, frozenset[str]]:
    """For each engine that can be asked, the ops that it runs itself."""
    found = {}
    for engine in ("native", "xla"):
        try:
            table = import_module(f"weft.engines.{engine}.table")
        except ImportError:
            continue
        found[engine] = frozenset(table.names())
    return found


def _dtypes(allowed: Sequence[DType]) -> str:
    rest = set(allowed)
    names = []
    for name, group in _GROUPS:
        if rest and rest.issuperset(group):
            names.append(name)
            rest -= set(group)
    names += [d.name for d in allowed if d in rest]
    return " + ".join(names) or "nothing"


def _takes(record: OpDef) -> str:
    if not record.inputs:
        return "–"
    shared = range(len(record.inputs)) if record.same is None else record.same
    together = [i for i in shared if i < len(record.inputs)]
    parts = []
    if together:
        parts.append((", ".join(_input(record, i) for i in together), record.input_dtypes(together[0])))
    parts += [(_input(record, i), record.input_dtypes(i)) for i in range(len(record.inputs)) if i not in together]
    return "; ".join(f"{names}: {_dtypes(allowed)}" for names, allowed in parts)


def _input(record: OpDef, index: int) -> str:
    return record.inputs[index].replace("*", r"\*")


def _gradient(record: OpDef) -> str:
    if isinstance(record.vjp, Nondifferentiable):
        return f"none: {record.vjp.why}"
    if record.grad_order < 2:
        return f"order {record.grad_order}: {record.reason}"
    return "order 2"


def _form(record: OpDef, kernels: dict[str, frozenset[str]]) -> str:
    marks = []
    if record.decompose is not None:
        marks.append("decomposes")
    if record.jvp is not None:
        marks.append("jvp")
    if record.effect is not Effect.NONE:
        marks.append(f"effect: {record.effect.value}")
    marks += [engine for engine, names in kernels.items() if record.name in names]
    return ", ".join(marks) or "–"


def _lowers(record: OpDef, counts: lowerings.Counts | None) -> str:
    if counts is None:
        return "not tried"
    if 0 < counts.lowered == counts.tried:
        return "yes, but for strings" if counts.others else "yes"
    share = f"{counts.lowered} of {counts.tried}" if counts.lowered else "no"
    return f"{share}: {counts.why(record)}"


def _exceptions(records: Sequence[OpDef], counts: dict[str, lowerings.Counts]) -> str:
    """The ops that run on the host, by reason."""
    by_reason: dict[str, list[str]] = {}
    for record in records:
        why = counts[record.name].why(record) if record.name in counts else ""
        if why:
            by_reason.setdefault(why, []).append(f"`{record.name}`")
    return "\n".join([_WHY, *(f"| {_cell(why)} | {', '.join(names)} |" for why, names in by_reason.items())])


def _signature(record: OpDef) -> str:
    attrs = [f"{name}" if value is REQUIRED else f"{name}={_default(value)}" for name, value in record.attrs.items()]
    return f"`{record.name}({', '.join([*record.inputs, *attrs])})`"


def _default(value: object) -> str:
    return value.name if isinstance(value, DType) else repr(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _family(
    name: str, records: Sequence[OpDef], kernels: dict[str, frozenset[str]], counts: dict[str, lowerings.Counts]
) -> Iterator[str]:
    yield f"\n## {name}\n"
    yield "| Op | Meaning | Takes | Gradient | Form | Lowers |"
    yield "|---|---|---|---|---|---|"
    for record in records:
        cells = (_signature(record), record.doc, _takes(record), _gradient(record), _form(record, kernels),
                 _lowers(record, counts.get(record.name)))  # fmt: skip
        yield "| " + " | ".join(_cell(c) for c in cells) + " |"


def page() -> str:
    """The text of the page."""
    records = list(opdef.records())
    families = list(dict.fromkeys(record.family for record in records))
    kernels = _kernels()
    engines = f" `{'`, `'.join(kernels)}`: that engine has a kernel of its own for it." if kernels else ""
    groups = ", ".join(f"{name} ({', '.join(d.name for d in group)})" for name, group in _GROUPS[5:]) + (
        ", integers (signed + unsigned), reals (floats + integers), numbers (reals + complex), dense (numbers + bool), "
        "all (dense + string)"
    )
    counts = lowerings.stored()
    kinds = [(own.lowered > 0) + (0 < own.lowered == own.tried) for own in counts.values()]
    head = _HEAD.format(
        count=len(records), families=len(families), groups=groups, engines=engines,
        platforms="` and `".join(lowerings.PLATFORMS), whole=kinds.count(2), part=kinds.count(1), none=kinds.count(0),
        exceptions=_exceptions(records, counts),
    )  # fmt: skip
    lines = [head.rstrip()]
    for family in families:
        lines += _family(family, [r for r in records if r.family == family], kernels, counts)
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes the page, or compares it under `--check`."""
    text = page()
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is not current. Run: python -m weft.testing.opdocs")
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
