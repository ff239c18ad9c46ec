"""Images mixed with one another."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.core.dtypes import is_float
from weft.keras.layers.preprocessing.image.base import RandomImageLayer


class MixUp(RandomImageLayer):
    """In training, mixes each image with another one of the batch, and their labels likewise.

    Args:
        alpha: Both parameters of the Beta distribution of the shares; small ones leave most images nearly alone.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the draws the same every time.
        **kwargs: As for every layer.

    Source: Zhang et al. 2018.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> data = {"images": tf.random.normal((4, 8, 8, 3)), "labels": tf.one_hot([0, 1, 2, 0], 3)}
        >>> mixed = keras.layers.MixUp(seed=1)(data)
        >>> mixed["labels"].numpy().sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(explain("MixUp: `alpha` must be positive.", received=repr(alpha)))
        self.alpha = alpha
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        count = self._batch_of(data)
        generator = self.generator if seed is None else seed
        shares = random.beta((count,), self.alpha, self.alpha, dtype="float32", seed=generator)
        return {"mix_weight": shares, "permutation_order": random.shuffle(tf.range(count), seed=generator)}

    def _mixed(self, values: Any, transformation: Any) -> Any:
        if transformation is None:
            return values
        shares = tf.cast(transformation["mix_weight"], values.dtype)
        shares = tf.reshape(shares, (-1, *(1,) * (values.shape.rank - 1)))
        return shares * values + (1.0 - shares) * tf.gather(values, transformation["permutation_order"])

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        return self._mixed(images, transformation)

    def transform_labels(self, labels: Any, transformation: Any, training: Any = True) -> Any:
        if not is_float(labels.dtype):
            raise ValueError(explain(
                f"Layer `{self.name}` (MixUp) mixes labels that are floats.", received=f"dtype {labels.dtype}",
                hint="encode class numbers first: keras.utils.to_categorical(labels), or tf.one_hot(labels, classes)",
            ))  # fmt: skip
        return self._mixed(labels, transformation)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        return self._mixed(masks, transformation)
