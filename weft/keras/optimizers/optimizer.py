"""`Optimizer`: what all of them do around their rule, from gradients to updated variables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.extend import explain, nearest, signature_of
from weft.keras import initializers
from weft.keras.core import naming, stateless
from weft.keras.core.construction import KnownArguments
from weft.keras.core.variable import Variable
from weft.keras.optimizers import slices
from weft.keras.optimizers.arguments import check_arguments, read_old_spellings
from weft.keras.optimizers.older_protocol import OlderProtocol
from weft.keras.optimizers.schedules import LearningRateSchedule
from weft.keras.saving import deserialize_keras_object, serialize_keras_object


class Variables(list[Any]):
    """An optimizer's variables; `optimizer.variables()`, as Keras 2 wants it, gives them, too."""

    def __call__(self) -> list[Any]:
        """The same."""
        return self


class Optimizer(OlderProtocol, metaclass=KnownArguments):
    """Updates variables by their gradients. Subclasses say how in `update_step(gradient, variable, learning_rate)`.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        weight_decay: Share of each variable that is taken away in a step, times the learning rate.
        clipnorm: Greatest norm of a single gradient.
        clipvalue: Greatest magnitude of a gradient's entries.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether moving averages of the variables are kept.
        ema_momentum: Share of the old average in a new one.
        ema_overwrite_frequency: After how many steps the variables take their averages; only at the end where None.
        loss_scale_factor: The loss is multiplied by it, the gradients are divided by it.
        gradient_accumulation_steps: Over how many steps gradients are averaged before an update.
        name: Its name.
        **kwargs: `lr` and `decay`, as in Keras 2.

    Raises:
        TypeError: For an unknown keyword, naming the nearest ones.
        ValueError: For arguments out of range.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> v = tf.Variable(1.0)
        >>> count = keras.optimizers.SGD(learning_rate=0.5).apply_gradients([(tf.constant(1.0), v)])
        >>> float(v)
        0.5
    """

    _weft_trackable = False
    _tracked_names: dict[str, str] = {}  # attributes of a rule -> what Keras calls them in checkpoints

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if self._is_older and isinstance(learning_rate, str):
            learning_rate, name = 0.001, name or learning_rate  # the name came first then
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        learning_rate, self._decay = read_old_spellings(self, learning_rate, kwargs)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_arguments(self)
        self.built = False
        self._variables: list[Any] = []
        self._trainable_variables: list[Any] = []
        self._places: dict[int, int] = {}
        self._model_variables_moving_average: list[Any] = []
        self._accumulated_gradients: list[Any] = []
        self._iterations = self._own_variable(0, "iteration", "int64")
        self._learning_rate: Any = None
        self._set_learning_rate(learning_rate)

    # Variables

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        extend.attribute_set(self)

    def _trackable_children(self) -> dict[str, Any]:
        """What `tf.train.Checkpoint` saves, by Keras' names."""
        names = type(self)._tracked_names
        found = {names.get(name, name): value for name, value in vars(self).items()}
        found.pop("_slots_by_name", None)  # they are among the variables
        first = ("_variables", "_trainable_variables", "_iterations", "_learning_rate")
        return {name: found.pop(name) for name in first} | found

    def _own_variable(self, value: Any, name: str, dtype: str) -> Any:
        with tf.init_scope(), naming.Scope(self.name, self):
            made = Variable(value, dtype=dtype, trainable=False, name=name)
        extend.made_by_constructor(made)
        self._variables.append(made)
        return made

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, aggregation: str = "none", layout: Any = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """A variable of the optimizer's own.

        Args:
            shape: Its shape.
            initializer: Name or function of its first value.
            dtype: Its dtype.
            aggregation: As given.
            layout: As given.
            name: Its name.
        """
        with tf.init_scope(), naming.Scope(self.name, self):
            made = Variable(
                initializers.get(initializer),
                shape=tuple(tf.TensorShape(shape).as_list()),
                dtype=dtype,
                trainable=False,
                name=name,
            )
        self._variables.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Any:
        """A variable of the shape and dtype of another one.

        Args:
            reference_variable: That other one.
            name: What it holds, such as "momentum".
            initializer: Name or function of its first value.
        """
        own = str(getattr(reference_variable, "path", None) or reference_variable.name)
        label = own.replace(":", "_").replace("/", "_")
        dtype = tf.as_dtype(reference_variable.dtype).name
        made = self.add_variable(
            reference_variable.shape, initializer, dtype, name=f"{label}_{name}" if name else label
        )
        made.slot_name = name
        extend.set_layout(made, extend.layout_of(reference_variable))  # it lies where what it belongs to lies
        return made

    def add_optimizer_variables(self, trainable_variables: Sequence[Any], name: Any, initializer: Any = "zeros") -> Any:
        """A variable of the optimizer's own for each of the model's, of one kind or of several.

        Args:
            trainable_variables: The model's.
            name: A name, or several.
            initializer: A first value, or one for each name.

        Returns:
            A list; with several names, a list for each of them.
        """
        names = [name] if isinstance(name, str) else list(name)
        firsts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        made: list[list[Any]] = [[] for _ in names]
        for variable in trainable_variables:
            for place, (kind, first) in enumerate(zip(names, firsts, strict=True)):
                overwritten = getattr(variable, "overwrite_with_gradient", False)
                made[place].append(None if overwritten else self.add_variable_from_reference(variable, kind, first))
        return made[0] if isinstance(name, str) else tuple(made)

    @property
    def variables(self) -> list[Any]:
        """All its variables: the iteration, the learning rate, then what its rule keeps."""
        return Variables(self._variables)

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        if self.gradient_accumulation_steps:
            return tf.math.floordiv(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        if self.built:
            raise RuntimeError(explain("`iterations` cannot be replaced once the optimizer has variables."))
        self._variables[self._variables.index(self._iterations)] = variable
        self._iterations = variable

    def build(self, variables: Sequence[Any]) -> None:
        """Makes what the optimizer keeps for each variable. Rules extend it.

        Args:
            variables: The variables that it will update.
        """
        if self.built:
            return
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [
                self.add_variable_from_reference(variable, "gradient_accumulator") for variable in variables
            ]
        self._trainable_variables = list(variables)
        self._places = {id(variable): place for place, variable in enumerate(variables)}
        if self._is_older:
            self._create_slots(list(variables))
        self.built = True

    def _get_variable_index(self, variable: Any) -> int:
        return self._places[id(variable)]

    def _require_known(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if id(variable) not in self._places:
                if self._is_older and not self._slot_attributes:  # of that time, it takes variables up as they come
                    self._place_of(variable)
                    with tf.init_scope():
                        self._create_slots([variable])
                    continue
                known = [str(getattr(v, "path", v.name)) for v in self._trainable_variables]
                raise ValueError(explain(
                    f"Optimizer `{self.name}` does not know variable `{getattr(variable, 'path', variable.name)}`.",
                    expected="one of " + ", ".join(known[:8]) + (", …" if len(known) > 8 else ""),
                    hint="an optimizer belongs to the variables of its first update: make a new one for other "
                    "variables, "
                    "or call optimizer.build(all_variables) before the first update",
                ))  # fmt: skip

    # The learning rate

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, which can be assigned; with a schedule or a function, its present value."""
        if isinstance(self._learning_rate, (Variable, tf.Variable)):
            return self._learning_rate
        return self._present_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_learning_rate(value)

    lr = learning_rate

    def _set_learning_rate(self, value: Any) -> None:
        old = self._learning_rate
        if old is None and isinstance(value, tf.Variable) and not isinstance(value, Variable):
            self._learning_rate = value  # the program's own: it may be changed there
            return
        if isinstance(value, LearningRateSchedule) or (callable(value) and not tf.is_tensor(value)):
            if isinstance(value, Variable):
                value = float(value)
            else:
                if isinstance(old, Variable):
                    self._variables = [v for v in self._variables if v is not old]
                self._learning_rate = value
                return
        if isinstance(old, LearningRateSchedule):
            raise TypeError(explain(
                f"The learning rate of optimizer `{self.name}` comes from a schedule and cannot be set. This "
                "optimizer was created with a `LearningRateSchedule` object as its `learning_rate` argument.",
                hint="make the optimizer with a number as its learning rate",
            ))  # fmt: skip
        if isinstance(old, (Variable, tf.Variable)):
            old.assign(value)
            return
        self._learning_rate = self._own_variable(float(value), "learning_rate", "float32")

    def _present_learning_rate(self) -> Any:
        """The rate of this step: what the schedule says, or the variable, less the old kind of decay."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)  # as in Keras, steps that only gather gradients count too
        if not isinstance(rate, (Variable, tf.Variable)):
            return rate()
        if self._decay:
            return rate / (1.0 + self._decay * tf.cast(self.iterations, rate.dtype))
        return tf.convert_to_tensor(rate)

    @property
    def decay(self) -> float:
        """Keras 2's decay: the rate is divided by 1 + decay · iterations."""
        return self._decay

    # Updates

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable. Subclasses say how.

        Args:
            gradient: Its gradient; `tf.IndexedSlices` where only some rows have one.
            variable: The variable.
            learning_rate: A scalar.
        """
        raise NotImplementedError(explain(
            f"{type(self).__name__} has no update_step().",
            hint="define update_step(self, gradient, variable, learning_rate)"
        ))  # fmt: skip

    def assign(self, variable: Any, value: Any) -> None:
        """Gives a variable a value."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value)

    @extend.user_facing
    def apply_gradients(self, grads_and_vars: Any, name: str | None = None, **kwargs: Any) -> Any:
        """Updates variables.

        Args:
            grads_and_vars: Pairs of a gradient and its variable.
            name: As given.
            **kwargs: `skip_gradients_aggregation`, or `experimental_aggregate_gradients=False`: the gradients are
                summed over replicas already.

        Returns:
            The variable that counts the updates.

        Raises:
            ValueError: Where no variable has a gradient.
        """
        for word in kwargs:
            if word not in ("skip_gradients_aggregation", "experimental_aggregate_gradients"):
                raise TypeError(explain(f"apply_gradients() has no keyword `{word}`."))
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError(explain("apply_gradients() was given no pairs of a gradient and its variable.",
                                     hint="the list is empty, or an iterator (zip) that was gone through before"))
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not hasattr(pair[1], "assign"):
                raise TypeError(explain(
                    "apply_gradients() takes pairs of a gradient and its variable.", received=repr(pair)[:200],
                    hint="optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
                ))  # fmt: skip
        summed = not kwargs.get("skip_gradients_aggregation") and kwargs.get("experimental_aggregate_gradients", True)
        gradients, variables = [gradient for gradient, _ in pairs], [variable for _, variable in pairs]
        if summed:
            self.apply(gradients, variables)
        else:
            with extend.same_in_all_replicas():
                self.apply(gradients, variables)
        return self._iterations

    @extend.user_facing
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables.

        Args:
            grads: Gradients.
            trainable_variables: Their variables; those that it was built with where None.

        Raises:
            ValueError: Where no variable has a gradient, or a variable is unknown.
        """
        grads = extend.summed_over_replicas(grads)
        if not grads:
            return
        with extend.same_in_all_replicas():
            self._apply(grads, trainable_variables)

    def _apply(self, grads: list[Any], trainable_variables: Sequence[Any] | None) -> None:
        if trainable_variables is None:
            trainable_variables = self._built_variables(len(grads))
        trainable_variables = list(trainable_variables)
        if not self.built:
            with tf.init_scope():
                self.build(trainable_variables)
            self.built = True
        self._require_known(trainable_variables)
        with naming.Scope(self.name, self):
            grads, trainable_variables = self._with_gradients(grads, trainable_variables)
            if grads:
                if self.loss_scale_factor is not None:
                    grads = [slices.each(lambda g: g / self.loss_scale_factor, gradient) for gradient in grads]
                self._update(grads, trainable_variables)
                for variable in trainable_variables:
                    if variable.constraint is not None:
                        variable.assign(variable.constraint(variable))
        self._iterations.assign_add(1)

    def stateless_apply(
        self, optimizer_variables: Any, grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """The values of the variables after an update, which changes none of them.

        Args:
            optimizer_variables: One value a variable of the optimizer.
            grads: One gradient a trainable variable.
            trainable_variables: Their values.

        Returns:
            (new values of the trainable variables, new values of the optimizer's).

        Raises:
            ValueError: For an optimizer that is not built, or another number of values.
        """
        stateless.require_built(self, "stateless_apply")
        own, targets = self.variables, list(self._trainable_variables)
        pairs = stateless.mapping(self.name, "trainable_variables", targets, trainable_variables)
        pairs += stateless.mapping(self.name, "variables", own, optimizer_variables)
        with stateless.StatelessScope(pairs) as scope:
            self.apply(grads)
        return [scope.get_current_value(v) for v in targets], [scope.get_current_value(v) for v in own]

    def _built_variables(self, count: int) -> list[Any]:
        if not self.built:
            raise ValueError(explain(
                f"Optimizer `{self.name}` was given gradients without variables before it knows any.",
                hint="call optimizer.build(variables) first, or pass the variables",
            ))  # fmt: skip
        if count != len(self._trainable_variables):
            raise ValueError(explain(
                f"Optimizer `{self.name}` was given {count} gradients for {len(self._trainable_variables)} variables."
            ))  # fmt: skip
        return self._trainable_variables

    def _with_gradients(self, grads: list[Any], variables: list[Any]) -> tuple[list[Any], list[Any]]:
        """The pairs that have a gradient, as tensors; variables that take their gradient as value are done here."""
        missing = [v for g, v in zip(grads, variables, strict=True) if g is None]
        if missing:
            names = ", ".join(f"`{getattr(v, 'path', v.name)}`" for v in missing[:6]) + (
                ", …" if len(missing) > 6 else ""
            )
            if len(missing) == len(variables):
                raise ValueError(explain(
                    f"No gradients provided for any variable: {names}.",
                    hint=extend.explain_missing_gradient(missing[0], guess=True),
                ))  # fmt: skip
            why = extend.explain_missing_gradient(missing[0])
            warnings.warn(
                f"Gradients do not exist for variables {names}; they stay as they are."
                + (f" Why {names.split(',')[0]} has none: {why}." if why else ""),
                stacklevel=extend.user_stacklevel(),
            )
        pairs = []
        for gradient, variable in zip(grads, variables, strict=True):
            if gradient is None:
                continue
            if getattr(variable, "overwrite_with_gradient", False):
                self._overwrite(variable, slices.dense(gradient, variable))
                continue
            gradient = gradient if slices.is_sparse(gradient) else tf.convert_to_tensor(gradient)
            wanted = tf.as_dtype(variable.dtype)
            if gradient.dtype != wanted:
                gradient = slices.each(partial(tf.cast, dtype=wanted), gradient)
            pairs.append((gradient, variable))
        return [g for g, _ in pairs], [v for _, v in pairs]

    def _overwrite(self, variable: Any, gradient: Any) -> None:
        """Puts a gradient in its variable's place: over several steps, the greatest of theirs."""
        if not self.gradient_accumulation_steps:
            variable.assign(gradient)
            return
        kept = self._accumulated_gradients[self._get_variable_index(variable)]
        greatest = tf.maximum(tf.cast(gradient, kept.dtype), kept)
        due = tf.equal((self._iterations + 1) % self.gradient_accumulation_steps, 0)
        variable.assign(tf.where(due, greatest, variable))
        kept.assign(tf.where(due, tf.zeros_like(greatest), greatest))

    def _update(self, grads: list[Any], variables: list[Any]) -> None:
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._step(grads, variables)
        if self.use_ema:
            self._update_averages()

    def _step(self, grads: list[Any], variables: list[Any]) -> None:
        grads = self._clip_gradients(grads, variables)
        rate = tf.convert_to_tensor(self._present_learning_rate())
        self._apply_weight_decay(variables, rate)
        self._update_variables(grads, variables, rate)

    def _update_variables(self, grads: list[Any], variables: list[Any], rate: Any) -> None:
        if tf.executing_eagerly():
            self.__dict__["_common"] = {}
        try:
            if self._is_older:
                self._apply_older(grads, variables)
                return
            for gradient, variable in zip(grads, variables, strict=True):
                self.update_step(gradient, variable, tf.cast(rate, variable.dtype))
        finally:
            self.__dict__.pop("_common", None)

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What is the same for all variables of an update: computed once, where that is not for the graph to see."""
        known = self.__dict__.get("_common")
        if known is None:
            return compute()
        found = known.get(key)
        if found is None:
            found = known[key] = compute()
        return found

    def _accumulate(self, grads: list[Any], variables: list[Any]) -> None:
        steps = self.gradient_accumulation_steps
        sums = [self._accumulated_gradients[self._get_variable_index(variable)] for variable in variables]
        totals = [slices.dense(g, v) + s for g, v, s in zip(grads, variables, sums, strict=True)]

        def update() -> None:
            self._step([total / steps for total in totals], variables)
            for kept in sums:
                kept.assign(tf.zeros_like(kept))

        def keep() -> None:
            for kept, total in zip(sums, totals, strict=True):
                kept.assign(total)

        tf.cond(tf.equal((self._iterations + 1) % steps, 0), update, keep)

    def _clip_gradients(self, grads: list[Any], variables: list[Any] | None = None) -> list[Any]:
        if self.clipnorm is not None and self.clipnorm > 0:
            return [slices.each(lambda g: _within_norm(g, self.clipnorm, _norm([g])), gradient) for gradient in grads]
        if self.global_clipnorm is not None and self.global_clipnorm > 0:
            # As in Keras, recurring rows count apart in the norm and are one afterwards.
            norm = _norm([slices.numbers(gradient) for gradient in grads])
            # A norm that is not finite spoils all of them, and so is noticed.
            norm = tf.where(tf.math.is_finite(norm), norm, tf.cast(float("nan"), norm.dtype))
            likes = variables or [None] * len(grads)
            whole = [slices.dense(gradient, variable) for gradient, variable in zip(grads, likes, strict=True)]
            return [_within_norm(gradient, self.global_clipnorm, norm) for gradient in whole]
        if self.clipvalue is not None and self.clipvalue > 0:
            bound = self.clipvalue
            return [slices.each(lambda g: tf.clip_by_value(g, -bound, bound), gradient) for gradient in grads]
        return grads

    # Weight decay

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Spares variables from weight decay.

        Args:
            var_list: Variables.
            var_names: Regular expressions, which are searched for in the variables' paths.
        """
        if self.built:
            raise ValueError(explain("exclude_from_weight_decay() must come before the optimizer is built."))
        self._spared = {id(variable) for variable in var_list or ()}
        self._spared_names = tuple(map(re.compile, var_names or ()))

    def _decays(self, variable: Any) -> bool:
        if id(variable) in getattr(self, "_spared", ()):
            return False
        path = str(getattr(variable, "path", variable.name))
        return not any(pattern.search(path) for pattern in getattr(self, "_spared_names", ()))

    def _apply_weight_decay(self, variables: list[Any], rate: Any = None) -> None:
        if self.weight_decay is None:
            return
        if rate is None:
            rate = tf.convert_to_tensor(self._present_learning_rate())
        for variable in variables:
            if self._decays(variable):
                variable.assign_sub(variable * tf.cast(rate * self.weight_decay, variable.dtype))

    # Moving averages

    def _update_averages(self) -> None:
        # An average starts at the variable's value after the first update.
        share = tf.where(tf.equal(self.iterations, 0), 0.0, self.ema_momentum)
        for variable, average in self._pairs():
            part = tf.cast(share, average.dtype)
            average.assign(part * average + (1 - part) * variable)
        if self.ema_overwrite_frequency:
            due = tf.equal((self.iterations + 1) % self.ema_overwrite_frequency, 0)
            for variable, average in self._pairs():
                variable.assign(tf.where(due, average, variable))

    def _pairs(self) -> list[tuple[Any, Any]]:
        averages = self._model_variables_moving_average
        return [(v, a) for v, a in zip(self._trainable_variables, averages, strict=True) if a is not None]

    def finalize_variable_values(self, var_list: Any = None) -> None:
        """Ends training: with `use_ema`, the variables take their averages.

        Args:
            var_list: As given; all variables of the optimizer are meant.
        """
        if self.use_ema:
            for variable, average in self._pairs():
                variable.assign(average)

    def scale_loss(self, loss: Any) -> Any:
        """The loss, multiplied by `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else scaled(loss, self.loss_scale_factor)

    # The optimizer of TensorFlow 1 and Keras 2

    def minimize(self, loss: Any, var_list: Any, tape: Any = None) -> None:
        """One step that makes a loss smaller.

        Args:
            loss: A function without arguments, or a tensor computed under `tape`.
            var_list: Variables, or a function that gives them.
            tape: The tape of a loss given as a tensor.
        """
        pairs = self.compute_gradients(loss, var_list, tape)
        self.apply_gradients(pairs)

    def compute_gradients(self, loss: Any, var_list: Any, tape: Any = None) -> list[tuple[Any, Any]]:
        """Pairs of gradient and variable; the arguments are those of `minimize`."""
        if callable(loss) and not tf.is_tensor(loss):
            with tf.GradientTape() as tape:
                value = loss()
        elif tape is None:
            raise ValueError(explain(
                "minimize() needs the tape under which the loss was computed.",
                hint="pass tape=tape, or the loss as a function: optimizer.minimize(lambda: ..., variables)",
            ))  # fmt: skip
        else:
            value = loss
        variables = list(var_list() if callable(var_list) else var_list)
        return list(zip(tape.gradient(value, variables), variables, strict=True))

    def get_weights(self) -> list[Any]:
        """The values of its variables."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Gives its variables values.

        Args:
            weights: What `get_weights` gave.
        """
        if not self.built and len(weights) > len(self._variables):
            raise ValueError(explain(
                f"You are calling set_weights() of optimizer `{self.name}` before it knows which variables it updates.",
                received=f"{len(weights)} values for its {len(self._variables)} variables",
                hint="call optimizer.build(model.trainable_variables) first",
            ))  # fmt: skip
        if len(weights) != len(self._variables):
            raise ValueError(explain(
                f"Optimizer `{self.name}` has {len(self._variables)} variables, received {len(weights)} values."
            ))  # fmt: skip
        for variable, value in zip(self._variables, weights, strict=True):  # before the first is changed
            if tuple(variable.shape) != np.shape(value):
                raise ValueError(explain(
                    f"Optimizer `{self.name}`: a value has another shape than its variable `{variable.name}`.",
                    expected=f"shape {tuple(variable.shape)}", received=f"shape {np.shape(value)}",
                ))  # fmt: skip
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Puts its variables' values into a mapping."""
        for place, variable in enumerate(self._variables):
            store[str(place)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes its variables' values from a mapping. Those of another optimizer are left out, with a warning."""
        values = [store[str(place)] for place in range(len(store))]
        if len(values) == len(self._variables):
            self.set_weights(values)
            return
        if all(np.ndim(value) == 0 for value in values):  # it had not begun: steps and learning rate are all it has
            for variable, value in zip(self._variables, values):
                if tuple(variable.shape) == ():
                    variable.assign(value)
            return
        warnings.warn(
            f"Optimizer `{self.name}` begins anew: the file holds {len(values)} of its variables, it has "
            f"{len(self._variables)}" + ("." if self.built else ", because it is not built."),
            stacklevel=2,
        )

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes. Rules add their own."""
        if self._is_older and not self._slot_attributes:
            return self._older_config()
        rate = self._learning_rate
        found = {
            "name": self.name,
            "learning_rate": float(rate) if isinstance(rate, (Variable, tf.Variable)) else serialize_keras_object(rate),
            "weight_decay": self.weight_decay, "clipnorm": self.clipnorm, "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue, "use_ema": self.use_ema, "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency, "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }  # fmt: skip
        if self._decay:
            found["decay"] = self._decay
        for name in self._rule_arguments():
            found[name] = getattr(self, name)
        return found

    @classmethod
    def _rule_arguments(cls) -> list[str]:
        """The constructor's arguments that are not every optimizer's, and that are kept under their own names."""
        common = set(signature_of(Optimizer.__init__).parameters) | {"self"}
        return [name for name in signature_of(cls.__init__).parameters if name not in common]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` gave."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_keras_object(config["learning_rate"], custom_objects=custom_objects)
        return cls(**config)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_places"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._places = {id(variable): place for place, variable in enumerate(self._trainable_variables)}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        import copy

        made = object.__new__(type(self))
        memo[id(self)] = made
        made.__setstate__({key: copy.deepcopy(value, memo) for key, value in self.__getstate__().items()})
        return made


def unknown_optimizer_keyword(optimizer: Any, word: str) -> TypeError:
    """The error for a keyword that an optimizer does not have."""
    known = {name for cls in (type(optimizer), Optimizer) for name in signature_of(cls.__init__).parameters}
    known -= {"self", "kwargs", "args"}
    return TypeError(explain(
        f"{type(optimizer).__name__} has no argument `{word}`. {nearest(word, known)}",
        expected="one of " + ", ".join(sorted(known))
    ))  # fmt: skip


def scaled(loss: Any, scale: Any) -> Any:
    """A loss, which may be a plain number, times a scale, in the loss' dtype."""
    return loss * (tf.cast(scale, loss.dtype) if hasattr(loss, "dtype") else scale)


def _norm(tensors: Sequence[Any]) -> Any:
    squares = [tf.reduce_sum(tf.square(tensor)) for tensor in tensors]
    return tf.sqrt(squares[0] if len(squares) == 1 else tf.add_n(squares))


def _within_norm(gradient: Any, bound: float | None, norm: Any) -> Any:
    return gradient * (bound / tf.maximum(norm, tf.cast(bound, norm.dtype)))
