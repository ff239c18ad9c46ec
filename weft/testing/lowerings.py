"""Which ops lower for accelerators that need not be here: `python -m weft.testing.lowerings` tries all and writes it.

Every case of every op is lowered for `tpu` and `cuda` through `jax.export`: all in the dtypes that are tried first, and
the first case of an op in every dtype. How many there are and how many lower is kept beside the tests; the page of ops
(`opdocs.py`) shows it, so that making the page needs no jax. Needs `weft[xla]`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder, inline
from weft.ops.opdef import OpDef
from weft.testing import opcases
from weft.testing.numeric import Cell

STORED = Path(__file__).resolve().parents[2] / "tests" / "golden" / "lowerings.json"
PLATFORMS = ("tpu", "cuda")

_SIZES = "the size of its result depends on the data"
_OPERAND = "the size of its result depends on an operand, which in these cases is known at run time only"
TEXT = "strings live on the host"
#: the ops of numbers that run on the host in all or some of their cases, and why
REASONS = {
    **dict.fromkeys("""
        boolean_mask dynamic_partition edit_distance segment_max segment_mean segment_min segment_prod segment_sum
        set_operation unique unique_with_counts where
    """.split(), _SIZES),
    **dict.fromkeys("bincount dynamic_stitch".split(), _SIZES + " in the cases that do not give it"),
    **dict.fromkeys("""
        broadcast_to_dynamic pad_dynamic range repeat_indices reshape_dynamic slice_dynamic strided_slice
        sum_to_shape_dynamic tile_dynamic tile_grad top_k unsorted_segment_max unsorted_segment_min
        unsorted_segment_prod unsorted_segment_sum
    """.split(), _OPERAND),
    **dict.fromkeys("print py_function".split(), "it calls Python"),
    **dict.fromkeys("eig eigvals logm sqrtm".split(), "XLA has general eigenvalues on no accelerator"),
    **dict.fromkeys("ctc_beam_search_decoder ctc_greedy_decoder".split(),
                    _SIZES + ", which a search by Python's data structures finds"),
    "while_loop": "how many rows are stacked depends on the data, in the cases that stack",
    "scan": "what its steps carry changes its size, or there is no step that would tell it",
    "late_gradient": "where it is of an op that is in this list",
    "hashed_cross": "it hashes numbers as text",
    "unicode_script": "it looks up what Python knows of letters",
}  # fmt: skip


class Tried(NamedTuple):
    """A case of an op in some dtypes, with inputs that the reference takes.

    Attributes:
        label: What it is called.
        graph: The op.
        inputs: Arrays and cells of numbers.
    """

    label: str
    graph: Graph
    inputs: list[Any]


class Counts(NamedTuple):
    """What was found of an op.

    Attributes:
        lowered: How many of its cases of numbers lower.
        tried: How many of those there are.
        others: How many there are of strings and of what else no device holds.
    """

    lowered: int
    tried: int
    others: int

    def why(self, record: OpDef) -> str:
        """Why cases of numbers run on the host, or all cases do; "" where that is not so, or nobody has said."""
        if self.lowered < self.tried:
            return REASONS.get(record.name, "")
        return "" if self.tried else REASONS.get(record.name, TEXT)


def of_numbers(items: Iterable[opcases.Item], every_dtype: bool) -> tuple[list[Tried], int]:
    """The cases that are of numbers alone, and how many others there are; without those that the reference refuses.

    Args:
        items: The cases.
        every_dtype: Whether the first case of an op is tried in every dtype, rather than in those that come first.
    """
    found, others = [], 0
    for item in items:
        choices = opcases.assignments(item)
        for types in choices if every_dtype and item.index == 0 else choices[:1]:
            inputs = opcases.inputs_of(item, types)
            graph = opcases.graph_of(item, opcases.types_of(inputs))
            if not _is_of_numbers(inputs, graph):
                others += 1
                continue
            try:
                with np.errstate(all="ignore"):
                    interpreter.run(graph, [Cell(a.value.copy()) if isinstance(a, Cell) else a for a in inputs])
            except ValueError:
                continue
            found.append(Tried(f"{item.id} in ({', '.join(t.name for t in types)})", graph, inputs))
    return found, others


def _is_of_numbers(inputs: Sequence[Any], graph: Graph) -> bool:
    arrays = [a.value if isinstance(a, Cell) else a for a in inputs]
    plain = all(isinstance(a, np.ndarray) and a.dtype != object for a in arrays)
    return plain and not any(v.type.is_host or v.dtype is dtypes.variant for v in graph.outputs)


def joined(name: str, cases: Sequence[Tried]) -> tuple[Graph, list[Any], list[str]]:
    """Several cases as one graph, which costs less than one for each: it, its inputs, what each output is called."""
    whole, arrays, labels = Graph(name), [], []
    builder = GraphBuilder(whole)
    for each in cases:
        made = inline(builder, each.graph, [whole.add_input(value.type, "x") for value in each.graph.inputs])
        whole.outputs += made
        arrays += each.inputs
        labels += [f"{each.label}, result {i}" for i in range(len(made))]
    return whole, arrays, labels


def lowers(graph: Graph, inputs: Sequence[Any]) -> bool:
    """Whether a graph lowers for all platforms as a whole, with no call of the host in it."""
    elsewhere, walk = (import_module(f"weft.engines.xla.{name}") for name in ("elsewhere", "walk"))
    try:
        return "callback" not in elsewhere.text(graph, inputs, PLATFORMS)
    except (walk.Unlowered, walk.Refused):
        return False


def count(name: str, items: Iterable[opcases.Item]) -> Counts:
    """In how many of its cases an op lowers."""
    cases, others = of_numbers(items, every_dtype=True)
    graph, inputs, _ = joined(name, cases)
    if cases and lowers(graph, inputs):
        return Counts(len(cases), len(cases), others)
    # where one does not, each is tried alone
    return Counts(sum(lowers(each.graph, each.inputs) for each in cases), len(cases), others)


def stored() -> dict[str, Counts]:
    """What was found when it was last written."""
    return {name: Counts(*counts) for name, counts in json.loads(STORED.read_text(encoding="utf-8"))["ops"].items()}


def main(arguments: Sequence[str]) -> int:
    """Tries all ops, or those named, and writes what was found; ops that lack a reason are printed."""
    found = stored() if STORED.exists() else {}
    items: dict[str, list[opcases.Item]] = {}
    for item in opcases.cases():
        items.setdefault(item.record.name, []).append(item)
    for name in arguments or items:
        found[name] = count(name, items[name])
    lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in items if name in found]
    begin = '{\n"meta": {"script": "weft/testing/lowerings.py"},\n"ops": {\n'
    STORED.write_text(begin + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8")
    print(f"wrote {STORED}")
    bare = [name for name, own in found.items() if own.lowered < own.tried and not own.why(opdef.get(name))]
    for name in bare:
        print(f"{name} does not lower in {found[name].tried - found[name].lowered} cases: REASONS does not say why")
    return 1 if bare else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
