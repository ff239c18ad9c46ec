"""Which operations of TensorFlow each of our ops is written as; see `weft.runtime.graph_export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape
from weft.ir.graph import Node
from weft.runtime import graph_ops
from weft.runtime.graph_export import NotWritten, Writer, rule

_INT32 = dtypes.int32

#: ops of one operand, or of several of one dtype, that are one operation there: the attribute T is all that they have
_SAME = """
    add subtract multiply maximum minimum pow floormod truncatediv truncatemod atan2 squared_difference equal not_equal
    less less_equal greater greater_equal divide_no_nan multiply_no_nan bitwise_and bitwise_or bitwise_xor igamma
    igammac polygamma zeta xdivy xlogy nextafter left_shift right_shift divide floordiv negative abs sign square sqrt
    rsqrt exp expm1 log log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh floor ceil round reciprocal
    erf erfc lgamma digamma is_nan is_inf is_finite sigmoid invert bessel_i0e bessel_i1e invert_permutation identity
    cholesky det relu relu6 selu softplus softsign string_add tensor_diag tensor_diag_part betainc
    softmax_cross_entropy_with_logits
""".split()
_BARE = "logical_and logical_or logical_not string_length".split()


@rule(*_SAME)
def _same(x: Writer, node: Node) -> Sequence[str]:
    if node.op == "softmax_cross_entropy_with_logits" and node.inputs[0].type.rank != 2:
        raise NotWritten
    x.op(graph_ops.shown(node.op).type, x.operands(node), main=True, T=node.inputs[0].dtype)
    return [node.name]


@rule(*_BARE)
def _bare(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(graph_ops.shown(node.op).type, x.operands(node), main=True)]


@rule("input")
def _input(x: Writer, node: Node) -> Sequence[str]:
    found = node.outputs[0]
    return [x.op("Placeholder", [], main=True, dtype=found.dtype, shape=_static(found))]


def _static(value: Any) -> TensorShape:
    shape = value.type.shape
    return TensorShape(None if shape is None else [n if isinstance(n, int) else None for n in shape])


@rule("constant")
def _constant(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Const", [], main=True, dtype=node.outputs[0].dtype, value=node.attrs["value"].array)]


@rule("no_op")
def _no_op(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("NoOp", [], main=True)]


@rule("constant_around")
def _around(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Identity", x.operands(node)[:1], main=True, T=node.inputs[0].dtype)]


@rule("stop_gradient")
def _stop(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("StopGradient", x.operands(node), main=True, T=node.inputs[0].dtype)]


# Variables ----------------------------------------------------------------------------------------------------------


def _variable(x: Writer, handle: Any) -> str:
    found = x.variables.get(handle)
    if found is None:
        raise NotWritten
    return found


@rule("read_variable")
def _read(x: Writer, node: Node) -> Sequence[str]:
    handle, kept = node.inputs[0], node.outputs[0]
    if node.metadata.get("type") == "VariableV2":
        x.variables[handle] = node.name
        return [x.op("VariableV2", [], main=True, dtype=kept.dtype, shape=_static(kept), container="", shared_name="")]
    if _of_generator(x, handle):
        x.private.add(kept)
        return []
    return [x.op("Identity", [_variable(x, handle)], main=True, T=kept.dtype)]


def _of_generator(x: Writer, handle: Any) -> bool:
    """Whether a variable is the state of a generator, seed and count, that is no variable of the graph."""
    inner = handle.type.handle
    return handle not in x.variables and inner.dtype is dtypes.int64 and inner.shape == (2,)


@rule("assign_variable", "assign_add_variable", "assign_sub_variable")
def _assign(x: Writer, node: Node) -> Sequence[str]:
    if _of_generator(x, node.inputs[0]):
        x.private.update(node.outputs)
        return []
    kind = graph_ops.shown(node.op).type
    further: dict[str, Any] = {"validate_shape": True} if kind == "Assign" else {}
    return [x.op(kind, [_variable(x, node.inputs[0]), *x.operands(node)], main=True, T=node.inputs[1].dtype,
                 use_locking=kind == "Assign", **further)]  # fmt: skip


@rule("is_variable_initialized")
def _initialized(x: Writer, node: Node) -> Sequence[str]:
    handle = node.inputs[0]
    inner = handle.type.handle
    assert inner is not None
    return [x.op("IsVariableInitialized", [_variable(x, handle)], main=True, dtype=inner.dtype)]


# Shapes -------------------------------------------------------------------------------------------------------------


@rule("reshape")
def _reshape(x: Writer, node: Node) -> Sequence[str]:
    (operand,) = x.operands(node)
    return [x.op("Reshape", [operand, x.shape(node.attrs["shape"], wild=True)], main=True, T=node.inputs[0].dtype,
                 Tshape=_INT32)]  # fmt: skip


@rule("reshape_dynamic")
def _reshape_to(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Reshape", x.operands(node), main=True, T=node.inputs[0].dtype, Tshape=node.inputs[1].dtype)]


@rule("broadcast_to")
def _broadcast(x: Writer, node: Node) -> Sequence[str]:
    (operand,), kind = x.operands(node), node.inputs[0].dtype
    shape = x.shape(node.attrs["shape"])
    if node.inputs[0].type.rank == 0:
        return [x.op("Fill", [shape, operand], main=True, T=kind, index_type=_INT32)]
    return [x.op("BroadcastTo", [operand, shape], main=True, T=kind, Tidx=_INT32)]


@rule("broadcast_to_dynamic")
def _broadcast_to(x: Writer, node: Node) -> Sequence[str]:
    operand, shape = x.operands(node)
    kind, index = node.inputs[0].dtype, node.inputs[1].dtype
    if node.inputs[0].type.rank == 0:
        return [x.op("Fill", [shape, operand], main=True, T=kind, index_type=index)]
    return [x.op("BroadcastTo", [operand, shape], main=True, T=kind, Tidx=index)]


@rule("sum_to_shape")
def _sum_to_shape(x: Writer, node: Node) -> Sequence[str]:
    (operand,), given, wanted = x.operands(node), node.inputs[0].type.shape, node.attrs["shape"]
    kind = node.inputs[0].dtype
    if given is None:
        raise NotWritten
    more = len(given) - len(wanted)
    axes = [i for i, n in enumerate(given) if i < more or (wanted[i - more] == 1 and n != 1)]
    if any(i >= more and isinstance(wanted[i - more], Dim) and wanted[i - more] != n for i, n in enumerate(given)):
        whole = x.op("Shape", [operand], T=kind, out_type=_INT32)  # which axes are summed only a run tells
        target = x.shape(wanted)
        summed = x.op("BroadcastGradientArgs", [target, whole], T=_INT32)
        operand = x.op("Sum", [operand, summed], "Sum", T=kind, Tidx=_INT32, keep_dims=False)
        return [x.op("Reshape", [operand, target], main=True, T=kind, Tshape=_INT32)]
    if axes:
        operand = x.op("Sum", [operand, x.const(axes, "axes", np.int32)], "Sum", T=kind, Tidx=_INT32, keep_dims=True)
    return [x.op("Reshape", [operand, x.shape(wanted, wild=True)], main=True, T=kind, Tshape=_INT32)]


@rule("transpose", "reverse_axes")
def _transpose(x: Writer, node: Node) -> Sequence[str]:
    (operand,), rank = x.operands(node), node.inputs[0].type.rank
    if rank is None:
        raise NotWritten
    perm = node.attrs["perm"] if node.op == "transpose" else tuple(reversed(range(rank)))
    return [x.op("Transpose", [operand, x.const(perm, "perm", np.int32)], main=True, T=node.inputs[0].dtype,
                 Tperm=_INT32)]  # fmt: skip


@rule("expand_dims")
def _expand(x: Writer, node: Node) -> Sequence[str]:
    (operand,), axis = x.operands(node), node.attrs["axis"]
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    for number, one in enumerate(axes):
        operand = x.op("ExpandDims", [operand, x.const(one, "dim", np.int32)], "ExpandDims",
                       main=number == len(axes) - 1, T=node.inputs[0].dtype, Tdim=_INT32)  # fmt: skip
    return [operand]


@rule("squeeze")
def _squeeze(x: Writer, node: Node) -> Sequence[str]:
    axis = node.attrs["axis"]
    axes = [] if axis is None else list(axis) if isinstance(axis, (tuple, list)) else [axis]
    return [x.op("Squeeze", x.operands(node), main=True, T=node.inputs[0].dtype, squeeze_dims=axes)]


@rule("shape", "size")
def _measure(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(node.op.capitalize(), x.operands(node), main=True, T=node.inputs[0].dtype,
                 out_type=node.attrs["dtype"])]  # fmt: skip


@rule("rank")
def _rank(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Rank", x.operands(node), main=True, T=node.inputs[0].dtype)]


def _cast_sizes(x: Writer, made: str, wanted: Any, main: bool) -> str:
    if wanted is _INT32:
        return x.op("Identity", [made], main=main, T=_INT32)
    return x.op("Cast", [made], main=main, SrcT=_INT32, DstT=wanted, Truncate=False)


@rule("dimensions")
def _dimensions(x: Writer, node: Node) -> Sequence[str]:
    wanted, sizes = node.attrs["dtype"], node.attrs["sizes"]
    if not any(isinstance(n, Dim) for n in sizes):
        return [x.op("Const", [], main=True, dtype=wanted, value=np.asarray(sizes, wanted.numpy))]
    return [_cast_sizes(x, x.shape(sizes, "sizes"), wanted, True)]


@rule("dimension")
def _dimension(x: Writer, node: Node) -> Sequence[str]:
    return [_cast_sizes(x, x.size(node.attrs["size"]), node.attrs["dtype"], True)]


@rule("concat")
def _concat(x: Writer, node: Node) -> Sequence[str]:
    operands = x.operands(node)
    if len(operands) == 1:
        return [x.op("Identity", operands, main=True, T=node.inputs[0].dtype)]
    return [x.op("ConcatV2", [*operands, x.const(node.attrs["axis"], "axis", np.int32)], main=True, N=len(operands),
                 T=node.inputs[0].dtype, Tidx=_INT32)]  # fmt: skip


@rule("stack")
def _stack(x: Writer, node: Node) -> Sequence[str]:
    operands = x.operands(node)
    return [x.op("Pack", operands, main=True, N=len(operands), T=node.inputs[0].dtype, axis=node.attrs["axis"])]


def _outputs(node: Node) -> list[str]:
    return [f"{node.name}:{i}" if i else node.name for i in range(len(node.outputs))]


@rule("unstack")
def _unstack(x: Writer, node: Node) -> Sequence[str]:
    x.op("Unpack", x.operands(node), main=True, num=len(node.outputs), T=node.inputs[0].dtype, axis=node.attrs["axis"])
    return _outputs(node)


@rule("identity_n")
def _identity_n(x: Writer, node: Node) -> Sequence[str]:
    x.op("IdentityN", x.operands(node), main=True, T=[value.dtype for value in node.inputs])
    return _outputs(node)


@rule("split")
def _split(x: Writer, node: Node) -> Sequence[str]:
    (operand,), parts, kind = x.operands(node), node.attrs["num_or_sizes"], node.inputs[0].dtype
    axis = x.const(node.attrs["axis"], "split_dim", np.int32)
    if isinstance(parts, int):
        x.op("Split", [axis, operand], main=True, num_split=parts, T=kind)
    else:
        x.op("SplitV", [operand, x.shape(parts, "Const"), axis], main=True, num_split=len(parts), T=kind, Tlen=_INT32)
    return _outputs(node)


@rule("slice")
def _slice(x: Writer, node: Node) -> Sequence[str]:
    bounds = [x.shape(node.attrs[name], name) for name in ("begin", "size")]
    return [x.op("Slice", [*x.operands(node), *bounds], main=True, T=node.inputs[0].dtype, Index=_INT32)]


@rule("slice_dynamic")
def _slice_to(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Slice", x.operands(node), main=True, T=node.inputs[0].dtype, Index=node.inputs[1].dtype)]


def _bounds(x: Writer, node: Node, tensors: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Begin, end and strides of an index, and what its masks are."""
    columns: list[list[Any]] = [[], [], []]
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    supply = iter(tensors)

    def bound(item: Any) -> Any:
        return next(supply) if not isinstance(item, (int, Dim, type(None))) else item

    for place, (kind, *parts) in enumerate(node.attrs["index"]):
        bit = 1 << place
        if kind == "slice":
            start, stop, step = (bound(part) for part in parts)
            masks["begin_mask"] |= bit if start is None else 0
            masks["end_mask"] |= bit if stop is None else 0
            row: Sequence[Any] = (start or 0, stop or 0, 1 if step is None else step)
        elif kind in ("int", "tensor", "index"):
            start = bound(parts[0] if parts else "tensor")
            masks["shrink_axis_mask"] |= bit
            if isinstance(start, str):
                raise NotWritten
            row = (start, start + 1 if start != -1 else 0, 1)
            masks["end_mask"] |= bit if start == -1 else 0
        elif kind in ("ellipsis", "newaxis"):
            masks["ellipsis_mask" if kind == "ellipsis" else "new_axis_mask"] |= bit
            row = (0, 0, 1)
        else:
            raise NotWritten
        for column, item in zip(columns, row, strict=True):
            column.append(item)
    if any(isinstance(item, str) for column in columns for item in column):
        raise NotWritten
    names = ("stack", "stack_1", "stack_2")
    return [x.shape(column, name) for column, name in zip(columns, names, strict=True)], masks


@rule("strided_slice")
def _strided(x: Writer, node: Node) -> Sequence[str]:
    operand, *tensors = x.operands(node)
    bounds, masks = _bounds(x, node, tensors)
    return [x.op("StridedSlice", [operand, *bounds], main=True, T=node.inputs[0].dtype, Index=_INT32, **masks)]


@rule("strided_slice_grad")
def _strided_gradient(x: Writer, node: Node) -> Sequence[str]:
    operand, *tensors = x.operands(node)
    bounds, masks = _bounds(x, node, tensors)
    return [x.op("StridedSliceGrad", [x.shape(node.attrs["shape"]), *bounds, operand], main=True,
                 T=node.inputs[0].dtype, Index=_INT32, **masks)]  # fmt: skip


@rule("tile")
def _tile(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Tile", [*x.operands(node), x.shape(node.attrs["multiples"], "multiples")], main=True,
                 T=node.inputs[0].dtype, Tmultiples=_INT32)]  # fmt: skip


@rule("tile_dynamic")
def _tile_to(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Tile", x.operands(node), main=True, T=node.inputs[0].dtype, Tmultiples=node.inputs[1].dtype)]


@rule("pad")
def _pad(x: Writer, node: Node) -> Sequence[str]:
    (operand,), kind, mode = x.operands(node), node.inputs[0].dtype, node.attrs["mode"]
    flat = [n for pair in node.attrs["paddings"] for n in pair]
    if any(isinstance(n, Dim) for n in flat):
        raise NotWritten
    inputs = [operand, x.const(node.attrs["paddings"], "paddings", np.int32)]
    if mode != "constant":
        return [x.op("MirrorPad", inputs, main=True, T=kind, Tpaddings=_INT32, mode=mode.upper())]
    if node.attrs["constant_value"] == 0:
        return [x.op("Pad", inputs, main=True, T=kind, Tpaddings=_INT32)]
    filling = x.const(node.attrs["constant_value"], "constant_values", kind.numpy)
    return [x.op("PadV2", [*inputs, filling], main=True, T=kind, Tpaddings=_INT32)]


@rule("reverse")
def _reverse(x: Writer, node: Node) -> Sequence[str]:
    axis = node.attrs["axis"]
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    return [x.op("ReverseV2", [*x.operands(node), x.const(axes, "axis", np.int32)], main=True, T=node.inputs[0].dtype,
                 Tidx=_INT32)]  # fmt: skip


@rule("reverse_sequence")
def _reverse_sequence(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("ReverseSequence", x.operands(node), main=True, T=node.inputs[0].dtype, Tlen=node.inputs[1].dtype,
                 seq_dim=node.attrs["seq_axis"], batch_dim=node.attrs["batch_axis"])]  # fmt: skip


@rule("range")
def _range(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Range", x.operands(node), main=True, Tidx=node.inputs[0].dtype)]


@rule("ensure_shape")
def _ensure(x: Writer, node: Node) -> Sequence[str]:
    shape = node.attrs["shape"]
    known = None if shape is None else [n if isinstance(n, int) else None for n in shape]
    return [x.op("EnsureShape", x.operands(node), main=True, T=node.inputs[0].dtype, shape=TensorShape(known))]


# Numbers ------------------------------------------------------------------------------------------------------------


@rule("cast")
def _cast(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Cast", x.operands(node), main=True, SrcT=node.inputs[0].dtype, DstT=node.outputs[0].dtype,
                 Truncate=False)]  # fmt: skip


@rule("bitcast")
def _bitcast(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Bitcast", x.operands(node), main=True, T=node.inputs[0].dtype, type=node.outputs[0].dtype)]


@rule("complex")
def _complex(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Complex", x.operands(node), main=True, T=node.inputs[0].dtype, Tout=node.outputs[0].dtype)]


@rule("real", "imag")
def _part(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(node.op.capitalize(), x.operands(node), main=True, T=node.inputs[0].dtype,
                 Tout=node.outputs[0].dtype)]  # fmt: skip


@rule("clip")
def _clip(x: Writer, node: Node) -> Sequence[str]:
    kind, (operand, low, high) = node.inputs[0].dtype, x.operands(node)
    return [x.op("Maximum", [x.op("Minimum", [operand, high], T=kind), low], main=True, T=kind)]


@rule("leaky_relu")
def _leaky(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("LeakyRelu", x.operands(node), main=True, T=node.inputs[0].dtype, alpha=float(node.attrs["alpha"]))]


@rule("elu")
def _elu(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["alpha"] != 1:
        raise NotWritten
    return [x.op("Elu", x.operands(node), main=True, T=node.inputs[0].dtype)]


@rule("log_sigmoid")
def _log_sigmoid(x: Writer, node: Node) -> Sequence[str]:
    kind, operands = node.inputs[0].dtype, x.operands(node)
    return [x.op("Neg", [x.op("Softplus", [x.op("Neg", operands, T=kind)], T=kind)], main=True, T=kind)]


@rule("silu")
def _silu(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["beta"] != 1:
        raise NotWritten
    kind, (operand,) = node.inputs[0].dtype, x.operands(node)
    return [x.op("Mul", [operand, x.op("Sigmoid", [operand], T=kind)], main=True, T=kind)]


@rule("softmax", "log_softmax")
def _softmax(x: Writer, node: Node) -> Sequence[str]:
    rank, axis = node.inputs[0].type.rank, node.attrs["axis"]
    if rank is None or axis not in (-1, rank - 1):
        raise NotWritten
    kind = "Softmax" if node.op == "softmax" else "LogSoftmax"
    return [x.op(kind, x.operands(node), main=True, T=node.inputs[0].dtype)]


_REDUCTIONS = {"reduce_sum": "Sum", "reduce_mean": "Mean", "reduce_max": "Max", "reduce_min": "Min",
               "reduce_prod": "Prod", "reduce_all": "All", "reduce_any": "Any"}  # fmt: skip


@rule(*_REDUCTIONS)
def _reduce(x: Writer, node: Node) -> Sequence[str]:
    axis, rank = node.attrs["axis"], node.inputs[0].type.rank
    if axis is None and rank is None:
        raise NotWritten
    axes = list(range(rank or 0)) if axis is None else axis
    alone = isinstance(axes, (tuple, list)) and len(axes) == 1
    operand = next((v for v in node.metadata.get("operands", ()) if v in x.references), None)
    if operand is not None:
        indices = x.references[operand]
    else:
        indices = x.const(axes[0] if alone else axes, "reduction_indices", np.int32)
    kind = {} if node.op in ("reduce_all", "reduce_any") else {"T": node.inputs[0].dtype}
    return [x.op(_REDUCTIONS[node.op], [*x.operands(node), indices], main=True, Tidx=_INT32,
                 keep_dims=bool(node.attrs["keepdims"]), **kind)]  # fmt: skip


@rule("reduce_variance")
def _variance(x: Writer, node: Node) -> Sequence[str]:
    kind, (operand,), rank = node.inputs[0].dtype, x.operands(node), node.inputs[0].type.rank
    if rank is None or kind.is_complex:
        raise NotWritten
    axis = node.attrs["axis"]
    axes = x.const(list(range(rank)) if axis is None else axis, "axes", np.int32)
    mean = x.op("Mean", [operand, axes], T=kind, Tidx=_INT32, keep_dims=True)
    squares = x.op("SquaredDifference", [operand, mean], T=kind)
    return [x.op("Mean", [squares, axes], main=True, T=kind, Tidx=_INT32, keep_dims=bool(node.attrs["keepdims"]))]


@rule("argmax", "argmin")
def _arg(x: Writer, node: Node) -> Sequence[str]:
    kind = "ArgMax" if node.op == "argmax" else "ArgMin"
    return [x.op(kind, [*x.operands(node), x.const(node.attrs["axis"], "dimension", np.int32)], main=True,
                 T=node.inputs[0].dtype, Tidx=_INT32, output_type=node.outputs[0].dtype)]  # fmt: skip


@rule("cumsum", "cumprod")
def _cumulative(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(node.op.capitalize(), [*x.operands(node), x.const(node.attrs["axis"], "axis", np.int32)], main=True,
                 T=node.inputs[0].dtype, Tidx=_INT32, exclusive=bool(node.attrs["exclusive"]),
                 reverse=bool(node.attrs["reverse"]))]  # fmt: skip


@rule("matmul")
def _matmul(x: Writer, node: Node) -> Sequence[str]:
    attrs, kind, operands = node.attrs, node.inputs[0].dtype, x.operands(node)
    ranks = [value.type.rank for value in node.inputs]
    if attrs["output_type"] not in (None, kind) or None in ranks or node.inputs[1].dtype is not kind:
        raise NotWritten
    if ranks == [2, 2] and not (kind.is_complex and (attrs["adjoint_a"] or attrs["adjoint_b"])):
        return [x.op("MatMul", operands, main=True, T=kind,
                     transpose_a=bool(attrs["transpose_a"] or attrs["adjoint_a"]),
                     transpose_b=bool(attrs["transpose_b"] or attrs["adjoint_b"]))]  # fmt: skip
    if kind.is_complex and (attrs["transpose_a"] or attrs["transpose_b"]):
        raise NotWritten
    return [x.op("BatchMatMulV2", operands, main=True, T=kind, adj_x=bool(attrs["transpose_a"] or attrs["adjoint_a"]),
                 adj_y=bool(attrs["transpose_b"] or attrs["adjoint_b"]))]  # fmt: skip


@rule("select")
def _select(x: Writer, node: Node) -> Sequence[str]:
    shapes = {value.type.shape for value in node.inputs}
    kind = "Select" if len(shapes) == 1 and None not in shapes else "SelectV2"
    return [x.op(kind, x.operands(node), main=True, T=node.inputs[1].dtype)]


@rule("where")
def _where(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("Where", x.operands(node), main=True, T=node.inputs[0].dtype)]


@rule("check_numerics")
def _check(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("CheckNumerics", x.operands(node), main=True, T=node.inputs[0].dtype, message=node.attrs["message"])]


@rule("assert")
def _assert(x: Writer, node: Node) -> Sequence[str]:
    condition, *data = x.operands(node)
    kinds = [value.dtype for value in node.inputs[1:]]
    if not data:
        data, kinds = [x.const(np.array(node.attrs["message"].encode(), object), "message")], [dtypes.string]
    return [x.op("Assert", [condition, *data], main=True, T=kinds, summarize=3)]


# Rows, places, classes ----------------------------------------------------------------------------------------------


@rule("gather")
def _gather(x: Writer, node: Node) -> Sequence[str]:
    axis = x.const(node.attrs["axis"], "axis", np.int32)
    return [x.op("GatherV2", [*x.operands(node), axis], main=True, Tparams=node.inputs[0].dtype,
                 Tindices=node.inputs[1].dtype, Taxis=_INT32, batch_dims=node.attrs["batch_dims"])]  # fmt: skip


@rule("gather_grad")
def _gather_gradient(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["axis"] != 0 or node.attrs["batch_dims"] != 0 or not node.attrs["shape"]:
        raise NotWritten
    rows = x.size(node.attrs["shape"][0], "num_segments")
    return [x.op("UnsortedSegmentSum", [*x.operands(node), rows], main=True, T=node.inputs[0].dtype,
                 Tindices=node.inputs[1].dtype, Tnumsegments=_INT32)]  # fmt: skip


@rule("gather_nd")
def _gather_nd(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["batch_dims"] != 0:
        raise NotWritten
    return [x.op("GatherNd", x.operands(node), main=True, Tparams=node.inputs[0].dtype,
                 Tindices=node.inputs[1].dtype)]  # fmt: skip


@rule("scatter_nd")
def _scatter_nd(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["batch_dims"] != 0 or node.inputs[0].dtype is not _INT32:
        raise NotWritten
    return [x.op("ScatterNd", [*x.operands(node), x.shape(node.attrs["shape"])], main=True, T=node.inputs[1].dtype,
                 Tindices=_INT32)]  # fmt: skip


@rule("tensor_scatter_add", "tensor_scatter_sub", "tensor_scatter_update")
def _tensor_scatter(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(graph_ops.shown(node.op).type, x.operands(node), main=True, T=node.inputs[0].dtype,
                 Tindices=node.inputs[1].dtype)]  # fmt: skip


@rule("scatter_add_rows")
def _scatter_rows(x: Writer, node: Node) -> Sequence[str]:
    whole, indices, values = x.operands(node)
    index = node.inputs[1].dtype
    places = x.op("ExpandDims", [indices, x.const(-1, "dim", np.int32)], T=index, Tdim=_INT32)
    return [x.op("TensorScatterAdd", [whole, places, values], main=True, T=node.inputs[0].dtype, Tindices=index)]


def _flat_places(x: Writer, node: Node, sizes: Sequence[Any]) -> tuple[str, Any]:
    """Where the indices of the last axis lie in the tensor as one vector, and how many places that has."""
    indices, index = x.references[node.inputs[1]], node.inputs[1].dtype
    rows: Any = 1
    for size in sizes[:-1]:
        rows = rows * size
    bounds = [x.const(0, "start", np.int32), x.size(rows, "rows"), x.const(1, "delta", np.int32)]
    starts = x.op("Mul", [x.op("Range", bounds, Tidx=_INT32), x.size(sizes[-1], "width")], "starts", T=_INT32)
    column = x.op("ExpandDims", [starts, x.const(1, "dim", np.int32)], T=_INT32, Tdim=_INT32)
    last = x.shape([-1, (node.inputs[1].shape or (0,))[-1]], "by_row")
    by_row = x.op("Reshape", [indices, last], "by_row/Reshape", T=index, Tshape=_INT32)
    narrow = x.op("Cast", [by_row], SrcT=index, DstT=_INT32, Truncate=False)
    places = x.op("Add", [narrow, column], "places", T=_INT32)
    flat = x.op("Reshape", [places, x.const([-1], "flat", np.int32)], "flat/Reshape", T=_INT32, Tshape=_INT32)
    return flat, rows * sizes[-1]


@rule("take_along_axis", "take_along_axis_grad")
def _along(x: Writer, node: Node) -> Sequence[str]:
    given, kind = node.inputs[0].shape, node.inputs[0].dtype
    sizes = given if node.op == "take_along_axis" else node.attrs["shape"]
    if given is None or sizes is None or node.attrs["axis"] not in (-1, len(sizes) - 1):
        raise NotWritten
    operand, _ = x.operands(node)
    flat, count = _flat_places(x, node, sizes)
    vector = x.op("Reshape", [operand, x.const([-1], "vector", np.int32)], "vector/Reshape", T=kind, Tshape=_INT32)
    if node.op == "take_along_axis":
        found = x.op("GatherV2", [vector, flat, x.const(0, "axis", np.int32)], Tparams=kind, Tindices=_INT32,
                     Taxis=_INT32, batch_dims=0)  # fmt: skip
    else:
        found = x.op("UnsortedSegmentSum", [vector, flat, x.size(count, "count")], T=kind, Tindices=_INT32,
                     Tnumsegments=_INT32)  # fmt: skip
    wanted = node.outputs[0].shape or ()
    return [x.op("Reshape", [found, x.shape(wanted, "wanted")], main=True, T=kind, Tshape=_INT32)]


@rule("one_hot")
def _one_hot(x: Writer, node: Node) -> Sequence[str]:
    kind = node.attrs["dtype"]
    held = [x.size(node.attrs["depth"], "depth"), x.const(node.attrs["on_value"], "on_value", kind.numpy),
            x.const(node.attrs["off_value"], "off_value", kind.numpy)]  # fmt: skip
    return [x.op("OneHot", [*x.operands(node), *held], main=True, T=kind, TI=node.inputs[0].dtype,
                 axis=node.attrs["axis"])]  # fmt: skip


@rule("top_k")
def _top_k(x: Writer, node: Node) -> Sequence[str]:
    operand, *count = x.operands(node)
    if node.attrs["index_type"] is not _INT32:
        raise NotWritten
    how_many = count[0] if count else x.size(node.attrs["k"], "k")
    x.op("TopKV2", [operand, how_many], main=True, T=node.inputs[0].dtype, sorted=bool(node.attrs["sorted"]))
    return _outputs(node)


@rule("in_top_k")
def _in_top_k(x: Writer, node: Node) -> Sequence[str]:
    targets, predictions = x.operands(node)
    kind = node.inputs[0].dtype
    return [x.op("InTopKV2", [predictions, targets, x.const(node.attrs["k"], "k", kind.numpy)], main=True, T=kind)]


_SEGMENTS = {f"unsorted_segment_{name}": f"UnsortedSegment{name.capitalize()}" for name in ("sum", "max", "min",
"prod")}  # fmt: skip


@rule(*_SEGMENTS)
def _segments(x: Writer, node: Node) -> Sequence[str]:
    count = x.size(node.attrs["num_segments"], "num_segments")
    return [x.op(_SEGMENTS[node.op], [*x.operands(node), count], main=True, T=node.inputs[0].dtype,
                 Tindices=node.inputs[1].dtype, Tnumsegments=_INT32)]  # fmt: skip


@rule("string_split_at_any")
def _split_string(x: Writer, node: Node) -> Sequence[str]:
    marks = x.const(np.array(str(node.attrs["delimiters"]).encode("latin-1"), object), "delimiter")
    x.op("StringSplit", [*x.operands(node), marks], main=True, skip_empty=bool(node.attrs["skip_empty"]))
    return _outputs(node)


@rule("unique")
def _unique(x: Writer, node: Node) -> Sequence[str]:
    kinds = {"T": node.inputs[0].dtype, "out_idx": node.attrs["dtype"]}
    if node.attrs["axis"] is None:
        x.op("Unique", x.operands(node), main=True, **kinds)
    else:
        axis = x.const([node.attrs["axis"]], "axis", np.int32)
        x.op("UniqueV2", [*x.operands(node), axis], main=True, Taxis=_INT32, **kinds)
    return _outputs(node)


@rule("sparse_softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_gradient")
def _sparse_entropy(x: Writer, node: Node) -> Sequence[str]:
    *ct, logits, labels = x.operands(node)
    kind, index = node.inputs[-2].dtype, node.inputs[-1].dtype
    shape, name = node.inputs[-2].type.shape, "SparseSoftmaxCrossEntropyWithLogits"
    if shape is None or not isinstance(shape[-1], int):
        raise NotWritten
    sizes, given = {"T": kind, "Tshape": _INT32}, (logits, labels)
    if len(shape) != 2:  # rows of logits, as the operation takes them
        logits = x.op("Reshape", [logits, x.const([-1, shape[-1]], "rows", np.int32)], "logits", **sizes)
        labels = x.op("Reshape", [labels, x.const([-1], "row", np.int32)], "labels", T=index, Tshape=_INT32)
    if not ct:
        if len(shape) == 2:
            return [x.op(name, [logits, labels], main=True, T=kind, Tlabels=index)]
        whole = x.op("Shape", [given[1]], T=index, out_type=_INT32)
        return [x.op("Reshape", [x.op(name, [logits, labels], T=kind, Tlabels=index), whole], main=True, **sizes)]
    both = x.op(name, [logits, labels], T=kind, Tlabels=index)
    if len(shape) == 2:
        rows = x.op("ExpandDims", [ct[0], x.const(-1, "dim", np.int32)], T=kind, Tdim=_INT32)
        return [x.op("Mul", [rows, f"{both}:1"], main=True, T=kind)]
    rows = x.op("Reshape", [ct[0], x.const([-1, 1], "column", np.int32)], "cotangents", **sizes)
    whole = x.op("Shape", [given[0]], T=kind, out_type=_INT32)
    return [x.op("Reshape", [x.op("Mul", [rows, f"{both}:1"], T=kind), whole], main=True, **sizes)]


@rule("sigmoid_cross_entropy_with_logits")
def _sigmoid_entropy(x: Writer, node: Node) -> Sequence[str]:
    (logits, labels), kind = x.operands(node), node.inputs[0].dtype
    positive = x.op("Relu", [logits], T=kind)
    rest = x.op("Sub", [positive, x.op("Mul", [logits, labels], "mul", T=kind)], "sub", T=kind)
    small = x.op("Exp", [x.op("Neg", [x.op("Abs", [logits], T=kind)], T=kind)], T=kind)
    return [x.op("Add", [rest, x.op("Log1p", [small], T=kind)], main=True, T=kind)]
