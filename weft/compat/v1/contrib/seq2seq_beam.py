"""Decoding with a beam: the best sequences are followed side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import weft
from weft.base.errors import explain
from weft.compat.v1 import nn as _nn
from weft.compat.v1.contrib.seq2seq_attention import AttentionWrapperState, named
from weft.compat.v1.contrib.seq2seq_decoder import Decoder, checked_tokens, embedder
from weft.compat.v1.flow import cond
from weft.runtime import control
from weft.runtime.operation_counts import further


def tile_batch(t: Any, multiplier: Any, name: str | None = None) -> Any:
    """Each row of a batch several times, one after another.

    Args:
        t: Tensors `[batch, ...]`; may be nested.
        multiplier: How often: the beam's width.
        name: The name scope.

    Returns:
        `[batch * multiplier, ...]`.

    Raises:
        ValueError: For a tensor without a batch axis.
    """

    def one(part: Any) -> Any:
        tensor = weft.convert_to_tensor(part)
        if not tensor.shape.rank:
            raise ValueError("t must have statically known rank" if tensor.shape.rank is None else
                             "tile_batch: a scalar has no batch axis")  # fmt: skip
        rest = weft.shape(tensor)[1:]
        further(5)  # the first size, several times
        tiled = weft.tile(weft.expand_dims(tensor, 1), [1, multiplier] + [1] * (tensor.shape.rank - 1))
        found = weft.reshape(tiled, weft.concat([[-1], rest], 0))
        rows = tensor.shape[0]
        known = rows * multiplier if rows is not None and isinstance(multiplier, int) else None
        found.set_shape([known, *tensor.shape[1:]])
        return found

    with named(name, "tile_batch"):
        return weft.nest.map_structure(one, t)


def gather_tree(step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any,
                name: str | None = None) -> Any:  # fmt: skip
    """The sequences that a beam search found, from the last step backwards.

    Args:
        step_ids: `[time, batch, beam]`, int32: the symbol of each step.
        parent_ids: The same shape: which beam each symbol went on from.
        max_sequence_lengths: `[batch]`: how many steps count.
        end_token: What ends a sequence, and fills the rest.
        name: The name scope.

    Returns:
        `[time, batch, beam]`.
    """
    with named(name, "GatherTree"):
        symbols = weft.convert_to_tensor(step_ids)
        end = weft.cast(end_token, symbols.dtype)
        sizes = weft.shape(symbols)
        times = weft.range(sizes[0])
        own = weft.zeros(sizes[1:], weft.int32) + weft.range(sizes[2])
        parents = weft.reshape(parent_ids, sizes)
        lengths = weft.reshape(weft.cast(max_sequence_lengths, weft.int32), [sizes[1], 1])

        def back(beam: Any, row: Any) -> Any:
            time, here, came_from = row
            inside = weft.less(time, lengths)
            found = weft.where(inside, weft.gather(here, beam, batch_dims=1), end)
            return weft.where(inside, weft.gather(came_from, beam, batch_dims=1), beam), found

        _, walked = control.scan(back, own, (times, symbols, parents), backwards=True)
        ended = weft.cumsum(weft.cast(weft.equal(walked, end), weft.int32), 0, exclusive=True)
        return weft.where(weft.greater(ended, 0), end, walked)


class BeamSearchDecoderState(NamedTuple):
    """What a `BeamSearchDecoder` keeps between steps."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """One step's scores, symbols, and which beam each went on from."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """The sequences that were found, best first, and the outputs of the steps."""

    predicted_ids: Any
    beam_search_decoder_output: Any


def _is_array(item: Any) -> bool:
    return isinstance(item, weft.TensorArray)


def _mean(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else weft.reduce_mean(weft.stack(parts, -1), -1)


class BeamSearchDecoder(Decoder):
    """A decoder that follows the likeliest sequences side by side.

    Args:
        cell: An `RNNCell`; its states have batch times beam rows, see `tile_batch`.
        embedding: A table, or a function from symbols to their rows.
        start_tokens: `[batch]`, int32.
        end_token: int32.
        initial_state: The cell's first state, tiled.
        beam_width: How many sequences are followed.
        output_layer: Applied to the cell's outputs.
        length_penalty_weight: How much long sequences are favoured (Wu 2016); 0 for not at all.
        coverage_penalty_weight: How much sequences are favoured that looked at all of the memory; 0 for not at all.
        reorder_tensor_arrays: Whether histories of alignments in the last state follow the sequences that were found.

    Raises:
        TypeError: For what is no cell or no layer.
        ValueError: For starts that are no vector, or an end that is no scalar.
    """

    def __init__(self, cell: Any, embedding: Any, start_tokens: Any, end_token: Any, initial_state: Any,
                 beam_width: int, output_layer: Any = None, length_penalty_weight: float = 0.0,
                 coverage_penalty_weight: float = 0.0, reorder_tensor_arrays: bool = True) -> None:  # fmt: skip
        if not (callable(cell) and hasattr(cell, "output_size")):
            raise TypeError(f"The argument 'cell' ({cell!r}) is not an RNNCell.")
        if output_layer is not None and not callable(output_layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer).__name__}")
        self._cell, self._output_layer = cell, output_layer
        self._embedding_fn = embedder(embedding)
        self._start_tokens, self._end_token = checked_tokens(start_tokens, end_token)
        rows = self._start_tokens.shape[0]
        self._batch_size = rows if rows is not None else weft.size(self._start_tokens)
        self._beam_width = beam_width
        self._length_weight, self._coverage_weight = length_penalty_weight, coverage_penalty_weight
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._initial_cell_state = self._mapped(self._split, initial_state)
        starts = weft.tile(weft.expand_dims(self._start_tokens, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(starts)
        self._finished = weft.one_hot(weft.zeros([self._batch_size], weft.int32), beam_width, False, True,
                                      dtype=weft.bool)  # fmt: skip

    # -- batch and beam as two axes, or as one -------------------------------------------------------------------------

    def _split(self, part: Any) -> Any:
        """`[batch * beam, ...]` to `[batch, beam, ...]`; what has no batch stays."""
        if _is_array(part) or not part.shape.rank:
            return part
        sizes = weft.concat([[self._batch_size, self._beam_width], weft.shape(part)[1:]], 0)
        found = weft.reshape(part, sizes)
        found.set_shape([self._static_batch(), self._beam_width, *part.shape[1:]])
        return found

    def _merge(self, part: Any) -> Any:
        """`[batch, beam, ...]` to `[batch * beam, ...]`; what has no batch stays."""
        if _is_array(part) or not part.shape.rank:
            return part
        found = weft.reshape(part, weft.concat([[self._batch_size * self._beam_width], weft.shape(part)[2:]], 0))
        rows = self._static_batch()
        found.set_shape([None if rows is None else rows * self._beam_width, *part.shape[2:]])
        return found

    def _static_batch(self) -> int | None:
        return self._batch_size if isinstance(self._batch_size, int) else None

    def _mapped(self, function: Any, *states: Any) -> Any:
        return weft.nest.map_structure(function, *states)

    def _followed(self, beams: Any) -> Any:
        """A function that gives each beam what the beam had that it goes on from."""

        def one(part: Any) -> Any:
            if _is_array(part) or part.shape.rank < 2:
                return part
            return weft.gather(part, beams, batch_dims=1)

        return one

    # -- what dynamic_decode asks --------------------------------------------------------------------------------------

    @property
    def batch_size(self) -> Any:
        """How many sequences are decoded; each has a beam."""
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """True: beams change places, so that what was over is told by the state."""
        return True

    @property
    def output_size(self) -> Any:
        """The sizes of a `BeamSearchDecoderOutput`."""
        width = weft.TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(width, width, width)

    @property
    def output_dtype(self) -> Any:
        """The dtypes of a `BeamSearchDecoderOutput`."""
        kind = weft.nest.flatten(self._initial_cell_state)[0].dtype
        return BeamSearchDecoderOutput(kind, weft.int32, weft.int32)

    def initialize(self, name: str | None = None) -> Any:
        """One beam of each sequence is open at first: the others would find the same."""
        kind = weft.nest.flatten(self._initial_cell_state)[0].dtype
        log_probs = weft.one_hot(weft.zeros([self._batch_size], weft.int32), self._beam_width,
                                 weft.cast(0.0, kind), weft.cast(-float("inf"), kind), dtype=kind)  # fmt: skip
        looked = self._looked_at(self._initial_cell_state)
        state = BeamSearchDecoderState(
            self._initial_cell_state, log_probs, self._finished,
            weft.zeros([self._batch_size, self._beam_width], weft.int64), () if looked is None else looked,
        )  # fmt: skip
        return self._finished, self._start_inputs, state

    def _looked_at(self, cell_state: Any) -> Any:
        """The alignments of a step, the mean over all attentions, where they count; else None."""
        if self._coverage_weight == 0.0:
            return None
        states = cell_state if type(cell_state) is tuple else (cell_state,)
        found = [_mean(list(state.alignments) if isinstance(state.alignments, tuple) else [state.alignments])
                 for state in states if isinstance(state, AttentionWrapperState)]  # fmt: skip
        if not found:
            raise ValueError(
                explain("BeamSearchDecoder: a coverage penalty needs the alignments of an attention.",
                        expected="an AttentionWrapper as the cell", received=type(cell_state).__name__)  # fmt: skip
            )
        return _mean(found)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """One step of all beams; which of what they could go on with is kept."""
        with named(name, "BeamSearchDecoderStep"):
            rows = self._mapped(self._merge, inputs)
            outputs, cell_state = self._cell(rows, self._mapped(self._merge, state.cell_state))
            outputs = self._mapped(self._split, outputs)
            cell_state = self._mapped(self._split, cell_state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            found, following = self._chosen(outputs, state, cell_state)
            inputs = cond(weft.reduce_all(following.finished), lambda: self._start_inputs,
                          lambda: self._embedding_fn(found.predicted_ids))  # fmt: skip
        return found, following, inputs, following.finished

    def _chosen(self, logits: Any, state: Any, cell_state: Any) -> tuple[Any, Any]:
        over, words = state.finished, weft.shape(logits)[-1]
        if logits.shape[-1] is not None:
            words = logits.shape[-1]
        kind = logits.dtype
        only_end = weft.one_hot(self._end_token, words, weft.cast(0.0, kind), kind.min, dtype=kind)
        step_probs = weft.where(weft.expand_dims(over, 2), only_end, _nn.log_softmax(logits))
        total = weft.expand_dims(state.log_probs, 2) + step_probs
        longer = weft.one_hot(weft.fill([self._batch_size, self._beam_width], self._end_token), words,
                              weft.cast(0, weft.int64), weft.cast(1, weft.int64), dtype=weft.int64)  # fmt: skip
        longer *= weft.expand_dims(weft.cast(weft.logical_not(over), weft.int64), 2)
        looked = self._looked_at(cell_state)
        seen: Any = ()
        if looked is not None:
            counting = weft.cast(weft.logical_not(over), looked.dtype)
            seen = state.accumulated_attention_probs + looked * weft.expand_dims(counting, 2)
        scores = self._scores(total, longer + weft.expand_dims(state.lengths, 2), over, seen)
        flat = weft.reshape(scores, [self._batch_size, -1])
        best, where = weft.math.top_k(flat, self._beam_width)
        probs = weft.gather(weft.reshape(total, [self._batch_size, -1]), where, batch_dims=1)
        word, beam = weft.math.floormod(where, words), weft.math.floordiv(where, words)
        follow = self._followed(beam)
        was_over = follow(over)
        lengths = follow(state.lengths) + weft.cast(weft.logical_not(was_over), weft.int64)
        for tensor in (best, probs, word, beam, lengths):
            tensor.set_shape([self._static_batch(), self._beam_width])
        following = BeamSearchDecoderState(
            self._mapped(follow, cell_state), probs, weft.logical_or(was_over, weft.equal(word, self._end_token)),
            lengths, () if looked is None else follow(seen),
        )  # fmt: skip
        return BeamSearchDecoderOutput(best, word, beam), following

    def _scores(self, log_probs: Any, lengths: Any, over: Any, seen: Any) -> Any:
        scores = log_probs
        if not isinstance(self._length_weight, (int, float)) or self._length_weight != 0:
            weight = weft.cast(self._length_weight, log_probs.dtype)
            five, six = (weft.cast(n, log_probs.dtype) for n in (5.0, 6.0))
            scores = log_probs / (weft.pow(five + weft.cast(lengths, log_probs.dtype), weight) / weft.pow(six, weight))
        if self._coverage_weight == 0.0:
            return scores
        # steps behind a memory's end are never looked at, and not missed
        seen = weft.where(weft.equal(seen, 0), weft.ones_like(seen), seen)
        missed = weft.reduce_sum(weft.math.log(weft.minimum(seen, 1.0)), 2)
        missed *= weft.cast(over, missed.dtype)
        return scores + weft.expand_dims(missed * self._coverage_weight, 2)

    # -- the end -------------------------------------------------------------------------------------------------------

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """The sequences, read backwards from the last step."""
        longest = weft.cast(weft.reduce_max(final_state.lengths, 1), weft.int32)
        found = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorder_tensor_arrays:
            final_state = final_state._replace(cell_state=self._mapped(
                lambda part: self._reordered(part, outputs.parent_ids, final_state.lengths), final_state.cell_state
            ))  # fmt: skip
        return FinalBeamSearchDecoderOutput(found, outputs), final_state

    def _reordered(self, part: Any, parents: Any, lengths: Any) -> Any:
        """A history of all steps, each beam's along the sequence that it ended with."""
        if not _is_array(part):
            return part
        history = part.stack()
        sizes = weft.shape(parents)
        rows = weft.reshape(history, weft.concat([sizes, weft.shape(history)[2:]], 0))
        own = weft.zeros(sizes, weft.int32) + weft.range(sizes[2])
        longest = weft.cast(weft.reduce_max(lengths, 1), weft.int32)
        path = gather_tree(own, parents, longest, self._beam_width + 1)
        counts = weft.transpose(weft.sequence_mask(lengths, sizes[0]), [2, 0, 1])
        path = weft.where(counts, path, own)
        return weft.reshape(weft.gather(rows, path, batch_dims=2), weft.shape(history))
