"""Configurations as Keras 1 and 2 wrote them, turned into those of Keras 3; and those of `.h5` files, written."""

from __future__ import annotations

from typing import Any

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
        layers.append(kept)
    return {**config, "layers": layers}


def modern(record: Any) -> Any:
    """A record of a layer or model as Keras 3 would write it."""
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
        return {"name": None, "layers": [modern(layer) for layer in config]}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return config
    return {**config, "layers": [modern(layer) for layer in config["layers"]]}


def _layer_config(name: str, config: dict[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in config.items() if key not in _GONE}
    if name == "InputLayer":
        shape = config.pop("batch_input_shape", None)
        if shape is not None:
            config["batch_shape"] = shape
        config.pop("type_spec", None)
    for key in ("layer", "backward_layer", "cell"):
        if isinstance(config.get(key), dict):
            config[key] = modern(config[key])
    if isinstance(config.get("cells"), list):
        config["cells"] = [modern(cell) for cell in config["cells"]]
    if name == "Lambda":
        config = _lambda_config(config)
    if name == "BatchNormalization" and isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]
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
