"""`tf.debugging`: checks of values, shapes, ranks and dtypes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from weft.api import array, math
from weft.api.common import apply, cast_to
from weft.base import dtypes, sources
from weft.base.errors import InvalidArgumentError, explain
from weft.ops import opdef
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.tensor import EagerTensor

_settings = {"placement": False}


def _holds(condition: Any, message: str | None, problem: str) -> Any:
    """Refuses a bool that is not true, at once or when the graph runs."""
    whole = math.reduce_all(condition)
    text = f"{message + ': ' if message else ''}{problem}"
    if isinstance(whole, EagerTensor):
        if not bool(whole._array):
            raise InvalidArgumentError(explain(text))
        return None
    return apply("assert", whole, message=text)


def Assert(condition: Any, data: Any, summarize: Any = None, name: str | None = None) -> Any:
    """Raises InvalidArgumentError with the data unless every element of the condition is true."""
    test = frontdoor.convert(condition)
    values = [frontdoor.convert(d) for d in (data if isinstance(data, (list, tuple)) else [data])]
    results = dispatch.apply(opdef.get("assert"), [test, *values], {"message": "assertion failed"}, name)
    return results[0] if results else None


def _comparison(op: str, words: str) -> Any:
    def function(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> Any:
        a, b = frontdoor.together(x, y, f"assert_{op}")
        test = dispatch.call(op, a, b)
        holds = dispatch.call("reduce_all", test, axis=tuple(np.arange(test.shape.rank).tolist()))
        text = f"{message + ': ' if message else ''}x {words} y does not hold for every element"
        results = dispatch.apply(opdef.get("assert"), [holds, a, b], {"message": text}, name)
        return results[0] if results and not context.executing_eagerly() else None

    function.__name__ = function.__qualname__ = f"assert_{op}"
    return function


assert_equal = _comparison("equal", "==")
_assert_none_equal = _comparison("not_equal", "!=")
assert_less = _comparison("less", "<")
assert_less_equal = _comparison("less_equal", "<=")
assert_greater = _comparison("greater", ">")
assert_greater_equal = _comparison("greater_equal", ">=")


def assert_none_equal(x: Any, y: Any, summarize: Any = None, message: str | None = None,
                      name: str | None = None) -> Any:  # fmt: skip
    """Raises where an element is equal to its partner."""
    return _assert_none_equal(x, y, message, summarize, name)


def assert_positive(x: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> Any:
    """Raises unless every element is above 0."""
    return assert_greater(x, 0, message, summarize, name)


def assert_non_negative(x: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> Any:
    """Raises where an element is below 0."""
    return assert_greater_equal(x, 0, message, summarize, name)


def assert_rank(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the tensor has the rank."""
    found = frontdoor.convert(x).shape.rank
    if found is not None and found != rank:
        raise ValueError(explain(f"{message or 'assert_rank'}: the tensor has rank {found}, expected {rank}."))


def assert_shapes(shapes: Any, data: Any = None, summarize: Any = None, message: str | None = None,
                  name: str | None = None) -> None:  # fmt: skip
    """Raises unless tensors have shapes in which equal letters stand for equal sizes.

    Args:
        shapes: A dict, or pairs, of a tensor and its sizes: numbers, letters, and None or `"."` for any size; `"..."`
            or `"*"` in front stands for any further axes.
        data: Accepted.
        summarize: Accepted.
        message: What the error says first.
        name: Accepted.

    Raises:
        ValueError: For another rank.
        InvalidArgumentError: For another size; when it runs, where the size is known only then.

    Example:
        >>> import weft as tf
        >>> tf.debugging.assert_shapes([(tf.zeros([2, 3]), ("rows", None)), (tf.zeros([5, 2]), ("...", "rows"))])
    """
    shape_checks(shapes, message)


def shape_checks(shapes: Any, message: str | None) -> list[Any]:
    """What `assert_shapes` asks; the checks that are left for when it runs."""
    checks: list[Any] = []
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    sizes: dict[Any, Any] = {}
    for x, form in pairs:
        tensor = frontdoor.convert(x)
        problem = f"{message or 'assert_shapes'}: shape {tensor.shape} does not fit {form}."
        given = tuple(form) if isinstance(form, (tuple, list, str)) or hasattr(form, "__iter__") else (form,)
        outer = bool(given) and given[0] in ("...", "*", ...)
        given = given[outer:]
        rank = tensor.shape.rank
        if rank is not None and (rank < len(given) if outer else rank != len(given)):
            raise ValueError(explain(problem))
        for place, letter in enumerate(given, -len(given)):
            if letter is None or letter == ".":
                continue
            size = None if rank is None else tensor.shape[place]
            size = dispatch.call("shape", tensor)[place] if size is None else size
            expected = letter if isinstance(letter, int) else sizes.setdefault(letter, size)
            if isinstance(size, int) and isinstance(expected, int):
                if size != expected:
                    raise InvalidArgumentError(explain(problem))
            elif size is not expected:
                checks.append(assert_equal(size, expected, message=problem))
    return checks


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """The same tensor; raises InvalidArgumentError where an element is NaN or infinite."""
    return apply("check_numerics", tensor, message=message, name=name)


def assert_negative(x: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> Any:
    """Raises unless every element is below 0."""
    return _holds(math.less(frontdoor.convert(x), 0), message, "Condition x < 0 did not hold element-wise.")


def assert_non_positive(x: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> Any:
    """Raises unless no element is above 0."""
    return _holds(math.less_equal(frontdoor.convert(x), 0), message, "Condition x <= 0 did not hold element-wise.")


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, summarize: Any = None,
                name: str | None = None) -> Any:  # fmt: skip
    """Raises unless |x - y| <= atol + rtol |y| everywhere; ten times the dtype's precision where they are None."""
    a, b = frontdoor.together(x, y, "assert_near")
    least = 10 * float(np.finfo(a.dtype.numpy).eps) if a.dtype.is_floating or a.dtype.is_complex else 0
    relative, absolute = (least if given is None else given for given in (rtol, atol))
    limit = math.add(math.multiply(math.abs(b), cast_to(relative, math.abs(b).dtype)),
                     cast_to(absolute, math.abs(b).dtype))  # fmt: skip
    return _holds(math.less_equal(math.abs(a - b), limit), message, "x and y not equal to tolerance")


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """The same tensor; raises where an element is NaN or infinite."""
    return apply("check_numerics", x, message=message, name=name)


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the dtype is one of integers."""
    tensor = frontdoor.convert(x)
    if not tensor.dtype.is_integer:
        raise TypeError(f"{message or ''}Expected \"x\" to be integer type.  Found: {tensor.dtype!r}")


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the tensor, dense or not, has a dtype."""
    whole: Any = tensor if isinstance(tensor, CompositeTensor) else frontdoor.convert(tensor)
    found = whole.dtype
    if found != dtypes.as_dtype(tf_type):
        raise TypeError(f"{message or ''}tensor must be of type {dtypes.as_dtype(tf_type)!r}; got {found!r}")


def _rank_of(x: Any) -> int | None:
    found: int | None = frontdoor.convert(x).shape.rank
    return found


def assert_rank_at_least(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the tensor has at least so many axes."""
    found = _rank_of(x)
    if found is not None and found < rank:
        raise ValueError(f"{message or ''}: Tensor must have rank at least {rank}.  Received rank {found}")


def assert_rank_in(x: Any, ranks: Iterable[int], message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the tensor has one of some numbers of axes."""
    found, wanted = _rank_of(x), tuple(int(r) for r in ranks)
    if found is not None and found not in wanted:
        raise ValueError(f"{message or ''}: Tensor must have rank in {wanted}.  Received rank {found}")


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the tensor has no axes."""
    found = frontdoor.convert(tensor)
    if found.shape.rank not in (0, None):
        raise ValueError(f"{message or ''}Expected scalar shape, saw shape: {found.shape}.")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one float dtype of tensors; raises ValueError where they differ or it is none of floats."""
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    for tensor in tensors or ():
        if tensor is None:
            continue
        found = frontdoor.convert(tensor).dtype
        if wanted is not None and found is not wanted:
            raise ValueError(f"Expected {wanted.name}, got {found.name}.")
        wanted = found
    wanted = wanted or dtypes.float32
    if not wanted.is_floating:
        raise ValueError(f"Expected floating point type, got {wanted.name}.")
    return wanted


def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError for what is no list of values: tensors, arrays, text."""
    if isinstance(values, (str, bytes, np.ndarray)) or frontdoor.is_tensor_like(values):
        raise TypeError(f"Expected argument \"values\" to be a \"proper\" iterable.  Found: {type(values)}")
    if not hasattr(values, "__iter__"):
        raise TypeError(f"Expected argument \"values\" to be iterable.  Found: {type(values)}")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether a value is a tensor of numbers."""
    if not array.is_tensor(tensor):
        return False
    return bool(tensor.dtype.is_integer or tensor.dtype.is_floating or tensor.dtype.is_complex)


def enable_traceback_filtering() -> None:
    """Leaves this library's own frames out of tracebacks (the default)."""
    sources.filter_tracebacks(True)


def disable_traceback_filtering() -> None:
    """Shows tracebacks in full."""
    sources.filter_tracebacks(False)


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out this library's own frames.

    Example:
        >>> import weft as tf
        >>> tf.debugging.is_traceback_filtering_enabled()
        True
    """
    return sources.filters_tracebacks()


def set_log_device_placement(enabled: bool) -> None:
    """Accepted: everything runs on one device, which `tf.config.list_physical_devices` shows."""
    _settings["placement"] = bool(enabled)


def get_log_device_placement() -> bool:
    """What `set_log_device_placement` was told."""
    return _settings["placement"]
