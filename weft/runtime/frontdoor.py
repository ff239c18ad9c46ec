"""The front door of `tf`: what Python, numpy and users hand in becomes tensors, and dtypes are brought together.

Ops are strict; the casts happen here, by this table: a Python or numpy operand takes the tensor's dtype where it can;
an integer with a float gives the float's dtype; anything else that differs is refused, with the cast to write.
TensorFlow 1's graphs cast no tensor: there Python's and numpy's numbers alone take another dtype (`strict`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from weft.base import dtypes, nest, shapes
from weft.base.dtypes import DType
from weft.base.errors import DTypeError, InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.ir.graph import Constant
from weft.ops import opdef
from weft.runtime import context, dispatch
from weft.runtime import tensor as tensors
from weft.runtime.composite import CompositeTensor, IndexedSlices
from weft.runtime.tensor import EagerTensor, Tensor, TensorOperators, literal

_INT32, _INT64 = np.iinfo(np.int32), np.iinfo(np.int64)
_PLAIN = {bool, int, float, complex, str, bytes}  # asked for whole lists at once, which may be long
#: (class, function(value, dtype, name, as_ref) -> tensor), as `tf.register_tensor_conversion_function` gives them
conversions: list[tuple[Any, Callable[..., Any]]] = []
#: brings two operands to one dtype in another way than that of `tf`, where a program has asked for it
promotion: Callable[[Any, Any], tuple[Any, Any]] | None = None


def is_tensor_like(value: Any) -> bool:
    """Whether a value is a tensor already, or stands for one (variables, Keras' symbolic tensors)."""
    return isinstance(value, (Tensor, TensorOperators, CompositeTensor))


def strict() -> bool:
    """Whether tensors of two dtypes are refused rather than brought to one: in TensorFlow 1's graphs."""
    scope = context.scope()
    return scope is not None and not scope.ordered


def convert(value: Any, dtype: Any = None, name: str | None = None, hint: DType | None = None) -> Any:
    """A value as a tensor.

    Args:
        value: A tensor, variable, number, string, numpy array, or a nested list of those.
        dtype: The dtype it must have; a tensor of another one is refused, other values are converted.
        name: The constant's name, in a graph.
        hint: The dtype to take where the value leaves it open and can take it.

    Raises:
        ValueError: For a tensor of another dtype.
        TypeError: For what cannot be a tensor.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        return _demand(value, wanted)
    reader = getattr(value, "_read_as_tensor", None)
    if reader is not None:
        return _demand(reader(), wanted)
    if isinstance(value, IndexedSlices):
        return _demand(value.dense(), wanted)
    if hasattr(value, "__weft_operation__"):
        return value
    if conversions and _is_registered(value):
        found = _as_registered(value, wanted, hint, name)
        if found is not NotImplemented:
            return found
    if isinstance(value, (list, tuple)) and _holds_tensor(value):
        return _pack(value, wanted, hint, name)
    return constant(_number_or_array(value, wanted, hint), name)


def _is_registered(value: Any) -> bool:
    """Whether a program has said how a value of this class becomes a tensor."""
    return any(isinstance(value, kind) for kind, _ in conversions)


def _as_registered(value: Any, wanted: DType | None, hint: DType | None, name: str | None) -> Any:
    """What the functions that a program has registered make of a value; NotImplemented where none can."""
    for kind, function in conversions:
        if not isinstance(value, kind):
            continue
        if wanted is None and hint is not None:
            try:
                found = function(value, dtype=hint, name=name, as_ref=False)
            except (TypeError, ValueError):
                found = NotImplemented  # it has a dtype of its own
            if found is not NotImplemented:
                return found
        found = function(value, dtype=wanted, name=name, as_ref=False)
        if found is not NotImplemented:
            return found
    return NotImplemented


#: Python's numbers as the arrays that were made of them at once, by what they were made for; and how many are kept
_numbers: dict[Any, Any] = {}
_MOST_NUMBERS = 1024


def _is_kept(value: Any) -> bool:
    """Whether a value is a number whose array may be used again: graphs do not take all numbers in the same way."""
    kind = value.__class__
    return (kind is int or kind is float) and context.scope() is None


def _kept(number: Any, made_for: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The array of a number. 1 and 1.0 are equal, and 0.0 and -0.0."""
    key = (number if number else repr(number), number.__class__, *made_for)
    array = _numbers.get(key)
    if array is None:
        array = make()
        if len(_numbers) >= _MOST_NUMBERS:
            _numbers.clear()
        _numbers[key] = array
    return array


def _number_or_array(value: Any, wanted: DType | None, hint: DType | None = None) -> Any:
    """The same as `to_array`, of which numbers come from those that are kept."""
    if _is_kept(value):
        return _kept(value, (wanted, hint), lambda: to_array(value, wanted, hint))
    return to_array(value, wanted, hint)


def operand(value: Any, hint: DType | None = None) -> Any:
    """A value that goes into an op at once: what is no tensor becomes a constant that is called after its place."""
    if is_tensor_like(value) or not _is_plain(value):
        return convert(value, hint=hint)
    return literal(_number_or_array(value, None, hint))


def operand_of(value: Any, dtype: DType) -> Any:
    """Like `operand`, for one whose dtype is fixed: what is no tensor is converted to it."""
    if is_tensor_like(value):
        return convert(value)
    return literal(_number_or_array(value, dtype)) if _is_plain(value) else convert(value, dtype)


def _is_plain(value: Any) -> bool:
    if hasattr(value, "__weft_operation__") or hasattr(value, "_read_as_tensor"):
        return False
    if conversions and _is_registered(value):
        return False
    return not (isinstance(value, (list, tuple)) and _holds_tensor(value))


def constant(array: Any, name: str | None = None) -> Any:
    """A tensor with these values: eager, or a node of TensorFlow 1's graph."""
    scope = context.scope()
    if scope is None or (scope.ordered and name is None):
        return literal(array)
    return dispatch.apply(opdef.get("constant"), (), {"value": Constant(array)}, name or "Const")[0]


def _demand(tensor: Any, wanted: DType | None) -> Any:
    if wanted is not None and tensor.dtype != wanted:
        raise ValueError(
            explain(f"A tensor of dtype {tensor.dtype.name} was given where {wanted.name} is wanted.",
                    received=str(getattr(tensor, "type", tensor)),
                    hint=f"convert it with tf.cast(x, tf.{wanted.name})")  # fmt: skip
        )
    return tensor


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return not _PLAIN.issuperset(map(type, value)) and any(_holds_tensor(item) for item in value)
    return is_tensor_like(value)


def _pack(value: Sequence[Any], wanted: DType | None, hint: DType | None, name: str | None = None) -> Any:
    lead = next(leaf for leaf in nest.flatten(list(value)) if is_tensor_like(leaf))
    if wanted is None and strict():
        for leaf in nest.flatten(list(value)):
            if is_tensor_like(leaf) and leaf.dtype != lead.dtype:
                raise _mixed("convert_to_tensor", convert(lead), convert(leaf))
    dtype = wanted or dtypes.as_dtype(lead.dtype)
    name = name or _in_graph("packed")
    parts = [_pack(item, dtype, None, name and f"{name}/{i}") if isinstance(item, (list, tuple)) and _holds_tensor(item)
             else convert(item, None if is_tensor_like(item) else dtype) for i, item in enumerate(value)]  # fmt: skip
    parts = [part if part.dtype == dtype else dispatch.call("cast", part, dtype=dtype) for part in parts]
    record = opdef.get("stack")
    return dispatch.apply(record, parts, record.complete({"axis": 0}), name)[0]


def to_array(value: Any, wanted: DType | None = None, hint: DType | None = None) -> Any:
    """A number, string, numpy array or nested list of them as an array of its own.

    Python floats become float32 and Python ints int32 (int64 where they need it); numpy values keep their dtype, but
    in a list or tuple they count as numbers, of which the first says the dtype.
    """
    if isinstance(value, np.ndarray) or np.isscalar(value) or isinstance(value, np.generic):
        return _array_from(value, wanted, hint)
    if isinstance(value, TensorShape):
        if not value.is_fully_defined():
            raise ValueError(f"Cannot make a tensor of the partly unknown shape {value}; use tf.shape(x).")
        return np.asarray(value.as_list(), (wanted or dtypes.int32).numpy)
    if value is None:
        raise ValueError(explain("None cannot be made a tensor.", hint="check for a function without a return value"))
    if isinstance(value, (list, tuple, range)) or hasattr(value, "__array__"):
        return _array_from(value, wanted, hint)
    if isinstance(value, (set, frozenset, dict)):
        raise DTypeError(f"A {type(value).__name__} cannot be made a tensor; convert it to a list first.")
    try:
        return _array_from(np.asarray(value), wanted, hint)
    except (TypeError, ValueError):
        problem = f"Cannot make a tensor of {type(value).__name__}."
        raise DTypeError(explain(problem, received=repr(value)[:200])) from None


def _array_from(value: Any, wanted: DType | None, hint: DType | None) -> Any:
    try:
        array = np.array(value)  # a copy: tensors never share memory with what the user may change
    except ValueError:
        raise ValueError(
            explain("The rows of a nested list differ in length, so it is no tensor.", received=repr(value)[:200],
                    hint="pad the rows, for instance with keras.utils.pad_sequences")  # fmt: skip
        ) from None
    if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
        array = np.array(value, object)  # numpy's own text types drop zero bytes at the end
    if array.dtype.kind == "O":
        array = _numbers_of(array, wanted)
    if array.dtype.kind in "OSU":
        return _text_array(value, array, wanted)
    if array.dtype.kind == "f" and wanted is dtypes.uint64 and _is_python(value):
        objects = np.array(value, object)  # numpy makes floats of integers on both sides of 2**63
        array = _numbers_of(objects, wanted) if all(isinstance(n, int) for n in objects.flat) else array
    natural = _natural(value, array)
    if wanted is None:
        _check_size(natural, value, array)
        chosen = natural
        if hint is not None and natural != hint and (_fits(natural, hint) or _is_empty(value)):
            chosen = dtypes.as_dtype(hint)
    else:
        chosen = wanted
        _check_conversion(value, array, natural, wanted)
    if chosen.is_quantized:
        problem, instead = f"There are no tensors of {chosen.name} here.", "tf.quantization.quantize_and_dequantize_v2"
        raise TypeError(explain(problem, received=repr(value)[:100], hint=f"{instead} rounds as quantized networks do"))
    if array.dtype == chosen.numpy:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        found = array.astype(chosen.numpy)
    if wanted is None and chosen is dtypes.float32 and _is_python(value) and context.scope() is None:
        _check_range(array, found)
    return found


def _numbers_of(array: Any, wanted: DType | None) -> Any:
    """Objects as the numbers that they are, where they are and a dtype says which; else as they came."""
    if wanted is None or wanted.is_bool or wanted is dtypes.string or not all(
        isinstance(item, (int, float, complex, np.number, np.bool_)) for item in array.flat
    ):  # fmt: skip
        return array
    try:
        return array.astype(np.float64 if wanted.is_floating else wanted.numpy)
    except (OverflowError, TypeError, ValueError):
        raise ValueError(
            explain(f"A number does not fit into {wanted.name}.", received=repr(array.tolist())[:200])
        ) from None


def _is_empty(value: Any) -> bool:
    """Whether a value is a list without numbers, which say no dtype."""
    first = _first(value)
    return isinstance(first, (list, tuple)) and not first


def _first(value: Any) -> Any:
    """The first number of a nested sequence; of arrays in it, their first element."""
    while isinstance(value, (list, tuple, range)) and len(value):
        value = value[0]
    return value.flat[0] if isinstance(value, np.ndarray) and value.size else value


def _is_python(value: Any) -> bool:
    """Whether a value is a sequence or a plain number: what has no dtype of its own."""
    if isinstance(value, (list, tuple, range)):
        return True
    return isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic)


def _natural(value: Any, array: Any) -> DType:
    """The dtype that a value has when none is asked for. In a sequence the first number tells, as in TensorFlow."""
    found = dtypes.as_dtype(array.dtype)
    if not _is_python(value) or found.is_bool:
        return found
    first, eager = _first(value), context.scope() is None  # graphs keep the dtypes that numpy gives, but the long ones
    if array.size == 0:
        return found if isinstance(first, np.ndarray) else dtypes.float32
    if found.is_complex:
        return dtypes.complex128 if eager else found
    if found.is_floating:
        kept = dtypes.as_dtype(first.dtype) if isinstance(first, np.floating) else dtypes.float32
        return kept if eager else dtypes.float32 if found is dtypes.float64 else found
    if not eager and found not in (dtypes.int64, dtypes.int32):
        return found
    if array.min() >= _INT32.min and array.max() <= _INT32.max:
        return dtypes.int32
    return found if int(array.max()) > _INT64.max else dtypes.int64


def _check_size(natural: DType, value: Any, array: Any) -> None:
    if natural is dtypes.uint64 and _is_python(value) and context.scope() is None:
        raise ValueError(
            explain(f"{int(array.max())} does not fit into int64.",
                    hint="say which dtype is meant: dtype=tf.uint64, or tf.float32")  # fmt: skip
        )


def _fits(natural: DType, hint: DType) -> bool:
    if natural.is_bool or hint.is_bool:
        return False
    if natural.is_integer:
        return hint.is_numeric
    if natural.is_floating:
        return hint.is_floating or hint.is_complex
    return hint.is_complex


def _check_range(array: Any, found: Any) -> None:
    lost = np.isinf(found) & np.isfinite(array)
    if lost.any():
        raise ValueError(
            explain(f"{array[lost].flat[0]} does not fit into float32.", hint="pass dtype=tf.float64")  # fmt: skip
        )


def _check_conversion(value: Any, array: Any, natural: DType, wanted: DType) -> None:
    if wanted is dtypes.string and array.size:
        raise TypeError(f"Cannot make a string tensor of {natural.name} values; use tf.strings.as_string.")
    if array.size and _is_python(value):
        problem = None
        if natural.is_complex and not wanted.is_complex:
            problem, hint = "it would lose its imaginary part", "take tf.math.real of it"
        elif wanted.is_bool and not natural.is_bool:
            problem, hint = f"it is {natural.name}", "compare it, as in x != 0, or use tf.cast(x, tf.bool)"
        elif wanted.is_integer and natural.is_floating:
            problem, hint = "it would lose its fraction", "round it first, or leave the dtype to the value"
        if problem is not None:
            shown = repr(value)[:100]
            raise TypeError(explain(f"Cannot make a {wanted.name} tensor of {shown}: {problem}.", hint=hint))
    if wanted.is_integer and natural.is_integer and array.size:
        least, greatest = wanted.limits
        if int(array.min()) < least or int(array.max()) > greatest:
            bad = array[(array < least) | (array > greatest)].flat[0]
            raise ValueError(explain(f"{bad} does not fit into {wanted.name} ({least} to {greatest})."))


def _text_array(value: Any, array: Any, wanted: DType | None) -> Any:
    if wanted is not None and wanted is not dtypes.string:
        raise DTypeError(
            explain(f"Cannot make a {wanted.name} tensor of text.", received=repr(value)[:200],
                    hint="use tf.strings.to_number")  # fmt: skip
        )
    out = np.empty(array.shape, object)
    for index, item in np.ndenumerate(array):
        if isinstance(item, str):
            out[index] = item.encode("utf-8")
        elif isinstance(item, (bytes, np.bytes_)):
            out[index] = bytes(item)
        else:
            raise DTypeError(_no_element(item, value, array))
    return out


def _no_element(item: Any, value: Any, array: Any) -> str:
    """The message about an object that is no element of a tensor."""
    problem, hint = f"Cannot make a tensor of {type(item).__name__} values.", "pass numbers, texts, or arrays of them"
    if any(isinstance(other, (str, bytes)) for other in array.flat):
        problem, hint = f"A tensor cannot mix text and {type(item).__name__}.", "make all of them text, or none"
    elif any(other is None for other in array.flat):
        problem, hint = "None cannot be an element of a tensor.", "replace missing values by a number such as nan"
    elif isinstance(item, int):
        problem, hint = f"{item} does not fit into 64 bits.", "use a float, or scale it down"
    elif isinstance(item, (list, tuple)):
        hint = "pad rows of different lengths, for instance with keras.utils.pad_sequences"
    return explain(problem, received=repr(value)[:200], hint=hint)


# Two operands --------------------------------------------------------------------------------------------------------


def together(x: Any, y: Any, op: str) -> tuple[Any, Any]:
    """Both operands as tensors of one dtype."""
    x, y = _read(x), _read(y)
    if isinstance(x, EagerTensor) and isinstance(y, EagerTensor) and x._array.dtype == y._array.dtype:
        return x, y
    if promotion is not None and not (_is_python(x) and _is_python(y)):
        return promotion(x, y)
    if is_tensor_like(x):
        x = convert(x)
        y = convert(y) if is_tensor_like(y) else _convert_beside(y, x, op)
    elif is_tensor_like(y):
        y = convert(y)
        x = convert(x) if strict() and _holds_tensor(x) else _convert_beside(x, y, op)
    else:
        python = _is_python(x)
        x = operand(x)
        y = _convert_beside(y, x, op) if strict() else operand(y, None if python else x.dtype)
    a, b = (dtypes.as_dtype(value.dtype) for value in (x, y))  # of symbolic tensors of others they are names of dtypes
    if a is b:
        return x, y
    if not strict():
        if a.is_integer and (b.is_floating or b.is_complex):
            return dispatch.call("cast", x, dtype=b), y
        if b.is_integer and (a.is_floating or a.is_complex):
            return x, dispatch.call("cast", y, dtype=a)
    raise _mixed(op, x, y)


def alike(values: Sequence[Any], op: str) -> list[Any]:
    """Tensors of one dtype out of tensors and what can become some: integers take the dtype of floats among them."""
    lead = next((v for v in values if is_tensor_like(v)), None)
    hint = None if lead is None else dtypes.as_dtype(convert(lead).dtype)
    bound = hint if hint is not None and strict() else None
    found = [convert(v, bound if isinstance(v, (np.ndarray, np.generic)) else None, hint=hint) for v in values]
    if len({t.dtype for t in found}) > 1:
        wanted = max((dtypes.as_dtype(t.dtype) for t in found), key=lambda d: (d.is_floating or d.is_complex, d.size))
        if strict() and is_tensor_like(lead):
            raise _mixed(op, convert(lead), next(t for t in found if t.dtype != hint))
        if all(t.dtype == wanted or t.dtype.is_integer for t in found):
            found = [t if t.dtype == wanted else dispatch.call("cast", t, dtype=wanted) for t in found]
    return found


def _mixed(op: str, x: Any, y: Any) -> DTypeError:
    a, b = x.dtype, y.dtype
    return DTypeError(
        explain(f"{op}: the operands are {a.name} and {b.name}.", received=[_brief(x), _brief(y)],
                expected="one dtype" if strict() else "one dtype, or an integer with a float",
                hint=f"write tf.cast(y, tf.{a.name}) or tf.cast(x, tf.{b.name})")  # fmt: skip
    )


def _read(value: Any) -> Any:
    """A variable's value; anything else as it is."""
    reader = None if isinstance(value, Tensor) else getattr(value, "_read_as_tensor", None)
    return value if reader is None else reader()


def _brief(x: Any) -> str:
    return str(getattr(x, "type", None) or f"{x.dtype.name}{x.shape}")


def _convert_beside(value: Any, tensor: Any, op: str) -> Any:
    """A Python or numpy operand next to a tensor: it takes the tensor's dtype where nothing is lost by that."""
    if _is_kept(value) and tensor.dtype != dtypes.string:
        return EagerTensor(_kept(value, (tensor.dtype, op), lambda: _converted_beside(value, tensor, op)._array))
    if conversions and _is_registered(value):
        return convert(value, hint=tensor.dtype)
    if isinstance(value, (list, tuple)) and _holds_tensor(value):
        # Tensors put together are one more, whose gradient goes to each of them.
        return convert(value, tensor.dtype if strict() else None)
    return _converted_beside(value, tensor, op)


def _converted_beside(value: Any, tensor: Any, op: str) -> Any:
    wanted = dtypes.as_dtype(tensor.dtype)
    # A Python number is exact: by way of float32, its usual dtype, a float64 tensor would get it rounded.
    exact = wanted.is_floating or wanted.is_complex or _is_empty(value)
    array = to_array(value, hint=wanted if exact else None)
    found = dtypes.as_dtype(array.dtype)
    if found is wanted:
        return literal(array)
    if found.is_bool and (wanted.is_floating or wanted in (dtypes.int32, dtypes.int64)):
        return literal(array.astype(wanted.numpy))  # True is 1; narrower integers refuse it, as tensors of bools do
    if found.is_bool or wanted.is_bool or wanted is dtypes.string or found is dtypes.string:
        text = dtypes.string in (wanted, found)
        raise DTypeError(
            explain(f"{op}: the operands are {wanted.name} and {found.name}.",
                    received=[_brief(tensor), repr(value)[:100]],
                    hint=f"convert one of them with tf.{'strings.as_string' if text else 'cast'}")  # fmt: skip
        )
    if found.is_integer and wanted.is_integer:
        _check_conversion(value, array, found, wanted)
        return literal(array.astype(wanted.numpy))
    if found.is_integer or (found.is_floating and (wanted.is_floating or wanted.is_complex)) or (
        found.is_complex and wanted.is_complex
    ):  # fmt: skip
        return literal(array.astype(wanted.numpy))
    if strict() and not found.is_complex:
        if not _is_python(value):
            return literal(array.astype(wanted.numpy))  # as TensorFlow 1 does; Python's own floats it refuses
        raise DTypeError(
            explain(f"{op}: {repr(value)[:100]} would lose its fraction as {wanted.name}.", received=_brief(tensor),
                    hint=f"write tf.cast(x, tf.{found.name}), or round the number")  # fmt: skip
        )
    return literal(array)  # a float next to an integer tensor: the tensor is cast, by `together`


def op_for(op: str, dtype: DType) -> str:
    """The op behind a public function: `add` puts strings together."""
    return "string_add" if op == "add" and dtype == dtypes.string else op


def binary(op: str, sign: str | None = None, said: str | None = None) -> Callable[..., Any]:
    """The front door of an op on two operands.

    Args:
        op: The op.
        sign: What TensorFlow 1's graphs call the operator, where it is one.
        said: What errors call it.
    """

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        if x.__class__ is not EagerTensor or y.__class__ is not EagerTensor or x._array.dtype is not y._array.dtype:
            x, y = together(x, y, said or op)
        if x.__class__ is EagerTensor and y.__class__ is EagerTensor:
            found = dispatch.pair(opdef.get(op), x, y)
            if found is not None:
                return found
        result: Any = dispatch.apply(opdef.get(op_for(op, x.dtype)), (x, y), {}, name or _in_graph(sign))[0]
        if sign == "add" and hasattr(result, "_value") and result.dtype != dtypes.string and _in_graph(sign):
            result._value.node.metadata["type"] = "AddV2"  # the operator alone: tf.add is still Add
        return result

    function.__name__ = op
    return function


def _in_graph(sign: str | None) -> str | None:
    scope = context.scope()
    return sign if scope is not None and not scope.ordered else None


def unary(op: str) -> Callable[..., Any]:
    """The front door of an op on one operand."""

    def function(x: Any, name: str | None = None) -> Any:
        if x.__class__ is EagerTensor:
            found = dispatch.single(opdef.get(op), x)
            if found is not None:
                return found
        return dispatch.apply(opdef.get(op), (convert(x),), {}, name)[0]

    function.__name__ = op
    return function


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Division; integers give floats (float64 for 32 and 64 bits, float32 below), as in TensorFlow."""
    x, y = together(x, y, "truediv")
    if x.dtype.is_integer:
        wide = dtypes.float64 if x.dtype.size >= 4 else dtypes.float32
        x, y = dispatch.call("cast", x, dtype=wide), dispatch.call("cast", y, dtype=wide)
    return dispatch.apply(opdef.get("divide"), (x, y), {}, name)[0]


def _bits_or_logic(logical: str, bits: str, sign: str) -> Callable[..., Any]:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = together(x, y, logical)
        op = logical if x.dtype.is_bool or strict() else bits  # version 1's signs are of logic alone
        return dispatch.apply(opdef.get(op), (x, y), {}, name or _in_graph(sign))[0]

    return function


def _invert(x: Any, name: str | None = None) -> Any:
    x = convert(x)
    return dispatch.apply(opdef.get("logical_not" if x.dtype.is_bool or strict() else "invert"), (x,), {}, name)[0]


def _equality(op: str, otherwise: bool) -> Callable[..., Any]:
    function = binary(op)

    def compare(x: Any, y: Any) -> Any:
        if x is None or y is None:
            return otherwise
        try:
            return function(x, y)
        except (DTypeError, TypeError):
            if is_tensor_like(x) and is_tensor_like(y):
                raise
            return otherwise
        except InvalidArgumentError:
            a, b = together(x, y, op)
            if a.type.shape is None or b.type.shape is None or shapes.broadcast(a.type.shape, b.type.shape) is not None:
                raise
            return constant(np.asarray(otherwise))  # shapes that differ make `==` false, as TensorFlow has it

    return compare


def matmul(x: Any, y: Any, name: str | None = None, sign: str | None = None) -> Any:
    """The matrix product, nothing transposed; `sign` is as for `binary`."""
    record = opdef.get("matmul")
    if x.__class__ is EagerTensor and y.__class__ is EagerTensor:
        found = dispatch.pair(record, x, y)
        if found is not None:
            return found
    x, y = together(x, y, "matmul")
    return dispatch.apply(record, (x, y), record.complete({}), name or _in_graph(sign))[0]


#: operator -> what TensorFlow 1's graphs call it, where that is not what they call the function
_SIGNS = {"add": "add", "subtract": "sub", "multiply": "mul", "floordiv": "floordiv", "floormod": "mod", "pow": "pow"}

tensors.operators.update(
    {op: binary(op, _SIGNS.get(op)) for op in (*_SIGNS, "less", "less_equal", "greater", "greater_equal", "left_shift",
                                               "right_shift")},
    truediv=truediv, matmul=partial(matmul, sign="matmul"), negative=unary("negative"), abs=unary("abs"),
    invert=_invert,
    equal=_equality("equal", False), not_equal=_equality("not_equal", True),
    **{"and": _bits_or_logic("logical_and", "bitwise_and", "and"),
       "or": _bits_or_logic("logical_or", "bitwise_or", "or"),
       "xor": _bits_or_logic("logical_xor", "bitwise_xor", "xor")},
)  # fmt: skip
