"""The gradient tape: notes down applied ops while it is open, and differentiates what it noted."""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from weft.autodiff.replay import variables_read
from weft.autodiff.reverse import Blocked, reverse
from weft.base import nest, shapes
from weft.base.errors import explain
from weft.base.sources import SourceLine, user_place
from weft.ops.opdef import Slices
from weft.runtime import backward, context, dispatch
from weft.runtime.composite import CompositeTensor, IndexedSlices
from weft.runtime.tensor import EagerTensor, Handle, Tensor

_log = logging.getLogger("weft")


class Entry(NamedTuple):
    """One applied op, as autodiff wants it."""

    op: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    attrs: Mapping[str, Any]


class UnconnectedGradients(Enum):
    """What a gradient is where nothing connects target and source."""

    NONE = "none"
    ZERO = "zero"


class Tape:
    """What was applied to watched tensors, in order.

    Attributes:
        once: Whether it is asked for gradients once only, and so for first order ones where it is alone.
    """

    def __init__(self, watch_variables: bool = True, once: bool = False) -> None:
        self.once = once
        self.entries: list[Entry] = []
        self.watched: dict[int, Any] = {}
        self.watch_variables = watch_variables
        self.paused = False
        self.variables: dict[int, Any] = {}
        self.place: tuple[str, int, str] | None = None

    @property
    def opened_at(self) -> SourceLine | None:
        """The user's line that opened it."""
        return None if self.place is None else SourceLine(*self.place)

    def watch(self, tensor: Any) -> None:
        """Follows what is computed from a tensor or a handle from now on."""
        self.watched[id(tensor)] = tensor

    def note(self, op: str, inputs: Sequence[Any], outputs: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        """Remembers an application where it depends on something watched."""
        if self.paused:
            return
        watched = self.watched
        if op in _READING:
            if op == "read_variable":
                self._watch_read(inputs[:1])
            elif any(isinstance(value, Handle) for value in inputs):
                self._watch_read([inputs[i] for i in sorted(variables_read(op, attrs))])
        for value in inputs:
            if id(value) in watched:
                self.entries.append(Entry(op, tuple(inputs), tuple(outputs), attrs))
                for output in outputs:
                    watched[id(output)] = output
                return

    def _watch_read(self, handles: Sequence[Any]) -> None:
        """Watches trainable variables that are being read."""
        for handle in handles:
            if self.watch_variables and id(handle) not in self.watched and getattr(handle._array, "trainable", False):
                self.watch(handle)
                self.variables[id(handle)] = handle

    def follows(self, op: str, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> bool:
        """Whether it would note an application."""
        if self.paused:
            return False
        read = variables_read(op, attrs) if self.watch_variables and op in _WITH_GRAPHS else ()
        return any(id(value) in self.watched for value in inputs) or any(
            getattr(inputs[i]._array, "trainable", False) for i in read
        )


_WITH_GRAPHS = frozenset(("call", "cond", "scan", "while_loop"))
_READING = _WITH_GRAPHS | {"read_variable"}


def _reverse(*arguments: Any, **options: Any) -> list[Any]:
    """Reverse mode; the gradients of a layer's results are the layer's part of the program."""
    before = context.part()
    try:
        return reverse(*arguments, **options)
    finally:
        context.set_part(before)


def _gradients(
    entries: Sequence[Any], targets: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Any]
) -> list[Any]:
    """Cotangents of the sources, given those of the targets (ones where None)."""

    def rules(b: Any, begun: list[Any]) -> list[Any]:
        return _reverse(entries, targets, begun, sources, b)

    return backward.gradients(entries, targets, cotangents, sources, rules)


def _target_of(value: Any) -> Any:
    """The thing that autodiff follows: a variable's handle, or the tensor itself."""
    handle = getattr(value, "handle", None)
    return handle if isinstance(handle, Handle) else value


def _followed_part(leaf: Any) -> Any:
    """Of ragged and sparse tensors the values, which a gradient can be asked of; else the leaf itself."""
    if not isinstance(leaf, CompositeTensor) or isinstance(leaf, IndexedSlices) or leaf._described() is None:
        return leaf
    parts = leaf._components()
    return next((part for part in parts if part.dtype.is_floating or part.dtype.is_complex), leaf)


def _whole_of(leaf: Any, part: Any) -> Any:
    """The gradient of a leaf, out of that of the part that was followed."""
    followed = _followed_part(leaf)
    if part is None or followed is leaf:
        return part
    return leaf._rebuild([_dense(part) if one is followed else one for one in leaf._components()])


def _with_bare_variables(
    found: Sequence[Any], given: Sequence[Any], targets: Sequence[Any], cotangents: Sequence[Any],
    sources: Sequence[Any],
) -> list[Any]:  # fmt: skip
    """Gradients, with those of targets that are variables themselves: no operation leads from a variable to itself."""
    summed = list(found)
    for leaf, target, cotangent in zip(given, targets, cotangents, strict=True):
        handle = _target_of(leaf)
        for place, source in enumerate(sources):
            if isinstance(handle, Handle) and source is handle:
                part = dispatch.builder.ones_like(target) if cotangent is None else cotangent
                before = _dense(_present(summed[place], leaf, False))
                summed[place] = part if before is None else dispatch.builder.add(before, part)
    return summed


class GradientTape:
    """Records operations for automatic differentiation.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    Example:
        >>> import weft as tf
        >>> x = tf.constant(3.0)
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._tape: Tape | None = None
        self._recording = False
        self._used = False
        self._spent: Tape | None = None  # kept only where a gradient was absent, to explain it
        self._spent_target: Any = None
        self._absent: list[Any] = []  # the sources that had none

    def __enter__(self) -> GradientTape:
        if self._tape is None:
            self._tape = Tape(self._watch_variables, once=not self._persistent)
            self._tape.place = user_place(sys._getframe(1))
        self._start()
        return self

    def _start(self) -> None:
        if self._recording:
            raise ValueError("The tape is recording already.")
        context.tapes().append(self._tape)  # type: ignore[arg-type]
        self._recording = True

    def _stop(self) -> None:
        tapes = context.tapes()
        if self._tape in tapes:
            tapes.remove(self._tape)
        self._recording = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._recording:
            self._stop()

    def _require(self) -> Tape:
        if self._tape is None:
            raise RuntimeError("The tape has recorded nothing yet: open it with `with tf.GradientTape() as tape:`.")
        return self._tape

    def _asked(self, sources: Any) -> Tape:
        """What is recorded, for whoever asks for gradients.

        Raises:
            RuntimeError: Where a tape that is not persistent is asked twice.
            TypeError: Where something to differentiate by is no tensor or variable.
        """
        tape = self._require()
        if self._used and not self._persistent:
            raise RuntimeError(
                explain("A GradientTape that is not persistent can be asked for gradients once.",
                        hint="use tf.GradientTape(persistent=True)")  # fmt: skip
            )
        _check_tensors("sources", sources, "give the tensors or variables to differentiate by")
        return tape

    def watch(self, tensor: Any) -> None:
        """Follows tensors or variables (nested structures too); only floats and complex numbers can be."""
        tape = self._require()
        for leaf in nest.flatten(tensor):
            target = _target_of(_followed_part(leaf))
            if not isinstance(target, Tensor):
                raise ValueError(f"A tape watches tensors, received {type(leaf).__name__}. Use tf.convert_to_tensor.")
            dtype = target.handle_type.dtype if isinstance(target, Handle) else target.dtype
            if not (dtype.is_floating or dtype.is_complex):
                _log.warning("%s", explain(
                    f"GradientTape.watch: the dtype of the watched tensor must be floating, got {dtype.name}.",
                    received=str(target.handle_type if isinstance(target, Handle) else getattr(target, "type", target)),
                    hint="its gradient will be None: watch tf.cast(x, tf.float32), and compute from that",
                ))  # fmt: skip
            tape.watch(target)
            if isinstance(target, Handle):
                tape.variables[id(target)] = target

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within the block nothing is recorded."""
        if not self._recording:
            raise ValueError("The tape is not recording.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forgets what was recorded."""
        recording = self._recording
        if recording:
            self._stop()
        self._tape = Tape(self._watch_variables, once=not self._persistent)
        self._used = False
        if recording:
            self._start()

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that it watches, in the order in which they were first read, or given to `watch`."""
        found = [getattr(handle._array, "variable", lambda: None)() for handle in self._require().variables.values()]
        return tuple(variable for variable in found if variable is not None)

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradients of a target with respect to sources.

        Args:
            target: Tensors (nested), summed over.
            sources: Tensors or variables (nested).
            output_gradients: Cotangents of the targets; ones where None.
            unconnected_gradients: `"none"` or `"zero"`: what stands for a source that no target depends on.

        Returns:
            The structure of `sources` with a tensor, `IndexedSlices` or None each.

        Raises:
            RuntimeError: Where a tape that is not persistent is asked twice.
            TypeError: Where `target` or `sources` holds None, a number, a string or a numpy array.
            ValueError: Where there are not as many output gradients as targets.
        """
        tape = self._asked(sources)
        inside = self._recording
        if inside and not self._persistent:
            self._stop()
        if not self._persistent:
            self._used = True
        given = [_followed_part(leaf) for leaf in nest.flatten(target)]
        targets = [_as_target(leaf) for leaf in given]
        leaves = nest.flatten(sources)
        followed = [_target_of(_followed_part(leaf)) for leaf in leaves]
        seeds = [None] * len(targets)
        if output_gradients is not None:
            seeds = [_followed_part(leaf) for leaf in nest.flatten(output_gradients)]
            if len(seeds) != len(targets):
                raise ValueError(
                    explain(f"tape.gradient: `output_gradients` holds {len(seeds)} values for {len(targets)} "
                            f"target{'s'[: len(targets) > 1]}.",
                            hint="give one tensor for each target; numbers for one target go into one "
                            "tf.constant([...])")  # fmt: skip
                )
        cotangents = [None if s is None else _seed(t, s) for t, s in zip(targets, seeds, strict=True)]
        # tapes that are still open record the gradient itself, for higher orders; this one must not
        with _paused(tape if inside and not self._persistent else None):
            found = _gradients(tape.entries, targets, cotangents, followed)
            found = _with_bare_variables(found, given, targets, cotangents, followed)
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        results = [_present(part, source, zero) for part, source in zip(found, followed, strict=True)]
        absent = [source for source, part in zip(followed, results, strict=True) if part is None]
        if absent:
            self._spent, self._spent_target, self._absent = tape, targets[0], absent
            _recent.absence = weakref.ref(self)
        if not self._persistent:
            self._tape_after(tape)
        return nest.pack(sources, [_whole_of(leaf, part) for leaf, part in zip(leaves, results, strict=True)])

    def _tape_after(self, tape: Tape) -> None:
        """Drops what a tape that has been asked holds: every intermediate value."""
        fresh = Tape(self._watch_variables, once=not self._persistent)
        fresh.place = tape.place
        fresh.variables = tape.variables
        self._tape = fresh

    def jacobian(
        self, target: Any, sources: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None, experimental_use_pfor: bool = True,
    ) -> Any:  # fmt: skip
        """The Jacobians of a target: shape `[*target.shape, *source.shape]` for each source."""
        tape = self._asked(sources)
        self._used = not self._persistent
        goal = _as_target(target)
        size = int(np.prod(_static(goal)))
        leaves = nest.flatten(sources)
        followed = [_target_of(leaf) for leaf in leaves]
        rows: list[list[Any]] = []
        for position in range(max(size, 1)):  # an empty target is asked once, to see what it depends on
            seed = np.zeros(size, goal.dtype.numpy)
            seed[position : position + 1] = 1
            cotangent = EagerTensor(seed.reshape(_static(goal)))
            rows.append(_gradients(tape.entries, [goal], [cotangent], followed))
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        results: list[Any] = []
        for position, leaf in enumerate(leaves):
            column = [_dense(_present(row[position], leaf, zero)) for row in rows]
            if any(part is None for part in column):
                results.append(None)
                continue
            stacked = dispatch.call("stack", *column, axis=0) if size else _nothing((0,), column[0])
            results.append(dispatch.call("reshape", stacked, shape=(*_static(goal), *_static(column[0]))))
        return nest.pack(sources, results)

    def batch_jacobian(
        self, target: Any, source: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None, experimental_use_pfor: bool = True,
    ) -> Any:  # fmt: skip
        """The Jacobian of each row by itself: `[batch, *target.shape[1:], *source.shape[1:]]`.

        Raises:
            ValueError: Where target or source has fewer than two axes, or their first sizes differ.
        """
        tape = self._asked(source)
        shape, wide = _static(_as_target(target)), _static(_target_of(source))
        if not shape or not wide or shape[0] != wide[0]:
            received = f"{shapes.show(shape)} and {shapes.show(wide)}"
            raise ValueError(f"batch_jacobian needs equal first sizes, received {received}.")
        for name, sizes in (("target", shape), ("source", wide)):
            if len(sizes) < 2:
                raise ValueError(explain(f"batch_jacobian: `{name}` must have rank at least 2, the batch's axis first.",
                                         received=f"shape {shapes.show(sizes)}",
                                         hint="use tape.jacobian, or give it a second axis"))  # fmt: skip
        self._used = not self._persistent
        goal = _as_target(target)
        inner = int(np.prod(shape[1:]))
        columns = []
        for position in range(max(inner, 1)):
            seed = np.zeros((shape[0], inner), goal.dtype.numpy)
            seed[:, position : position + 1] = 1
            found = _gradients(tape.entries, [goal], [EagerTensor(seed.reshape(shape))], [_target_of(source)])
            part = _dense(_present(found[0], source, UnconnectedGradients(unconnected_gradients).value == "zero"))
            if part is None:
                return None
            columns.append(part)
        stacked = dispatch.call("stack", *columns, axis=1) if inner else _nothing((shape[0], 0), columns[0])
        return dispatch.call("reshape", stacked, shape=(shape[0], *shape[1:], *wide[1:]))

    def explain_gradient(self, target: Any, source: Any) -> str:
        """Why the gradient of a target with respect to a source is absent, in words; "" where it is not."""
        tape = self._spent if self._spent is not None and not self._require().entries else self._require()
        return explain_absence(tape, _as_target(target), _target_of(source))


class _Recent(threading.local):
    """The last tape of this thread that gave no gradient for a source."""

    absence: weakref.ref[GradientTape] | None = None


_recent = _Recent()


#: why variables have no gradient where the tape that was asked cannot tell
COMMON_REASON = (
    "the loss must be computed from the variables inside `with tf.GradientTape() as tape:`, by tf operations and not "
    "by numpy; tape.explain_gradient(loss, variable) tells what cut the path"
)


def explain_missing(source: Any) -> str:
    """Why the last tape of this thread with an absent gradient gave none for a variable; "" where that is not known.

    It is not known where that tape is gone, or where it was not asked for this variable: what it says of others
    would point at the wrong lines.
    """
    tape = None if _recent.absence is None else _recent.absence()
    followed = _target_of(source)
    if tape is None or tape._spent is None or not any(followed is one for one in tape._absent):
        return ""
    return explain_absence(tape._spent, tape._spent_target, followed)


@contextmanager
def _paused(tape: Tape | None) -> Iterator[None]:
    if tape is None:
        yield
        return
    tape.paused = True
    try:
        yield
    finally:
        tape.paused = False


#: what no operation has made, so that nothing leads to it and no gradient can be asked of it
_NO_TENSORS = (type(None), str, bytes, bool, int, float, complex, np.ndarray, np.generic)


def _check_tensors(what: str, structure: Any, hint: str) -> None:
    """Raises TypeError for Python's and numpy's values among what a tape is asked about, and for None."""
    for leaf in nest.flatten(structure):
        if isinstance(leaf, _NO_TENSORS):
            shown = repr(leaf) if leaf is None or not hasattr(leaf, "shape") else f"a numpy array {leaf.shape}"
            raise TypeError(explain(f"A tape was asked for gradients, but `{what}` is {shown}."
                                    if leaf is structure else
                                    f"A tape was asked for gradients, but `{what}` holds {shown}.",
                                    expected="tensors or variables", hint=hint))  # fmt: skip


def _as_target(value: Any) -> Any:
    from weft.runtime.frontdoor import convert

    _check_tensors("target", value, "give the tensor that was computed while the tape was open")
    return value if isinstance(value, Tensor) else convert(value)


def _static(tensor: Any) -> tuple[int, ...]:
    shape = (tensor.handle_type.shape if isinstance(tensor, Handle) else tensor.type.shape) or ()
    if not all(isinstance(d, int) for d in shape):
        raise ValueError("A Jacobian in a graph needs known sizes; received " + shapes.show(shape) + ".")
    return tuple(shape)


def _nothing(shape: tuple[int, ...], row: Any) -> Any:
    """What no rows of a Jacobian make."""
    return dispatch.builder.full((*shape, *_static(row)), 0, row.dtype)


def _seed(target: Any, given: Any) -> Any:
    from weft.runtime.frontdoor import convert

    return convert(given, target.dtype)


def _dense(part: Any) -> Any:
    from weft.runtime.frontdoor import convert

    return convert(part) if isinstance(part, IndexedSlices) else part


def _present(part: Any, source: Any, zero: bool) -> Any:
    if isinstance(part, Slices):
        shape = tuple(part.shape)
        return IndexedSlices(part.values, part.indices, shape)
    if part is None and zero:
        target = _target_of(source)
        if isinstance(target, Handle):
            target = dispatch.call("read_variable", target)
        return dispatch.builder.zeros_like(target)
    return part


def explain_absence(tape: Tape, target: Any, source: Any) -> str:
    """Why no gradient flows from a target to a source: what cut the path, or what never was on the tape."""
    blocked: list[Blocked] = []
    produced = {id(out) for entry in tape.entries for out in entry.outputs}
    opened = f" (opened at {tape.opened_at})" if tape.opened_at else ""
    if target is not source and not (target.dtype.is_floating or target.dtype.is_complex):
        return f"the target is {target.dtype.name}, which carries no gradient: cast before, not after"
    if not tape.entries and isinstance(source, Handle):
        return (f"nothing was computed from variables inside the tape's `with` block{opened}: move the lines that "
                "compute the loss, from the prediction on, to below that line")  # fmt: skip
    if id(source) not in tape.watched and isinstance(source, Handle):
        variable = getattr(source._array, "variable", lambda: None)()
        if variable is not None and not variable.trainable:
            return f"the variable is not trainable: make it with trainable=True, or call tape.watch(v){opened}"
        if not (source.handle_type.dtype.is_floating or source.handle_type.dtype.is_complex):
            return f"the variable holds {source.handle_type.dtype.name}, which carries no gradient: make it of floats"
        return (f"the variable was not read inside the tape's `with` block{opened}: compute the loss from it there, by "
                "tf operations and not from its numpy()")  # fmt: skip
    if id(source) not in tape.watched and id(source) not in produced:
        return (f"the source was not watched by the tape{opened}: call tape.watch(x), or read a trainable variable "
                "inside the `with` block")  # fmt: skip
    if id(target) not in produced and target is not source:
        return (f"the target was not computed inside the tape's `with` block{opened} from what it watches: compute the "
                "loss inside the block, from tensors (a path through .numpy() or a constant is cut)")  # fmt: skip
    seed = dispatch.builder.ones_like(target)
    with context.open_scope(context.scope()):
        found = _reverse(tape.entries, [target], [seed], [source], dispatch.builder, blocked=blocked)
    if found[0] is not None:
        return ""
    if blocked:
        first = blocked[0]
        return f"the path goes through `{first.op}`, which passes no gradient: {first.why}"
    return "the target does not depend on the source"
