"""`function`: a Python function traced once per signature into a graph, which an engine compiles and runs."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np

from weft.autodiff.replay import Plan, has_such, plan_of, variables_read
from weft.autodiff.subgraph import Split, split
from weft.base import dtypes, nest
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, UnavailableError, explain, nearest, user_facing
from weft.base.locks import Lock
from weft.base.shapes import TensorShape, refreshed
from weft.base.signatures import signature
from weft.ir import graph as ir
from weft.ir.graph import Graph, Value
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import inline
from weft.runtime import context, dispatch, frontdoor, quick, signatures
from weft.runtime import variable as variables
from weft.runtime.composite import CompositeTensor
from weft.runtime.context import Scope
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.tensor import EagerTensor, Handle, SymbolicTensor, Tensor, TensorOperators, operand, wrap
from weft.runtime.variable import Variable, creation_watchers

_REMEMBERED = 256  # kinds of arguments whose trace is found at once
_settings = {"eagerly": False}


def run_functions_eagerly(on: bool) -> None:
    """Whether traced functions run as plain Python, for debugging."""
    _settings["eagerly"] = bool(on)


def functions_run_eagerly() -> bool:
    """Whether traced functions run as plain Python."""
    return _settings["eagerly"]


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
            else:
                leaf, count = detail
                leaves.append(leaf._rebuild([next(supply) for _ in range(count)]))
        return nest.pack(self.structure, leaves)


def _is_operation(leaf: Any) -> bool:
    return type(leaf).__name__ == "Operation"


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
    def outputs(self) -> list[Any]:
        """The symbolic outputs."""
        return [wrap(value) for value in self.graph.outputs]

    @property
    def structured_input_signature(self) -> Any:
        """The specs of (positional arguments, keyword arguments)."""
        return self._signature

    @property
    def structured_outputs(self) -> Any:
        """The specs of what it returns."""
        return self._result.rebuild([TensorSpec(TensorShape(v.shape), v.dtype) for v in self.graph.outputs])

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
        for place, spec in [*enumerate(traced), *by_name.items()]:
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
        if len(wanted) != len(leaves):
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
            elif leaf is not one and _leaf_key(leaf, []) != _leaf_key(one, []):
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
        resident = getattr(executable, "takes_resident", False)
        return self.wrapped(executable.run([operand(tensor, resident) for tensor in operands]))

    def run_plain(self, arrays: Sequence[Any]) -> Any:
        """Runs it on arrays, where there is neither a tape nor a graph under construction."""
        executable = dispatch.compiled(self.graph)
        if not getattr(executable, "copies", False):
            arrays = [array.copy() for array in arrays]  # what it returns or assigns must not be the caller's
        return self.wrapped(executable.run([*arrays, *self.held]))

    def wrapped(self, results: Sequence[Any]) -> Any:
        """What the engine returned, as the traced structure of tensors."""
        return self._result.rebuild([EagerTensor(np.asarray(result)) for result in results])

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
        resident = getattr(executable, "takes_resident", False)
        results = executable.run([operand(tensor, resident) for tensor in operands])
        outputs = [
            Handle(result, value.type.handle) if value.type.handle is not None else EagerTensor(np.asarray(result))
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
        output = self._result.rebuild([TensorSpec(TensorShape(v.shape), v.dtype) for v in self.graph.outputs])
        if verbose:
            return signatures.summary(arguments, output, self.captured)
        taken = ", ".join(f"{name}: {signatures.shown(value)}" for name, _, value in arguments)
        return f"({taken}) -> {signatures.shown(output)}"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.pretty_printed_signature(verbose=False)} at 0x{id(self):X}>"


def _may_have_gradient(operand: Any) -> bool:
    return isinstance(operand, Handle) or operand.dtype.is_floating or operand.dtype.is_complex


def _has_state(graph: Graph) -> bool:
    return graph.has_effects() or any(value.type.is_resource for value in graph.inputs)


def _is_data(leaf: Any) -> bool:
    """Whether an argument is data, fed to the graph, rather than part of the program."""
    return isinstance(leaf, (Tensor, np.ndarray, CompositeTensor)) and not isinstance(leaf, Handle)


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
        if not _is_data(leaf) and not isinstance(leaf, (TensorSpec, CompositeSpec)):
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


def _program_parts(leaves: Sequence[Any]) -> list[Any]:
    """What a trace must keep alive, because its key tells it by identity; data are not among it."""
    return [leaf for leaf in leaves if not _is_data(leaf)]


def _own_type(spec: Any) -> TensorType:
    """The type of an argument that is described by a spec: each with unknown sizes of its own."""
    return TensorType(refreshed(spec.shape.symbolic), spec.dtype)


def _plain_shape(shape: TensorShape) -> tuple[int | None, ...] | None:
    return None if shape.rank is None else tuple(shape.as_list())


def _static_key(leaf: Any, key: Any) -> Any:
    """The part of an argument's key that is no type of data; of data, that there are some in this place."""
    if isinstance(leaf, CompositeTensor):
        return type(leaf), leaf._static_part()
    return "data" if _is_data(leaf) else key


def _leaf_key(leaf: Any, types: list[TensorType]) -> Any:
    if isinstance(leaf, CompositeTensor):
        spec = leaf._described()
        if spec is not None:
            return _leaf_key(spec, types)
        keys = []
        for part in leaf._components():
            keys.append(_leaf_key(frontdoor.convert(part), types))
        return (type(leaf), leaf._static_part(), *keys)
    if isinstance(leaf, CompositeSpec):
        types.extend(_own_type(part) for part in leaf._component_specs())
        return type(leaf), leaf
    if isinstance(leaf, np.ndarray):
        dtype = dtypes.as_dtype(leaf.dtype)
        types.append(TensorType(leaf.shape, dtype))
        return leaf.shape, dtype
    if isinstance(leaf, EagerTensor):
        types.append(leaf.type)
        return types[-1].shape, leaf.dtype
    if isinstance(leaf, (SymbolicTensor, TensorSpec)):
        types.append(_own_type(leaf))
        return _plain_shape(leaf.shape), leaf.dtype
    if isinstance(leaf, (float, complex)):
        return type(leaf), repr(leaf)  # NaN is not equal to itself, and 0.0 is equal to -0.0
    if isinstance(leaf, (bool, int, str, bytes, type(None), dtypes.DType)):
        return type(leaf), leaf
    if isinstance(leaf, TensorOperators):
        return "object", id(leaf)
    try:
        hash(leaf)
    except TypeError:
        return "object", id(leaf)
    return type(leaf), leaf


def _share_sizes(types: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """The types with equal first sizes made one symbol: a shorter last batch then runs the same code."""
    symbols: dict[Any, Dim] = {}
    shared = []
    for type in types:
        if type.shape and isinstance(type.shape[0], int) and type.shape[0] > 0:
            size = symbols.setdefault(type.shape[0], Dim.fresh("batch"))
            shared.append(TensorType((size, *type.shape[1:]), type.dtype))
        else:
            shared.append(type)
    return tuple(shared)


def _pattern(types: Sequence[TensorType]) -> tuple[Any, ...]:
    """What stays the same when only the shared first sizes change."""
    sizes: dict[Any, int] = {}
    pattern = []
    for type in types:
        shape: Any = type.shape
        if shape and isinstance(shape[0], int) and shape[0] > 0:
            shape = (("batch", sizes.setdefault(shape[0], len(sizes))), *shape[1:])
        if shape is not None:
            shape = tuple(None if isinstance(size, Dim) else size for size in shape)
        pattern.append((shape, type.dtype))
    return tuple(pattern)


class Function:
    """A Python function that is traced once per signature; made by `tf.function`.

    Args:
        python_function: What to trace.
        name: For graphs and messages.
        input_signature: TensorSpecs, one a positional argument: one trace serves all.
        share_sizes: Whether equal first sizes become one symbol at once (Keras' steps).
        reduce_retracing: Whether sizes that change from call to call become unknown.
        convert: What the function is given to before it is traced: AutoGraph, or None.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        name: str | None = None,
        input_signature: Any = None,
        share_sizes: bool = False,
        reduce_retracing: bool = False,
        convert: Callable[[Any], Any] | None = None,
    ) -> None:
        self.python_function = python_function
        self._convert = convert
        self._name: str = name or getattr(python_function, "__name__", None) or "function"
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self._share_sizes = share_sizes
        self._reduce_retracing = reduce_retracing
        self._cache: dict[Any, tuple[ConcreteFunction, Any]] = {}
        self._loose: dict[Any, tuple[TensorType, ...]] = {}
        self._traces = 0
        self._quick: dict[Any, ConcreteFunction] = {}
        self._is_quick = input_signature is None and not reduce_retracing
        self._tracing = Lock()
        self._methods: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
        try:
            self.function_spec = signature(python_function)
        except (TypeError, ValueError):
            self.function_spec = None  # type: ignore[assignment]
        functools.update_wrapper(self, python_function, updated=())

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            found = self._methods.get(instance)
            if found is None:
                with self._tracing:  # of threads that are first at once, all must get the same one
                    found = self._methods.get(instance)
                    if found is None:
                        found = self._methods[instance] = self._bound_to(instance)
            return found
        except TypeError:  # it cannot be hashed, or has no place for weak references
            return self._bound_to(instance)

    def _bound_to(self, instance: Any) -> Function:
        try:
            reference: Callable[[], Any] = weakref.ref(instance)
        except TypeError:
            reference = functools.partial(_same, instance)
        plain = self.python_function

        def bound(unbound: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(plain)
            def method(*args: Any, **kwargs: Any) -> Any:
                return unbound(reference(), *args, **kwargs)

            return method

        convert = self._convert
        found = Function(bound(plain), self._name, self.input_signature, self._share_sizes, self._reduce_retracing,
                         convert and (lambda _: bound(convert(plain))))  # fmt: skip
        parameters = signature(plain)
        found.function_spec = parameters.replace(parameters=list(parameters.parameters.values())[1:])
        return found

    @user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        scope = context.scope()
        if _settings["eagerly"] or (scope is not None and scope.ordered):
            if self.input_signature is not None:
                args, kwargs = self._by_signature(args, kwargs), {}
            return (self.python_function if _settings["eagerly"] else self._traced)(*args, **kwargs)
        if kwargs or scope is not None or not self._is_quick or context.tapes():
            args, kwargs = self._canonical(args, kwargs)
            concrete, tensors = self._find(args, kwargs)
            return concrete.run(tensors)
        key: list[Any] = []
        leaves: list[Any] = []
        known = quick.scan(args, key, leaves)
        found = self._quick.get(tuple(key)) if known else None
        if found is not None:
            return found.run_plain(leaves)
        concrete, tensors = self._find(args, {})
        results = concrete.run(tensors)
        if known and getattr(dispatch.compiled(concrete.graph), "copies", False):
            if len(self._quick) >= _REMEMBERED:
                self._quick.clear()
            self._quick[tuple(key)] = concrete
        return results

    def again(self, *args: Any) -> Any:
        """Calls it, where it was called before with arguments of this kind and nothing watches; else NotImplemented."""
        if context.scope() is not None or context.tapes() or _settings["eagerly"]:
            return NotImplemented
        key: list[Any] = []
        leaves: list[Any] = []
        found = self._quick.get(tuple(key)) if quick.scan(args, key, leaves) else None
        return NotImplemented if found is None else found.run_plain(leaves)

    @functools.cached_property
    def _traced(self) -> Callable[..., Any]:
        """The function as it is traced."""
        return self.python_function if self._convert is None else self._convert(self.python_function)

    def _canonical(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Keywords that name positional parameters in their places, defaults filled in."""
        if self.input_signature is not None:
            return self._by_signature(args, kwargs), {}
        if kwargs and self.function_spec is not None:
            bound = self.function_spec.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound.args, bound.kwargs
        return args, kwargs

    def _by_signature(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        signature: Any = self.input_signature
        if kwargs:
            args = self.function_spec.bind(*args, **kwargs).args
        if len(args) != len(signature):
            raise TypeError(
                explain(f"{self._name} takes {len(signature)} arguments by its input_signature, received {len(args)}.")
            )

        def fit(spec: Any, given: Any) -> Any:
            if isinstance(spec, CompositeSpec):
                if not isinstance(given, CompositeTensor) or not spec.is_compatible_with(given):
                    raise TypeError(explain(f"{self._name}: an argument does not fit the input_signature.",
                                            expected=repr(spec), received=repr(given)[:200]))  # fmt: skip
                return given
            if not isinstance(spec, TensorSpec):
                return given
            tensor = frontdoor.convert(given, None if frontdoor.is_tensor_like(given) else spec.dtype)
            if tensor.dtype is not spec.dtype or not spec.shape.is_compatible_with(tensor.shape):
                raise TypeError(
                    explain(f"{self._name}: an argument does not fit the input_signature.", expected=repr(spec),
                            received=str(getattr(tensor, "type", tensor)))  # fmt: skip
                )
            return tensor

        flat = [fit(s, g) for s, g in zip(nest.flatten(signature), nest.flatten(args), strict=True)]
        return tuple(nest.pack(signature, flat))

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[ConcreteFunction, list[Any]]:
        leaves = nest.flatten((args, kwargs))
        return self._found(args, kwargs, leaves), self._tensors(leaves)

    def trace_of(self, *args: Any) -> ConcreteFunction:
        """The trace for these arguments, made where there is none yet."""
        return self._found(args, {}, nest.flatten((args, {})))

    def _found(self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any]) -> ConcreteFunction:
        types: list[TensorType] = []
        keys = tuple([_leaf_key(leaf, types) for leaf in leaves])
        if self.input_signature is not None:
            key: Any = "signature"
            types = []
            for spec in nest.flatten(self.input_signature):
                if isinstance(spec, TypeSpec):
                    _leaf_key(spec, types)
            args = nest.map_structure(lambda s, given: s if isinstance(s, CompositeSpec) else given,
                                      self.input_signature, tuple(args))  # fmt: skip
        else:
            structure = repr(nest.map_structure(lambda leaf: 0, (args, kwargs)))
            static = tuple(_static_key(leaf, k) for k, leaf in zip(keys, leaves, strict=True))
            if self._share_sizes:
                key = (structure, static, _pattern(types))
            elif self._reduce_retracing:
                key = (structure, static, self._loosened((structure, static), types))
            else:
                key = (structure, keys)
        cache = self._traced_here()
        found = cache.get(key)
        if found is None:
            if self._share_sizes:
                types = list(_share_sizes(types))
            elif self._reduce_retracing and self.input_signature is None:
                types = [TensorType(tuple(Dim.fresh() if d is None else d for d in shape), dtype)
                         for shape, dtype in key[2]]  # fmt: skip
            with self._tracing:
                found = cache.get(key)  # another thread may have been first
                if found is None:
                    found = cache[key] = (self._trace(args, kwargs, types), _program_parts(leaves))
        return found[0]

    def _tensors(self, leaves: Sequence[Any]) -> list[Any]:
        """The tensors among the leaves of the arguments."""
        tensors: list[Any] = []
        for leaf in leaves:
            if isinstance(leaf, CompositeTensor):
                tensors.extend(frontdoor.convert(part) for part in leaf._components())
            elif isinstance(leaf, np.ndarray):
                # a copy: what the function returns or assigns must not change when the caller changes the array
                text = leaf.dtype.kind in "OSU"  # tensors hold text as bytes
                tensors.append(frontdoor.convert(leaf) if text else EagerTensor(leaf.copy()))
            elif _is_data(leaf):
                tensors.append(leaf)
        return tensors

    def _traced_here(self) -> dict[Any, tuple[ConcreteFunction, Any]]:
        """The traces by key; in a graph of TensorFlow 1 its own, because they may capture tensors of that graph.

        Replicas have their own too: what is called in them may sum over them.
        """
        scope = context.scope()
        body = None if variables.replica_views is None else variables.replica_views.body()
        if body is not None and scope is not None:
            own: dict[Any, tuple[ConcreteFunction, Any]] = body.traces.setdefault(self, {})
            return own
        if scope is None or scope.ordered:
            return self._cache
        kept: dict[Function, dict[Any, tuple[ConcreteFunction, Any]]] = scope.lifted.setdefault("traces", {})
        return kept.setdefault(self, {})

    def _loosened(self, key: Any, types: Sequence[TensorType]) -> tuple[Any, ...]:
        known = self._loose.get((key, tuple((t.rank, t.dtype) for t in types)))
        merged = tuple(types) if known is None else tuple(
            TensorType(cast(Any, tuple(a if a == b else None for a, b in
                                       zip(old.shape or (), new.shape or (), strict=True))), old.dtype)
            for old, new in zip(known, types, strict=True)
        )  # fmt: skip
        self._loose[(key, tuple((t.rank, t.dtype) for t in types))] = merged
        return tuple((None if t.shape is None else tuple(None if isinstance(d, Dim) else d for d in t.shape), t.dtype)
                     for t in merged)  # fmt: skip

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any], types: Sequence[TensorType]) -> ConcreteFunction:
        first = self._traces == 0
        self._traces += 1
        declared = args if self.input_signature is None else self.input_signature
        names = signatures.labels(self.function_spec, len(args))
        labels = [(isinstance(spec, TensorSpec) and spec.name) or name
                  for spec, name in zip(declared, names, strict=True)]  # fmt: skip
        made = trace(self._traced, args, kwargs, types, self._name, first, labels)
        if made.makes_variables:  # every call would; those that are made once are there now
            made = trace(self._traced, args, kwargs, types, self._name, False, labels)
        made._parameters = self.function_spec
        made._signature = signatures.specs(self.function_spec, declared, kwargs)
        return made

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments, which may be TensorSpecs; without arguments, that of the input_signature."""
        if not args and not kwargs and self.input_signature is not None:
            args = self.input_signature
        args, kwargs = (args, kwargs) if self.input_signature is not None else self._canonical(args, kwargs)
        types: list[TensorType] = []
        leaves = nest.flatten((args, kwargs))
        keys = tuple([_leaf_key(leaf, types) for leaf in leaves])
        structure = repr(nest.map_structure(lambda leaf: 0, (args, kwargs)))
        key = "signature" if self.input_signature is not None else (structure, keys)
        cache = self._traced_here()
        found = cache.get(key)
        if found is None:
            found = cache[key] = (self._trace(args, kwargs, types), _program_parts(leaves))
        return found[0]

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """What each of the traces takes and gives."""
        return "\n\n".join(trace.pretty_printed_signature(verbose) for trace in self.concrete_functions())

    def experimental_get_compiler_ir(self, *args: Any, **kwargs: Any) -> Callable[..., str]:
        """What the engine's compiler makes of the function, for arguments.

        Args:
            *args: The arguments.
            **kwargs: Keyword arguments.

        Returns:
            A function of `stage`: `"hlo"` gives the program before it is optimised, `"optimized_hlo"` after, as text.

        Raises:
            UnavailableError: On engines other than XLA.
        """
        args, kwargs = self._canonical(args, kwargs)
        concrete, tensors = self._find(args, kwargs)
        executable = dispatch.compiled(concrete.graph)
        text = getattr(executable, "text", None)
        if text is None:
            raise UnavailableError(explain(f"The {dispatch.engine().name} engine has no text in XLA's language.",
                                           hint="set WEFT_ENGINE=xla before starting"))  # fmt: skip
        inputs = [tensor._array for tensor in (*tensors, *concrete.captured)]

        def show(stage: str = "hlo", device_name: str | None = None) -> str:
            return str(text(inputs, stage))

        return show

    def experimental_get_tracing_count(self) -> int:
        """How often it was traced."""
        return self._traces

    def concrete_functions(self) -> Iterable[ConcreteFunction]:
        """The traces so far."""
        return [concrete for concrete, _ in self._cache.values()]

    def __reduce__(self) -> str | tuple[Any, ...]:
        name = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is self:
            return name  # one that a decorator put in the place of what it traces: like any function, by its name
        return Function, (self.python_function, self._name, self.input_signature, self._share_sizes,
                          self._reduce_retracing, self._convert)  # fmt: skip

    def __deepcopy__(self, memo: Any) -> Function:
        # of a bound method, the copy belongs to the copied object
        return Function(copy.deepcopy(self.python_function, memo), self._name, self.input_signature, self._share_sizes,
                        self._reduce_retracing, self._convert)  # fmt: skip

    def __repr__(self) -> str:
        return f"<weft.function {self._name}>"


def _same(value: Any) -> Any:
    return value


def evaluate_shape(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What a function returns, as specs, for arguments known by shape and dtype alone.

    Anything in the arguments with a shape and a dtype, tensors apart, becomes a symbolic tensor of a scratch graph.
    """
    graph = Graph("evaluate_shape")
    scope = Scope(graph, None, ordered=True)

    def placeholder(leaf: Any) -> Any:
        if isinstance(leaf, (Tensor, Variable, np.ndarray, str)) or leaf is None:
            return leaf
        if not (hasattr(leaf, "shape") and hasattr(leaf, "dtype")):
            return leaf
        shape = TensorShape(leaf.shape)
        return wrap(graph.add_input(TensorType(shape.symbolic, dtypes.as_dtype(leaf.dtype)), "input"))

    symbolic_args, symbolic_kwargs = nest.map_structure(placeholder, (args, kwargs))

    def describe(leaf: Any) -> Any:
        if leaf is None:
            return None
        tensor = frontdoor.convert(leaf)
        return TensorSpec(TensorShape(tensor.shape), tensor.dtype)

    with context.open_scope(scope):
        return nest.map_structure(describe, function(*symbolic_args, **symbolic_kwargs))


def origin(tensor: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
    """How a symbolic tensor was made: (op, input tensors, attributes); None for eager tensors and inputs."""
    value: Value | None = getattr(tensor, "_value", None)
    if value is None or value.node.op == "input":
        return None
    node = value.node
    return node.op, tuple(wrap(v) for v in node.inputs), dict(node.attrs)


def check_variable_creation(variable: Any) -> None:
    """Refuses variables made on a later trace: every call would make new ones."""
    scope = context.scope()
    while scope is not None and scope.ordered and "may_create_variables" not in scope.lifted:
        scope = scope.outer  # of a branch or loop in the function
    if scope is None or not scope.ordered:
        return
    scope.lifted["made_variables"] = True
    if not scope.lifted["may_create_variables"]:
        raise ValueError(
            explain(f"Variable `{variable.name}` is made by every call of a traced function.",
                    hint="make variables once: outside, or behind `if self.v is None`")  # fmt: skip
        )


creation_watchers.append(check_variable_creation)


def _as_programs_see_it(graph: Graph) -> Any:
    from weft.runtime.graph import wrapper_of

    return wrapper_of(graph)


ir.view = _as_programs_see_it
