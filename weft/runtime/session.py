"""Sessions: run parts of a graph, given by what is fetched and what is fed, on state of their own."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from weft.base import dims, nest, shapes
from weft.base.errors import CancelledError, FailedPreconditionError, OpError, explain, user_facing
from weft.formats.messages.config import ConfigProto
from weft.ir import graph as ir
from weft.ir import known_sizes
from weft.ir.graph import Value
from weft.passes.ranks import inferred_anew
from weft.passes.variants import Variants
from weft.runtime import context, dispatch, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.composite import CompositeTensor, IndexedSlices
from weft.runtime.extraction import Order, extract, needed, without_unread
from weft.runtime.fed_parameters import changes
from weft.runtime.graph import Graph, Operation
from weft.runtime.run_trace import traced
from weft.runtime.stages import Running, Staged, calls_of
from weft.runtime.tensor import EagerTensor, SymbolicTensor, Tensor, wrap
from weft.runtime.variable import Cell, Template


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack: list[BaseSession] = []


_local = _Local()
#: the sessions that there are, for `Session.reset`
_sessions: weakref.WeakSet[BaseSession] = weakref.WeakSet()


def _drop(session: BaseSession) -> None:
    """Takes a session off the open ones: its innermost block, whatever was opened after it."""
    for position in range(len(_local.stack) - 1, -1, -1):
        if _local.stack[position] is session:
            del _local.stack[position]
            return


def default_session(required: bool = False) -> Any:
    """The session whose block (or `InteractiveSession`) is open in this thread, or None.

    Raises:
        ValueError: Where one is required and none is open.
    """
    if _local.stack:
        return _local.stack[-1]
    if required:
        raise ValueError(
            explain("No session is open here.", hint="use `with tf.Session() as session:`, or pass session=...")
        )
    return None


def evaluate(fetch: Any, feed_dict: Any, session: Any) -> Any:
    """Runs one fetch in a session, the default one where None.

    Raises:
        ValueError: Where there is no session, or the one at hand runs another graph.
    """
    operation = isinstance(fetch, Operation)
    action = "execute operation using `run()`" if operation else "evaluate tensor using `eval()`"
    chosen = session if session is not None else default_session()
    if chosen is None:
        call = "run" if operation else "eval"
        raise ValueError(
            explain(f"Cannot {action}: no default session is registered.",
                    hint=f"use `with session.as_default():`, or pass it: {call}(session=session)")  # fmt: skip
        )
    element = fetch._as_graph_element() if hasattr(fetch, "_as_graph_element") else fetch
    if element.graph is not chosen.graph:
        raise ValueError(
            explain(f"Cannot {action}: the session's graph is not the graph of {fetch!r}.",
                    hint="run it in a session of its own graph: tf.Session(graph=x.graph)")  # fmt: skip
        )
    return chosen.run(fetch, feed_dict)


class _Fetch:
    """The leaves of what is fetched, and how results go back into their places."""

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self.values: list[Value] = []
        self.nodes: list[ir.Node] = []
        self.structure = fetches
        self._pack = self._visit(graph, fetches)

    def _visit(self, graph: Graph, item: Any) -> Callable[[list[Any]], Any]:
        if isinstance(item, IndexedSlices):
            parts = [self._visit(graph, part) for part in (item.values, item.indices)]
            values, indices = parts
            whole = item.dense_shape
            shape = np.asarray(whole.as_list(), np.int32) if whole is not None and whole.is_fully_defined() else None
            return lambda results: IndexedSlicesValue(values(results), indices(results), shape)
        if isinstance(item, CompositeTensor):
            inner = [self._visit(graph, part) for part in item._components()]
            return lambda results: item._as_arrays([pack(results) for pack in inner])
        if hasattr(type(item), "__attrs_attrs__"):
            return self._attrs_object(graph, item)
        for kind, taken_apart, _ in _conversions:
            if isinstance(item, kind):
                parts, joined = taken_apart(item)
                packs = [self._visit(graph, part) for part in parts]
                return lambda results: joined([pack(results) for pack in packs])
        if type(item) is list:
            parts = [self._visit(graph, part) for part in item]
            return lambda results: [pack(results) for pack in parts]
        if type(item) is tuple:
            parts = [self._visit(graph, part) for part in item]
            return lambda results: tuple([pack(results) for pack in parts])
        if type(item) is dict:
            by_key = [(key, self._visit(graph, part)) for key, part in item.items()]
            return lambda results: {key: pack(results) for key, pack in by_key}
        if isinstance(item, Mapping) or isinstance(item, (list, tuple)):
            children = nest.children(item) or []
            packs = [self._visit(graph, part) for _, part in children]
            return lambda results: nest.rebuild(item, [p(results) for p in packs])
        return self._leaf(graph, item)

    def _attrs_object(self, graph: Graph, item: Any) -> Callable[[list[Any]], Any]:
        """An object of a class made with the attrs library: its fields are fetched."""
        names = [field.name for field in type(item).__attrs_attrs__]
        packs = [self._visit(graph, getattr(item, name)) for name in names]
        return lambda results: type(item)(*(pack(results) for pack in packs))

    def _leaf(self, graph: Graph, item: Any) -> Callable[[list[Any]], Any]:
        if item is None or isinstance(item, (int, float, np.ndarray)):
            raise TypeError(
                explain(f"Fetch argument {item!r} has invalid type {type(item).__name__}: it is no part of a graph.",
                        hint="fetch tensors, operations or their names")  # fmt: skip
            )
        try:
            element = graph.as_graph_element(item)
        except (KeyError, ValueError) as error:
            reason = error.args[0] if error.args else error
            problem = f"Fetch argument {item!r} cannot be interpreted as a tensor of the session's graph. {reason}"
            raise ValueError(explain(problem)) from None
        except TypeError as error:
            raise TypeError(explain(f"Fetch argument {item!r} has invalid type. {error}")) from None
        if not graph.is_fetchable(element):
            raise ValueError(explain(f"{element!r} has been marked as not fetchable."))
        if isinstance(element, Operation):
            self.nodes.append(element.node)
            return lambda results: None
        position = len(self.values)
        self.values.append(element._value)
        return lambda results: results[position]

    def pack(self, results: list[Any]) -> Any:
        """The structure that was fetched, with results in it."""
        return self._pack(results)


#: classes of others whose objects sessions take: the class, what to fetch for one, what to feed for one
_conversions: list[tuple[type, Callable[[Any], Any], Callable[[Any, Any], Any] | None]] = []


def register_conversion(kind: type, fetched: Callable[[Any], Any], fed: Callable[[Any, Any], Any] | None) -> None:
    """Makes objects of a class things that sessions take.

    Args:
        kind: The class.
        fetched: From an object to what is fetched for it, and a function from those values to the object's.
        fed: From an object and its value to pairs of what is fed and with what.

    Raises:
        ValueError: For a class that is known already.
    """
    if any(issubclass(kind, known) for known, _, _ in _conversions):
        raise ValueError(f"{kind} has already been registered.")
    _conversions.append((kind, fetched, fed))


class IndexedSlicesValue(NamedTuple):
    """Fetched IndexedSlices."""

    values: Any
    indices: Any
    dense_shape: Any


#: what can be fetched as it is
_ELEMENTS = (SymbolicTensor, Operation)


def _known_by(item: Any, leaves: list[Any]) -> Any:
    """What fetches are found again by; None where they hold more than tensors and operations, which become leaves."""
    kind = type(item)
    if kind in _ELEMENTS:
        leaves.append(item)
        return id(item)
    if kind is dict:
        keys: tuple[Any, ...] = tuple(item)
        parts = [_known_by(part, leaves) for part in item.values()]
    elif kind is list or kind is tuple:
        keys, parts = (), [_known_by(part, leaves) for part in item]
    else:
        return None
    return None if None in parts else (kind, keys, *parts)


_REMEMBERED = 256  # sets of fetches that need not be taken apart again


class _Plan:
    """What one set of fetches and feeds runs: a graph of its own, compiled once for what feeds tell of its sizes."""

    def __init__(self, order: Order, fetch: _Fetch, feeds: Sequence[Value], arrays: Sequence[Any]) -> None:
        #: the places of the feeds whose content the graph itself is made of
        self.told, changed = changes(feeds, arrays)
        self.graph, self.cells = extract(order, fetch.values, fetch.nodes, feeds, changed)
        if changed:
            self.graph = inferred_anew(self.graph)
        self._found: list[Any] | None = None
        calls = calls_of(self.graph)
        self._staged = Staged(self.graph, calls) if calls else None
        self._feeds = without_unread(self.graph, len(feeds))
        self.variants = Variants(self.graph, merges=True)

    def contents(self, feeds: Sequence[Any]) -> tuple[Any, ...]:
        """The content of the feeds that the graph itself is made of, as a key."""
        return tuple([(feeds[place].shape, repr(feeds[place].tolist())) for place in self.told])

    def run(self, feeds: Sequence[Any], session: BaseSession) -> list[Any]:
        """Runs it; the results share no memory with feeds, variables or constants: they are the user's to change."""
        cells = self._found
        if cells is None:  # a plan belongs to one session, whose cells stay
            cells = [session._cell(cell) if isinstance(cell, Template) else cell for cell in self.cells]
            self._found = cells
        feeds = [feeds[place] for place in self._feeds]
        if self._staged is None:
            graph = self.variants.at(feeds) if self.variants.needed else self.graph
            executable = dispatch.compiled(graph)
            if getattr(executable, "copies", False):
                return executable.run([*feeds, *cells])
            results = executable.run([*map(np.copy, feeds), *cells])  # a graph may keep what it was fed
        else:
            results = self._staged.run([*map(np.copy, feeds), *cells])
        return [np.array(result) for result in results]


class _Ready:
    """A run of which everything is known but the arrays.

    Args:
        plan: What it runs.
        feed_dict: What was fed; its tensors are kept, and so their numbers.
        given: What the plan was given for it.
    """

    __slots__ = ("_dtypes", "_tensors", "plan", "shapes")

    def __init__(self, plan: _Plan, feed_dict: Mapping[Any, Any], given: Sequence[Any]) -> None:
        self.plan, self._tensors = plan, tuple(feed_dict)
        self._dtypes = [array.dtype for array in given]
        self.shapes: set[Any] = set()

    def taken(self, feed_dict: Mapping[Any, Any]) -> list[Any] | None:
        """The arrays of a feed, where all are of dtypes and shapes that were fed before."""
        arrays = []
        for array, dtype in zip(feed_dict.values(), self._dtypes, strict=True):
            if type(array) is float and dtype.kind == "f":
                array = np.asarray(array).astype(dtype)
            elif isinstance(array, np.generic):
                array = np.asarray(array)
            if type(array) is not np.ndarray or array.dtype != dtype:
                return None
            arrays.append(array)
        return arrays if tuple([array.shape for array in arrays]) in self.shapes else None


def _limit(settings: Any, name: str = "timeout_in_ms") -> int:
    """How many milliseconds a run may wait, 0 for ever."""
    return 0 if settings is None else int(getattr(settings, name, 0) or 0)


class _Partial:
    """What the parts of one run have computed so far."""

    def __init__(self) -> None:
        self.known: dict[Value, Any] = {}


class BaseSession:
    """Runs parts of a graph; holds the values of its variables.

    Args:
        target: Accepted; everything runs in this process.
        graph: The graph; the default one where None.
        config: Accepted.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"`graph` must be a tf.Graph, received {type(graph).__name__}.")
        self._graph = graph if graph is not None else graphs._wrap(_present_scope())
        self._cells: dict[Cell, Cell] = {}
        self._order = Order(self._graph.ir)
        self._plans: dict[Any, _Plan] = {}
        self._fetches: dict[Any, tuple[_Fetch, tuple[Any, ...]]] = {}
        self._ready: dict[Any, _Ready] = {}
        self._held: dict[Any, Any] = {}
        self._closed = self._was_reset = False
        if config is not None and not isinstance(config, ConfigProto):
            raise TypeError(explain("`config` must be a tf.ConfigProto.", received=repr(config)[:200],
                                    hint="tf.Session(config=tf.ConfigProto(allow_soft_placement=True))"))  # fmt: skip
        self._config = config
        _sessions.add(self)

    @property
    def graph(self) -> Graph:
        """The graph that it runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a GraphDef message."""
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> str:
        """The target."""
        return ""

    def _cell(self, template: Cell) -> Cell:
        found = self._cells.get(template)
        if found is None:
            first = getattr(template, "initial", None)
            initial = None if first is None else first.copy()
            # setdefault: of two threads that are first at once, both must get the same cell
            found = self._cells.setdefault(template, Cell(initial, template.name, template.trainable))
        return found

    def held(self, key: Any, make: Callable[[], Any]) -> Any:
        """What the session keeps under a key beside its variables, such as a queue's elements; made on first use.

        Raises:
            CancelledError: Where the session is closed.
        """
        if self._closed:
            raise CancelledError("The session has been closed.")
        found = self._held.get(key)
        # setdefault: of two threads that are first at once, both must get the same
        return found if found is not None else self._held.setdefault(key, make())

    @user_facing
    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Runs what is fetched and returns its values in the same structure.

        Args:
            fetches: Tensors, operations, variables or their names, nested in lists, tuples and dicts.
            feed_dict: Values for tensors (placeholders or any others).
            options: A `RunOptions`; with a `trace_level` the run is compiled anew and its kernels are timed.
            run_metadata: A `RunMetadata`, which then has the times in `step_stats`.

        Returns:
            Arrays (scalars for rank 0) in the structure of `fetches`; None for operations.

        Raises:
            RuntimeError: Where the session is closed, or its graph is empty.
            CancelledError: After `Session.reset`.
            InvalidArgumentError: Where a placeholder is not fed.
            FailedPreconditionError: Where a variable has no value yet.
            DeadlineExceededError: Where a queue lets it wait for longer than `timeout_in_ms` of the options, or
                `operation_timeout_in_ms` of the session's, allows.
        """
        if self._was_reset:
            raise CancelledError("Session has been closed: Session.reset() closes all of this process.")
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.ir.nodes:
            raise RuntimeError(
                explain("The Session graph is empty: run() has nothing to run.",
                        hint="add operations to the graph first, or open the session on the graph that has them: "
                        "tf.Session(graph=graph)")  # fmt: skip
            )
        if feed_dict and not hasattr(feed_dict, "items"):
            raise TypeError(
                explain("feed_dict must be a dictionary: it maps tensors to what is fed for them.",
                        received=repr(feed_dict)[:200], hint="session.run(fetches, feed_dict={x: value})")  # fmt: skip
            )
        limit = _limit(options) or _limit(self._config, "operation_timeout_in_ms")
        fetch = self._fetch(fetches)
        known = None
        if run_metadata is None and type(feed_dict) is dict and not self._graph.restricts_feeds:
            known = (fetch, *map(id, feed_dict))
            ready = self._ready.get(known)
            arrays = None if ready is None else ready.taken(feed_dict)
            if ready is not None and arrays is not None:
                try:
                    with Running(self, limit):
                        results = ready.plan.run(arrays, self)
                except OpError as error:
                    raise self._attributed(error) from None
                return fetch.pack([_plain(result) for result in results])
        fed: dict[Value, Any] = {}
        for key, value in (feed_dict or {}).items():
            self._feed(key, value, fed)
        targets = list(fed)
        watched = run_metadata is not None and getattr(options, "trace_level", 0) > 0
        signature: tuple[Any, ...] = (tuple(fetch.values), tuple(fetch.nodes), tuple(targets))
        plan = None if watched else self._plans.get(signature)
        given = [fed[t] for t in targets]
        if plan is not None and plan.told:
            signature = (*signature, plan.contents(given))
            plan = self._plans.get(signature)
        if plan is None:
            plan = _Plan(self._order, fetch, targets, given)
            if not watched:
                if plan.told and len(signature) == 3:
                    self._plans[*signature, plan.contents(given)] = plan
                plan = self._plans.setdefault(signature, plan)
        if known is not None and feed_dict and not plan.told and not any(value in fed for value in fetch.values):
            self._make_ready(known, plan, feed_dict, given)
        try:
            with Running(self, limit):
                if watched:
                    results, stats = traced(functools.partial(plan.run, given, self), plan.graph)
                    run_metadata.step_stats.CopyFrom(stats)
                else:
                    results = plan.run(given, self)
        except OpError as error:
            raise self._attributed(error) from None
        # what was fed comes back as it was taken in: a fed scalar is an array of rank 0
        return fetch.pack([fed[v].copy() if v in fed else _plain(r)
                           for v, r in zip(fetch.values, results, strict=True)])  # fmt: skip

    def _attributed(self, error: OpError) -> OpError:
        """An error of a run with the operation that it came from, and without what it is beside its class."""
        failed = FailedPreconditionError(str(error)) if isinstance(error, FailedPreconditionError) else error
        failed.op = error.op or self._graph._operation_called(error.node_name)
        return failed

    def _make_ready(self, known: Any, plan: _Plan, feed_dict: dict[Any, Any], given: list[Any]) -> None:
        """Lets later runs of the same fetches and feeds take arrays of these shapes as they are."""
        if len(given) != len(feed_dict) or any(type(key) is not SymbolicTensor for key in feed_dict):
            return
        if any(array.dtype == object for array in given):  # strings are looked at one by one
            return
        ready = self._ready.get(known)
        if ready is None:
            if len(self._ready) >= _REMEMBERED:
                self._ready.clear()
            ready = self._ready.setdefault(known, _Ready(plan, feed_dict, given))
        ready.shapes.add(tuple([array.shape for array in given]))

    def _fetch(self, fetches: Any) -> _Fetch:
        """What is to be fetched; that of tensors and operations, alone or nested, is found again by who they are."""
        items: list[Any] = []
        key = None if self._graph.restricts_fetches else _known_by(fetches, items)
        if key is None:
            return _Fetch(self._graph, fetches)
        found = self._fetches.get(key)
        if found is None:
            found = _Fetch(self._graph, fetches), tuple(items)  # which keeps them, and so their numbers, alive
            if len(self._fetches) >= _REMEMBERED:
                self._fetches.clear()
            self._fetches[key] = found
        return found[0]

    def _feed(self, key: Any, value: Any, fed: dict[Value, Any]) -> None:
        if isinstance(key, (tuple, list)) and isinstance(value, (tuple, list)):
            for k, v in zip(key, value, strict=True):
                self._feed(k, v, fed)
            return
        if isinstance(key, CompositeTensor):
            for part, given in zip(key._components(), key._fed(value), strict=True):
                if not (isinstance(part, SymbolicTensor) and part._value.node.op == "constant"):
                    self._feed(part, given, fed)
            return
        for kind, _, fed_as in _conversions:
            if isinstance(key, kind) and fed_as is not None:
                for part, given in fed_as(key, value):
                    self._feed(part, given, fed)
                return
        element = key
        if type(key) is not SymbolicTensor or key._value.node.graph is not self._graph.ir:
            try:
                element = self._graph.as_graph_element(key)
            except (TypeError, KeyError, ValueError) as error:
                reason = error.args[0] if error.args else error
                raise TypeError(explain(f"Cannot interpret feed_dict key as Tensor: {reason}")) from None
        if not isinstance(element, SymbolicTensor):
            raise TypeError(f"Cannot interpret feed_dict key as Tensor: {element!r} is an operation.")
        if not self._graph.is_feedable(element):
            raise ValueError(explain(f"{element!r} has been marked as not feedable."))
        target: Value = element._value
        if isinstance(value, Tensor) and not isinstance(value, EagerTensor):
            raise TypeError(
                explain("The value of a feed cannot be a tensor of a graph.", received=repr(value),
                        hint="feed Python numbers, lists or numpy arrays")  # fmt: skip
            )
        array = _feed_array(value, target)
        shape = target.shape
        problem = None if shape is None or array.shape == shape else dims.bind(shape, array.shape, {})
        if problem:
            raise ValueError(
                explain(f"Cannot feed value of shape {array.shape} for Tensor '{element.name}', "
                        f"which has shape '{shapes.show(target.shape)}'.", received=problem)  # fmt: skip
            )
        fed[target] = array

    def make_callable(self, fetches: Any, feed_list: Any = None, accept_options: bool = False) -> Callable[..., Any]:
        """A function of the fed values that runs the fetches.

        Args:
            fetches: As for `run`.
            feed_list: The tensors that its arguments are fed to, in order.
            accept_options: Whether it takes `options` and `run_metadata` too.

        Raises:
            TypeError: For fetches that are no part of the graph, or a `feed_list` that is no list; from the function,
                for too many values.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(explain("`feed_list` must be a list or tuple of tensors.", received=repr(feed_list)[:200],
                                    hint="feed_list=[x]"))  # fmt: skip
        keys = list(feed_list or [])
        _Fetch(self._graph, fetches)

        def call(*values: Any, **kwargs: Any) -> Any:
            if len(values) > len(keys):
                raise TypeError(f"The callable takes {len(keys)} values to feed, received {len(values)}.")
            if kwargs and not accept_options:
                raise TypeError(f"The callable takes no keyword `{next(iter(kwargs))}`.")
            return self.run(fetches, dict(zip(keys, values, strict=False)))

        return call

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> Any:
        """Prepares a run in several parts, which goes on each time from what it has computed.

        Args:
            fetches: What will be fetched.
            feeds: The tensors that will be fed.

        Returns:
            The handle for `partial_run`.
        """
        _Fetch(self._graph, fetches)
        for key in feeds or ():
            self._graph.as_graph_element(key)
        return _Partial()

    def partial_run(self, handle: Any, fetches: Any, feed_dict: Any = None) -> Any:
        """The next part of a run: what was computed in earlier parts is not computed again.

        Args:
            handle: What `partial_run_setup` gave.
            fetches: As for `run`.
            feed_dict: As for `run`.

        Raises:
            InvalidArgumentError: Where a placeholder is not fed in this part or an earlier one.
        """
        fetch = _Fetch(self._graph, fetches)
        given: dict[Value, Any] = {}
        for key, value in (feed_dict or {}).items():
            self._feed(key, value, given)
        handle.known.update((target, np.copy(array)) for target, array in given.items())
        fed = set(handle.known)
        nodes = needed(self._order, fetch.values, fetch.nodes, fed)
        more = [value for node in nodes if node.op not in ("input", "constant")
                for value in node.outputs if value not in fed and not value.type.is_resource]  # fmt: skip
        wanted = [wrap(value) for value in more]
        known = {wrap(value): array for value, array in handle.known.items()}
        results, found = self.run([fetches, wanted], known)
        handle.known.update((value, np.asarray(result, value.dtype.numpy)) for value, result in zip(
            more, found, strict=True) if known_sizes.content(value) is None)  # sizes and constants are no feeds
        return results

    def list_devices(self) -> list[Any]:
        """The devices."""
        return ["/job:localhost/replica:0/task:0/device:CPU:0"]

    def close(self) -> None:
        """Gives the variables' values up; the session can run nothing more, and who waits in it is told so."""
        self._closed = True
        for thing in list(self._held.values()):
            thing.cancel()
        self._held.clear()
        self._cells.clear()
        self._plans.clear()
        self._fetches.clear()
        self._ready.clear()

    @contextmanager
    def as_default(self) -> Iterator[BaseSession]:
        """Within the block this is the default session (the graph stays what it is)."""
        _local.stack.append(self)
        try:
            yield self
        finally:
            _drop(self)


def _present_scope() -> context.Scope:
    scope = context.scope()
    return scope if scope is not None and not scope.ordered else context.default_scope()


def _feed_array(value: Any, target: Value) -> Any:
    """A fed value as an array; where it is one already, the user's own."""
    if isinstance(value, EagerTensor):
        value = value._array
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        value = np.asarray(value)  # a matrix would multiply as matrices do
    if type(value) is np.ndarray and value.dtype == target.dtype.numpy and value.dtype != object:
        return value
    if target.dtype.name == "string":
        return frontdoor.to_array(value, target.dtype)
    name = target.node.name
    if isinstance(value, int) and not isinstance(value, bool) and (target.dtype.is_integer or target.dtype.is_bool):
        least, greatest = target.dtype.limits if target.dtype.is_integer else (0, 1)
        if not least <= value <= greatest:
            raise TypeError(
                explain(f"Type of feed value {value} is not compatible with Tensor '{name}' of {target.dtype.name}: it "
                        "does not fit.", hint=f"feed a number from {least} to {greatest}")  # fmt: skip
            )
    try:
        array = np.asarray(value)
        # of an array numpy itself warns that imaginary parts are lost, as in TensorFlow
        loses = array.dtype.kind == "c" and not target.dtype.is_complex and not isinstance(value, np.ndarray)
        found = array if loses else array.astype(target.dtype.numpy)
    except (TypeError, ValueError) as error:
        raise ValueError(
            explain(f"Cannot feed {type(value).__name__} for Tensor '{name}' of {target.dtype.name}: {error}.",
                    received=repr(value)[:200], hint="feed numbers, lists of equal length or numpy arrays")  # fmt: skip
        ) from None
    if loses:
        raise TypeError(
            explain(f"Cannot feed complex numbers for Tensor '{name}' of {target.dtype.name}: they would lose their "
                    "imaginary parts.", received=repr(value)[:200], hint="feed value.real")  # fmt: skip
        )
    return found


def _plain(array: Any) -> Any:
    """A result as the user gets it: of rank 0 a scalar."""
    if array.ndim == 0:
        return array.item() if array.dtype == object else array[()]
    return array


class Session(BaseSession):
    """A session to open as a block, in which it and its graph are the defaults.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.placeholder(tf.float32, [None])
        ...     float(session.run(tf.reduce_sum(x), {x: [1.0, 2.0]}))
        3.0
    """

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """Closes all sessions of this process, so that their variables' values are given up.

        Args:
            target: Accepted; everything runs in this process.
            containers: Accepted; variables belong to their sessions.
            config: Accepted.
        """
        for session in list(_sessions):
            if not session._closed:
                session._was_reset = True
                BaseSession.close(session)

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._opened: list[Any] = []

    def __enter__(self) -> Session:
        scope = context.enter_graph(self._graph._scope)
        scope.__enter__()
        self._opened.append(scope)
        _local.stack.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _drop(self)
        self._opened.pop().__exit__(*error)
        self.close()


class InteractiveSession(BaseSession):
    """A session that is the default one from its making until it is closed."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._entered = graph is not None
        if self._entered:  # only a graph that it is given becomes the default one
            context.push_graph(self._graph._scope)
        _local.stack.append(self)

    def close(self) -> None:
        """Closes it, whichever was opened last; the default session is then the last of the others."""
        if self in _local.stack:
            _drop(self)
            if self._entered:
                context.drop_graph(self._graph._scope)
        super().close()
