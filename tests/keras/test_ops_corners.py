"""Functions of `keras.ops` on symbolic, sparse and oddly shaped arguments, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import ops

Symbol = keras.KerasTensor


class TestSymbolicArguments:
    @pytest.mark.parametrize(
        ("call", "shape"),
        [
            (lambda: ops.cond(Symbol((), "bool"), lambda: ops.ones((2,)), lambda: ops.zeros((2,))), (2,)),
            (lambda: ops.switch(Symbol((), "int32"), [ops.add, ops.subtract], Symbol((2,)), Symbol((2,))), (2,)),
            (lambda: ops.while_loop(lambda a: True, lambda a: a + 1, Symbol((2,))), (2,)),
            (lambda: ops.fori_loop(0, 3, lambda i, a: a + 1, Symbol((3,))), (3,)),
            (lambda: ops.map(lambda row: row[0], Symbol((None, 3))), (None,)),
            (lambda: ops.associative_scan(ops.add, Symbol((None, 3))), (None, 3)),
            (lambda: ops.associative_scan(ops.add, Symbol((2, None)), reverse=True, axis=1), (2, None)),
            (lambda: ops.vectorized_map(lambda row: row * 2, Symbol((5, 3))), (5, 3)),
            (lambda: ops.scan(lambda c, row: (c + row, c), Symbol((3,)), Symbol((None, 3)))[1], (None, 3)),
            (lambda: ops.nanquantile(Symbol((None, 3)), 0.5, axis=1), (None,)),
            (lambda: ops.take_along_axis(Symbol((None, 3)), Symbol((1, 3), "int32"), axis=0), (1, 3)),
            (lambda: ops.squeeze(Symbol((None, 1))), (None,)),
            (lambda: ops.repeat(Symbol((2, 3)), [1, 2], axis=0), (3, 3)),
            (lambda: ops.array_split(Symbol((None, 4)), 2)[1], (None, 4)),
            (lambda: ops.sparsemax(Symbol((2, None))), (2, None)),
            (lambda: ops.image.crop_images(Symbol((None, None, 3)), 2, 3, target_height=8, target_width=9), (8, 9, 3)),
            (lambda: ops.image.pad_images(Symbol((None, 4, 3)), 2, 3, 1, 2), (None, 9, 3)),
            (lambda: ops.image.elastic_transform(Symbol((None, 8, 8, 3))), (None, 8, 8, 3)),
        ],
    )
    def test_shapes(self, call: Any, shape: tuple[int | None, ...]) -> None:
        assert call().shape == shape

    def test_control_flow_in_a_model(self) -> None:
        x = keras.Input((3,))
        doubled = ops.vectorized_map(lambda row: row * 2, x)
        model = keras.Model(x, ops.while_loop(lambda a: ops.sum(a) < 50, lambda a: a * 2, doubled))
        assert model(np.ones((2, 3), "float32")).numpy().tolist() == [[16.0] * 3] * 2


def test_rows_of_lu_factors() -> None:
    x = np.random.RandomState(3).rand(4, 4).astype("float32")
    factors, rows = (np.asarray(one) for one in ops.lu_factor(x))
    assert rows.tolist() == [3, 0, 1, 2]  # as Keras 3.15 on TensorFlow
    np.testing.assert_allclose(((np.tril(factors, -1) + np.eye(4)) @ np.triu(factors))[rows], x, rtol=1e-5)


class TestSparseArguments:
    sparse = tf.SparseTensor([[0, 0], [1, 2]], [1.0, 2.0], (2, 3))
    dense = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]], "float32")

    @pytest.mark.parametrize("name", ["add", "subtract", "maximum", "matmul"])
    def test_with_a_dense_tensor(self, name: str) -> None:
        other = np.ones((3, 2) if name == "matmul" else (2, 3), "float32")
        np.testing.assert_allclose(getattr(ops, name)(self.sparse, other), getattr(ops, name)(self.dense, other))

    def test_alone(self) -> None:
        np.testing.assert_allclose(ops.softmax(self.sparse), ops.softmax(self.dense))
        assert isinstance(ops.abs(self.sparse), tf.SparseTensor)
        assert not isinstance(ops.convert_to_tensor(self.sparse, sparse=False), tf.SparseTensor)

    @pytest.mark.parametrize("name", ["add", "subtract", "maximum", "minimum", "multiply", "divide"])
    def test_with_another(self, name: str) -> None:
        rows = tf.IndexedSlices([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [1, 0], (2, 3))
        others = [(self.sparse, tf.SparseTensor([[0, 0], [0, 2]], [3.0, 4.0], (2, 3))), (self.sparse, 2.0),
                  (rows, tf.IndexedSlices([[1.0, 0.0, 3.0]], [1], (2, 3))),
                  (self.sparse, np.float32([[1, 0, np.nan if name == "divide" else 3], [0, 2, 4]]))]  # fmt: skip
        kept = {"multiply": (True,) * 4, "divide": (False, True, False, True)}.get(name, (True, False, True, False))
        for (x, y), sparse in zip(others, kept, strict=True):
            found, wanted = getattr(ops, name)(x, y), getattr(ops, name)(*(ops.convert_to_tensor(one, sparse=False)
                                                                           for one in (x, y)))  # fmt: skip
            assert isinstance(found, (tf.SparseTensor, tf.IndexedSlices)) == sparse, (name, x, y)
            np.testing.assert_array_equal(ops.convert_to_tensor(found, sparse=False), wanted)

    def test_moved(self) -> None:
        moves = [lambda x: ops.transpose(x), lambda x: ops.reshape(x, (3, -1)), lambda x: ops.expand_dims(x, (0, -1)),
                 lambda x: ops.squeeze(ops.expand_dims(x, 1)), lambda x: ops.sum(x, axis=0),
                 lambda x: ops.concatenate([x, x], axis=1)]  # fmt: skip
        for move in moves:
            found = move(self.sparse)
            assert isinstance(found, tf.SparseTensor)
            np.testing.assert_array_equal(tf.sparse.to_dense(tf.sparse.reorder(found)), move(self.dense))

    def test_symbolic_tensors_know(self) -> None:
        x, y = keras.Input((3,), sparse=True), keras.Input((3,))
        assert [ops.sin(x).sparse, ops.exp(x).sparse, (ops.add(x, y)).sparse, ops.multiply(x, y).sparse] == [
            True, False, False, True]  # fmt: skip
        assert ops.one_hot(keras.Input((), dtype="int32"), 3, sparse=True).sparse
        assert keras.layers.Add()([x, x]).sparse and not keras.layers.Dense(2)(x).sparse

    def test_layers(self) -> None:
        rng = np.random.default_rng(0)
        for layer, takes in [(keras.layers.Dense(2), 1), (keras.layers.Flatten(), 1), (keras.layers.Identity(), 1),
                             (keras.layers.Average(), 2), (keras.layers.Multiply(), 2), (keras.layers.Dot(1), 2),
                             (keras.layers.Concatenate(), 2), (keras.layers.Minimum(), 2)]:  # fmt: skip
            arrays = [np.where(rng.random((4, 3)) < 0.5, 0, rng.random((4, 3))).astype("float32") for _ in range(takes)]
            dense, sparse = ([make(one) for one in arrays] for make in (tf.constant, tf.sparse.from_dense))
            wanted = layer(dense if takes > 1 else dense[0])
            found = layer(sparse if takes > 1 else sparse[0])
            np.testing.assert_allclose(ops.convert_to_tensor(found, sparse=False), wanted, rtol=1e-6)
        assert keras.layers.Embedding(3, 2)(tf.ragged.constant([[1], [2, 0]])).shape.as_list() == [2, None, 2]

    def test_gradient_is_that_of_a_dense_product(self) -> None:
        weights, found = tf.Variable(np.ones((3, 2), "float32")), []
        for x in (self.sparse, tf.constant(self.dense)):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(ops.matmul(x, weights) ** 2)
            found.append(tape.gradient(total, weights))
        assert isinstance(found[0], tf.Tensor)
        np.testing.assert_allclose(*found)

    def test_sparse_results(self) -> None:
        for made, wanted in [
            (ops.one_hot([0, 2, -1], 3, sparse=True), ops.one_hot([0, 2, -1], 3)),
            (ops.multi_hot([[0, 2]], 3, sparse=True), ops.multi_hot([[0, 2]], 3)),
            (ops.bincount([0, 2, 2], sparse=True), ops.bincount([0, 2, 2])),
        ]:
            assert isinstance(made, tf.SparseTensor)
            np.testing.assert_array_equal(tf.sparse.to_dense(made), wanted)

    def test_shapes_of_ragged_tensors(self) -> None:
        assert ops.shape(tf.ragged.constant([[1], [2, 3]])) == (2, None)


class TestWhatTheyTake:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_slices_by_ragged_numbers(self, axis: int) -> None:
        x = np.arange(60.0).reshape(3, 4, 5)
        numbers = tf.ragged.constant([[2], [0, -1, 1]])
        found = ops.take(x, numbers, axis=axis)
        assert isinstance(found, tf.RaggedTensor)
        rows = [np.take(x, row, axis=axis) for row in ([2], [0, -1, 1])]
        longer = np.zeros((*x.shape[:axis], 2, 3, *x.shape[axis + 1 :]))
        longer[(slice(None),) * axis + (0, slice(0, 1))] = rows[0]
        longer[(slice(None),) * axis + (1,)] = rows[1]
        np.testing.assert_array_equal(ops.convert_to_numpy(found), longer)

    def test_parts_that_begin_where_only_a_run_knows(self) -> None:
        split = tf.function(lambda x, places: ops.split(x, places, axis=1))
        for found, wanted in zip(split(np.arange(8).reshape(2, 4), np.array([1, 3])), ([[0], [4]], [[1, 2], [5, 6]])):
            np.testing.assert_array_equal(found, wanted)

    def test_counts_of_sparse_rows(self) -> None:
        x = tf.SparseTensor([[0, 1], [1, 2], [1, 3]], [1, 0, 3], (2, 4))
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.bincount(x)), [[0, 1, 0, 0], [1, 0, 0, 1]])
        weights = tf.SparseTensor(x.indices, [5, 6, 7], (2, 4))
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.bincount(x, weights)), [[0, 5, 0, 0], [6, 0, 0, 7]])

    def test_one_axis_in_a_tuple(self) -> None:
        np.testing.assert_array_equal(ops.nancumsum([[1.0, np.nan], [2.0, 3.0]], axis=(0,)), [[1, 0], [3, 3]])

    def test_places_in_a_sequence_of_unknown_length(self) -> None:
        assert ops.searchsorted(Symbol((None,)), Symbol((2, 3))).dtype == "int64"
        assert ops.searchsorted([1.0, 2.0], [1.5]).dtype == "int32"

    def test_numbers_of_another_kind_are_cast(self) -> None:
        assert ops.convert_to_tensor([[1, 0]], dtype="bool").numpy().tolist() == [[True, False]]
        assert int(ops.convert_to_tensor(1.7, dtype="int32")) == 1

    def test_one_shift_for_several_axes(self) -> None:
        np.testing.assert_array_equal(ops.roll(np.eye(3), 1, axis=[0, 1]), np.roll(np.eye(3), 1, axis=(0, 1)))

    def test_several_axes_of_a_softmax(self) -> None:
        x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
        found = keras.activations.log_softmax(x, axis=(1, 2))
        np.testing.assert_allclose(np.exp(found).sum((1, 2)), np.ones(2), rtol=1e-5)

    def test_parts_of_a_size_that_only_a_run_knows(self) -> None:
        split = tf.function(lambda x: ops.array_split(x, 3), input_signature=[tf.TensorSpec([None], "int32")])
        assert [part.numpy().tolist() for part in split(np.arange(5, dtype="int32"))] == [[0, 1], [2, 3], [4]]

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_sequence_losses_of_16_bits(self, dtype: str) -> None:
        logits = ops.cast(np.zeros((1, 3, 4)), dtype)
        assert ops.ctc_loss([[1, 2]], logits, [2], [3]).dtype == "float32"
        assert ops.ctc_decode(logits, [3])[1].dtype == "float32"

    @pytest.mark.parametrize(
        ("call", "kind", "words"),
        [
            (lambda: ops.flip(np.ones((2, 2)), axis=2), ValueError, "out of bounds"),
            (lambda: ops.swapaxes(np.ones((2, 2)), 0, 5), ValueError, "out of bounds"),
            (lambda: ops.take_along_axis(np.ones((2, 2)), [[0]], axis=3), ValueError, "out of bounds"),
            (lambda: ops.meshgrid([1], [2], indexing="kk"), ValueError, "indexing"),
            (lambda: ops.argpartition([3, 1], (1, 0)), ValueError, "kth"),
            (lambda: ops.repeat(np.ones((2, 3)), [1, 1, 1], axis=0), ValueError, "one count for each of the 2"),
            (lambda: ops.eye(3.0), TypeError, "integers"),
            (lambda: ops.transpose(np.ones((2, 3)), (0, 5)), ValueError, "an integer in .-2, 2."),
            (lambda: ops.transpose(np.ones((2, 3)), (0,)), ValueError, "same length as the input shape"),
            (lambda: ops.reshape(np.ones((2, 3)), (-1, -1)), ValueError, "at most one unknown dimension"),
            (lambda: ops.take(Symbol((3, 4)), Symbol((2,), "int32"), axis=5), ValueError, "axis 5 is out of bounds"),
            (lambda: ops.image.rgb_to_hsv(np.ones((4, 4, 2), "float32")), ValueError, "2 channels"),
            (lambda: ops.image.extract_patches(np.ones((4, 4, 2)), "5"), TypeError, "Expected an int or a tuple"),
            (lambda: ops.image.crop_images(np.ones((4, 4, 3)), -1, 0, 1, 1), ValueError, "`top_cropping` must be >= 0"),
        ],
    )
    def test_refused(self, call: Any, kind: type, words: str) -> None:
        with pytest.raises(kind, match=words):
            call()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int32"])
def test_integers_have_no_negative_powers(dtype: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative integer powers"):
        keras.ops.power(np.array([1, 250, 3], dtype), -3)
    assert keras.ops.power(np.array([1, 5], dtype), 2).numpy().tolist() == [1, 25]
    assert np.allclose(keras.ops.power(np.array([1.0, 2.0], "float32"), -1), [1.0, 0.5])


@pytest.mark.parametrize("name", ["max", "min"])
def test_an_empty_tensor_has_no_extreme_unless_there_is_an_initial_one(name: str) -> None:
    compute = getattr(keras.ops, name)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name}: an empty tensor has none"):
        compute(np.zeros((0, 3), "float32"))
    assert compute(np.zeros((0, 2), "float32"), axis=0, initial=2.0).numpy().tolist() == [2.0, 2.0]
