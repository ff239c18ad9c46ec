"""Operations that draw random numbers, as TensorFlow's; see `weft.runtime.graph_export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.ir.graph import Node
from weft.runtime.graph_export import NotWritten, Writer, rule

_INT32 = dtypes.int32


@rule("advance_random_state")
def _stream(x: Writer, node: Node) -> Sequence[str]:
    source = node.inputs[0]
    target = x.cells.get(source)
    state = None if target is None else getattr(target._array, "initial", None)
    seeds = (0, 0) if state is None else (int(state[2]), int(state[1]))
    if max(seeds) >= 1 << 63:
        seeds = (0, 0)
    x.kept[node.outputs[0]] = seeds
    return []


@rule("random_stream")
def _stateless(x: Writer, node: Node) -> Sequence[str]:
    # Draws take the seed itself; those of a generator outside of the graph are made without one.
    x.kept[node.outputs[0]] = (0, 0) if node.inputs[0] in x.private else x.references[node.inputs[0]]
    return []


def _seeds(x: Writer, state: Any) -> tuple[int, int]:
    found = x.kept.get(state)
    if not isinstance(found, tuple):  # of a draw in another loop, whose numbers are drawn again: files cannot say it
        raise NotWritten
    return int(found[0]), int(found[1])


DRAWS = {"random_normal": "RandomStandardNormal", "random_truncated_normal": "TruncatedNormal",
          "random_uniform": "RandomUniform"}  # fmt: skip


_STATELESS = {"random_normal": "StatelessRandomNormal", "random_truncated_normal": "StatelessTruncatedNormal",
              "random_uniform": "StatelessRandomUniform"}  # fmt: skip


@rule(*DRAWS)
def _draw(x: Writer, node: Node) -> Sequence[str]:
    given = x.kept.get(node.inputs[0])
    if isinstance(given, str):
        return [x.op(_STATELESS[node.op], [x.shape(node.attrs["shape"]), given], main=True, dtype=node.attrs["dtype"],
                     T=_INT32, Tseed=_seed_of(node.inputs[0]).dtype)]  # fmt: skip
    seed, seed2 = _seeds(x, node.inputs[0])
    return [x.op(DRAWS[node.op], [x.shape(node.attrs["shape"])], main=True, dtype=node.attrs["dtype"], T=_INT32,
                 seed=seed, seed2=seed2)]  # fmt: skip


def _seed_of(stream: Any) -> Any:
    return stream.node.inputs[0]


@rule("random_integers")
def _integers(x: Writer, node: Node) -> Sequence[str]:
    seed, seed2 = _seeds(x, node.inputs[0])
    bounds = [x.references[value] for value in node.inputs[2:]]
    return [x.op("RandomUniformInt", [x.shape(node.attrs["shape"]), *bounds], main=True, T=_INT32,
                 Tout=node.outputs[0].dtype, seed=seed, seed2=seed2)]  # fmt: skip


@rule("random_categorical")
def _categorical(x: Writer, node: Node) -> Sequence[str]:
    seed, seed2 = _seeds(x, node.inputs[0])
    count = x.size(node.attrs["num_samples"], "num_samples")
    return [x.op("Multinomial", [x.references[node.inputs[2]], count], main=True, T=node.inputs[2].dtype,
                 output_dtype=node.attrs["dtype"], seed=seed, seed2=seed2)]  # fmt: skip


@rule("random_shuffle_order")
def _order(x: Writer, node: Node) -> Sequence[str]:
    seed, seed2 = _seeds(x, node.inputs[0])
    bounds = [x.const(0, "start", np.int32), x.size(node.attrs["size"], "limit"), x.const(1, "delta", np.int32)]
    numbers = x.op("Range", bounds, "Range", Tidx=_INT32)
    wanted = node.outputs[0].dtype
    found = x.op("RandomShuffle", [numbers], "RandomShuffle", T=_INT32, seed=seed, seed2=seed2)
    return [x.op("Cast", [found], main=True, SrcT=_INT32, DstT=wanted, Truncate=False)]


@rule("dropout")
def _dropout(x: Writer, node: Node) -> Sequence[str]:
    """One mask for all that have one stream: the gradient drops what was dropped."""
    kind, rate = node.inputs[0].dtype, float(node.attrs["rate"])
    (operand, *_), key = [x.references[node.inputs[0]]], ("dropout", node.inputs[1], node.inputs[2])
    if key not in x.kept:
        seed, seed2 = _seeds(x, node.inputs[1])
        sizes = node.attrs["noise_shape"]
        shape = (x.op("Shape", [operand], "Shape", T=kind, out_type=_INT32) if sizes is None
                 else x.shape(sizes, "noise_shape"))  # fmt: skip
        drawn = x.op("RandomUniform", [shape], "random_uniform", dtype=kind, T=_INT32, seed=seed, seed2=seed2)
        kept = x.op("GreaterEqual", [drawn, x.const(rate, "rate", kind.numpy)], T=kind)
        x.kept[key] = x.op("Cast", [kept], SrcT=dtypes.bool_, DstT=kind, Truncate=False)
    scaled = x.op("Mul", [operand, x.const(1 / (1 - rate), "scale", kind.numpy)], "mul", T=kind)
    return [x.op("Mul", [scaled, x.kept[key]], main=True, T=kind)]
