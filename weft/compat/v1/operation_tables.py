"""How many operations TensorFlow 1.15 makes for functions that make another number of nodes here.

What draws without a seed of its own is numbered by the operations before it, so a program under `tf.set_random_seed`
draws TensorFlow's numbers where these are right; `tools/goldens/make_tf1_operation_counts.py` measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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
    longest = args.get("maxlen")
    cast = args.get("dtype") not in (None, weft.bool, bool)
    return (11 if longest is None else 7 + plain(longest)) + plain(args["lengths"]) + cast


def _strided_slice(args: dict[str, Any], standing: Standing) -> int:
    begin, strides = _gathered(args["begin"]), args["strides"]
    apart = 3 + begin if strides is None else _gathered(strides)  # strides of 1 are made like the beginnings
    return 1 + plain(args["input_"]) + begin + _gathered(args["end"]) + apart


def _softmax(args: dict[str, Any], standing: Standing) -> int | None:
    """A product along another axis than the last one is made of transposed values."""
    axis = args.get("axis") if args.get("axis") is not None else args.get("dim")
    rank = weft.convert_to_tensor(args["logits"]).shape.rank
    return 31 if isinstance(axis, int) and rank is not None and axis not in (-1, rank - 1) else None


def _eye(args: dict[str, Any], standing: Standing) -> int | None:
    """Of known sizes ones and zeros are constants; else the shapes are put together in the graph."""
    rows, columns = args["num_rows"], args["num_columns"]
    square, columns = columns is None, rows if columns is None else columns
    known = plain(rows) and plain(columns)
    if known:
        square = rows == columns
    if known and plain(args["batch_shape"]):
        return 2 if square else 3
    diagonal = 0 if known else 1 + plain(rows) + plain(columns)
    further = 0 if square else 5 + (0 if known else plain(rows) + plain(columns))
    return diagonal + plain(args["batch_shape"]) + 6 + further


def _gamma(args: dict[str, Any], standing: Standing) -> int:
    """Alpha is made as large as beta before; the result is divided by it, and kept from 0."""
    before = packed(args["shape"]) + plain(args["alpha"]) + plain(args["beta"]) + 2
    standing.so_far(before)
    return before + 4


def _poisson(args: dict[str, Any], standing: Standing) -> int:
    before = packed(args["shape"])
    standing.so_far(before)
    return before + plain(args["lam"]) + 1


def _multinomial(args: dict[str, Any], standing: Standing) -> int:
    standing.so_far(plain(args["logits"]))
    return 1 + plain(args["logits"]) + plain(args["num_samples"])


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


def _gathered(value: Any) -> int:
    """How many operations make a tensor of an argument, whose lists may have lists and tensors in them."""
    if not isinstance(value, (list, tuple)) or all(map(plain, weft.nest.flatten(value))):
        return int(plain(value))
    return 1 + sum(map(_gathered, value))


def _with_gathered(count: int, *names: str) -> Rule:
    """As `_with_plain`, of arguments that may be lists of tensors."""
    return lambda args, standing: count + sum(_gathered(args[name]) for name in names if args.get(name) is not None)


def reduced(value: Any, axis: Any) -> int | None:
    """A reduction over all axes of what is no tensor: it is made one twice, and its axes are told in the graph."""
    if axis is not None or isinstance(value, (weft.Tensor, weft.SparseTensor, weft.IndexedSlices)):
        return None
    return 5 + 2 * _gathered(value)


def _padded(args: dict[str, Any], standing: Standing) -> int:
    value = args["constant_values"]
    filled = plain(value) and bool(np.any(np.asarray(value) != 0))
    return 1 + _gathered(args["tensor"]) + _gathered(args["paddings"]) + filled


def _sparse_to_dense(args: dict[str, Any], standing: Standing) -> int:
    indices, shape = args["sparse_indices"], args["output_shape"]
    sizes = shape if isinstance(shape, (list, tuple)) else ()
    wide = not plain(indices) and weft.convert_to_tensor(indices).dtype == weft.int64
    cast = wide and any(not plain(size) and weft.convert_to_tensor(size).dtype != weft.int64 for size in sizes)
    rest = plain(args["sparse_values"]) + plain(args["default_value"])
    return 1 + _gathered(indices) + packed(shape) + cast + rest


def zeros(shape: Any) -> int | None:
    """Zeros or ones in a shape; whether they are many is worked out in the graph."""
    if weft.is_tensor(shape) and shape.dtype.is_integer and shape.shape.rank in (None, 0):
        return 4  # which becomes a vector
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


def _more(count: int) -> Rule:
    """As many as there are nodes, and some more."""
    return lambda args, standing: lambda result: standing.own() + count


def _with_plain(count: int, *names: str) -> Rule:
    """A constant for each of these arguments that is no tensor."""
    return lambda args, standing: count + sum(plain(args[name]) for name in names)


def _unsure(image: Any) -> int:
    """The checks of an image whose sizes only the run tells."""
    return 0 if known(weft.convert_to_tensor(image).shape) else 22


def _one_hot(args: dict[str, Any], standing: Standing) -> int | None:
    values = args["on_value"], args["off_value"]
    if None in values:
        if weft.is_tensor(args["depth"]):
            return 1 + plain(args["indices"]) + sum(value is None or plain(value) for value in values)
        return None
    return 1 + plain(args["indices"]) + plain(args["depth"]) + 2 * sum(map(plain, values))


def _flip(args: dict[str, Any], standing: Standing) -> int:
    return 3 + _unsure(args["image"])


def _random_flip(args: dict[str, Any], standing: Standing) -> int:
    image, checks = weft.convert_to_tensor(args["image"]), _unsure(args["image"])
    standing.so_far(4 + checks - 6 * (image.shape.rank is None))  # ours look at the rank first
    if image.shape.rank == 4:
        return 26 + checks + (image.dtype != weft.float32)
    return 19 + checks


def _turned(args: dict[str, Any], standing: Standing) -> int | None:
    return 63 + _unsure(args["image"]) if plain(args["k"]) else None


def _middle(args: dict[str, Any], standing: Standing) -> int | None:
    shape = weft.convert_to_tensor(args["image"]).shape
    return 26 if shape.rank == 4 and known(shape[1:]) and not known(shape) else None


def _adjusting(name: str, whole: int) -> tuple[Rule, Rule]:
    """Changes of colours, by a given factor and by one of chance: of floats, and of whole numbers, which are floats
    meanwhile."""

    def count(args: dict[str, Any]) -> int:
        image = args["image"] if "image" in args else args["images"]
        return (2 if weft.convert_to_tensor(image).dtype.is_floating else whole) + plain(image)

    def drawn(args: dict[str, Any], standing: Standing) -> int:
        standing.so_far(3)
        return 7 + count(args)

    return lambda args, standing: count(args) + plain(args[name]), drawn


def _standardized(args: dict[str, Any], standing: Standing) -> int:
    floats = weft.convert_to_tensor(args["image"]).dtype.is_floating
    return (23 if floats else 32) + _unsure(args["image"])


def _boxed(one: int, several: int) -> Rule:
    """A part of images, or images in the middle of zeros, of sizes that are numbers."""

    def rule(args: dict[str, Any], standing: Standing) -> int | None:
        image, *box = args.values()
        shape = weft.convert_to_tensor(image).shape
        if not all(map(plain, box)) or shape.rank not in (3, 4):
            return None
        if known(shape):
            return one if shape.rank == 3 else several
        return several + 24 if shape.rank == 4 and known(shape[1:]) else None

    return rule


def _resized_by_border(args: dict[str, Any], standing: Standing) -> int | None:
    shape = weft.convert_to_tensor(args["image"]).shape
    if not (plain(args["target_height"]) and plain(args["target_width"])) or shape.rank not in (3, 4):
        return None
    if known(shape):
        return 14 if shape.rank == 3 else 11
    return (85 if known(shape[1:]) else None) if shape.rank == 4 else 176


def _gray(args: dict[str, Any], standing: Standing) -> int:
    images = weft.convert_to_tensor(args["images"])
    return (16 if known(images.shape) else 30) + 4 * (not images.dtype.is_floating)


def _area_under_curve(args: dict[str, Any], standing: Standing) -> int | None:
    labels, scores = (weft.convert_to_tensor(args[name]) for name in ("labels", "predictions"))
    if args["weights"] is not None:
        return None
    return 168 + 6 * (not known(scores.shape)) + (labels.dtype != weft.bool) + (scores.dtype != weft.float32)


def _share_of_union(args: dict[str, Any], standing: Standing) -> int | None:
    given = [weft.convert_to_tensor(args[name]) for name in ("labels", "predictions")]
    if args["weights"] is not None or any(item.shape.rank != 1 for item in given):
        return None
    return 137 + sum(item.dtype != weft.int64 for item in given)


def _answers(count: int) -> Rule:
    """Counts of right and wrong answers, each of which becomes a bool."""

    def rule(args: dict[str, Any], standing: Standing) -> int | None:
        if args["weights"] is not None:
            return None
        given = [args[name] for name in ("labels", "predictions")]
        return count + sum((weft.convert_to_tensor(item).dtype != weft.bool) + plain(item) for item in given)

    return rule


def _polynomial_decay(args: dict[str, Any], standing: Standing) -> Callable[[Any], int]:
    return lambda result: standing.own() + (8 if args["cycle"] else 1)


def _piecewise(args: dict[str, Any], standing: Standing) -> int:
    bounds, at = args["boundaries"], weft.convert_to_tensor(args["x"])
    casts = sum(weft.convert_to_tensor(bound).dtype != at.dtype for bound in bounds)
    constants = sum(map(plain, [*bounds, *args["values"]])) + plain(args["x"])
    return len(bounds) ** 2 + 11 * len(bounds) + 25 + casts + constants


def _compared(args: dict[str, Any], standing: Standing) -> int | None:
    x, y = args["x"], args["y"]
    if (plain(x) and plain(y)) or args["data"] is not None:
        return None
    whole = weft.convert_to_tensor(y if plain(x) else x).dtype == weft.int32
    constants = plain(x) + plain(y)
    return 10 + constants if whole else 20 + (x is not y) + constants


def _signed(count: int) -> Rule:
    def rule(args: dict[str, Any], standing: Standing) -> int | None:
        if plain(args["x"]) or args["data"] is not None:
            return None
        return 11 if weft.convert_to_tensor(args["x"]).dtype == weft.int32 else count

    return rule


#: those of the namespaces
_BRIGHTNESS, _RANDOM_BRIGHTNESS = _adjusting("delta", 11)
_CONTRAST, _RANDOM_CONTRAST = _adjusting("contrast_factor", 11)
_HUE, _RANDOM_HUE = _adjusting("delta", 7)
_SATURATION, _RANDOM_SATURATION = _adjusting("saturation_factor", 7)


#: public name -> the number of operations, or what tells it
RULES: dict[str, Rule] = {
    **{f"assert_{kind}": _compared for kind in (
        "equal", "none_equal", "less", "less_equal", "greater", "greater_equal")},
    "assert_negative": _signed(21),
    "assert_non_negative": _signed(19),
    "assert_non_positive": _signed(19),
    "assert_positive": _signed(21),
    "add_n": lambda args, standing: 1 + sum(map(plain, args["inputs"])),
    "batch_to_space": _with_plain(1, "block_size", "crops"),
    "batch_to_space_nd": _with_plain(1, "block_shape", "crops"),
    "bincount": 13,
    "boolean_mask": _mask,
    "broadcast_to": _with_gathered(1, "input", "shape"),
    "clip_by_global_norm": _clip_by_global_norm,
    "clip_by_value": _clip_by_value,
    "confusion_matrix": 105,
    "count_nonzero": lambda args, standing: 5,
    "dynamic_stitch": lambda args, standing: 1 + sum(map(_gathered, [*args["indices"], *args["data"]])),
    "eye": _eye,
    "fill": _fill,
    "foldl": _fold,
    "foldr": _fold,
    "global_norm": _global_norm,
    "image.adjust_brightness": _BRIGHTNESS,
    "image.adjust_contrast": _CONTRAST,
    "image.adjust_hue": _HUE,
    "image.adjust_saturation": _SATURATION,
    "image.central_crop": _middle,
    "image.crop_to_bounding_box": _boxed(7, 4),
    "image.flip_left_right": _flip,
    "image.flip_up_down": _flip,
    "image.pad_to_bounding_box": _boxed(8, 5),
    "image.per_image_standardization": _standardized,
    "image.random_brightness": _RANDOM_BRIGHTNESS,
    "image.random_contrast": _RANDOM_CONTRAST,
    "image.random_flip_left_right": _random_flip,
    "image.random_flip_up_down": _random_flip,
    "image.random_hue": _RANDOM_HUE,
    "image.random_saturation": _RANDOM_SATURATION,
    "image.resize_image_with_crop_or_pad": _resized_by_border,
    "image.rgb_to_grayscale": _gray,
    "image.rot90": _turned,
    "image.transpose": _flip,
    **{f"image.resize_{kind}": _with_sizes(1, "size") for kind in ("area", "bicubic", "bilinear", "nearest_neighbor")},
    "linspace": _linspace,
    "logical_xor": 4,
    "map_fn": _map_fn,
    "math.reduce_std": lambda args, standing: 7 + plain(args["input_tensor"]),
    "math.reduce_variance": lambda args, standing: 6 + plain(args["input_tensor"]),
    "matrix_band_part": _with_plain(1, "input", "num_lower", "num_upper"),
    "metrics.auc": _area_under_curve,
    **{f"metrics.{sign}_{kind}": _answers(15) for sign in ("true", "false") for kind in ("positives", "negatives")},
    "metrics.mean_iou": _share_of_union,
    "metrics.precision": _answers(44),
    "metrics.recall": _answers(44),
    "nn.atrous_conv2d": 13,
    "nn.conv1d": 6,
    "nn.crelu": 4,
    "nn.conv2d_transpose": _with_sizes(1, "output_shape"),
    "nn.depthwise_conv2d": 3,
    "nn.embedding_lookup": _embedding_lookup,
    "nn.embedding_lookup_sparse": _lookup_sparse,
    "nn.fused_batch_norm": lambda args, standing: 3 if args.get("is_training", True) else 1,
    "nn.moments": _moments,
    "nn.log_softmax": _softmax,
    "nn.nce_loss": 109,
    "nn.sampled_softmax_loss": 140,
    "nn.separable_conv2d": 4,
    "nn.sigmoid_cross_entropy_with_logits": 10,
    "nn.softmax": _softmax,
    "nn.softmax_cross_entropy_with_logits": 32,
    "nn.softmax_cross_entropy_with_logits_v2": 31,
    "nn.sparse_softmax_cross_entropy_with_logits": _sparse_cross_entropy,
    "nn.weighted_cross_entropy_with_logits": 16,
    "nn.swish": 4,
    "nn.zero_fraction": 26,
    "norm": lambda args, standing: (5 if args.get("ord") in (None, "euclidean", 2) else 4) + plain(args["tensor"]),
    "ones_like": lambda args, standing: 3 + plain(args["tensor"]),
    "pad": _padded,
    "range": lambda args, standing: 1 + (args.get("limit") is None) + sum(
        args.get(name) is not None and plain(args[name]) for name in ("start", "limit", "delta")),
    "one_hot": _one_hot,
    "parallel_stack": lambda args, standing: 1 + 2 * len(args["values"]) + sum(map(plain, args["values"])),
    "random.categorical": 2,
    "multinomial": _multinomial,
    "random_gamma": _gamma,
    "random_poisson": _poisson,
    "reduce_logsumexp": 14,
    "reshape": _reshape,
    "roll": _with_plain(1, "input", "shift", "axis"),
    "scan": _scan,
    **{f"scatter_{kind}": _with_gathered(1, "indices", "updates") for kind in (
        "add", "div", "max", "min", "mul", "nd_add", "nd_sub", "nd_update", "sub", "update")},
    "scatter_nd": _with_gathered(1, "indices", "updates", "shape"),
    "sequence_mask": _sequence_mask,
    "shape": lambda args, standing: 2 if plain(args["input"]) else None,
    "slice": _with_gathered(1, "input_", "begin", "size"),
    "sparse_retain": lambda args, standing: 8 + plain(args["to_retain"]),
    "sparse_tensor_dense_matmul": 1,
    "sparse_to_dense": _sparse_to_dense,
    "space_to_batch": _with_plain(1, "block_size", "paddings"),
    "space_to_batch_nd": _with_plain(1, "block_shape", "paddings"),
    "strided_slice": _strided_slice,
    "tensordot": _tensordot,
    "tile": _tile,
    "trace": lambda args, standing: 3 + plain(args["x"]),
    "train.cosine_decay_restarts": _more(7),
    "train.inverse_time_decay": _more(1),
    "train.linear_cosine_decay": _more(4),
    "train.noisy_linear_cosine_decay": _more(1),
    "train.piecewise_constant": _piecewise,
    "train.polynomial_decay": _polynomial_decay,
    "unravel_index": _with_plain(1, "indices", "dims"),
    "verify_tensor_all_finite": 2,
}  # fmt: skip
