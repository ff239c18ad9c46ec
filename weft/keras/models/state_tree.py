"""The values of a model's variables as nested dicts, by their paths."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest

_KINDS = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")


class StateTree:
    """A mixin: `get_state_tree` and `set_state_tree`."""

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The values of all variables: kind → part of the path → … → value.

        Args:
            value_format: "backend_tensor", or "numpy_array".

        Returns:
            A dict with `trainable_variables`, `non_trainable_variables`, `optimizer_variables`, `metrics_variables`.

        Raises:
            ValueError: For another format, or where two variables have one path.

        Example:
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="end")], name="model")
            >>> sorted(model.get_state_tree()["trainable_variables"]["model"]["end"])
            ['bias', 'kernel']
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(explain(
                f"get_state_tree: `value_format` is {value_format!r}.", expected="'backend_tensor' or 'numpy_array'"
            ))  # fmt: skip
        found: dict[str, Any] = {}
        for kind in _KINDS:
            tree: dict[str, Any] = {}
            for path, variable in _by_path(self, kind).items():
                *parts, last = path.split("/")
                place = tree
                for part in parts:
                    place = place.setdefault(part, {})
                place[last] = variable.value if value_format == "backend_tensor" else variable.numpy()
            found[kind] = tree
        return found

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Gives variables the values of a dict as `get_state_tree` makes it; it may leave some out.

        Args:
            state_tree: The dict.

        Raises:
            ValueError: For a kind or a path that there is not.
        """
        for kind, tree in state_tree.items():
            if kind not in _KINDS:
                raise ValueError(f"set_state_tree does not know {kind!r}. {nearest(kind, _KINDS)}")
            variables = _by_path(self, kind)
            for path, value in _leaves(tree, ""):
                if path not in variables:
                    raise ValueError(explain(
                        f"set_state_tree: there is no variable {path!r} among the {kind}. {nearest(path, variables)}"
                    ))  # fmt: skip
                variables[path].assign(value)


def _by_path(model: Any, kind: str) -> dict[str, Any]:
    if kind == "optimizer_variables":
        variables = [] if model.optimizer is None else model.optimizer.variables
    else:
        variables = getattr(model, kind)
    found: dict[str, Any] = {}
    for variable in variables:
        if variable.path in found:
            raise ValueError(explain(
                f"The following variable path is found twice in the model: '{variable.path}'.",
                hint="give layers that are called from one place names of their own",
            ))  # fmt: skip
        found[variable.path] = variable
    return found


def _leaves(tree: Any, path: str) -> Any:
    if not isinstance(tree, dict):
        yield path, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{path}/{key}" if path else str(key))
