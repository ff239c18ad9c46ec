"""Variables without state: inside a scope they have given values, and what is assigned is only noted down."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import weft as tf
from weft.extend import explain


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.open: list[StatelessScope] = []


_scopes = _Scopes()


def current() -> StatelessScope | None:
    """The innermost scope of this thread, or None."""
    return _scopes.open[-1] if _scopes.open else None


class StatelessScope:
    """Inside, Keras' variables have given values, and assignments change only what the scope knows.

    Args:
        state_mapping: Pairs of a variable and its value.
        collect_losses: Whether losses that layers add are kept in `losses`.
        initialize_variables: Accepted for compatibility.

    Raises:
        ValueError: For a pair whose first part is no variable of Keras, or whose shapes differ.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> v = keras.Variable([1.0, 2.0])
        >>> with keras.StatelessScope(state_mapping=[(v, tf.constant([3.0, 4.0]))]) as scope:
        ...     _ = v.assign_add([1.0, 1.0])
        >>> scope.get_current_value(v).numpy().tolist(), v.numpy().tolist()
        ([4.0, 5.0], [1.0, 2.0])
    """

    def __init__(
        self, state_mapping: Iterable[tuple[Any, Any]] | None = None, collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:  # fmt: skip
        from weft.keras.core.conversion import convert_to_tensor
        from weft.keras.core.variable import Variable

        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self.state_mapping: dict[int, Any] = {}
        self._variables: dict[int, Any] = {}  # held, so that their ids stay theirs
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ValueError(explain(
                    "StatelessScope: all keys in argument `mapping` must be Variable instances: it takes pairs of a "
                    "keras.Variable and its value.",
                    received=repr(variable)[:200],
                ))  # fmt: skip
            value = convert_to_tensor(value, variable._dtype)
            if not variable.shape.is_compatible_with(value.shape):
                raise ValueError(explain(
                    "StatelessScope: all values in argument `mapping` must be tensors with the shape of their "
                    f"variable; that for `{variable.path}` has another one.",
                    expected=str(tuple(variable.shape)), received=str(tuple(value.shape)),
                ))  # fmt: skip
            self.add_update((variable, value))

    def __enter__(self) -> StatelessScope:
        _scopes.open.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _scopes.open.pop()

    def add_loss(self, loss: Any) -> None:
        """Keeps a loss."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Notes down a variable's new value."""
        variable, value = update
        self._variables[id(variable)] = variable
        self.state_mapping[id(variable)] = value

    def get_current_value(self, variable: Any) -> Any:
        """A variable's value in this scope; None where it has none here."""
        return self.state_mapping.get(id(variable))


class SymbolicScope:
    """Marks code that only asks for shapes; `in_symbolic_scope()` says so inside. What runs is the same."""

    def __enter__(self) -> SymbolicScope:
        _symbolic.depth += 1
        return self

    def __exit__(self, *error: Any) -> None:
        _symbolic.depth -= 1


class _Symbolic(threading.local):
    def __init__(self) -> None:
        self.depth = 0


_symbolic = _Symbolic()


def in_symbolic_scope() -> bool:
    """Whether only shapes are asked for just now: in a `SymbolicScope`, and where a layer meets symbolic tensors."""
    return _symbolic.depth > 0


def mapping(owner: str, kind: str, variables: list[Any], values: Any) -> list[tuple[Any, Any]]:
    """Pairs of variables and the values that a stateless method was given for them."""
    values = list(values)
    if len(values) != len(variables):
        raise ValueError(explain(
            f"{owner}: `{kind}` must have one value a variable.",
            expected=f"{len(variables)}: " + ", ".join(v.path for v in variables[:6]), received=str(len(values)),
            hint=f"pass the values of .{kind} in their order",
        ))  # fmt: skip
    return [(variable, tf.convert_to_tensor(value)) for variable, value in zip(variables, values, strict=True)]


def require_built(owner: Any, method: str) -> None:
    """Refuses a stateless method of what has no variables yet."""
    if not owner.built:
        raise ValueError(explain(
            f"`{owner.name}` ({type(owner).__name__}) cannot run {method}() before it is built.",
            hint="call it on data once, or call build() with the shape of its input",
        ))  # fmt: skip
