"""What the rarer of TensorFlow's operations on numbers, matrices and places are made of here, and gradients that its
graphs have as operations of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.compat.v1 import dropped_ops
from weft.compat.v1 import image as v1_image
from weft.compat.v1.graph_import import Importer, Source, handles
from weft.compat.v1.graph_import_media import calls
from weft.compat.v1.graph_import_network import _text, _windows
from weft.compat.v1.graph_import_rules import _alike, apply, of, sizes_at

for _name, _op in {
    "ComplexAbs": "abs", "Mod": "truncatemod", "Cross": "cross", "Xlog1py": "xlog1py", "Erfinv": "erfinv",
    "Ndtri": "ndtri", "BesselI0": "bessel_i0", "BesselI1": "bessel_i1", "BatchMatrixInverse": "inverse",
    "BatchCholesky": "cholesky", "BatchMatrixDeterminant": "det", "PopulationCount": "population_count",
    "Dawsn": "dawsn", "Expint": "expint", "FresnelCos": "fresnel_cos", "FresnelSin": "fresnel_sin", "Spence": "spence",
    "IgammaGradA": "igamma_grad_a", "RandomGammaGrad": "random_gamma_gradient",
}.items():  # fmt: skip
    handles(_name)(_alike(_op))
for _name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d"):
    _shown = _name.upper() if _name[0] == "f" else "I" + _name[1:].upper()
    handles(_shown, f"Batch{_shown}")(calls(getattr(weft.signal, _name)))
for _name in ("rfft", "rfft2d", "rfft3d", "irfft", "irfft2d", "irfft3d"):
    handles(_name.upper())(of(getattr(weft.signal, _name)))

handles("ClipByValue")(calls(weft.clip_by_value))
handles("ApproximateEqual")(calls(lambda a, b, tolerance: weft.abs(a - b) < tolerance,
                                  tolerance=("tolerance", 1e-5)))  # fmt: skip
handles("Angle")(calls(weft.math.angle))
handles("AccumulateNV2")(lambda x, s: weft.add_n(x.values(s)))
handles("Bincount")(lambda x, s: _bincount(x, s))
handles("Roll")(of(weft.roll))
handles("ListDiff")(calls(lambda a, b, kind=dtypes.int32: list(dropped_ops.setdiff1d(a, b, kind)), kind="out_idx"))
handles("UniqueWithCounts")(calls(lambda v, kind=dtypes.int32: list(weft.unique_with_counts(v, kind)), kind="out_idx"))
handles("UnravelIndex")(calls(dropped_ops.unravel_index))
handles("HistogramFixedWidth")(of(weft.histogram_fixed_width, "dtype"))
handles("NthElement")(calls(lambda v, n, reverse=False: apply("nth_element", v, n, reverse=reverse), reverse="reverse"))
handles("LowerBound")(calls(weft.searchsorted, out_type="out_type"))
handles("UpperBound")(calls(lambda a, v, out_type=dtypes.int32: weft.searchsorted(a, v, "right", out_type),
                            out_type="out_type"))  # fmt: skip
handles("Bucketize")(calls(lambda v, boundaries: weft.reshape(weft.searchsorted(
    weft.constant(boundaries, v.dtype), weft.reshape(v, [-1]), "right"), weft.shape(v)),
    boundaries="boundaries"))  # fmt: skip
handles("SpaceToBatch")(of(dropped_ops.space_to_batch, block_size="block_size"))
handles("BatchToSpace")(of(dropped_ops.batch_to_space, block_size="block_size"))
handles("ParallelConcat")(lambda x, s: weft.concat(x.values(s), 0))
handles("ConjugateTranspose")(calls(lambda v, perm: weft.math.conj(weft.transpose(v, perm))))
handles("DivNoNan")(_alike("divide_no_nan"))
handles("BatchMatMulV3")(calls(lambda a, b, adjoint_a=False, adjoint_b=False: weft.matmul(
    a, b, adjoint_a=adjoint_a, adjoint_b=adjoint_b), adjoint_a="adj_x", adjoint_b="adj_y"))  # fmt: skip
handles("SparseMatMul")(calls(weft.matmul, transpose_a="transpose_a", transpose_b="transpose_b"))
handles("Empty")(calls(lambda shape, dtype: weft.zeros(shape, dtype), dtype="dtype"))
handles("CumulativeLogsumexp")(of(weft.math.cumulative_logsumexp, "exclusive", "reverse"))
handles("Timestamp")(lambda x, s: weft.timestamp())
handles("TensorScatterMax")(of(weft.tensor_scatter_nd_max))
handles("TensorScatterMin")(of(weft.tensor_scatter_nd_min))
handles("ScatterNdNonAliasingAdd")(of(weft.tensor_scatter_nd_add))
handles("DenseBincount")(lambda x, s: _bincount(x, s, bool(s.attrs.get("binary_output"))))


def _bincount(x: Importer, source: Source, binary: bool = False) -> Any:
    values, asked, weights = x.values(source)
    size = weft.get_static_value(asked)
    if size is None:
        found = weft.math.bincount(values, weights if 0 not in weights.shape.as_list() else None, dtype=weights.dtype)
        return weft.pad(found, [[0, weft.maximum(asked - weft.size(found), 0)]])[:asked]
    size = int(size)
    weighted = 0 not in weights.shape.as_list()
    kind = weights.dtype
    axis = -1 if source.op == "DenseBincount" and values.shape.rank == 2 else None
    return weft.math.bincount(values, weights if weighted and not binary else None, size, size, kind, axis=axis,
                              binary_output=binary)  # fmt: skip


@handles("UniqueV2", "UniqueWithCountsV2")
def _unique(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    axis = [int(n) for n in np.ravel(x.static(source, 1))]  # none for a vector
    name = "unique" if source.op == "UniqueV2" else "unique_with_counts"
    return apply(name, value, dtype=source.attrs.get("out_idx") or dtypes.int32, axis=axis[0] if axis else None)


@handles("Reverse")
def _reverse(x: Importer, source: Source) -> Any:
    return weft.reverse(x.value(source.inputs[0]), np.flatnonzero(x.static(source, 1)).tolist())


@handles("Print")
def _print(x: Importer, source: Source) -> Any:
    from weft.compat.v1.flow import Print

    value, *data = x.values(source)
    return Print(value, data, _text(source.attrs.get("message")), source.attrs.get("first_n", -1),
                 source.attrs.get("summarize", 3))  # fmt: skip


@handles("PrintV2")
def _print_text(x: Importer, source: Source) -> Any:
    import sys

    stream = sys.stdout if _text(source.attrs.get("output_stream"), "stderr") == "stdout" else sys.stderr
    return [weft.print(x.value(source.inputs[0]), output_stream=stream)]


# Matrices -----------------------------------------------------------------------------------------------------------

handles("MatrixTriangularSolve", "BatchMatrixTriangularSolve")(calls(
    weft.linalg.triangular_solve, lower=("lower", True), adjoint="adjoint"))  # fmt: skip
handles("BatchMatrixSolve")(calls(weft.linalg.solve, adjoint="adjoint"))
handles("MatrixSolveLs")(calls(dropped_ops.matrix_solve_ls, fast=("fast", True)))
handles("SelfAdjointEigV2", "BatchSelfAdjointEigV2")(lambda x, s: list(weft.linalg.eigh(*x.values(s))))
handles("Eig")(lambda x, s: list(weft.linalg.eig(*x.values(s))))
handles("Qr")(calls(lambda v, full=False: list(weft.linalg.qr(v, full)), full="full_matrices"))
handles("Svd", "BatchSvd")(calls(lambda v, full=False, uv=True: list(
    weft.linalg.svd(v, full)) if uv else [weft.linalg.svd(v, compute_uv=False)],
    full="full_matrices", uv="compute_uv"))  # fmt: skip
handles("Lu")(lambda x, s: list(weft.linalg.lu(*x.values(s))))
handles("LogMatrixDeterminant")(lambda x, s: list(weft.linalg.slogdet(*x.values(s))))
handles("MatrixExponential")(lambda x, s: weft.linalg.expm(*x.values(s)))
handles("MatrixSquareRoot")(lambda x, s: weft.linalg.sqrtm(*x.values(s)))
handles("MatrixLogarithm")(lambda x, s: weft.linalg.logm(*x.values(s)))
handles("MatrixSetDiag", "BatchMatrixSetDiag")(calls(weft.linalg.set_diag))
handles("BatchMatrixDiag")(calls(weft.linalg.diag))
handles("BatchMatrixDiagPart")(calls(weft.linalg.diag_part))
handles("BatchMatrixBandPart")(of(weft.linalg.band_part))


def _diagonals(x: Importer, position: int, source: Source) -> Any:
    found = np.ravel(x.static(source, position)).tolist()
    return int(found[0]) if len(set(found)) == 1 else tuple(int(n) for n in found)


@handles("MatrixDiagV2", "MatrixDiagV3")
def _diag(x: Importer, source: Source) -> Any:
    rows, columns = (int(np.ravel(x.static(source, place))[0]) for place in (2, 3))
    align = _text(source.attrs.get("align"), "RIGHT_LEFT" if source.op.endswith("3") else "LEFT_LEFT")
    return weft.linalg.diag(x.value(source.inputs[0]), k=_diagonals(x, 1, source), num_rows=rows, num_cols=columns,
                            padding_value=x.static(source, 4)[()], align=align)  # fmt: skip


@handles("MatrixDiagPartV2", "MatrixDiagPartV3")
def _diag_part(x: Importer, source: Source) -> Any:
    align = _text(source.attrs.get("align"), "RIGHT_LEFT" if source.op.endswith("3") else "LEFT_LEFT")
    return weft.linalg.diag_part(x.value(source.inputs[0]), k=_diagonals(x, 1, source),
                                 padding_value=x.static(source, 2)[()], align=align)  # fmt: skip


@handles("MatrixSetDiagV2", "MatrixSetDiagV3")
def _set_diag(x: Importer, source: Source) -> Any:
    align = _text(source.attrs.get("align"), "RIGHT_LEFT" if source.op.endswith("3") else "LEFT_LEFT")
    matrix, diagonal, _ = x.values(source)
    return weft.linalg.set_diag(matrix, diagonal, k=_diagonals(x, 2, source), align=align)


# Gradients ----------------------------------------------------------------------------------------------------------


def _pulled_back(function: Callable[..., Any], values: Sequence[Any], gradient: Any, place: int = 0) -> Any:
    """The gradient of a function with respect to one of its operands."""
    with weft.GradientTape() as tape:
        tape.watch(values[place])
        found = function(*values)
    return tape.gradient(found, values[place], output_gradients=gradient)


@handles("LeakyReluGrad")
def _leaky(x: Importer, source: Source) -> Any:
    gradient, value = x.values(source)
    return weft.where(value > 0, gradient, gradient * source.attrs.get("alpha", 0.2))


@handles("SeluGrad")
def _selu(x: Importer, source: Source) -> Any:
    gradient, made = x.values(source)
    scale, whole = 1.0507009873554805, 1.7580993408473766  # of Klambauer et al. 2017
    return weft.where(made < 0, gradient * (made + whole), gradient * scale)


@handles("SoftsignGrad")
def _softsign(x: Importer, source: Source) -> Any:
    gradient, value = x.values(source)
    return gradient / weft.square(1 + weft.abs(value))


@handles("DepthwiseConv2dNativeBackpropInput")
def _depthwise_input(x: Importer, source: Source) -> Any:
    _, kernel, gradient = x.values(source)
    whole = weft.zeros(sizes_at(x, source, 0), gradient.dtype)
    return _pulled_back(lambda v, k: apply("depthwise_conv", v, k, **_windows(source, 2))[0], [whole, kernel], gradient)


@handles("DepthwiseConv2dNativeBackpropFilter")
def _depthwise_kernel(x: Importer, source: Source) -> Any:
    value, _, gradient = x.values(source)
    kernel = weft.zeros(sizes_at(x, source, 1), gradient.dtype)
    return _pulled_back(lambda v, k: apply("depthwise_conv", v, k, **_windows(source, 2))[0], [value, kernel], gradient,
                        1)  # fmt: skip


@handles("LRNGrad")
def _lrn(x: Importer, source: Source) -> Any:
    gradient, value, _ = x.values(source)
    held = {k: source.attrs[k] for k in ("depth_radius", "bias", "alpha", "beta") if k in source.attrs}
    return _pulled_back(lambda v: weft.nn.local_response_normalization(v, **held), [value], gradient)


@handles("MirrorPadGrad")
def _mirror(x: Importer, source: Source) -> Any:
    paddings = tuple((int(before), int(after)) for before, after in x.static(source, 1))
    return apply("mirror_pad_grad", x.value(source.inputs[0]), paddings=paddings,
                  mode=_text(source.attrs["mode"]).lower())  # fmt: skip


@handles("ResizeBilinearGrad", "ResizeBicubicGrad")
def _resized(x: Importer, source: Source) -> Any:
    gradient, value = x.values(source)
    function = v1_image.resize_bilinear if "Bilinear" in source.op else v1_image.resize_bicubic
    held = bool(source.attrs.get("align_corners")), None, bool(source.attrs.get("half_pixel_centers"))
    return _pulled_back(lambda v: function(v, weft.shape(gradient)[1:3], *held), [value], gradient)


@handles("ResizeNearestNeighborGrad")
def _resized_nearest(x: Importer, source: Source) -> Any:
    gradient = x.value(source.inputs[0])
    batch, channels = weft.shape(gradient)[:1], weft.shape(gradient)[3:]
    whole = weft.zeros(weft.concat([batch, x.value(source.inputs[1]), channels], 0), gradient.dtype)
    held = bool(source.attrs.get("align_corners")), None, bool(source.attrs.get("half_pixel_centers"))
    return _pulled_back(lambda v: v1_image.resize_nearest_neighbor(v, weft.shape(gradient)[1:3], *held), [whole],
                        gradient)  # fmt: skip


# Chance -------------------------------------------------------------------------------------------------------------

handles("StatelessRandomUniform")(calls(weft.random.stateless_uniform, dtype="dtype"))
handles("StatelessRandomNormal")(calls(weft.random.stateless_normal, dtype="dtype"))
handles("StatelessTruncatedNormal")(calls(weft.random.stateless_truncated_normal, dtype="dtype"))
for _name, _function in {"Uniform": weft.random.stateless_uniform, "Normal": weft.random.stateless_normal}.items():

    @handles(f"StatelessRandom{_name}V2")
    def _of_key(x: Importer, source: Source, function: Any = _function) -> Any:
        shape, key, *_ = x.values(source)
        return function(shape, key, dtype=source.attrs["dtype"])


@handles("StatelessRandomGetKeyCounter")
def _key(x: Importer, source: Source) -> Any:
    seed = x.value(source.inputs[0])
    return [seed, seed]  # only draws read them, which begin with the seed here


handles("StatelessRandomGetAlg")(lambda x, s: weft.constant(1))
handles("StatelessMultinomial")(calls(lambda logits, count, seed, dtype=dtypes.int64: weft.random.stateless_categorical(
    logits, count, seed, dtype), dtype="output_dtype"))  # fmt: skip
handles("StatelessRandomUniformInt")(calls(lambda shape, seed, low, high, dtype=dtypes.int32: (
    weft.random.stateless_uniform(shape, seed, low, high, dtype)), dtype="dtype"))  # fmt: skip

