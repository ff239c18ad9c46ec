"""What happens when a class of Keras is called with a keyword that it does not take."""

from __future__ import annotations

import inspect
import re
from abc import ABCMeta
from typing import Any, TypeVar

from weft.extend import explain, nearest, signature_of, user_facing

_Made = TypeVar("_Made")

_UNEXPECTED = re.compile(r"__init__\(\) got an unexpected keyword argument '(\w+)'")


class KnownArguments(ABCMeta):
    """The class of classes that name the nearest keywords for an unknown one, whoever wrote their `__init__`."""

    @user_facing
    def __call__(cls: type[_Made], *args: Any, **kwargs: Any) -> _Made:  # type: ignore[misc]  # of which cls is one
        """Makes an object."""
        try:
            return super().__call__(*args, **kwargs)  # type: ignore[misc,no-any-return]
        except TypeError as error:
            found = _UNEXPECTED.search(str(error))
            # Only what was passed here: the error may be about another object that __init__ makes.
            if found is None or found[1] not in kwargs or found[1] in (known := accepted_keywords(cls)):
                raise
            raise TypeError(explain(
                f"{cls.__name__} does not know the keyword `{found[1]}`. {nearest(found[1], known)}",
                expected="one of " + ", ".join(sorted(known)) if known else "no argument",
            )) from None  # fmt: skip

    @property
    def __signature__(cls) -> inspect.Signature:
        """What `__init__` takes; else `inspect.signature` would tell that of `__call__` above."""
        found = signature_of(cls.__init__)  # type: ignore[misc]
        return found.replace(parameters=list(found.parameters.values())[1:])


def accepted_keywords(cls: type) -> list[str]:
    """The keywords that a class takes: its own, and those of the classes to which it hands `**kwargs` on."""
    found: list[str] = []
    kinds = inspect.Parameter
    for base in cls.__mro__:
        if base is object or "__init__" not in base.__dict__:
            continue
        parameters = list(signature_of(base.__init__).parameters.values())[1:]  # type: ignore[misc]
        named = (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
        found += [p.name for p in parameters if p.kind in named and p.name not in found]
        if not any(p.kind == kinds.VAR_KEYWORD for p in parameters):
            break
    return found
