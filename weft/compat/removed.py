"""Names that Python, numpy and scipy had when programs were written and have dropped since.

`weft run` gives Python's and numpy's back, as far as they only were other names; where a program imports one of
scipy's, the error says what does the same today.
"""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import fractions
import functools
import inspect
import math
import time
from typing import Any

import numpy as np

#: numpy's names for what Python has itself, and for its own things
_ALIASES: dict[str, Any] = {
    "bool": bool, "int": int, "float": float, "complex": complex, "object": object, "str": str, "long": int,
    "unicode": str, "float_": np.float64, "complex_": np.complex128, "string_": np.bytes_, "unicode_": np.str_,
    "singlecomplex": np.complex64, "cfloat": np.complex128, "longfloat": np.longdouble, "Inf": np.inf,
    "Infinity": np.inf, "infty": np.inf, "PINF": np.inf, "NINF": -np.inf, "NaN": np.nan, "NAN": np.nan,
    "product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "row_stack": np.vstack,
    "round_": np.round,
}  # fmt: skip

#: scipy's names, and what to use for them
_SCIPY: dict[str, str] = {
    "imread": "PIL.Image.open (numpy.asarray makes an array of it), or imageio.imread",
    "imsave": "PIL.Image.fromarray(array).save(path)",
    "toimage": "PIL.Image.fromarray(array)",
    "imresize": "PIL.Image.fromarray(array).resize((width, height)), or tf.image.resize_images",
    "imrotate": "scipy.ndimage.rotate",
    "imfilter": "PIL.ImageFilter",
    "imshow": "matplotlib.pyplot.imshow",
    "bytescale": "skimage.util.img_as_ubyte, or numpy.interp and astype('uint8')",
    "logsumexp": "scipy.special.logsumexp",
    "comb": "scipy.special.comb",
    "factorial": "scipy.special.factorial",
    "face": "scipy.datasets.face",
    "ascent": "scipy.datasets.ascent",
    "derivative": "numpy.gradient",
}


def supply_numpy_names() -> None:
    """Gives numpy the names back that it has no longer; those that it has stay."""
    held = vars(np)
    for name, value in _ALIASES.items():
        if name not in held:
            setattr(np, name, value)
    for name, function in (("asscalar", lambda a: np.asarray(a).item()), ("in1d", _in1d), ("trapz", _trapz),
                           ("msort", lambda a: np.sort(a, axis=0))):  # fmt: skip
        if name not in held:
            setattr(np, name, function)
    if getattr(np.reshape, "takes_newshape", False):
        return
    try:
        np.reshape(np.zeros(1), newshape=(1,))  # type: ignore[call-overload]
    except TypeError:
        np.reshape = _with_newshape(np.reshape)


def print_as_then() -> None:
    """Lets numpy print numbers as its versions of that time did: 0.7, and not np.float32(0.7), within a list."""
    with contextlib.suppress(TypeError, ValueError):  # numpy before 2.2 does not know that form
        np.set_printoptions(legacy="1.25")  # type: ignore[arg-type]


def supply_python_names() -> None:
    """Gives Python's library names back that it had when programs were written, as far as they only moved."""
    for name in collections.abc.__all__:
        _supply(collections, name, getattr(collections.abc, name))
    _supply(inspect, "getargspec", _getargspec)
    _supply(time, "clock", time.perf_counter)
    _supply(fractions, "gcd", math.gcd)


def _supply(module: Any, name: str, value: Any) -> None:
    if not hasattr(module, name):
        setattr(module, name, value)


ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def _getargspec(function: Any) -> ArgSpec:
    spec = inspect.getfullargspec(function)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


def _trapz(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis)


def _with_newshape(reshape: Any) -> Any:
    @functools.wraps(reshape)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        if "newshape" in kwargs:
            kwargs["shape"] = kwargs.pop("newshape")
        return reshape(a, *args, **kwargs)

    call.takes_newshape = True  # type: ignore[attr-defined]
    return call


def advise(error: BaseException) -> None:
    """Adds to an error about a name that scipy has dropped what to use for it."""
    name = getattr(error, "name", None)
    text = str(error)
    if not isinstance(error, (ImportError, AttributeError)) or "scipy" not in text:
        return
    found = next((old for old in _SCIPY if name == old or f"'{old}'" in text), None)
    if found is not None:
        error.add_note(f"scipy has no {found} any longer.\n  next: use {_SCIPY[found]}")
    elif "scipy.misc" in text:
        error.add_note("scipy has dropped scipy.misc.\n  next: import the name from scipy.special or scipy.datasets")
