"""Classes of values that are made of tensors, and of their descriptions, as packages derive their own from them."""

from __future__ import annotations

import abc
import re
from collections.abc import Callable
from typing import Any

import weft
from weft.base import nest
from weft.runtime import composite


class CompositeTensor(metaclass=abc.ABCMeta):
    """What packages derive their classes of several tensors from; Weft's own are instances, too."""

    @property
    @abc.abstractmethod
    def _type_spec(self) -> Any:
        """The description of the value."""

    def _shape_invariant_to_type_spec(self, shape: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} says nothing of shapes that a loop changes.")


CompositeTensor.register(composite.CompositeTensor)


class TypeSpec(weft.TypeSpec):
    """What packages derive descriptions of their own values from.

    A class says what makes one of its descriptions by `_serialize`, and takes values apart by `_to_components`.
    """

    @property
    def value_type(self) -> Any:
        """The class of the values."""
        raise NotImplementedError(f"{type(self).__name__}.value_type")

    def _serialize(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._serialize")

    @classmethod
    def _deserialize(cls, serialization: Any) -> Any:
        return cls(*serialization)

    @property
    def _component_specs(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._component_specs")

    def _to_components(self, value: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._to_components")

    def _from_components(self, components: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._from_components")

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or what another description says, fits."""
        if not isinstance(spec_or_value, weft.TypeSpec):
            spec_or_value = type_spec_from_value(spec_or_value)
        return type(self) is type(spec_or_value) and self.__is_compatible(self._serialize(), spec_or_value._serialize())

    def is_subtype_of(self, other: Any) -> bool:
        """Whether all that this describes, the other describes as well."""
        return type(self) is type(other) and other.__is_compatible(other._serialize(), self._serialize())

    @staticmethod
    def __is_compatible(a: Any, b: Any) -> bool:
        if isinstance(a, dict) and isinstance(b, dict):
            return sorted(map(str, a)) == sorted(map(str, b)) and all(TypeSpec.__is_compatible(a[k], b[k]) for k in a)
        if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
            return len(a) == len(b) and all(TypeSpec.__is_compatible(x, y) for x, y in zip(a, b, strict=True))
        if isinstance(a, (weft.TensorShape, weft.TypeSpec)) and type(a) is type(b):
            return bool(a.is_compatible_with(b))  # type: ignore[union-attr]
        return bool(a == b)

    @staticmethod
    def __make_cmp_key(value: Any) -> Any:
        if isinstance(value, dict):
            return (dict, tuple((key, TypeSpec.__make_cmp_key(value[key])) for key in nest.sorted_keys(value)))
        if isinstance(value, (list, tuple)):
            return (type(value), tuple(TypeSpec.__make_cmp_key(item) for item in value))
        if isinstance(value, weft.TensorShape):
            return (weft.TensorShape, None if value.rank is None else tuple(value.as_list()))
        return value

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__key() == other.__key()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.__key())

    def __key(self) -> Any:
        return (type(self), self.__make_cmp_key(self._serialize()))

    def __reduce__(self) -> Any:
        return type(self), tuple(self._serialize())

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._serialize()!r}"


class BatchableTypeSpec(TypeSpec):
    """A description that datasets can put into batches."""

    __batch_encoder = None

    def _batch(self, batch_size: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._batch")

    def _unbatch(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._unbatch")


_converters: list[tuple[Any, Callable[[Any], Any]]] = []


def register_type_spec_from_value_converter(
    type_object: Any, converter_fn: Callable[[Any], Any], allow_subclass: bool = False
) -> None:
    """Says how values of a class are described."""
    _converters.append((type_object, converter_fn))


def type_spec_from_value(value: Any) -> Any:
    """The description of a value.

    Raises:
        TypeError: It is no tensor, and nobody has said how its class is described.
    """
    if isinstance(value, weft.Variable):
        return VariableSpec(value.shape, value.dtype, value.trainable)
    if isinstance(value, (CompositeTensor, composite.CompositeTensor)):
        return value._type_spec
    if weft.is_tensor(value):
        return weft.TensorSpec(value.shape, value.dtype)
    for kind, converter in reversed(_converters):
        if isinstance(value, kind):
            return converter(value)
    described = getattr(value, "_type_spec", None) or getattr(value, "element_spec", None)
    if isinstance(described, weft.TypeSpec):
        return described
    try:
        return weft.TensorSpec.from_tensor(weft.convert_to_tensor(value))
    except (TypeError, ValueError) as error:
        raise TypeError(f"There is no TypeSpec for {value!r}, a {type(value).__name__}.") from error


class VariableSpec(TypeSpec):
    """The description of a variable: shape, dtype, and whether it is trained."""

    def __init__(self, shape: Any, dtype: Any = weft.float32, trainable: bool = True, alias_id: Any = None) -> None:
        self.shape = weft.TensorShape(shape)
        self.dtype = weft.as_dtype(dtype)
        self.trainable = trainable
        self.alias_id = alias_id

    @classmethod
    def from_value(cls, value: Any) -> VariableSpec:
        """The description of this variable."""
        return cls(value.shape, value.dtype, value.trainable)

    @property
    def value_type(self) -> Any:
        return weft.Variable

    def _serialize(self) -> Any:
        return self.shape, self.dtype, self.trainable, self.alias_id

    @property
    def _component_specs(self) -> Any:
        return weft.TensorSpec(self.shape, self.dtype)

    def _to_components(self, value: Any) -> Any:
        return value

    def _from_components(self, components: Any) -> Any:
        return components


# Names of descriptions ----------------------------------------------------------------------------------------------

_TYPE_SPEC_TO_NAME: dict[Any, str] = {}
_NAME_TO_TYPE_SPEC: dict[str, Any] = {}


def register(name: str) -> Callable[[Any], Any]:
    """Makes a decorator that gives a class of descriptions a name, for files.

    Raises:
        ValueError: The name has not the form `project.class`, or is taken.
    """
    if not re.fullmatch(r"(\w+)(\.\w+)+", name):
        raise ValueError(f"A registered name has the form 'project.class', not {name!r}.")

    def decorate(cls: Any) -> Any:
        if name in _NAME_TO_TYPE_SPEC or cls in _TYPE_SPEC_TO_NAME:
            raise ValueError(f"{name!r} or {cls.__name__} is registered already.")
        _TYPE_SPEC_TO_NAME[cls] = name
        _NAME_TO_TYPE_SPEC[name] = cls
        return cls

    return decorate


def get_name(cls: Any) -> str:
    """The name under which a class was registered."""
    return _TYPE_SPEC_TO_NAME[cls]


def lookup(name: str) -> Any:
    """The class that was registered under a name."""
    return _NAME_TO_TYPE_SPEC[name]
