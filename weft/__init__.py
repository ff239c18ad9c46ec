"""Weft: TensorFlow and Keras in pure Python.

    import weft as tf                  # the TensorFlow 2 names
    import weft.compat.v1 as tf        # the TensorFlow 1 names
    from weft import keras             # the Keras names

This file assembles the public names lazily: importing it loads next to nothing, and a name loads what it needs.
"""

import importlib as _importlib

from weft import autodiff as _autodiff
from weft import autograph as _autograph
from weft.version import __version__

_table = None


def _names():
    global _table
    if _table is None:
        from weft.api.names import table

        _table = table()
    return _table


def _absent(name):
    from weft.base.absent import absent
    from weft.base.errors import explain
    from weft.compat.dialect_names import TF1_ONLY

    if name in TF1_ONLY and hasattr(_importlib.import_module("weft.compat.v1"), name):
        hint = f"import weft.compat.v1 as tf, or say tf.compat.v1.{name}; `weft run --dialect v1` changes no line"
        return explain(f"`tf.{name}` is TensorFlow 1's.", hint=hint)
    return absent(f"tf.{name}", _names())


def __getattr__(name):
    if name.startswith("__") and name != "__version__":
        raise AttributeError(name)
    found = _names().get(name)
    if found is None:
        raise AttributeError(_absent(name))
    module, attribute = found
    value = _importlib.import_module(module)
    if attribute is not None:
        value = getattr(value, attribute)
    elif module.startswith("weft.api."):
        from weft.base.absent import word_absent

        word_absent(vars(value), f"tf.{name}")
    globals()[name] = value
    return value


def __dir__():
    private = {"_absent", "_autodiff", "_autograph", "_importlib", "_names", "_names_of", "_table"}
    return sorted({*globals(), *_names()} - private)


def _names_of(floor, names):
    def find(name):
        if name in names:
            return getattr(_importlib.import_module(f"weft.api.{floor}"), name)
        raise AttributeError(f"module 'weft.{floor}' has no attribute {name!r}")

    return find


# Two floors share their names with namespaces of TensorFlow. Their packages are empty, so that they can be both.
vars(_autodiff)["__getattr__"] = _names_of("autodiff", ("ForwardAccumulator", "GradientTape"))
vars(_autograph)["__getattr__"] = _names_of(
    "autograph", ("experimental", "set_verbosity", "to_code", "to_graph", "trace")
)


__all__ = ["__version__"]
