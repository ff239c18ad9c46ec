"""Batches of changed pictures: of arrays, of folders, of tables of file names."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator as Iterating
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras import config
from weft.keras.trainer.py_dataset import PyDataset
from weft.keras.utils.image_utils import array_to_img, img_to_array, load_img

_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class Iterator(PyDataset):
    """Batches by number, and one after the other for ever with `next`. Subclasses make a batch of sample numbers.

    Args:
        n: The number of samples.
        batch_size: Samples in a batch.
        shuffle: Whether their order is drawn anew in each epoch.
        seed: Of the order and of what is drawn for the pictures: numpy's generator is set to it, batch by batch.
        **kwargs: As for PyDataset.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: Any = None
        self.index_generator = self._flow_index()

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _start_batch(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise ValueError(explain(f"There is no batch {index}.", received=f"{len(self)} batches"))
        self._start_batch()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._set_index_array()
        return self._get_batches_of_transformed_samples(
            self.index_array[self.batch_size * index : self.batch_size * (index + 1)]
        )

    def on_epoch_end(self) -> None:
        """Draws the next epoch's order."""
        self._set_index_array()

    def reset(self) -> None:
        """Lets `next` begin with the first batch again."""
        self.batch_index = 0

    def _flow_index(self) -> Iterating[Any]:
        self.reset()
        while True:
            self._start_batch()
            if self.batch_index == 0:
                self._set_index_array()
            begin = (self.batch_index * self.batch_size) % self.n if self.n else 0
            self.batch_index = self.batch_index + 1 if self.n > begin + self.batch_size else 0
            self.total_batches_seen += 1
            yield self.index_array[begin : begin + self.batch_size]

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        with self.lock:
            chosen = next(self.index_generator)
        return self._get_batches_of_transformed_samples(chosen)

    def next(self) -> Any:
        """The next batch, as `next(iterator)` gives it."""
        return next(self)

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what a batch is.")

    def _write(self, batch: Any, index_array: Any, limit: int) -> None:
        """Writes the pictures of a batch into a folder, to look at."""
        for picture, number in zip(batch, index_array, strict=True):
            name = f"{self.save_prefix}_{number}_{np.random.randint(limit)}.{self.save_format}"  # type: ignore[attr-defined]
            made = array_to_img(picture, self.data_format, scale=True)  # type: ignore[attr-defined]
            made.save(os.path.join(self.save_to_dir, name))  # type: ignore[attr-defined]


def _check_subset(subset: Any) -> None:
    if subset not in (None, "training", "validation"):
        raise ValueError(explain(f"Invalid subset name: {subset}.", expected='"training" or "validation"'))


class NumpyArrayIterator(Iterator):
    """Batches of arrays; made by `ImageDataGenerator.flow`, which says what the arguments are."""

    def __init__(
        self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False,
        sample_weight: Any = None, seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None, ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self.dtype = dtype or config.floatx()
        self.data_format = data_format or config.image_data_format()
        others: list[Any] = []
        if isinstance(x, (tuple, list)):
            others = [np.asarray(part) for part in (x[1] if isinstance(x[1], list) else [x[1]])]
            x = x[0]
        named = [("x[1]", part) for part in others] + [("y", y), ("sample_weight", sample_weight)]
        for name, part in named:
            if part is not None and len(part) != len(x):
                raise ValueError(explain(
                    f"`x` (images tensor) and `{name}` should have the same length.",
                    received=f"{np.shape(x)} and {np.shape(part)}",
                ))  # fmt: skip
        _check_subset(subset)
        if subset is not None:
            cut = int(len(x) * image_data_generator._validation_split)
            if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:cut]), np.unique(y[cut:])):
                raise ValueError(explain(
                    "Training and validation subsets have different number of classes after the split.",
                    hint="shuffle the arrays first, where they are sorted by label",
                ))  # fmt: skip
            part = slice(None, cut) if subset == "validation" else slice(cut, None)
            x, others = x[part], [one[part] for one in others]
            y = None if y is None else y[part]
        self.x, self.x_misc = np.asarray(x, dtype=self.dtype), others
        if self.x.ndim != 4:
            raise ValueError(explain(
                "Input data in `NumpyArrayIterator` should have rank 4.", received=f"shape {self.x.shape}"
            ))  # fmt: skip
        channels = self.x.shape[3 if self.data_format == "channels_last" else 1]
        if channels not in (1, 3, 4):
            warnings.warn(
                f"NumpyArrayIterator expects 1, 3 or 4 channels ({self.data_format}); the arrays of shape "
                f"{self.x.shape} have {channels}.", stacklevel=3,
            )  # fmt: skip
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        self.image_data_generator = image_data_generator
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        batch = np.zeros((len(index_array), *self.x.shape[1:]), dtype=self.dtype)
        for place, number in enumerate(index_array):
            batch[place] = self.image_data_generator._changed(self.x[number].astype(self.dtype))
        if self.save_to_dir:
            self._write(batch, index_array, 10**4)
        inputs = [batch, *(part[index_array] for part in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return inputs
        if self.sample_weight is None:
            return inputs, self.y[index_array]
        return inputs, self.y[index_array], self.sample_weight[index_array]


class _Files(Iterator):
    """What iterators over files have in common."""

    class_mode: Any
    classes: Any
    class_indices: dict[Any, int]
    dtype: Any
    _filepaths: list[str]

    def _set_up(
        self, image_data_generator: Any, target_size: Any, color_mode: str, data_format: str, save_to_dir: Any,
        save_prefix: str, save_format: str, subset: str | None, interpolation: str, keep_aspect_ratio: bool,
    ) -> None:  # fmt: skip
        if color_mode not in _CHANNELS:
            raise ValueError(explain(f"Invalid color mode: {color_mode}.", expected='"rgb", "rgba" or "grayscale"'))
        _check_subset(subset)
        self.image_data_generator = image_data_generator
        self.target_size, self.keep_aspect_ratio = tuple(target_size), keep_aspect_ratio
        self.color_mode, self.data_format, self.interpolation = color_mode, data_format, interpolation
        channels = (_CHANNELS[color_mode],)
        last = data_format == "channels_last"
        self.image_shape = self.target_size + channels if last else channels + self.target_size
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.subset = subset
        self.split: tuple[float, float] | None = None
        if subset is not None:
            share = image_data_generator._validation_split
            self.split = (0, share) if subset == "validation" else (share, 1)

    def _check_mode(self, class_mode: Any, allowed: tuple[Any, ...]) -> None:
        if class_mode not in allowed:
            raise ValueError(explain(
                f"Invalid class_mode: {class_mode}.", expected="one of " + ", ".join(map(repr, allowed))
            ))  # fmt: skip

    @property
    def filepaths(self) -> list[str]:
        """Where each picture is."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """The class of each picture."""
        return self.classes

    @property
    def sample_weight(self) -> Any:
        """The weight of each picture, or None."""
        return None

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        batch = np.zeros((len(index_array), *self.image_shape), dtype=self.dtype)
        for place, number in enumerate(index_array):
            img = load_img(self._filepaths[number], color_mode=self.color_mode, target_size=self.target_size,
                           interpolation=self.interpolation, keep_aspect_ratio=self.keep_aspect_ratio)  # fmt: skip
            picture = img_to_array(img, data_format=self.data_format)
            img.close()
            batch[place] = self.image_data_generator._changed(picture) if self.image_data_generator else picture
        if self.save_to_dir:
            self._write(batch, index_array, 10**7)
        labels = self._labels_of(index_array, batch)
        if labels is None:
            return batch
        if self.sample_weight is None:
            return batch, labels
        return batch, labels, self.sample_weight[index_array]

    def _labels_of(self, index_array: Any, batch: Any) -> Any:
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[number] for number in index_array], dtype=self.dtype)
        if self.class_mode == "categorical":
            found = np.zeros((len(batch), len(self.class_indices)), dtype=self.dtype)
            for place, number in enumerate(index_array):
                found[place, self.classes[number]] = 1.0
            return found
        if self.class_mode == "multi_output":
            return [part[index_array] for part in self.labels]
        return self.labels[index_array] if self.class_mode == "raw" else None


class DirectoryIterator(_Files):
    """Batches of pictures in folders, a folder a class; made by `ImageDataGenerator.flow_from_directory`."""

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self, directory: Any, image_data_generator: Any, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: Any = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", follow_links: bool = False, subset: str | None = None,
        interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(image_data_generator, target_size, color_mode, data_format or config.image_data_format(),
                     save_to_dir, save_prefix, save_format, subset, interpolation, keep_aspect_ratio)  # fmt: skip
        self._check_mode(class_mode, self.allowed_class_modes)
        self.directory, self.class_mode, self.dtype = directory, class_mode, dtype or config.floatx()
        names = classes or sorted(one for one in os.listdir(directory) if os.path.isdir(os.path.join(directory, one)))
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.filenames: list[str] = []
        numbers: list[int] = []
        for name, number in self.class_indices.items():
            found = self._pictures_in(name, follow_links)
            self.filenames += found
            numbers += [number] * len(found)
        self.samples, self.classes = len(self.filenames), np.array(numbers, dtype="int32")
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _pictures_in(self, name: str, follow_links: bool) -> list[str]:
        """The pictures of a class, in the order of their names, as paths below the folder."""
        top = os.path.join(self.directory, name)
        found = []
        for root, _, files in sorted(os.walk(top, followlinks=follow_links), key=lambda entry: entry[0]):
            for file in sorted(files):
                if file.lower().endswith(self.white_list_formats):
                    below = os.path.relpath(os.path.join(root, file), top)
                    found.append(os.path.join(os.path.basename(top), below))
        if self.split is None:
            return found
        return found[int(self.split[0] * len(found)) : int(self.split[1] * len(found))]


class DataFrameIterator(_Files):
    """Batches of pictures that a table names; made by `ImageDataGenerator.flow_from_dataframe`."""

    allowed_class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self, dataframe: Any, directory: Any = None, image_data_generator: Any = None, x_col: str = "filename",
        y_col: Any = "class", weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: Any = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str = "channels_last", save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", subset: str | None = None, interpolation: str = "nearest",
        keep_aspect_ratio: bool = False, dtype: Any = "float32", validate_filenames: bool = True,
    ) -> None:  # fmt: skip
        self._set_up(image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix, save_format,
                     subset, interpolation, keep_aspect_ratio)  # fmt: skip
        self._check_mode(class_mode, self.allowed_class_modes)
        self.directory, self.class_mode, self.dtype = directory or "", class_mode, dtype
        if class_mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(explain(
                'If class_mode="multi_output", y_col must be a list.', received=type(y_col).__name__
            ))  # fmt: skip
        names = list(dataframe[x_col])
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"All values in column x_col={x_col} must be strings.")
        rows = np.arange(len(names))
        if validate_filenames:
            rows = self._valid(names, rows, x_col)
        labels: list[Any] = []
        by_class = class_mode in ("binary", "categorical", "sparse")
        if by_class:
            rows, labels, classes = self._known(list(dataframe[y_col]), rows, classes, y_col)
            self.class_indices = {name: number for number, name in enumerate(classes)}
        elif classes:
            warnings.warn(f'`classes` will be ignored given the class_mode="{class_mode}"', stacklevel=3)
        if self.split is not None:
            part = slice(int(self.split[0] * len(rows)), int(self.split[1] * len(rows)))
            rows, labels = rows[part], labels[part]
        if by_class:
            self.classes = [
                [self.class_indices[one] for one in label] if isinstance(label, list) else self.class_indices[label]
                for label in labels
            ]
        self._take_columns(dataframe, rows, y_col, weight_col)
        self.filenames = [names[row] for row in rows]
        self.samples = len(self.filenames)
        told = f" belonging to {len(self.class_indices)} classes" if by_class else ""
        print(f"Found {self.samples} {'' if validate_filenames else 'non-'}validated image filenames{told}.")
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _valid(self, names: list[str], rows: Any, x_col: str) -> Any:
        """The rows whose files are there and have the ending of a picture."""
        paths = [os.path.join(self.directory, name) for name in names]
        there = np.array(
            [path.lower().endswith(self.white_list_formats) and os.path.isfile(path) for path in paths], dtype=bool
        )
        if not there.all():
            warnings.warn(
                f'Found {int((~there).sum())} invalid image filename(s) in x_col="{x_col}". These filename(s) will be '
                "ignored.", stacklevel=4,
            )  # fmt: skip
        return rows[there]

    def _known(self, labels: list[Any], rows: Any, classes: Any, y_col: Any) -> tuple[Any, list[Any], list[Any]]:
        """The rows with a label that is known, these labels, and all classes."""
        several = self.class_mode == "categorical"
        allowed = (str, list, tuple) if several else (str,)
        if not all(isinstance(label, allowed) for label in labels):
            raise TypeError(explain(
                f'If class_mode="{self.class_mode}", y_col="{y_col}" column values must be '
                f"{'type string, list or tuple' if several else 'strings'}."
            ))  # fmt: skip
        if self.class_mode == "binary":
            count = len(set(classes)) if classes else len(set(labels))
            if count != 2:
                raise ValueError(explain(
                    'If class_mode="binary" there must be 2 classes.', received=f"{count} class(es)"
                ))  # fmt: skip
        found: list[tuple[int, Any]] = [(row, labels[row]) for row in rows]
        if classes:
            classes = list(dict.fromkeys(classes))
            found = [
                (row, [one for one in label if one in classes] if isinstance(label, (list, tuple)) else label)
                for row, label in found
            ]
            found = [(row, label) for row, label in found if (label if isinstance(label, list) else label in classes)]
        else:
            found = [(row, list(label) if isinstance(label, tuple) else label) for row, label in found]
            classes = sorted({one for _, label in found for one in (label if isinstance(label, list) else [label])})
        return np.array([row for row, _ in found], dtype=int), [label for _, label in found], classes

    def _take_columns(self, dataframe: Any, rows: Any, y_col: Any, weight_col: str | None) -> None:
        def column(name: Any) -> Any:
            values = list(dataframe[name])
            return np.array([values[row] for row in rows])

        self._sample_weight = None
        if weight_col is not None:
            self._sample_weight = column(weight_col)
            if self._sample_weight.dtype.kind not in "biuf":
                raise TypeError(f"Column weight_col={weight_col} must be numeric.")
        if self.class_mode == "multi_output":
            self._targets: Any = [column(name) for name in y_col]
        elif self.class_mode == "raw":
            several = isinstance(y_col, (list, tuple))
            self._targets = np.stack([column(name) for name in y_col], 1) if several else column(y_col)

    @property
    def labels(self) -> Any:
        """What the model learns of each picture."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> Any:
        """The weight of each picture, or None."""
        return self._sample_weight
