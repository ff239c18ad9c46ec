"""Objects as plain dicts, lists, numbers and text, and back.

Loading trusts nothing: a class is found by its name in a public Keras namespace, among registered objects, or in what
the caller passes. No module is imported because a configuration names it, and no code runs unless the program asks.
"""

from __future__ import annotations

import importlib
import inspect
import types
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest, signature_of
from weft.keras.saving import code, registry, scopes

#: Public namespaces that configurations may name, by the module where their classes are.
_NAMESPACES = (
    "layers", "models", "initializers", "regularizers", "constraints", "activations", "losses", "metrics", "optimizers",
    "optimizers.schedules", "dtype_policies", "random", "distillation",
)  # fmt: skip

_PLAIN = (str, int, float, bool, type(None))

#: how Keras names classes that it does not write by their public namespace: module and registered name
_FEATURES = "keras.src.layers.preprocessing.feature_space"
_KERAS_HEADS = {
    "Functional": ("keras.src.models.functional", "Functional"), "Sequential": ("keras", None),
    "FeatureSpace": ("keras.utils", None),
    **{name: (_FEATURES, name) for name in ("Cross", "Feature", "TFDConcat", "TFDIdentity")},
}  # fmt: skip
#: options in Keras' configurations that Weft's classes may not have, by the value that asks for nothing
_ASKS_FOR_NOTHING = {
    "quantization_config": None, "optional": False, "rms_scaling": False, "renorm": False, "input_axes": None,
    "output_axes": None, "oov_method": "floormod", "multi_label": False, "num_labels": None, "label_weights": None,
}  # fmt: skip
#: and what says more about them
_MORE_ABOUT = {"renorm_clipping": "renorm", "renorm_momentum": "renorm", "vocabulary_size": "vocabulary"}


def _public_module(cls: type) -> str | None:
    """The public namespace of a built-in class, such as `keras.layers`; None for others' classes."""
    parts = cls.__module__.split(".")
    if parts[:2] != ["weft", "keras"]:
        return None
    if len(parts) > 3 and parts[2] == "optimizers" and parts[3] in ("schedules", "learning_rate_schedule"):
        return "keras.optimizers.schedules"
    home = {"core": "", "trainer": "models", "dtype_policies": ""}.get(parts[2], parts[2])
    return f"keras.{home}" if home in _NAMESPACES else "keras"


def serialize_keras_object(obj: Any) -> Any:
    """The configuration of an object: what `json.dumps` takes, and `deserialize_keras_object` turns back.

    Args:
        obj: A layer, initializer, loss, function, dtype, number, or a structure of these.

    Returns:
        Plain values; objects become dicts with `module`, `class_name`, `config` and `registered_name`.

    Raises:
        ValueError: For an object without `get_config`.
    """
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        return (
            type(obj)(map(serialize_keras_object, obj))
            if type(obj) in (list, tuple)
            else [*map(serialize_keras_object, obj)]
        )
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (np.bool_, np.integer, np.floating)):
        return obj.item()
    if isinstance(obj, np.ndarray) or tf.is_tensor(obj):
        array = np.asarray(obj)
        return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    if isinstance(obj, tf.TensorShape):
        return tuple(obj)
    if isinstance(obj, tf.DType):
        return obj.name
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        parts = {name: serialize_keras_object(getattr(obj, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if inspect.isfunction(obj) or isinstance(obj, (types.BuiltinFunctionType, np.ufunc)):
        return _serialize_function(obj)
    if inspect.isclass(obj):
        return {"module": _public_module(obj) or obj.__module__, "class_name": "__class__", "config": obj.__name__,
                "registered_name": registry.get_registered_name(obj)}  # fmt: skip
    return _serialize_instance(obj)


def _serialize_function(function: Any) -> Any:
    if function.__name__ == "<lambda>":
        if scopes.is_copying():
            return function
        return {"class_name": "__lambda__", "config": {"value": code.dump(function)}}
    module = getattr(function, "__module__", "") or ""
    if module.startswith("weft.keras.activations"):
        return {"module": "keras.activations", "class_name": "function", "config": function.__name__,
                "registered_name": function.__name__}  # fmt: skip
    return {"module": "builtins", "class_name": "function", "config": registry.get_registered_name(function),
            "registered_name": "function"}  # fmt: skip


def _serialize_instance(obj: Any) -> dict[str, Any]:
    if not hasattr(obj, "get_config"):
        raise ValueError(explain(
            f"An object of class {type(obj).__name__} cannot be written into a configuration.",
            received=repr(obj)[:200],
            hint="give its class get_config() and from_config(), or leave it out of get_config()",
        ))  # fmt: skip
    cls = type(obj)
    public = _public_module(cls)
    record: dict[str, Any] = {
        "module": public if public is not None else cls.__module__,
        "class_name": cls.__name__,
        "config": {key: serialize_keras_object(value) for key, value in obj.get_config().items()},
        "registered_name": registry.get_registered_name(cls) if public is None else None,
    }
    if public is not None and cls.__name__ in _KERAS_HEADS:
        record["module"], record["registered_name"] = _KERAS_HEADS[cls.__name__]
    if hasattr(obj, "get_build_config"):
        built = obj.get_build_config()
        if built is not None:
            record["build_config"] = serialize_keras_object(built)
    if hasattr(obj, "get_compile_config"):
        compiled = obj.get_compile_config()
        if compiled:
            record["compile_config"] = serialize_keras_object(compiled)
    if record["module"] == "__main__":
        record["module"] = None
    scopes.note_written(obj, record)
    return record


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object that a configuration describes.

    Args:
        config: What `serialize_keras_object` gave.
        custom_objects: Name → class or function, for names that are not Keras' own.
        safe_mode: False lets the byte code of lambdas in the configuration run; anything else refuses it.
        **kwargs: `module_objects` and `printable_module_name`, as older programs pass them.

    Returns:
        The object; structures and plain values come back as they are.

    Raises:
        ValueError: For an unknown class.
        TypeError: Where a class does not take its configuration.
    """
    module_objects = kwargs.pop("module_objects", None)
    printable = kwargs.pop("printable_module_name", "object")
    if kwargs:
        raise TypeError(f"deserialize_keras_object got an unexpected keyword: {', '.join(kwargs)}.")
    if config is None or isinstance(config, (int, float, bool)):
        return config
    if isinstance(config, str):
        found = registry.get_registered_object(config, custom_objects, module_objects)
        if found is None and module_objects is not None:
            raise ValueError(f"Unknown {printable}: {config!r}. {nearest(config, module_objects)}")
        return config if found is None else found() if inspect.isclass(found) else found
    if isinstance(config, (list, tuple)):
        return type(config)(deserialize_keras_object(item, custom_objects, safe_mode) for item in config)
    if not isinstance(config, dict):
        return config
    with scopes.safe_mode(safe_mode), scopes.rebuilding():
        if "class_name" not in config:
            return {key: deserialize_keras_object(value, custom_objects) for key, value in config.items()}
        found = scopes.already_read(config)
        if found is None:
            try:
                found = _deserialize_record(config, custom_objects, safe_mode, module_objects, printable)
            except RecursionError as error:
                raise ValueError("The configuration is refused: its objects are nested too deeply.") from error
            scopes.note_read(config, found)
        return found


def _deserialize_record(
    record: dict[str, Any], custom: dict[str, Any] | None, safe_mode: bool, known: dict[str, Any] | None, printable: str
) -> Any:
    name, config = record["class_name"], record.get("config")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(record, custom, safe_mode)
    if name == "function":
        return _find_function(config, record, custom, known)
    if name == "__lambda__":
        return code.load(config)
    cls = _find_class(record, custom, known, printable)
    if not hasattr(cls, "from_config"):
        raise TypeError(explain(
            f"Unable to reconstruct an instance of {name} from a configuration: it has no from_config() method.",
            hint="give the class get_config() and a class method from_config(config)",
        ))  # fmt: skip
    if config is not None and not isinstance(config, dict):
        raise TypeError(explain(
            f"The configuration of {name}: Expected 'config' to be a dict.", received=repr(config)[:200]
        ))  # fmt: skip
    with registry.CustomObjectScope(custom):
        instance = _from_config(cls, name, dict(config or {}))
        build_config = record.get("build_config")
        if build_config and not getattr(instance, "built", True):
            instance.build_from_config(deserialize_keras_object(build_config))
        compiled = record.get("compile_config")
        if compiled and hasattr(instance, "compile_from_config"):
            _compile(instance, compiled)
    return instance


def _compile(model: Any, config: Any) -> None:
    try:
        model.compile_from_config(config)
    except (ValueError, TypeError) as error:
        error.add_note(f"  while compiling `{model.name}` as it was; load_model(path, compile=False) leaves that out")
        raise


def _from_config(cls: Any, name: str, config: dict[str, Any]) -> Any:
    try:
        return cls.from_config(config if _public_module(cls) is None else _without_other_options(cls, config))
    except TypeError as error:
        if isinstance(error, UnknownClass) or "its own configuration" in str(error):  # a layer inside has said so
            raise
        raise TypeError(explain(
            f"{name} does not take its own configuration: {str(error).splitlines()[0]}",
            received=f"config keys {', '.join(sorted(config))}",
            hint=f"make {name}.get_config() return exactly what {name}.__init__() takes",
        )) from error  # fmt: skip


def _without_other_options(cls: Any, config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without the options of Keras that the class does not have and that are not made use of."""
    known = {
        name for base in cls.__mro__ if "__init__" in base.__dict__ for name in signature_of(base.__init__).parameters
    }
    known |= set(getattr(cls, "_config_keys", ()))
    foreign = {key for key in config if key not in known}
    unused = {key for key in foreign if key in _ASKS_FOR_NOTHING and config[key] == _ASKS_FOR_NOTHING[key]}
    more = {key for key in foreign if _MORE_ABOUT.get(key) in unused or _MORE_ABOUT.get(key) in known}
    return {key: value for key, value in config.items() if key not in unused | more}


def _find_function(
    name: Any, record: dict[str, Any], custom: dict[str, Any] | None, known: dict[str, Any] | None
) -> Any:
    if not isinstance(name, str):
        raise TypeError(explain(
            "The configuration of a function must be its name. Expected 'config' to be a non-null str.",
            received=repr(name)[:200],
        ))  # fmt: skip
    for key in (record.get("registered_name"), name):
        if key:
            found = registry.get_registered_object(key, custom, known)
            if found is not None:
                return found
    for found in registry.registered_in_any_package(name):  # Keras 3.6 left the package out
        if inspect.isfunction(found):
            return found
    for namespace in ("activations", "losses", "metrics"):
        if record.get("module") in (f"keras.{namespace}", "builtins", None):
            found = _member(namespace, name)
            if found is not None:
                _refuse_another_name(record, name, "function")
                return found
    raise ValueError(explain(
        f"The configuration names a function {name!r} that is not known.",
        hint="pass it as custom_objects={'" + str(name) + "': function}, or register it",
    ))  # fmt: skip


def _refuse_another_name(record: dict[str, Any], *names: str) -> None:
    """Refuses one of Keras' own names for something that its program had registered under another one."""
    registered = record.get("registered_name")
    if registered and registered not in names:
        raise ValueError(explain(
            f"The configuration names {registered!r}, which is not known; {names[0]!r} resolved to a Keras built-in.",
            hint=f"register it: @keras.saving.register_keras_serializable(), or custom_objects={{{registered!r}: ...}}",
        ))  # fmt: skip


def _member(namespace: str, name: str) -> Any:
    """A public member of a Keras namespace, or None."""
    if not isinstance(name, str) or name.startswith("_"):
        return None
    try:
        module = importlib.import_module("weft.keras." + namespace)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("weft.keras"):
            return None
        raise
    if name not in getattr(module, "__all__", ()):
        return None
    return getattr(module, name)


class UnknownClass(TypeError, ValueError):
    """A class that a configuration names and nobody knows: a TypeError, as in Keras, and a ValueError as of old."""


def _find_class(
    record: dict[str, Any], custom: dict[str, Any] | None, known: dict[str, Any] | None, printable: str
) -> Any:
    name = record["class_name"]
    for key in (record.get("registered_name"), name):
        if key:
            found = registry.get_registered_object(key, custom, known)
            if found is not None:
                return found
    module = str(record.get("module") or "")
    if module in (_FEATURES, "keras.utils"):
        from weft.keras.utils import feature_space

        if name in feature_space.__all__:
            return getattr(feature_space, name)
    named = [module.removeprefix("keras.")] if module.startswith("keras.") else []
    for namespace in (*named, *_NAMESPACES):
        if namespace in _NAMESPACES:
            found = _member(namespace, name)
            if inspect.isclass(found):
                _refuse_another_name(record, name)
                return found
    choices = list(known or ()) + list(registry.scoped_objects()) + list(custom or ())
    raise UnknownClass(explain(
        f"The configuration names the {printable} class {name!r} that is not known. "
        + (nearest(str(name), choices) if choices else ""),
        hint=f"pass it as custom_objects={{'{name}': {name}}}, or decorate the class with "
        "@keras.saving.register_keras_serializable()",
    ))  # fmt: skip


def _keras_tensor(record: dict[str, Any], custom: Any, safe_mode: bool) -> Any:
    from weft.keras.core.keras_tensor import KerasTensor

    return KerasTensor(
        **{k: v for k, v in record["config"].items() if k in ("shape", "dtype", "name", "sparse", "ragged")}
    )


def _numpy(record: dict[str, Any], custom: Any, safe_mode: bool) -> Any:
    return np.array(record["config"]["value"], dtype=tf.as_dtype(record["config"]["dtype"]).as_numpy_dtype)


_SPECIAL: dict[str, Any] = {
    "__tuple__": lambda r, c, s: tuple(deserialize_keras_object(item, c, s) for item in r["items"]),
    "__numpy__": _numpy,
    "__tensor__": lambda r, c, s: tf.constant(r["config"]["value"], dtype=r["config"]["dtype"]),
    "__bytes__": lambda r, c, s: r["config"]["value"].encode("utf-8"),
    "__slice__": lambda r, c, s: slice(
        *(deserialize_keras_object(r["config"][part], c, s) for part in ("start", "stop", "step"))
    ),
    "__ellipsis__": lambda r, c, s: Ellipsis,
    "__keras_tensor__": _keras_tensor,
    "__class__": lambda r, c, s: _find_class({**r, "class_name": r["config"]}, c, None, "object"),
}
