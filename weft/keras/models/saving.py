"""The methods of models that save and load them."""

from __future__ import annotations

import json
from typing import Any


class SavingMethods:
    """`save`, `save_weights`, `load_weights`, `to_json` of models."""

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Writes the model: what makes it again, its weights, how it was compiled, and the optimizer's state.

        Args:
            filepath: A path that ends in `.keras`, or in `.h5` for Keras 2's layout; or an open binary file.
            overwrite: Whether a file that is there is replaced without asking.
            zipped: False writes a folder in place of a `.keras` file.
            **kwargs: `include_optimizer` for `.h5`; `save_format` of Keras 2.

        Raises:
            ValueError: For a path with another ending.
        """
        from weft.keras.saving.api import save_model

        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any) -> None:
        """Writes the weights and the optimizer's state.

        Args:
            filepath: A path that ends in `.weights.h5`; any other `.h5` has Keras 2's layout. One without an ending is
                the prefix of a checkpoint of TensorFlow's, as in Keras 2.
            overwrite: Whether a file that is there is replaced without asking.
            max_shard_size: How many GB a file holds at most. The path then ends in `.weights.json`: that file says
                which of those beside it holds what.
            **kwargs: `save_format` of Keras 2.

        Raises:
            ValueError: For a model that is not built, or a path with another ending.
        """
        from weft.keras.saving.api import save_weights

        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **kwargs: Any) -> Any:
        """Takes the weights of a file.

        Args:
            filepath: A `.weights.h5`, a `.keras`, an `.h5` of Keras 1 or 2, or the prefix of a checkpoint of
                TensorFlow's.
            skip_mismatch: Whether what does not fit is left as it is, with a warning.
            by_name: Whether layers are matched by name, for Keras 2's layout.
            **kwargs: `objects_to_skip`.

        Returns:
            For a checkpoint its status; None otherwise.

        Raises:
            ValueError: Where the weights do not fit, naming layer, variable and shapes.
        """
        from weft.keras.saving.api import load_weights

        return load_weights(self, filepath, skip_mismatch=skip_mismatch, by_name=by_name, **kwargs)

    def export(self, filepath: Any, format: str = "tf_saved_model", verbose: Any = None, input_signature: Any = None,
               **kwargs: Any) -> None:  # fmt: skip
        """Writes the model's prediction into a SavedModel, as its function `serve`.

        Args:
            filepath: The folder.
            format: `"tf_saved_model"`.
            verbose: Whether what was written is printed; None does.
            input_signature: The specs of the inputs; those of the built model where None.

        Raises:
            ValueError: For a model that is not built.
        """
        from weft.keras.export.archive import export_saved_model

        export_saved_model(self, filepath, verbose, input_signature, format)

    @property
    def _default_save_signature(self) -> Any:
        """What `tf.saved_model.save` makes the signature of the model, and what calls the loaded one; None where it is
        not built."""
        from weft.keras.export.archive import serving_function, serving_specs

        if not self.built:  # type: ignore[attr-defined]
            return None
        return serving_function(self, serving_specs(self, named=False))

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON text; weights are not in it.

        Args:
            **kwargs: As for `json.dumps`.
        """
        from weft.keras.saving.serialization import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)
