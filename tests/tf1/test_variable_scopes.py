"""Variables by name. The names are those that TensorFlow 1.15.5 gives for the same lines."""

import numpy as np
import pytest

import weft.compat.v1 as tf


def test_a_scope_opened_again_has_its_variables_and_a_name_scope_of_its_own():
    with tf.variable_scope("a") as scope:
        x = tf.get_variable("x", [1])
    assert (scope.name, scope.original_name_scope, x.name) == ("a", "a/", "a/x:0")
    with tf.variable_scope(scope):
        assert (tf.get_variable("y", [1]).name, tf.constant(1.0).name) == ("a/y:0", "a_1/Const:0")
        assert tf.get_variable_scope().original_name_scope == "a/"
        with tf.variable_scope("in"):
            assert (tf.get_variable("y", [1]).name, tf.constant(1.0).name) == ("a/in/y:0", "a_1/in/Const:0")
    with tf.variable_scope("b"), tf.variable_scope(scope, reuse=True):
        assert tf.get_variable("x") is x and tf.constant(1.0).name == "b/a/Const:0"
    with tf.variable_scope("c", auxiliary_name_scope=False):
        assert (tf.constant(1.0).name, tf.get_variable("h", [1]).name) == ("Const:0", "c/h:0")
    with tf.name_scope("n"):
        assert tf.get_variable("plain", [1]).name == "plain:0"
        with tf.variable_scope("v"):
            assert (tf.get_variable("p", [1]).name, tf.constant(1).name) == ("v/p:0", "n/v/Const:0")


def test_default_names_are_numbered_anew_in_each_scope():
    def names():
        found = []
        for _ in range(2):
            with tf.variable_scope(None, "d"):
                found.append(tf.get_variable("x", []).name)
        return found

    with tf.variable_scope("b"):
        assert names() == ["b/d/x:0", "b/d_1/x:0"]
    with tf.variable_scope("b", reuse=tf.AUTO_REUSE):
        assert names() == ["b/d/x:0", "b/d_1/x:0"]
    assert len(tf.global_variables()) == 2
    with pytest.raises(ValueError, match="reuse=True"), tf.variable_scope(None, "d", reuse=True):
        pass
    with pytest.raises(TypeError, match="name or a default_name"), tf.variable_scope(None):
        pass


def test_reuse_is_inherited_and_ends_with_its_block():
    with tf.variable_scope("s"):
        w = tf.get_variable("w", [2])
    with tf.variable_scope("s", reuse=True):
        with tf.variable_scope("inner"), pytest.raises(ValueError, match="s/inner/w does not exist"):
            tf.get_variable("w", [2])
        assert tf.get_variable("w", [2]) is w
        with pytest.raises(ValueError, match=r"specified shape \(3,\) and found shape \(2,\)"):
            tf.get_variable("w", [3])
        with pytest.raises(ValueError, match="specified dtype float64"):
            tf.get_variable("w", [2], tf.float64)
    assert tf.get_variable_scope().reuse is False
    with tf.variable_scope("s"), pytest.raises(ValueError, match=r"s/w already exists.*test_variable_scopes.py"):
        tf.get_variable("w", [2])
    with tf.Graph().as_default(), tf.variable_scope("s"):
        assert tf.get_variable("w", [2]) is not w


def test_scopes_give_defaults():
    def twice(getter, name, *args, **kwargs):
        return getter(name, *args, **kwargs) * 2.0

    with tf.variable_scope("r", regularizer=tf.reduce_sum, initializer=tf.constant_initializer(3.0)):
        w = tf.get_variable("w", [2])
        n = tf.get_variable("n", initializer=[1, 2], trainable=False, regularizer=lambda v: None)
    with tf.variable_scope("g", custom_getter=twice):
        doubled = tf.get_variable("w", initializer=4.0)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [t.name for t in losses] == ["r/w/Regularizer/Sum:0"] and n.dtype.name == "int32"
    assert [v.name for v in tf.trainable_variables("r")] == ["r/w:0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([w, n, doubled, losses])
    assert found[0].tolist() == [3, 3] and found[1].tolist() == [1, 2] and found[2] == 8 and found[3] == [6]


def test_what_cannot_be_made():
    with pytest.raises(ValueError, match="do not specify a shape"):
        tf.get_variable("a", [2], initializer=tf.ones([2]))
    with pytest.raises(ValueError, match="must be fully defined"):
        tf.get_variable("b", [None])
    with pytest.raises(ValueError, match="needs a shape"):
        tf.get_variable("c")
    with pytest.raises(ValueError, match="needs an initializer"):
        tf.get_variable("d", [1], tf.string)


def test_initializers_have_their_distributions():
    kinds = {
        "glorot": (None, 0.0, (6 / 300) ** 0.5 / 3**0.5),
        "normal": (tf.random_normal_initializer(1.0, 0.5), 1.0, 0.5),
        "cut": (tf.truncated_normal_initializer(stddev=2.0), 0.0, 2.0 * 0.8796),
        "he": (tf.variance_scaling_initializer(2.0), 0.0, (2 / 100) ** 0.5),
        "uniform": (tf.random_uniform_initializer(-1, 1), 0.0, 3**-0.5),
    }
    tf.set_random_seed(1)
    made = [tf.get_variable(name, [100, 200], initializer=kind) for name, (kind, *_) in kinds.items()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value, (_, mean, deviation) in zip(session.run(made), kinds.values(), strict=True):
            np.testing.assert_allclose([value.mean(), value.std()], [mean, deviation], atol=0.03 * deviation)
    assert tf.constant_initializer([1.0, 2.0])([4]).op.type == "Const"


def test_eager_variables_are_made_each_time():
    tf.enable_v2_behavior()
    with tf.variable_scope("e"):
        first, second = tf.get_variable("v", [2]), tf.get_variable("v", [2])
    assert first is not second and first.name == "e/v:0" and first.numpy().shape == (2,)


def test_what_a_scope_is_told_counts_from_then_on():
    def getter(get, name, *args, **options):
        return get(f"{name}_got", *args, **options)

    with tf.variable_scope("s") as scope:
        assert scope.get_variable(None, "k", [2]).name == "s/k:0"
        scope.set_custom_getter(getter)
        assert tf.get_variable("z", [1]).name == "s/z_got:0"
    scope.set_caching_device("/cpu:0")
    scope.set_use_resource(True)
    assert (scope.caching_device, scope.use_resource, scope.custom_getter) == ("/cpu:0", True, getter)
    with tf.variable_scope(scope):
        assert tf.get_variable("y", [1]).name == "s/y_got:0"


def test_variables_count_up_to_a_limit():
    v = tf.Variable(0)
    counted = v.count_up_to(2)
    with tf.Session() as session:
        session.run(v.initializer)
        assert [session.run(counted), session.run(v), session.run(counted)] == [0, 1, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(counted)
    with pytest.raises(TypeError, match="integer variable"):
        tf.Variable(0.0).count_up_to(2)


def test_variables_as_messages():
    v = tf.Variable(1.0, name="v")
    with tf.name_scope("q"):
        w = tf.Variable(2.0, name="w", trainable=False)
    told = v.to_proto()
    assert str(told) == ('variable_name: "v:0"\ninitializer_name: "v/Assign"\nsnapshot_name: "v/read:0"\n'
                         'initial_value_name: "v/initial_value:0"\ntrainable: true\n')  # fmt: skip
    assert tf.Variable.from_proto(told) is v and tf.Variable(variable_def=told) is v
    inner = w.to_proto("q")
    assert inner.snapshot_name == "w/read:0" and w.to_proto("other") is None
    assert tf.Variable.from_proto(inner, import_scope="q") is w
    with pytest.raises(KeyError, match="w"):
        tf.Variable.from_proto(inner)


def test_layers_give_and_take_the_values_of_their_variables():
    x, layer = tf.placeholder(tf.float32, [None, 3]), tf.layers.Dense(2)
    assert layer.get_weights() == []
    y = layer(x)
    with pytest.raises(ValueError, match="No session is open"):
        layer.get_weights()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        layer.set_weights([np.ones([3, 2]), np.zeros(2)])
        np.testing.assert_array_equal(session.run(y, {x: [[1.0, 2.0, 3.0]]}), [[6.0, 6.0]])
        np.testing.assert_array_equal(layer.get_weights()[0], np.ones([3, 2], np.float32))
        with pytest.raises(ValueError, match="2 weights"):
            layer.set_weights([np.ones([3, 2])])
        with pytest.raises(ValueError, match="another shape"):
            layer.set_weights([np.ones([2, 2]), np.zeros(2)])
