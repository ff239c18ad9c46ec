"""Diagonals of matrices, and bands around them.

Diagonal k of a matrix holds the elements whose column is k more than their row. Several diagonals, from k[0] to k[1],
come as one tensor `[..., diagonals, length]`, the highest first, the shorter ones padded to the length of the longest;
`align` says on which side the padding is: the first word for diagonals above the main one, the second for those below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.axes import same_shape, shape_of
from weft.ops.opdef import OpDef, SpecError, case, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape

_ALIGNS = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")
_ATTRS = {"k": (0, 0), "align": "RIGHT_LEFT"}


def _check_band(k: tuple[int, int], align: str, rows: Dimension | None = None, cols: Dimension | None = None) -> None:
    if align not in _ALIGNS:
        raise SpecError(f"align is {align!r}", expected=f"one of {', '.join(_ALIGNS)}")
    low, high = k
    if low > high:
        raise SpecError(f"k is {k}: the lower diagonal lies above the upper one")
    for diagonal in k:
        above = isinstance(cols, int) and diagonal >= max(cols, 1)
        below = isinstance(rows, int) and diagonal <= -max(rows, 1)
        if above or below:
            raise SpecError(f"k is {k}: diagonal {diagonal} lies outside a matrix of {shapes.show((rows, cols))}")  # type: ignore[arg-type]


def band_size(rows: Dimension, cols: Dimension, k: tuple[int, int]) -> Dimension:
    """The length of the longest diagonal of a band."""
    return dims.minimum(rows + min(k[1], 0), cols - max(k[0], 0))


def _band_shape(rows: Dimension, cols: Dimension, k: tuple[int, int]) -> Shape:
    length = band_size(rows, cols, k)
    return (length,) if k[0] == k[1] else (k[1] - k[0] + 1, length)


def _split(x: TensorType) -> tuple[Shape, Dimension, Dimension]:
    shape = shape_of(x)
    if len(shape) < 2:
        raise SpecError(f"shape {shapes.show(x.shape)} is no matrix", expected="at least two axes")
    return shape[:-2], shape[-2], shape[-1]


def band_places(rows: int, cols: int, k: tuple[int, int], align: str) -> tuple[Any, Any, Any, Any]:
    """For each element of the band: its row and column in the matrix, its row and column in the tensor of diagonals."""
    longest = int(band_size(rows, cols, k))  # type: ignore[arg-type]
    above, below = align.split("_")
    found: list[list[Any]] = [[], [], [], []]
    for place, diagonal in enumerate(range(k[1], k[0] - 1, -1)):
        length = max(min(rows + min(diagonal, 0), cols - max(diagonal, 0)), 0)
        left = (diagonal >= 0 and above == "LEFT") or (diagonal <= 0 and below == "LEFT")
        along = np.arange(length)
        found[0].append(along - min(diagonal, 0))
        found[1].append(along + max(diagonal, 0))
        found[2].append(np.full(length, place))
        found[3].append(along + (0 if left else longest - length))
    first, second, third, fourth = (np.concatenate(part) for part in found)
    return first, second, third, fourth


def _with_band(diagonal: Any, k: tuple[int, int]) -> Any:
    return diagonal[..., None, :] if k[0] == k[1] else diagonal


# Taking diagonals out ------------------------------------------------------------------------------------------------


def _part_spec(x: TensorType, *, k: tuple[int, int], align: str, padding_value: Any) -> TensorType:
    batch, rows, cols = _split(x)
    _check_band(k, align, rows, cols)
    return TensorType((*batch, *_band_shape(rows, cols, k)), x.dtype)


def _part(x: Any, k: tuple[int, int], align: str, padding_value: Any) -> Any:
    _refuse(k, align, x)
    rows, cols = x.shape[-2:]
    row, col, place, along = band_places(rows, cols, k, align)
    shape = (*x.shape[:-2], k[1] - k[0] + 1, band_size(rows, cols, k))
    result = np.full(shape, padding_value, x.dtype)
    result[..., place, along] = x[..., row, col]
    return result[..., 0, :] if k[0] == k[1] else result


def _refuse(k: tuple[int, int], align: str, x: Any) -> None:
    try:
        _check_band(k, align, *x.shape[-2:])
    except SpecError as error:  # sizes that were not known when the graph was built
        raise ValueError(error.problem) from None


def _band_attrs(node: Any) -> dict[str, Any]:
    return {"k": node.attrs["k"], "align": node.attrs["align"]}


register(
    OpDef(
        name="matrix_diag_part",
        inputs=("x",),
        attrs={**_ATTRS, "padding_value": 0},
        spec=_part_spec,
        reference=_part,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (b.matrix_set_diag(b.zeros_like(node.inputs[0]), ct, **_band_attrs(node)),),
        jvp=lambda b, node, t: (b.matrix_diag_part(t, **_band_attrs(node)),),
        doc="The diagonals k[0] to k[1] of matrices, the highest first, short ones padded; one alone without an axis.",
        cases=(
            case((2, 3, 4)),
            case((3, 4), k=(2, 2)),
            case((3, 4), k=(-2, 3)),
            case((4, 3), k=(-3, 1), align="LEFT_RIGHT", padding_value=9),
            case((3, 3), k=(-1, 2), align="LEFT_LEFT"),
            case((2, 3), k=(-1, 1), align="RIGHT_RIGHT"),
            case((0, 3)),
        ),
    )
)


# Putting them in -----------------------------------------------------------------------------------------------------


def _set_spec(x: TensorType, diagonal: TensorType, *, k: tuple[int, int], align: str) -> TensorType:
    batch, rows, cols = _split(x)
    _check_band(k, align, rows, cols)
    wanted = (*batch, *_band_shape(rows, cols, k))
    if same_shape(wanted, shape_of(diagonal)) is None:
        raise SpecError(f"`diagonal` has shape {shapes.show(diagonal.shape)}", expected=shapes.show(wanted))
    return x


def _set(x: Any, diagonal: Any, k: tuple[int, int], align: str) -> Any:
    _refuse(k, align, x)
    rows, cols = x.shape[-2:]
    row, col, place, along = band_places(rows, cols, k, align)
    result = x.copy()
    result[..., row, col] = _with_band(diagonal, k)[..., place, along]
    return result


def _set_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    diagonal = node.inputs[1]
    return (
        b.matrix_set_diag(ct, b.zeros_like(diagonal), **node.attrs) if node.needs[0] else None,
        b.matrix_diag_part(ct, **node.attrs) if node.needs[1] else None,
    )


register(
    OpDef(
        name="matrix_set_diag",
        inputs=("x", "diagonal"),
        attrs=_ATTRS,
        spec=_set_spec,
        reference=_set,
        dtypes=(dtypes.DENSE,),
        vjp=_set_vjp,
        jvp=lambda b, node, t, d: (b.matrix_set_diag(t, d, **node.attrs),),
        doc="Matrices with the diagonals k[0] to k[1] overwritten.",
        cases=(
            case((2, 3, 4), (2, 3)),
            case((3, 4), (2,), k=(2, 2)),
            case((3, 4), (6, 3), k=(-2, 3)),
            case((4, 3), (3, 3), k=(-1, 1), align="LEFT_RIGHT"),
        ),
    )
)


def _diag_spec(
    diagonal: TensorType,
    *,
    k: tuple[int, int],
    rows: Dimension | None,
    cols: Dimension | None,
    align: str,
    padding_value: Any,
) -> TensorType:
    _check_band(k, align)
    shape = shape_of(diagonal)
    axes = 1 if k[0] == k[1] else 2
    if len(shape) < axes:
        raise SpecError(f"`diagonal` has shape {shapes.show(diagonal.shape)}", expected=f"at least {axes} axes")
    if axes == 2 and isinstance(shape[-2], int) and shape[-2] != k[1] - k[0] + 1:
        raise SpecError(
            f"`diagonal` holds {shape[-2]} diagonals, k is {k}", expected=f"{k[1] - k[0] + 1} along axis -2"
        )
    height, width = matrix_size(shape[-1], k, rows, cols)
    return TensorType((*shape[:-axes], height, width), diagonal.dtype)


def matrix_size(
    length: Dimension, k: tuple[int, int], rows: Dimension | None, cols: Dimension | None
) -> tuple[Dimension, Dimension]:
    """The size of the matrix that diagonals of a length make: square where neither side is given."""
    least_rows, least_cols = length - min(k[1], 0), length + max(k[0], 0)
    if rows is None and cols is None:
        rows = cols = dims.maximum(least_rows, least_cols)
    rows = least_rows if rows is None else rows
    cols = least_cols if cols is None else cols
    known = all(isinstance(n, int) for n in (rows, cols, length))
    if known and band_size(rows, cols, k) != length:
        raise SpecError(f"diagonals {k} of a {rows} x {cols} matrix have length {band_size(rows, cols, k)}, received "
                        f"{length}", hint="leave rows and cols out to have them computed")  # fmt: skip
    return rows, cols


def _diag(diagonal: Any, k: tuple[int, int], rows: Any, cols: Any, align: str, padding_value: Any) -> Any:
    try:
        height, width = matrix_size(diagonal.shape[-1], k, rows, cols)
    except SpecError as error:
        raise ValueError(error.problem) from None
    band = _with_band(diagonal, k)
    return _set(np.full((*band.shape[:-2], height, width), padding_value, diagonal.dtype), diagonal, k, align)


register(
    OpDef(
        name="matrix_diag",
        inputs=("diagonal",),
        attrs={"k": (0, 0), "rows": None, "cols": None, "align": "RIGHT_LEFT", "padding_value": 0},
        spec=_diag_spec,
        reference=_diag,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (b.matrix_diag_part(ct, **_band_attrs(node)),),
        jvp=lambda b, node, t: (b.matrix_diag(t, **{**node.attrs, "padding_value": 0}),),
        doc="Matrices (square where no size is given) with these diagonals, and the padding value elsewhere.",
        cases=(
            case((2, 3)),
            case((3,), k=(1, 1)),
            case((3,), k=(1, 1), rows=3, cols=7, padding_value=2),
            case((2, 3), k=(-1, 0)),
            case((3, 2), k=(-1, 1), cols=3, align="LEFT_LEFT"),
            case((0,)),
        ),
    )
)


# Bands ---------------------------------------------------------------------------------------------------------------


def _in_band(rows: int, cols: int, lower: int, upper: int) -> Any:
    above = np.arange(cols)[None, :] - np.arange(rows)[:, None]
    inside = np.ones((rows, cols), np.bool_)
    if lower >= 0:
        inside &= above >= -lower
    if upper >= 0:
        inside &= above <= upper
    return inside


def _band_part_spec(x: TensorType, *, lower: int, upper: int) -> TensorType:
    _split(x)
    return x


def _band_part(x: Any, lower: int, upper: int) -> Any:
    rows, cols = x.shape[-2:]
    return np.where(_in_band(rows, cols, lower, upper), x, np.zeros((), x.dtype))


def _band_part_decompose(b: Any, x: Any, lower: int, upper: int) -> Any:
    size = b.shape(x)[-2:]
    above = b.subtract(b.iota(shape=size, axis=1), b.iota(shape=size, axis=0))
    zeros = b.zeros_like(x)
    if lower >= 0:
        x = b.select(b.greater_equal(above, -lower), x, zeros)
    return b.select(b.less_equal(above, upper), x, zeros) if upper >= 0 else b.identity(x)


register(
    OpDef(
        name="matrix_band_part",
        inputs=("x",),
        attrs={"lower": -1, "upper": -1},
        spec=_band_part_spec,
        reference=_band_part,
        decompose=_band_part_decompose,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (b.matrix_band_part(ct, **node.attrs),),
        jvp=lambda b, node, t: (b.matrix_band_part(t, **node.attrs),),
        doc="Matrices with zeros outside a band: so many diagonals below and above the main one, all where negative.",
        cases=(case((2, 3, 4), lower=-1, upper=0), case((4, 3), lower=1, upper=-1), case((3, 3), lower=0, upper=1),
               case((0, 3), lower=0, upper=0)),
    )
)  # fmt: skip


# Tensors of any rank -------------------------------------------------------------------------------------------------


def _tensor_diag(x: Any) -> Any:
    whole = np.zeros((x.size, x.size), x.dtype)
    np.fill_diagonal(whole, x.reshape(-1))
    return whole.reshape(x.shape * 2)


def _tensor_diag_part_spec(x: TensorType) -> TensorType:
    shape = shape_of(x)
    half = len(shape) // 2
    merged = same_shape(shape[:half], shape[half:]) if len(shape) % 2 == 0 else None
    if merged is None:
        raise SpecError(f"shape {shapes.show(x.shape)} is not one shape twice over",
                        expected="an even number of axes whose halves agree")  # fmt: skip
    return TensorType(merged, x.dtype)


def _tensor_diag_part(x: Any) -> Any:
    half = x.shape[: x.ndim // 2]
    count = int(np.prod(half, dtype=np.int64))
    return np.diagonal(x.reshape(count, count)).reshape(half)


register(
    OpDef(
        name="tensor_diag",
        inputs=("x",),
        spec=lambda x: TensorType(shape_of(x) * 2, x.dtype),
        reference=_tensor_diag,
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.tensor_diag_part(ct),),
        jvp=lambda b, node, t: (b.tensor_diag(t),),
        doc="A tensor of twice the rank with x where both halves of the position agree, and zeros elsewhere.",
        cases=(case((3,)), case((2, 2)), case(())),
    )
)

register(
    OpDef(
        name="tensor_diag_part",
        inputs=("x",),
        spec=_tensor_diag_part_spec,
        reference=_tensor_diag_part,
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.tensor_diag(ct),),
        jvp=lambda b, node, t: (b.tensor_diag_part(t),),
        doc="The elements at which both halves of the position agree; undoes `tensor_diag`.",
        cases=(case((3, 3)), case((2, 3, 2, 3))),
    )
)
