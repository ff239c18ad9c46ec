"""Decoders that run step by step until every sequence is over, and what feeds them."""

from __future__ import annotations

from typing import Any, NamedTuple

import weft
from weft.compat.v1 import nn as _nn
from weft.compat.v1.contrib.seq2seq_attention import named
from weft.compat.v1.flow import cond
from weft.compat.v1.variable_scopes import variable_scope
from weft.runtime import control, dispatch

# Decoding ------------------------------------------------------------------------------------------------------------


class Decoder:
    """What `dynamic_decode` runs: subclasses say how it begins and what a step does."""

    batch_size: Any = property(lambda self: self._missing("batch_size"), doc="How many sequences there are.")
    output_size: Any = property(lambda self: self._missing("output_size"), doc="The sizes of a step's outputs.")
    output_dtype: Any = property(lambda self: self._missing("output_dtype"), doc="Their dtypes.")

    def _missing(self, what: str) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define {what}")

    def initialize(self, name: str | None = None) -> Any:
        """Which sequences are over before the first step, its inputs, and its state."""
        self._missing("initialize")

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """A step's outputs, the next state and inputs, and which sequences are over then."""
        self._missing("step")

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """The outputs and the state that are given back, from those of all steps."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `step` itself remembers which sequences were over before."""
        return False


def _zeros_of(sizes: Any, kinds: Any, batch: Any) -> Any:
    def one(size: Any, kind: Any) -> Any:
        return weft.zeros([batch, *weft.TensorShape(size).as_list()], kind)

    return weft.nest.map_structure(one, sizes, kinds)


def _is_array(item: Any) -> bool:
    return isinstance(item, weft.TensorArray)


def _of_rows(part: Any, rows: Any) -> Any:
    """A tensor that has as many rows as there are sequences, where its shape does not tell; checked when it runs."""
    if _is_array(part) or not part.shape.rank or part.shape[0] is not None or part.shape.symbolic[0] == rows:
        return part
    return dispatch.call("ensure_shape", part, shape=(rows, *part.shape.symbolic[1:]))


def _kept_where(over: Any, old: Any, new: Any) -> Any:
    """The old values of sequences that are over; what has no batch, such as a count of steps, goes on."""

    def one(before: Any, after: Any) -> Any:
        if _is_array(after) or after.shape.rank == 0:
            return after
        return weft.where(weft.reshape(over, [-1] + [1] * (after.shape.rank - 1)), before, after)

    return weft.nest.map_structure(one, old, new)


def _swapped(tensor: Any) -> Any:
    return weft.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


def dynamic_decode(decoder: Any, output_time_major: bool = False, impute_finished: bool = False,
                   maximum_iterations: Any = None, parallel_iterations: int = 32, swap_memory: bool = False,
                   scope: Any = None, **kwargs: Any) -> tuple[Any, Any, Any]:  # fmt: skip
    """Runs a decoder until all sequences are over.

    Args:
        decoder: A `Decoder`.
        output_time_major: Whether outputs come as `[time, batch, ...]`; else `[batch, time, ...]`.
        impute_finished: Whether sequences that are over give zeros and keep their state.
        maximum_iterations: How many steps there are at most.
        parallel_iterations: Accepted.
        swap_memory: Accepted.
        scope: A variable scope, or its name; `decoder` where None.
        **kwargs: For the decoder's `initialize`.

    Returns:
        The outputs of all steps, the last state, and how many steps each sequence took.

    Raises:
        TypeError: For what is no decoder.
        ValueError: For a `maximum_iterations` that is no scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder).__name__}")
    with variable_scope(scope or "decoder"):
        most = None if maximum_iterations is None else weft.cast(maximum_iterations, weft.int32)
        if most is not None and most.shape.rank not in (0, None):
            raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize(**kwargs)
        zeros = _zeros_of(decoder.output_size, decoder.output_dtype, decoder.batch_size) if impute_finished else None
        finished = weft.convert_to_tensor(finished)
        if most is not None:
            finished = weft.logical_or(finished, weft.less_equal(most, 0))
        rows = finished.shape.symbolic[0] if finished.shape.rank else None

        def of_batch(parts: Any) -> Any:
            """Parts whose rows are known to be as many as there are sequences."""
            return weft.nest.map_structure(lambda part: part if rows is None else _of_rows(part, rows), parts)

        inputs, state = of_batch(inputs), of_batch(state)
        lengths = weft.zeros_like(finished, weft.int32)

        def going(time: Any, held: Any, given: Any, over: Any, counted: Any) -> Any:
            more = weft.logical_not(weft.reduce_all(over))
            return more if most is None else weft.logical_and(more, weft.less(time, most))

        def step(time: Any, held: Any, given: Any, over: Any, counted: Any) -> Any:
            outputs, following, inputs_next, done = (of_batch(part) for part in decoder.step(time, given, held))
            if not decoder.tracks_own_finished:
                done = weft.logical_or(done, over)
            counted = weft.where(weft.logical_not(over), weft.fill(weft.shape(counted), time + 1), counted)
            if impute_finished:
                outputs = _kept_where(over, zeros, outputs)
                following = _kept_where(over, held, following)
            return [time + 1, following, inputs_next, done, counted], outputs

        (_, state, _, _, lengths), outputs = control.collecting_loop(
            going, step, [weft.constant(0), state, inputs, finished, lengths]
        )
        try:
            outputs, state = decoder.finalize(outputs, state, lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = weft.nest.map_structure(_swapped, outputs)
    return outputs, state, lengths


class BasicDecoderOutput(NamedTuple):
    """A step's outputs and the symbols that were drawn of them."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A decoder that asks a cell at each step and a helper what comes next.

    Args:
        cell: An `RNNCell`.
        helper: A `Helper`.
        initial_state: The cell's first state.
        output_layer: Applied to the cell's outputs before anything is drawn of them.

    Raises:
        TypeError: For what is no cell, no helper, or no layer.
    """

    def __init__(self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None) -> None:
        if not (callable(cell) and hasattr(cell, "output_size")):
            raise TypeError(f"The argument 'cell' ({cell!r}) is not an RNNCell.")
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper).__name__}")
        if output_layer is not None and not callable(output_layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer).__name__}")
        self._cell, self._helper, self._initial_state = cell, helper, initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        """How many sequences the helper has."""
        return self._helper.batch_size

    def _rnn_output_size(self) -> Any:
        size = self._cell.output_size
        if self._output_layer is None:
            return size
        return weft.nest.map_structure(
            lambda one: self._output_layer.compute_output_shape([None, *weft.TensorShape(one).as_list()])[1:], size
        )

    @property
    def output_size(self) -> Any:
        """The sizes of a `BasicDecoderOutput`."""
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        """The dtypes of a `BasicDecoderOutput`."""
        kind = weft.nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(weft.nest.map_structure(lambda _: kind, self._rnn_output_size()),
                                  self._helper.sample_ids_dtype)  # fmt: skip

    def initialize(self, name: str | None = None) -> Any:
        """What the helper begins with, and the first state."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """One step of the cell; its output, the next state and inputs, and which sequences are over then."""
        with named(name, "BasicDecoderStep"):
            outputs, following = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            drawn = self._helper.sample(time=time, outputs=outputs, state=following)
            finished, inputs, following = self._helper.next_inputs(time=time, outputs=outputs, state=following,
                                                                   sample_ids=drawn)  # fmt: skip
        return BasicDecoderOutput(outputs, drawn), following, inputs, finished


# Helpers -------------------------------------------------------------------------------------------------------------


class Helper:
    """What a `BasicDecoder` asks for its inputs, and for the symbols that it draws."""

    batch_size: Any = None
    sample_ids_shape: Any = weft.TensorShape([])
    sample_ids_dtype: Any = weft.int32

    def initialize(self, name: str | None = None) -> Any:
        """Which sequences are over before the first step, and its inputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define initialize")

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What is drawn of a step's outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define sample")

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """Which sequences are over after a step, the next inputs, and the state."""
        raise NotImplementedError(f"{type(self).__name__} does not define next_inputs")


class CustomHelper(Helper):
    """A helper of three functions.

    Args:
        initialize_fn: To which sequences are over and the first inputs.
        sample_fn: From time, outputs and state to what is drawn.
        next_inputs_fn: From time, outputs, state and what was drawn to which are over, the next inputs, and the state.
        sample_ids_shape: Of one sequence's; scalars where None.
        sample_ids_dtype: int32 where None.
    """

    def __init__(self, initialize_fn: Any, sample_fn: Any, next_inputs_fn: Any, sample_ids_shape: Any = None,
                 sample_ids_dtype: Any = None) -> None:  # fmt: skip
        self._functions = initialize_fn, sample_fn, next_inputs_fn
        self.sample_ids_shape = weft.TensorShape(sample_ids_shape or [])
        self.sample_ids_dtype = sample_ids_dtype or weft.int32

    def initialize(self, name: str | None = None) -> Any:
        """What the first function says."""
        finished, inputs = self._functions[0]()
        if self.batch_size is None:
            self.batch_size = weft.size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What the second function says."""
        return self._functions[1](time=time, outputs=outputs, state=state)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """What the third function says."""
        return self._functions[2](time=time, outputs=outputs, state=state, sample_ids=sample_ids)


def likeliest(outputs: Any) -> Any:
    """The symbol with the highest score in each row."""
    if not hasattr(outputs, "dtype"):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs).__name__}")
    return weft.argmax(outputs, -1, weft.int32)


class TrainingHelper(Helper):
    """Feeds a decoder what is known: training with the right answers as inputs.

    Args:
        inputs: `[batch, time, ...]`, or `[time, batch, ...]`; may be nested.
        sequence_length: `[batch]`: how many steps each sequence has.
        time_major: As above.
        name: The name scope.

    Raises:
        ValueError: For lengths that are no vector.
    """

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None) -> None:
        with named(name, "TrainingHelper"):
            rows = weft.nest.map_structure(weft.convert_to_tensor, inputs)
            self._inputs = rows if time_major else weft.nest.map_structure(_swapped, rows)
            self._lengths = weft.convert_to_tensor(sequence_length)
            if self._lengths.shape.rank != 1:
                raise ValueError(
                    f"Expected sequence_length to be a vector, but received shape: {self._lengths.shape}"
                )
            self._zeros = weft.nest.map_structure(lambda part: weft.zeros_like(part[0]), self._inputs)
            self.batch_size = weft.size(self._lengths)

    def _row(self, time: Any, all_over: Any) -> Any:
        def rows() -> Any:
            return weft.nest.map_structure(lambda part: weft.gather(part, time), self._inputs)

        return cond(all_over, lambda: self._zeros, rows)

    def initialize(self, name: str | None = None) -> Any:
        """The first inputs; sequences of no steps are over."""
        with named(name, "TrainingHelperInitialize"):
            finished = weft.equal(0, self._lengths)
            return finished, self._row(0, weft.reduce_all(finished))

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The symbol with the highest score, which the inputs do not depend on."""
        with named(name, "TrainingHelperSample"):
            return likeliest(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """The inputs of the next step; zeros where all sequences are over."""
        with named(name, "TrainingHelperNextInputs"):
            finished = weft.greater_equal(time + 1, weft.cast(self._lengths, weft.int32))
            return finished, self._row(time + 1, weft.reduce_all(finished)), state


def checked_tokens(start_tokens: Any, end_token: Any) -> tuple[Any, Any]:
    """The words that decoding begins with, one a row, and the one that ends it, as tensors."""
    starts, end = weft.convert_to_tensor(start_tokens, weft.int32), weft.convert_to_tensor(end_token, weft.int32)
    if starts.shape.rank != 1:
        raise ValueError("start_tokens must be a vector")
    if end.shape.rank != 0:
        raise ValueError("end_token must be a scalar")
    return starts, end


def embedder(embedding: Any) -> Any:
    """The function that gives symbols their rows: the given one, or a look-up in the given table."""
    return embedding if callable(embedding) else lambda ids: _nn.embedding_lookup(embedding, ids)


class GreedyEmbeddingHelper(Helper):
    """Feeds a decoder the likeliest symbol of the step before.

    Args:
        embedding: A table, or a function from symbols to their rows.
        start_tokens: `[batch]`, int32: what the first step gets.
        end_token: int32: what ends a sequence.

    Raises:
        ValueError: For starts that are no vector, or an end that is no scalar.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = embedder(embedding)
        self._start_tokens, self._end_token = checked_tokens(start_tokens, end_token)
        self.batch_size = weft.size(self._start_tokens)
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name: str | None = None) -> Any:
        """The rows of the first symbols; no sequence is over."""
        return weft.zeros_like(self._start_tokens, weft.bool), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The symbol with the highest score."""
        return likeliest(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """The rows of the symbols that were drawn."""
        finished = weft.equal(sample_ids, self._end_token)
        inputs = cond(weft.reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids))
        return finished, inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds a decoder symbols that are drawn by their probabilities.

    Args:
        embedding: As for `GreedyEmbeddingHelper`.
        start_tokens: Likewise.
        end_token: Likewise.
        softmax_temperature: The scores are divided by it.
        seed: For the random numbers.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any, softmax_temperature: Any = None,
                 seed: int | None = None) -> None:  # fmt: skip
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """A symbol for each row, drawn."""
        return _drawn(outputs if self._softmax_temperature is None else outputs / self._softmax_temperature, self._seed)


def _drawn(logits: Any, seed: int | None) -> Any:
    return weft.squeeze(weft.random.categorical(logits, 1, weft.int32, seed), [1])


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Feeds a decoder what is known, and now and then what it drew itself.

    Args:
        inputs: As for `TrainingHelper`.
        sequence_length: Likewise.
        embedding: As for `GreedyEmbeddingHelper`.
        sampling_probability: How probable it is that a sequence gets what was drawn.
        time_major: As for `TrainingHelper`.
        seed: For what is drawn.
        scheduling_seed: For when.
        name: The name scope.
    """

    def __init__(self, inputs: Any, sequence_length: Any, embedding: Any, sampling_probability: Any,
                 time_major: bool = False, seed: int | None = None, scheduling_seed: int | None = None,
                 name: str | None = None) -> None:  # fmt: skip
        super().__init__(inputs, sequence_length, time_major, name)
        self._embedding_fn = embedder(embedding)
        self._share = weft.convert_to_tensor(sampling_probability, weft.float32)
        if self._share.shape.rank not in (0, 1):
            raise ValueError(
                f"sampling_probability must be either a scalar or a vector. saw shape: {self._share.shape}"
            )
        self._seed, self._scheduling_seed = seed, scheduling_seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """A symbol for each row that gets one, drawn; -1 for the others."""
        chosen = weft.random.uniform(weft.shape(outputs)[:1], seed=self._scheduling_seed) < self._share
        drawn = _drawn(outputs, self._seed)
        return weft.where(chosen, drawn, weft.fill(weft.shape(drawn), -1))

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """The next inputs, or the rows of what was drawn."""
        finished, known, state = super().next_inputs(time, outputs, state, sample_ids, name)
        rows = self._embedding_fn(weft.maximum(sample_ids, 0))
        own = weft.reshape(weft.greater(sample_ids, -1), [-1] + [1] * (rows.shape.rank - 1))
        all_over = weft.reduce_all(finished)
        return finished, cond(all_over, lambda: known, lambda: weft.where(own, rows, known)), state


class InferenceHelper(Helper):
    """Feeds a decoder what a function draws of its own outputs.

    Args:
        sample_fn: From outputs to what is drawn.
        sample_shape: The shape of one sequence's.
        sample_dtype: Its dtype.
        start_inputs: The first inputs.
        end_fn: From what was drawn to which sequences are over.
        next_inputs_fn: From what was drawn to the next inputs; the same where None.
    """

    def __init__(self, sample_fn: Any, sample_shape: Any, sample_dtype: Any, start_inputs: Any, end_fn: Any,
                 next_inputs_fn: Any = None) -> None:  # fmt: skip
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self.sample_ids_shape, self.sample_ids_dtype = weft.TensorShape(sample_shape), sample_dtype
        self._start_inputs = weft.convert_to_tensor(start_inputs)
        self.batch_size = weft.shape(self._start_inputs)[0]

    def initialize(self, name: str | None = None) -> Any:
        """The first inputs; no sequence is over."""
        return weft.fill([self.batch_size], False), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What the function draws."""
        return self._sample_fn(outputs)

    def next_inputs(self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None) -> Any:
        """What was drawn, as the next inputs."""
        following = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), following, state
