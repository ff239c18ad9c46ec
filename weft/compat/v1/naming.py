"""Public functions of several nodes under the names that TensorFlow 1's graphs have for them.

One node's name is known where ops are applied (`weft.runtime.graph_ops`). A function of several is a name scope of its
own there, and what it returns is called after the scope or stands inside it: `clip_by_value:0`, `batchnorm/add_1:0`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from weft.compat.v1 import namespace_places
from weft.compat.v1.namespace_places import Place, PlaceRule
from weft.compat.v1.signatures import ordered
from weft.runtime import frontdoor
from weft.runtime.context import in_graph as in_graph
from weft.runtime.operation_counts import standing_for
from weft.runtime.scopes import Unit


def _is_last(arguments: dict[str, Any], tensor: str) -> bool:
    rank = frontdoor.convert(arguments[tensor]).shape.rank
    return arguments["axis"] in (-1, None if rank is None else rank - 1)


def _place_in_order(arguments: dict[str, Any]) -> Place:
    """Where `sort` has its result: it turns round what is ascending, and brings the axis to the end and back."""
    if not _is_last(arguments, "values"):
        return "transpose_1"
    return ("TopKV2:0",) if str(arguments["direction"]).upper() == "DESCENDING" else "Neg_1"


def _place_of_order(arguments: dict[str, Any]) -> Place:
    return ("TopKV2:1",) if _is_last(arguments, "values") else "transpose_1"


def _place_repeated(arguments: dict[str, Any]) -> Place:
    return "Reshape" if np.ndim(arguments["repeats"]) == 0 else "boolean_mask/GatherV2"


#: public name -> (name scope, the results' names inside it (empty: the scope's own), their type; empty: as computed)
COMPOSITES: dict[str, tuple[str, Place | PlaceRule, str]] = {
    **namespace_places.LINES,
    "add_n": ("AddN", "", "AddN"),
    "argsort": ("argsort", _place_of_order, ""),
    "broadcast_dynamic_shape": ("BroadcastArgs", "", "BroadcastArgs"),
    "edit_distance": ("edit_distance", "", "EditDistance"),
    "extract_volume_patches": ("ExtractVolumePatches", "", "ExtractVolumePatches"),
    "guarantee_const": ("GuaranteeConst", "", "GuaranteeConst"),
    "identity_n": ("IdentityN", "", "IdentityN"),
    "repeat": ("Repeat", _place_repeated, ""),
    "setdiff1d": ("ListDiff", "", "ListDiff"),
    "shape_n": ("ShapeN", "", "ShapeN"),
    "sort": ("sort", _place_in_order, ""),
    "string_split": ("StringSplit", ("StringSplit:0", "StringSplit:1", "StringSplit:2"), "StringSplit"),
    "to_complex128": ("ToComplex128", "", ""),
    "unsorted_segment_sqrt_n": ("UnsortedSegmentSqrtN", "truediv", "RealDiv"),
    "nn.ctc_beam_search_decoder": ("CTCBeamSearchDecoder", "", "CTCBeamSearchDecoder"),
    "nn.ctc_greedy_decoder": ("CTCGreedyDecoder", "", "CTCGreedyDecoder"),
    "nn.fused_batch_norm": ("FusedBatchNormV3", "", "FusedBatchNormV3"),
    **{f"fake_quant_with_min_max_{kind}": (type, "", type) for kind, type in {
        "args": "FakeQuantWithMinMaxArgs", "args_gradient": "FakeQuantWithMinMaxArgsGradient",
        "vars": "FakeQuantWithMinMaxVars", "vars_gradient": "FakeQuantWithMinMaxVarsGradient",
        "vars_per_channel": "FakeQuantWithMinMaxVarsPerChannel",
        "vars_per_channel_gradient": "FakeQuantWithMinMaxVarsPerChannelGradient"}.items()},
    **{f"sets.{kind}": (f"{kind}SetOperation", "", f"{kind}SetOperation")
       for kind in ("DenseToDense", "DenseToSparse", "SparseToSparse")},
    "accumulate_n": ("AccumulateNV2", "", "AccumulateNV2"),
    "batch_to_space": ("BatchToSpaceND", "", "BatchToSpaceND"),
    "batch_to_space_nd": ("BatchToSpaceND", "", "BatchToSpaceND"),
    "bincount": ("bincount", "Bincount", "Bincount"),
    "boolean_mask": ("boolean_mask", "GatherV2", "GatherV2"),
    "angle": ("Angle", "", "Angle"),
    "batch_gather": ("BatchGather", "Reshape_3", "Reshape"),
    "cast": ("Cast", "", ""),
    "cholesky_solve": ("cholesky_solve", "MatrixTriangularSolve_1", "MatrixTriangularSolve"),
    "clip_by_average_norm": ("clip_by_average_norm", "", "Identity"),
    "clip_by_norm": ("clip_by_norm", "", "Identity"),
    "clip_by_value": ("clip_by_value", "", "Maximum"),
    "confusion_matrix": ("confusion_matrix", "SparseTensorDenseAdd", "SparseTensorDenseAdd"),
    "count_nonzero": ("count_nonzero", "Sum", "Sum"),
    "deserialize_many_sparse": ("DeserializeManySparse", "", "DeserializeManySparse"),
    "div_no_nan": ("div_no_nan", "", "DivNoNan"),
    "einsum": ("einsum", "MatMul", "MatMul"),
    "eye": ("eye", "diag", "MatrixDiag"),
    "fill": ("Fill", "", "Fill"),
    "foldl": ("foldl", "while/Exit_2", "Exit"),
    "foldr": ("foldr", "while/Exit_2", "Exit"),
    "global_norm": ("global_norm", "global_norm", "Sqrt"),
    "floor_div": ("FloorDiv", "", "FloorDiv"),
    "histogram_fixed_width": ("histogram_fixed_width", "", "HistogramFixedWidth"),
    "histogram_fixed_width_bins": ("histogram_fixed_width_bins", "Reshape_1", "Reshape"),
    "is_non_decreasing": ("is_non_decreasing", "All", "All"),
    "is_strictly_increasing": ("is_strictly_increasing", "All", "All"),
    "lbeta": ("lbeta", "sub", "Sub"),
    "linspace": ("LinSpace", "", "LinSpace"),
    "logical_xor": ("LogicalXor", "", "LogicalAnd"),
    "map_fn": ("map", "TensorArrayStack/TensorArrayGatherV3", "TensorArrayGatherV3"),
    "matrix_solve": ("MatrixSolve", "", "MatrixSolve"),
    "matrix_transpose": ("matrix_transpose", "transpose", "Transpose"),
    "matrix_triangular_solve": ("MatrixTriangularSolve", "", "MatrixTriangularSolve"),
    "matrix_solve_ls": ("matrix_solve_ls", "cholesky_solve/MatrixTriangularSolve_1", "MatrixTriangularSolve"),
    "matrix_square_root": ("MatrixSquareRoot", "", "MatrixSquareRoot"),
    "meshgrid": ("meshgrid", "mul", "Mul"),
    "multinomial": ("multinomial", "Multinomial", "Multinomial"),
    "norm": ("norm", "Squeeze", "Squeeze"),
    "ones_like": ("ones_like", "", "Fill"),
    "parallel_stack": ("parallel_stack", "ParallelConcat", "ParallelConcat"),
    "random_gamma": ("random_gamma", "Maximum", "Maximum"),
    "random_poisson": ("random_poisson", "RandomPoissonV2", "RandomPoissonV2"),
    "random_shuffle": ("RandomShuffle", "", "RandomShuffle"),
    "range": ("range", "", "Range"),
    "rank": ("Rank", "", "Const"),
    "realdiv": ("RealDiv", "", "RealDiv"),
    "reduce_logsumexp": ("ReduceLogSumExp", "Add", "Add"),
    "rint": ("Rint", "", "Rint"),
    "required_space_to_batch_paddings": ("required_space_to_batch_paddings", ("paddings", "crops"), "Pack"),
    "saturate_cast": ("saturate_cast", "", "Cast"),
    "scan": ("scan", "TensorArrayStack/TensorArrayGatherV3", "TensorArrayGatherV3"),
    "self_adjoint_eigvals": ("SelfAdjointEigV2", "", "SelfAdjointEigV2"),
    "sequence_mask": ("SequenceMask", "Less", "Less"),
    "shape": ("Shape", "", ""),
    "space_to_batch": ("SpaceToBatchND", "", "SpaceToBatchND"),
    "space_to_batch_nd": ("SpaceToBatchND", "", "SpaceToBatchND"),
    "strided_slice": ("StridedSlice", "", "StridedSlice"),
    "tensordot": ("Tensordot", "", "Reshape"),
    "to_bfloat16": ("ToBFloat16", "", ""),
    "to_complex64": ("ToComplex64", "", ""),
    "to_double": ("ToDouble", "", ""),
    "to_float": ("ToFloat", "", ""),
    "to_int32": ("ToInt32", "", ""),
    "to_int64": ("ToInt64", "", ""),
    "trace": ("Trace", "", "Sum"),
    "unravel_index": ("UnravelIndex", "", "UnravelIndex"),
    "unsorted_segment_mean": ("UnsortedSegmentMean", "truediv", "RealDiv"),
    "verify_tensor_all_finite": ("VerifyFinite", "control_dependency", "Identity"),
    "nn.atrous_conv2d": ("convolution", "BatchToSpaceND", "BatchToSpaceND"),
    "nn.ctc_loss": ("CTCLoss", "", "CTCLoss"),
    "nn.normalize_moments": ("normalize", ("mean", "variance"), ""),
    "nn.sufficient_statistics": ("sufficient_statistics", ("Const", "mean_ss", "var_ss", "shift"), ""),
    "nn.avg_pool": ("AvgPool", "", ""),
    "nn.batch_normalization": ("batchnorm", "add_1", "AddV2"),
    "nn.bias_add": ("BiasAdd", "", "BiasAdd"),
    "nn.conv3d_backprop_filter": ("Conv3DBackpropFilterV2", "", "Conv3DBackpropFilterV2"),
    "nn.depthwise_conv2d_backprop_filter": (
        "DepthwiseConv2dNativeBackpropFilter", "", "DepthwiseConv2dNativeBackpropFilter"
    ),
    "nn.depthwise_conv2d_backprop_input": (
        "DepthwiseConv2dNativeBackpropInput", "", "DepthwiseConv2dNativeBackpropInput"
    ),
    "nn.fractional_avg_pool": ("FractionalAvgPool", "", "FractionalAvgPool"),
    "nn.fractional_max_pool": ("FractionalMaxPool", "", "FractionalMaxPool"),
    "nn.conv3d_transpose": ("conv3d_transpose", "", "Conv3DBackpropInputV2"),
    "nn.crelu": ("CRelu", "Relu", "Relu"),
    "nn.conv2d_backprop_filter": ("Conv2DBackpropFilter", "", "Conv2DBackpropFilter"),
    "nn.depthwise_conv2d_native": ("DepthwiseConv2dNative", "", "DepthwiseConv2dNative"),
    "nn.dilation2d": ("Dilation2D", "", "Dilation2D"),
    "nn.embedding_lookup_sparse": ("embedding_lookup_sparse", "", "SegmentMean"),
    "nn.erosion2d": ("erosion2d", "Neg_1", "Neg"),
    "nn.conv3d": ("Conv3D", "", "Conv3D"),
    "nn.conv1d": ("conv1d", "Squeeze", "Squeeze"),
    "nn.conv2d_transpose": ("conv2d_transpose", "", "Conv2DBackpropInput"),
    "nn.embedding_lookup": ("embedding_lookup", "Identity", "Identity"),
    "nn.in_top_k": ("in_top_k", "InTopKV2", "InTopKV2"),
    "nn.l2_loss": ("L2Loss", "", "L2Loss"),
    "nn.l2_normalize": ("l2_normalize", "", "Mul"),
    "nn.log_poisson_loss": ("log_poisson_loss", "sub", "Sub"),
    "nn.max_pool2d": ("MaxPool2d", "", "MaxPool"),
    "nn.relu_layer": ("relu_layer", "", "Relu"),
    "nn.separable_conv2d": ("separable_conv2d", "", "Conv2D"),
    "nn.sigmoid_cross_entropy_with_logits": ("logistic_loss", "", "Add"),
    "nn.softmax_cross_entropy_with_logits": ("softmax_cross_entropy_with_logits_sg", "Reshape_2", "Reshape"),
    "nn.softmax_cross_entropy_with_logits_v2": ("softmax_cross_entropy_with_logits", "Reshape_2", "Reshape"),
    "nn.sparse_softmax_cross_entropy_with_logits": (
        "SparseSoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits",
        "SparseSoftmaxCrossEntropyWithLogits",
    ),
    "nn.swish": ("IdentityN", "", "IdentityN"),
    "nn.weighted_cross_entropy_with_logits": ("logistic_loss", "", "Add"),
    "nn.xw_plus_b": ("xw_plus_b", "", "BiasAdd"),
    "nn.zero_fraction": ("zero_fraction", "fraction", "Identity"),
    "image.adjust_brightness": ("adjust_brightness", "Identity", "Identity"),
    "image.adjust_contrast": ("adjust_contrast", "Identity", "Identity"),
    "image.adjust_hue": ("adjust_hue", "Identity", "Identity"),
    "image.adjust_saturation": ("adjust_saturation", "Identity", "Identity"),
    "image.crop_and_resize": ("CropAndResize", "", "CropAndResize"),
    "image.crop_to_bounding_box": ("crop_to_bounding_box", "Slice", "Slice"),
    "image.grayscale_to_rgb": ("grayscale_to_rgb", "", "Tile"),
    "image.hsv_to_rgb": ("HSVToRGB", "", "HSVToRGB"),
    "image.pad_to_bounding_box": ("pad_to_bounding_box", "Pad", "Pad"),
    "image.psnr": ("PSNR", "Identity_3", "Identity"),
    "image.random_brightness": ("adjust_brightness", "Identity", "Identity"),
    "image.random_contrast": ("adjust_contrast", "Identity", "Identity"),
    "image.random_hue": ("adjust_hue", "Identity", "Identity"),
    "image.random_saturation": ("adjust_saturation", "Identity", "Identity"),
    "image.resize_image_with_pad": ("resize_image_with_pad", "pad_to_bounding_box/Pad", "Pad"),
    "image.rgb_to_hsv": ("RGBToHSV", "", "RGBToHSV"),
    "image.rot90": ("rot90", "cond/Merge", "Merge"),
    "image.total_variation": ("total_variation", "add", "Add"),
    "image.central_crop": ("central_crop", "Slice", "Slice"),
    "image.convert_image_dtype": ("convert_image", "", ""),
    "image.decode_bmp": ("DecodeBmp", "", "DecodeBmp"),
    "image.decode_gif": ("DecodeGif", "", "DecodeGif"),
    "image.decode_image": ("decode_image", "cond_jpeg/Merge", "Merge"),
    "image.decode_jpeg": ("DecodeJpeg", "", "DecodeJpeg"),
    "image.decode_png": ("DecodePng", "", "DecodePng"),
    "image.encode_jpeg": ("EncodeJpeg", "", "EncodeJpeg"),
    "image.encode_png": ("EncodePng", "", "EncodePng"),
    "image.flip_left_right": ("flip_left_right", "ReverseV2", "ReverseV2"),
    "image.flip_up_down": ("flip_up_down", "ReverseV2", "ReverseV2"),
    "image.per_image_standardization": ("per_image_standardization", "Identity", "Identity"),
    "image.resize_area": ("ResizeArea", "", "ResizeArea"),
    "image.resize_bicubic": ("ResizeBicubic", "", "ResizeBicubic"),
    "image.resize_bilinear": ("ResizeBilinear", "", "ResizeBilinear"),
    "image.resize_nearest_neighbor": ("ResizeNearestNeighbor", "", "ResizeNearestNeighbor"),
    "image.rgb_to_grayscale": ("rgb_to_grayscale", "", "Sum"),
    "sparse.add": ("SparseAdd", (":0", ":1", None), "SparseAdd"),
    "sparse.concat": ("SparseConcat", (":0", ":1", None), "SparseConcat"),
    "sparse.concat_expanding": ("SparseConcat", "", "SparseConcat"),
    "sparse.dense_add": ("SparseTensorDenseAdd", "", "SparseTensorDenseAdd"),
    "sparse.fill_empty_rows": (
        "SparseFillEmptyRows", ("SparseFillEmptyRows:0", "SparseFillEmptyRows:1", None, "SparseFillEmptyRows:2"),
        "SparseFillEmptyRows",
    ),
    "sparse.least_shape": ("Maximum", "", "Maximum"),
    "sparse.mask": ("sparse_mask", ("", "ListDiff"), ""),
    "sparse.matmul": ("SparseMatMul", "", "SparseMatMul"),
    "sparse.maximum": ("SparseSparseMaximum", (":0", ":1", None), "SparseSparseMaximum"),
    "sparse.merge": ("SparseMerge", ("SparseReorder:0", "SparseReorder:1", "concat_1"), ""),
    "sparse.minimum": ("SparseSparseMinimum", (":0", ":1", None), "SparseSparseMinimum"),
    "sparse.reduce_max": ("SparseReduceMax", "", "SparseReduceMax"),
    "sparse.reduce_max_sparse": ("SparseReduceMaxSparse", "", "SparseReduceMaxSparse"),
    "sparse.reduce_sum": ("SparseReduceSum", "", "SparseReduceSum"),
    "sparse.reduce_sum_sparse": ("SparseReduceSumSparse", "", "SparseReduceSumSparse"),
    "sparse.reorder": ("SparseReorder", (":0", ":1", None), "SparseReorder"),
    "sparse.reshape": ("SparseReshape", ("", "Identity", "Const"), ""),
    "sparse.segment_mean": ("SparseSegmentMean", "", "SparseSegmentMean"),
    "sparse.segment_mean_of": ("SparseSegmentMeanWithNumSegments", "", "SparseSegmentMeanWithNumSegments"),
    "sparse.segment_sqrt_n": ("SparseSegmentSqrtN", "", "SparseSegmentSqrtN"),
    "sparse.segment_sqrt_n_of": ("SparseSegmentSqrtNWithNumSegments", "", "SparseSegmentSqrtNWithNumSegments"),
    "sparse.segment_sum": ("SparseSegmentSum", "", "SparseSegmentSum"),
    "sparse.segment_sum_of": ("SparseSegmentSumWithNumSegments", "", "SparseSegmentSumWithNumSegments"),
    "sparse.slice": ("SparseSlice", "", "SparseSlice"),
    "sparse.softmax": ("SparseSoftmax", (None, "SparseSoftmax", None), "SparseSoftmax"),
    "sparse.split": ("SparseSplit", "", "SparseSplit"),
    "sparse.sparse_dense_matmul": (
        "SparseTensorDenseMatMul", "SparseTensorDenseMatMul", "SparseTensorDenseMatMul"
    ),
    "sparse.to_dense": ("SparseToDense", "", "SparseToDense"),
    "sparse.to_indicator": ("SparseToIndicator", "", "ScatterUpdate"),
    "sparse.transpose": ("SparseTranspose", ("SparseReorder:0", "SparseReorder:1", None), "SparseReorder"),
    "strings.regex_full_match": ("StaticRegexFullMatch", "", "StaticRegexFullMatch"),
    "strings.regex_replace": ("StaticRegexReplace", "", "StaticRegexReplace"),
}  # fmt: skip


#: those of one node there: what else we make for them does not show
SINGLE = frozenset(
    """
    accumulate_n add_n angle batch_to_space batch_to_space_nd broadcast_dynamic_shape cast deserialize_many_sparse
    edit_distance extract_volume_patches fake_quant_with_min_max_args
    fake_quant_with_min_max_args_gradient fake_quant_with_min_max_vars fake_quant_with_min_max_vars_gradient
    fake_quant_with_min_max_vars_per_channel fake_quant_with_min_max_vars_per_channel_gradient fill floor_div
    guarantee_const identity_n image.crop_and_resize image.decode_bmp image.decode_gif image.decode_jpeg
    image.decode_png image.encode_jpeg image.encode_png image.hsv_to_rgb image.resize_area image.resize_bicubic
    image.resize_bilinear image.resize_nearest_neighbor image.rgb_to_hsv linspace matrix_solve matrix_square_root
    matrix_triangular_solve nn.avg_pool nn.bias_add nn.conv2d_backprop_filter nn.conv2d_transpose
    nn.conv3d_backprop_filter nn.conv3d_transpose nn.ctc_beam_search_decoder nn.ctc_greedy_decoder nn.ctc_loss
    nn.depthwise_conv2d_backprop_filter nn.depthwise_conv2d_backprop_input nn.depthwise_conv2d_native nn.dilation2d
    nn.fractional_avg_pool nn.fractional_max_pool nn.fused_batch_norm nn.l2_loss nn.max_pool2d nn.swish ones_like
    random_shuffle range rank realdiv rint self_adjoint_eigvals setdiff1d sets.DenseToDense sets.DenseToSparse
    sets.SparseToSparse shape shape_n space_to_batch space_to_batch_nd sparse.add sparse.concat sparse.concat_expanding
    sparse.dense_add sparse.matmul sparse.maximum sparse.minimum sparse.reduce_max sparse.reduce_max_sparse
    sparse.reduce_sum sparse.reduce_sum_sparse sparse.reorder sparse.segment_mean sparse.segment_mean_of
    sparse.segment_sqrt_n sparse.segment_sqrt_n_of sparse.segment_sum sparse.segment_sum_of sparse.slice sparse.split
    sparse.to_dense sparse.to_indicator strided_slice strings.regex_full_match strings.regex_replace trace unravel_index
    """.split()
) | namespace_places.SINGLE


def counted(public: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A public function that stands for TensorFlow's number of operations; unchanged where its nodes are as many."""
    from weft.compat.v1.gradient_counts import WHOLE
    from weft.compat.v1.operation_tables import RULES

    rule = RULES.get(public)
    if rule is None and public not in WHOLE:
        return function
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not in_graph():
            return function(*args, **kwargs)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # which says what is wrong
        bound.apply_defaults()
        with standing_for() as standing:
            total = rule if rule is None or isinstance(rule, int) else rule(bound.arguments, standing)
            found = function(*bound.args, **bound.kwargs)
            standing.total = total(found) if callable(total) else total
            gradients = WHOLE.get(public)
            standing.gradients = gradients(bound.arguments, found) if callable(gradients) else gradients
        return found

    # where pickle finds it: what it wraps lies under the same name elsewhere
    call.__module__, call.__qualname__ = "weft.compat.v1", public
    return call


def count(prefix: str, names: dict[str, Any]) -> None:
    """Lets those functions of a module that are listed stand for TensorFlow's numbers of operations.

    Args:
        prefix: What stands before their names in the list: `metrics.`.
        names: The module's names.
    """
    from weft.compat.v1.operation_tables import RULES

    for public in RULES:
        name = public.removeprefix(prefix)
        if name != public and name in names:
            names[name] = counted(public, names[name])


def _bound(signature: inspect.Signature, args: Any, kwargs: Any) -> dict[str, Any]:
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def composite(public: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A public function whose nodes are named as TensorFlow 1 names them; unchanged where it has no line above."""
    line = COMPOSITES.get(public)
    if line is None:
        return counted(public, function)
    default, place, type = line
    signature = inspect.signature(function)
    position = list(signature.parameters).index("name") if "name" in signature.parameters else None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not in_graph():
            return function(*args, **kwargs)
        name = kwargs.pop("name", None)
        if position is not None and len(args) > position:
            name, args = args[position], (*args[:position], None, *args[position + 1 :])
        with Unit(name or default) as unit:
            found = function(*args, **kwargs)
            at = place
            if not isinstance(at, (str, tuple)):
                at = at({**_bound(signature, args, kwargs), "return": found})
            return unit.call(found, at, type, public in SINGLE)

    # where pickle finds it: what it wraps lies under the same name elsewhere
    call.__module__, call.__qualname__ = "weft.compat.v1", public
    return counted(public, call)


def version_1(public: str, function: Any) -> Any:
    """A public name of version 2 as version 1 has it: with its parameters, and its names of nodes."""
    return composite(public, ordered(public, function)) if inspect.isfunction(function) else function


def namespace_of(space: ModuleType, renamed: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """The lookup of a namespace in which version 1's functions are version 2's, under version 1's parameters and names.

    Args:
        space: Version 2's namespace.
        renamed: Names that are others there.

    Returns:
        The module's `__getattr__`.
    """
    prefix = space.__name__.removeprefix("weft.api.")
    found: dict[str, Any] = {}

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in found:
            found[name] = version_1(f"{prefix}.{name}", getattr(space, (renamed or {}).get(name, name)))
        return found[name]

    return find
