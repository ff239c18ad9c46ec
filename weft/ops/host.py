"""What happens on the host: Python functions, printing, and checks that raise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, Case, Effect, OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dtypes import DType


class Feature(NamedTuple):
    """A feature that examples hold.

    Attributes:
        key: Its name.
        dtype: string, float32 or int64.
        shape: Of one example's.
        default: What stands in for it, `shape`; None where it must be there.
        fixed: Whether it has exactly that shape.
    """

    key: str
    dtype: DType
    shape: tuple[int, ...]
    default: Any
    fixed: bool


class Form(NamedTuple):
    """What a Python function of ours does, for who can do it in another way: its attribute `form`. It has no effects.

    Attributes:
        name: What it does.
        features: What it takes out of examples.
        together: The function of many elements along a first axis, where it is one of a single element.
    """

    name: str
    features: tuple[Feature, ...] = ()
    together: Callable[..., Any] | None = None


_ANY = (*dtypes.ALL, dtypes.variant, dtypes.resource)


def _python_call(
    *arrays: Any, function: Callable[..., Any], types: tuple[TensorType, ...], **_: Any
) -> tuple[Any, ...]:
    results = function(*arrays)
    if len(results) != len(types):
        raise ValueError(f"the Python function returned {len(results)} values, {len(types)} were declared")
    return tuple(np.asarray(r, dtype=t.dtype.numpy) for r, t in zip(results, types, strict=True))


def _python_vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    gradient = node.attrs["gradient"]
    if gradient is None:  # numpy_function has none; py_function has, because its body runs under a tape
        return [None] * len(node.inputs)
    return gradient(b, node, cts)  # type: ignore[no-any-return]


def _add_up(*arrays: Any) -> list[Any]:
    return [sum(arrays)]


def _discard(*arrays: Any) -> None:
    """What the test cases print to."""


register(
    OpDef(
        name="py_function",
        inputs=("*inputs",),
        attrs={"function": REQUIRED, "types": REQUIRED, "gradient": None},
        spec=lambda *inputs, function, types, gradient: tuple(types),
        reference=_python_call,
        dtypes=(_ANY,),
        same=(),
        vjp=_python_vjp,
        grad_order=1,
        reason="the gradient asks the tape under which the Python function ran, on the host",
        effect=Effect.HOST,
        outputs=None,
        cases=(Case(((2, 3), (3,)), {"function": _add_up, "types": (TensorType((2, 3), dtypes.float32),)},
                    dtypes=(dtypes.float32,)),),
        doc="Calls a Python function with arrays; its results must have the declared types.",
    )
)


register(
    OpDef(
        name="no_op",
        inputs=(),
        spec=lambda: (),
        reference=lambda: (),
        dtypes=(),
        vjp=nondifferentiable("it computes nothing"),
        effect=Effect.CHECK,
        outputs=(),
        cases=(case(),),
        doc="Does nothing; others wait for it, or it for others.",
    )
)


def _print(*arrays: Any, write: Callable[..., None]) -> tuple[Any, ...]:
    write(*arrays)
    return ()


register(
    OpDef(
        name="print",
        inputs=("*inputs",),
        attrs={"write": REQUIRED},
        spec=lambda *inputs, write: (),
        reference=_print,
        dtypes=(_ANY,),
        same=(),
        vjp=nondifferentiable("it only prints"),
        effect=Effect.HOST,
        outputs=(),
        cases=(Case(((2, 3), ()), {"write": _discard}),),
        doc="Hands arrays to a function that prints them.",
    )
)


def _assert(condition: Any, *data: Any, message: str) -> tuple[Any, ...]:
    if not np.all(condition):
        received = [repr(array if array.size <= 20 else array.ravel()[:20]) for array in data]
        raise InvalidArgumentError(explain(message or "assertion failed", received=received))
    return ()


register(
    OpDef(
        name="assert",
        inputs=("condition", "*data"),
        attrs={"message": ""},
        spec=lambda condition, *data, message: (),
        reference=_assert,
        dtypes=((dtypes.bool_,), _ANY),
        same=(),
        vjp=nondifferentiable("it only checks"),
        effect=Effect.CHECK,
        outputs=(),
        cases=(case(np.array([True, True]), (2, 3), message="never"), case(np.array(True))),
        doc="Raises InvalidArgumentError with the data unless every element of the condition is true.",
    )
)


def _check_numerics(x: Any, message: str) -> Any:
    finite = np.isfinite(x.astype(np.float32) if x.dtype.itemsize == 2 else x)
    if not finite.all():
        position = tuple(int(i) for i in np.argwhere(~finite)[0])
        kind = "NaN" if np.isnan(np.asarray(x[position], np.complex128)) else "Inf"
        raise InvalidArgumentError(
            explain(f"{message or 'check_numerics'}: tensor has {kind} at {position} "
                    f"({int((~finite).sum())} of {x.size} elements are not finite).")  # fmt: skip
        )
    return x


def _check_spec(x: TensorType, *, message: str) -> TensorType:
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise SpecError(f"`x` must be a float tensor, received {x.dtype.name}", dtype=True)
    return x


register(
    OpDef(
        name="check_numerics",
        inputs=("x",),
        attrs={"message": ""},
        spec=_check_spec,
        reference=_check_numerics,
        dtypes=(dtypes.FLOATS + dtypes.COMPLEX,),
        vjp=lambda b, node, ct: (b.check_numerics(ct, message=f"gradient of {node.attrs['message']}"),),
        effect=Effect.CHECK,
        cases=(case((2, 3), message="x"), case(())),
        doc="The same value; raises InvalidArgumentError where an element is NaN or infinite.",
    )
)


def write_text(text: str, stream: str = "stderr") -> None:
    """Prints a line to the stream of that name as it is now (a notebook or a test may have replaced it)."""
    print(text, file=getattr(sys, stream), flush=True)
