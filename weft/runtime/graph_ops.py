"""How TensorFlow 1 shows our ops in its graphs: type, automatic name, the names of operands, and the constants that are
operands there and attributes here.

Scripts ask for `op.type`, look tensors up by `"Mean:0"`, and count on the numbers that automatic names get. An op
without a line here shows its own name in camel case.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.base.dims import Dim

#: an op's attributes and its operands' types -> the constants that TensorFlow 1 makes for it: (name, array)
Constants = Callable[[Mapping[str, Any], Sequence[Any]], list[tuple[str, Any]]]


@dataclass(frozen=True)
class Shown:
    """How TensorFlow 1 shows an op.

    Attributes:
        type: The operation's type.
        name: Its automatic name.
        operands: Names of the tensor operands; a constant made of a Python value is called after its operand.
        constants: The attributes that are constant operands there.
        rest: What further operands are called, with their place behind it.
    """

    type: str
    name: str
    operands: tuple[str, ...] = ()
    constants: Constants | None = None
    rest: str = "values"


def _of(attr: str, name: str, dtype: Any = np.int32) -> Constants:
    def make(attrs: Mapping[str, Any], types: Sequence[Any]) -> list[tuple[str, Any]]:
        value = attrs[attr]
        items = value if isinstance(value, (tuple, list)) else (value,)
        flat = [n for item in items for n in (item if isinstance(item, (tuple, list)) else (item,))]
        if any(n is None or isinstance(n, Dim) for n in flat):
            return []  # known only when it runs: there the graph has other nodes
        return [(name, np.asarray(value, dtype))]

    return make


def _axes(attrs: Mapping[str, Any], types: Sequence[Any]) -> list[tuple[str, Any]]:
    axes = attrs["axis"]
    bare = isinstance(axes, tuple) and len(axes) == 1
    return [("reduction_indices", np.asarray(axes[0] if bare else axes, np.int32))]


def _both(*parts: Constants) -> Constants:
    return lambda attrs, types: [constant for part in parts for constant in part(attrs, types)]


def _fixed(name: str, value: Any, dtype: Any = np.int32) -> Constants:
    return lambda attrs, types: [(name, np.asarray(value, dtype))]


def _target_shape(attrs: Mapping[str, Any], types: Sequence[Any]) -> list[tuple[str, Any]]:
    shape = attrs["shape"]
    unknown = [i for i, n in enumerate(shape) if isinstance(n, Dim)]
    if len(unknown) > 1:
        return []
    return [("shape", np.asarray([-1 if i in unknown else n for i, n in enumerate(shape)], np.int32))]


def _bounds(attrs: Mapping[str, Any], types: Sequence[Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[Any, Any, Any]] = []
    for kind, *bounds in attrs["index"]:
        if kind == "slice":
            start, stop, step = bounds
            rows.append((start or 0, stop or 0, 1 if step is None else step))
        elif kind == "int":
            rows.append((bounds[0], bounds[0] + 1 if isinstance(bounds[0], int) else None, 1))
        else:
            rows.append((0, 0, 1))
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    names = ("stack", "stack_1", "stack_2")
    return [(name, np.asarray(column, np.int32)) for name, column in zip(names, columns, strict=True)
            if all(isinstance(n, int) for n in column)]  # fmt: skip


def _one_hot(attrs: Mapping[str, Any], types: Sequence[Any]) -> list[tuple[str, Any]]:
    held = attrs["dtype"].numpy
    return [("on_value", np.asarray(attrs["on_value"], held)), ("off_value", np.asarray(attrs["off_value"], held)),
            ("depth", np.asarray(attrs["depth"], np.int32))]  # fmt: skip


_XY = ("x", "y")


def _table() -> dict[str, Shown]:
    found: dict[str, Shown] = {}

    def line(op: str, type: str, name: str | None = None, operands: Sequence[str] = (),
             constants: Constants | None = None, rest: str = "values") -> None:  # fmt: skip
        found[op] = Shown(type, type if name is None else name, tuple(operands), constants, rest)

    for op, type in {
        "add": "Add", "subtract": "Sub", "multiply": "Mul", "maximum": "Maximum", "minimum": "Minimum", "pow": "Pow",
        "floormod": "FloorMod", "truncatediv": "TruncateDiv", "truncatemod": "TruncateMod", "atan2": "Atan2",
        "squared_difference": "SquaredDifference", "equal": "Equal", "not_equal": "NotEqual", "less": "Less",
        "less_equal": "LessEqual", "greater": "Greater", "greater_equal": "GreaterEqual", "logical_and": "LogicalAnd",
        "logical_or": "LogicalOr", "divide_no_nan": "DivNoNan", "multiply_no_nan": "MulNoNan", "complex": "Complex",
        "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor", "igamma": "Igamma",
        "igammac": "Igammac", "polygamma": "Polygamma", "zeta": "Zeta", "xdivy": "Xdivy", "xlogy": "Xlogy",
        "nextafter": "NextAfter", "approximate_equal": "ApproximateEqual", "left_shift": "LeftShift",
        "right_shift": "RightShift",
    }.items():  # fmt: skip
        line(op, type, None, ("real", "imag") if op == "complex" else _XY)
    line("divide", "RealDiv", "truediv", _XY)
    line("floordiv", "FloorDiv", "floordiv", _XY)
    line("logical_xor", "LogicalAnd", "LogicalXor", _XY)
    for op, type in {
        "negative": "Neg", "abs": "Abs", "sign": "Sign", "square": "Square", "sqrt": "Sqrt", "rsqrt": "Rsqrt",
        "exp": "Exp", "expm1": "Expm1", "log": "Log", "log1p": "Log1p", "sin": "Sin", "cos": "Cos", "tan": "Tan",
        "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh",
        "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "floor": "Floor", "ceil": "Ceil", "round": "Round",
        "reciprocal": "Reciprocal", "erf": "Erf", "erfc": "Erfc", "lgamma": "Lgamma", "digamma": "Digamma",
        "is_nan": "IsNan", "is_inf": "IsInf", "is_finite": "IsFinite", "logical_not": "LogicalNot",
        "sigmoid": "Sigmoid", "invert": "Invert",
        "bessel_i0e": "BesselI0e", "bessel_i1e": "BesselI1e", "invert_permutation":
        "InvertPermutation", "unique": "Unique", "cast": "Cast",
    }.items():  # fmt: skip
        line(op, type, None, ("x",))
    line("log_sigmoid", "Neg", "LogSigmoid", ("x",))
    for op, type in {"conj": "Conj", "real": "Real", "imag": "Imag", "where": "Where", "identity": "Identity",
                     "stop_gradient": "StopGradient", "bitcast": "Bitcast", "cholesky": "Cholesky",
                     "det": "MatrixDeterminant", "inverse": "MatrixInverse", "qr": "Qr", "shape": "Shape",
                     "size": "Size", "rank": "Rank", "fft": "FFT", "ifft": "IFFT", "fft2d": "FFT2D",
                     "ifft2d": "IFFT2D", "fft3d": "FFT3D", "ifft3d": "IFFT3D", "matrix_band_part": "MatrixBandPart",
                     "eigh": "SelfAdjointEigV2"}.items():  # fmt: skip
        line(op, type, None, ("input",))
    for op in ("rfft", "irfft", "rfft2d", "irfft2d", "rfft3d", "irfft3d"):
        line(op, op.upper(), op, ("input",))
    for op, type in {"relu": "Relu", "relu6": "Relu6", "elu": "Elu", "selu": "Selu", "leaky_relu": "LeakyRelu",
                     "softplus": "Softplus", "softsign": "Softsign"}.items():  # fmt: skip
        line(op, type, None, ("features",))
    for op, type in {"softmax": "Softmax", "log_softmax": "LogSoftmax"}.items():
        line(op, type, None, ("logits",))
    for op, type in {"reduce_sum": "Sum", "reduce_mean": "Mean", "reduce_max": "Max", "reduce_min": "Min",
                     "reduce_prod": "Prod", "reduce_all": "All", "reduce_any": "Any"}.items():  # fmt: skip
        line(op, type, None, ("input",), _axes)
    line("argmax", "ArgMax", None, ("input",), _of("axis", "dimension"))
    line("argmin", "ArgMin", None, ("input",), _of("axis", "dimension"))
    line("cumsum", "Cumsum", None, ("x",), _of("axis", "axis"))
    line("cumprod", "Cumprod", None, ("x",), _of("axis", "axis"))
    line("matmul", "MatMul", None, ("a", "b"))
    line("constant", "Const")
    line("input", "Placeholder")
    line("no_op", "NoOp")
    line("dimensions", "Shape")
    line("dimension", "StridedSlice", "strided_slice")
    line("shape_of_axis", "StridedSlice", "strided_slice")
    line("reshape", "Reshape", None, ("tensor",), _target_shape)
    line("reshape_dynamic", "Reshape", None, ("tensor", "shape"))
    line("transpose", "Transpose", "transpose", ("x",), _of("perm", "perm"))
    line("reverse_axes", "Transpose", "transpose", ("x",))
    line("expand_dims", "ExpandDims", None, ("input",), _of("axis", "dim"))
    line("squeeze", "Squeeze", None, ("input",))
    line("broadcast_to", "BroadcastTo", None, ("input",), _of("shape", "shape"))
    line("broadcast_to_dynamic", "BroadcastTo", None, ("input", "shape"))
    line("tile", "Tile", None, ("input",), _of("multiples", "multiples"))
    line("tile_dynamic", "Tile", None, ("input", "multiples"))
    line("pad", "Pad", None, ("tensor",), _of("paddings", "paddings"))
    line("pad_dynamic", "Pad", None, ("tensor", "paddings"))
    line("concat", "ConcatV2", "concat", (), _of("axis", "axis"))
    line("stack", "Pack", "stack")
    line("unstack", "Unpack", "unstack", ("value",))
    line("split", "Split", "split", ("value",), _of("axis", "split_dim"))
    line("slice", "Slice", None, ("input",), _both(_of("begin", "begin"), _of("size", "size")))
    line("slice_dynamic", "Slice", None, ("input", "begin", "size"))
    line("strided_slice", "StridedSlice", "strided_slice", ("input",), _bounds)
    line("gather", "GatherV2", None, ("params", "indices"), _of("axis", "axis"))
    line("gather_nd", "GatherNd", None, ("params", "indices"))
    line("scatter_nd", "ScatterNd", None, ("indices", "updates"), _of("shape", "shape"))
    for op, type in {"tensor_scatter_add": "TensorScatterAdd", "tensor_scatter_sub": "TensorScatterSub",
                     "tensor_scatter_update": "TensorScatterUpdate"}.items():  # fmt: skip
        line(op, type, None, ("tensor", "indices", "updates"))
    line("reverse", "ReverseV2", None, ("tensor",), _of("axis", "axis"))
    line("reverse_sequence", "ReverseSequence", None, ("input", "seq_lengths"))
    line("select", "Select", None, ("condition", "t", "e"))
    line("one_hot", "OneHot", "one_hot", ("indices",), _one_hot)
    line("range", "Range", "range", ("start", "limit", "delta"))
    line("top_k", "TopKV2", None, ("input",), _of("k", "k"))
    line("in_top_k", "InTopKV2", None, ("targets", "predictions"), _of("k", "k"))
    line("conv", "Conv2D", None, ("input", "filter"))
    line("conv_input_gradient", "Conv2DBackpropInput", None, ("out_backprop", "filter"),
         _of("input_shape", "input_sizes"))  # fmt: skip
    line("depthwise_conv", "DepthwiseConv2dNative", "depthwise", ("input", "filter"))
    line("max_pool", "MaxPool", None, ("input",))
    line("avg_pool", "AvgPool", None, ("value",))
    line("local_response_normalization", "LRN", None, ("input",))
    line("space_to_depth", "SpaceToDepth", None, ("input",))
    line("depth_to_space", "DepthToSpace", None, ("input",))
    for op, type in {"segment_sum": "SegmentSum", "segment_mean": "SegmentMean", "segment_max": "SegmentMax",
                     "segment_min": "SegmentMin", "segment_prod": "SegmentProd"}.items():  # fmt: skip
        line(op, type, None, ("data", "segment_ids"))
    for op, type in {"unsorted_segment_sum": "UnsortedSegmentSum", "unsorted_segment_max": "UnsortedSegmentMax",
                     "unsorted_segment_min": "UnsortedSegmentMin", "unsorted_segment_prod": "UnsortedSegmentProd",
                     }.items():  # fmt: skip
        line(op, type, None, ("data", "segment_ids"), _of("num_segments", "num_segments"))
    line("softmax_cross_entropy_with_logits", "SoftmaxCrossEntropyWithLogits", None, ("features", "labels"))
    line("sparse_softmax_cross_entropy_with_logits", "SparseSoftmaxCrossEntropyWithLogits", None,
         ("features", "labels"))  # fmt: skip
    line("sigmoid_cross_entropy_with_logits", "Add", "logistic_loss", ("logits", "labels"))
    line("read_variable", "Identity", "read")
    line("assign_variable", "Assign", None, ("ref", "value"))
    line("assign_add_variable", "AssignAdd", None, ("ref", "value"))
    line("assign_sub_variable", "AssignSub", None, ("ref", "value"))
    line("is_variable_initialized", "IsVariableInitialized")
    line("random_normal", "RandomStandardNormal")
    line("random_truncated_normal", "TruncatedNormal")
    line("random_uniform", "RandomUniform")
    line("random_integers", "RandomUniformInt", None, ("minval", "maxval"))
    line("random_permutation", "RandomShuffle")
    line("random_categorical", "Multinomial", None, ("", "", "logits"))
    line("check_numerics", "CheckNumerics", None, ("tensor",))
    line("assert", "Assert", None, ("condition", "data"))
    line("print", "PrintV2")
    line("py_function", "PyFunc")
    line("ensure_shape", "EnsureShape", None, ("input",))
    line("cond", "If", "cond")
    line("while_loop", "While", "while")
    line("tensor_diag", "Diag", None, ("diagonal",))
    line("tensor_diag_part", "DiagPart", None, ("input",))
    _strings(line)
    line("call", "PartitionedCall")
    return found


def _strings(line: Callable[..., None]) -> None:
    for op, type in {"as_string": "AsString", "string_length": "StringLength", "string_lower": "StringLower",
                     "string_upper": "StringUpper", "string_strip": "StringStrip", "encode_base64": "EncodeBase64",
                     "decode_base64": "DecodeBase64", "string_to_hash_bucket_fast": "StringToHashBucketFast",
                     "string_to_hash_bucket_strong": "StringToHashBucketStrong", "unicode_script": "UnicodeScript",
                     "unicode_transcode": "UnicodeTranscode"}.items():  # fmt: skip
        line(op, type, None, ("input",))
    line("string_add", "Add", None, _XY)
    line("string_join", "StringJoin", None, rest="inputs")
    line("string_format", "StringFormat", None, rest="inputs")
    line("string_to_number", "StringToNumber", None, ("string_tensor",))
    line("string_to_hash_bucket", "StringToHashBucket", None, ("string_tensor",))
    line("string_reduce_join", "ReduceJoin", None, ("inputs",), _axes)
    line("unsorted_segment_join", "UnsortedSegmentJoin", None, ("inputs", "segment_ids"),
         _of("num_segments", "num_segments"))  # fmt: skip
    line("substr", "Substr", None, ("input", "pos", "len"))
    line("regex_replace", "RegexReplace", None, ("input", "pattern", "rewrite"))
    line("regex_full_match", "RegexFullMatch", None, ("input", "pattern"))
    line("decode_raw", "DecodeRaw", None, ("bytes",))
    line("string_split_at_any", "StringSplit", None, ("input",))


_TABLE = _table()
#: nodes that TensorFlow 1 does not have: the streams of random ops, and the cells that are handed to reads and writes
_HIDDEN = frozenset({"advance_random_state"})


def shown(op: str) -> Shown:
    """How TensorFlow 1 shows an op."""
    found = _TABLE.get(op)
    if found is None:
        type = "".join(part.capitalize() for part in op.split("_"))
        found = _TABLE[op] = Shown(type, type)
    return found


def type_of(node: Any) -> str:
    """The type that TensorFlow 1 gives a node."""
    given: str | None = node.metadata.get("type")
    if given is not None:
        return given
    op, attrs = node.op, node.attrs
    if op in ("conv", "max_pool", "avg_pool"):
        rank = len(attrs["strides"])
        return {"conv": f"Conv{max(rank, 2)}D", "max_pool": "MaxPool" + "3D" * (rank == 3),
                "avg_pool": "AvgPool" + "3D" * (rank == 3)}[op]  # fmt: skip
    if op == "matmul" and node.outputs[0].type.rank not in (2, None):
        return "BatchMatMulV2"
    if op == "split" and isinstance(attrs["num_or_sizes"], tuple):
        return "SplitV"
    if op == "pad":
        return _pad_type(attrs)
    if op == "size" and node.inputs[0].shape is not None and not any(isinstance(n, Dim) for n in node.inputs[0].shape):
        return "Const"
    if op == "dimensions" and not any(isinstance(n, Dim) for n in attrs["sizes"]):
        return "Const"
    return shown(op).type


def name_of(op: str, attrs: Mapping[str, Any]) -> str:
    """The automatic name that TensorFlow 1 gives an op."""
    if op == "pad":
        return _pad_type(attrs)
    if op in ("max_pool", "avg_pool") and len(attrs["strides"]) == 3:
        return f"{shown(op).name}3D"
    return shown(op).name


def _pad_type(attrs: Mapping[str, Any]) -> str:
    return "MirrorPad" if attrs["mode"] != "constant" else "PadV2" if attrs["constant_value"] != 0 else "Pad"


def is_shown(node: Any) -> bool:
    """Whether TensorFlow 1's graph has a node for this one."""
    if node.op in _HIDDEN or "hidden" in node.metadata:
        return False
    return not (node.op == "input" and node.outputs[0].type.is_resource)


def count(graph: Any, inner: bool = False, first: int = 0) -> int:
    """How many operations TensorFlow 1's graph has for one of ours.

    Args:
        graph: The graph.
        inner: Whether it is a branch or a body: of what it takes from outside each is an operation, of what it is
            given none, and variables are read outside.
        first: The first node that counts.
    """
    total: int = graph.uncounted
    taken = _taken(graph) if inner else set()
    for node in graph.nodes[first:]:
        if inner and (node.op in ("input", "read_variable")):
            total += node in taken
        elif is_shown(node):
            total += node.metadata.get("counts", 1)
    return total


def _taken(graph: Any) -> set[Any]:
    """The inputs of a branch or body that are tensors from around it; streams of random numbers are none there."""
    found = {value.node for value in graph.captures.values()}
    hidden = {value.node for node in graph.nodes if node.op in _HIDDEN for value in node.inputs} if found else set()
    return found - hidden


def count_taken(graph: Any) -> int:
    """How many of the operations that `count` tells of a branch or body are tensors taken from around it."""
    taken = _taken(graph)
    return sum(node in taken for node in graph.nodes if node.op in ("input", "read_variable"))


class _Local(threading.local):
    outside = False


_local = _Local()


@contextmanager
def constants_outside() -> Iterator[None]:
    """Within the block the constants of ops are called `Const` beside the op, as those of a reduction over all axes."""
    _local.outside = True
    try:
        yield
    finally:
        _local.outside = False


def constants(op: str, attrs: Mapping[str, Any], inputs: Sequence[Any]) -> tuple[list[tuple[str, Any]], bool]:
    """The constants that TensorFlow 1 makes for an op's attributes, and whether they stand outside of its name."""
    rule = shown(op).constants
    return ([] if rule is None else rule(attrs, inputs)), _local.outside
