"""Settings of Keras that hold for the process: default dtype, fuzz factor, image format, debugging."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import weft as tf
from weft.extend import nearest

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")

_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "debug_nans": False,
    "interactive_logging": True,
    "flash_attention": None,
    "unsafe_deserialization": False,
    "max_epochs": None,
    "max_steps_per_epoch": None,
}


def floatx() -> str:
    """The default dtype of layers and weights."""
    return str(_settings["floatx"])


def set_floatx(value: Any) -> None:
    """Sets the default dtype of layers and weights.

    Args:
        value: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: For any other value.
    """
    name = getattr(value, "name", value)
    if name not in _FLOATS:
        raise ValueError(f"set_floatx: {value!r} is not a float dtype. {nearest(str(name), _FLOATS)}")
    _settings["floatx"] = name


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Sets the small number that keeps divisions and logarithms finite."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Where layers expect the channels by default: `"channels_last"` or `"channels_first"`."""
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Sets where layers expect the channels by default.

    Raises:
        ValueError: Unless it is `"channels_last"` or `"channels_first"`.
    """
    _settings["image_data_format"] = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """A data format in its usual spelling; None is the default one."""
    if data_format is None:
        return image_data_format()
    name = str(data_format).lower()
    name = {"tf": "channels_last", "th": "channels_first"}.get(name, name)
    if name not in _FORMATS:
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', received {data_format!r}.")
    return name


def backend() -> str:
    """`"tensorflow"`: what programs ask before they use TensorFlow's names, which are here, on Keras' tensors."""
    return "tensorflow"


def dtype_policy() -> Any:
    """The dtype policy that new layers take."""
    from weft.keras.dtype_policies import dtype_policy

    return dtype_policy()


def set_dtype_policy(policy: Any) -> None:
    """Sets the dtype policy that new layers take, by object or name such as `"mixed_bfloat16"`."""
    from weft.keras.dtype_policies import set_dtype_policy

    set_dtype_policy(policy)


def enable_debug_nans() -> None:
    """From now on a NaN or infinity in training stops it, naming the first layer and the step that made it."""
    _settings["debug_nans"] = True


def disable_debug_nans() -> None:
    """Ends what `enable_debug_nans` began."""
    _settings["debug_nans"] = False


def is_debug_nans_enabled() -> bool:
    """Whether NaNs are looked for."""
    return bool(_settings["debug_nans"])


def enable_traceback_filtering() -> None:
    """Shows tracebacks without the library's own frames (the default)."""
    tf.debugging.enable_traceback_filtering()


def disable_traceback_filtering() -> None:
    """Shows tracebacks in full."""
    tf.debugging.disable_traceback_filtering()


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out the library's own frames."""
    return bool(tf.debugging.is_traceback_filtering_enabled())


def enable_interactive_logging() -> None:
    """Prints progress to standard output (the default)."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Sends progress to the log instead of standard output."""
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress goes to standard output."""
    return bool(_settings["interactive_logging"])


def enable_unsafe_deserialization() -> None:
    """Lets loaded configurations bring Python code with them, until `clear_session`. Only for files you trust."""
    _settings["unsafe_deserialization"] = True


def forget_unsafe_deserialization() -> None:
    """Takes back what `enable_unsafe_deserialization` allowed."""
    _settings["unsafe_deserialization"] = False


def is_unsafe_deserialization_enabled() -> bool:
    """Whether loaded configurations may bring Python code with them."""
    return bool(_settings["unsafe_deserialization"])


def enable_flash_attention() -> None:
    """Attention layers may use a form that keeps no weights (the default); the numbers are the same."""
    _settings["flash_attention"] = None  # as Keras writes it: nobody has said otherwise


def disable_flash_attention() -> None:
    """Attention layers write their weights out."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """Whether attention layers may use a form that keeps no weights; None where nobody has said."""
    return _settings["flash_attention"]


def is_nnx_enabled() -> bool:
    """Whether Flax holds Keras' variables: never."""
    return False


def set_backend(backend: str) -> None:
    """Does nothing for `"tensorflow"`, which is this library; `"weft"` is another name for it.

    Raises:
        ValueError: For another one.
    """
    if backend not in ("tensorflow", "weft"):
        raise ValueError(f"keras.config.set_backend: {backend!r} cannot run this; there is one backend, 'tensorflow'.")


def max_epochs() -> int | None:
    """The most epochs that any `fit` runs, or None."""
    return _settings["max_epochs"]


def set_max_epochs(count: int | None) -> None:
    """Limits every `fit` to so many epochs; None lifts the limit."""
    _settings["max_epochs"] = count


def max_steps_per_epoch() -> int | None:
    """The most steps that any epoch runs, or None."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(count: int | None) -> None:
    """Limits every epoch to so many steps; None lifts the limit."""
    _settings["max_steps_per_epoch"] = count


def _read_user_settings() -> None:
    """Takes over what `~/.keras/keras.json` says, where there is one; a broken file changes nothing."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        found = json.loads((home / "keras.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not isinstance(found, dict):
        return
    if found.get("floatx") in _FLOATS:
        _settings["floatx"] = found["floatx"]
    if isinstance(found.get("epsilon"), float):
        _settings["epsilon"] = found["epsilon"]
    if found.get("image_data_format") in _FORMATS:
        _settings["image_data_format"] = found["image_data_format"]


_read_user_settings()
