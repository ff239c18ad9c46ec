"""`tf.contrib.training`: named settings of a model."""

from __future__ import annotations

import json
import re
from typing import Any


class HParams:
    """Settings by name, as attributes; a text or a dict may change them, but not their types.

    Args:
        **kwargs: First values: numbers, bools, strings, or lists of them.

    Example:
        >>> from weft.compat.v1.contrib.training import HParams
        >>> settings = HParams(rate=0.1, sizes=[64, 32])
        >>> settings.parse("rate=0.5,sizes=[8,4]").values()
        {'rate': 0.5, 'sizes': [8, 4]}
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        self._types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a setting. Raises ValueError for a name that is taken or an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        many = isinstance(value, (list, tuple))
        if many and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._types[name] = (type(value[0] if many else value), many)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Gives a setting another value. Raises KeyError for an unknown one, ValueError for another type."""
        kind, many = self._types[name]
        if many != isinstance(value, (list, tuple)):
            raise ValueError(f"{name} is {'a list' if many else 'a single value'}, received {value!r}.")
        setattr(self, name, [_as(name, kind, item) for item in value] if many else _as(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Takes a setting away."""
        if name in self._types:
            delattr(self, name)
            del self._types[name]

    def parse(self, values: str) -> HParams:
        """Changes settings by a text such as `rate=0.5,sizes=[8,4],sizes[1]=2`, and returns itself."""
        for name, index, text in _assignments(values):
            if name not in self._types:
                raise ValueError(f"Unknown hyperparameter: {name}")
            kind, many = self._types[name]
            if index is not None:
                changed = list(getattr(self, name))
                changed[index] = _as(name, kind, text)
                setattr(self, name, changed)
            elif isinstance(text, list):
                self.set_hparam(name, [_as(name, kind, item) for item in text])
            else:
                self.set_hparam(name, [_as(name, kind, text)] if many else _as(name, kind, text))
        return self

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Changes settings by a dict, and returns itself."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    set_from_map = override_from_dict

    def parse_json(self, values_json: str) -> HParams:
        """Changes settings by JSON, and returns itself."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """The settings as JSON."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: getattr(self, name) for name in self._types}

    def get(self, key: str, default: Any = None) -> Any:
        """A setting, or the default where there is none."""
        return getattr(self, key) if key in self._types else default

    def get_model_structure(self) -> Any:
        """What `model_structure` was given."""
        return self._model_structure

    def set_model_structure(self, model_structure: Any) -> None:
        """Keeps a structure."""
        self._model_structure = model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._types

    def __str__(self) -> str:
        return str(sorted(self.values().items()))

    def __repr__(self) -> str:
        return f"HParams({self})"


def _as(name: str, kind: type, value: Any) -> Any:
    """A value as the type of a setting."""
    if value is None or kind is type(None):
        return value
    if kind is bool:
        if isinstance(value, str):
            words = {"true": True, "1": True, "false": False, "0": False}
            if value.lower() in words:
                return words[value.lower()]
        elif isinstance(value, (bool, int)):
            return bool(value)
    elif kind is str:
        if isinstance(value, str):
            return value
    elif isinstance(value, str) or not isinstance(value, bool):
        try:
            made = kind(value)
        except (TypeError, ValueError):
            made = None
        if made is not None and not (kind is int and isinstance(value, float) and made != value):
            return made
    raise ValueError(f"Could not cast hparam {name!r} of type {kind.__name__} from value {value!r}.")


_ASSIGNMENT = re.compile(r"\s*(\w+)\s*(?:\[(\d+)\])?\s*=\s*(?:\[([^\]]*)\]|([^,\[]*))\s*(?:,|$)")


def _assignments(text: str) -> list[tuple[str, int | None, Any]]:
    found: list[tuple[str, int | None, Any]] = []
    place = 0
    while place < len(text):
        match = _ASSIGNMENT.match(text, place)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {text[place:]}")
        name, index, several, single = match.groups()
        value = [item.strip() for item in several.split(",")] if several is not None else single.strip()
        found.append((name, None if index is None else int(index), value))
        place = match.end()
    return found
