"""Normalization in `tf.contrib.layers`: by batch, by example, by image and channel, by groups of channels."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.contrib.arg_scopes import add_arg_scope
from weft.compat.v1.contrib.layer_parts import collect_named_outputs, collect_variables
from weft.compat.v1.layer_base import static_bool
from weft.compat.v1.layers_norm import BatchNormalization
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.scopes import NameScope


class _BatchNorm(BatchNormalization):
    """Batch normalization whose beta may come before its gamma."""

    beta_first = False
    #: whether contrib puts the fused form together itself, and what the call says of it
    own_form, updated_at_once = False, False

    def _operations(self, known: bool | None, rank: int) -> int | None:
        if not self.fused:
            count = super()._operations(known, rank)
            if count is None or not self.updated_at_once:
                return count
            return count + 1 if known else count - 17  # the updates are in the branch that trains
        missing = (not self.scale) + (not self.center)
        if not self.own_form:
            return {False: 2, True: 14, None: 36}[known] + missing
        # rows become images and rows again; what waits for the updates is a tensor of its own before
        flat = 3 + (self.updated_at_once and known is not False) if rank == 2 else 0
        return {False: 1, True: 11, None: 41 - self.updated_at_once}[known] + missing + flat

    def build(self, input_shape: Any) -> None:
        """Makes beta, gamma and the averages."""
        if self.beta_first:
            self._made = {part: self._made[part] for part in ("beta", "gamma", "moving_mean", "moving_variance")}
        super().build(input_shape)


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
        variables_collections: The collections that the variables join; or a dict of such by variables' names.
        outputs_collections: The collections that the result joins.
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
        # TensorFlow makes images of rows and rows of images
        flat = "Reshape_1" if inputs.shape.rank == 2 and layer.fused else None
        if flat is not None and updates_collections is not None:
            outputs = weft.identity(outputs, name=flat)
        if apart:
            graphs.default_graph().get_collection_ref(GraphKeys.UPDATE_OPS)[:] = known
            if updates_collections is None and (flat is not None or static_bool(is_training) is not False):
                with weft.control_dependencies(layer.updates):
                    outputs = weft.identity(outputs, name=flat)
            elif updates_collections is not None:
                for update in layer.updates:
                    v1_graphs.add_to_collection(updates_collections, update)
        collect_variables(layer.weights, variables_collections)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


def _centred_and_scaled(center: bool, scale: bool, sizes: list[int], dtype: Any, trainable: bool, collections: Any,
                        first: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The variables beta and gamma of a normalization, None for those it has not."""
    first = first or {}
    beta = gamma = None
    if center:
        start = first.get("beta", initializers.zeros_initializer())
        beta = get_variable("beta", sizes, dtype, start, trainable=trainable)
    if scale:
        start = first.get("gamma", initializers.ones_initializer())
        gamma = get_variable("gamma", sizes, dtype, start, trainable=trainable)
    collect_variables([made for made in (beta, gamma) if made is not None], collections)
    return beta, gamma


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
        variables_collections: The collections that the variables join; or a dict of such by variables' names.
        outputs_collections: The collections that the result joins.
        trainable: Whether optimizers update beta and gamma.
        begin_norm_axis: The first axis that is normalized over.
        begin_params_axis: The first axis of beta and gamma.
        scope: The name of its variable scope; `LayerNorm` where None.
    """
    with variable_scope(scope, "LayerNorm", reuse=reuse) as opened:
        x = weft.convert_to_tensor(inputs)
        sizes = x.shape.as_list()[begin_params_axis:]
        beta, gamma = _centred_and_scaled(center, scale, sizes, x.dtype, trainable, variables_collections)
        rank = x.shape.rank
        axes = list(range(begin_norm_axis % rank, rank))
        mean, variance = _nn.moments(x, axes, keep_dims=True)
        outputs = _nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)
        outputs.set_shape(x.shape)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def instance_norm(inputs: Any, center: bool = True, scale: bool = True, epsilon: float = 1e-6,
                  activation_fn: Any = None, param_initializers: Any = None, reuse: Any = None,
                  variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                  data_format: str = "NHWC", scope: Any = None) -> Any:  # fmt: skip
    """Each channel of each example brought to mean 0 and variance 1.

    Args:
        inputs: `[batch, ..., channels]`.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        epsilon: Keeps the divisor from 0.
        activation_fn: A function, or None.
        param_initializers: Initializers by the names `beta` and `gamma`.
        data_format: `NHWC` or `NCHW`.

    The arguments not listed are those of `layer_norm`.
    """
    with variable_scope(scope, "InstanceNorm", reuse=reuse) as opened:
        x = weft.convert_to_tensor(inputs)
        rank = x.shape.rank
        if rank is None:
            raise ValueError(f"Inputs {x.name} has undefined rank.")
        place = 1 if data_format == "NCHW" else rank - 1
        channels = x.shape.as_list()[place]
        beta, gamma = _centred_and_scaled(
            center, scale, [channels], x.dtype, trainable, variables_collections, param_initializers
        )
        if place == 1:
            sizes = [1, channels, *[1] * (rank - 2)]
            beta, gamma = (None if part is None else weft.reshape(part, sizes) for part in (beta, gamma))
        axes = [axis for axis in range(1, rank) if axis != place]
        mean, variance = _nn.moments(x, axes, keep_dims=True)
        outputs = _nn.batch_normalization(x, mean, variance, beta, gamma, epsilon, name="instancenorm")
        outputs.set_shape(x.shape)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def group_norm(inputs: Any, groups: int = 32, channels_axis: int = -1, reduction_axes: Any = (-3, -2),
               center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None,
               param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None,
               outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
               mean_close_to_zero: bool = False) -> Any:  # fmt: skip
    """Groups of channels of each example brought to mean 0 and variance 1.

    Args:
        inputs: `[batch, ..., channels]`.
        groups: How many groups there are.
        channels_axis: The axis of the channels.
        reduction_axes: The other axes that are normalized over.
        mean_close_to_zero: Accepted.

    The arguments not listed are those of `instance_norm`.

    Raises:
        ValueError: Where the channels do not make so many groups of one size.
    """
    x = weft.convert_to_tensor(inputs)
    if x.shape.rank is None:
        raise ValueError(f"Inputs {x.name} has undefined rank.")
    sizes, place = x.shape.as_list(), channels_axis % x.shape.rank
    channels = sizes[place]
    if groups > channels or channels % groups:
        raise ValueError(f"{channels} channels do not make {groups} groups of one size.")
    over = [axis % x.shape.rank for axis in reduction_axes]
    if place in over:
        raise ValueError(f"reduction_axes {tuple(reduction_axes)} must not contain channels_axis {channels_axis}.")
    with variable_scope(scope, "GroupNorm", reuse=reuse) as opened:
        known = weft.shape(x)
        full = [known[axis] if size is None else size for axis, size in enumerate(sizes)]
        apart = [*full[:place], groups, channels // groups, *full[place + 1 :]]
        x = weft.reshape(x, apart)
        beta, gamma = _centred_and_scaled(
            center, scale, [channels], x.dtype, trainable, variables_collections, param_initializers
        )
        sizes_of_parts = [1] * len(apart)
        sizes_of_parts[place : place + 2] = [groups, channels // groups]
        beta, gamma = (None if part is None else weft.reshape(part, sizes_of_parts) for part in (beta, gamma))
        axes = sorted([axis + (axis > place) for axis in over] + [place + 1])
        mean, variance = _nn.moments(x, axes, keep_dims=True)
        gain = weft.math.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset = offset + beta
        outputs = weft.reshape(x * gain + offset, full)
        outputs.set_shape(sizes)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: str | None = None) -> Any:
    """Each vector along an axis divided by its length."""
    with NameScope(scope or "UnitNorm") if in_graph() else nullcontext():
        inputs = weft.convert_to_tensor(inputs)
        length = weft.sqrt(weft.reduce_sum(weft.square(inputs), axis=dim, keepdims=True) + epsilon)
        return weft.divide(inputs, length, name="div" if in_graph() else None)
