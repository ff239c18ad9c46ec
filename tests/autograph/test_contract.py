"""What users meet around AutoGraph: graphs, errors and their lines, what is left alone, models and pipelines."""

import functools
import linecache
import logging
import traceback

import numpy as np
import pytest

import weft as tf
from weft import keras


def ops(function, *arguments):
    return [node.op for node in function.get_concrete_function(*arguments).graph.nodes]


def test_loops_over_tensors_are_loops_of_the_graph():
    @tf.function
    def walk(n):
        total = 0
        for i in tf.range(n):
            total += i
        return total

    @tf.function
    def constant():
        total = 0
        for i in tf.range(5):
            total += i
        return total

    assert "while_loop" in ops(walk, tf.constant(3))
    assert "while_loop" in ops(constant)
    assert "while" in str(walk.get_concrete_function(tf.constant(3)).graph)
    assert int(constant()) == 10
    assert walk.experimental_get_tracing_count() == 1
    assert [int(walk(tf.constant(n))) for n in (0, 1, 7)] == [0, 0, 21]


def test_branches_are_branches_of_the_graph_and_take_effects_with_them():
    count = tf.Variable(0)

    @tf.function
    def note(x):
        if x > 0:
            count.assign_add(1)
        elif x < -10:
            count.assign(100)

    assert "cond" in ops(note, tf.constant(1))
    for x in (1, -1, 5):
        note(tf.constant(x))
    assert int(count) == 2
    note(tf.constant(-11))
    assert int(count) == 100


def test_printing_happens_as_often_and_in_the_order_that_the_program_says(capfd):
    @tf.function
    def fizz(n):
        for i in tf.range(1, n + 1):
            if i % 15 == 0:
                tf.print("fizzbuzz")
            elif i % 3 == 0:
                tf.print("fizz")
            elif i % 5 == 0:
                tf.print("buzz")
            else:
                tf.print(i)

    fizz(tf.constant(15))
    assert capfd.readouterr().err.split() == "1 2 fizz 4 buzz fizz 7 8 fizz buzz 11 fizz 13 14 fizzbuzz".split()


def test_an_error_shows_the_users_line_and_no_generated_code():
    @tf.function
    def wrong(x):
        for i in tf.range(3):
            if i > 1:
                x = tf.matmul(
                    x, tf.zeros([7, 7]))  # here
        return x

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"test_contract.py:\d+: x = tf.matmul") as caught:
        wrong(tf.zeros([2, 2]))
    text = "".join(traceback.format_exception(caught.value))
    assert "ag__" not in text.split("weft.base.errors")[-1]
    mine = [frame for frame in traceback.extract_tb(caught.tb) if frame.filename == __file__]
    assert {frame.name for frame in mine} <= {"wrong", "test_an_error_shows_the_users_line_and_no_generated_code"}


def test_a_loop_without_a_turn_does_not_make_up_a_number():
    @tf.function
    def last(n):
        for i in tf.range(n):
            found = i * 3
        return found

    assert int(last(tf.constant(4))) == 9
    with pytest.raises(tf.errors.InvalidArgumentError, match="`found` is first set in a loop"):
        last(tf.constant(0))


def test_asserts_are_checked_as_the_graph_runs():
    @tf.function
    def root(x):
        assert x >= 0.0, "x must not be negative"
        return tf.sqrt(x)

    assert float(root(tf.constant(4.0))) == 2.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="x must not be negative"):
        root(tf.constant(-4.0))


def test_functions_without_source_run_as_python(caplog):
    scope = {"tf": tf}
    exec("def double(x):\n    return x * 2\ndef choose(x):\n    return x if x > 0 else -x", scope)
    assert int(tf.function(scope["double"])(tf.constant(4))) == 8
    with caplog.at_level(logging.INFO, "weft"), pytest.raises(TypeError, match="AutoGraph"):
        tf.function(scope["choose"])(tf.constant(4))
    assert "choose" in caplog.text


def test_functions_of_a_notebook_cell_are_rewritten():
    text = "def choose(x):\n    if x > 0:\n        return x\n    return -x\n"
    name = "<ipython-input-7-abc>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope = {}
    exec(compile(text, name, "exec"), scope)
    assert int(tf.function(scope["choose"])(tf.constant(-4))) == 4


def test_what_is_left_alone():
    @tf.autograph.experimental.do_not_convert
    def plain(x):
        return x if x > 0 else -x

    with pytest.raises(TypeError, match="cannot depend on it"):
        tf.function(plain)(tf.constant(1))
    with pytest.raises(TypeError, match="autograph=False"):
        tf.function(lambda x: x if x > 0 else -x, autograph=False)(tf.constant(1))

    @tf.function
    def generating(n):
        def parts():
            yield n
            yield n + 1

        return tf.add_n(list(parts()))

    assert int(generating(tf.constant(3))) == 7


def test_run_functions_eagerly_runs_what_was_written():
    seen = []

    @tf.function
    def look(x):
        if x > 0:
            seen.append(x)
        return x

    tf.config.run_functions_eagerly(True)
    try:
        look(tf.constant(2))
    finally:
        tf.config.run_functions_eagerly(False)
    assert isinstance(seen[0].numpy(), np.int32)


def test_by_hand():
    def sign(x):
        if x > 0:
            return 1
        return -1

    assert "ag__.if_" in tf.autograph.to_code(sign)
    graph_function = tf.autograph.to_graph(sign)
    assert int(tf.function(graph_function, autograph=False)(tf.constant(-3))) == -1
    assert graph_function(5) == 1
    with pytest.raises(ValueError, match="cannot be rewritten"):
        tf.autograph.to_graph(eval("lambda x: x"))


def test_a_generator_that_a_tensor_ends_is_refused():
    @tf.function
    def endless(x):
        for i in iter(int, 1):
            x = x + 1 + i
            if x > 5:
                break
        return x

    with pytest.raises(ValueError, match="how many there are is not known"):
        endless(tf.constant(0))


def test_layers_losses_and_steps_of_models_may_branch_on_tensors():
    class Clip(keras.layers.Layer):
        def call(self, x):
            if tf.reduce_max(x) > 1.0:
                x = x / tf.reduce_max(x)
            return x

    def loss(y_true, y_pred):
        error = tf.reduce_mean(tf.square(y_true - y_pred))
        if error > 1.0:
            error = tf.sqrt(error)
        return error

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.clip, self.dense = Clip(), keras.layers.Dense(1)

        def call(self, x, training=False):
            x = self.clip(x)
            total = tf.zeros_like(x)
            for i in tf.range(3):
                total += x * tf.cast(i, x.dtype)
            return self.dense(total)

    keras.utils.set_random_seed(0)
    model = Model()
    model.compile("sgd", loss)
    x = np.linspace(-3, 3, 32, dtype="float32").reshape(8, 4)
    history = model.fit(x, x[:, :1], batch_size=4, epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    inputs = keras.Input((4,))
    assert keras.Model(inputs, Clip()(inputs)).predict(x[:4], verbose=0).max() <= 1.0


def test_functions_of_pipelines_may_branch_on_tensors():
    data = tf.data.Dataset.range(6).map(lambda x: x if x % 2 == 0 else -x).filter(lambda x: x > 0 or x < -4)
    assert list(data.as_numpy_iterator()) == [2, 4, -5]


def test_loops_go_through_datasets_and_iterators():
    data = tf.data.Dataset.range(10).batch(4)

    @tf.function
    def total(data):
        found = tf.constant(0, tf.int64)
        for batch in data:
            found += tf.reduce_sum(batch)
        return found

    @tf.function
    def two(iterator):
        return next(iterator), iterator.get_next()

    assert int(total(data)) == 45
    assert int(total(data)) == 45
    iterator = iter(data)
    assert [part.numpy().tolist() for part in two(iterator)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(tf.errors.OutOfRangeError):
        two(iterator)


def test_a_break_leaves_the_rest_in_the_iterator():
    iterator = iter(tf.data.Dataset.range(10))

    @tf.function
    def take(iterator):
        found = tf.constant(0, tf.int64)
        for x in iterator:
            found += x
            if found > 4:
                break
        return found

    assert int(take(iterator)) == 6
    assert next(iterator).numpy() == 4


def test_shapes_of_loops():
    @tf.function
    def grow(n):
        found = tf.zeros([0], tf.int32)
        for i in tf.range(n):
            found = tf.concat([found, [i]], 0)
        return found

    with pytest.raises(ValueError, match=r"`found` changes its shape[\s\S]*set_loop_options"):
        grow(tf.constant(3))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)])
    def grown(found, n):
        for i in tf.range(n):
            found = tf.concat([found, [i]], 0)
        return found

    assert grown(tf.constant([7]), tf.constant(3)).numpy().tolist() == [7, 0, 1, 2]


def test_variables_decide_too():
    flag = tf.Variable(True)

    @tf.function
    def choose(x):
        if flag:
            return x
        return -x

    assert int(choose(tf.constant(3))) == 3
    flag.assign(False)
    assert int(choose(tf.constant(3))) == -3


class _Holder:
    best = 0.0


HOLDER = _Holder()
TABLE = {"n": 0}
COUNT = 0


def test_names_of_the_module_and_what_hangs_on_them_are_carried_too():
    @tf.function
    def branch(x):
        HOLDER.best = 0.0
        if x > 0.0:
            HOLDER.best = 1.0
        return HOLDER.best

    @tf.function
    def loop(n):
        TABLE["n"] = 0
        for i in tf.range(n):
            TABLE["n"] = TABLE["n"] + i
        return TABLE["n"]

    @tf.function
    def declared(x):
        global COUNT
        COUNT = 0
        while x > 0:
            COUNT += 2
            x -= 1
        return COUNT

    assert [float(branch(tf.constant(x))) for x in (-1.0, 1.0)] == [0.0, 1.0]
    assert [int(loop(tf.constant(n))) for n in (0, 4)] == [0, 6]
    assert [int(declared(tf.constant(n))) for n in (0, 4)] == [0, 8]


def test_a_return_in_a_with_block_of_a_branch_keeps_its_value():
    @tf.function
    def inside(x, flag):
        if flag is not None:
            with tf.name_scope("inner"):
                return x * 2.0
        else:
            return x

    @tf.function
    def tried(x, flag):
        if flag:
            try:
                return x + 1.0
            except ZeroDivisionError:
                return x - 1.0
        else:
            return x

    assert float(inside(tf.constant(3.0), 1)) == 6.0
    assert float(inside(tf.constant(3.0), None)) == 3.0
    assert float(tried(tf.constant(3.0), True)) == 4.0


def test_objects_that_are_called_are_rewritten():
    class Step:
        def __call__(self, x):
            if x > 0:
                return x
            return -x

    step = Step()
    assert float(tf.function(step)(tf.constant(-3.0))) == 3.0
    assert float(tf.function(functools.partial(step.__call__))(tf.constant(-4.0))) == 4.0
