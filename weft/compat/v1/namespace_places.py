"""Where functions of version 1's submodules have their results in its graphs: lines of `naming.COMPOSITES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.runtime import frontdoor
from weft.runtime.ragged import RaggedTensor

#: what results are called inside of a scope: one name, numbered for further results, or a name for each. `Sort:1` is
#: the second output of an operation, None what keeps its own name
Place = str | tuple[str | None, ...]
#: one that depends on the call's arguments, and on what is found, which is there as `return`
PlaceRule = Callable[[dict[str, Any]], Place]


def _outputs(name: str, *numbers: int | None) -> Place:
    """Places of results that are outputs of one operation."""
    return tuple(None if number is None else f"{name}:{number}" for number in numbers)


def _transformed(given: dict[str, Any]) -> Place:
    """What the result of a discrete cosine transform is called."""
    kind, scaled = given["type"], given["norm"] == "ortho"
    if kind == 2:
        return "mul_6" if scaled else "Real_1"
    return "strided_slice"


def _spelt(given: dict[str, Any]) -> Place:
    """What the strings of code points are called: rows of one length go by way of ragged ones."""
    return "UnicodeEncode" if isinstance(given["input"], RaggedTensor) else "UnicodeEncode/UnicodeEncode"


def _column(given: dict[str, Any]) -> Place:
    """What a solution is called: that of a vector is squeezed beside the operation."""
    return "../Squeeze" if frontdoor.convert(given["rhs"]).shape.rank == 1 else ""


def _grams(given: dict[str, Any]) -> Place:
    """What n-grams are called: those of dense rows go by way of ragged ones."""
    if isinstance(given["data"], RaggedTensor):
        return _outputs("StringNGrams", 0, 1)
    return "RaggedGetItem/strided_slice_5" if frontdoor.convert(given["data"]).shape.rank == 1 else "Reshape"


def _flipped(given: dict[str, Any]) -> Place:
    """What images are called that are flipped at random: one by a branch, a batch by arithmetic."""
    return "add" if frontdoor.convert(given["image"]).shape.rank == 4 else "Merge"


def _transformed_back(given: dict[str, Any]) -> Place:
    return _transformed({**given, "type": {1: 1, 2: 3, 3: 2}.get(given["type"], given["type"])})


def _listed(given: dict[str, Any]) -> Place:
    """The values and row splits of a ragged constant, whose innermost splits are made first."""
    count = len(given["return"].nested_row_splits) if isinstance(given["return"], RaggedTensor) else 0
    if not count:
        return ""
    return ("values", *(f"Const_{i}" if i else "Const" for i in reversed(range(count))))


def _joined(given: dict[str, Any]) -> Place:
    """The values and row splits of ragged tensors that are put together."""
    count = len(given["return"].nested_row_splits)
    return ("concat", *(f"concat_{i}" for i in reversed(range(1, count + 1))))


LINES: dict[str, tuple[str, Place | PlaceRule, str]] = {
    "audio.decode_wav": ("DecodeWav", "", "DecodeWav"),
    "audio.encode_wav": ("EncodeWav", "", "EncodeWav"),
    "image.adjust_gamma": ("adjust_gamma", "Identity", "Identity"),
    "image.adjust_jpeg_quality": ("adjust_jpeg_quality", "convert_image_1", ""),
    "image.combined_non_max_suppression": (
        "combined_non_max_suppression", _outputs("CombinedNonMaxSuppression", 0, 1, 2, 3), "CombinedNonMaxSuppression"
    ),
    "image.decode_and_crop_jpeg": ("DecodeAndCropJpeg", "", "DecodeAndCropJpeg"),
    "image.draw_bounding_boxes": ("DrawBoundingBoxes", "", "DrawBoundingBoxes"),
    "image.extract_glimpse": ("ExtractGlimpse", "", "ExtractGlimpse"),
    "image.extract_image_patches": ("ExtractImagePatches", "", "ExtractImagePatches"),
    "image.extract_jpeg_shape": ("ExtractJpegShape", "", "ExtractJpegShape"),
    "image.extract_patches": ("ExtractImagePatches", "", "ExtractImagePatches"),
    "image.is_jpeg": ("is_jpeg", "Equal", "Equal"),
    "image.non_max_suppression": ("non_max_suppression", "NonMaxSuppressionV3", "NonMaxSuppressionV3"),
    "image.non_max_suppression_overlaps": ("non_max_suppression_overlaps", "NonMaxSuppressionWithOverlaps",
                                           "NonMaxSuppressionWithOverlaps"),
    "image.non_max_suppression_padded": (
        "non_max_suppression_padded", _outputs("NonMaxSuppressionV4", 0, 1), "NonMaxSuppressionV4"
    ),
    "image.non_max_suppression_with_scores": (
        "non_max_suppression_with_scores", _outputs("NonMaxSuppressionV5", 0, 1), "NonMaxSuppressionV5"
    ),
    "image.image_gradients": ("image_gradients", ("../Reshape", "../Reshape_1"), "Reshape"),
    "image.random_flip_left_right": ("random_flip_left_right", _flipped, ""),
    "image.random_flip_up_down": ("random_flip_up_down", _flipped, ""),
    "image.rgb_to_yiq": ("Tensordot", "", "Reshape"),
    "image.rgb_to_yuv": ("Tensordot", "", "Reshape"),
    "image.sample_distorted_bounding_box": (
        "sample_distorted_bounding_box", _outputs("SampleDistortedBoundingBoxV2", 0, 1, 2),
        "SampleDistortedBoundingBoxV2",
    ),
    "image.sobel_edges": ("sobel_edges", "../Reshape", "Reshape"),
    "image.ssim": ("SSIM", "../Mean_2", "Mean"),
    "image.ssim_multiscale": ("MS-SSIM", "Mean", "Mean"),
    "image.transpose": ("transpose", "transpose", "Transpose"),
    "image.yiq_to_rgb": ("Tensordot", "", "Reshape"),
    "image.yuv_to_rgb": ("Tensordot", "", "Reshape"),
    "linalg.adjoint": ("adjoint", "matrix_transpose/transpose", "Transpose"),
    "linalg.expm": ("matrix_exponential", "Reshape_1", "Reshape"),
    "linalg.logdet": ("logdet", ("mul:0",), "Mul"),
    "linalg.logm": ("MatrixLogarithm", "", "MatrixLogarithm"),
    "linalg.lu": ("Lu", "", "Lu"),
    "linalg.matrix_rank": ("matrix_rank", "Sum", "Sum"),
    "linalg.matvec": ("MatVec", "Squeeze", "Squeeze"),
    "linalg.normalize": ("normalize", ("truediv", "norm/Sqrt"), ""),
    "linalg.pinv": ("pinv", "MatMul", "MatMul"),
    "linalg.slogdet": ("LogMatrixDeterminant", "", "LogMatrixDeterminant"),
    "linalg.tridiagonal_matmul": ("TridiagonalMatMul", "", "TridiagonalMatMul"),
    "linalg.tridiagonal_solve": ("TridiagonalSolve", _column, ""),
    "math.bessel_i0": ("bessel_i0", "mul", "Mul"),
    "math.bessel_i1": ("bessel_i1", "mul", "Mul"),
    "math.multiply_no_nan": ("multiply_no_nan", "", "MulNoNan"),
    "math.polyval": ("polyval", "add_1", "Add"),
    "math.reciprocal_no_nan": ("reciprocal_no_nan", "", "DivNoNan"),
    "math.reduce_euclidean_norm": ("EuclideanNorm", "", "EuclideanNorm"),
    "math.reduce_std": ("reduce_std", "Sqrt", "Sqrt"),
    "math.reduce_variance": ("reduce_variance", "Mean_1", "Mean"),
    "nn.atrous_conv2d_transpose": ("atrous_conv2d_transpose", "BatchToSpaceND", "BatchToSpaceND"),
    "nn.avg_pool1d": ("AvgPool1D", "Squeeze", "Squeeze"),
    "nn.avg_pool3d": ("AvgPool3D", "", "AvgPool3D"),
    "nn.batch_norm_with_global_normalization": ("batchnorm", "add_1", "AddV2"),
    "nn.collapse_repeated": ("collapse_repeated_labels", ("Reshape_3", "Sum"), ""),
    "nn.compute_accidental_hits": ("ComputeAccidentalHits", "", "ComputeAccidentalHits"),
    "nn.conv1d_transpose": ("conv1d_transpose", "Squeeze", "Squeeze"),
    "nn.ctc_unique_labels": (
        "ctc_unique_labels",
        ("map/TensorArrayStack/TensorArrayGatherV3", "map/TensorArrayStack_1/TensorArrayGatherV3"),
        "TensorArrayGatherV3",
    ),
    "nn.max_pool1d": ("MaxPool1d", "Squeeze", "Squeeze"),
    "nn.max_pool3d": ("MaxPool3D", "", "MaxPool3D"),
    "nn.safe_embedding_lookup_sparse": ("embedding_lookup", "Reshape_2", "Reshape"),
    "quantization.quantize_and_dequantize": ("QuantizeAndDequantizeV2", "", "QuantizeAndDequantizeV2"),
    "ragged.boolean_mask": ("RaggedMask", ("boolean_mask/GatherV2", "RaggedFromRowLengths/concat"), ""),
    "ragged.constant": ("RaggedConstant", _listed, ""),
    "ragged.range": ("RaggedRange", _outputs("", 1, 0), "RaggedRange"),
    "ragged.row_splits_to_segment_ids": (
        "RaggedSplitsToSegmentIds", "Repeat/boolean_mask/GatherV2", "GatherV2"
    ),
    "ragged.segment_ids_to_row_splits": ("SegmentIdsToRaggedSplits", "concat", "ConcatV2"),
    "ragged.stack": ("RaggedConcat", _joined, ""),
    "ragged.stack_dynamic_partitions": ("SegmentStack", ("GatherV2_1", "RaggedFromValueRowIds/concat"), ""),
    "random.categorical": ("categorical", "Multinomial", "Multinomial"),
    **{f"random.{kind}_candidate_sampler": (type, "", type) for kind, type in (
        ("all", "AllCandidateSampler"), ("fixed_unigram", "FixedUnigramCandidateSampler"),
        ("learned_unigram", "LearnedUnigramCandidateSampler"), ("log_uniform", "LogUniformCandidateSampler"),
        ("uniform", "UniformCandidateSampler"))},
    "random.stateless_categorical": ("stateless_categorical", "StatelessMultinomial", "StatelessMultinomial"),
    "random.stateless_multinomial": ("stateless_multinomial", "StatelessMultinomial", "StatelessMultinomial"),
    "random.stateless_normal": ("stateless_random_normal", "", "Add"),
    "random.stateless_truncated_normal": ("stateless_truncated_normal", "", "Add"),
    "random.stateless_uniform": ("stateless_random_uniform", "", "Add"),
    "sets.size": ("SetSize", "", "SetSize"),
    "signal.dct": ("dct", _transformed, ""),
    "signal.fft3d": ("FFT3D", "", "FFT3D"),
    "signal.fftshift": ("fftshift", "", "Roll"),
    "signal.frame": ("frame", "Reshape_4", "Reshape"),
    "signal.hamming_window": ("hamming_window", "sub_2", "Sub"),
    "signal.hann_window": ("hann_window", "sub_2", "Sub"),
    "signal.idct": ("dct", _transformed_back, ""),
    "signal.ifft3d": ("IFFT3D", "", "IFFT3D"),
    "signal.ifftshift": ("ifftshift", "", "Roll"),
    "signal.inverse_stft": ("inverse_stft", "overlap_and_add/strided_slice_4", "StridedSlice"),
    "signal.linear_to_mel_weight_matrix": ("linear_to_mel_weight_matrix", "", "Pad"),
    "signal.mfccs_from_log_mel_spectrograms": ("mfccs_from_log_mel_spectrograms", "mul_1", "Mul"),
    "signal.overlap_and_add": ("overlap_and_add", "strided_slice_4", "StridedSlice"),
    **{f"signal.{name}": (name, "", name.upper())
       for name in ("irfft", "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d")},
    "signal.stft": ("stft", "rfft", "RFFT"),
    "sparse.expand_dims": ("expand_dims", ("concat", None, "concat_1"), ""),
    "sparse.eye": ("eye", ("stack", "ones", "SparseTensor/dense_shape"), ""),
    "sparse.from_dense": ("dense_to_sparse", ("Where", "GatherNd", "Shape"), ""),
    "strings.ngrams": ("StringNGrams", _grams, "StringNGrams"),
    "strings.bytes_split": ("StringsByteSplit", ("StringSplit:1", "RaggedFromValueRowIds/concat"), ""),
    "strings.split": ("StringSplit", _outputs("StringSplitV2", 0, 1, 2), "StringSplitV2"),
    "strings.split_ragged": (
        "StringSplit", ("StringSplit/StringSplitV2:1", "StringSplit/RaggedFromValueRowIds/concat"), "",
    ),
    "strings.unicode_decode": ("UnicodeDecode", _outputs("UnicodeDecode", 1, 0), "UnicodeDecode"),
    "strings.unicode_decode_with_offsets": (
        "UnicodeDecodeWithOffsets", _outputs("UnicodeDecodeWithOffsets", 1, 0, 2, 0), "UnicodeDecodeWithOffsets"
    ),
    "strings.unicode_encode": ("UnicodeEncode", _spelt, "UnicodeEncode"),
    "strings.unicode_split": (
        "UnicodeSplit", ("UnicodeEncode/UnicodeEncode/UnicodeEncode/UnicodeEncode", "UnicodeDecode:0"), ""
    ),
    "strings.unicode_split_with_offsets": (
        "UnicodeSplitWithOffsets",
        ("UnicodeEncode/UnicodeEncode/UnicodeEncode/UnicodeEncode",
         *_outputs("UnicodeDecodeWithOffsets", 0, 2, 0)), "",
    ),
}  # fmt: skip

#: those of one node there
SINGLE = frozenset(
    """
    audio.decode_wav audio.encode_wav image.decode_and_crop_jpeg image.draw_bounding_boxes image.extract_glimpse
    image.extract_image_patches image.extract_jpeg_shape image.extract_patches image.rgb_to_yiq image.rgb_to_yuv
    image.yiq_to_rgb image.yuv_to_rgb linalg.logm linalg.lu linalg.slogdet linalg.tridiagonal_matmul
    random.all_candidate_sampler random.fixed_unigram_candidate_sampler
    random.learned_unigram_candidate_sampler random.log_uniform_candidate_sampler random.uniform_candidate_sampler
    math.reduce_euclidean_norm nn.avg_pool3d nn.compute_accidental_hits nn.max_pool3d
    quantization.quantize_and_dequantize sets.size signal.fft3d signal.ifft3d
    """.split()
)
