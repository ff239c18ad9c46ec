"""Helpers that TensorFlow kept to itself and that packages built on version 1 import all the same.

Each is reached by the path it had there alone (`weft.compat.old_paths`), never as a public name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.base.errors import explain
from weft.compat.v1.contrib.util import constant_value as constant_value
from weft.compat.v1.layer_base import static_bool
from weft.runtime import frontdoor, session

# tensorflow.python.util ----------------------------------------------------------------------------------------------

def deprecated(*described: Any, **more: Any) -> Callable[[Any], Any]:
    """A decorator that leaves a function as it is: packages mark their own old names with it."""
    return lambda function: function


deprecated_args = deprecated_arg_values = deprecated_alias = deprecated


# tensorflow.python.layers.utils --------------------------------------------------------------------------------------


def convert_data_format(data_format: str, ndim: int) -> str:
    """`channels_last` or `channels_first` as TensorFlow's letters, such as `NHWC`.

    Raises:
        ValueError: For another format, or fewer than three or more than five axes.
    """
    letters = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if letters is None:
        raise ValueError(explain("convert_data_format: images have 3 to 5 axes.", received=str(ndim)))
    if data_format == "channels_last":
        return f"N{letters}C"
    if data_format == "channels_first":
        return f"NC{letters}"
    raise ValueError(explain("convert_data_format: no such format.", expected="channels_last or channels_first",
                             received=repr(data_format)))  # fmt: skip


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """One number for each of `n` axes.

    Raises:
        ValueError: For another number of them, or what is no integer.
    """
    if isinstance(value, int):
        return (value,) * n
    try:
        found = tuple(int(item) for item in value)
    except (TypeError, ValueError):
        found = ()
    if len(found) != n:
        raise ValueError(f"The `{name}` argument must be a tuple of {n} integers. Received: {value}")
    return found


def normalize_padding(padding: str) -> str:
    """`valid` or `same`, in small letters."""
    if padding.lower() not in ("valid", "same"):
        raise ValueError(f'The `padding` argument must be one of "valid", "same". Received: {padding}')
    return padding.lower()


def conv_output_length(input_length: int | None, filter_size: int, padding: str, stride: int,
                       dilation: int = 1) -> int | None:  # fmt: skip
    """How long an axis is after a convolution; None where it is not known before.

    Raises:
        ValueError: For another padding.
    """
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
    added = {"same": 0, "causal": 0, "valid": -reach, "full": reach}.get(padding)
    if added is None:
        raise ValueError(f"Unknown padding: {padding} [same, valid, full, causal]")
    return (input_length + added + stride - 1) // stride


def smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, fn1: Any = None, fn2: Any = None,
               name: str | None = None) -> Any:  # fmt: skip
    """One branch where the predicate is known without running, else both under a `tf.cond`.

    Args:
        pred: A Python bool, or a scalar tensor.
        true_fn: What is called where it holds.
        false_fn: Otherwise.
        fn1: An older name of `true_fn`.
        fn2: An older name of `false_fn`.
        name: The name scope of the `cond`.

    Returns:
        The branch's results.
    """
    from weft.compat.v1.flow import cond

    yes, no = true_fn or fn1, false_fn or fn2
    known = static_bool(pred)
    if known is None:
        return cond(pred, true_fn=yes, false_fn=no, name=name)
    return yes() if known else no()


smart_constant_value = static_bool

# tensorflow.python.ops -----------------------------------------------------------------------------------------------


def concat_sizes(prefix: Any, suffix: Any, static: bool = False) -> Any:
    """The sizes of one shape and then those of another, as cells and loops of packages put shapes together.

    Args:
        prefix: A size, sizes, or a tensor of either.
        suffix: Likewise.
        static: Whether a list of what is known is wanted (None for what is not); else a tensor.
    """
    parts = [[part] if isinstance(part, int) else part for part in (prefix, suffix)]
    if static:
        known = [constant_value(part) if frontdoor.is_tensor_like(part) else part for part in parts]
        return [size for part in known for size in weft.TensorShape([None] if part is None else part).as_list()]
    sizes = [weft.reshape(weft.cast(part if frontdoor.is_tensor_like(part) else
                                    weft.TensorShape(part).as_list(), weft.int32), [-1])
             for part in parts]  # fmt: skip
    return weft.concat(sizes, 0)


def like_rnncell(cell: Any) -> bool:
    """Whether an object has what recurrent networks ask a cell for."""
    return callable(cell) and all(hasattr(cell, name) for name in ("output_size", "state_size", "zero_state"))


def register_session_run_conversion_functions(tensor_type: type, fetch_function: Any, feed_function: Any = None,
                                              feed_function_for_partial_run: Any = None) -> None:  # fmt: skip
    """Makes objects of a class things that `Session.run` takes.

    Args:
        tensor_type: The class.
        fetch_function: From such an object to a list of what is fetched for it, and a function from a list of those
            values to the object's value.
        feed_function: From such an object and what it is fed to a list of pairs of tensors and values.
        feed_function_for_partial_run: From such an object to a list of the tensors that are fed.

    Raises:
        ValueError: For a class that is known already.
    """
    session.register_conversion(tensor_type, fetch_function, feed_function)
