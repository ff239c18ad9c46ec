"""Whole models and weights in one HDF5 file, as Keras 1 and 2 lay them out and Keras 3 still reads and writes.

Attributes hold the configuration as JSON; `model_weights` has a group for each layer, with the arrays in the order of
the attribute `weight_names`; `optimizer_weights` has the optimizer's.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras.core import tracking
from weft.keras.saving import hdf5, legacy_config
from weft.keras.saving.scopes import safe_mode as safe_mode_scope
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

_TOP = "top_level_model_weights"


# Writing


def write_model(file: Any, model: Any, include_optimizer: bool = True) -> None:
    """Writes a model into an open HDF5 file."""
    from weft.keras import __version__

    record = serialize_keras_object(model)
    file.attrs["backend"] = "tensorflow"
    file.attrs["keras_version"] = __version__
    registered = str(record.get("registered_name"))
    name = registered if ">" in registered else record["class_name"]
    config = {"class_name": name, "config": legacy_config.plain_layers(record["config"])}
    _put_text(file, "model_config", json.dumps(config))
    compiled = record.get("compile_config")
    optimizer = getattr(model, "optimizer", None)
    if include_optimizer and compiled and optimizer is not None:
        arguments = {key: value for key, value in compiled.items() if key != "optimizer"}
        arguments["optimizer_config"] = {key: compiled["optimizer"][key] for key in ("class_name", "config")}
        _put_text(file, "training_config", json.dumps(arguments))
    write_weights(file.create_group("model_weights"), model)
    if include_optimizer and optimizer is not None and optimizer.variables:
        _put_arrays(file.create_group("optimizer_weights"), optimizer.variables)


def _put_text(file: Any, name: str, text: str) -> None:
    """Writes text of any length as an attribute: texts of variable length do not count against the limit."""
    file.attrs.create(name, text, dtype=hdf5.h5py().string_dtype("utf-8"))


def write_weights(group: Any, model: Any) -> None:
    """Writes the weights of each layer of a model into an open group."""
    from weft.keras import __version__

    layers = model.layers
    hdf5.put_names(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"] = "tensorflow"
    group.attrs["keras_version"] = __version__
    for layer in sorted(layers, key=lambda layer: layer.name):  # so that no name is a group's that lies in another
        _put_arrays(group.create_group(layer.name), _weights_of(layer))
    _put_arrays(group.create_group(_TOP), _own_weights(model))


def _put_arrays(group: Any, variables: Any) -> None:
    names: list[str] = []
    for variable in variables:  # variables of one name in one layer are told apart by a number, as scopes are
        path, count = _path_of(variable), 0
        while (name := f"{path}_{count}" if count else path) in names:
            count += 1
        names.append(name)
    hdf5.put_names(group, "weight_names", names)
    for name, variable in zip(names, variables):
        hdf5.put_array(group, name, variable.numpy())


def _path_of(variable: Any) -> str:
    """The path of a weight; a `tf.Variable` that a layer keeps has but a name."""
    return str(getattr(variable, "path", variable.name))


def _weights_of(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own_weights(model: Any) -> list[Any]:
    return tracking.unique(model._own_variables())


# Reading


def read_model(reader: hdf5.Reader, size: int, custom_objects: Any, compile: bool, safe_mode: Any) -> Any:
    """The model in an open file."""
    from weft.keras.core.variable import allocation_limit

    config = reader.json("model_config")
    if config is None:
        hint = None
        if weights_group(reader) is not None or reader.group("layers") is not None:
            hint = "it holds weights alone: make the model, then model.load_weights(path)"
        raise ValueError(explain(f"`{reader.name}` holds no model.", hint=hint))
    with safe_mode_scope(safe_mode), allocation_limit(4 * size + (64 << 20), reader.name):
        config = legacy_config.modern(config, reader.text(None, "keras_version"))
        model = deserialize_keras_object(config, custom_objects=custom_objects)
        group = weights_group(reader)
        if group is not None:
            read_weights(reader, group, model)
        training = reader.json("training_config") if compile else None
        if training is not None:
            _compile(model, training, custom_objects)
            _read_optimizer(reader, model)
    return model


def weights_group(reader: hdf5.Reader) -> Any:
    """The group of layers' weights in this layout, or None."""
    for path in ("model_weights", ""):
        group = reader.group(path)
        if group is not None and reader.names(group, "layer_names") is not None:
            return group
    return None


def _compile(model: Any, training: dict[str, Any], custom_objects: Any) -> None:
    from weft.keras.saving.registry import CustomObjectScope

    arguments = legacy_config.compile_arguments(training)
    with CustomObjectScope(custom_objects):
        try:
            model.compile_from_config(arguments)
        except (TypeError, ValueError) as error:
            warnings.warn(f"The model is not compiled: {str(error).splitlines()[0]} Call compile().", stacklevel=5)


def _arrays(reader: hdf5.Reader, group: Any) -> list[tuple[str, np.ndarray]]:
    names = reader.names(group, "weight_names") or []
    return [(name, reader.read(group, name)) for name in names]


def read_weights(
    reader: hdf5.Reader, group: Any, model: Any, by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Gives a model the weights of the layers in a group.

    Args:
        reader: The file.
        group: The group.
        model: The model.
        by_name: Whether layers are matched by name; else by their order.
        skip_mismatch: Whether layers that do not fit are left as they are, with a warning.
    """
    names = reader.names(group, "layer_names") or []
    held = {}
    for name in names:
        layer_group = reader.group(name, group)
        if layer_group is None:
            raise ValueError(explain(f"`{reader.name}` names a layer `{name}` that it does not hold."))
        held[name] = layer_group
    backend = reader.text(group, "backend")
    pairs = _by_name(held, model) if by_name else _by_order(reader, held, model)
    problems = []
    for name, layer in pairs:
        problem = _read_layer(reader, held[name], name, layer, backend)
        if problem is not None:
            problems.append(problem)
    own = reader.group(_TOP, group)
    if own is not None and reader.names(own, "weight_names"):
        problem = _assign(_arrays(reader, own), _own_weights(model), model)
        if problem is not None:
            problems.append(problem)
    if problems and not skip_mismatch:
        raise ValueError(explain(
            f"`{reader.name}` does not fit the model: {problems[0]}",
            received=None if len(problems) == 1 else f"{len(problems)} layers do not fit",
            hint="skip_mismatch=True leaves out what does not fit",
        ))  # fmt: skip
    if problems:
        warnings.warn(f"`{reader.name}`: layers were left as they are. {' '.join(problems)}", stacklevel=5)


def _by_name(held: dict[str, Any], model: Any) -> list[tuple[str, Any]]:
    return [(layer.name, layer) for layer in model.layers if layer.name in held]


def _by_order(reader: hdf5.Reader, held: dict[str, Any], model: Any) -> list[tuple[str, Any]]:
    layers = [layer for layer in model.layers if _weights_of(layer)]
    names = [name for name, group in held.items() if reader.names(group, "weight_names")]
    if len(layers) != len(names):
        raise ValueError(explain(
            f"`{reader.name}` holds weights of {len(names)} layers, the model `{model.name}` has {len(layers)} layers "
            "with weights.",
            received=", ".join(names[:20]), expected=", ".join(layer.name for layer in layers[:20]),
            hint="load_weights(..., by_name=True) matches layers by name",
        ))  # fmt: skip
    return list(zip(names, layers))


def _read_layer(reader: hdf5.Reader, group: Any, name: str, layer: Any, backend: str | None) -> str | None:
    arrays = _arrays(reader, group)
    if backend == "theano" and arrays and type(layer).__name__ in _FLIPPED:
        kernel = arrays[0][1]  # Theano convolves, everybody else correlates
        arrays[0] = (arrays[0][0], np.flip(kernel, tuple(range(kernel.ndim - 2))))
    return _assign(arrays, _weights_of(layer), layer)


_FLIPPED = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def _assign(arrays: list[tuple[str, np.ndarray]], variables: list[Any], layer: Any) -> str | None:
    """Gives variables their values; says what does not fit, in which case nothing is changed."""
    values = [value for _, value in arrays]
    if len(values) != len(variables):
        return (f"layer `{layer.name}` ({type(layer).__name__}) has {len(variables)} weights "
                f"({', '.join(map(_path_of, variables))}), the file holds {len(values)}"
                f" ({', '.join(name for name, _ in arrays)}).")  # fmt: skip
    for (name, value), variable in zip(arrays, variables):
        if tuple(value.shape) != tuple(variable.shape):
            return (f"layer `{layer.name}` ({type(layer).__name__}): weight `{_path_of(variable)}` has shape "
                    f"{tuple(variable.shape)}, `{name}` in the file has {tuple(value.shape)}.")  # fmt: skip
    for value, variable in zip(values, variables):
        variable.assign(value.astype(variable._dtype.as_numpy_dtype, copy=False))
    return None


# The optimizer's state


def _read_optimizer(reader: hdf5.Reader, model: Any) -> None:
    group = reader.group("optimizer_weights")
    optimizer = getattr(model, "optimizer", None)
    if group is None or optimizer is None:
        return
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    values = [value for _, value in _arrays(reader, group)]
    if all(np.ndim(value) == 0 for value in values):  # it had not begun
        optimizer.load_own_variables({str(place): value for place, value in enumerate(values)})
        return
    ordered = _in_our_order(values, optimizer, len(model.trainable_variables))
    if ordered is None:
        warnings.warn(
            f"`{reader.name}`: the state of optimizer `{optimizer.name}` does not fit, it begins anew "
            f"({len(values)} arrays in the file, {len(optimizer.variables)} expected).",
            stacklevel=5,
        )
        return
    optimizer.set_weights(ordered)


def _in_our_order(values: list[Any], optimizer: Any, count: int) -> list[Any] | None:
    """The arrays in the order of the optimizer's variables; None where they do not fit.

    Keras 2 kept the iterations and then all first moments, all second ones, …; and no learning rate.
    """
    variables = optimizer.variables

    def fits(arrays: list[Any]) -> bool:
        return len(arrays) == len(variables) and all(
            tuple(array.shape) == tuple(variable.shape) for array, variable in zip(arrays, variables)
        )

    if fits(values):
        return values
    if not count or not values or np.ndim(values[0]) != 0:
        return None
    own = next((n for n, variable in enumerate(variables) if _path_of(variable).endswith("learning_rate")), None)
    rate = [] if own is None else [variables[own].numpy()]
    rest = values[1:]
    slots = (len(variables) - 1 - len(rate)) // count
    if slots and len(rest) >= slots * count:
        by_variable = [rest[slot * count + place] for place in range(count) for slot in range(slots)]
        found = [values[0], *rate, *by_variable]
        if fits(found):
            return found
    return None
