"""`keras.legacy.saving`: objects as Keras 2 wrote them into configurations."""

from __future__ import annotations

from typing import Any

import pytest

from weft import keras

saving = keras.legacy.saving


@keras.saving.register_keras_serializable("legacy")
class Twice(keras.layers.Layer):
    """A layer of a program."""

    def call(self, x: Any) -> Any:
        return 2 * x


def thrice(x: Any) -> Any:
    return 3 * x


def test_objects_are_written_by_class_name_alone_and_come_back() -> None:
    written = saving.serialize_keras_object(Twice(name="twice"))
    assert written["class_name"] == "legacy>Twice" and set(written) == {"class_name", "config"}
    assert saving.deserialize_keras_object(written).name == "twice"
    dense = {"class_name": "Dense", "config": {"units": 2}}
    assert saving.deserialize_keras_object(dense, module_objects={"Dense": keras.layers.Dense}).units == 2


def test_functions_and_classes_go_by_their_names() -> None:
    assert saving.serialize_keras_object(thrice) == "thrice" and saving.serialize_keras_object(None) is None
    assert saving.deserialize_keras_object("thrice", custom_objects={"thrice": thrice}) is thrice
    assert saving.deserialize_keras_object(thrice) is thrice and saving.deserialize_keras_object(None) is None
    assert isinstance(saving.deserialize_keras_object("Twice", module_objects={"Twice": Twice}), Twice)


@pytest.mark.parametrize(
    ("identifier", "says"),
    [
        ("thrise", "Unknown activation: 'thrise'. Did you mean `thrice`?"),
        ({"config": {}}, "`class_name` and `config`"),
        (3, "`class_name` and `config`"),
        ({"class_name": "Trice", "config": {}}, "Trice"),
    ],
)
def test_what_is_not_known_is_refused(identifier: Any, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        saving.deserialize_keras_object(
            identifier, module_objects={"thrice": thrice}, printable_module_name="activation"
        )
    assert says in str(caught.value)


def test_what_has_no_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="get_config"):
        saving.serialize_keras_object(3)


def test_both_places_hold_the_same_functions() -> None:
    import importlib

    assert keras.utils.legacy.serialize_keras_object is saving.serialize_keras_object
    assert importlib.import_module("weft.keras.legacy.saving") is saving
