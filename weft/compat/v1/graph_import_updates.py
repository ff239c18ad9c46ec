"""What TensorFlow's rarer operations on variables are made of here: places that are written, and optimizers' steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.base import dtypes
from weft.compat.v1.graph_import import Importer, Source, handles
from weft.compat.v1.graph_import_rules import _handle, _slots, _written, apply

# Places -------------------------------------------------------------------------------------------------------------

_ROWS = {"Mul": "mul", "Div": "div", "Min": "min", "Max": "max"}
for _label, _kind in _ROWS.items():

    @handles(f"Scatter{_label}", f"ResourceScatter{_label}")
    def _rows(x: Importer, source: Source, kind: str = _kind) -> Any:
        return _placed(x, source, kind, True)


handles("ResourceScatterSub")(lambda x, s: _placed(x, s, "sub", True))
for _label, _kind in {"Update": "update", "Add": "add", "Sub": "sub", "Max": "max", "Min": "min"}.items():

    @handles(f"ScatterNd{_label}", f"ResourceScatterNd{_label}")
    def _places(x: Importer, source: Source, kind: str = _kind) -> Any:
        return _placed(x, source, kind, False)


def _placed(x: Importer, source: Source, kind: str, rows: bool) -> Any:
    handle = _handle(x, source)
    indices, updates = (x.value(reference) for reference in source.inputs[1:3])
    (now,) = apply("read_variable", handle)
    if rows:
        indices = weft.expand_dims(indices, -1)
        missing = (now.shape.rank or 0) - (updates.shape.rank or 0)
        if missing and updates.shape.rank == 0:
            wanted = weft.concat([weft.shape(indices)[:-1], weft.shape(now)[1:]], 0)
            updates = weft.broadcast_to(updates, wanted)
    (after,) = apply(f"tensor_scatter_{kind}", now, indices, updates)
    return _written(x, source, "assign_variable", handle, after)


@handles("CountUpTo", "ResourceCountUpTo")
def _count(x: Importer, source: Source) -> Any:
    handle, limit = _handle(x, source), source.attrs["limit"]
    (now,) = apply("read_variable", handle)
    check = weft.Assert(now < limit, [f"Reached limit of {limit}"])
    with weft.control_dependencies([check]):
        held = weft.identity(now)
    with weft.control_dependencies([_written(x, source, "assign_add_variable", handle, weft.ones_like(held))]):
        return weft.identity(held)


@handles("VariableShape")
def _shape(x: Importer, source: Source) -> Any:
    (now,) = apply("read_variable", _handle(x, source))
    return weft.shape(now, source.attrs.get("out_type") or dtypes.int32)


@handles("DestroyResourceOp")
def _destroyed(x: Importer, source: Source) -> Any:
    return []


# Steps --------------------------------------------------------------------------------------------------------------


def steps(*ops: str) -> Callable[[Any], Any]:
    """Registers an optimizer's step, of plain variables and of resources."""
    return handles(*(name for op in ops for name in (op, f"Resource{op}")))


@steps("ApplyAdadelta")
def _adadelta(x: Importer, source: Source) -> Any:
    (var, total, delta), (_, squares, changes), (rate, rho, epsilon, gradient) = _slots(x, source, 3)
    squares = _written(x, source, "assign_variable", total, squares * rho + weft.square(gradient) * (1 - rho))
    step = weft.sqrt(changes + epsilon) * weft.math.rsqrt(squares + epsilon) * gradient
    changed = _written(x, source, "assign_variable", delta, changes * rho + weft.square(step) * (1 - rho))
    with weft.control_dependencies([changed]):
        return _written(x, source, "assign_sub_variable", var, rate * step)


@steps("ApplyCenteredRMSProp")
def _centred(x: Importer, source: Source) -> Any:
    held, (_, mean, square, moment), (rate, rho, momentum, epsilon, gradient) = _slots(x, source, 4)
    square = _written(x, source, "assign_variable", held[2], square + (weft.square(gradient) - square) * (1 - rho))
    mean = _written(x, source, "assign_variable", held[1], mean + (gradient - mean) * (1 - rho))
    step = moment * momentum + gradient * rate * weft.math.rsqrt(square - weft.square(mean) + epsilon)
    return _written(x, source, "assign_sub_variable", held[0], _written(x, source, "assign_variable", held[3], step))


@steps("ApplyAdaMax")
def _adamax(x: Importer, source: Source) -> Any:
    (var, m, v), (_, first, most), (power, rate, beta1, beta2, epsilon, gradient) = _slots(x, source, 3)
    first = _written(x, source, "assign_variable", m, first + (gradient - first) * (1 - beta1))
    most = _written(x, source, "assign_variable", v, weft.maximum(most * beta2, weft.abs(gradient)))
    return _written(x, source, "assign_sub_variable", var, rate / (1 - power) * first / (most + epsilon))


@steps("ApplyFtrl", "ApplyFtrlV2")
def _ftrl(x: Importer, source: Source) -> Any:
    held, (value, total, linear), (gradient, rate, l1, l2, *rest) = _slots(x, source, 3)
    power, shrunk = rest[-1], gradient
    if source.op.endswith("V2"):
        shrunk = gradient + 2 * rest[0] * value
    new = total + weft.square(gradient)
    linear = linear + shrunk - (weft.pow(new, -power) - weft.pow(total, -power)) / rate * value
    after = _ftrl_value(linear, new, rate, l1, l2, power)
    before = [_written(x, source, "assign_variable", held[1], new),
              _written(x, source, "assign_variable", held[2], linear)]  # fmt: skip
    with weft.control_dependencies(before):
        return _written(x, source, "assign_variable", held[0], after)


def _ftrl_value(linear: Any, total: Any, rate: Any, l1: Any, l2: Any, power: Any) -> Any:
    quadratic = weft.pow(total, -power) / rate + 2 * l2
    return weft.where(weft.abs(linear) > l1, (weft.sign(linear) * l1 - linear) / quadratic, weft.zeros_like(linear))


@steps("ApplyProximalGradientDescent")
def _proximal(x: Importer, source: Source) -> Any:
    (var,), (value,), (rate, l1, l2, gradient) = _slots(x, source, 1)
    return _written(x, source, "assign_variable", var, _shrunk(value - rate * gradient, rate, l1, l2))


@steps("ApplyProximalAdagrad")
def _proximal_adagrad(x: Importer, source: Source) -> Any:
    (var, slot), (value, held), (rate, l1, l2, gradient) = _slots(x, source, 2)
    total = held + weft.square(gradient)
    own = rate * weft.math.rsqrt(total)
    after = _shrunk(value - own * gradient, own, l1, l2)
    with weft.control_dependencies([_written(x, source, "assign_variable", slot, total)]):
        return _written(x, source, "assign_variable", var, after)


@steps("ApplyAdagradDA")
def _adagrad_da(x: Importer, source: Source) -> Any:
    (var, total, squares), (_, held, spread), (gradient, rate, l1, l2, step) = _slots(x, source, 3)
    held, spread = held + gradient, spread + weft.square(gradient)
    changed = [_written(x, source, "assign_variable", total, held),
               _written(x, source, "assign_variable", squares, spread)]  # fmt: skip
    with weft.control_dependencies(changed):
        return _written(x, source, "assign_variable", var, _averaged(held, spread, rate, l1, l2, step))


def _averaged(total: Any, spread: Any, rate: Any, l1: Any, l2: Any, step: Any) -> Any:
    """Where the sums of gradients and of their squares put a variable."""
    count = weft.cast(step, total.dtype)
    moved = weft.where(l1 > 0, weft.sign(total) * weft.maximum(weft.abs(total) - l1 * count, 0.0), total)
    return -rate * moved / (l2 * count * rate + weft.sqrt(spread))


def _shrunk(moved: Any, rate: Any, l1: Any, l2: Any) -> Any:
    """Values drawn towards zero by the two penalties."""
    return weft.sign(moved) * weft.maximum(weft.abs(moved) - rate * l1, 0.0) / (1 + l2 * rate)


# Steps of some rows -------------------------------------------------------------------------------------------------


def _at(now: Any, indices: Any, rows: Any) -> Any:
    """A value with some of its rows replaced."""
    return apply("tensor_scatter_update", now, weft.expand_dims(indices, -1), rows)[0]


@steps("SparseApplyMomentum")
def _momentum_rows(x: Importer, source: Source) -> Any:
    (var, slot), (value, held), (rate, gradient, indices, momentum) = _slots(x, source, 2)
    rows = weft.gather(held, indices) * momentum + gradient
    step = gradient * rate + rows * momentum * rate if source.attrs.get("use_nesterov") else rows * rate
    after = _at(value, indices, weft.gather(value, indices) - step)
    with weft.control_dependencies([_written(x, source, "assign_variable", slot, _at(held, indices, rows))]):
        return _written(x, source, "assign_variable", var, after)


@steps("SparseApplyAdagrad")
def _adagrad_rows(x: Importer, source: Source) -> Any:
    (var, slot), (value, held), (rate, gradient, indices) = _slots(x, source, 2)
    rows = weft.gather(held, indices) + weft.square(gradient)
    after = _at(value, indices, weft.gather(value, indices) - gradient * rate * weft.math.rsqrt(rows))
    with weft.control_dependencies([_written(x, source, "assign_variable", slot, _at(held, indices, rows))]):
        return _written(x, source, "assign_variable", var, after)


@steps("SparseApplyRMSProp")
def _rms_rows(x: Importer, source: Source) -> Any:
    held, (value, mean, moment), (rate, rho, momentum, epsilon, gradient, indices) = _slots(x, source, 3)
    means = weft.gather(mean, indices) * rho + weft.square(gradient) * (1 - rho)
    steps_ = weft.gather(moment, indices) * momentum + gradient * rate * weft.math.rsqrt(means + epsilon)
    before = [_written(x, source, "assign_variable", held[1], _at(mean, indices, means)),
              _written(x, source, "assign_variable", held[2], _at(moment, indices, steps_))]  # fmt: skip
    after = _at(value, indices, weft.gather(value, indices) - steps_)
    with weft.control_dependencies(before):
        return _written(x, source, "assign_variable", held[0], after)


@steps("SparseApplyProximalAdagrad")
def _proximal_adagrad_rows(x: Importer, source: Source) -> Any:
    (var, slot), (value, held), (rate, l1, l2, gradient, indices) = _slots(x, source, 2)
    rows = weft.gather(held, indices) + weft.square(gradient)
    own = rate * weft.math.rsqrt(rows)
    after = _at(value, indices, _shrunk(weft.gather(value, indices) - own * gradient, own, l1, l2))
    with weft.control_dependencies([_written(x, source, "assign_variable", slot, _at(held, indices, rows))]):
        return _written(x, source, "assign_variable", var, after)


@steps("SparseApplyAdagradDA")
def _adagrad_da_rows(x: Importer, source: Source) -> Any:
    held, (value, sums, spreads), (gradient, indices, rate, l1, l2, step) = _slots(x, source, 3)
    var, total, squares = held
    sum_rows, spread_rows = weft.gather(sums, indices) + gradient, weft.gather(spreads, indices) + weft.square(gradient)
    rows = _averaged(sum_rows, spread_rows, rate, l1, l2, step)
    changed = [_written(x, source, "assign_variable", total, _at(sums, indices, sum_rows)),
               _written(x, source, "assign_variable", squares, _at(spreads, indices, spread_rows))]  # fmt: skip
    with weft.control_dependencies(changed):
        return _written(x, source, "assign_variable", var, _at(value, indices, rows))


@steps("SparseApplyProximalGradientDescent")
def _proximal_rows(x: Importer, source: Source) -> Any:
    (var,), (value,), (rate, l1, l2, gradient, indices) = _slots(x, source, 1)
    moved = weft.gather(value, indices) - rate * gradient
    return _written(x, source, "assign_variable", var, _at(value, indices, _shrunk(moved, rate, l1, l2)))


@steps("SparseApplyAdadelta")
def _adadelta_rows(x: Importer, source: Source) -> Any:
    held, (value, squares, changes), (rate, rho, epsilon, gradient, indices) = _slots(x, source, 3)
    total = weft.gather(squares, indices) * rho + weft.square(gradient) * (1 - rho)
    before = weft.gather(changes, indices)
    step = weft.sqrt(before + epsilon) * weft.math.rsqrt(total + epsilon) * gradient
    moved = before * rho + weft.square(step) * (1 - rho)
    after = _at(value, indices, weft.gather(value, indices) - rate * step)
    slots = [_written(x, source, "assign_variable", held[1], _at(squares, indices, total)),
             _written(x, source, "assign_variable", held[2], _at(changes, indices, moved))]  # fmt: skip
    with weft.control_dependencies(slots):
        return _written(x, source, "assign_variable", held[0], after)


@steps("SparseApplyCenteredRMSProp")
def _centred_rows(x: Importer, source: Source) -> Any:
    held, (value, mean, square, moment), (rate, rho, momentum, epsilon, gradient, indices) = _slots(x, source, 4)
    squares = weft.gather(square, indices) * rho + weft.square(gradient) * (1 - rho)
    means = weft.gather(mean, indices) * rho + gradient * (1 - rho)
    scaled = gradient * rate * weft.math.rsqrt(squares - weft.square(means) + epsilon)
    step = weft.gather(moment, indices) * momentum + scaled
    slots = [_written(x, source, "assign_variable", held[1], _at(mean, indices, means)),
             _written(x, source, "assign_variable", held[2], _at(square, indices, squares)),
             _written(x, source, "assign_variable", held[3], _at(moment, indices, step))]  # fmt: skip
    after = _at(value, indices, weft.gather(value, indices) - step)
    with weft.control_dependencies(slots):
        return _written(x, source, "assign_variable", held[0], after)


@steps("SparseApplyFtrl", "SparseApplyFtrlV2")
def _ftrl_rows(x: Importer, source: Source) -> Any:
    held, (value, total, linear), (gradient, indices, rate, l1, l2, *rest) = _slots(x, source, 3)
    own, before, power = weft.gather(value, indices), weft.gather(total, indices), rest[-1]
    shrunk = gradient + 2 * rest[0] * own if source.op.endswith("V2") else gradient
    new = before + weft.square(gradient)
    lines = weft.gather(linear, indices) + shrunk - (weft.pow(new, -power) - weft.pow(before, -power)) / rate * own
    after = _at(value, indices, _ftrl_value(lines, new, rate, l1, l2, power))
    slots = [_written(x, source, "assign_variable", held[1], _at(total, indices, new)),
             _written(x, source, "assign_variable", held[2], _at(linear, indices, lines))]  # fmt: skip
    with weft.control_dependencies(slots):
        return _written(x, source, "assign_variable", held[0], after)
