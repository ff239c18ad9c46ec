"""Lambdas in configurations: Keras keeps them as Python's byte code.

Reading one runs what a stranger wrote, so it happens only where the program said `safe_mode=False`, or called
`keras.config.enable_unsafe_deserialization()`.
"""

from __future__ import annotations

import base64
import marshal
import types
import warnings
from typing import Any

from weft.extend import explain
from weft.keras.saving import scopes


def dump(function: Any) -> tuple[str, Any, Any]:
    """A lambda's byte code as text, its defaults, and what it took from around it."""
    where = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
    warnings.warn(
        f"The lambda of {where} is saved as Python byte code. Loading it needs the same release of Python and "
        "safe_mode=False; a function with a name, registered with keras.saving.register_keras_serializable(), "
        "needs neither.",
        stacklevel=2,
    )
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = tuple(cell.cell_contents for cell in function.__closure__) if function.__closure__ else None
    return code, function.__defaults__, closure


def load(config: Any) -> Any:
    """The lambda of a configuration.

    Raises:
        ValueError: Where code may not run, or the code is not this Python's.
    """
    if not scopes.may_run_code():
        raise ValueError(explain(
            "The file holds a lambda as Python byte code, and running code from a file is refused: it may be arbitrary "
            "code execution.",
            hint="if you trust where it comes from: load_model(path, safe_mode=False). In your own models, use a "
            "named function with @keras.saving.register_keras_serializable() in place of the lambda",
        ))  # fmt: skip
    if isinstance(config, dict):
        config = config["value"] if "value" in config else [config[key] for key in ("code", "defaults", "closure")]
    text, defaults, closure = config
    try:
        code = marshal.loads(base64.b64decode(text))
        function = types.FunctionType(
            code, _globals(), "<lambda>", None if defaults is None else tuple(defaults),
            None if closure is None else tuple(types.CellType(value) for value in closure),
        )  # fmt: skip
    except (ValueError, EOFError, TypeError) as error:
        raise ValueError(explain(
            f"The byte code of a lambda cannot be used: {error}.",
            hint="it needs the release of Python that saved it; define the function again, with a name",
        )) from error  # fmt: skip
    return function


def _globals() -> dict[str, Any]:
    """The names that lambdas in models commonly use."""
    import numpy as np

    import weft
    from weft import keras
    from weft.keras.saving import registry

    known = {"tf": weft, "keras": keras, "K": keras.backend, "np": np, "numpy": np, "tensorflow": weft}
    return {**known, **registry.get_custom_objects(), **registry.scoped_objects()}
