"""Operations with windows, on matrices and on strings, as TensorFlow's; see `weft.runtime.graph_export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.ir.graph import Node
from weft.runtime import graph_ops
from weft.runtime.graph_export import NotWritten, Writer, rule

_INT32 = dtypes.int32

# Windows ------------------------------------------------------------------------------------------------------------


def _window(node: Node, per: Sequence[int], data_format: str) -> list[int]:
    return [1, *per, 1] if data_format == "channels_last" else [1, 1, *per]


def _format(node: Node, rank: int) -> str:
    last = node.attrs["data_format"] == "channels_last"
    return {2: "NHWC" if last else "NCHW", 3: "NDHWC" if last else "NCDHW"}[rank]


def _windowed(node: Node) -> dict[str, Any]:
    attrs, rank = node.attrs, len(node.attrs["strides"])
    if not isinstance(attrs["padding"], str) or rank not in (2, 3) or attrs.get("groups", 1) != 1:
        raise NotWritten
    return {"strides": _window(node, attrs["strides"], attrs["data_format"]), "padding": attrs["padding"],
            "data_format": _format(node, rank)}  # fmt: skip


def _convolving(node: Node) -> dict[str, Any]:
    attrs = _windowed(node)
    attrs["dilations"] = _window(node, node.attrs["dilations"], node.attrs["data_format"])
    if len(node.attrs["strides"]) == 2 and node.op != "depthwise_conv":
        attrs.update(use_cudnn_on_gpu=True, explicit_paddings=[])
    return attrs


@rule("conv")
def _conv(x: Writer, node: Node) -> Sequence[str]:
    if len(node.attrs["strides"]) == 1:
        return [_conv1d(x, node)]
    kind = "Conv2D" if len(node.attrs["strides"]) == 2 else "Conv3D"
    return [x.op(kind, x.operands(node), main=True, T=node.inputs[0].dtype, **_convolving(node))]


def _conv1d(x: Writer, node: Node) -> str:
    """A convolution along one axis is one along two, the first of which has one place."""
    attrs, kind = node.attrs, node.inputs[0].dtype
    if not isinstance(attrs["padding"], str) or attrs["groups"] != 1 or attrs["data_format"] != "channels_last":
        raise NotWritten
    operand, kernel = x.operands(node)
    wide = x.op("ExpandDims", [operand, x.const(1, "dim", np.int32)], T=kind, Tdim=_INT32)
    tall = x.op("ExpandDims", [kernel, x.const(0, "dim", np.int32)], T=kind, Tdim=_INT32)
    found = x.op("Conv2D", [wide, tall], T=kind, strides=[1, 1, *attrs["strides"], 1], padding=attrs["padding"],
                 data_format="NHWC", dilations=[1, 1, *attrs["dilations"], 1], use_cudnn_on_gpu=True,
                 explicit_paddings=[])  # fmt: skip
    return x.op("Squeeze", [found], main=True, T=kind, squeeze_dims=[1])


@rule("conv_input_gradient", "conv_kernel_gradient")
def _conv_gradient(x: Writer, node: Node) -> Sequence[str]:
    first, second = x.operands(node)
    rank, kind = len(node.attrs["strides"]), node.inputs[0].dtype
    attrs, further = _convolving(node), dict[str, Any]()
    suffix = "" if rank == 2 else "V2"
    if node.op == "conv_input_gradient":
        sizes = x.shape(node.attrs["input_shape"], "input_sizes")
        inputs, name = [sizes, second, first], f"Conv{rank}DBackpropInput{suffix}"
        further = {"Tshape": _INT32} if rank == 3 else {}
    else:
        sizes = x.shape(node.attrs["kernel_shape"], "filter_sizes")
        inputs, name = [first, sizes, second], f"Conv{rank}DBackpropFilter{suffix}"
    return [x.op(name, inputs, main=True, T=kind, **attrs, **further)]


@rule("depthwise_conv")
def _depthwise(x: Writer, node: Node) -> Sequence[str]:
    if len(node.attrs["strides"]) != 2:
        raise NotWritten
    return [x.op("DepthwiseConv2dNative", x.operands(node), main=True, T=node.inputs[0].dtype, **_convolving(node))]


def _pooling(node: Node) -> dict[str, Any]:
    if any(n != 1 for n in node.attrs["dilations"]):
        raise NotWritten
    return {**_windowed(node), "ksize": _window(node, node.attrs["window"], node.attrs["data_format"])}


@rule("max_pool", "avg_pool")
def _pool(x: Writer, node: Node) -> Sequence[str]:
    kind = ("MaxPool" if node.op == "max_pool" else "AvgPool") + "3D" * (len(node.attrs["strides"]) == 3)
    return [x.op(kind, x.operands(node), main=True, T=node.inputs[0].dtype, **_pooling(node))]


@rule("max_pool_gradient")
def _max_pool_gradient(x: Writer, node: Node) -> Sequence[str]:
    if len(node.attrs["strides"]) != 2:
        raise NotWritten
    return [x.op("MaxPoolGrad", x.operands(node), main=True, T=node.inputs[0].dtype, **_pooling(node))]


@rule("avg_pool_gradient")
def _avg_pool_gradient(x: Writer, node: Node) -> Sequence[str]:
    if len(node.attrs["strides"]) != 2:
        raise NotWritten
    shape = x.shape(node.attrs["input_shape"], "orig_input_shape")
    return [x.op("AvgPoolGrad", [shape, *x.operands(node)], main=True, T=node.inputs[0].dtype, **_pooling(node))]


@rule("local_response_normalization")
def _lrn(x: Writer, node: Node) -> Sequence[str]:
    attrs = node.attrs
    return [x.op("LRN", x.operands(node), main=True, T=node.inputs[0].dtype, depth_radius=int(attrs["depth_radius"]),
                 bias=float(attrs["bias"]), alpha=float(attrs["alpha"]), beta=float(attrs["beta"]))]  # fmt: skip


@rule("space_to_depth", "depth_to_space")
def _depth(x: Writer, node: Node) -> Sequence[str]:
    return [x.op(graph_ops.shown(node.op).type, x.operands(node), main=True, T=node.inputs[0].dtype,
                 block_size=node.attrs["block_size"], data_format=node.attrs["data_format"])]  # fmt: skip


@rule("matrix_band_part")
def _band(x: Writer, node: Node) -> Sequence[str]:
    bounds = [x.const(node.attrs[name], f"num_{name}", np.int64) for name in ("lower", "upper")]
    return [x.op("MatrixBandPart", [*x.operands(node), *bounds], main=True, T=node.inputs[0].dtype,
                 Tindex=dtypes.int64)]  # fmt: skip


@rule("inverse")
def _inverse(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("MatrixInverse", x.operands(node), main=True, T=node.inputs[0].dtype,
                 adjoint=bool(node.attrs["adjoint"]))]  # fmt: skip


# Strings ------------------------------------------------------------------------------------------------------------


@rule("as_string")
def _as_string(x: Writer, node: Node) -> Sequence[str]:
    attrs = node.attrs
    return [x.op("AsString", x.operands(node), main=True, T=node.inputs[0].dtype, precision=attrs["precision"],
                 scientific=bool(attrs["scientific"]), shortest=bool(attrs["shortest"]), width=attrs["width"],
                 fill=attrs["fill"])]  # fmt: skip


@rule("string_join")
def _join(x: Writer, node: Node) -> Sequence[str]:
    operands = x.operands(node)
    return [x.op("StringJoin", operands, main=True, N=len(operands), separator=node.attrs["separator"])]


@rule("string_to_number")
def _to_number(x: Writer, node: Node) -> Sequence[str]:
    return [x.op("StringToNumber", x.operands(node), main=True, out_type=node.outputs[0].dtype)]


@rule("decode_raw")
def _decode_raw(x: Writer, node: Node) -> Sequence[str]:
    if node.attrs["fixed_length"] is not None:
        raise NotWritten
    return [x.op("DecodeRaw", x.operands(node), main=True, out_type=node.outputs[0].dtype,
                 little_endian=bool(node.attrs["little_endian"]))]  # fmt: skip
