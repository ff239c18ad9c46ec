"""The short way of `model(x)`: the computation of a whole model as one compiled function.

It is taken only where nobody can tell it from running layer after layer, but for last places: models made of Weft's
own layers alone, called from outside of all other calls, without training, masks, tapes or a graph under
construction. Which way a call takes depends on the model and on what it is given, never on what was called before.
"""

from __future__ import annotations

import weakref
from typing import Any

import weft as tf
from weft import extend
from weft.keras import config
from weft.keras.core import call_context, stateless, tracking
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.masking import get_mask
from weft.keras.core.operation import OpNode
from weft.keras.layers.core.input_layer import InputLayer
from weft.keras.layers.layer import Layer
from weft.keras.ops.records import FunctionCall
from weft.keras.trainer.state import tracing

_OURS = "weft.keras.layers."

class CompiledCall:
    """The compiled computation of a model, for as long as its layers stay as they are.

    Args:
        model: The model; it is not kept alive by this.
    """

    def __init__(self, model: Any) -> None:
        self._changes = tracking.changes.count
        self._layers = model._flatten_layers()
        classes = dict.fromkeys(base for layer in self._layers for base in type(layer).__mro__)
        #: by layer and by class, what was found there; held, so that no other object can come to stand at its address
        self._seen = [(each, _attributes(each)) for each in (*self._layers, *classes)]
        self._losses = [layer._losses for layer in self._layers]
        self._floatx = config.floatx()
        self._masked = False
        self._functions: dict[Any, Any] = {}
        self._model = weakref.ref(model)
        self._fits = _has_sizes(model) and all(_is_known(layer) for layer in self._layers)

    def holds(self) -> bool:
        """Whether the layers are as they were."""
        if config.floatx() != self._floatx:
            return False
        if self._changes != tracking.changes.count:
            now = tracking.changes.count
            model = self._model()
            if model is None or model._flatten_layers() != self._layers:
                return False
            if any(_differ(each, seen) for each, seen in self._seen):
                return False
            self._changes = now
        return True

    def run(self, x: Any, training: Any) -> Any:
        """The model's outputs, or NotImplemented where layers have to run one after the other."""
        if not self._fits or any(self._losses) or not _is_plain(x):
            return NotImplemented
        function = self._functions.get(training)
        if function is None:
            function = self._functions[training] = self._make(training)
        try:
            result = function.again(x)
            if result is not NotImplemented:
                return result
            if not extend.runs_unwatched():
                return NotImplemented
            with tracing:
                if not extend.only_computes(function, x) or self._masked:
                    self._fits = False
                    return NotImplemented
            return function(x)
        except Exception:  # layer after layer, which says where it comes from
            return NotImplemented

    def _make(self, training: Any) -> Any:
        reference = self._model

        def call(x: Any) -> Any:
            model: Any = reference()
            outputs = Layer.__call__(model, x, training=training)
            self._masked = self._masked or any(get_mask(leaf) is not None for leaf in tf.nest.flatten(outputs))
            return outputs

        return extend.function(call, name="call")


def run(model: Any, x: Any, training: Any) -> Any:
    """The outputs of a model made of symbolic tensors, or NotImplemented where layers have to run one by one."""
    if call_context.current() is not None or stateless.current() is not None:
        return NotImplemented
    found = model._weft_compiled_call
    if found is None or not found.holds():
        found = CompiledCall(model)
        object.__setattr__(model, "_weft_compiled_call", found)
    return found.run(x, training)


def _is_plain(x: Any) -> bool:
    """Whether inputs are arrays and eager tensors without masks, and none is symbolic."""
    if isinstance(x, (list, tuple)):
        return all(_is_plain(item) for item in x)
    if isinstance(x, dict):
        return all(_is_plain(item) for item in x.values())
    return not isinstance(x, KerasTensor) and getattr(x, "_keras_mask", None) is None


def _attributes(each: Any) -> dict[str, Any]:
    return {name: value for name, value in each.__dict__.items() if name not in tracking.ASIDE}


def _differ(each: Any, seen: dict[str, Any]) -> bool:
    now = _attributes(each)
    return len(now) != len(seen) or any(seen.get(name, seen) is not value for name, value in now.items())


def _has_sizes(model: Any) -> bool:
    """Whether all sizes but that of the batch are known: each new one could take a compilation."""
    shapes = [tensor.shape for tensor in tf.nest.flatten(model._inputs_struct)]
    return all(shape.rank is not None and None not in tuple(shape)[1:] for shape in shapes)


def _is_known(layer: Any) -> bool:
    """Whether a layer is Weft's own, and all functions in it are."""
    from weft.keras.models.functional import Functional
    from weft.keras.models.sequential import Sequential

    kind = type(layer)
    if kind in (Functional, Sequential):
        if layer._graph is None or layer._beside():
            return False
        if not all(isinstance(each, (Layer, OpNode, FunctionCall)) for each in layer._graph.operations):
            return False
    elif not kind.__module__.startswith(_OURS) or kind.__name__ == "Lambda":
        return False
    if any(callable(value) and not isinstance(value, type) and not _is_ours(value) and not name.startswith("__")
           for base in kind.__mro__[:-1] for name, value in base.__dict__.items()):  # fmt: skip
        return False  # a class that was changed from outside
    if layer.activity_regularizer is not None or "call" in layer.__dict__ or "__call__" in layer.__dict__:
        return False
    return isinstance(layer, InputLayer) or all(
        not callable(value) or isinstance(value, Layer) or _is_ours(value)
        for name, value in layer.__dict__.items() if name not in tracking.ASIDE
    )  # fmt: skip


def _is_ours(value: Any) -> bool:
    # what says of a layer when it keeps sparse tensors may be one of Python's own two
    return value is any or value is all or str(getattr(value, "__module__", None)).startswith("weft.")
