"""What programs of Keras 2 do with symbolic tensors: gradients, placeholders, sessions, the learning phase."""

from __future__ import annotations

import threading
from typing import Any

import weft as tf
from weft.extend import explain, present_graph
from weft.keras import config
from weft.keras.core.function import OperationGraph
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import Operation, node_of


class _Gradients(Operation):
    """The gradients of a symbolic tensor, as an operation on what it is computed from."""

    def __init__(self, target: Any, wanted: list[Any], sources: list[Any]) -> None:
        super().__init__()
        self._target = target
        self._wanted = wanted
        self._inner = [one for one in wanted if isinstance(one, KerasTensor)]
        self._graph = OperationGraph(sources, [target, *self._inner], self.name)

    def call(self, *values: Any) -> Any:
        """The gradients, zeros where there is none."""
        given = [tf.identity(value) for value in values]
        with tf.GradientTape() as tape:

            def watch(found: Any) -> Any:
                tape.watch([one for one in tf.nest.flatten(found) if tf.is_tensor(one) and one.dtype.is_floating])
                return found

            watch(given)
            # what is in between is watched as it comes: gradients may be asked of it where nothing before has one
            result, *inner = self._graph.run(
                given, [self._target, *self._inner], call=lambda each: lambda *a, **k: watch(each(*a, **k))
            )
        found = iter(inner)
        watched = [next(found) if isinstance(one, KerasTensor) else one for one in self._wanted]
        gradients = tape.gradient(result, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(gradient) for gradient in gradients]


def sources_of(tensor: Any) -> list[Any]:
    """The symbolic tensors that a tensor is computed from and that are not computed themselves."""
    found: list[Any] = []
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        node = node_of(one)
        if node is None or node.is_input:
            found.append(one)
        else:
            stack.extend(reversed(node.inputs))
    return found


def gradients(loss: Any, variables: Any) -> list[Any]:
    """The gradients of a symbolic loss, as symbolic tensors.

    Args:
        loss: A symbolic tensor, or one of a function that is traced; what is no scalar is added up.
        variables: Symbolic tensors or variables that it depends on, one or several.

    Returns:
        One symbolic tensor for each.

    Raises:
        RuntimeError: For tensors with values, whose history is not kept.
    """
    wanted = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    if present_graph() is not None:
        return tf.compat.v1.gradients(loss, wanted)  # type: ignore[no-any-return]
    if not isinstance(loss, KerasTensor) and not tf.executing_eagerly():  # in a layer or a loss of the program's own
        return tf.gradients(loss, wanted)  # type: ignore[no-any-return]
    if not isinstance(loss, KerasTensor):
        raise RuntimeError(explain(
            "keras.backend.gradients works on symbolic tensors: those of a model's inputs and outputs.",
            received=type(loss).__name__,
            hint="compute the loss inside `with tf.GradientTape() as tape:`, then call tape.gradient(loss, variables)",
        ))  # fmt: skip
    sources = sources_of(loss)
    for one in wanted:
        if isinstance(one, KerasTensor):
            sources += [source for source in sources_of(one) if all(source is not other for other in sources)]
    found = _Gradients(loss, wanted, sources)(*sources)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False, name: str | None = None
) -> Any:
    """A symbolic tensor that stands for values to come.

    Args:
        shape: Its shape, the batch included.
        ndim: The number of its axes, where the shape is not given.
        dtype: Its dtype; the default float by default.
        sparse: Whether a sparse tensor stands here.
        name: Its name.
    """
    from weft.keras.layers import Input

    if shape is None:
        if ndim is None:
            raise ValueError(explain("keras.backend.placeholder: give it a `shape` or `ndim`."))
        shape = (None,) * ndim
    if len(tuple(shape)) == 0:
        return KerasTensor((), dtype or config.floatx(), name=name)
    return Input(batch_shape=tuple(shape), dtype=dtype or config.floatx(), sparse=sparse, name=name)


# Sessions and phases -------------------------------------------------------------------------------------------------


class _Kept(threading.local):
    def __init__(self) -> None:
        self.session: Any = None
        self.phase: Any = None


_kept = _Kept()


def get_session(op_input_list: Any = ()) -> Any:
    """The session of TensorFlow 1 that is open, the one that was set, or a new one of the default graph."""
    opened = tf.compat.v1.get_default_session()
    if opened is not None:
        return opened
    if _kept.session is None or _kept.session.graph is not tf.compat.v1.get_default_graph():
        _kept.session = tf.compat.v1.Session()
    return _kept.session


def set_session(session: Any) -> None:
    """Sets what `get_session` gives."""
    _kept.session = session


def forget_session() -> None:
    """Nothing is set any longer."""
    _kept.session = None
    _kept.phase = None


def set_learning_phase(value: Any) -> None:
    """Says whether calls train that do not say so themselves: 1 or 0.

    Raises:
        ValueError: For another value.
    """
    if value not in (0, 1):
        raise ValueError(explain("set_learning_phase: the phase is 0 or 1.", received=repr(value)))
    _kept.phase = bool(value)


def phase_set() -> bool | None:
    """What `set_learning_phase` said, or None."""
    return _kept.phase  # type: ignore[no-any-return]


def manual_variable_initialization(value: bool) -> None:
    """Does nothing: variables have their first value from the beginning."""
