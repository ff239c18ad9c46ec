"""Functions on symbolic tensors in configurations: Keras' operation classes and the ops that mean the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import weft as tf
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
_OPS = {name: op for group in _PLAIN.values() for name, op in group.items()}
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
    known = record.get("class_name") in (*_OPS, *_REDUCTIONS, *_READ)
    return known and isinstance(config, dict) and "trainable" not in config


def read(record: dict[str, Any]) -> Callable[..., Any]:
    """The function that a record describes.

    Raises:
        ValueError: For one that is not known.
    """
    name, config = record["class_name"], dict(record.get("config") or {})
    config.pop("name", None)
    if name in _OPS:
        op = _OPS[name]
        return lambda *tensors, **named: _apply(op, *tensors, *named.values())
    if name in _REDUCTIONS:
        op, axis, keep = _REDUCTIONS[name], config.get("axis"), bool(config.get("keepdims"))
        return lambda x, **named: extend.op(op, x, axis=_axes(axis), keepdims=keep)
    if name in _READ:
        return _READ[name](config)
    raise ValueError(explain(
        f"The configuration applies Keras' function {name}, which Weft cannot read from files yet.",
        hint="make the model by its code, and load the weights alone: model.load_weights(path)",
    ))  # fmt: skip


_BY_TF: dict[str, Any] = {
    "floordiv": tf.math.floordiv, "floormod": tf.math.floormod, "select": tf.where, "pow": tf.pow, "add": tf.add,
    "subtract": tf.subtract, "multiply": tf.multiply, "divide": tf.divide, "maximum": tf.maximum,
    "minimum": tf.minimum, "equal": tf.equal, "not_equal": tf.not_equal, "greater": tf.greater,
    "greater_equal": tf.greater_equal, "less": tf.less, "less_equal": tf.less_equal,
}  # fmt: skip


def _apply(op: str, *operands: Any) -> Any:
    """An op on tensors and plain numbers, which take the tensors' dtype as everywhere."""
    function = _BY_TF.get(op)
    return function(*operands) if function is not None else extend.op(op, *operands)


def _axes(axis: Any) -> Any:
    if axis is None:
        return None
    return tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)


def _flip(config: dict[str, Any]) -> Callable[..., Any]:
    axis = config.get("axis")
    return lambda x: tf.reverse(x, list(range(x.shape.rank)) if axis is None else list(_axes(axis)))


def _pad(config: dict[str, Any]) -> Callable[..., Any]:
    width, mode = config["pad_width"], config.get("mode", "constant")
    return lambda x, constant_values=0: tf.pad(x, width, mode=mode, constant_values=constant_values or 0)


def _slices(key: Any) -> Any:
    """An index: JSON has no tuples."""
    return tuple(key) if isinstance(key, list) else key


def _reshape(config: dict[str, Any]) -> Callable[..., Any]:
    shape = [-1 if size is None else size for size in config["newshape"]]
    return lambda x: tf.reshape(x, shape)


def _take(config: dict[str, Any]) -> Callable[..., Any]:
    axis = config.get("axis")
    return lambda x, indices: tf.gather(tf.reshape(x, [-1]) if axis is None else x, indices, axis=axis or 0)


#: Keras' class → what makes the function from the class's configuration
_READ: dict[str, Callable[[dict[str, Any]], Callable[..., Any]]] = {
    "GetItem": lambda config: lambda x, key: x[_slices(key)],
    "Matmul": lambda config: lambda a, b: tf.matmul(a, b),
    "Einsum": lambda config: lambda *x: tf.einsum(config["subscripts"], *x),
    "Reshape": _reshape,
    "Transpose": lambda config: lambda x: tf.transpose(x, config.get("axes")),
    "ExpandDims": lambda config: lambda x: tf.expand_dims(x, _one(config["axis"])),
    "Squeeze": lambda config: lambda x: tf.squeeze(x, config.get("axis")),
    "Concatenate": lambda config: lambda xs: tf.concat(xs, config.get("axis", 0)),
    "Stack": lambda config: lambda xs: tf.stack(xs, config.get("axis", 0)),
    "Split": lambda config: lambda x: _split(x, config["indices_or_sections"], config.get("axis", 0)),
    "Tile": lambda config: lambda x: tf.tile(x, config["repeats"]),
    "Repeat": lambda config: lambda x: tf.repeat(x, config["repeats"], axis=config.get("axis")),
    "Flip": _flip,
    "Pad": _pad,
    "Take": _take,
    "Clip": lambda config: lambda x: tf.clip_by_value(x, config["x_min"], config["x_max"]),
    "Argmax": lambda config: lambda x: _arg(tf.argmax, x, config),
    "Argmin": lambda config: lambda x: _arg(tf.argmin, x, config),
    "Cumsum": lambda config: lambda x: tf.cumsum(x, config.get("axis") or 0),
    "BroadcastTo": lambda config: lambda x: tf.broadcast_to(x, config["shape"]),
    "ZerosLike": lambda config: lambda x, **kw: tf.zeros_like(x),
    "OnesLike": lambda config: lambda x, **kw: tf.ones_like(x),
    "Round": lambda config: lambda x: tf.round(x),
    "Cast": lambda config: lambda x: tf.cast(x, config["dtype"]),
    "LeakyRelu": lambda config: lambda x: tf.nn.leaky_relu(x, config.get("negative_slope", 0.2)),
    "Elu": lambda config: lambda x: extend.op("elu", x, **_known(config, "alpha")),
    "Gelu": lambda config: lambda x: tf.nn.gelu(x, approximate=config.get("approximate", True)),
    "Softmax": lambda config: lambda x: tf.nn.softmax(x, axis=_one(config.get("axis", -1))),
    "LogSoftmax": lambda config: lambda x: tf.nn.log_softmax(x, axis=_one(config.get("axis", -1))),
    "OneHot": lambda config: lambda x: tf.one_hot(
        x, config["num_classes"], axis=config.get("axis", -1), dtype=config.get("dtype") or "float32"
    ),
    "Norm": lambda config: lambda x: tf.norm(
        x, ord=config.get("ord") or "euclidean", axis=config.get("axis"), keepdims=bool(config.get("keepdims"))
    ),
    "Logsumexp": lambda config: lambda x: tf.reduce_logsumexp(
        x, axis=config.get("axis"), keepdims=bool(config.get("keepdims"))
    ),
}  # fmt: skip


def _known(config: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: config[name] for name in names if config.get(name) is not None}


def _one(axis: Any) -> Any:
    return axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis


def _arg(function: Any, x: Any, config: dict[str, Any]) -> Any:
    axis = config.get("axis")
    found = function(tf.reshape(x, [-1]) if axis is None else x, axis=axis or 0, output_type="int32")
    return tf.expand_dims(found, axis) if config.get("keepdims") else found


def _split(x: Any, where: Any, axis: int) -> Any:
    if isinstance(where, int):
        return tf.split(x, where, axis=axis)
    ends = [0, *where, int(x.shape[axis])]
    return tf.split(x, [b - a for a, b in pairwise(ends)], axis=axis)


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
