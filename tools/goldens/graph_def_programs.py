"""Small graphs for `make_graph_defs.py`: programs of TensorFlow 1's names over the placeholders of `placeholders`."""

from __future__ import annotations

from typing import Any

import numpy as np

FEEDS = {
    "x": np.sin(np.arange(6, dtype=np.float32)).reshape(2, 3),
    "square": (np.eye(3) * 4 + np.sin(np.arange(9)).reshape(3, 3)).astype(np.float32),
    "image": (np.sin(np.arange(108, dtype=np.float32)) * 0.5 + 0.5).reshape(1, 6, 6, 3),
    "ids": np.array([2, 0, 1, 2, 4], np.int32),
    "words": np.array([b"one two", b"Three", b""], object),
    "boxes": np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 2, 1, 3]], np.float32),
    "scores": np.array([0.9, 0.75, 0.6, 0.95], np.float32),
    "flag": np.array(True),
    "sound": np.sin(np.arange(1000) ** 2 / 50 * (1 + np.arange(1000) % 7)).astype(np.float32).reshape(1000, 1),
}

#: title -> Python that makes `out`, a tensor or several
PROGRAMS = {
    "constants": (
        "out = [tf.constant(np.array([1.5, 2, 3]), t) for t in (tf.float16, tf.bfloat16, tf.float64, tf.int8, "
        "tf.uint16, tf.int64, tf.complex64)] + [tf.constant([b'a', b'bc']), tf.constant([True, False]), "
        "tf.fill([2, 2], 3.0), tf.constant(7, tf.int32, [2, 3])]\n"
        "out = [tf.cast(o, tf.float32) if o.dtype in (tf.float16, tf.bfloat16) else o for o in out]"
    ),
    "cond": "out = tf.cond(flag, lambda: x * 2, lambda: x - 1)",
    "cond of several": "out = tf.cond(tf.logical_not(flag), lambda: [x * 2, ids + 1], lambda: [x - 1, ids])",
    "nested cond": "out = tf.cond(flag, lambda: tf.cond(x[0, 0] > 0, lambda: x, lambda: x * 3), lambda: x - 1)",
    "one picture of two kinds": (
        "data = tf.io.encode_jpeg(tf.cast(image[0] * 255, tf.uint8), quality=100)\n"
        "out = tf.shape(tf.image.decode_image(data, channels=3))"
    ),
    "asserted": (
        "with tf.control_dependencies([tf.Assert(tf.reduce_sum(x) < 100, [x])]):\n"
        "    out = tf.identity(x)"
    ),
    "case": "out = tf.case([(x[0, 0] > 1, lambda: x), (x[0, 1] > 0.5, lambda: x * 2)], default=lambda: -x)",
    "while": "out = tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, a * 1.5 + 1), [0, x])",
    "growing": (
        "out = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.concat([a, a[:1] * 2], 0)), [0, x], "
        "shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])])"
    ),
    "nested while": (
        "out = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.while_loop(lambda j, b: j < i, lambda "
        "j, b: (j + 1, b + x), [0, a])[1]), [0, x])"
    ),
    "cond in while": (
        "out = tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: a * 2, "
        "lambda: a + x)), [0, x])"
    ),
    "map": "out = tf.map_fn(lambda r: tf.nn.softmax(r), x)",
    "scan": "out = tf.scan(lambda a, r: a * 0.5 + r, x)",
    "fold": "out = tf.foldl(lambda a, r: a * 0.5 + r, x)",
    "rows": (
        "rows = tf.TensorArray(tf.float32, 0, dynamic_size=True, infer_shape=False, clear_after_read=False)\n"
        "rows = rows.write(0, x[0]).write(1, x[1]).write(2, x[0])\n"
        "out = [rows.stack(), rows.gather([2, 1]), rows.size(), rows.concat()]"
    ),
    "colours": (
        "out = [tf.image.rgb_to_hsv(image), tf.image.hsv_to_rgb(image), tf.image.adjust_contrast(image, 1.5)]"
    ),
    "hues": "out = [tf.image.adjust_hue(image, 0.1), tf.image.adjust_saturation(image, 0.5)]",
    "sizes": (
        "out = [tf.image.resize_bilinear(image, [4, 9]), tf.image.resize_nearest_neighbor(image, [4, 9]), "
        "tf.image.resize_bicubic(image, [4, 9]), tf.image.resize_area(image, [4, 9])]"
    ),
    "sizes by corners": (
        "out = [tf.image.resize_bilinear(image, [4, 9], align_corners=True), "
        "tf.image.resize_nearest_neighbor(image, [4, 9], align_corners=True)]"
    ),
    "crops": "out = tf.image.crop_and_resize(image, [[0.1, 0.2, 0.9, 1.2]], [0], [3, 4])",
    "patches": "out = tf.image.extract_image_patches(image, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], 'SAME')",
    "places of maxima": "out = tf.nn.max_pool_with_argmax(image, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')",
    "thinned": "out = tf.image.non_max_suppression(boxes, scores, 3, 0.5)",
    "thinned by score": "out = tf.image.non_max_suppression(boxes, scores, 3, 0.5, 0.7)",
    "padded": "out = tf.image.non_max_suppression_padded(boxes, scores, 4, 0.5, pad_to_max_output_size=True)",
    "thinned softly": "out = tf.image.non_max_suppression_with_scores(boxes, scores, 3, 1.0, 0.1, 0.5)",
    "combined": (
        "out = tf.image.combined_non_max_suppression(tf.reshape(boxes, [1, 4, 1, 4]), tf.stack([scores, "
        "scores[::-1]], 1)[None], 2, 3, 0.5, 0.1)"
    ),
    "png": "out = tf.image.decode_png(tf.image.encode_png(tf.cast(image[0] * 255, tf.uint8)))",
    "narrow": (
        "out = [tf.quantization.fake_quant_with_min_max_args(x, -0.7, 0.9), "
        "tf.quantization.fake_quant_with_min_max_vars(x, -0.5, 1.5, num_bits=4)]"
    ),
    "dilated": (
        "out = tf.nn.conv2d(image, np.ones([2, 2, 3, 2], np.float32) / 7, [1, 1, 1, 1], 'SAME', dilations=[1, 2, "
        "2, 1])"
    ),
    "separable": (
        "out = tf.nn.depthwise_conv2d(image, np.ones([2, 2, 3, 2], np.float32) / 7, [1, 1, 1, 1], 'VALID')"
    ),
    "blocks": (
        "out = [tf.space_to_batch_nd(image, [2, 2], [[0, 0], [0, 0]]), tf.depth_to_space(tf.tile(image, [1, 1, "
        "1, 4]), 2)]"
    ),
    "normal": (
        "out = [o for t in (True, False) for o in (tf.nn.fused_batch_norm(image, [1., 2., 3.], [0., 1., 2.], "
        "*([] if t else [[.1, .2, .3], [1., 2., 1.5]]), is_training=t)[:1 if not t else 3])]"
    ),
    "morphology": (
        "out = tf.nn.dilation2d(image, np.ones([2, 2, 3], np.float32), strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], "
        "padding='SAME')"
    ),
    "sound": (
        "from tensorflow.python.ops import gen_audio_ops as audio\n"
        "spectrum = audio.audio_spectrogram(sound, 320, 160, magnitude_squared=True)\n"
        "out = [spectrum, audio.mfcc(spectrum, 16000, dct_coefficient_count=10)]"
    ),
    "words": (
        "out = [tf.strings.lower(words), tf.strings.upper(words), tf.strings.length(words), "
        "tf.strings.substr(tf.strings.join([words, '??']), 0, 2), tf.strings.regex_replace(words, 'o', '0'), "
        "tf.strings.strip(words)]"
    ),
    "parts": (
        "parts = tf.string_split(words)\n"
        "out = [parts.indices, parts.values, parts.dense_shape]"
    ),
    "parts at": (
        "parts = tf.strings.split(words, ' ', result_type='SparseTensor')\n"
        "out = [parts.indices, parts.values]"
    ),
    "buckets": (
        "out = [tf.strings.to_hash_bucket_fast(words, 100), tf.strings.to_hash_bucket_strong(words, 100, [1, "
        "2]), tf.strings.to_hash_bucket(words, 100)]"
    ),
    "joined": "out = [tf.strings.reduce_join(words, 0, separator='-'), tf.strings.join([words, words], '+')]",
    "numbers": (
        "out = [tf.strings.as_string(ids), tf.strings.to_number(['1.5', '2']), "
        "tf.strings.regex_full_match(words, 'T.*')]"
    ),
    "base64": "out = tf.io.decode_base64(tf.io.encode_base64(words))",
    "csv": "out = tf.io.decode_csv(['1,a,2.5', ',b,3'], [[7], [''], [0.0]])",
    "sparse": (
        "s = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 3.0], [2, 3])\n"
        "out = [tf.sparse.sparse_dense_matmul(s, square), tf.sparse.to_dense(s), tf.sparse.reduce_sum(s, 1), "
        "tf.sparse.add(s, x), tf.sparse.reshape(s, [3, 2]).indices]"
    ),
    "sums of rows": (
        "out = [f(x, tf.constant([0, 1, 1]), tf.constant([0, 0, 1])) for f in (tf.sparse.segment_sum, "
        "tf.sparse.segment_mean, tf.sparse.segment_sqrt_n)]"
    ),
    "filled rows": (
        "s, e = tf.sparse.fill_empty_rows(tf.SparseTensor([[0, 1], [2, 0]], [2, 3], [3, 3]), 9)\n"
        "out = [s.indices, s.values, e]"
    ),
    "places": (
        "out = [tf.roll(ids, 2, 0), tf.unique_with_counts(ids), tf.math.bincount(ids), tf.setdiff1d(ids, [2]), "
        "tf.unravel_index([4], [2, 3]), tf.reverse(x, [1]), tf.searchsorted([1, 3], ids)]\n"
        "out = [t for o in out for t in (o if isinstance(o, tuple) else [o])]"
    ),
    "matrices": (
        "out = [tf.linalg.triangular_solve(square, x[0][:, None]), tf.linalg.set_diag(square, [1., 2., 3.]), "
        "tf.linalg.diag(x[0]), tf.linalg.diag_part(square), tf.linalg.cross(x[:1], x[1:]), "
        "tf.linalg.det(square), tf.abs(tf.linalg.svd(square, compute_uv=False)), tf.linalg.inv(square)]"
    ),
    "eigen": "out = tf.linalg.eigh(square + tf.transpose(square))[0]",
    "clipped": (
        "out = [tf.clip_by_value(x, -0.5, 0.5), tf.cumsum(x, 1), tf.math.floormod(x, 0.3), tf.truncatemod(x, "
        "0.3), tf.math.softsign(x) if hasattr(tf.math, 'softsign') else x, tf.nn.leaky_relu(x, 0.3), "
        "tf.nn.selu(x)]"
    ),
    "waves": "out = [tf.abs(tf.signal.rfft(x[0])), tf.abs(tf.signal.fft(tf.cast(x, tf.complex64)))]",
    "stateless": "out = [tf.random.stateless_uniform([3], [1, 2]), tf.random.stateless_normal([3], [1, 2])]",
    "sets": (
        "s = tf.sets.difference([[1, 2, 3]], [[2]])\n"
        "out = [s.indices, s.values]"
    ),
    "decoded": (
        "v, l = tf.nn.ctc_greedy_decoder(tf.reshape(x, [2, 1, 3]), [2])\n"
        "out = [v[0].values, l]"
    ),
    "gradients": (
        "h = tf.nn.relu(tf.nn.conv2d(image, np.ones([2, 2, 3, 2], np.float32) / 7, [1, 1, 1, 1], 'SAME'))\n"
        "h = tf.nn.max_pool(tf.image.resize_bilinear(tf.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]], 'REFLECT'), [6, "
        "6]), [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')\n"
        "out = tf.gradients(tf.reduce_sum(tf.nn.softsign(tf.nn.selu(h) ** 2)), image)[0]"
    ),
    "around": (
        "with tf.device('/cpu:0'), tf.name_scope('a'):\n"
        "    v = tf.identity(x)\n"
        "with tf.colocate_with(v) if hasattr(tf, 'colocate_with') else tf.device(None), "
        "tf.control_dependencies([v]):\n"
        "    out = tf.identity(x) + v"
    ),
    "passed": (
        "out = tf.identity_n([x, ids]) + [tf.stop_gradient(x), tf.ensure_shape(x, [2, 3]), tf.shape_n([x, x * "
        "2])[1]]"
    ),
}


def placeholders(tf: Any) -> dict[str, Any]:
    """The placeholders, by name; batches are of unknown size."""
    shapes = {"x": [None, 3], "image": [None, 6, 6, 3], "ids": [None], "words": [None], "sound": [1000, 1]}
    return {name: tf.placeholder(tf.as_dtype(tf.string if value.dtype == object else value.dtype),
                                 shapes.get(name, list(value.shape)), name=name)
            for name, value in FEEDS.items()}  # fmt: skip
