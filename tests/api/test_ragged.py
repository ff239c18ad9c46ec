"""Ragged tensors beyond single calls: in traced functions, loops, sessions and under tapes."""

import pytest

import weft as tf
import weft.compat.v1 as v1


@pytest.fixture
def rows():
    return tf.ragged.constant([[1.0, 2.0], [], [3.0]])


def test_traces_serve_rows_of_any_length(rows):
    traced = []

    @tf.function
    def means(x):
        traced.append(x.shape.as_list())
        return tf.reduce_mean(x, axis=1), x[:, :1]

    found, first = means(rows)
    assert found[0] == 1.5 and first.to_list() == [[1.0], [], [3.0]]
    means(tf.ragged.constant([[5.0], [1.0, 2.0, 3.0], []]))
    assert traced == [[3, None]]


def test_loops_carry_them(rows):
    @tf.function
    def grown(x, n):
        for _ in tf.range(n):
            x = tf.concat([x, x], 1)
        return x

    assert grown(rows, tf.constant(2)).to_list() == [[1.0, 2.0] * 4, [], [3.0] * 4]


def test_gradients_flow_to_values():
    table = tf.Variable([[1.0], [2.0], [3.0]])
    with tf.GradientTape() as tape:
        words = tf.gather(table, tf.ragged.constant([[0, 2], [1]]))
        loss = tf.reduce_sum(tf.reduce_sum(words.to_tensor(), axis=[1, 2]) * [1.0, 10.0])
    assert tf.convert_to_tensor(tape.gradient(loss, table)).numpy().tolist() == [[1], [10], [1]]
    values = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        means = tf.reduce_mean(tf.RaggedTensor.from_row_lengths(values, [2, 1]), axis=1)
    assert tape.gradient(means, values).numpy().tolist() == [0.5, 0.5, 1.0]


def test_sessions_fetch_them():
    given = tf.ragged.constant([[1, 2], [3]])
    with v1.Graph().as_default(), v1.Session() as session:
        x = tf.RaggedTensor.from_row_splits(v1.placeholder(tf.int32, [None]), [0, 2, 3])
        found = session.run(x + 1, {x: given})
        assert found.to_list() == [[2, 3], [4]]


def test_what_does_not_fit_says_so(rows):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to broadcast"):
        rows + tf.ragged.constant([[1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match=r"to_tensor"):
        rows[:, 0]
    with pytest.raises(TypeError, match="map_flat_values"):
        tf.linalg.inv(rows)
    with pytest.raises(IndexError, match="Row 3"):
        rows[3]


def test_the_texts_of_rows_are_joined():
    rows = tf.ragged.constant([["a", "b"], [], ["c"]])
    assert tf.strings.reduce_join(rows, axis=-1).numpy().tolist() == [b"ab", b"", b"c"]
    traced = tf.function(lambda x: tf.strings.reduce_join(x, axis=1, separator="+", keepdims=True))
    assert traced(rows).numpy().tolist() == [[b"a+b"], [b""], [b"c"]]
    deeper = tf.ragged.constant([[["a", "b"], ["c"]], [["d"]]])
    assert tf.strings.reduce_join(deeper, axis=-1).to_list() == [[b"ab", b"c"], [b"d"]]
    assert tf.strings.reduce_join(rows, axis=0).numpy().tolist() == [b"ac", b"b"]
    with pytest.raises(NotImplementedError, match="innermost"):
        tf.strings.reduce_join(deeper, axis=0)


def test_a_function_of_each_ragged_row():
    rows = tf.ragged.constant([[3, 1], [], [5]])
    assert tf.map_fn(tf.square, rows).to_list() == [[9, 1], [], [25]]
    assert tf.map_fn(tf.reduce_sum, rows, fn_output_signature=tf.int32).numpy().tolist() == [4, 0, 5]
    pairs = tf.map_fn(lambda both: (both[0] * both[1], both[1]), (rows, tf.constant([2, 3, 4])))
    assert pairs[0].to_list() == [[6, 2], [], [20]] and pairs[1].numpy().tolist() == [2, 3, 4]
    letters = tf.keras.layers.StringLookup(vocabulary=["a", "b"], mask_token=None)
    back = tf.keras.layers.StringLookup(vocabulary=letters.get_vocabulary(), invert=True, mask_token=None)
    found = letters(tf.strings.unicode_split(["ab", "c"], "UTF-8"))
    assert found.to_list() == [[1, 2], [0]] and back(found).to_list() == [[b"a", b"b"], [b"[UNK]"]]


@pytest.mark.parametrize(("make", "level"), [
    ("from_row_splits", [0, 9, 6]), ("from_row_splits", [0, 3, 2, 6]), ("from_row_splits", [1, 2, 6]),
    ("from_row_splits", [0, 3, 5]), ("from_row_lengths", [-1, 7]), ("from_row_lengths", [3, 4]),
    ("from_row_lengths", [2, 2]), ("from_value_rowids", [0, 1, 0, 2, 2, 2]),
    ("from_value_rowids", [-1, 0, 0, 0, 0, 0]), ("from_value_rowids", [0, 0, 0]), ("from_row_starts", [1, 3]),
    ("from_row_starts", [0, 7]), ("from_row_starts", [3, 0]), ("from_row_limits", [3, 5]),
    ("from_row_limits", [3, 9]), ("from_row_limits", [4, 3, 6]), ("from_uniform_row_length", 4),
])  # fmt: skip
def test_rows_that_do_not_fit_are_refused_in_functions_too(make, level):
    def rows(values, level):
        return getattr(tf.RaggedTensor, make)(values, level)

    for run in (rows, tf.function(rows)):
        with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
            run(tf.range(1, 7), tf.constant(level)).to_list()


def test_rows_that_fit_are_taken_in_functions():
    @tf.function
    def rows(values, splits, ids):
        return tf.RaggedTensor.from_row_splits(values, splits), tf.RaggedTensor.from_value_rowids(values, ids, 4)

    a, b = rows(tf.range(3), tf.constant([0, 2, 2, 3]), tf.constant([0, 2, 2]))
    assert (a.to_list(), b.to_list()) == ([[0, 1], [], [2]], [[0], [], [1, 2], []])
    a, b = rows(tf.range(0), tf.constant([0]), tf.zeros([0], tf.int32))
    assert (a.to_list(), b.to_list()) == ([], [[], [], [], []])


def test_strings_of_ragged_rows_in_a_function():
    spell = tf.function(lambda points: tf.strings.unicode_encode(points, "UTF-8"))
    assert spell(tf.ragged.constant([[104, 105], [], [233]])).numpy().tolist() == [b"hi", b"", b"\xc3\xa9"]
