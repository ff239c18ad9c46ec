"""Pictures changed at random while a model trains: Keras 2's `ImageDataGenerator`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras import config
from weft.keras.preprocessing.affine import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
)
from weft.keras.preprocessing.image_iterators import DataFrameIterator, DirectoryIterator, NumpyArrayIterator


def _shift(drawn_from: Any, size: int) -> float:
    """How many pixels a picture is moved: up to a share of its size, up to a number, or one of a list."""
    if not drawn_from:
        return 0
    if isinstance(drawn_from, float):
        found = np.random.uniform(-drawn_from, drawn_from)
    else:
        found = np.random.choice(drawn_from) * np.random.choice([-1, 1])
    return found * size if np.max(drawn_from) < 1 else found


class ImageDataGenerator:
    """Makes batches of pictures, changed at random and then normalised.

    What is drawn comes from numpy's generator, number for number as in Keras: the same seed gives the same pictures.
    In new programs preprocessing layers such as `keras.layers.RandomFlip` do this inside the model.

    Args:
        featurewise_center: Whether the mean that `fit` found is taken off.
        samplewise_center: Whether each picture's own mean is.
        featurewise_std_normalization: Whether pictures are divided by the deviation that `fit` found.
        samplewise_std_normalization: Whether each is divided by its own.
        zca_whitening: Whether pixels are made uncorrelated, as `fit` found them.
        zca_epsilon: Added to their deviations for this.
        rotation_range: Up to how many degrees pictures are turned.
        width_shift_range: Up to which share of the width they are moved; from 1 on, up to how many pixels; or a list of
            numbers to draw from.
        height_shift_range: Likewise for the height.
        brightness_range: The least and the greatest factor of their brightness.
        shear_range: Up to how many degrees they are sheared.
        zoom_range: The least and greatest zoom; a number z is (1 - z, 1 + z).
        channel_shift_range: Up to how much is added to all their values.
        fill_mode: What is outside: "constant", "nearest", "reflect" or "wrap".
        cval: The value there, for "constant".
        horizontal_flip: Whether half of them have left and right exchanged.
        vertical_flip: Whether half of them are turned upside down.
        rescale: What values are multiplied by, after everything random.
        preprocessing_function: Applied to each picture before that.
        data_format: "channels_last" or "channels_first".
        validation_split: The share of the data that `subset="validation"` has, from their beginning.
        interpolation_order: Of the interpolation between pixels, 0 to 5.
        dtype: Of the batches.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> generator = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
        >>> x, y = next(generator.flow(np.ones((8, 4, 4, 3)), np.arange(8), batch_size=4, seed=1))
        >>> x.shape, y.shape
        ((4, 4, 4, 3), (4,))
    """

    def __init__(
        self, featurewise_center: bool = False, samplewise_center: bool = False,
        featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
        zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
        width_shift_range: Any = 0.0, height_shift_range: Any = 0.0, brightness_range: Any = None,
        shear_range: float = 0.0, zoom_range: Any = 0.0, channel_shift_range: float = 0.0, fill_mode: str = "nearest",
        cval: float = 0.0, horizontal_flip: bool = False, vertical_flip: bool = False, rescale: float | None = None,
        preprocessing_function: Any = None, data_format: str | None = None, validation_split: float = 0.0,
        interpolation_order: int = 1, dtype: Any = None,
    ) -> None:  # fmt: skip
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.channel_shift_range, self.fill_mode, self.cval = channel_shift_range, fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.interpolation_order, self.dtype = interpolation_order, dtype or config.floatx()
        self.data_format = config.standardize_data_format(data_format)
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(explain(
                "`validation_split` must be strictly between 0 and 1.", received=repr(validation_split)
            ))  # fmt: skip
        self._validation_split = validation_split
        self.zoom_range = self._pair("zoom_range", zoom_range)
        if brightness_range is not None and (
            not isinstance(brightness_range, (tuple, list)) or len(brightness_range) != 2
        ):
            raise ValueError(explain(
                "`brightness_range` should be a tuple or list of two floats.", received=repr(brightness_range)
            ))  # fmt: skip
        self.brightness_range = brightness_range
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        self._settle()

    @staticmethod
    def _pair(name: str, given: Any) -> list[float]:
        if isinstance(given, (float, int)):
            return [1 - given, 1 + given]
        if len(given) == 2 and all(isinstance(one, (float, int)) for one in given):
            return list(given)
        raise ValueError(explain(f"`{name}` should be a float or a tuple or list of two floats.", received=repr(given)))

    def _settle(self) -> None:
        """Turns on what other settings need, and off what they exclude, with a warning."""
        def change(setting: str, to: bool, why: str) -> None:
            if getattr(self, setting) != to:
                setattr(self, setting, to)
                warnings.warn(f"ImageDataGenerator: `{why}` sets `{setting}` to {to}.", stacklevel=5)

        if self.zca_whitening:
            change("featurewise_center", True, "zca_whitening")
            change("featurewise_std_normalization", False, "zca_whitening")
        if self.featurewise_std_normalization:
            change("featurewise_center", True, "featurewise_std_normalization")
        if self.samplewise_std_normalization:
            change("samplewise_center", True, "samplewise_std_normalization")

    # Batches

    def flow(
        self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
        seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        ignore_class_split: bool = False, subset: str | None = None,
    ) -> NumpyArrayIterator:  # fmt: skip
        """Batches of arrays, without end.

        Args:
            x: Pictures, of rank 4; or a pair of these and of further arrays that are handed on.
            y: Labels.
            batch_size: Pictures in a batch.
            shuffle: Whether each epoch draws a new order.
            sample_weight: The weight of each picture.
            seed: Makes order and pictures the same every time.
            save_to_dir: A folder to which the changed pictures are written.
            save_prefix: How their names begin.
            save_format: Their format.
            ignore_class_split: Whether classes may be missing in a subset.
            subset: "training" or "validation", where there is a `validation_split`.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight, seed=seed,
            data_format=self.data_format, save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format,
            ignore_class_split=ignore_class_split, subset=subset, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: Any = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
        subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:  # fmt: skip
        """Batches of pictures in folders, a folder a class, without end. Needs Pillow.

        Args:
            directory: The folder of these folders.
            target_size: Height and width that pictures are brought to.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: The folders in the order of their numbers; by name by default.
            class_mode: What the labels are: "categorical", "binary", "sparse", "input" (the pictures) or None.
            batch_size: Pictures in a batch.
            shuffle: Whether each epoch draws a new order.
            seed: Makes order and pictures the same every time.
            save_to_dir: A folder to which the changed pictures are written.
            save_prefix: How their names begin.
            save_format: Their format.
            follow_links: Whether links to folders are followed.
            subset: "training" or "validation", where there is a `validation_split`.
            interpolation: As for `keras.utils.load_img`.
            keep_aspect_ratio: Whether what would distort pictures is cut off first.
        """
        return DirectoryIterator(
            directory, self, target_size=target_size, color_mode=color_mode, classes=classes, class_mode=class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, follow_links=follow_links, subset=subset,
            interpolation=interpolation, keep_aspect_ratio=keep_aspect_ratio, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self, dataframe: Any, directory: Any = None, x_col: str = "filename", y_col: Any = "class",
        weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: Any = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
        interpolation: str = "nearest", validate_filenames: bool = True, **kwargs: Any,
    ) -> DataFrameIterator:  # fmt: skip
        """Batches of pictures that a table names, without end. Needs Pillow.

        Args:
            dataframe: A data frame of pandas, or anything whose columns `dataframe[name]` gives, such as a dict.
            directory: Where the files are; None for names that are whole paths.
            x_col: The column with the names.
            y_col: The column with the labels; a list of columns for "multi_output" and "raw".
            weight_col: The column with the weights.
            target_size: Height and width that pictures are brought to.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: The classes in the order of their numbers; by name by default.
            class_mode: What the labels are: "binary", "categorical" (also lists of classes), "sparse", "input" (the
                pictures), "multi_output", "raw" (as they stand) or None.
            batch_size: Pictures in a batch.
            shuffle: Whether each epoch draws a new order.
            seed: Makes order and pictures the same every time.
            save_to_dir: A folder to which the changed pictures are written.
            save_prefix: How their names begin.
            save_format: Their format.
            subset: "training" or "validation", where there is a `validation_split`.
            interpolation: As for `keras.utils.load_img`.
            validate_filenames: Whether rows whose file is not there are left out, with a warning.
            **kwargs: Older arguments (`has_ext`, `sort`, `drop_duplicates`), which change nothing.
        """
        for word in kwargs:
            if word not in ("has_ext", "sort", "drop_duplicates"):
                raise TypeError(f"flow_from_dataframe() does not know the argument `{word}`.")
            warnings.warn(f"{word} is deprecated and changes nothing.", DeprecationWarning, stacklevel=2)
        return DataFrameIterator(
            dataframe, directory, self, x_col=x_col, y_col=y_col, weight_col=weight_col, target_size=target_size,
            color_mode=color_mode, classes=classes, class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, subset=subset, interpolation=interpolation,
            validate_filenames=validate_filenames, dtype=self.dtype,
        )  # fmt: skip

    # Single pictures

    def _changed(self, x: Any) -> Any:
        return self.standardize(self.apply_transform(x, self.get_random_transform(x.shape)))

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """Draws how a picture is changed.

        Args:
            img_shape: Its shape.
            seed: What numpy's generator is set to first.

        Returns:
            What `apply_transform` takes.
        """
        if seed is not None:
            np.random.seed(seed)
        theta = np.random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        # In Keras, too, what is drawn for the height is called tx.
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = np.random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        still = self.zoom_range[0] == 1 and self.zoom_range[1] == 1
        zx, zy = (1, 1) if still else np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        flips = [(np.random.random() < 0.5) * wanted for wanted in (self.horizontal_flip, self.vertical_flip)]
        shift = brightness = None
        if self.channel_shift_range != 0:
            shift = np.random.uniform(-self.channel_shift_range, self.channel_shift_range)
        if self.brightness_range is not None:
            brightness = np.random.uniform(self.brightness_range[0], self.brightness_range[1])
        return {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy, "flip_horizontal": flips[0],
                "flip_vertical": flips[1], "channel_shift_intensity": shift, "brightness": brightness}  # fmt: skip

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Any:
        """A picture changed in a given way.

        Args:
            x: One picture.
            transform_parameters: What `get_random_transform` gives; what is missing changes nothing.
        """
        given = transform_parameters
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x, given.get("theta", 0), given.get("tx", 0), given.get("ty", 0), given.get("shear", 0),
            given.get("zx", 1), given.get("zy", 1), row_axis=rows, col_axis=columns, channel_axis=channels,
            fill_mode=self.fill_mode, cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], channels)
        for word, axis in (("flip_horizontal", columns), ("flip_vertical", rows)):
            if given.get(word):
                x = flip_axis(x, axis)
        if given.get("brightness") is not None:
            x = apply_brightness_shift(x, given["brightness"], False)
        return x

    def random_transform(self, x: Any, seed: int | None = None) -> Any:
        """A picture changed at random.

        Args:
            x: One picture.
            seed: What numpy's generator is set to first.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: Any) -> Any:
        """A picture, or a batch, normalised; in place where it holds floats.

        Args:
            x: One picture or a batch.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._fitted("featurewise_std_normalization", self.std):
            x /= self.std + 1e-6
        if self.zca_whitening and self._fitted("zca_whitening", self.zca_whitening_matrix):
            x = (x.reshape(-1, math.prod(x.shape[-3:])) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _fitted(self, setting: str, found: Any) -> bool:
        if found is None:
            warnings.warn(
                f"This ImageDataGenerator specifies `{setting}`, but it hasn't been fit on any training data. Fit it "
                "first by calling `.fit(numpy_data)`.", stacklevel=3,
            )  # fmt: skip
        return found is not None

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds the mean, the deviation and the correlations that `featurewise_center` and its like need.

        Args:
            x: Pictures, of rank 4.
            augment: Whether they are changed at random first.
            rounds: How many times over, then.
            seed: What numpy's generator is set to first.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(explain("Input to `.fit()` should have rank 4.", received=f"shape {x.shape}"))
        if x.shape[self.channel_axis] not in (1, 3, 4):
            warnings.warn(
                f"Expected input to be images with 1, 3 or 4 channels on axis {self.channel_axis}; the array of shape "
                f"{x.shape} has {x.shape[self.channel_axis]}.", stacklevel=2,
            )  # fmt: skip
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(picture) for _ in range(rounds) for picture in x], dtype=self.dtype)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axis=axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=axes, keepdims=True)[0]
            x /= self.std + 1e-6
        if self.zca_whitening:
            u, s, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(x)) / (s + self.zca_epsilon))) @ u.T
