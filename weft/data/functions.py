"""Users' functions in a pipeline: traced once for a dataset's elements, compiled, and run on flat elements."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.autograph.converting import converted
from weft.base import dtypes, nest
from weft.base.dtypes import as_dtype
from weft.base.errors import InvalidArgumentError, OutOfRangeError, explain
from weft.base.shapes import refreshed
from weft.base.sources import SourceLine
from weft.data import structure
from weft.data.structure import DatasetSpec, NoneTensorSpec, Parts, PipelineHandle
from weft.engines.base import Room
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.passes.ahead import Halves, halves
from weft.passes.batched import batched
from weft.runtime import context, dispatch, frontdoor, indexing  # noqa: F401  (which gives tensors their x[...])
from weft.runtime import random as streams
from weft.runtime.composite import CompositeTensor
from weft.runtime.context import Scope
from weft.runtime.function import Function
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor, Handle, SymbolicTensor, Tensor, wrap

_settings = {"debug": False}

# What waits for values of a function that is being traced says so by `rebindable`: the names of the attributes in which
# they can be, or () for all of them.


def set_debug_mode(on: bool) -> None:
    """Whether functions of pipelines run as Python, element by element and in order."""
    _settings["debug"] = on


def debug_mode() -> bool:
    """Whether functions of pipelines run as Python."""
    return _settings["debug"]


class Stand:
    """Stands for a dataset that is an argument of a function being traced; as a node it knows only its spec."""

    label = "_VariantDataset"
    works = False
    replaceable = True

    def __init__(self, spec: Any, tensor: Any = None) -> None:
        self.spec = spec
        self.tensor = tensor  # of the graph: the plan as one object, for what goes through the dataset as it runs

    def iterate(self) -> Any:
        """There is nothing to go through before the function runs."""
        raise NotImplementedError(explain(
            "A dataset inside a function of a pipeline cannot be gone through in Python.",
            hint="transform it with its methods and return it (flat_map, interleave)",
        ))  # fmt: skip

    def rows(self) -> None:
        """None: it has no arrays."""

    def cardinality(self) -> int:
        """Unknown."""
        return -2


def parts_of(value: Any, leaves: dict[Any, Any], further: dict[Any, Any] | None = None) -> None:
    """Collects the symbolic tensors on which a pipeline (a node, a function, a tuple of them) depends.

    Args:
        value: The pipeline.
        leaves: Gets the tensors.
        further: Gets what else `rebound` can replace: variables by their cells, and what says so by `replaceable`.
    """
    if isinstance(value, SymbolicTensor):
        leaves.setdefault(value._value, value)
    elif isinstance(value, CompositeTensor):
        parts_of(value._components(), leaves)
    elif isinstance(value, (list, tuple)):
        for item in value:
            parts_of(item, leaves, further)
    elif isinstance(value, dict):
        for item in value.values():
            parts_of(item, leaves, further)
    elif isinstance(value, PipelineHandle):
        parts_of(value._node, leaves, further)
    elif isinstance(value, Handle) or getattr(value, "replaceable", False):
        if further is not None:
            further.setdefault(value._array if isinstance(value, Handle) else value, value)
    elif getattr(value, "rebindable", None) is not None:
        for key in value.rebindable or vars(value):
            parts_of(vars(value)[key], leaves, further)
        if further is not None and isinstance(value, StructuredFunction):
            value.parts_within(further)


def rebound(value: Any, table: dict[Any, Any]) -> Any:
    """A pipeline in which things of a table are replaced; itself where there are none of them."""
    if isinstance(value, SymbolicTensor):
        return table.get(value._value, value)
    if isinstance(value, Handle):
        return table.get(value._array, value)
    if getattr(value, "replaceable", False):
        return table.get(value, value)
    if isinstance(value, CompositeTensor):
        parts = value._components()
        found = rebound(parts, table)
        return value if found is parts else value._rebuild(found)
    if isinstance(value, (list, tuple)):
        items = [rebound(item, table) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return nest.rebuild(value, items)
    if isinstance(value, PipelineHandle):
        node = rebound(value._node, table)
        return value if node is value._node else structure.public["dataset"](node)
    if getattr(value, "rebindable", None) is None:
        return value
    changed = {}
    for key in [*(value.rebindable or vars(value)), *getattr(value, "within", ())]:
        new = rebound(vars(value)[key], table)
        if new is not vars(value)[key]:
            changed[key] = new
    if not changed:
        return value
    made = copy.copy(value)
    vars(made).update(changed)
    if hasattr(made, "emptied") and KEEPING not in table:
        made.emptied()
    return made


#: in a table of `rebound`: what steps keep of earlier passes holds for the new pipeline, too
KEEPING = object()


def restarted(node: Any) -> Any:
    """A plan for one more pass: what its functions draw begins as in every pass, from where their streams began."""
    further: dict[Any, Any] = {}
    parts_of(node, {}, further)
    table: dict[Any, Any] = {}
    for key, thing in further.items():
        stream = streams.restarted(thing) if isinstance(thing, Handle) else None
        if stream is not None:
            table[key] = stream
    return rebound(node, {**table, KEEPING: True}) if table else node


def outer_state(value: Any) -> str | None:
    """What a pipeline reads or changes that is not its own, in words: another pass over it may give other elements."""
    if isinstance(value, (list, tuple)):
        return next((found for found in map(outer_state, value) if found), None)
    if isinstance(value, dict):
        return outer_state(list(value.values()))
    if isinstance(value, PipelineHandle):
        return outer_state(value._node)
    if isinstance(value, StructuredFunction):
        return value.outer_state() or outer_state(value._leaves)
    if getattr(value, "rebindable", None) is None:
        return None
    return getattr(value, "outer_state", None) or outer_state(list(vars(value).values()))


class StructuredFunction:
    """A user's function of elements.

    Args:
        function: The function.
        specs: The specs of its arguments, each a structure.
        method: What it was given to, such as `"map"`, for messages.
        number: The dtype that it gets where it returns a Python number.

    Attributes:
        spec: The specs of what it returns.
    """

    rebindable = ("_captured",)
    within = ("_leaves",)

    def __init__(self, function: Callable[..., Any], specs: Sequence[Any], method: str,
                 number: dtypes.DType | None = None) -> None:  # fmt: skip
        if not callable(function):
            raise ValueError(explain(f"Dataset.{method} takes a function.", received=repr(function)))
        self.python = function.python_function if isinstance(function, Function) else function
        self._traced = converted(self.python)
        self.method, self._number = method, number
        self.argument_spec = tuple(specs)
        if self._trace(may_create_variables=True):  # every element would; those that are made once are there now
            self._trace(may_create_variables=False)

    def _trace(self, may_create_variables: bool) -> bool:
        """Traces the function; tells whether it made variables."""
        graph = Graph(getattr(self.python, "__name__", "function").strip("<>") or "function")
        scope = Scope(graph, context.scope(), ordered=True)
        scope.lifted["may_create_variables"] = may_create_variables
        self._actions = scope.lifted["actions"] = []
        stands: list[Any] = []

        def placeholder(spec: Any) -> Any:
            if isinstance(spec, NoneTensorSpec):
                return None
            if isinstance(spec, DatasetSpec):
                stand = Stand(spec.element_spec, wrap(graph.add_input(TensorType((), dtypes.string), "dataset")))
                stands.append(stand)
                return structure.public["dataset"](stand)
            stands.append(None)
            if isinstance(spec, CompositeSpec):
                return spec._from_components([given(part) for part in spec._component_specs()])
            return given(spec)

        def given(spec: Any) -> Any:
            return wrap(graph.add_input(TensorType(refreshed(spec.shape.symbolic), as_dtype(spec.dtype)), "element"))

        arguments = [nest.map_structure(placeholder, spec) for spec in self.argument_spec]
        self._stands = stands
        with context.open_scope(scope):
            result = self._normal(self._traced(*_unpacked(arguments)))
            self.spec = nest.map_structure(structure.spec_of, result)
            self._leaves = nest.flatten(result)
            wanted: dict[Any, Any] = {}
            parts_of([self._leaves, [parts for _, parts in self._actions]], wanted)
            tensors = [part for leaf in self._leaves for part in _tensors_of(leaf) if isinstance(part, EagerTensor)]
            graph.outputs = [dispatch.resolve(t, scope) for t in [*wanted.values(), *tensors]]
        self._symbols = list(wanted)
        plain = all(isinstance(leaf, SymbolicTensor) for leaf in self._leaves)
        #: which results are the leaves, where these are tensors of the graph alone
        self._order = [self._symbols.index(leaf._value) for leaf in self._leaves] if plain else None
        self.graph = graph
        self._stacking: list[Graph | None] = []
        self._halves: list[Halves | None] = []
        self._graphs = [graph]  # in a list of its own, so that copies share it
        self._captured = [key.target for key in graph.captures]
        self.has_state = any(isinstance(c, Handle) for c in self._captured)
        self.has_effects = graph.has_effects() or self.has_state or bool(self._actions)
        return bool(scope.lifted.get("made_variables", False))

    def parts_within(self, further: dict[Any, Any]) -> None:
        """Collects what can be replaced in the datasets that it returns; what stands for its own arguments cannot."""
        found: dict[Any, Any] = {}
        parts_of(self._leaves, {}, found)
        further.update((key, thing) for key, thing in found.items() if not isinstance(thing, Stand))

    def outer_state(self) -> str | None:
        """What of the function is not the pipeline's own, in words; None where the same element gives the same."""
        where = f"the function {self.where()}, given to Dataset.{self.method},"
        for captured in self._captured:
            if isinstance(captured, Handle):
                draws = streams.restarted(captured) is not None
                return f"{where} {'draws random numbers' if draws else 'uses a variable'}"
        return f"{where} calls Python" if _calls_python(self.graph) else None

    def _normal(self, result: Any) -> Any:
        if isinstance(result, list):
            result = tuple(result)
        leaves = nest.flatten(result)
        if (result is None or leaves == []) or any(type(leaf).__name__ == "Operation" for leaf in leaves):
            raise TypeError(explain(
                f"The function given to Dataset.{self.method} must return tensors.", received=repr(result)[:100],
                expected="a tensor, or a tuple or dict of tensors", hint=f"it is {self.where()}",
            ))  # fmt: skip
        if self._number is not None and isinstance(result, (bool, int, float, np.number)):
            return frontdoor.convert(result, self._number)
        return structure.normal(result)

    def where(self) -> str:
        """The function's name and the line of its definition."""
        code = getattr(getattr(self.python, "__wrapped__", self.python), "__code__", None)
        name = getattr(self.python, "__name__", type(self.python).__name__)
        if code is None:
            return f"`{name}`"
        return f"`{name}` at {SourceLine(code.co_filename, code.co_firstlineno, name)}"

    def __call__(self, flat: Sequence[Any], room: Room | None = None) -> list[Any]:
        """Runs it.

        Args:
            flat: The leaves of all arguments.
            room: Says where results may go.

        Returns:
            The leaves of the result.
        """
        if _settings["debug"]:
            return self._run_python(flat)
        return self._run(self.graph, flat, None, room)

    @property
    def takes_stacks(self) -> bool:
        """Whether there is a form of it for many elements together, which gives the same."""
        if not self._stacking:
            given = [leaf for spec in self.argument_spec for leaf in nest.flatten(spec)]
            plain = all(isinstance(leaf, TensorSpec) for leaf in given)
            plain = plain and all(isinstance(leaf, Tensor) for leaf in self._leaves)
            self._stacking.append(batched(self.graph, len(self._captured)) if plain else None)
        return self._stacking[0] is not None

    def stacked(self, flat: Sequence[Any]) -> list[Any]:
        """Runs it on many elements together, where it `takes_stacks`.

        Args:
            flat: The leaves of all arguments, each with the elements along its first axis.

        Returns:
            The leaves of the results, likewise.
        """
        graph = self._stacking[0]
        assert graph is not None
        return self._run(graph, flat)

    @property
    def goes_ahead(self) -> bool:
        """Whether a part of it may be done for later elements while the rest waits for its turn."""
        if not self._halves:
            self._halves.append(halves(self.graph))
        return self._halves[0] is not None

    def begun(self, flat: Sequence[Any]) -> list[Any]:
        """Runs the part that `goes_ahead`; gives what `ended` wants of it."""
        parts = self._halves[0]
        assert parts is not None
        operands = self._operands(flat)
        with context.open_scope(None):
            return list(dispatch.compiled(parts.first).run([operands[number] for number in parts.given]))

    def ended(self, flat: Sequence[Any], begun: Sequence[Any], room: Room | None = None) -> list[Any]:
        """Runs the rest; gives what the function gives."""
        parts = self._halves[0]
        assert parts is not None
        operands = self._operands(flat)
        given = [operands[number] if own else begun[number] for own, number in parts.taken]
        return self._run(parts.rest, flat, given, room)

    def _operands(self, flat: Sequence[Any]) -> list[Any]:
        """The graph's inputs for an element."""
        arrays = [array for leaf, stand in zip(flat, self._with_nones(), strict=True) if stand is not _NOTHING
                  for array in ([structure.boxed(leaf)] if stand is not None
                                else leaf.arrays if isinstance(leaf, Parts) else [leaf])]  # fmt: skip
        return [*arrays, *(c._array if isinstance(c, Handle) else structure.array_of(c) for c in self._captured)]

    def _run(
        self, graph: Graph, flat: Sequence[Any], operands: list[Any] | None = None, room: Room | None = None
    ) -> list[Any]:
        operands = self._operands(flat) if operands is None else operands
        with context.open_scope(None):
            results: Sequence[Any] = []
            if graph.outputs or self.has_effects:
                code: Any = dispatch.compiled(graph)
                placed = room is not None and getattr(code, "takes_room", False)
                results = code.run(operands, None, room) if placed else code.run(operands)
        values = [np.asarray(r) for r in results]
        if self._order is not None:
            return [values[place] for place in self._order]
        table: dict[Any, Any] = dict(zip(self._symbols, values, strict=False))
        rest = iter(values[len(self._symbols) :])
        datasets = any(isinstance(leaf, PipelineHandle) for leaf in self._leaves)
        binding: dict[Any, Any] = {}
        if datasets or self._actions:
            binding = {value: EagerTensor(array) for value, array in table.items()}
            binding.update((s, leaf) for s, leaf in zip(self._with_nones(), flat, strict=True) if s is not None)
        for action, parts in self._actions:
            action(*rebound(parts, binding))
        made: list[Any] = []
        for leaf in self._leaves:
            if leaf is None:
                made.append(None)
            elif isinstance(leaf, PipelineHandle):
                made.append(rebound(leaf._node, binding))
            else:
                found = [table[part._value] if isinstance(part, SymbolicTensor) else next(rest)
                         for part in _tensors_of(leaf)]  # fmt: skip
                made.append(Parts(found, leaf._type_spec) if isinstance(leaf, CompositeTensor) else found[0])
        return made

    def _with_nones(self) -> list[Any]:
        """For each flat leaf: None for a tensor, its stand-in for a dataset, a marker for None."""
        found = self.__dict__.get("_marks")
        if found is None:
            supply = iter(self._stands)
            marks = []
            for spec in self.argument_spec:
                for leaf in nest.flatten(spec):
                    marks.append(_NOTHING if isinstance(leaf, NoneTensorSpec) else next(supply))
            found = self.__dict__["_marks"] = marks
        return found  # type: ignore[no-any-return]

    def _run_python(self, flat: Sequence[Any]) -> list[Any]:
        supply = iter(flat)
        arguments = [
            nest.map_structure(lambda leaf: structure.wrapped(next(supply)), spec) for spec in self.argument_spec
        ]
        with context.open_scope(None):
            result = self._normal(self._traced(*_unpacked(arguments)))
        return [structure.leaf_of(leaf) for leaf in nest.flatten(result)]


def _calls_python(graph: Graph) -> bool:
    """Whether a function of the user's runs on the host."""
    return any(getattr(node.attrs.get("function"), "users", False) or any(map(_calls_python, node.subgraphs()))
               for node in graph.nodes)  # fmt: skip


def _tensors_of(leaf: Any) -> list[Any]:
    """The tensors that a leaf of a result is made of."""
    return leaf._components() if isinstance(leaf, CompositeTensor) else [leaf]


class _Nothing:
    """Marks a None among the arguments."""


_NOTHING = _Nothing()


def _unpacked(arguments: Sequence[Any]) -> list[Any]:
    """The arguments as Python's: an element that is a plain tuple becomes several."""
    if len(arguments) == 1 and type(arguments[0]) is tuple:
        return list(arguments[0])
    return list(arguments)


def when_run(action: Callable[..., None], *parts: Any) -> None:
    """Does something with pipelines and tensors: now, or whenever the function runs that is being traced.

    Args:
        action: What to do.
        *parts: What it is given, then with values in it: tensors, datasets, anything else as it is.

    Raises:
        TypeError: In a function that is not one of a pipeline's, or in a branch or loop of it.
    """
    scope = context.scope()
    if scope is None:
        action(*parts)
    elif "actions" not in scope.lifted:
        raise TypeError(explain(
            "In a traced function a dataset cannot be written.", hint="write it outside of tf.function, and in a "
            "pipeline outside of branches and loops",
        ))  # fmt: skip
    else:
        scope.lifted["actions"].append((action, parts))


def at_element(error: Exception, function: StructuredFunction, place: int, flat: Sequence[Any]) -> None:
    """Adds to an error in which function and at which element it happened."""
    if any("in Dataset." in note for note in getattr(error, "__notes__", ())):
        return
    error.add_note(
        f"  in Dataset.{function.method}, function {function.where()}, element {place}: {structure.described(flat)}"
    )


def called(function: StructuredFunction, place: int, flat: Sequence[Any], part: Any = None) -> list[Any]:
    """A function of one element, or a `part` of it; an error says which element it was."""
    try:
        return function(flat) if part is None else part(flat)  # type: ignore[no-any-return]
    except OutOfRangeError as error:
        # whoever takes elements would take this for the end of the data
        told = InvalidArgumentError(f"Dataset.{function.method}: its function raised OutOfRangeError: {error}")
        at_element(told, function, place, flat)
        raise told from error
    except Exception as error:
        at_element(error, function, place, flat)
        raise
