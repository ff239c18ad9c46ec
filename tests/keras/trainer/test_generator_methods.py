"""`fit_generator`, `evaluate_generator` and `predict_generator`: the same as today's methods given a generator."""

import numpy as np
import pytest

from weft import keras

X = np.linspace(-1, 1, 24, dtype="float32").reshape(12, 2)
Y = X.sum(axis=1, keepdims=True)


def batches(size=4):
    while True:
        for start in range(0, len(X), size):
            yield X[start : start + size], Y[start : start + size]


def fresh(*metrics):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=list(metrics))
    return model


class Numbered(keras.utils.Sequence):
    batch_size = 5

    def __len__(self):
        return 3

    def __getitem__(self, index):
        rows = slice(index * 5, index * 5 + 5)
        return X[rows], Y[rows]


def test_fit_generator_is_fit():
    old, new = fresh("mae"), fresh("mae")
    found = old.fit_generator(
        batches(), steps_per_epoch=3, epochs=2, verbose=0, validation_data=batches(), validation_steps=2, workers=2,
        max_queue_size=3, use_multiprocessing=False, callbacks=[],
    )  # fmt: skip
    wanted = new.fit(
        batches(), steps_per_epoch=3, epochs=2, verbose=0, validation_data=batches(), validation_steps=2
    )  # fmt: skip
    assert found.history == wanted.history
    np.testing.assert_array_equal(old.get_weights()[0], new.get_weights()[0])
    assert old.evaluate_generator(batches(), 3) == old.evaluate(X, Y, batch_size=4, verbose=0)
    np.testing.assert_array_equal(old.predict_generator(batches(), steps=3), old.predict(X, batch_size=4, verbose=0))


def test_keras_1_counts_samples():
    old, new = fresh(), fresh()
    found = old.fit_generator(
        batches(), samples_per_epoch=10, nb_epoch=3, verbose=0, validation_data=batches(), nb_val_samples=12,
        max_q_size=2, nb_worker=2, pickle_safe=True,
    )  # fmt: skip
    wanted = new.fit(
        batches(), steps_per_epoch=3, epochs=3, verbose=0, validation_data=batches(), validation_steps=3
    )  # fmt: skip
    assert found.history == wanted.history
    assert old.evaluate_generator(batches(), val_samples=12) == old.evaluate(X, Y, batch_size=4, verbose=0)
    assert old.predict_generator(batches(), val_samples=8).shape == (8, 1)


def test_sequences_say_how_large_their_batches_are():
    old, new = fresh(), fresh()
    found = old.fit_generator(Numbered(), samples_per_epoch=10, nb_epoch=2, verbose=0, shuffle=False)
    wanted = new.fit(Numbered(), steps_per_epoch=2, epochs=2, verbose=0, shuffle=False)
    assert found.history == wanted.history
    assert len(old.fit_generator(Numbered(), epochs=1, verbose=0).history["loss"]) == 1


@pytest.mark.parametrize("method", ["fit_generator", "evaluate_generator", "predict_generator"])
def test_unknown_keywords_are_refused(method):
    with pytest.raises(TypeError, match=f"{method}.. has no argument `sample`"):
        getattr(fresh(), method)(batches(), sample=3)


def test_classes_of_sequential_models():
    softmax = keras.Sequential([keras.Input((3,)), keras.layers.Softmax()])
    assert softmax.predict_classes(np.array([[1.0, 3.0, 2.0], [4.0, 3.0, 2.0]])).tolist() == [1, 0]
    sigmoid = keras.Sequential([keras.Input((1,)), keras.layers.Activation("sigmoid")])
    found = sigmoid.predict_classes(np.array([[-1.0], [2.0]]))
    assert found.tolist() == [[0], [1]] and found.dtype == "int32"
    np.testing.assert_array_equal(sigmoid.predict_proba(X[:, :1]), sigmoid.predict(X[:, :1], verbose=0))
    assert not hasattr(keras.Model(sigmoid.inputs, sigmoid.outputs), "predict_classes")  # as in Keras 2
