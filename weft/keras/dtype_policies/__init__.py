"""Dtype policies: in which dtype a layer computes and in which it keeps its weights."""

from __future__ import annotations

import re
from typing import Any

from weft.extend import explain, nearest, word_absent
from weft.keras import config
from weft.keras.core.dtypes import standardize_dtype

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
_NAMES = (
    "float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool", "string", "complex64", "complex128", "int",
)  # fmt: skip

#: names of policies of quantized layers: "int8_from_float32", "gptq/4/128_from_mixed_bfloat16"
_QUANTIZED = re.compile(r"(int8|int4|float8|gptq|awq)(/.*)?_from_")


class DTypePolicy:
    """In which dtype a layer computes and in which it keeps its variables.

    Args:
        name: A dtype, or `"mixed_float16"` or `"mixed_bfloat16"` (compute in 16 bits, keep variables in float32).
            None is the global policy.

    Raises:
        ValueError: For an unknown name.

    Example:
        >>> from weft import keras
        >>> policy = keras.DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
    """

    def __init__(self, name: Any = None, source_name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if isinstance(name, (int, float, list, tuple, dict)):
            raise TypeError(f"DTypePolicy: 'name' must be a string or a dtype, received {name!r}.")
        if not isinstance(name, str):
            name = standardize_dtype(name)
        if _QUANTIZED.match(name):
            raise ValueError(explain(
                f"DTypePolicy: {name!r} is a policy of quantization, which is not built.",
                hint="compute in float32, mixed_float16 or mixed_bfloat16",
            ))  # fmt: skip
        if name not in _NAMES:
            raise ValueError(
                f"Cannot convert `policy` into a valid pair (`compute_dtype`, `variable_dtype`) to instantiate "
                f"`DTypePolicy`: there is none of the name {name!r}. {nearest(name, _NAMES)}"
            )
        self._name = name
        self._source_name = source_name

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of computations and outputs."""
        return _MIXED.get(self._name, self._plain)

    @property
    def variable_dtype(self) -> str:
        """The dtype of weights."""
        return "float32" if self._name in _MIXED else self._plain

    @property
    def _plain(self) -> str:
        return "int64" if self._name == "int" else self._name

    @property
    def quantization_mode(self) -> None:
        """None: weights are not quantised."""
        return None

    def convert_input(self, value: Any, autocast: bool, dtype: str) -> Any:
        """A value as the layer computes with it: floats cast to its dtype, the rest as tensors of their own dtype."""
        from weft.keras.core.conversion import convert_input

        return convert_input(value, autocast, dtype)

    def get_config(self) -> dict[str, Any]:
        """Its name."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy of a configuration."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


class FloatDTypePolicy(DTypePolicy):
    """A policy for floating-point dtypes; an older name of `DTypePolicy`."""


Policy = DTypePolicy


class DTypePolicyMap(dict):  # type: ignore[type-arg]
    """Policies by the path of the layer, with a default one for the others.

    Args:
        default_policy: For paths without an entry; the global policy by default.
        policy_map: Path, or regular expression of the whole path → policy.
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None) -> None:
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(f"DTypePolicyMap: If specified, `policy_map` must be a dict. Received: {policy_map!r}")
        super().__init__({path: get(policy) for path, policy in (policy_map or {}).items()})
        self._default = None if default_policy is None else get(default_policy)

    @property
    def name(self) -> str:
        """Its name: that of the default policy, marked."""
        return "map_" + self.default_policy.name

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of paths without an entry."""
        return self._default or dtype_policy()

    @property
    def compute_dtype(self) -> str:
        """The default policy's."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The default policy's."""
        return self.default_policy.variable_dtype

    def __missing__(self, path: str) -> DTypePolicy:
        found = [pattern for pattern in self if re.fullmatch(pattern, path)]
        if len(found) > 1:
            raise ValueError(explain(
                f"DTypePolicyMap: {path!r} is named by several patterns: {', '.join(map(repr, found))}.",
                hint="give each layer one policy",
            ))  # fmt: skip
        return self[found[0]] if found else self.default_policy

    def __repr__(self) -> str:
        mapping = [(path, policy.name) for path, policy in self.items()]
        return f"<DTypePolicyMap default_policy={self._default}, mapping={mapping}>"

    def get_config(self) -> dict[str, Any]:
        """Its entries."""
        return {"default_policy": self._default, "policy_map": dict(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """The map of a configuration."""
        from weft.keras.saving import deserialize_keras_object

        return cls(**deserialize_keras_object(config))


_global: dict[str, DTypePolicy | None] = {"policy": None}


def dtype_policy() -> DTypePolicy:
    """The policy that new layers take: what was set, else the default float."""
    return _global["policy"] or DTypePolicy(config.floatx())


def set_dtype_policy(policy: Any) -> None:
    """Sets the policy that new layers take; None goes back to the default float.

    Raises:
        ValueError: For what is no policy.
    """
    if isinstance(policy, (int, float, list, tuple)):
        raise ValueError(f"Invalid `policy` argument: a policy or the name of one is needed, received {policy!r}.")
    _global["policy"] = None if policy is None else get(policy)


def get(identifier: Any) -> Any:
    """The policy for a name, dtype, configuration or policy; None is the global one."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, (DTypePolicy, DTypePolicyMap)):
        return identifier
    if isinstance(identifier, (int, float, list, tuple)):
        raise ValueError(
            f"Cannot interpret `dtype` argument. Expected a policy or the name of one, received {identifier!r}."
        )
    if isinstance(identifier, dict):
        if "class_name" in identifier:
            cls = {"DTypePolicyMap": DTypePolicyMap}.get(identifier["class_name"], DTypePolicy)
            return cls.from_config(identifier["config"])
        return DTypePolicy(**identifier)
    return DTypePolicy(identifier)


def serialize(policy: Any) -> Any:
    """The configuration of a policy."""
    from weft.keras.saving import serialize_keras_object

    return serialize_keras_object(policy)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The policy of a configuration."""
    return get(config)


word_absent(globals(), "keras.dtype_policies")

__all__ = [
    "DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "Policy", "deserialize", "dtype_policy", "get",
    "serialize", "set_dtype_policy",
]  # fmt: skip
