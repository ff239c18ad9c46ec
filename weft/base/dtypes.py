"""Element types. A `DType` is one of a fixed set of singletons, comparable with names and numpy dtypes."""

from __future__ import annotations

from typing import Any, Literal

import ml_dtypes
import numpy as np

from weft.base.errors import nearest

Kind = Literal["float", "int", "uint", "bool", "complex", "string", "resource", "variant", "quantized"]


class DType:
    """One element type, such as `float32`.

    Example:
        >>> import weft as tf
        >>> tf.float32.size, tf.float32 == "float32", tf.as_dtype("int8").max
        (4, True, 127)
    """

    __slots__ = ("__weakref__", "_bits", "_enum", "_kind", "_name", "_numpy")

    def __init__(self, name: str, numpy_type: Any, kind: Kind, enum: int) -> None:
        self._name = name
        self._numpy: np.dtype[Any] = np.dtype(numpy_type)
        self._kind: Kind = kind
        self._enum = enum
        self._bits = self._numpy.itemsize * 8

    @property
    def name(self) -> str:
        """The name, as in `"float32"`."""
        return self._name

    @property
    def kind(self) -> Kind:
        """The family: float, int, uint, bool, complex, string, resource, variant or quantized."""
        return self._kind

    @property
    def numpy(self) -> np.dtype[Any]:
        """The numpy dtype of the elements (`object` for strings)."""
        return self._numpy

    @property
    def as_numpy_dtype(self) -> Any:
        """The numpy scalar type, as TensorFlow gives it."""
        if self._kind == "quantized":
            return self._numpy
        return self._numpy.type if self._kind != "string" else np.object_

    @property
    def as_datatype_enum(self) -> int:
        """The number of this type in TensorFlow's `types.proto`."""
        return self._enum

    @property
    def size(self) -> int:
        """Bytes an element."""
        return self._bits // 8 if self._kind not in ("string", "resource", "variant") else 1

    @property
    def is_floating(self) -> bool:
        """Whether this is a real floating-point type."""
        return self._kind == "float"

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer type (bool is not)."""
        return self._kind in ("int", "uint")

    @property
    def is_unsigned(self) -> bool:
        """Whether this is an unsigned integer type."""
        return self._kind == "uint"

    @property
    def is_quantized(self) -> bool:
        """Whether this is a quantized type: one that programs may name, and that no op here computes with."""
        return self._kind == "quantized"

    @property
    def is_bool(self) -> bool:
        """Whether this is bool."""
        return self._kind == "bool"

    @property
    def is_complex(self) -> bool:
        """Whether this is a complex type."""
        return self._kind == "complex"

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is defined: floats, integers and complex numbers."""
        return self._kind in ("float", "int", "uint", "complex")

    @property
    def is_numpy_compatible(self) -> bool:
        """Whether numpy arrays hold it."""
        return self._kind not in ("resource", "variant")

    @property
    def is_host(self) -> bool:
        """Whether its values live on the host only, never in compiled code."""
        return self._kind in ("string", "variant")

    @property
    def base_dtype(self) -> DType:
        """The type without the reference marker that TensorFlow 1 knew; here itself."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part; itself for real types."""
        return {"complex64": float32, "complex128": float64}.get(self._name, self)

    @property
    def min(self) -> Any:
        """The least finite value."""
        return self._limits()[0]

    @property
    def max(self) -> Any:
        """The greatest finite value."""
        return self._limits()[1]

    @property
    def limits(self) -> tuple[Any, Any]:
        """The least and greatest value."""
        return self._limits()

    def _limits(self) -> tuple[Any, Any]:
        if self._kind == "bool":
            return False, True
        if self.is_integer:
            return np.iinfo(self._numpy).min, np.iinfo(self._numpy).max
        if self._kind == "float":
            info = ml_dtypes.finfo(self._numpy)
            return info.min, info.max
        raise TypeError(f"{self._name} has no least and greatest value.")

    def is_compatible_with(self, other: object) -> bool:
        """Whether the other type is this one."""
        return self == other

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, DType) or other is None:
            return False
        try:
            return as_dtype(other) is self
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"tf.{self._name}"  # as a program writes it, whose `tf` Weft is

    def __str__(self) -> str:
        return f"<dtype: '{self._name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self._name,)

    def __copy__(self) -> DType:
        return self

    def __deepcopy__(self, memo: Any) -> DType:
        return self


float16 = DType("float16", np.float16, "float", 19)
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16, "float", 14)
float32 = DType("float32", np.float32, "float", 1)
float64 = DType("float64", np.float64, "float", 2)
int8 = DType("int8", np.int8, "int", 6)
int16 = DType("int16", np.int16, "int", 5)
int32 = DType("int32", np.int32, "int", 3)
int64 = DType("int64", np.int64, "int", 9)
uint8 = DType("uint8", np.uint8, "uint", 4)
uint16 = DType("uint16", np.uint16, "uint", 17)
uint32 = DType("uint32", np.uint32, "uint", 22)
uint64 = DType("uint64", np.uint64, "uint", 23)
bool_ = DType("bool", np.bool_, "bool", 10)
complex64 = DType("complex64", np.complex64, "complex", 8)
complex128 = DType("complex128", np.complex128, "complex", 18)
string = DType("string", np.object_, "string", 7)
resource = DType("resource", np.object_, "resource", 20)
variant = DType("variant", np.object_, "variant", 21)
qint8 = DType("qint8", [("qint8", np.int8)], "quantized", 11)
quint8 = DType("quint8", [("quint8", np.uint8)], "quantized", 12)
qint16 = DType("qint16", [("qint16", np.int16)], "quantized", 15)
quint16 = DType("quint16", [("quint16", np.uint16)], "quantized", 16)
qint32 = DType("qint32", [("qint32", np.int32)], "quantized", 13)

FLOATS = (float16, bfloat16, float32, float64)
SIGNED = (int8, int16, int32, int64)
UNSIGNED = (uint8, uint16, uint32, uint64)
INTEGERS = SIGNED + UNSIGNED
COMPLEX = (complex64, complex128)
REALS = FLOATS + INTEGERS
NUMBERS = REALS + COMPLEX
DENSE = (*NUMBERS, bool_)
ALL = (*DENSE, string)
QUANTIZED = (qint8, quint8, qint16, quint16, qint32)
QUANTIZED_DTYPES = frozenset(QUANTIZED)

_ALIASES = {"half": float16, "float": float32, "double": float64, "int": int32, "str": string, "object": string,
            "complex": complex128}  # fmt: skip
_BY_NAME: dict[str, DType] = {d.name: d for d in (*DENSE, string, resource, variant, *QUANTIZED)} | _ALIASES
_BY_PYTHON: dict[Any, DType] = {float: float32, int: int32, bool: bool_, str: string, bytes: string, object: string,
                                complex: complex128}  # fmt: skip
_BY_NUMPY: dict[np.dtype[Any], DType] = {d.numpy: d for d in (*DENSE, *QUANTIZED)}
_BY_ENUM: dict[int, DType] = {d.as_datatype_enum: d for d in (*DENSE, string, resource, variant, *QUANTIZED)}


def as_dtype(type_value: Any) -> DType:
    """The `DType` for a name, numpy dtype, Python type, number from `types.proto`, or anything with a `dtype`.

    Raises:
        TypeError: For what names no element type.
    """
    if isinstance(type_value, DType):
        return type_value
    found: DType | None = None
    if isinstance(type_value, str):
        found = _BY_NAME.get(type_value)
        if found is None and (type_value.startswith(("<U", "|S", "S", "U"))):
            found = string
    elif isinstance(type_value, np.dtype):
        found = _BY_NUMPY.get(type_value) or _BY_NUMPY.get(type_value.newbyteorder("="))
        if found is None and type_value.kind in "OSU":
            found = string
    elif isinstance(type_value, int) and not isinstance(type_value, bool):
        found = _BY_ENUM.get(type_value % 100)  # TensorFlow numbers reference types as type + 100
    elif isinstance(type_value, type):
        found = _BY_PYTHON.get(type_value)
        if found is None and issubclass(type_value, np.generic):
            return as_dtype(np.dtype(type_value))
    elif hasattr(type_value, "as_numpy_dtype"):
        return as_dtype(np.dtype(type_value.as_numpy_dtype))
    elif hasattr(type_value, "dtype"):
        return as_dtype(type_value.dtype)
    if found is None:
        raise TypeError(f"{type_value!r} is not an element type. {nearest(str(type_value), _BY_NAME)}")
    return found
