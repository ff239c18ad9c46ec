"""Connectionist temporal classification: the sum over all alignments, by scans over time.

States of an alignment are the labels with blanks between and around them; `weft.ops.ctc` says it at length.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from weft.engines.xla.rules.elementwise import in_float32
from weft.engines.xla.table import lowering
from weft.ops.ctc import IMPOSSIBLE


class _Lattice:
    """States, emissions and allowed steps of a batch of label sequences."""

    def __init__(self, logits: Any, labels: Any, label_length: Any, logit_length: Any, blank_index: int) -> None:
        _, batch, classes = logits.shape
        blank = blank_index % classes
        self.last = 2 * label_length.astype(jnp.int64)
        self.length = logit_length.astype(jnp.int64)
        states = 2 * labels.shape[1] + 1
        used = jnp.arange(labels.shape[1]) < label_length[:, None]
        kept = jnp.clip(jnp.where(used, labels, blank), 0, classes - 1)
        self.extended = jnp.full((batch, states), blank, jnp.int64).at[:, 1::2].set(kept)
        self.log_probability = jax.nn.log_softmax(logits, axis=-1)
        index = jnp.broadcast_to(self.extended, (logits.shape[0], batch, states))
        self.emission = jnp.take_along_axis(self.log_probability, index, axis=-1)
        ahead, before = self.extended[:, 2:], self.extended[:, :-2]
        self.skips = (jnp.arange(states - 2) % 2 == 1) & (ahead != before)
        self.live = jnp.arange(states) <= self.last[:, None]

    def forward(self) -> Any:
        """Log-probabilities of all ways that end in a state at a time, emissions included: [time, batch, states]."""
        lowest = jnp.full(self.emission.shape[1:], -jnp.inf, self.emission.dtype)

        def step(before: Any, emission: Any) -> Any:
            total = before.at[:, 1:].set(jnp.logaddexp(before[:, 1:], before[:, :-1]))
            skipped = jnp.where(self.skips, before[:, :-2], -jnp.inf)
            total = total.at[:, 2:].set(jnp.logaddexp(total[:, 2:], skipped))
            alpha = jnp.where(self.live, total + emission, -jnp.inf)
            return alpha, alpha

        first = jnp.where(self.live, lowest.at[:, :2].set(self.emission[0, :, :2]), -jnp.inf)
        _, rest = lax.scan(step, first, self.emission[1:])
        return jnp.concatenate([first[None], rest])

    def backward(self) -> Any:
        """Log-probabilities of all ways on from a state at a time, its own emission left out: [time, batch, states]."""
        times, position = self.emission.shape[0], jnp.arange(self.extended.shape[1])
        final = self.live & (position >= self.last[:, None] - 1)
        ending = jnp.where(final, 0.0, -jnp.inf).astype(self.emission.dtype)

        def step(beta: Any, row: Any) -> Any:
            time, emission = row  # of the time after
            ahead = beta + emission
            total = ahead.at[:, :-1].set(jnp.logaddexp(ahead[:, :-1], ahead[:, 1:]))
            skipped = jnp.where(self.skips, ahead[:, 2:], -jnp.inf)
            total = total.at[:, :-2].set(jnp.logaddexp(total[:, :-2], skipped))
            total = jnp.where(self.live, total, -jnp.inf)
            total = jnp.where((self.length == time + 1)[:, None], ending, total)
            return total, total

        last = jnp.where((self.length == times)[:, None], ending, jnp.full_like(ending, -jnp.inf))
        _, rest = lax.scan(step, last, (jnp.arange(times - 1), self.emission[1:]), reverse=True)
        return jnp.concatenate([rest, last[None]])

    def likelihood(self, alpha: Any) -> Any:
        """Log-probability of each label sequence: [batch]."""
        batch = jnp.arange(alpha.shape[1])
        end = alpha[jnp.maximum(self.length - 1, 0), batch]
        with_blank = end[batch, self.last]
        without = jnp.where(self.last > 0, end[batch, jnp.maximum(self.last - 1, 0)], -jnp.inf)
        empty = jnp.where(self.last == 0, 0.0, -jnp.inf).astype(alpha.dtype)
        return jnp.where(self.length > 0, jnp.logaddexp(with_blank, without), empty)


def _check(check: Any, logits: Any, labels: Any, label_length: Any, logit_length: Any) -> None:
    check((label_length < 0) | (label_length > labels.shape[1]))
    check((logit_length < 0) | (logit_length > logits.shape[0]))
    used = jnp.arange(labels.shape[1]) < label_length[:, None]
    check(used & ((labels < 0) | (labels >= logits.shape[2])))


@lowering("ctc_loss", checks=True)
def _ctc_loss(check: Any, logits: Any, labels: Any, label_length: Any, logit_length: Any, blank_index: int) -> Any:
    _check(check, logits, labels, label_length, logit_length)
    if not logits.shape[0]:
        return jnp.where(label_length == 0, 0.0, IMPOSSIBLE).astype(logits.dtype)

    def loss(logits: Any) -> Any:
        lattice = _Lattice(logits, labels, label_length, logit_length, blank_index)
        found = -lattice.likelihood(lattice.forward())
        return jnp.where(jnp.isposinf(found), jnp.asarray(IMPOSSIBLE, logits.dtype), found)

    return in_float32(loss)(logits)


@lowering("ctc_loss_gradient")
def _ctc_loss_gradient(ct: Any, logits: Any, labels: Any, label_length: Any, logit_length: Any,
                       blank_index: int) -> Any:  # fmt: skip
    if not logits.size:
        return logits

    def gradient(ct: Any, logits: Any) -> Any:
        lattice = _Lattice(logits, labels, label_length, logit_length, blank_index)
        alpha = lattice.forward()
        total = lattice.likelihood(alpha)
        possible = jnp.isfinite(total)
        occupancy = jnp.exp(alpha + lattice.backward() - jnp.where(possible, total, 0)[:, None])
        symbols = jax.nn.one_hot(lattice.extended, logits.shape[2], dtype=logits.dtype)
        slope = jnp.exp(lattice.log_probability) - jnp.einsum("tbs,bsc->tbc", occupancy, symbols)
        inside = (jnp.arange(logits.shape[0])[:, None] < lattice.length) & possible
        return jnp.where(inside[..., None], slope * ct[:, None], jnp.zeros((), logits.dtype))

    return in_float32(gradient)(ct, logits)
