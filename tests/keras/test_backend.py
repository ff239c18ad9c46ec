"""`keras.backend` as programs of Keras 2 use it, and the small things of `keras.utils`."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft import keras

K = keras.backend


def drawn(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape).astype(np.float32)


class TestGradients:
    def model(self):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "tanh"), keras.layers.Dense(1)])

    def test_of_inputs_what_is_between_and_weights(self):
        model, x = self.model(), drawn(4, 3)
        first = model.layers[0]
        loss = K.sum(K.square(model.output))
        wanted = [model.input, first.output, first.kernel]
        found = K.function([model.input], [loss, *K.gradients(loss, wanted)])([x])
        with tf.GradientTape(persistent=True) as tape:
            given = tf.constant(x)
            tape.watch(given)
            middle = first(given)
            value = tf.reduce_sum(model.layers[1](middle) ** 2)
        np.testing.assert_allclose(found[0], value, rtol=1e-5)
        for one, expected in zip(found[1:], tape.gradient(value, [given, middle, first.kernel])):
            np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-6)

    def test_of_a_frozen_embedding(self):
        x = keras.Input((3,), dtype="int32")
        rows = keras.layers.Embedding(5, 2, trainable=False)(x)
        loss = K.sum(rows * rows)
        (gradient,) = K.gradients(loss, rows)
        number = np.array([[1, 2, 4]])
        values, found = K.function([x], [rows, gradient])([number])
        np.testing.assert_allclose(found, 2 * values, rtol=1e-6)

    def test_within_a_function_that_is_traced(self):
        def where(x):  # which entries a maximum took, as autoencoders of Keras 2 ask it
            return K.gradients(K.sum(K.max(x, axis=1)), x)[0]

        x = keras.Input((4,))
        model = keras.Model(x, keras.layers.Lambda(where)(keras.layers.Dense(4, kernel_initializer="identity")(x)))
        given = np.array([[1, 5, 2, 3], [7, 0, 1, 2]], "float32")
        wanted = [[0, 1, 0, 0], [1, 0, 0, 0]]
        np.testing.assert_array_equal(model.predict(given, verbose=0), wanted)

    def test_tensors_with_values_are_refused(self):
        with pytest.raises(RuntimeError, match="GradientTape"):
            K.gradients(tf.constant(1.0), [tf.constant(1.0)])

    def test_placeholder(self):
        x = K.placeholder(shape=(None, 2))
        assert K.function([x], [x * 2.0])([np.ones((1, 2))])[0].tolist() == [[2.0, 2.0]]
        assert K.ndim(K.placeholder(ndim=3)) == 3
        with pytest.raises(ValueError, match="shape"):
            K.placeholder()


def test_learning_phase():
    assert not K.learning_phase()
    K.set_learning_phase(1)
    assert K.learning_phase()
    K.clear_session()
    assert not K.learning_phase()
    with pytest.raises(ValueError, match="0 or 1"):
        K.set_learning_phase(2)


def test_sessions():
    session = tf.compat.v1.Session()
    K.set_session(session)
    assert K.get_session() is session
    K.clear_session()


def test_convolutions_and_bias():
    x, kernel = drawn(2, 7, 3), drawn(3, 3, 4, seed=1)
    causal = keras.layers.Conv1D(4, 3, padding="causal", use_bias=False)
    causal.build(x.shape)
    causal.kernel.assign(kernel)
    np.testing.assert_allclose(K.conv1d(x, kernel, padding="causal"), causal(x), rtol=1e-4, atol=1e-5)
    image = drawn(1, 6, 6, 2)
    assert K.conv2d(image, drawn(3, 3, 2, 5), padding="same").shape == (1, 6, 6, 5)
    assert K.depthwise_conv2d(image, drawn(3, 3, 2, 2)).shape == (1, 4, 4, 4)
    assert K.pool2d(image, (2, 2), (2, 2), pool_mode="avg").shape == (1, 3, 3, 2)
    assert K.conv2d_transpose(image, drawn(3, 3, 4, 2), (None, 12, 12, 4), (2, 2), "same").shape == (1, 12, 12, 4)
    np.testing.assert_allclose(K.bias_add(tf.constant(image), np.float32([1, 2])), image + [1, 2], rtol=1e-6)
    first = tf.transpose(image, [0, 3, 1, 2])
    moved = K.bias_add(first, np.float32([1, 2]), data_format="channels_first")
    np.testing.assert_allclose(tf.transpose(moved, [0, 2, 3, 1]), image + [1, 2], rtol=1e-6)
    local = K.local_conv1d(x, drawn(5, 9, 2), (3,), (1,))
    np.testing.assert_allclose(local[0, 2], x[0, 2:5].ravel() @ drawn(5, 9, 2)[2], rtol=1e-5)


def test_rnn_with_mask():
    x, mask = drawn(2, 4, 3), np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)

    def step(row, states):
        total = states[0] + row
        return total * 2.0, [total]

    last, outputs, states = K.rnn(step, tf.constant(x), [tf.zeros((2, 3))], mask=tf.constant(mask))
    sums = np.cumsum(np.where(mask[..., None], x, 0), axis=1)
    np.testing.assert_allclose(outputs, 2 * sums, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[0], sums[:, -1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last, 2 * sums[:, -1], rtol=1e-5, atol=1e-6)


def test_ctc():
    probabilities = tf.nn.softmax(drawn(2, 6, 4))
    labels, lengths = np.array([[0, 1], [2, 0]]), np.array([[2], [1]])
    cost = K.ctc_batch_cost(labels, probabilities, np.array([[6], [5]]), lengths)
    shifted = tf.math.log(tf.gather(probabilities, [3, 0, 1, 2], axis=-1) + K.epsilon())
    wanted = keras.ops.ctc_loss(labels + 1, shifted, lengths[:, 0], np.array([6, 5]))
    np.testing.assert_allclose(cost[:, 0], wanted, rtol=1e-4)
    (found,), scores = K.ctc_decode(probabilities, np.array([6, 5]))
    best = list(np.argmax(probabilities[0], -1))
    merged = [n for place, n in enumerate(best) if n != 3 and (place == 0 or n != best[place - 1])]
    assert [n for n in found[0].numpy().tolist() if n >= 0] == merged and scores.shape == (2, 1)
    several, _ = K.ctc_decode(probabilities, np.array([6, 5]), greedy=False, beam_width=10, top_paths=2)
    assert len(several) == 2


def test_updates_and_small_functions():
    v = K.variable([1.0, 2.0])
    K.update(v, [3.0, 4.0])
    K.update_add(v, [1.0, 1.0])
    K.update_sub(v, [2.0, 2.0])
    assert K.get_value(v).tolist() == [2.0, 3.0]
    K.moving_average_update(v, [0.0, 0.0], 0.5)
    assert K.get_value(v).tolist() == [1.0, 1.5]
    assert K.cast_to_floatx([1]).dtype == "float32"
    assert K.map_fn(lambda row: row * 2, tf.constant([1, 2])).numpy().tolist() == [2, 4]
    assert K.slice(tf.constant([1, 2, 3]), [1], [2]).numpy().tolist() == [2, 3]
    assert set(np.unique(K.random_bernoulli((100,), 0.5, seed=1))) == {0.0, 1.0}
    with pytest.raises(AttributeError, match="fold"):
        K.foldd


class TestPictures:
    def test_there_and_back(self, tmp_path):
        image = pytest.importorskip("PIL.Image")
        x = (np.arange(4 * 6 * 3).reshape(4, 6, 3) * 3).astype(np.uint8)
        keras.utils.save_img(tmp_path / "a.png", x, scale=False)
        img = keras.utils.load_img(tmp_path / "a.png")
        assert isinstance(img, image.Image)
        found = keras.utils.img_to_array(img)
        assert found.dtype == np.float32 and (found == x).all()
        assert keras.utils.img_to_array(img, data_format="channels_first").shape == (3, 4, 6)
        grey = keras.utils.load_img(tmp_path / "a.png", color_mode="grayscale", target_size=(2, 3))
        assert keras.utils.img_to_array(grey).shape == (2, 3, 1)
        assert keras.utils.load_img(tmp_path / "a.png", target_size=(2, 2), keep_aspect_ratio=True).size == (2, 2)
        with pytest.raises(ValueError, match="grayscale"):
            keras.utils.load_img(tmp_path / "a.png", color_mode="gray")

    def test_arrays(self):
        pytest.importorskip("PIL.Image")
        x = np.float32([[[0.0], [0.5]], [[1.0], [2.0]]])
        assert np.asarray(keras.utils.array_to_img(x)).tolist() == [[0, 63], [127, 255]]
        assert keras.utils.array_to_img(x, scale=False).mode == "L"
        assert keras.preprocessing.image.smart_resize(np.ones((4, 8, 3)), (2, 2)).shape == (2, 2, 3)
        with pytest.raises(ValueError, match="channels"):
            keras.utils.array_to_img(np.ones((2, 2, 5)))


def test_small_tools():
    assert keras.utils.unpack_x_y_sample_weight((1, 2)) == (1, 2, None)
    assert keras.utils.pack_x_y_sample_weight([1], None) == ([1],)
    assert keras.utils.conv_output_length(10, 3, "valid", 2, 2) == 3
    assert keras.utils.has_arg(lambda a, **k: a, "b", accept_all=True) and not keras.utils.has_arg(len, "b")
    config = keras.utils.Config(a=1)
    config.freeze()
    with pytest.raises(ValueError, match="frozen"):
        config.a = 2
    x = keras.Input((2,))
    assert keras.utils.get_source_inputs(keras.layers.Dense(1)(x * 2.0)) == [x]
    assert keras.utils.standardize_dtype("float16") == "float16"


def test_names_of_keras_2():
    assert keras.optimizers.experimental.AdamW is keras.optimizers.AdamW
    assert keras.mixed_precision.experimental.Policy is keras.mixed_precision.Policy
    assert keras.experimental.CosineDecay is keras.optimizers.schedules.CosineDecay
    assert keras.layers.CuDNNLSTM(3)(np.ones((1, 2, 2), np.float32)).shape == (1, 3)
    assert keras.losses.MeanSquaredError(reduction=keras.losses.Reduction.NONE)([[1.0]], [[3.0]]).numpy().tolist() == [
        4.0
    ]
