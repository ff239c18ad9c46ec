"""Feature columns in Keras models: one layer puts them side by side and holds their tables."""

import numpy as np
import pytest

import weft as tf
from weft import keras

columns = tf.feature_column


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["fixed", "normal", "other"], 120)
    ages = rng.integers(20, 80, 120)
    return {"kind": kinds, "age": ages}, ((ages > 50) & (kinds != "fixed")).astype(np.float32)


def wanted():
    kind = columns.categorical_column_with_vocabulary_list("kind", ["fixed", "normal", "other"])
    age = columns.bucketized_column(columns.numeric_column("age"), [30, 40, 50, 60])
    crossed = columns.crossed_column([age, kind], 100)
    return [age, columns.embedding_column(kind, 3), columns.indicator_column(crossed)]


def test_a_model_learns_from_a_table(table):
    keras.utils.set_random_seed(1)
    features, labels = table
    batches = tf.data.Dataset.from_tensor_slices((features, labels)).batch(30)
    model = keras.Sequential([keras.layers.DenseFeatures(wanted()), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    model.fit(batches, epochs=15, verbose=0)
    assert model.evaluate(batches, verbose=0)[1] > 0.95
    (weight,) = model.layers[0].weights
    assert weight.path.endswith(f"/{model.layers[0].name}/kind_embedding/embedding_weights")


def test_inputs_may_be_symbolic(table):
    features, _ = table
    inputs = {"kind": keras.Input((1,), dtype="string"), "age": keras.Input((1,))}
    layer = keras.layers.DenseFeatures(wanted())
    model = keras.Model(inputs, layer(inputs))
    given = {name: tf.constant(values[:, None]) for name, values in features.items()}
    assert model.output_shape[1] == 5 + 3 + 100
    assert np.array_equal(model(given), layer({name: tf.constant(values) for name, values in features.items()}))


def test_tables_are_shared_where_columns_share_them():
    first, second = (columns.categorical_column_with_identity(name, 4) for name in "ab")
    layer = keras.layers.DenseFeatures(columns.shared_embeddings([first, second], 2))
    found = layer({"a": [0, 3], "b": [3, 0]}).numpy()
    assert len(layer.weights) == 1 and np.array_equal(found[0, :2], found[1, 2:])


def test_sparse_features_are_taken():
    kind = columns.indicator_column(columns.categorical_column_with_identity("n", 4))
    sparse = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [1, 3, 1], [3, 2])
    found = keras.layers.DenseFeatures(kind)({"n": sparse})
    assert found.numpy().tolist() == [[0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_categories_must_be_made_dense():
    with pytest.raises(ValueError, match="embedding_column or indicator_column"):
        keras.layers.DenseFeatures([columns.categorical_column_with_identity("n", 4)])
