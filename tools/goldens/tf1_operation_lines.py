"""Uses of TensorFlow 1 by how many operations they make, which decides what is drawn after them; and of gradients.

`make_tf1_operation_counts.py` has TensorFlow 1.15 count them, `tests/tf1/test_operation_counts.py` compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def names(tf: Any) -> dict[str, Any]:
    """A fresh graph with what the lines mention."""
    tf.reset_default_graph()
    f, zeros = tf.float32, lambda *shape: tf.Variable(np.zeros(shape, "float32"))
    return {
        "tf": tf, "np": np, "x": tf.placeholder(f, [None, 4]), "y": tf.placeholder(f, [None, 4]),
        "a": tf.placeholder(f, [8, 4]), "b": tf.placeholder(f, [8, 4]), "i": tf.placeholder(tf.int32, [None]),
        "k": tf.placeholder(tf.int32, [8]), "v": tf.placeholder(f, [4]), "s": tf.placeholder(f, []),
        "col": tf.placeholder(f, [None, 1]), "ids": tf.placeholder(tf.int32, [None, 6]),
        "seq": tf.placeholder(f, [None, 6, 4]), "seq8": tf.placeholder(f, [8, 6, 4]),
        "img": tf.placeholder(f, [None, 8, 8, 3]), "img8": tf.placeholder(f, [2, 8, 8, 8]),
        "im3": tf.placeholder(f, [2, 8, 8, 3]), "flag": tf.placeholder(tf.bool, []), "keep": tf.placeholder(f, []),
        "unknown": tf.placeholder(f), "w": zeros(4, 3), "bias": zeros(3), "bias4": zeros(4), "bias8": zeros(8),
        "kernel": zeros(3, 3, 3, 8), "w44": zeros(4, 4), "w5": zeros(5, 4), "b5": zeros(5),
        "pic": tf.placeholder(f, [8, 8, 3]), "pic0": tf.placeholder(f, [None, None, 3]),
        "pics": tf.placeholder(f, [2, 8, 8, 3]), "u8": tf.placeholder(tf.uint8, [8, 8, 3]),
        "unkt": tf.placeholder(f, [None, None, 4]), "ids64": tf.placeholder(tf.int64, [None]), "wz": zeros(4, 3),
        "wp": tf.placeholder(f, [4, 3]), "step": tf.Variable(0, trainable=False), "slim": slim(tf),
    }  # fmt: skip


def slim(tf: Any) -> Any:
    """The layers of `tf.contrib.slim`."""
    return tf.contrib.slim


def counted(tf: Any, line: str) -> int:
    """How many operations a line makes."""
    known, graph = names(tf), tf.get_default_graph()
    before = graph.version
    eval(line, known)
    return int(graph.version - before)


def numbered(tf: Any, line: str, numbers: Any) -> list[int]:
    """By which numbers a line's draws without a seed of their own are numbered, under a seed of the graph.

    Args:
        tf: The library.
        line: The line.
        numbers: What finds them in the graph, from its so-manieth operation on.
    """
    known, graph = names(tf), tf.get_default_graph()
    tf.set_random_seed(5)
    before, shown = graph.version, len(graph.get_operations())
    eval(line, known)
    return [number - before for number in numbers(graph, shown)]


def differentiated(tf: Any, line: str, gated: bool) -> int:
    """How many operations the gradient of a line's first part with respect to its second makes."""
    known, graph = names(tf), tf.get_default_graph()
    result, sources = (eval(part, known) for part in line.split(" | "))
    given = tf.placeholder(result.dtype, result.shape)
    before = graph.version
    tf.gradients(result, sources, grad_ys=given, gate_gradients=gated)
    return int(graph.version - before)


#: what makes as many operations here; more of them in the file beside this one
LINES = """
tf.add(a, b)
a + 1.0
a * b
1.0 - a
-a
a / 2.0
a // 2.0
a ** 2
a % 2.0
i / 2
a > 0
a[0]
a[:, 1:3]
a[:, tf.newaxis]
a[..., -1]
tf.matmul(a, w)
tf.matmul(x, w)
tf.matmul(x, w) + bias
tf.tensordot(seq, w, 1)
tf.tensordot(x, w, 1)
tf.einsum("ij,jk->ik", a, w)
tf.reduce_mean(x)
tf.reduce_mean(x, 1)
tf.reduce_sum(x, axis=[0, 1])
tf.reduce_sum(x, -1, keepdims=True)
tf.reduce_sum(a)
tf.reduce_max(x, 1)
tf.reduce_logsumexp(x, 1)
tf.reduce_all(x > 0)
tf.argmax(x, 1)
tf.cast(i, tf.float32)
tf.to_float(i)
tf.cast(x, tf.float32)
tf.shape(x)
tf.shape(a)
tf.size(x)
tf.rank(x)
tf.size(a)
tf.reshape(x, [-1, 2, 2])
tf.reshape(x, [tf.shape(x)[0], 4])
tf.reshape(x, tf.shape(x))
tf.transpose(x)
tf.transpose(seq, [1, 0, 2])
tf.expand_dims(x, 1)
tf.squeeze(x)
tf.concat([x, x], 1)
tf.concat([x], 1)
tf.stack([x, x])
tf.stack([1, 2, tf.shape(x)[0]])
tf.unstack(a)
tf.split(x, 2, 1)
tf.split(x, [1, 3], 1)
tf.tile(x, [1, 2])
tf.pad(x, [[0, 0], [1, 1]])
tf.slice(x, [0, 0], [1, 2])
tf.gather(w, i)
tf.gather_nd(a, [[0, 1]])
tf.one_hot(i, 4)
tf.range(5)
tf.range(tf.shape(x)[0])
tf.range(0, 10, 2)
tf.fill([2, 3], 1.0)
tf.fill([tf.shape(x)[0], 3], 1.0)
tf.zeros([3])
tf.zeros([100, 100])
tf.zeros([tf.shape(x)[0], 3])
tf.zeros(tf.shape(x))
tf.ones([3])
tf.zeros_like(a)
tf.zeros_like(x)
tf.ones_like(a)
tf.ones_like(x)
tf.linspace(0.0, 1.0, 5)
tf.constant([1.0])
tf.identity(x)
tf.stop_gradient(x)
tf.where(a > 0, a, a)
tf.where(a > 0)
tf.boolean_mask(a, [True] * 8)
tf.boolean_mask(x, x[:, 0] > 0)
tf.clip_by_value(x, 0.0, 1.0)
tf.clip_by_norm(x, 1.0)
tf.clip_by_global_norm([a, x], 5.0)
tf.global_norm([a, x])
tf.norm(x)
tf.norm(x, axis=1)
tf.square(x)
tf.sqrt(x)
tf.exp(x)
tf.log(x)
tf.pow(x, 2.0)
tf.maximum(x, 0.0)
tf.minimum(x, 1.0)
tf.abs(x)
tf.sigmoid(x)
tf.tanh(x)
tf.equal(tf.argmax(x, 1), tf.argmax(x, 1))
tf.squared_difference(x, x)
tf.add_n([x, x])
tf.cumsum(x, 1)
tf.sequence_mask(i, 5)
tf.sequence_mask(i)
tf.random_normal([2, 3])
tf.random_normal([2, 3], stddev=0.1)
tf.random_normal(tf.shape(x))
tf.random_uniform([2, 3])
tf.random_uniform([2, 3], -1, 1)
tf.random_uniform([2, 3], 0, 5, tf.int32)
tf.truncated_normal([2, 3], stddev=0.1)
tf.random_shuffle(a)
tf.multinomial(x, 1)
tf.Variable(1.0)
tf.Variable(tf.zeros([4, 3]))
tf.Variable(np.zeros([4, 3], "float32"))
tf.Variable([1, 2], trainable=False)
tf.Variable(tf.random_normal([4, 3]))
tf.Variable(tf.truncated_normal([4, 3], stddev=0.1), name="w")
tf.get_variable("v", [4, 3])
tf.get_variable("v", [3], initializer=tf.zeros_initializer())
tf.get_variable("v", [3], initializer=tf.constant_initializer(0.1))
tf.get_variable("v", [4, 3], initializer=tf.random_normal_initializer(stddev=0.1))
tf.get_variable("v", [4, 3], initializer=tf.truncated_normal_initializer(stddev=0.1))
tf.get_variable("v", [4, 3], initializer=tf.random_uniform_initializer(-1, 1))
tf.get_variable("v", [4, 3], initializer=tf.contrib.layers.xavier_initializer())
tf.get_variable("v", [4, 4], initializer=tf.orthogonal_initializer())
tf.get_variable("v", [4, 4], initializer=tf.variance_scaling_initializer())
tf.get_variable("v", [4, 3], regularizer=tf.contrib.layers.l2_regularizer(0.1))
tf.get_variable("v", initializer=tf.zeros([3]))
tf.placeholder(tf.float32, [None, 2])
tf.placeholder_with_default(1.0, [])
tf.sparse_placeholder(tf.float32)
tf.sparse_placeholder(tf.float32, [3, 4])
tf.SparseTensor([[0, 1]], [3.0], [2, 2])
tf.assign(w, a[:4, :3])
w.assign_add(tf.ones([4, 3]))
tf.assign_add(step, 1)
tf.group(tf.assign_add(step, 1), tf.assign_add(step, 1))
tf.group(tf.no_op())
tf.tuple([a, x])
tf.no_op()
w.initialized_value()
tf.global_variables_initializer()
tf.local_variables_initializer()
tf.initialize_all_variables()
tf.cond(flag, lambda: a, lambda: a + 1.0)
tf.cond(flag, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
tf.cond(flag, lambda: (a, a), lambda: (a, x))
tf.cond(flag, lambda: tf.random_normal([2]), lambda: tf.random_normal([2]))
tf.cond(flag, lambda: w + 1.0, lambda: w - 1.0)
tf.case([(flag, lambda: tf.constant(1.0))], default=lambda: tf.constant(2.0))
tf.while_loop(lambda n: n < 5, lambda n: n + 1, [0])
tf.while_loop(lambda n, s: n < 5, lambda n, s: (n + 1, s + a[0]), [0, tf.zeros([4])])
tf.while_loop(lambda n, s: n < 5, lambda n, s: [n + 1, tf.matmul(s, w44)], [tf.constant(0), a])
tf.while_loop(lambda n, s: n < 5, lambda n, s: (n + 1, s + tf.random_normal([4])), [0, tf.zeros([4])])
tf.map_fn(lambda v: v * 2.0, a)
tf.map_fn(lambda v: v * 2.0, x)
tf.map_fn(lambda v: (v[0] + 1.0, v[1]), (a, a), dtype=(tf.float32, tf.float32))
tf.scan(lambda s, v: s + v, a)
tf.scan(lambda s, v: s + v, x, initializer=tf.zeros([4]))
tf.foldl(lambda s, v: s + v, a)
tf.foldr(lambda s, v: s + v, a)
tf.py_func(lambda v: v, [a], tf.float32)
tf.nn.relu(x)
tf.nn.relu6(x)
tf.nn.leaky_relu(x)
tf.nn.elu(x)
tf.nn.softmax(x)
tf.nn.softmax(seq)
tf.nn.log_softmax(x)
tf.nn.sigmoid(x)
tf.nn.softplus(x)
tf.nn.dropout(x, 0.5)
tf.nn.dropout(a, 0.5)
tf.nn.dropout(x, rate=0.3)
tf.nn.dropout(x, keep)
tf.nn.dropout(x, 1.0)
tf.nn.l2_loss(w)
tf.nn.l2_normalize(x, 1)
tf.nn.moments(x, [0])
tf.nn.moments(img, [0, 1, 2])
tf.nn.moments(x, [0], keep_dims=True)
tf.nn.batch_normalization(x, tf.zeros([4]), tf.ones([4]), tf.zeros([4]), tf.ones([4]), 0.001)
tf.nn.batch_normalization(x, tf.zeros([4]), tf.ones([4]), None, None, 0.001)
tf.nn.fused_batch_norm(img, tf.ones([3]), tf.zeros([3]))
tf.nn.bias_add(x, bias4)
tf.nn.xw_plus_b(x, w, bias)
tf.nn.conv2d(img, kernel, [1, 1, 1, 1], "SAME")
tf.nn.conv2d_transpose(img8, kernel, [2, 8, 8, 3], [1, 1, 1, 1])
tf.nn.conv2d_transpose(img8, kernel, tf.stack([tf.shape(x)[0], 8, 8, 3]), [1, 1, 1, 1])
tf.nn.conv1d(seq, tf.zeros([2, 4, 5]), 1, "SAME")
tf.nn.atrous_conv2d(img, kernel, 2, "SAME")
tf.nn.depthwise_conv2d(img, tf.zeros([3, 3, 3, 1]), [1, 1, 1, 1], "SAME")
tf.nn.separable_conv2d(img, tf.zeros([3, 3, 3, 1]), tf.zeros([1, 1, 3, 8]), [1, 1, 1, 1], "SAME")
tf.nn.max_pool(img, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
tf.nn.avg_pool(img, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
tf.nn.lrn(img)
tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=x)
tf.nn.softmax_cross_entropy_with_logits_v2(labels=x, logits=x)
tf.nn.softmax_cross_entropy_with_logits_v2(labels=a, logits=a)
tf.nn.softmax_cross_entropy_with_logits_v2(labels=seq, logits=seq)
tf.nn.softmax_cross_entropy_with_logits(labels=a, logits=a)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.zeros([8], tf.int32), logits=a)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=seq)
tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=x)
tf.nn.weighted_cross_entropy_with_logits(x, x, 2.0)
tf.nn.embedding_lookup(w, i)
tf.nn.embedding_lookup(w, ids)
tf.nn.embedding_lookup_sparse(w, tf.SparseTensor([[0, 1]], [3], [2, 2]), None)
tf.nn.in_top_k(x, i, 1)
tf.nn.top_k(x, 2)
tf.nn.nce_loss(w5, b5, tf.cast(i[:, None], tf.int64), x, 2, 5)
tf.nn.sampled_softmax_loss(w5, b5, tf.cast(i[:, None], tf.int64), x, 2, 5)
tf.nn.zero_fraction(x)
tf.nn.rnn_cell.BasicLSTMCell(5)
tf.nn.rnn_cell.BasicLSTMCell(5).zero_state(8, tf.float32)
tf.nn.rnn_cell.BasicLSTMCell(5).zero_state(tf.shape(x)[0], tf.float32)
tf.nn.rnn_cell.GRUCell(5).zero_state(8, tf.float32)
tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(5) for _ in range(2)]).zero_state(8, tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), seq, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), seq8, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), seq, dtype=tf.float32, sequence_length=i)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), seq, dtype=tf.float32, time_major=True)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), seq, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5, use_peepholes=True), seq, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), seq, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(5), seq, dtype=tf.float32)
tf.nn.dynamic_rnn(tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(5), keep, keep), seq, dtype=tf.float32)
tf.nn.bidirectional_dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), tf.nn.rnn_cell.BasicLSTMCell(5), seq, dtype=tf.float32)
tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), tf.unstack(seq, 6, 1), dtype=tf.float32)
tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(5), tf.unstack(seq, 6, 1), dtype=tf.float32)
tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(5), tf.unstack(seq8, 6, 1), dtype=tf.float32)
tf.nn.rnn_cell.BasicLSTMCell(5)(a, tf.nn.rnn_cell.BasicLSTMCell(5).zero_state(8, tf.float32))
tf.nn.rnn_cell.GRUCell(5)(a, tf.zeros([8, 5]))
tf.nn.rnn_cell.LSTMCell(5)(a, tf.nn.rnn_cell.LSTMCell(5).zero_state(8, tf.float32))
tf.layers.dense(x, 5)
tf.layers.dense(x, 5, tf.nn.relu)
tf.layers.dense(x, 5, use_bias=False)
tf.layers.dense(x, 5, kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1))
tf.layers.dense(seq, 5)
tf.layers.conv2d(img, 8, 3)
tf.layers.conv2d(img, 8, 3, padding="same", activation=tf.nn.relu)
tf.layers.conv1d(seq, 8, 3)
tf.layers.conv2d_transpose(img, 8, 3)
tf.layers.separable_conv2d(img, 8, 3)
tf.layers.max_pooling2d(img, 2, 2)
tf.layers.average_pooling2d(img, 2, 2)
tf.layers.max_pooling1d(seq, 2, 2)
tf.layers.flatten(img)
tf.layers.flatten(img8)
tf.layers.dropout(x, 0.5)
tf.layers.dropout(x, 0.5, training=True)
tf.layers.dropout(x, 0.5, training=flag)
tf.layers.batch_normalization(x)
tf.layers.batch_normalization(x, training=True)
tf.layers.batch_normalization(x, training=flag)
tf.layers.batch_normalization(img)
tf.layers.batch_normalization(img, training=True)
tf.layers.batch_normalization(img, training=flag)
tf.layers.batch_normalization(img, training=flag, fused=False)
tf.layers.batch_normalization(img, training=flag, momentum=0.9, epsilon=1e-5)
tf.contrib.layers.fully_connected(x, 5)
tf.contrib.layers.fully_connected(x, 5, activation_fn=None)
tf.contrib.layers.fully_connected(x, 5, weights_regularizer=tf.contrib.layers.l2_regularizer(0.1))
tf.contrib.layers.conv2d(img, 8, 3)
tf.contrib.layers.conv2d_transpose(img, 8, 3)
tf.contrib.layers.batch_norm(x)
tf.contrib.layers.batch_norm(img)
tf.contrib.layers.batch_norm(x, is_training=flag)
tf.contrib.layers.batch_norm(img, is_training=flag)
tf.contrib.layers.batch_norm(img, is_training=flag, updates_collections=None)
tf.contrib.layers.batch_norm(img, is_training=False)
tf.contrib.layers.batch_norm(img, decay=0.9, scale=True, updates_collections=None)
tf.contrib.layers.layer_norm(x)
tf.contrib.layers.flatten(img)
tf.contrib.layers.max_pool2d(img, 2)
tf.contrib.layers.dropout(x)
tf.contrib.layers.dropout(x, is_training=flag)
tf.contrib.layers.embed_sequence(ids, 10, 4)
tf.contrib.layers.l2_regularizer(0.1)(w)
tf.contrib.layers.l1_regularizer(0.1)(w)
slim.conv2d(img, 8, [3, 3])
slim.conv2d(img, 8, [3, 3], normalizer_fn=slim.batch_norm)
slim.fully_connected(x, 5)
slim.max_pool2d(img, [2, 2])
slim.flatten(img)
slim.dropout(x, 0.5)
slim.repeat(img, 2, slim.conv2d, 8, [3, 3])
tf.losses.mean_squared_error(x, x)
tf.losses.mean_squared_error(a, a)
tf.losses.softmax_cross_entropy(x, x)
tf.losses.softmax_cross_entropy(a, a)
tf.losses.sparse_softmax_cross_entropy(i, x)
tf.losses.sigmoid_cross_entropy(x, x)
tf.losses.absolute_difference(x, x)
tf.losses.log_loss(x, x)
tf.losses.huber_loss(x, x)
tf.losses.hinge_loss(x, x)
tf.losses.cosine_distance(x, x, 1)
tf.losses.compute_weighted_loss(x)
tf.losses.get_regularization_loss()
tf.metrics.accuracy(i, i)
tf.metrics.mean(x)
tf.summary.scalar("s", tf.reduce_mean(x))
tf.summary.histogram("h", x)
tf.summary.image("i", img)
tf.summary.text("t", tf.constant("a"))
tf.summary.merge([tf.summary.scalar("s", 1.0), tf.summary.scalar("s2", 2.0)])
(tf.summary.scalar("s", 1.0), tf.summary.merge_all())
tf.summary.merge_all()
tf.train.Saver()
tf.train.Saver([w])
tf.train.Saver(max_to_keep=3)
tf.train.Saver({"w": w, "b": bias})
tf.train.exponential_decay(0.1, step, 100, 0.9)
tf.train.exponential_decay(0.1, step, 100, 0.9, staircase=True)
tf.train.cosine_decay(0.1, step, 100)
tf.train.natural_exp_decay(0.1, step, 100, 0.9)
tf.train.get_or_create_global_step()
tf.train.create_global_step()
tf.train.ExponentialMovingAverage(0.9).apply([w, bias])
tf.train.ExponentialMovingAverage(0.9, step).apply([w, bias])
tf.train.ExponentialMovingAverage(0.9).apply([tf.reduce_mean(x)])
tf.gradients(tf.reduce_sum(tf.square(w)), w)
tf.gradients(tf.reduce_mean(tf.square(tf.matmul(x, w) + bias)), [w, bias])
tf.gradients(-tf.reduce_sum(x[:, :3] * tf.log(tf.nn.softmax(tf.matmul(x, w) + bias))), [w, bias])
tf.gradients(tf.reduce_mean(-tf.reduce_sum(x[:, :3] * tf.log(tf.nn.softmax(tf.matmul(x, w) + bias)), 1)), [w, bias])
tf.gradients(tf.reduce_sum(tf.nn.relu(x)), x)
tf.gradients(tf.nn.l2_loss(w), w)
tf.gradients(tf.reduce_mean(tf.nn.conv2d(img, kernel, [1, 1, 1, 1], "SAME")), kernel)
tf.gradients(tf.reduce_sum(tf.layers.dense(x, 5)), x)
tf.gradients(tf.reduce_sum(tf.nn.dropout(x, 0.5)), x)
tf.gradients(tf.reduce_sum(tf.nn.embedding_lookup(w, i)), w)
tf.gradients(tf.reduce_mean(tf.losses.mean_squared_error(x, x * 2.0)), x)
tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w) + bias)), global_step=step)
tf.train.AdamOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.AdamOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w) + bias)), var_list=[w])
tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.RMSPropOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.AdagradOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.AdadeltaOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.train.FtrlOptimizer(0.1).minimize(tf.reduce_mean(tf.square(tf.matmul(x, w))))
tf.data.Dataset.from_tensor_slices(np.zeros([4, 2], "float32")).batch(2).make_one_shot_iterator().get_next()
tf.contrib.rnn.BasicLSTMCell(5)(a, tf.contrib.rnn.BasicLSTMCell(5).zero_state(8, tf.float32))
tf.ConfigProto()
tf.Session()
tf.Assert(flag, [x])
tf.Print(x, [x])
tf.check_numerics(x, "m")
tf.TFRecordReader()
tf.FIFOQueue(10, tf.float32)
tf.sparse_tensor_dense_matmul(tf.SparseTensor([[0, 1]], [3.0], [8, 4]), w)
tf.sparse_retain(tf.SparseTensor([[0, 1]], [3.0], [8, 4]), [True])
tf.sparse_to_dense([[0, 1]], [2, 2], 1.0)
tf.confusion_matrix(i, i, 3)
tf.unique(i)
tf.segment_sum(a, [0] * 8)
tf.unsorted_segment_sum(a, [0] * 8, 2)
tf.scan(lambda s, v: (s[0] + v[0], v[1]), (x, x))
tf.scan(lambda s, v: (s[0] + v, v), x, initializer=(tf.zeros([4]), tf.zeros([4])))
tf.foldl(lambda s, v: s + v, x, initializer=tf.zeros([4]))
tf.tensordot(a, w, 1)
tf.tensordot(a, w, [[1], [0]])
tf.tensordot(seq8, w, 1)
tf.tensordot(seq8, w, [[2], [0]])
tf.tensordot(seq, w, [[2], [0]])
tf.layers.dense(seq8, 5)
tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(5), tf.unstack(seq, 6, 1), dtype=tf.float32)
tf.nn.rnn_cell.GRUCell(4)(a, a)
tf.nn.rnn_cell.LSTMCell(4)(a, (a, a))
tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True)(a, (a, a))
tf.nn.rnn_cell.BasicRNNCell(4)(a, a)
tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicRNNCell(4), output_keep_prob=0.5)(a, a)
tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicRNNCell(4), 0.5, 0.5, 0.5)(a, a)
tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicRNNCell(4), keep)(a, a)
tf.layers.conv2d_transpose(img, 8, 3, 2, padding="same", use_bias=False)
tf.layers.conv2d_transpose(img8, 8, 3)
tf.contrib.layers.conv2d_transpose(img, 8, 3, 2)
tf.layers.dropout(x, keep, training=flag)
tf.contrib.layers.batch_norm(x, is_training=False)
tf.contrib.layers.batch_norm(img, scale=True, updates_collections=None)
tf.contrib.layers.batch_norm(img, scale=True, is_training=flag, updates_collections=None)
tf.contrib.layers.batch_norm(img, is_training=False, scale=True)
tf.contrib.layers.layer_norm(seq)
tf.losses.mean_squared_error(x, x, weights=a[:, 0:1])
tf.losses.compute_weighted_loss(x, x)
tf.norm(x, ord=1)
tf.data.Dataset.from_tensor_slices(np.zeros([4, 2], "float32"))
tf.data.Dataset.range(4)
tf.data.Dataset.range(4).batch(2)
tf.data.Dataset.range(4).shuffle(2)
tf.data.Dataset.range(4).repeat()
tf.data.Dataset.range(4).map(lambda v: v + 1)
tf.data.Dataset.range(4).prefetch(1)
tf.data.Dataset.range(4).make_one_shot_iterator()
tf.data.Dataset.range(4).make_initializable_iterator()
tf.data.Dataset.range(4).make_one_shot_iterator().get_next()
tf.data.Dataset.from_generator(lambda: [1], tf.int32)
tf.data.Dataset.zip((tf.data.Dataset.range(4), tf.data.Dataset.range(4)))
tf.data.TextLineDataset("f")
tf.data.TFRecordDataset("f")
tf.data.Iterator.from_structure(tf.float32, [2])
tf.cond(flag, lambda: tf.assign(step, 3), lambda: step)
tf.image.resize_images(img, [4, 4])
tf.image.resize_bilinear(img, [4, 4])
tf.distributions.Normal(0.0, 1.0).sample()
tf.distributions.Normal(x, 1.0).log_prob(x)
tf.contrib.distributions.Normal(0.0, 1.0)
tf.random_normal(k[:1])
tf.random_normal(tf.squeeze(tf.stack([tf.shape(x)[0], 5])), stddev=0.1)
tf.random_uniform(k[:1], -1, 1)
tf.truncated_normal(k[:1])
(tf.set_random_seed(1), tf.data.Dataset.range(4).shuffle(2))
tf.data.Dataset.range(4).shuffle(2, seed=3)
""".strip().splitlines()

LINES += (Path(__file__).parent / "tf1_operation_lines.txt").read_text().splitlines()

#: what draws in several steps: its draws are numbered alike, too
DRAWING = (
    "tf.image.random_", "tf.random_", "tf.nn.dropout", "tf.layers.dropout", "tf.multinomial", "tf.truncated_normal",
    "tf.distributions.Categorical", "tf.distributions.Normal",
)  # fmt: skip
DRAWS = [line for line in LINES if line.startswith(DRAWING) and "seed=" not in line]

#: what does not yet
SHORT = """
tf.einsum("bij,jk->bik", seq, w)
tf.transpose(unknown)
tf.meshgrid(tf.range(3), tf.range(4))
tf.Variable(0.0, use_resource=True)
tf.get_variable("v", [4, 3], use_resource=True)
tf.get_variable("v", initializer=[1.0, 2.0])
slim.losses.softmax_cross_entropy(x, x)
tf.TensorArray(tf.float32, 5)
tf.TensorArray(tf.float32, 5).write(0, 1.0).stack()
tf.nn.ctc_loss(tf.SparseTensor([[0, 1]], [1], [2, 2]), tf.zeros([3, 2, 4]), [3, 3])
tf.distributions.Normal(tf.squeeze(x[:, 0]), tf.squeeze(x[:, 1])).sample(1)
""".strip().splitlines()
SHORT += (Path(__file__).parent / "tf1_operation_lines_short.txt").read_text().splitlines()

#: results and sources, whose gradients stand for as many operations here
GRADIENTS = """
-x | x
tf.abs(x) | x
tf.square(x) | x
tf.sqrt(x) | x
tf.rsqrt(x) | x
tf.exp(x) | x
tf.log(x) | x
tf.log1p(x) | x
tf.sin(x) | x
tf.cos(x) | x
tf.tanh(x) | x
tf.sigmoid(x) | x
tf.reciprocal(x) | x
tf.erf(x) | x
tf.lgamma(x) | x
tf.sign(x) | x
tf.floor(x) | x
tf.nn.relu(x) | x
tf.nn.relu6(x) | x
tf.nn.elu(x) | x
tf.nn.selu(x) | x
tf.nn.leaky_relu(x) | x
tf.nn.softplus(x) | x
tf.nn.softsign(x) | x
tf.nn.softmax(x) | x
tf.nn.log_softmax(x) | x
tf.nn.softmax(seq) | seq
tf.identity(x) | x
tf.cast(x, tf.float64) | x
x + y | [x, y]
a + b | [a, b]
x + v | [x, v]
x + 1.0 | x
a + 1.0 | a
s + 1.0 | s
x - y | [x, y]
a - b | [a, b]
1.0 - x | x
x * y | [x, y]
a * b | [a, b]
x * 2.0 | x
a * 2.0 | a
s * 2.0 | s
x * col | [x, col]
x / y | [x, y]
a / b | [a, b]
x / 2.0 | x
x ** 2 | x
a ** 2 | a
tf.maximum(x, y) | [x, y]
tf.maximum(a, b) | [a, b]
tf.maximum(x, 0.0) | x
tf.minimum(x, y) | [x, y]
tf.squared_difference(x, y) | [x, y]
tf.squared_difference(a, b) | [a, b]
tf.div_no_nan(x, y) | [x, y]
tf.matmul(x, wp) | [x, wp]
tf.matmul(x, wp) | wp
tf.matmul(x, y, transpose_b=True) | [x, y]
tf.matmul(seq, seq, transpose_b=True) | seq
tf.matmul(seq, tf.tile(tf.expand_dims(wp, 0), [2, 1, 1])) | seq
tf.nn.bias_add(x, v) | [x, v]
tf.reduce_sum(x) | x
tf.reduce_sum(a) | a
tf.reduce_sum(x, 1) | x
tf.reduce_sum(a, 1) | a
tf.reduce_sum(x, 1, keepdims=True) | x
tf.reduce_mean(x) | x
tf.reduce_mean(a) | a
tf.reduce_mean(x, 1) | x
tf.reduce_mean(a, 1) | a
tf.reduce_max(x, 1) | x
tf.reduce_max(x) | x
tf.reduce_min(x, 1) | x
tf.reduce_prod(x, 1) | x
tf.reduce_logsumexp(x, 1) | x
tf.reshape(x, [-1]) | x
tf.reshape(a, [-1]) | a
tf.transpose(x) | x
tf.transpose(seq, [1, 0, 2]) | seq
tf.expand_dims(x, 1) | x
tf.squeeze(col) | col
tf.squeeze(col, 1) | col
tf.concat([x, y], 1) | [x, y]
tf.concat([x, y], 0) | [x, y]
tf.concat([a, b], 1) | [a, b]
tf.concat([x, y, x], 1) | [x, y]
tf.stack([x, y]) | [x, y]
tf.unstack(seq, axis=1)[0] | seq
tf.split(x, 2, 1)[0] | x
tf.split(x, [1, 3], 1)[0] | x
tf.tile(x, [1, 2]) | x
tf.pad(x, [[0, 0], [1, 1]]) | x
tf.slice(x, [0, 0], [1, 2]) | x
x[:, 0] | x
a[0] | a
tf.gather(wp, i) | wp
tf.gather(w5, i) | w5
tf.gather_nd(x, [[0, 1]]) | x
tf.nn.embedding_lookup(w5, i) | w5
tf.where(x > 0, x, y) | [x, y]
tf.clip_by_value(x, 0.0, 1.0) | x
tf.nn.l2_loss(x) | x
tf.nn.conv2d(img, kernel, [1, 1, 1, 1], "SAME") | [img, kernel]
tf.nn.conv2d(im3, kernel, [1, 1, 1, 1], "SAME") | [im3, kernel]
tf.nn.conv2d_transpose(tf.nn.conv2d(im3, kernel, [1, 1, 1, 1], "SAME"), kernel, [2, 8, 8, 3], [1, 1, 1, 1]) | kernel
tf.nn.max_pool(img, [1, 2, 2, 1], [1, 2, 2, 1], "SAME") | img
tf.nn.avg_pool(img, [1, 2, 2, 1], [1, 2, 2, 1], "SAME") | img
tf.nn.lrn(img) | img
tf.nn.dropout(x, 0.5) | x
tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x) | x
tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x) | x
tf.nn.softmax_cross_entropy_with_logits_v2(labels=b, logits=a) | a
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x) | x
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=k, logits=a) | a
tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x) | x
tf.nn.sigmoid_cross_entropy_with_logits(labels=b, logits=a) | a
tf.losses.mean_squared_error(y, x) | x
tf.losses.mean_squared_error(b, a) | a
tf.losses.softmax_cross_entropy(y, x) | x
tf.losses.sparse_softmax_cross_entropy(i, x) | x
tf.losses.sigmoid_cross_entropy(y, x) | x
tf.losses.compute_weighted_loss(x) | x
tf.losses.compute_weighted_loss(a) | a
tf.losses.compute_weighted_loss(x[:, 0]) | x
tf.layers.dense(x, 3) | x
tf.layers.batch_normalization(x, training=True) | x
tf.layers.batch_normalization(img, training=True) | img
tf.layers.batch_normalization(x) | x
tf.layers.flatten(img) | img
tf.nn.l2_normalize(x, 1) | x
tf.distributions.Normal(x, 1.0).log_prob(y) | x
tf.distributions.Normal(x, y).log_prob(x) | x
tf.distributions.Normal(x, y).log_prob(x) | [x, y]
tf.distributions.Normal(x, y).log_prob(a) | [x, y]
tf.distributions.Normal(x, y).prob(x) | [x, y]
tf.distributions.Normal(x, y).entropy() | y
tf.distributions.Normal(x, y).sample(1) | [x, y]
tf.distributions.Normal(x, y).sample() | [x, y]
tf.distributions.Normal(a, b).entropy() | [b]
tf.distributions.kl_divergence(tf.distributions.Normal(x, y), tf.distributions.Normal(y, x)) | [x, y]
tf.distributions.kl_divergence(tf.distributions.Normal(x, y), tf.distributions.Normal(0.0, 1.0)) | [x, y]
tf.distributions.Categorical(logits=x).log_prob(i) | x
tf.distributions.Categorical(logits=a).log_prob(k) | a
tf.distributions.Categorical(logits=x).entropy() | x
tf.distributions.Categorical(logits=a).entropy() | a
tf.distributions.Bernoulli(logits=x).log_prob(y) | x
tf.distributions.Bernoulli(logits=a).log_prob(b) | a
tf.distributions.Bernoulli(logits=x).entropy() | x
tf.distributions.Bernoulli(logits=x).log_prob(i) | x
tf.add_n([x, y]) | [x, y]
tf.nn.moments(x, [0])[1] | x
tf.cumsum(x, 1) | x
x[i[0]] | x
x[:, :i[0]] | x
tf.strided_slice(x, [0, 0], [1, 2]) | x
tf.norm(x) | x
tf.norm(x, axis=1) | x
tf.norm(a, axis=1) | a
tf.log(0.1 / a) + tf.log(0.9 / (1.0 - a)) | a
0.1 * a + 0.2 * a | a
(1.0 - a) * (2.0 - b) | [a, b]
a + v | [a, v]
(a - v) + (b - v) | [a, b, v]
a ** b | [a, b]
a ** 2 + b ** 2 | [a, b]
tf.squared_difference(a, v) | [a, v]
tf.cast(a, tf.float64) * tf.cast(b, tf.float64) | [a, b]
tf.reduce_sum(a, 1) + tf.reduce_mean(a, 1) | a
tf.reduce_sum(a, 1) + tf.reduce_sum(a, -1) | a
tf.reduce_mean(a, [-2, -1]) | a
tf.reduce_sum(unknown) | unknown
tf.reduce_mean(unknown) | unknown
tf.reduce_max(unknown) | unknown
tf.nn.moments(a, [0])[1] | a
tf.nn.l2_normalize(a, 1) | a
tf.nn.dropout(a, 0.5) | a
tf.nn.dropout(a, keep) | a
tf.reduce_logsumexp(a, 1) | a
tf.layers.batch_normalization(a, training=True) | a
tf.layers.batch_normalization(x, training=True, scale=False) | x
tf.sparse_tensor_dense_matmul(tf.SparseTensor([[0, 1]], [3.0], [8, 4]), wp) | wp
tf.add_n([x]) | x
""".strip().splitlines()
