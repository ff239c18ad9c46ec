"""TensorFlow's elementwise and special functions: values and derivatives over domains that include the edges."""

from __future__ import annotations

from typing import Any

import _ops
import _store as store
import numpy as np
import scipy.special as special

out = store.Store("math_ops")
record = _ops.Recorder(out)
FLOATS: dict[str, Any] = {"float32": np.float32, "float64": np.float64}

# Finite edges in both signs. 1e-40 is a denormal in float32, 5e-324 the smallest in float64 (0 in float32).
SIZES = [0.0, 5e-324, 1e-40, 1.2e-38, 1e-20, 1e-7, 1e-3, 0.1, 0.3, 0.5, 0.999, 1.0, 1.001, 1.5, 2.0, 2.5, 3.0, 4.5, 6.0]
SIZES += [8.0, 9.5, 12.0, 18.5, 30.0, 60.0, 88.0, 89.5, 104.0, 300.0, 710.0, 1e5, 1e10, 1e30]
EDGES = [*SIZES, *[-size for size in SIZES], np.inf, -np.inf, np.nan]
PAIR_EDGES = [0.0, -0.0, 0.3, -0.3, 1.0, -1.0, 2.0, -2.0, 2.5, -3.5, 30.0, -1e10, np.inf, -np.inf, np.nan]
POSITIVE_EDGES = [0.0, 1e-6, 0.1, 0.5, 1.0, 1.5, 3.0, 10.0, 50.0, 200.0, np.inf]

UNARY_WHOLE_LINE = """
    math.abs math.asinh math.atan math.ceil math.cos math.cosh math.erf math.erfc math.exp math.expm1 math.floor
    math.log_sigmoid math.negative math.reciprocal math.reciprocal_no_nan math.rint math.round math.sigmoid
    math.sign math.sin math.sinh math.softplus math.square math.tan math.tanh nn.elu nn.gelu nn.leaky_relu nn.relu
    nn.relu6 nn.selu nn.silu nn.softsign nn.swish math.bessel_i0 math.bessel_i0e math.bessel_i1 math.bessel_i1e
    math.special.dawsn math.special.fresnel_cos math.special.fresnel_sin math.special.expint math.digamma
    math.lgamma math.is_finite math.is_inf math.is_nan experimental.numpy.sinc
""".split()
UNARY_POSITIVE = """
    math.log math.log1p math.sqrt math.rsqrt math.acosh math.special.bessel_j0 math.special.bessel_j1
    math.special.bessel_y0 math.special.bessel_y1 math.special.bessel_k0 math.special.bessel_k0e
    math.special.bessel_k1 math.special.bessel_k1e math.special.spence
""".split()
UNARY_UNIT = "math.acos math.asin math.atanh math.erfinv math.erfcinv math.ndtri".split()
# The wave functions lose all digits for huge arguments, and no two libraries agree there
PERIODIC = {"math.cos", "math.sin", "math.tan", "experimental.numpy.sinc"}


def short(function: str) -> str:
    return function.split(".")[-1]


def unary() -> None:
    for title, dtype in FLOATS.items():
        whole = np.concatenate([np.array(EDGES), _ops.values("whole", 40, low=-6.0, high=6.0)]).astype(dtype)
        upper = _ops.values("p", 40, low=0.0, high=9.0)
        positive = np.concatenate([np.array([*SIZES, np.inf, np.nan, -1.0, -0.5]), upper])
        ends = [0.0, -0.0, 1e-20, -1e-7, 1e-3, 0.5, 0.999, -0.999, 0.999999, 1.0, -1.0, 1.5, -1.5, np.inf, np.nan]
        unit = np.concatenate([np.array(ends), _ops.values("u", 60, low=-1.0, high=1.0)]).astype(dtype)
        for function in UNARY_WHOLE_LINE:
            domain = whole[np.abs(whole) < 1e4] if function in PERIODIC else whole
            record(f"{short(function)}_{title}", function, domain, ones=True)
        for function in UNARY_POSITIVE:
            record(f"{short(function)}_{title}", function, positive.astype(dtype), ones=True)
        for function in UNARY_UNIT:
            domain = unit * dtype(0.5) + dtype(0.5) if short(function) in ("ndtri", "erfcinv") else unit
            record(f"{short(function)}_{title}", function, domain, ones=True)
        record(f"gelu_approximate_{title}", "nn.gelu", whole, attrs={"approximate": True}, ones=True)
        record(f"leaky_relu_alpha_{title}", "nn.leaky_relu", whole, attrs={"alpha": 0.05}, ones=True)
        record(f"silu_beta_{title}", "nn.silu", whole, attrs={"beta": 1.5}, ones=True)
        halves = np.array([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4503599627370497.5, 8388609.0]).astype(dtype)
        for function in ("math.round", "math.rint", "math.floor", "math.ceil"):
            record(f"{short(function)}_halves_{title}", function, halves, ones=True)


BINARY = """
    math.add math.subtract math.multiply math.divide math.divide_no_nan math.multiply_no_nan math.floordiv
    math.floormod math.mod math.maximum math.minimum math.atan2 math.squared_difference math.xlogy math.xlog1py
    math.xdivy math.pow math.nextafter math.equal math.less math.less_equal math.not_equal truncatemod
""".split()


def binary() -> None:
    for title, dtype in FLOATS.items():
        left, right = (grid.reshape(-1).astype(dtype) for grid in np.meshgrid(PAIR_EDGES, PAIR_EDGES))
        rng = _ops.draws("binary")
        left = np.concatenate([left, _ops.recipes.uniform(rng, (30,), -5.0, 5.0)]).astype(dtype)
        right = np.concatenate([right, _ops.recipes.uniform(rng, (30,), -5.0, 5.0)]).astype(dtype)
        for function in BINARY:
            gradient = function not in ("math.nextafter",)
            record(f"{short(function)}_{title}", function, left, right, ones=True, gradient=gradient)
        broadcast = _ops.values("broadcast", 3, 1, 2).astype(dtype), _ops.values("cast", 4, 1).astype(dtype)
        for function in ("math.add", "math.multiply", "math.divide", "math.maximum", "math.atan2"):
            record(f"{short(function)}_broadcast_{title}", function, *broadcast)
        ties = np.array([1.0, 2.0, 0.0, -0.0], dtype), np.array([1.0, 2.0, -0.0, 0.0], dtype)
        for function in ("math.maximum", "math.minimum"):
            record(f"{short(function)}_ties_{title}", function, *ties, ones=True)


def gamma_family() -> None:
    for title, dtype in FLOATS.items():
        left, right = (grid.reshape(-1).astype(dtype) for grid in np.meshgrid(POSITIVE_EDGES, POSITIVE_EDGES))
        rng = _ops.draws("gamma")
        a = np.concatenate([left, _ops.recipes.uniform(rng, (40,), 0.05, 12.0)]).astype(dtype)
        x = np.concatenate([right, _ops.recipes.uniform(rng, (40,), 0.05, 12.0)]).astype(dtype)
        record(f"igamma_{title}", "math.igamma", a, x, ones=True)
        record(f"igammac_{title}", "math.igammac", a, x, ones=True)
        record(f"zeta_{title}", "math.zeta", a + dtype(1), x, ones=True)
        order = np.floor(_ops.recipes.uniform(rng, (40,), 0.0, 5.0)).astype(dtype)
        at = _ops.recipes.uniform(rng, (40,), 0.1, 9.0).astype(dtype)
        record(f"polygamma_{title}", "math.polygamma", order, at, ones=True)
        b = _ops.recipes.uniform(rng, (40,), 0.1, 9.0).astype(dtype)
        between = _ops.recipes.uniform(rng, (40,), 0.0, 1.0).astype(dtype)
        record(f"betainc_{title}", "math.betainc", at, b, between, ones=True)
        ends = np.array([0.5, 2.0, 3.0, 1.0], dtype)
        record(
            f"betainc_ends_{title}", "math.betainc", ends, ends[::-1].copy(), np.array([0, 1, 0, 1], dtype), ones=True
        )
        record(f"lbeta_{title}", "math.lbeta", _ops.values("lbeta", 4, 3, low=0.2, high=5.0).astype(dtype))
        negative = np.array([-0.5, -1.5, -2.25, -7.75, -30.5, -1.0, -2.0], dtype)
        record(f"lgamma_negative_{title}", "math.lgamma", negative, ones=True)
        record(f"digamma_negative_{title}", "math.digamma", negative, ones=True)


# --- whole numbers, bits, casts --------------------------------------------------------------------------------------

INTEGERS: dict[str, Any] = {"int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64, "uint8": np.uint8}


def integers() -> None:
    for title, dtype in INTEGERS.items():
        info = np.iinfo(dtype)
        some = [7, 6, 1, 0, 5, info.max, info.max - 1]
        some += [] if info.min == 0 else [-7, -6, -1, -5, info.min + 1]
        divisors = [1, 2, 3, 5, info.max] + ([] if info.min == 0 else [-1, -2, -3, -5])
        left, right = (grid.reshape(-1).astype(dtype) for grid in np.meshgrid(some, divisors))
        functions = ["math.floordiv", "math.floormod", "math.add", "math.subtract", "math.multiply", "math.maximum"]
        functions += ["truncatediv"] + (["truncatemod"] if title in ("int32", "int64") else [])
        for function in functions:
            record(f"{short(function)}_{title}", function, left, right)
        for function in ("bitwise.bitwise_and", "bitwise.bitwise_or", "bitwise.bitwise_xor"):
            record(f"{short(function)}_{title}", function, left, right)
        record(f"invert_{title}", "bitwise.invert", np.array(some, dtype))
        shifts = np.array([0, 1, 2, 3, 7], dtype)
        left, right = (grid.reshape(-1).astype(dtype) for grid in np.meshgrid(some, shifts))
        record(f"left_shift_{title}", "bitwise.left_shift", left, right)
        record(f"right_shift_{title}", "bitwise.right_shift", left, right)
        if info.min:
            for function in ("math.abs", "math.sign", "math.negative", "math.square"):
                record(f"{short(function)}_{title}", function, np.array(some, dtype))
    bases, powers = (grid.reshape(-1).astype(np.int32) for grid in np.meshgrid([-3, -1, 0, 1, 2, 10], [0, 1, 2, 3, 9]))
    record("pow_int32", "math.pow", bases, powers)
    record("divide_int32", "math.divide", bases, np.full_like(bases, 7))


def casts() -> None:
    inner = np.array([0.0, -0.0, 0.5, 0.99, 1.0, 1.5, 2.5, -0.5, -0.99, -1.5, -2.5, 100.9, -100.9])
    outer = np.array([300.7, -300.7, 70000.5, -70000.5, 3e9, -3e9, 1e19, -1e19, np.inf, -np.inf, np.nan])
    for source, dtype in FLOATS.items():
        for target in ("int8", "int16", "int32", "int64", "uint8", "bool", "float16", "float32", "float64"):
            floating = target.startswith(("float", "bool"))
            kept = inner if target != "uint8" else inner[inner > -1]
            domain = np.concatenate([inner, outer]) if floating else kept
            record(f"cast_{source}_{target}", "cast", domain.astype(dtype), attrs={"dtype": target}, ones=True)
            if not floating:
                # C leaves these open: what is stored is what one x86-64 machine gave
                name = f"cast_{source}_{target}_outside"
                record(name, "cast", outer.astype(dtype), attrs={"dtype": target}, undefined=True)
                limited = np.concatenate([inner, outer[:-1]]).astype(dtype)
                record(f"saturate_cast_{source}_{target}", "saturate_cast", limited, attrs={"dtype": target})
    wide = np.array([0, 1, -1, 127, 128, 255, 256, -128, -129, 65535, 65536, 2**31 - 1, -(2**31)], np.int64)
    for target in ("int8", "uint8", "int16", "int32", "bool", "float32", "float64", "float16"):
        record(f"cast_int64_{target}", "cast", wide, attrs={"dtype": target})
    record("cast_bool_int32", "cast", np.array([True, False]), attrs={"dtype": "int32"})
    record("cast_bool_float32", "cast", np.array([True, False]), attrs={"dtype": "float32"})


# SciPy computes in float64 what TensorFlow's kernels only approximate
EXACT: dict[str, Any] = {
    "erf": special.erf,
    "erfc": special.erfc,
    "erfinv": special.erfinv,
    "erfcinv": special.erfcinv,
    "ndtri": special.ndtri,
    "digamma": special.digamma,
    "lgamma": special.gammaln,
    "bessel_i0": special.i0,
    "bessel_i0e": special.i0e,
    "bessel_i1": special.i1,
    "bessel_i1e": special.i1e,
    "bessel_j0": special.j0,
    "bessel_j1": special.j1,
    "bessel_y0": special.y0,
    "bessel_y1": special.y1,
    "bessel_k0": special.k0,
    "bessel_k0e": special.k0e,
    "bessel_k1": special.k1,
    "bessel_k1e": special.k1e,
    "dawsn": special.dawsn,
    "fresnel_cos": lambda x: special.fresnel(x)[1],
    "fresnel_sin": lambda x: special.fresnel(x)[0],
    "expint": special.expi,
    "spence": special.spence,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "softplus": lambda x: np.logaddexp(0, x),
    "log_sigmoid": special.log_expit,
    "sigmoid": special.expit,
    "igamma": special.gammainc,
    "igammac": special.gammaincc,
    "zeta": special.zeta,
    "polygamma": lambda n, x: special.polygamma(n.astype(int), x),
    "betainc": special.betainc,
}


def exact_values() -> None:
    """Adds exact/0 to the cases of the functions above: what the stored inputs should give, in float64."""
    for case in out.cases:
        name, function = case["name"], EXACT.get(short(case["function"]))
        if function is None or out.arrays[f"{name}/input/0"].dtype.kind != "f":
            continue
        keys = [f"{name}/input/{index}" for index in range(3) if f"{name}/input/{index}" in out.arrays]
        inputs = [out.arrays[key].astype(np.float64) for key in keys]
        with np.errstate(all="ignore"):
            out.put(f"{name}/exact/0", function(*inputs))


def complex_numbers() -> None:
    real, imaginary = _ops.values("real", 12), _ops.values("imaginary", 12)
    for title, dtype in (("complex64", np.complex64), ("complex128", np.complex128)):
        z = np.concatenate([real + 1j * imaginary, [0, 1, -1, 1j, -1j]]).astype(dtype)
        w = (imaginary - 2j * real).astype(dtype)
        for function in "abs angle conj real imag exp log sqrt square sin cos tanh sigmoid reciprocal sign".split():
            domain = z[:12] if function in ("log", "sqrt", "reciprocal", "sign", "angle", "abs") else z
            record(f"{function}_{title}", f"math.{function}", domain)
        for function in "add subtract multiply divide pow".split():
            record(f"{function}_{title}", f"math.{function}", z[:12], w)
    record("complex_from_parts", "complex", real, imaginary)


def main() -> None:
    unary()
    binary()
    gamma_family()
    integers()
    casts()
    complex_numbers()
    exact_values()
    out.save()


if __name__ == "__main__":
    main()
