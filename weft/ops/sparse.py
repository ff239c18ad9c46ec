"""Places of sparse tensors: their order, checks of it, sets of values in rows, distances between sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import need_rank, same_size, shape_of
from weft.ops.opdef import REQUIRED, Effect, OpDef, SpecError, case, nondifferentiable, register

_PLACES = (dtypes.int64,)
_NUMBERS_AND_TEXT = (*dtypes.INTEGERS, dtypes.string)
_INTEGERS = nondifferentiable("its results are integers")


def _order_spec(indices: TensorType) -> TensorType:
    need_rank(indices, 2, "indices")
    return TensorType((indices.shape[0] if indices.shape else None,), dtypes.int64)  # type: ignore[arg-type]


def _order(indices: Any) -> Any:
    if not indices.shape[1]:
        return np.arange(len(indices), dtype=np.int64)
    return np.lexsort(indices.T[::-1]).astype(np.int64)


register(
    OpDef(
        name="lexicographic_order",
        inputs=("indices",),
        spec=_order_spec,
        reference=_order,
        dtypes=(_PLACES,),
        vjp=_INTEGERS,
        doc="Which row comes first, second, … when rows of integers are sorted; equal ones stay in their order.",
        cases=(
            case(np.array([[2, 0], [0, 1], [0, 0], [2, 0]])),
            case(np.zeros((0, 2), np.int64)),
            case(np.array([[5], [3]])),
        ),
    )
)


def _ordered_spec(indices: TensorType, dense_shape: TensorType) -> TensorType:
    need_rank(indices, 2, "indices")
    need_rank(dense_shape, 1, "dense_shape")
    return indices


def _ordered(indices: Any, dense_shape: Any) -> Any:
    outside = ((indices < 0) | (indices >= dense_shape)).any(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(f"indices[{row}] = {_shown(indices[row])} is out of bounds: "
                         f"need 0 <= index < {_shown(dense_shape)}")  # fmt: skip
    steps = indices[1:] - indices[:-1]
    if steps.size:
        first = np.argmax(steps != 0, axis=1)
        rise = steps[np.arange(len(steps)), first]
        if (rise <= 0).any():
            row = int(np.argmax(rise <= 0)) + 1
            problem = "repeated" if rise[row - 1] == 0 else (
                "out of order. Many sparse ops require sorted indices. Use `tf.sparse.reorder` to create a correctly "
                "ordered copy.")  # fmt: skip
            raise ValueError(f"indices[{row}] = {_shown(indices[row])} is {problem}")
    return indices


def _shown(numbers: Any) -> str:
    return f"[{','.join(str(n) for n in numbers.tolist())}]"


register(
    OpDef(
        name="ordered_indices",
        inputs=("indices", "dense_shape"),
        spec=_ordered_spec,
        reference=_ordered,
        dtypes=(_PLACES, _PLACES),
        vjp=_INTEGERS,
        effect=Effect.CHECK,
        doc="The same places; raises InvalidArgumentError unless they lie in the shape, in order, each once.",
        cases=(
            case(np.array([[0, 1], [2, 0]]), np.array([3, 2])),
            case(np.zeros((0, 2), np.int64), np.array([3, 2])),
        ),
    )
)


# Sets ----------------------------------------------------------------------------------------------------------------


def _check_rows(values: TensorType, rows: TensorType, name: str, groups: TensorType) -> None:
    """Refuses values that have not a row each."""
    need_rank(values, 1, name)
    need_rank(rows, 1, f"{name}_rows")
    need_rank(groups, 0, "groups")
    if same_size(shape_of(values)[0], shape_of(rows)[0]) is None:
        raise SpecError(f"`{name}` has shape {shapes.show(values.shape)}, `{name}_rows` {shapes.show(rows.shape)}",
                        expected="one row for each value")  # fmt: skip


def _set_spec(
    a: TensorType, a_rows: TensorType, b: TensorType, b_rows: TensorType, groups: TensorType, *, operation: str
) -> tuple[TensorType, ...]:
    _check_rows(a, a_rows, "a", groups)
    _check_rows(b, b_rows, "b", groups)
    if operation not in _SETS:
        raise SpecError(f"there is no operation {operation!r}", expected=", ".join(_SETS))
    count = Dim.fresh("members")
    return TensorType((count,), a.dtype), TensorType((count,), dtypes.int64), TensorType((count,), dtypes.int64)


_SETS = {
    "intersection": lambda a, b: a & b,
    "union": lambda a, b: a | b,
    "difference": lambda a, b: a - b,
}


def _set_operation(
    a: Any, a_rows: Any, b: Any, b_rows: Any, groups: Any, operation: str
) -> tuple[Any, Any, Any]:
    sets: list[list[set[Any]]] = []
    for values, rows in ((a, a_rows), (b, b_rows)):
        made: list[set[Any]] = [set() for _ in range(int(groups))]
        for value, row in zip(values.tolist(), rows.tolist(), strict=True):
            made[row].add(value)
        sets.append(made)
    members: list[Any] = []
    rows_of: list[int] = []
    places: list[int] = []
    for row, (first, second) in enumerate(zip(*sets, strict=True)):
        kept = sorted(_SETS[operation](first, second))
        members += kept
        rows_of += [row] * len(kept)
        places += range(len(kept))
    made_values = np.empty(len(members), a.dtype)
    made_values[:] = members
    return made_values, np.array(rows_of, np.int64), np.array(places, np.int64)


register(
    OpDef(
        name="set_operation",
        inputs=("a", "a_rows", "b", "b_rows", "groups"),
        attrs={"operation": REQUIRED},
        spec=_set_spec,
        reference=_set_operation,
        dtypes=(_NUMBERS_AND_TEXT, _PLACES, _NUMBERS_AND_TEXT, _PLACES, _PLACES),
        same=(0, 2),
        vjp=_INTEGERS,
        outputs=("values", "rows", "places"),
        doc="The members, in order, of a set operation on the values of equal rows, with their rows and places there.",
        cases=tuple(
            case(np.array([3, 1, 1, 2]), np.array([0, 0, 0, 1]), np.array([1, 5, 2]), np.array([0, 0, 1]),
                 np.array(3), operation=name, dtypes=(dtypes.int32, dtypes.int64))  # fmt: skip
            for name in _SETS
        ),
    )
)


# Distances -----------------------------------------------------------------------------------------------------------


def _distance_spec(
    a: TensorType, a_rows: TensorType, b: TensorType, b_rows: TensorType, groups: TensorType, *, normalize: bool
) -> TensorType:
    _check_rows(a, a_rows, "a", groups)
    _check_rows(b, b_rows, "b", groups)
    return TensorType((Dim.fresh("sequences"),), dtypes.float32)


def _in_table(codes: Any, rows: Any, groups: int) -> tuple[Any, Any]:
    """The codes of each group as a row of a table, filled up, and how many they are."""
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    lengths = np.bincount(rows, minlength=groups)
    table = np.full((groups, int(lengths.max(initial=0))), -1, np.int64)
    table[rows, np.arange(len(rows)) - (np.cumsum(lengths) - lengths)[rows]] = codes[order]
    return table, lengths


def _edit_distance(a: Any, a_rows: Any, b: Any, b_rows: Any, groups: Any, normalize: bool) -> Any:
    """The distances of all groups at once: a row of each one's table at a time (Wagner and Fischer 1974)."""
    both, count = np.concatenate([a, b]), int(groups)
    if both.dtype == object:
        numbers = {value: number for number, value in enumerate(dict.fromkeys(both.tolist()))}
        codes = np.fromiter(map(numbers.__getitem__, both.tolist()), np.int64, len(both))
    else:
        codes = np.unique(both, return_inverse=True, equal_nan=False)[1].reshape(-1)
    inside = [(rows >= 0) & (rows < count) for rows in (a_rows, b_rows)]
    first, first_lengths = _in_table(codes[: len(a)][inside[0]], a_rows[inside[0]], count)
    second, second_lengths = _in_table(codes[len(a) :][inside[1]], b_rows[inside[1]], count)
    steps = np.arange(second.shape[1] + 1)
    row = np.repeat(steps[None], count, axis=0)
    for place in range(first.shape[1]):
        found = row + 1
        np.minimum(found[:, 1:], row[:, :-1] + (first[:, place, None] != second), out=found[:, 1:])
        found = np.minimum.accumulate(found - steps, axis=1) + steps  # what inserting gives, from the left on
        row = np.where((place < first_lengths)[:, None], found, row)
    distance = row[np.arange(count), second_lengths].astype(np.float64)
    if normalize:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = distance / second_lengths
        distance = np.where(second_lengths > 0, share, np.where(first_lengths > 0, np.inf, 0.0))
    return distance.astype(np.float32)


register(
    OpDef(
        name="edit_distance",
        inputs=("a", "a_rows", "b", "b_rows", "groups"),
        attrs={"normalize": True},
        spec=_distance_spec,
        reference=_edit_distance,
        dtypes=(dtypes.ALL, _PLACES, dtypes.ALL, _PLACES, _PLACES),
        same=(0, 2),
        vjp=_INTEGERS,
        doc="The Levenshtein distance between the sequences of each row, by the second's length where asked for.",
        cases=(
            case(np.array([3, 1, 1, 2]), np.array([0, 0, 0, 1]), np.array([1, 5, 2]), np.array([0, 0, 1]), np.array(3),
                 dtypes=(dtypes.int32, dtypes.int64)),
            case(np.array([3, 1]), np.array([0, 0]), np.array([1]), np.array([0]), np.array(1), normalize=False,
                 dtypes=(dtypes.int32, dtypes.int64)),
        ),  # fmt: skip
    )
)
