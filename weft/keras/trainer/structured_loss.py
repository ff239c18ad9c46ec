"""Losses of structures: several for one output, or one for several outputs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import weft as tf
from weft.extend import explain


class Term(NamedTuple):
    """One loss: where in the structures of labels and outputs it looks, what it is multiplied by, its name."""

    path: tuple[Any, ...]
    loss: Any
    scale: Any
    name: str


def is_structured(loss: Any, y_pred: Any) -> bool:
    """Whether losses are given for more than one flat list of outputs."""
    if not tf.nest.is_nested(loss):
        return False
    parts = [*_children(loss), *(_children(y_pred) if tf.nest.is_nested(y_pred) else ())]
    return any(tf.nest.is_nested(part) for _, part in parts)


def at(path: tuple[Any, ...], value: Any) -> Any:
    """The part of a structure at a path."""
    for key in path:
        value = value[key]
    return value


def aligned(y_true: Any, y_pred: Any) -> Any:
    """The labels in the structure of the outputs.

    Raises:
        ValueError: Where there are more or fewer of them.
    """
    flat = tf.nest.flatten(y_true)
    if y_true is None or len(flat) != len(tf.nest.flatten(y_pred)):
        raise ValueError(explain(
            "Labels and outputs have different structures.", received=_shown(y_true), expected=_shown(y_pred),
            hint="pass y in the structure of the model's outputs",
        ))  # fmt: skip
    return tf.nest.pack_sequence_as(y_pred, flat)


def terms(
    loss: Any, scales: Any, y_true: Any, y_pred: Any, names: list[str] | None, resolve: Callable[[Any, Any, Any], Any]
) -> list[Term]:
    """The losses, flat.

    Args:
        loss: What `compile` was told: a structure of losses. A list where the outputs have another structure holds
            several losses of the same outputs.
        scales: Their weights, in the same structure, or flat, or None.
        y_true: The labels, in the structure of the outputs.
        y_pred: The outputs.
        names: The outputs' names, flat, or None.
        resolve: Gives the loss for (what was said, labels, outputs).

    Raises:
        KeyError: Where a loss belongs to no output.
        ValueError: For another number of weights than of losses.
    """
    if isinstance(loss, dict) and names and not isinstance(y_pred, dict) and set(loss) == set(names):
        loss = [loss[name] for name in names]
        scales = [scales[name] for name in names] if isinstance(scales, dict) else scales
    elif isinstance(loss, dict) and len(loss) == 1 and not tf.nest.is_nested(y_pred):
        loss = next(iter(loss.values()))
    weights = _weights(loss, scales)
    labels = [None] * len(tf.nest.flatten(y_pred)) if names is None else names
    found: list[Term] = []
    _collect(loss, weights, y_true, y_pred, tf.nest.pack_sequence_as(y_pred, labels), (), resolve, found)
    return found


def _weights(loss: Any, scales: Any) -> Iterator[Any]:
    """The weights in the order in which `_collect` meets the losses."""
    count = len(tf.nest.flatten(loss))
    if scales is None:
        return iter([None] * count)
    flat = tf.nest.flatten(scales)
    if len(flat) != count:
        raise ValueError(explain(
            f"compile(): `loss_weights` must match the number of losses, which is {count}.", received=repr(scales)
        ))  # fmt: skip
    return iter(flat)


def _collect(
    loss: Any, weights: Iterator[Any], y_true: Any, y_pred: Any, names: Any, path: tuple[Any, ...], resolve: Any,
    found: list[Term],
) -> None:  # fmt: skip
    if not tf.nest.is_nested(loss):
        scale = next(weights)
        if loss is not None:
            made = resolve(loss, y_true, y_pred)
            found.append(Term(path, made, scale, _name(path, names, made)))
        return
    parts = list(_children(loss))
    if not isinstance(loss, dict):
        whole = len(tf.nest.flatten(y_pred))
        if len(parts) == whole and not any(tf.nest.is_nested(part) for _, part in parts):
            if not tf.nest.is_nested(y_pred):
                _collect(parts[0][1], weights, y_true, y_pred, names, path, resolve, found)
                return
            loss = tf.nest.pack_sequence_as(y_pred, [part for _, part in parts])
            parts = list(_children(loss))
        elif not isinstance(y_pred, type(loss)):
            for _, part in parts:
                _collect(part, weights, y_true, y_pred, names, path, resolve, found)
            return
    known = dict(_children(y_pred)) if tf.nest.is_nested(y_pred) else {}
    for key, part in parts:
        if key not in known:
            raise KeyError(
                f"The path {(*path, key)} in the `loss` argument can't be found in the model's output, nor in "
                f"the labels: there is {list(known) or 'one tensor'}."
            )
        _collect(part, weights, y_true[key], y_pred[key], names[key], (*path, key), resolve, found)


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of a structure by key, in the order in which they are flattened."""
    if isinstance(value, dict):
        return iter(sorted(value.items()))
    return enumerate(value)


def _name(path: tuple[Any, ...], names: Any, loss: Any) -> str:
    if tf.nest.is_nested(names):
        flat = list(names) if isinstance(names, dict) else tf.nest.flatten(names)
        return "/".join(map(str, path)) or "_".join(map(str, flat))
    own = loss.name if names is None else names
    if not path:
        return str(own)
    return "/".join(map(str, (*path[:-1], own) if isinstance(path[-1], int) else path))


def _shown(value: Any) -> str:
    return str(tf.nest.map_structure(lambda leaf: "*", value)) if value is not None else "none"
