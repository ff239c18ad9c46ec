"""`function`: a Python function traced once per signature into a graph, which an engine compiles and runs."""

from __future__ import annotations

import contextlib
import copy
import functools
import sys
import weakref
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any, cast

import numpy as np

from weft.base import dtypes, nest
from weft.base.dims import Dim
from weft.base.errors import UnavailableError, explain, user_facing
from weft.base.locks import Lock
from weft.base.shapes import TensorShape
from weft.base.signatures import signature
from weft.ir import graph as ir
from weft.ir.fingerprint import Fingerprint, Unkeyed
from weft.ir.graph import Graph, Value
from weft.ir.types import TensorType
from weft.runtime import context, dispatch, frontdoor, quick, signatures
from weft.runtime import variable as variables
from weft.runtime.composite import CompositeTensor
from weft.runtime.concrete import ConcreteFunction, trace
from weft.runtime.context import Scope
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.tensor import EagerTensor, Tensor, wrap
from weft.runtime.trace_keys import is_data, leaf_key, pattern, program_parts, share_sizes, static_key
from weft.runtime.variable import Variable, creation_watchers

_REMEMBERED = 256  # kinds of arguments whose trace is found at once
_settings = {"eagerly": False}


def run_functions_eagerly(on: bool) -> None:
    """Whether traced functions run as plain Python, for debugging."""
    _settings["eagerly"] = bool(on)


def functions_run_eagerly() -> bool:
    """Whether traced functions run as plain Python."""
    return _settings["eagerly"]


def _renames(leaves: Sequence[Any], trace: ConcreteFunction) -> bool:
    """Whether specs are given names that the inputs of a trace of the same types do not have."""
    given = [leaf.name for leaf in leaves if isinstance(leaf, TensorSpec)]
    own = [leaf.name for leaf in nest.flatten(trace._signature) if isinstance(leaf, TensorSpec)]
    return len(given) == len(own) and any(a not in (None, b) for a, b in zip(given, own, strict=True))


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
        if not callable(python_function):
            raise TypeError(explain(f"{python_function!r} is not a callable object.",
                                    hint="tf.function takes a function; with options it is written "
                                    "@tf.function(input_signature=...)"))  # fmt: skip
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
        for attribute, value in getattr(python_function, "__dict__", {}).items():
            if attribute not in self.__dict__ and not hasattr(type(self), attribute):
                self.__dict__[attribute] = value

    @property
    def name(self) -> str:
        """The name of the function that is traced."""
        return self._name

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

    def _decorate(self, decorator: Callable[[Any], Any]) -> None:
        """Puts a wrapper around the Python function; packages do so before it is first called."""
        plain, convert = self.python_function, self._convert
        self.python_function = decorator(plain)
        self._convert = convert and (lambda _: decorator(convert(plain)))

    def again(self, *args: Any, later: bool = False) -> Any:
        """Calls it, where it was called before with arguments of this kind and nothing watches; else NotImplemented.

        Args:
            *args: Its arguments.
            later: Whether an engine that works beside Python may raise errors later; see `dispatch.settle`.
        """
        if context.tapes() or _settings["eagerly"] or dispatch.check_results is not None or context.scope() is not None:
            return NotImplemented
        key: list[Any] = []
        leaves: list[Any] = []
        found = self._quick.get(tuple(key)) if quick.scan(args, key, leaves) else None
        return NotImplemented if found is None else found.run_plain(leaves, later)

    def call_anew(self, graphs: MutableMapping[str, Graph], *args: Any) -> Any:
        """Calls it by a trace of this call alone: what it reads of Python's values is what they are now.

        Args:
            graphs: Of earlier calls, by what they compute; of equal ones the first is run, whose code is there.
            *args: Its arguments.
        """
        if functions_run_eagerly():
            return self.python_function(*args)
        leaves = nest.flatten((args, {}))
        types: list[TensorType] = []
        for leaf in leaves:
            leaf_key(leaf, types)
        with self._tracing:
            concrete = self._trace(args, {}, types)
        with contextlib.suppress(Unkeyed):
            concrete.graph = graphs.setdefault(Fingerprint(concrete.graph).digest, concrete.graph)
        return concrete.run(self._tensors(leaves))

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
        if len(args) > len(signature) and self.function_spec is not None:  # the others are what they are when traced
            further = list(self.function_spec.parameters.values())[len(signature) : len(args)]
            if all(given is parameter.default or (isinstance(given, (bool, int, float, str)) and
                                                  given == parameter.default)
                   for given, parameter in zip(args[len(signature) :], further, strict=False)):  # fmt: skip
                args = args[: len(signature)]
        if len(args) != len(signature):
            raise TypeError(
                explain(f"{self._name} takes {len(signature)} arguments by its input_signature, received {len(args)}.")
            )

        def fit(spec: Any, given: Any) -> Any:
            parts = None if isinstance(spec, TypeSpec) else nest.children(spec)
            if parts is not None:
                own = nest.children(given)
                if own is None or [key for key, _ in own] != [key for key, _ in parts]:
                    raise TypeError(explain(f"{self._name}: an argument is not nested as the input_signature is.",
                                            expected=repr(spec)[:200], received=repr(given)[:200]))  # fmt: skip
                return nest.rebuild(spec, [fit(one, value) for (_, one), (_, value) in zip(parts, own, strict=True)])
            if isinstance(spec, CompositeSpec):
                if not isinstance(given, CompositeTensor) or not spec.is_compatible_with(given):
                    raise TypeError(explain(f"{self._name}: an argument does not fit the input_signature.",
                                            expected=repr(spec), received=repr(given)[:200]))  # fmt: skip
                return spec._fitted(given)
            if not isinstance(spec, TensorSpec):
                return given
            tensor = frontdoor.convert(given, None if frontdoor.is_tensor_like(given) else spec.dtype)
            if tensor.dtype is not spec.dtype or not spec.shape.is_compatible_with(tensor.shape):
                raise TypeError(
                    explain(f"{self._name}: an argument does not fit the input_signature.", expected=repr(spec),
                            received=str(getattr(tensor, "type", tensor)))  # fmt: skip
                )
            return tensor

        return tuple(fit(spec, given) for spec, given in zip(signature, args, strict=True))

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[ConcreteFunction, list[Any]]:
        leaves = nest.flatten((args, kwargs))
        return self._found(args, kwargs, leaves), self._tensors(leaves)

    def trace_of(self, *args: Any) -> ConcreteFunction:
        """The trace for these arguments, made where there is none yet."""
        return self._found(args, {}, nest.flatten((args, {})))

    def _found(self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any]) -> ConcreteFunction:
        types: list[TensorType] = []
        keys = tuple([leaf_key(leaf, types) for leaf in leaves])
        if self.input_signature is not None:
            key: Any = "signature"
            types = []
            for spec in nest.flatten(self.input_signature):
                if isinstance(spec, TypeSpec):
                    leaf_key(spec, types)
            args = nest.map_structure(lambda s, given: s if isinstance(s, CompositeSpec) else given,
                                      self.input_signature, tuple(args))  # fmt: skip
        else:
            structure = repr(nest.map_structure(lambda leaf: 0, (args, kwargs)))
            static = tuple(static_key(leaf, k) for k, leaf in zip(keys, leaves, strict=True))
            if self._share_sizes:
                key = (structure, static, pattern(types))
            elif self._reduce_retracing:
                key = (structure, static, self._loosened((structure, static), types))
            else:
                key = (structure, keys)
        cache = self._traced_here()
        found = cache.get(key)
        if found is None:
            if self._share_sizes:
                types = list(share_sizes(types))
            elif self._reduce_retracing and self.input_signature is None:
                types = [TensorType(tuple(Dim.fresh() if d is None else d for d in shape), dtype)
                         for shape, dtype in key[2]]  # fmt: skip
            with self._tracing:
                found = cache.get(key)  # another thread may have been first
                if found is None:
                    found = cache[key] = (self._trace(args, kwargs, types), program_parts(leaves))
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
            elif is_data(leaf):
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
        keys = tuple([leaf_key(leaf, types) for leaf in leaves])
        structure = repr(nest.map_structure(lambda leaf: 0, (args, kwargs)))
        key: Any = "signature" if self.input_signature is not None else (structure, keys)
        cache = self._traced_here()
        found = cache.get(key)
        if found is not None and self.input_signature is None and _renames(leaves, found[0]):
            key = (key, tuple(leaf.name for leaf in leaves if isinstance(leaf, TensorSpec)))
            found = cache.get(key)
        if found is None:
            found = cache[key] = (self._trace(args, kwargs, types), program_parts(leaves))
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
    _check_creation(variable, context.scope())


def check_lifted_creation(variable: Any) -> None:
    """The same for a variable that was lifted out of the function that is being traced (`init_scope`).

    Layers build themselves once by design; this is for what a constructor makes.
    """
    _check_creation(variable, next((one for one in reversed(context.local.scopes) if one is not None), None))


def _check_creation(variable: Any, scope: Scope | None) -> None:
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
