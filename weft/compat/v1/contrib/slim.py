"""`tf.contrib.slim`: the layers, argument scopes and variables of contrib under one roof, and its training step.

The loop around that (`slim.learning.train`), networks (`slim.nets`) and data sets (`slim.dataset`) are not built yet.
"""

from __future__ import annotations

import functools
import types
from typing import Any

import weft
from weft.compat.v1 import graphs
from weft.compat.v1.contrib import framework, layers, losses, metrics, model_analyzer  # noqa: F401
from weft.compat.v1.contrib import layer_parts as utils  # noqa: F401
from weft.compat.v1.contrib.arg_scopes import add_arg_scope, arg_scope, arg_scoped_arguments  # noqa: F401
from weft.compat.v1.contrib.framework import (  # noqa: F401
    assert_global_step,
    assign_from_checkpoint_fn,
    create_global_step,
    get_global_step,
    get_local_variables,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_unique_variable,
    get_variables,
    get_variables_by_name,
    get_variables_to_restore,
    model_variable,
    variable,
)
from weft.compat.v1.contrib.layers import (  # noqa: F401
    apply_regularization,
    avg_pool2d,
    avg_pool3d,
    batch_norm,
    bias_add,
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
    dropout,
    elu,
    embed_sequence,
    flatten,
    fully_connected,
    group_norm,
    instance_norm,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    layer_norm,
    linear,
    max_pool2d,
    max_pool3d,
    maxout,
    one_hot_encoding,
    optimize_loss,
    relu,
    relu6,
    repeat,
    separable_conv2d,
    separable_convolution2d,
    softmax,
    stack,
    sum_regularizer,
    unit_norm,
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)

initializers = regularizers = layers


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The variables whose names end so."""
    return get_variables(scope, suffix)


def create_train_op(total_loss: Any, optimizer: Any, global_step: Any = 0, update_ops: Any = None,
                    variables_to_train: Any = None, clip_gradient_norm: float = 0,
                    summarize_gradients: bool = False, gate_gradients: int = 1, aggregation_method: Any = None,
                    colocate_gradients_with_ops: bool = False, gradient_multipliers: Any = None,
                    check_numerics: bool = True) -> Any:  # fmt: skip
    """A training step: updates averages, then variables; gives the loss.

    Args:
        total_loss: A single number.
        optimizer: Of `tf.train`.
        global_step: The step counter; the graph's own where it is left out, none where None.
        update_ops: What runs before the loss; the graph's UPDATE_OPS where None.
        variables_to_train: Those to change; the trainable ones where None.
        clip_gradient_norm: The greatest norm of each gradient; 0 leaves them.
        summarize_gradients: Accepted.
        gate_gradients: Accepted.
        aggregation_method: Accepted.
        colocate_gradients_with_ops: Accepted.
        gradient_multipliers: Factors by variable or its name.
        check_numerics: Whether a loss that is not finite is refused.
    """
    step = get_or_create_global_step() if isinstance(global_step, int) else global_step
    before = graphs.get_collection("update_ops") if update_ops is None else list(update_ops)
    with weft.control_dependencies(before):
        loss = weft.identity(total_loss)
    pairs = optimizer.compute_gradients(loss, variables_to_train)
    factors = {getattr(key, "name", key): value for key, value in (gradient_multipliers or {}).items()}
    factors = {name if ":" in name else f"{name}:0": value for name, value in factors.items()}
    pairs = [(g * factors[v.name] if g is not None and v.name in factors else g, v) for g, v in pairs]
    if clip_gradient_norm > 0:
        clip = functools.partial(weft.clip_by_norm, clip_norm=clip_gradient_norm)
        pairs = [(g if g is None else clip(g), v) for g, v in pairs]
    train = optimizer.apply_gradients(pairs, global_step=step)
    with weft.name_scope("train_op"):
        if check_numerics:
            loss = weft.debugging.check_numerics(loss, "LossTensor is inf or nan")
        with weft.control_dependencies([train]):
            result = weft.identity(loss)
    graphs.add_to_collection("train_op", result)
    return result


learning = types.SimpleNamespace(create_train_op=create_train_op)
