"""`tf.contrib.legacy_seq2seq` (before version 1.0 `tf.nn.seq2seq`): sequences to sequences, unrolled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import nn as _nn
from weft.compat.v1.flow import cond
from weft.compat.v1.naming import composite, in_graph
from weft.compat.v1.rnn import static_rnn
from weft.compat.v1.rnn_cells import EmbeddingWrapper, OutputProjectionWrapper
from weft.compat.v1.variable_scopes import get_variable, get_variable_scope, variable_scope
from weft.runtime.scopes import NameScope


def _dense(parts: list[Any], size: int) -> Any:
    """The parts side by side through a layer with a bias, whose variables belong to the open scope."""
    inputs = sum(int(part.shape[1]) for part in parts)
    kernel = get_variable("kernel", [inputs, size], parts[0].dtype)
    bias = get_variable("bias", [size], parts[0].dtype, _zeros())
    return _nn.bias_add(weft.matmul(parts[0] if len(parts) == 1 else weft.concat(parts, 1), kernel), bias)


def _zeros() -> Any:
    from weft.compat.v1.initializers import zeros_initializer

    return zeros_initializer()


def rnn_decoder(decoder_inputs: Any, initial_state: Any, cell: Any, loop_function: Any = None,
                scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """A recurrent network over a list of inputs, from a state on.

    Args:
        decoder_inputs: A list of tensors `[batch, size]`.
        initial_state: The state.
        cell: An `RNNCell`.
        loop_function: `(output, number)` to the next input, which takes the place of the given one.
        scope: A variable scope, or its name.

    Returns:
        The outputs as a list, and the last state.
    """
    outputs: list[Any] = []
    with variable_scope(scope or "rnn_decoder"):
        state = initial_state
        for number, item in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    item = loop_function(outputs[-1], number)
            if number:
                get_variable_scope().reuse_variables()
            output, state = cell(item, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = weft.float32,
                      scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """An encoder and a decoder of the same kind of cell; see `rnn_decoder`."""
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, loop_function: Any = None,
                     dtype: Any = weft.float32, scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """An encoder and a decoder that share their variables; see `rnn_decoder`."""
    with variable_scope("combined_tied_rnn_seq2seq"):
        inner = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=inner)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, inner)


def _likeliest(embedding: Any, projection: Any, update: bool = True) -> Callable[[Any, Any], Any]:
    """A loop function: the row of the likeliest symbol of the step before."""

    def loop_function(previous: Any, number: Any) -> Any:
        scores = previous if projection is None else _nn.xw_plus_b(previous, *projection)
        row = _nn.embedding_lookup(embedding, weft.argmax(scores, 1))
        return row if update else weft.stop_gradient(row)

    return loop_function


def embedding_rnn_decoder(decoder_inputs: Any, initial_state: Any, cell: Any, num_symbols: int, embedding_size: int,
                          output_projection: Any = None, feed_previous: bool = False,
                          update_embedding_for_previous: bool = True,
                          scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """A decoder of symbols.

    Args:
        decoder_inputs: A list of tensors `[batch]` of symbols.
        initial_state: The state.
        cell: An `RNNCell`.
        num_symbols: How many symbols there are.
        embedding_size: The size of the row that stands for one.
        output_projection: Weights and biases that make outputs scores of symbols; where None they are scores.
        feed_previous: Whether, from the second step on, the likeliest symbol of the step before is the input.
        update_embedding_for_previous: Whether gradients reach the rows of those.
        scope: A variable scope, or its name.

    Returns:
        The outputs as a list, and the last state.
    """
    with variable_scope(scope or "embedding_rnn_decoder"):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _likeliest(embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        rows = [_nn.embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        return rnn_decoder(rows, initial_state, cell, loop)


def _either(feed_previous: Any, decoder: Callable[[bool], tuple[list[Any], Any]]) -> tuple[list[Any], Any]:
    """What a decoder gives, which is told by a bool or by a tensor whether to feed its own symbols."""
    if isinstance(feed_previous, bool):
        return decoder(feed_previous)

    def flat(feed: bool) -> list[Any]:
        with variable_scope(get_variable_scope(), reuse=None if feed else True):
            outputs, state = decoder(feed)
        structure.append(state)
        return [*outputs, *weft.nest.flatten(state)]

    structure: list[Any] = []
    found = list(cond(feed_previous, lambda: flat(True), lambda: flat(False), strict=True))
    states = len(weft.nest.flatten(structure[0]))
    split = len(found) - states
    return found[:split], weft.nest.pack_sequence_as(structure[0], found[split:])


def embedding_rnn_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int,
                          num_decoder_symbols: int, embedding_size: int, output_projection: Any = None,
                          feed_previous: Any = False, dtype: Any = None,
                          scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """An encoder and a decoder of symbols; see `embedding_rnn_decoder`."""
    with variable_scope(scope or "embedding_rnn_seq2seq"):
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or weft.float32)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        return _either(feed_previous, lambda feed: embedding_rnn_decoder(
            decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection, feed))  # fmt: skip


def attention_decoder(decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any,
                      output_size: int | None = None, num_heads: int = 1, loop_function: Any = None,
                      dtype: Any = None, scope: Any = None,
                      initial_state_attention: bool = False) -> tuple[list[Any], Any]:  # fmt: skip
    """A decoder that looks at what an encoder gave, weighted anew at each step.

    Args:
        decoder_inputs: A list of tensors `[batch, size]`.
        initial_state: The state.
        attention_states: `[batch, length, size]`.
        cell: An `RNNCell`.
        output_size: The size of the outputs; that of the cell's where None.
        num_heads: How many weighted sums are read.
        loop_function: As for `rnn_decoder`.
        dtype: Of the first sums.
        scope: A variable scope, or its name.
        initial_state_attention: Whether the first step reads sums, too, rather than zeros.

    Returns:
        The outputs as a list, and the last state.

    Raises:
        ValueError: Without inputs or heads, or where length and size are not known.

    Source: Vinyals et al., Grammar as a Foreign Language, 2014.
    """
    if not decoder_inputs or num_heads < 1:
        raise ValueError("attention_decoder needs at least one input and one head.")
    length, size = attention_states.shape.as_list()[1:]
    if length is None or size is None:
        raise ValueError(f"Shape[1] and [2] of attention_states must be known: {attention_states.shape}")
    wanted = cell.output_size if output_size is None else output_size
    outputs: list[Any] = []
    with variable_scope(scope or "attention_decoder", dtype=dtype) as own:
        hidden = weft.reshape(attention_states, [-1, length, 1, size])
        heads = []
        for head in range(num_heads):
            kernel = get_variable(f"AttnW_{head}", [1, 1, size, size])
            heads.append((_nn.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME"), get_variable(f"AttnV_{head}", [size])))

        def read(state: Any) -> list[Any]:
            query = weft.nest.flatten(state)
            sums = []
            for number, (features, vector) in enumerate(heads):
                with variable_scope(f"Attention_{number}"):
                    asked = weft.reshape(_dense(query, size), [-1, 1, 1, size])
                    scores = weft.reduce_sum(vector * weft.tanh(features + asked), [2, 3])
                    share = weft.reshape(_nn.softmax(scores), [-1, length, 1, 1])
                    sums.append(weft.reshape(weft.reduce_sum(share * hidden, [1, 2]), [-1, size]))
            return sums

        state = initial_state
        batch = weft.shape(decoder_inputs[0])[0]
        seen = [weft.zeros([batch, size], attention_states.dtype) for _ in range(num_heads)]
        if initial_state_attention:
            seen = read(state)
        for number, item in enumerate(decoder_inputs):
            if number:
                get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    item = loop_function(outputs[-1], number)
            output, state = cell(_dense([item, *seen], int(item.shape[1])), state)
            if number == 0 and initial_state_attention:
                with variable_scope(own, reuse=True):
                    seen = read(state)
            else:
                seen = read(state)
            with variable_scope("AttnOutputProjection"):
                outputs.append(_dense([output, *seen], wanted))
    return outputs, state


def embedding_attention_decoder(decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any,
                                num_symbols: int, embedding_size: int, num_heads: int = 1,
                                output_size: int | None = None, output_projection: Any = None,
                                feed_previous: bool = False, update_embedding_for_previous: bool = True,
                                dtype: Any = None, scope: Any = None,
                                initial_state_attention: bool = False) -> tuple[list[Any], Any]:  # fmt: skip
    """A decoder of symbols with attention; see `attention_decoder` and `embedding_rnn_decoder`."""
    size = cell.output_size if output_size is None else output_size
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _likeliest(embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        rows = [_nn.embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        return attention_decoder(rows, initial_state, attention_states, cell, size, num_heads, loop,
                                 initial_state_attention=initial_state_attention)  # fmt: skip


def embedding_attention_seq2seq(encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int,
                                num_decoder_symbols: int, embedding_size: int, num_heads: int = 1,
                                output_projection: Any = None, feed_previous: Any = False, dtype: Any = None,
                                scope: Any = None,
                                initial_state_attention: bool = False) -> tuple[list[Any], Any]:  # fmt: skip
    """An encoder and a decoder of symbols with attention; see `embedding_attention_decoder`."""
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype):
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        given, state = static_rnn(encoder, encoder_inputs, dtype=dtype or weft.float32)
        attention = weft.stack(given, axis=1)
        size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            size = num_decoder_symbols
        return _either(feed_previous, lambda feed: embedding_attention_decoder(
            decoder_inputs, state, attention, cell, num_decoder_symbols, embedding_size, num_heads, size,
            output_projection, feed, initial_state_attention=initial_state_attention))  # fmt: skip


def sequence_loss_by_example(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True,
                             softmax_loss_function: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The cross-entropy of each sequence, `[batch]`.

    Args:
        logits: A list of tensors `[batch, symbols]`, one for each step.
        targets: A list of tensors `[batch]`.
        weights: A list of tensors `[batch]`: how much each step counts.
        average_across_timesteps: Whether to divide by the sum of the weights.
        softmax_loss_function: `(labels=, logits=)` to losses, in place of the cross-entropy.
        name: The name scope.

    Raises:
        ValueError: Where the lists are not of one length.
    """
    if not len(logits) == len(targets) == len(weights):
        raise ValueError(f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, "
                         f"{len(targets)}.")  # fmt: skip
    losses = []
    with _scope(name, "sequence_loss_by_example"):
        for scores, truth, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                loss = _nn.sparse_softmax_cross_entropy_with_logits(labels=weft.reshape(truth, [-1]), logits=scores)
            else:
                loss = softmax_loss_function(labels=truth, logits=scores)
            losses.append(loss * weight)
        total = _add_n(losses)
        return total / (_add_n(list(weights)) + 1e-12) if average_across_timesteps else total


_add_n = composite("add_n", weft.add_n)


def _scope(name: str | None, default: str) -> Any:
    return NameScope(name, default) if in_graph() else nullcontext()


def sequence_loss(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True,
                  average_across_batch: bool = True, softmax_loss_function: Any = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """The cross-entropy of sequences, one number; see `sequence_loss_by_example`."""
    with _scope(name, "sequence_loss"):
        cost = weft.reduce_sum(sequence_loss_by_example(logits, targets, weights, average_across_timesteps,
                                                        softmax_loss_function))  # fmt: skip
        return cost / weft.cast(weft.shape(targets[0])[0], cost.dtype) if average_across_batch else cost


def model_with_buckets(encoder_inputs: Any, decoder_inputs: Any, targets: Any, weights: Any, buckets: Any,
                       seq2seq: Any, softmax_loss_function: Any = None, per_example_loss: bool = False,
                       name: str | None = None) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """A model for each of several pairs of lengths, with the same variables.

    Args:
        encoder_inputs: A list of tensors, as long as the longest bucket.
        decoder_inputs: Likewise.
        targets: Likewise.
        weights: Likewise.
        buckets: Pairs of lengths.
        seq2seq: `(encoder_inputs, decoder_inputs)` to outputs and state.
        softmax_loss_function: As for `sequence_loss_by_example`.
        per_example_loss: Whether losses are `[batch]` rather than one number.
        name: The name scope.

    Returns:
        For each bucket the outputs, and the loss.

    Raises:
        ValueError: Where a list is shorter than the last bucket.
    """
    first, second = buckets[-1]
    needed = (("encoder_inputs", encoder_inputs, first), ("targets", targets, second), ("weights", weights, second))
    for what, given, longest in needed:
        if len(given) < longest:
            raise ValueError(f"Length of {what} ({len(given)}) must be at least that of the last bucket ({longest}).")
    outputs, losses = [], []
    count = sequence_loss_by_example if per_example_loss else sequence_loss
    with _scope(name, "model_with_buckets"):
        for number, (first, second) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if number else None):
                found, _ = seq2seq(encoder_inputs[:first], decoder_inputs[:second])
                outputs.append(found)
                losses.append(count(found, targets[:second], weights[:second],
                                    softmax_loss_function=softmax_loss_function))  # fmt: skip
    return outputs, losses
