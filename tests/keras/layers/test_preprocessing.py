"""Preprocessing layers: what they refuse, adapting, copies, use in models."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.keras import layers

TEXTS = ["one two", "two three", "three three four"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Normalization(mean=1.0), ["mean", "variance"]),
        (lambda: layers.Discretization(), ["bin_boundaries", "num_bins"]),
        (lambda: layers.Discretization(bin_boundaries=[1.0], output_mode="x"), ["output_mode", "one_hot"]),
        (lambda: layers.CategoryEncoding(), ["num_tokens", "IntegerLookup"]),
        (lambda: layers.CategoryEncoding(num_tokens=3, output_mode="int"), ["output_mode"]),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), ["more than once", "'a'"]),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], mask_token="b"), ["mask token 'b'"]),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), ["max_tokens", "3"]),
        (lambda: layers.StringLookup(max_tokens=1), ["max_tokens"]),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), ["max_tokens"]),
        (lambda: layers.StringLookup(num_oov_indices=-1), ["num_oov_indices"]),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), ["invert"]),
        (lambda: layers.StringLookup(vocabulary=[]), ["empty"]),
        (lambda: layers.StringLookup(vocabulary="/no/such/file"), ["/no/such/file"]),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), ["idf_weights"]),
        (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), ["idf_weights"]),
        (lambda: layers.IntegerLookup(vocabulary=[1], salt=3), ["salt", "farmhash"]),
        (lambda: layers.TextVectorization(standardize="lowr"), ["standardize", "lower"]),
        (lambda: layers.TextVectorization(split="words"), ["split", "whitespace"]),
        (lambda: layers.TextVectorization(ngrams="x"), ["ngrams"]),
        (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), ["output_sequence_length"]),
        (lambda: layers.Hashing(num_bins=0), ["num_bins"]),
        (lambda: layers.Hashing(num_bins=3, salt="x"), ["salt"]),
        (lambda: layers.Hashing(num_bins=3, dtype="float32"), ["float32", "int64"]),
    ],
)
def test_refused_when_made(make: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.StringLookup()(["a"]), ["no vocabulary", "adapt"]),
        (lambda: layers.TextVectorization()(["a"]), ["no vocabulary", "adapt"]),
        (lambda: layers.Discretization(num_bins=3)(tf.ones((2,))), ["adapt"]),
        (lambda: layers.StringLookup(vocabulary=["a"])(tf.constant([1])), ["int32", "IntegerLookup"]),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), ["not in the vocabulary"]),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), ["fixed vocabulary"]),
        (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), ["(1, 2)", "split=None"]),
        (lambda: layers.CategoryEncoding(num_tokens=3)(tf.constant([[-1]])), ["below 0"]),
        (lambda: layers.HashedCrossing(num_bins=3)((["a"],)), ["at least two"]),
        (lambda: layers.HashedCrossing(num_bins=3)((["a"], tf.ones((1,)))), ["float32", "Discretization"]),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 2))), ["nothing to adapt"]),
        (lambda: layers.Normalization().adapt(np.ones((0, 2))), ["no data"]),
        (lambda: layers.Normalization().adapt(iter([{"a": np.ones((2, 2))}])), ["several things"]),
        (lambda: layers.Normalization().adapt([]), ["empty"]),
        (lambda: layers.Normalization().adapt([np.ones((2, 4)), np.ones((2, 6))]), ["incompatible shape"]),
        (lambda: layers.Hashing(num_bins=3, sparse=True), ["`sparse`", "output_mode"]),
        (lambda: layers.TextVectorization(output_mode="count", ragged=True), ["`ragged`", "int"]),
    ],
)
def test_refused_when_used(call: Any, words: list[str]) -> None:
    with pytest.raises((ValueError, TypeError, tf.errors.InvalidArgumentError)) as caught:
        call()
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda sparse: layers.StringLookup(vocabulary=["a", "b"], output_mode="count", sparse=sparse), [["a", "b"]]),
        (lambda sparse: layers.IntegerLookup(vocabulary=[4, 5], output_mode="multi_hot", sparse=sparse), [[5, 9]]),
        (lambda sparse: layers.CategoryEncoding(num_tokens=3, sparse=sparse), [[0, 2]]),
        (lambda sparse: layers.Discretization([0.0, 1.0], output_mode="one_hot", sparse=sparse), [-1.0, 2.0]),
        (lambda sparse: layers.Hashing(3, output_mode="count", sparse=sparse), [["a", "b"]]),
        (lambda sparse: layers.TextVectorization(vocabulary=["a"], output_mode="count", sparse=sparse), ["a b"]),
    ],
)
def test_sparse_results(make: Any, inputs: Any) -> None:
    found, wanted = (make(sparse)(tf.constant(inputs)) for sparse in (True, False))
    assert isinstance(found, tf.SparseTensor) and found.dtype == wanted.dtype
    np.testing.assert_array_equal(tf.sparse.to_dense(found), wanted)


def test_sparse_and_ragged_inputs_and_rows() -> None:
    words = tf.SparseTensor([[0, 0], [1, 1]], ["a", "b"], (2, 2))
    hashed = layers.Hashing(num_bins=3)(words)
    assert hashed.values.numpy().tolist() == layers.Hashing(num_bins=3)(["a", "b"]).numpy().tolist()
    numbers = tf.SparseTensor([[0, 0], [1, 1]], [1, 2], (2, 2))
    assert layers.CategoryEncoding(3)(numbers).numpy().tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    rows = layers.TextVectorization(vocabulary=["a", "b"], ragged=True)(["a b a", "c"])
    assert rows.to_list() == [[2, 3, 2], [1]]
    looked_up = layers.StringLookup(vocabulary=["a", "b"])(words)
    assert isinstance(looked_up, tf.SparseTensor) and looked_up.values.numpy().tolist() == [1, 2]
    uneven = tf.ragged.constant([["a", "b", "x"], ["a"]])
    counts = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")(uneven)
    assert counts.numpy().tolist() == [[1, 1, 1], [0, 1, 0]]  # what is not there is not unknown


def test_tokens_may_come_after_the_model() -> None:
    texts = np.array(["foo bar", "bar baz", "baz bada boom"])
    for options, shape in (
        ({"ngrams": (1, 2)}, (None, None)), ({"output_mode": "tf_idf"}, (None, None)),
        ({"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True}, (None, 9)),
    ):  # fmt: skip
        model = keras.Sequential([keras.Input((), dtype="string"), layers.TextVectorization(**options)])
        assert tuple(model.output_shape) == shape
        with pytest.raises(ValueError, match="no vocabulary yet"):
            model.layers[0](texts)
        model.layers[0].adapt(texts)
        np.testing.assert_array_equal(model(texts), model.layers[0](texts))


def test_splitting_of_ones_own_and_one_hot_texts() -> None:
    apart = layers.TextVectorization(
        standardize=None, split=lambda text: tf.strings.split(text, sep="|"), vocabulary=["foo", "bar"]
    )
    assert apart(["foo|bar", "bar"]).numpy().tolist() == [[2, 3], [3, 0]]
    one_hot = layers.TextVectorization(output_mode="one_hot", vocabulary=["foo", "bar"])(["foo bar"])
    assert one_hot.numpy().tolist() == [[[0, 1, 0], [0, 0, 1]]]


def test_what_adapt_takes() -> None:
    batches = [(np.full((2, 3), float(n)), np.zeros(2)) for n in range(2)]  # labels are left out
    layer = layers.Normalization()
    layer.adapt(batches)
    np.testing.assert_allclose(layer.mean, np.full((1, 3), 0.5))
    bins = layers.Discretization(num_bins=3)
    bins.adapt(itertools.repeat(np.arange(9.0)), steps=2)
    assert len(bins.bin_boundaries) == 2
    wide = layers.Normalization(axis=(1, 2), mean=np.arange(5.0), variance=np.ones(5))
    wide.build((None, 7, 5, 3))
    np.testing.assert_array_equal(wide.mean[0, :, :, 0], np.broadcast_to(np.arange(5.0), (7, 5)))


def test_normalization_by_batches_is_that_of_all() -> None:
    data = np.random.default_rng(1).normal(5.0, 3.0, (50, 4)).astype(np.float32)
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(data)
    parts.adapt([data[:7], data[7:8], data[8:]])
    np.testing.assert_allclose(whole.mean, parts.mean, rtol=1e-5)
    np.testing.assert_allclose(whole.variance, parts.variance, rtol=1e-5)
    assert [weight.path.split("/")[-1] for weight in whole.weights] == ["mean", "variance", "count"]
    normalised = np.asarray(whole(data))
    np.testing.assert_allclose(normalised.mean(0), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(normalised.std(0), np.ones(4), atol=1e-5)


def test_a_function_traced_before_sees_a_vocabulary_that_comes_later() -> None:
    layer = layers.StringLookup()
    layer.adapt(["a", "b"])
    traced = tf.function(lambda x: layer(x))
    assert traced(tf.constant(["a", "c"])).numpy().tolist() == [2, 0]
    layer.adapt(["c", "c", "a"])
    assert traced(tf.constant(["a", "c"])).numpy().tolist() == [2, 1]


def test_copies_and_files_keep_the_vocabulary(tmp_path: Path) -> None:
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(TEXTS)
    expected = np.asarray(layer(TEXTS))
    copied = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(copied(TEXTS), expected)
    layer.save_assets(str(tmp_path))
    again = layers.TextVectorization.from_config(layer.get_config())
    again.load_assets(str(tmp_path))
    assert again.get_vocabulary() == layer.get_vocabulary()
    np.testing.assert_array_equal(again(TEXTS), expected)


def test_vocabulary_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("eins\nzwei\n", encoding="utf-8")
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "eins", "zwei"]
    config = layer.get_config()
    assert config["vocabulary"] == ["eins", "zwei"]  # the path may mean something else on another machine
    with pytest.raises(ValueError, match="names a file with the vocabulary is refused"):
        layers.StringLookup.from_config({**config, "vocabulary": str(path)})


def test_many_words_are_found_again() -> None:
    words = [f"word{n}" for n in range(500)]
    layer = layers.StringLookup(vocabulary=words)
    assert layer(words[::-1]).numpy().tolist() == list(range(500, 0, -1))
    inverse = layers.StringLookup(vocabulary=words, invert=True)
    assert [word.decode() for word in inverse(layer(words)).numpy()] == words


def test_texts_train_a_model() -> None:
    layer = layers.TextVectorization(output_sequence_length=4)
    texts = np.array(["good fine", "bad poor", "fine good good", "poor bad"] * 4, object)
    layer.adapt(texts)
    model = keras.Sequential(
        [keras.Input((1,), dtype="string"), layer, layers.Embedding(layer.vocabulary_size(), 4),
         layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    )  # fmt: skip
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    labels = np.array([1, 0, 1, 0] * 4)
    history = model.fit(texts[:, None], labels, epochs=20, batch_size=8, verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    assert np.asarray(model.predict(np.array([["good"], ["bad"]]), verbose=0)).ravel().round().tolist() == [1, 0]


def test_custom_functions_for_texts() -> None:
    layer = layers.TextVectorization(
        standardize=lambda x: tf.strings.regex_replace(tf.strings.lower(x), "<br />", " "), vocabulary=["a", "b"]
    )
    assert layer(["A<br />b", "b"]).numpy().tolist() == [[2, 3], [3, 0]]


def test_names_of_keras_two() -> None:
    assert layers.CategoryEncoding(max_tokens=3, output_mode="binary").output_mode == "multi_hot"
    assert layers.IntegerLookup(max_values=4, mask_value=0).mask_token == 0


def test_numbers_of_a_graph_keep_their_batch() -> None:
    layer = layers.StringLookup(vocabulary=["a"], output_mode="multi_hot")
    traced = extend.function(lambda x: layer(x))
    for count in (1, 3):
        assert traced(np.array([["a", "b"]] * count, object)).shape == (count, 2)


def test_a_deferred_model_takes_what_its_first_layer_takes() -> None:
    words = [layers.StringLookup(vocabulary=["a", "b"]), layers.TextVectorization(vocabulary=["a", "b"])]
    for layer, given in zip(words, (["a", "b"], [["a b"], ["b"]]), strict=True):
        model = keras.Sequential([layer, layers.Embedding(5, 4)])
        assert model(tf.constant(given)).shape[-1] == 4 and model.inputs[0].dtype == "string"
    numbers = keras.Sequential([layers.IntegerLookup(vocabulary=[2**40])])
    assert numbers(tf.constant([2**40, 1])).numpy().tolist() == [1, 0]


def test_transforms_of_any_length_and_only_of_floats() -> None:
    layer = keras.layers.STFTSpectrogram(frame_length=6, frame_step=3, fft_length=9, mode="psd", scaling=None)
    sound = np.sin(np.arange(30, dtype="float32"))[None, :, None]
    frames = np.stack([sound[0, start : start + 6, 0] * np.hanning(6) for start in range(0, 25, 3)])
    # The kernels are those of the next shorter even length, and both ends count once, as in Keras.
    wanted = np.abs(np.fft.rfft(frames, 8)) ** 2 * [1, 2, 2, 2, 1]
    np.testing.assert_allclose(layer(sound)[0], wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(TypeError, match="takes sounds that are floats"):
        layer(np.ones((1, 30, 1), "int32"))
