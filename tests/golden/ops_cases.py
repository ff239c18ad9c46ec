"""The calls of `keras.ops` whose results are stored in keras_ops.npz: for the script that makes it and for the tests.

A case is the function's name, its arguments and its keywords. Arguments are arrays, plain numbers and texts;
`B` marks an array that is to be given as bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """One call."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class B(NamedTuple):
    """An array that is given as bfloat16."""

    array: np.ndarray


DTYPES = (
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
)
FEW = ("bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
FLOATS = ("float16", "bfloat16", "float32", "float64")

_BASE = np.array([[1, 2, 0, 1], [3, 1, 4, 2], [2, 1, 3, 1]])
_FLOATS = np.array([[0.5, -1.25, 2.0, -0.25], [1.5, 0.75, -3.0, 0.125], [-0.5, 2.5, 1.0, -2.0]])


def values(dtype: str, shape: tuple[int, ...] = (3, 4), kind: int = 0) -> Any:
    """An array of a dtype: small numbers, negative ones and fractions where the dtype has them."""
    count = int(np.prod(shape))
    if "float" in dtype:
        found = np.resize(np.roll(_FLOATS.ravel(), kind), count).reshape(shape)
    else:
        found = np.resize(np.roll(_BASE.ravel(), kind), count).reshape(shape)
        if dtype.startswith("int"):
            found = np.where(np.arange(count).reshape(shape) % 5 == 4, -found, found)
    if dtype == "bool":
        return found > 1
    return B(found.astype(np.float32)) if dtype == "bfloat16" else found.astype(dtype)


def f32(*shape: int, kind: int = 0) -> Any:
    """A float32 array."""
    return values("float32", shape, kind)


def i32(*shape: int, kind: int = 0) -> Any:
    """An int32 array."""
    return values("int32", shape, kind)


_UNARY = """abs absolute negative sign conj conjugate real imag angle trunc ceil floor square sqrt cbrt reciprocal exp
exp2 expm1 log log10 log1p log2 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh sinc deg2rad
rad2deg i0 fabs isfinite isinf isnan isneginf isposinf isreal signbit logical_not bitwise_not bitwise_invert erf erfc
erfinv rsqrt round nan_to_num relu relu6 sigmoid silu swish hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid selu
softplus softsign sparse_plus sparse_sigmoid tanh_shrink leaky_relu elu celu gelu glu hard_shrink soft_shrink squareplus
softmax log_softmax sparsemax sum mean var std prod max min amax amin ptp all any median average count_nonzero argmax
argmin cumsum cumprod logsumexp nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian nanargmax nanargmin
nancumsum nancumprod sort argsort unique nonzero diag diagonal trace tril triu flip fliplr flipud ravel transpose
squeeze diff normalize norm layer_normalization rms_normalization zeros_like ones_like empty_like copy array size ndim
stop_gradient view view_as_real""".split()

_BINARY = """add subtract multiply divide true_divide divide_no_nan power maximum minimum fmax fmin arctan2 logaddexp
logaddexp2 hypot heaviside equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor
bitwise_and bitwise_or bitwise_xor left_shift right_shift bitwise_left_shift bitwise_right_shift isclose allclose append
outer kron dot inner vdot matmul tensordot isin nextafter gcd lcm""".split()

_MIXED = [
    ("int32", "float32"),
    ("int8", "uint8"),
    ("int32", "int64"),
    ("float16", "bfloat16"),
    ("float16", "int64"),
    ("float32", "float64"),
    ("bool", "float16"),
    ("bool", "int32"),
    ("uint32", "int32"),
    ("bfloat16", "float32"),
]


def every() -> Iterator[Case]:
    """All cases, in order."""
    for name in _UNARY:
        for dtype in DTYPES if name in ("sum", "cumsum", "abs", "exp", "mean", "max") else FEW:
            yield Case(name, (values(dtype),), {})
    yield from _binary()
    yield from _reductions()
    yield from _shapes()
    yield from _lookups()
    yield from _creation()
    yield from _matrices()
    yield from _network()
    yield from _signals()
    yield from _images()


def _binary() -> Iterator[Case]:
    for name in _BINARY:
        square = (3, 3) if name in ("matmul", "dot", "tensordot", "inner", "vdot") else (3, 4)
        for dtype in FEW:
            yield Case(name, (values(dtype, square), values(dtype, square, 3)), {})
        for first, second in _MIXED:
            yield Case(name, (values(first, square), values(second, square, 5)), {})
        if name in ("append", "outer", "kron", "dot", "inner", "vdot", "matmul", "tensordot", "gcd", "lcm"):
            continue
        for dtype, number in (
            ("int32", 2),
            ("int8", 2),
            ("int32", 1.5),
            ("float16", 1.5),
            ("bfloat16", 2),
            ("bool", 2),
            ("float32", True),
        ):
            yield Case(name, (values(dtype), number), {})
    for name in ("mod", "fmod", "floor_divide"):
        for dtype in ("int32", "uint8", "float16", "bfloat16", "float32"):
            yield Case(
                name, (values(dtype), np.abs(_BASE[:1] + 1).astype("int32" if "int" in dtype else "float32")), {}
            )
        yield Case(name, (f32(3, 4), 1.5), {})
        yield Case(name, (i32(3, 4), 3), {})
    yield Case("ldexp", (f32(3), np.array([1, 2, -3])), {})
    yield Case("cross", (f32(4, 3), f32(4, 3, kind=2)), {})
    yield Case("cross", (f32(4, 2), f32(4, 3, kind=2)), {})
    yield Case("cross", (f32(4, 2), f32(4, 2, kind=2)), {})
    yield Case("clip", (f32(3, 4), -1.0, 1.0), {})
    yield Case("clip", (i32(3, 4), 0, 2), {})
    yield Case("clip", (values("bool"), 0, 1), {})
    for decimals in (-1, 1, 2):
        yield Case("round", (f32(3, 4) * 10.37,), {"decimals": decimals})
        yield Case("round", (i32(3, 4) * 7,), {"decimals": decimals})
    spoilt = np.array([1.0, np.nan, np.inf, -np.inf, -0.0, 0.0], np.float32)
    for name in (
        "isnan",
        "isinf",
        "isfinite",
        "isposinf",
        "isneginf",
        "signbit",
        "nan_to_num",
        "sort",
        "nansum",
        "nanmean",
        "nanmax",
        "nanargmax",
        "nancumsum",
        "nanmedian",
        "nanprod",
        "sign",
        "trunc",
        "max",
    ):
        yield Case(name, (spoilt,), {})
    yield Case("nan_to_num", (spoilt,), {"nan": 1.0, "posinf": 2.0, "neginf": -2.0})
    yield Case("isclose", (spoilt, spoilt), {"equal_nan": True})
    yield Case("isclose", (spoilt, spoilt), {})
    yield Case("fmax", (spoilt, spoilt[::-1].copy()), {})
    yield Case("polar", (np.abs(f32(3)), f32(3, kind=1)), {})
    yield Case("angle", (np.array([1 + 2j, -1j, -3], np.complex64),), {})
    for name in ("real", "imag", "conj", "abs", "exp", "add"):
        args = (np.array([1 + 2j, -1j, -3], np.complex64),)
        yield Case(name, args * (2 if name == "add" else 1), {})
    yield Case("view_as_complex", (f32(3, 2),), {})
    yield Case("view_as_real", (np.array([1 + 2j, -1j], np.complex64),), {})
    yield Case("view", (f32(3),), {"dtype": "uint8"})
    yield Case("view", (values("int16", (4,)),), {"dtype": "int32"})
    yield Case("saturate_cast", (np.array([300.7, -3.2, 5.5], np.float32),), {"dtype": "uint8"})
    for dtype in ("int32", "float16", "bool", "bfloat16"):
        yield Case("cast", (f32(3, 4), dtype), {})
    yield Case("isin", (i32(3, 4), np.array([1, 3])), {"invert": True})


def _reductions() -> Iterator[Case]:
    for name in (
        "sum",
        "mean",
        "max",
        "min",
        "prod",
        "std",
        "var",
        "any",
        "all",
        "ptp",
        "nansum",
        "nanmean",
        "nanmax",
        "nanvar",
        "nanstd",
        "nanmin",
        "nanprod",
        "median",
        "nanmedian",
        "logsumexp",
        "amax",
        "amin",
    ):
        yield Case(name, (f32(2, 3, 4),), {"axis": 1})
        yield Case(name, (f32(2, 3, 4),), {"axis": (0, -1), "keepdims": True})
        yield Case(name, (f32(2, 3, 4),), {"keepdims": True})
    for name in ("argmax", "argmin", "nanargmax", "nanargmin"):
        yield Case(name, (f32(2, 3, 4),), {"axis": -1})
        yield Case(name, (f32(2, 3, 4),), {"axis": 1, "keepdims": True})
        yield Case(name, (f32(2, 3, 4),), {"keepdims": True})
    for name in ("cumsum", "cumprod", "nancumsum", "sort", "argsort"):
        yield Case(name, (f32(2, 3, 4),), {"axis": 1})
    yield Case("sort", (f32(3, 4),), {"axis": None})
    yield Case("cumsum", (i32(3, 4),), {"dtype": "float32"})
    yield Case("prod", (i32(3, 4),), {"dtype": "float32"})
    yield Case("max", (f32(3, 4),), {"initial": 2.2})
    yield Case("min", (f32(3, 4),), {"axis": 0, "initial": -0.3})
    yield Case("average", (f32(3, 4),), {"axis": 1, "weights": np.array([1.0, 2.0, 0.5, 0.0], np.float32)})
    yield Case("average", (i32(3, 4),), {"weights": np.abs(f32(3, 4))})
    yield Case("count_nonzero", (i32(3, 4),), {"axis": 1})
    for name in ("quantile", "nanquantile"):
        for method in ("linear", "lower", "higher", "midpoint", "nearest"):
            yield Case(name, (f32(3, 4), 0.4), {"axis": 1, "method": method})
        yield Case(name, (f32(3, 4), np.array([0.1, 0.5, 0.9], np.float32)), {"axis": 0, "keepdims": True})
        yield Case(name, (i32(3, 4), 0.3), {})
    yield Case("percentile", (f32(3, 4), 30.0), {"axis": 1})
    yield Case("nanpercentile", (f32(3, 4), 30.0), {"axis": 1})
    yield Case("trapezoid", (f32(3, 4),), {})
    yield Case("trapezoid", (f32(3, 4),), {"dx": 0.5, "axis": 0})
    yield Case("trapezoid", (f32(3, 4),), {"x": np.array([0.0, 1.0, 3.0, 4.0], np.float32)})
    for dtype in FLOATS:
        yield Case("moments", (values(dtype),), {"axes": [1]})
    yield Case("moments", (f32(2, 3, 4),), {"axes": [0, 2], "keepdims": True})
    for order in (None, 1, 2, 3, np.inf, -np.inf, 0):
        yield Case("norm", (f32(3, 4),), {"ord": order, "axis": 1})
    for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        yield Case("norm", (f32(3, 4),), {"ord": order, "axis": (0, 1)})
    yield Case("norm", (f32(2, 3, 4),), {"axis": (1, 2), "keepdims": True})
    yield Case("normalize", (f32(3, 4),), {"axis": 0, "order": 1})
    yield Case("softmax", (f32(2, 3, 4),), {"axis": (1, 2)})
    yield Case("log_softmax", (f32(2, 3, 4),), {"axis": 1})
    for name, key in (("segment_sum", 4), ("segment_max", 3), ("segment_min", None), ("segment_prod", 3)):
        yield Case(name, (f32(4, 2), np.array([0, 2, 1, 0], np.int32)), {"num_segments": key})
        yield Case(name, (np.abs(i32(4)), np.array([0, 1, 1, 0], np.int32)), {})


def _shapes() -> Iterator[Case]:
    x = f32(2, 3, 4)
    for function, args, kwargs in (
        ("reshape", (x, (4, -1)), {}),
        ("reshape", (x, -1), {}),
        ("transpose", (x,), {"axes": (2, 0, 1)}),
        ("squeeze", (f32(1, 3, 1),), {"axis": 0}),
        ("squeeze", (f32(1, 3, 1),), {}),
        ("expand_dims", (x, -1), {}),
        ("expand_dims", (x, (0, 2)), {}),
        ("moveaxis", (x, 0, -1), {}),
        ("moveaxis", (x, (0, 1), (2, 0)), {}),
        ("swapaxes", (x, 0, 2), {}),
        ("flip", (x,), {"axis": (0, 2)}),
        ("roll", (x, 2), {}),
        ("roll", (x, 1), {"axis": 1}),
        ("roll", (x, (1, -2)), {"axis": (0, 2)}),
        ("rot90", (x,), {}),
        ("rot90", (x,), {"k": 2}),
        ("rot90", (x,), {"k": 3, "axes": (1, 2)}),
        ("rot90", (x,), {"k": -3}),
        ("tile", (f32(2, 3), 2), {}),
        ("tile", (f32(2, 3), (2, 1)), {}),
        ("tile", (f32(3), (2, 2)), {}),
        ("repeat", (f32(2, 3), 2), {}),
        ("repeat", (f32(2, 3), 2), {"axis": 1}),
        ("repeat", (f32(2, 3), np.array([1, 2])), {"axis": 0}),
        ("broadcast_to", (f32(3), (2, 3)), {}),
        ("pad", (f32(2, 3), 1), {}),
        ("pad", (f32(2, 3), ((1, 0), (2, 1))), {}),
        ("pad", (f32(2, 3), 1), {"mode": "reflect"}),
        ("pad", (f32(2, 3), (1, 1)), {"mode": "symmetric"}),
        ("pad", (f32(2, 3), 1), {"constant_values": 3}),
        ("concatenate", ([f32(2, 3), i32(2, 3)],), {"axis": 1}),
        ("concatenate", ([f32(2, 3), f32(2, 3, kind=1)],), {"axis": None}),
        ("stack", ([f32(2, 3), i32(2, 3)],), {"axis": 1}),
        ("hstack", ([f32(3), i32(2)],), {}),
        ("hstack", ([f32(2, 3), f32(2, 1)],), {}),
        ("vstack", ([f32(3), f32(3)],), {}),
        ("dstack", ([f32(2, 3), f32(2, 3)],), {}),
        ("append", (f32(2, 3), i32(1, 3)), {"axis": 0}),
        ("split", (f32(4, 3), 2), {}),
        ("split", (f32(4, 3), [1, 3]), {}),
        ("split", (f32(2, 6), 3), {"axis": 1}),
        ("array_split", (f32(5, 3), 2), {}),
        ("hsplit", (f32(2, 4), 2), {}),
        ("vsplit", (f32(4, 2), 2), {}),
        ("dsplit", (f32(2, 2, 4), 2), {}),
        ("unstack", (f32(3, 2),), {"axis": 1}),
        ("diag", (f32(3),), {"k": 1}),
        ("diag", (i32(3),), {"k": -2}),
        ("diag", (f32(3, 4),), {"k": 1}),
        ("diagflat", (f32(2, 2),), {}),
        ("diagonal", (x,), {"offset": 1, "axis1": 1, "axis2": 2}),
        ("diagonal", (x,), {"offset": -1}),
        ("trace", (x,), {"offset": 1, "axis1": 0, "axis2": 2}),
        ("tril", (x,), {"k": 1}),
        ("triu", (x,), {"k": -1}),
        ("diff", (f32(3, 4),), {"n": 2}),
        ("diff", (f32(3, 4),), {"axis": 0}),
        ("rearrange", (f32(2, 6), "a (b c) -> b a c"), {"b": 3}),
        ("rearrange", (x, "a b c -> (c a) b"), {}),
        ("get_item", (x, (0, slice(1, 3))), {}),
    ):
        yield Case(function, args, kwargs)


def _lookups() -> Iterator[Case]:
    x = f32(3, 4)
    for function, args, kwargs in (
        ("take", (x, np.array([0, -1, 5])), {}),
        ("take", (x, np.array([[0, -1], [2, 1]])), {"axis": 1}),
        ("take", (x, 2), {"axis": 0}),
        ("take_along_axis", (x, np.array([[0, -1], [2, 1], [3, 3]])), {"axis": 1}),
        ("take_along_axis", (x, np.array([[0, 1, 2, 0]])), {"axis": 0}),
        ("take_along_axis", (x, np.array([0, 7])), {}),
        ("where", (x > 0, x, 0), {}),
        ("where", (x > 0, i32(3, 4), 1.5), {}),
        ("where", (i32(3, 4),), {}),
        ("where", (x > 0, f32(1, 4), i32(3, 1)), {}),
        ("select", ([x > 1, x < 0], [x, i32(3, 4)]), {"default": 7}),
        ("argpartition", (f32(6), 2), {}),
        ("searchsorted", (np.array([1.0, 2.0, 3.0], np.float32), x), {}),
        ("searchsorted", (np.array([1, 2, 3]), np.array([2, 3, 4])), {"side": "right"}),
        ("digitize", (x, np.array([0.0, 1.0, 2.0], np.float32)), {}),
        ("top_k", (x, 2), {}),
        ("in_top_k", (np.array([1, 0, 2]), x, 2), {}),
        ("unique", (i32(6),), {"sorted": False}),
        ("unique", (i32(6),), {"return_inverse": True, "return_counts": True}),
        ("unique", (i32(6),), {"return_index": True, "return_inverse": True, "return_counts": True, "size": 8}),
        ("unique", (i32(6),), {"size": 2, "return_counts": True}),
        ("unique", (i32(6),), {"size": 7, "fill_value": 9}),
        ("unique", (np.array([[3, 1], [0, 2], [3, 1]]),), {"axis": 0}),
        ("bincount", (np.array([1, 2, 2, 5]),), {}),
        ("bincount", (np.array([[1, 2], [2, 2]]),), {"minlength": 5}),
        ("bincount", (np.array([1, 2, 2]),), {"weights": np.array([0.5, 1.0, 2.0], np.float32)}),
        ("histogram", (x,), {"bins": 4}),
        ("histogram", (x,), {"bins": 3, "range": (-1.0, 1.0)}),
        ("histogram", (np.array([1, 2, 2, 5]),), {"bins": 3}),
        ("unravel_index", (np.array([5, 2]), (2, 3)), {}),
        ("one_hot", (np.array([0, 2, -1]), 3), {}),
        ("one_hot", (np.array([[0, 2]]), 3), {"axis": 0, "dtype": "int32"}),
        ("multi_hot", (np.array([[0, 2], [1, 1]]),), {"num_classes": 4}),
        ("multi_hot", (np.array([0, 2]), 3), {}),
        ("slice", (x, (1, 0), (2, 3)), {}),
        ("slice_update", (x, (1, 1), f32(2, 2) * 0), {}),
        ("scatter", (np.array([[0, 1], [2, 2], [0, 1]]), f32(3), (3, 4)), {}),
        ("scatter_update", (x, np.array([[0, 1], [2, 3]]), np.array([5.0, 6.0], np.float32)), {}),
        *(
            ("scatter_update", (x, np.array([[0, 1], [2, 3]]), np.array([5.0, 6.0], np.float32)), {"reduction": how})
            for how in ("add", "max", "min", "mul")
        ),
    ):
        yield Case(function, args, kwargs)


def _creation() -> Iterator[Case]:
    for function, args, kwargs in (
        ("zeros", ((2, 3),), {}),
        ("ones", ((2, 3),), {"dtype": "int32"}),
        ("empty", (3,), {}),
        ("full", ((2,), 3), {}),
        ("full", ((2,), 3), {"dtype": "int8"}),
        ("full_like", (i32(2), 2), {}),
        ("full_like", (i32(2), 2.5), {"dtype": "float16"}),
        ("arange", (3,), {}),
        ("arange", (3.0,), {}),
        ("arange", (1, 3, 0.5), {}),
        ("arange", (5, 0, -2), {}),
        ("arange", (4,), {"dtype": "uint8"}),
        ("arange", (0, 1, 0.25), {"dtype": "bfloat16"}),
        ("arange", (2,), {"dtype": "float64"}),
        ("eye", (3,), {}),
        ("eye", (2, 4), {"k": 1, "dtype": "int32"}),
        ("eye", (3, 2), {"k": -1}),
        ("identity", (2,), {}),
        ("tri", (3,), {}),
        ("tri", (2, 4), {"k": 1, "dtype": "bool"}),
        ("linspace", (0, 3, 4), {}),
        ("linspace", (0, 3, 4), {"endpoint": False, "retstep": True}),
        ("linspace", (0, 3, 4), {"dtype": "int32"}),
        ("linspace", (f32(3), f32(3, kind=1), 4), {"axis": -1}),
        ("linspace", (2.0, 5.0, 1), {}),
        ("logspace", (0, 2, 5), {}),
        ("logspace", (0, 2, 3), {"base": 2, "endpoint": False}),
        ("geomspace", (1, 8, 4), {}),
        ("geomspace", (1.0, 0.125, 4), {"endpoint": False}),
        ("vander", (f32(3),), {}),
        ("vander", (f32(3), 2), {"increasing": True}),
        *((name, (n,), {}) for name in ("bartlett", "blackman", "hamming", "hanning") for n in (1, 6)),
        ("kaiser", (6, 3.0), {}),
        ("meshgrid", (f32(3), f32(2)), {}),
        ("meshgrid", (f32(3), i32(2)), {"indexing": "ij"}),
        ("convert_to_tensor", ([1.5, 2.0],), {}),
        ("convert_to_tensor", ([1, 2],), {}),
        ("convert_to_tensor", ([True],), {"dtype": "float16"}),
        ("convert_to_numpy", (f32(2),), {}),
        ("shape", (f32(2, 3),), {}),
        ("ndim", (f32(2, 3),), {}),
        ("size", (f32(2, 3),), {}),
    ):
        yield Case(function, args, kwargs)


def _matrices() -> Iterator[Case]:
    m = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]], np.float32)
    pair = np.stack([m, m + np.eye(3, dtype=np.float32)])
    tall = f32(4, 3)
    for function, args, kwargs in (
        ("cholesky", (pair,), {}),
        ("cholesky", (m,), {"upper": True}),
        ("cholesky_inverse", (np.linalg.cholesky(m),), {}),
        ("cholesky_inverse", (np.linalg.cholesky(m).T.copy(),), {"upper": True}),
        ("det", (pair,), {}),
        ("slogdet", (pair,), {}),
        ("logdet", (pair,), {}),
        ("inv", (pair,), {}),
        ("pinv", (tall,), {}),
        ("eigh", (m,), {}),
        ("lu_factor", (m,), {}),
        ("qr", (tall,), {}),
        ("qr", (tall,), {"mode": "complete"}),
        ("svd", (tall,), {"compute_uv": False}),
        ("matrix_rank", (pair,), {}),
        ("matrix_rank", (m,), {"tol": 3.0}),
        ("solve", (pair, f32(2, 3, 2)), {}),
        ("solve", (m, f32(3)), {}),
        ("solve_triangular", (np.triu(m), f32(3, 2)), {}),
        ("solve_triangular", (np.tril(m), f32(3)), {"lower": True}),
        ("lstsq", (tall, f32(4)), {}),
        ("lstsq", (tall, f32(4, 2)), {}),
        ("matmul", (f32(2, 3, 4), f32(4, 5)), {}),
        ("matmul", (f32(3), f32(3, 2)), {}),
        ("matmul", (f32(2, 3), f32(3)), {}),
        ("matmul", (f32(3), f32(3)), {}),
        ("matmul", (i32(2, 3), f32(3, 2)), {}),
        ("dot", (f32(2, 3), f32(4, 3, 2)), {}),
        ("dot", (f32(3), f32(3)), {}),
        ("dot", (f32(2, 3), 2.0), {}),
        ("inner", (f32(2, 3), f32(4, 3)), {}),
        ("outer", (f32(3), i32(2)), {}),
        ("kron", (f32(2, 2), f32(3)), {}),
        ("tensordot", (f32(2, 3, 4), f32(4, 3, 2)), {"axes": ([1, 2], [1, 0])}),
        ("tensordot", (f32(2, 3), f32(2)), {"axes": 0}),
        ("einsum", ("ij,jk->ik", f32(2, 3), f32(3, 4)), {}),
        ("einsum", ("bij->b", f32(2, 3, 4)), {}),
        ("einsum", ("ij,ij->i", i32(2, 3), i32(2, 3)), {}),
        ("einsum", ("ii", values("int8", (3, 3))), {}),
        ("cdist", (f32(3, 2), f32(4, 2)), {}),
        ("corrcoef", (f32(3, 4),), {}),
        ("corrcoef", (f32(5),), {}),
        *(("correlate", (f32(5), f32(3, kind=1)), {"mode": mode}) for mode in ("valid", "same", "full")),
        *(("correlate", (f32(3), f32(5, kind=1)), {"mode": mode}) for mode in ("valid", "same", "full")),
        ("correlate", (i32(4), i32(2)), {}),
    ):
        yield Case(function, args, kwargs)


def _network() -> Iterator[Case]:
    image, row, volume = f32(2, 6, 5, 4), f32(2, 7, 3), f32(1, 3, 4, 3, 2)
    for function, args, kwargs in (
        ("max_pool", (image, 2), {"strides": 1, "padding": "same"}),
        ("max_pool", (row, 2), {}),
        ("max_pool", (volume, 2), {}),
        ("average_pool", (image, (2, 3)), {}),
        ("average_pool", (image, 2), {"strides": 1, "padding": "same"}),
        ("average_pool", (row, 2), {}),
        ("adaptive_average_pool", (image, (3, 2)), {}),
        ("adaptive_max_pool", (image, 2), {}),
        ("adaptive_max_pool", (row, 3), {}),
        ("conv", (image, f32(3, 2, 4, 5)), {}),
        ("conv", (image, f32(3, 3, 4, 2)), {"strides": 2, "padding": "same"}),
        ("conv", (image, f32(3, 3, 4, 2)), {"dilation_rate": 2, "padding": "same"}),
        ("conv", (row, f32(3, 3, 2)), {}),
        ("conv", (volume, f32(2, 2, 2, 2, 3)), {}),
        ("conv", (image, f32(3, 3, 2, 4)), {}),
        ("depthwise_conv", (image, f32(3, 3, 4, 2)), {}),
        ("depthwise_conv", (image, f32(3, 3, 4, 1)), {"strides": 2, "padding": "same"}),
        ("depthwise_conv", (row, f32(3, 3, 2)), {}),
        ("separable_conv", (image, f32(3, 3, 4, 2), f32(1, 1, 8, 3)), {}),
        ("conv_transpose", (image, f32(3, 3, 2, 4)), {"strides": 2}),
        ("conv_transpose", (image, f32(3, 3, 2, 4)), {"strides": 2, "padding": "same"}),
        ("conv_transpose", (image, f32(3, 3, 2, 4)), {"strides": 2, "output_padding": 1}),
        ("conv_transpose", (row, f32(3, 2, 3)), {"strides": 2}),
        ("depth_to_space", (image, 2), {}),
        ("space_to_depth", (f32(2, 4, 6, 3), 2), {}),
        ("unfold", (f32(2, 3, 5, 4), 2), {}),
        ("unfold", (f32(2, 3, 5, 6), (2, 3)), {"padding": 1, "stride": 2, "dilation": (2, 1)}),
        ("fold", (f32(2, 12, 12), (5, 4), 2), {}),
        ("fold", (f32(2, 12, 9), (6, 6), 2), {"stride": 2}),
        ("fold", (f32(2, 8, 9), (4, 4), 2), {"stride": 2, "padding": 1}),
        ("batch_normalization", (f32(3, 4), f32(4), np.abs(f32(4)), -1), {}),
        (
            "batch_normalization",
            (f32(2, 3, 4), f32(3), np.abs(f32(3)), 1),
            {"offset": f32(3, kind=1), "scale": f32(3, kind=2), "epsilon": 0.1},
        ),
        ("batch_normalization", (values("float16"), f32(4), np.abs(f32(4)), -1), {}),
        ("layer_normalization", (f32(2, 3, 4),), {"gamma": f32(4), "beta": f32(4, kind=1)}),
        ("layer_normalization", (f32(2, 3, 4),), {"axis": (1, 2), "epsilon": 0.1}),
        ("rms_normalization", (f32(2, 3, 4),), {"scale": f32(4), "epsilon": 0.1}),
        ("rms_normalization", (f32(2, 3, 4),), {"axis": (1, 2)}),
        ("binary_crossentropy", (values("float32", (4,)) > 0, np.array([0.2, 0.9, 0.0, 0.5], np.float32)), {}),
        ("binary_crossentropy", (np.array([0.0, 1.0, 1.0], np.float32), f32(3)), {"from_logits": True}),
        ("categorical_crossentropy", (np.eye(3, 4, dtype=np.float32), np.abs(f32(3, 4)) / 9), {}),
        ("categorical_crossentropy", (np.eye(3, 4, dtype=np.float32), f32(3, 4)), {"from_logits": True}),
        ("sparse_categorical_crossentropy", (np.array([0, 3, 1]), np.abs(f32(3, 4)) / 9), {}),
        ("sparse_categorical_crossentropy", (np.array([[0], [3], [1]]), f32(3, 4)), {"from_logits": True}),
        (
            "ctc_loss",
            (
                np.array([[1, 2, 0], [3, 3, 1]], np.int32),
                f32(2, 7, 4),
                np.array([2, 3], np.int32),
                np.array([7, 6], np.int32),
            ),
            {},
        ),
        ("ctc_decode", (f32(2, 7, 4), np.array([7, 5], np.int32)), {}),
        ("ctc_decode", (f32(2, 7, 4), np.array([7, 5], np.int32)), {"merge_repeated": False, "mask_index": 3}),
        (
            "ctc_decode",
            (f32(2, 7, 4), np.array([7, 5], np.int32)),
            {"strategy": "beam_search", "top_paths": 2, "beam_width": 20},
        ),
        ("psnr", (f32(3, 4), f32(3, 4, kind=1), 2.0), {}),
        ("dot_product_attention", (f32(2, 5, 2, 4), f32(2, 3, 2, 4, kind=1), f32(2, 3, 2, 4, kind=2)), {}),
        (
            "dot_product_attention",
            (f32(2, 3, 4, 4), f32(2, 3, 2, 4, kind=1), f32(2, 3, 2, 4, kind=2)),
            {"is_causal": True, "scale": 0.3},
        ),
        (
            "dot_product_attention",
            (values("float16", (1, 3, 1, 4)), values("float16", (1, 3, 1, 4), 1), values("float16", (1, 3, 1, 4), 2)),
            {"mask": np.array([[[[True, False, True]] * 3]]), "bias": values("float16", (1, 1, 3, 3))},
        ),
        ("gelu", (f32(3, 4),), {"approximate": False}),
        ("leaky_relu", (f32(3, 4),), {"negative_slope": 0.5}),
        ("elu", (f32(3, 4),), {"alpha": 0.5}),
        ("celu", (f32(3, 4),), {"alpha": 0.5}),
        ("threshold", (f32(3, 4), 0.5, -1.0), {}),
        ("glu", (f32(4, 3),), {"axis": 0}),
        ("squareplus", (f32(3),), {"b": 2}),
        ("hard_shrink", (f32(3, 4),), {"threshold": 1.0}),
        ("soft_shrink", (f32(3, 4),), {"threshold": 1.0}),
        ("sparsemax", (f32(3, 4),), {"axis": 0}),
    ):
        yield Case(function, args, kwargs)


def _signals() -> Iterator[Case]:
    x = f32(2, 12)
    for function, args, kwargs in (
        ("fft", ((f32(2, 4), f32(2, 4, kind=1)),), {}),
        ("fft2", ((f32(2, 4), f32(2, 4, kind=1)),), {}),
        ("ifft2", ((f32(2, 4), f32(2, 4, kind=1)),), {}),
        ("rfft", (x,), {}),
        ("rfft", (x,), {"fft_length": 16}),
        ("irfft", ((f32(2, 5), f32(2, 5, kind=1)),), {}),
        ("irfft", ((f32(2, 5), f32(2, 5)),), {"fft_length": 6}),
        ("extract_sequences", (x, 4, 3), {}),
        ("stft", (x, 4, 2, 6), {}),
        ("stft", (x, 4, 2, 4), {"window": None, "center": False}),
        ("stft", (x, 4, 2, 4), {"window": "hamming"}),
        ("istft", ((f32(7, 4), f32(7, 4) * 0), 6, 2, 6), {}),
        ("istft", ((f32(7, 4), f32(7, 4) * 0), 4, 2, 6), {"length": 10}),
    ):
        yield Case(function, args, kwargs)


def _images() -> Iterator[Case]:
    image, unit = f32(2, 6, 5, 3), np.abs(f32(2, 4, 5, 3)) / 3
    byte = (np.arange(60).reshape(4, 5, 3) * 4).astype(np.uint8)
    moves = np.array([[1, 0.2, -1, 0, 1, 0.5, 0, 0], [0.8, 0, 0.3, 0.1, 1.1, 0, 0.01, 0]], np.float32)
    start = np.array([[[0, 0], [4, 0], [0, 5], [4, 5]]] * 2, np.float32)
    places = np.array([[0.5, 1.2, -0.7, 6.3], [0.0, 3.5, 4.4, -1.2]], np.float32)
    for function, args, kwargs in (
        ("resize", (image, (4, 8)), {}),
        ("resize", (byte, (3, 7)), {}),
        ("resize", (image, (3, 3)), {"interpolation": "nearest"}),
        ("resize", (image, (3, 3)), {"interpolation": "bicubic", "antialias": True}),
        ("resize", (image, (4, 4)), {"crop_to_aspect_ratio": True}),
        ("resize", (image, (4, 8)), {"pad_to_aspect_ratio": True, "fill_value": 1.0}),
        ("rgb_to_grayscale", (unit,), {}),
        ("rgb_to_grayscale", (byte,), {}),
        ("rgb_to_hsv", (unit,), {}),
        ("hsv_to_rgb", (unit,), {}),
        ("extract_patches", (image, (2, 3)), {}),
        ("extract_patches", (image, 3), {"strides": 2, "padding": "same"}),
        ("extract_patches", (image[0], 2), {}),
        ("extract_patches_3d", (f32(1, 4, 4, 4, 2), 2), {}),
        ("pad_images", (image, 1, 2, 3, 0), {}),
        ("pad_images", (image,), {"top_padding": 1, "left_padding": 1, "target_height": 10, "target_width": 9}),
        ("crop_images", (image, 1, 0, 1, 2), {}),
        ("crop_images", (image,), {"bottom_cropping": 1, "right_cropping": 2, "target_height": 3, "target_width": 2}),
        ("gaussian_blur", (image,), {}),
        ("gaussian_blur", (image, (5, 5), (1.5, 0.5)), {}),
        ("gaussian_blur", (image, (3, 5), (1.5, 0.5)), {}),
        ("sobel_edges", (image,), {}),
        ("ssim", (np.abs(f32(2, 12, 13, 2)), np.abs(f32(2, 12, 13, 2, kind=1))), {"max_val": 3.0}),
        *(
            ("affine_transform", (image, moves), {"interpolation": kind, "fill_mode": mode})
            for kind in ("bilinear", "nearest")
            for mode in ("constant", "nearest", "wrap", "reflect")
        ),
        ("affine_transform", (image[0], moves[0]), {"fill_value": 2.0}),
        ("perspective_transform", (image, start, start + 0.3 * f32(2, 4, 2)), {}),
        *(
            ("map_coordinates", (f32(6, 5), places, order), {"fill_mode": mode})
            for order in (0, 1)
            for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
        ),
        ("map_coordinates", (i32(6, 5), places, 1), {"fill_value": 3}),
        *(
            (
                "scale_and_translate",
                (
                    image,
                    (2, 4, 7, 3),
                    np.array([0.7, 1.4], np.float32),
                    np.array([0.3, -0.5], np.float32),
                    (1, 2),
                    method,
                ),
                {},
            )
            for method in ("linear", "cubic", "lanczos3", "lanczos5")
        ),
        (
            "scale_and_translate",
            (byte, (2, 5, 3), np.array([0.5], np.float32), np.array([0.0], np.float32), (0,), "linear"),
            {"antialias": False},
        ),
    ):
        yield Case("image." + function, args, kwargs)
