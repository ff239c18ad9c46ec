"""What moves between devices in a step, and what that means for 8, 256 and 8,192 of them.

`python -m benchmarks.scaling` compiles the programs of `examples/distributed` for eight devices of the processor, reads
the collectives in the text that XLA has compiled, and checks that their bytes are what a formula in the sizes of the
network says. With the formula it works out the same for a network of a real size, against stated bandwidths. It prints
the tables of `docs/scaling.md`; `--write` puts them there.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scaling.md"
DEVICES = 8
BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "f32": 4, "s32": 4, "u32": 4, "f64": 8, "s64": 8, "u64": 8}
KINDS = ("all-reduce", "all-gather", "reduce-scatter", "collective-permute", "all-to-all")


@dataclass(frozen=True)
class Collective:
    """A collective of a compiled text.

    Attributes:
        kind: Such as `all-reduce`.
        bytes: Of its result, on one device.
        group: How many devices take part with one another.
    """

    kind: str
    bytes: int
    group: int

    @property
    def sent(self) -> float:
        """The bytes that a device sends, by the ring algorithms that reach the bound."""
        share = (self.group - 1) / self.group
        if self.kind == "all-reduce":
            return 2 * share * self.bytes
        return {"reduce-scatter": share * self.bytes * self.group, "collective-permute": self.bytes}.get(
            self.kind, share * self.bytes)  # fmt: skip


def collectives(text: str) -> list[Collective]:
    """Those in a compiled text."""
    found = []
    pattern = re.compile(rf"= (.*?) ({'|'.join(KINDS)})(?:-start)?\((.*)$", re.MULTILINE)
    for shapes, kind, rest in pattern.findall(text):
        size = sum(BYTES[dtype] * math.prod(map(int, filter(None, sizes.split(","))))
                   for dtype, sizes in re.findall(r"(\w+)\[([\d,]*)\]", shapes))  # fmt: skip
        found.append(Collective(kind, size, _group(rest)))
    return found


def _group(rest: str) -> int:
    mesh = re.search(r"replica_groups=mesh\[(.*?)\] \{(.*?)\}", rest)
    if mesh:
        sizes = dict(re.findall(r"'(\w+)'=(\d+)", mesh.group(1)))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'(\w+)'", mesh.group(2)))
    listed = re.search(r"replica_groups=\{\{([\d,]+)\}", rest)
    if listed:
        return len(listed.group(1).split(","))
    table = re.search(r"replica_groups=\[([\d,]+)\]", rest)
    if table:
        return int(table.group(1).split(",")[-1])
    pairs = re.findall(r"\{(\d+),(\d+)\}", rest)
    if pairs:
        return len(pairs)
    raise ValueError(f"no group of devices in: {rest[:300]}")


def compiled_text(step: Any, *arguments: Any) -> str:
    """What XLA has made of a step."""
    text: str = step.experimental_get_compiler_ir(*arguments)(stage="optimized_hlo")
    return text


# --- the programs of the examples ------------------------------------------------------------------------------------


def keras_step(layouts: Any, mesh_shape: tuple[int, ...], axes: list[str]) -> list[Collective]:
    """The collectives of a training step of the examples' network."""
    import gpt

    import weft as tf
    from weft import keras

    mesh = keras.distribution.DeviceMesh(mesh_shape, axes, keras.distribution.list_devices()[: math.prod(mesh_shape)])
    with keras.distribution.ModelParallel(layout_map=layouts(mesh), batch_dim_name=axes[0]).scope():
        model = gpt.model()
        ((x, y),) = gpt.batches(1)
        step = tf.function(lambda x, y: model.train_step((x, y)))
        return collectives(compiled_text(step, tf.constant(x), tf.constant(y)))


def measured() -> dict[str, list[Collective]]:
    """The collectives of each way of sharing work, over eight devices."""
    sys.path.insert(0, str(ROOT / "examples" / "distributed"))
    import fully_sharded
    import gpt
    import pipeline
    import tensor_parallel

    import weft as tf
    from weft import keras

    gpt.devices(DEVICES)
    found = {
        "data": keras_step(keras.distribution.LayoutMap, (DEVICES,), ["batch"]),
        "fully sharded": keras_step(fully_sharded.layouts, (DEVICES,), ["batch"]),
        "tensor": keras_step(tensor_parallel.layouts, (1, gpt.HEADS), ["data", "model"]),
    }
    with pipeline.scope(keras.distribution.list_devices()) as lay_out:
        step = pipeline.stepper(pipeline.PARTS, lay_out)
        ((x, y),) = gpt.batches(1)
        found["pipeline"] = collectives(compiled_text(step, tf.constant(x), tf.constant(y)))
    return found


def summary(found: list[Collective]) -> list[tuple[str, int, int, float]]:
    """For each kind: how many, the bytes of their results, and what a device sends."""
    by_kind: dict[str, list[Collective]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    return [(kind, len(some), sum(c.bytes for c in some), sum(c.sent for c in some)) for kind, some in by_kind.items()]



# --- a network of a real size -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """What the estimates stand on: eight H100 of 80 GB to a machine, by their makers' figures.

    Attributes:
        inside: Bytes a second and direction between devices of one machine (NVLink 4).
        outside: Likewise to other machines, for each device (400 Gbit/s InfiniBand).
        peak: Floating point operations a second (bfloat16, dense).
        attained: The share of that which a step attains without messages.
        latency: Seconds of one message between machines.
        memory: Bytes of a device.
    """

    devices: int = 8
    inside: float = 450e9
    outside: float = 50e9
    peak: float = 989e12
    attained: float = 0.4
    latency: float = 1e-5
    memory: float = 80e9

    def all_reduce(self, size: float, count: int) -> float:
        """Seconds for a sum over devices: within machines first, then each device's part between them."""
        near = min(count, self.devices)
        machines = count // near
        seconds = 2 * (near - 1) / near * size / self.inside
        if machines > 1:
            seconds += 2 * (machines - 1) / machines * size / near / self.outside
            seconds += 2 * math.log2(machines) * self.latency
        return seconds


@dataclass(frozen=True)
class Network:
    """A GPT of 6.7 thousand million weights, as in Brown et al. 2020; every device brings so many rows to a batch."""

    weights: float = 6.7e9
    blocks: int = 32
    width: int = 4096
    length: int = 2048
    rows: int = 4
    parts: int = 32

    @property
    def activations(self) -> float:
        """Bytes of the activations between blocks, of one device's rows."""
        return 4.0 * self.rows * self.length * self.width


@dataclass(frozen=True)
class Factors:
    """What the compiled texts say, as multiples of what a formula says.

    Attributes:
        data: Bytes summed, of those of the gradients.
        gathered: Bytes gathered under full sharding, of those of the weights.
        tensor: Bytes summed for each block, of those of its activations.
        pipeline: Bytes sent for each part, of those of its activations, by each device.
    """

    data: float
    gathered: float
    tensor: float
    pipeline: float


def factors(found: dict[str, list[Collective]]) -> Factors:
    """The factors, from the collectives of the small network."""
    import gpt
    import pipeline

    weights = 4.0 * gpt.model().count_params()
    activations = 4.0 * 16 * gpt.LENGTH * gpt.WIDTH
    totals = {name: sum(c.bytes for c in some) for name, some in found.items()}
    gathered = sum(c.bytes for c in found["fully sharded"] if c.kind == "all-gather")
    moved = sum(c.sent for c in found["pipeline"])
    parts = pipeline.PARTS
    return Factors(totals["data"] / weights, gathered / weights, totals["tensor"] / gpt.BLOCKS / activations,
                   moved / parts / (activations / parts))  # fmt: skip


def estimates(factor: Factors, net: Network, machine: Machine, count: int) -> list[tuple[str, float, float, float]]:
    """For each way of sharing: gigabytes that a device sends, and efficiency without and with messages meanwhile."""
    tokens = net.rows * net.length
    computing = 6 * net.weights * tokens / (machine.peak * machine.attained)
    gradients = 4 * net.weights * factor.data
    share = (count - 1) / count
    replicas = max(1, count // 8)
    found = []

    def add(name: str, sent: float, seconds: float, hidden: float = 0.0, busy: float = 1.0) -> None:
        ends = [computing + seconds, computing + max(0.0, seconds - hidden)]
        found.append((name, sent / 1e9, busy * computing / ends[0], busy * computing / ends[1]))

    backward = computing * 2 / 3  # sums of gradients may run beside it
    add("data", 2 * share * gradients, machine.all_reduce(gradients, count), backward)
    gather = 4 * net.weights * factor.gathered
    add("fully sharded", share * (2 * gradients + gather), machine.all_reduce(gradients, count)
        + machine.all_reduce(gather, count) / 2, computing)  # fmt: skip
    # eight devices of a machine share blocks; a group of them has eight devices' rows
    summed = factor.tensor * net.blocks * 8 * net.activations
    part = gradients / 8
    outside = 2 * (replicas - 1) / replicas * part
    inner, outer = 2 * 7 / 8 * summed / machine.inside, outside / machine.outside
    add("tensor × data", 2 * 7 / 8 * summed + outside, inner + outer + 2 * math.log2(replicas) * machine.latency,
        min(outer, backward))  # fmt: skip
    # eight machines behind one another, each a block's eighth of the network
    moved = factor.pipeline * 8 * net.activations
    bubble = net.parts / (net.parts + 7)
    add("pipeline × data", moved + 2 * (replicas - 1) / replicas * part,
        moved / machine.outside + machine.all_reduce(part, replicas), backward, bubble)  # fmt: skip
    return found


def tables(found: dict[str, list[Collective]]) -> str:
    """The page's tables."""
    factor, net, machine = factors(found), Network(), Machine()
    lines = ["| shared by | collective | how many | bytes of results | a device sends |", "|---|---|---|---|---|"]
    for name, some in found.items():
        lines += [f"| {name} | {kind} | {number} | {size:,} | {sent:,.0f} |"
                  for kind, number, size, sent in summary(some)]  # fmt: skip
    told = (
        f"Under data parallel {factor.data:.3f} times the bytes of the gradients are summed; under full sharding "
        f"{factor.gathered:.2f} times the weights are gathered beside that; under tensor parallel {factor.tensor:.2f} "
        "times a block's activations are summed or gathered for each block; in the pipeline a device sends "
        f"{factor.pipeline:.2f} times the activations of a batch."
    )
    lines += ["", told, ""]
    lines += ["| devices | shared by | GB a device sends in a step | efficiency | with messages beside work |",
              "|---|---|---|---|---|"]  # fmt: skip
    for count in (8, 256, 8192):
        lines += [f"| {count:,} | {name} | {sent:.1f} | {alone:.0%} | {beside:.0%} |"
                  for name, sent, alone, beside in estimates(factor, net, machine, count)]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Prints the tables, or writes them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    args = parser.parse_args()
    os.environ["WEFT_ENGINE"] = "xla"
    made = tables(measured())
    print(made)
    if args.write:
        begin, end = "<!-- tables -->", "<!-- end of tables -->"
        before, _, rest = PAGE.read_text().partition(begin)
        PAGE.write_text(f"{before}{begin}\n{made}\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    main()
