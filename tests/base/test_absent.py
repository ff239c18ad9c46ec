"""What is said about public names that are not there."""

from __future__ import annotations

import importlib
from functools import reduce
from typing import Any

import pytest

import weft as tf
import weft.compat.v1 as tf1
from weft import keras
from weft.base.absent import NOT_BUILT, absent, advice

ROOTS: dict[str, Any] = {"tf": tf, "tf1": tf1, "keras": keras}


def look_up(path: str) -> Any:
    root, *names = path.split(".")
    return reduce(getattr, names, ROOTS[root])


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("tf.lite", ("leaves out `tf.lite` on purpose", "model.save(")),
        ("tf.nn.rleu", ("no `tf.nn.rleu`", "Did you mean `relu`")),
        ("tf.matmull", ("no `tf.matmull`", "Did you mean `matmul`")),
        ("tf.linalg.no_such_thing_at_all", ("`tf.linalg.no_such_thing_at_all`", "may not be built yet")),
        ("tf.Session", ("`tf.Session` is TensorFlow 1's", "tf.compat.v1.Session", "--dialect v1")),
        ("tf1.contrib.tpu", ("no `tf.contrib.tpu` yet", "keras.layers")),
        ("tf1.nn.rleu", ("no `tf.nn.rleu`", "Did you mean `relu`")),
        ("keras.layers.Dens", ("no `keras.layers.Dens`", "Did you mean `Dense`")),
        ("keras.applications.VGG16", ("no `keras.applications` yet", "next: ")),
        ("keras.dtype_policies.GPTQDTypePolicy", ("no `keras.dtype_policies.GPTQDTypePolicy` yet", "quantization")),
        ("keras.quantizers", ("no `keras.quantizers` yet", "quantization is not built")),
        ("keras.datasets.cifar10", ("no `keras.datasets.cifar10` yet", "keras.utils.get_file")),
        ("keras.utils.multi_gpu_model", ("no `keras.utils.multi_gpu_model` yet", "MirroredStrategy")),
        ("keras.visualization", ("no `keras.visualization` yet", "matplotlib")),
    ],
)
def test_names_that_are_not_there(path: str, texts: tuple[str, ...]) -> None:
    with pytest.raises(AttributeError) as caught:
        look_up(path)
    assert all(text in str(caught.value) for text in texts), str(caught.value)


def test_methods_of_models_that_are_not_there() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(AttributeError, match="'Sequential' object has no attribute 'fitt'"):
        model.fitt


def test_nothing_that_is_built_counts_as_absent() -> None:
    models = {"keras.Model": keras.Model}
    for path in NOT_BUILT:
        root, _, name = path.rpartition(".")
        try:
            owner = models.get(root) or look_up(root)
        except AttributeError:
            continue
        if path not in ("keras.datasets", "keras.preprocessing", "tf.train"):
            assert not hasattr(owner, name), f"{path} is built; take it out of the table"


def test_special_names_stay_plain() -> None:
    for module in ("weft.api.nn", "weft.keras.layers", "weft.keras.models"):
        assert not hasattr(importlib.import_module(module), "__no_such_thing__")
    assert advice("tf.add") is None
    assert absent("tf.ad", ["add"]) == "Weft has no `tf.ad`. Did you mean `add`?"
