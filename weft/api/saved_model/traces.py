"""Traced functions as plain data, and made of it again."""

from __future__ import annotations

import dataclasses
import inspect
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from weft.api.lookup_tables import LookupTable
from weft.base import dtypes, nest
from weft.base.errors import DataLossError, InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.ir.graph import clone
from weft.ir.plain import Reader, Writer
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.passes.checking import damage
from weft.runtime import kept_calls
from weft.runtime import random as streams
from weft.runtime.composite import CompositeTensor
from weft.runtime.concrete import ConcreteFunction, TracedResult
from weft.runtime.ragged import RaggedTensorSpec
from weft.runtime.sparse import SparseTensorSpec
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor, Handle
from weft.runtime.variable import Variable


@dataclasses.dataclass(frozen=True)
class _Default:
    """The default of a parameter, which a file could not hold: it is in the traces that were made with it."""

    name: str


class Unsaveable(Exception):
    """That a trace takes or returns what has no plain form."""


class TraceWriter:
    """Turns traces into plain data.

    Args:
        number_of: Gives the number of a variable, a table or an asset among the objects that are saved; None for one
            that is not.
        assets: The numbers of assets, by the identity of the tensors of their paths.
    """

    def __init__(self, number_of: Callable[[Any], int | None], assets: Mapping[int, int]) -> None:
        self.plain = Writer(self._table)
        self.traces: list[dict[str, Any]] = []
        self._number_of, self._assets = number_of, assets
        self._places: dict[int, int] = {}
        self._kept: list[ConcreteFunction] = []
        self._defaults: dict[str, Any] = {}  # of the parameters of the trace that is being written

    def trace(self, trace: ConcreteFunction) -> int:
        """The number of a trace.

        Raises:
            Unsaveable: Where its arguments or results have no plain form.
            InvalidArgumentError: Where it calls Python.
            AssertionError: Where it uses a variable that is not among the objects.
        """
        found = self._places.get(id(trace))
        if found is None:
            found = len(self.traces)
            self.traces.append(self._record(trace))
            self._places[id(trace)] = found
            self._kept.append(trace)
        return found

    def _record(self, trace: ConcreteFunction) -> dict[str, Any]:
        given = trace._signature if trace._signature is not None else (trace._flat_signature(), {})
        if trace._parameters is not None:
            self._defaults = {name: each.default for name, each in trace._parameters.parameters.items()}
        arguments = self.structure(given)
        self._defaults = {}
        leaves = iter([_result_leaf(kind, detail) for kind, detail in trace._result.leaves])
        results = self.structure(nest.map_structure(lambda _: next(leaves), trace._result.structure))
        return {"name": trace.name, "arguments": arguments, "results": results,
                "parameters": self.parameters(trace._parameters), "graph": self.plain.graph(trace.graph),
                "captured": [self._captured(held, trace) for held in trace.captured]}  # fmt: skip

    def structure(self, value: Any) -> Any:
        """Nested specs and values of Python's."""
        if isinstance(value, TensorSpec):
            return {"spec": [self.plain.type(TensorType(value.shape.symbolic, value.dtype)), value.name]}
        if isinstance(value, (CompositeTensor, CompositeSpec)):
            return self._composite(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            items = [self.structure(item) for item in value]
            return {"namedtuple": [type(value).__name__, list(value._fields), items]}
        if type(value) in (tuple, list):
            return {type(value).__name__: [self.structure(item) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[self.structure(key), self.structure(item)] for key, item in value.items()]}
        try:
            return {"value": self.plain.value(value)}
        except TypeError:
            for name, default in self._defaults.items():
                if value is default or (isinstance(value, _Default) and value == default):
                    return {"default": name}
            raise Unsaveable(f"it takes {value!r}"[:200]) from None

    def _composite(self, value: Any) -> Any:
        """The spec of a ragged or sparse tensor."""
        spec = value._described() if isinstance(value, CompositeTensor) else value
        if isinstance(spec, RaggedTensorSpec):
            whole = self.plain.type(TensorType(spec.shape.symbolic, spec.dtype))
            return {"ragged": [whole, spec.ragged_rank, spec.row_splits_dtype.name]}
        if isinstance(spec, SparseTensorSpec):
            return {"sparse": self.plain.type(TensorType(spec.shape.symbolic, spec.dtype))}
        raise Unsaveable(f"it takes or returns a {type(value).__name__}")

    def parameters(self, signature: inspect.Signature | None) -> Any:
        """The parameters of a function: name, kind, default (an empty list for one that has no plain form)."""
        found = []
        for parameter in (signature.parameters if signature is not None else {}).values():
            default: Any = None
            if parameter.default is not inspect.Parameter.empty:
                try:
                    default = [self.structure(parameter.default)]
                except Unsaveable:
                    default = []
            found.append([parameter.name, int(parameter.kind), default])
        return found

    def _table(self, value: Any) -> int | None:
        """The number of a lookup table that a node uses; None for what is no table."""
        if not isinstance(value, LookupTable):
            return None
        number = self._number_of(value)
        if number is None:
            raise _untracked("a function that is being saved", f"the table `{value.name}`")
        return number

    def _captured(self, held: Any, trace: ConcreteFunction) -> Any:
        if id(held) in self._assets:
            return {"asset": self._assets[id(held)]}
        if not isinstance(held, Handle):
            return {"array": self.plain.array(held._array)}
        variable = held._array.variable() if hasattr(held._array, "variable") else None
        if variable is not None:
            number = self._number_of(variable)
            if number is None and variable.kept_with_functions:
                return {"table": self.plain.array(variable.numpy())}
            if number is None:
                raise _untracked(f"`{trace.name}`", f"the variable `{variable.name}`")
            return {"variable": number}
        value = held._array.read() if hasattr(held._array, "read") else None
        if isinstance(value, np.ndarray) and value.dtype == np.uint64 and value.shape == (3,):
            return {"stream": self.plain.array(value)}
        raise InvalidArgumentError(
            explain(f"The function `{trace.name}` uses state that cannot be kept in a file: {held!r}.",
                    hint="leave it out of the function that is saved")  # fmt: skip
        )


def _untracked(user: str, what: str) -> AssertionError:
    return AssertionError(
        explain(f"Tried to export a function which references an 'untracked' resource: {user} uses {what}, which the "
                "saved object does not lead to.",
                hint=f"assign {what.split(' `')[0]} to an attribute of the object that is saved")  # fmt: skip
    )


class TraceReader:
    """Makes traces of plain data.

    Args:
        arrays: The arrays that the data refer to.
        symbols: How many dimension symbols they mention.
        records: The traces.
        objects: The objects that were made.
    """

    def __init__(self, arrays: list[Any], symbols: int, records: list[Any], objects: list[Any]) -> None:
        ops = {record.name: record for record in opdef.records()}
        self._plain = Reader(arrays, symbols, ops, kept_calls.rebuilt, kept_calls.classes, objects)
        self._records, self._objects = records, objects
        self._made: dict[int, ConcreteFunction] = {}

    def trace(self, number: int) -> ConcreteFunction:
        """A trace.

        Raises:
            DataLossError: For what `TraceWriter` does not write.
        """
        found = self._made.get(number)
        if found is None:
            record = self._records[number]
            found = self._made[number] = self._build(record)
        return found

    def _build(self, record: Mapping[str, Any]) -> ConcreteFunction:
        graph = self._plain.graph(record["graph"])
        problem = damage(graph)
        if problem is not None:
            raise DataLossError(f"the graph of `{record['name']}` in a file is damaged: {problem}")
        captured = [self._captured(held) for held in record["captured"]]
        wanted = [value.type for value in graph.inputs[len(graph.inputs) - len(captured) :]]
        if len(wanted) != len(captured) or not all(map(_fits, captured, wanted)):
            raise DataLossError(f"`{record['name']}` in a file is given other state than its graph takes.")
        made = ConcreteFunction(graph, captured, self._results(record["results"]), str(record["name"]))
        made._signature = self.structure(record["arguments"])
        made._parameters = self.signature(record["parameters"])
        return made

    def _captured(self, plain: Mapping[str, Any]) -> Any:
        ((kind, content),) = plain.items()
        if kind == "variable":
            return self._objects[content].handle
        if kind == "asset":
            return self._objects[content].asset_path
        array = self._plain.array(content)
        if kind == "table":
            return Variable(EagerTensor(np.asarray(array)), trainable=False, shape=[None] * array.ndim).handle
        return streams.make_handle(array.copy()) if kind == "stream" else EagerTensor(array)

    def _results(self, plain: Any) -> TracedResult:
        wanted = self.structure(plain)
        made = TracedResult.__new__(TracedResult)
        made.composites, made.tensors = [], []
        made.leaves = [("spec", leaf) if isinstance(leaf, CompositeSpec) else ("tensor" if leaf else "none", None)
                       for leaf in nest.flatten(wanted)]  # fmt: skip
        made.structure = nest.map_structure(lambda leaf: None, wanted)
        return made

    def structure(self, plain: Any) -> Any:
        """What `TraceWriter.structure` wrote."""
        ((kind, content),) = plain.items()
        if kind == "spec":
            type = self._plain.type(content[0])
            return TensorSpec(TensorShape(type.shape), type.dtype, content[1])
        if kind == "default":
            return _Default(str(content))
        if kind == "ragged":
            type = self._plain.type(content[0])
            return RaggedTensorSpec(TensorShape(type.shape), type.dtype, content[1], dtypes.as_dtype(content[2]))
        if kind == "sparse":
            type = self._plain.type(content)
            return SparseTensorSpec(TensorShape(type.shape), type.dtype)
        if kind == "namedtuple":
            name, fields, items = content
            return namedtuple(name, fields)(*map(self.structure, items))  # type: ignore[misc]
        if kind in ("tuple", "list"):
            return (tuple if kind == "tuple" else list)(self.structure(item) for item in content)
        if kind == "dict":
            return {self.structure(key): self.structure(item) for key, item in content}
        return self._plain.value(content)

    def signature(self, plain: Any) -> inspect.Signature:
        """The parameters of a function."""
        parameters = []
        for name, kind, default in plain:
            given: Any = inspect.Parameter.empty
            if default is not None:
                given = self.structure(default[0]) if default else _Default(name)
            parameters.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=given))
        return inspect.Signature(parameters, __validate_parameters__=False)

    def named(self, number: int, inputs: list[str], outputs: list[str]) -> ConcreteFunction:
        """A trace that is called by names of its tensors and returns a dict: a signature."""
        trace = self.trace(number)
        graph, _ = clone(trace.graph, name=trace.name)
        order = sorted(range(len(outputs)), key=lambda place: outputs[place])
        supply = iter(graph.outputs)
        parts = [[next(supply) for _ in range(count)] for count in trace._result.counts]
        graph.outputs = [part for place in order for part in parts[place]]
        result = TracedResult.__new__(TracedResult)
        result.composites, result.tensors = [], []
        result.leaves = [trace._result.leaves[place] for place in order]
        result.structure = {outputs[place]: None for place in order}
        made = ConcreteFunction(graph, trace.captured, result, trace.name)
        specs = trace._flat_signature()
        made._signature = (), {
            name: TensorSpec(spec.shape, spec.dtype, name) for name, spec in zip(inputs, specs, strict=True)
        }  # fmt: skip
        return made


def _result_leaf(kind: str, detail: Any) -> Any:
    """What is written of a part of a trace's results: its spec where it is made of several tensors."""
    if kind == "composite":
        return detail[0]
    return detail if kind == "spec" else kind == "tensor"


def _fits(held: Any, type: TensorType) -> bool:
    given = held.type
    if given.dtype != type.dtype:
        return False
    if given.handle is not None and type.handle is not None:
        given, type = given.handle, type.handle
    return bool(given.dtype == type.dtype and TensorShape(given.shape).is_compatible_with(TensorShape(type.shape)))


def is_variable(value: Any) -> bool:
    """Whether an object is a variable."""
    return isinstance(value, Variable)
