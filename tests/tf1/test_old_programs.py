"""What programs of strangers lean on: sizes as objects, arguments in the order of before 1.0, feeds in the middle."""

import numpy as np
import pytest

import weft.compat.v1 as tf


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        return session.run(fetches, feeds)


def test_sizes_are_objects_that_know_their_value():
    shape = tf.placeholder(tf.float32, [None, 3, 4]).get_shape()
    assert (shape[0].value, shape[1].value, shape.dims[2].value) == (None, 3, 4)
    assert int(shape[1] * shape[2]) == 12 and (shape[1] * shape[2]).value == 12
    assert (shape[0] * 2).value is None and (shape[0] == 3) is None and shape[1] == 3
    assert [size.value for size in shape] == [None, 3, 4] and shape.as_list() == [None, 3, 4]
    assert str(shape) == "(?, 3, 4)" and repr(shape) == "TensorShape([Dimension(None), Dimension(3), Dimension(4)])"
    assert tf.zeros([shape[1], shape[2]]).shape.as_list() == [3, 4] and np.zeros(shape[1:]).shape == (3, 4)
    assert tf.Dimension(None).value is None and tf.Dimension(2) + 1 == 3
    with pytest.raises(TypeError):
        int(shape[0])


def test_sizes_are_plain_outside_of_version_one():
    tf.enable_v2_behavior()
    try:
        shape = tf.TensorShape([None, 3])
        assert shape[0] is None and type(shape[1]) is int and str(shape) == "(None, 3)"
    finally:
        tf.disable_v2_behavior()


def test_what_was_computed_of_a_placeholder_is_fed_in_its_place():
    x = tf.placeholder(tf.float32, [None, 6])
    scaled = x / 255.0
    rows = tf.reshape(scaled, [-1, 3, 2])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), rows, dtype=tf.float32)
    assert run([outputs, tf.shape(rows)], {scaled: np.ones((5, 6))})[0].shape == (5, 3, 4)


def test_arguments_in_the_order_of_before_version_one():
    x = tf.constant(np.arange(12, dtype="float32").reshape(2, 6))
    halves = tf.split(1, 2, x)
    assert [half.shape.as_list() for half in halves] == [[2, 3], [2, 3]]
    assert [half.shape.as_list() for half in tf.split(split_dim=0, num_split=2, value=x)] == [[1, 6], [1, 6]]
    truth = tf.one_hot([1, 3], 6)
    old = [tf.nn.softmax_cross_entropy_with_logits(x, truth), tf.nn.sigmoid_cross_entropy_with_logits(x, truth),
           tf.nn.sparse_softmax_cross_entropy_with_logits(x, [1, 3]), tf.reverse(x, [False, True]),
           tf.select([True, False], x, -x)]  # fmt: skip
    new = [tf.nn.softmax_cross_entropy_with_logits(labels=truth, logits=x),
           tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=x),
           tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 3], logits=x), tf.reverse(x, [1]),
           tf.where([True, False], x, -x)]  # fmt: skip
    for first, second in zip(*run([old, new]), strict=True):
        np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match="named arguments"):
        tf.nn.softmax_cross_entropy_with_logits(x)
    rows = tf.constant(np.ones((3, 2), "float32"))
    table, labels = tf.constant(np.ones((5, 2), "float32")), tf.constant([[0], [1], [2]])
    given = (tf.constant([0, 2], tf.int64), tf.constant([[0.5], [0.4], [0.3]]), tf.constant([0.5, 0.3]))
    losses = [tf.nn.nce_loss(table, tf.zeros([5]), *pair, 2, 5, sampled_values=given)
              for pair in ((rows, labels), (labels, rows))]  # fmt: skip
    np.testing.assert_array_equal(*run(losses))


def test_a_flag_without_a_shape_keeps_the_sizes_that_are_known():
    training = tf.placeholder(tf.bool)
    normalized = tf.layers.batch_normalization(tf.placeholder(tf.float32, [None, 3], name="x"), training=training)
    assert tf.layers.dense(normalized, 2).shape.as_list() == [None, 2]


def test_a_network_that_a_function_leads_gives_tensorflows_numbers():
    x = tf.placeholder(tf.float32, [5, 3, 4])
    rows = tf.TensorArray(tf.float32, size=5).unstack(x)
    cell = tf.nn.rnn_cell.LSTMCell(6, initializer=tf.constant_initializer(0.1))

    def step(time, output, state, loop_state):
        over = time >= np.array([5, 2, 4])
        given = tf.cond(tf.reduce_all(over), lambda: tf.zeros([3, 4]), lambda: rows.read(time))
        return over, given, cell.zero_state(3, tf.float32) if output is None else state, output, None

    emitted, state, left = tf.nn.raw_rnn(cell, step)
    outputs = emitted.stack()
    loss = tf.reduce_sum(tf.square(outputs)) + tf.reduce_sum(state.h)
    variables = tf.trainable_variables()
    assert [v.name for v in variables] == ["rnn/lstm_cell/kernel:0", "rnn/lstm_cell/bias:0"] and left is None
    fed = {x: np.random.RandomState(1).rand(5, 3, 4)}
    sums = [tf.reduce_sum(g) for g in tf.gradients(loss, [*variables, x])]
    found, gradients, last = run([tf.reduce_sum(outputs), sums, outputs[-1, 1]], fed)
    np.testing.assert_allclose([found, *gradients], [8.929808, 99.29245, 40.91955, 16.36782], rtol=1e-5)
    assert not last.any()  # its sequence is over


def test_a_decoder_of_symbols_has_tensorflows_names():
    attention = tf.contrib.legacy_seq2seq
    encoder = [tf.placeholder(tf.int32, [None]) for _ in range(2)]
    decoder = [tf.placeholder(tf.int32, [None]) for _ in range(3)]
    with tf.variable_scope("root", initializer=tf.constant_initializer(0.1)):
        outputs, _ = attention.embedding_attention_seq2seq(encoder, decoder, tf.nn.rnn_cell.GRUCell(4), 5, 6, 3)
    loss = attention.sequence_loss(outputs, decoder, [tf.ones([2])] * 3)
    names = [v.op.name.removeprefix("root/embedding_attention_seq2seq/") for v in tf.trainable_variables()]
    inner = "embedding_attention_decoder/attention_decoder"
    assert names[0] == "rnn/embedding_wrapper/embedding" and f"{inner}/Attention_0/kernel" in names
    assert f"{inner}/output_projection_wrapper/gru_cell/gates/kernel" in names and f"{inner}/AttnW_0" in names
    # every symbol is as likely as any other: the loss is log 6
    fed = dict(zip([*encoder, *decoder], [[1, 2]] * 5, strict=True))
    assert run(loss, fed) == pytest.approx(np.log(6), rel=1e-5)


def test_settings_are_read_from_text():
    settings = tf.contrib.training.HParams(rate=0.5, sizes=[1, 2], name="x", on=True)
    settings.parse("rate=1e-3,sizes=[4,5],on=False,name=foo/bar").parse("sizes[1]=9")
    assert settings.values() == {"rate": 1e-3, "sizes": [4, 9], "name": "foo/bar", "on": False}
    assert "rate" in settings and settings.get("none", 3) == 3
    with pytest.raises(ValueError, match="Unknown hyperparameter"):
        settings.parse("rat=1")


def test_the_page_of_embeddings_is_told(tmp_path):
    from weft.compat.v1.contrib import projector

    config = projector.ProjectorConfig()
    config.embeddings.add().tensor_name = "table:0"
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        projector.visualize_embeddings(writer, config)
    text = (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert text == 'embeddings {\n  tensor_name: "table:0"\n}\n'


def test_partitioners_count_parts():
    shape = tf.TensorShape([10, 4])
    assert tf.fixed_size_partitioner(3)(shape, tf.float32) == [3, 1]
    assert tf.variable_axis_size_partitioner(64)(shape, dtype=tf.float32) == [3, 1]
    assert tf.min_max_variable_partitioner(4, min_slice_size=40)(shape, dtype=tf.float32) == [4, 1]
    parts = tf.create_partitioned_variables([10, 4], [3, 1], tf.zeros_initializer(), name="whole")
    assert [(p.op.name, p.shape.as_list()) for p in parts] == [
        ("whole/part_0", [4, 4]), ("whole/part_1", [3, 4]), ("whole/part_2", [3, 4])]  # fmt: skip


def test_documents_become_rows_of_numbers(tmp_path):
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(4)
    rows = list(processor.fit_transform(["a good film", "a film it's not bad"]))
    assert [row.tolist() for row in rows] == [[1, 2, 3, 0], [1, 3, 4, 5]] and len(processor.vocabulary_) == 7
    processor.save(tmp_path / "words")
    again = type(processor).restore(tmp_path / "words")
    assert next(again.transform(["unheard film"])).tolist() == [0, 3, 0, 0]
    assert next(again.reverse(rows)) == "a good film <UNK>"


def test_cells_that_are_used_again_have_the_plain_name():
    x = tf.placeholder(tf.float32, [2, 3])
    for again in (None, True):
        with tf.variable_scope("model", reuse=again):
            cell = tf.nn.rnn_cell.BasicLSTMCell(4, reuse=tf.get_variable_scope().reuse)
            cell(x, cell.zero_state(2, tf.float32))
    names = [v.op.name for v in tf.trainable_variables()]
    assert names == ["model/basic_lstm_cell/kernel", "model/basic_lstm_cell/bias"]


def test_flags_are_listed_by_their_inner_name():
    tf.flags.DEFINE_integer("old_programs_depth", 3, "how deep")
    assert tf.flags.FLAGS.__dict__["__flags"]["old_programs_depth"].value == 3


def test_what_is_drawn_follows_the_operations_before_it_as_in_version_one():
    from weft.runtime import random

    random.number_by_operations(True)
    try:
        tf.set_random_seed(2)
        drawn = [tf.random_uniform([2], -10, 10), tf.layers.dense(tf.ones([1, 2]), 2, name="d"), tf.random_normal([2])]
        found = np.concatenate([np.ravel(value) for value in run(drawn)])
    finally:
        random.number_by_operations(False)
    # what TensorFlow 1.15.5 draws
    np.testing.assert_allclose(found, [-4.007516, 6.30645, -0.7754272, 1.1735384, -1.1776899, -0.13723227], rtol=1e-6)


def test_a_fetched_variable_is_what_the_run_leaves_in_it():
    step, weight = tf.Variable(0, trainable=False), tf.Variable([1.0, 1.0])
    loss = tf.reduce_sum(weight * weight)
    train = tf.train.GradientDescentOptimizer(0.25).minimize(loss, global_step=step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([train, step])[1] == 1 and session.run([step, train])[0] == 2
        before, values, value, count = session.run([loss, weight, weight.value(), step, train])[:4]
        assert before == 0.125 and values.tolist() == value.tolist() == [0.125, 0.125] and count == 3
        added = tf.assign_add(step, 10)
        assert session.run([added, step]) == [13, 13]
        assert session.run([step + 0, tf.assign(step, 7)])[1] == 7 and session.run(step) == 7
        assert session.run([step, train], {step: 40})[0] == 40  # fed


def test_variables_of_an_optimizer_come_in_any_iterable():
    weights = {"a": tf.Variable(1.0), "b": tf.Variable(2.0)}
    loss = tf.square(weights["a"] * weights["b"])
    several = (weights.values(), iter(weights.values()), weights, {weights["a"], weights["b"]})
    for given in several:
        pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(loss, var_list=given)
        assert sorted(variable.name for _, variable in pairs) == ["Variable:0", "Variable_1:0"]
    alone = tf.train.AdamOptimizer().compute_gradients(loss, var_list=weights["a"])
    assert [variable is weights["a"] for _, variable in alone] == [True]


def test_a_saver_makes_the_last_folder_of_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tf.Variable(1.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert tf.train.Saver().save(session, "./model/x.ckpt", global_step=4) == "./model/x.ckpt-4"
        assert tf.train.latest_checkpoint("./model") == "./model/x.ckpt-4"
        with pytest.raises(ValueError, match="Parent directory of checkpoints/model/x"):
            tf.train.Saver().save(session, "checkpoints/model/x")


def test_sparse_placeholders_take_their_shape_as_a_tensor():
    x = tf.sparse_placeholder(tf.float32, shape=tf.constant([3, 2], dtype=tf.int64))
    assert x.get_shape().as_list() == [3, 2]
    product = tf.sparse_tensor_dense_matmul(x, [[1.0], [10.0]])
    feeds = {x: (np.array([[0, 1], [2, 0]]), np.array([2.0, 3.0]), (3, 2))}
    assert run(product, feeds).ravel().tolist() == [20.0, 0.0, 3.0]
    with tf.Graph().as_default():
        free = tf.sparse_placeholder(tf.float32)
        names = [part.op.name for part in (free.dense_shape, free.values, free.indices)]
        assert names == ["Placeholder", "Placeholder_1", "Placeholder_2"]


def test_names_of_parsed_columns_and_tensors_of_any_rank_are_shown_as_they_were():
    text = tf.placeholder(tf.string, [])
    columns = {"label": tf.FixedLenFeature([], tf.int64), "words": tf.VarLenFeature(tf.string)}
    assert tf.parse_single_example(text, columns)["label"].name == "ParseSingleExample/ParseSingleExample:3"
    assert tf.parse_single_example(text, columns, name="features")["label"].name == "features/features:3"
    assert str(tf.placeholder(tf.float32, name="x")) == 'Tensor("x:0", dtype=float32)'
    assert str(tf.placeholder(tf.float32, [None, 2], name="y")) == 'Tensor("y:0", shape=(?, 2), dtype=float32)'
