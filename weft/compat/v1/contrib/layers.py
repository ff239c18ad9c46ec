"""`tf.contrib.layers`: layers with rectifiers, initializers, regularizers, and training steps in one call."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import initializers, making
from weft.compat.v1 import layers as _layers
from weft.compat.v1 import nn as _nn
from weft.compat.v1 import train as _train
from weft.compat.v1.contrib.arg_scopes import add_arg_scope
from weft.compat.v1.contrib.layer_initializers import (  # noqa: F401
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from weft.compat.v1.contrib.layer_parts import Renamed, collect_named_outputs, collect_variables, finished
from weft.compat.v1.contrib.layer_regularizers import (  # noqa: F401
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from weft.compat.v1.contrib.layers_convolving import (  # noqa: F401
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    convolution,
    convolution1d,
    convolution2d,
    convolution2d_transpose,
    convolution3d,
    convolution3d_transpose,
    separable_conv2d,
    separable_convolution2d,
)
from weft.compat.v1.contrib.layers_normalizing import (  # noqa: F401
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    unit_norm,
)
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope


def apply_regularization(regularizer: Any, weights_list: Any = None) -> Any:
    """The sum of the penalties on variables (those in the collection of weights where None), which joins the losses."""
    found = list(weights_list) if weights_list else graphs.default_graph().get_collection(GraphKeys.WEIGHTS)
    total = weft.add_n([regularizer(variable) for variable in found]) if found else weft.constant(0.0)
    graphs.default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """`[batch, ...]` as `[batch, size]`."""
    with NameScope(scope or "Flatten") if in_graph() else nullcontext() as opened:
        return collect_named_outputs(outputs_collections, opened or "", _layers.flatten(inputs))


@add_arg_scope
def fully_connected(inputs: Any, num_outputs: int, activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
                    normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
                    biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
                    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                    scope: Any = None) -> Any:  # fmt: skip
    """activation(inputs · weights + biases), over the last axis; a rectifier where no activation is given.

    Args:
        inputs: `[..., size]`.
        num_outputs: The size of the result's last axis.
        activation_fn: A function; None for none.
        normalizer_fn: What takes the place of biases, such as `batch_norm`.
        normalizer_params: Its keyword arguments.
        weights_initializer: Glorot's uniform distribution where None.
        weights_regularizer: A function that gives a penalty.
        biases_initializer: Zeros unless given; None leaves biases out.
        biases_regularizer: A function that gives a penalty.
        reuse: Whether the variables of an earlier layer of this scope are used again.
        variables_collections: The collections that the variables join; or a dict of such by variables' names.
        outputs_collections: The collections that the result joins.
        trainable: Whether optimizers update its variables.
        scope: The name of its variable scope; `fully_connected` where None.
    """
    with variable_scope(scope, "fully_connected", reuse=reuse) as opened:
        layer = _Dense(int(num_outputs), None, normalizer_fn is None and biases_initializer is not None,
                       weights_initializer or xavier_initializer(),
                       initializers.zeros_initializer() if biases_initializer == "zeros" else biases_initializer,
                       weights_regularizer, biases_regularizer, trainable=trainable, _scope=opened,
                       _reuse=reuse)  # fmt: skip
        outputs = layer(inputs)
        return finished(outputs, layer, activation_fn, normalizer_fn, normalizer_params, variables_collections,
                        outputs_collections, opened)  # fmt: skip



class _Dense(Renamed, _layers.Dense):
    """A dense layer with these names."""


def _pooled(pool: Any, default: str, inputs: Any, kernel_size: Any, stride: Any, padding: str, data_format: str,
            outputs_collections: Any, scope: str | None) -> Any:  # fmt: skip
    order = "channels_first" if data_format.startswith("NC") else "channels_last"
    outputs = pool(inputs, kernel_size, stride, padding, order, name=scope or default)
    if not outputs_collections:
        return outputs
    return collect_named_outputs(outputs_collections, outputs.op.name.rpartition("/")[0], outputs)


@add_arg_scope
def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The greatest number of each window."""
    return _pooled(_layers.max_pooling2d, "MaxPool2D", inputs, kernel_size, stride, padding, data_format,
                   outputs_collections, scope)  # fmt: skip


@add_arg_scope
def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The mean of each window."""
    return _pooled(_layers.average_pooling2d, "AvgPool2D", inputs, kernel_size, stride, padding, data_format,
                   outputs_collections, scope)  # fmt: skip


@add_arg_scope
def max_pool3d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NDHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The greatest number of each window over three axes."""
    return _pooled(_layers.max_pooling3d, "MaxPool3D", inputs, kernel_size, stride, padding, data_format,
                   outputs_collections, scope)  # fmt: skip


@add_arg_scope
def avg_pool3d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NDHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The mean of each window over three axes."""
    return _pooled(_layers.average_pooling3d, "AvgPool3D", inputs, kernel_size, stride, padding, data_format,
                   outputs_collections, scope)  # fmt: skip


@add_arg_scope
def dropout(inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
            outputs_collections: Any = None, scope: str | None = None, seed: int | None = None) -> Any:  # fmt: skip
    """In training, keeps elements with probability `keep_prob`."""
    with variable_scope(scope, "Dropout") as opened:
        outputs = _layers.Dropout(1 - keep_prob, noise_shape, seed, _scope=opened)(inputs, training=is_training)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def one_hot_encoding(labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0,
                     outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """Class numbers as rows with one value at the class' place."""
    with NameScope(scope or "OneHotEncoding") if in_graph() else nullcontext() as opened:
        further(2)  # the numbers as int64, and a value twice
        outputs = weft.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collect_named_outputs(outputs_collections, opened or "", outputs)


@add_arg_scope
def softmax(logits: Any, scope: str | None = None) -> Any:
    """The softmax over the last axis."""
    with variable_scope(scope, "softmax"):
        size = logits.shape[-1]
        flat = weft.nn.softmax(weft.reshape(logits, [-1, size]))
        found = weft.reshape(flat, weft.shape(logits))
        found.set_shape(logits.shape)
        return found


@add_arg_scope
def bias_add(inputs: Any, activation_fn: Any = None, initializer: Any = None, regularizer: Any = None,
             reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
             trainable: bool = True, data_format: str = "NHWC", scope: Any = None) -> Any:  # fmt: skip
    """Numbers added to each channel, which are variables; the arguments are those of `fully_connected`."""
    with variable_scope(scope, "BiasAdd", reuse=reuse) as opened:
        inputs = weft.convert_to_tensor(inputs)
        channels = inputs.shape.as_list()[1 if data_format == "NCHW" else -1]
        biases = get_variable("biases", [channels], inputs.dtype, initializer or initializers.zeros_initializer(),
                              regularizer, trainable)  # fmt: skip
        collect_variables([biases], variables_collections)
        outputs = _nn.bias_add(inputs, biases, data_format=data_format)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: str | None = None) -> Any:
    """The greatest of each group of channels, of which there are `num_units`.

    Raises:
        ValueError: Where the channels do not make groups of one size.
    """
    with NameScope(scope or "MaxOut") if in_graph() else nullcontext():
        inputs = weft.convert_to_tensor(inputs)
        sizes = inputs.shape.as_list()
        if sizes[axis] % num_units:
            raise ValueError(f"number of features({sizes[axis]}) is not a multiple of num_units({num_units})")
        place = axis % len(sizes)
        sizes[place : place + 1] = [num_units, sizes[place] // num_units]
        known = weft.shape(inputs)
        grouped = weft.reshape(inputs, [known[i] if n is None else n for i, n in enumerate(sizes)])
        return weft.reduce_max(grouped, axis=place + 1)


def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """The same kind of layer several times, one after the other, in scopes `name_1`, `name_2` and so on."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        name = scope if scope is not None else getattr(layer, "__name__", "repeat")
        for number in range(1, repetitions + 1):
            inputs = layer(inputs, *args, scope=f"{name}_{number}", **kwargs)
        return inputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Any:
    """A layer for each of `stack_args`, one after the other, in scopes `name_1`, `name_2` and so on."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Stack", [inputs]):
        name = scope if scope is not None else getattr(layer, "__name__", "stack")
        for number, given in enumerate(stack_args, start=1):
            positional = given if isinstance(given, (list, tuple)) else (given,)
            inputs = layer(inputs, *positional, scope=f"{name}_{number}", **kwargs)
        return inputs


def embed_sequence(ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False,
                   initializer: Any = None, regularizer: Any = None, trainable: bool = True, scope: Any = None,
                   reuse: Any = None) -> Any:  # fmt: skip
    """The rows of a table of vectors, made here, at `ids`.

    Args:
        ids: Integers.
        vocab_size: How many rows there are.
        embed_dim: The size of a row.
        unique: Accepted.
        initializer: As for `get_variable`.
        regularizer: A function that gives a penalty.
        trainable: Whether optimizers update the table.
        scope: The name of its variable scope; `EmbedSequence` where None.
        reuse: Whether the table of an earlier call is used again.

    Raises:
        ValueError: Without the sizes.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError("Must specify vocab size and embedding dimension when not reusing.")
    with variable_scope(scope, "EmbedSequence", reuse=reuse):
        shape = [vocab_size, embed_dim] if vocab_size and embed_dim else None
        table = get_variable("embeddings", shape, None, initializer, regularizer, trainable)
        return _nn.embedding_lookup(table, ids)


#: layers without an activation, and with one
linear = functools.partial(fully_connected, activation_fn=None)
relu = functools.partial(fully_connected, activation_fn=_nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=_nn.relu6)
elu = functools.partial(fully_connected, activation_fn=_nn.elu)

#: optimizers by the names that `optimize_loss` takes
OPTIMIZER_CLS_NAMES: dict[str, Any] = {
    "Adagrad": _train.AdagradOptimizer, "Adam": _train.AdamOptimizer, "Ftrl": _train.FtrlOptimizer,
    "Momentum": lambda rate: _train.MomentumOptimizer(rate, momentum=0.9), "RMSProp": _train.RMSPropOptimizer,
    "SGD": _train.GradientDescentOptimizer,
}  # fmt: skip


def optimize_loss(loss: Any, global_step: Any, learning_rate: Any, optimizer: Any,
                  gradient_noise_scale: Any = None, gradient_multipliers: Any = None, clip_gradients: Any = None,
                  learning_rate_decay_fn: Any = None, update_ops: Any = None, variables: Any = None,
                  name: str | None = None, summaries: Any = None, colocate_gradients_with_ops: bool = False,
                  increment_global_step: bool = True) -> Any:  # fmt: skip
    """A training step: updates the averages, then the variables; gives the loss.

    Args:
        loss: A single number.
        global_step: The step counter; that of the graph where None.
        learning_rate: A number or a tensor.
        optimizer: `SGD`, `Adam` and their like, a class, a function of the rate, or an optimizer.
        gradient_noise_scale: Must be None.
        gradient_multipliers: Factors by variable or its name.
        clip_gradients: The greatest norm of all gradients together.
        learning_rate_decay_fn: A function of rate and step.
        update_ops: What runs before the loss; the graph's UPDATE_OPS where None.
        variables: Those to change; the trainable ones where None.
        name: The name scope.
        summaries: Accepted.
        colocate_gradients_with_ops: Accepted.
        increment_global_step: Whether the step counter grows.

    Raises:
        ValueError: For another optimizer.
    """
    if gradient_noise_scale is not None:
        raise NotImplementedError("optimize_loss adds no noise to gradients; leave gradient_noise_scale out.")
    step = global_step if global_step is not None else _train.get_global_step()
    with variable_scope(name, "OptimizeLoss"):
        before = v1_graphs.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
        with weft.control_dependencies(before):
            loss = weft.identity(loss)
        rate = learning_rate
        if rate is not None:
            rate = making.convert_to_tensor(rate, name="learning_rate")
            rate = learning_rate_decay_fn(rate, step) if learning_rate_decay_fn is not None else rate
        chosen = _optimizer(optimizer, rate)
        pairs = chosen.compute_gradients(loss, variables)
        factors = {getattr(k, "name", k): v for k, v in (gradient_multipliers or {}).items()}
        pairs = [(g * factors[v.name] if g is not None and v.name in factors else g, v) for g, v in pairs]
        if clip_gradients is not None:
            clipped, _ = weft.clip_by_global_norm([g for g, _ in pairs], clip_gradients)
            pairs = [(g, v) for g, (_, v) in zip(clipped, pairs, strict=True)]
        train = chosen.apply_gradients(pairs, step if increment_global_step else None, name="train")
        with weft.control_dependencies([train]):
            return weft.identity(loss, name="control_dependency")


def _optimizer(optimizer: Any, rate: Any) -> Any:
    if isinstance(optimizer, _train.Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided "
                             f"{optimizer}.")  # fmt: skip
        return OPTIMIZER_CLS_NAMES[optimizer](rate)
    if isinstance(optimizer, type):
        return optimizer(learning_rate=rate)
    return optimizer() if rate is None else optimizer(rate)

