"""`tf.TensorArray`: rows that are written one by one, each once, and read together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from weft.api import array, math
from weft.api.common import apply
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, OutOfRangeError, explain
from weft.base.shapes import TensorShape
from weft.ops.uneven import mentions, varying
from weft.runtime import context, frontdoor, sizes, static
from weft.runtime.composite import CompositeTensor
from weft.runtime.extraction import Cleared


class TensorArray(CompositeTensor):
    """Rows of one dtype, written and read by number.

    In a graph, writing gives a new TensorArray, which holds what the old one held: use what `write` returns. A loop
    carries it from turn to turn.

    Args:
        dtype: Of the elements.
        size: How many rows there are.
        dynamic_size: Whether writing behind the last row makes more of them.
        clear_after_read: Whether a row may be read once only, which memory does not ask for here: outside of graphs a
            second read raises, as TensorFlow's does, and so does a run of a graph of TensorFlow 1 that reads a row
            twice by the same number or tensor, outside of loops. In other graphs rows may be read again.
        tensor_array_name: Accepted.
        handle: Accepted.
        flow: Accepted.
        infer_shape: Whether all rows have the shape of the first one.
        element_shape: The shape of a row, where it is known beforehand.
        colocate_with_first_write_call: Accepted.
        name: A name for messages.

    Example:
        >>> import weft as tf
        >>> rows = tf.TensorArray(tf.float32, size=3)
        >>> for i in range(3):
        ...     rows = rows.write(i, [i, i * i])
        >>> rows.stack().numpy().tolist()
        [[0.0, 0.0], [1.0, 1.0], [2.0, 4.0]]
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self._dtype = dtypes.as_dtype(dtype)
        self._size: Any = 0 if size is None else size
        self._dynamic = bool(dynamic_size)
        self._infer = infer_shape
        self._element = TensorShape(element_shape)
        self._name = name or tensor_array_name or "TensorArray"
        self._rows: Any = None  # [at least so many, ...] once the shape of a row is known
        self._row: Any = None  # that shape, where only running tells its rank: then `_rows` holds flat rows
        self._done: frozenset[Any] = frozenset()  # numbers, or values, of rows written in a graph of TensorFlow 1
        self._once = clear_after_read is None or bool(clear_after_read)
        self._read: set[int] = set()  # rows that an eager one has given away
        self._origin: object = object()  # one for all that writing made of one
        self._parts: tuple[Any, Any] | None = None  # in a graph, rows of several lengths: in a row, and their lengths
        self._uneven: list[Any] | None = None  # rows of several shapes, which eager ones may hold (infer_shape=False)

    # What it is ------------------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The dtype of the elements."""
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        """Whether it grows."""
        return self._dynamic

    @property
    def element_shape(self) -> TensorShape:
        """The shape of a row, as far as it is known."""
        if self._parts is not None:
            return TensorShape([None, *self._parts[0].shape[1:]])
        return self._element if self._rows is None or self._row is not None else TensorShape(self._rows.shape[1:])

    @property
    def handle(self) -> None:
        """None: there is no resource behind it."""

    @property
    def flow(self) -> Any:
        """A number, for programs that hand it on."""
        return frontdoor.convert(0.0)

    def size(self, name: str | None = None) -> Any:
        """How many rows there are: a scalar int32."""
        return _integer(self._size)

    # Writing ---------------------------------------------------------------------------------------------------------

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Itself with a row written.

        Args:
            index: The row's number.
            value: The row.
            name: Accepted.

        Raises:
            OutOfRangeError: Where there is no such row; InvalidArgumentError in a graph.
            InvalidArgumentError: Where the row has another shape than the others; in a graph of TensorFlow 1 also
                where it was written before.
        """
        row = self._taken(value, "write")
        number = _integer(index)
        self._require_there(number, "write", self._dynamic)
        if context.scope() is None:
            self._read.discard(int(number))
        return self._write(number, row)._noting("write", self._done, _numbers(index))

    def _write(self, number: Any, row: Any) -> TensorArray:
        if self._parts is not None:
            raise NotImplementedError(explain(
                f"TensorArray.write: the rows of `{self._name}` are parts of several lengths, which a graph does not "
                "exchange.", hint="write each part by itself from the first on, or pad them"))  # fmt: skip
        if row.shape.rank is None:
            known = self.element_shape
            row = row if known.rank is None else array.ensure_shape(row, known)
            if self._rows is None and not known.is_fully_defined():
                return self._changed(self._written_flat(number, row))
        if self._row is not None:
            return self._changed(self._written_flat(number, row))
        if self._may_be_uneven(row.shape):
            return self._written_beside(int(number), row)
        made = self._with(row.shape)
        made._check_row(row)
        made = made._reaching(number) if made._dynamic else made
        made._rows = array.tensor_scatter_nd_update(made._rows, array.reshape(number, [1, 1]), row[None])
        return self._changed(made)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Itself with the rows of a tensor `[rows, ...]` written from the first on."""
        rows = self._taken(value, "unstack")
        if rows.shape.rank == 0:
            raise ValueError(explain("TensorArray.unstack takes the rows of a tensor.", received=str(rows.type)))
        made = self._copy()
        count, size = rows.shape[0], _known(self._size)
        if not self._dynamic and count is not None and size is not None and count != size:
            raise InvalidArgumentError(explain(
                f"TensorArray.unstack: `{self._name}` has another number of rows, and is not dynamic.",
                expected=f"{size} rows", received=str(rows.type), hint="give it that size, or dynamic_size=True",
            ))  # fmt: skip
        made._rows, made._size = rows, _length(rows)
        self._read.clear()
        return self._changed(made)._noting("unstack", self._done, range(count or 0))

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Itself with the rows of a tensor written to these numbers."""
        rows = self._taken(value, "scatter")
        numbers = _integer(indices)
        made = self._with(rows.shape[1:])
        if made._dynamic:
            made = made._reaching(math.reduce_max(numbers))
        made._rows = array.tensor_scatter_nd_update(made._rows, numbers[:, None], rows)
        if context.scope() is None:
            self._read.difference_update(numbers.numpy().ravel().tolist())
        return self._changed(made)._noting("scatter", self._done, _numbers(indices))

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Itself with the parts of a tensor as rows.

        Args:
            value: A tensor `[all lengths together, ...]`.
            lengths: How long each part is: a vector, of known size in a graph.
            name: Accepted.

        Raises:
            ValueError: Where the lengths are no vector.
            InvalidArgumentError: Where the lengths do not add up to the tensor's first size.
        """
        rows = self._taken(value, "split")
        known = static.get_static_value(frontdoor.convert(lengths)) if frontdoor.is_tensor_like(lengths) else lengths
        counts = None if known is None else np.asarray(known)
        rank = frontdoor.convert(lengths).shape.rank if counts is None else counts.ndim
        if rank != 1:
            raise ValueError(explain("TensorArray.split: `lengths` must be a vector.", received=f"rank {rank}"))
        uneven = counts is None or (counts.size and (counts != counts[0]).any())
        if counts is None or (uneven and context.scope() is not None):
            return self._changed(self._parted(rows, _integer(lengths)))
        if uneven:
            self._uneven, self._size = array.split(rows, counts.tolist()), len(counts)
            self._read.clear()
            return self
        parts = array.reshape(rows, [len(counts), int(counts[0]) if counts.size else 0, *rows.shape.as_list()[1:]])
        return self.unstack(parts)

    def _parted(self, rows: Any, lengths: Any) -> TensorArray:
        made = self._copy()
        total = math.reduce_sum(lengths)
        message = f"TensorArray.split: the lengths of the parts of `{self._name}` do not add up to the first size"
        apply("assert", math.equal(total, array.shape(rows)[0]), lengths, array.shape(rows), message=message)
        count = lengths.shape[0]
        made._size = array.shape(lengths)[0] if count is None else count
        made._rows, made._row, made._parts = None, None, (rows, lengths)
        return made

    # Reading ---------------------------------------------------------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Any:
        """A row.

        Raises:
            OutOfRangeError: Where there is no such row; InvalidArgumentError in a graph.
            InvalidArgumentError: Outside of graphs, and while a graph of TensorFlow 1 is run, where it was read before
                and `clear_after_read` is not False.
        """
        self._require_there(_integer(index), "read", False)
        if self._once and context.scope() is None:
            self._note_read(int(_integer(index)))
        if self._parts is not None:
            return self._part(_integer(index))
        if self._uneven is not None:
            return self._uneven[int(_integer(index))]
        row = array.gather(self._held("read"), _integer(index))
        return self._clearing(row if self._row is None else array.reshape(row, self._row), index)

    def _require_there(self, number: Any, method: str, grows: bool) -> None:
        """Refuses rows that are not there, where ops run at once; in graphs the op does."""
        if context.scope() is not None:
            return
        size, wanted = int(self.size()), int(number)
        if wanted < 0 or (wanted >= size and not grows):
            raise OutOfRangeError(explain(f"TensorArray.{method}: `{self._name}` has no such row.",
                                          received=f"index {wanted}", expected=f"from 0 to {size - 1}"
                                          + (" or more" if grows else "")))  # fmt: skip

    def _note_read(self, number: int) -> None:
        if number in self._read:
            raise InvalidArgumentError(explain(
                f"TensorArray.read: row {number} of `{self._name}` was read before, and a row is cleared by that.",
                expected="one read of each row", hint="keep what `read` gave, or make it with clear_after_read=False",
            ))  # fmt: skip
        self._read.add(number)

    def _clearing(self, rows: Any, indices: Any) -> Any:
        """What was read, in a graph of TensorFlow 1 with a note of which rows: a run that reads one twice raises."""
        scope = context.scope()
        if scope is not None and not scope.ordered:
            node = rows._value.node
            node.metadata["dense"] = True
            if self._once:
                asked = getattr(indices, "_value", None)
                node.metadata["cleared"] = Cleared(self._origin, self._name, asked, _numbers(indices) or [asked])
        return rows

    def _part(self, number: Any) -> Any:
        """One of the rows of several lengths."""
        assert self._parts is not None
        rows, lengths = self._parts
        length = array.gather(lengths, number)
        begin = array.gather(math.cumsum(lengths, exclusive=True), number)
        return rows[begin : begin + length]

    def _one_length(self) -> Any:
        """Rows that `split` made under one another, where they turn out to have one length."""
        assert self._parts is not None
        rows, lengths = self._parts
        alike = math.reduce_all(math.equal(lengths, lengths[:1]))
        message = f"TensorArray: the rows of `{self._name}` have several lengths, so there is no tensor of them"
        known = static.get_static_value(lengths)
        if known is not None and (np.asarray(known) != np.asarray(known)[:1]).any():
            raise InvalidArgumentError(explain(message + ".", received=str(np.asarray(known).tolist()),
                                               hint="read them one by one, or concat()"))  # fmt: skip
        apply("assert", alike, lengths, message=message)
        return array.reshape(rows, array.concat([array.stack([_integer(self._size), -1]), array.shape(rows)[1:]], 0))

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The rows of these numbers: `[numbers, ...]`."""
        if self._parts is not None:
            return array.gather(self._one_length(), _integer(indices))
        if self._uneven is not None:
            return array.stack([self._uneven[int(number)] for number in _integer(indices)])
        return self._clearing(self._unfolded(array.gather(self._held("gather"), _integer(indices))), indices)

    def stack(self, name: str | None = None) -> Any:
        """All rows: `[size, ...]`. Those that were not written are zeros."""
        if self._parts is not None:
            return self._one_length()
        if self._uneven is not None:
            return array.stack(self._uneven)
        rows = self._held("stack")
        if isinstance(self._size, int) and rows.shape[0] == self._size:
            return self._unfolded(rows)
        return self._unfolded(rows if not self._dynamic and rows is self._rows else rows[: self._size])

    def concat(self, name: str | None = None) -> Any:
        """The rows after one another: `[size * first size of a row, ...]`."""
        if self._parts is not None:
            return self._parts[0]
        if self._uneven is not None:
            return array.concat(self._uneven, 0)
        rows = self.stack()
        return array.reshape(rows, array.concat([[-1], array.shape(rows)[2:]], 0))

    def identity(self) -> TensorArray:
        """One that holds the same."""
        return self._copy()

    def close(self, name: str | None = None) -> None:
        """Does nothing: memory goes when nobody holds it."""

    # How it is held --------------------------------------------------------------------------------------------------

    def _taken(self, value: Any, method: str) -> Any:
        tensor = value if frontdoor.is_tensor_like(value) else frontdoor.convert(value, self._dtype)
        tensor = frontdoor.convert(tensor)
        if tensor.dtype != self._dtype:
            raise InvalidArgumentError(explain(
                f"TensorArray.{method}: the elements of `{self._name}` are {self._dtype.name}.",
                received=str(tensor.type), hint="cast it: tf.cast(...)",
            ))  # fmt: skip
        return tensor

    def _copy(self) -> TensorArray:
        made = TensorArray(self._dtype, self._size, self._dynamic, self._once, infer_shape=self._infer,
                           element_shape=self._element, name=self._name)  # fmt: skip
        made._rows, made._row, made._done = self._rows, self._row, self._done
        made._parts, made._read, made._origin = self._parts, set(self._read), self._origin
        made._uneven = None if self._uneven is None else list(self._uneven)
        return made

    def _noting(self, method: str, before: frozenset[Any], numbers: Iterable[Any]) -> TensorArray:
        """Itself, in a graph of TensorFlow 1 with the rows noted that were written: there each is written once.

        Other tensors than constants are told apart by which they are: two may hold one number.

        Raises:
            InvalidArgumentError: Where one was written before, or there is no such row.
        """
        scope = context.scope()
        if scope is None or scope.ordered:
            return self
        done = set(before)
        size = self._size if isinstance(self._size, int) and not self._dynamic else None
        for number in numbers:
            if isinstance(number, int) and (number < 0 or (size is not None and number >= size)):
                raise InvalidArgumentError(explain(
                    f"TensorArray.{method}: `{self._name}` has no such row.", expected=f"0 to {(size or 0) - 1}",
                    received=str(number), hint="give it another size, or dynamic_size=True",
                ))  # fmt: skip
            if number in done:
                which = f"row {number}" if isinstance(number, int) else f"the row of tensor `{number.name}`"
                raise InvalidArgumentError(explain(
                    f"TensorArray.{method}: {which} of `{self._name}` was written before.",
                    expected="one write for each row", hint="write it once, or use another TensorArray",
                ))  # fmt: skip
            done.add(number)
        self._done = frozenset(done)
        return self

    def _may_be_uneven(self, row: TensorShape) -> bool:
        """Whether an eager one that may hold rows of several shapes gets one of another shape."""
        if self._infer or context.scope() is not None:
            return False
        return self._uneven is not None or (self._rows is not None and self._rows.shape[1:] != row)

    def _written_beside(self, number: int, row: Any) -> TensorArray:
        held = self._uneven if self._uneven is not None else array.unstack(self.stack())
        if number >= len(held) and not self._dynamic:
            raise InvalidArgumentError(explain(f"TensorArray.write: `{self._name}` has no such row.",
                                               expected=f"0 to {len(held) - 1}", received=str(number)))  # fmt: skip
        blank = array.zeros([0] * len(row.shape), self._dtype)
        self._uneven = [*held, *[blank] * (number + 1 - len(held))]
        self._uneven[number] = row
        self._size, self._rows = len(self._uneven), None
        return self

    def _written_flat(self, number: Any, row: Any) -> TensorArray:
        """With a row of which only running tells the rank, or whose neighbours are such."""
        made = self._with_flat()
        made = made._reaching(number) if made._dynamic else made
        flat = array.reshape(row, [1, -1])
        more = array.shape(flat)[1] - array.shape(made._rows)[1]  # the first row to be written makes the others as wide
        rows = array.pad(made._rows, [[0, 0], [0, more]])
        made._rows = array.tensor_scatter_nd_update(rows, array.reshape(number, [1, 1]), flat)
        made._row = array.shape(row)
        return made

    def _with_flat(self) -> TensorArray:
        """One that has memory for rows of any rank, as yet of no width."""
        made = self._copy()
        if made._rows is not None and made._row is None:
            whole = array.shape(made._rows)
            made._rows = array.reshape(made._rows, array.stack([whole[0], math.reduce_prod(whole[1:])]))
            made._row = whole[1:]
        elif made._row is None:
            width = array.shape(_nothing())[0]
            made._rows = array.zeros(array.stack([_integer(self._size), width]), self._dtype)
            made._row = _nothing()
        return made

    def _unfolded(self, rows: Any) -> Any:
        """Rows in their own shape."""
        return rows if self._row is None else array.reshape(rows, array.concat([array.shape(rows)[:1], self._row], 0))

    def _changed(self, made: TensorArray) -> TensorArray:
        """What a method that writes returns: in a graph a new one, else itself, changed, as TensorFlow has it."""
        if context.scope() is not None:
            return made
        self._rows, self._size = made._rows, made._size
        return self

    def _with(self, row: TensorShape) -> TensorArray:
        """One that has memory, for rows of a shape."""
        made = self._copy()
        if made._rows is None:
            shape = self._element if self._element.is_fully_defined() else row
            if shape.rank is None:
                raise InvalidArgumentError(explain(f"TensorArray `{self._name}`: the rank of its rows is not known.",
                                                   hint="give element_shape"))  # fmt: skip
            made._rows = self._zeros(self._size, shape)
        return made

    def _zeros(self, count: Any, row: TensorShape) -> Any:
        return array.zeros([count, *(row.symbolic or ())], self._dtype)

    def _check_row(self, row: Any) -> None:
        held, given = self._rows.shape[1:], row.shape
        if not held.is_compatible_with(given):
            raise InvalidArgumentError(explain(
                f"TensorArray.write: the rows of `{self._name}` have one shape.", expected=str(held),
                received=str(given), hint="pad the rows to one shape",
            ))  # fmt: skip

    def _held(self, method: str) -> Any:
        if self._rows is not None:
            return self._rows
        if self._element.is_fully_defined():
            return self._zeros(self._size, self._element)
        raise InvalidArgumentError(explain(
            f"TensorArray.{method}: nothing was written to `{self._name}`, and the shape of its rows is not known.",
            hint="use what `write` returns (rows = rows.write(i, x)), or give element_shape",
        ))  # fmt: skip

    def _reaching(self, number: Any) -> TensorArray:
        """One that has a row of a number, by growing where it must."""
        made = self._copy()
        have, asked, held = _known(self._size), _known(number), self._rows.shape[0]
        row = TensorShape(self._rows.shape[1:])
        if have is not None and asked is not None and held is not None:
            made._size = max(have, asked + 1)
            more: Any = max(made._size - held, 0)
        else:
            made._size = math.maximum(_integer(self._size), number + 1)
            more = math.maximum(made._size - _length(self._rows), 0)
        if not isinstance(more, int) or more:
            made._rows = array.concat([self._rows, self._zeros(more, row)], 0)
        return made

    # As a value of graphs --------------------------------------------------------------------------------------------

    def _components(self) -> list[Any]:
        if self._parts is not None:
            return [*self._parts]
        rows = [part for part in (self._rows, self._row) if part is not None]
        return [*rows, _integer(self._size)] if self._dynamic else rows

    def _rebuild(self, parts: list[Any]) -> TensorArray:
        made = self._copy()
        if self._parts is not None:
            made._parts = (parts[0], parts[1])
            return made
        held = list(parts)
        if self._dynamic:
            made._size = held.pop()
        made._rows = held[0] if held else None
        made._row = held[1] if self._row is not None else None
        made._done = frozenset()  # which branch it comes out of, or after how many turns, is not known
        return made

    def _static_part(self) -> Any:
        size = None if self._dynamic or not isinstance(self._size, int) else self._size
        return self._dtype, self._dynamic, self._rows is None, self._row is None, self._parts is None, size

    def _changing_in_loops(self) -> tuple[tuple[int, int], ...]:
        wide = ((0, 1), (1, 0)) if self._row is not None else ()
        return (((0, 0),) if self._dynamic and self._rows is not None else ()) + wide

    def _before_a_loop(self, after: Any) -> TensorArray | None:
        """What must stand before a loop that leaves `after` behind: memory for its rows; None where it has that."""
        if not isinstance(after, TensorArray) or after._rows is None:
            return None
        if self._rows is not None:
            return None if self._row is not None or after._row is None else self._with_flat()
        if after._row is not None or _told_inside(after._rows):
            return self._with_flat()
        return self._with(TensorShape(after._rows.shape[1:]))

    def __repr__(self) -> str:
        return f"<tf.TensorArray {self._name} of {self._dtype.name}{self.element_shape}>"


def _integer(value: Any) -> Any:
    """A number, or numbers, as int32."""
    return array.cast(frontdoor.convert(value), dtypes.int32)


def _length(tensor: Any) -> Any:
    """The first size: an int where it is known."""
    size = tensor.shape[0]
    return array.shape(tensor)[0] if size is None else size


def _known(value: Any) -> int | None:
    found = value if isinstance(value, int) else sizes.known(frontdoor.convert(value))
    return found if isinstance(found, int) else None


def _numbers(indices: Any) -> list[Any]:
    """Indices that are given as numbers or constants; another scalar tensor's value; none for other tensors."""
    if frontdoor.is_tensor_like(indices):
        value = getattr(indices, "_value", None)
        if value is None or value.node.op != "constant":
            return [value] if value is not None and value.type.rank == 0 else []
        indices = value.node.attrs["value"].array
    return np.asarray(indices).ravel().tolist()


def _told_inside(rows: Any) -> bool:
    """Whether rows have a size that only data of the graph around them tells: before a loop nobody knows it."""
    value = getattr(rows, "_value", None)
    return value is not None and mentions(value.shape[1:], varying(value.graph, 0))


def _nothing() -> Any:
    """No sizes; in a graph, how many they are is left open."""
    return array.cast(array.where(frontdoor.convert([False]))[:, 0], dtypes.int32)
