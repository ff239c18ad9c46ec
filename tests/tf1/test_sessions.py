"""What sessions take and give beyond the stored programs: nesting, feeds, callables, errors' words."""

from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import weft.compat.v1 as tf


def test_scalars_of_numpy_and_what_was_fed_as_it_was_fed():
    x = tf.placeholder(tf.int32, [])
    values = [tf.constant(1.5), tf.constant(True), tf.constant("text"), tf.constant(3, tf.int64), tf.no_op()]
    with tf.Session() as session:
        found = session.run(values)
        assert [type(v) for v in found] == [np.float32, np.bool_, bytes, np.int64, type(None)]
        fed, more = session.run([x, x + 1], {x: 2.7})
        assert isinstance(fed, np.ndarray) and fed.shape == () and fed.dtype == np.int32 and fed == more - 1 == 2
        with pytest.raises(TypeError, match="does not fit"):
            session.run(x, {x: 2**40})


def test_structures_keep_their_classes():
    a, b = tf.constant(1.0), tf.constant(2.0)
    pair = namedtuple("pair", "first second")
    nested = defaultdict(list, {"x": [a, (b,)], "y": OrderedDict(z=a, c=pair(b, a))})
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([2]), tf.constant([4, 1]))
    with tf.Session() as session:
        found = session.run(nested)
        assert found["x"] == [1.0, (2.0,)] and list(found["y"]) == ["z", "c"] and found["y"]["c"] == pair(2.0, 1.0)
        assert isinstance(found["y"], OrderedDict) and isinstance(found["y"]["c"], pair)
        got = session.run(slices)
        assert got.values.tolist() == [[1]] and got.indices.tolist() == [2]
        assert session.run([a, a, {"again": a}]) == [1.0, 1.0, {"again": 1.0}]
        assert session.run([]) == [] and session.run({}) == {}


def test_objects_of_the_attrs_library():
    class Field:
        def __init__(self, name):
            self.name = name

    class Pair:  # what attrs leaves on a class, without needing it here
        __attrs_attrs__ = (Field("first"), Field("second"))

        def __init__(self, first, second):
            self.first, self.second = first, second

    with tf.Session() as session:
        found = session.run(Pair(tf.constant(1.0), [tf.constant(2.0)]))
    assert isinstance(found, Pair) and (found.first, found.second) == (1.0, [2.0])


def test_variables_are_fetched_and_fed_by_all_their_names():
    v = tf.Variable(1.0, name="v")
    more = v + 1.0
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for fetch in (v, v.value(), "v:0", "v/read:0", v.initial_value):
            assert session.run(fetch) == 1.0
        assert session.run("v") is None and session.run(v.op) is None
        assert session.run(more, {v: 4.0}) == session.run(more, {"v/read:0": 4.0}) == 5.0
        v.load(7.0, session)
        assert session.run(more) == 8.0 and v.eval() == 7.0
    assert (v.op.name, v.op.type, v.initializer.name) == ("v", "VariableV2", "v/Assign")


def test_callables_and_feedability():
    x, y = tf.placeholder(tf.float32, []), tf.constant(2.0)
    graph = tf.get_default_graph()
    with tf.Session() as session:
        scaled = session.make_callable(x * y, [x])
        assert scaled(3.0) == 6.0 and session.make_callable(y, [y])(5.0) == 5.0
        with pytest.raises(TypeError, match="1 values to feed"):
            scaled(1.0, 2.0)
        assert graph.is_feedable(y) and graph.is_fetchable(y.op)
        graph.prevent_feeding(y)
        graph.prevent_fetching(y.op)
        with pytest.raises(ValueError, match="not feedable"):
            session.run(x * y, {x: 1.0, y: 2.0})
        with pytest.raises(ValueError, match="not fetchable"):
            session.run(y)


def test_the_session_at_hand():
    a = tf.constant(1.0)
    session = tf.Session()
    for call in (a.eval, tf.no_op().run):
        with pytest.raises(ValueError, match="no default session is registered"):
            call()
    with session.as_default():
        assert a.eval() == 1.0 and tf.get_default_session() is session and tf.no_op().run() is None
    assert a.eval(session=session) == 1.0 and session.graph is a.graph
    other = tf.Session(graph=tf.Graph())
    with pytest.raises(ValueError, match="not the graph of"):
        a.eval(session=other)
    with pytest.raises(RuntimeError, match="graph is empty"):
        other.run([])
    with pytest.raises(TypeError, match="must be a tf.Graph"):
        tf.Session(graph=3)


def test_words_of_errors():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    v = tf.Variable(1.0, name="weights")
    with tf.Graph().as_default():
        stranger = tf.constant(1.0)
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="placeholder tensor 'x' .*made at"):
            session.run(x + 1.0)
        with pytest.raises(ValueError, match=r"shape \(2,\) for Tensor 'x:0', which has shape '\(\?, 3\)'"):
            session.run(x, {x: [1.0, 2.0]})
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value weights"):
            session.run(v)
        with pytest.raises(ValueError, match="inhomogeneous"):
            session.run(x, {x: [[1], [1, 2]]})
        with pytest.raises(ValueError, match="not an element of this graph"):
            session.run(stranger)
    with pytest.raises(ValueError, match="is used in graph"):
        x + stranger
    graph = tf.get_default_graph()
    for name, error in (("zzz", ValueError), ("zzz:0", KeyError), ("x:3", KeyError)):
        with pytest.raises(error):
            graph.get_tensor_by_name(name)
    with pytest.raises(ValueError, match="names a tensor"):
        graph.get_operation_by_name("x:0")
    for misuse in (lambda: bool(x), lambda: list(x), lambda: 1 if x else 2):
        with pytest.raises(tf.errors.OperatorNotAllowedInGraphError):
            misuse()
    with pytest.raises(TypeError, match=r"len\(\) is not defined"):
        len(tf.constant([1.0]))
    with pytest.raises(ValueError, match="fully known shape"):
        tf.Variable(x)


def test_names_with_a_slash_at_their_end_are_taken_as_they_are():
    a = tf.constant(1.0)
    with tf.name_scope("layer") as scope:
        inner = a + 1.0
        whole = tf.add(inner, 2.0, name=scope)
    assert (scope, inner.name, whole.name) == ("layer/", "layer/add:0", "layer:0")
    with tf.name_scope(scope):
        assert tf.constant(1.0).name == "layer/Const:0"
    assert tf.add(a, a, name="layer").name == "layer_1:0"


def test_operations_show_the_constants_that_are_attributes_here():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    total = tf.reduce_sum(x * 2.0, axis=1)
    names = [t.name for t in total.op.inputs]
    assert names == ["mul:0", "Sum/reduction_indices:0"] and total.op.inputs[0].op.inputs[1].name == "mul/y:0"
    with tf.Session() as session:
        assert session.run("Sum/reduction_indices:0") == 1 and session.run(total, {"mul/y:0": 3.0, x: [[1, 1]]}) == [6]


def test_loops_and_branches_with_version_1_results():
    n = tf.placeholder(tf.int32, [])
    last = tf.while_loop(lambda i: i < n, lambda i: i + 1, [0])
    i, total = tf.while_loop(lambda i, t: i < n, lambda i, t: (i + 1, t + i), (0, 0))
    chosen = tf.cond(n > 3, lambda: [tf.constant(1.0)], lambda: [tf.constant(2.0)])
    assert (last.name, total.name, chosen.name) == ("while/Exit:0", "while_1/Exit_1:0", "cond/Merge:0")
    with tf.Session() as session:
        assert session.run([last, i, total, chosen], {n: 5}) == [5, 5, 10, 1.0]
    with pytest.raises(TypeError, match="not a Python bool"):
        tf.cond(True, lambda: 1, lambda: 2)


def test_gradients_are_named_after_what_they_are_of():
    w = tf.Variable([[1.0], [2.0]], name="w")
    x = tf.placeholder(tf.float32, [None, 2])
    loss = tf.reduce_sum(tf.square(tf.matmul(x, w)))
    (first,) = tf.gradients(loss, [w])
    (second,) = tf.gradients(loss, [w], name="again")
    assert first.name.startswith("gradients/MatMul_grad/MatMul") and second.name.startswith("again/MatMul_grad/")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([first, second], {x: [[1.0, 1.0]]})[0].tolist() == [[6.0], [6.0]]
        assert session.run("again/grad_ys_0:0") == 1.0


def test_what_is_fetched_and_fed_belongs_to_the_user():
    v = tf.get_variable("v", initializer=[0.0, 0.0])
    constant = tf.constant([1.0, 1.0])
    given = tf.placeholder(tf.float32, [2])
    assign = v.assign(given)
    with tf.Session() as session:
        session.run(v.initializer)
        for fetched in (session.run(v.assign_add([1.0, 1.0])), session.run(v), session.run(constant)):
            fetched += 5
        assert session.run(v).tolist() == [1, 1] and session.run(constant).tolist() == [1, 1]
        fed = np.ones(2, np.float32)
        session.run(assign, {given: fed})
        fed += 5
        assert session.run(v).tolist() == [1, 1]


@pytest.mark.parametrize(("dtype", "value"), [("int8", 300), ("uint8", -1), ("bool", 2), ("string", 3)])
def test_numbers_that_a_placeholder_cannot_hold_are_refused(dtype, value):
    x = tf.placeholder(dtype, [])
    with tf.Session() as session, pytest.raises(TypeError):
        session.run(x, {x: value})


def test_sessions_are_closed_in_any_order():
    graphs = [tf.Graph() for _ in range(3)]
    before = tf.get_default_graph()
    first, second, third = (tf.InteractiveSession(graph=graph) for graph in graphs)
    first.close()
    assert tf.get_default_graph() is graphs[2] and tf.get_default_session() is third
    third.close()
    assert tf.get_default_graph() is graphs[1] and tf.get_default_session() is second
    second.close()
    assert tf.get_default_graph() is before and tf.get_default_session() is None
    inner, outer = tf.Session(), tf.Session()
    with outer.as_default(), inner.as_default():
        with outer.as_default():
            assert tf.get_default_session() is outer
        assert tf.get_default_session() is inner


def test_one_plan_for_one_fetch_however_the_graph_grows():
    x = tf.constant(1.0)
    with tf.Session() as session:
        for _ in range(5):
            assert session.run(x) == 1.0
            tf.constant(2.0)
        assert len(session._plans) == 1


def test_what_a_run_gives_and_takes_is_the_users():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        v = tf.get_variable("v", initializer=np.zeros(2, np.float32))
        constant = tf.constant([1.0, 2.0])
        put = v.assign(x)
        session.run(tf.global_variables_initializer())
        array = np.array([3, 4], np.float32)
        found = session.run([put, x, v + 0.0, constant, constant], {x: array})
        array += 10
        for each in found:
            each += 100
        assert session.run([v, constant])[0].tolist() == [3, 4]
        assert session.run(constant).tolist() == [1, 2]
        assert session.run(tf.numpy_function(lambda a: a.__iadd__(1), [x], tf.float32), {x: array}).tolist() == [14, 15]
        assert array.tolist() == [13, 14]


def test_fetches_are_told_apart_by_what_they_are_now():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        a, b = tf.constant(1.0), tf.constant(2.0)
        fetches = [a]
        assert session.run(fetches) == [1.0]
        fetches[0] = b
        assert session.run(fetches) == [2.0]
        assert session.run((a, b)) == (1.0, 2.0)
        assert session.run([a, b]) == [1.0, 2.0]
        graph.prevent_fetching(a.op)
        with pytest.raises(ValueError, match="not fetchable"):
            session.run(a)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_fed_as_an_array():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 2])
        assert session.run(x * x, {x: np.matrix([[1, 2], [3, 4]], np.float32)}).tolist() == [[1, 4], [9, 16]]


def test_a_graph_may_grow_and_learn_of_its_shapes_between_runs():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32)
        total = tf.reduce_sum(x, axis=0)
        assert session.run(total, {x: [[1, 2], [3, 4]]}).tolist() == [4, 6]
        x.set_shape([None, 2])
        rows = tf.ones([tf.shape(x)[0], 1])
        for turn in range(3):
            total = total + turn * tf.matmul(rows, x, transpose_a=True)[0]
            expected = (1 + sum(range(turn + 1))) * np.array([4, 6])
            assert session.run(total, {x: [[1, 2], [3, 4]]}).tolist() == expected.tolist()
        assert len(graph.get_operations()) > 10
        with pytest.raises(tf.errors.InvalidArgumentError, match="feed a value for placeholder"):
            session.run(total)


def test_runs_that_are_known_take_arrays_as_they_are_and_refuse_what_others_refuse():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    s = tf.placeholder(tf.float32, [], name="s")
    v = tf.Variable(0.0)
    y = tf.reduce_sum(x * s) + v
    fetches = {"sum": y, "both": (y, [y])}
    with tf.Session() as session:
        session.run(v.initializer)
        ones = np.ones([3, 2], np.float32)
        for scale in (1.0, np.float32(2), np.array(3, np.float32), 4, 1.0):
            found = session.run(fetches, {x: ones, s: scale})
            assert found == {"sum": 6 * scale, "both": (6 * scale, [6 * scale])}
        assert session.run(y, {x: ones.astype(np.float64), s: 1}) == 6
        assert session.run(y, {x: ones.T.reshape(3, 2)[::-1], s: 1.0}) == 6
        assert session.run(y, {x: ones[:2], s: 1.0}) == 4 and session.run(y, {x: [[1, 2]], s: 1.0}) == 3
        with pytest.raises(ValueError, match="Cannot feed value of shape"):
            session.run(y, {x: np.ones([3, 3], np.float32), s: 1.0})
        fetches["sum"] = x  # what a program does with its dict afterwards is its own affair
        assert session.run(fetches, {x: ones, s: 1.0})["sum"].shape == (3, 2)
        session.graph.prevent_feeding(s)
        with pytest.raises(ValueError, match="not feedable"):
            session.run(y, {x: ones, s: 1.0})


def test_what_a_known_run_is_fed_is_not_kept():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable([0.0, 0.0])
    assigned = v.assign(x)
    with tf.Session() as session:
        given = np.array([1.0, 2.0], np.float32)
        for _ in range(3):
            found = session.run(assigned, {x: given})
            given += 1
            assert session.run(v).tolist() == found.tolist() == (given - 1).tolist()


@pytest.mark.parametrize("feed", [3, "x", [(1, 2)], ((1, 2),)])
def test_a_feed_that_is_no_dictionary_is_refused(feed):
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session, pytest.raises(TypeError, match="feed_dict must be a dictionary"):
        session.run(x * 2.0, feed)


def test_a_callable_given_too_little_names_the_placeholder():
    x, z = tf.placeholder(tf.float32, [], "x"), tf.placeholder(tf.float32, [], "z")
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="placeholder tensor 'z'"):
            session.make_callable([x * 2.0, x + z], [x, z])(1.0)
        assert session.make_callable(x * 2.0, [x, z])(2.0) == 4.0  # z is not needed
        with pytest.raises(TypeError, match="must be a list or tuple"):
            session.make_callable(x, x)


def test_reset_closes_every_session():
    v = tf.Variable(1.0)
    first, second = tf.Session(), tf.Session()
    first.run(v.initializer)
    tf.Session.reset("")
    for session in (first, second):
        with pytest.raises(tf.errors.CancelledError, match="Session has been closed"):
            session.run(v)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(v) == 1.0


def test_an_operation_tells_where_it_was_made_and_a_graph_its_versions():
    file, line, function, text = tf.constant(1.0).op.traceback[-1]
    assert file.endswith("test_sessions.py") and line > 300 and "op.traceback" in text
    assert function == "test_an_operation_tells_where_it_was_made_and_a_graph_its_versions"
    versions = tf.get_default_graph().graph_def_versions
    assert (versions.producer, versions.min_consumer) == (134, 0)
