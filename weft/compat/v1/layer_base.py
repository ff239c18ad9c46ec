"""The base of `tf.layers`: a layer makes its variables at its first call, in a variable scope of its own."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.naming import in_graph
from weft.compat.v1.partitioned import PartitionedVariable
from weft.compat.v1.variable_scopes import get_variable, variable_scope, variable_store
from weft.runtime import frontdoor
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.scopes import NameScope
from weft.runtime.session import default_session


def snake_case(name: str) -> str:
    """A class' name as variable scopes have it: `Conv2D` is `conv2d`, `BasicLSTMCell` is `basic_lstm_cell`."""
    parted = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    found = re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower()
    return f"private{found}" if found.startswith("_") else found


class Layer:
    """A function with variables of its own.

    A subclass makes variables in `build(input_shape)` with `add_weight`, and computes in `call(inputs)`.

    Args:
        trainable: Whether optimizers update its variables.
        name: The name of its variable scope; that of the class, numbered, where None.
        dtype: Of its variables; that of the inputs where None.
        **options: `_scope` and `_reuse`, for functions that are given scopes.
    """

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        self.trainable = trainable
        self.built = False
        self.dtype = None if dtype is None else dtypes.as_dtype(dtype)
        self._base_name = name or snake_case(type(self).__name__)
        self._name = name
        self._reuse = options.pop("_reuse", None)
        given = options.pop("_scope", None)
        self._activity_regularizer = options.pop("activity_regularizer", None)
        if options:
            raise TypeError(f"{type(self).__name__} has no argument `{next(iter(options))}`.")
        self._scope: Any = None
        self._wanted_scope = given if given is not None else name or None
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._losses: list[Any] = []
        self._updates: list[Any] = []

    # What it is

    @property
    def name(self) -> str:
        """Its name."""
        return self._name or self._base_name

    @property
    def scope_name(self) -> str:
        """The name of its variable scope.

        Raises:
            ValueError: Before its first call, which opens the scope.
        """
        if self._scope is None:
            raise ValueError("No name available for layer scope because the layer "
                             f'"{self.name}" has not been used yet.')  # fmt: skip
        return str(self._scope.name)

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that optimizers update."""
        return self._trainable_weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The others."""
        return self._non_trainable_weights if self.trainable else self.weights

    @property
    def weights(self) -> list[Any]:
        """All its variables."""
        return self._trainable_weights + self._non_trainable_weights

    variables = property(lambda self: self.weights)
    trainable_variables = property(lambda self: self.trainable_weights)
    non_trainable_variables = property(lambda self: self.non_trainable_weights)

    @property
    def losses(self) -> list[Any]:
        """The penalties on its variables and results."""
        return list(self._losses)

    @property
    def updates(self) -> list[Any]:
        """The operations that bring its state up to date."""
        return list(self._updates)

    def count_params(self) -> int:
        """How many numbers its variables hold."""
        return sum(int(variable.shape.num_elements() or 0) for variable in self.weights)

    def get_weights(self) -> list[Any]:
        """The values of its variables as arrays; in a graph, those of the default session.

        Raises:
            ValueError: In a graph, where no session is open.
        """
        if not in_graph():
            return [variable.numpy() for variable in self.weights]
        found: list[Any] = default_session(required=True).run(self.weights) if self.weights else []
        return found

    def set_weights(self, weights: Any) -> None:
        """Gives its variables values; in a graph, in the default session.

        Args:
            weights: Arrays, as `get_weights` gives them.

        Raises:
            ValueError: For another number of arrays, or other shapes, and in a graph where no session is open.
        """
        own, given = self.weights, [np.asarray(value) for value in weights]
        if len(given) != len(own):
            raise ValueError(
                explain(f"Layer {self.name} has {len(own)} weights, set_weights was given {len(given)} arrays.",
                        expected=str([tuple(v.shape.as_list()) for v in own]),
                        received=str([value.shape for value in given]))  # fmt: skip
            )
        for variable, value in zip(own, given, strict=True):
            if not variable.shape.is_compatible_with(value.shape):
                raise ValueError(
                    explain(f"Layer {self.name}: weight {variable.name} has another shape than the array given for it.",
                            expected=str(variable.shape), received=str(value.shape))  # fmt: skip
                )
        for variable, value in zip(own, given, strict=True):
            variable.load(value) if in_graph() else variable.assign(value)

    # What it makes

    def add_weight(self, name: str, shape: Any, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                   trainable: bool | None = None, constraint: Any = None, penalised: str | None = None,
                   **accepted: Any) -> Any:  # fmt: skip
        """A variable in its scope, made or found again.

        Args:
            name: Its name.
            shape: Its shape.
            dtype: Its dtype; the layer's where None.
            initializer: As for `get_variable`.
            regularizer: A function of the variable that gives a penalty.
            trainable: Whether optimizers update it.
            constraint: What optimizers apply after an update.
            penalised: The name under which the penalty stands, where it is not the variable's.
            **accepted: What version 1 takes and nothing here needs.
        """
        trained = self.trainable if trainable is None else trainable
        held = self.dtype if dtype is None else dtypes.as_dtype(dtype)
        shape = weft.TensorShape(shape).as_list()
        before = set(variable_store().variables) if regularizer is not None else set()
        made = get_variable(name, shape, held, initializer, None, trained and self.trainable, constraint=constraint)
        full = made.name.split(":")[0]
        if regularizer is not None and full not in before:  # beside what the scope's own regularizer gives
            home = "/".join([*full.split("/")[:-1], penalised or name])
            with NameScope(None), NameScope(f"{home}/Regularizer/"):
                penalty = regularizer(made)
            if penalty is not None:
                self.add_loss(penalty)
        parts = list(made) if isinstance(made, PartitionedVariable) else [made]
        (self._trainable_weights if trained else self._non_trainable_weights).extend(parts)
        return made

    add_variable = add_weight

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Notes penalties, also in the graph's collection."""
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            self._losses.append(loss)
            if in_graph():
                graphs.default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Notes operations that bring its state up to date, also in the graph's collection UPDATE_OPS."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            if in_graph():
                operation = update if isinstance(update, graphs.Operation) else update.op
                self._updates.append(operation)
                graphs.default_graph().add_to_collection(GraphKeys.UPDATE_OPS, operation)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The operations that bring its state up to date."""
        return self.updates

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The penalties."""
        return self.losses

    # Calling

    def build(self, input_shape: Any) -> None:
        """Makes its variables."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        return inputs

    def _open_scope(self, scope: Any) -> None:
        if self._scope is not None:
            return
        chosen = scope if scope is not None else self._wanted_scope
        if chosen is None and self._reuse:  # variables that are used again have the plain name
            chosen = self._base_name
        with variable_scope(chosen, default_name=self._base_name, reuse=self._reuse or None) as captured:
            self._scope = captured

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Its result; the first call makes its variables."""
        inputs = weft.nest.map_structure(_tensor, inputs)
        self._open_scope(kwargs.pop("scope", None))
        reuse = True if self.built and in_graph() else (self._reuse or None)
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            with NameScope(scope.original_name_scope or f"{self.scope_name}/"):
                if not self.built:
                    self._build_from(inputs)
                outputs = self.call(inputs, *args, **kwargs)
                if self._activity_regularizer is not None:
                    for item in weft.nest.flatten(outputs):
                        self.add_loss(self._activity_regularizer(item))
        return outputs

    def _build_from(self, inputs: Any) -> None:
        leaves = [leaf for leaf in weft.nest.flatten(inputs) if hasattr(leaf, "dtype")]
        if self.dtype is None:
            self.dtype = next((leaf.dtype for leaf in leaves if leaf.dtype.is_floating), dtypes.float32)
        self.build(weft.nest.map_structure(lambda item: weft.TensorShape(item.shape), inputs))
        self.built = True

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Its result."""
        return self(inputs, *args, **kwargs)

    def _refuse_rank(self, shape: Any, rank: int) -> None:
        if shape.rank is not None and shape.rank != rank:
            raise ValueError(
                explain(f"Input 0 of layer {self.name} is incompatible with the layer: expected ndim={rank}, found "
                        f"ndim={shape.rank}.", received=str(shape))  # fmt: skip
            )

    def _known_size(self, shape: Any, axis: int, what: str) -> int:
        if shape.rank is None or shape[axis] is None:
            raise ValueError(
                explain(f"The {what} of the inputs to `{self.name}` should be defined. Found `None`.",
                        received=str(shape), hint="give the placeholder that size, or use tf.reshape")  # fmt: skip
            )
        return int(shape[axis])


def _tensor(item: Any) -> Any:
    if frontdoor.is_tensor_like(item) and not isinstance(item, weft.Variable):
        return item
    return weft.convert_to_tensor(item)


def static_bool(value: Any) -> bool | None:
    """A bool, or a number for one, where it is known; None for a tensor that only running tells."""
    if not frontdoor.is_tensor_like(value):
        return bool(value)
    held = getattr(value, "_array", None)
    node = getattr(getattr(value, "_value", None), "node", None)
    if held is None and node is not None and node.op == "constant":
        held = node.attrs["value"].array
    return None if held is None else bool(held)
