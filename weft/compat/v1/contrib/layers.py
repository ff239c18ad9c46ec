"""`tf.contrib.layers`: layers with rectifiers, initializers, regularizers, and training steps in one call."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import initializers, making
from weft.compat.v1 import layers as _layers
from weft.compat.v1 import nn as _nn
from weft.compat.v1 import train as _train
from weft.compat.v1.contrib.arg_scopes import add_arg_scope
from weft.compat.v1.layers_norm import BatchNormalization
from weft.compat.v1.naming import composite, in_graph
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = weft.float32) -> Any:
    """Random numbers whose spread follows from how many inputs and outputs there are (Glorot and Bengio 2010)."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False,
                                 seed: int | None = None, dtype: Any = weft.float32) -> Any:  # fmt: skip
    """Random numbers of variance factor / n, with n the number of inputs, of outputs, or the mean of both.

    Args:
        factor: As above.
        mode: `FAN_IN`, `FAN_OUT` or `FAN_AVG`.
        uniform: Whether they are uniform; else normal, cut off at two deviations.
        seed: For the random numbers.
        dtype: Of floats.

    Raises:
        TypeError: For another mode.
    """
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        sizes = [int(n or 0) for n in weft.TensorShape(shape).as_list()]
        inputs = float(sizes[-2]) if len(sizes) > 1 else float(sizes[-1])
        outputs = float(sizes[-1])
        for size in sizes[:-2]:
            inputs, outputs = inputs * size, outputs * size
        count = {"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2.0}[mode]
        if uniform:
            limit = (3.0 * factor / count) ** 0.5
            return making.random_uniform(sizes, -limit, limit, dtype, seed)
        deviation = (1.3 * factor / count) ** 0.5
        return making.truncated_normal(sizes, 0.0, deviation, dtype, seed)

    return initializer


def _regularizer(scale: Any, scope: str | None, default: str, penalty: Any) -> Any:
    if isinstance(scale, int) and not isinstance(scale, bool):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale}")
    if scale == 0.0:
        return lambda variable: None

    def regularizer(variable: Any, name: str | None = None) -> Any:
        with NameScope(scope or default) if in_graph() else weft.name_scope(default) as opened:
            factor = making.convert_to_tensor(scale, variable.dtype, name="scale")
            return weft.multiply(factor, penalty(variable), name=opened if in_graph() else None)

    return regularizer


def l1_regularizer(scale: float, scope: str | None = None) -> Any:
    """A function of a variable: scale times the sum of absolute values."""
    return _regularizer(scale, scope, "l1_regularizer", lambda v: weft.reduce_sum(weft.abs(v)))


def l2_regularizer(scale: float, scope: str | None = None) -> Any:
    """A function of a variable: scale times half the sum of squares."""
    return _regularizer(scale, scope, "l2_regularizer", _nn.l2_loss)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Any:
    """A function of a variable: both penalties."""
    first, second = l1_regularizer(scale_l1), l2_regularizer(scale_l2)

    def regularizer(variable: Any) -> Any:
        with NameScope(scope or "l1_l2_regularizer") if in_graph() else nullcontext() as opened:
            parts = [part for part in (first(variable), second(variable)) if part is not None]
            return composite("add_n", weft.add_n)(parts, name=opened) if parts else None

    return regularizer


def apply_regularization(regularizer: Any, weights_list: Any = None) -> Any:
    """The sum of the penalties on variables (those in the collection of weights where None), which joins the losses."""
    found = list(weights_list) if weights_list else graphs.default_graph().get_collection(GraphKeys.WEIGHTS)
    total = weft.add_n([regularizer(variable) for variable in found]) if found else weft.constant(0.0)
    graphs.default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """`[batch, ...]` as `[batch, size]`."""
    with NameScope(scope or "Flatten") if in_graph() else nullcontext():
        return _layers.flatten(inputs)


def _finished(outputs: Any, layer: Any, activation: Any, normalizer: Any, options: Any, collections: Any) -> Any:
    for variable in layer.weights:
        for key in [collections] if isinstance(collections, str) else (collections or []):
            if not isinstance(collections, dict):
                v1_graphs.add_to_collection(key, variable)
        v1_graphs.add_to_collection(GraphKeys.MODEL_VARIABLES, variable)
    if normalizer is not None:
        outputs = normalizer(outputs, **(options or {}))
    return outputs if activation is None else activation(outputs)


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
        variables_collections: The collections that the variables join.
        outputs_collections: Accepted.
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
        return _finished(outputs, layer, activation_fn, normalizer_fn, normalizer_params, variables_collections)



class _Renamed:
    """Gives variables the names that they have here: `weights` and `biases`."""

    def add_weight(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """A variable."""
        known = {"kernel": "weights", "bias": "biases"}
        return super().add_weight(known.get(name, name), *args, penalised=name, **kwargs)  # type: ignore[misc]


class _Dense(_Renamed, _layers.Dense):
    """A dense layer with these names."""


class _BatchNorm(BatchNormalization):
    """Batch normalization whose beta may come before its gamma."""

    beta_first = False
    #: whether contrib puts the fused form together itself, and what the call says of it
    own_form, updated_at_once = False, False

    def _operations(self, known: bool | None, rank: int) -> int | None:
        if not self.fused:
            return super()._operations(known, rank)
        missing = (not self.scale) + (not self.center)
        if not self.own_form:
            return {False: 2, True: 14, None: 36}[known] + missing
        flat = 3 if rank == 2 else 0  # rows become images and rows again
        return {False: 1, True: 11, None: 41 - self.updated_at_once}[known] + missing + flat

    def build(self, input_shape: Any) -> None:
        """Makes beta, gamma and the averages."""
        if self.beta_first:
            self._made = {part: self._made[part] for part in ("beta", "gamma", "moving_mean", "moving_variance")}
        super().build(input_shape)


class _Conv2D(_Renamed, _layers.Conv2D):
    """A convolution with these names."""


@add_arg_scope
def conv2d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
           data_format: str | None = None, rate: Any = 1, activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
           normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
           biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
           scope: Any = None) -> Any:  # fmt: skip
    """A convolution over two axes with a rectifier; arguments not listed are those of `fully_connected`.

    Args:
        inputs: `[batch, height, width, channels]`.
        num_outputs: How many channels the result has.
        kernel_size: The size of the window.
        stride: The steps between windows.
        padding: `SAME` or `VALID`.
        data_format: `NHWC` or `NCHW`.
        rate: The steps between a window's elements.
    """
    with variable_scope(scope, "Conv", reuse=reuse) as opened:
        order = "channels_first" if data_format == "NCHW" else "channels_last"
        layer = _Conv2D(int(num_outputs), kernel_size, stride, padding, order, rate, None,
                        normalizer_fn is None and biases_initializer is not None,
                        weights_initializer or xavier_initializer(),
                        initializers.zeros_initializer() if biases_initializer == "zeros" else biases_initializer,
                        weights_regularizer, biases_regularizer, trainable=trainable, _scope=opened,
                        _reuse=reuse)  # fmt: skip
        outputs = layer(inputs)
        return _finished(outputs, layer, activation_fn, normalizer_fn, normalizer_params, variables_collections)


convolution2d = convolution = conv2d


class _Conv2DTranspose(_Renamed, _layers.Conv2DTranspose):
    """A transposed convolution with these names."""


@add_arg_scope
def conv2d_transpose(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
                     data_format: str = "NHWC", activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
                     normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
                     biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
                     variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                     scope: Any = None) -> Any:  # fmt: skip
    """A transposed convolution with a rectifier, which makes images `stride` times as large.

    Args:
        inputs: `[batch, height, width, channels]`.
        num_outputs: How many channels the result has.
        kernel_size: The size of the window.
        stride: The steps between windows of the result.
        padding: `SAME` or `VALID`.
        data_format: `NHWC` or `NCHW`.

    The arguments not listed are those of `fully_connected`.
    """
    with variable_scope(scope, "Conv2d_transpose", reuse=reuse) as opened:
        layer = _Conv2DTranspose(
            int(num_outputs), kernel_size, stride, padding,
            "channels_first" if data_format == "NCHW" else "channels_last", None,
            normalizer_fn is None and biases_initializer is not None, weights_initializer or xavier_initializer(),
            initializers.zeros_initializer() if biases_initializer == "zeros" else biases_initializer,
            weights_regularizer, biases_regularizer, trainable=trainable, _scope=opened, _reuse=reuse,
        )  # fmt: skip
        return _finished(layer(inputs), layer, activation_fn, normalizer_fn, normalizer_params, variables_collections)


convolution2d_transpose = conv2d_transpose


@add_arg_scope
def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The greatest number of each window."""
    order = "channels_first" if data_format == "NCHW" else "channels_last"
    return _layers.max_pooling2d(inputs, kernel_size, stride, padding, order, name=scope or "MaxPool2D")


@add_arg_scope
def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
               outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """The mean of each window."""
    order = "channels_first" if data_format == "NCHW" else "channels_last"
    return _layers.average_pooling2d(inputs, kernel_size, stride, padding, order, name=scope or "AvgPool2D")


@add_arg_scope
def dropout(inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
            outputs_collections: Any = None, scope: str | None = None, seed: int | None = None) -> Any:  # fmt: skip
    """In training, keeps elements with probability `keep_prob`."""
    with variable_scope(scope, "Dropout") as opened:
        return _layers.Dropout(1 - keep_prob, noise_shape, seed, _scope=opened)(inputs, training=is_training)


@add_arg_scope
def batch_norm(inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
               activation_fn: Any = None, param_initializers: Any = None, param_regularizers: Any = None,
               updates_collections: Any = GraphKeys.UPDATE_OPS, is_training: Any = True, reuse: Any = None,
               variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
               batch_weights: Any = None, fused: bool | None = None, data_format: str = "NHWC",
               zero_debias_moving_mean: bool = False, scope: Any = None) -> Any:  # fmt: skip
    """Batch normalization; without `updates_collections` the averages are brought up to date at once.

    Args:
        inputs: `[batch, ..., channels]`.
        decay: Share of the old averages in the new ones.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        epsilon: Keeps the divisor from 0.
        activation_fn: A function, or None.
        param_initializers: Initializers by the names `beta`, `gamma`, `moving_mean`, `moving_variance`.
        param_regularizers: Penalties by the names `beta` and `gamma`.
        updates_collections: The collection that updates join; None has them done before the result.
        is_training: Whether this is training: a bool, or a tensor of one.
        reuse: Whether the variables of an earlier layer of this scope are used again.
        variables_collections: Accepted.
        outputs_collections: Accepted.
        trainable: Whether optimizers update beta and gamma.
        batch_weights: Must be None.
        fused: As for `tf.layers.BatchNormalization`.
        data_format: `NHWC` or `NCHW`.
        zero_debias_moving_mean: Must be False.
        scope: The name of its variable scope; `BatchNorm` where None.
    """
    for word, value in (("batch_weights", batch_weights), ("zero_debias_moving_mean", zero_debias_moving_mean)):
        if value is not None and value is not False:
            raise NotImplementedError(f"tf.contrib.layers.batch_norm has no `{word}`; leave it out.")
    first, penalties = param_initializers or {}, param_regularizers or {}
    with variable_scope(scope, "BatchNorm", reuse=reuse) as opened:
        layer = _BatchNorm(
            1 if data_format == "NCHW" else -1, decay, epsilon, center, scale, first.get("beta"), first.get("gamma"),
            first.get("moving_mean"), first.get("moving_variance"), penalties.get("beta"), penalties.get("gamma"),
            fused=inputs.shape.rank in (2, 4) if fused is None else fused, trainable=trainable, _scope=opened,
            _reuse=reuse,
        )  # fmt: skip
        apart = updates_collections != GraphKeys.UPDATE_OPS
        layer.beta_first = inputs.shape.rank == 2 or (inputs.shape.rank == 4 and apart)
        layer.own_form, layer.updated_at_once = inputs.shape.rank == 2 or apart, updates_collections is None
        known = list(graphs.default_graph().get_collection_ref(GraphKeys.UPDATE_OPS))
        outputs = layer(inputs, training=is_training)
        flat = "Reshape_1" if inputs.shape.rank == 2 else None  # TensorFlow makes images of rows and rows of images
        if flat is not None and updates_collections is not None:
            outputs = weft.identity(outputs, name=flat)
        if apart:
            graphs.default_graph().get_collection_ref(GraphKeys.UPDATE_OPS)[:] = known
            if updates_collections is None:
                with weft.control_dependencies(layer.updates):
                    outputs = weft.identity(outputs, name=flat)
            else:
                for update in layer.updates:
                    v1_graphs.add_to_collection(updates_collections, update)
        return outputs if activation_fn is None else activation_fn(outputs)


@add_arg_scope
def one_hot_encoding(labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0,
                     outputs_collections: Any = None, scope: str | None = None) -> Any:  # fmt: skip
    """Class numbers as rows with one value at the class' place."""
    with NameScope(scope or "OneHotEncoding") if in_graph() else nullcontext():
        further(2)  # the numbers as int64, and a value twice
        return weft.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)


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
def layer_norm(inputs: Any, center: bool = True, scale: bool = True, activation_fn: Any = None, reuse: Any = None,
               variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
               begin_norm_axis: int = 1, begin_params_axis: int = -1, scope: Any = None) -> Any:  # fmt: skip
    """Each example brought to mean 0 and variance 1 over its axes.

    Args:
        inputs: `[batch, ...]`.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        activation_fn: A function, or None.
        reuse: Whether the variables of an earlier layer of this scope are used again.
        variables_collections: Accepted.
        outputs_collections: Accepted.
        trainable: Whether optimizers update beta and gamma.
        begin_norm_axis: The first axis that is normalized over.
        begin_params_axis: The first axis of beta and gamma.
        scope: The name of its variable scope; `LayerNorm` where None.
    """
    with variable_scope(scope, "LayerNorm", reuse=reuse):
        x = weft.convert_to_tensor(inputs)
        sizes = x.shape.as_list()[begin_params_axis:]
        beta = gamma = None
        if center:
            beta = get_variable("beta", sizes, x.dtype, initializers.zeros_initializer(), trainable=trainable)
        if scale:
            gamma = get_variable("gamma", sizes, x.dtype, initializers.ones_initializer(), trainable=trainable)
        rank = x.shape.rank
        axes = list(range(begin_norm_axis % rank, rank))
        mean, variance = _nn.moments(x, axes, keep_dims=True)
        outputs = _nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)
        outputs.set_shape(x.shape)
        return outputs if activation_fn is None else activation_fn(outputs)


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

