"""Some of the models by hand in JAX: functions of a dict of arrays, as people write them who use nothing else.

The arrays are named as `benchmarks.models.get_weights` names them, so that both sides begin from the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Arrays = Mapping[str, Any]

#: what moves the averages of a batch normalisation, and what is added to its variance
_MOMENTUM, _EPSILON = 0.99, 1e-3


def _dense(p: Arrays, name: str, x: Any) -> Any:
    return x @ p[f"{name}:0"] + p[f"{name}:1"]


def _conv(kernel: Any, x: Any, stride: int = 1, padding: Any = "VALID") -> Any:
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _pooled(x: Any, size: int = 2, stride: int = 2, padding: Any = "VALID") -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), padding)


def mlp(p: Arrays, x: Any, moved: dict[str, Any]) -> Any:
    """Two hidden layers; log-probabilities."""
    for name in ("hidden_0", "hidden_1"):
        x = jax.nn.relu(_dense(p, name, x))
    return jax.nn.log_softmax(_dense(p, "head", x))


def digits(p: Arrays, x: Any, moved: dict[str, Any]) -> Any:
    """Two convolutions with pooling, two dense layers; log-probabilities."""
    for name in ("conv_0", "conv_1"):
        x = _pooled(jax.nn.relu(_conv(p[f"{name}:0"], x) + p[f"{name}:1"]))
    x = jax.nn.relu(_dense(p, "hidden", x.reshape(x.shape[0], -1)))
    return jax.nn.log_softmax(_dense(p, "head", x))


def resnet50(p: Arrays, x: Any, moved: dict[str, Any]) -> Any:
    """The residual network with bottlenecks; log-probabilities. New averages go into `moved`."""

    def normed(x: Any, name: str, stride: int = 1, padding: Any = "SAME") -> Any:
        x = _conv(p[f"{name}_conv:0"], x, stride, padding)
        scale, offset, mean, variance = (p[f"{name}_norm:{place}"] for place in range(4))
        now = jnp.mean(x, (0, 1, 2))
        spread = jnp.mean(jnp.square(x), (0, 1, 2)) - jnp.square(now)
        moved[f"{name}_norm:2"] = lax.stop_gradient(_MOMENTUM * mean + (1 - _MOMENTUM) * now)
        moved[f"{name}_norm:3"] = lax.stop_gradient(_MOMENTUM * variance + (1 - _MOMENTUM) * spread)
        return (x - now) * (lax.rsqrt(spread + _EPSILON) * scale) + offset

    x = jax.nn.relu(normed(x, "stem", 2, [(3, 3), (3, 3)]))
    x = _pooled(x, 3, 2, [(0, 0), (1, 1), (1, 1), (0, 0)])
    place = 0
    for stage, repeats in enumerate((3, 4, 6, 3)):
        for block in range(repeats):
            name, stride = f"blocks_{place}", 2 if stage and not block else 1
            y = jax.nn.relu(normed(x, f"{name}_first", stride))
            y = jax.nn.relu(normed(y, f"{name}_second"))
            y = normed(y, f"{name}_third")
            if not block:
                x = normed(x, f"{name}_short", stride)
            x = jax.nn.relu(x + y)
            place += 1
    return jax.nn.log_softmax(_dense(p, "head", jnp.mean(x, (1, 2))))


def gpt(p: Arrays, tokens: Any, moved: dict[str, Any]) -> Any:
    """The Transformer that sees only what came before; log-probabilities of the next byte."""

    def normed(x: Any, name: str) -> Any:
        mean = jnp.mean(x, -1, keepdims=True)
        variance = jnp.mean(jnp.square(x - mean), -1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + _EPSILON) * p[f"{name}:0"] + p[f"{name}:1"]

    def attention(x: Any, name: str) -> Any:
        query, key, value = (
            jnp.einsum("bti,ihd->bthd", x, p[f"{name}:{place}"]) + p[f"{name}:{place + 1}"] for place in (0, 2, 4)
        )
        scores = jnp.einsum("bthd,bshd->bhts", query * query.shape[-1] ** -0.5, key)
        causal = jnp.tril(jnp.ones(scores.shape[-2:], bool))
        weights = jax.nn.softmax(jnp.where(causal, scores, -1e9))
        mixed = jnp.einsum("bhts,bshd->bthd", weights, value)
        return jnp.einsum("bthd,hdo->bto", mixed, p[f"{name}:6"]) + p[f"{name}:7"]

    x = p["words:0"][tokens] + p["places:0"]
    blocks = sum(name.endswith("_wide:0") for name in p)
    for name in (f"blocks_{place}" for place in range(blocks)):
        x = x + attention(normed(x, f"{name}_first"), f"{name}_attention")
        wide = jax.nn.gelu(_dense(p, f"{name}_wide", normed(x, f"{name}_second")), approximate=False)
        x = x + _dense(p, f"{name}_narrow", wide)
    return jax.nn.log_softmax(_dense(p, "head", normed(x, "last")))


def momentum(rate: float, share: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Gradient descent with momentum: what it keeps at first, and its update."""

    def begin(p: Arrays) -> Any:
        return jax.tree.map(jnp.zeros_like, p)

    def update(p: Arrays, kept: Any, slopes: Any) -> Any:
        kept = jax.tree.map(lambda v, g: share * v - rate * g, kept, slopes)
        return jax.tree.map(jnp.add, p, kept), kept

    return begin, update


def adam(rate: float, first: float = 0.9, second: float = 0.999, epsilon: float = 1e-7) -> tuple[Any, Any]:
    """Adam: what it keeps at first, and its update."""

    def begin(p: Arrays) -> Any:
        zeros = jax.tree.map(jnp.zeros_like, p)
        return jnp.zeros((), jnp.int32), zeros, jax.tree.map(jnp.copy, zeros)

    def update(p: Arrays, kept: Any, slopes: Any) -> Any:
        count, means, squares = kept
        count = count + 1
        steps = count.astype(jnp.float32)
        step = rate * jnp.sqrt(1 - second**steps) / (1 - first**steps)
        means = jax.tree.map(lambda m, g: m + (1 - first) * (g - m), means, slopes)
        squares = jax.tree.map(lambda v, g: v + (1 - second) * (g * g - v), squares, slopes)
        p = jax.tree.map(lambda w, m, v: w - step * m / (jnp.sqrt(v) + epsilon), p, means, squares)
        return p, (count, means, squares)

    return begin, update
