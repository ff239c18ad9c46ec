"""Drawings of models: `plot_model` and `model_to_dot`. Nothing beside Weft is needed for them."""

from __future__ import annotations

import html
import os
from typing import Any

import weft as tf
from weft.extend import explain, nearest, replacing_file
from weft.keras.core.operation import kind_of
from weft.keras.utils import notebook
from weft.keras.utils.layered_layout import arrange
from weft.keras.utils.pictures import (
    BLACK,
    DARK,
    GREEN,
    GREY,
    LETTER,
    RED,
    WHITE,
    Colour,
    Picture,
    Rectangle,
    as_png,
    as_svg,
)

_PAD, _ROW, _MARGIN, _HEAD = 6.0, 20.0, 10.0, 16.0
_DIRECTIONS = ("TB", "BT", "LR", "RL")
_FORMATS = ("png", "svg", "dot", "gv")

_Cell = tuple[str, Colour, Colour]


class Dot:
    """A drawing of a graph, as text in the DOT language and as a picture.

    Attributes:
        boxes: The rows of cells in each box.
        edges: From which box to which.
        frames: Names of inner models, and the numbers of the boxes inside.
    """

    def __init__(self, rankdir: str = "TB", dpi: int = 200) -> None:
        self.rankdir = rankdir
        self.dpi = dpi
        self.boxes: list[list[list[_Cell]]] = []
        self.edges: list[tuple[int, int]] = []
        self.frames: list[tuple[str, list[int]]] = []

    def to_string(self) -> str:
        """The graph in the DOT language, for Graphviz and other programs."""
        lines = ["digraph G {", f"  rankdir={self.rankdir}; concentrate=true; dpi={self.dpi};",
                 "  node [shape=plaintext, fontname=Helvetica];"]  # fmt: skip
        for number, rows in enumerate(self.boxes):
            across = max(len(row) for row in rows)
            table = "".join("<tr>" + "".join(_cell_text(cell, across // len(row)) for cell in row) + "</tr>"
                            for row in rows)  # fmt: skip
            lines.append(f'  n{number} [label=<<table border="0" cellborder="1" cellspacing="0" '
                         f'cellpadding="8">{table}</table>>];')  # fmt: skip
        for number, (name, members) in enumerate(self.frames):
            inside = " ".join(f"n{member};" for member in members)
            lines.append(f'  subgraph cluster_{number} {{ label="{name}"; style=dashed; {inside} }}')
        lines += [f"  n{source} -> n{target};" for source, target in self.edges]
        return "\n".join([*lines, "}", ""])

    __str__ = to_string

    @property
    def source(self) -> str:
        """The graph in the DOT language."""
        return self.to_string()

    def picture(self) -> Picture:
        """Where everything goes."""
        sideways = self.rankdir in ("LR", "RL")
        backwards = self.rankdir in ("BT", "RL")
        sizes = [_size(rows) for rows in self.boxes]
        layout = arrange([(h, w) if sideways else (w, h) for w, h in sizes], self.edges)

        def turned(point: tuple[float, float]) -> tuple[float, float]:
            x, y = point
            y = layout.height - y if backwards else y
            x, y = (y, x) if sideways else (x, y)
            return x + _MARGIN, y + _MARGIN + (_HEAD if self.frames else 0.0)

        rectangles = []
        for rows, size, centre in zip(self.boxes, sizes, layout.centres):
            rectangles.extend(_rectangles(rows, size, turned(centre)))
        frames = [self._frame(name, members, sizes, [turned(c) for c in layout.centres])
                  for name, members in self.frames]  # fmt: skip
        arrows = [[turned(point) for point in route] for route in layout.routes]
        width, height = (layout.height, layout.width) if sideways else (layout.width, layout.height)
        right = max([width + 2 * _MARGIN, *(f.left + f.width + 2 for f in frames)])
        bottom = max([height + 2 * _MARGIN + (_HEAD if self.frames else 0.0), *(f.top + f.height + 2 for f in frames)])
        return Picture([*frames, *rectangles], arrows, right, bottom)

    def _frame(self, name: str, members: list[int], sizes: list[Any], centres: list[Any]) -> Rectangle:
        edges = [(centres[m][0] - sizes[m][0] / 2, centres[m][1] - sizes[m][1] / 2,
                  centres[m][0] + sizes[m][0] / 2, centres[m][1] + sizes[m][1] / 2) for m in members]  # fmt: skip
        left, top = min(e[0] for e in edges) - 6, min(e[1] for e in edges) - _HEAD
        return Rectangle(left, top, max(e[2] for e in edges) + 6 - left, max(e[3] for e in edges) + 6 - top, name,
                         None, BLACK, GREY)  # fmt: skip

    def create(self, format: str = "png") -> bytes:
        """The content of a file: `"png"`, `"svg"`, `"dot"` or `"gv"`."""
        if format == "svg":
            return as_svg(self.picture()).encode("utf-8")
        if format == "png":
            return as_png(self.picture(), self.dpi)
        if format in ("dot", "gv", "raw"):
            return self.to_string().encode("utf-8")
        raise ValueError(explain(
            f"A model cannot be drawn as {format!r}. {nearest(str(format), _FORMATS)}",
            expected=", ".join(_FORMATS), hint="svg can be turned into other forms by a browser",
        ))  # fmt: skip

    def write(self, path: Any, format: str | None = None) -> None:
        """Writes a file, in the form that its name says."""
        content = self.create(format or os.path.splitext(os.fspath(path))[1].lstrip(".").lower() or "png")
        with replacing_file(path) as file:
            file.write(content)


def _cell_text(cell: _Cell, across: int) -> str:
    text, fill, ink = cell
    colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (fill, ink)]
    return f'<td bgcolor="{colours[0]}" colspan="{across}"><font color="{colours[1]}">{html.escape(text)}</font></td>'


def _wide(cell: _Cell) -> float:
    return len(cell[0]) * LETTER + 2 * _PAD


def _size(rows: list[list[_Cell]]) -> tuple[float, float]:
    return max(sum(_wide(cell) for cell in row) for row in rows), _ROW * len(rows)


def _rectangles(rows: list[list[_Cell]], size: tuple[float, float], centre: tuple[float, float]) -> list[Rectangle]:
    found = []
    for n, row in enumerate(rows):
        left, top = centre[0] - size[0] / 2, centre[1] - size[1] / 2 + n * _ROW
        spare = (size[0] - sum(_wide(cell) for cell in row)) / len(row)
        for text, fill, ink in row:
            width = _wide((text, fill, ink)) + spare
            found.append(Rectangle(left, top, width, _ROW, text, fill, ink, DARK))
            left += width
    return found


class _Drawer:
    """Puts the operations of models into a drawing."""

    def __init__(self, dot: Dot, **shown: Any) -> None:
        self.dot, self.shown = dot, shown
        #: of each operation the boxes that take its inputs, and those that give its outputs
        self.ends: dict[int, tuple[list[int], list[int]]] = {}

    def add(self, operation: Any) -> tuple[list[int], list[int]]:
        """Draws an operation, once."""
        if id(operation) not in self.ends:
            if self.shown["expand_nested"] and getattr(operation, "_graph", None) is not None:
                first = len(self.dot.boxes)
                self.ends[id(operation)] = self.add_graph(operation)
                self.dot.frames.append((operation.name, list(range(first, len(self.dot.boxes)))))
            else:
                self.dot.boxes.append(self._rows(operation))
                here = [len(self.dot.boxes) - 1]
                self.ends[id(operation)] = (here, here)
        return self.ends[id(operation)]

    def add_graph(self, model: Any) -> tuple[list[int], list[int]]:
        """Draws the operations of a model and the edges between them; a Sequential begins at its first layer."""
        chain = isinstance(model, tf.keras.Sequential)
        entries: dict[int, int] = {}  # of each input without a box, the box that takes it
        for operation in model._graph.operations:
            if not (chain and kind_of(operation) == "InputLayer"):
                self.add(operation)
        for node in model._graph.nodes_in_order:
            if id(node.operation) not in self.ends:
                continue
            takes = self.add(node.operation)[0]
            for position, tensor in enumerate(node.inputs):
                history = tensor._keras_history
                if history.operation is None or id(history.operation) not in self.ends:
                    entries.setdefault(id(tensor), takes[min(position, len(takes) - 1)])
                    continue
                gives = self.ends[id(history.operation)][1]
                edge = (gives[min(history.tensor_index, len(gives) - 1)], takes[min(position, len(takes) - 1)])
                if edge not in self.dot.edges:
                    self.dot.edges.append(edge)

        def ends(tensors: list[Any], side: int) -> list[int]:
            made = [(id(tensor), id(tensor._keras_history.operation)) for tensor in tensors]
            return [self.ends[by][side][0] if by in self.ends else entries[tensor] for tensor, by in made]

        return ends(model.inputs, 0), ends(model.outputs, 1)

    def _rows(self, operation: Any) -> list[list[_Cell]]:
        shown, kind = self.shown, kind_of(operation)
        head = f"{operation.name} ({kind})" if shown["show_layer_names"] else kind
        rows: list[list[_Cell]] = [[(head, DARK, WHITE)]]
        activation = getattr(operation, "activation", None)
        if shown["show_layer_activations"] and activation is not None:
            rows.append([(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}", WHITE, BLACK)])
        cells: list[_Cell] = []
        if shown["show_shapes"]:
            if kind != "InputLayer":
                cells.append((f"Input shape: {_shapes(operation, 'input')}", WHITE, BLACK))
            cells.append((f"Output shape: {_shapes(operation, 'output')}", WHITE, BLACK))
        if shown["show_dtype"]:
            cells.append((f"Output dtype: {_tensors(operation, 'output', lambda t: t.dtype.name)}", WHITE, BLACK))
        if shown["show_trainable"] and getattr(operation, "weights", None):
            cells.append(("Trainable", GREEN, WHITE) if operation.trainable else ("Non-trainable", RED, WHITE))
        return [*rows, cells] if cells else rows


def _shapes(operation: Any, side: str) -> str:
    return _tensors(operation, side, lambda tensor: str(tuple(tensor.shape)))


def _tensors(operation: Any, side: str, tell: Any) -> str:
    try:
        found = getattr(operation, side)
    except (AttributeError, ValueError):
        return "?"
    told = [tell(leaf) for leaf in tf.nest.flatten(found)]
    return f"[{', '.join(told)}]" if len(told) > 1 else "".join(told) or "?"


def model_to_dot(
    model: Any, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True,
    rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200, subgraph: bool = False,
    show_layer_activations: bool = False, show_trainable: bool = False, **kwargs: Any,
) -> Dot:  # fmt: skip
    """A drawing of a model.

    Args:
        model: The model, built.
        show_shapes: Whether shapes of inputs and outputs are shown.
        show_dtype: Whether the dtypes of outputs are shown.
        show_layer_names: Whether layers' names are shown beside their classes.
        rankdir: `"TB"` from top to bottom, `"LR"` from left to right, `"BT"`, `"RL"`.
        expand_nested: Whether inner models are drawn with their layers.
        dpi: Dots an inch.
        subgraph: Accepted for compatibility.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.

    Returns:
        An object with `to_string()` (the DOT language), `create(format)` and `write(path)`.

    Raises:
        ValueError: For a model that is not built, another direction, or another argument.

    Example:
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")])
        >>> "out (Dense)" in keras.utils.model_to_dot(model).to_string()
        True
    """
    kwargs = {name: value for name, value in kwargs.items() if name != "layer_range" or value is not None}
    if kwargs:
        raise ValueError(explain(f"model_to_dot has no argument `{next(iter(kwargs))}`."))
    if rankdir not in _DIRECTIONS:
        raise ValueError(explain(
            f"model_to_dot: there is no direction {rankdir!r}.", expected=", ".join(_DIRECTIONS)
        ))  # fmt: skip
    if not getattr(model, "built", False):
        raise ValueError(explain(
            f"The model `{model.name}` cannot be drawn: it is not built.",
            hint="call it on data, or model.build(input_shape), first",
        ))  # fmt: skip
    dot = Dot(rankdir, int(dpi or 96))
    drawer = _Drawer(
        dot, show_shapes=show_shapes, show_dtype=show_dtype, show_layer_names=show_layer_names,
        show_layer_activations=show_layer_activations, show_trainable=show_trainable, expand_nested=expand_nested,
    )  # fmt: skip
    if getattr(model, "_graph", None) is not None:
        drawer.add_graph(model)
    else:  # what its `call` does is not written down anywhere
        for layer in model.layers or [model]:
            drawer.add(layer)
    return dot


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = False, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200,
    show_layer_activations: bool = False, show_trainable: bool = False, **kwargs: Any,
) -> None:  # fmt: skip
    """Draws a model into a file, and in a notebook below the cell too. Graphviz is not needed.

    Args:
        model: The model, built.
        to_file: The path; its ending says the form: `.png`, `.svg`, or `.dot`.
        show_shapes: Whether shapes of inputs and outputs are shown.
        show_dtype: Whether the dtypes of outputs are shown.
        show_layer_names: Whether layers' names are shown beside their classes.
        rankdir: `"TB"` from top to bottom, `"LR"` from left to right, `"BT"`, `"RL"`.
        expand_nested: Whether inner models are drawn with their layers.
        dpi: Dots an inch, for `.png`.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.

    Raises:
        ValueError: For a model that is not built, or another form or direction.
    """
    dot = model_to_dot(
        model, show_shapes=show_shapes, show_dtype=show_dtype, show_layer_names=show_layer_names, rankdir=rankdir,
        expand_nested=expand_nested, dpi=dpi, show_layer_activations=show_layer_activations,
        show_trainable=show_trainable, **kwargs,
    )  # fmt: skip
    if to_file is not None:
        dot.write(to_file)
    if notebook.is_running():
        notebook.show(dot.create("svg").decode(), f"the drawing of `{model.name}` is in {to_file}")
