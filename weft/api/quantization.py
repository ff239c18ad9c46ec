"""`tf.quantization`: numbers rounded as narrow integers would hold them, and kept as such integers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import cast_to
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor
from weft.runtime.custom_gradient import custom_gradient


class _Grid(NamedTuple):
    """The numbers that so many bits give between two limits, moved so that 0 is one of them."""

    low: Any
    high: Any
    step: Any
    zero: Any  # which of them 0 is
    nothing: Any  # whether both limits are 0: everything is 0 then


def _grid(low: Any, high: Any, bits: int, narrow: bool, said: str) -> _Grid:
    if not 2 <= bits <= 16:
        raise InvalidArgumentError(explain(f"{said}: num_bits must be between 2 and 16.", received=str(bits)))
    least, most = float(narrow), float(2**bits - 1)
    step = (high - low) / (most - least)
    zero = least - low / step
    moved = array.where(zero < least, least, array.where(zero > most, most, math.floor(zero + 0.5)))
    nothing = math.logical_and(math.equal(low, 0.0), math.equal(high, 0.0))
    return _Grid((least - moved) * step, (most - moved) * step, step, moved - least, nothing)


def _on_grid(x: Any, grid: _Grid) -> Any:
    clipped = math.clip_by_value(x, grid.low, grid.high)
    rounded = (math.floor((clipped - grid.low) / grid.step + 0.5) - grid.zero) * grid.step
    return array.where(grid.nothing, array.zeros_like(x), rounded)


def _flow(ct: Any, x: Any, grid: _Grid, axes: Any) -> tuple[Any, Any, Any]:
    """What flows back to the numbers and to both limits; what lies outside belongs to the limit that it is beyond."""
    nothing, none = grid.nothing, array.zeros_like(ct)
    below, above = math.less(x, grid.low), math.greater(x, grid.high)
    inside = math.logical_not(math.logical_or(below, above))
    inner = array.where(math.logical_or(inside, nothing), ct, none)
    low, high = (
        math.reduce_sum(array.where(math.logical_and(beyond, math.logical_not(nothing)), ct, none), axes)
        for beyond in (below, above)
    )
    return inner, low, high


def _fake_quant(inputs: Any, low: Any, high: Any, bits: int, narrow: bool, said: str, axes: Any) -> Any:
    bits = int(bits)

    @custom_gradient
    def function(x: Any, low: Any, high: Any) -> Any:
        def back(ct: Any) -> Any:
            return _flow(ct, x, _grid(low, high, bits, narrow, said), axes(x))

        return _on_grid(x, _grid(low, high, bits, narrow, said)), back

    return function(*(cast_to(value, dtypes.float32) for value in (inputs, low, high)))


def _all(x: Any) -> None:
    return None


def _but_the_last(x: Any) -> Any:
    return array.range(array.rank(x) - 1) if x.shape.rank is None else list(range(x.shape.rank - 1))


def fake_quant_with_min_max_args(inputs: Any, min: float = -6, max: float = 6, num_bits: int = 8,
                                 narrow_range: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Numbers as `num_bits` bits between two limits would keep them.

    Args:
        inputs: float32.
        min: The least number; the limits are moved a little so that 0 is kept exactly.
        max: The greatest.
        num_bits: 2 to 16.
        narrow_range: Whether the least integer is left out.
        name: The node's name.

    Returns:
        float32 of the shape of `inputs`; its gradient passes where they lie between the limits.

    Example:
        >>> import weft as tf
        >>> tf.quantization.fake_quant_with_min_max_args([0.2, 1.4, 9.0], 0, 3, num_bits=2).numpy().tolist()
        [0.0, 1.0, 3.0]
    """
    _check_limits(min, max, "fake_quant_with_min_max_args")
    return _fake_quant(inputs, min, max, num_bits, narrow_range, "fake_quant_with_min_max_args", _all)


def _check_limits(low: Any, high: Any, said: str) -> None:
    if not low < high:
        raise InvalidArgumentError(explain(f"{said}: min must be smaller than max.", received=f"{low} and {high}"))


def fake_quant_with_min_max_args_gradient(gradients: Any, inputs: Any, min: float = -6, max: float = 6,
                                          num_bits: int = 8, narrow_range: bool = False,
                                          name: str | None = None) -> Any:  # fmt: skip
    """What flows back through `fake_quant_with_min_max_args`."""
    said = "fake_quant_with_min_max_args_gradient"
    _check_limits(min, max, said)
    grid = _grid(array.constant(float(min)), array.constant(float(max)), num_bits, narrow_range, said)
    return _flow(cast_to(gradients, dtypes.float32), cast_to(inputs, dtypes.float32), grid, None)[0]


def fake_quant_with_min_max_vars(inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False,
                                 name: str | None = None) -> Any:  # fmt: skip
    """As `fake_quant_with_min_max_args` with limits that are scalar tensors, to which gradients flow."""
    return _fake_quant(inputs, min, max, num_bits, narrow_range, "fake_quant_with_min_max_vars", _all)


class FakeQuantGradient(NamedTuple):
    """What flows back to the numbers and their limits."""

    backprops_wrt_input: Any
    backprop_wrt_min: Any
    backprop_wrt_max: Any


def _gradient(gradients: Any, inputs: Any, low: Any, high: Any, bits: int, narrow: bool, said: str,
              axes: Any) -> FakeQuantGradient:  # fmt: skip
    ct, x, low, high = (cast_to(value, dtypes.float32) for value in (gradients, inputs, low, high))
    return FakeQuantGradient(*_flow(ct, x, _grid(low, high, bits, narrow, said), axes(x)))


def fake_quant_with_min_max_vars_gradient(gradients: Any, inputs: Any, min: Any, max: Any, num_bits: int = 8,
                                          narrow_range: bool = False,
                                          name: str | None = None) -> FakeQuantGradient:  # fmt: skip
    """What flows back through `fake_quant_with_min_max_vars`."""
    return _gradient(gradients, inputs, min, max, num_bits, narrow_range, "fake_quant_with_min_max_vars_gradient", _all)


def fake_quant_with_min_max_vars_per_channel(inputs: Any, min: Any, max: Any, num_bits: int = 8,
                                             narrow_range: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """As `fake_quant_with_min_max_vars` with limits `[channels]` for the last axis."""
    said = "fake_quant_with_min_max_vars_per_channel"
    return _fake_quant(inputs, min, max, num_bits, narrow_range, said, _but_the_last)


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any, inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False,
    name: str | None = None,
) -> FakeQuantGradient:  # fmt: skip
    """What flows back through `fake_quant_with_min_max_vars_per_channel`."""
    said = "fake_quant_with_min_max_vars_per_channel_gradient"
    return _gradient(gradients, inputs, min, max, num_bits, narrow_range, said, _but_the_last)


# There and back -----------------------------------------------------------------------------------------------------


def _whole_numbers(signed: bool, bits: int, narrow: bool) -> tuple[int, int]:
    """The least and the greatest integer of so many bits."""
    if not signed:
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)) + int(narrow), 2 ** (bits - 1) - 1


def _scale(low: Any, high: Any, least: int, most: int) -> tuple[Any, Any, Any, Any]:
    """How many integers a unit is, its inverse, and the limits that this gives: the wider side decides."""
    huge = float(np.finfo(low.dtype.numpy).max)
    by_low = array.where(least * low > 0, least / low, huge)
    by_high = array.where(most * high > 0, most / high, huge)
    first = by_low < by_high
    inverse = array.where(first, low / least if least else array.zeros_like(low), high / most)
    return (array.where(first, by_low, by_high), inverse, array.where(first, low, least * inverse),
            array.where(first, most * inverse, high))  # fmt: skip


_ROUNDING = {"HALF_TO_EVEN": math.round, "HALF_UP": lambda x: math.floor(x + 0.5)}


def _along(limit: Any, x: Any, axis: int | None) -> Any:
    """Limits laid along an axis."""
    if axis is None:
        return limit
    shape = [1] * x.shape.rank
    shape[axis] = -1
    return array.reshape(limit, shape)


def _there_and_back(x: Any, low: Any, high: Any, signed: bool, bits: int, given: bool, mode: str, narrow: bool,
                    axis: int | None) -> Any:  # fmt: skip
    if not given:
        others = None if axis is None else [a for a in range(x.shape.rank) if a != axis % x.shape.rank]
        low, high = math.reduce_min(x, others), math.reduce_max(x, others)
    least, most = _whole_numbers(signed, bits, narrow)
    scale, inverse, low, high = (_along(v, x, axis) for v in _scale(low, high, least, most))
    inside = math.minimum(math.maximum(x, low), high) if given else x
    return _ROUNDING[mode](inside * scale) * inverse


def quantize_and_dequantize_v2(input: Any, input_min: Any, input_max: Any, signed_input: bool = True,
                               num_bits: int = 8, range_given: bool = False, round_mode: str = "HALF_TO_EVEN",
                               name: str | None = None, narrow_range: bool = False,
                               axis: int | None = None) -> Any:  # fmt: skip
    """Numbers rounded to integers of so many bits and taken back.

    Args:
        input: Floats.
        input_min: The least number, for `range_given`; `[sizes along axis]` with an axis.
        input_max: The greatest.
        signed_input: Whether the integers are signed.
        num_bits: How many bits they have.
        range_given: Whether the limits count; else those of the numbers themselves do.
        round_mode: 'HALF_TO_EVEN' or 'HALF_UP'.
        name: The node's name.
        narrow_range: Whether the least integer is left out.
        axis: The axis along which limits differ.

    Returns:
        Floats of the shape of `input`; the gradient passes between the limits.
    """
    if round_mode not in _ROUNDING:
        raise InvalidArgumentError(explain("quantize_and_dequantize_v2: no such round_mode.", received=repr(round_mode),
                                           expected="'HALF_TO_EVEN' or 'HALF_UP'"))  # fmt: skip
    axis = None if axis in (None, -1) else int(axis)  # type: ignore[arg-type]

    @custom_gradient
    def function(x: Any, low: Any, high: Any) -> Any:
        def back(ct: Any) -> Any:
            first, last = _along(low, x, axis), _along(high, x, axis)
            inside = math.logical_and(math.greater_equal(x, first), math.less_equal(x, last))
            return array.where(inside, ct, array.zeros_like(ct)), array.zeros_like(low), array.zeros_like(high)

        return _there_and_back(x, low, high, signed_input, num_bits, range_given, round_mode, narrow_range, axis), back

    x = frontdoor.convert(input)
    return function(x, cast_to(input_min, x.dtype), cast_to(input_max, x.dtype))


def quantize_and_dequantize(input: Any, input_min: Any, input_max: Any, signed_input: bool = True, num_bits: int = 8,
                            range_given: bool = False, round_mode: str = "HALF_TO_EVEN", name: str | None = None,
                            narrow_range: bool = False, axis: int | None = None) -> Any:  # fmt: skip
    """As `quantize_and_dequantize_v2`, with a gradient that passes everywhere."""

    @custom_gradient
    def function(x: Any) -> Any:
        made = quantize_and_dequantize_v2(x, input_min, input_max, signed_input, num_bits, range_given, round_mode,
                                          name, narrow_range, axis)  # fmt: skip
        return made, lambda ct: ct

    return function(frontdoor.convert(input))
