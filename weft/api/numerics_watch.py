"""`tf.debugging.enable_check_numerics`: every op's result is looked at, when eager and in what is traced meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base.errors import InvalidArgumentError, explain
from weft.base.sources import user_line
from weft.ops import opdef
from weft.ops.opdef import OpDef
from weft.runtime import dispatch
from weft.runtime.tensor import SymbolicTensor

#: ops that only hand on what they are given, or choose among it: what is not finite there was so before
_HAND_ON = frozenset("""
    broadcast_to broadcast_to_dynamic check_numerics concat constant custom_gradient ensure_shape expand_dims
    gather gather_nd identity maximum minimum pad pad_dynamic reshape reshape_dynamic reverse roll
    slice split squeeze stack stop_gradient strided_slice tile tile_dynamic transpose unstack
""".split())  # fmt: skip


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, an op whose result has a NaN or an infinity raises, when eager and in functions traced from here on.

    Args:
        stack_height_limit: Accepted; the error names the line that applied the op.
        path_length_limit: Accepted.

    Example:
        >>> import weft as tf
        >>> tf.debugging.enable_check_numerics()
        >>> root = tf.function(lambda x: tf.sqrt(x))
        >>> try:
        ...     root(tf.constant(-1.0))
        ... except tf.errors.InvalidArgumentError as error:
        ...     print("sqrt" in str(error))
        True
        >>> tf.debugging.disable_check_numerics()
    """
    dispatch.check_results, dispatch.check_traced = _check, _checked


def disable_check_numerics() -> None:
    """Undoes `enable_check_numerics`; functions that were traced meanwhile keep their checks."""
    dispatch.check_results = dispatch.check_traced = None


def _check(record: OpDef, results: Sequence[Any]) -> None:
    if record.name in _HAND_ON:
        return
    for result in results:
        array = np.asarray(result) if not hasattr(result, "read") else None
        if array is None or array.dtype.kind not in "fcV":
            continue
        finite = np.isfinite(array.astype(np.float32) if array.dtype.itemsize == 2 else array)
        if not finite.all():
            kind = "NaN" if np.isnan(np.asarray(array[~finite], np.complex128)).any() else "Inf"
            raise InvalidArgumentError(explain(f"{record.name} gave {kind}.", received=f"{array.dtype}{array.shape}",
                                               hint="look at the operands of this line"))  # fmt: skip


def _checked(record: OpDef, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    if record.name in _HAND_ON or record.higher_order:
        return outputs
    message = f"{record.name} at {user_line()}"
    check = opdef.get("check_numerics")
    return tuple(
        dispatch.apply(check, (output,), {"message": message})[0]
        if isinstance(output, SymbolicTensor) and (output.dtype.is_floating or output.dtype.is_complex) else output
        for output in outputs
    )  # fmt: skip
