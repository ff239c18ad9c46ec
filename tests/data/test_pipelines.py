"""Order, laziness, errors, threads, files and training: what no table of TensorFlow's results can show."""

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.data import functions

D = tf.data.Dataset


def numbers(dataset):
    return [int(x) for x in dataset]


def test_the_same_seed_gives_the_same_order_whether_by_gather_or_one_by_one():
    by_gather = D.range(5000).shuffle(700, seed=1)
    one_by_one = D.range(5000).map(lambda x: x).shuffle(700, seed=1)
    assert by_gather._node.rows() is not None
    assert one_by_one._node.rows() is None
    first = numbers(by_gather)
    assert first == numbers(one_by_one)
    assert sorted(first) == list(range(5000))
    assert all(value <= place + 700 for place, value in enumerate(first))
    again = [x for b in D.range(5000).shuffle(700, seed=1).batch(32).as_numpy_iterator() for x in b.tolist()]
    assert again == first


def test_each_pass_is_shuffled_anew_unless_told_otherwise():
    anew = D.range(50).shuffle(50, seed=3)
    assert numbers(anew) != numbers(anew)
    kept = D.range(50).shuffle(50, seed=3, reshuffle_each_iteration=False)
    assert numbers(kept) == numbers(kept)
    passes = numbers(D.range(50).shuffle(50, seed=3).repeat(2))
    assert passes[:50] != passes[50:]


def test_the_global_seed_settles_the_order():
    tf.random.set_seed(5)
    first = numbers(D.range(50).shuffle(50))
    tf.random.set_seed(5)
    assert numbers(D.range(50).shuffle(50)) == first
    tf.random.set_seed(None)


def test_slices_are_the_values_at_the_time():
    array = np.arange(4)
    dataset = D.from_tensor_slices(array)
    array[0] = 9
    assert numbers(dataset) == [0, 1, 2, 3]
    batch = next(iter(dataset.batch(4)))
    batch.numpy()[0] = 7
    assert numbers(dataset) == [0, 1, 2, 3]


def test_in_memory_batches_are_gathered():
    rows = D.from_tensor_slices((np.arange(10), np.arange(10.0))).shuffle(10, seed=1).repeat(2).take(15)._node.rows()
    assert rows is not None
    assert sum(len(block) for block in rows.blocks()) == 15


def test_a_map_function_is_traced_once():
    calls = []

    def double(x):
        calls.append(x)
        return x * 2

    dataset = D.range(5).map(double)
    assert numbers(dataset) == numbers(dataset) == [0, 2, 4, 6, 8]
    assert len(calls) == 1


def test_in_debug_mode_functions_run_as_python():
    seen = []
    functions.set_debug_mode(True)
    try:
        dataset = D.range(3).map(lambda x: seen.append(x) or x * 2, num_parallel_calls=4).prefetch(2)
        assert numbers(dataset) == [0, 2, 4]
    finally:
        functions.set_debug_mode(False)
    assert [int(x) for x in seen[1:]] == [0, 1, 2]


def test_variables_and_outer_tensors_are_read_when_the_function_runs():
    offset = tf.Variable(10, dtype=tf.int64)
    factors = tf.constant([1, 2, 3], tf.int64)
    dataset = D.range(3).map(lambda x: factors[x] + offset)
    assert numbers(dataset) == [11, 12, 13]
    offset.assign(20)
    assert numbers(dataset) == [21, 22, 23]


def test_an_error_names_the_function_the_line_and_the_element():
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        list(D.from_tensor_slices([2, 1, 0]).map(lambda x: 10 // x))
    assert "test_pipelines.py" in str(caught.value)
    assert "element 2" in caught.value.__notes__[0]
    assert "test_pipelines.py" in caught.value.__notes__[0]


def test_threads_keep_order_and_hand_errors_on():
    def slow(x):
        return tf.py_function(lambda v: int(np.linalg.norm(np.ones((300, 300))) * 0) + v, [x], tf.int64)

    parallel = D.range(40).map(slow, num_parallel_calls=3).prefetch(2)
    assert numbers(parallel) == list(range(40))

    def fails(x):
        return tf.debugging.check_numerics(1.0 / tf.cast(x - 3, tf.float32), "gap")

    iterator = iter(D.range(6).map(fails).prefetch(1))
    assert len([next(iterator) for _ in range(3)]) == 3
    with pytest.raises(tf.errors.InvalidArgumentError):
        next(iterator)


def test_a_generator_that_raises_tells_so_itself():
    def broken():
        yield 1
        raise RuntimeError("the sensor is gone")

    iterator = iter(D.from_generator(broken, output_signature=tf.TensorSpec((), tf.int32)).prefetch(1))
    assert int(next(iterator)) == 1
    with pytest.raises(RuntimeError, match="the sensor is gone"):
        next(iterator)


def test_ignored_errors_leave_elements_out():
    dataset = D.from_tensor_slices([1, 0, 2]).map(lambda x: 10 // x).apply(tf.data.experimental.ignore_errors())
    assert numbers(dataset) == [10, 5]


def test_rows_that_cannot_be_read_are_named_or_left_out(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\nx,4\n5,6\n")
    dataset = tf.data.experimental.CsvDataset(str(path), [tf.int32, tf.int32], header=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"table\.csv, record 1: Field 0 is not a valid int32: x"):
        list(dataset)
    assert [int(a) for a, _ in dataset.ignore_errors()] == [1, 5]
    table = tf.data.experimental.make_csv_dataset(
        str(path), 1, num_epochs=1, column_defaults=[0, 0], ignore_errors=True, shuffle_seed=1
    )
    assert sorted(int(row["a"]) for row in table) == [1, 5]


def test_cache_in_memory_and_in_a_file(tmp_path):
    calls = []

    def source():
        calls.append(1)
        yield from [(1, "a"), (2, "b")]

    signature = (tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.string))
    for place in ("", str(tmp_path / "kept")):
        calls.clear()
        dataset = D.from_generator(source, output_signature=signature).cache(place)
        first = [(int(a), bytes(b.numpy())) for a, b in dataset]
        assert [(int(a), bytes(b.numpy())) for a, b in dataset] == first == [(1, b"a"), (2, b"b")]
        assert len(calls) == 1
    other = D.from_generator(source, output_signature=signature).cache(str(tmp_path / "kept"))
    assert len(list(other)) == 2
    assert len(calls) == 1


def test_named_tuples_and_dicts_stay_what_they_are():
    from collections import namedtuple

    Point = namedtuple("Point", "x y")
    dataset = D.from_tensor_slices(Point([1, 2], [3, 4])).map(lambda p: Point(p.y, p.x)).batch(2)
    element = next(iter(dataset))
    assert isinstance(element, Point)
    assert element.x.numpy().tolist() == [3, 4]


def test_sampling_follows_weights_and_seed():
    sets = [D.from_tensors(0).repeat(), D.from_tensors(1).repeat()]
    first = numbers(D.sample_from_datasets(sets, [0.2, 0.8], seed=1).take(500))
    assert first == numbers(D.sample_from_datasets(sets, [0.2, 0.8], seed=1).take(500))
    assert 350 < sum(first) < 450


def test_files_are_listed_in_order_or_shuffled(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    listed = D.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert [name.numpy().decode()[-5:] for name in listed] == ["a.txt", "b.txt", "c.txt"]
    assert len(D.list_files(str(tmp_path / "*.txt"))) == 3


def test_a_record_file_cut_short_says_which_file_and_record(tmp_path):
    from weft.formats.tfrecord import TFRecordWriter

    path = tmp_path / "cut.tfrecord"
    with TFRecordWriter(path) as writer:
        writer.write(b"one")
        writer.write(b"two")
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(tf.errors.DataLossError, match=r"cut\.tfrecord: record 1"):
        list(tf.data.TFRecordDataset(str(path)))


def test_options_merge():
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    options.deterministic = False
    found = D.range(3).with_options(options).map(lambda x: x).options()
    assert found.deterministic is False
    with pytest.raises(AttributeError, match="no option `speed`"):
        options.speed = 1


def test_a_dataset_is_gone_through_inside_a_function_by_for_alone():
    @tf.function
    def total(dataset):
        return sum(dataset)

    with pytest.raises(RuntimeError, match="use a `for` statement"):
        total(D.range(3))


def test_what_is_not_built_says_what_to_use():
    with pytest.raises(AttributeError, match="sqlite3"):
        tf.data.experimental.SqlDataset
    with pytest.raises(AttributeError, match="for each dataset"):
        tf.data.Iterator.from_structure


def test_a_saved_dataset_keeps_its_structure(tmp_path):
    rows = D.from_tensor_slices({"x": np.arange(6.0).reshape(3, 2), "name": ["a", "b", "c"]})
    rows = rows.map(lambda row: (row, tf.ragged.constant([[1, 2], [3]]), tf.SparseTensor([[1]], [4.0], [3])))
    rows.save(str(tmp_path / "kept"), shard_func=lambda row, *_: tf.cast(row["x"][0], tf.int64) % 3)
    found = D.load(str(tmp_path / "kept"))
    assert found.element_spec == rows.element_spec
    by_name = {row["name"].numpy(): (row["x"].numpy().tolist(), ragged.to_list(), tf.sparse.to_dense(sparse).numpy())
               for row, ragged, sparse in found}  # fmt: skip
    assert by_name[b"b"][0] == [2.0, 3.0] and by_name[b"c"][1] == [[1, 2], [3]]
    assert by_name[b"a"][2].tolist() == [0.0, 4.0, 0.0]
    with pytest.raises(ValueError, match="others"):
        D.load(str(tmp_path / "kept"), element_spec=tf.TensorSpec([], tf.int32))


def test_a_snapshot_is_written_once_and_read_when_it_is_whole(tmp_path):
    made = []

    def numbers():
        made.append(1)
        yield from range(4)

    def snapshot():
        return D.from_generator(numbers, output_signature=tf.TensorSpec((), tf.int32)).snapshot(str(tmp_path / "there"))

    assert [int(n) for n in snapshot().take(2)] == [0, 1]  # broken off: nothing counts as written
    assert [int(n) for n in snapshot()] == [int(n) for n in snapshot()] == [0, 1, 2, 3]
    assert len(made) == 2


def test_resampling_brings_classes_to_the_shares_that_are_wanted():
    labels = D.from_tensor_slices(np.array([0] * 900 + [1] * 100)).shuffle(1000, seed=1)
    for initial in (None, [0.9, 0.1]):
        found = labels.rejection_resample(lambda c: tf.cast(c, tf.int32), [0.5, 0.5], initial, seed=3)
        classes = [int(c) for c, _ in found]
        assert 0.4 < np.mean(classes) < 0.6 and len(classes) > 120


def _model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


X = np.arange(30, dtype="float32").reshape(10, 3) / 30
Y = X.sum(1, keepdims=True)


def test_fit_evaluate_and_predict_take_datasets():
    dataset = D.from_tensor_slices((X, Y)).batch(4)
    by_dataset, by_arrays = _model(), _model()
    history = by_dataset.fit(dataset, validation_data=dataset, epochs=2, verbose=0)
    expected = by_arrays.fit(X, Y, batch_size=4, shuffle=False, validation_data=(X, Y), epochs=2, verbose=0)
    for key in ("loss", "mae"):
        np.testing.assert_allclose(history.history[key], expected.history[key], rtol=1e-6)
    assert set(history.history) == {"loss", "mae", "val_loss", "val_mae"}
    np.testing.assert_allclose(by_dataset.evaluate(dataset, verbose=0), by_arrays.evaluate(X, Y, verbose=0), rtol=1e-5)
    inputs = dataset.map(lambda x, y: x)
    np.testing.assert_allclose(by_dataset.predict(inputs, verbose=0), by_arrays.predict(X, verbose=0), rtol=1e-6)


def test_an_endless_dataset_trains_by_steps():
    dataset = D.from_tensor_slices((X, Y)).shuffle(10, seed=1).repeat().batch(4).prefetch(tf.data.AUTOTUNE)
    history = _model().fit(dataset, steps_per_epoch=5, epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_training_loops_by_hand_take_batches():
    variable = tf.Variable(tf.zeros([3, 1]))
    losses = []
    for x, y in D.from_tensor_slices((X, Y)).shuffle(10, seed=2).repeat(5).batch(5):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ variable - y))
        variable.assign_sub(0.3 * tape.gradient(loss, variable))
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 4


def test_reduce_in_traced_functions_and_in_functions_of_pipelines():
    @tf.function
    def mean(n):
        numbers = D.range(n).map(lambda x: tf.cast(x, tf.float32))
        total, count = numbers.reduce((0.0, 0.0), lambda state, x: (state[0] + x, state[1] + 1.0))
        return total / count

    assert [float(mean(tf.constant(n, tf.int64))) for n in (4, 5)] == [1.5, 2.0]
    assert mean.experimental_get_tracing_count() == 1
    windows = D.range(5).window(2)
    assert numbers(windows.map(lambda w: w.reduce(np.int64(0), lambda a, b: a + b))) == [1, 5, 4]

    def total(window):
        state = tf.constant(0, tf.int64)
        for x in window:
            state += x
        return state

    assert numbers(windows.map(total)) == [1, 5, 4]


def test_records_are_written_where_a_function_of_a_pipeline_runs(tmp_path):
    def write(key, window):
        path = tf.strings.join([str(tmp_path / "part-"), tf.strings.as_string(key)])
        tf.data.experimental.TFRecordWriter(path).write(window.map(lambda _, text: text))
        return D.from_tensors(path)

    source = D.from_tensor_slices(["a", "b", "c", "d", "e"]).enumerate()
    paths = [p.decode() for p in source.group_by_window(lambda i, _: i % 2, write, 10).as_numpy_iterator()]
    found = [[r.numpy() for r in tf.data.TFRecordDataset(path)] for path in paths]
    assert found == [[b"a", b"c", b"e"], [b"b", b"d"]]

    @tf.function
    def traced():
        tf.data.experimental.TFRecordWriter(str(tmp_path / "no")).write(D.from_tensors("a"))

    with pytest.raises(TypeError, match=r"outside of tf\.function"):
        traced()


def test_keys_and_sizes_of_windows_may_be_python_numbers():
    source = tf.data.Dataset.range(5)
    found = source.group_by_window(lambda x: 1, lambda key, window: window.batch(3), window_size_func=lambda key: 3)
    assert [x.numpy().tolist() for x in found] == [[0, 1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"single tf\.int64"):
        source.group_by_window(lambda x: tf.constant(1), lambda key, window: window.batch(3), 3)
    with pytest.raises(TypeError, match="fraction"):
        source.group_by_window(lambda x: 1.5, lambda key, window: window.batch(3), 3)
