"""Random graphs: typed, the same for the same seed, made of ops from the table.

They serve to compare two ways of running a graph: before and after a pass, on one engine and on another. `make` gives
a graph and inputs that it runs on; with `state` it reads and writes variables (two handles that may be one variable),
with `control` it calls, branches and loops. `shrink` makes a failing graph small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph, Node, Value, clone, reachable
from weft.ir.types import TensorType, resource_of
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.testing import numeric
from weft.testing.numeric import Array, Cell

#: ops whose results stay within a moderate range on moderate operands, so that long chains stay finite
_UNARY = ("negative", "abs", "tanh", "sigmoid", "sin", "cos", "relu", "softplus", "floor", "sign", "atan", "identity")
_BINARY = ("add", "subtract", "maximum", "minimum", "squared_difference")
_COMPARISONS = ("less", "greater_equal", "equal")
_WHOLE = ("add", "subtract", "multiply", "maximum", "minimum", "bitwise_and", "bitwise_xor")
_REDUCTIONS = ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min")
_BATCH = 3
_DTYPES = (dtypes.float32, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.bool_)


_PLAIN = ("unary", "unary", "binary", "binary", "binary", "constant", "reduce", "shape", "cast", "select", "matmul",
          "again", "neutral")  # fmt: skip
_STATE = ("read", "write")
_STABLE = ("stable", "stable")
_RICH = ("rows", "rows", "places", "places", "windows", "powers")
_CONTROL = ("call", "cond", "loop")
_PRODUCTS = ("order", "order", "order", "weighted", "weighted", "paired", "attend", "normalised")
#: products with numbers known beforehand, by the rank of what they take; w is as long as the last axis
_WEIGHTED = {
    2: ("ac,cd->ad", "ac,cd->da", "ac,chd->ahd", "ac,chd->hda"),
    3: ("abc,cd->abd", "abc,cd->adb", "abc,chd->abhd", "abc,chd->ahbd", "abc,chd->habd", "abc,chd->bhad"),
    4: ("abhc,cd->abhd", "abhc,hcd->abd", "abhc,hcd->adb", "abhc,cd->hadb", "abhc,hcd->bda"),
}
#: products of two values of one shape
_PAIRED = {
    2: ("ac,bc->ab", "ca,cb->ba", "ac,bc->ba"),
    3: ("aic,ajc->aij", "aic,ajc->aji", "aci,acj->aij", "iac,jac->aij", "aci,acj->jai"),
    4: ("aihc,ajhc->ahij", "ahic,ahjc->aihj", "aihc,ajhc->ijah", "ahic,ahjc->ahji"),
}
#: after these an attention's result has its axes in the order given, its heads not yet joined
_ATTENDED = ("bhqk,bkhd->bqhd", "bhqk,bkhd->bhqd", "bhqk,bkhd->hbqd")
_MANY = 6000  # elements of the largest value that orders and products take


def _held(width: int) -> TensorType:
    return TensorType((width,), dtypes.float32)


class _Maker:
    """One graph being made: every step picks values and an op that takes them."""

    def __init__(self, seed: int, symbolic: bool, kinds: tuple[str, ...] = (), width: int = 4) -> None:
        self.seed = seed
        self.width = width
        self.kinds = _PLAIN + kinds
        self.rng = numeric.generator("random graph", seed)
        self.graph = Graph(f"random_{seed}")
        self.b = GraphBuilder(self.graph)
        self.batch: Any = Dim.fresh("batch") if symbolic else _BATCH
        self.values: list[Value] = []
        self.arrays: dict[Value, Any] = {}
        self.known: dict[Any, int] = {} if isinstance(self.batch, int) else {self.batch.symbol: _BATCH}

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def value(self, test: Callable[[Value], bool]) -> Value | None:
        """One of the values that pass a test, later ones more often."""
        fitting = [v for v in self.values if not v.type.is_resource and test(v)]
        if not fitting:
            return None
        return fitting[max(int(self.rng.integers(len(fitting))), int(self.rng.integers(len(fitting))))]

    def add_inputs(self) -> None:
        w = self.width
        shapes = [(self.batch, w), (self.batch, w), (w,), (), (w, w), (self.batch, 2, w // 2)]
        for _ in range(int(self.rng.integers(2, 5))):
            self.values.append(self.graph.add_input(TensorType(self.pick(shapes), self.pick(_DTYPES))))
        self.arrays = dict(zip(self.graph.inputs, inputs_for(self.graph, self.seed), strict=True))

    def step(self) -> None:
        kind = self.pick(self.kinds)
        count = len(self.graph.nodes)
        try:
            made = getattr(self, "_" + kind)()
            self.compute(self.graph.nodes[count:])
        except (InvalidArgumentError, ValueError, IndexError):  # the operands do not go together: try something else
            del self.graph.nodes[count:]
            return
        if made is not None:
            self.values.append(made)

    def compute(self, nodes: Sequence[Node]) -> None:
        """Runs new nodes: what an unknown size lets through may not fit once it is known."""
        for node in nodes:
            known = self.known
            attrs = {key: interpreter.resolve(value, known) for key, value in node.attrs.items()}
            record, operands = opdef.get(node.op), [self.arrays[v] for v in node.inputs]
            with np.errstate(all="ignore"):
                runner = [interpreter.Runner(known, None)] * record.higher_order
                results = opdef.apply_reference(record, [*runner, *operands], attrs)
            self.arrays.update(zip(node.outputs, results, strict=True))
            for value, array in zip(node.outputs, results, strict=True):  # sizes that are told by what it has run
                if value.shape is not None and not value.type.is_resource:
                    dims.bind(value.shape, np.shape(array), known)

    def _unary(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_floating)
        return None if x is None else self.b.call(self.pick(_UNARY), x)

    def _binary(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_numeric)
        if x is None:
            return None
        y = self.value(lambda v: v.dtype is x.dtype)
        if self.rng.random() < 0.15:
            return self.b.call(self.pick(_COMPARISONS), x, y)
        return self.b.call(self.pick(_BINARY if x.dtype.is_floating else _WHOLE), x, y)

    def _constant(self) -> Value:
        dtype = self.pick(_DTYPES)
        number = int(self.rng.integers(-2, 3))
        return self.b.constant(number if not dtype.is_bool else bool(number), dtype)

    def _reduce(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_floating and (v.type.rank or 0) > 0)
        if x is None:
            return None
        axes = tuple(i for i in range(x.type.rank or 0) if self.rng.random() < 0.5)
        return self.b.call(self.pick(_REDUCTIONS), x, axis=axes, keepdims=bool(self.rng.random() < 0.5))

    def _shape(self) -> Value | None:
        x = self.value(lambda v: (v.type.rank or 0) > 0)
        if x is None or x.shape is None:
            return None
        rank = len(x.shape)
        what = self.pick(("transpose", "reshape", "expand_dims", "broadcast_to", "concat"))
        if what == "transpose":
            return self.b.call("transpose", x, perm=tuple(int(i) for i in self.rng.permutation(rank)))
        if what == "reshape":
            return self.b.call("reshape", x, shape=(1, *x.shape) if self.rng.random() < 0.5 else (*x.shape, 1))
        if what == "expand_dims":
            return self.b.call("expand_dims", x, axis=int(self.rng.integers(rank + 1)))
        if what == "broadcast_to":
            return self.b.call("broadcast_to", x, shape=(2, *x.shape) if rank < 3 else x.shape)
        other = self.value(lambda v: v.type == x.type)
        return self.b.call("concat", x, other, axis=int(self.rng.integers(rank)))

    def _cast(self) -> Value | None:
        x = self.value(lambda v: True)
        return None if x is None else self.b.call("cast", x, dtype=self.pick(_DTYPES))

    def _select(self) -> Value | None:
        condition = self.value(lambda v: v.dtype.is_bool)
        x = self.value(lambda v: v.dtype.is_numeric)
        if condition is None or x is None:
            return None
        return self.b.call("select", condition, x, self.value(lambda v: v.dtype is x.dtype))

    def _matmul(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_floating and v.type.rank == 2)
        y = None if x is None else self.value(lambda v: v.dtype is x.dtype and v.type.rank == 2)
        if y is None:
            return None
        return self.b.call("tanh", self.b.call("matmul", x, y))

    def _again(self) -> Value | None:
        """A node repeated: what common-code removal is for."""
        nodes = [n for n in self.graph.nodes if n.op != "input" and len(n.outputs) == 1 and not n.subgraphs()]
        if not nodes:
            return None
        node = self.pick(nodes)
        return self.b.call(node.op, *node.inputs, **node.attrs) if node.op != "constant" else None

    def _neutral(self) -> Value | None:
        """A step that changes nothing: what algebra is for."""
        x = self.value(lambda v: v.dtype.is_numeric)
        if x is None:
            return None
        one, zero = self.b.constant(1, x.dtype), self.b.constant(0, x.dtype)
        steps: tuple[Callable[[], Any], ...] = (
            lambda: self.b.call("multiply", x, one),
            lambda: self.b.call("subtract", x, zero),
            lambda: self.b.call("negative", self.b.call("negative", x)),
            lambda: self.b.call("subtract", x, self.b.call("negative", x)),
            lambda: self.b.call("add", x, zero),
            lambda: self.b.call("multiply", x, self.b.constant(-1, x.dtype)),
            lambda: self.b.call("maximum", x, x),
        )
        if x.dtype.is_floating:
            steps += (
                lambda: self.b.call("divide", x, self.b.constant(4, x.dtype)),
                lambda: self.b.call("pow", self.b.call("tanh", x), self.b.constant(2, x.dtype)),
                lambda: self.b.call("divide", 1, self.b.call("sqrt", self.b.call("add", self.b.call("abs", x), 1))),
                lambda: self.b.call("reduce_sum", x, axis=()),
            )
        return self.pick(steps)()

    def _stable(self) -> Value | None:
        """A form that has a stable one."""
        x = self.value(lambda v: v.dtype.is_floating)
        if x is None:
            return None
        b = self.b
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("log", b.call("sigmoid", x)),
            lambda: b.call("log", b.call("add", b.call("exp", x), 1)),
            lambda: b.call("tanh", b.call("subtract", b.call("exp", b.call("tanh", x)), 1)),
            lambda: b.call("log", b.call("softmax", x, axis=-1)),
        )
        return self.pick(steps)()

    def _rows(self) -> Value | None:
        """What looks at a whole row, or at what lies before an element in it."""
        x = self.value(lambda v: v.dtype.is_floating and (v.type.rank or 0) > 0)
        if x is None:
            return None
        b, axis = self.b, int(self.rng.integers(x.type.rank or 0))
        flags = {"axis": axis, "exclusive": self.rng.random() < 0.5, "reverse": self.rng.random() < 0.5}
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("softmax", x, axis=axis),
            lambda: b.call("log_softmax", x, axis=axis),
            lambda: b.call("tanh", b.call("cumsum", x, **flags)),
            lambda: b.call("cumprod", b.call("cos", x), **flags),
            lambda: b.call("reduce_variance", x, axis=(axis,), keepdims=bool(flags["reverse"])),
            lambda: b.call("reduce_logsumexp", x, axis=(axis,), keepdims=bool(flags["reverse"])),
            lambda: b.call("argmax", b.call("round", x), axis=axis, output_type=dtypes.int32),
            lambda: b.call("sort", x, axis=axis, direction="DESCENDING"),
        )
        return self.pick(steps)()

    def _places(self) -> Value | None:
        """What takes elements from other places."""
        x = self.value(lambda v: (v.type.rank or 0) > 0 and v.dtype.is_numeric)
        if x is None or x.shape is None:
            return None
        b, rank = self.b, x.type.rank or 0
        axis = int(self.rng.integers(rank))
        size = x.shape[axis]
        known = size if isinstance(size, int) else 1
        where = self.value(lambda v: v.dtype is dtypes.int32)
        indices = b.call("floormod", where if where is not None else 0, b.constant(max(1, known), dtypes.int32))
        numbers = tuple(int(n) for n in self.rng.integers(0, 3, (2 * rank,)))
        within = (("slice", None, None, None),) * axis + (("slice", int(numbers[0] > 1), None, 1 + numbers[1]),)
        like = TensorType((indices.shape or ())[:1] + x.shape[1:], x.dtype)
        updates = self.value(lambda v: v.type == like)
        column = b.call("reshape", indices, shape=(*(indices.shape or ()), 1))
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("gather", x, indices, axis=axis),
            lambda: b.call("strided_slice", x, index=within),
            lambda: b.call("pad", x, paddings=tuple(zip(numbers[:rank], numbers[rank:], strict=True))),
            lambda: b.call("tile", x, multiples=tuple(1 + (n > 1) for n in numbers[:rank])),
            lambda: b.call("reverse", x, axis=(axis,)),
            lambda: b.call("roll", x, shift=(numbers[0] + 1,), axis=(axis,)),
            lambda: b.call("stack", x, x, axis=axis),
            lambda: b.call("one_hot", indices, depth=known, dtype=dtypes.float32),
            lambda: None if updates is None else b.call("unsorted_segment_sum", updates, indices, num_segments=known),
            lambda: None if updates is None or axis else b.call("tensor_scatter_add", x, column, updates),
        )
        made: Value | None = self.pick(steps)()
        return made

    def _windows(self) -> Value | None:
        """Products with more axes than two, convolution and pooling; small, and drawn towards zero."""
        x = self.value(lambda v: v.dtype.is_floating and v.type.rank == 3)
        if x is None or x.shape is None:
            return None
        b, depth = self.b, x.shape[2]
        if not isinstance(x.shape[1], int) or not isinstance(depth, int):
            return None
        stride = int(self.rng.integers(1, 3))
        window = {"window": (2,), "strides": (stride,), "dilations": (1,), "padding": self.pick(("SAME", "VALID"))}
        numbers = numeric.draw(self.rng, (2, depth, 5), x.dtype)
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("max_pool", x, **window),
            lambda: b.call("avg_pool", x, **window),
            lambda: b.call("tanh", b.call("conv", x, b.constant(numbers, x.dtype), padding=window["padding"],
                                          strides=(stride,), dilations=(1,))),
            lambda: b.call("tanh", b.call("matmul", x, x, transpose_b=True)),
            lambda: b.call("tanh", b.call("matmul", x, x, transpose_a=True)),
            lambda: b.call("tanh", b.call("einsum", x, x, equation="abc,abd->acd")),
        )  # fmt: skip
        return self.pick(steps)()

    def _moderate(self, least: int, most: int) -> tuple[Value, tuple[Any, ...]] | None:
        """A float of such a rank, not too large, whose sizes but the batch are known."""

        def fits(v: Value) -> bool:
            if not v.dtype.is_floating or v.shape is None or not least <= len(v.shape) <= most:
                return False
            return all(isinstance(n, int) or n == self.batch for n in v.shape) and 0 < self.arrays[v].size <= _MANY

        found = self.value(fits)
        return None if found is None or found.shape is None else (found, tuple(found.shape))

    def _order(self) -> Value | None:
        """The axes in another order, joined, split, or cut short at the beginning."""
        found = self._moderate(2, 4)
        if found is None:
            return None
        x, shape = found
        rank, b = len(shape), self.b
        at = int(self.rng.integers(rank - 1))
        joined = (*shape[:at], dims.product(shape[at : at + 2]), *shape[at + 2 :])
        even = [axis for axis, size in enumerate(shape) if isinstance(size, int) and size % 2 == 0 and size > 2]
        axis = self.pick(even) if even else None
        where = self.pick([axis for axis, size in enumerate(shape) if isinstance(size, int) and size > 1] or [None])
        steps: list[Callable[[], Any]] = [
            lambda: b.call("transpose", x, perm=tuple(int(n) for n in self.rng.permutation(rank))),
            lambda: b.call("transpose", x, perm=tuple(int(n) for n in self.rng.permutation(rank))),
            lambda: b.call("reshape", x, shape=joined),
        ]
        if axis is not None:
            split = (*shape[:axis], *self.pick(((2, shape[axis] // 2), (shape[axis] // 2, 2))), *shape[axis + 1 :])
            steps.append(lambda: b.call("reshape", x, shape=split) if rank < 4 else None)
        if where is not None:
            kept = (("slice", None, None, None),) * where + (("slice", None, shape[where] - 1, None),)
            steps.append(lambda: b.call("strided_slice", x, index=kept))
        made: Value | None = self.pick(steps)()
        return made

    def _weighted(self) -> Value | None:
        found = self._moderate(2, 4)
        if found is None or not all(isinstance(n, int) for n in found[1][-2 if len(found[1]) == 4 else -1 :]):
            return None
        x, shape = found
        equation = self.pick(_WEIGHTED[len(shape)])
        sizes = {**dict(zip(equation, shape, strict=False)), "d": self.pick((3, 8, 16)), "h": 2}
        sizes.update(zip(equation.split(",")[0], shape, strict=True))
        inner = [sizes[label] for label in equation.split(",")[1].split("->")[0]]
        numbers = numeric.draw(self.rng, tuple(inner), x.dtype) / float(shape[-1]) ** 0.5
        return self.b.call("einsum", x, self.b.constant(numbers, x.dtype), equation=equation)

    def _paired(self) -> Value | None:
        found = self._moderate(2, 4)
        if found is None:
            return None
        x, shape = found
        y = self.value(lambda v: v.type == x.type)
        made = self.b.call("einsum", x, y, equation=self.pick(_PAIRED[len(shape)]))
        scale = float(dims.evaluate(shape[-1], self.known)) ** -0.5
        made = self.b.call("multiply", made, self.b.constant(scale, x.dtype))
        return self.b.call("tanh", made) if self.rng.random() < 0.5 else made

    def _attend(self) -> Value | None:
        """Attention between heads, in forms that people write."""
        found = self._moderate(3, 3)
        if found is None or not isinstance(found[1][2], int):
            return None
        (x, (_, _, width)), b = found, self.b
        y = self.value(lambda v: v.type == x.type) or x
        heads, depth = 2, self.pick((4, 8, 16))

        def weights(*shape: int) -> Any:
            return b.constant(numeric.draw(self.rng, shape, x.dtype) / shape[0] ** 0.5, x.dtype)

        q, k, v = (b.call("einsum", rows, weights(width, heads, depth), equation="btc,chd->bthd") for rows in (x, y, y))
        if self.rng.random() < 0.5:
            q = b.call("multiply", q, b.constant(depth**-0.5, x.dtype))
        if self.rng.random() < 0.3:
            v = b.call("add", v, weights(heads, depth))
        scores = b.call("einsum", q, k, equation=self.pick(("bqhd,bkhd->bhqk", "bqhd,bkhd->bhqk", "bqhd,bkhd->bqhk")))
        if scores.shape is not None and scores.shape[1] != heads:
            scores = b.call("transpose", scores, perm=(0, 2, 1, 3))
        part = b.call("softmax", scores, axis=-1)
        made: Value = b.call("einsum", part, v, equation=self.pick(_ATTENDED))
        if self.rng.random() < 0.5 and made.shape is not None and made.shape[1] != heads and made.shape[0] != heads:
            made = b.call("einsum", made, weights(heads, depth, width), equation="bqhd,hdo->bqo")
        return made

    def _normalised(self) -> Value | None:
        """What is taken from a mean, divided by a norm, or made to add up to one; along one axis or several."""
        found = self._moderate(2, 4)
        if found is None:
            return None
        (x, shape), b = found, self.b
        first = int(self.rng.integers(len(shape)))
        axes = tuple(range(first, len(shape))) if self.rng.random() < 0.5 else (first,)
        mean = b.call("reduce_mean", x, axis=axes, keepdims=True)
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("softmax", x, axis=first),
            lambda: b.call("subtract", x, mean),
            lambda: b.call("multiply", b.call("subtract", x, mean), b.call("rsqrt", b.call("add", b.call(
                "reduce_mean", b.call("squared_difference", x, mean), axis=axes, keepdims=True), 1.0))),
            lambda: b.call("tanh", b.call("reduce_sum", x, axis=axes)),
        )  # fmt: skip
        return self.pick(steps)()

    def _powers(self) -> Value | None:
        """More elementwise ops: on moderate operands they give moderate results."""
        x = self.value(lambda v: v.dtype.is_numeric)
        if x is None:
            return None
        b = self.b
        if not x.dtype.is_floating:
            y = self.value(lambda v: v.dtype is x.dtype)
            divisor = b.call("add", b.call("bitwise_and", y, b.constant(7, x.dtype)), b.constant(1, x.dtype))
            return b.call(self.pick(("floordiv", "floormod", "truncatediv", "truncatemod")), x, divisor)
        bounded = b.call("tanh", x)
        steps: tuple[Callable[[], Any], ...] = (
            lambda: b.call("gelu", x),
            lambda: b.call("erf", x),
            lambda: b.call("exp", bounded),
            lambda: b.call("rsqrt", b.call("add", b.call("abs", x), 1)),
            lambda: b.call("multiply", bounded, bounded),
            lambda: b.call("clip", x, -0.5, 0.75),
            lambda: b.call("where", b.call("greater", x, 0.25)),
            lambda: b.call("round", b.call("multiply", bounded, 3)),
        )
        return self.pick(steps)()

    def _handle(self) -> Value:
        return self.pick([v for v in self.graph.inputs if v.type.is_resource])

    def _read(self) -> Value:
        return self.b.call("read_variable", self._handle())

    def _write(self) -> Value | None:
        x = self.value(lambda v: v.type == _held(self.width))
        op = self.pick(("assign_variable", "assign_add_variable", "assign_sub_variable"))
        return None if x is None else self.b.call(op, self._handle(), self.b.call("tanh", x))

    def _inner(self, name: str, inputs: Sequence[Value]) -> _Maker:
        """The maker of a sub-graph on some of these values."""
        inner = _Maker(self.seed, False, tuple(kind for kind in self.kinds if kind in _RICH), self.width)
        inner.rng, inner.batch, inner.known, inner.graph.name = self.rng, self.batch, self.known, name
        inner.values = [inner.graph.add_input(v.type) for v in inputs]
        inner.arrays = dict(zip(inner.graph.inputs, (self.arrays[v] for v in inputs), strict=True))
        return inner

    def _call(self) -> Value | None:
        inputs = [v for v in (self.value(lambda v: True) for _ in range(2)) if v is not None]
        inner = self._inner("body", inputs)
        for _ in range(5):
            inner.step()
        if not inputs:
            return None
        inner.graph.outputs = [inner.values[-1]]
        return self.b.call("call", *inputs, graph=inner.graph)

    def _cond(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_floating)
        if x is None:
            return None
        flag = self.b.call("greater", self.b.call("reduce_sum", x, axis=tuple(range(x.type.rank or 0))), 0.0)
        graphs = []
        for name in ("then", "else"):
            inner = _Maker(self.seed, False)
            inner.graph.name = name
            y = inner.graph.add_input(x.type)
            inner.graph.outputs = [inner.b.call(self.pick(_UNARY), inner.b.call(self.pick(_UNARY), y))]
            graphs.append(inner.graph)
        return self.b.call("cond", flag, x, then_graph=graphs[0], else_graph=graphs[1])

    def _loop(self) -> Value | None:
        x = self.value(lambda v: v.dtype.is_floating)
        if x is None:
            return None
        step = TensorType((), x.dtype)
        body, condition = _Maker(self.seed, False), _Maker(self.seed, False)
        i, y = body.graph.add_input(step), body.graph.add_input(x.type)
        body.graph.outputs = [body.b.call("add", i, 1.0), body.b.call(self.pick(_UNARY), y)]
        j, _ = condition.graph.add_input(step), condition.graph.add_input(x.type)
        condition.graph.outputs = [condition.b.call("less", j, 2.5)]
        body.graph.name, condition.graph.name = "body", "condition"
        start = self.b.constant(0, x.dtype)
        return self.b.call("while_loop", start, x, body=body.graph, condition=condition.graph, count=2)[1]


def make(
    seed: int, *, size: int = 20, symbolic: bool = False, state: bool = False, control: bool = False,
    stable: bool = False, rich: bool = False, products: bool = False, width: int = 4,
) -> tuple[Graph, list[Any]]:
    """A random graph and inputs for it.

    Args:
        seed: Same seed, same graph.
        size: About how many nodes it has.
        symbolic: Whether the batch size is a symbol.
        state: Whether it reads and writes variables.
        control: Whether it calls, branches and loops.
        stable: Whether it holds forms that the passes put a stable one in the place of.
        rich: Whether it sorts, scans, gathers, scatters, convolves and pools as well.
        products: Whether it holds products, attention and normalisations with their axes in all orders.
        width: How long its rows are; an even number.

    Returns:
        The graph, verified to run, and an array (or a `Cell`) for each of its inputs.
    """
    kinds = _STATE * state + _CONTROL * control + _STABLE * stable + _RICH * rich + 2 * _PRODUCTS * products
    maker = _Maker(seed, symbolic, kinds, width)
    if state:
        held = _held(width)
        maker.values += [maker.graph.add_input(resource_of(held.shape, held.dtype), "variable") for _ in range(2)]
    if products:
        maker.values.append(maker.graph.add_input(TensorType((maker.batch, 6, width), dtypes.float32)))
    maker.add_inputs()
    for _ in range(4 * size):
        if len(maker.graph.nodes) >= size:
            break
        maker.step()
    values = [v for v in maker.values if not v.type.is_resource]
    unread = [v for v in values if not any(v in node.inputs for node in maker.graph.nodes)]
    maker.graph.outputs = unread or values[-1:]
    return maker.graph, inputs_for(maker.graph, seed)


def inputs_for(graph: Graph, seed: int, batch: int = _BATCH) -> list[Any]:
    """Arrays and cells that fit a graph's inputs; every symbol stands for the batch size.

    Under an odd seed all handles to variables of one type are one variable.
    """
    made: list[Any] = []
    cells: dict[Any, Cell] = {}
    sizes: dict[Any, int] = defaultdict(lambda: batch)
    for index, value in enumerate(graph.inputs):
        type = value.type.handle if value.type.handle is not None else value.type
        shape = tuple(dims.evaluate(d, sizes) for d in type.shape or ())
        domain: tuple[Any, Any] = (-3, 4) if type.dtype.is_integer else (-2.0, 2.0)
        array = numeric.draw(numeric.generator("inputs", seed, index), shape, type.dtype, domain)
        made.append(cells.setdefault(type if seed % 2 else index, Cell(array)) if value.type.is_resource else array)
    return made


def differences(expected: Sequence[Array], actual: Sequence[Array], tolerance: float | None = None) -> str | None:
    """How two runs' results differ; bit for bit where no tolerance is given."""
    for position, (e, a) in enumerate(zip(expected, actual, strict=True)):
        if e.dtype != a.dtype or e.shape != a.shape:
            return f"output {position} is {a.dtype}{a.shape}, expected {e.dtype}{e.shape}"
        if tolerance is None:
            problem = None if e.tobytes() == a.tobytes() else f"bits differ: {a!r}, expected {e!r}"
        else:
            problem = numeric.close(a, e, tolerance)
        if problem:
            return f"output {position}: {problem}"
    return None


def run(graph: Graph, inputs: Sequence[Any]) -> list[Array]:
    """The reference results, followed by what the variables hold in the end; overflows are results too."""
    cells = {id(v): Cell(v.value) for v in inputs if isinstance(v, Cell)}  # the caller's stay as they are
    with np.errstate(all="ignore"):
        results = interpreter.run(graph, [cells.get(id(v), v) for v in inputs])
    return results + [cell.value for cell in cells.values()]


def shrink(graph: Graph, fails: Callable[[Graph], bool]) -> Graph:
    """The smallest graph found, with the same inputs, that still fails: its one output is the first value that does."""
    for node in graph.nodes:
        for value in node.outputs:
            small, values = clone(graph, keep=reachable(graph, [value, *(n for n in graph.nodes if n.effect)]))
            small.outputs = [values[value]]
            if fails(small):
                return small
    return graph


def known_ops() -> list[str]:
    """The ops that random graphs use and the table has."""
    wanted: tuple[str, ...] = (*_UNARY, *_BINARY, *_COMPARISONS, *_WHOLE, *_REDUCTIONS)
    names = set(opdef.names())
    return [op for op in dict.fromkeys(wanted) if op in names]


__all__ = ["differences", "inputs_for", "known_ops", "make", "run", "shrink"]
