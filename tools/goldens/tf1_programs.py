"""Small TensorFlow 1 programs, kept as text so that both sides run the very same lines.

Each is executed with `tf` and `np` bound, in a fresh default graph. No third name is used from outside.
"""

from __future__ import annotations

# Programs whose op and variable names are recorded.
NAMES = {
    "variables": """
a = tf.Variable(1.0)
b = tf.Variable([2.0, 3.0])
c = tf.Variable(0, name='counter', trainable=False)
d = a + b
e = a + b
f = tf.add(a, b)
g = tf.add(a, b, name='named')
h = tf.add(a, b, name='named')
""",
    "constants": """
a = tf.constant(3.0)
b = tf.constant(4.0)
c = tf.constant([1, 2], name='pair')
d = a + b
e = a * b
f = -a
g = a / b
h = a - b
i = a ** b
j = c[0]
k = c[0:1]
l = a > b
m = tf.matmul([[1.0]], [[2.0]])
n = 2.0 * a
o = a == b
p = c // 2
q = c % 2
r = abs(a)
""",
    "placeholders": """
x = tf.placeholder(tf.float32)
y = tf.placeholder(tf.float32, shape=(None, 3))
z = tf.placeholder(tf.int64, [None], name='labels')
w = tf.placeholder_with_default(1.0, shape=())
""",
    "functions": """
x = tf.placeholder(tf.float32, [None, 4], name='x')
a = tf.nn.relu(x)
b = tf.reduce_mean(x)
c = tf.reduce_sum(x, axis=1)
d = tf.square(x)
e = tf.argmax(x, 1)
f = tf.cast(e, tf.float32)
g = tf.nn.softmax(x)
h = tf.equal(e, e)
i = tf.reshape(x, [-1])
j = tf.exp(x)
k = tf.log(x)
l = tf.concat([x, x], 1)
m = tf.nn.sigmoid(x)
n = tf.tanh(x)
o = tf.transpose(x)
p = tf.identity(x)
q = tf.zeros_like(x)
r = tf.ones([2, 2])
s = tf.zeros([2, 2])
t = tf.random_normal([2, 2])
u = tf.expand_dims(x, 0)
v = tf.stop_gradient(x)
w = tf.one_hot(e, 3)
y = tf.nn.softmax_cross_entropy_with_logits_v2(labels=x, logits=x)
""",
    "name_scopes": """
with tf.name_scope('outer'):
    a = tf.constant(1.0)
    with tf.name_scope('inner') as inner:
        b = tf.Variable(1.0, name='v')
        c = a + b
    with tf.name_scope('inner'):
        d = a + b
    with tf.name_scope(inner):
        e = a * b
with tf.name_scope('outer'):
    f = tf.constant(2.0)
with tf.name_scope(None):
    g = tf.constant(3.0)
""",
    "variable_scopes": """
with tf.variable_scope('layer'):
    w = tf.get_variable('w', [2, 3])
    b = tf.get_variable('b', [3], initializer=tf.zeros_initializer())
    y = tf.matmul(tf.ones([1, 2]), w) + b
with tf.variable_scope('layer', reuse=True):
    w2 = tf.get_variable('w', [2, 3])
    z = tf.matmul(tf.ones([1, 2]), w2)
with tf.variable_scope('layer', reuse=tf.AUTO_REUSE):
    w3 = tf.get_variable('w', [2, 3])
    extra = tf.get_variable('extra', [])
with tf.variable_scope('outer'):
    with tf.variable_scope('inner'):
        v = tf.get_variable('v', [1])
    with tf.name_scope('hidden'):
        u = tf.get_variable('u', [1])
        k = tf.Variable(1.0, name='k')
        s = u + 1.0
with tf.variable_scope(None, default_name='block'):
    p = tf.get_variable('p', [1])
with tf.variable_scope(None, default_name='block'):
    q = tf.get_variable('p', [1])
""",
    "layers": """
x = tf.placeholder(tf.float32, [None, 8, 8, 3], name='images')
a = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
b = tf.layers.max_pooling2d(a, 2, 2)
c = tf.layers.flatten(b)
d = tf.layers.dense(c, 10, activation=tf.nn.relu)
e = tf.layers.dense(d, 2)
f = tf.layers.dropout(e, 0.5, training=True)
g = tf.layers.batch_normalization(e)
h = tf.layers.dense(d, 2, name='head')
i = tf.layers.dense(d, 2, name='head', reuse=True)
""",
    "training": """
x = tf.placeholder(tf.float32, [None], name='x')
y = tf.placeholder(tf.float32, [None], name='y')
w = tf.Variable(0.5, name='w')
b = tf.Variable(0.0, name='b')
loss = tf.reduce_mean(tf.square(w * x + b - y))
step = tf.train.get_or_create_global_step()
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
init = tf.global_variables_initializer()
local = tf.local_variables_initializer()
""",
    "optimizer_slots": """
w = tf.Variable([1.0, 2.0], name='w')
loss = tf.reduce_sum(tf.square(w))
momentum = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
adam = tf.train.AdamOptimizer().minimize(loss)
rms = tf.train.RMSPropOptimizer(0.1).minimize(loss)
adagrad = tf.train.AdagradOptimizer(0.1).minimize(loss)
""",
    "gradients": """
x = tf.constant(2.0, name='x')
y = x * x * 3.0
g = tf.gradients(y, x)[0]
h = tf.gradients(y, [x], name='again')[0]
""",
    "control_flow": """
n = tf.constant(3)
a = tf.cond(n > 2, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
i = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [tf.constant(0)])
with tf.control_dependencies([a]):
    b = tf.identity(n, name='after')
c = tf.group(a, b)
d = tf.no_op()
""",
    "savers_and_summaries": """
v = tf.Variable(1.0, name='v')
s = tf.summary.scalar('loss', v)
h = tf.summary.histogram('weights', v)
m = tf.summary.merge_all()
saver = tf.train.Saver()
""",
    "updates": """
v = tf.Variable(1.0, name='v')
a = tf.assign(v, 2.0)
b = tf.assign_add(v, 2.0)
c = v.assign(3.0)
d = v.assign_sub(1.0)
e = v.initialized_value()
f = tf.get_variable('r', [2], use_resource=True)
g = f.assign([1.0, 2.0])
""",
}

# Programs with fetches: expression → what Session.run gives. Fetches run in order in one session.
SESSIONS = {
    "structures": (
        """
import collections
a = tf.constant(1.0)
b = tf.constant([1, 2])
c = tf.constant('text')
d = tf.constant(True)
e = tf.constant([['x', 'y']])
op = tf.no_op()
Pair = collections.namedtuple('Pair', ['first', 'second'])
sparse = tf.SparseTensor([[0, 1]], [5.0], [2, 3])
v = tf.Variable([3.0, 4.0])
slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([2]))
init = tf.global_variables_initializer()
""",
        [
            ("init", {}),
            ("a", {}),
            ("b", {}),
            ("c", {}),
            ("d", {}),
            ("e", {}),
            ("v", {}),
            ("op", {}),
            ("[a]", {}),
            ("(a, b)", {}),
            ("[a, [b, (c, a)]]", {}),
            ("{'a': a, 'b': [b, op]}", {}),
            ("collections.OrderedDict([('z', a), ('y', b)])", {}),
            ("Pair(a, b)", {}),
            ("sparse", {}),
            ("slices", {}),
            ("[]", {}),
            ("{}", {}),
            ("'Const:0'", {}),
            ("['Const:0', 'NoOp']", {}),
            ("[a, a]", {}),
        ],
    ),
    "feeds": (
        """
x = tf.placeholder(tf.float32, [None, 2])
y = tf.placeholder_with_default(10.0, [])
i = tf.placeholder(tf.int32)
s = tf.placeholder(tf.string)
c = tf.constant(2.0)
t = tf.reduce_sum(x) * c + y
u = c + 1.0
""",
        [
            ("x", {"x": "[[1, 2], [3, 4]]"}),
            ("t", {"x": "[[1, 2], [3, 4]]"}),
            ("t", {"x": "np.ones((3, 2))", "y": "0.5"}),
            ("t", {"x": "np.zeros((0, 2))"}),
            ("i", {"i": "[1, 2, 3]"}),
            ("i", {"i": "7"}),
            ("s", {"s": "['a', b'b']"}),
            ("u", {"c": "5.0"}),
            ("u", {"'Const:0'": "6.0"}),
            ("c", {"c": "7.0"}),
            ("[x, c]", {"x": "[(1.5, 2.5)]"}),
        ],
    ),
    "state": (
        """
v = tf.Variable(1.0)
w = tf.Variable(v.initialized_value() * 2.0)
up = tf.assign_add(v, 1.0)
with tf.control_dependencies([up]):
    after = v.read_value() + 0.0
both = tf.group(up, tf.assign(w, 7.0))
init = tf.global_variables_initializer()
""",
        [
            ("init", {}),
            ("[v, w]", {}),
            ("up", {}),
            ("v", {}),
            ("after", {}),
            ("v", {}),
            ("both", {}),
            ("[v, w]", {}),
            ("init", {}),
            ("v", {}),
        ],
    ),
    "training": (
        """
x = tf.placeholder(tf.float32, [None])
y = tf.placeholder(tf.float32, [None])
w = tf.Variable(0.3)
b = tf.Variable(-0.3)
loss = tf.reduce_sum(tf.square(w * x + b - y))
train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
init = tf.global_variables_initializer()
""",
        [
            ("init", {}),
            *[("[train, loss]", {"x": "[1, 2, 3, 4]", "y": "[0, -1, -2, -3]"}), ("[w, b]", {})] * 6,
        ],
    ),
    "losses": (
        """
labels = tf.constant([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
scores = tf.constant([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]])
mse = tf.losses.mean_squared_error(labels, scores)
weighted = tf.losses.mean_squared_error(labels, scores, weights=[[1.0], [0.0]])
absolute = tf.losses.absolute_difference(labels, scores)
softmax = tf.losses.softmax_cross_entropy(labels, scores, label_smoothing=0.1)
sparse = tf.losses.sparse_softmax_cross_entropy([0, 2], scores)
sigmoid = tf.losses.sigmoid_cross_entropy(labels, scores)
log = tf.losses.log_loss(labels, tf.nn.sigmoid(scores))
hinge = tf.losses.hinge_loss(labels, scores)
huber = tf.losses.huber_loss(labels, scores, delta=0.5)
cosine = tf.losses.cosine_distance(tf.nn.l2_normalize(labels, 1), tf.nn.l2_normalize(scores, 1), axis=1)
total = tf.losses.get_total_loss()
count = tf.constant(len(tf.losses.get_losses()))
""",
        [("[mse, weighted, absolute, softmax, sparse, sigmoid, log, hinge, huber, cosine, total, count]", {})],
    ),
    "streaming_metrics": (
        """
labels = tf.placeholder(tf.int64, [None])
guesses = tf.placeholder(tf.int64, [None])
accuracy, update = tf.metrics.accuracy(labels, guesses)
mean, update_mean = tf.metrics.mean(tf.cast(guesses, tf.float32))
init = tf.local_variables_initializer()
""",
        [
            ("init", {}),
            ("[accuracy, mean]", {}),
            ("[update, update_mean]", {"labels": "[1, 2, 3]", "guesses": "[1, 0, 3]"}),
            ("[accuracy, mean]", {}),
            ("[update, update_mean]", {"labels": "[1]", "guesses": "[5]"}),
            ("[accuracy, mean]", {}),
        ],
    ),
    "schedules": (
        """
step = tf.placeholder(tf.int64, [])
a = tf.train.exponential_decay(0.1, step, 10, 0.5)
b = tf.train.exponential_decay(0.1, step, 10, 0.5, staircase=True)
c = tf.train.piecewise_constant(step, [5, 15], [1.0, 0.5, 0.1])
d = tf.train.polynomial_decay(0.1, step, 20, 0.01, power=2.0)
e = tf.train.inverse_time_decay(0.1, step, 10, 0.5)
f = tf.train.cosine_decay(0.1, step, 20)
g = tf.train.natural_exp_decay(0.1, step, 10, 0.5)
""",
        [("[a, b, c, d, e, f, g]", {"step": str(step)}) for step in (0, 3, 5, 6, 10, 15, 16, 20, 25)],
    ),
    "recurrent": (
        """
x = tf.constant(np.sin(np.arange(24)).reshape(2, 4, 3), tf.float32)
cell = tf.nn.rnn_cell.BasicLSTMCell(2)
with tf.variable_scope('lstm', initializer=tf.constant_initializer(0.1)):
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    short, last = tf.nn.dynamic_rnn(cell, x, sequence_length=[4, 2], dtype=tf.float32)
with tf.variable_scope('plain', initializer=tf.constant_initializer(0.2)):
    plain, end = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(2), x, dtype=tf.float32)
with tf.variable_scope('gru', initializer=tf.constant_initializer(0.2)):
    gated, gate = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), x, dtype=tf.float32)
init = tf.global_variables_initializer()
""",
        [("init", {}), ("[outputs, state]", {}), ("[short, last]", {}), ("[plain, end]", {}), ("[gated, gate]", {})],
    ),
    "moving_average": (
        """
v = tf.Variable(1.0)
average = tf.train.ExponentialMovingAverage(0.9)
keep = average.apply([v])
value = average.average(v)
change = v.assign_add(1.0)
init = tf.global_variables_initializer()
""",
        [
            ("init", {}),
            ("change", {}),
            ("keep", {}),
            ("[v, value]", {}),
            ("change", {}),
            ("keep", {}),
            ("[v, value]", {}),
        ],
    ),
    "batch_normalization": (
        """
x = tf.constant(np.sin(np.arange(12)).reshape(4, 3), tf.float32)
training = tf.placeholder(tf.bool, [])
y = tf.layers.batch_normalization(x, training=training, momentum=0.9)
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
moving = tf.global_variables()[2:]
init = tf.global_variables_initializer()
""",
        [
            ("init", {}),
            ("y", {"training": "True"}),
            ("moving", {}),
            ("[y, updates]", {"training": "True"}),
            ("moving", {}),
            ("y", {"training": "False"}),
        ],
    ),
}

# Programs that must fail: the last line is the one that raises.
ERRORS = {
    "uninitialised_variable": """
v = tf.Variable(1.0)
tf.Session().run(v)
""",
    "uninitialised_get_variable": """
v = tf.get_variable('weights', [2])
tf.Session().run(v * 2.0)
""",
    "missing_feed": """
x = tf.placeholder(tf.float32, [None, 3], name='x')
tf.Session().run(x + 1.0)
""",
    "feed_of_wrong_shape": """
x = tf.placeholder(tf.float32, [None, 3], name='x')
tf.Session().run(x + 1.0, {x: [1.0, 2.0]})
""",
    "feed_of_wrong_type": """
x = tf.placeholder(tf.float32, name='x')
tf.Session().run(x + 1.0, {x: 'text'})
""",
    "feed_key_of_wrong_type": """
tf.Session().run(tf.constant(1.0), {3.0: 1.0})
""",
    "feed_key_unknown": """
tf.Session().run(tf.constant(1.0), {'nothing:0': 1.0})
""",
    "feed_a_tensor": """
x = tf.placeholder(tf.float32)
tf.Session().run(x, {x: tf.constant(1.0)})
""",
    "fetch_none": """
tf.constant(1.0)
tf.Session().run(None)
""",
    "fetch_number": """
tf.constant(1.0)
tf.Session().run([3.0])
""",
    "fetch_unknown_name": """
a = tf.constant(1.0)
tf.Session().run('nothing:0')
""",
    "fetch_from_another_graph": """
with tf.Graph().as_default():
    a = tf.constant(1.0)
b = tf.constant(2.0)
tf.Session().run(a)
""",
    "closed_session": """
a = tf.constant(1.0)
s = tf.Session()
s.close()
s.run(a)
""",
    "empty_graph": """
tf.Session().run([])
""",
    "eval_without_session": """
tf.constant(1.0).eval()
""",
    "run_op_without_session": """
tf.no_op().run()
""",
    "variable_exists": """
a = tf.get_variable('v', [2])
b = tf.get_variable('v', [2])
""",
    "variable_does_not_exist": """
tf.get_variable_scope().reuse_variables()
b = tf.get_variable('v', [2])
""",
    "variable_shape_differs": """
a = tf.get_variable('v', [2])
tf.get_variable_scope().reuse_variables()
b = tf.get_variable('v', [3])
""",
    "tensor_as_bool": """
if tf.constant(1.0) > 0.0: pass
""",
    "tensor_iterated": """
for item in tf.placeholder(tf.float32): pass
""",
    "tensor_len": """
len(tf.constant([1.0]))
""",
    "no_numpy": """
tf.constant(1.0).numpy()
""",
    "matmul_shapes": """
tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))
""",
    "add_shapes": """
tf.ones([2, 3]) + tf.ones([2, 4])
""",
    "mixed_dtypes": """
tf.constant(1) + tf.constant(1.0)
""",
    "mixed_with_python": """
tf.constant(1) + 1.5
""",
    "no_gradients": """
v = tf.Variable(1.0)
tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))
""",
    "finalized_graph": """
tf.get_default_graph().finalize()
tf.constant(1.0)
""",
    "assign_shape": """
v = tf.Variable([1.0, 2.0])
v.assign([1.0, 2.0, 3.0])
""",
    "integer_division_by_zero": """
tf.Session().run(tf.constant(1) // tf.placeholder_with_default(0, []))
""",
    "gather_out_of_range": """
tf.Session().run(tf.gather(tf.constant([1.0, 2.0]), tf.placeholder_with_default([5], [1])))
""",
    "label_out_of_range": """
logits = tf.zeros([2, 3])
tf.Session().run(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 3], logits=logits))
""",
    "reshape": """
tf.reshape(tf.ones([2, 3]), [4])
""",
    "run_time_shapes": """
x = tf.placeholder(tf.float32)
y = tf.placeholder(tf.float32)
tf.Session().run(x + y, {x: [1.0, 2.0], y: [1.0, 2.0, 3.0]})
""",
    "assertion": """
tf.Session().run(tf.Assert(tf.constant(1.0) > 2.0, [tf.constant('too small')]))
""",
    "check_numerics": """
tf.Session().run(tf.check_numerics(tf.constant([1.0, np.nan]), 'bad values'))
""",
    "constant_of_wrong_type": """
tf.constant('text', tf.float32)
""",
    "positional_cross_entropy": """
tf.nn.softmax_cross_entropy_with_logits(tf.ones([1, 2]), tf.ones([1, 2]))
""",
}
