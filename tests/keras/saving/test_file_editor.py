"""Files of weights, looked at and changed."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from weft import keras


def _model(*names: str) -> keras.Model:
    inputs = x = keras.Input((2,))
    for name in names:
        x = keras.layers.Dense(3, name=name)(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_a_file_is_made_to_fit_another_model(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = _model("first", "last"), _model("first", "middle", "last")
    path = tmp_path / f"old{ending}"
    (old.save if ending == ".keras" else old.save_weights)(path)
    editor = keras.saving.KerasFileEditor(path)
    assert (editor.metadata is None) == (ending != ".keras")
    assert editor.compare(old) == {"status": "success", "error_count": 0, "match_count": 4}
    editor.add_object("layers/dense_3", weights={"0": np.eye(3)})
    assert editor.compare(new) == {"status": "error", "error_count": 2, "match_count": 4}
    editor.rename_object("dense_3", "dense_2")
    editor.add_weights("layers/dense_2", {"1": np.zeros(7)})
    assert editor.compare(new)["error_count"] == 1
    editor.delete_weight("dense_2", "1")
    editor.add_weights("dense_2", {"1": np.zeros(3)})
    assert editor.compare(new)["status"] == "success"
    editor.summary()
    assert "dense_2\n" in capsys.readouterr().out
    editor.save(tmp_path / "new.weights.h5")
    new.load_weights(tmp_path / "new.weights.h5")
    np.testing.assert_array_equal(new.layers[-1].kernel, np.eye(3))  # paths are by class, in order
    editor.delete_object("layers/dense_2")
    assert editor.compare(old)["status"] == "success"


def test_layers_inside_layers_and_scalars(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.Bidirectional(keras.layers.LSTM(2))])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4, 3)), np.ones((2, 4)), verbose=0)
    model.save(tmp_path / "m.keras")
    editor = keras.saving.KerasFileEditor(tmp_path / "m.keras")
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 20}
    with pytest.raises(ValueError, match="more than once"):
        editor.delete_object("cell")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda editor: editor.delete_object("nothing"), "does not appear"),
        (lambda editor: editor.delete_object("layers/dance"), "Did you mean `dense`"),
        (lambda editor: editor.rename_object("dense", "layers/dense_9"), "not a path"),
        (lambda editor: editor.rename_object("dense", "dense_1"), "already"),
        (lambda editor: editor.add_object("no/where", {"0": 1.0}), "not found"),
        (lambda editor: editor.add_object("layers/new", [1.0]), "should be a dict"),
        (lambda editor: editor.delete_weight("dense", "7"), "not found"),
        (lambda editor: editor.save("model.keras"), "weights.h5"),
        (lambda editor: keras.saving.KerasFileEditor("model.txt"), "expected a `.keras`"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, change: object, words: str) -> None:
    _model("first", "last").save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=words):
        change(keras.saving.KerasFileEditor(tmp_path / "m.weights.h5"))  # type: ignore[operator]


def test_links_out_of_the_file_are_refused(tmp_path: Path) -> None:
    for name, link in (("external", h5py.ExternalLink("other.h5", "/layers")), ("soft", h5py.SoftLink("/there"))):
        path = tmp_path / f"{name}.weights.h5"
        with h5py.File(path, "w") as file:
            file.create_group("there").create_dataset("inner", data=np.zeros(1))
            file["layers"] = link
        with pytest.raises(ValueError, match=type(link).__name__):
            keras.saving.KerasFileEditor(path)
    path = tmp_path / "round.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers")
        group["again"] = group
    with pytest.raises(ValueError, match="leads back"):
        keras.saving.KerasFileEditor(path)
