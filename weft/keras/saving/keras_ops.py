"""Functions on symbolic tensors in configurations: Keras' operation classes and the ops that mean the same."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from weft import extend
from weft.extend import explain

#: Keras' class → op of the table, for functions of tensors alone
_PLAIN = {
    "numpy": {
        "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Divide": "divide", "TrueDivide": "divide",
        "FloorDivide": "floordiv", "Mod": "floormod", "Power": "pow", "Negative": "negative", "Abs": "abs",
        "Absolute": "abs", "Exp": "exp", "Expm1": "expm1", "Log": "log", "Log1p": "log1p", "Sqrt": "sqrt",
        "Square": "square", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Arcsin": "asin", "Arccos": "acos",
        "Arctan": "atan", "Arctan2": "atan2", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh", "Floor": "floor",
        "Ceil": "ceil", "Sign": "sign", "Maximum": "maximum", "Minimum": "minimum", "Equal": "equal",
        "NotEqual": "not_equal", "Greater": "greater", "GreaterEqual": "greater_equal", "Less": "less",
        "LessEqual": "less_equal", "LogicalAnd": "logical_and", "LogicalOr": "logical_or", "LogicalNot": "logical_not",
        "Where": "select", "Reciprocal": "reciprocal", "Isnan": "is_nan", "Isfinite": "is_finite", "Isinf": "is_inf",
    },
    "nn": {
        "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign",
        "Silu": "silu", "Selu": "selu", "LogSigmoid": "log_sigmoid",
    },
    "math": {"Rsqrt": "rsqrt", "Erf": "erf"},
}  # fmt: skip
_REDUCTIONS = {"Sum": "reduce_sum", "Mean": "reduce_mean", "Max": "reduce_max", "Min": "reduce_min",
               "Prod": "reduce_prod", "Std": "reduce_std", "Var": "reduce_variance", "All": "reduce_all",
               "Any": "reduce_any"}  # fmt: skip
_CLASSES = {
    **{op: (module, name) for module, group in _PLAIN.items() for name, op in reversed(group.items())},
    **{op: ("numpy", name) for name, op in _REDUCTIONS.items()},
}


def is_operation(record: dict[str, Any]) -> bool:
    """Whether a record describes a function of Keras and no layer. Some have the name of a layer, such as Add."""
    module = record.get("module")
    if module is not None:
        return str(module).startswith("keras.src.ops") or str(module).startswith("keras.ops")
    config = record.get("config")
    known = _function(str(record.get("class_name"))) is not None
    return known and isinstance(config, dict) and "trainable" not in config


def _function(class_name: str) -> Callable[..., Any] | None:
    """The function of `keras.ops` that a class of Keras' files stands for."""
    from weft.keras import ops  # it is written with layers, which are written with this

    ops.load()
    return ops.records.function_of_class(class_name)


def read(record: dict[str, Any]) -> Callable[..., Any]:
    """The function that a record describes.

    Raises:
        ValueError: For one that is not known.
    """
    name, config = record["class_name"], dict(record.get("config") or {})
    config.pop("name", None)
    if name == "GetItem":
        return lambda x, key: x[_slices(key)]
    function = _function(name)
    if function is None:
        raise ValueError(explain(
            f"The configuration applies Keras' function {name}, which Weft cannot read from files.",
            hint="make the model by its code, and load the weights alone: model.load_weights(path)",
        ))  # fmt: skip
    leading = [config.pop("subscripts")] if "subscripts" in config else []
    known = signature(function).parameters
    config = {key: value for key, value in config.items() if key in known}
    return lambda *args, **named: function(*leading, *args, **{**config, **named})


def _slices(key: Any) -> Any:
    """An index: JSON has no tuples."""
    return tuple(key) if isinstance(key, list) else key


# Writing


def write(op: str, attrs: dict[str, Any], inputs: int) -> tuple[str, str, dict[str, Any], bool] | None:
    """Keras' class for the application of an op.

    Args:
        op: The op.
        attrs: Its attributes.
        inputs: How many tensors it is given.

    Returns:
        Module, class name, configuration, and whether the tensors are passed as one list; None where Keras has none.
    """
    if op in _CLASSES:
        module, name = _CLASSES[op]
        config: dict[str, Any] = {}
        if op.startswith("reduce_"):
            axis = attrs.get("axis")
            config = {"axis": None if axis is None else list(axis), "keepdims": attrs.get("keepdims", False)}
        return module, name, config, False
    maker = _WRITE.get(op)
    return None if maker is None else maker(attrs)


_Written = tuple[str, str, dict[str, Any], bool] | None


def _write_reshape(attrs: dict[str, Any]) -> _Written:
    shape = [-1 if isinstance(size, extend.Dim) else size for size in attrs["shape"]]
    return None if shape.count(-1) > 1 else ("numpy", "Reshape", {"newshape": shape}, False)


def _write_matmul(attrs: dict[str, Any]) -> _Written:
    plain = not any(attrs.get(key) for key in ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b", "output_type"))
    return ("numpy", "Matmul", {}, False) if plain else None


def _write_argmax(name: str) -> Callable[[dict[str, Any]], _Written]:
    return lambda attrs: ("numpy", name, {"axis": attrs["axis"], "keepdims": False}, False)


def _write_split(attrs: dict[str, Any]) -> _Written:
    parts = attrs["num_or_sizes"]
    if not isinstance(parts, int):
        ends = [sum(parts[: n + 1]) for n in range(len(parts) - 1)]
        parts = ends
    return "numpy", "Split", {"indices_or_sections": parts, "axis": attrs["axis"]}, False


def _write_gather(attrs: dict[str, Any]) -> _Written:
    return None if attrs.get("batch_dims") else ("numpy", "Take", {"axis": attrs["axis"]}, False)


def _write_cumsum(attrs: dict[str, Any]) -> _Written:
    if attrs.get("exclusive") or attrs.get("reverse"):
        return None
    return "numpy", "Cumsum", {"axis": attrs["axis"], "dtype": None}, False


def _write_repeat(attrs: dict[str, Any]) -> _Written:
    return "numpy", "Repeat", {"repeats": attrs["repeats"], "axis": attrs["axis"]}, False


def _write_one_hot(attrs: dict[str, Any]) -> _Written:
    if (attrs.get("on_value"), attrs.get("off_value")) != (1, 0):
        return None
    config = {"num_classes": attrs["depth"], "axis": attrs["axis"], "dtype": attrs["dtype"].name, "sparse": False}
    return "nn", "OneHot", config, False


def _write_pad(attrs: dict[str, Any]) -> _Written:
    if attrs.get("mode", "constant") == "constant" and attrs.get("constant_value"):
        return None
    return "numpy", "Pad", {"pad_width": [list(pair) for pair in attrs["paddings"]], "mode": attrs["mode"]}, False


_WRITE: dict[str, Callable[[dict[str, Any]], _Written]] = {
    "matmul": _write_matmul,
    "einsum": lambda attrs: ("numpy", "Einsum", {"subscripts": attrs["equation"]}, False),
    "reshape": _write_reshape,
    "transpose": lambda attrs: ("numpy", "Transpose", {"axes": list(attrs["perm"])}, False),
    "expand_dims": lambda attrs: ("numpy", "ExpandDims", {"axis": attrs["axis"]}, False),
    "squeeze": lambda attrs: ("numpy", "Squeeze", {"axis": list(attrs["axis"]) if attrs["axis"] else None}, False),
    "concat": lambda attrs: ("numpy", "Concatenate", {"axis": attrs["axis"]}, True),
    "stack": lambda attrs: ("numpy", "Stack", {"axis": attrs["axis"]}, True),
    "split": _write_split,
    "tile": lambda attrs: ("numpy", "Tile", {"repeats": list(attrs["multiples"])}, False),
    "repeat": _write_repeat,
    "reverse": lambda attrs: ("numpy", "Flip", {"axis": list(attrs["axis"])}, False),
    "pad": _write_pad,
    "gather": _write_gather,
    "argmax": _write_argmax("Argmax"),
    "argmin": _write_argmax("Argmin"),
    "cumsum": _write_cumsum,
    "round": lambda attrs: ("numpy", "Round", {"decimals": 0}, False),
    "cast": lambda attrs: ("core", "Cast", {"dtype": attrs["dtype"].name}, False),
    "leaky_relu": lambda attrs: ("nn", "LeakyRelu", {"negative_slope": attrs["alpha"]}, False),
    "elu": lambda attrs: ("nn", "Elu", {"alpha": attrs.get("alpha", 1.0)}, False),
    "gelu": lambda attrs: ("nn", "Gelu", {"approximate": attrs["approximate"]}, False),
    "softmax": lambda attrs: ("nn", "Softmax", {"axis": attrs["axis"]}, False),
    "log_softmax": lambda attrs: ("nn", "LogSoftmax", {"axis": attrs["axis"]}, False),
    "strided_slice": lambda attrs: ("numpy", "GetItem", {}, False),
}


def index_of(attrs: dict[str, Any]) -> Any:
    """The index of a `strided_slice` as Python says it; None where it cannot be said in a configuration."""
    found: list[Any] = []
    for kind, *rest in attrs["index"]:
        if any(isinstance(part, extend.Dim) for part in rest):
            return None
        if kind == "slice":
            found.append(slice(*rest))
        elif kind == "int":
            found.append(rest[0])
        elif kind == "ellipsis":
            found.append(Ellipsis)
        elif kind == "newaxis":
            found.append(None)
        else:
            return None
    return found
