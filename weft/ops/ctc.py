"""Connectionist temporal classification: the loss over all alignments of a label sequence, and its decoders.

Source: A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist temporal classification", ICML 2006. States of
an alignment are the labels with blanks between and around them, 2 * labels + 1 in all; time runs along axis 0.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import FLOATS
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import OpDef, SpecError, case, nondifferentiable, register

Array = np.ndarray[Any, Any]

_INDICES = (dtypes.int32, dtypes.int64)
#: the loss of what no alignment gives; finite, so that one impossible example does not ruin a batch's mean
IMPOSSIBLE = -math.log(1e-307)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


class _Lattice:
    """States, emissions and allowed steps of a batch of label sequences.

    Attributes:
        extended: The symbol of each state: [batch, states].
        emission: Log-probabilities of the states' symbols: [time, batch, states].
        skips: Whether a state may follow the one two before it: [batch, states].
        live: Whether a state belongs to the sequence: [batch, states].
    """

    def __init__(
        self, logits: Array, labels: Array, label_length: Array, logit_length: Array, blank_index: int
    ) -> None:
        _, batch, classes = logits.shape
        self.blank = blank_index % classes
        self.last = 2 * label_length.astype(np.int64)
        self.length = logit_length.astype(np.int64)
        states = 2 * labels.shape[1] + 1
        self.extended = np.full((batch, states), self.blank, np.int64)
        used = np.arange(labels.shape[1]) < label_length[:, None]
        self.extended[:, 1::2] = np.where(used, labels, self.blank)
        self.log_probability = _log_softmax(logits)
        index = np.broadcast_to(self.extended, (logits.shape[0], batch, states))
        self.emission = np.take_along_axis(self.log_probability, index, axis=-1)
        self.skips = np.zeros((batch, states), bool)
        # A label may follow another one at once, also where both stand for the blank's class; a blank follows a label.
        self.skips[:, 3::2] = self.extended[:, 3::2] != self.extended[:, 1:-2:2]
        self.live = np.arange(states) <= self.last[:, None]

    def forward(self) -> Array:
        """Log-probabilities of all ways that end in a state at a time, emissions included: [time, batch, states]."""
        alpha = np.full(self.emission.shape, -np.inf, self.emission.dtype)
        if not len(alpha):
            return alpha
        alpha[0, :, :2] = self.emission[0, :, :2]
        alpha[0][~self.live] = -np.inf
        for time in range(1, len(alpha)):
            before = alpha[time - 1]
            total = before.copy()
            total[:, 1:] = np.logaddexp(total[:, 1:], before[:, :-1])
            skipped = np.where(self.skips[:, 2:], before[:, :-2], -np.inf)
            total[:, 2:] = np.logaddexp(total[:, 2:], skipped)
            alpha[time] = np.where(self.live, total + self.emission[time], -np.inf)
        return alpha

    def backward(self) -> Array:
        """Log-probabilities of all ways on from a state at a time, its own emission left out: [time, batch, states]."""
        beta = np.full(self.emission.shape, -np.inf, self.emission.dtype)
        position = np.arange(self.extended.shape[1])
        final = self.live & (position >= self.last[:, None] - 1)
        ending = np.where(final, 0.0, -np.inf).astype(beta.dtype)
        for time in range(len(beta) - 1, -1, -1):
            if time + 1 < len(beta):
                ahead = beta[time + 1] + self.emission[time + 1]
                total = ahead.copy()
                total[:, :-1] = np.logaddexp(total[:, :-1], ahead[:, 1:])
                skipped = np.where(self.skips[:, 2:], ahead[:, 2:], -np.inf)
                total[:, :-2] = np.logaddexp(total[:, :-2], skipped)
                beta[time] = np.where(self.live, total, -np.inf)
            beta[time][self.length == time + 1] = ending[self.length == time + 1]
        return beta

    def likelihood(self, alpha: Array) -> Array:
        """Log-probability of each label sequence: [batch]."""
        batch = np.arange(alpha.shape[1])
        if not len(alpha):
            return np.where(self.last == 0, 0.0, -np.inf).astype(alpha.dtype)
        end = alpha[np.maximum(self.length - 1, 0), batch]
        with_blank = end[batch, self.last]
        without = np.where(self.last > 0, end[batch, np.maximum(self.last - 1, 0)], -np.inf)
        result: Array = np.logaddexp(with_blank, without).astype(alpha.dtype)
        return np.where(self.length > 0, result, np.where(self.last == 0, 0.0, -np.inf)).astype(alpha.dtype)


def _check_lengths(logits: Array, labels: Array, label_length: Array, logit_length: Array) -> None:
    for name, lengths, limit in (("label_length", label_length, labels.shape[1]),
                                 ("logit_length", logit_length, logits.shape[0])):  # fmt: skip
        bad = np.flatnonzero((lengths < 0) | (lengths > limit))
        if bad.size:
            row = int(bad[0])
            raise ValueError(f"{name} {int(lengths[row])} in row {row} is out of range: it must be from 0 to {limit}")
    used = np.arange(labels.shape[1]) < label_length[:, None]
    wrong = np.argwhere(used & ((labels < 0) | (labels >= logits.shape[2])))
    if wrong.size:
        row, place = (int(i) for i in wrong[0])
        raise ValueError(f"label {int(labels[row, place])} at row {row}, position {place} is out of range: there are "
                         f"{logits.shape[2]} classes, blank included")  # fmt: skip


def _ctc_loss(logits: Array, labels: Array, label_length: Array, logit_length: Array, blank_index: int) -> Any:
    _check_lengths(logits, labels, label_length, logit_length)
    lattice = _Lattice(logits, labels, label_length, logit_length, blank_index)
    loss = -lattice.likelihood(lattice.forward())
    return np.where(np.isposinf(loss), np.asarray(IMPOSSIBLE, logits.dtype), loss)


def _ctc_loss_gradient(
    ct: Array, logits: Array, labels: Array, label_length: Array, logit_length: Array, blank_index: int
) -> Any:
    lattice = _Lattice(logits, labels, label_length, logit_length, blank_index)
    alpha = lattice.forward()
    total = lattice.likelihood(alpha)
    possible = np.isfinite(total)
    occupancy = np.exp(alpha + lattice.backward() - np.where(possible, total, 0)[:, None])
    gradient = np.exp(lattice.log_probability)
    time, batch, _ = np.indices(occupancy.shape, sparse=True)
    np.subtract.at(gradient, (time, batch, lattice.extended[None]), occupancy)
    inside = (np.arange(len(gradient))[:, None] < lattice.length) & possible
    return np.where(inside[..., None], gradient * ct[:, None], np.zeros((), logits.dtype))


def _loss_shape(logits: TensorType, labels: TensorType, label_length: TensorType, logit_length: TensorType) -> Any:
    if logits.rank != 3:
        raise SpecError(f"the logits have shape {shapes.show(logits.shape)}", expected="[time, batch, classes]")
    batch = (logits.shape or ())[1]
    if labels.rank != 2 or not shapes.compatible((labels.shape or ())[:1], (batch,)):
        raise SpecError(f"the labels have shape {shapes.show(labels.shape)} for logits of shape "
                        f"{shapes.show(logits.shape)}", expected="[batch, labels]")  # fmt: skip
    for name, type in (("label_length", label_length), ("logit_length", logit_length)):
        if not shapes.compatible(type.shape, (batch,)):
            raise SpecError(f"`{name}` has shape {shapes.show(type.shape)}", expected=shapes.show((batch,)))
    return (batch,)


def _loss_spec(logits: TensorType, labels: TensorType, label_length: TensorType, logit_length: TensorType, *,
               blank_index: int) -> TensorType:  # fmt: skip
    shape = _loss_shape(logits, labels, label_length, logit_length)
    _check_blank(logits, blank_index)
    return TensorType(shape, logits.dtype)


def _check_blank(logits: TensorType, blank_index: int) -> None:
    classes = (logits.shape or ())[-1]
    if isinstance(classes, int) and not -classes <= blank_index < classes:
        raise SpecError(f"blank_index {blank_index} is out of range", expected=f"a class from 0 to {classes - 1}, or "
                        "a negative one counted from the end")  # fmt: skip


def _gradient_spec(ct: TensorType, logits: TensorType, labels: TensorType, label_length: TensorType,
                   logit_length: TensorType, *, blank_index: int) -> TensorType:  # fmt: skip
    if not shapes.compatible(ct.shape, _loss_shape(logits, labels, label_length, logit_length)):
        raise SpecError(f"the cotangent has shape {shapes.show(ct.shape)}", expected="[batch]")
    return logits


_ONCE = "the loss is differentiated once; TensorFlow's second derivative of it is NaN"
_LABELS = np.array([[1, 2, 2], [3, 0, 0], [0, 0, 0]])
_LABEL_LENGTH = np.array([3, 1, 0])
_LOGIT_LENGTH = np.array([5, 4, 3])


def _vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    return b.ctc_loss_gradient(ct, *node.inputs, **node.attrs), None, None, None


register(
    OpDef(
        name="ctc_loss",
        inputs=("logits", "labels", "label_length", "logit_length"),
        attrs={"blank_index": 0},
        spec=_loss_spec,
        reference=quiet(in_float32(_ctc_loss)),
        dtypes=(FLOATS, _INDICES, _INDICES, _INDICES),
        same=(0,),
        vjp=_vjp,
        grad_order=1,
        reason=_ONCE,
        doc="Minus the log-probability of each label sequence, over all its alignments with logits [time, batch, "
        "classes].",
        cases=(case((5, 3, 4), _LABELS, _LABEL_LENGTH, _LOGIT_LENGTH, grad=1, tolerance=1e-4),
               case((5, 2, 4), np.array([[1, 1, 2], [0, 2, 1]]), np.array([3, 2]), np.array([5, 5]), blank_index=-1,
                    grad=1, tolerance=1e-4),
               case((4, 0, 3), np.zeros((0, 2), np.int32), np.zeros(0, np.int32), np.zeros(0, np.int32), grad=1)),
    )
)  # fmt: skip
register(
    OpDef(
        name="ctc_loss_gradient",
        inputs=("ct", "logits", "labels", "label_length", "logit_length"),
        attrs={"blank_index": 0},
        spec=_gradient_spec,
        reference=quiet(in_float32(_ctc_loss_gradient)),
        dtypes=(FLOATS, FLOATS, _INDICES, _INDICES, _INDICES),
        same=(0, 1),
        vjp=nondifferentiable(_ONCE),
        reason=_ONCE,
        doc="The cotangent of ctc_loss's logits.",
        cases=(case((3,), (5, 3, 4), _LABELS, _LABEL_LENGTH, _LOGIT_LENGTH, tolerance=1e-4),),
    )
)


# Decoders -------------------------------------------------------------------------------------------------------------


def _greedy(logits: Array, lengths: Array, blank_index: int, merge_repeated: bool) -> Any:
    time, batch, classes = logits.shape
    blank = blank_index % classes
    decoded = np.full((batch, time), -1, np.int64)
    count = np.zeros(batch, np.int64)
    inside = np.arange(time)[:, None] < lengths
    best = logits.argmax(axis=-1) if logits.size else np.zeros((time, batch), np.int64)
    score = np.where(inside, logits.max(axis=-1) if logits.size else 0, 0).sum(axis=0, dtype=logits.dtype)
    for step in range(time):
        keep = inside[step] & (best[step] != blank)
        if merge_repeated and step:
            keep &= best[step] != best[step - 1]
        rows = np.flatnonzero(keep)
        decoded[rows, count[rows]] = best[step, rows]
        count[rows] += 1
    return decoded, count, -score[:, None]


def _log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


def _beam_row(scores: Array, blank: int, width: int, paths: int) -> list[tuple[tuple[int, ...], float]]:
    """The best label sequences of one example, from log-probabilities [time, classes].

    A sequence that falls out of the beam while longer ones come in is forgotten at once. One that comes in again within
    the same step, as what its own beginning grew, has only that part of its probability; one that could come in again
    and does not is not grown either.
    """
    kept: dict[tuple[int, ...], tuple[float, float, float]] = {(): (0.0, -math.inf, 0.0)}  # blank, label, either at end
    for row in scores.astype(np.float64):
        before = dict(sorted(kept.items(), key=lambda item: -item[1][2]))
        now: dict[tuple[int, ...], tuple[float, float, float]] = {}
        for path, (_, label, total) in before.items():
            if path:
                shorter = before.get(path[:-1])
                if shorter is not None:
                    label = _log_add(label, shorter[0] if path[-2:-1] == path[-1:] else shorter[2])
                label += float(row[path[-1]])
            silent = total + float(row[blank])
            now[path] = silent, label, _log_add(silent, label)
        beam = [(entry[2], place, path) for place, (path, entry) in enumerate(now.items())]
        heapq.heapify(beam)
        place = len(beam)
        lost: set[tuple[int, ...]] = set()
        for path, (silent, _, total) in before.items():
            full = len(beam) == width
            if path in lost or total == -math.inf or (full and total <= beam[0][0]):
                continue
            grown = row + total
            grown[blank] = -math.inf
            if path:
                grown[path[-1]] = row[path[-1]] + silent
            lost.update(other for other in before if other not in now and other[:-1] == path and other)
            for label_number in np.flatnonzero(grown > (beam[0][0] if full else -math.inf)).tolist():
                longer, value = (*path, label_number), float(grown[label_number])
                if longer in now or (len(beam) == width and value <= beam[0][0]):
                    continue
                place += 1
                if len(beam) == width:
                    dropped = heapq.heapreplace(beam, (value, place, longer))[2]
                    del now[dropped]
                    if dropped in before and dropped[:-1] == path and dropped[-1:] > (label_number,):
                        lost.add(dropped)
                else:
                    heapq.heappush(beam, (value, place, longer))
                now[longer] = -math.inf, value, value
                lost.discard(longer)
        kept = now
    final = sorted(((path, entry[2]) for path, entry in kept.items()), key=lambda item: -item[1])
    return final[:paths]


def _beam(logits: Array, lengths: Array, blank_index: int, beam_width: int, top_paths: int) -> Any:
    time, batch, classes = logits.shape
    decoded = np.full((top_paths, batch, time), -1, np.int64)
    count = np.zeros((top_paths, batch), np.int64)
    score = np.full((batch, top_paths), -np.inf, logits.dtype)
    scores = _log_softmax(logits) if logits.size else logits
    for row in range(batch):
        found = _beam_row(scores[: int(lengths[row]), row], blank_index % classes, beam_width, top_paths)
        if len(found) < top_paths:
            raise ValueError(f"example {row} has {len(found)} label sequences, top_paths asks for {top_paths}")
        for place, (path, value) in enumerate(found):
            decoded[place, row, : len(path)] = path
            count[place, row] = len(path)
            score[row, place] = value
    return decoded, count, score


def _decoder_shape(logits: TensorType, lengths: TensorType, blank_index: int) -> tuple[Any, ...]:
    if logits.rank != 3:
        raise SpecError(f"the logits have shape {shapes.show(logits.shape)}", expected="[time, batch, classes]")
    time, batch, _ = logits.shape or ()
    if not shapes.compatible(lengths.shape, (batch,)):
        raise SpecError(f"`sequence_length` has shape {shapes.show(lengths.shape)}", expected=shapes.show((batch,)))
    _check_blank(logits, blank_index)
    return time, batch


def _greedy_spec(logits: TensorType, lengths: TensorType, *, blank_index: int, merge_repeated: bool) -> Any:
    time, batch = _decoder_shape(logits, lengths, blank_index)
    return (TensorType((batch, time), dtypes.int64), TensorType((batch,), dtypes.int64),
            TensorType((batch, 1), logits.dtype))  # fmt: skip


def _beam_spec(
    logits: TensorType, lengths: TensorType, *, blank_index: int, beam_width: int, top_paths: int
) -> Any:
    time, batch = _decoder_shape(logits, lengths, blank_index)
    if not 1 <= top_paths <= beam_width:
        raise SpecError(f"top_paths is {top_paths}, beam_width {beam_width}", expected="1 <= top_paths <= beam_width")
    return (TensorType((top_paths, batch, time), dtypes.int64), TensorType((top_paths, batch), dtypes.int64),
            TensorType((batch, top_paths), logits.dtype))  # fmt: skip


_DECODED = nondifferentiable("its result is a sequence of class numbers")
_SURE = np.log(np.array([[[0.6, 0.3, 0.1]], [[0.2, 0.7, 0.1]], [[0.1, 0.2, 0.7]], [[0.5, 0.2, 0.3]]], np.float32))

register(
    OpDef(
        name="ctc_greedy_decoder",
        inputs=("logits", "sequence_length"),
        attrs={"blank_index": -1, "merge_repeated": True},
        spec=_greedy_spec,
        reference=quiet(_greedy),
        dtypes=((dtypes.float32, dtypes.float64), _INDICES),
        same=(0,),
        outputs=("decoded", "length", "neg_sum_logits"),
        vjp=_DECODED,
        doc="The labels of the best class at each time, filled up with -1: [batch, time], and how many.",
        cases=(case(_SURE, np.array([4])), case((3, 0, 2), np.zeros(0, np.int32))),
    )
)
register(
    OpDef(
        name="ctc_beam_search_decoder",
        inputs=("logits", "sequence_length"),
        attrs={"blank_index": -1, "beam_width": 100, "top_paths": 1},
        spec=_beam_spec,
        reference=quiet(_beam),
        dtypes=((dtypes.float32, dtypes.float64), _INDICES),
        same=(0,),
        outputs=("decoded", "length", "log_probability"),
        vjp=_DECODED,
        doc="The likeliest label sequences by beam search, filled up with -1: [paths, batch, time], and their lengths.",
        cases=(case(_SURE, np.array([4]), beam_width=4, top_paths=2), case((3, 0, 2), np.zeros(0, np.int32))),
    )
)
