"""Optimizers written for TensorFlow 2.0 to 2.10: named hyperparameters, slots, a rule for gradients and for rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft as tf
from weft.extend import explain, signature_of
from weft.keras import initializers
from weft.keras.core import naming
from weft.keras.core.variable import Variable
from weft.keras.optimizers import slices
from weft.keras.saving import serialize_keras_object


class OlderProtocol:
    """What subclasses of that time call and override, on top of what today's optimizers do around their rule.

    A subclass is of that time where it has a rule `_resource_apply_dense(gradient, variable, apply_state)`. It names
    its numbers by `_set_hyper`, makes what it keeps in `_create_slots` by `add_slot`, and computes what all variables
    of a dtype share in `_prepare_local`. Subclasses of today's optimizers may override the rule, too, and call the
    inherited one, whose slots they find under the names of that time.
    """

    name: str
    built: bool
    learning_rate: Any
    _decay: float
    _places: dict[int, int]
    _trainable_variables: list[Any]
    #: names of slots in that time -> the attribute that holds their variables, in the order of the model's
    _slot_attributes: dict[str, str] = {}
    _HAS_AGGREGATE_GRAD = True
    _use_locking = True

    @property
    def _is_older(self) -> bool:
        cls = type(self)
        return any(
            getattr(cls, name) is not getattr(OlderProtocol, name)
            for name in ("_resource_apply_dense", "_resource_apply_sparse")
        )

    # Hyperparameters

    def _set_hyper(self, name: str, value: Any) -> None:
        """Keeps a number that training may change: as a variable, unless it is a tensor, a schedule or a function."""
        if name in ("learning_rate", "lr"):
            if value is not None:
                self.learning_rate = value
            return
        if name == "decay":
            self._decay = float(value or 0.0)
            return
        hypers = self.__dict__.setdefault("_hyper", {})
        if isinstance(hypers.get(name), Variable) and not callable(value):
            hypers[name].assign(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            with tf.init_scope(), naming.Scope(self.name, self):
                hypers[name] = Variable(float(value), dtype="float32", trainable=False, name=name)
        else:
            hypers[name] = value

    def _get_hyper(self, name: str, dtype: Any = None) -> Any:
        """A hyperparameter's present value; as a tensor of a dtype, where one is given."""
        hypers = self.__dict__.get("_hyper", {})
        if name in ("learning_rate", "lr"):
            value = self.__dict__["_learning_rate"]
        elif name in hypers:
            value = hypers[name]
        elif name == "decay":
            value = self._decay
        else:
            value = object.__getattribute__(self, name)  # numbers of today's rules are attributes
        if callable(value) and not isinstance(value, (tf.Variable, Variable)) and not hasattr(value, "get_config"):
            value = value()
        return value if dtype is None or hasattr(value, "get_config") else tf.cast(value, dtype)

    def __getattr__(self, name: str) -> Any:
        if name != "_hyper" and name in self.__dict__.get("_hyper", ()):
            return self._get_hyper(name)
        return object.__getattribute__(self, name)  # raises once more, in the words of a property where it is one

    def _serialize_hyperparameter(self, name: str) -> Any:
        """A hyperparameter for `get_config`."""
        value = self._get_hyper(name)
        if hasattr(value, "get_config"):
            return serialize_keras_object(value)
        return float(value) if tf.is_tensor(value) or isinstance(value, tf.Variable) else value

    def _older_config(self) -> dict[str, Any]:
        """What the constructor took then: the subclass adds its hyperparameters."""
        clipping = {name: getattr(self, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        return {"name": self.name} | {name: bound for name, bound in clipping.items() if bound is not None}

    @property
    def _initial_decay(self) -> float:
        return self._decay

    def _decayed_lr(self, var_dtype: Any) -> Any:
        """The learning rate of this step."""
        return tf.cast(self._present_learning_rate(), var_dtype)  # type: ignore[attr-defined]

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param

    # What it keeps

    def add_slot(self, var: Any, slot_name: str, initializer: Any = "zeros", shape: Any = None) -> Any:
        """A variable of the optimizer's own beside one of the model's; the same at each call.

        Args:
            var: The model's.
            slot_name: What it holds.
            initializer: Name or function of its first value, or the value.
            shape: Its shape; that of the model's variable where None.
        """
        slots, place = self.__dict__.setdefault("_slots_by_name", {}).setdefault(slot_name, {}), self._place_of(var)
        if place not in slots:
            first = initializer
            if isinstance(first, str) or (callable(first) and not tf.is_tensor(first)):
                first = initializers.get(first) if isinstance(first, str) else first
            else:
                value = tf.convert_to_tensor(first)
                first, shape = lambda _shape, dtype=None: tf.cast(value, dtype or value.dtype), value.shape
            kind = tf.as_dtype(var.dtype).name
            path = str(getattr(var, "path", var.name)).replace(":", "_").replace("/", "_")
            slots[place] = self.add_variable(  # type: ignore[attr-defined]
                var.shape if shape is None else shape, first, kind, name=f"{path}_{slot_name}"
            )
            slots[place].slot_name = slot_name
        return slots[place]

    def _place_of(self, var: Any) -> int:
        place = self._places.get(id(var))
        if place is None:
            place = self._places[id(var)] = len(self._trainable_variables)
            self._trainable_variables.append(var)
        return place

    def get_slot(self, var: Any, slot_name: str) -> Any:
        """What `add_slot` made.

        Raises:
            KeyError: Where there is none of that name.
        """
        place = self._places.get(id(var))
        found = self.__dict__.get("_slots_by_name", {}).get(slot_name, {}).get(place)
        if found is not None:
            return found
        kept = getattr(self, self._slot_attributes[slot_name], None) if slot_name in self._slot_attributes else None
        if kept and place is not None:
            return kept[place]
        known = self.get_slot_names()
        raise KeyError(explain(
            f"Optimizer `{self.name}` keeps no {slot_name!r} beside `{getattr(var, 'path', var.name)}`.",
            expected="one of " + ", ".join(map(repr, known)) if known else None,
            hint="make it in _create_slots(self, var_list): self.add_slot(var, name)",
        ))  # fmt: skip

    def get_slot_names(self) -> list[str]:
        """The names of all slots."""
        kept = (name for name, attribute in self._slot_attributes.items() if getattr(self, attribute, None))
        return list(dict.fromkeys([*self.__dict__.get("_slots_by_name", ()), *kept]))

    def add_weight(
        self, name: str, shape: Any = (), dtype: Any = None, initializer: Any = "zeros", trainable: bool = False,
        synchronization: Any = None, aggregation: Any = None,
    ) -> Any:  # fmt: skip
        """A variable of the optimizer's own."""
        first = initializer
        if isinstance(first, (int, float)):
            first = initializers.Constant(first)
        return self.add_variable(shape, first, dtype, name=name)  # type: ignore[attr-defined]

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Makes what the rule keeps for each variable. Subclasses say what."""

    def _create_hypers(self) -> None:
        """Nothing: hyperparameters are made where they are named."""

    def _create_all_weights(self, var_list: Sequence[Any]) -> None:
        """Makes all that the optimizer keeps."""
        self.build(list(var_list))  # type: ignore[attr-defined]

    @property
    def weights(self) -> list[Any]:
        """All its variables."""
        return self.variables  # type: ignore[attr-defined,no-any-return]

    # The rule

    def _prepare(self, var_list: Sequence[Any]) -> dict[Any, Any]:
        """What variables of a place and a dtype share, by these two."""
        keys = dict.fromkeys((var.device, tf.as_dtype(var.dtype)) for var in var_list)
        state: dict[Any, Any] = {key: {} for key in keys}
        for device, dtype in keys:
            self._prepare_local(device, dtype, state)
        return state

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: dict[Any, Any]) -> None:
        """Puts what variables of this place and dtype share into `apply_state[var_device, var_dtype]`."""
        rate = self._decayed_lr(var_dtype)
        apply_state.setdefault((var_device, var_dtype), {}).update(lr_t=rate, lr=rate, neg_lr_t=-rate)

    def _fallback_apply_state(self, var_device: Any, var_dtype: Any) -> Any:
        """The same for a place and dtype that were not prepared."""
        state: dict[Any, Any] = {(var_device, var_dtype): {}}
        self._prepare_local(var_device, var_dtype, state)
        return state[var_device, var_dtype]

    def _resource_apply_dense(self, grad: Any, handle: Any, apply_state: Any = None) -> Any:
        """Updates a variable by its gradient: here by today's rule. Subclasses say how."""
        self.update_step(grad, handle, self._decayed_lr(tf.as_dtype(handle.dtype)))  # type: ignore[attr-defined]

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any, apply_state: Any = None) -> Any:
        """Updates the rows of a variable that have a gradient, each once."""
        rows = tf.IndexedSlices(grad, indices, tf.constant(handle.shape.as_list()))
        if type(self)._resource_apply_dense is OlderProtocol._resource_apply_dense:
            self._resource_apply_dense(rows, handle)
        else:
            _with_state(self._resource_apply_dense, slices.dense(rows, handle), handle, apply_state=apply_state)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any, **kwargs: Any) -> Any:
        """The same for rows that may recur: those of one number are added up."""
        unique, places = tf.unique(indices)
        summed = tf.math.unsorted_segment_sum(grad, places, tf.size(unique))
        return _with_state(self._resource_apply_sparse, summed, handle, unique, **kwargs)

    def _resource_scatter_add(self, x: Any, i: Any, v: Any) -> Any:
        x.scatter_add(tf.IndexedSlices(v, i))
        return x

    def _resource_scatter_update(self, x: Any, i: Any, v: Any) -> Any:
        x.scatter_update(tf.IndexedSlices(v, i))
        return x

    def _apply_older(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
        """An update by the rule of a subclass of that time."""
        state = self._prepare(variables)
        for gradient, variable in zip(grads, variables, strict=True):
            if slices.is_sparse(gradient):
                self._resource_apply_sparse_duplicate_indices(
                    gradient.values, variable, gradient.indices, apply_state=state
                )
            else:
                _with_state(self._resource_apply_dense, gradient, variable, apply_state=state)


def _with_state(rule: Any, *args: Any, apply_state: Any = None) -> Any:
    """Calls a rule; those of TensorFlow 2.0's first subclasses take no `apply_state`."""
    parameters = signature_of(rule).parameters.values()
    takes = any(p.name == "apply_state" or p.kind is p.VAR_KEYWORD for p in parameters)
    return rule(*args, apply_state=apply_state) if takes else rule(*args)
