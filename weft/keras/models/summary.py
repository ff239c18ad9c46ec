"""The table that `model.summary()` prints."""

from __future__ import annotations

import html
import math
import re
import shutil
import sys
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.keras.core.operation import kind_of, node_of
from weft.keras.utils import notebook

#: corner and line characters: boxes where the encoding has them, ASCII elsewhere
_BOXES = {"row": "─", "column": "│", "middle": "├┼┤", "bottom": "└┴┘",
          "head row": "━", "head column": "┃", "top": "┏┳┓", "head": "┡╇┩", "cut": "…"}  # fmt: skip
_ASCII = {"row": "-", "column": "|", "middle": "+++", "bottom": "+++",
          "head row": "-", "head column": "|", "top": "+++", "head": "+++", "cut": "."}  # fmt: skip
#: by whether there are connections and whether what is trained is shown: how long lines are at most by default, and
#: where columns end as shares of a line, both as in Keras
_LAYOUTS = {
    (False, False): (88, (0.45, 0.80)),
    (False, True): (100, (0.40, 0.7335, 0.918)),
    (True, False): (108, (0.30, 0.572, 0.75)),
    (True, True): (120, (0.268, 0.518, 0.69, 0.935)),
}


class _Row:
    def __init__(self, cells: list[str], depth: int = 0) -> None:
        self.cells = cells
        self.depth = depth


def count_params(weights: Any) -> int:
    """The number of numbers in variables, each counted once."""
    unique = {id(weight): weight for weight in weights}
    return sum(int(math.prod(tuple(weight.shape))) for weight in unique.values())


def memory_of(weights: Any) -> int:
    """The bytes that variables take."""
    unique = {id(weight): weight for weight in weights}
    return sum(
        int(math.prod(tuple(w.shape))) * tf.as_dtype(getattr(w, "_dtype", w.dtype)).size for w in unique.values()
    )


def readable_memory(size: float) -> str:
    """Bytes as people read them, such as `30.66 KB`."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.2f} {unit}"
        size /= 1024
    return ""


def _weights_of(model: Any) -> tuple[list[Any], list[Any]]:
    return list(model.trainable_weights), list(model.non_trainable_weights)


def _shape_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shape_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return ", ".join(_shape_text(item) for item in value)
    return f"({', '.join(map(str, tuple(value)))})" if value is not None else "?"


def _output_text(layer: Any) -> str:
    """The shape of a layer's output, `?` where it is not known."""
    nodes = getattr(layer, "_inbound_nodes", [])
    if nodes:
        text = _shape_text([tensor.shape for tensor in nodes[0].outputs])
        return text if len(nodes[0].outputs) == 1 else f"[{text}]"
    shapes = getattr(layer, "_build_shapes", None)
    if not shapes:
        return "?"
    try:
        return _shape_text(layer.compute_output_shape(*shapes.values()))
    except Exception:
        return "?"  # a table must not fail because one layer's shape cannot be told without data


def _count_text(layer: Any) -> str:
    if hasattr(layer, "count_params"):
        if not layer.built and not layer.weights:
            return "0 (unbuilt)" if getattr(layer, "_children", list)() or _makes_weights(layer) else "0"
        return f"{count_params(layer.weights):,}"
    return "0"


def _makes_weights(layer: Any) -> bool:
    from weft.keras.layers.layer import Layer

    return type(layer).build is not Layer.build


def _connections(layer: Any, members: set[int]) -> str:
    found = []
    for node in layer._inbound_nodes:
        if id(node) not in members:
            continue
        for tensor in node.inputs:
            source = node_of(tensor)
            if source is not None:
                found.append(
                    f"{source.operation.name}[{tensor._keras_history.node_index}][{tensor._keras_history.tensor_index}]"
                )
    return ", ".join(found) or "-"


def _is_linear(model: Any) -> bool:
    """Whether every layer has one input that is the output of the one before."""
    if model._graph is None or type(model).__name__ == "Sequential":
        return True
    return all(len(nodes) == 1 and len(nodes[0].inputs) <= 1 for nodes in model._graph.nodes_by_depth.values())


def _shown(model: Any, layer_range: Any) -> list[Any]:
    if model._graph is not None and type(model).__name__ != "Sequential":
        operations = list(model._graph.operations)
    else:
        operations = list(model.layers)
    if layer_range is None:
        return operations
    names = [operation.name for operation in operations]
    ends = []
    for pattern in layer_range:
        matches = [i for i, name in enumerate(names) if re.match(pattern, name)]
        if not matches:
            raise ValueError(f"summary: layer_range names {pattern!r}, which no layer of `{model.name}` matches.")
        ends.append(matches)
    return operations[min(ends[0]) : max(ends[1]) + 1]


def _rows(model: Any, expand: bool, trainable: bool, connected: bool, layer_range: Any, depth: int = 0) -> list[_Row]:
    members = {id(node) for node in model._graph.nodes_in_order} if model._graph is not None else set()
    rows = []
    for layer in _shown(model, layer_range):
        cells = [f"{layer.name} ({kind_of(layer)})",
                 _output_text(layer), _count_text(layer)]  # fmt: skip
        if connected:
            cells.append(_connections(layer, members))
        if trainable:
            cells.append("Y" if getattr(layer, "trainable", False) and getattr(layer, "weights", []) else
                         "N" if getattr(layer, "weights", []) else "-")  # fmt: skip
        rows.append(_Row(cells, depth))
        if expand and hasattr(layer, "_graph") and hasattr(layer, "layers"):
            rows.extend(_rows(layer, expand, trainable, connected, None, depth + 1))
    return rows


def _headings(trainable: bool, connected: bool) -> list[str]:
    return ["Layer (type)", "Output Shape", "Param #"] + ["Connected to"] * connected + ["Trainable"] * trainable


def _totals(model: Any) -> list[str]:
    trained, frozen = _weights_of(model)
    lines = [
        ("Total params", count_params(trained + frozen), memory_of(trained + frozen)),
        ("Trainable params", count_params(trained), memory_of(trained)),
        ("Non-trainable params", count_params(frozen), memory_of(frozen)),
    ]
    optimizer = getattr(model, "optimizer", None)
    variables = list(getattr(optimizer, "variables", []) or []) if optimizer is not None else []
    if variables and getattr(optimizer, "built", False):
        total, size = count_params(variables), memory_of(variables)
        lines[0] = ("Total params", lines[0][1] + total, lines[0][2] + size)
        lines.append(("Optimizer params", total, size))
    return [f" {name}: {count:,} ({readable_memory(size)})" for name, count, size in lines]


def _widths(headings: list[str], line_length: int | None, positions: Any) -> list[int]:
    """The width of each column without the blanks around it."""
    longest, shares = _LAYOUTS["Connected to" in headings, "Trainable" in headings]
    terminal = shutil.get_terminal_size((80, 24)).columns
    total = line_length or max(min(terminal - 4, longest), 6 * len(headings))
    ends = [int(total * end) if end <= 1 else int(end) for end in positions or shares][: len(headings) - 1]
    widths = [max(end - start - (4 if start else 3), 1) for start, end in zip([0, *ends], ends)]
    return [*widths, max(total - sum(width + 3 for width in widths) - 4, 1)]


def _wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most a width, broken at blanks where there are some."""
    lines = []
    while len(text) > width:
        cut = text.rfind(" ", 1, width + 1)
        cut = cut if cut > 0 and text[:cut].strip() else width
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def _line(cells: list[str], widths: list[int], headings: list[str], box: dict[str, str]) -> list[str]:
    head = cells is headings
    if head:  # headings are not broken but cut short
        columns = [[cell if len(cell) <= w else cell[: w - 1] + box["cut"]] for cell, w in zip(cells, widths)]
    else:
        columns = [_wrap(cell, width) for cell, width in zip(cells, widths)]
    height = max(len(column) for column in columns)
    column = box["head column" if head else "column"]
    sides = {"Param #": ">", "Trainable": "^"}
    return [
        column + column.join(
            f" {(c[i] if i < len(c) else ''):{'<' if head and name == 'Trainable' else sides.get(name, '<')}{w}} "
            for c, w, name in zip(columns, widths, headings)
        ) + column
        for i in range(height)
    ]  # fmt: skip


def _rule(kind: str, widths: list[int], box: dict[str, str]) -> str:
    left, joint, right = tuple(box[kind])
    row = box["head row" if kind in ("top", "head") else "row"]
    return left + joint.join(row * (width + 2) for width in widths) + right


def _can_print(text: str) -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def summary_text(
    model: Any, line_length: int | None = None, positions: Any = None, expand_nested: bool = False,
    show_trainable: bool = False, layer_range: Any = None, boxes: bool = True,
) -> str:  # fmt: skip
    """The table as text."""
    connected = not _is_linear(model)
    headings = _headings(show_trainable, connected)
    rows = _rows(model, expand_nested, show_trainable, connected, layer_range)
    widths = _widths(headings, line_length, positions)
    box = _BOXES if boxes else _ASCII
    mark = "└ " if boxes else "- "
    lines = [
        f'Model: "{model.name}"',
        _rule("top", widths, box),
        *_line(headings, widths, headings, box),
        _rule("head", widths, box),
    ]
    for position, row in enumerate(rows):
        cells = list(row.cells)
        if row.depth:
            cells[0] = "   " * row.depth + mark + cells[0]
        lines += _line(cells, widths, headings, box)
        lines.append(_rule("middle" if position < len(rows) - 1 else "bottom", widths, box))
    if not rows:
        lines.append(_rule("bottom", widths, box))
    return "\n".join(lines + _totals(model))


def print_summary(
    model: Any, line_length: int | None, positions: Any, print_fn: Callable[..., Any] | None, expand_nested: bool,
    show_trainable: bool, layer_range: Any,
) -> None:  # fmt: skip
    """Prints the table: as HTML in a notebook, as text elsewhere, in ASCII where the encoding has no boxes."""
    boxes = print_fn is not None or _can_print("".join("".join(part) for part in _BOXES.values()))
    text = summary_text(model, line_length, positions, expand_nested, show_trainable, layer_range, boxes)
    if print_fn is not None:
        print_fn(text)
        return
    if notebook.is_running():
        notebook.show(summary_html(model, expand_nested, show_trainable, layer_range), text)
        return
    print(text)


def summary_html(model: Any, expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None) -> str:
    """The table as HTML, for notebooks."""
    connected = not _is_linear(model)
    head = "".join(f"<th style='text-align:left'>{html.escape(h)}</th>" for h in _headings(show_trainable, connected))
    body = []
    for row in _rows(model, expand_nested, show_trainable, connected, layer_range):
        cells = "".join(
            f"<td style='text-align:{'right' if n == 2 else 'left'};padding-left:{1 + 1.5 * row.depth * (n == 0)}em'>"
            f"{html.escape(cell)}</td>" for n, cell in enumerate(row.cells)
        )  # fmt: skip
        body.append(f"<tr>{cells}</tr>")
    totals = "<br>".join(html.escape(line.strip()) for line in _totals(model))
    return (
        f"<p><b>Model: &quot;{html.escape(model.name)}&quot;</b></p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table><p>{totals}</p>"
    )
