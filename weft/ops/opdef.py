"""The op record and the table of all records.

Everything that is known of an op stands in its `OpDef`: its signature, the one shape and dtype rule, its meaning in
numpy, its gradient, its decomposition, and the cases from which its tests are made.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim, symbols_of
from weft.base.errors import DTypeError, InvalidArgumentError, explain, nearest
from weft.ir.types import TensorType
from weft.ops.layout import settled

if TYPE_CHECKING:
    from weft.base.dtypes import DType
    from weft.base.sources import SourceLine
    from weft.ops.builder import Builder

Array = np.ndarray[Any, Any]


class Effect(Enum):
    """What running an op does beyond computing its outputs."""

    NONE = "none"
    READ = "read"  # reads a resource
    WRITE = "write"  # writes a resource
    CHECK = "check"  # may raise; must run even if nothing reads its outputs
    HOST = "host"  # does something outside: prints, calls Python


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


class RuleContext(Protocol):
    """What a gradient rule sees of the application it differentiates."""

    @property
    def inputs(self) -> tuple[Any, ...]: ...
    @property
    def outputs(self) -> tuple[Any, ...]: ...
    @property
    def attrs(self) -> Mapping[str, Any]: ...
    @property
    def needs(self) -> tuple[bool, ...]: ...
    @property
    def received(self) -> tuple[bool, ...]: ...


Spec = Callable[..., "TensorType | Sequence[TensorType]"]
#: (builder, application, *cotangents of the outputs) -> one cotangent (or None) an input
Vjp = Callable[..., Sequence[Any]]
#: (builder, application, *tangents of the inputs, None where there is none) -> one tangent an output
Jvp = Callable[..., Sequence[Any]]


class Nondifferentiable:
    """In the place of a gradient rule: there is none, and why."""

    def __init__(self, why: str) -> None:
        self.why = why


def nondifferentiable(why: str) -> Nondifferentiable:
    """Marks an op as one through which no gradient flows, with the reason that users are told."""
    return Nondifferentiable(why)


class Slices:
    """A cotangent that is zero but for some rows: `values[i]` belongs to row `indices[i]`; rows may recur.

    `shape` is that of the whole. Rules may return it for an input; autodiff adds it up and makes it dense where needed.
    """

    __slots__ = ("indices", "shape", "values")

    def __init__(self, values: Any, indices: Any, shape: tuple[Any, ...]) -> None:
        self.values = values
        self.indices = indices
        self.shape = shape


class SpecError(Exception):
    """What a shape rule raises; `OpDef.infer` turns it into a message with the op, all its operands and the line."""

    def __init__(
        self, problem: str, *, expected: str | None = None, hint: str | None = None, dtype: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected
        self.hint = hint
        self.dtype = dtype


@dataclass(frozen=True)
class Case:
    """One way to call an op, from which tests are made.

    Attributes:
        inputs: For each tensor input a shape (values are drawn) or an array.
        attrs: The attributes.
        domain: Range that drawn values come from, one for all inputs or one an input; `"int"` ranges work too.
        dtypes: Dtypes to try, overriding the record's own for all inputs.
        grad: Highest order to which gradients are tested against finite differences (in float64).
        tolerance: Relative tolerance of float32 results against float64 ones.
        name: For people.
    """

    inputs: tuple[Any, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    domain: Any = (-2.0, 2.0)
    dtypes: tuple[DType, ...] | None = None
    grad: int = 2
    tolerance: float = 1e-5
    name: str = ""


def case(*inputs: Any, domain: Any = (-2.0, 2.0), dtypes: tuple[DType, ...] | None = None, grad: int = 2,
         tolerance: float = 1e-5, name: str = "", **attrs: Any) -> Case:  # fmt: skip
    """Shorthand for `Case`: attributes as keywords."""
    return Case(inputs, attrs, domain, dtypes, grad, tolerance, name)


@dataclass(eq=False)
class OpDef:
    """Everything about one op.

    Attributes:
        name: Its name in the IR, as in TensorFlow's Python API where it has one.
        inputs: Names of the tensor inputs; a last one written `*values` takes any number.
        attrs: Attribute names with defaults, or REQUIRED.
        spec: Types of inputs and attributes -> type(s) of the outputs. Raises `SpecError`.
        reference: numpy arrays and attributes -> numpy array(s); with `higher_order` a first argument runs sub-graphs.
        dtypes: For each input (the last entry serves all further ones) the dtypes it takes.
        same: Inputs that must share a dtype, as indices; None for all, () for none.
        vjp: The gradient rule, or `nondifferentiable(why)`.
        jvp: The forward rule, where there is one.
        decompose: (builder, *inputs, **attrs) -> output(s) in smaller ops, where there is such a form.
        cases: Test cases, or a function that makes them.
        effect: What it does beyond its outputs.
        grad_order: Highest order of gradients that is claimed; below 2 it needs `reason`.
        reason: Why a gradient's order or a dtype falls short of TensorFlow's.
        higher_order: Whether it has sub-graphs, which `reference` is given a runner for.
        any_rank: Whether `spec` takes inputs of unknown rank as they are; else it is asked for several ranks.
        outputs: Names of the outputs; None where their number depends on attributes.
        by_dtype: Whether dtypes alone decide if arrays are taken, because `reference` refuses shapes that do not fit.
        prepare: (arrays, attributes) -> what `reference` does with arrays of these dtypes and shapes, in less time and
            to the same bits, with arrays alone as arguments; None where there is no such way.
    """

    name: str
    inputs: tuple[str, ...]
    spec: Spec
    reference: Callable[..., Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[tuple[DType, ...], ...] = (dtypes.DENSE,)
    same: tuple[int, ...] | None = None
    vjp: Vjp | Nondifferentiable = field(default_factory=lambda: nondifferentiable("it has no gradient"))
    jvp: Jvp | None = None
    decompose: Callable[..., Any] | None = None
    cases: Sequence[Case] | Callable[[], Sequence[Case]] = ()
    effect: Effect = Effect.NONE
    grad_order: int = 2
    reason: str = ""
    higher_order: bool = False
    any_rank: bool = False
    outputs: tuple[str, ...] | None = ("output",)
    by_dtype: bool = False
    prepare: Callable[[Sequence[Array], Mapping[str, Any]], Callable[..., Any] | None] | None = None
    doc: str = ""
    family: str = ""

    def __post_init__(self) -> None:
        self.required = tuple(name for name, value in self.attrs.items() if value is REQUIRED)
        self.defaults = dict(self.attrs)
        self.pure = self.effect is Effect.NONE and not self.higher_order
        #: what has been made ready for calls of some kind; `weft.runtime.dispatch` fills it
        self.ready: dict[Any, Any] = {}

    @property
    def variadic(self) -> bool:
        """Whether the last input takes any number of tensors."""
        return bool(self.inputs) and self.inputs[-1].startswith("*")

    @property
    def differentiable(self) -> bool:
        """Whether it has a gradient rule."""
        return not isinstance(self.vjp, Nondifferentiable)

    def test_cases(self) -> Sequence[Case]:
        """Its cases."""
        return self.cases() if callable(self.cases) else self.cases

    def input_name(self, index: int) -> str:
        """The name of the input at a position, such as `x` or `values[2]`."""
        if self.variadic and index >= len(self.inputs) - 1:
            return f"{self.inputs[-1][1:]}[{index - len(self.inputs) + 1}]"
        return self.inputs[index]

    def input_dtypes(self, index: int) -> tuple[DType, ...]:
        """The dtypes that the input at a position takes."""
        return self.dtypes[min(index, len(self.dtypes) - 1)] if self.dtypes else ()

    def complete(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes with defaults filled in. They are shared, so nobody may change them.

        Raises:
            TypeError: For an unknown or a missing attribute.
        """
        if not attrs and not self.required:
            return self.defaults
        full = {**self.attrs, **attrs}
        if len(full) > len(self.attrs):
            unknown = next(name for name in attrs if name not in self.attrs)
            raise TypeError(f"{self.name} has no attribute `{unknown}`. {nearest(unknown, self.attrs)}")
        for name in self.required:
            if full[name] is REQUIRED:
                raise TypeError(f"{self.name} needs the attribute `{name}`.")
        return full

    def infer(
        self, types: Sequence[TensorType], attrs: Mapping[str, Any], where: SourceLine | None = None
    ) -> tuple[TensorType, ...]:
        """The types of the outputs; the one place where arguments are refused.

        Args:
            types: The inputs' types.
            attrs: The attributes, complete.
            where: The user's line, for the message; looked up where None.

        Raises:
            InvalidArgumentError: For shapes or attributes that do not fit (a ValueError too).
            DTypeError: For dtypes that do not (a TypeError too).
        """
        try:
            self._check_inputs(types)
            if any(t.shape is None for t in types) and not (self.higher_order or self.any_rank):
                return self._infer_unknown_rank(types, attrs)
            return _as_tuple(self.spec(*types, **attrs))
        except SpecError as error:
            raise self._refusal(error, types, attrs, where) from None

    def _check_inputs(self, types: Sequence[TensorType]) -> None:
        least = len(self.inputs) - (1 if self.variadic else 0)
        if len(types) < least or (len(types) > least and not self.variadic):
            raise SpecError(f"takes {least}{' or more' if self.variadic else ''} tensors, received {len(types)}")
        for index, type in enumerate(types):
            allowed = self.input_dtypes(index)
            if type.dtype not in allowed:
                raise SpecError(
                    f"argument `{self.input_name(index)}` has dtype {type.dtype.name}, which it does not take",
                    expected=f"one of {', '.join(d.name for d in allowed)}",
                    hint=_conversion(self.input_name(index), type.dtype, allowed),
                    dtype=True,
                )
        positions = range(len(types)) if self.same is None else self.same
        wanted = [types[i].dtype for i in positions if i < len(types)]
        if any(d is not wanted[0] for d in wanted):
            raise SpecError(
                "its arguments must share one dtype, received "
                + ", ".join(f"{self.input_name(i)}: {types[i].dtype.name}" for i in positions if i < len(types)),
                hint=f"convert one of them, for instance with tf.cast(x, tf.{wanted[0].name})",
                dtype=True,
            )

    def _infer_unknown_rank(
        self, types: Sequence[TensorType], attrs: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        # The rule is written for known ranks: ask it for many and keep what all answers agree on.
        answers: list[tuple[TensorType, ...]] = []
        refusals: list[SpecError] = []
        for _, results in self.possible_types(types, attrs, refusals):
            answers.append(results)
            if len(results) != len(answers[0]):
                raise SpecError("how many results it has depends on a shape that is not known",
                                hint="give the tensor a shape with set_shape, or name the number")  # fmt: skip
            if all(len({t.rank for t in column}) > 1 for column in zip(*answers, strict=True)):
                break  # no answer to come could tell more
        if not answers:
            problem = f": the first of them has the problem that {refusals[0].problem}" if refusals else ""
            raise SpecError(
                f"none of the ranks that were tried for its arguments of unknown rank fits the others{problem}",
                expected=refusals[0].expected if refusals else None,
                hint="tell their shapes with x.set_shape(...) or tf.ensure_shape(x, ...)",
            )
        exhausted = sum(t.shape is None for t in types) <= _MOST_COMBINED
        known = frozenset().union(*(symbols_of(d) for t in types for d in t.shape or ()))
        merged = []
        for column in zip(*answers, strict=True):
            shape = column[0].shape if exhausted and len({t.rank for t in column}) == 1 else None
            if shape is not None and len({t.shape for t in column}) > 1:
                shape = tuple(Dim.fresh() for _ in shape)
            if shape is not None:  # sizes in terms of a guess's own symbols would never be bound
                shape = tuple(d if symbols_of(d) <= known else Dim.fresh() for d in shape)
            merged.append(TensorType(shape, column[0].dtype, column[0].handle))
        return tuple(merged)

    def possible_types(
        self, types: Sequence[TensorType], attrs: Mapping[str, Any], refusals: list[SpecError] | None = None
    ) -> Iterator[tuple[list[TensorType], tuple[TensorType, ...]]]:
        """What inputs of unknown rank may turn out to be, and the outputs then.

        Args:
            types: Of the inputs; ranks up to 5 are tried in the place of unknown ones.
            attrs: The attributes.
            refusals: Receives what the shape rule said to ranks that do not fit.
        """
        for ranks in _rank_choices(sum(t.shape is None for t in types)):
            # a rule may refuse a rank only because it must know the sizes: with some sizes it may take it after all
            for size in (None, 1, 2, 4):
                supply = iter(ranks)
                guess = [t if t.shape is not None else t.with_shape(_guessed(next(supply), size)) for t in types]
                try:
                    results = _as_tuple(self.spec(*guess, **attrs))
                except SpecError as error:
                    if refusals is not None:
                        refusals.append(error)
                    continue
                except (LookupError, TypeError, ValueError, ArithmeticError):
                    continue
                if size is not None:  # the sizes are not what they will be
                    results = tuple(TensorType(None if t.rank is None else _guessed(t.rank, None), t.dtype, t.handle)
                                    for t in results)  # fmt: skip
                yield guess, results
                if size is None:
                    break

    def _refusal(
        self, error: SpecError, types: Sequence[TensorType], attrs: Mapping[str, Any], where: SourceLine | None
    ) -> InvalidArgumentError:
        received = [f"{self.input_name(i) if i < len(self.inputs) or self.variadic else i}: {t}"
                    for i, t in enumerate(types)]  # fmt: skip
        shown = {k: v for k, v in attrs.items() if v is not None and not hasattr(v, "nodes") and not callable(v)}
        if shown:
            received.append(", ".join(f"{k}={_show(v)}" for k, v in shown.items()))
        text = explain(f"{self.name}: {error.problem}.", received=received, expected=error.expected,
                       hint=error.hint, where=where)  # fmt: skip
        return (DTypeError if error.dtype else InvalidArgumentError)(text)

    def __repr__(self) -> str:
        return f"<OpDef {self.name}>"


_RANKS = range(6)
#: with more inputs of unknown rank not all combinations of ranks are tried, and no rank of the result is concluded
_MOST_COMBINED = 3


def _conversion(name: str, found: DType, allowed: Sequence[DType]) -> str:
    """How to make an argument of one dtype one of another that an op takes."""
    if found is dtypes.string:
        return "convert it first: tf.strings.to_number reads numbers, tf.io.decode_raw bytes"
    if allowed == (dtypes.string,):
        return "convert it first: tf.strings.as_string writes numbers as text"
    taken = next((each for each in (dtypes.float32, dtypes.int32) if each in allowed), allowed[0])
    return f"convert it first, for instance with tf.cast({name}, tf.{taken.name})"


def _rank_choices(count: int) -> Iterator[tuple[int, ...]]:
    """Ranks for that many inputs: all combinations of a few; of many, one rank for the first and one for the others."""
    if count <= _MOST_COMBINED:
        yield from itertools.product(_RANKS, repeat=count)
    else:
        yield from ((first,) + (rest,) * (count - 1) for first in _RANKS for rest in _RANKS)


def _guessed(rank: int, size: int | None) -> tuple[Any, ...]:
    return tuple(Dim.fresh() if size is None else size for _ in range(rank))


def _show(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], str) and value[0] in _INDEX_ENTRIES:
        return _INDEX_ENTRIES[value[0]](*(_show_bound(part) for part in value[1:]))
    if isinstance(value, tuple):
        return "(" + ", ".join(_show(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return "None" if isinstance(value, Dim) else getattr(value, "name", None) or repr(value)


def _show_bound(bound: Any) -> str:
    return "tensor" if isinstance(bound, tuple) else "" if bound is None else str(bound)


#: how the entries of an index are shown: as they were written between the brackets
_INDEX_ENTRIES: Mapping[str, Callable[..., str]] = {
    "int": str, "newaxis": lambda: "newaxis", "ellipsis": lambda: "...",
    "slice": lambda start, stop, step: f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else ""),
}  # fmt: skip


def _as_tuple(types: Any) -> tuple[TensorType, ...]:
    return (types,) if isinstance(types, TensorType) else tuple(types)


#: The families, in the order in which `docs/ops.md` lists them; each is a module that registers its records on import.
FAMILIES = (
    "constant", "elementwise", "special", "logical", "cast", "reduce", "cumulative", "activation", "shape", "join",
    "slice", "pad", "rearrange", "sizes", "index", "scatter", "mask", "diagonal", "segment", "sort", "unique",
    "linalg", "matrix", "decomposition", "conv", "pool", "normalization", "loss", "ctc", "random", "control",
    "replicas", "state", "string", "string_split", "string_pattern", "string_format", "string_codec", "string_hash",
    "table", "sparse", "host", "recurrent", "fft", "late",
)  # fmt: skip

_table: dict[str, OpDef] = {}
_loaded = False


def register(record: OpDef) -> OpDef:
    """Puts a record into the table.

    Raises:
        ValueError: Where the name is taken.
    """
    if record.name in _table:
        raise ValueError(f"An op named {record.name} is registered already.")
    record.family = _family_being_imported()
    _table[record.name] = record
    return record


def _family_being_imported() -> str:
    """The family whose module body is running, however many factories lie between."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            return str(frame.f_globals["__name__"]).rpartition(".")[2]
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def load() -> None:
    """Imports every family, once."""
    global _loaded
    if not _loaded:
        for family in FAMILIES:
            importlib.import_module(f"weft.ops.{family}")
        # a family may have been imported by itself before: the table's order is that of the families all the same
        ordered = sorted(_table.items(), key=lambda item: FAMILIES.index(item[1].family))
        _table.clear()
        _table.update(ordered)
        _loaded = True


def get(name: str) -> OpDef:
    """The record of an op.

    Raises:
        KeyError: With the nearest names, where there is none.
    """
    record = _table.get(name)
    if record is None:
        load()
        record = _table.get(name)
        if record is None:
            raise KeyError(f"No op is named {name}. {nearest(name, _table)}")
    return record


def loaded() -> list[OpDef]:
    """The records of the families that have been imported so far."""
    return list(_table.values())


def names() -> list[str]:
    """The names of all ops, in the order of the families."""
    load()
    return list(_table)


def records() -> Iterator[OpDef]:
    """All records, in the order of the families."""
    load()
    return iter(list(_table.values()))


def apply_reference(record: OpDef, arrays: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Runs an op's meaning on arrays; the result is always a tuple of arrays."""
    result = record.reference(*settled(record.name, arrays), **attrs)
    if isinstance(result, tuple):
        return tuple(r if isinstance(r, np.ndarray) else np.asarray(r) for r in result)
    return (result if isinstance(result, np.ndarray) else np.asarray(result),)


__all__ = [
    "FAMILIES", "REQUIRED", "Array", "Builder", "Case", "Effect", "Nondifferentiable", "OpDef", "Slices", "SpecError",
    "apply_reference", "case", "get", "load", "names", "nondifferentiable", "records", "register",
]  # fmt: skip
