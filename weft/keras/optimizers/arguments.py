"""The arguments that all optimizers have: old spellings, unknown ones, impossible ones."""

from __future__ import annotations

from typing import Any

from weft.extend import explain

#: keywords of Keras 2 that say nothing about the numbers
_IGNORED = ("jit_compile", "is_legacy_optimizer")


def read_old_spellings(optimizer: Any, learning_rate: Any, kwargs: dict[str, Any]) -> tuple[Any, float]:
    """The learning rate and Keras 2's decay; unknown keywords are refused.

    Args:
        optimizer: For messages.
        learning_rate: The argument of today's name.
        kwargs: All keywords that the optimizer does not name itself.
    """
    from weft.keras.optimizers.optimizer import unknown_optimizer_keyword

    kwargs = dict(kwargs)
    learning_rate = kwargs.pop("lr", learning_rate)
    decay = float(kwargs.pop("decay", None) or 0.0)
    for word in _IGNORED:
        kwargs.pop(word, None)
    if kwargs:
        raise unknown_optimizer_keyword(optimizer, next(iter(kwargs)))
    if decay < 0:
        raise ValueError(explain(f"{type(optimizer).__name__}: `decay` must not be negative.", received=repr(decay)))
    if learning_rate is None or isinstance(learning_rate, (str, bool, list, dict)):
        raise ValueError(explain(
            f"{type(optimizer).__name__}: `learning_rate` cannot be {learning_rate!r}.",
            expected="a number, a schedule of keras.optimizers.schedules, or a function without arguments",
        ))  # fmt: skip
    return learning_rate, decay


def check_arguments(optimizer: Any) -> None:
    """Refuses what cannot be.

    Raises:
        ValueError: Naming the argument.
    """
    name = type(optimizer).__name__
    steps = optimizer.gradient_accumulation_steps
    if steps is not None and not steps >= 2:
        raise ValueError(
            explain(f"{name}: `gradient_accumulation_steps` must be None or at least 2.", received=repr(steps))
        )
    if optimizer.use_ema and not 0.0 <= optimizer.ema_momentum <= 1.0:
        raise ValueError(explain(f"{name}: `ema_momentum` must be from 0 to 1.", received=repr(optimizer.ema_momentum)))
    every = optimizer.ema_overwrite_frequency
    if optimizer.use_ema and every is not None and (not isinstance(every, int) or every < 1):
        raise ValueError(
            explain(f"{name}: `ema_overwrite_frequency` must be None or a positive integer.", received=repr(every))
        )
    clipping = {key: getattr(optimizer, key) for key in ("clipnorm", "clipvalue", "global_clipnorm")}
    given = [key for key, value in clipping.items() if value is not None]
    if len(given) > 1:
        raise ValueError(explain(
            f"{name}: Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be given.",
            received=", ".join(f"{key}={clipping[key]}" for key in given),
        ))  # fmt: skip
