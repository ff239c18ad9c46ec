"""What goes wrong in programs of TensorFlow 2 again and again, and what they are told: gradients that are not there,
variables made over and over, tensors that left their function."""

import logging
import warnings

import pytest

import weft as tf
from weft.compat import v1

# Gradients that are not there ----------------------------------------------------------------------------------------


def test_no_gradient_at_all_names_the_variables_and_what_cut_the_path():
    first, second = tf.Variable([1.0, 2.0], name="first"), tf.Variable(3.0, name="second")
    with tf.GradientTape() as tape:
        loss = tf.cast(tf.cast(tf.reduce_sum(first), tf.int32), tf.float32)
    gradients = tape.gradient(loss, [first, second])
    assert gradients == [None, None]
    with pytest.raises(ValueError, match="No gradients provided for any variable") as caught:
        tf.optimizers.SGD(0.1).apply_gradients(zip(gradients, [first, second], strict=True))
    for word in ("first", "second", "`cast`", "int32", "test_clumsy_uses.py:"):
        assert word in str(caught.value)


def test_a_gradient_lost_in_numpy():
    v = tf.Variable(3.0, name="v")
    with tf.GradientTape() as tape:
        loss = tf.square(tf.constant(v.numpy()))
    gradient = tape.gradient(loss, v)
    with pytest.raises(ValueError, match="(?s)`v:0`.*with tf.GradientTape|opened at"):
        tf.optimizers.Adam().apply_gradients([(gradient, v)])


def test_one_gradient_that_is_not_there_is_warned_of_at_the_users_line():
    used, unused = tf.Variable([1.0, 2.0]), tf.Variable(3.0, name="unused")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(used * 2.0)
    pairs = list(zip(tape.gradient(loss, [used, unused]), [used, unused], strict=True))
    words = "(?s)Gradients do not exist for variables.*unused.*was not read inside"
    with pytest.warns(UserWarning, match=words) as seen:
        tf.optimizers.SGD(0.5).apply_gradients(pairs)
    assert seen[0].filename == __file__
    assert used.numpy().tolist() == [0.0, 1.0] and float(unused) == 3.0


@pytest.mark.parametrize(("make", "reason"), [
    (lambda: tf.Variable(2.0, trainable=False), "not trainable"),
    (lambda: tf.Variable(2), "it takes int32 values, which carry no gradient"),
])  # fmt: skip
def test_why_a_variable_has_no_gradient(make, reason):
    other, v = tf.Variable(1.0), make()
    with tf.GradientTape() as tape:
        loss = other * tf.cast(v, tf.float32)
    found = tape.gradient(loss, [other, v])
    assert found[1] is None
    assert reason in tape.explain_gradient(loss, v)


def test_the_optimizers_of_version_1_say_the_same():
    v = tf.Variable(3.0, name="v")
    with tf.GradientTape() as tape:
        loss = tf.argmax([v, 1.0])
    gradient = tape.gradient(loss, v)
    with pytest.raises(ValueError, match="(?s)No gradients provided for any variable: v:0.*next: "):
        v1.train.GradientDescentOptimizer(0.1).apply_gradients([(gradient, v)])


def test_a_list_of_pairs_that_is_empty():
    pairs = zip([tf.constant(1.0)], [tf.Variable(1.0)], strict=True)
    list(pairs)
    with pytest.raises(ValueError, match=r"(?s)no pairs.*\(zip\) that was gone through"):
        tf.optimizers.SGD().apply_gradients(pairs)


def test_integers_have_no_gradient_and_say_so(caplog):
    x = tf.constant([1, 2])
    with caplog.at_level(logging.WARNING, logger="weft"), tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y, x) is None
    assert "must be floating, got int32" in caplog.text and "test_clumsy_uses.py:" in caplog.text
    assert "next: its gradient will be None: watch tf.cast(x, tf.float32)" in caplog.text


def test_a_target_of_integers():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.cast(x * 2.0, tf.int32)
    assert tape.gradient(y, x) is None
    assert "int32" in tape.explain_gradient(y, x)
    assert tape.gradient(y, x, unconnected_gradients="zero").numpy().tolist() == [0.0, 0.0]


# Variables made over and over ----------------------------------------------------------------------------------------


def made_anew(x):
    v = tf.Variable(2.0, name="anew")
    return x * v


@tf.function
def in_a_loop(x):
    for _ in tf.range(3):
        x = made_anew(x)
    return x


@tf.function
def in_a_while(x):
    while x < 10.0:
        x = made_anew(x)
    return x


@tf.function
def in_a_branch(x):
    if x < 10.0:
        x = made_anew(x)
    return x


@tf.function
def in_pythons_loop(x):
    for _ in range(3):
        x = made_anew(x)
    return x


def in_a_pipeline(x):
    return list(tf.data.Dataset.from_tensors(x).map(made_anew))


def in_a_filter(x):
    return list(tf.data.Dataset.from_tensors(x).filter(lambda one: made_anew(one) > 1.0))


@pytest.mark.parametrize("call", [in_a_loop, in_a_while, in_a_branch, in_pythons_loop, in_a_pipeline, in_a_filter])
def test_a_variable_made_in_every_call_is_refused(call):
    with pytest.raises(ValueError, match="`anew:0` is made by every call of a traced function") as caught:
        call(tf.constant(1.0))
    assert 'tf.Variable(2.0, name="anew")' in str(caught.value) and "next: make variables once" in str(caught.value)


def test_a_variable_that_a_pipelines_function_makes_once_is_kept():
    kept = {}

    def scaled(x):
        if "v" not in kept:
            kept["v"] = tf.Variable(2.0)
        return x * kept["v"]

    dataset = tf.data.Dataset.from_tensor_slices([1.0, 2.0]).map(scaled)
    assert [float(x) for x in dataset] == [2.0, 4.0]
    kept["v"].assign(5.0)
    assert [float(x) for x in dataset] == [5.0, 10.0]


def test_an_optimizer_made_in_every_call_is_refused():
    v = tf.Variable(2.0)

    @tf.function
    def step():
        optimizer = tf.keras.optimizers.Adam(0.1)
        optimizer.apply_gradients([(tf.constant(1.0), v)])

    for _ in range(2):
        with pytest.raises(ValueError, match="(?s)made by every call of a.*optimizers.Adam.*next: make"):
            step()
    assert float(v) == 2.0


def test_an_optimizer_made_in_the_first_call_is_kept():
    v, kept = tf.Variable(2.0), []

    @tf.function
    def step():
        if not kept:
            kept.append(tf.keras.optimizers.SGD(0.5))
        kept[0].apply_gradients([(tf.constant(1.0), v)])

    step()
    step()
    assert float(v) == 1.0 and int(kept[0].iterations) == 2


# Tensors that left their function ------------------------------------------------------------------------------------


@pytest.fixture
def leaked():
    kept = []

    @tf.function
    def f(x):
        kept.append(x * 2.0)
        return x

    f(tf.constant([1.0, 2.0]))
    return kept[0]


USES = {
    "added": (lambda t: t + 1.0, TypeError),
    "in another function": (lambda t: tf.function(lambda: t + 1.0)(), TypeError),
    "assigned": (lambda t: tf.Variable([0.0, 0.0]).assign(t), TypeError),
    "given to a layer": (lambda t: tf.keras.layers.Dense(2)(t[None]), TypeError),
    "in a list": (lambda t: tf.stack([t, t]), TypeError),
    "as numpy": (lambda t: t.numpy(), AttributeError),
    "as a number": (lambda t: float(t), TypeError),
    "as a condition": (lambda t: 1 if t else 2, tf.errors.OperatorNotAllowedInGraphError),
    "as an array": (lambda t: __import__("numpy").asarray(t), NotImplementedError),
}


@pytest.mark.parametrize("use", USES)
def test_a_tensor_that_left_its_function_says_where_it_was_made_and_what_to_do(use, leaked):
    function, kind = USES[use]
    with pytest.raises(kind) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(leaked)
    text = str(caught.value)
    assert "made at test_clumsy_uses.py:" in text and "kept.append(x * 2.0)" in text
    assert "next: return it from the function that makes it" in text
