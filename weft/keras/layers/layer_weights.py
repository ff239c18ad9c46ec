"""A layer's variables: making them, listing them in Keras' order, freezing them, and the losses that they bring."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras import dtype_policies
from weft.keras.core import naming, tracking
from weft.keras.core.conversion import is_tensor
from weft.keras.core.variable import Variable

#: parameters of add_weight by position, now and in Keras 2
_WEIGHT_ORDER = ("shape", "initializer", "dtype", "trainable", "autocast", "regularizer", "constraint")
_OLD_WEIGHT_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")


class _Weights(list):  # type: ignore[type-arg]
    """The weights that a layer has itself: what is added to the list the layer has from then on."""

    def __init__(self, layer: Any, trainable: bool) -> None:
        own = tracking.unique(layer._own_variables())
        super().__init__(variable for variable in own if layer._counts_as_trainable(variable) is trainable)
        self._layer, self._trainable = layer, trainable

    def append(self, variable: Any) -> None:
        """The layer has one more weight."""
        self.extend([variable])

    def extend(self, variables: Any) -> None:
        """The layer has these weights, too."""
        for variable in variables:
            if not any(variable is own for own in self._layer._own_variables()):
                self._layer._own.append(variable)
            if not any(variable is listed for listed in self):
                if not self._trainable:
                    variable._cell.trainable = variable._made_trainable = False
                super().append(variable)

    def __iadd__(self, variables: Any) -> _Weights:  # type: ignore[misc]
        self.extend(variables)
        return self

    def become(self, variables: Any) -> None:
        """What an assignment to the list does: weights can be added, not taken away."""
        missing = [variable for variable in self if not any(variable is given for given in variables)]
        if missing:
            raise AttributeError(explain(
                f"Layer `{self._layer.name}` ({type(self._layer).__name__}): weights cannot be taken off its list.",
                received=f"a list without {', '.join(f'`{variable.name}`' for variable in missing)}",
                hint="freeze them: variable.trainable = False, or layer.trainable = False",
            ))  # fmt: skip
        self.extend(variables)


class LayerWeights:
    """A mixin: what belongs to the weights of a layer and of those inside."""

    def add_weight(
        self: Any, *args: Any, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, regularizer: Any = None, constraint: Any = None, aggregation: Any = "none",
        overwrite_with_gradient: bool = False, name: str | None = None, **old: Any,
    ) -> Variable:  # fmt: skip
        """Makes a weight of this layer.

        Args:
            *args: The first of the following by position; where a text comes first, it is the name, and shape, dtype
                and initializer follow, as in Keras 2.
            shape: Its shape; none is a scalar.
            initializer: Gives its first value: a name, an initializer, or a function `(shape, dtype)`. Default Glorot
                uniform for floats, zeros otherwise.
            dtype: Its dtype; by default that of the layer.
            trainable: Whether training updates it.
            autocast: Whether it is read in the layer's compute dtype.
            regularizer: Function of it whose value is added to the loss.
            constraint: Function applied to it after an update.
            aggregation: As given.
            overwrite_with_gradient: Whether an update puts the gradient in its place.
            name: Its name.
            **old: `experimental_autocast`, `synchronization` and the like of Keras 2, which change nothing.

        Returns:
            The variable.

        Raises:
            ValueError: For a shape with unknown sizes.
        """
        from weft.keras import constraints, initializers, regularizers

        self._require_init("add_weight() is called")
        if args:
            order = _OLD_WEIGHT_ORDER if isinstance(args[0], str) else _WEIGHT_ORDER
            given = dict(zip(order, args))
            shape, initializer = given.get("shape", shape), given.get("initializer", initializer)
            dtype, trainable = given.get("dtype", dtype), given.get("trainable", trainable)
            regularizer, constraint = given.get("regularizer", regularizer), given.get("constraint", constraint)
            name, autocast = given.get("name", name), given.get("autocast", autocast)
        for word in old:
            if word not in ("experimental_autocast", "synchronization", "use_resource", "getter", "partitioner"):
                known = (*_WEIGHT_ORDER, "name", "aggregation", "overwrite_with_gradient")
                raise TypeError(f"add_weight does not know the keyword `{word}`. {extend.nearest(word, known)}")
        sizes = () if shape is None else tuple(tf.TensorShape(shape))
        kind = self.variable_dtype if dtype is None else dtype
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype_policies.standardize_dtype(kind) else "zeros"
        self._check_weight_shape(name, sizes)
        begin = initializers.get(initializer)  # once: each initializer made draws a seed
        around = self._path.rpartition("/")[0] if self.built else ""
        with naming.path_scope(around), naming.Scope(self.name, self), tf.init_scope():
            variable = Variable(
                begin, shape=sizes, dtype=kind, trainable=trainable, autocast=autocast,
                aggregation=aggregation, name=name,
            )  # fmt: skip
            variable._enter_graph(begin)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        if not self._trainable and trainable:
            variable.trainable = False
        self._own.append(variable)
        return variable

    def _check_weight_shape(self: Any, name: str | None, sizes: tuple[Any, ...]) -> None:
        if None in sizes:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): weight `{name}` would have a size that is not known.",
                received=f"shape {tf.TensorShape(sizes)}, axis {sizes.index(None)} is unknown",
                hint="give the input its full shape: keras.Input(shape=(28, 28, 1)); only the batch may be None",
            ))  # fmt: skip

    add_variable = add_weight

    @property
    def weights(self: Any) -> list[Any]:
        """The variables of this layer and those inside: own trainable ones, own others, then the inner layers'."""
        found = self._own_variables()
        for child in self._children():
            found.extend(child.weights)
        return tracking.unique(found)

    def _own_variables(self: Any) -> list[Any]:
        """Variables that are not an inner layer's; those made as trainable come first."""
        trainable: list[Any] = []
        others: list[Any] = []
        for value in self._tracked_values():
            if isinstance(value, tf.Variable):
                (trainable if self._counts_as_trainable(value) else others).append(value)
            elif tracking.is_module(value):
                for variable in value.variables:
                    (trainable if self._counts_as_trainable(variable) else others).append(variable)
        return trainable + others

    # What layers of Keras 2 and 3 read and add to by hand

    @property
    def _trainable_weights(self: Any) -> list[Any]:
        return _Weights(self, True)

    @_trainable_weights.setter
    def _trainable_weights(self: Any, given: list[Any]) -> None:
        self._trainable_weights.become(given)

    @property
    def _non_trainable_weights(self: Any) -> list[Any]:
        return _Weights(self, False)

    @_non_trainable_weights.setter
    def _non_trainable_weights(self: Any, given: list[Any]) -> None:
        self._non_trainable_weights.become(given)

    _trainable_variables = _trainable_weights
    _non_trainable_variables = _non_trainable_weights

    def _counts_as_trainable(self: Any, variable: Any) -> bool:
        """Whether it would be trained if nothing were frozen: freezing must not change the order of weights."""
        return bool(getattr(variable, "_made_trainable", variable.trainable))

    @property
    def variables(self: Any) -> list[Any]:
        """The weights, and further state, such as that of random generators; that of metrics stands apart."""
        from weft.keras.layers.layer import Layer
        from weft.keras.metrics.metric import Metric

        found = self._own_variables()
        for value in self._tracked_values():
            if not isinstance(value, (tf.Variable, Layer, Metric)) and not tracking.is_module(value):
                found.extend(getattr(value, "variables", ()))
        for child in self._children():
            found.extend(child.variables)
        return tracking.unique(found)

    @property
    def trainable_variables(self: Any) -> list[Any]:
        """The variables that training updates."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self: Any) -> list[Any]:
        """The variables that training does not update."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.variables if id(variable) not in trained]

    @property
    def trainable_weights(self: Any) -> list[Any]:
        """The weights that training updates; none where the layer is not trainable.

        As in Keras 3, each weight inside is asked whether it is: what was thawed in a frozen layer inside is updated.
        """
        return tracking.unique(self._trained()) if self._trainable else []

    @trainable_weights.setter
    def trainable_weights(self: Any, given: list[Any]) -> None:  # layers of Keras 1 and 2 list them in build()
        self._trainable_weights.become(given)

    def _trained(self: Any) -> list[Any]:
        # Plain variables cannot be frozen themselves: their layer says it.
        found = [variable for variable in self._own_variables()
                 if variable.trainable and (self._trainable or isinstance(variable, Variable))]  # fmt: skip
        for child in self._children():
            lists_its_own = type(child).trainable_weights is not LayerWeights.trainable_weights
            found.extend(child.trainable_weights if lists_its_own else child._trained())
        return found

    @property
    def non_trainable_weights(self: Any) -> list[Any]:
        """The weights that training does not update."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    @non_trainable_weights.setter
    def non_trainable_weights(self: Any, given: list[Any]) -> None:
        self._non_trainable_weights.become(given)

    @property
    def trainable(self: Any) -> bool:
        """Whether training updates the weights; changing it changes it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self: Any, value: bool) -> None:
        if bool(value) is self._trainable:
            return
        self._trainable = bool(value)
        for variable in self._own_variables():
            if isinstance(variable, Variable) and self._counts_as_trainable(variable):
                variable.trainable = bool(value)
        for child in self._children():
            child.trainable = value

    @property
    def updates(self: Any) -> list[Any]:
        """In a graph of TensorFlow 1 the operations that bring the state of the layers up to date, such as averages."""
        return [update for variable in self.weights for update in getattr(variable, "_updates", ())]

    def get_weights(self: Any) -> list[Any]:
        """The values of `weights`, as numpy arrays."""
        return [variable.numpy() for variable in self.weights]

    @extend.at_once
    def set_weights(self: Any, weights: Any) -> None:
        """Gives the weights values.

        Args:
            weights: Arrays, in the order and with the shapes of `get_weights()`.

        Raises:
            ValueError: Where number or shapes differ, naming the weight.
        """
        variables, values = self.weights, list(weights)
        if len(variables) != len(values):
            raise ValueError(explain(
                f"Layer `{self.name}` has {len(variables)} weights, received {len(values)}.",
                expected=[f"{v.path} {tuple(v.shape)}" for v in variables].__repr__() if variables else
                "none" + ("" if self.built else " (the layer is not built yet)"),
                hint=None if self.built else "call the layer once, or build it, before setting weights",
            ))  # fmt: skip
        for variable, value in zip(variables, values):
            shape = tuple(getattr(value, "shape", ()))
            if shape != tuple(variable.shape):
                raise ValueError(explain(
                    f"Layer `{self.name}`: weight `{variable.path}` cannot take a value of this shape.",
                    expected=str(tuple(variable.shape)), received=str(shape),
                ))  # fmt: skip
        for variable, value in zip(variables, values):
            variable.assign(tf.cast(value, variable._dtype) if is_tensor(value) else value)

    def count_params(self: Any) -> int:
        """The number of numbers in the weights.

        Raises:
            ValueError: Where the layer is not built.
        """
        if not self.built:
            raise ValueError(explain(
                f"The parameters of `{self.name}` cannot be counted: it is not built.",
                hint="call it on data, or build it with layer.build(input_shape)",
            ))  # fmt: skip
        return sum(int(tf.TensorShape(variable.shape).num_elements() or 0) for variable in self.weights)

    # Losses

    def add_loss(self: Any, loss: Any) -> None:
        """Adds a value to what training minimises. Inside `call`, for this call; the value may be a function.

        Args:
            loss: A scalar, a function of no arguments that gives one, or a list of these.
        """
        for value in loss if isinstance(loss, (list, tuple)) else [loss]:
            self._losses.append(value)

    # Metrics

    def add_metric(self: Any, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
        """Reports the mean of a value over the steps of an epoch, as Keras 2 did. Keras 3 has no such method: there a
        layer holds a `keras.metrics.Mean` and updates it in `call`.

        Args:
            value: A tensor of numbers, of the present call.
            name: What it is called in the logs.
            aggregation: "mean".

        Raises:
            ValueError: Without a name, or for another aggregation.
        """
        self._metric_of(name, aggregation).update_state(value)

    def _metric_of(self: Any, name: str | None, aggregation: str | None) -> Any:
        """The metric of a name that this layer added, made where there is none."""
        from weft.keras.metrics import Mean  # which needs layers

        if name is None or aggregation not in ("mean", None):
            raise ValueError(explain(
                f"{type(self).__name__} `{self.name}`: add_metric takes a value, a name and aggregation='mean'.",
                received=f"name={name!r}, aggregation={aggregation!r}",
                hint="self.add_metric(tf.reduce_sum(x), name='sum'); for other metrics hold one as an attribute and "
                     "call its update_state",
            ))  # fmt: skip
        for metric in self._metrics:
            if metric.name == name:
                return metric
        self._metrics.append(Mean(name=name))
        return self._metrics[-1]

    @property
    def losses(self: Any) -> list[Any]:
        """What was added in the last call, and the regularizers of the weights."""
        found: list[Any] = []
        for layer in self._flatten_layers():
            found.extend(value() if callable(value) and not is_tensor(value) else value for value in layer._losses)
        for variable in self.trainable_weights:
            if getattr(variable, "regularizer", None) is not None:
                found.append(variable.regularizer(variable))
        return found

    def _clear_losses(self: Any) -> None:
        for layer in self._flatten_layers():
            layer._losses[:] = [value for value in layer._losses if callable(value) and not is_tensor(value)]

    def _forget_symbolic_losses(self: Any) -> None:
        """Drops losses without a value, which running `call` without values to make the weights has left."""
        for layer in self._flatten_layers():
            layer._losses[:] = [loss for loss in layer._losses if getattr(loss, "graph", None) is None]
