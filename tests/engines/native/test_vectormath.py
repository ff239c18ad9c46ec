"""The native engine's elementary functions: their errors over the whole range, special values, tails, other targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.base import dtypes, flags
from weft.engines.native import target
from weft.engines.native.executable import Executable
from weft.engines.native.pieces import compile_graph
from weft.engines.native.vectormath import FUNCTIONS
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder
from weft.ops.numerics import errors, gammas

GOLDENS = Path(__file__).parent / "goldens" / "special_functions.npz"
TARGETS = ("host", "avx2", "x86-64")
COUNT = 240_000  # points of each function in float32; float64 takes a sixth of them

#: the same in more digits: float64 for float32, longdouble for float64
WIDER: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "tanh": np.tanh, "sinh": np.sinh, "cosh": np.cosh, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "cbrt": np.cbrt, "pow": np.power, "atan2": np.arctan2,
}  # fmt: skip
#: references in float64 only
SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": errors.erf, "erfc": errors.erfc, "erfinv": errors.erfinv, "lgamma": gammas.lgamma, "digamma": gammas.digamma,
}  # fmt: skip
#: the greatest error in units of the last place: float32, float64. Others: 1 and 2
BOUNDS = {"exp": (1.2, 1.2), "exp2": (1.2, 1.2), "expm1": (1.8, 2.0), "tanh": (1.5, 1.6), "erf": (1.6, 1.5),
          "erfc": (2.0, 2.0)}
LONG = np.finfo(np.longdouble).nmant > 60


@pytest.fixture(params=TARGETS)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    try:
        target.find(request.param)
    except Exception:
        pytest.skip("this processor has no such instructions")
    monkeypatch.setitem(flags._overrides, "WEFT_TARGET", request.param)
    return str(request.param)


@cache
def _compiled(name: str, dtype: str, arguments: int, shape: tuple[int, ...], machine: str) -> Executable:
    graph = Graph(name)
    values = [graph.add_input(TensorType(shape, getattr(dtypes, dtype)), f"x{i}") for i in range(arguments)]
    graph.outputs = [getattr(GraphBuilder(graph), name)(*values)]
    made = compile_graph(graph)
    assert isinstance(made, Executable)
    return made


def native(name: str, *arrays: np.ndarray) -> np.ndarray:
    """A function's results on the native engine."""
    first = arrays[0]
    made = _compiled(name, first.dtype.name, len(arrays), first.shape, flags.target())
    found = made._run(list(arrays))
    assert found is not None
    return np.asarray(found[0])


def ulps(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The error in units of the last place of the nearest number of the result's type."""
    with np.errstate(all="ignore"):
        nearest = expected.astype(got.dtype)
        unit = np.spacing(np.abs(nearest)).astype(expected.dtype)
        error = np.abs(got.astype(expected.dtype) - expected) / unit
    same = (np.isnan(got) & np.isnan(nearest)) | (got == nearest)
    # below the least normal number there is zero alone, for terms of a sum as well
    least = np.finfo(got.dtype).tiny
    with np.errstate(all="ignore"):
        low = (np.abs(expected) < 16 * least) & (np.abs(got.astype(expected.dtype) - expected) <= least)
    error = np.where(low | (same & ~np.isfinite(error)), 0, error)
    return np.where(np.isnan(error), np.inf, error).astype(np.float64)


def points(dtype: Any, count: int, seed: int) -> np.ndarray:
    """Random bit patterns, numbers of usual sizes, and the surroundings of where something happens."""
    rng = np.random.default_rng(seed)
    word = np.uint32 if dtype is np.float32 else np.uint64
    bits = rng.integers(0, np.iinfo(word).max, count // 3, dtype=word, endpoint=True).view(dtype)
    places = np.array(
        [
            0.0,
            0.5,
            1.0,
            2.0,
            math.pi / 4,
            math.pi / 2,
            math.pi,
            math.e,
            0.4140625,
            2.4140625,
            0.6,
            8.5,
            0.9486,
            1e4,
            8000.0,
            2.0**20,
            2.0**28,
            88.72,
            87.33,
            103.97,
            709.78,
            708.39,
            745.13,
        ]
    )
    near = np.concatenate([s * places * (1 + rng.normal(size=(64, 1)) * w) for s in (1, -1) for w in (1e-7, 1e-3)])
    special = np.array(
        [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e-40, -1e-40, 5e-324]
    )
    usual = [rng.normal(size=count // 3), rng.uniform(-100, 100, count // 6), rng.uniform(-1, 1, count // 6)]
    with np.errstate(all="ignore"):
        drawn = np.concatenate([*(v.astype(dtype) for v in (*usual, near.ravel(), special)), bits])
    denormal = np.abs(drawn) < np.finfo(dtype).tiny  # they count as zero
    return np.where(denormal, np.copysign(np.zeros_like(drawn), drawn), drawn)


def _arguments(name: str, dtype: Any, count: int) -> list[np.ndarray]:
    first = points(dtype, count, 1)
    if name not in ("pow", "atan2"):
        return [first]
    rng = np.random.default_rng(3)
    second = rng.permutation(points(dtype, count, 2))
    if name == "pow":  # few powers of negative numbers are numbers
        negative = rng.random(len(first)) < 0.2
        first = np.where(negative, -np.abs(first), np.abs(first))
        with np.errstate(invalid="ignore"):
            second = np.where(rng.random(len(first)) < 0.3, np.round(second), second)
    return [first, second]


def _names() -> list[str]:
    return [name for name in FUNCTIONS if name in WIDER or name in SPECIAL]


@pytest.mark.parametrize("name", _names())
def test_float32_errors_are_within_their_bounds(name: str, machine: str) -> None:
    arguments = _arguments(name, np.float32, COUNT if machine == "host" else COUNT // 6)
    with np.errstate(all="ignore"):
        function = WIDER.get(name) or SPECIAL[name]
        expected = np.asarray(function(*(a.astype(np.float64) for a in arguments)))
    error = ulps(native(name, *arguments), expected)
    worst = int(np.argmax(error))
    assert error[worst] <= BOUNDS.get(name, (1.0, 2.0))[0], (name, [a[worst] for a in arguments])


@pytest.mark.skipif(not LONG, reason="longdouble is float64 here")
@pytest.mark.parametrize("name", WIDER)
def test_float64_errors_are_within_their_bounds(name: str, machine: str) -> None:
    arguments = _arguments(name, np.float64, COUNT // 6 if machine == "host" else COUNT // 30)
    with np.errstate(all="ignore"):
        expected = np.asarray(WIDER[name](*(a.astype(np.longdouble) for a in arguments)))
    error = ulps(native(name, *arguments), expected)
    worst = int(np.argmax(error))
    assert error[worst] <= BOUNDS.get(name, (1.0, 2.0))[1], (name, [a[worst] for a in arguments])


@pytest.mark.parametrize("name", SPECIAL)
def test_float64_special_functions_are_the_stored_numbers(name: str, machine: str) -> None:
    with np.load(GOLDENS) as stored:
        x, high, low = (stored[f"{name}_{part}"] for part in ("x", "hi", "lo"))
    got = native(name, x)
    error = np.abs((got.astype(np.longdouble) - high) - low)
    floor = 1.0 if name in ("lgamma", "digamma") else 0.0  # these two are exact against 1 around their zeros
    unit = np.spacing(np.maximum(np.abs(high), floor))
    bound = 8.0 if name in ("lgamma", "digamma") else 2.0
    assert (error <= bound * unit).all(), (name, x[np.argmax(error / unit)], float((error / unit).max()))


_INF, _NAN = math.inf, math.nan
TABLE = [
    ("exp", [_INF, -_INF, _NAN, 0.0, -0.0], [_INF, 0.0, _NAN, 1.0, 1.0]),
    ("expm1", [_INF, -_INF, _NAN, 0.0, -0.0], [_INF, -1.0, _NAN, 0.0, -0.0]),
    ("log", [_INF, -_INF, _NAN, 0.0, -0.0, -1.0, 1.0], [_INF, _NAN, _NAN, -_INF, -_INF, _NAN, 0.0]),
    ("log1p", [_INF, -1.0, _NAN, 0.0, -0.0, -2.0], [_INF, -_INF, _NAN, 0.0, -0.0, _NAN]),
    ("sin", [_INF, -_INF, _NAN, 0.0, -0.0], [_NAN, _NAN, _NAN, 0.0, -0.0]),
    ("cos", [_INF, -_INF, _NAN, 0.0, -0.0], [_NAN, _NAN, _NAN, 1.0, 1.0]),
    ("tan", [_INF, -_INF, _NAN, 0.0, -0.0], [_NAN, _NAN, _NAN, 0.0, -0.0]),
    ("tanh", [_INF, -_INF, _NAN, 0.0, -0.0], [1.0, -1.0, _NAN, 0.0, -0.0]),
    ("sinh", [_INF, -_INF, _NAN, 0.0, -0.0], [_INF, -_INF, _NAN, 0.0, -0.0]),
    ("cosh", [_INF, -_INF, _NAN, 0.0, -0.0], [_INF, _INF, _NAN, 1.0, 1.0]),
    ("asin", [1.5, -_INF, _NAN, 0.0, -0.0], [_NAN, _NAN, _NAN, 0.0, -0.0]),
    ("acos", [1.5, -_INF, _NAN, 1.0], [_NAN, _NAN, _NAN, 0.0]),
    ("atan", [_INF, -_INF, _NAN, 0.0, -0.0], [math.pi / 2, -math.pi / 2, _NAN, 0.0, -0.0]),
    ("asinh", [_INF, -_INF, _NAN, 0.0, -0.0], [_INF, -_INF, _NAN, 0.0, -0.0]),
    ("acosh", [_INF, 0.5, _NAN, 1.0], [_INF, _NAN, _NAN, 0.0]),
    ("atanh", [1.0, -1.0, 1.5, _NAN, 0.0, -0.0], [_INF, -_INF, _NAN, _NAN, 0.0, -0.0]),
    ("erf", [_INF, -_INF, _NAN, 0.0, -0.0], [1.0, -1.0, _NAN, 0.0, -0.0]),
    ("erfc", [_INF, -_INF, _NAN, 0.0], [0.0, 2.0, _NAN, 1.0]),
    ("erfinv", [1.0, -1.0, 1.5, _NAN, 0.0, -0.0], [_INF, -_INF, _NAN, _NAN, 0.0, -0.0]),
    ("lgamma", [_INF, -_INF, _NAN, 0.0, -0.0, -1.0, 1.0, 2.0], [_INF, _INF, _NAN, _INF, _INF, _INF, 0.0, 0.0]),
    ("cbrt", [_INF, -_INF, _NAN, 0.0, -0.0, 27.0, -8.0], [_INF, -_INF, _NAN, 0.0, -0.0, 3.0, -2.0]),
    ("exp2", [_INF, -_INF, _NAN, 0.0, 10.0, -3.0], [_INF, 0.0, _NAN, 1.0, 1024.0, 0.125]),
    ("log2", [_INF, _NAN, 0.0, -1.0, 8.0, 0.25], [_INF, _NAN, -_INF, _NAN, 3.0, -2.0]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "given", "wanted"), TABLE)
def test_special_values(name: str, given: list[float], wanted: list[float], dtype: Any) -> None:
    got, expected = native(name, np.array(given, dtype)), np.array(wanted, dtype)
    np.testing.assert_array_equal(got, expected)
    numbers = ~np.isnan(expected) & ~((expected == 0) & np.isin(name, ["lgamma"]))
    np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["pow", "atan2"])
def test_special_pairs_and_their_signs(name: str, dtype: Any) -> None:
    values = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, _INF, -_INF, _NAN], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = WIDER[name](x.astype(np.float64), y.astype(np.float64)).astype(dtype)
    got = native(name, np.ascontiguousarray(x), np.ascontiguousarray(y))
    np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sin", "pow", "erf", "erfc"])
def test_tails_have_the_bits_of_bodies(name: str, dtype: Any) -> None:
    rng = np.random.default_rng(4)
    arguments = [np.abs(rng.normal(size=48) * 3).astype(dtype) for _ in range(2 if name == "pow" else 1)]
    arguments[0][5] = 1e30  # an angle for which there is a path of its own, in a vector with others
    whole = native(name, *arguments)
    for length in (0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 40):
        got = native(name, *(np.ascontiguousarray(a[:length]) for a in arguments))
        assert got.tobytes() == whole[:length].tobytes(), length


def test_half_precision_is_rounded_once() -> None:
    x = np.linspace(-8, 8, 501).astype(np.float16)
    graph = Graph("half")
    graph.outputs = [GraphBuilder(graph).tanh(graph.add_input(TensorType(x.shape, dtypes.float16), "x"))]
    made = compile_graph(graph)
    assert isinstance(made, Executable)
    found = made._run([x])
    assert found is not None
    np.testing.assert_array_equal(np.asarray(found[0]), np.tanh(x.astype(np.float64)).astype(np.float16))


def test_a_power_of_two_multiplies_at_once_as_in_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    host, names = target.find("host"), ("exp", "exp2", "expm1", "tanh", "erfc")
    if not host.scales:
        pytest.skip("this processor has no such instruction")
    x = points(np.float32, 60_000, 5)
    _compiled.cache_clear()
    at_once = [native(name, x) for name in names]
    _compiled.cache_clear()
    monkeypatch.setattr(target, "current", lambda: replace(host, scales=False))
    for name, found in zip(names, at_once, strict=True):
        np.testing.assert_array_equal(native(name, x), found, err_msg=name)
    _compiled.cache_clear()
