"""A SavedModel as a layer."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.layers.layer import Layer
from weft.keras.saving import scopes


class TFSMLayer(Layer):
    """Calls a function of a SavedModel. Its variables are the layer's weights.

    Args:
        filepath: The folder.
        call_endpoint: The function, or the signature, that is called.
        call_training_endpoint: The one that is called while training; the same where None.
        trainable: Whether its trainable variables are trained.
        name: Its name.
        dtype: Dtype or policy.

    Raises:
        ValueError: Where there is no such function, naming those that there are.
        UnimplementedError: Where another program wrote the SavedModel.
    """

    def __init__(self, filepath: Any, call_endpoint: str = "serve", call_training_endpoint: str | None = None,
                 trainable: bool = True, name: str | None = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(trainable=trainable, name=name, dtype=dtype)
        self.filepath = str(filepath)
        self.call_endpoint, self.call_training_endpoint = call_endpoint, call_training_endpoint
        held = tf.saved_model.load(self.filepath)
        self._weft_predict = self._endpoint(held, call_endpoint)
        training = call_training_endpoint
        self._weft_train = self._weft_predict if training is None else self._endpoint(held, training)
        self._weft_held = held
        found: dict[int, Any] = {}
        for function in (self._weft_predict, self._weft_train):
            for trace in function.concrete_functions() if hasattr(function, "concrete_functions") else [function]:
                found.update({id(variable): variable for variable in trace.variables})
        self._loaded_variables = list(found.values())
        self.built = True

    def _endpoint(self, held: Any, name: str) -> Any:
        if callable(getattr(held, name, None)):
            return getattr(held, name)
        if name in held.signatures:
            return held.signatures[name]
        known = [key for key, value in vars(held).items() if callable(value)]
        raise ValueError(explain(
            f"The endpoint {name!r} is neither a function nor a signature of {self.filepath}.",
            expected="one of " + ", ".join(repr(key) for key in dict.fromkeys([*known, *held.signatures])),
            hint="pass it as call_endpoint",
        ))  # fmt: skip

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the function returns."""
        return (self._weft_train if training else self._weft_predict)(inputs)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """The layer of a configuration, where the SavedModel still is.

        Args:
            config: What `get_config` gave.
            custom_objects: As given.
            safe_mode: False trusts the path that the configuration names.

        Raises:
            ValueError: In safe mode: what a file says does not make a program open another one.
        """
        if safe_mode is not False and not scopes.may_run_code() and not scopes.is_copying():
            raise ValueError(explain(
                "A TFSMLayer opens the SavedModel that its configuration names, which is refused in safe mode: in a "
                "file from elsewhere that may be any path, and with other programs arbitrary code execution.",
                received=f"filepath={config.get('filepath')!r}",
                hint="if you trust the file, load it with safe_mode=False, or call "
                "keras.config.enable_unsafe_deserialization()",
            ))  # fmt: skip
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again, where the folder still is."""
        return {**super().get_config(), "filepath": self.filepath, "call_endpoint": self.call_endpoint,
                "call_training_endpoint": self.call_training_endpoint}  # fmt: skip
