"""Configurations as Keras 1 and 2 wrote them, turned into those of Keras 3; and those of `.h5` files, written."""

from __future__ import annotations

from typing import Any

from weft.extend import explain

#: stands before an argument that is no tensor
_CONSTANT = "_CONSTANT_VALUE"
_MODELS = ("Model", "Functional", "Sequential")
#: arguments of Keras 2 that have no meaning any more, by what they said where they said nothing
_GONE = ("ragged", "implementation", "time_major", "experimental_run_tf_function", "sparse_categorical", "batchwise")
_RENAMED = {
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization", "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU", "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "SyncBatchNormalization": "BatchNormalization", "VarianceScalingV2": "VarianceScaling",
}  # fmt: skip


def plain_layers(config: Any) -> Any:
    """A model's configuration with its layers as `.h5` files have them: without modules and shapes."""
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return config
    layers = []
    for record in config["layers"]:
        kept = {key: value for key, value in record.items() if key in ("class_name", "config", "name", "inbound_nodes")}
        kept["config"] = plain_layers(kept["config"])
        if ">" in str(record.get("registered_name")):  # a class that its program has registered
            kept["class_name"] = record["registered_name"]
        layers.append(kept)
    return {**config, "layers": layers}


def modern(record: Any, release: Any = None) -> Any:
    """A record of a layer or model as Keras 3 would write it.

    Args:
        record: The record.
        release: The release of Keras that wrote it; by default, what the record says.
    """
    if not isinstance(record, dict) or "class_name" not in record:
        return record
    release = release or record.get("keras_version")
    record = _modern(record)
    if str(release or "3")[:2] in ("1.", "2.", "0."):
        record = _old_functions(record)
    return record


def _old_functions(value: Any) -> Any:
    """The configuration with the names of functions that meant something else before Keras 3."""
    if isinstance(value, dict):
        return {
            key: "keras2_hard_sigmoid"
            if item == "hard_sigmoid" and key.endswith("activation")
            else _old_functions(item)
            for key, item in value.items()
        }
    return [_old_functions(item) for item in value] if isinstance(value, list) else value


def _modern(record: Any) -> Any:
    if not isinstance(record, dict) or "class_name" not in record:
        return record
    name, config = record["class_name"], record.get("config")
    record = {**record, "class_name": _RENAMED.get(name, name)}
    if name in _MODELS:
        record["config"] = _model_config(name, config)
        record["class_name"] = "Functional" if name == "Model" else name
    elif isinstance(config, dict):
        record["config"] = _layer_config(name, config)
    return record


def _model_config(name: str, config: Any) -> Any:
    if isinstance(config, list):  # Sequential before 2.2.3
        return {"name": None, "layers": [_modern(layer) for layer in config]}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return config
    layers = [_modern(layer) for layer in config["layers"]]
    config = {**config, "layers": layers}
    if any(isinstance(node, list) for layer in layers for node in layer.get("inbound_nodes") or ()):
        return _Links(config).modern()
    return config


class _Links:
    """The calls in a model's configuration of Keras 2: lists of `[layer, call, output, keywords]`.

    Keras 2 counted the making of an inner model as its first call, so its calls are numbered from 1.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._names = {layer["name"] for layer in config["layers"] if isinstance(layer.get("name"), str)}
        models = {layer["name"] for layer in config["layers"] if layer.get("class_name") in _MODELS}
        self._first: dict[str, int] = {}
        for link in self._links([[layer.get("inbound_nodes") for layer in config["layers"]],
                                 config.get("output_layers"), config.get("input_layers")]):  # fmt: skip
            if link[0] in models:
                self._first[link[0]] = min(link[1], self._first.get(link[0], link[1]))

    def _is_link(self, value: Any) -> bool:
        return (
            isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and value[0] in self._names
            and isinstance(value[1], int) and isinstance(value[2], int)
        )  # fmt: skip

    def _links(self, value: Any) -> Any:
        if self._is_link(value):
            yield value
            value = value[3:]
        if isinstance(value, (list, dict)):
            for item in value.values() if isinstance(value, dict) else value:
                yield from self._links(item)

    def _address(self, link: list[Any]) -> list[Any]:
        return [link[0], link[1] - self._first.get(link[0], 0), link[2]]

    def _argument(self, value: Any) -> Any:
        """An argument of a call: links become records of tensors."""
        if self._is_link(value):
            return {"class_name": "__keras_tensor__", "config": {"keras_history": self._address(value)}}
        if isinstance(value, list) and len(value) >= 3 and value[0] == _CONSTANT:
            return value[2]
        if isinstance(value, list):
            return [self._argument(item) for item in value]
        if isinstance(value, dict):
            return {key: self._argument(item) for key, item in value.items()}
        return value

    def _call(self, node: Any) -> Any:
        if isinstance(node, dict) or not node:
            return node
        links = [node] if self._is_link(node) else node
        for link in links:
            if isinstance(link, list) and len(link) >= 3 and isinstance(link[0], str) and link[0] != _CONSTANT:
                if link[0] not in self._names:
                    raise ValueError(explain(
                        "The configuration of a model does not hang together. "
                        f"Missing node: {link[0]} is the input of a layer, and there is no layer of that name.",
                        expected="one of " + ", ".join(sorted(self._names)),
                    ))  # fmt: skip
        tensors = [self._argument(link) for link in links]
        keywords: Any = next((link[3] for link in links if len(link) > 3 and link[3]), {})
        return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": self._argument(keywords)}

    def modern(self) -> dict[str, Any]:
        """The configuration with calls as Keras 3 writes them."""
        config = dict(self._config)
        config["layers"] = [
            {**layer, "inbound_nodes": [self._call(node) for node in layer.get("inbound_nodes") or ()]}
            for layer in config["layers"]
        ]
        for key in ("input_layers", "output_layers"):
            config[key] = self._addresses(config.get(key))
        return config

    def _addresses(self, value: Any) -> Any:
        if self._is_link(value):
            return self._address(value)
        if isinstance(value, dict):
            return {key: self._addresses(item) for key, item in value.items()}
        return [self._addresses(item) for item in value or ()]


def _layer_config(name: str, config: dict[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in config.items() if key not in _GONE}
    if name == "InputLayer":
        shape = config.pop("batch_input_shape", None)
        if shape is not None:
            config["batch_shape"] = shape
        config.pop("type_spec", None)
    for key in ("layer", "backward_layer", "cell"):
        if isinstance(config.get(key), dict):
            config[key] = _modern(config[key])
    if isinstance(config.get("cells"), list):
        config["cells"] = [_modern(cell) for cell in config["cells"]]
    if name == "Lambda":
        config = _lambda_config(config)
    if name == "BatchNormalization" and isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]
    if name == "SyncBatchNormalization":
        config["synchronized"] = True
    if name.startswith("CuDNN"):
        config.setdefault("recurrent_activation", "sigmoid")
        if name == "CuDNNGRU":
            config["reset_after"] = True
    return config


def _lambda_config(config: dict[str, Any]) -> dict[str, Any]:
    """Keras 2 wrote a function as its name, or as a triple of byte code, defaults and what it took along."""
    kinds = {key: config.pop(f"{key}_type", None) for key in ("function", "output_shape", "mask")}
    for key in ("function", "output_shape", "mask"):
        config.pop("module" if key == "function" else f"{key}_module", None)
        value = config.get(key)
        if kinds[key] == "lambda" and isinstance(value, (list, tuple)):
            config[key] = {"class_name": "__lambda__", "config": {"value": list(value)}}
        elif kinds[key] == "function" and isinstance(value, str):
            config[key] = {"class_name": "function", "config": value, "registered_name": value}
        elif value is None:
            config.pop(key, None)
    return config


def compile_arguments(training: dict[str, Any]) -> dict[str, Any]:
    """What a `training_config` says, as arguments of `compile`."""
    arguments = {key: value for key, value in training.items() if key not in ("optimizer_config", "sample_weight_mode")}
    optimizer = training.get("optimizer_config")
    if isinstance(optimizer, dict):
        config = dict(optimizer.get("config") or {})
        for gone in ("is_legacy_optimizer", "jit_compile"):
            config.pop(gone, None)
        name = str(optimizer.get("class_name", "")).split(">")[-1]
        arguments["optimizer"] = {"class_name": name, "config": config}
    for key in ("metrics", "weighted_metrics"):
        arguments[key] = _without_loss(arguments.get(key))
    return arguments


def _without_loss(value: Any) -> Any:
    """tf.keras wrote metrics as records in lists of lists, one list for each output."""
    if isinstance(value, list):
        return [_without_loss(item) for item in value]
    if isinstance(value, dict) and value.get("class_name") == "MeanMetricWrapper":
        function = value.get("config", {}).get("fn")
        return function if isinstance(function, str) else value.get("config", {}).get("name")
    return value
