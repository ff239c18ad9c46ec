"""What the function of a `tf.map_fn` gives, beside what was announced."""

from __future__ import annotations

import pprint
from typing import Any

from weft.api import array
from weft.base import dtypes, nest
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor
from weft.runtime.composite import CompositeTensor


def as_announced(result: Any, signature: Any, late: dict[int, InvalidArgumentError] | None = None) -> Any:
    """What a function of `map_fn` gave for a row, where it has the structure, dtypes and shapes that were announced.

    Args:
        result: What it gave.
        signature: What was announced.
        late: Where a dtype may be another one as long as nobody asks for that result, as in graphs of TensorFlow 1:
            takes the errors, by the number of the result.

    Raises:
        ValueError: Where the structure is another one, or the shape of a result.
        TypeError: Where a list stands for a tuple, or the like.
        InvalidArgumentError: Where a dtype is another one.
    """
    hint = "say what the function gives: fn_output_signature=tf.float32, a tf.TensorSpec, or such in its structure"
    try:
        nest.assert_same(signature, result)
    except (TypeError, ValueError) as error:
        raise type(error)(explain("tf.map_fn: the function's result has another structure than `elems`, or than "
                                  "`fn_output_signature` where that is given.", expected=repr(signature),
                                  received=pprint.pformat(result), hint=hint)) from None  # fmt: skip

    numbers = iter(range(len(nest.flatten(signature))))

    def checked(spec: Any, value: Any) -> Any:
        number = next(numbers)
        if isinstance(value, CompositeTensor):
            return value
        is_spec = hasattr(spec, "shape") and not isinstance(spec, type)  # numpy's types have the attributes, too
        wanted = dtypes.as_dtype(spec.dtype if is_spec else spec)
        tensor = frontdoor.convert(value, hint=wanted)
        if tensor.dtype != wanted:
            error = InvalidArgumentError(explain(
                f"tf.map_fn: the function gives {tensor.dtype.name}, and {wanted.name} was announced "
                "(by the dtype of `elems` where `fn_output_signature` is not given).",
                received=str(tensor.type), hint=f"give fn_output_signature=tf.{tensor.dtype.name}, or cast",
            ))  # fmt: skip
            if late is None:
                raise error
            late[number] = error
            return array.zeros(array.shape(tensor), wanted)
        if is_spec and not spec.shape.is_compatible_with(tensor.shape):
            raise ValueError(explain("tf.map_fn: the function's result has another shape than was announced.",
                                     expected=str(spec), received=str(tensor.type)))  # fmt: skip
        return tensor

    return nest.map_structure(checked, signature, result)
