"""How many operations TensorFlow 1.15 makes for functions that make another number of nodes here.

What draws without a seed of its own is numbered by the operations before it, so a program under `tf.set_random_seed`
draws TensorFlow's numbers where these are right; `tools/goldens/make_tf1_operation_counts.py` measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import weft
from weft.runtime.operation_counts import Standing

#: what tells a number: the arguments by name, and the call's own tally. An answer that has to wait for the result, or
#: for what functions of the program make, is a function of the result.
Rule = int | Callable[[dict[str, Any], Standing], Any]


def known(shape: Any) -> bool:
    """Whether a shape is known in all its sizes."""
    return bool(shape.rank is not None and shape.is_fully_defined())


def plain(value: Any) -> bool:
    """Whether a value is none of a graph, and becomes a constant there."""
    return not (weft.is_tensor(value) or hasattr(value, "_as_graph_element"))


def tensordot(args: Mapping[str, Any]) -> int:
    """A product over axes; the axes themselves are worked out in the graph where sizes are unknown."""
    whole = all(known(weft.convert_to_tensor(args[name]).shape) for name in "ab" if not plain(args[name]))
    return (11 if whole else 25) + plain(args["a"]) + plain(args["b"])


def _clip_by_value(args: dict[str, Any], standing: Standing) -> int:
    return 2 + plain(args["clip_value_min"]) + plain(args["clip_value_max"])


def _clip_by_global_norm(args: dict[str, Any], standing: Standing) -> int:
    count = sum(item is not None for item in args["t_list"])
    return 11 + 2 * count + (0 if args.get("use_norm") is not None else count + 6)


def _global_norm(args: dict[str, Any], standing: Standing) -> int:
    return 6 + sum(item is not None for item in args["t_list"])


def _sparse_cross_entropy(args: dict[str, Any], standing: Standing) -> int:
    logits = args["_sentinel"] if args["logits"] is None else args["logits"]  # first, before version 1.0
    rank = weft.convert_to_tensor(logits).shape.rank
    return (2 if rank == 2 else 34) + plain(args["labels"]) + plain(logits)


def _embedding_lookup(args: dict[str, Any], standing: Standing) -> int | None:
    params = args["params"]
    return None if isinstance(params, (list, tuple)) and len(params) > 1 else 3 + plain(args["ids"])


def _mask(args: dict[str, Any], standing: Standing) -> int:
    return 27 + plain(args["mask"])


def _moments(args: dict[str, Any], standing: Standing) -> int:
    return 6 if args.get("keep_dims") or args.get("keepdims") else 8


def _sequence_mask(args: dict[str, Any], standing: Standing) -> int:
    return 11 if args.get("maxlen") is None else 8


def _with_sizes(count: int, name: str) -> Callable[[dict[str, Any], Standing], int]:
    return lambda args, standing: count + plain(args[name])


def _rows(elems: Any) -> tuple[int, bool]:
    """How many tensors are walked, and whether their length is known."""
    leaves = weft.nest.flatten(elems)
    shape = weft.convert_to_tensor(leaves[0]).shape
    return len(leaves), bool(shape.rank and shape.as_list()[0] is not None)


def _map_fn(args: dict[str, Any], standing: Standing) -> Callable[[Any], int]:
    count, fixed = _rows(args["elems"])
    told = args.get("dtype") or args.get("fn_output_signature")
    expected = count if told is None else len(weft.nest.flatten(told))
    before = 22 + 13 * count + 5 * expected + (fixed and count + expected - 3)
    args["fn"] = standing.measured(args["fn"], before)

    def total(result: Any) -> int:
        results = len(weft.nest.flatten(result))
        return 28 + 13 * count + 14 * results + standing.inside() + (fixed and count + results - 3)

    return total


def _scan(args: dict[str, Any], standing: Standing) -> Callable[[Any], int]:
    count, fixed = _rows(args["elems"])
    begun = args.get("initializer") is not None
    leaves = weft.nest.flatten(args["initializer"] if begun else args["elems"])
    results = len(leaves)
    first = sum(map(plain, leaves)) if begun else 2 * (count + results)
    before = 22 + 13 * count + 9 * results + first + (fixed and count + results - 3)
    args["fn"] = standing.measured(args["fn"], before)

    def total(result: Any) -> int:
        return 28 + 13 * count + 20 * results + first + standing.inside() + (fixed and count + results - 3)

    return total


def _fold(args: dict[str, Any], standing: Standing) -> Callable[[Any], int]:
    count, fixed = _rows(args["elems"])
    begun = args.get("initializer") is not None
    leaves = weft.nest.flatten(args["initializer"] if begun else args["elems"])
    results = len(leaves)
    first = sum(map(plain, leaves)) if begun else 2 * count
    args["fn"] = standing.measured(args["fn"], 22 + 13 * count + 4 * results + first + (fixed and count - 3))

    def total(result: Any) -> int:
        return 28 + 13 * count + 6 * results + first + standing.inside() + (fixed and count - 3)

    return total


def _reshape(args: dict[str, Any], standing: Standing) -> int:
    shape = args["shape"]
    if isinstance(shape, (list, tuple)) and any(weft.is_tensor(size) for size in shape):
        return 2 + sum(map(plain, shape)) + plain(args["tensor"])  # the sizes become one tensor
    return 1 + plain(shape) + plain(args["tensor"])


def packed(shape: Any) -> int:
    """How many operations make a shape of a list of numbers and tensors."""
    if not isinstance(shape, (list, tuple)) or all(map(plain, shape)):
        return int(plain(shape))
    return 1 + sum(map(plain, shape))


def zeros(shape: Any) -> int | None:
    """Zeros or ones in a shape; whether they are many is worked out in the graph."""
    if not isinstance(shape, (list, tuple)) or all(map(plain, shape)):
        return None
    found, number = 0, plain(shape[0])
    for size in shape[1:]:
        if not (number and plain(size)):
            found, number = found + 1 + (number or plain(size)), False
    return found + 2 + packed(shape) + 2


def _linspace(args: dict[str, Any], standing: Standing) -> int:
    return 1 + sum(plain(args[name]) for name in ("start", "stop", "num"))


def _tile(args: dict[str, Any], standing: Standing) -> int:
    return 1 + packed(args["multiples"]) + plain(args["input"])


def _fill(args: dict[str, Any], standing: Standing) -> int:
    return 1 + packed(args["dims"]) + plain(args["value"])


def _lookup_sparse(args: dict[str, Any], standing: Standing) -> int | None:
    return 10 if args["sp_weights"] is None else None


def _tensordot(args: dict[str, Any], standing: Standing) -> int:
    return tensordot(args)


#: public name -> the number of operations, or what tells it
RULES: dict[str, Rule] = {
    "boolean_mask": _mask,
    "clip_by_global_norm": _clip_by_global_norm,
    "clip_by_value": _clip_by_value,
    "confusion_matrix": 105,
    "fill": _fill,
    "foldl": _fold,
    "foldr": _fold,
    "global_norm": _global_norm,
    **{f"image.resize_{kind}": _with_sizes(1, "size") for kind in ("area", "bicubic", "bilinear", "nearest_neighbor")},
    "linspace": _linspace,
    "map_fn": _map_fn,
    "multinomial": 2,
    "nn.atrous_conv2d": 13,
    "nn.conv1d": 6,
    "nn.conv2d_transpose": _with_sizes(1, "output_shape"),
    "nn.depthwise_conv2d": 3,
    "nn.embedding_lookup": _embedding_lookup,
    "nn.embedding_lookup_sparse": _lookup_sparse,
    "nn.fused_batch_norm": lambda args, standing: 3 if args.get("is_training", True) else 1,
    "nn.moments": _moments,
    "nn.nce_loss": 109,
    "nn.sampled_softmax_loss": 140,
    "nn.separable_conv2d": 4,
    "nn.sigmoid_cross_entropy_with_logits": 10,
    "nn.softmax_cross_entropy_with_logits": 32,
    "nn.softmax_cross_entropy_with_logits_v2": 31,
    "nn.sparse_softmax_cross_entropy_with_logits": _sparse_cross_entropy,
    "nn.weighted_cross_entropy_with_logits": 16,
    "nn.zero_fraction": 26,
    "norm": lambda args, standing: 5 if args.get("ord") in (None, "euclidean", 2) else 4,
    "ones_like": 3,
    "range": lambda args, standing: 1 + (args.get("limit") is None) + sum(
        args.get(name) is not None and plain(args[name]) for name in ("start", "limit", "delta")),
    "reduce_logsumexp": 14,
    "reshape": _reshape,
    "scan": _scan,
    "sequence_mask": _sequence_mask,
    "sparse_retain": lambda args, standing: 8 + plain(args["to_retain"]),
    "sparse_tensor_dense_matmul": 1,
    "sparse_to_dense": lambda args, standing: 1 + sum(
        plain(args[name]) for name in ("sparse_indices", "output_shape", "sparse_values", "default_value")),
    "tensordot": _tensordot,
    "tile": _tile,
}  # fmt: skip
