"""TensorFlow 1.15: the nodes that single calls add to a graph, with their names and types. Python 3.7."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_calls.json"

# What the calls are given; each is made in a fresh graph after these lines.
SETUP = """
x = tf.constant([[1.0, 2.0], [3.0, 4.0]], name='X')
y = tf.constant([[1.0, 2.0], [3.0, 4.0]], name='Y')
b = tf.constant([[True, False], [True, True]], name='B')
i = tf.constant([[1, 2]], name='I')
p = tf.placeholder(tf.float32, [None, 2], name='P')
v2 = tf.constant([1.0, 2.0], name='V')
im = tf.ones([1, 4, 4, 1], name='IM')
k = tf.ones([2, 2, 1, 1], name='K')
s = tf.constant([['a,b', 'aa c']], name='S')
"""

CALLS = """
tf.maximum(x, 1.)
tf.minimum(x, y)
tf.pow(x, 2.)
tf.subtract(x, y)
tf.multiply(x, y)
tf.divide(x, y)
tf.div(x, y)
tf.truediv(x, y)
tf.floordiv(x, y)
tf.mod(x, y)
tf.floormod(x, y)
tf.squared_difference(x, y)
tf.greater(x, 0.)
tf.less(x, y)
tf.greater_equal(x, y)
tf.less_equal(x, y)
tf.not_equal(x, y)
tf.logical_and(b, b)
tf.logical_or(b, b)
tf.logical_xor(b, b)
tf.logical_not(b)
b & b
b ^ b
~b
x < y
x @ y
x <= y
x >= y
i % 2
i // 2
2 - x
1/x
2**x
-x
abs(x)
tf.negative(x)
tf.abs(x)
tf.sign(x)
tf.sqrt(x)
tf.rsqrt(x)
tf.sin(x)
tf.cos(x)
tf.tan(x)
tf.floor(x)
tf.ceil(x)
tf.round(x)
tf.rint(x)
tf.reciprocal(x)
tf.log1p(x)
tf.expm1(x)
tf.erf(x)
tf.lgamma(x)
tf.is_nan(x)
tf.is_inf(x)
tf.is_finite(x)
tf.log_sigmoid(x)
tf.sigmoid(x)
tf.asin(x)
tf.acos(x)
tf.atan(x)
tf.atan2(x, y)
tf.sinh(x)
tf.cosh(x)
tf.reduce_max(x)
tf.reduce_min(x, 0)
tf.reduce_prod(x, 1)
tf.reduce_all(b)
tf.reduce_any(b)
tf.reduce_logsumexp(x)
tf.argmin(x, 0)
tf.cumsum(x)
tf.cumprod(x)
tf.reduce_mean(x, [0, 1])
tf.reduce_sum(x, keepdims=True)
tf.count_nonzero(x)
tf.add_n([x, x])
tf.accumulate_n([x, x])
tf.clip_by_value(x, 0., 1.)
tf.clip_by_norm(x, 1.)
tf.clip_by_global_norm([x, y], 1.)[0][0]
tf.clip_by_global_norm([x], 1.)[1]
tf.global_norm([x])
tf.matmul(x, y)
tf.matmul(x, y, transpose_b=True)
tf.tensordot(x, y, 1)
tf.einsum('ij,jk->ik', x, y)
tf.norm(x)
tf.matmul(tf.ones([2, 2, 2]), tf.ones([2, 2, 2]))
tf.squeeze(x)
tf.stack([x, x])
tf.unstack(x)[0]
tf.split(x, 2)[1]
tf.split(x, [1, 1], 1)[0]
tf.tile(x, [1, 2])
tf.pad(x, [[1, 1], [0, 0]])
tf.gather(x, [0])
tf.gather_nd(x, [[0]])
tf.reverse(x, [0])
tf.where(b, x, y)
tf.where(b)
tf.fill([2], 1.)
tf.range(3)
tf.range(3.)
tf.linspace(0., 1., 3)
tf.eye(2)
tf.shape(x)
tf.shape(p)
tf.size(x)
tf.size(p)
tf.rank(x)
tf.rank(p)
tf.slice(x, [0, 0], [1, 1])
tf.zeros_like(p)
tf.ones_like(x)
tf.ones_like(p)
tf.zeros([40, 40])
tf.boolean_mask(x, b)
tf.scatter_nd([[0]], [1.], [3])
tf.unique([1, 1]).y
tf.meshgrid([1, 2], [3, 4])[0]
tf.broadcast_to(x, [2, 2, 2])
tf.sequence_mask([1, 2])
tf.expand_dims(x, -1)
tf.reverse_sequence(x, [1, 1], 1)
tf.convert_to_tensor([1.])
tf.to_float(i)
tf.cast(x, tf.float32)
tf.space_to_depth(im, 2)
tf.invert_permutation([0, 1])
tf.diag([1.])
tf.matrix_inverse(x)
tf.cholesky(x)
tf.matrix_determinant(x)
tf.nn.relu6(x)
tf.nn.elu(x)
tf.nn.selu(x)
tf.nn.leaky_relu(x)
tf.nn.softplus(x)
tf.nn.softsign(x)
tf.nn.log_softmax(x)
tf.nn.softmax(x, 0)
tf.nn.dropout(x, 0.5)
tf.nn.l2_loss(x)
tf.nn.bias_add(x, v2)
tf.nn.conv2d(im, k, [1, 1, 1, 1], 'SAME')
tf.nn.max_pool(im, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')
tf.nn.avg_pool(im, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')
tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=y)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1], logits=y)
tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=y)
tf.nn.embedding_lookup(x, [0])
tf.nn.l2_normalize(x, 1)
tf.nn.moments(x, [0])[0]
tf.nn.moments(x, [0])[1]
tf.nn.batch_normalization(x, x, x, x, x, .1)
tf.nn.top_k(x).values
tf.nn.in_top_k(x, [0, 1], 1)
tf.nn.lrn(im)
tf.nn.conv2d_transpose(im, k, [1, 4, 4, 1], [1, 1, 1, 1])
tf.nn.depthwise_conv2d(im, k, [1, 1, 1, 1], 'SAME')
tf.nn.xw_plus_b(x, y, v2)
tf.nn.zero_fraction(x)
tf.nn.weighted_cross_entropy_with_logits(x, y, 2.)
tf.nn.crelu(x)
tf.nn.swish(x)
tf.nn.tanh(x)
tf.nn.conv1d(tf.ones([1, 4, 1]), tf.ones([2, 1, 1]), 1, 'SAME')
tf.nn.conv3d(tf.ones([1, 2, 2, 2, 1]), tf.ones([1, 1, 1, 1, 1]), [1, 1, 1, 1, 1], 'SAME')
tf.random_normal([2])
tf.random_uniform([2])
tf.random_uniform([2], 0, 5, tf.int32)
tf.truncated_normal([2])
tf.random_shuffle(x)
tf.multinomial(x, 1)
tf.random_gamma([2], 1.)
tf.stop_gradient(x)
tf.identity(x)
tf.Print(x, [x])
tf.check_numerics(x, 'm')
tf.Assert(tf.constant(True), [x])
tf.group(x)
tf.tuple([x])[0]
tf.py_func(abs, [x], tf.float32)
tf.map_fn(lambda t:t, x)
tf.case([(tf.constant(True), lambda:x)], lambda:y)
tf.assert_equal(i, i)
tf.global_variables_initializer()
tf.complex(x, y)
tf.real(x)
tf.as_string(x)
tf.string_join(['a', 'b'])
tf.confusion_matrix([0], [0])
tf.segment_sum(x, [0, 0])
tf.unsorted_segment_sum(x, [0, 0], 1)
tf.bitcast(x, tf.int32)
tf.trace(x)
tf.report_uninitialized_variables()
x[0]
x[:, tf.newaxis]
tf.concat([x, y], 0)
tf.one_hot([0], 2)
tf.reshape(x, [-1])
tf.transpose(x)
tf.transpose(x, [1, 0])
tf.argmax(x, 1)
tf.equal(x, y)
tf.add(x, 1.)
tf.square(x)
tf.exp(x)
tf.scalar_mul(2., x)
tf.nn.relu(x)
tf.truncatediv(i, i)
tf.atanh(x)
tf.digamma(x)
s + s
s + 'x'
'x' + s
tf.add(s, 'x')
tf.equal(s, 'x')
tf.string_join([s, 'x'], '-', 'J')
tf.decode_raw('abcd', tf.uint8)
tf.io.decode_raw('abcd', tf.int16, name='D')
tf.substr(s, 1, 2)
tf.substr('abc', 1, 2, 'SUB', 'UTF8_CHAR')
tf.string_to_number('1.5')
tf.strings.to_number(input='1', out_type=tf.int32)
tf.as_string([1.5], precision=2)
tf.string_to_hash_bucket(s, 10)
tf.strings.to_hash_bucket(input=['a'], num_buckets=10, name='H')
tf.string_to_hash_bucket_fast(s, 10)
tf.string_to_hash_bucket_strong(s, 10, [1, 2])
tf.regex_replace(s, 'a+', 'b')
tf.strings.regex_replace(s, tf.constant('a'), 'b', False)
tf.strings.regex_full_match(s, 'a.*')
tf.strings.regex_full_match(s, tf.constant('a.*'))
tf.reduce_join(s)
tf.reduce_join(s, 0)
tf.reduce_join(s, reduction_indices=[0, 1], separator='+', name='R')
tf.strings.reduce_join(s, -1, keep_dims=True)
tf.encode_base64(s)
tf.io.encode_base64('a', pad=True)
tf.decode_base64('d2VmdA')
tf.string_strip(s)
tf.strings.strip(' a ')
tf.strings.length(s, 'L', 'UTF8_CHAR')
tf.strings.lower(s)
tf.strings.upper(s)
tf.strings.unicode_script([65])
tf.strings.unicode_transcode(s, 'UTF-8', 'UTF-16-BE')
tf.strings.unsorted_segment_join(s, [0], 1)
tf.strings.format('a {} b', x)
"""


def call(expression: str) -> dict[str, object]:
    tf.reset_default_graph()
    scope = {"tf": tf}
    exec(SETUP, scope)
    before = len(tf.get_default_graph().get_operations())
    result = eval(expression, scope)
    made = tf.get_default_graph().get_operations()[before:]
    return {"call": expression, "name": result.name, "operations": [[op.name, op.type] for op in made]}


def main() -> None:
    calls = [call(line) for line in CALLS.strip().splitlines()]
    meta = {"script": "tools/goldens/make_tf1_calls.py", "tensorflow": tf.__version__}
    head = f'"meta": {json.dumps(meta)},\n"setup": {json.dumps(SETUP)},\n"calls": [\n'
    body = ",\n".join(json.dumps(found) for found in calls)
    GOLDEN.write_text("{\n" + head + body + "\n]\n}\n", encoding="utf-8")
    print(GOLDEN.name, len(calls), "calls,", GOLDEN.stat().st_size // 1024, "kB")


if __name__ == "__main__":
    main()
