"""The loop of all recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import scan


def _time_first(value: Any) -> Any:
    """`[batch, time, …]` to `[time, batch, …]` and back."""
    return tf.transpose(value, (1, 0, *range(2, value.shape.rank)))


def _spread(mask: Any, like: Any) -> Any:
    """A mask `[batch]` with as many axes as a value."""
    while mask.shape.rank < like.shape.rank:
        mask = tf.expand_dims(mask, -1)
    return mask


def run(
    step: Callable[[Any, list[Any]], tuple[Any, list[Any]]],
    inputs: Any,
    states: list[Any],
    mask: Any = None,
    go_backwards: bool = False,
    unroll: bool = False,
    zero_output_for_mask: bool = False,
    project: Callable[[Any], Any] | None = None,
) -> tuple[Any, Any, list[Any]]:
    """Walks along time.

    Where the mask is False, the states stay, and the output is the one before (zeros at first, or always zeros).

    Args:
        step: (inputs of one time step, states) to (output, states).
        inputs: `[batch, time, …]`, nested.
        states: The first states.
        mask: Booleans `[batch, time]`.
        go_backwards: Whether to walk from the end; outputs come in the order of the walk.
        unroll: Whether to write the steps out instead of looping.
        zero_output_for_mask: Whether masked steps give zeros.
        project: Applied to the inputs of all steps at once, `[time, batch, …]`, for `step` to take its rows.

    Returns:
        The last output, all outputs `[batch, time, …]`, the last states.
    """
    rows = tf.nest.map_structure(_time_first, inputs)
    if project is not None:
        rows = project(rows)
    if mask is not None:
        mask = _time_first(tf.cast(mask, "bool"))
    walk = _unrolled if unroll else scan
    if mask is None:
        outputs, states, last = _walk(walk, step, rows, states, go_backwards)
    else:
        outputs, states, last = _walk_masked(walk, step, rows, mask, states, go_backwards, zero_output_for_mask)
    if last is None or not tf.nest.flatten(rows)[0].shape[0]:  # of no steps, or nobody knows how many
        last = outputs[0] if go_backwards else outputs[-1]
    return last, _time_first(tf.reverse(outputs, [0]) if go_backwards else outputs), states


def _walk(walk: Any, step: Any, rows: Any, states: list[Any], backwards: bool) -> tuple[Any, list[Any], Any]:
    """All outputs, the last states, and the last output if that is one of them."""
    place: list[int] = []

    def body(carry: Any, row: Any) -> Any:
        output, new = step(row, list(carry))
        place[:] = [at for at, state in enumerate(new) if state is output][:1]
        return list(new), output

    final, outputs = walk(body, states, rows, backwards=backwards)
    return outputs, list(final), final[place[0]] if place else None


def _walk_masked(
    walk: Any, step: Any, rows: Any, mask: Any, states: list[Any], backwards: bool, zero_output: bool
) -> tuple[Any, list[Any], Any]:
    first = tf.nest.map_structure(lambda value: value[-1 if backwards else 0], rows)
    # The output before the first step is zeros of the output's shape; the step is asked for that once.
    nothing = tf.zeros_like(step(first, states)[0])

    def body(carry: Any, row: Any) -> Any:
        *old, before = carry
        values, kept = row
        output, new = step(values, list(old))
        output = tf.where(_spread(kept, output), output, nothing if zero_output else before)
        merged = [tf.where(_spread(kept, fresh), fresh, stale) for fresh, stale in zip(new, old)]
        return [*merged, output], output

    final, outputs = walk(body, [*states, nothing], (rows, mask), backwards=backwards)
    return outputs, list(final)[:-1], final[-1]


def _unrolled(body: Any, carry: Any, rows: Any, backwards: bool) -> tuple[Any, Any]:
    count = int(tf.nest.flatten(rows)[0].shape[0])
    outputs = []
    for position in reversed(range(count)) if backwards else range(count):
        carry, output = body(carry, tf.nest.map_structure(lambda value, at=position: value[at], rows))
        outputs.append(output)
    return carry, tf.stack(outputs[::-1] if backwards else outputs)
