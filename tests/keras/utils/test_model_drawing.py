"""Drawings of models: what is in them, that nothing overlaps, and the forms in which they are written."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from weft import keras
from weft.keras import layers
from weft.keras.utils import layered_layout, pictures
from weft.keras.utils.model_drawing import Dot


def branched() -> keras.Model:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    inner_input = keras.Input((3,), name="into")
    tower = keras.Model(inner_input, layers.Dense(2, activation="relu", name="inside")(inner_input), name="tower")
    shared = layers.Dense(3, name="shared", trainable=False)
    a, b = tower(shared(left)), tower(shared(right))
    return keras.Model([left, right], [layers.Add(name="sum")([a, b]) * 2.0, a])


def read_png(data: bytes) -> np.ndarray:
    """The pixels of a PNG as Weft writes them: RGB, one filter."""
    width, height = struct.unpack(">II", data[16:24])
    body, place = b"", 8
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        body += data[place + 8 : place + 8 + size] if kind == b"IDAT" else b""
        place += 12 + size
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + 3 * width)
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, 3)


def test_boxes_edges_and_frames() -> None:
    model = branched()
    plain = keras.utils.model_to_dot(model)
    names = [rows[0][0][0] for rows in plain.boxes]
    assert {name.split(" ", 1)[1] for name in names} == {
        "(InputLayer)", "(multiply)", "(Dense)", "(Add)", "(Functional)"}  # fmt: skip
    number = {name.split(" ")[0]: n for n, name in enumerate(names)}
    wanted = {("left", "shared"), ("right", "shared"), ("shared", "tower"), ("tower", "sum")}
    assert {(number[a], number[b]) for a, b in wanted} < set(plain.edges) and len(plain.edges) == 5
    nested = keras.utils.model_to_dot(model, expand_nested=True)
    assert [name for name, _ in nested.frames] == ["tower"] and len(nested.frames[0][1]) == 2
    text = nested.to_string()
    assert text.startswith("digraph G {") and "cluster_0" in text and "inside (Dense)" in text and str(nested) == text


def test_what_is_shown_on_request() -> None:
    dot = keras.utils.model_to_dot(
        branched(), show_shapes=True, show_dtype=True, show_layer_activations=True, show_trainable=True,
        expand_nested=True, show_layer_names=False,
    )  # fmt: skip
    texts = [cell[0] for rows in dot.boxes for row in rows for cell in row]
    for wanted in ("Input shape: (None, 4)", "Output shape: (None, 3)", "Output dtype: float32", "Activation: relu",
                   "Non-trainable", "Trainable", "Dense"):  # fmt: skip
        assert wanted in texts


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_nothing_overlaps_and_all_is_inside(rankdir: str) -> None:
    picture = keras.utils.model_to_dot(branched(), rankdir=rankdir, show_shapes=True).picture()
    boxes = picture.rectangles
    for n, one in enumerate(boxes):
        assert one.left >= 0 and one.top >= 0
        assert one.left + one.width <= picture.width and one.top + one.height <= picture.height
        assert len(one.text) * pictures.LETTER <= one.width
        for other in boxes[n + 1 :]:
            apart = (one.left + one.width <= other.left + 1e-6, other.left + other.width <= one.left + 1e-6,
                     one.top + one.height <= other.top + 1e-6, other.top + other.height <= one.top + 1e-6)  # fmt: skip
            assert any(apart), (one, other)


def test_an_edge_goes_round_the_boxes_between() -> None:
    layout = layered_layout.arrange([(40, 20)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert [y for _, y in layout.centres] == sorted(y for _, y in layout.centres)
    long = layout.routes[3]
    assert len(long) == 4
    for (x, y), (_, middle) in zip(long[1:3], layout.centres[1:3]):
        assert y == middle and abs(x - layout.centres[1][0]) >= 20


def test_files(tmp_path: Path) -> None:
    model = branched()
    keras.utils.plot_model(model, tmp_path / "m.png", show_shapes=True, show_layer_names=True, dpi=192)
    keras.utils.plot_model(model, str(tmp_path / "m.svg"), show_shapes=True)
    keras.utils.plot_model(model, tmp_path / "m.dot")
    pixels = read_png((tmp_path / "m.png").read_bytes())
    assert (pixels[0] == 255).all() and (pixels == 38).all(axis=2).sum() > 1000  # white around, dark headings
    tree = ElementTree.fromstring((tmp_path / "m.svg").read_text())
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "InputLayer" in texts and "Output shape: (None, 3)" in texts
    assert (tmp_path / "m.dot").read_text().startswith("digraph")
    with pytest.raises(ValueError, match="cannot be drawn as 'pdf'"):
        keras.utils.plot_model(model, tmp_path / "m.pdf")


def test_letters_are_all_there_and_differ() -> None:
    glyphs = pictures._GLYPHS
    assert len(glyphs) == 95 and len(set(glyphs.values())) == 95
    assert all(len(rows) == 7 for rows in glyphs.values())


def test_the_same_picture_every_time() -> None:
    dot = keras.utils.model_to_dot(branched(), expand_nested=True)
    assert dot.create("png") == dot.create("png") and isinstance(dot, Dot)


def test_a_model_that_is_not_built() -> None:
    with pytest.raises(ValueError, match="cannot be drawn: it is not built"):
        keras.utils.plot_model(keras.Sequential([layers.Dense(1)]))
    with pytest.raises(ValueError, match="no direction 'UP'"):
        keras.utils.model_to_dot(branched(), rankdir="UP")
    with pytest.raises(ValueError, match="no argument `layer_range`"):
        keras.utils.model_to_dot(branched(), layer_range=["a", "b"])
    with pytest.raises(ValueError, match="no argument `colour`"):
        keras.utils.model_to_dot(branched(), colour="red")


def test_a_model_without_a_graph_shows_its_layers() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = layers.Dense(2), layers.Dense(1)

        def call(self, inputs):
            return self.two(self.one(inputs))

    model = Net()
    model(np.ones((1, 3), "float32"))
    assert len(keras.utils.model_to_dot(model).boxes) == 2
