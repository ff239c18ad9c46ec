"""Several random changes at once: RandAugment and AugMix."""

from __future__ import annotations

import random as python_random
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.preprocessing.image.base import RandomImageLayer, bounds
from weft.keras.layers.preprocessing.image.colour import (
    AutoContrast,
    Equalization,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    RandomSharpness,
    Solarization,
    value_pair,
)
from weft.keras.layers.preprocessing.image.geometry import RandomRotation, RandomShear, RandomTranslation

#: what is chosen from, in Keras' order: the numbers that a seed gives mean these
_CHANGES = (
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
    "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
)  # fmt: skip
#: of these, what AugMix leaves out without `all_ops`
_STRONG = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")


class _Augmenting(RandomImageLayer):
    """Holds a layer for each change; all have one strength."""

    def _set_changes(self, factor: Any, value_range: Any, interpolation: str, seed: Any) -> None:
        name = type(self).__name__
        self.factor = bounds(name, "factor", factor, 0, 1)
        self.value_range = value_pair(name, value_range)
        self.interpolation = interpolation
        self._set_seed(seed)
        most: dict[str, Any] = {"seed": seed, "dtype": self.dtype_policy,
                                "bounding_box_format": self.bounding_box_format}  # fmt: skip
        placed = {**most, "interpolation": interpolation}
        coloured = {**most, "value_range": self.value_range}
        plain = {key: value for key, value in coloured.items() if key != "seed"}
        by = self.factor
        self._layers = {
            "random_shear": RandomShear(x_factor=by, y_factor=by, **placed),
            "random_translation": RandomTranslation(height_factor=by, width_factor=by, **placed),
            "random_rotation": RandomRotation(factor=by, **placed),
            "random_brightness": RandomBrightness(factor=by, **coloured),
            "random_color_degeneration": RandomColorDegeneration(factor=by, **coloured),
            "random_contrast": RandomContrast(factor=by, **coloured),
            "random_sharpness": RandomSharpness(factor=by, **coloured),
            "random_posterization": RandomPosterization(factor=max(1, int(8 * by[1])), **coloured),
            "solarization": Solarization(addition_factor=by, threshold_factor=by, **coloured),
            "auto_contrast": AutoContrast(**plain),
            "equalization": Equalization(**plain),
        }


class RandAugment(_Augmenting):
    """In training, applies a few changes that are drawn from eleven, to a whole batch the same ones.

    They are: shear, translation, rotation, brightness, less colour, contrast, sharpness, posterization, solarization,
    stretched contrast, equalization.

    Args:
        value_range: The least and the greatest value of a pixel.
        num_ops: How many changes.
        factor: Their strength at most, from 0 to 1; or the least and the greatest.
        interpolation: "bilinear" or "nearest".
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Cubuk et al. 2019.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.RandAugment(seed=1)(tf.ones((2, 8, 8, 3)), training=True).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self, value_range: Any = (0, 255), num_ops: int = 2, factor: Any = 0.5, interpolation: str = "bilinear",
        seed: Any = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        if isinstance(num_ops, bool) or not isinstance(num_ops, int) or num_ops < 0:
            raise ValueError(explain("RandAugment: `num_ops` is a number of changes.", received=repr(num_ops)))
        self.num_ops = num_ops
        self._set_changes(factor, value_range, interpolation, seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        generator = self.generator if seed is None else seed
        chosen = random.randint((self.num_ops,), 0, len(_CHANGES), seed=generator)
        drawn = {
            name: self._layers[name].get_random_transformation(data, training=training, seed=generator)
            for name in _CHANGES
        }
        return {"transforms": drawn, "layer_idxes": chosen}

    def _chosen(self, values: Any, transformation: Any, change: Callable[[str, Any, Any], Any]) -> Any:
        """The values after the chosen changes."""
        if transformation is None:
            return values
        for number in range(self.num_ops):
            branches = [
                lambda name=name, now=values, drawn=drawn: change(name, now, drawn)  # type: ignore[misc]
                for name, drawn in transformation["transforms"].items()
            ]
            values = tf.switch_case(tf.cast(transformation["layer_idxes"][number], "int32"), branches)
        return values

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        def change(name: str, now: Any, drawn: Any) -> Any:
            return tf.ensure_shape(self._layers[name].transform_images(now, drawn), images.shape)

        return self._chosen(images, transformation, change)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        def change(name: str, now: Any, drawn: Any) -> Any:
            return tf.ensure_shape(self._layers[name].transform_segmentation_masks(now, drawn), masks.shape)

        return self._chosen(masks, transformation, change)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: Any = True) -> Any:
        def change(name: str, now: Any, drawn: Any) -> Any:
            found = self._layers[name].transform_bounding_boxes({**bounding_boxes, **now}, drawn)
            return {"boxes": found["boxes"], "labels": found["labels"]}

        parts = {key: bounding_boxes[key] for key in ("boxes", "labels")}
        return {**bounding_boxes, **self._chosen(parts, transformation, change)}


class AugMix(_Augmenting):
    """In training, mixes images with what several chains of changes make of them, to a whole batch the same ones.

    In a traced function, what the chains consist of is chosen when it is traced; how strong it is, at every call.

    Args:
        value_range: The least and the greatest value of a pixel.
        num_chains: How many chains.
        chain_depth: How many changes in each, at most.
        factor: Their strength at most, from 0 to 1; or the least and the greatest.
        alpha: The parameter of the distributions of the shares (Dirichlet for the chains, Beta for the images).
        all_ops: Whether brightness, colour, contrast and sharpness change too.
        interpolation: "bilinear" or "nearest".
        seed: Makes the draws the same every time.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Source: Hendrycks et al. 2020.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.AugMix(seed=1)(tf.ones((2, 8, 8, 3)), training=True).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self, value_range: Any = (0, 255), num_chains: int = 3, chain_depth: int = 3, factor: Any = 0.3,
        alpha: float = 1.0, all_ops: bool = True, interpolation: str = "bilinear", seed: Any = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.num_chains = positive_int("AugMix", "num_chains", num_chains)
        self.chain_depth = positive_int("AugMix", "chain_depth", chain_depth)
        self.alpha, self.all_ops = alpha, all_ops
        self._set_changes(factor, value_range, interpolation, seed)
        self._chooser = None if seed is None else python_random.Random(seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        if not training:
            return None
        generator = self.generator if seed is None else seed
        shares = random.gamma((self.num_chains,), alpha=self.alpha, seed=generator)
        kept = random.beta((), alpha=self.alpha, beta=self.alpha, seed=generator)
        names = [name for name in _CHANGES if self.all_ops or name not in _STRONG]
        # Without a seed, Python's own generator chooses, which keras.utils.set_random_seed sets.
        choose = (self._chooser or python_random).choice
        chains = [[choose([*names, None]) for _ in range(self.chain_depth)]
                  for _ in range(self.num_chains)]  # fmt: skip
        return {
            "chain_mixing_weights": shares / tf.reduce_sum(shares),
            "weight_sample": kept,
            "chain_transforms": [
                [{"layer_name": name,
                  "transformation": self._layers[name].get_random_transformation(data, seed=generator)}
                 for name in chain if name is not None]
                for chain in chains
            ],
        }  # fmt: skip

    def _mixed(self, values: Any, transformation: Any, change: Callable[[Any, Any, Any], Any]) -> Any:
        """The values and what the chains make of them, mixed."""
        shares = tf.cast(transformation["chain_mixing_weights"], values.dtype)
        kept = tf.cast(transformation["weight_sample"], values.dtype)
        total = tf.zeros_like(values)
        for number, chain in enumerate(transformation["chain_transforms"]):
            found = values
            for step in chain:
                found = change(self._layers[step["layer_name"]], found, step["transformation"])
            total = total + found * shares[number]
        return kept * values + (1.0 - kept) * total

    def transform_images(self, images: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return images
        found = self._mixed(images, transformation, lambda layer, now, drawn: layer.transform_images(now, drawn))
        low, high = (tf.cast(value, images.dtype) for value in self.value_range)
        return tf.clip_by_value(found, low, high)

    def transform_segmentation_masks(self, masks: Any, transformation: Any, training: Any = True) -> Any:
        if transformation is None:
            return masks
        return self._mixed(
            masks, transformation, lambda layer, now, drawn: layer.transform_segmentation_masks(now, drawn)
        )
