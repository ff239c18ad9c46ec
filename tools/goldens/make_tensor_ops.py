"""TensorFlow's reductions, segments, sorting, indexing, einsum, matrices and transforms."""

from __future__ import annotations

import _ops
import _store as store
import numpy as np
from _ops import values

out = store.Store("tensor_ops")
record = _ops.Recorder(out)
TIES = np.array([[3.0, 1.0, 3.0, 2.0], [0.0, 0.0, -1.0, 0.0], [5.0, 5.0, 5.0, 5.0]], np.float32)


def reductions() -> None:
    x = values("reductions", 3, 4, 2)
    names = "sum mean max min prod variance std logsumexp euclidean_norm".split()
    for name in names:
        for title, attrs in (
            ("all", {}),
            ("axis", {"axis": 1}),
            ("axes", {"axis": [0, 2], "keepdims": True}),
            ("negative", {"axis": -1}),
            ("no_axes", {"axis": []}),
        ):
            record(f"reduce_{name}_{title}", f"math.reduce_{name}", x, attrs=attrs)
        empty = np.zeros((0, 3), np.float32)
        record(f"reduce_{name}_empty", f"math.reduce_{name}", empty, attrs={"axis": 0}, gradient=False)
    for name in ("max", "min"):
        record(f"reduce_{name}_ties", f"math.reduce_{name}", TIES, attrs={"axis": 1})
        nans = np.array([[1.0, np.nan], [np.nan, np.nan]], np.float32)
        record(f"reduce_{name}_nan", f"math.reduce_{name}", nans, attrs={"axis": 1}, gradient=False)
    zeros = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0], [1.0, 2.0, 3.0]], np.float32)
    record("reduce_prod_zeros", "math.reduce_prod", zeros, attrs={"axis": 1})
    record("reduce_std_constant", "math.reduce_std", np.full((2, 3), 2.0, np.float32), attrs={"axis": 1})
    record("reduce_euclidean_norm_zero", "math.reduce_euclidean_norm", np.zeros((2, 3), np.float32), attrs={"axis": 1})
    infinite = np.array([[-np.inf] * 2, [0.0, -np.inf], [1000.0, 1000.0], [np.inf, 0.0]], np.float32)
    record("reduce_logsumexp_infinite", "math.reduce_logsumexp", infinite, attrs={"axis": 1})
    whole = np.array([[7, -8, 5], [2, 2, -3]], np.int32)
    for name in ("sum", "mean", "max", "min", "prod"):
        record(f"reduce_{name}_int32", f"math.reduce_{name}", whole, attrs={"axis": 1})
    flags = np.array([[True, False], [True, True], [False, False]])
    for name in ("all", "any"):
        record(f"reduce_{name}", f"math.reduce_{name}", flags, attrs={"axis": 1})
        record(f"reduce_{name}_whole", f"math.reduce_{name}", flags)
    record("count_nonzero", "math.count_nonzero", zeros, attrs={"axis": 1})
    for name in ("argmax", "argmin"):
        for axis in (0, 1):
            record(f"{name}_ties_{axis}", f"math.{name}", TIES, attrs={"axis": axis})
        record(f"{name}_int32", f"math.{name}", whole, attrs={"axis": 1, "output_type": "int32"})
    record("moments", "nn.moments", x, attrs={"axes": [0, 1]})
    record("moments_keepdims", "nn.moments", x, attrs={"axes": [1], "keepdims": True})


def cumulative() -> None:
    x = values("cumulative", 3, 4)
    with_zero = np.array([[2.0, 0.0, 3.0, 4.0], [0.0, 1.0, 0.0, 5.0], [1.0, 2.0, 3.0, 4.0]], np.float32)
    for name in ("cumsum", "cumprod", "cumulative_logsumexp"):
        for exclusive in (False, True):
            for reverse in (False, True):
                title = f"{name}_{'exclusive' if exclusive else 'inclusive'}_{'reverse' if reverse else 'forward'}"
                attrs = {"axis": 1, "exclusive": exclusive, "reverse": reverse}
                record(title, f"math.{name}", x, attrs=attrs)
        record(f"{name}_axis0", f"math.{name}", x, attrs={"axis": 0})
    record("cumprod_zeros", "math.cumprod", with_zero, attrs={"axis": 1})
    record("cumsum_int32", "math.cumsum", np.array([[1, 2], [-3, 4]], np.int32), attrs={"axis": 0, "exclusive": True})


def segments() -> None:
    data = values("segments", 7, 2)
    data[3] = data[2]  # a tie within a segment
    ids = np.array([0, 0, 2, 2, 2, 4, 4], np.int32)
    for name in ("sum", "mean", "max", "min", "prod"):
        record(f"segment_{name}", f"math.segment_{name}", data, ids)
    shuffled = np.array([3, 0, 1, 1, -1, 3, 0], np.int32)
    for name in ("sum", "mean", "max", "min", "prod", "sqrt_n"):
        attrs = {"num_segments": 5}
        record(f"unsorted_segment_{name}", f"math.unsorted_segment_{name}", data, shuffled, attrs=attrs)
    grid_ids = np.array([[0, 1], [1, 1], [3, 0]], np.int32)
    grid = values("grid", 3, 2, 2)
    for name in ("sum", "max", "mean"):
        attrs = {"num_segments": 4}
        record(f"unsorted_segment_{name}_rank2", f"math.unsorted_segment_{name}", grid, grid_ids, attrs=attrs)
    whole = np.array([4, -5, 6, 7], np.int32)
    for name in ("max", "min", "sum", "prod"):
        ends = np.array([0, 0, 3, 3], np.int32)
        record(
            f"unsorted_segment_{name}_int32", f"math.unsorted_segment_{name}", whole, ends, attrs={"num_segments": 5}
        )
        record(f"segment_{name}_int32", f"math.segment_{name}", whole, ends)
    rows = np.array([0, 2, 2, 5], np.int32)
    groups = np.array([0, 0, 1, 3], np.int32)
    for name in ("sum", "mean", "sqrt_n"):
        record(f"sparse_segment_{name}", f"sparse.segment_{name}", data, rows, groups)
    counted = np.array([1, 1, 3, 2, 1, 7], np.int32)
    record("bincount", "math.bincount", counted)
    record("bincount_weights", "math.bincount", counted, attrs={"weights": [0.5, 1.0, 2.0, 0.25, 1.0, 3.0]})
    record("bincount_limits", "math.bincount", counted, attrs={"minlength": 5, "maxlength": 6})
    record("confusion_matrix", "math.confusion_matrix", np.array([1, 2, 4]), np.array([2, 2, 4]))


def sorting() -> None:
    for k in (1, 2, 4):
        record(f"top_k_{k}", "math.top_k", TIES, attrs={"k": k})
    record("top_k_int32", "math.top_k", np.array([3, 9, 9, -1], np.int32), attrs={"k": 3})
    for direction in ("ASCENDING", "DESCENDING"):
        record(f"sort_{direction.lower()}", "sort", TIES, attrs={"direction": direction})
        attrs = {"direction": direction, "stable": True}
        record(f"argsort_{direction.lower()}", "argsort", TIES, attrs=attrs)
    record("sort_axis0", "sort", TIES, attrs={"axis": 0})
    record("in_top_k", "math.in_top_k", np.array([0, 1, 3], np.int32), TIES, attrs={"k": 1}, gradient=False)
    repeated = np.array([5, 2, 5, 9, 2, 2, -1], np.int32)
    record("unique", "unique", repeated)
    record("unique_floats", "unique", np.array([1.5, -0.0, 0.0, 1.5], np.float32), gradient=False)
    record("unique_with_counts", "unique_with_counts", repeated)
    sequence = np.array([[1.0, 2.0, 2.0, 5.0], [-1.0, 0.0, 0.0, 0.5]], np.float32)
    wanted = np.array([[2.0, 0.0, 9.0], [0.0, -3.0, 0.25]], np.float32)
    for side in ("left", "right"):
        record(f"searchsorted_{side}", "searchsorted", sequence, wanted, attrs={"side": side}, gradient=False)
    record("invert_permutation", "math.invert_permutation", np.array([2, 0, 3, 1], np.int32))
    record("where_coordinates", "where", np.array([[True, False], [False, True], [True, True]]))
    pick = np.array([[True, False], [False, True]])
    record("where_select", "where", pick, values("wx", 2, 2), values("wy", 2, 2))
    record("where_broadcast", "where", np.array([[True], [False]]), values("wx", 2, 2), values("wz", 1, 2))
    record("boolean_mask", "boolean_mask", values("bm", 3, 2), np.array([True, False, True]))
    record("boolean_mask_axis", "boolean_mask", values("bm", 3, 2), np.array([False, True]), attrs={"axis": 1})


def indexing() -> None:
    params = values("params", 4, 3, 2)
    for title, indices, attrs in (
        ("rows", [3, 0, 3], {}),
        ("axis", [[2, 0], [1, 1]], {"axis": 1}),
        ("batch", [[0, 2], [1, 1], [2, 0], [0, 0]], {"batch_dims": 1}),
        ("batch_axis", [[1, 0], [1, 1], [0, 0], [0, 1]], {"batch_dims": 1, "axis": 2}),
        ("scalar", 2, {"axis": -2}),
    ):
        record(f"gather_{title}", "gather", params, np.array(indices, np.int32), attrs=attrs)
    record("gather_nd", "gather_nd", params, np.array([[0, 1], [3, 2], [0, 1]], np.int32))
    record("gather_nd_full", "gather_nd", params, np.array([[[0, 1, 1]], [[3, 2, 0]]], np.int32))
    record("gather_nd_batch", "gather_nd", params, np.array([[0], [2], [1], [1]], np.int32), attrs={"batch_dims": 1})
    where, updates = np.array([[1], [3], [1]], np.int32), values("updates", 3, 2)
    record("scatter_nd", "scatter_nd", where, updates, attrs={"shape": [5, 2]})
    target = values("target", 5, 2)
    for name in ("add", "sub", "max", "min"):
        record(f"tensor_scatter_nd_{name}", f"tensor_scatter_nd_{name}", target, where, updates)
    single = np.array([[1], [3], [0]], np.int32)
    record("tensor_scatter_nd_update", "tensor_scatter_nd_update", target, single, updates)
    hot = np.array([1, 0, -1, 3], np.int32)
    record("one_hot", "one_hot", hot, attrs={"depth": 3})
    record("one_hot_values", "one_hot", hot, attrs={"depth": 3, "on_value": 5.0, "off_value": -1.0, "axis": 0})
    record("embedding_lookup", "nn.embedding_lookup", params, np.array([[1, 3], [1, 0]], np.int32))
    long = values("long", 6, 5, 4)
    record("strided_slice", "strided_slice", long, attrs={"begin": [4, 1, 0], "end": [0, 5, 4], "strides": [-2, 2, 3]})
    masks = {"begin_mask": 1, "ellipsis_mask": 2, "new_axis_mask": 0, "shrink_axis_mask": 4}
    attrs = {"begin": [9, 0, 1], "end": [3, 0, 2], "strides": [1, 1, 1], **masks}
    record("strided_slice_masks", "strided_slice", long, attrs=attrs)
    record("slice", "slice", long, attrs={"begin": [1, 0, 2], "size": [2, -1, 1]})


def shapes() -> None:
    x = values("shapes", 3, 4)
    for mode in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        record(f"pad_{mode.lower()}", "pad", x, attrs={"paddings": [[2, 1], [0, 3]], "mode": mode})
    record("pad_value", "pad", x, attrs={"paddings": [[1, 0], [0, 1]], "constant_values": 7.5})
    record("roll", "roll", x, attrs={"shift": [1, -6], "axis": [0, 1]})
    record("reverse", "reverse", x, attrs={"axis": [1]})
    long = values("rs", 3, 4, 2)
    attrs = {"seq_lengths": [1, 3, 4], "seq_axis": 1, "batch_axis": 0}
    record("reverse_sequence", "reverse_sequence", long, attrs=attrs)
    record("sequence_mask", "sequence_mask", np.array([1, 0, 3], np.int32), attrs={"maxlen": 4})
    record("tile", "tile", x, attrs={"multiples": [2, 3]})
    record("repeat", "repeat", x, attrs={"repeats": [1, 0, 2], "axis": 0})
    record("repeat_flat", "repeat", x, attrs={"repeats": 2})
    record("transpose", "transpose", long, attrs={"perm": [2, 0, 1]})
    record("concat", "concat", x, values("c", 3, 2), packed=True, attrs={"axis": 1})
    record("stack", "stack", x, values("s", 3, 4), packed=True, attrs={"axis": 1})
    record("split", "split", x, attrs={"num_or_size_splits": [1, -1, 1], "axis": 1})
    record("unstack", "unstack", x, attrs={"axis": 1})
    record("broadcast_to", "broadcast_to", values("bt", 3, 1), attrs={"shape": [2, 3, 4]})
    record("meshgrid", "meshgrid", values("m1", 3), values("m2", 2))
    record("meshgrid_ij", "meshgrid", values("m1", 3), values("m2", 2), attrs={"indexing": "ij"})
    image = values("image", 2, 4, 6, 4)
    record("space_to_depth", "nn.space_to_depth", image, attrs={"block_size": 2})
    record("depth_to_space", "nn.depth_to_space", image, attrs={"block_size": 2})
    attrs = {"block_shape": [2, 3], "paddings": [[1, 1], [0, 0]]}
    record("space_to_batch", "space_to_batch", image, attrs=attrs)
    attrs = {"block_shape": [1, 2], "crops": [[1, 0], [0, 1]]}
    record("batch_to_space", "batch_to_space", image, attrs=attrs)
    record("linspace", "linspace", np.float32(-1.0), np.float32(2.0), attrs={"num": 7}, gradient=False)
    record("range_float", "range", np.float32(0.5), np.float32(3.0), np.float32(0.4), gradient=False)
    attrs = {"clip_value_min": -1.0, "clip_value_max": 1.0}
    record("clip_by_value", "clip_by_value", np.array([-2, -1, 0, 1, 2], np.float32), attrs=attrs)
    record("clip_by_norm", "clip_by_norm", x, attrs={"clip_norm": 1.5})
    record("clip_by_norm_axis", "clip_by_norm", x, attrs={"clip_norm": 1.5, "axes": [1]})
    record("l2_normalize", "math.l2_normalize", np.concatenate([x, np.zeros((1, 4), np.float32)]), attrs={"axis": 1})
    record(
        "histogram_fixed_width",
        "histogram_fixed_width",
        x,
        attrs={"value_range": [-1.0, 1.0], "nbins": 5},
        gradient=False,
    )
    record("edit_bitcast", "bitcast", np.array([1.0, -2.5], np.float32), attrs={"type": "int32"}, gradient=False)


def contractions() -> None:
    a, b = values("a", 2, 3, 4), values("b", 2, 4, 5)
    record("matmul_batch", "linalg.matmul", a, b)
    record("matmul_broadcast", "linalg.matmul", values("ab", 2, 1, 3, 4), values("bb", 3, 4, 2))
    record("matmul_transposed", "linalg.matmul", a, values("bt", 2, 5, 4), attrs={"transpose_b": True})
    record(
        "matmul_both",
        "linalg.matmul",
        values("at", 4, 3),
        values("bt2", 5, 4),
        attrs={"transpose_a": True, "transpose_b": True},
    )
    complex_a = (values("ca", 2, 3) + 1j * values("cb", 2, 3)).astype(np.complex64)
    complex_b = (values("cc", 4, 3) + 1j * values("cd", 4, 3)).astype(np.complex64)
    record("matmul_adjoint", "linalg.matmul", complex_a, complex_b, attrs={"adjoint_b": True})
    record("matmul_int32", "linalg.matmul", np.arange(6, dtype=np.int32).reshape(2, 3), np.ones((3, 2), np.int32))
    record("matvec", "linalg.matvec", a, values("v", 2, 4))
    record("tensordot_count", "tensordot", a, values("td", 3, 4, 2), attrs={"axes": 2})
    record("tensordot_axes", "tensordot", a, b, attrs={"axes": [[2, 0], [1, 0]]})
    for number, (equation, shapes) in enumerate(
        (
            ("ij,jk->ik", ((2, 3), (3, 4))),
            ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
            ("ij->ji", ((2, 3),)),
            ("ij->", ((2, 3),)),
            ("ii->i", ((3, 3),)),
            ("ii", ((3, 3),)),
            ("i,j->ij", ((3,), (2,))),
            ("...ij,...jk->...ik", ((2, 1, 3, 4), (5, 4, 2))),
            ("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 5, 4))),
            ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
            ("abc,cd", ((2, 3, 4), (4, 2))),
            ("bi,bi->b", ((3, 4), (3, 4))),
            ("ijk,k->ij", ((2, 3, 4), (4,))),
        )
    ):
        operands = [values(f"einsum{number}_{index}", *shape) for index, shape in enumerate(shapes)]
        record(f"einsum_{number}", "einsum", *operands, leading=(equation,))


def matrices() -> None:
    for title, dtype in (("float32", np.float32), ("float64", np.float64)):
        square = (values("square", 2, 4, 4) + 3 * np.eye(4)).astype(dtype)
        positive = (square @ np.swapaxes(square, -1, -2) + np.eye(4)).astype(dtype)
        right = values("right", 2, 4, 3).astype(dtype)
        tall = values("tall", 2, 5, 3).astype(dtype)
        record(f"cholesky_{title}", "linalg.cholesky", positive)
        record(f"det_{title}", "linalg.det", square)
        record(f"slogdet_{title}", "linalg.slogdet", square)
        record(f"logdet_{title}", "linalg.logdet", positive)
        record(f"inv_{title}", "linalg.inv", square)
        record(f"inv_adjoint_{title}", "linalg.inv", square, attrs={"adjoint": True})
        record(f"solve_{title}", "linalg.solve", square, right)
        record(f"solve_adjoint_{title}", "linalg.solve", square, right, attrs={"adjoint": True})
        for lower in (True, False):
            attrs = {"lower": lower, "adjoint": not lower}
            record(f"triangular_solve_{lower}_{title}", "linalg.triangular_solve", square, right, attrs=attrs)
        record(f"cholesky_solve_{title}", "linalg.cholesky_solve", np.linalg.cholesky(positive), right)
        record(f"singular_values_{title}", "linalg.svd", tall, attrs={"compute_uv": False})
        record(f"eigvalsh_{title}", "linalg.eigvalsh", positive)
        record(f"lstsq_{title}", "linalg.lstsq", tall, values("rhs", 2, 5, 2).astype(dtype), attrs={"fast": True})
        record(f"expm_{title}", "linalg.expm", (square / 4).astype(dtype))
        record(f"sqrtm_{title}", "linalg.sqrtm", positive, gradient=title == "float64")
        record(f"pinv_{title}", "linalg.pinv", tall, gradient=False)
    m = values("m", 4, 5)
    for lower, upper in ((1, 2), (-1, 0), (0, -1), (0, 0)):
        name = f"band_part_{lower}_{upper}".replace("-", "m")
        record(name, "linalg.band_part", m, attrs={"num_lower": lower, "num_upper": upper})
    record("diag", "linalg.diag", values("d", 2, 3))
    record("diag_k", "linalg.diag", values("d", 2, 3), attrs={"k": 1, "padding_value": 9.0})
    record("diag_part", "linalg.diag_part", m)
    record("diag_part_k", "linalg.diag_part", m, attrs={"k": -1})
    record("diag_part_band", "linalg.diag_part", m, attrs={"k": [-1, 1], "padding_value": 9.0})
    record("set_diag", "linalg.set_diag", m, values("sd", 4))
    record("trace", "linalg.trace", values("t", 2, 3, 3))
    record("cross", "linalg.cross", values("x1", 2, 3), values("x2", 2, 3))
    for order in ("euclidean", 1, 2):
        record(f"norm_{order}", "norm", m, attrs={"ord": order, "axis": 1})
    record("norm_infinite", "norm", m, leading=(), attrs={"ord": np.inf, "axis": 1})
    record("norm_frobenius", "norm", m, attrs={"ord": "fro", "axis": [0, 1]})
    record("global_norm", "linalg.global_norm", m, values("g", 3), packed=True)


def transforms() -> None:
    z = (values("z", 2, 6) + 1j * values("zi", 2, 6)).astype(np.complex64)
    for name in ("fft", "ifft"):
        record(name, f"signal.{name}", z)
        record(f"{name}2d", f"signal.{name}2d", z.reshape(1, 3, 4))
    record("rfft", "signal.rfft", values("r", 2, 6))
    record("rfft_longer", "signal.rfft", values("r", 2, 6), attrs={"fft_length": [8]})
    record("irfft", "signal.irfft", z[:, :4])
    record("irfft_odd", "signal.irfft", z[:, :3], attrs={"fft_length": [5]})
    record("rfft2d", "signal.rfft2d", values("r2", 2, 4, 6))
    record("frame", "signal.frame", values("f", 2, 10), attrs={"frame_length": 4, "frame_step": 3, "pad_end": True})
    record("stft", "signal.stft", values("st", 16), attrs={"frame_length": 8, "frame_step": 4}, gradient=False)
    record("dct", "signal.dct", values("dct", 2, 6))
    record("dct_ortho", "signal.dct", values("dct", 2, 6), attrs={"norm": "ortho"})
    for name in ("hann_window", "hamming_window"):
        for periodic in (True, False):
            record(f"{name}_{periodic}", f"signal.{name}", leading=(7,), attrs={"periodic": periodic})


def main() -> None:
    reductions()
    cumulative()
    segments()
    sorting()
    indexing()
    shapes()
    contractions()
    matrices()
    transforms()
    out.save()


if __name__ == "__main__":
    main()
