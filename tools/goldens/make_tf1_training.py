"""TensorFlow 1.15: what layers, cells, losses, metrics and averages of version 1 compute. Python 3.7.

Each program binds `results`, a list of fetches that run in order in one session after `init`. Kernels are made by an
initializer without chance, so that both sides have the same ones.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_training.json"

SETUP = """
def wave(shape, dtype=tf.float32, partition_info=None):
    shape = [int(n) for n in (shape.as_list() if hasattr(shape, 'as_list') else shape)]
    return tf.constant(np.cos(np.arange(int(np.prod(shape))) * 0.7).reshape(shape) * 0.5, tf.float32)

def images(*shape):
    return tf.constant(np.sin(np.arange(int(np.prod(shape))) * 0.3).reshape(shape), tf.float32)

def slopes(*tensors):
    total = tf.add_n([tf.reduce_sum(tf.square(t)) for t in tensors])
    return [g for g in tf.gradients(total, tf.trainable_variables()) if g is not None]

x1, x2, x3 = images(2, 7, 3), images(2, 6, 6, 2), images(2, 4, 4, 4, 2)
"""

LAYERS = {
    "conv1d": "tf.layers.conv1d(x1, 4, 3, activation=tf.nn.relu)",
    "conv1d_same_stride": "tf.layers.conv1d(x1, 4, 3, 2, 'same')",
    "conv1d_dilated": "tf.layers.conv1d(x1, 4, 2, dilation_rate=2)",
    "conv2d_same_stride": "tf.layers.conv2d(x2, 4, 3, 2, 'same')",
    "conv2d_dilated": "tf.layers.conv2d(x2, 4, (2, 3), dilation_rate=2, use_bias=False)",
    "conv3d": "tf.layers.conv3d(x3, 3, 2, activation=tf.tanh)",
    "conv3d_same_stride": "tf.layers.conv3d(x3, 3, 3, 2, 'same')",
    "conv2d_transpose_same": "tf.layers.conv2d_transpose(x2, 3, 3, 2, 'same')",
    "conv2d_transpose_valid": "tf.layers.conv2d_transpose(x2, 3, 3, 2)",
    "conv3d_transpose": "tf.layers.conv3d_transpose(x3, 2, 3, 2)",
    "separable_conv2d": "tf.layers.separable_conv2d(x2, 4, 3, depth_multiplier=2)",
    "separable_conv1d": "tf.layers.separable_conv1d(x1, 4, 3, padding='same')",
    "max_pooling1d": "tf.layers.max_pooling1d(x1, 2, 2, 'same')",
    "average_pooling1d": "tf.layers.average_pooling1d(x1, 3, 2)",
    "max_pooling2d": "tf.layers.max_pooling2d(x2, 3, 2, 'same')",
    "average_pooling2d": "tf.layers.average_pooling2d(x2, 2, 1)",
    "max_pooling3d": "tf.layers.max_pooling3d(x3, 2, 2)",
    "average_pooling3d": "tf.layers.average_pooling3d(x3, 3, 2, 'same')",
    "flatten": "tf.layers.flatten(x2)",
    "flatten_channels_first": "tf.layers.flatten(x2, data_format='channels_first')",
    "dense_of_rank_3": "tf.layers.dense(x1, 5, tf.nn.sigmoid)",
    "contrib_fully_connected": "tf.contrib.layers.fully_connected(x1, 3, weights_initializer=wave)",
    "contrib_conv2d": "tf.contrib.layers.conv2d(x2, 3, 3, stride=2, weights_initializer=wave)",
    "contrib_batch_norm": "tf.contrib.layers.batch_norm(x2, is_training=False, scale=True)",
}

PROGRAMS = {
    **{name: f"""
with tf.variable_scope('net', initializer=wave):
    y = {call}
results = [y, slopes(y)] if tf.trainable_variables() else [y]
names = [v.name for v in tf.global_variables()]
""" for name, call in LAYERS.items()},
    **{f"batch_normalization_{label}": f"""
training = tf.placeholder_with_default({flag}, [])
y = tf.layers.batch_normalization({value}, axis={axis}, momentum=0.8, training={training},
                                  gamma_initializer=tf.constant_initializer(1.5))
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
results = [y, updates, y, slopes(y), tf.global_variables()[2:]]
names = [v.name for v in tf.global_variables()]
""" for label, value, axis, flag, training in (
        ("fused_training", "x2", -1, True, "True"), ("fused_inference", "x2", -1, True, "False"),
        ("fused_fed", "x2", -1, True, "training"), ("fused_fed_inference", "x2", -1, False, "training"),
        ("plain_training", "x1", -1, True, "True"), ("plain_middle", "x1", 1, True, "True"),
        ("plain_fed", "tf.layers.flatten(x2)", -1, True, "training"),
    )},
    "penalties": """
with tf.variable_scope('net', initializer=wave, regularizer=tf.contrib.layers.l2_regularizer(0.1)):
    y = tf.layers.dense(x1, 2, bias_regularizer=tf.contrib.layers.l1_regularizer(0.2), bias_initializer=wave)
both = tf.contrib.layers.l1_l2_regularizer(0.1, 0.2)(tf.constant([1.0, -2.0]))
results = [tf.losses.get_regularization_losses(), tf.losses.get_regularization_loss(), both]
names = [loss.name for loss in tf.losses.get_regularization_losses()]
""",
    **{f"cell_{label}": f"""
C = tf.nn.rnn_cell
with tf.variable_scope('net', initializer=wave):
    y, state = {call}
leaves = tf.contrib.framework.nest.flatten(state) if hasattr(tf.contrib.framework, 'nest') else tf.nest.flatten(state)
y = y if isinstance(y, list) else list(y) if isinstance(y, tuple) else [y]
results = [y, leaves, slopes(*y)]
names = [v.name for v in tf.global_variables()]
""" for label, call in {
        "basic": "tf.nn.dynamic_rnn(C.BasicRNNCell(3, activation=tf.nn.relu), x1, dtype=tf.float32)",
        "basic_lstm": "tf.nn.dynamic_rnn(C.BasicLSTMCell(3, forget_bias=0.5), x1, [7, 2], dtype=tf.float32)",
        "lstm_peepholes": "tf.nn.dynamic_rnn(C.LSTMCell(3, use_peepholes=True, cell_clip=0.3), x1, dtype=tf.float32)",
        "lstm_projection": "tf.nn.dynamic_rnn(C.LSTMCell(4, num_proj=2, proj_clip=0.2), x1, dtype=tf.float32)",
        "lstm_flat_state": "tf.nn.dynamic_rnn(C.LSTMCell(2, state_is_tuple=False), x1, dtype=tf.float32)",
        "gru": "tf.nn.dynamic_rnn(C.GRUCell(3), x1, [3, 5], initial_state=tf.ones([2, 3]) * 0.1)",
        "multi": "tf.nn.dynamic_rnn(C.MultiRNNCell([C.BasicLSTMCell(2), C.GRUCell(3)]), x1, dtype=tf.float32)",
        "residual": "tf.nn.dynamic_rnn(C.ResidualWrapper(C.GRUCell(3)), x1, dtype=tf.float32)",
        "time_major": "tf.nn.dynamic_rnn(C.GRUCell(2), x1, [2, 1, 2, 1, 2, 1, 2], dtype=tf.float32, time_major=True)",
        "static": "tf.nn.static_rnn(C.BasicLSTMCell(2), tf.unstack(x1, axis=1), dtype=tf.float32, "
                  "sequence_length=[7, 3])",
        "bidirectional": "tf.nn.bidirectional_dynamic_rnn(C.GRUCell(2), C.BasicLSTMCell(2), x1, [7, 4], "
                         "dtype=tf.float32)",
        "output_projection": "tf.nn.dynamic_rnn(tf.contrib.rnn.OutputProjectionWrapper(C.BasicRNNCell(3), 2), x1, "
                             "dtype=tf.float32)",
    }.items()},
    "static_bidirectional": """
C = tf.nn.rnn_cell
with tf.variable_scope('net', initializer=wave):
    y, fw, bw = tf.nn.static_bidirectional_rnn(C.GRUCell(2), C.GRUCell(2), tf.unstack(x1, axis=1), dtype=tf.float32)
results = [y, fw, bw]
names = [v.name for v in tf.global_variables()]
""",
    "losses": """
labels = tf.constant([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
scores = tf.constant([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]])
R = tf.losses.Reduction
results = [tf.losses.mean_squared_error(labels, scores, weights=[[0.5], [2.0]], reduction=r)
           for r in (R.NONE, R.SUM, R.MEAN, R.SUM_OVER_BATCH_SIZE, R.SUM_BY_NONZERO_WEIGHTS)]
results += [tf.losses.mean_pairwise_squared_error(labels, scores, weights=w) for w in (1.0, [[0.5], [0.0]], 0.0)]
results += [tf.losses.sigmoid_cross_entropy(labels, scores, label_smoothing=0.2),
            tf.losses.sparse_softmax_cross_entropy([[0], [2]], scores, weights=[[1.0], [3.0]]),
            tf.losses.hinge_loss(labels, scores, weights=[[1.0, 0.0, 2.0], [1.0, 1.0, 1.0]]),
            tf.losses.compute_weighted_loss([1.0, 2.0], [0.0, 0.0])]
names = [loss.name for loss in tf.losses.get_losses()]
""",
    "metrics": """
labels = tf.constant([1, 0, 1, 1, 2])
guesses = tf.constant([1, 1, 0, 1, 2])
weights = tf.constant([1.0, 0.5, 2.0, 1.0, 0.0])
M = tf.metrics
truth, found = tf.cast(labels, tf.float32), tf.cast(guesses, tf.float32) * 0.5
pairs = [M.accuracy(labels, guesses, weights), M.mean(found), M.mean(found, weights), M.mean_tensor(found),
         M.mean_absolute_error(truth, found), M.mean_squared_error(truth, found),
         M.root_mean_squared_error(truth, found), M.mean_relative_error(truth, found, truth),
         M.mean_cosine_distance(tf.expand_dims(truth, 0), tf.expand_dims(found, 0), 1),
         M.percentage_below(found, 0.7), M.precision(tf.equal(labels, 1), tf.equal(guesses, 1), weights),
         M.recall(tf.equal(labels, 1), tf.equal(guesses, 1)), M.true_positives(tf.equal(labels, 1), guesses > 0),
         M.false_positives(tf.equal(labels, 1), guesses > 0), M.true_negatives(tf.equal(labels, 1), guesses > 0),
         M.false_negatives(tf.equal(labels, 1), guesses > 0), M.mean_iou(labels, guesses, 3),
         M.mean_per_class_accuracy(labels, guesses, 3), M.auc(tf.equal(labels, 1), found, num_thresholds=20)]
updates = [pair[1] for pair in pairs]
results = [updates, updates, [pair[0] for pair in pairs]]
names = [v.name for v in tf.local_variables()]
""",
    "schedules": """
step = tf.placeholder_with_default(7, [])
T = tf.train
results = [T.cosine_decay(0.5, step, 10, 0.1), T.cosine_decay_restarts(0.5, step, 3),
           T.linear_cosine_decay(0.5, step, 9),
           T.cosine_decay_restarts(0.5, step, 3, t_mul=1.0, m_mul=0.5, alpha=0.1),
           T.polynomial_decay(0.5, step, 3, cycle=True), T.inverse_time_decay(0.5, step, 3, 0.5, staircase=True),
           T.natural_exp_decay(0.5, step, 3, 0.5, staircase=True), T.piecewise_constant(step, [3, 7], [3.0, 2.0, 1.0])]
names = [t.name for t in results]
""",
    "averages": """
v = tf.Variable([1.0, 3.0], name='v')
n = tf.Variable(2, trainable=False, name='n')
t = v * 2.0
slow = tf.train.ExponentialMovingAverage(0.9, num_updates=n)
keep = slow.apply([v])
fair = tf.train.ExponentialMovingAverage(0.8, zero_debias=True, name='fair')
follow = fair.apply([t])
change = v.assign_add([1.0, -1.0])
results = [keep, follow, slow.average(v), fair.average(t), change, keep, follow, slow.average(v), fair.average(t)]
names = sorted(slow.variables_to_restore()) + [x.name for x in tf.global_variables()]
""",
    "tables_in_parts": """
parts = [tf.constant(np.arange(6.0).reshape(3, 2), tf.float32),
         tf.constant(np.arange(6.0, 12.0).reshape(3, 2), tf.float32),
         tf.constant(np.arange(12.0, 16.0).reshape(2, 2), tf.float32)]
ids = tf.constant([[0, 7, 3], [5, 1, 2]])
results = [tf.nn.embedding_lookup(parts, ids), tf.nn.embedding_lookup(parts, ids, partition_strategy='div'),
           tf.nn.embedding_lookup(parts[0], [2, 0], max_norm=1.0)]
names = []
""",
    "sampled_losses": """
weights, biases = wave([6, 3]), wave([6])
inputs, labels = images(4, 3), tf.constant([[1], [0], [5], [2]], tf.int64)
drawn = (tf.constant([2, 4, 0], tf.int64), tf.constant([[0.4], [0.9], [0.1], [0.3]]), tf.constant([0.3, 0.2, 0.9]))
losses = [tf.nn.nce_loss(weights, biases, labels, inputs, 3, 6, sampled_values=drawn),
          tf.nn.nce_loss(weights, biases, labels, inputs, 3, 6, sampled_values=drawn, remove_accidental_hits=True),
          tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 3, 6, sampled_values=drawn),
          tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 3, 6, sampled_values=drawn,
                                     remove_accidental_hits=False)]
results = [*losses, [tf.gradients(loss, [weights, inputs]) for loss in losses]]
names = []
""",
}


def plain(value: Any) -> Any:
    """Arrays as nested lists of numbers that differ by less than single precision does."""
    import numpy as np

    if value is None:
        return None
    if hasattr(value, "values") and hasattr(value, "dense_shape"):
        whole = np.zeros(value.dense_shape, np.float32)
        np.add.at(whole, value.indices, value.values)
        return plain(whole)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    rounded = [float(np.format_float_positional(n, 7, unique=True, fractional=False)) for n in np.ravel(value)]
    return np.reshape(rounded, np.shape(value)).tolist()


def run(tf: Any, np: Any, program: str) -> dict[str, Any]:
    """What a program's results are, and its names."""
    tf.reset_default_graph()
    scope: dict[str, Any] = {"tf": tf, "np": np}
    exec(SETUP + program, scope)
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        found = [plain(session.run(item)) for item in scope["results"]]
    return {"results": found, "names": scope["names"]}


def main() -> None:
    import numpy as np
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    meta = {"script": "tools/goldens/make_tf1_training.py", "tensorflow": tf.__version__, "numpy": np.__version__,
            "python": ".".join(str(part) for part in sys.version_info[:3])}  # fmt: skip
    programs = {}
    for name, program in PROGRAMS.items():
        try:
            programs[name] = {"source": program, **run(tf, np, program)}
        except Exception as error:
            raise RuntimeError(name) from error
    lines = ",\n".join(json.dumps(name) + ": " + json.dumps(found) for name, found in programs.items())
    head = json.dumps({"meta": meta, "setup": SETUP})[:-1]
    GOLDEN.write_text(head + ',\n"programs": {\n' + lines + "\n}}\n", encoding="utf-8")
    print(GOLDEN.name, len(programs), GOLDEN.stat().st_size // 1024, "kB")


if __name__ == "__main__":
    main()
