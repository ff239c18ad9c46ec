"""What makes a function of `keras.ops`: it runs on arrays and tensors, and is recorded on symbolic tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from weft.extend import user_facing
from weft.keras.core import naming
from weft.keras.core.keras_tensor import KerasTensor, any_symbolic
from weft.keras.core.operation import Operation
from weft.keras.ops import sparse

#: every function of `keras.ops`: name → what users call
FUNCTIONS: dict[str, Callable[..., Any]] = {}
#: name → the module of Keras' sources that its class stands in, as files say it
SECTIONS: dict[str, str] = {}

#: parameters that hold tensors: a record keeps them as the arguments of the call, all others as configuration
_TENSORS = frozenset(
    "x x1 x2 xs y a b inputs kernel target output target_length output_length condition indices values mean variance "
    "scale gamma beta images query key value bias mask data segment_ids tensor depthwise_kernel pointwise_kernel "
    "updates start_indices sorted_sequence coordinates transform variable abs_ angle condlist choicelist array elems "
    "start_points end_points image1 image2 volumes primals tangents xs init operands weights predictions targets "
    "sequence_lengths".split()
)
#: parameters of single functions that Keras' files keep among the arguments of the call, too
_CALLED = {("full", "fill_value"), ("full_like", "fill_value"), ("linspace", "start"), ("linspace", "stop"),
           ("logspace", "start"), ("logspace", "stop"), ("geomspace", "start"), ("geomspace", "stop"),
           ("select", "default"), ("digitize", "bins"), ("quantile", "q"), ("nanquantile", "q"), ("percentile", "q"),
           ("nanpercentile", "q"), ("pad", "constant_values"), ("image.scale_and_translate", "translation"),
           ("rearrange", "pattern"), ("arange", "start"), ("arange", "stop"), ("arange", "step"), ("isclose", "rtol"),
           ("isclose", "atol"), ("batch_normalization", "offset"), ("map", "f"), ("scan", "f"),
           ("associative_scan", "f"), ("switch", "index"), ("switch", "branches"), ("while_loop", "loop_vars"),
           ("fori_loop", "init_val"), ("cond", "pred"), ("cond", "true_fn"), ("cond", "false_fn"),
           ("vectorized_map", "elements"), ("image.scale_and_translate", "output_shape"), ("jvp", "fun")}  # fmt: skip
#: parameters of single functions that are configuration, though those of other functions so called hold tensors
_CONFIGURED = {("bincount", "weights"), ("trapezoid", "x"), ("squareplus", "b")}
#: classes of Keras whose names do not follow from the functions'
_CLASSES = {
    "allclose": "AllClose", "searchsorted": "SearchSorted", "isin": "IsIn", "svd": "SVD", "ctc_loss": "CTCLoss",
    "ctc_decode": "CTCDecode", "psnr": "PSNR", "image.rgb_to_grayscale": "RGBToGrayscale",
    "image.rgb_to_hsv": "RGBToHSV", "image.hsv_to_rgb": "HSVToRGB", "image.ssim": "SSIM", "cdist": "CDist",
    "fft": "FFT", "fft2": "FFT2", "ifft2": "IFFT2", "rfft": "RFFT", "irfft": "IRFFT", "stft": "STFT", "istft": "ISTFT",
    "batch_normalization": "BatchNorm", "layer_normalization": "LayerNorm", "rms_normalization": "RMSNorm",
    "jvp": "JVP",
}  # fmt: skip


class FunctionCall(Operation):
    """The application of a function of `keras.ops` to symbolic tensors.

    Args:
        function: The function's name.
        bound: Its arguments that are no tensors.
        name: The name of the operation.
    """

    def __init__(self, function: str, bound: dict[str, Any] | None = None, name: str | None = None) -> None:
        super().__init__(name or naming.auto_name(function.rpartition(".")[2]))
        self.function = function
        self.bound = dict(bound or {})

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the function."""
        return _plain[self.function](*args, **{**self.bound, **kwargs})

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors like the results; a sparse one where that is what comes of the operands."""
        found = super().compute_output_spec(*args, **kwargs)
        asked = self.bound.get("sparse")
        stays = sparse.stays_sparse(self.function, args)
        if self.function == "convert_to_tensor":  # which makes dense tensors of sparse ones, never sparse ones of dense
            stays = stays and asked is not False
        elif asked is not None:
            stays = asked
        if isinstance(found, KerasTensor) and stays:
            found.mark_sparse()
        return found

    def get_config(self) -> dict[str, Any]:
        """The arguments that are no tensors."""
        return {"name": self.name, **self.bound}

    @property
    def class_name(self) -> str:
        """The name of Keras' class for it."""
        return class_name(self.function)

    def __repr__(self) -> str:
        return f"<{self.class_name} name={self.name}>"


#: the functions as they are written, without the look for symbolic tensors
_plain: dict[str, Callable[..., Any]] = {}


def class_name(function: str) -> str:
    """The class that stands for a function in files: `expand_dims` is `ExpandDims`."""
    if function in _CLASSES:
        return _CLASSES[function]
    return "".join(part[:1].upper() + part[1:] for part in function.rpartition(".")[2].split("_"))


def operation(section: str, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function one of `keras.ops`.

    Args:
        section: Where Keras' sources have it: "numpy", "nn", "math", "core", "linalg", "image" or "einops".
        name: Its name; that of the Python function by default.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        public = name or function.__name__
        signature = inspect.signature(function)

        @functools.wraps(function)
        @user_facing
        def call(*args: Any, **kwargs: Any) -> Any:
            if any_symbolic(args, kwargs):
                return _record(public, signature, args, kwargs)
            if sparse.any_sparse(args, kwargs):
                return _of_sparse(public, function, args, kwargs)
            return function(*args, **kwargs)

        call.__name__ = call.__qualname__ = public
        _plain[public] = function
        FUNCTIONS[public] = call
        SECTIONS[public] = section
        return call

    return enter


def unrecorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a function one of `keras.ops` that is never recorded: it asks something, or works on functions."""
    _plain[function.__name__] = function
    FUNCTIONS[function.__name__] = user_facing(function)
    SECTIONS[function.__name__] = "core"
    return FUNCTIONS[function.__name__]


def _of_sparse(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives where operands are sparse; some take them as they are."""
    if SECTIONS[name] == "core" and name not in ("cast", "stop_gradient"):
        try:
            return function(*args, **kwargs)
        except TypeError:
            pass
    return sparse.apply(name, function, args, kwargs)


def is_option(function: str, name: str) -> bool:
    """Whether a parameter is no tensor: configuration of what is recorded."""
    return (name not in _TENSORS and (function, name) not in _CALLED) or (function, name) in _CONFIGURED


def run(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Applies a function of the table to what is no symbolic tensor of a model under construction."""
    if sparse.any_sparse(args, kwargs):
        return _of_sparse(function, _plain[function], args, kwargs)
    return _plain[function](*args, **kwargs)


def _holds_tensors(function: str, name: str, value: Any) -> bool:
    return any_symbolic([value]) or (value is not None and not is_option(function, name))


def _record(name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Records a call: leading tensors by place, later ones by name, the rest as configuration."""
    given = signature.bind(*args, **kwargs)
    given.apply_defaults()
    positional: list[Any] = []
    named: dict[str, Any] = {}
    bound: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        value = given.arguments[parameter.name]
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            bound.update(value)
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            # What stands before the operands, such as an equation, is called by place, too.
            before = list(signature.parameters)[: list(signature.parameters).index(parameter.name)]
            positional = [*(given.arguments[name] for name in before), *value]
            bound, named = {}, {}
        elif not _holds_tensors(name, parameter.name, value):
            bound[parameter.name] = value
        elif bound or named or parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return FunctionCall(name, bound)(*positional, **named)


def function_of_class(name: str) -> Callable[..., Any] | None:
    """The function that a class of Keras' files stands for; None where there is none."""
    for function in FUNCTIONS:
        if function in _plain and class_name(function) == name:
            return FUNCTIONS[function]
    return None


def record_of(call: FunctionCall) -> dict[str, Any]:
    """How Keras' files say which function a recorded call applies."""
    config = {key: value for key, value in call.bound.items() if not isinstance(value, type)}
    return {"module": f"keras.src.ops.{SECTIONS[call.function]}", "class_name": call.class_name,
            "config": {"name": call.name, **config}, "registered_name": call.class_name}  # fmt: skip


def alias(name: str, of: str, section: str | None = None) -> Callable[..., Any]:
    """A second name of a function."""
    call = FUNCTIONS[of]
    FUNCTIONS[name] = call
    SECTIONS[name] = section or SECTIONS[of]
    _plain[name] = _plain[of]
    return call


def is_symbolic(value: Any) -> bool:
    """Whether a value is a symbolic tensor."""
    return isinstance(value, KerasTensor)
