"""`keras.backend`: settings, and functions that older programs call on tensors."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import numpy as np

import weft as tf
from weft.extend import absent, at_once, present_graph
from weft.keras.backend.functions import (
    abs,
    all,
    any,
    arange,
    argmax,
    argmin,
    batch_dot,
    batch_flatten,
    binary_crossentropy,
    cast,
    categorical_crossentropy,
    clip,
    concatenate,
    constant,
    cos,
    cumprod,
    cumsum,
    dot,
    dropout,
    elu,
    equal,
    exp,
    expand_dims,
    eye,
    flatten,
    gather,
    greater,
    greater_equal,
    hard_sigmoid,
    in_test_phase,
    in_train_phase,
    int_shape,
    is_keras_tensor,
    l2_normalize,
    less,
    less_equal,
    log,
    logsumexp,
    max,
    maximum,
    mean,
    min,
    minimum,
    ndim,
    not_equal,
    one_hot,
    ones,
    ones_like,
    permute_dimensions,
    pow,
    prod,
    random_normal,
    random_uniform,
    relu,
    repeat,
    repeat_elements,
    reshape,
    reverse,
    round,
    shape,
    sigmoid,
    sign,
    sin,
    softmax,
    softplus,
    softsign,
    sparse_categorical_crossentropy,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    stop_gradient,
    sum,
    switch,
    tanh,
    tile,
    transpose,
    truncated_normal,
    var,
    zeros,
    zeros_like,
)
from weft.keras.backend.symbolic import (
    forget_session,
    get_session,
    gradients,
    manual_variable_initialization,
    phase_set,
    placeholder,
    set_learning_phase,
    set_session,
)
from weft.keras.config import (
    backend,
    epsilon,
    floatx,
    forget_unsafe_deserialization,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from weft.keras.core import global_state, naming
from weft.keras.core.dtypes import is_float as is_float_dtype
from weft.keras.core.dtypes import is_int as is_int_dtype
from weft.keras.core.dtypes import result_type, standardize_dtype
from weft.keras.core.naming import name_scope
from weft.keras.core.variable import Variable
from weft.keras.random.seed_generator import forget_global_generator


def clear_session(free_memory: bool = True) -> None:
    """Forgets what Keras keeps between models: automatic names begin again, and code in files is refused again.

    Models keep nothing in a global place, so those that nobody holds are freed anyway; `free_memory` frees them now.
    """
    naming.reset_names()
    global_state.forget_all()
    forget_global_generator()
    forget_session()
    forget_unsafe_deserialization()
    if free_memory:
        gc.collect()


def get_uid(prefix: str = "") -> int:
    """The next number for names with this prefix."""
    name = naming.auto_name(f"uid of {prefix}")
    return 1 if name == f"uid of {prefix}" else int(name.rpartition("_")[2]) + 1


def reset_uids() -> None:
    """Automatic names begin again."""
    naming.reset_names()


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable with this value."""
    made = Variable(value, dtype=dtype or floatx(), name=name)
    made._enter_graph(made.numpy())
    made.constraint = constraint
    return made


def get_value(x: Any) -> Any:
    """The value of a variable or tensor, as an array; in a graph of TensorFlow 1 the present session gives it."""
    if present_graph() is not None and (is_keras_tensor(x) or getattr(x, "graph", None) is not None):
        return get_session().run(x)
    return np.asarray(x)


@at_once
def set_value(x: Any, value: Any) -> None:
    """Gives a variable a value."""
    x.assign(tf.cast(value, x.dtype))


def batch_get_value(tensors: Any) -> list[Any]:
    """The values of several variables or tensors."""
    return [get_value(tensor) for tensor in tensors]


def batch_set_value(tuples: Any) -> None:
    """Gives several variables values: pairs of variable and value."""
    for target, value in tuples:
        set_value(target, value)


def eval(x: Any) -> Any:
    """The value of a variable or tensor, as an array; in a graph of TensorFlow 1 the present session gives it."""
    return get_value(x)


def image_dim_ordering() -> str:
    """The data format as Keras 1 named it: `"tf"` or `"th"`."""
    return "tf" if image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Sets the data format as Keras 1 named it."""
    set_image_data_format({"tf": "channels_last", "th": "channels_first"}.get(dim_ordering, dim_ordering))


def dtype(x: Any) -> str:
    """The name of a tensor's dtype."""
    return standardize_dtype(x.dtype)


class _CompiledFunction:
    """What `function` gives: lists of arrays to lists of arrays."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        from weft.keras.core.function import OperationGraph

        self._inputs = [tensor for tensor in inputs if is_keras_tensor(tensor)]
        self._places = [place for place, tensor in enumerate(inputs) if is_keras_tensor(tensor)]
        self._outputs = outputs
        self._graph = OperationGraph(self._inputs, outputs, "function")

    def __call__(self, values: Any) -> list[Any]:
        """The outputs for values of the inputs; what stands for the learning phase is left out."""
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        tensors = [tf.cast(given[place], t.dtype) for place, t in zip(self._places, self._inputs)]
        return [np.asarray(value) for value in self._graph.run(tensors, self._outputs)]


class _SessionFunction:
    """What `function` gives in a graph of TensorFlow 1: it runs in the present session."""

    def __init__(self, inputs: list[Any], outputs: list[Any], updates: list[Any]) -> None:
        self._graph = present_graph()
        from weft.keras.core.in_graph import lower_all

        self._inputs, self._outputs = lower_all(inputs), lower_all(outputs)
        self._updates = [tf.compat.v1.assign(*one) if isinstance(one, tuple) else one for one in updates]

    def __call__(self, values: Any) -> list[Any]:
        """The outputs for values of the inputs."""
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        fed = {place: value for place, value in zip(self._inputs, given, strict=True) if tf.is_tensor(place)}
        with self._graph.as_default():
            found, _ = get_session().run([self._outputs, self._updates], fed)
        return found  # type: ignore[no-any-return]


def function(inputs: Any, outputs: Any, updates: Any = None, **kwargs: Any) -> Any:
    """The computation from symbolic inputs to outputs, as a function of lists of arrays.

    Args:
        inputs: Symbolic tensors.
        outputs: Symbolic tensors that follow from them.
        updates: In a graph of TensorFlow 1 the operations that run, too; must be None elsewhere, where layers update
            their state by themselves.
        **kwargs: `name`, which changes nothing.

    Raises:
        TypeError: For another keyword.
    """
    unknown = [word for word in kwargs if word != "name"]
    if unknown:
        raise TypeError(f"keras.backend.function() has no argument `{unknown[0]}`.")
    single = not isinstance(outputs, (list, tuple))
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    wanted = [outputs] if single else list(outputs)
    made: Any
    if present_graph() is not None:
        made = _SessionFunction(given, wanted, list(updates or ()))
    elif updates:
        raise ValueError("keras.backend.function: updates are not supported; layers update their state by themselves.")
    else:
        made = _CompiledFunction(given, wanted)
    return (lambda values: made(values)[0]) if single else made


def learning_phase() -> Any:
    """1 where the running call trains, else 0; in a graph of TensorFlow 1 the tensor to feed, if nothing was set."""
    from weft.keras.core import call_context

    context = call_context.current()
    if context is None or context.training is None:
        if phase_set() is None and present_graph() is not None:
            from weft.keras.core import in_graph

            return in_graph.learning_phase()
        return int(bool(phase_set()))
    return context.training if tf.is_tensor(context.training) else int(bool(context.training))


#: functions of another module, which is loaded when one is asked for: it needs all of `keras.ops`
_NETWORK = frozenset(
    "asymmetric_temporal_padding batch_normalization bias_add binary_focal_crossentropy cast_to_floatx "
    "categorical_focal_crossentropy count_params in_top_k is_sparse random_normal_variable random_uniform_variable "
    "resize_volumes spatial_3d_padding to_dense conv1d conv2d conv2d_transpose "
    "conv3d ctc_batch_cost ctc_decode ctc_label_dense_to_sparse depthwise_conv2d foldl foldr local_conv1d map_fn "
    "moving_average_update pattern_broadcast pool2d pool3d random_bernoulli random_binomial resize_images rnn "
    "separable_conv2d slice spatial_2d_padding temporal_padding update update_add update_sub ".split()
)


def __getattr__(name: str) -> Any:
    if name in _NETWORK:
        return getattr(importlib.import_module("weft.keras.backend.network"), name)
    raise AttributeError(absent(f"keras.backend.{name}", [*__all__, *_NETWORK]))


def __dir__() -> list[str]:
    return sorted({*__all__, *_NETWORK})


__all__ = [
    "Variable", "abs", "all", "any", "arange", "argmax", "argmin", "backend", "batch_dot", "batch_flatten",
    "batch_get_value", "batch_set_value", "binary_crossentropy", "cast", "categorical_crossentropy",
    "clear_session", "clip", "concatenate", "constant", "cos", "cumprod", "cumsum", "dot", "dropout", "dtype",
    "elu", "epsilon", "equal", "eval", "exp", "expand_dims", "eye", "flatten", "floatx", "function", "gather",
    "get_session", "get_uid", "get_value", "gradients", "greater", "greater_equal", "hard_sigmoid",
    "image_data_format", "image_dim_ordering", "in_test_phase", "in_train_phase", "int_shape", "is_float_dtype",
    "is_int_dtype", "is_keras_tensor", "l2_normalize", "learning_phase", "less", "less_equal", "log", "logsumexp",
    "manual_variable_initialization", "max", "maximum", "mean", "min", "minimum", "name_scope", "ndim", "not_equal",
    "one_hot", "ones", "ones_like", "permute_dimensions", "placeholder", "pow", "prod", "random_normal",
    "random_uniform", "relu", "repeat", "repeat_elements", "reset_uids", "reshape", "result_type", "reverse",
    "round", "set_epsilon", "set_floatx", "set_image_data_format", "set_image_dim_ordering", "set_learning_phase",
    "set_session", "set_value", "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign",
    "sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "stack", "standardize_dtype", "std",
    "stop_gradient", "sum", "switch", "tanh", "tile", "transpose", "truncated_normal", "var", "variable", "zeros",
    "zeros_like",
]  # fmt: skip
