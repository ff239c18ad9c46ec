"""`tf.experimental.ExtensionType`: classes of a program that stand for several tensors and for what belongs to them.

Fields are declared by annotations. A value flattens into its tensors wherever Weft takes values apart (traced
functions, branches, loops, datasets), so nothing else has to know of it.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from weft.api import array, math
from weft.base import dtypes
from weft.base.errors import UnimplementedError, explain
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.ragged import RaggedTensor, RaggedTensorSpec
from weft.runtime.sparse import SparseTensor, SparseTensorSpec
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.tensor import Tensor

_PLAIN = (bool, int, float, str, bytes, type(None), dtypes.DType, TensorShape)
_DATA = (Tensor, CompositeTensor, TensorSpec, CompositeSpec)
_SPECS = {Tensor: TensorSpec, RaggedTensor: RaggedTensorSpec, SparseTensor: SparseTensorSpec}


class ImmutableDict(Mapping[str, Any]):
    """What a field that is a mapping holds."""

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._items)))

    def __repr__(self) -> str:
        return f"ImmutableDict({self._items})"


# Fields ---------------------------------------------------------------------------------------------------------------


def _annotations(cls: type) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        return dict(annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF))
    return dict(inspect.get_annotations(cls))


def _names_around() -> tuple[dict[str, Any], dict[str, Any]]:
    """The names that can be seen where a class is being made: annotations may be texts."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    inside = frame.f_locals is not frame.f_globals
    return frame.f_globals, dict(frame.f_locals) if inside else {}


def _is_part_of_a_class(value: Any) -> bool:
    """Whether a class holds it for something else than a field's default: a method, a property, a class."""
    return callable(value) or hasattr(value, "__get__") or isinstance(value, ExtensionTypeBatchEncoder)


def _check_annotation(annotation: Any, name: str) -> None:
    """Refuses annotations that are of no kind of field; names that are not known yet are looked up later."""
    if isinstance(annotation, (str, typing.ForwardRef)) or annotation in (None, ...):
        return
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType, tuple, Mapping):
        for one in inner:
            _check_annotation(one, name)
    elif not isinstance(annotation, type) or not issubclass(annotation, (*_PLAIN, Tensor, CompositeTensor)):
        shown = annotation.__name__ if isinstance(annotation, type) and not inner else annotation
        raise TypeError(explain(f"In field {name!r}: Unsupported type annotation {shown!r}.",
                                expected="tf.Tensor, tf.RaggedTensor, tf.SparseTensor, an ExtensionType, int, float, "
                                "str, bytes, bool, None, tf.TensorShape, tf.DType; Union, Optional, Tuple, Mapping of "
                                "them"))


def _resolved(annotation: Any, path: str, owner: type) -> Any:
    """The class that a name stands for."""
    if not isinstance(annotation, (str, typing.ForwardRef)):
        return annotation
    text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
    around, inside = owner._names  # type: ignore[attr-defined]
    known = {**inside, **{cls.__name__: cls for cls in owner.__mro__}}
    try:
        found = eval(text, around, known)  # an annotation of the program's own
    except Exception:
        raise TypeError(f"{path}: Unsupported type annotation {text!r}") from None
    _check_annotation(found, path)
    return found


def _converted(value: Any, annotation: Any, path: str, owner: type, spec: bool) -> Any:
    """A value as its field holds it; of a spec where `spec`."""
    wanted = _resolved(annotation, path, owner)
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, inner, wanted, path, owner, spec)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise _refused(path, "tuple", value)
        kinds = [inner[0]] * len(value) if len(inner) == 2 and inner[1] is ... else inner
        if len(kinds) != len(value):
            raise TypeError(f"{path}: expected tuple with length {len(kinds)}, got {type(value).__name__!r} of length "
                            f"{len(value)}")  # fmt: skip
        pairs = enumerate(zip(value, kinds, strict=True))
        return tuple(_converted(one, kind, f"{path}[{place}]", owner, spec) for place, (one, kind) in pairs)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _refused(path, "mapping", value)
        found = {_converted(key, inner[0], f"{path}.keys()[{key!r}]", owner, spec):
                 _converted(one, inner[1], f"{path}[{key!r}]", owner, spec) for key, one in value.items()}  # fmt: skip
        return ImmutableDict(found)
    return _plain(value, type(None) if wanted is None else wanted, path, spec)


def _one_of(value: Any, kinds: tuple[Any, ...], wanted: Any, path: str, owner: type, spec: bool) -> Any:
    for kind in kinds:  # what needs no conversion goes first, so that an int stays one beside a tensor
        if isinstance(kind, type) and type(value) is kind:
            return value
    for kind in kinds:
        try:
            return _converted(value, kind, path, owner, spec)
        except TypeError:
            continue
    raise _refused(path, str(wanted), value)


def _plain(value: Any, wanted: type, path: str, spec: bool) -> Any:
    if wanted is TensorShape or wanted is dtypes.DType:
        convert: Callable[[Any], Any] = TensorShape if wanted is TensorShape else dtypes.as_dtype
        try:
            return convert(value)
        except (TypeError, ValueError):
            raise _refused(path, wanted.__name__, value) from None
    if spec and issubclass(wanted, (Tensor, CompositeTensor)):
        kind = wanted.Spec if issubclass(wanted, ExtensionType) and wanted is not ExtensionType else \
            next((found for cls, found in _SPECS.items() if issubclass(wanted, cls)), TypeSpec)  # fmt: skip
        if not isinstance(value, kind):
            raise _refused(path, kind.__name__, value)
        return value
    if issubclass(wanted, Tensor):
        if value is None or isinstance(value, TypeSpec):
            raise TypeError(f"{path}: expected a Tensor, got {type(value).__name__!r}")
        try:
            return frontdoor.convert(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{path}: expected a Tensor, got {type(value).__name__!r}: {error}") from None
    if not isinstance(value, wanted):
        raise _refused(path, repr(wanted.__name__), value)
    return value


def _refused(path: str, wanted: str, value: Any) -> TypeError:
    return TypeError(f"{path}: expected {wanted}, got {type(value).__name__!r}")


# Values taken apart ---------------------------------------------------------------------------------------------------


def _walked(value: Any, leaf: Callable[[Any], Any], other: Callable[[Any], Any]) -> Any:
    if isinstance(value, _DATA):
        return leaf(value)
    if isinstance(value, tuple):
        return tuple(_walked(one, leaf, other) for one in value)
    if isinstance(value, ImmutableDict):
        return ImmutableDict({key: _walked(value[key], leaf, other) for key in sorted(value)})
    return other(value)


def _same(value: Any) -> Any:
    return value


def _mapped(record: Any, leaf: Callable[[Any], Any], other: Callable[[Any], Any] = _same) -> dict[str, Any]:
    """The fields with other tensors, or specs."""
    return {name: _walked(value, leaf, other) for name, value in record._declared().items()}


def _leaves(record: Any) -> list[Any]:
    """The tensors, or specs, of the fields, in order."""
    found: list[Any] = []
    _mapped(record, found.append)
    return found


def _static(record: Any) -> Any:
    """What the fields say beside tensors."""
    def of(leaf: Any) -> Any:
        return leaf._static_part() if isinstance(leaf, CompositeTensor) else type(leaf).__name__

    found: list[Any] = []
    shown = _mapped(record, lambda leaf: found.append(of(leaf)), lambda value: found.append((type(value), value)))
    return tuple(found), repr(shown)


def _specs_of(leaf: Any) -> list[Any]:
    return leaf._component_specs() if isinstance(leaf, CompositeSpec) else [leaf]


def _parts_of(leaf: Any) -> list[Any]:
    return leaf._components() if isinstance(leaf, CompositeTensor) else [leaf]


def _batchable(spec: ExtensionTypeSpec) -> None:
    if not issubclass(spec.value_type, BatchableExtensionType):
        raise TypeError(explain(f"{spec.value_type.__name__} cannot be put together into batches or cut into rows.",
                                hint="derive it from tf.experimental.BatchableExtensionType"))  # fmt: skip


# Classes -------------------------------------------------------------------------------------------------------------


class _Declared(type):
    """Classes with fields: what a constructor leaves is checked and converted, and then stays as it is."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        made._finish()
        return made


class _Record(metaclass=_Declared):
    """Fields that are declared by annotations and never change."""

    _fields: ClassVar[dict[str, Any]] = {}
    _signature: ClassVar[inspect.Signature] = inspect.Signature()
    _kind: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse_change(name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse_change(name)
        object.__delattr__(self, name)

    def _refuse_change(self, name: str) -> None:
        if self.__dict__.get("_complete"):
            raise AttributeError(f"Cannot mutate attribute `{name}` outside the custom constructor of {self._kind}.")

    def _declared(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self._fields}

    def _filled(self, values: Mapping[str, Any]) -> Any:
        """One of its class with other contents, without a call of the constructor."""
        made = object.__new__(type(self))
        made.__dict__.update(values, _complete=True)
        return made

    def _check_fields(self) -> None:
        given = self.__dict__.keys()
        if absent := self._fields.keys() - given:
            raise ValueError(f"Missing required fields: {absent}")
        if more := given - self._fields.keys():
            raise ValueError(explain(f"{type(self).__qualname__} has no field for these attributes: {sorted(more)}.",
                                     hint="declare them by annotations in the class"))  # fmt: skip

    def _finish(self) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._declared().items())
        return f"{type(self).__qualname__.rpartition('<locals>.')[2]}({shown})"

    def __ne__(self, other: object) -> Any:
        same = self.__eq__(other)
        return math.logical_not(same) if isinstance(same, Tensor) else not same

    __hash__ = None  # type: ignore[assignment]


class ExtensionTypeSpec(_Record, CompositeSpec):
    """What an `ExtensionType` is without values: `Class.Spec`, with a spec in the place of each tensor."""

    _kind = "ExtensionTypeSpec"
    value_type: ClassVar[type]

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole, where the class says one."""
        return TensorShape(None)

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """The spec of a value."""
        return value._type_spec

    def _finish(self) -> None:
        self._check_fields()
        owner = self.value_type
        for name, annotation in self._fields.items():
            self.__dict__[name] = _converted(self.__dict__[name], annotation, name, owner, True)
        self.__dict__["_complete"] = True

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value (or spec) fits."""
        other = spec_or_value._type_spec if isinstance(spec_or_value, ExtensionType) else spec_or_value
        if type(other) is not type(self):
            return False
        mine, theirs = _leaves(self), _leaves(other)
        return _static(self) == _static(other) and len(mine) == len(theirs) and all(
            type(a) is type(b) and a.is_compatible_with(b) for a, b in zip(mine, theirs, strict=True)
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._declared() == other._declared()  # type: ignore[attr-defined]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]
        return hash((type(self), _static(self), tuple(_leaves(self))))

    def _component_specs(self) -> list[TensorSpec]:
        return [part for leaf in _leaves(self) for part in _specs_of(leaf)]

    def _from_components(self, parts: list[Any]) -> Any:
        supply = iter(parts)

        def taken(leaf: Any) -> Any:
            given = [next(supply) for _ in _specs_of(leaf)]
            return leaf._from_components(given) if isinstance(leaf, CompositeSpec) else given[0]

        made: Any = object.__new__(self.value_type)
        made.__dict__.update(_mapped(self, taken), _complete=True)
        return made

    def _changed(self, tensor: Callable[[TensorSpec], Any], inner: Callable[[Any], Any],
                 shape: Callable[[TensorShape], Any]) -> Any:  # fmt: skip
        _batchable(self)
        return self._filled(_mapped(self, lambda leaf: tensor(leaf) if isinstance(leaf, TensorSpec) else inner(leaf),
                                    lambda value: shape(value) if isinstance(value, TensorShape) else value))

    def _batched(self, size: int | None) -> Any:
        first = TensorShape([size])
        return self._changed(lambda leaf: TensorSpec(first.concatenate(leaf.shape), leaf.dtype),
                             lambda leaf: leaf._batched(size), first.concatenate)  # fmt: skip

    def _row(self) -> Any:
        return self._changed(lambda leaf: TensorSpec(leaf.shape[1:], leaf.dtype), lambda leaf: leaf._row(),
                             lambda shape: shape[1:])  # fmt: skip

    def _sliced(self) -> list[Any]:
        _batchable(self)
        return [part for leaf in _leaves(self)
                for part in (leaf._sliced() if isinstance(leaf, CompositeSpec) else [leaf])]  # fmt: skip

    def _by_leaf(self, arrays: list[Any]) -> list[tuple[Any, list[Any]]]:
        supply = iter(arrays)
        return [(leaf, [next(supply) for _ in _specs_of(leaf)]) for leaf in _leaves(self)]

    def _stacked(self, values: list[list[Any]]) -> list[Any]:
        columns = [self._by_leaf(arrays) for arrays in values]
        found: list[Any] = []
        for parts in zip(*columns, strict=True):
            leaf, given = parts[0][0], [arrays for _, arrays in parts]
            found += leaf._stacked(given) if isinstance(leaf, CompositeSpec) else [np.stack([one for one, in given])]
        return found

    def _rows(self, arrays: list[Any]) -> list[Any]:
        _batchable(self)
        columns = [leaf._rows(given) if isinstance(leaf, CompositeSpec)
                   else [given[0][row : row + 1].reshape(given[0].shape[1:]) for row in range(len(given[0]))]
                   for leaf, given in self._by_leaf(arrays)]  # fmt: skip
        return [[part for one in row for part in (one if isinstance(one, list) else [one])]
                for row in zip(*columns, strict=True)]  # fmt: skip


class ExtensionType(_Record, CompositeTensor):
    """Base of a program's own classes of tensors and what belongs to them; fields are declared by annotations.

    A field is a `tf.Tensor`, a ragged or sparse tensor, another ExtensionType, an int, float, str, bytes, bool, None,
    a `tf.TensorShape`, a `tf.DType`, or a `Union`, `Optional`, `Tuple` or `Mapping` of them. The class gets a
    constructor, `==`, a text and a `Spec`;
    `__validate__` is called after the constructor. Values never change. Functions, branches,
    loops and datasets take them like tensors.

    Raises:
        TypeError: For a value that is not what its field says, and for annotations of other kinds.
        ValueError: Where a constructor of the class's own leaves a field out.

    Example:
        >>> import weft as tf
        >>> class Masked(tf.experimental.ExtensionType):
        ...     values: tf.Tensor
        ...     mask: tf.Tensor
        >>> @tf.function
        ... def total(x):
        ...     return tf.reduce_sum(tf.where(x.mask, x.values, 0))
        >>> int(total(Masked([1, 2, 3], [True, False, True])))
        4
    """

    _kind = "ExtensionType"
    Spec: ClassVar[Any]
    _names: ClassVar[tuple[dict[str, Any], dict[str, Any]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = _annotations(cls)
        for name, value in cls.__dict__.items():
            if name not in own and not name.startswith("__") and name != "Spec" and not _is_part_of_a_class(value):
                raise ValueError(f"The field annotations for {cls.__name__} are invalid. Field {name} is missing a "
                                 "type annotation.")  # fmt: skip
        cls._fields = {**cls._fields, **own}
        cls._names = _names_around()
        for name, annotation in own.items():
            _check_annotation(annotation, name)
        kinds = inspect.Parameter
        cls._signature = inspect.Signature(
            [kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=getattr(cls, name, kinds.empty)) for name in cls._fields],
        )
        given = cls.__dict__.get("Spec")
        hidden = {"shape": None} if "shape" in cls._fields and not hasattr(given, "shape") else {}
        bases = (ExtensionTypeSpec,) if given is None else (given, ExtensionTypeSpec)
        blank = inspect.Signature([p.replace(default=kinds.empty) for p in cls._signature.parameters.values()])
        names = {"__qualname__": f"{cls.__qualname__}.Spec", "__module__": cls.__module__}
        content = {**hidden, **names, "value_type": cls, "_fields": cls._fields, "_signature": blank}
        cls.Spec = _Declared(f"{cls.__name__}.Spec", bases, content)

    def __validate__(self) -> None:
        """Raises where a value is none of the class; for classes to write."""

    def _finish(self) -> None:
        self._check_fields()
        for name, annotation in self._fields.items():
            self.__dict__[name] = _converted(self.__dict__[name], annotation, name, type(self), False)
        self.__dict__["_complete"] = True
        self.__validate__()

    def __eq__(self, other: object) -> Any:
        if type(other) is not type(self) or self._type_spec != other._type_spec:  # type: ignore[attr-defined]
            return False
        pairs = zip(self._components(), other._components(), strict=True)  # type: ignore[attr-defined]
        parts = [math.reduce_all(math.equal(a, b)) for a, b in pairs]
        return math.reduce_all(array.stack(parts)) if parts else True

    @property
    def _type_spec(self) -> Any:
        def spec(leaf: Any) -> Any:
            return leaf._type_spec if isinstance(leaf, CompositeTensor) else TensorSpec(leaf.shape, leaf.dtype)

        made = object.__new__(self.Spec)
        made.__dict__.update(_mapped(self, spec), _complete=True)
        return made

    def _components(self) -> list[Any]:
        return [part for leaf in _leaves(self) for part in _parts_of(leaf)]

    def _rebuild(self, parts: list[Any]) -> Any:
        supply = iter(parts)

        def taken(leaf: Any) -> Any:
            given = [next(supply) for _ in _parts_of(leaf)]
            return leaf._rebuild(given) if isinstance(leaf, CompositeTensor) else given[0]

        return self._filled(_mapped(self, taken))

    def _static_part(self) -> Any:
        return _static(self)


class ExtensionTypeBatchEncoder:
    """How values of a `BatchableExtensionType` are put together into one: tensor by tensor, along a new first axis.

    Weft has this one way; a class that says another is refused when it is made.
    """

    def batch(self, spec: Any, batch_size: int | None) -> Any:
        """The spec of so many values in one."""
        return spec._batched(batch_size)

    def unbatch(self, spec: Any) -> Any:
        """The spec of one of the values."""
        return spec._row()


class BatchableExtensionType(ExtensionType):
    """An `ExtensionType` of which one value can stand for many, along the first axes of its tensors.

    Datasets batch, unbatch and slice such values.

    Example:
        >>> import weft as tf
        >>> class Point(tf.experimental.BatchableExtensionType):
        ...     x: tf.Tensor
        ...     y: tf.Tensor
        >>> dataset = tf.data.Dataset.from_tensor_slices(Point([1.0, 2.0], [3.0, 4.0]))
        >>> [float(point.x + point.y) for point in dataset]
        [4.0, 6.0]
    """

    __batch_encoder__ = ExtensionTypeBatchEncoder()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type(cls.__batch_encoder__) is not ExtensionTypeBatchEncoder:
            raise UnimplementedError(explain(
                f"{cls.__name__}: Weft batches ExtensionTypes tensor by tensor and takes no encoder of a program's.",
                hint="leave __batch_encoder__ out, and batch in a function of the program where that does not do",
            ))  # fmt: skip


class extension_type:
    """`tf.experimental.extension_type`."""

    @staticmethod
    def as_dict(value: ExtensionType) -> dict[str, Any]:
        """The fields of an `ExtensionType` by name."""
        return value._declared()


__all__ = ["BatchableExtensionType", "ExtensionType", "ExtensionTypeBatchEncoder", "ExtensionTypeSpec",
           "extension_type"]  # fmt: skip
