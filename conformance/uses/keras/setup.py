_r = np.random.RandomState(7)
x = tf.constant(_r.uniform(-2, 2, (3, 4)).astype("float32"))
y = tf.constant(_r.uniform(-2, 2, (3, 4)).astype("float32"))
p = tf.constant(_r.uniform(0.3, 3, (3, 4)).astype("float32"))  # positive
u = tf.constant(_r.uniform(0.05, 0.95, (3, 4)).astype("float32"))  # between 0 and 1
v = tf.constant(_r.uniform(-2, 2, (4,)).astype("float32"))
steps = tf.constant(_r.uniform(-2, 2, (2, 5, 4)).astype("float32"))  # batch, time, features
image = tf.constant(_r.uniform(0, 1, (2, 6, 7, 3)).astype("float32"))
volume = tf.constant(_r.uniform(0, 1, (2, 5, 4, 6, 2)).astype("float32"))
_m = _r.uniform(-1, 1, (4, 4))
m = tf.constant((_m @ _m.T + np.eye(4)).astype("float32"))  # symmetric, positive definite
i = tf.constant(_r.randint(0, 9, (3, 4)).astype("int32"))
n = tf.constant(_r.uniform(size=(3, 4)) > 0.5)
d = tf.constant(_r.uniform(-2, 2, (3, 4)))  # float64
h = tf.constant(_r.uniform(-2, 2, (3, 4)).astype("float16"))
labels = tf.constant([1, 0, 3])
onehot = tf.constant(np.eye(4, dtype="float32")[[1, 0, 3]])
X = _r.uniform(-1, 1, (32, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype("float32")


def weights(layer):
    """Gives every weight of a layer or model fixed numbers; those of variances are positive."""
    values = []
    for place, variable in enumerate(layer.weights):
        if np.dtype(variable.dtype if isinstance(variable.dtype, str) else variable.dtype.name).kind != "f":
            values.append(np.array(variable))
            continue
        drawn = np.random.RandomState(place + 1).uniform(-0.5, 0.5, tuple(variable.shape))
        values.append(np.abs(drawn) + 0.5 if any(word in variable.path for word in ("variance", "stddev")) else drawn)
    for variable, value in zip(layer.weights, values):
        variable.assign(value)


def fed(layer, *inputs, **options):
    """What a layer gives with fixed weights, and its weights' names and shapes."""
    layer(*inputs, **options)
    weights(layer)
    named = [(one.path.split("/")[-1], list(one.shape), one.trainable) for one in layer.weights]
    return layer(*inputs, **options), named


def config(thing):
    """The configuration, without names, and without parts that are None, which say nothing."""
    return {key: value for key, value in thing.get_config().items() if key != "name" and value is not None}
