"""Strings as numbers of buckets, by TensorFlow's hash functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.base import dtypes, hashing
from weft.ir.types import TensorType
from weft.ops.axes import same_shape
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register
from weft.ops.string import STRINGS

_NUMBERS = nondifferentiable("its result is an integer")
_WORDS = np.array([[b"", b"weft"], [b"one of more than 64 bytes is hashed in pieces of that very size", b"x"]], object)


def _spec(x: TensorType, *, num_buckets: int, key: tuple[int, ...] | None = None) -> TensorType:
    if num_buckets < 1:
        raise SpecError(f"`num_buckets` is {num_buckets}", expected="a number above 0")
    if key is not None and len(key) != 2:
        raise SpecError(f"`key` has {len(key)} numbers", expected="two", hint="write for instance key=[1, 2]")
    return TensorType(x.shape, dtypes.int64)


def _buckets(x: Any, function: Callable[[bytes], int], count: int) -> Any:
    return np.array([function(text) % count for text in x.ravel()], np.int64).reshape(x.shape)


def _at_once(x: Any, function: Callable[[list[bytes]], Any], num_buckets: int) -> Any:
    return (function(x.ravel().tolist()) % np.uint64(num_buckets)).astype(np.int64).reshape(x.shape)


def _register(name: str, function: Callable[[bytes], int], doc: str, reference: Any = None) -> None:
    register(
        OpDef(
            name=name,
            inputs=("input",),
            attrs={"num_buckets": REQUIRED},
            spec=_spec,
            reference=reference or (lambda x, num_buckets: _buckets(x, function, num_buckets)),
            dtypes=(STRINGS,),
            vjp=_NUMBERS,
            any_rank=True,
            doc=doc,
            cases=(case(_WORDS, num_buckets=1000), case((), num_buckets=1), case((0, 2), num_buckets=7)),
        )
    )


_register("string_to_hash_bucket", hashing.murmur64, "The bucket of each string, by a 64-bit MurmurHash.",
          lambda x, num_buckets: _at_once(x, hashing.murmurs64, num_buckets))  # fmt: skip
_register("string_to_hash_bucket_fast", hashing.fingerprint64, "The bucket of each string, by FarmHash's fingerprint.",
          lambda x, num_buckets: _at_once(x, hashing.fingerprints64, num_buckets))  # fmt: skip

register(
    OpDef(
        name="string_to_hash_bucket_strong",
        inputs=("input",),
        attrs={"num_buckets": REQUIRED, "key": REQUIRED},
        spec=_spec,
        reference=lambda x, num_buckets, key: _buckets(x, lambda text: hashing.siphash(text, key), num_buckets),
        dtypes=(STRINGS,),
        vjp=_NUMBERS,
        any_rank=True,
        doc="The bucket of each string, by SipHash under a key of two numbers.",
        cases=(case(_WORDS, num_buckets=1000, key=(1, 2)), case((0,), num_buckets=7, key=(-1, 0))),
    )
)


# Crosses -------------------------------------------------------------------------------------------------------------


def _cross_spec(*values: TensorType, num_buckets: int) -> TensorType:
    if len(values) < 2:
        raise SpecError(f"`inputs` has {len(values)} tensors", expected="at least two")
    if num_buckets < 1:
        raise SpecError(f"`num_buckets` is {num_buckets}", expected="a number above 0")
    shape = values[0].shape
    for value in values[1:]:
        together = None if shape is None or value.shape is None else same_shape(shape, value.shape)
        if together is None and shape is not None and value.shape is not None:
            raise SpecError("`inputs` have different shapes", expected="one shape for all")
        shape = together
    return TensorType(shape, dtypes.int64)


def _cross(*values: Any, num_buckets: int) -> Any:
    found = []
    for together in zip(*(value.ravel().tolist() for value in values), strict=True):
        mixed = hashing.CROSS_KEY
        for item in together:
            mixed = hashing.concatenate(mixed, hashing.fingerprint64(item) if isinstance(item, bytes) else item)
        found.append(mixed % num_buckets)
    return np.array(found, np.int64).reshape(values[0].shape)


register(
    OpDef(
        name="hashed_cross",
        inputs=("*inputs",),
        attrs={"num_buckets": REQUIRED},
        spec=_cross_spec,
        reference=_cross,
        dtypes=((dtypes.string, dtypes.int64),),
        same=(),
        vjp=_NUMBERS,
        any_rank=True,
        doc="The bucket of what stands in one place of several tensors together, by a hash of their hashes.",
        cases=(
            case(_WORDS, np.array([[1, -2], [3, 1 << 62]]), num_buckets=1000),
            case(np.array([1, 2]), np.array([3, 4]), np.array([5, 6]), num_buckets=7),
        ),
    )
)
