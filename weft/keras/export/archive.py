"""Writes functions of models into a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import weft as tf
from weft.extend import explain, signature_of
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.shapes import map_shapes
from weft.keras.layers.layer import Layer


def serving_specs(model: Any, named: bool = True) -> Any:
    """What a model takes as its first argument, as nested specs with a free batch size.

    Args:
        model: A built model.
        named: Whether specs have the names of the model's inputs.

    Raises:
        ValueError: For a model that is not built.
    """
    return _signature(model, named)[0]


def _signature(model: Any, named: bool = True) -> list[Any]:
    """The specs of each argument that a model is called with."""
    if getattr(model, "_graph", None) is not None:
        return [tf.nest.map_structure(
            lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype, t.name if named else None), model._inputs_struct
        )]  # fmt: skip
    shapes = getattr(model, "_call_shapes", None) or list((model._build_shapes or {}).values())[:1]
    if not model.built or not shapes:
        raise ValueError(explain(
            f"The model `{model.name}` is not built, so it is not known what it takes. It must be built.",
            hint="call it on data first, or pass input_signature",
        ))  # fmt: skip
    return [map_shapes(lambda shape: tf.TensorSpec([None, *shape[1:]], model.input_dtype), each) for each in shapes]


def serving_function(model: Any, specs: Any) -> Any:
    """A model's prediction as a function of its inputs."""

    @tf.function(input_signature=[specs])
    def serving_default(inputs: Any) -> Any:
        return model(inputs, training=False)

    return serving_default


class ExportArchive:
    """Gathers functions and writes them, with the variables that they use, into a SavedModel.

    Args:
        format: `"saved_model"`.

    Example:
        >>> import tempfile
        >>> import weft as tf
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> archive = keras.export.ExportArchive()
        >>> archive.track(model)
        >>> serve = archive.add_endpoint("serve", model.call, [tf.TensorSpec([None, 2])])
        >>> folder = tempfile.mkdtemp()
        >>> archive.write_out(folder, verbose=False)
        >>> tf.saved_model.load(folder).serve(tf.constant([[1.0, 2.0]])).numpy().tolist()
        [[3.0]]
    """

    def __init__(self, format: str = "saved_model", **kwargs: Any) -> None:
        _check_format(format, ("saved_model", "tf_saved_model"))
        self._endpoints: dict[str, Any] = {}
        self._tracked: list[Any] = []
        self._collections: dict[str, list[Any]] = {}

    @property
    def variables(self) -> list[Any]:
        """The variables of everything that is tracked."""
        return _unique(v for resource in self._tracked for v in getattr(
            resource, "variables", [resource] if isinstance(resource, tf.Variable) else []))  # fmt: skip

    @property
    def trainable_variables(self) -> list[Any]:
        """Those of them that are trained."""
        return [variable for variable in self.variables if getattr(variable, "trainable", False)]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The others."""
        return [variable for variable in self.variables if not getattr(variable, "trainable", False)]

    def track(self, resource: Any) -> None:
        """Adds a layer or model, whose variables functions may use.

        Raises:
            ValueError: For a layer that is not built, and for what is nothing of the kind.
        """
        if resource is None or isinstance(resource, (str, bytes, int, float, complex)):
            raise ValueError(explain(
                "Invalid resource type.", received=f"{resource!r}, an object of class {type(resource).__name__}",
                expected="a layer or model, or what tf.train.Checkpoint saves",
            ))  # fmt: skip
        if not getattr(resource, "built", True):
            raise ValueError(explain("The layer provided has not yet been built.", received=repr(resource),
                                     hint="call it on data first"))  # fmt: skip
        if not any(held is resource for held in self._tracked):
            self._tracked.append(resource)

    def add_endpoint(self, name: str, fn: Callable[..., Any], input_signature: Any = None, **kwargs: Any) -> Any:
        """Adds a function.

        Args:
            name: Its name in what is loaded.
            fn: A function, or a `tf.function` that was called or has an input signature.
            input_signature: The specs of its arguments.

        Returns:
            The traced function.

        Raises:
            ValueError: For a name that was used, or a function of which it is not known what it takes.
        """
        if name in self._endpoints:
            raise ValueError(f"Endpoint name '{name}' is already taken.")
        function = fn
        owner = getattr(fn, "__self__", None)
        if isinstance(owner, Layer):
            self.track(owner)
        if input_signature is not None:
            specs = [tf.nest.map_structure(_as_spec, spec) for spec in input_signature]
            function = tf.function(_with_its_names(getattr(fn, "python_function", fn), len(specs)), specs)
        elif not hasattr(fn, "get_concrete_function"):
            raise ValueError(explain(
                f"Endpoint {name!r}: `fn` is a plain function, of which is not known what it takes: you must provide "
                "an `input_signature`.",
                hint="pass input_signature=[tf.TensorSpec(...)]",
            ))  # fmt: skip
        elif getattr(fn, "input_signature", None) is None and not list(getattr(fn, "concrete_functions", list)()):
            raise ValueError(explain(
                f"Endpoint {name!r}: this `tf.function` was never called and has no input signature: you must either "
                "provide a function that was called, or say what it takes.",
                hint="call it once, or pass input_signature=[tf.TensorSpec(...)]",
            ))  # fmt: skip
        self._endpoints[name] = function
        return function

    def track_and_add_endpoint(self, name: str, resource: Any, input_signature: Any, **kwargs: Any) -> Any:
        """Adds a layer or model, and its prediction as a function.

        Args:
            name: The function's name in what is loaded.
            resource: The layer or model.
            input_signature: The specs of its arguments.

        Returns:
            The traced function.

        Raises:
            ValueError: As `track` and `add_endpoint`.
        """
        self.track(resource)
        return self.add_endpoint(name, resource.__call__, input_signature, **kwargs)

    def add_variable_collection(self, name: str, variables: Any) -> None:
        """Adds a list of variables under a name, an attribute of what is loaded."""
        self._collections[name] = list(variables)

    def write_out(self, filepath: Any, options: Any = None, verbose: bool = True) -> None:
        """Writes the folder.

        Args:
            filepath: The folder.
            options: A `tf.saved_model.SaveOptions`.
            verbose: Whether what was written is printed.

        Raises:
            ValueError: Where no function was added.
        """
        if not self._endpoints:
            raise ValueError(explain("No endpoints have been set yet.", hint="call add_endpoint first"))
        first = next(iter(self._endpoints))
        signatures = {"serving_default": self._endpoints[first], **self._endpoints}
        held = _Exported(self._endpoints, {
            **self._collections, "variables": self.variables, "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
        })  # fmt: skip
        usable = {name: f for name, f in signatures.items() if getattr(f, "input_signature", ()) is not None}
        tf.saved_model.save(held, filepath, signatures=usable, options=options)
        if verbose:
            print(f"Saved artifact at '{os.fspath(filepath)}'. Endpoints: {', '.join(self._endpoints)}.")


class _Exported:
    """What stands in the SavedModel: the functions and the variables, as attributes."""

    def __init__(self, endpoints: dict[str, Any], collections: dict[str, list[Any]]) -> None:
        self._endpoints, self._collections = endpoints, collections

    def _trackable_children(self) -> dict[str, Any]:
        return dict(self._collections)

    def _saved_functions(self) -> dict[str, Any]:
        return dict(self._endpoints)


def _as_spec(value: Any) -> Any:
    """A spec, or what has a shape and a dtype, as a spec with a free batch size."""
    if isinstance(value, tf.TypeSpec):
        return value
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise TypeError(explain(
            f"Unsupported x={value!r} (of type {type(value)}) in `input_signature`.",
            expected="tf.TensorSpec, keras.InputSpec, a symbolic tensor or a tensor",
        ))  # fmt: skip
    name = value.name if isinstance(value, KerasTensor) or type(value).__name__ == "InputSpec" else None
    return tf.TensorSpec([None, *value.shape[1:]], value.dtype, name)


def _with_its_names(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A function of `count` arguments, under the names that another one has for its first ones."""
    parameters = [p for p in signature_of(function).parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD,)]
    names = [p.name for p in parameters[:count]]

    def endpoint(*args: Any) -> Any:
        return function(*args)

    if len(names) == count:
        parts = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        endpoint.__signature__ = Signature(parts)  # type: ignore[attr-defined]
    return endpoint


_FORMATS_OF_OTHERS = ("onnx", "openvino", "litert", "torch")


def _check_format(format: str, known: tuple[str, ...]) -> None:
    if format in _FORMATS_OF_OTHERS:
        raise NotImplementedError(explain(
            "Weft exports models as SavedModels.", received=repr(format), expected=repr(known[0]),
        ))  # fmt: skip
    if format not in known:
        raise ValueError(explain(
            f"Unrecognized format={format!r}: Weft exports models as SavedModels.", expected=repr(known[0])
        ))  # fmt: skip


def _unique(variables: Any) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def export_saved_model(
    model: Any, filepath: Any, verbose: Any = None, input_signature: Any = None, format: str = "tf_saved_model",
    **kwargs: Any,
) -> None:  # fmt: skip
    """Writes a model's prediction as the function `serve` of a SavedModel; see `Model.export`."""
    _check_format(format, ("tf_saved_model", "saved_model"))
    specs = _signature(model) if input_signature is None else list(input_signature)
    specs = [tf.nest.map_structure(_as_spec, spec) for spec in specs]
    archive = ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", _with_its_names(lambda *inputs: model(*inputs, training=False), len(specs)), specs)
    archive.write_out(filepath, verbose=verbose is None or bool(verbose))
