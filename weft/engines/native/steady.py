"""What a graph computes from its constants and variables alone: it is the same on every run until one of them changes.

Kernels that put weights in order, or transform them, are such; a graph that writes no variable does them first, and
runs that follow one another with the same variables leave them out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weft.engines.native.loops import Buffer, Fail, Kernel, buffers, walk


def steady_kernels(kernels: Sequence[Kernel], given: Collection[Buffer]) -> set[Kernel]:
    """The kernels that need nothing but constants, variables and one another.

    Args:
        kernels: All there are, in an order in which they can run.
        given: The variables.
    """
    touched = {kernel: buffers(kernel) for kernel in kernels}
    found = {kernel for kernel in kernels if _may(kernel, touched[kernel][1])}
    while True:
        moving = {buffer for kernel in kernels if kernel not in found for buffer in touched[kernel][1]}
        left = {kernel for kernel in found
                if any(_moves(buffer, given, moving) for side in touched[kernel] for buffer in side)}  # fmt: skip
        if not left:
            return found
        found -= left


def _may(kernel: Kernel, written: Sequence[Buffer]) -> bool:
    plain = all(buffer.role in ("temp", "thread") and not buffer.ring for buffer in written)
    return plain and kernel.turn is None and not any(isinstance(statement, Fail) for statement in walk(kernel.body))


def _moves(buffer: Buffer, given: Collection[Buffer], moving: Collection[Buffer]) -> bool:
    """Whether a buffer may hold something else on the next run."""
    if buffer.role in ("thread", "constant"):
        return False
    return buffer not in given and (buffer.role != "temp" or buffer in moving)
