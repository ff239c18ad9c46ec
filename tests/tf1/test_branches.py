"""Branches of graphs: the one that is taken, operations in them, gradients and variables made within."""

import numpy as np
import pytest

import weft.compat.v1 as tf


def _both(fetched, flag):
    """What a branch gives where it holds, where it does not, and the variables afterwards."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run(fetched, {flag: value}) for value in (True, False)], session.run(tf.global_variables())


@pytest.fixture
def flag():
    return tf.placeholder(tf.bool, [])


def test_a_switch_takes_the_branch_of_its_number():
    place = tf.placeholder(tf.int32, [])
    branches = [lambda: tf.constant(10), lambda: tf.constant(20)]
    chosen = tf.switch_case(place, branches, default=lambda: tf.constant(-1))
    with tf.Session() as session:
        assert [session.run(chosen, {place: n}) for n in (0, 1, 2, -1)] == [10, 20, -1, -1]


def test_a_case_takes_a_dict_of_predicates_that_exclude_each_other():
    x = tf.placeholder(tf.int32, [])
    chosen = tf.case({x < 5: lambda: tf.constant(1), x > 10: lambda: tf.constant(2)}, exclusive=True)
    with tf.Session() as session:
        assert [session.run(chosen, {x: n}) for n in (0, 12)] == [1, 2]
        with pytest.raises(tf.errors.InvalidArgumentError, match="no predicate holds"):
            session.run(chosen, {x: 7})


def test_an_operation_in_a_branch_gives_a_bool_to_fetch_and_to_wait_for(flag):
    online, target = tf.Variable(3.0), tf.Variable(1.0)
    update = tf.cond(flag, lambda: tf.group(target.assign(online)), lambda: tf.no_op())
    assert update.dtype == tf.bool and update.name == "cond/Merge:0"
    with tf.control_dependencies([update]):
        seen = target.read_value()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([update, seen], {flag: False}) == [False, 1.0]
        assert session.run([update, seen], {flag: True}) == [True, 3.0]


def test_an_operation_from_outside_of_the_branch_runs_whichever_is_taken(flag):
    v = tf.Variable(1.0)
    outside = v.assign_add(1.0)
    update = tf.cond(flag, lambda: tf.group(outside), lambda: tf.no_op())
    assert _both(update, flag) == ([True, False], [3.0])


@pytest.mark.parametrize("make", ["inside", "outside"])
def test_training_in_a_branch(flag, make):
    v = tf.Variable(1.0)
    loss = tf.square(v - 3.0)
    inside = {"inside": lambda: tf.square(v - 3.0), "outside": lambda: loss}[make]
    train = tf.cond(flag, lambda: tf.train.MomentumOptimizer(0.1, 0.9).minimize(inside()), lambda: tf.no_op())
    found, variables = _both(train, flag)
    assert found == [True, False]
    np.testing.assert_allclose(variables, [1.4, -4.0], rtol=1e-6)  # and what the optimizer keeps


def test_gradients_in_branches_of_what_is_around_them(flag):
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.Variable([[1.0], [2.0]])
    y = tf.reduce_sum(tf.square(tf.matmul(x, w)))
    turned = tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s * y), [0, y])[1]
    nested = tf.cond(flag, lambda: tf.cond(flag, lambda: tf.gradients(turned, [w, x]), lambda: [w, x]), lambda: [w, x])
    plain = tf.gradients(turned, [w, x])
    feed = {flag: True, x: [[1.0, 2.0], [0.5, -1.0]]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for found, expected in zip(session.run(nested, feed), session.run(plain, feed), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_rows_of_a_variable_around_a_branch(flag):
    table = tf.Variable(tf.ones([4, 2]))
    loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 1, 2]))
    train = tf.cond(flag, lambda: tf.train.GradientDescentOptimizer(1.0).minimize(loss), lambda: tf.no_op())
    assert _both(train, flag)[1][0].tolist() == [[1, 1], [-1, -1], [0, 0], [1, 1]]


def test_a_variable_made_in_a_branch_belongs_to_the_graph(flag):
    found, variables = _both(tf.cond(flag, lambda: tf.Variable(5.0, name="inner") * 2, lambda: tf.constant(0.0)), flag)
    assert found == [10.0, 0.0] and variables == [5.0]
    assert [v.name for v in tf.global_variables()] == ["cond/inner:0"]


@pytest.mark.parametrize(
    "first, second, error, words",
    [
        (lambda: None, tf.no_op, ValueError, "true_fn must have a return value"),
        (lambda: tf.constant(1.0), lambda: None, ValueError, "false_fn must have a return value"),
        (list, list, ValueError, "at least one result"),
        (lambda: tf.constant(1.0), lambda: tf.constant(1), ValueError, "float32 and int32"),
        (lambda: (1, 2), lambda: [1, 2], TypeError, "tuple against list"),
    ],
)  # fmt: skip
def test_branches_that_do_not_match_are_refused(flag, first, second, error, words):
    with pytest.raises(error, match=words):
        tf.cond(flag, first, second)
