"""Layers' variables in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from weft.extend import explain
from weft.keras.core import stateless, tracking


class LayerState:
    """Writes and reads the variables that are a layer's own, not those of layers inside."""

    #: attributes -> what Keras calls them, where that is otherwise, in the files of `tf.train.Checkpoint`
    _checkpoint_names: ClassVar[dict[str, str]] = {}
    #: names of Keras 2's checkpoints, where they were otherwise -> attributes
    _checkpoint_aliases: ClassVar[dict[str, str]] = {}

    def _trackable_children(self: Any) -> dict[str, Any]:
        """What `tf.train.Checkpoint` saves: the attributes, by Keras' names, and weights that are no attribute's."""
        names = {**getattr(type(self), "_saved_names", {}), **self._checkpoint_names}
        found = {names.get(name, name): value for name, value in self._tracked.items() if _is_saved(name, value)}
        reached = {id(inner) for value in found.values() for inner in tracking.walk(value)}
        for place, weight in enumerate(self._own):
            if id(weight) not in reached:
                found[f"_weight_{place}"] = weight
        return found

    def _trackable_aliases(self: Any) -> dict[str, Any]:
        """Children by the names that they have in the checkpoints of Keras 2."""
        names = {**dict.fromkeys(self._checkpoint_names), **self._checkpoint_aliases}
        attributes = {alias: attribute or alias for alias, attribute in names.items()}
        return {alias: self._tracked[name] for alias, name in attributes.items() if name in self._tracked}

    def stateless_call(
        self: Any, trainable_variables: Any, non_trainable_variables: Any, *args: Any, return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Calls the layer with given values of its variables, and changes none of them.

        Args:
            trainable_variables: One value a trainable variable.
            non_trainable_variables: One value a variable that is not trainable.
            *args: As for a call.
            return_losses: Whether the losses that it adds are returned, too.
            **kwargs: As for a call.

        Returns:
            (outputs, new values of the variables that are not trainable), with `return_losses` also the losses.

        Raises:
            ValueError: For a layer that is not built, or another number of values.
        """
        stateless.require_built(self, "stateless_call")
        held = list(self.non_trainable_variables)
        pairs = stateless.mapping(self.name, "trainable_variables", self.trainable_variables, trainable_variables)
        pairs += stateless.mapping(self.name, "non_trainable_variables", held, non_trainable_variables)
        with stateless.StatelessScope(pairs, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)
            losses = list(self.losses) if return_losses else []
        if return_losses:
            self._clear_losses()
        found = (outputs, [scope.get_current_value(variable) for variable in held])
        return (*found, losses) if return_losses else found

    @property
    def metrics_variables(self: Any) -> list[Any]:
        """The variables of its metrics."""
        return [variable for metric in getattr(self, "metrics", ()) for variable in metric.variables]

    def save_own_variables(self: Any, store: Any) -> None:
        """Puts the values of the layer's own variables into a mapping. Subclasses may keep something else.

        Args:
            store: From names to values.
        """
        for place, variable in enumerate(tracking.unique(self._own_variables())):
            store[str(place)] = variable.numpy()

    def load_own_variables(self: Any, store: Mapping[str, Any]) -> None:
        """Takes the values of the layer's own variables from what `save_own_variables` wrote.

        Args:
            store: From names to arrays.

        Raises:
            ValueError: Where number or shapes differ, naming the variable.
        """
        variables = tracking.unique(self._own_variables())
        if len(store) != len(variables):
            unbuilt = not variables and not self.built
            raise ValueError(explain(
                f"the layer has {len(variables)} variables, received {len(store)} variables from the file"
                + (" because it is not built" if unbuilt else "") + ".",
                expected=", ".join(f"{v.path} {tuple(v.shape)}" for v in variables) or None,
                hint="call the model on data before loading, or make build() create all layers' weights"
                if unbuilt else "the model must be made by the same code as the one that was saved",
            ))  # fmt: skip
        self._load_into(variables, store)

    def _load_into(self: Any, variables: list[Any], store: Mapping[str, Any]) -> None:
        """Gives variables the values of a mapping, by their places. Raises ValueError where a shape differs."""
        read = getattr(store, "read", None)
        values = [
            store[str(place)] if read is None else read(str(place), tuple(variable.shape))
            for place, variable in enumerate(variables)
        ]
        for variable, value in zip(variables, values, strict=True):
            if tuple(value.shape) != tuple(variable.shape):
                raise ValueError(explain(
                    f"its variable `{variable.path}` has another shape in the file: the two must match.",
                    expected=str(tuple(variable.shape)), received=str(tuple(value.shape)),
                ))  # fmt: skip
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value.astype(variable._dtype.as_numpy_dtype, copy=False))


def _is_saved(name: str, value: Any) -> bool:
    """Whether an attribute is part of a checkpoint; what training measures is not."""
    if name in _NOT_SAVED or name.startswith("_weft"):
        return False
    return not any(hasattr(type(inner), "update_state") for inner in tracking.walk(value))


#: attributes of models that repeat others, or are about training
_NOT_SAVED = frozenset({"_sequence", "_inputs_struct", "_outputs_struct", "_extra_losses", "_extra_metrics", "_state",
                        "history", "metrics", "loss", "loss_weights", "callbacks", "_end"})  # fmt: skip
