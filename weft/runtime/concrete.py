"""A graph made of a Python function: what it takes and gives, how it is called, and how its gradient runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.autodiff.replay import Plan, has_such, plan_of, variables_read
from weft.autodiff.subgraph import Split, split
from weft.base import nest
from weft.base.errors import InvalidArgumentError, explain, nearest
from weft.base.shapes import TensorShape
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import inline
from weft.runtime import context, dispatch, frontdoor, signatures
from weft.runtime.composite import CompositeTensor
from weft.runtime.context import Scope
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.tensor import DeviceTensor, EagerTensor, Handle, Tensor, operand, wrap
from weft.runtime.trace_keys import is_data, leaf_key


class TracedResult:
    """A Python structure with tensors taken out: how a trace's outputs are put together again."""

    def __init__(self, structure: Any) -> None:
        self.composites: list[tuple[int, CompositeTensor]] = []
        self.leaves: list[Any] = []
        self.tensors: list[Any] = []
        self.structure = structure
        for leaf in nest.flatten(structure):
            if leaf is None or _is_operation(leaf):
                self.leaves.append(("none", None))
            elif isinstance(leaf, CompositeTensor):
                parts = [frontdoor.convert(part) for part in leaf._components()]
                self.leaves.append(("composite", (leaf, len(parts))))
                self.tensors.extend(parts)
            else:
                self.leaves.append(("tensor", None))
                self.tensors.append(frontdoor.convert(leaf))
        self.structure = nest.map_structure(lambda leaf: None, structure)

    @property
    def counts(self) -> list[int]:
        """How many tensors each leaf is made of."""
        known = {"none": 0, "tensor": 1}
        return [known[kind] if kind in known else detail[1] if kind == "composite" else len(detail._component_specs())
                for kind, detail in self.leaves]  # fmt: skip

    def loosened(self, other: TracedResult) -> TracedResult:
        """Itself with composite leaves that say only what those of another result of the same form say too."""
        for place, ((kind, mine), (_, theirs)) in enumerate(zip(self.leaves, other.leaves, strict=True)):
            if kind == "composite" and theirs is not None:
                self.leaves[place] = kind, (mine[0]._loosened(theirs[0]), mine[1])
        return self

    @functools.cached_property
    def _flat(self) -> type | None:
        """The class of a structure of tensors alone that has one level; `Tensor` for a bare one."""
        if any(kind != "tensor" for kind, _ in self.leaves):
            return None
        if self.structure is None:
            return Tensor
        kind = type(self.structure)
        if kind not in (dict, list, tuple) or len(self.structure) != len(self.leaves):
            return None
        return None if any(map(nest.is_nested, self.structure.values() if kind is dict else self.structure)) else kind

    def rebuild(self, values: Sequence[Any]) -> Any:
        """The structure with these values in it."""
        flat = self._flat
        if flat is Tensor:
            return values[0]
        if flat is dict:
            named = dict(zip(nest.sorted_keys(self.structure), values, strict=True))
            return {name: named[name] for name in self.structure}
        if flat is not None:
            return flat(values)
        supply = iter(values)
        leaves: list[Any] = []
        for kind, detail in self.leaves:
            if kind == "none":
                leaves.append(None)
            elif kind == "tensor":
                leaves.append(next(supply))
            elif kind == "spec":  # of a trace that was read from a file
                leaves.append(detail._from_components([next(supply) for _ in detail._component_specs()]))
            else:
                leaf, count = detail
                leaves.append(leaf._rebuild([next(supply) for _ in range(count)]))
        return nest.pack(self.structure, leaves)


def _spec_of(leaf: Any) -> Any:
    if isinstance(leaf, CompositeTensor):
        return leaf._described() or leaf
    return leaf if leaf is None else TensorSpec(leaf.shape, leaf.dtype)


def _is_operation(leaf: Any) -> bool:
    return type(leaf).__name__ == "Operation"


def _parameter_name(parameters: Sequence[inspect.Parameter], place: int) -> str:
    """The name of a positional argument; of those that `*args` takes, with a number."""
    for number, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}_{place - number}"
        if number == place:
            return parameter.name
    return str(place)


def unused_name(base: str, taken: Sequence[str]) -> str:
    """A name, with a number where it is taken already."""
    return next(name for name in (f"{base}_{count}" if count else base for count in range(len(taken) + 1))
                if name not in taken)  # fmt: skip


class ConcreteFunction:
    """One trace: a graph with captured tensors and variables, ready to run.

    Attributes:
        graph: The traced graph.
        captured: What its captured inputs stand for: tensors and handles, in order.
        makes_variables: Whether variables were made while it was traced.
    """

    makes_variables = False

    def __init__(self, graph: Graph, captured: Sequence[Any], result: TracedResult, name: str) -> None:
        self.graph = graph
        self.captured = list(captured)
        self.name = name
        self._result = result
        self._splits: dict[tuple[int, ...], Split] = {}
        self._plans: dict[tuple[int, ...], Plan | None] = {}
        self._signature: Any = None
        self._parameters: inspect.Signature | None = None

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs, captures last."""
        return [wrap(value) for value in self.graph.inputs]

    @property
    def captured_inputs(self) -> list[Any]:
        """What the inputs behind those of the call stand for: tensors and handles of variables."""
        return list(self.captured)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs."""
        return [wrap(value) for value in self.graph.outputs]

    @property
    def structured_input_signature(self) -> Any:
        """The specs of (positional arguments, keyword arguments); what was left out has its default."""
        if self._signature is None or self._parameters is None:
            return self._signature
        given, by_name = self._signature
        defaults = [p for p in self._parameters.parameters.values() if p.default is not p.empty]
        places = [p for p in self._parameters.parameters.values() if p.kind < p.VAR_POSITIONAL]  # not by name alone
        further = [p.default for p in places[len(given) :] if p.default is not p.empty and p.name not in by_name]
        left_out = {p.name: p.default for p in defaults if p.kind is p.KEYWORD_ONLY and p.name not in by_name}
        return (*given, *further), {**by_name, **left_out}

    @property
    def _arg_keywords(self) -> list[str]:
        """A name for each tensor that a call takes: that of a spec that was given one, or that of its parameter."""
        given, by_name = self._signature if self._signature is not None else (self._flat_signature(), {})
        parameters = [] if self._parameters is None else list(self._parameters.parameters.values())
        found: list[str] = []
        for place, argument in [*enumerate(given), *((key, by_name[key]) for key in nest.sorted_keys(by_name))]:
            label = _parameter_name(parameters, place) if isinstance(place, int) else place
            label = label if label.isidentifier() else f"args_{label}"
            for leaf in nest.flatten(argument):
                spec = leaf._described() if isinstance(leaf, CompositeTensor) else leaf
                parts = spec._component_specs() if isinstance(spec, CompositeSpec) else [spec]
                for part in parts:
                    if isinstance(part, TensorSpec):
                        given_name = None if f"{part.name}_".startswith(f"{label}_") else part.name
                        found.append(unused_name(given_name or label, found))
        return found

    @property
    def _num_positional_args(self) -> int:
        """How many tensors a call may give by their places: all."""
        return len(self._arg_keywords)

    @property
    def structured_outputs(self) -> Any:
        """The specs of what it returns."""
        return nest.map_structure(_spec_of, self._result.rebuild(self.outputs))

    @property
    def output_shapes(self) -> Any:
        """The static shapes of what it returns."""
        return self._result.rebuild([TensorShape(v.shape) for v in self.graph.outputs])

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of what it returns."""
        return self._result.rebuild([v.dtype for v in self.graph.outputs])

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that it uses."""
        found = [h._array.variable() for h in self.captured if isinstance(h, Handle) and hasattr(h._array, "variable")]
        return tuple(v for v in found if v is not None)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The trainable variables that it uses."""
        return tuple(v for v in self.variables if v.trainable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(self._bound(args, kwargs))

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The flat tensors for a call: bound by the parameters' names, converted to the traced types."""
        traced, by_name = self._signature if self._signature is not None else (self._flat_signature(), {})
        if not kwargs and len(args) != len(traced) and len(args) == len(self._flat_signature()):
            traced, by_name = self._flat_signature(), {}  # one tensor for each of the graph's inputs
        names = [] if self._parameters is None else list(self._parameters.parameters)[: len(traced)]
        specs = self._arg_keywords if any(key not in names and key not in by_name for key in kwargs) else []
        if specs and all(key in specs for key in kwargs):  # the names that specs were given, one for each tensor
            traced, by_name, names = self._flat_signature(), {}, specs
        if len(args) > len(traced):
            raise TypeError(f"{self.name} was traced for {len(traced)} positional arguments, received {len(args)}.")
        given: dict[Any, Any] = dict(enumerate(args))
        for key, value in kwargs.items():
            place = names.index(key) if key in names else key
            if place in given or (place == key and key not in by_name):
                problem = "was given twice" if place in given else "is no argument of this trace"
                raise TypeError(f"{self.name}: `{key}` {problem}. {nearest(key, [*names, *by_name])}")
            given[place] = value
        tensors: list[Any] = []
        plain = not kwargs and not any(map(nest.is_nested, args))
        for place, spec in [*enumerate(traced), *((key, by_name[key]) for key in nest.sorted_keys(by_name))]:
            label = names[place] if isinstance(place, int) and place < len(names) else str(place)
            if place in given:
                tensors.extend(self._fitted(spec, given[place], label, plain))
            elif any(isinstance(leaf, (TypeSpec, CompositeTensor)) for leaf in nest.flatten(spec)):
                raise TypeError(f"{self.name}: the argument `{label}` is missing; it was traced as {spec!r}.")
        return tensors

    def _flat_signature(self) -> tuple[TensorSpec, ...]:
        count = len(self.graph.inputs) - len(self.captured)
        return tuple(TensorSpec(TensorShape(v.shape), v.dtype) for v in self.graph.inputs[:count])

    def _fitted(self, spec: Any, value: Any, label: str, plain: bool = False) -> list[Any]:
        """The tensors of one argument, after checking them against what it was traced as."""

        def refuse(expected: Any, received: Any, kind: type[Exception] = TypeError) -> Exception:
            return kind(explain(f"{self.name}: the argument `{label}` does not fit this trace.",
                                expected=repr(expected), received=str(received)))  # fmt: skip

        wanted, leaves = nest.flatten(spec), nest.flatten(value)
        if len(wanted) != len(leaves) or (nest.is_nested(spec) and _paths(spec) != _paths(value)):
            raise refuse(spec, value)
        tensors: list[Any] = []
        for one, leaf in zip(wanted, leaves, strict=True):
            if isinstance(one, CompositeSpec):
                if not isinstance(leaf, CompositeTensor) or not one.is_compatible_with(leaf):
                    raise refuse(one, leaf)
                tensors.extend(self._fitted(one._component_specs(), leaf._components(), label))
            elif isinstance(one, CompositeTensor):
                if type(leaf) is not type(one) or leaf._static_part() != one._static_part():
                    raise refuse(one, leaf)
                tensors.extend(self._fitted(one._components(), leaf._components(), label))
            elif isinstance(one, TensorSpec):
                tensor = frontdoor.convert(leaf, None if frontdoor.is_tensor_like(leaf) else one.dtype)
                if not one.is_compatible_with(tensor):
                    as_op = plain and tensor.dtype is not one.dtype  # tensors in their places are an op's operands
                    raise refuse(one, getattr(tensor, "type", tensor), InvalidArgumentError if as_op else TypeError)
                tensors.append(tensor)
            elif leaf is not one and leaf_key(leaf, []) != leaf_key(one, []):
                raise refuse(one, leaf)  # a Python value is part of the traced program
        return tensors

    def run(self, tensors: Sequence[Any]) -> Any:
        """Runs it on flat tensors; returns the traced structure."""
        operands = [*tensors, *self.captured]
        scope = context.scope()
        if scope is not None:
            # a graph of TensorFlow 1 keeps no order among effects: only as one node does the body keep its own
            added = inline(dispatch.builder, self.graph, operands) if scope.ordered else self._add_call(operands)
            return self._result.rebuild(added)
        tapes = context.tapes()
        if tapes:
            wrt = self._followed(operands, tapes)
            if wrt:
                return self._run_recorded(operands, wrt, tapes)
        executable = dispatch.compiled(self.graph)
        begin = getattr(executable, "begin", None)
        if begin is not None:
            return self.wrapped(begin([operand(tensor, True) for tensor in operands]))
        return self.wrapped(executable.run([operand(tensor, False) for tensor in operands]))

    def run_plain(self, arrays: Sequence[Any], later: bool = False) -> Any:
        """Runs it on arrays, where there is neither a tape nor a graph under construction.

        Args:
            arrays: The arrays.
            later: Whether an engine that works beside Python may raise errors later (`dispatch.settle`).
        """
        executable = dispatch.compiled(self.graph)
        begin = getattr(executable, "begin", None)
        if begin is not None:
            return self.wrapped(begin([*arrays, *self.held], later))
        if not getattr(executable, "copies", False):
            arrays = [array.copy() for array in arrays]  # what it returns or assigns must not be the caller's
        return self.wrapped(executable.run([*arrays, *self.held]))

    def wrapped(self, results: Sequence[Any]) -> Any:
        """What the engine returned, as the traced structure of tensors."""
        return self._result.rebuild([_tensor(result) for result in results])

    @functools.cached_property
    def held(self) -> list[Any]:
        """The arrays and cells behind what was captured."""
        return [tensor._array for tensor in self.captured]

    def _followed(self, operands: Sequence[Any], tapes: Sequence[Any]) -> tuple[int, ...]:
        for tape in tapes:
            if tape.watch_variables and not tape.paused:
                for operand in operands:
                    if isinstance(operand, Handle) and getattr(operand._array, "trainable", False):
                        tape.watch(operand)
                        tape.variables.setdefault(id(operand), operand)
        read = self._read
        return tuple(
            i for i, operand in enumerate(operands)
            if any(id(operand) in tape.watched for tape in tapes)
            and (i in read if isinstance(operand, Handle) else _may_have_gradient(operand))
        )  # fmt: skip

    @functools.cached_property
    def _read(self) -> set[int]:
        """The inputs that are handles of variables that it reads, and does not only write."""
        return variables_read("call", {"graph": self.graph})

    def _halves(self, wrt: tuple[int, ...]) -> Split:
        found = self._splits.get(wrt)
        if found is None:
            found = self._splits[wrt] = split(self.graph, wrt)
        return found

    def _add_call(self, operands: Sequence[Any]) -> list[Any]:
        """Its outputs, as those of one node that calls it."""
        wrt = tuple(i for i, operand in enumerate(operands) if _may_have_gradient(operand))
        attrs: dict[str, Any] = {"graph": self.graph}
        if wrt:
            try:
                halves = self._halves(wrt)
                attrs = {"graph": halves.forward, "backward": halves.backward, "residuals": halves.residuals,
                         "wrt": wrt}  # fmt: skip
            except (LookupError, InvalidArgumentError):
                pass  # something in it has no gradient: that is told when one is asked for
        record = opdef.get("call")
        kind = "StatefulPartitionedCall" if _has_state(self.graph) else "PartitionedCall"
        outputs = dispatch.apply(record, operands, record.complete(attrs), kind)
        value = getattr(outputs[0], "_value", None)
        (outputs[0] if value is None else value).node.metadata["type"] = kind  # an operation, where it returns nothing
        return list(outputs[: len(self.graph.outputs)])

    def _run_recorded(self, operands: Sequence[Any], wrt: tuple[int, ...], tapes: Sequence[Any]) -> Any:
        halves = self._halves(wrt)
        attrs = {"graph": halves.forward, "backward": halves.backward, "residuals": halves.residuals, "wrt": wrt}
        # only a gradient of a gradient asks for more than the halves hand over
        plan = self._plan(wrt, attrs, operands) if len(tapes) > 1 or not tapes[0].once else None
        graph = halves.forward if plan is None else plan.attrs["graph"]
        executable = dispatch.compiled(graph)
        begin = getattr(executable, "begin", None)
        results = (begin or executable.run)([operand(tensor, begin is not None) for tensor in operands])
        outputs = [
            Handle(result, value.type.handle) if value.type.handle is not None else _tensor(result)
            for result, value in zip(results, graph.outputs, strict=True)
        ]
        made = len(halves.forward.outputs)
        if plan is not None:
            operands, attrs = plan.inputs(operands, (), outputs[made:]), dict(plan.replay)
        for tape in tapes:
            tape.note("call", operands, outputs[:made], attrs)
        return self._result.rebuild(outputs[: made - halves.residuals])

    def _plan(self, wrt: tuple[int, ...], attrs: dict[str, Any], operands: Sequence[Any]) -> Plan | None:
        """How its forward half hands over what differentiating that takes; None where it can simply run again."""
        if wrt not in self._plans:
            effects = has_such(attrs["graph"])
            self._plans[wrt] = plan_of("call", attrs, [tensor.type for tensor in operands]) if effects else None
        return self._plans[wrt]

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """What it takes, gives and has captured; on one line where not verbose."""
        arguments = signatures.inputs(self._parameters, self._signature or ((), {}))
        output = self.structured_outputs
        if verbose:
            return signatures.summary(arguments, output, self.captured)
        taken = ", ".join(f"{name}: {signatures.shown(value)}" for name, _, value in arguments)
        return f"({taken}) -> {signatures.shown(output)}"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.pretty_printed_signature(verbose=False)} at 0x{id(self):X}>"


def _tensor(result: Any) -> EagerTensor:
    """An engine's result: an array, or what stands for one on a device."""
    return EagerTensor(np.asarray(result)) if not hasattr(result, "fetch") else DeviceTensor(result)


def _paths(structure: Any) -> list[Any]:
    return [path for path, _ in nest.flatten_with_path(structure)]


def _may_have_gradient(operand: Any) -> bool:
    return isinstance(operand, Handle) or operand.dtype.is_floating or operand.dtype.is_complex


def _has_state(graph: Graph) -> bool:
    return graph.has_effects() or any(value.type.is_resource for value in graph.inputs)


def trace(
    function: Callable[..., Any],
    args: Any,
    kwargs: dict[str, Any],
    types: Sequence[TensorType],
    name: str,
    may_create_variables: bool = True,
    labels: Sequence[str] | None = None,
) -> ConcreteFunction:
    """Runs a Python function on symbolic tensors and keeps the graph.

    Args:
        function: The function.
        args: Its positional arguments; data among them is replaced by symbolic tensors.
        kwargs: Its keyword arguments, likewise.
        types: The types of the data, in flat order.
        name: The graph's name.
        may_create_variables: Whether variables may be made while it is traced.
        labels: What its positional arguments are called, and the graph's inputs after them.
    """
    graph = Graph(name)
    outside = context.scope()
    around = outside if outside is not None and not outside.ordered else None  # a graph of TensorFlow 1
    scope = Scope(graph, around, ordered=True)
    scope.lifted["may_create_variables"] = may_create_variables
    arguments = scope.lifted["arguments"] = {}
    supply = iter(types)

    def placeholder(label: str, leaf: Any) -> Any:
        if not is_data(leaf) and not isinstance(leaf, (TensorSpec, CompositeSpec)):
            return leaf
        if isinstance(leaf, CompositeSpec):
            return leaf._from_components([wrap(graph.add_input(next(supply), label))
                                          for _ in leaf._component_specs()])  # fmt: skip
        if isinstance(leaf, CompositeTensor):
            parts = [wrap(graph.add_input(next(supply), label)) for _ in leaf._components()]
            return leaf._rebuild(parts)
        value = graph.add_input(next(supply), (isinstance(leaf, TensorSpec) and leaf.name) or label)
        if isinstance(leaf, (EagerTensor, np.ndarray)):
            arguments[value] = leaf
        return wrap(value)

    def symbolic(label: str, value: Any) -> Any:
        return nest.map_structure(functools.partial(placeholder, label), value)

    symbolic_args = tuple(map(symbolic, labels or signatures.labels(None, len(args)), args))
    given = {name: symbolic(name, kwargs[name]) for name in nest.sorted_keys(kwargs)}
    symbolic_kwargs = {name: given[name] for name in kwargs}
    with context.open_scope(scope):
        result = TracedResult(function(*symbolic_args, **symbolic_kwargs))
        graph.outputs = [dispatch.resolve(tensor, scope) for tensor in result.tensors]
    arguments.clear()
    captured = [key.target for key in graph.captures]
    made = ConcreteFunction(graph, captured, result, name)
    made.makes_variables = scope.lifted.get("made_variables", False)
    return made
