"""What `WEFT_DEBUG` shows of a compilation: 1 that there was one, 4 the plan and the loop IR, 5 machine code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weft.base import flags
from weft.base.debugging import show
from weft.engines.native import codegen
from weft.engines.native.loops import Kernel
from weft.engines.native.target import Target

if TYPE_CHECKING:
    from weft.engines.native.image import Image


def kept(name: str) -> None:
    """Tells that a graph's code was there already."""
    if flags.debug():
        show("native", f"{name}: its code was kept")


def compiled(name: str, image: Image, kernels: Mapping[str, Kernel], target: Target, seconds: float) -> None:
    """Tells what a graph was compiled to."""
    level = flags.debug()
    if not level:
        return
    phases = len(image.phases)
    show("native", f"{name}: compiled in {seconds * 1e3:.0f} ms to {len(kernels)} kernels in {phases} phases, "
                   f"{len(image.functions)} functions, {len(image.code) / 1024:.0f} KiB")  # fmt: skip
    if level >= 4:
        show("native", f"{name}: the plan\n{plan(image)}")
        show("native", f"{name}: loop IR\n" + "\n".join(map(str, kernels.values())))
    if level >= 5:
        show("native", f"{name}: LLVM IR\n{image.text}")
        show("native", f"{name}: machine code\n{codegen.to_assembly(image.text, target)}")


def plan(image: Image) -> str:
    """The phases with their kernels, and where buffers live, as text."""
    lines = []
    for number, phase in enumerate(image.phases):
        notes = " writes state" if phase.writes_state else ""
        notes += f" in loop {phase.loop}, {phase.turns} turns" if phase.loop >= 0 else ""
        lines.append(f"phase {number}{notes}")
        lines += [f"    {call.name}: {call.chunks} chunks" for call in phase.kernels]
    lines += [f"buffer {place.name}: {place.size} bytes, phases {_spans(place.life)}"
              + (", one for each thread" if place.threads else "")
              for place in image.places if place.life[0] >= 0]  # fmt: skip
    return "\n".join(lines)


def _spans(life: tuple[int, ...]) -> str:
    return " and ".join(f"{first} to {last}" for first, last in zip(life[::2], life[1::2], strict=True))
