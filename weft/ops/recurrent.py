"""Recurrent layers as one op a sequence: the simple cell, the gated recurrent unit, the long short-term memory.

Each walks x [batch, time, features] along time and returns the states after every step, [batch, time, units], and the
last ones. An optional mask [batch, time] tells which steps count: at the others the state stays as it is. With
`go_backwards` the walk is from the last step to the first, and so is the order of what is returned. Kernels are Keras':
gates side by side in the order input, forget, cell, output (LSTM) and update, reset, candidate (GRU).

What a gradient needs is computed again by the gradient op, so that the ops stay functions of what they are given.
Derivatives of higher order go through the decomposition into a `scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import FLOATS
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder, inline
from weft.ops.families import quiet
from weft.ops.opdef import OpDef, SpecError, case, register

Array = np.ndarray[Any, Any]

_HALF = (np.dtype(np.float16), dtypes.bfloat16.numpy)

# Activations: the function, its slope in terms of its result, the same in builder ops. -------------------------------


def _sigmoid(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x))
    return result


_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Any], Callable[[Any, Any], Any]]] = {
    "tanh": (np.tanh, lambda y: 1 - y * y, lambda b, x: b.tanh(x)),
    "sigmoid": (_sigmoid, lambda y: y * (1 - y), lambda b, x: b.sigmoid(x)),
    "relu": (lambda x: np.maximum(x, np.zeros((), x.dtype)), lambda y: (y > 0).astype(y.dtype), lambda b, x: b.relu(x)),
    "hard_sigmoid": (lambda x: np.clip(x / 6 + np.asarray(0.5, x.dtype), 0, 1),
                     lambda y: ((y > 0) & (y < 1)).astype(y.dtype) / 6, lambda b, x: b.hard_sigmoid(x)),
    "linear": (lambda x: x, lambda y: np.ones((), y.dtype), lambda b, x: x),
}  # fmt: skip


def _check_activation(**names: str) -> None:
    for attribute, name in names.items():
        if name not in _ACTIVATIONS:
            raise SpecError(f"`{attribute}` is {name!r}", expected=f"one of {', '.join(_ACTIVATIONS)}",
                            hint="other activations need a loop over a cell")  # fmt: skip


# Shapes --------------------------------------------------------------------------------------------------------------


def _check_shape(name: str, type: TensorType, expected: tuple[Any, ...]) -> None:
    if not shapes.compatible(type.shape, expected):
        raise SpecError(f"`{name}` has shape {shapes.show(type.shape)}", expected=shapes.show(expected))


def _sequence_types(
    x: TensorType, states: Sequence[tuple[str, TensorType]], kernel: TensorType, recurrent_kernel: TensorType,
    bias: TensorType, mask: Sequence[TensorType], gates: int, separate_bias: bool = False,
) -> tuple[TensorType, ...]:  # fmt: skip
    if x.rank != 3:
        raise SpecError(f"its input has shape {shapes.show(x.shape)}", expected="[batch, time, features]",
                        hint="add a batch axis, or a feature axis with tf.expand_dims(x, -1)")  # fmt: skip
    batch, time, features = x.shape or ()
    if recurrent_kernel.rank != 2:
        raise SpecError(f"`recurrent_kernel` has shape {shapes.show(recurrent_kernel.shape)}",
                        expected=f"[units, {gates} * units]")  # fmt: skip
    units = (recurrent_kernel.shape or ())[0]
    _check_shape("recurrent_kernel", recurrent_kernel, (units, units * gates))
    _check_shape("kernel", kernel, (features, units * gates))
    _check_shape("bias", bias, (2, units * gates) if separate_bias else (units * gates,))
    for name, state in states:
        _check_shape(name, state, (batch, units))
    if len(mask) > 1:
        raise SpecError(f"it takes one mask at most, received {len(mask)}")
    for each in mask:
        _check_shape("mask", each, (batch, time))
    return (TensorType((batch, time, units), x.dtype), *(TensorType((batch, units), x.dtype) for _ in states))


# Layout: the walk is over [time, batch, …] ---------------------------------------------------------------------------


def _time_major(x: Array, go_backwards: bool) -> Array:
    major = x.swapaxes(0, 1)
    return np.ascontiguousarray(major[::-1] if go_backwards else major)


def _steps_of_mask(mask: Sequence[Array], go_backwards: bool) -> Array | None:
    """[time, batch, 1], or None."""
    return _time_major(mask[0], go_backwards)[..., None] if mask else None


def _batch_major(x: Array) -> Array:
    return np.ascontiguousarray(x.swapaxes(0, 1))


def _project(steps: Array, kernel: Array, bias: Array) -> Array:
    """All steps' products with the kernel at once: [time, batch, gates * units]."""
    flat = steps.reshape(-1, steps.shape[-1]) @ kernel
    flat += bias
    return flat.reshape(*steps.shape[:2], kernel.shape[-1])


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Half-precision operands are computed in float32, and each result rounded once."""

    def wrapped(*arrays: Array, **attrs: Any) -> Any:
        half = arrays[0].dtype
        if half not in _HALF:
            return function(*arrays, **attrs)
        results = function(*(a.astype(np.float32) if a.dtype == half else a for a in arrays), **attrs)
        return tuple(result.astype(half) for result in results)

    return wrapped


def _kernel_cotangents(
    steps: Array, before: Array, projected: Array, recurrent: Array, kernel: Array, go_backwards: bool
) -> tuple[Array, Array, Array]:
    """The cotangents of x, kernel and recurrent kernel, from those of both products at every step."""
    flat = projected.reshape(-1, projected.shape[-1])
    to_kernel = steps.reshape(-1, steps.shape[-1]).T @ flat
    to_recurrent = before.reshape(-1, before.shape[-1]).T @ recurrent.reshape(-1, recurrent.shape[-1])
    to_x = (flat @ kernel.T).reshape(steps.shape)
    return _batch_major(to_x[::-1] if go_backwards else to_x), to_kernel, to_recurrent


def _before(initial: Array, states: Array) -> Array:
    """The states that each step began with."""
    return np.concatenate([initial[None], states])[:-1]


# The simple cell -----------------------------------------------------------------------------------------------------


def _simple_walk(steps: Array, h: Array, kernel: Array, recurrent_kernel: Array, bias: Array, mask: Array | None,
                 activation: str) -> tuple[Array, Array]:  # fmt: skip
    """The states after each step, and those proposed (which a mask may have refused)."""
    act = _ACTIVATIONS[activation][0]
    projected = _project(steps, kernel, bias)
    states = np.empty((*steps.shape[:2], h.shape[-1]), steps.dtype)
    proposed = np.empty_like(states)
    for time in range(len(steps)):
        proposed[time] = act(projected[time] + h @ recurrent_kernel)
        h = states[time] = proposed[time] if mask is None else np.where(mask[time], proposed[time], h)
    return states, proposed


def _simple(x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, *mask: Array, activation: str,
            go_backwards: bool) -> Any:  # fmt: skip
    steps = _time_major(x, go_backwards)
    states, _ = _simple_walk(steps, h0, kernel, recurrent_kernel, bias, _steps_of_mask(mask, go_backwards), activation)
    return _batch_major(states), states[-1].copy() if len(states) else h0


def _simple_gradient(x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, ct: Array, h_ct: Array,
                     *mask: Array, activation: str, go_backwards: bool) -> Any:  # fmt: skip
    slope = _ACTIVATIONS[activation][1]
    steps, flags = _time_major(x, go_backwards), _steps_of_mask(mask, go_backwards)
    states, proposed = _simple_walk(steps, h0, kernel, recurrent_kernel, bias, flags, activation)
    inner = np.empty_like(proposed)
    dh, zero = h_ct, np.zeros((), x.dtype)
    for time in range(len(steps) - 1, -1, -1):
        dh = dh + ct[:, time]
        new = dh if flags is None else np.where(flags[time], dh, zero)
        inner[time] = new * slope(proposed[time])
        through = inner[time] @ recurrent_kernel.T
        dh = through if flags is None else through + np.where(flags[time], zero, dh)
    to_x, to_kernel, to_recurrent = _kernel_cotangents(steps, _before(h0, states), inner, inner, kernel, go_backwards)
    return to_x, dh, to_kernel, to_recurrent, inner.sum(axis=(0, 1), dtype=x.dtype)


# The gated recurrent unit --------------------------------------------------------------------------------------------


class _GruWalk:
    """A forward walk with everything that the gradient needs."""

    def __init__(
        self, steps: Array, h: Array, kernel: Array, recurrent_kernel: Array, bias: Array, mask: Array | None,
        activation: str, recurrent_activation: str, reset_after: bool,
    ) -> None:  # fmt: skip
        act, gate = _ACTIVATIONS[activation][0], _ACTIVATIONS[recurrent_activation][0]
        units = h.shape[-1]
        projected = _project(steps, kernel, bias[0] if reset_after else bias)
        self.states = np.empty((*steps.shape[:2], units), steps.dtype)
        self.gates = np.empty((*steps.shape[:2], 2 * units), steps.dtype)  # update, reset
        self.candidate = np.empty_like(self.states)
        self.inner = np.empty_like(self.states)  # what the reset gate multiplies, or (reset before) the product
        for time in range(len(steps)):
            if reset_after:
                product = h @ recurrent_kernel
                product += bias[1]
                z_r, self.inner[time] = product[:, : 2 * units], product[:, 2 * units :]
            else:
                z_r = h @ recurrent_kernel[:, : 2 * units]
            gates = self.gates[time] = gate(projected[time, :, : 2 * units] + z_r)
            z, r = gates[:, :units], gates[:, units:]
            if reset_after:
                extra = r * self.inner[time]
            else:
                self.inner[time] = r * h
                extra = self.inner[time] @ recurrent_kernel[:, 2 * units :]
            self.candidate[time] = act(projected[time, :, 2 * units :] + extra)
            new = z * h + (1 - z) * self.candidate[time]
            h = self.states[time] = new if mask is None else np.where(mask[time], new, h)


def _gru(x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, *mask: Array, activation: str,
         recurrent_activation: str, reset_after: bool, go_backwards: bool) -> Any:  # fmt: skip
    walk = _GruWalk(_time_major(x, go_backwards), h0, kernel, recurrent_kernel, bias,
                    _steps_of_mask(mask, go_backwards), activation, recurrent_activation, reset_after)  # fmt: skip
    return _batch_major(walk.states), walk.states[-1].copy() if len(walk.states) else h0


def _gru_gradient(x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, ct: Array, h_ct: Array,
                  *mask: Array, activation: str, recurrent_activation: str, reset_after: bool,
                  go_backwards: bool) -> Any:  # fmt: skip
    slope, gate_slope = _ACTIVATIONS[activation][1], _ACTIVATIONS[recurrent_activation][1]
    units = h0.shape[-1]
    steps, flags = _time_major(x, go_backwards), _steps_of_mask(mask, go_backwards)
    walk = _GruWalk(steps, h0, kernel, recurrent_kernel, bias, flags, activation, recurrent_activation, reset_after)
    before = _before(h0, walk.states)
    projected = np.empty((*steps.shape[:2], 3 * units), x.dtype)
    recurrent = np.empty_like(projected)
    dh, zero = h_ct, np.zeros((), x.dtype)
    for time in range(len(steps) - 1, -1, -1):
        dh = dh + ct[:, time]
        new = dh if flags is None else np.where(flags[time], dh, zero)
        kept = zero if flags is None else np.where(flags[time], zero, dh)
        z, r = walk.gates[time, :, :units], walk.gates[time, :, units:]
        da = new * (1 - z) * slope(walk.candidate[time])
        back = new * z
        if reset_after:
            dr = da * walk.inner[time]
            recurrent[time, :, 2 * units :] = da * r
        else:
            through = da @ recurrent_kernel[:, 2 * units :].T
            dr = through * before[time]
            back = back + through * r
            recurrent[time, :, 2 * units :] = 0
        dz = new * (before[time] - walk.candidate[time])
        gates = gate_slope(walk.gates[time]) * np.concatenate([dz, dr], axis=-1)
        projected[time, :, : 2 * units] = recurrent[time, :, : 2 * units] = gates
        projected[time, :, 2 * units :] = da
        dh = back + recurrent[time] @ recurrent_kernel.T + kept
    to_x, to_kernel, to_recurrent = _kernel_cotangents(steps, before, projected, recurrent, kernel, go_backwards)
    to_bias = projected.sum(axis=(0, 1), dtype=x.dtype)
    if reset_after:
        to_bias = np.stack([to_bias, recurrent.sum(axis=(0, 1), dtype=x.dtype)])
    else:
        inner = walk.inner.reshape(-1, units)
        to_recurrent[:, 2 * units :] = inner.T @ projected[..., 2 * units :].reshape(-1, units)
    return to_x, dh, to_kernel, to_recurrent, to_bias


# The long short-term memory ------------------------------------------------------------------------------------------


class _LstmWalk:
    """A forward walk with everything that the gradient needs."""

    def __init__(self, steps: Array, h: Array, c: Array, kernel: Array, recurrent_kernel: Array, bias: Array,
                 mask: Array | None, activation: str, recurrent_activation: str) -> None:  # fmt: skip
        act, gate = _ACTIVATIONS[activation][0], _ACTIVATIONS[recurrent_activation][0]
        units = h.shape[-1]
        self.gates = _project(steps, kernel, bias)  # input, forget, cell, output
        self.states = np.empty((*steps.shape[:2], units), steps.dtype)
        self.cells = np.empty_like(self.states)
        self.squashed = np.empty_like(self.states)  # the activated cell
        for time in range(len(steps)):
            gates = self.gates[time]
            gates += h @ recurrent_kernel
            gates[:, : 2 * units] = gate(gates[:, : 2 * units])
            gates[:, 2 * units : 3 * units] = act(gates[:, 2 * units : 3 * units])
            gates[:, 3 * units :] = gate(gates[:, 3 * units :])
            i, f, g, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
            cell = f * c + i * g
            self.squashed[time] = act(cell)
            new = o * self.squashed[time]
            if mask is not None:
                cell, new = np.where(mask[time], cell, c), np.where(mask[time], new, h)
            c = self.cells[time] = cell
            h = self.states[time] = new


def _lstm(x: Array, h0: Array, c0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, *mask: Array,
          activation: str, recurrent_activation: str, go_backwards: bool) -> Any:  # fmt: skip
    walk = _LstmWalk(_time_major(x, go_backwards), h0, c0, kernel, recurrent_kernel, bias,
                     _steps_of_mask(mask, go_backwards), activation, recurrent_activation)  # fmt: skip
    if not len(walk.states):
        return _batch_major(walk.states), h0, c0
    return _batch_major(walk.states), walk.states[-1].copy(), walk.cells[-1].copy()


def _lstm_gradient(x: Array, h0: Array, c0: Array, kernel: Array, recurrent_kernel: Array, bias: Array, ct: Array,
                   h_ct: Array, c_ct: Array, *mask: Array, activation: str, recurrent_activation: str,
                   go_backwards: bool) -> Any:  # fmt: skip
    slope, gate_slope = _ACTIVATIONS[activation][1], _ACTIVATIONS[recurrent_activation][1]
    units = h0.shape[-1]
    steps, flags = _time_major(x, go_backwards), _steps_of_mask(mask, go_backwards)
    walk = _LstmWalk(steps, h0, c0, kernel, recurrent_kernel, bias, flags, activation, recurrent_activation)
    cells_before = _before(c0, walk.cells)
    inner = np.empty_like(walk.gates)
    dh, dc, zero = h_ct, c_ct, np.zeros((), x.dtype)
    for time in range(len(steps) - 1, -1, -1):
        dh = dh + ct[:, time]
        new_h, new_c, kept_h, kept_c = dh, dc, zero, zero
        if flags is not None:
            flag = flags[time]
            new_h, kept_h = np.where(flag, dh, zero), np.where(flag, zero, dh)
            new_c, kept_c = np.where(flag, dc, zero), np.where(flag, zero, dc)
        i, f, g, o = (walk.gates[time, :, k * units : (k + 1) * units] for k in range(4))
        into = inner[time]
        cell = new_c + new_h * o * slope(walk.squashed[time])
        into[:, :units] = cell * g * gate_slope(i)
        into[:, units : 2 * units] = cell * cells_before[time] * gate_slope(f)
        into[:, 2 * units : 3 * units] = cell * i * slope(g)
        into[:, 3 * units :] = new_h * walk.squashed[time] * gate_slope(o)
        dh = into @ recurrent_kernel.T + kept_h
        dc = cell * f + kept_c
    before = _before(h0, walk.states)
    to_x, to_kernel, to_recurrent = _kernel_cotangents(steps, before, inner, inner, kernel, go_backwards)
    return to_x, dh, dc, to_kernel, to_recurrent, inner.sum(axis=(0, 1), dtype=x.dtype)


# The same as scans ---------------------------------------------------------------------------------------------------


def _columns(b: Any, x: Any, first: int, count: int, units: Any) -> Any:
    """Some gates' columns of [batch, gates * units]."""
    return b.slice(x, begin=(0, units * first), size=(b.shape(x)[0], units * count))


def _as_scan(b: Any, x: Any, states: Sequence[Any], weights: Sequence[Any], mask: Sequence[Any], bias: Any,
             go_backwards: bool, step: Callable[..., Sequence[Any]]) -> Any:  # fmt: skip
    """A walk as a scan. `weights` begin with the kernel; the others are what `step` gets."""
    if go_backwards:
        x, *mask = (b.reverse(v, axis=(1,)) for v in (x, *mask))
    batch, time, features = b.shape(x)
    kernel, *others = weights
    flat = b.reshape(b.transpose(x, perm=(1, 0, 2)), shape=(time * batch, features))
    projected = b.add(b.matmul(flat, kernel), bias)
    rows = [b.reshape(projected, shape=(time, batch, b.shape(kernel)[1]))]
    rows += [b.transpose(m, perm=(1, 0)) for m in mask]

    body = Graph("recurrent_step")
    inside = GraphBuilder(body)
    carried = [body.add_input(TensorType(b.shape(s), b.dtype(s)), "state") for s in states]
    now = [body.add_input(TensorType(b.shape(r)[1:], b.dtype(r)), "row") for r in rows]
    held = [body.add_input(TensorType(b.shape(w), b.dtype(w)), "weight") for w in others]
    new = list(step(inside, now[0], carried, held))
    if mask:
        flag = inside.reshape(now[1], shape=(batch, 1))
        new = [inside.select(flag, after, before) for after, before in zip(new, carried, strict=True)]
    body.outputs = [*new, new[0]]
    *last, sequence = b.scan(*states, *rows, *others, body=body, carries=len(states), sequences=len(rows), length=time)
    return (b.transpose(sequence, perm=(1, 0, 2)), *last)


def _simple_scan(b: Any, x: Any, h0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *mask: Any, activation: str,
                 go_backwards: bool) -> Any:  # fmt: skip
    def step(s: Any, row: Any, states: Sequence[Any], weights: Sequence[Any]) -> Sequence[Any]:
        return [_ACTIVATIONS[activation][2](s, s.add(row, s.matmul(states[0], weights[0])))]

    return _as_scan(b, x, [h0], [kernel, recurrent_kernel], mask, bias, go_backwards, step)


def _gru_scan(b: Any, x: Any, h0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *mask: Any, activation: str,
              recurrent_activation: str, reset_after: bool, go_backwards: bool) -> Any:  # fmt: skip
    units = b.shape(h0)[1]
    act, gate = _ACTIVATIONS[activation][2], _ACTIVATIONS[recurrent_activation][2]

    def step(s: Any, row: Any, states: Sequence[Any], weights: Sequence[Any]) -> Sequence[Any]:
        (h,) = states
        if reset_after:
            product = s.add(s.matmul(h, weights[0]), weights[1])
            both = _columns(s, product, 0, 2, units)
        else:
            both = s.matmul(h, s.slice(weights[0], begin=(0, 0), size=(units, 2 * units)))
        gates = gate(s, s.add(_columns(s, row, 0, 2, units), both))
        z, r = _columns(s, gates, 0, 1, units), _columns(s, gates, 1, 1, units)
        if reset_after:
            extra = s.multiply(r, _columns(s, product, 2, 1, units))
        else:
            extra = s.matmul(s.multiply(r, h), s.slice(weights[0], begin=(0, 2 * units), size=(units, units)))
        candidate = act(s, s.add(_columns(s, row, 2, 1, units), extra))
        return [s.add(s.multiply(z, h), s.multiply(s.subtract(s.ones_like(z), z), candidate))]

    weights = [kernel, recurrent_kernel]
    if reset_after:
        gates = b.shape(kernel)[1]
        first, second = (b.reshape(b.slice(bias, begin=(k, 0), size=(1, gates)), shape=(gates,)) for k in (0, 1))
        return _as_scan(b, x, [h0], [*weights, second], mask, first, go_backwards, step)
    return _as_scan(b, x, [h0], weights, mask, bias, go_backwards, step)


def _lstm_scan(b: Any, x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *mask: Any,
               activation: str, recurrent_activation: str, go_backwards: bool) -> Any:  # fmt: skip
    units = b.shape(h0)[1]
    act, gate = _ACTIVATIONS[activation][2], _ACTIVATIONS[recurrent_activation][2]

    def step(s: Any, row: Any, states: Sequence[Any], weights: Sequence[Any]) -> Sequence[Any]:
        h, c = states
        z = s.add(row, s.matmul(h, weights[0]))
        i, f, g, o = (_columns(s, z, k, 1, units) for k in range(4))
        cell = s.add(s.multiply(gate(s, f), c), s.multiply(gate(s, i), act(s, g)))
        return [s.multiply(gate(s, o), act(s, cell)), cell]

    return _as_scan(b, x, [h0, c0], [kernel, recurrent_kernel], mask, bias, go_backwards, step)


# Records -------------------------------------------------------------------------------------------------------------


def _recurrent(
    name: str, states: tuple[str, ...], gates: int, attrs: dict[str, Any], forward: Callable[..., Any],
    backward: Callable[..., Any], scan: Callable[..., Any], doc: str, cases: Sequence[Any],
) -> None:  # fmt: skip
    """Registers a walk and its gradient."""
    operands = ("x", *states, "kernel", "recurrent_kernel", "bias")
    count, results = len(operands), len(states) + 1

    def spec(*types: TensorType, **given: Any) -> tuple[TensorType, ...]:
        _check_activation(**{k: v for k, v in given.items() if k.endswith("activation")})
        x, *rest = types[:count]
        named = list(zip(states, rest, strict=False))
        kernel, recurrent_kernel, bias = rest[len(states) :]
        return _sequence_types(x, named, kernel, recurrent_kernel, bias, types[count:], gates,
                               given.get("reset_after", False))  # fmt: skip

    def gradient_spec(*types: TensorType, **given: Any) -> tuple[TensorType, ...]:
        made = spec(*types[:count], *types[count + results :], **given)
        for part, ct, expected in zip(("sequence", *states), types[count:], made, strict=False):
            _check_shape(f"{part}_ct", ct, expected.shape or ())
        return types[:count]

    def vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
        mask = node.inputs[count:]
        found = b.call(f"{name}_gradient", *node.inputs[:count], *cts, *mask, **node.attrs)
        return [*found, *(None for _ in mask)]

    def gradient_vjp(b: Any, node: Any, *gs: Any) -> Sequence[Any]:
        # The gradient's gradient, by differentiating the scan twice.
        inputs = [*node.inputs[:count], *node.inputs[count + results :]]
        cotangents = list(node.inputs[count : count + results])
        graph = Graph(f"{name}_scan")
        inner = GraphBuilder(graph)
        inner.differentiate = b.differentiate
        values = [graph.add_input(TensorType(b.shape(v), b.dtype(v))) for v in inputs]
        graph.outputs = list(scan(inner, *values, **node.attrs))
        first = b.differentiate(graph, list(range(count)))
        place = {**{i: i for i in range(count)}, **{count + k: len(inputs) + k for k in range(results)}}
        wanted = [i for i in place if node.needs[i]]
        second = b.differentiate(first, [place[i] for i in wanted])
        found = dict(zip(wanted, inline(b, second, [*inputs, *cotangents, *gs]), strict=True))
        return [found.get(i) for i in range(len(node.inputs))]

    def gradient_scan(b: Any, *operands: Any, **given: Any) -> Sequence[Any]:
        inputs = [*operands[:count], *operands[count + results :]]
        graph = Graph(f"{name}_scan")
        inner = GraphBuilder(graph)
        inner.differentiate = b.differentiate
        values = [graph.add_input(TensorType(b.shape(v), b.dtype(v))) for v in inputs]
        graph.outputs = list(scan(inner, *values, **given))
        first = b.differentiate(graph, list(range(count)))
        return list(inline(b, first, [*inputs, *operands[count : count + results]]))

    floats = (FLOATS,) * count
    register(
        OpDef(
            name=name,
            inputs=(*operands, "*mask"),
            attrs={**attrs, "go_backwards": False},
            spec=spec,
            reference=quiet(_in_float32(forward)),
            dtypes=(*floats, (dtypes.bool_,)),
            same=tuple(range(count)),
            outputs=("sequence", *states),
            vjp=vjp,
            decompose=scan,
            doc=doc,
            cases=cases,
        )
    )

    def gradient_cases() -> Sequence[Any]:
        made = []
        for each in cases:
            given = each.inputs
            x, state = given[0], given[1]
            cts = ((x[0], x[1], state[1]), *(state for _ in states))
            made.append(case(*given[:count], *cts, *given[count:], domain=(-0.8, 0.8), tolerance=1e-4, **each.attrs))
        return made

    register(
        OpDef(
            name=f"{name}_gradient",
            inputs=(*operands, "sequence_ct", *(f"{state}_ct" for state in states), "*mask"),
            attrs={**attrs, "go_backwards": False},
            spec=gradient_spec,
            reference=quiet(_in_float32(backward)),
            dtypes=(*floats, *(FLOATS,) * results, (dtypes.bool_,)),
            same=tuple(range(count + results)),
            outputs=operands,
            vjp=gradient_vjp,
            decompose=gradient_scan,
            doc=f"The cotangents of {name}'s operands, by back-propagation through time.",
            cases=gradient_cases,
        )
    )


_SOME = np.array([[True, False, True], [False, True, True]])


def _cases(states: int, gates: int, bias: tuple[int, ...], *more: dict[str, Any]) -> Sequence[Any]:
    def one(batch: int, time: int, *mask: Any, bias: tuple[int, ...] = bias, **attrs: Any) -> Any:
        units, features = 2, 3
        return case((batch, time, features), *((batch, units),) * states, (features, gates * units),
                    (units, gates * units), tuple(units * n if n > 2 or len(bias) == 1 else n for n in bias), *mask,
                    domain=(-0.8, 0.8), tolerance=1e-4, **attrs)  # fmt: skip

    return [one(2, 3), one(2, 3, _SOME, go_backwards=True), one(0, 3), *(one(2, 2, **attrs) for attrs in more)]


_recurrent(
    "simple_rnn_sequence", ("h",), 1, {"activation": "tanh"}, _simple, _simple_gradient, _simple_scan,
    "h = activation(x kernel + h recurrent_kernel + bias), along time; the states and the last one.",
    _cases(1, 1, (1,), dict(activation="sigmoid")),
)  # fmt: skip
_recurrent(
    "gru_sequence", ("h",), 3,
    {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}, _gru, _gru_gradient, _gru_scan,
    "A gated recurrent unit along time; the states and the last one. With reset_after the bias is [2, 3 * units].",
    _cases(1, 3, (2, 3), dict(reset_after=False, bias=(3,))),
)  # fmt: skip
_recurrent(
    "lstm_sequence", ("h", "c"), 4, {"activation": "tanh", "recurrent_activation": "sigmoid"}, _lstm, _lstm_gradient,
    _lstm_scan, "A long short-term memory along time; the states, the last one and the last cell.",
    _cases(2, 4, (4,), dict(activation="sigmoid", recurrent_activation="tanh")),
)  # fmt: skip
