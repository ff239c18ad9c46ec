"""Einstein summation: the equation read, and products of many tensors carried out as transposes and matrix products.

`contract` is written once against an applier of ops. `Arrays` applies them to numpy arrays, a `Builder` records them:
the reference and the decomposition of `einsum` are one plan.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.base import dims, shapes
from weft.ops.opdef import SpecError

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Equation:
    """An equation with explicit labels, for operands of known rank.

    Attributes:
        operands: The labels of each operand's axes. Axes of size 1 that broadcast are left out of them.
        shapes: The shapes of the operands without those axes.
        output: The labels of the output's axes.
        sizes: The size of each label.
    """

    operands: tuple[Labels, ...]
    shapes: tuple[tuple[Any, ...], ...]
    output: Labels
    sizes: dict[str, Any]

    @property
    def output_shape(self) -> tuple[Any, ...]:
        """The shape of the result."""
        return tuple(self.sizes[label] for label in self.output)


def _split_equation(equation: str, count: int) -> tuple[list[str], str | None]:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    for term in (*operands, right):
        bare = term.replace("...", "", 1)
        if not all(c in string.ascii_letters for c in bare):
            raise SpecError(f"the equation {equation!r} has a term {term!r}", hint="write one letter for each axis, "
                            "and ... for all others, as in '...ij,...jk->...ik'")  # fmt: skip
    if len(operands) != count:
        raise SpecError(f"the equation {equation!r} has {len(operands)} terms for {count} tensors")
    return operands, right if arrow else None


def _implicit_output(operands: Sequence[str]) -> str:
    together = "".join(operands).replace("...", "")
    once = sorted(c for c in set(together) if together.count(c) == 1)
    return ("..." if any("..." in term for term in operands) else "") + "".join(once)


def read(equation: str, operand_shapes: Sequence[tuple[Any, ...]]) -> Equation:
    """The equation made explicit for operands of these shapes.

    Raises:
        SpecError: Where the equation is malformed or does not fit the shapes.
    """
    terms, right = _split_equation(equation, len(operand_shapes))
    output = _implicit_output(terms) if right is None else right
    used = set("".join(terms)) | set(output)
    spare = [c for c in string.ascii_letters if c not in used]
    hidden = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, operand_shapes, strict=True)]
    depth = max((h for h, term in zip(hidden, terms, strict=True) if "..." in term), default=0)
    ellipsis = "".join(spare[:depth])
    labelled = []
    for index, (term, shape, rest) in enumerate(zip(terms, operand_shapes, hidden, strict=True)):
        if rest < 0 or (rest > 0 and "..." not in term):
            raise SpecError(
                f"term {term!r} of the equation {equation!r} does not fit operand {index} of shape "
                f"{shapes.show(shape)}", expected=f"rank {len(term.replace('...', ''))}" + (
                    " or more" if "..." in term else "")
            )  # fmt: skip
        labelled.append(tuple(term.replace("...", ellipsis[depth - rest :] if rest else "")))
    if "..." in output and depth == 0:
        output = output.replace("...", "")
    elif depth and "..." not in output:
        raise SpecError(f"the equation {equation!r} has ... on its left but not on its right",
                        hint="write ... in the output too")  # fmt: skip
    return _sized(equation, labelled, operand_shapes, tuple(output.replace("...", ellipsis)), frozenset(ellipsis))


def _sized(
    equation: str, labelled: Sequence[Labels], operand_shapes: Sequence[tuple[Any, ...]], output: Labels,
    broadcasting: frozenset[str],
) -> Equation:  # fmt: skip
    sizes: dict[str, Any] = {}
    for index, (labels, shape) in enumerate(zip(labelled, operand_shapes, strict=True)):
        for label, size in zip(labels, shape, strict=True):
            known = sizes.setdefault(label, size)
            if label in broadcasting:
                joined = dims.broadcast(known, size)
                if joined is None:
                    raise SpecError(f"the axes under ... do not broadcast: {known} against {size} in operand {index}")
                sizes[label] = joined
            elif isinstance(known, int) and isinstance(size, int) and known != size:
                raise SpecError(f"axis {label!r} of the equation {equation!r} is {known} in one place and {size} in "
                                f"operand {index}", expected="equal sizes for equal labels")  # fmt: skip
            elif isinstance(size, int):
                sizes[label] = size
    for label in output:
        if label not in sizes:
            raise SpecError(f"the equation {equation!r} has {label!r} in its output and in no operand")
    kept, short = [], []
    for labels, shape in zip(labelled, operand_shapes, strict=True):
        stays = [not (label in broadcasting and isinstance(size, int) and size == 1 and sizes[label] != 1)
                 for label, size in zip(labels, shape, strict=True)]  # fmt: skip
        kept.append(tuple(label for label, stay in zip(labels, stays, strict=True) if stay))
        short.append(tuple(size for size, stay in zip(shape, stays, strict=True) if stay))
    return Equation(tuple(kept), tuple(short), output, sizes)


class Arrays:
    """Applies to numpy arrays the few ops that a contraction needs, under the names they have in a builder."""

    @staticmethod
    def shape(x: Any) -> tuple[int, ...]:
        return tuple(x.shape)

    @staticmethod
    def transpose(x: Any, perm: tuple[int, ...]) -> Any:
        return np.transpose(x, perm)

    @staticmethod
    def reshape(x: Any, shape: tuple[int, ...]) -> Any:
        return np.reshape(x, shape)

    @staticmethod
    def reduce_sum(x: Any, axis: tuple[int, ...]) -> Any:
        return np.sum(x, axis=axis, dtype=x.dtype)

    @staticmethod
    def multiply(x: Any, y: Any) -> Any:
        return x * y

    @staticmethod
    def matmul(x: Any, y: Any) -> Any:
        return np.matmul(x, y)

    @staticmethod
    def matrix_diag_part(x: Any) -> Any:
        return np.diagonal(x, axis1=-2, axis2=-1)

    @staticmethod
    def matrix_diag(x: Any) -> Any:
        result = np.zeros((*x.shape, x.shape[-1]), x.dtype)
        along = np.arange(x.shape[-1])
        result[..., along, along] = x
        return result


def arrange(b: Any, x: Any, labels: Labels, wanted: Labels) -> Any:
    """The axes put into another order."""
    return x if labels == wanted else b.transpose(x, perm=tuple(labels.index(label) for label in wanted))


def take_diagonals(b: Any, x: Any, labels: Labels) -> tuple[Any, Labels]:
    """Of axes under one label the diagonal, until all labels differ."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            rest = tuple(i for i in range(len(labels)) if i not in (first, second))
            x = b.matrix_diag_part(b.transpose(x, perm=(*rest, first, second)))
            labels = (*(labels[i] for i in rest), label)
    return x, labels


def put_diagonals(b: Any, x: Any, labels: Labels, wanted: Labels) -> Any:
    """The opposite: `labels` all differ, in `wanted` some recur; zeros off the diagonals."""
    for label in labels:
        while labels.count(label) < wanted.count(label):
            place = labels.index(label)
            others = tuple(i for i in range(len(labels)) if i != place)
            x = b.matrix_diag(b.transpose(x, perm=(*others, place)))
            labels = (*(labels[i] for i in others), label, label)
    positions = list(labels)
    perm = []
    for label in wanted:
        place = positions.index(label)
        positions[place] = ""
        perm.append(place)
    return x if perm == list(range(len(perm))) else b.transpose(x, perm=tuple(perm))


def _sum_out(b: Any, x: Any, labels: Labels, keep: set[str]) -> tuple[Any, Labels]:
    axes = tuple(i for i, label in enumerate(labels) if label not in keep)
    if not axes:
        return x, labels
    return b.reduce_sum(x, axis=axes), tuple(label for label in labels if label in keep)


def _shaped(b: Any, x: Any, shape: tuple[Any, ...]) -> Any:
    """With a shape that it may have already."""
    return x if tuple(b.shape(x)) == shape else b.reshape(x, shape=shape)


def _product(
    b: Any, x: Any, x_labels: Labels, y: Any, y_labels: Labels, keep: set[str], sizes: dict[str, Any]
) -> tuple[Any, Labels]:
    """Two operands as one batch of matrix products; labels that are not kept are summed over."""
    x, x_labels = _sum_out(b, x, x_labels, keep | set(y_labels))
    y, y_labels = _sum_out(b, y, y_labels, keep | set(x_labels))
    batch = tuple(c for c in x_labels if c in y_labels and c in keep)
    inner = tuple(c for c in x_labels if c in y_labels and c not in keep)
    rows = tuple(c for c in x_labels if c not in y_labels)
    columns = tuple(c for c in y_labels if c not in x_labels)

    def block(*groups: Labels) -> tuple[Any, ...]:
        outer, *others = groups
        return (*(sizes[c] for c in outer), *(dims.product(tuple(sizes[c] for c in group)) for group in others))

    left = _shaped(b, arrange(b, x, x_labels, batch + rows + inner), block(batch, rows, inner))
    right = _shaped(b, arrange(b, y, y_labels, batch + inner + columns), block(batch, inner, columns))
    labels = batch + rows + columns
    return _shaped(b, b.matmul(left, right), tuple(sizes[c] for c in labels)), labels


def _next_pair(terms: Sequence[Labels], sizes: dict[str, Any]) -> tuple[int, int]:
    """The two operands whose product is smallest; without sizes, the first two."""
    if len(terms) == 2 or not all(isinstance(n, int) for n in sizes.values()):
        return 0, 1

    def cost(pair: tuple[int, int]) -> int:
        first, second = terms[pair[0]], terms[pair[1]]
        elsewhere = {c for i, term in enumerate(terms) if i not in pair for c in term}
        shared = set(first) & set(second)
        made = (set(first) | set(second)) - (shared - elsewhere)
        size = 1
        for label in made:
            size *= sizes[label]
        return size

    return min(((i, j) for j in range(len(terms)) for i in range(j)), key=cost)


def contract(b: Any, operands: Sequence[Any], equation: Equation) -> Any:
    """The contraction, by any applier of ops.

    Args:
        b: A builder, or `Arrays`.
        operands: The tensors.
        equation: What `read` made of the equation for their shapes.
    """
    terms: list[tuple[Any, Labels]] = []
    for x, labels, shape in zip(operands, equation.operands, equation.shapes, strict=True):
        terms.append(take_diagonals(b, _shaped(b, x, shape), labels))
    output = set(equation.output)
    while len(terms) > 1:
        i, j = _next_pair([labels for _, labels in terms], equation.sizes)
        (y, y_labels), (x, x_labels) = terms.pop(j), terms.pop(i)
        keep = output | {c for _, labels in terms for c in labels}
        if not terms and equation.output and equation.output[-1] in set(x_labels) - set(y_labels):
            x, x_labels, y, y_labels = y, y_labels, x, x_labels  # columns then are neighbours in the result
        terms.insert(0, _product(b, x, x_labels, y, y_labels, keep, equation.sizes))
    x, labels = _sum_out(b, *terms[0], output)
    unique = tuple(dict.fromkeys(equation.output))
    return put_diagonals(b, arrange(b, x, labels, unique), unique, equation.output)
