"""Forward mode over a list of applied ops.

Where an op has no forward rule its reverse rule serves twice: the cotangent that a rule computes is linear in the
cotangent it is given, so differentiating that map (in reverse) once more gives the tangent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft.autodiff.reverse import Application, Record, carries_gradient, pull_back
from weft.ops import opdef
from weft.ops.builder import Builder, UnknownRankError
from weft.ops.opdef import Nondifferentiable


def push_forward(b: Builder, record: Record, tangents: Sequence[Any]) -> list[Any]:
    """The tangents of a record's outputs, given those of its inputs (None where there is none).

    Raises:
        LookupError: Where the op has neither a forward rule nor a reverse rule that can be transposed here.
    """
    definition = opdef.get(record.op)
    if all(t is None for t in tangents) or isinstance(definition.vjp, Nondifferentiable):
        return [None] * len(record.outputs)
    needs = tuple(t is not None for t in tangents)
    application = Application(record, needs)
    if definition.jvp is not None:
        full = [t if t is not None or not carries_gradient(v) else b.zeros_like(v)
                for t, v in zip(tangents, record.inputs, strict=True)]  # fmt: skip
        try:
            return list(definition.jvp(b, application, *full))
        except UnknownRankError:  # the reverse rule can wait for the rank, and so can its transpose
            if getattr(b, "trace_linear", None) is None:
                raise
    return _transpose_twice(b, record, needs, tangents)


def _transpose_twice(b: Builder, record: Record, needs: tuple[bool, ...], tangents: Sequence[Any]) -> list[Any]:
    tracer = getattr(b, "trace_linear", None)
    if tracer is None:
        raise LookupError(f"{record.op} has no forward-mode rule.")
    received = (True,) * len(record.outputs)
    outputs = [v for v in record.outputs if carries_gradient(v)]

    def linear(*cotangents: Any) -> list[Any]:
        supply = iter(cotangents)
        full = [next(supply) if carries_gradient(v) else None for v in record.outputs]
        return list(pull_back(b, record, needs, received, full))

    found = iter(tracer(linear, outputs, tangents))
    return [next(found) if carries_gradient(v) else None for v in record.outputs]
