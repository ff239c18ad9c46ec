"""Ops made ready for arrays of one kind: what depends on dtypes, sizes and attributes alone is settled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from weft.ops import layout
from weft.ops.families import bare, quiet_context
from weft.ops.opdef import OpDef


class Ready:
    """An op without effects, ready to run on arrays of some dtypes (and shapes, where it goes by them).

    Attributes:
        kernel: Arrays to an array, a numpy scalar or a tuple of them; the bits are those of the op's reference.
        calm: Whether the kernel is to run in `families.quiet_context`.
        run: All of this in one call.
        attrs: The attributes.
    """

    __slots__ = ("attrs", "calm", "kernel", "run")

    def __init__(
        self, kernel: Callable[..., Any], calm: bool, settles: tuple[int, ...], attrs: Mapping[str, Any]
    ) -> None:
        self.attrs = attrs
        if settles:
            kernel = _settling(kernel, settles)
        self.kernel = kernel
        self.calm = calm
        self.run: Callable[..., Any] = _calmly(kernel) if calm else kernel


def _calmly(kernel: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        return quiet_context().run(kernel, *arrays)

    return run


def _settling(kernel: Callable[..., Any], places: tuple[int, ...]) -> Callable[..., Any]:
    """Gives a kernel the operands at these places in row-major order."""
    if places == (0,):

        def first(x: Any, *others: Any) -> Any:
            return kernel(x if x.flags.c_contiguous else np.ascontiguousarray(x), *others)

        return first

    def run(*arrays: Any) -> Any:
        for place in places:
            if not arrays[place].flags.c_contiguous:
                arrays = tuple(a if a.flags.c_contiguous or not a.ndim else np.ascontiguousarray(a) for a in arrays)
                break
        return kernel(*arrays)

    return run


def prepare(record: OpDef, arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Ready | None:
    """An op, made ready for arrays like these.

    Args:
        record: The op.
        arrays: Operands whose dtypes and shapes it has accepted.
        attrs: Its attributes, complete.

    Returns:
        None for ops that do more than compute, and where an operand is no array of numpy's.
    """
    if not record.pure or any(type(a) is not np.ndarray for a in arrays):
        return None
    kernel, calm = bare(record.reference, [a.dtype for a in arrays])
    quicker = None if record.prepare is None else record.prepare(arrays, attrs)
    if quicker is not None:
        kernel = quicker
    elif attrs:
        kernel = partial(kernel, **attrs)
    kinds = layout.unsettled(record.name)
    return Ready(kernel, calm, tuple(i for i, a in enumerate(arrays) if a.dtype.kind in kinds), attrs)
