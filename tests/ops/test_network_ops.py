"""Convolution, pooling, losses, normalisation and recurrent layers against numbers from TensorFlow and Keras."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.golden import recipes
from weft.autodiff import reverse
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder

GOLDEN = recipes.Golden("network_ops")
OPS = {"transposed": "conv_input_gradient", "depthwise": "depthwise_conv"}


def call(op, *inputs, **attrs):
    """Runs an op on arrays, its types checked as eager code checks them."""
    record = opdef.get(op)
    arrays = [np.asarray(a) for a in inputs]
    complete = record.complete(attrs)
    record.infer([TensorType(a.shape, dtypes.as_dtype(a.dtype)) for a in arrays], complete)
    found = interpreter.evaluate(record, arrays, complete)
    return found[0] if len(found) == 1 else found


def call_with_gradients(op, inputs, attrs, cotangents):
    """The outputs, and the cotangents of all floating inputs given those of the outputs."""
    graph = Graph()
    b = GraphBuilder(graph)
    values = [graph.add_input(TensorType(a.shape, dtypes.as_dtype(a.dtype))) for a in inputs]
    outputs = b.call(op, *values, **attrs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    given = {i: graph.add_input(TensorType(c.shape, dtypes.as_dtype(c.dtype))) for i, c in cotangents.items()}
    sources = [v for v in values if v.dtype.is_floating]
    records = [node for node in graph.nodes if node.op != "input"]
    found = reverse.reverse(records, [outputs[i] for i in given], list(given.values()), sources, b)
    graph.outputs = [*outputs, *found]
    results = interpreter.run(graph, [*inputs, *cotangents.values()])
    return results[: len(outputs)], results[len(outputs) :]


def as_tuples(attrs):
    """JSON's lists as the tuples that attributes are."""
    return {k: as_tuple(v) for k, v in attrs.items()}


def as_tuple(value):
    return tuple(as_tuple(item) for item in value) if isinstance(value, list) else value


def close(found, expected, tolerance=2e-5):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


WITH_GRADIENTS = [name for name, case in GOLDEN.cases.items() if f"{name}/cotangent" in GOLDEN.arrays]


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_values_and_gradients_are_tensorflow_s(name):
    case = GOLDEN.cases[name]
    op = OPS.get(case["kind"], case["kind"])
    inputs = GOLDEN.series(f"{name}/input")
    extra = [GOLDEN[f"{name}/{part}"] for part in ("labels", "label_length", "logit_length") if op == "ctc_loss"]
    outputs, gradients = call_with_gradients(
        op, [*inputs, *extra], as_tuples(case["attrs"]), {0: GOLDEN[f"{name}/cotangent"]}
    )
    close(outputs[0], GOLDEN[f"{name}/output"])
    for found, expected in zip(gradients, GOLDEN.series(f"{name}/gradient"), strict=True):
        close(found, expected)


@pytest.mark.parametrize("name", [n for n, c in GOLDEN.cases.items() if c["kind"] == "argmax"])
def test_argmax_of_pooling_is_the_first_greatest(name):
    y, places = call("max_pool_with_argmax", GOLDEN[f"{name}/input/0"], **as_tuples(GOLDEN.cases[name]["attrs"]))
    np.testing.assert_array_equal(y, GOLDEN[f"{name}/output"])
    np.testing.assert_array_equal(places, GOLDEN[f"{name}/argmax"])


def test_ctc_decoders():
    logits, lengths = GOLDEN["ctc_decoders/input/0"], GOLDEN["ctc_decoders/lengths"]
    found, count, score = call("ctc_greedy_decoder", logits, lengths)
    expected = GOLDEN["ctc_decoders/greedy"]
    np.testing.assert_array_equal(found[:, : expected.shape[1]], expected)
    np.testing.assert_array_equal(count, (expected >= 0).sum(axis=1))
    close(score, GOLDEN["ctc_decoders/greedy_score"])
    found, count, score = call("ctc_beam_search_decoder", logits, lengths, beam_width=100, top_paths=2)
    for path, expected in zip(found, GOLDEN.series("ctc_decoders/beam"), strict=True):
        np.testing.assert_array_equal(path[:, : expected.shape[1]], expected)
    close(score, GOLDEN["ctc_decoders/beam_score"])


# Layout --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conv2d_same_even_stride", "conv2d_groups", "conv3d", "conv1d"])
def test_channels_first_is_the_transposed_computation(name):
    attrs = as_tuples(GOLDEN.cases[name]["attrs"])
    x, kernel = GOLDEN.series(f"{name}/input")
    y = call("conv", np.moveaxis(x, -1, 1), kernel, **attrs, data_format="channels_first")
    close(np.moveaxis(y, 1, -1), GOLDEN[f"{name}/output"])


def test_an_empty_batch_keeps_its_shape():
    x, kernel = np.zeros((0, 5, 5, 2), np.float32), np.ones((3, 3, 2, 4), np.float32)
    ct = np.zeros((0, 3, 3, 4), np.float32)
    (y,), (to_x, to_kernel) = call_with_gradients("conv", [x, kernel], dict(strides=(1, 1), dilations=(1, 1)), {0: ct})
    assert (y.shape, to_x.shape) == ((0, 3, 3, 4), x.shape)
    np.testing.assert_array_equal(to_kernel, np.zeros_like(kernel))


def test_large_images_are_computed_in_pieces():
    # Windows of one image alone exceed what is unfolded at a time.
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1, 90, 90, 16)).astype(np.float32)
    few = rng.standard_normal((1, 300, 300, 2)).astype(np.float32)
    for image, kernel in ((x, (3, 3, 16, 4)), (few, (3, 3, 2, 4))):
        weights = rng.standard_normal(kernel).astype(np.float32)
        attrs = dict(strides=(2, 1), dilations=(1, 1), padding="SAME")
        y = call("conv", image, weights, **attrs)
        at = (0, 11, 37)
        rows = image[0, 2 * at[1] : 2 * at[1] + 3, at[2] - 1 : at[2] + 2]
        close(y[at], np.einsum("hwc,hwcf->f", rows, weights), 1e-4)
        ct = np.zeros_like(y)
        ct[at] = 1
        _, (to_x, to_kernel) = call_with_gradients("conv", [image, weights], attrs, {0: ct})
        close(to_kernel, np.repeat(rows[..., None], kernel[-1], axis=-1))
        close(to_x[0, 2 * at[1] : 2 * at[1] + 3, at[2] - 1 : at[2] + 2], weights.sum(axis=-1))


# Not-a-number and infinities -----------------------------------------------------------------------------------------


def test_max_pool_prefers_numbers_to_nan():
    x = np.array([1, np.nan, np.nan, 3, np.nan, np.nan, -np.inf, -np.inf], np.float32).reshape(1, 8, 1)
    attrs = dict(window=(2,), strides=(2,), dilations=(1,))
    (y,), (to_x,) = call_with_gradients("max_pool", [x], attrs, {0: np.ones((1, 4, 1), np.float32)})
    np.testing.assert_array_equal(y.ravel(), [1, 3, np.nan, -np.inf])
    np.testing.assert_array_equal(to_x.ravel(), [1, 0, 0, 1, 1, 0, 1, 0])


def test_padding_never_wins():
    x = np.full((1, 3, 3, 1), -np.inf, np.float32)
    attrs = dict(window=(2, 2), strides=(2, 2), dilations=(1, 1), padding="SAME")
    ct = np.arange(1, 5, dtype=np.float32).reshape(1, 2, 2, 1)
    _, (to_x,) = call_with_gradients("max_pool", [x], attrs, {0: ct})
    np.testing.assert_array_equal(to_x[0, ..., 0], [[1, 0, 2], [0, 0, 0], [3, 0, 4]])
    lowest = np.full((1, 3, 3, 1), np.iinfo(np.int32).min, np.int32)
    places = call("max_pool_with_argmax", lowest, **attrs)[1]
    np.testing.assert_array_equal(places.ravel(), [0, 2, 6, 8])


def test_an_excluded_class_does_not_spoil_a_sparse_cross_entropy():
    logits = np.array([[-np.inf, 0.0, 1.0]], np.float32)
    close(call("sparse_softmax_cross_entropy_with_logits", logits, np.array([1])), [np.log(1 + np.e)])


def test_impossible_sequences_have_a_finite_ctc_loss_and_no_gradient():
    logits = np.zeros((2, 1, 3), np.float32)
    extra = [np.array([[1, 1]]), np.array([2]), np.array([2])]
    (loss,), (gradient,) = call_with_gradients("ctc_loss", [logits, *extra], {}, {0: np.ones(1, np.float32)})
    assert 700 < loss[0] < 710
    assert not gradient.any()


# Refusals ------------------------------------------------------------------------------------------------------------

IMAGE = np.zeros((2, 5, 5, 3), np.float32)
PLAIN = dict(strides=(1, 1), dilations=(1, 1))
REFUSED = {
    "channels": (("conv", IMAGE, np.zeros((3, 3, 4, 8), np.float32)), PLAIN, "has 3 channels.*takes 4"),
    "groups": (("conv", IMAGE, np.zeros((3, 3, 1, 8), np.float32)), {**PLAIN, "groups": 3}, "8 output channels"),
    "kernel rank": (("conv", IMAGE, np.zeros((3, 3, 3), np.float32)), PLAIN, "the kernel has shape"),
    "too few axes": (("conv", IMAGE[0, 0], np.zeros((3, 3, 3), np.float32)), PLAIN, "of rank 2"),
    "too large": (("conv", IMAGE, np.zeros((9, 9, 3, 8), np.float32)), PLAIN, "a window of 9 does not fit"),
    "strides": (("max_pool", IMAGE), dict(window=(2, 2), strides=(2,), dilations=(1, 1)), "`strides` has 1 entries"),
    "padding": (("max_pool", IMAGE), dict(window=(2, 2), strides=(2, 2), dilations=(1, 1), padding="FULL"), "'FULL'"),
    "output shape": (("conv_input_gradient", IMAGE, np.zeros((3, 3, 4, 3), np.float32)),
                     dict(input_shape=(2, 9, 9, 4), **PLAIN), "the cotangent has shape"),
    "one-hot labels": (("sparse_softmax_cross_entropy_with_logits", np.zeros((2, 3)), np.eye(3, dtype=int)[:2]), {},
                       "one-hot"),
    "label column": (("sparse_softmax_cross_entropy_with_logits", np.zeros((2, 3)), np.zeros((2, 1), int)), {},
                     "squeeze"),
    "dense labels": (("softmax_cross_entropy_with_logits", np.zeros((2, 3)), np.zeros(2)), {}, "sparse cross-entropy"),
    "group count": (("group_norm", np.zeros((2, 6)), np.zeros(6), np.zeros(6)), dict(groups=4), "6 channels"),
    "state": (("simple_rnn_sequence", np.zeros((2, 3, 4)), np.zeros((2, 7)), np.zeros((4, 5)), np.zeros((5, 5)),
               np.zeros(5)), {}, "`h` has shape"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_what_is_wrong(name):
    (op, *inputs), attrs, pattern = REFUSED[name]
    with pytest.raises(InvalidArgumentError, match=pattern):
        call(op, *inputs, **attrs)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 1, 3], "label 3 in row 2 is out of range: there are 3 classes, so labels run from 0 to 2.*subtract 1"),
        ([1, 2, 3], "subtract 1"),
        ([0, -1, 2], "label -1 in row 1.*missing"),
        ([0, 7, 9], "label 7 in row 1 \\(and 1 more\\).*at least 10 units"),
    ],
)
def test_labels_out_of_range(labels, says):
    if labels == [0, 1, 3]:  # zero occurs: they do not count from 1
        says = says.replace("subtract 1", "at least 4 units")
    with pytest.raises(ValueError, match=re.compile(says, re.DOTALL)):
        call("sparse_softmax_cross_entropy_with_logits", np.zeros((3, 3), np.float32), np.array(labels))


# Recurrent layers against Keras --------------------------------------------------------------------------------------

LAYERS = recipes.Golden("keras_layers")
RECURRENT = {"LSTM": "lstm_sequence", "GRU": "gru_sequence", "SimpleRNN": "simple_rnn_sequence"}
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def recurrent_cases():
    for name, case in LAYERS.cases.items():
        if case.get("layer") in RECURRENT and case["kind"] == "plain":
            yield name


@pytest.mark.parametrize("name", list(recurrent_cases()))
def test_recurrent_layers_are_keras_s(name):
    case, config = LAYERS.cases[name], LAYERS.cases[name]["config"]
    layer, units = case["layer"], config["units"]
    states = 2 if layer == "LSTM" else 1
    (x,), weights = LAYERS.series(f"{name}/input"), LAYERS.series(f"{name}/weight")
    initial = LAYERS.series(f"{name}/initial_state") if f"{name}/initial_state/0" in LAYERS.arrays else (
        [np.zeros((len(x), units), np.float32)] * states)  # fmt: skip
    bias = weights[2] if len(weights) > 2 else np.zeros((2, 3 * units) if layer == "GRU" else GATES[layer] * units,
                                                        np.float32)  # fmt: skip
    mask = [LAYERS[f"{name}/mask"]] if f"{name}/mask" in LAYERS.arrays else []
    attrs = {k: config[k] for k in ("activation", "recurrent_activation", "go_backwards") if k in config}
    expected, cts = LAYERS.series(f"{name}/output"), LAYERS.series(f"{name}/cotangent")
    shown = np.ones((*x.shape[:2], 1), np.float32)
    if config.get("zero_output_for_mask"):  # what is shown at masked steps is the layer's business
        shown = mask[0][..., None].astype(np.float32)
    places = dict(enumerate(cts)) if config.get("return_sequences") else {i + 1: c for i, c in enumerate(cts)}
    if not config.get("return_sequences") and len(cts) > 1:  # Keras repeats the last state as its output
        places = {1: cts[0] + cts[1], **{i: c for i, c in enumerate(cts) if i > 1}}
    if 0 in places:
        places[0] = places[0] * shown
    outputs, gradients = call_with_gradients(RECURRENT[layer], [x, *initial, *weights[:2], bias, *mask], attrs, places)
    outputs[0] = outputs[0] * shown
    found = outputs if config.get("return_sequences") else [outputs[1], *outputs[1:]]
    for value, wanted in zip(found, expected, strict=False):
        close(value, wanted)
    close(gradients[0], LAYERS[f"{name}/grad_input/0"], 1e-4)
    for found_weight, wanted in zip(gradients[1 + states :], LAYERS.series(f"{name}/grad_weight"), strict=False):
        close(found_weight, wanted, 1e-4)
