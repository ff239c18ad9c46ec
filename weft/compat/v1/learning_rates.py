"""Learning rates that fall with the number of steps, as tensors of a graph; when eager, as functions that give them."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import weft
from weft.base.errors import explain
from weft.compat.v1 import making
from weft.compat.v1.flow import case
from weft.compat.v1.naming import count, in_graph
from weft.runtime import frontdoor
from weft.runtime.scopes import Unit


def _schedule(default_name: str, place: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a decay its name scope (the result is called after it, or stands at a place inside it), and makes it a
    function of the present step when eager."""

    def decorate(decay: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(decay)

        @functools.wraps(decay)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = named.bind(*args, **kwargs).arguments
            name, rate, step = given.pop("name", None), given.pop("learning_rate"), given.pop("global_step")
            if step is None:
                raise ValueError(explain(f"{decay.__name__} needs a `global_step`.",
                                         hint="pass the variable that minimize(global_step=...) counts"))  # fmt: skip
            if not in_graph():
                return lambda: decay(making.convert_to_tensor(rate), step, **given)
            with Unit(name or default_name) as unit:
                first = making.convert_to_tensor(rate, name="initial_learning_rate")
                return unit.call(decay(first, step, **given), place)

        last = inspect.Parameter("name", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        named = signature.replace(parameters=[*signature.parameters.values(), last])
        call.__signature__ = named  # type: ignore[attr-defined]
        return call

    return decorate


def _like(rate: Any, value: Any) -> Any:
    """A setting as a tensor of the rate's dtype."""
    tensor = making.convert_to_tensor(value) if frontdoor.is_tensor_like(value) else frontdoor.convert(value)
    return weft.cast(tensor, rate.dtype)


@_schedule("ExponentialDecay")
def exponential_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                      staircase: bool = False) -> Any:  # fmt: skip
    """rate · decay_rate^(step / decay_steps); with `staircase` the exponent is rounded down.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     float(session.run(tf.train.exponential_decay(1.0, 20, 10, 0.5)))
        0.25
    """
    power = _like(learning_rate, global_step) / _like(learning_rate, decay_steps)
    power = weft.floor(power) if staircase else power
    return weft.multiply(learning_rate, weft.pow(_like(learning_rate, decay_rate), power))


@_schedule("ExponentialDecay")
def natural_exp_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                      staircase: bool = False) -> Any:  # fmt: skip
    """rate · exp(-decay_rate · step / decay_steps)."""
    power = _like(learning_rate, global_step) / _like(learning_rate, decay_steps)
    power = weft.floor(power) if staircase else power
    base = weft.exp(weft.negative(_like(learning_rate, decay_rate)))
    return weft.multiply(learning_rate, weft.pow(base, power))


@_schedule("InverseTimeDecay")
def inverse_time_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                       staircase: bool = False) -> Any:  # fmt: skip
    """rate / (1 + decay_rate · step / decay_steps)."""
    power = _like(learning_rate, global_step) / _like(learning_rate, decay_steps)
    power = weft.floor(power) if staircase else power
    return learning_rate / (1.0 + _like(learning_rate, decay_rate) * power)


@_schedule("PolynomialDecay")
def polynomial_decay(learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001,
                     power: Any = 1.0, cycle: bool = False) -> Any:  # fmt: skip
    """(rate - end) · (1 - step / decay_steps)^power + end, up to decay_steps; `cycle` starts over with longer ones."""
    step, steps = _like(learning_rate, global_step), _like(learning_rate, decay_steps)
    end, exponent = _like(learning_rate, end_learning_rate), _like(learning_rate, power)
    if cycle:
        steps = steps * weft.maximum(weft.math.ceil(step / steps), 1.0)
    else:
        step = weft.minimum(step, steps)
    return weft.add((learning_rate - end) * weft.pow(1 - step / steps, exponent), end)


@_schedule("CosineDecay", "Mul_3")
def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0) -> Any:
    """rate · ((1 - alpha) · (1 + cos(π · step / decay_steps)) / 2 + alpha), up to decay_steps."""
    done = _share(learning_rate, global_step, decay_steps)
    return learning_rate * ((1 - alpha) * _half_wave(done) + alpha)


def _share(rate: Any, step: Any, steps: Any) -> Any:
    total = _like(rate, steps)
    return weft.minimum(_like(rate, step), total) / total


def _half_wave(done: Any) -> Any:
    return 0.5 * (1.0 + weft.cos(math.pi * done))


@_schedule("SGDRDecay")
def cosine_decay_restarts(learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: Any = 2.0,
                          m_mul: Any = 1.0, alpha: Any = 0.0) -> Any:  # fmt: skip
    """Cosine decay that starts over, each time `t_mul` as long and from `m_mul` of the height before."""
    done = _like(learning_rate, global_step) / _like(learning_rate, first_decay_steps)
    t_mul, m_mul = _like(learning_rate, t_mul), _like(learning_rate, m_mul)
    number = weft.floor(weft.math.log(1.0 - done * (1.0 - t_mul)) / weft.math.log(t_mul))
    before = (1.0 - t_mul**number) / (1.0 - t_mul)
    geometric = (done - before) / t_mul**number
    equal = weft.equal(t_mul, 1.0)  # parts of one length are counted off; the other form divides by zero there
    number = weft.where(equal, weft.floor(done), number)
    share = weft.where(equal, done - weft.floor(done), geometric)
    return learning_rate * ((1 - alpha) * (m_mul**number) * _half_wave(share) + alpha)


@_schedule("LinearCosineDecay")
def linear_cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float = 0.5,
                        alpha: float = 0.0, beta: float = 0.001) -> Any:  # fmt: skip
    """rate · ((alpha + 1 - step / decay_steps) · (1 + cos(2π · periods · step / decay_steps)) / 2 + beta)."""
    done = _share(learning_rate, global_step, decay_steps)
    return learning_rate * ((alpha + 1.0 - done) * _half_wave(2.0 * num_periods * done) + beta)


@_schedule("NoisyLinearCosineDecay")
def noisy_linear_cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: float = 1.0,
                              variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0,
                              beta: float = 0.001) -> Any:  # fmt: skip
    """As `linear_cosine_decay`, with noise on its straight part, of variance initial_variance / (1 + step)**decay."""
    done = _share(learning_rate, global_step, decay_steps)
    step = weft.minimum(_like(learning_rate, global_step), _like(learning_rate, decay_steps))
    spread = weft.sqrt(initial_variance / (1.0 + step) ** variance_decay)
    straight = 1.0 - done + weft.random.normal([], 0.0, 1.0, step.dtype) * spread
    return learning_rate * ((alpha + straight) * _half_wave(2.0 * num_periods * done) + beta)


def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Any:
    """The value of the interval that x lies in; a boundary belongs to the interval below it.

    Args:
        x: A single number, such as the step.
        boundaries: Growing numbers.
        values: One more than boundaries.
        name: A name for the operation.

    Raises:
        ValueError: For numbers of boundaries and values that do not fit.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values, received "
                         f"{len(boundaries)} and {len(values)}.")  # fmt: skip
    if not in_graph():
        return lambda: _interval(weft.convert_to_tensor(x), boundaries, values)
    limits = [frontdoor.convert(b) for b in boundaries]
    tensors = [frontdoor.convert(v) for v in values]
    at = weft.convert_to_tensor(x)
    with Unit(name or "PiecewiseConstant"):
        return _interval(at, [weft.cast(b, at.dtype) for b in limits], tensors)


def _interval(at: Any, boundaries: Any, values: Any) -> Any:
    pairs = [(weft.less_equal(at, b), _constantly(v)) for b, v in zip(boundaries, values, strict=False)]
    return case(pairs, default=_constantly(values[-1]))


def _constantly(value: Any) -> Callable[[], Any]:
    return lambda: weft.convert_to_tensor(value)


count("train.", globals())
piecewise_constant_decay = piecewise_constant
