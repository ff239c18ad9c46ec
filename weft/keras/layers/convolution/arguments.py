"""Arguments that windows have in common."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest

_LETTERS = {1: "W", 2: "HW", 3: "DHW"}


def per_axis(layer: str, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """An argument as one integer an axis.

    Raises:
        ValueError: For another number of integers, or too small ones, naming layer and argument.
    """
    found = (value,) * rank if isinstance(value, int) else tuple(value) if isinstance(value, (list, tuple)) else None
    if found is not None and len(found) == 1 and rank > 1:
        found = found * rank
    if found is None or len(found) != rank or any(not hasattr(n, "__index__") or n < least for n in found):
        raise ValueError(explain(
            f"{layer}: The `{name}` argument must be a tuple of {rank} integers. Received {name}={value}"
            + _unfit(found, rank, least),
            expected=f"one integer of at least {least}, or {rank} of them",
        ))  # fmt: skip
    return tuple(int(n) for n in found)


def _unfit(found: Any, rank: int, least: int) -> str:
    """What is wrong with the integers of an argument."""
    if found is None or len(found) != rank:
        return "."
    wrong = {n for n in found if not hasattr(n, "__index__") or n < least}
    return f", including values {wrong} that do not satisfy `value {'> 0' if least else '>= 0'}`."


def padding_mode(layer: str, value: Any, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """A padding mode in its usual spelling.

    Raises:
        ValueError: For any other.
    """
    mode = str(value).lower()
    if mode not in allowed:
        raise ValueError(explain(f"{layer}: `padding` is {value!r}. {nearest(mode, allowed)}"))
    return mode


def require_room(layer: Any, inputs: Any, window: tuple[int, ...], dilation: tuple[int, ...], data_format: str) -> None:
    """Refuses inputs that are smaller than the window where there is no padding: nothing would come out.

    Raises:
        ValueError: Naming layer, axis and sizes.
    """
    first = 1 if data_format == "channels_last" else 2
    for axis, (size, apart) in enumerate(zip(window, dilation, strict=True), first):
        needed, found = (size - 1) * apart + 1, inputs.shape[axis]
        if found is not None and found < needed:
            raise ValueError(explain(
                f"Layer `{layer.name}` ({type(layer).__name__}): its window of {needed} does not fit into axis {axis}. "
                "Computed output size would be zero or negative.",
                expected=f"a size of at least {needed}", received=f"inputs of shape {inputs.shape}",
                hint='padding="same" keeps sizes; fewer convolutions or poolings before this layer leave more',
            ))  # fmt: skip


def format_letters(data_format: str, rank: int) -> str:
    """The data format as TensorFlow writes it, such as `NHWC`."""
    inner = _LETTERS[rank]
    return f"N{inner}C" if data_format == "channels_last" else f"NC{inner}"
