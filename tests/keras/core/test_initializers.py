"""First values of weights: distributions as in Keras, names, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.golden import recipes
from weft import keras
from weft.keras.initializers import windows

GOLDEN = recipes.Golden("initializers")


def cases(kind: str) -> list[str]:
    return [name for name, case in GOLDEN.cases.items() if case["kind"] == kind]


def make(name: str, **more: Any) -> Any:
    case = GOLDEN.cases[name]
    return getattr(keras.initializers, case["initializer"])(**{**case["config"], **more})


@pytest.mark.parametrize("name", cases("random"))
def test_distribution(name: str) -> None:
    shape = tuple(GOLDEN.cases[name]["shape"])
    wanted = int(GOLDEN[f"{name}/count"]) if f"{name}/count" in GOLDEN else 60 * int(np.prod(shape))
    draws = max(1, wanted // int(np.prod(shape)))
    values = np.concatenate([np.asarray(make(name, seed=seed)(shape)).ravel() for seed in range(draws)])
    deviation = float(GOLDEN[f"{name}/std"])
    tolerance = 5 * deviation / np.sqrt(values.size) + 0.01 * deviation
    assert abs(values.mean() - float(GOLDEN[f"{name}/mean"])) < tolerance
    assert abs(values.std() - deviation) < 5 * deviation / np.sqrt(values.size) + 0.01 * deviation
    found = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(
        found, GOLDEN[f"{name}/quantiles"], atol=8 * deviation / np.sqrt(values.size) + 0.02 * deviation
    )


@pytest.mark.parametrize("name", cases("fixed"))
def test_fixed(name: str) -> None:
    np.testing.assert_array_equal(np.asarray(make(name)(tuple(GOLDEN.cases[name]["shape"]))), GOLDEN[f"{name}/value"])


@pytest.mark.parametrize("name", cases("orthogonal"))
def test_orthogonal(name: str) -> None:
    shape = tuple(GOLDEN.cases[name]["shape"])
    matrix = np.asarray(make(name, seed=1)(shape)).reshape(-1, shape[-1])
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, GOLDEN[f"{name}/gram"], atol=2e-4)


def test_an_integer_seed_gives_the_same_values_at_every_call() -> None:
    initializer = keras.initializers.GlorotUniform(seed=3)
    np.testing.assert_array_equal(initializer((4, 5)), initializer((4, 5)))
    assert not np.array_equal(initializer((4, 5)), keras.initializers.GlorotUniform(seed=4)((4, 5)))


def test_a_generator_gives_others_at_every_call() -> None:
    initializer = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(3))
    assert not np.array_equal(initializer((4, 5)), initializer((4, 5)))


@pytest.mark.parametrize(
    ("identifier", "cls"),
    [
        ("glorot_uniform", "GlorotUniform"), ("GlorotUniform", "GlorotUniform"), ("he_normal", "HeNormal"),
        ("uniform", "RandomUniform"), ("normal", "RandomNormal"), ("zeros", "Zeros"), ("one", "Ones"),
        ("orthogonal", "Orthogonal"), ("identity", "Identity"), ("lecun_uniform", "LecunUniform"),
        ({"class_name": "HeUniform", "config": {"seed": 1}}, "HeUniform"),
    ],
)  # fmt: skip
def test_names(identifier: Any, cls: str) -> None:
    assert type(keras.initializers.get(identifier)).__name__ == cls


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="no initializer named 'glorot_unifrom'.*`glorot_uniform`"):
        keras.initializers.get("glorot_unifrom")


@pytest.mark.parametrize("name", ["GlorotUniform", "RandomNormal", "VarianceScaling", "Orthogonal", "Constant"])
def test_configuration_round_trip(name: str) -> None:
    first = getattr(keras.initializers, name)()
    again = keras.initializers.deserialize(keras.initializers.serialize(first))
    assert type(again) is type(first)
    assert again.get_config() == first.get_config()


def test_half_precision() -> None:
    assert keras.initializers.HeNormal(seed=1)((3, 4), dtype="bfloat16").dtype == "bfloat16"


def test_small_names_are_the_classes() -> None:
    names = """constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones
        orthogonal random_normal random_uniform truncated_normal variance_scaling zeros""".split()
    for name in names:
        found = getattr(keras.initializers, name)
        assert found is getattr(keras.initializers, "".join(part.capitalize() for part in name.split("_")))
    assert np.asarray(keras.initializers.constant(2.0)((2,))).tolist() == [2.0, 2.0]


def test_axes_say_what_counts_as_input_and_output() -> None:
    shape = (20, 30, 40)
    for axes, variance in (
        ({}, 2 / (20 * 30 + 20 * 40)),
        ({"input_axes": (0, 1), "output_axes": 2}, 2 / (600 + 40)),
        ({"input_axes": [0], "output_axes": [2]}, 2 / (20 + 40)),
    ):
        drawn = np.asarray(keras.initializers.GlorotUniform(seed=1, **axes)(shape))
        np.testing.assert_allclose(drawn.var(), variance, rtol=0.03)
    config = keras.initializers.HeNormal(seed=1, input_axes=0, output_axes=(1, 2)).get_config()
    assert config == {"seed": 1, "input_axes": (0,), "output_axes": (1, 2)}
    with pytest.raises(ValueError, match="output_axes"):
        keras.initializers.HeNormal(input_axes=(0,))


def test_projections_of_attention_count_all_heads_as_output() -> None:
    layer = keras.layers.MultiHeadAttention(4, 5)
    layer.build((1, 3, 200), (1, 3, 200))
    kernels = [np.asarray(weight).std() for weight in layer.weights if weight.path.endswith("kernel")]
    np.testing.assert_allclose(kernels, np.sqrt(2 / 220), rtol=0.05)


def test_stft_kernels_are_waves_under_a_window() -> None:
    real = np.asarray(keras.initializers.STFT("real", scaling=None, periodic=True)((8, 1, 5)))[:, 0]
    imag = np.asarray(keras.initializers.STFT("imag", scaling=None, periodic=True)((8, 1, 5)))[:, 0]
    x = np.random.default_rng(0).normal(size=8)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(8) / 8)
    np.testing.assert_allclose(x @ real + 1j * (x @ imag), np.fft.rfft(x * window), atol=1e-5)
    again = keras.initializers.deserialize(keras.initializers.serialize(keras.initializers.STFT("real")))
    assert isinstance(again, keras.initializers.STFT) and again.side == "real"
    for arguments in (("both",), ("real", "square"), ("real", "hann", "power")):
        with pytest.raises(ValueError):
            keras.initializers.STFT(*arguments)((4, 1, 3))


@pytest.mark.parametrize(("name", "symmetric", "periodic"), [  # SciPy 1.17's values
    ("blackman", [0.0, 0.34, 1.0, 0.34, 0.0], [0.0, 0.2007701, 0.8492299, 0.8492299, 0.2007701]),
    ("triang", [1 / 3, 2 / 3, 1.0, 2 / 3, 1 / 3], [1 / 6, 0.5, 5 / 6, 5 / 6, 0.5]),
    ("tukey", [0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.9045085, 1.0, 1.0, 0.9045085]),
    ("parzen", [0.016, 0.424, 1.0, 0.424, 0.016], [0.00925926, 0.25, 0.86111111, 0.86111111, 0.25]),
    ("bohman", [0.0, 0.31830989, 1.0, 0.31830989, 0.0], [0.0, 0.17912389, 0.8343114, 0.8343114, 0.17912389]),
])  # fmt: skip
def test_windows_by_name(name: str, symmetric: list[float], periodic: list[float]) -> None:
    np.testing.assert_allclose(windows.of_length(name, 5, False), symmetric, atol=1e-7)
    np.testing.assert_allclose(windows.of_length(name, 5, True), periodic, atol=1e-7)
    kernel = keras.initializers.STFT("real", name, None)((5, 1, 3))
    np.testing.assert_allclose(kernel[:, 0, 0], symmetric, atol=1e-6)


def test_a_window_of_numbers_goes_into_configurations() -> None:
    made = keras.initializers.STFT("real", [1.0, 2.0, 3.0, 4.0])
    assert made.get_config()["window"] == [1.0, 2.0, 3.0, 4.0]


def test_first_values_from_one_seed_are_those_of_keras():
    """Each initializer draws one seed, when it is made; the numbers are Keras 3.15's."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    first, second = (layer.kernel.numpy().ravel()[:3] for layer in model.layers)
    np.testing.assert_allclose(first, [0.02904183, -0.35354847, 0.627529], rtol=1e-6)
    np.testing.assert_allclose(second, [-0.38827, -0.66488, -0.48197], atol=1e-5)
    shared = keras.initializers.RandomNormal()
    assert keras.layers.Dense(2, kernel_initializer=shared).kernel_initializer is shared


def test_initializers_answer_to_their_classes_older_names() -> None:
    for name, kind in (("STFTInitializer", "STFT"), ("OrthogonalInitializer", "Orthogonal")):
        options = {"side": "real"} if kind == "STFT" else {}
        found = keras.initializers.get({"class_name": name, "config": options})
        assert isinstance(found, getattr(keras.initializers, kind))
