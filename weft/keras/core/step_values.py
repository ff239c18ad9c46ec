"""What the symbolic tensors of a model are worth in a step of training or evaluation.

Losses and metrics of Keras 2 may close over symbolic tensors, those of a variational autoencoder's latent space for
instance. While the loss of a batch is computed, such a tensor is worth what the model computed for it in this step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.keras_tensor import KerasTensor, any_symbolic
from weft.keras.core.operation import node_of


class _Step:
    """One step of training or evaluation.

    Attributes:
        values: By the identity of a symbolic tensor: it, and its value in this step.
        is_asked: Whether the model has run, so that symbolic tensors are worth these values.
    """

    def __init__(self) -> None:
        self.values: dict[int, tuple[KerasTensor, Any]] = {}
        self.is_asked = False


_step: ContextVar[_Step | None] = ContextVar("weft_keras_step", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Keeps what models compute for their symbolic tensors, until `asked`."""
    token = _step.set(_Step())
    try:
        yield
    finally:
        _step.reset(token)


def keep(symbolic: KerasTensor, value: Any) -> None:
    """Notes what a symbolic tensor is worth, where a step asks for it."""
    step = _step.get()
    if step is not None and not step.is_asked:
        step.values[id(symbolic)] = (symbolic, value)


def ask() -> None:
    """From here to the end of the step symbolic tensors are worth what was kept."""
    step = _step.get()
    if step is not None:
        step.is_asked = True


def known(*structures: Any) -> bool:
    """Whether symbolic tensors among these have values now."""
    step = _step.get()
    return step is not None and step.is_asked and bool(step.values) and any_symbolic(*structures)


def filled(structure: Any) -> Any:
    """A structure with values in the place of symbolic tensors."""
    return tf.nest.map_structure(lambda leaf: _value(leaf) if isinstance(leaf, KerasTensor) else leaf, structure)


def _value(symbolic: KerasTensor) -> Any:
    step = _step.get()
    assert step is not None
    values = step.values
    stack = [symbolic.recorded()]  # explicit: what was made of the model's tensors may be deep
    while stack:
        one = stack[-1]
        if id(one) in values:
            stack.pop()
            continue
        node = node_of(one)
        if node is None or node.is_input:
            raise ValueError(explain(
                f"A loss or metric uses the symbolic tensor `{symbolic.name}`, which this model does not compute.",
                received=repr(one),
                expected="tensors that depend on the model's inputs alone",
                hint="pass it as a label or an input, or add_loss() it in a layer",
            ))  # fmt: skip
        missing = [source for source in node.inputs if id(source) not in values]
        if missing:
            stack.extend(missing)
            continue
        args, kwargs = tf.nest.map_structure(
            lambda leaf: values[id(leaf)][1] if isinstance(leaf, KerasTensor) else leaf, (node.args, node.kwargs)
        )
        for output, value in zip(node.outputs, tf.nest.flatten(node.operation(*args, **kwargs)), strict=True):
            values[id(output)] = (output, value)
    return values[id(symbolic.recorded())][1]
