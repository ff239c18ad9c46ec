"""`tf.Module`: an object that knows the variables and modules which its attributes hold."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from weft.base.errors import explain
from weft.runtime import tracking
from weft.runtime.scopes import NameScope
from weft.runtime.variable import Variable

_Function = TypeVar("_Function", bound=Callable[..., Any])
#: a capital that starts a word: after a small letter or digit, or before a small letter
_WORD_START = re.compile(r"(?<=[a-z0-9])[A-Z]|(?<!^)[A-Z](?=[a-z])")


class Module:
    """Groups variables and other modules; those held by attributes, also within lists, tuples and dicts, are found.

    Args:
        name: A Python identifier; by default the class name in snake_case.

    Raises:
        ValueError: For a name that is no identifier.

    Example:
        >>> import weft as tf
        >>> class Scale(tf.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = tf.Variable(2.0, name="factor")
        ...     def __call__(self, x):
        ...         return x * self.factor
        >>> [v.name for v in Scale().trainable_variables]
        ['factor:0']
    """

    #: attributes that the search passes over; subclasses may add theirs
    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _WORD_START.sub(lambda found: "_" + found.group(), type(self).__name__).lower()
        if not name.isidentifier():
            raise ValueError(
                explain(f"{name!r} cannot be the name of a {type(self).__name__}.", expected="a Python identifier",
                        hint="use letters, digits and underscores, and do not start with a digit")  # fmt: skip
            )
        self._name = name
        with NameScope(name) as path:
            self._name_scope = NameScope(path)

    def _no_dependency(self, value: Any) -> Any:
        """The value: attributes are stored as they are, and nothing need be kept from being wrapped."""
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        tracking.attribute_set(self)

    @property
    def name(self) -> str:
        """The name, which starts those of the variables made under `name_scope`."""
        return self._name

    @property
    def name_scope(self) -> NameScope:
        """The scope in which the module was made, followed by its name."""
        return self._name_scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables and those of its modules: its own first, by attribute name, then module after module."""
        return tuple(self._flatten(predicate=_is_variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of `variables` that are trainable."""
        return tuple(self._flatten(predicate=lambda leaf: _is_variable(leaf) and bool(leaf.trainable)))

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those of `variables` that are not trainable."""
        return tuple(self._flatten(predicate=lambda leaf: _is_variable(leaf) and not leaf.trainable))

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules that it holds, and theirs, nearest first."""
        return tuple(self._flatten(predicate=lambda leaf: isinstance(leaf, Module)))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """The leaves of the attributes, each once (with paths: as often as paths lead there).

        Args:
            recursive: Whether modules that are found are searched as well.
            predicate: Which leaves to give; all of them where None.
            attribute_traversal_key: Sorts attribute names.
            with_path: Whether to give `(path, leaf)` pairs; a path holds attribute names, dict keys and list positions.
            expand_composites: Accepted; composites are leaves.
        """
        seen = None if with_path else {id(self)}
        for path, leaf in self._walk((), (), recursive, attribute_traversal_key, seen):
            if predicate is None or predicate(leaf):
                yield (path, leaf) if with_path else leaf

    def _walk(
        self,
        path: tuple[Any, ...],
        above: tuple[Module, ...],
        recursive: bool,
        key: Callable[[str], Any] | None,
        seen: set[int] | None,
    ) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """The module's leaves, then those of its modules one by one; a module above itself is not walked further."""
        modules = []
        for place, leaf in self._leaves(path, key):
            if seen is not None:
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
            yield place, leaf
            if isinstance(leaf, Module):
                modules.append((place, leaf))
        if recursive:
            above = (*above, self)
            for place, module in modules:
                deeper = not any(module is one for one in above)
                yield from module._walk(place, above, deeper, key, seen)

    def _leaves(self, path: tuple[Any, ...], key: Callable[[str], Any] | None) -> Iterator[tuple[tuple[Any, ...], Any]]:
        attributes = vars(self)
        for name in sorted(attributes, key=key):
            if name not in self._TF_MODULE_IGNORED_PROPERTIES and name not in ("_name", "_name_scope"):
                yield from _parts((*path, name), attributes[name])

    @classmethod
    def with_name_scope(cls, method: _Function) -> _Function:
        """Decorates a method, so that what it makes is named under the module's name scope.

        Example:
            >>> import weft as tf
            >>> class Layer(tf.Module):
            ...     @tf.Module.with_name_scope
            ...     def __call__(self, x):
            ...         self.w = tf.Variable(x, name="w")
            ...         return self.w
            >>> Layer()(1.0).name
            'layer/w:0'
        """

        @functools.wraps(method)
        def scoped(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped  # type: ignore[return-value]


def _is_variable(leaf: Any) -> bool:
    return isinstance(leaf, Variable)


def _parts(path: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """What lists, tuples and dicts hold, in order; dicts by sorted keys."""
    if isinstance(value, Mapping):
        try:
            keys = sorted(value)
        except TypeError:  # keys that do not compare keep the order in which they were put in
            keys = list(value)
        for key in keys:
            yield from _parts((*path, key), value[key])
    elif isinstance(value, (list, tuple)):
        fields = getattr(value, "_fields", None) or range(len(value))
        for key, item in zip(fields, value, strict=True):
            yield from _parts((*path, key), item)
    else:
        yield path, value
