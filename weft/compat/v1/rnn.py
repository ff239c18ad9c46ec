"""Recurrent networks over whole sequences: unrolled, or as a loop; in one direction or both."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import variable_scope
from weft.runtime import control, dispatch
from weft.runtime.operation_counts import Standing, standing_for
from weft.runtime.scopes import Unit


def _check_cell(cell: Any) -> None:
    if not all(hasattr(cell, name) for name in ("output_size", "state_size")) or not callable(cell):
        raise TypeError(f"The argument 'cell' ({cell!r}) is not an RNNCell: 'output_size' or 'state_size' is missing.")


def _first_state(cell: Any, initial_state: Any, batch: Any, dtype: Any) -> Any:
    if initial_state is not None:
        return weft.nest.map_structure(weft.convert_to_tensor, initial_state)
    if dtype is None:
        raise ValueError("If there is no initial_state, you must give a dtype.")
    return cell.zero_state(batch, dtype)


def _of_batch(state: Any, size: Any) -> Any:
    """A state whose rows are known to be as many as those of the inputs, which is checked when it runs."""
    shape = state.shape.symbolic
    if shape is None or not shape or shape[0] == size:
        return state
    return dispatch.call("ensure_shape", state, shape=(size, *shape[1:]))


def _lengths(given: Any, size: Any) -> Any:
    """How long the sequences are, as many numbers as the inputs have rows, which is checked when it runs."""
    if given is None:
        return None
    return dispatch.call("ensure_shape", weft.cast(given, dtypes.int32), shape=(size,))


def _converted(lengths: Any) -> int:
    """How many operations make lengths of int32 of those that a program gives."""
    if not weft.is_tensor(lengths):
        return 1
    return int(lengths.dtype != dtypes.int32)


def _with_batch(rows: Any, axis: int, lengths: Any) -> Any:
    """Inputs whose number of rows is known where that of the sequences' lengths is, which is checked when it runs."""
    size = None if lengths is None else lengths.shape.symbolic[0]
    if not isinstance(size, int):
        return rows

    def known(item: Any) -> Any:
        shape = item.shape.symbolic
        if shape[axis] == size:
            return item
        return dispatch.call("ensure_shape", item, shape=(*shape[:axis], size, *shape[axis + 1 :]))

    return weft.nest.map_structure(known, rows)


def _swapped(tensor: Any) -> Any:
    """Batch and time change places."""
    return weft.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


def _choose(past: Any, old: Any, new: Any) -> Any:
    """The old values of rows whose sequence is over, the new ones of the others."""

    def one(before: Any, after: Any) -> Any:
        where = weft.reshape(past, [-1] + [1] * (after.shape.rank - 1))
        return weft.where(where, before, after)

    return weft.nest.map_structure(one, old, new)


def _step(cell: Any, time: Any, lengths: Any, inputs: Any, state: Any) -> tuple[Any, Any]:
    output, new = cell(inputs, state)
    weft.nest.assert_same_structure(state, new)
    if lengths is None:
        return output, new
    past = weft.greater_equal(time, lengths)
    return _choose(past, weft.nest.map_structure(weft.zeros_like, output), output), _choose(past, state, new)


def dynamic_rnn(cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
                parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False,
                scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """A recurrent network over sequences, as a loop.

    Args:
        cell: An `RNNCell`.
        inputs: `[batch, time, ...]`, or `[time, batch, ...]` with `time_major`; may be nested.
        sequence_length: `[batch]`: how many steps of each sequence count. After them the output is 0 and the state
            stays.
        initial_state: The first state; zeros where None.
        dtype: Of the zeros.
        parallel_iterations: Accepted.
        swap_memory: Accepted.
        time_major: As above; the outputs have the same order.
        scope: A variable scope, or its name; `rnn` where None.

    Returns:
        The outputs of all steps, and the last state.

    Raises:
        TypeError: For what is no cell.
        ValueError: Without a state and a dtype, or for inputs of fewer than three axes.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     x = tf.placeholder(tf.float32, [None, 5, 3])
        ...     outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, dtype=tf.float32)
        ...     outputs.shape, state.h.shape, tf.trainable_variables()[0].name
        (TensorShape([None, 5, 4]), TensorShape([None, 4]), 'rnn/basic_lstm_cell/kernel:0')
    """
    _check_cell(cell)
    with variable_scope(scope or "rnn"), standing_for() as standing:
        rows = weft.nest.map_structure(weft.convert_to_tensor, inputs)
        for item in weft.nest.flatten(rows):
            if item.shape.rank is None or item.shape.rank < 2:
                raise ValueError(explain("dynamic_rnn: the inputs are [batch, time, size].", received=str(item.shape)))
        if not time_major:
            rows = weft.nest.map_structure(_swapped, rows)
        lengths = _lengths(sequence_length, weft.nest.flatten(rows)[0].shape.symbolic[1])
        told = weft.nest.flatten(rows)[0].shape[1] is not None
        rows = _with_batch(rows, 1, lengths)
        first = weft.nest.flatten(rows)[0]
        batch = first.shape[1] if first.shape[1] is not None else weft.shape(first)[1]
        state = _first_state(cell, initial_state, batch, dtype)
        if initial_state is not None:
            state = weft.nest.map_structure(lambda item: _of_batch(item, first.shape.symbolic[1]), state)
        tally = None
        if standing.counts:
            tally = _Tally(standing, rows, state, sequence_length, time_major, told, initial_state is not None)
        state, outputs = _walk(cell, rows, state, lengths, tally)
        if not time_major:
            outputs = weft.nest.map_structure(_swapped, outputs)
        if tally is not None:
            tally.close(outputs)
    return outputs, state


class _Tally:
    """How many operations TensorFlow makes of a recurrent network: it walks the rows of TensorArrays in a loop.

    Args:
        standing: What the call stands for.
        rows: The inputs.
        state: The first state.
        lengths: How long the sequences are.
        time_major: Whether nothing changes places.
        batch_known: Whether the inputs' shape tells the number of rows.
        given: Whether the program gives the first state.
    """

    def __init__(self, standing: Standing, rows: Any, state: Any, lengths: Any, time_major: bool, batch_known: bool,
                 given: bool) -> None:  # fmt: skip
        self.standing, self._given = standing, given
        self._inputs, self._states = len(weft.nest.flatten(rows)), len(weft.nest.flatten(state))
        self._lengths, self._turns = lengths is not None, 0 if time_major else 8
        self._converted = 0 if lengths is None else _converted(lengths)
        self._batch_known = batch_known
        self._time_known = weft.nest.flatten(rows)[0].shape[0] is not None
        self._outputs = 1

    def _first(self) -> int:
        """Those before the loop."""
        asks = 0 if self._batch_known else 5  # a shape and a slice of it
        zeros = 8 if self._batch_known else 10
        found = self._turns * self._inputs + asks + (0 if self._given else zeros * self._states)
        if self._lengths:  # their check, their least and their greatest
            found += self._converted + 1 + 11 + 4
        found += 5 + asks + (6 if self._batch_known else 7) * self._outputs
        return found + 1 + self._outputs + self._inputs + 9 * self._inputs + 3 + 1

    def before(self) -> int:
        """Those before the cell is called."""
        variables = 2 + self._outputs + self._states
        return self._first() + 4 * variables + 6 + 2 + 3 * self._inputs + 2 * self._lengths

    def close(self, outputs: Any) -> None:
        """Says how many there are in all."""
        self._outputs = len(weft.nest.flatten(outputs))
        variables = 2 + self._outputs + self._states
        found = self.before() + self.standing.inside() + 2 * self._outputs + 2 + 2 * variables
        if self._lengths:  # what past steps give and keep
            found += 2 * self._outputs + self._states
        found += (5 + 1 + self._turns + (self._batch_known and self._time_known)) * self._outputs
        self.standing.total = found


def _walk(cell: Any, rows: Any, state: Any, lengths: Any, tally: _Tally | None) -> tuple[Any, Any]:
    step_of = cell if tally is None else tally.standing.measured(cell, tally.before())

    def step(carry: Any, row: Any) -> Any:
        time, held = carry
        output, new = _step(step_of, time, lengths, row, held)
        return (time + 1, new), output

    if not in_graph():
        (_, state), outputs = control.scan(step, (weft.constant(0), state), rows)
        return state, outputs
    with Unit("while"):
        (_, state), outputs = control.scan(step, (weft.constant(0, name="time"), state), rows)
        leaves = weft.nest.flatten(state)
        named = [weft.identity(leaf, name=f"Exit_{3 + i}") for i, leaf in enumerate(leaves)]
    for leaf in named:
        leaf._value.node.metadata["type"] = "Exit"
    return weft.nest.pack_sequence_as(state, named), outputs


def walk(cell: Any, inputs: Any, state: Any, lengths: Any) -> tuple[Any, Any]:
    """The outputs and the last state of what goes through inputs `[time, batch, size]` step by step."""
    long = _lengths(lengths, inputs.shape.symbolic[1])
    rows = _with_batch(inputs, 1, long)
    first = weft.nest.map_structure(lambda item: _of_batch(item, rows.shape.symbolic[1]), state)
    last, outputs = _walk(cell, rows, first, long, None)
    return outputs, last


def static_rnn(cell: Any, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
               scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """A recurrent network over a list of inputs, one after another.

    Args:
        cell: An `RNNCell`.
        inputs: A list of tensors `[batch, size]`, one for each step.
        initial_state: The first state; zeros where None.
        dtype: Of the zeros.
        sequence_length: `[batch]`: how many steps of each sequence count.
        scope: A variable scope, or its name; `rnn` where None.

    Returns:
        The outputs of all steps as a list, and the last state.

    Raises:
        TypeError: For inputs that are no list.
        ValueError: For an empty one, or without a state and a dtype.
    """
    _check_cell(cell)
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(explain("static_rnn: inputs must be a sequence: a list of tensors, one for each step.",
                                received=repr(inputs), hint="split it with tf.unstack(x, axis=1)"))  # fmt: skip
    if not inputs:
        raise ValueError("inputs must not be empty")
    outputs = []
    with variable_scope(scope or "rnn"):
        first = weft.convert_to_tensor(weft.nest.flatten(inputs)[0])
        batch = first.shape[0] if first.shape[0] is not None else weft.shape(first)[0]
        state = _first_state(cell, initial_state, batch, dtype)
        with standing_for() as standing:
            lengths = _lengths(sequence_length, first.shape.symbolic[0])
            step_of = cell
            if lengths is not None and standing.counts:
                step_of = _in_branches(cell, standing, sequence_length, len(weft.nest.flatten(state)))
            for time, item in enumerate(inputs):
                output, state = _step(step_of, time, lengths, item, state)
                outputs.append(output)
    return outputs, state


def _in_branches(cell: Any, standing: Standing, lengths: Any, states: int) -> Any:
    """A cell whose steps stand for TensorFlow's operations: where sequences differ in length, each is within branches,
    which ask whether any of them, and whether all of them, go on.

    Args:
        cell: The cell.
        standing: What the whole stands for.
        lengths: How long the sequences are.
        states: Of how many tensors the state is made.
    """
    total = standing.total = 12 + _converted(lengths)

    def step(*args: Any) -> Any:
        nonlocal total
        begun = 9 + states  # what the branches ask
        standing.so_far(total + begun)
        found = cell(*args)
        variables = len(getattr(cell, "variables", ()))  # each is taken into the branch, as the states are
        total = standing.total = standing.own() - begun + 24 + 8 * states + variables
        return found

    return step


def bidirectional_dynamic_rnn(cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None,
                              initial_state_fw: Any = None, initial_state_bw: Any = None, dtype: Any = None,
                              parallel_iterations: int | None = None, swap_memory: bool = False,
                              time_major: bool = False, scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """Two recurrent networks over the same sequences, one from the end.

    Args:
        cell_fw: The cell that goes forwards.
        cell_bw: The one that goes backwards.
        inputs: As for `dynamic_rnn`, like what follows.
        sequence_length: How many steps of each sequence count.
        initial_state_fw: The first state forwards.
        initial_state_bw: The first state backwards.
        dtype: Of zeros as first states.
        parallel_iterations: Accepted.
        swap_memory: Accepted.
        time_major: Whether time comes before the batch.
        scope: A variable scope, or its name; `bidirectional_rnn` where None.

    Returns:
        The outputs forwards and backwards, in the order of the inputs, and both last states.
    """
    _check_cell(cell_fw)
    _check_cell(cell_bw)
    time = 0 if time_major else 1

    def turned(tensor: Any) -> Any:
        if sequence_length is None:
            return weft.reverse(tensor, axis=[time])
        return weft.reverse_sequence(tensor, sequence_length, seq_axis=time, batch_axis=1 - time)

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as inner:
            forwards, state_fw = dynamic_rnn(cell_fw, inputs, sequence_length, initial_state_fw, dtype,
                                             time_major=time_major, scope=inner)  # fmt: skip
        with variable_scope("bw") as inner:
            tensors = weft.nest.map_structure(weft.convert_to_tensor, inputs)
            backwards, state_bw = dynamic_rnn(cell_bw, weft.nest.map_structure(turned, tensors), sequence_length,
                                              initial_state_bw, dtype, time_major=time_major, scope=inner)  # fmt: skip
    return (forwards, weft.nest.map_structure(turned, backwards)), (state_fw, state_bw)


def static_bidirectional_rnn(cell_fw: Any, cell_bw: Any, inputs: Any, initial_state_fw: Any = None,
                             initial_state_bw: Any = None, dtype: Any = None, sequence_length: Any = None,
                             scope: Any = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """Two recurrent networks over a list of inputs, one from the end.

    Args:
        cell_fw: The cell that goes forwards.
        cell_bw: The one that goes backwards.
        inputs: A list of tensors `[batch, size]`.
        initial_state_fw: The first state forwards.
        initial_state_bw: The first state backwards.
        dtype: Of zeros as first states.
        sequence_length: `[batch]`: how many steps of each sequence count.
        scope: A variable scope, or its name; `bidirectional_rnn` where None.

    Returns:
        The outputs of both side by side, as a list, and both last states.
    """

    def turned(items: list[Any]) -> list[Any]:
        if sequence_length is None:
            return list(reversed(items))
        whole = weft.reverse_sequence(weft.stack(items), sequence_length, seq_axis=0, batch_axis=1)
        return list(weft.unstack(whole))

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as inner:
            forwards, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, inner)
        with variable_scope("bw") as inner:
            backwards, state_bw = static_rnn(cell_bw, turned(list(inputs)), initial_state_bw, dtype, sequence_length,
                                             inner)  # fmt: skip
    joined = [weft.concat([a, b], -1) for a, b in zip(forwards, turned(backwards), strict=True)]
    return joined, state_fw, state_bw


def raw_rnn(cell: Any, loop_fn: Any, parallel_iterations: int | None = None, swap_memory: bool = False,
            scope: Any = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """A recurrent network whose inputs, states and end a function decides, step by step.

    Args:
        cell: An `RNNCell`.
        loop_fn: `(time, cell_output, cell_state, loop_state)` to `(finished, next_input, next_state, emit_output,
            next_loop_state)`. At first `cell_output`, `cell_state` and `loop_state` are None, and what it emits says
            the shape and dtype of one row's outputs; None there stands for the cell's outputs.
        parallel_iterations: Accepted.
        swap_memory: Accepted.
        scope: A variable scope, or its name; `rnn` where None.

    Returns:
        What was emitted, a TensorArray (nested where it is) with an element for each step; the last state; the last
        loop state. Rows that are finished emit 0 and keep their state.

    Raises:
        TypeError: For what is no cell, or a function that cannot be called.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     x = tf.placeholder(tf.float32, [5, 2, 3])
        ...     rows = tf.TensorArray(tf.float32, size=5).unstack(x)
        ...     def step(time, output, state, loop_state):
        ...         done = time >= [5, 3]
        ...         given = tf.cond(time < 5, lambda: rows.read(time), lambda: tf.zeros([2, 3]))
        ...         return done, given, cell.zero_state(2, tf.float32) if output is None else state, output, None
        ...     cell = tf.nn.rnn_cell.GRUCell(4)
        ...     outputs, state, _ = tf.nn.raw_rnn(cell, step)
        ...     outputs.stack().shape, state.shape
        (TensorShape([None, 2, 4]), TensorShape([2, 4]))
    """
    _check_cell(cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with variable_scope(scope or "rnn"):
        finished, given, state, emitted, loop_state = loop_fn(weft.constant(0), None, None, None)
        given, state = (weft.nest.map_structure(weft.convert_to_tensor, part) for part in (given, state))
        batch = weft.nest.flatten(given)[0].shape.symbolic[0]

        def rows_of_batch(parts: Any) -> Any:
            return weft.nest.map_structure(lambda item: _of_batch(weft.convert_to_tensor(item), batch), parts)

        finished, state = rows_of_batch(finished), rows_of_batch(state)
        zeros = _nothing_emitted(cell, emitted, given, weft.nest.flatten(state)[0].dtype)
        kept = weft.constant(0) if loop_state is None else loop_state

        def step(time: Any, over: Any, row: Any, held: Any, noted: Any) -> Any:
            output, new = cell(row, held)
            *parts, note = loop_fn(time + 1, output, new, noted)
            done, following, new, emits = (rows_of_batch(part) for part in parts)
            row_over = over if over.shape.rank else None
            emits = _emitted(row_over, zeros, emits)
            new = new if row_over is None else _choose(row_over, held, new)
            return [time + 1, weft.logical_or(over, done), following, new, noted if note is None else note], emits

        (_, _, _, state, kept), rows = control.collecting_loop(
            lambda time, over, *rest: weft.logical_not(weft.reduce_all(over)), step,
            [weft.constant(0), finished, given, state, kept],
        )  # fmt: skip
    return weft.nest.map_structure(_rows_of, rows), state, None if loop_state is None else kept


def _nothing_emitted(cell: Any, emitted: Any, given: Any, dtype: Any) -> Any:
    """Zeros in the structure and shape of what a step emits."""
    first = weft.nest.flatten(given)[0]
    batch = first.shape[0] if first.shape[0] is not None else weft.shape(first)[0]

    def blank(size: Any, kind: Any) -> Any:
        return weft.zeros([batch, *weft.TensorShape(size).as_list()], kind)

    if emitted is None:
        return weft.nest.map_structure(lambda size: blank(size, dtype), cell.output_size)
    return weft.nest.map_structure(lambda one: blank(one.shape, one.dtype),
                                   weft.nest.map_structure(weft.convert_to_tensor, emitted))  # fmt: skip


def _emitted(over: Any, zeros: Any, emits: Any) -> Any:
    weft.nest.assert_same_structure(zeros, emits)
    return emits if over is None else _choose(over, zeros, emits)


def _rows_of(stacked: Any) -> Any:
    return weft.TensorArray(stacked.dtype, size=0, dynamic_size=True).unstack(stacked)


def static_state_saving_rnn(cell: Any, inputs: Any, state_saver: Any, state_name: Any, sequence_length: Any = None,
                            scope: Any = None) -> tuple[list[Any], Any]:  # fmt: skip
    """As `static_rnn`, from the state that `state_saver.state(name)` gives; the last one is handed to it again.

    Args:
        cell: An `RNNCell`.
        inputs: A list of tensors `[batch, size]`.
        state_saver: An object with `state(name)` and `save_state(name, value)`.
        state_name: The state's name; names in the structure of the cell's states.
        sequence_length: As for `static_rnn`.
        scope: A variable scope, or its name.

    Raises:
        ValueError: Where names and states are not as many.
    """
    names = [state_name] if isinstance(state_name, str) else list(weft.nest.flatten(state_name))
    wanted = weft.nest.flatten(cell.state_size)
    if len(names) != len(wanted):
        raise ValueError(f"{len(names)} state names for the {len(wanted)} states of the cell.")
    state = weft.nest.pack_sequence_as(cell.state_size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(cell, inputs, state, sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, value)
             for name, value in zip(names, weft.nest.flatten(state), strict=True)]  # fmt: skip
    with weft.control_dependencies(saved):
        outputs[-1] = weft.identity(outputs[-1])
    return outputs, state
