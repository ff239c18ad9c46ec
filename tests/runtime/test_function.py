"""Traced functions."""

import re

import numpy as np
import pytest

import weft as tf
from weft import extend


def test_one_trace_a_signature():
    traces = []

    @tf.function
    def f(x, scale=2):
        traces.append(x.dtype.name)
        return x * scale

    f(tf.constant(1.0)), f(tf.constant(5.0)), f(tf.constant(5.0), scale=2)
    assert len(traces) <= 2
    before = len(traces)
    f(tf.constant(1))
    f(tf.constant(1.0), scale=3)
    assert len(traces) == before + 2
    assert f.experimental_get_tracing_count() == len(traces)


def test_unknown_sizes_stay_unknown():
    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def f(x):
        assert x.shape.as_list() == [None, 3]
        return tf.reshape(x, [tf.shape(x)[0], -1, 1])

    for rows in (1, 4):
        assert f(np.ones((rows, 3), np.float32)).shape == (rows, 3, 1)
    assert f.experimental_get_tracing_count() == 1
    assert "float32[a, 3, 1]" in str(f.get_concrete_function().graph)
    with pytest.raises(TypeError, match="input_signature"):
        f(tf.ones([2, 4]))


def test_a_shorter_batch_runs_the_same_code():
    step = extend.function(lambda x, y: tf.reduce_mean(x * y[:, None]))
    for rows in (8, 8, 3):
        assert float(step(np.ones((rows, 2), np.float32), np.ones(rows, np.float32))) == 1
    assert step.experimental_get_tracing_count() == 1
    step(np.ones((8, 2), np.float32), np.ones(1, np.float32))  # sizes that are no longer equal are another program
    assert step.experimental_get_tracing_count() == 2


def test_effects_in_program_order():
    v = tf.Variable(1.0)

    @tf.function
    def f():
        before = v.read_value()
        v.assign_add(1.0)
        between = v.read_value()
        v.assign(between * 10.0)
        return before, between, v.read_value()

    assert [float(x) for x in f()] == [1, 2, 20] and float(v) == 20


def test_a_step_that_fails_changes_nothing():
    v = tf.Variable([1.0])

    @tf.function
    def f(label):
        v.assign([7.0])
        return tf.nn.sparse_softmax_cross_entropy_with_logits([label], tf.zeros([1, 3]))

    with pytest.raises(tf.errors.InvalidArgumentError, match="5"):
        f(tf.constant(5))
    assert v.numpy().tolist() == [1]


def test_variables_are_made_on_the_first_trace_alone():
    class Model:
        v = None

        @tf.function
        def __call__(self, x):
            if self.v is None:
                self.v = tf.Variable(2.0)
            return x * self.v

    model = Model()
    assert float(model(tf.constant(3.0))) == 6 and float(model(tf.constant(4.0))) == 8

    @tf.function
    def bad(x):
        return x + tf.Variable(1.0)

    with pytest.raises(ValueError, match="make variables once"):
        bad(tf.constant(1))


def test_what_a_variable_starts_from_may_be_computed_in_the_function_that_makes_it():
    traces = []

    class Model(tf.Module):
        w = None

        @tf.function
        def __call__(self, x):
            traces.append(x)
            if self.w is None:
                self.w = tf.Variable(tf.random.normal([x.shape[-1], 2], seed=3) * 2)
                self.b = tf.Variable(self.w[0] + 1)
                self.x = tf.Variable(tf.square(x))
            return x @ self.w + self.b

    tf.random.set_seed(1)
    model = Model()
    first, second = model(tf.ones([1, 3])), model(tf.ones([1, 3]))
    assert len(traces) == 2  # once to make the variables, once without
    assert first.numpy().tolist() == second.numpy().tolist()
    assert model.w.numpy()[0].tolist() == pytest.approx([-1.3417225, 0.44714287], rel=1e-6)
    assert model.b.numpy().tolist() == (model.w.numpy()[0] + 1).tolist() and model.x.numpy().tolist() == [[1, 1, 1]]


def test_a_variable_cannot_start_from_an_argument_without_a_value():
    kept = []

    @tf.function
    def f(x):
        if not kept:
            kept.append(tf.Variable(x))
        return kept[0]

    with pytest.raises(ValueError, match="argument without a value"):
        f.get_concrete_function(tf.TensorSpec([2]))


def test_arrays_of_the_caller_are_not_shared():
    v = tf.Variable([0.0, 0.0])
    array = np.array([1.0, 2.0], np.float32)

    @tf.function
    def keep(x):
        v.assign(x)
        return x

    result = keep(array)
    array[:] = 9
    assert result.numpy().tolist() == v.numpy().tolist() == [1, 2]
    made = tf.constant(array)
    array[:] = 5
    assert made.numpy().tolist() == [9, 9]
    made.numpy()[:] = 0
    assert made.numpy().tolist() == [9, 9]


def test_a_leaked_tensor_is_told_where_it_was_made():
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x * 2)
        return x

    f(tf.constant(1.0))
    with pytest.raises((TypeError, ValueError), match="leaked|made at"):
        leaked[0] + 1
    with pytest.raises(TypeError, match=r"tf\.cond"):
        tf.function(lambda x: 1 if x > 0 else 2, autograph=False)(tf.constant(1.0))


def test_random_numbers_go_on_from_call_to_call_and_start_anew_with_the_seed():
    draw = tf.function(lambda: tf.random.normal([3]))
    tf.random.set_seed(3)
    first = [draw().numpy().tolist() for _ in range(2)]
    tf.random.set_seed(3)
    again = [draw().numpy().tolist() for _ in range(2)]
    assert first == again and first[0] != first[1]


def test_tapes_in_and_around():
    v = tf.Variable(3.0)
    inner = tf.function(lambda x: x * v)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            y = inner(x) * x
        return tape.gradient(y, v)

    assert float(step(tf.constant(2.0))) == 4
    with tf.GradientTape() as tape:
        y = inner(inner(tf.constant(2.0)))
    assert float(tape.gradient(y, v)) == 12
    assert [w.name for w in tape.watched_variables()] == [v.name]


def test_structures_come_back_as_they_were_returned():
    @tf.function
    def f(x):
        return {"b": (x, None), "a": [x + 1]}

    found = f(tf.constant(1.0))
    assert list(found) == ["b", "a"] and found["b"][1] is None and float(found["a"][0]) == 2


def test_python_on_the_host():
    seen = []

    @tf.function
    def f(x):
        y = tf.py_function(lambda t: seen.append(float(t)) or t * 3.0, [x], tf.float32)
        y.set_shape([])
        return y * 2.0

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(y) == 12 and seen == [2.0]
    assert float(tape.gradient(y, x)) == 6


def test_printing_when_the_graph_runs(capsys):
    @tf.function
    def f(x):
        tf.print("x is", x, [x], sep="|")
        return x

    f(tf.constant([1, 2])), f(tf.constant([3, 4]))
    assert capsys.readouterr().err == "x is|[1 2]|[[1 2]]\nx is|[3 4]|[[3 4]]\n"


def test_a_training_step_under_checks(monkeypatch):
    monkeypatch.setenv("WEFT_CHECK", "1")
    w = tf.Variable(tf.ones([3, 2]))

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.nn.relu(x @ w)))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    x, y = tf.constant(np.random.default_rng(0).normal(size=(4, 3)), tf.float32), tf.constant([0, 1, 1, 0])
    first = float(step(x, y))
    assert float(step(x, y)) < first


def test_python_control_flow_on_a_traced_tensor_names_the_functions_to_use():
    def branch(x):
        return x if tf.reduce_sum(x) > 0 else -x

    def loop(x):
        total = 0.0
        for row in x:
            total = total + row
        return total

    spec = [tf.TensorSpec([None], "float32")]
    for function, line, instead in ((branch, "> 0 else", "tf.cond"), (loop, "for row in x", "tf.map_fn")):
        with pytest.raises(tf.errors.OperatorNotAllowedInGraphError) as caught:
            tf.function(function, input_signature=spec, autograph=False)(tf.ones(3))
        text = str(caught.value)
        assert instead in text and "tf.while_loop" in text and "autograph=False" in text
        assert "test_function.py" in text and line in text
    with tf.compat.v1.Graph().as_default(), pytest.raises(tf.errors.OperatorNotAllowedInGraphError) as caught:
        bool(tf.compat.v1.placeholder("bool", []))
    assert "tf.cond" in str(caught.value) and "AutoGraph" not in str(caught.value)


def test_a_trace_tells_what_it_takes_and_gives():
    @tf.function
    def f(a, b, *more, c=3, **named):
        return {"sum": a + b[0], "kept": [more[0], None]}

    trace = f.get_concrete_function(tf.zeros([2]), [tf.zeros([2]), 4], tf.TensorSpec([None]), key="s")
    assert str(trace).splitlines() == [
        "ConcreteFunction Input Parameters:",
        "  a (POSITIONAL_ONLY): TensorSpec(shape=(2,), dtype=tf.float32, name=None)",
        "  b (POSITIONAL_ONLY): List[TensorSpec(shape=(2,), dtype=tf.float32, name=None), Literal[4]]",
        "  more_0 (POSITIONAL_ONLY): TensorSpec(shape=(None,), dtype=tf.float32, name=None)",
        "  c (KEYWORD_ONLY): Literal[3]",
        "  key (KEYWORD_ONLY): Literal['s']",
        "Output Type:",
        f"  Dict[['sum', {tf.TensorSpec([2])}], ['kept', List[{tf.TensorSpec([None])}, Literal[None]]]]",
        "Captures:",
        "  None",
    ]
    assert [tensor.name for tensor in trace.inputs] == ["a:0", "b:0", "more_0:0"]
    assert trace.structured_input_signature[0][1] == [tf.TensorSpec([2], name="b_0"), 4]
    assert trace.output_shapes["kept"][0].as_list() == [None] and trace.output_dtypes["sum"] is tf.float32
    assert f.pretty_printed_concrete_signatures().startswith("Input Parameters:\n  a (")


def test_the_graph_of_a_trace_answers_as_any():
    @tf.function
    def f(x):
        return tf.nn.relu(x * 2.0)

    graph = f.get_concrete_function(tf.TensorSpec([2], name="given")).graph
    assert [node.op for node in graph.as_graph_def().node] == ["Placeholder", "Const", "Mul", "Relu"]
    assert graph.get_tensor_by_name("given:0").shape == [2] and len(graph.get_operations()) == 4
    with pytest.raises(AttributeError):
        graph.no_such_thing


def test_what_is_known_of_a_shape_survives_captured_constants():
    @tf.function
    def f(x):
        return tf.reshape(x, tf.concat([tf.shape(x)[:2], (3, 4)], axis=0))

    assert f.get_concrete_function(tf.TensorSpec([None, 5, 6, 2])).output_shapes.as_list() == [None, 5, 3, 4]


def test_the_graph_of_a_function_as_it_is_traced():
    seen = []

    @tf.function
    def f(x):
        graph = tf.compat.v1.get_default_graph()
        y = x + scale
        seen.append((type(graph).__name__, graph.name, graph.building_function, y.graph is graph,
                     [t.name for t in graph.inputs][0], [v is scale for v in graph.variables],
                     len(graph.captures), graph.outer_graph is graph))  # fmt: skip
        return y

    scale = tf.Variable(2.0)
    f(tf.constant(1.0))
    assert seen == [("FuncGraph", "f", True, True, "x:0", [True], 1, False)]


def test_failing_checks_name_the_line_that_made_them():
    @tf.function
    def asserts(x):
        y = x * 2
        assert y > 0, "not positive"
        return y

    @tf.function
    def compares(x):
        if x < 0:
            tf.debugging.assert_greater(x, 0)
        return x

    for function, line in ((asserts, 'assert y > 0, "not positive"'), (compares, "tf.debugging.assert_greater(x, 0)")):
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            function(tf.constant(-5))
        assert re.search(rf"\n  at test_function.py:\d+: {re.escape(line)}", str(caught.value))


def test_a_python_function_in_a_graph_that_refuses_names_its_own_line():
    def inner(x):
        return tf.reshape(x, [4])

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"at test_function.py:\d+: return tf.reshape\(x, \[4\]\)"):
        tf.function(lambda x: tf.py_function(inner, [x], tf.float32))(tf.ones([3]))


def test_the_signature_of_a_trace_has_the_defaults_of_what_was_left_out():
    spec = tf.TensorSpec([None], name="x")
    first = tf.function(lambda x, y=2: x * y)
    assert first.get_concrete_function(tf.TensorSpec([None])).structured_input_signature == ((spec, 2), {})
    assert first.get_concrete_function(tf.TensorSpec([None]), y=4).structured_input_signature == ((spec, 4), {})
    second = tf.function(lambda x, *more, k=3: x * k)
    more = tf.TensorSpec([], name="more_0")
    trace = second.get_concrete_function(tf.TensorSpec([None]), tf.TensorSpec([]))
    assert trace.structured_input_signature == ((spec, more), {"k": 3})
    trace = tf.function(lambda x, y=2: x * y, input_signature=[tf.TensorSpec([None], name="x")]).get_concrete_function()
    assert trace.structured_input_signature == ((spec, 2), {})
    assert trace(tf.constant([3.0])).numpy().tolist() == [6.0]


def test_a_spec_of_another_name_has_a_trace_of_its_own():
    double = tf.function(lambda x: x * 2)
    plain = double.get_concrete_function(tf.TensorSpec([None]))
    named = double.get_concrete_function(tf.TensorSpec([None], name="rows"))
    assert named is not plain and named.inputs[0].name == "rows:0" and plain.inputs[0].name == "x:0"
    assert named is double.get_concrete_function(tf.TensorSpec([None], name="rows"))
    assert plain is double.get_concrete_function(tf.TensorSpec([None])) and double.experimental_get_tracing_count() == 2
    assert named(tf.constant([3.0])).numpy().tolist() == [6.0]
    assert double(tf.constant([3.0])).numpy().tolist() == [6.0]
