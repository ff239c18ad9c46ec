"""Replicas: one graph run on several parts of a batch at a time, and the sums that its copies make of their values.

What a graph does to state it does as if all copies had done it alike: who builds the graph sees to it that what is
written is the same in all of them, which sums over replicas are (`weft.runtime.replicas`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, replica
from weft.base.dims import Dim
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, shape_of
from weft.ops.builder import GraphBuilder
from weft.ops.control import result_types
from weft.ops.interpreter import Runner
from weft.ops.opdef import REQUIRED, Case, OpDef, SpecError, case, nondifferentiable, register

_ANY = (*dtypes.ALL, dtypes.resource, dtypes.variant)
#: the ops by which replicas get values of one another; what they give is the same in all
EXCHANGES = frozenset(("all_reduce", "all_gather"))


class _Meeting:
    """Where the copies, each in a thread of its own, wait for one another and add up their values in order."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count)
        self._values: list[Any] = [None] * count

    def _all(self, number: int, value: Any, alike: Callable[[tuple[int, ...]], Any]) -> list[Any]:
        """The values of all, in order, once all have put theirs down."""
        self._values[number] = value
        self._barrier.wait()
        found = list(self._values)
        self._barrier.wait()  # nobody puts down the next value before all have these
        shapes = {np.shape(each) for each in found}
        if len({alike(shape) for shape in shapes}) > 1:
            raise ValueError(f"the replicas' values differ in shape: {', '.join(map(str, sorted(shapes)))}")
        return found

    def total(self, number: int, value: Any) -> Any:
        """The sum of all replicas' values."""
        first, *others = self._all(number, value, lambda shape: shape)
        for each in others:
            first = first + each
        return np.asarray(first, value.dtype)

    def joined(self, number: int, value: Any, axis: int) -> Any:
        """The values of all replicas after one another."""
        return np.concatenate(self._all(number, value, lambda shape: shape[:axis] + shape[axis + 1 :]), axis)

    def leave(self) -> None:
        """Ends it for all: one has failed."""
        self._barrier.abort()


class _Here(threading.local):
    def __init__(self) -> None:
        self.meeting: _Meeting | None = None


_here = _Here()


def _all_reduce(x: Any, count: int) -> Any:
    if _here.meeting is not None:
        return _here.meeting.total(replica.present().number, x)
    return (x * np.asarray(count, x.dtype)).astype(x.dtype)


register(
    OpDef(
        name="all_reduce",
        inputs=("x",),
        attrs={"count": REQUIRED},
        spec=lambda x, count: x,
        reference=_all_reduce,
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.call("all_reduce", ct, count=node.attrs["count"]),),
        any_rank=True,
        cases=(case((2, 3), count=2), case((), count=1)),
        doc="The sum of the values that `count` replicas have; outside of replicas all have the same.",
    )
)


def _all_gather_spec(x: TensorType, number: TensorType, axis: int, count: int) -> TensorType:
    shape = shape_of(x)
    if not shape:
        raise SpecError("scalars cannot be joined along an axis", hint="give each an axis, with tf.expand_dims")
    at = axis_of(axis, len(shape))
    rows = shape[at] * count if isinstance(shape[at], int) else Dim.fresh()  # those of the others are not its own
    return x.with_shape((*shape[:at], rows, *shape[at + 1 :]))


def _all_gather(x: Any, number: Any, axis: int, count: int) -> Any:
    if _here.meeting is not None:
        return _here.meeting.joined(replica.present().number, x, axis % x.ndim)
    return np.concatenate([x] * count, axis)


def _all_gather_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    (x, number), count = node.inputs, node.attrs["count"]
    own = b.shape(x)
    at = node.attrs["axis"] % len(own)
    size = b.reshape(b.call("shape_of_axis", x, axis=at), shape=(1,))
    sizes = b.call("all_gather", size, number, axis=0, count=count)
    before = b.call("less", b.constant(np.arange(count, dtype=np.int32)), number)
    begin = b.reduce_sum(b.multiply(sizes, b.cast(before, dtype=dtypes.int32)), axis=(0,))
    starts = [begin if i == at else b.constant(np.zeros((), np.int32)) for i in range(len(own))]
    return b.dynamic_slice(b.call("all_reduce", ct, count=count), *starts, sizes=own), None


register(
    OpDef(
        name="all_gather",
        inputs=("x", "number"),
        attrs={"axis": REQUIRED, "count": REQUIRED},
        spec=_all_gather_spec,
        reference=_all_gather,
        dtypes=(dtypes.ALL, (dtypes.int32,)),
        same=(0,),
        vjp=_all_gather_vjp,
        cases=(case((2, 3), np.asarray(0, np.int32), axis=0, count=1),
               case((2, 3), np.asarray(0, np.int32), axis=-1, count=3, grad=0)),  # one of three has a part's gradient
        doc="The values of `count` replicas after one another along an axis, where they may differ in size; `number` "
            "says which one this is. Outside of replicas all have the same.",
    )
)  # fmt: skip


class _Mirror:
    """A replica's own view of a cell: reads see its own writes.

    It is made by the thread that holds the cell's lock, without which a value on a device cannot be read.
    """

    on_devices = False

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.written = False
        self._value: Any = cell.read()

    def read(self) -> Any:
        return self._value

    def write(self, value: Any) -> None:
        self._value, self.written = value, True

    def take(self) -> Any:
        return None

    def put_back(self) -> None:
        """Nothing was taken."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cell, name)


def part_size(rows: int, count: int) -> int:
    """How many rows of a batch a replica gets; the last ones get what is left, which may be none."""
    return -(-rows // count)


def operands_of(inputs: Sequence[Any], kinds: Sequence[str], count: int, number: int, cut: Any) -> list[Any]:
    """What the replica of a number gets of the inputs of `replicate`.

    Args:
        inputs: The inputs: one for each operand that is cut, `count` for each that comes in parts, and captures.
        kinds: For each operand "cut" or "each".
        count: How many replicas there are.
        number: Which of them is meant.
        cut: (input, number) → its part.
    """
    found, at = [], 0
    for kind in kinds:
        found.append(cut(inputs[at], number) if kind == "cut" else inputs[at + number])
        at += 1 if kind == "cut" else count
    return [*found, *inputs[at:]]


def _spec(*inputs: TensorType, body: Graph, kinds: Sequence[str], count: int, devices: Any) -> list[TensorType]:
    def part(type: TensorType, number: int) -> TensorType:
        if type.shape is None:
            return type
        if not type.shape:
            raise SpecError("a scalar cannot be cut into parts", hint="give replicas a value each")
        rows = type.shape[0]
        return type.with_shape((min(part_size(rows, count), max(0, rows - number * part_size(rows, count)))
                                if isinstance(rows, int) else Dim.fresh(), *type.shape[1:]))  # fmt: skip

    number = TensorType((), dtypes.int32)
    found: list[TensorType] = []
    for i in range(count):
        found += result_types(body, [number, *operands_of(inputs, kinds, count, i, part)], "a replica")
    return found


def _replicate(runner: Runner, *inputs: Any, body: Graph, kinds: Any, count: int, devices: Any) -> Sequence[Any]:
    meeting = _Meeting(count)
    found: list[Any] = [None] * count
    mirrors: list[list[_Mirror]] = [[] for _ in range(count)]
    errors: list[BaseException] = []

    def part(rows: Any, number: int) -> Any:
        size = part_size(rows.shape[0], count)
        return rows[number * size : (number + 1) * size]

    def mirrored(values: Sequence[Any], number: int) -> list[Any]:
        seen: dict[int, _Mirror] = {}
        own = [seen.setdefault(id(v), _Mirror(v)) if hasattr(v, "lock") else v for v in values]
        mirrors[number] = list(seen.values())
        return own

    def work(number: int) -> None:
        _here.meeting = meeting
        try:
            with replica.running(number, count):
                found[number] = Runner(runner.known, runner.hook if number == 0 else None).run(
                    body, [np.asarray(number, np.int32), *operands[number]])  # fmt: skip
        except threading.BrokenBarrierError:
            pass  # another one has failed, and says why
        except BaseException as error:
            errors.append(error)
            meeting.leave()

    operands = [mirrored(operands_of(inputs, kinds, count, number, part), number) for number in range(count)]
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    for mirror in mirrors[0]:
        if mirror.written:
            mirror.cell.write(mirror.read())
    return tuple(result for results in found for result in results)


def _cases() -> list[Case]:
    made = []
    for rows, reduces in ((4, True), (5, False)):
        body = Graph("replica")
        number = body.add_input(TensorType((), dtypes.int32), "number")
        x = body.add_input(TensorType((Dim.fresh("rows"), 3), dtypes.float64), "x")
        w = body.add_input(TensorType((3,), dtypes.float64), "w")
        b = GraphBuilder(body)
        scaled = b.multiply(b.multiply(x, w), b.cast(b.add(number, 1), dtype=dtypes.float64))
        total = b.reduce_sum(scaled, axis=(0, 1))
        body.outputs = [scaled, b.call("all_reduce", total, count=2) if reduces else total]
        attrs = {"body": body, "kinds": ("cut",), "count": 2, "devices": ()}
        made.append(Case(((rows, 3), (3,)), attrs, dtypes=(dtypes.float64,), grad=0, name=f"{rows} rows"))
    return made


register(
    OpDef(
        name="replicate",
        inputs=("*inputs",),
        attrs={"body": REQUIRED, "kinds": REQUIRED, "count": REQUIRED, "devices": ()},
        spec=_spec,
        reference=_replicate,
        dtypes=(_ANY,),
        same=(),
        vjp=nondifferentiable("a replica's gradients are taken inside of it"),
        higher_order=True,
        outputs=None,
        cases=_cases,
        doc="Runs a graph once for each replica, on its number and its operands; results replica by replica.",
    )
)
