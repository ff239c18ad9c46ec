"""Datasets of folders: one of pictures or texts for each class; and of windows of time series."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.config import standardize_data_format
from weft.keras.layers.preprocessing.image.resampling import INTERPOLATIONS, one_of
from weft.keras.layers.preprocessing.image.sizes import resize_images

_PICTURES, _TEXTS, _SOUNDS = (".bmp", ".gif", ".jpeg", ".jpg", ".png"), (".txt",), (".wav",)
#: what messages call files by their endings
_KINDS = {_PICTURES: "images", _TEXTS: "text files", _SOUNDS: "audio files"}
_MODES = {"rgb": 3, "rgba": 4, "grayscale": 1}


def _files(folder: Path, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    """The files below a folder with these endings, folder after folder in order."""
    found: list[str] = []
    for root, _, names in sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0]):
        found.extend(os.path.join(root, name) for name in sorted(names) if name.lower().endswith(endings))
    return found


class _Listing:
    """Files with their labels.

    Args:
        function: Whom to name in errors.
        directory: The folder.
        labels: "inferred", None, or one number a file.
        class_names: The subfolders in the order of their numbers; by name by default.
        endings: Of the files that count.
        shuffle: Whether they are put in random order.
        seed: Of that order.
        follow_links: Whether links to folders are followed.
        verbose: Whether to say what was found.
    """

    def __init__(
        self, function: str, directory: Any, labels: Any, class_names: Any, endings: tuple[str, ...], shuffle: bool,
        seed: int, follow_links: bool, verbose: bool,
    ) -> None:  # fmt: skip
        base = Path(directory)
        if not base.is_dir():
            raise FileNotFoundError(explain(f"{function}: there is no folder {str(directory)!r}."))
        self.class_names: list[str] | None = None
        if labels == "inferred":
            self._by_folder(function, base, class_names, endings, follow_links)
        else:
            if class_names is not None:
                raise ValueError(explain(
                    f"{function}: You can only pass `class_names` if `labels=\"inferred\"`.",
                    received=f"labels={labels!r}"[:100],
                ))  # fmt: skip
            self.paths = _files(base, endings, follow_links)
            self.labels = None if labels is None else np.asarray(labels)
            if labels is not None:
                if len(labels) != len(self.paths):
                    raise ValueError(explain(
                        f"{function}: Expected the lengths of `labels` to match the number of files: one label a file.",
                        received=f"{len(labels)} labels, {len(self.paths)} files",
                    ))  # fmt: skip
                self.class_names = [str(label) for label in sorted(set(labels))]
        if verbose:
            classes = "." if self.labels is None else f" belonging to {len(self.class_names or ())} classes."
            print(f"Found {len(self.paths)} files{classes}")
        if shuffle:
            np.random.RandomState(seed).shuffle(self.paths)
            if self.labels is not None:
                np.random.RandomState(seed).shuffle(self.labels)

    def _by_folder(
        self, function: str, base: Path, class_names: Any, endings: tuple[str, ...], follow_links: bool
    ) -> None:
        folders = sorted(entry.name for entry in base.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if class_names is not None:
            if not set(class_names) <= set(folders):
                raise ValueError(explain(
                    f"{function}: The `class_names` passed did not match the names of the subfolders.",
                    expected=", ".join(folders), received=", ".join(map(str, class_names)),
                ))  # fmt: skip
            folders = list(class_names)
        found = [_files(base / folder, endings, follow_links) for folder in folders]
        self.paths = [path for paths in found for path in paths]
        numbers = [number for number, paths in enumerate(found) for _ in paths]
        self.labels = np.array(numbers, np.int32)
        self.class_names = folders

    def part(self, function: str, share: float | None, subset: str | None) -> tuple[list[str], Any]:
        """The files and labels of a subset."""
        if not share:
            return self.paths, self.labels
        count = int(share * len(self.paths))
        first, last = (0, len(self.paths) - count) if subset == "training" else (len(self.paths) - count, None)
        paths = self.paths[first:last]
        print(f"Using {len(paths)} files for {subset}.")
        return paths, None if self.labels is None else self.labels[first:last]


def _check(function: str, labels: Any, label_mode: Any, share: Any, subset: Any, shuffle: bool, seed: Any) -> None:
    if labels not in ("inferred", None) and not isinstance(labels, (list, tuple)):
        raise ValueError(explain(
            f"{function}: the `labels` argument should be a list of labels, one a file, 'inferred' or None.",
            received=repr(labels)[:100],
        ))  # fmt: skip
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(explain(
            f"{function}: the `label_mode` argument must be one of 'int', 'categorical', 'binary' or None.",
            received=repr(label_mode),
        ))  # fmt: skip
    if share and not 0 < share < 1:
        raise ValueError(explain(f"{function}: `validation_split` must be between 0 and 1.", received=repr(share)))
    if bool(share) != bool(subset):
        given, missing = ("`validation_split`", "`subset`") if share else ("`subset`", "`validation_split`")
        raise ValueError(explain(
            f"{function}: where {given} is set, {missing} must be set, too.",
            received=f"validation_split={share!r}, subset={subset!r}",
        ))  # fmt: skip
    if subset not in ("training", "validation", "both", None):
        raise ValueError(explain(
            f"{function}: `subset` must be either \"training\", \"validation\" or \"both\".", received=repr(subset)
        ))  # fmt: skip
    if share and shuffle and seed is None:
        raise ValueError(explain(
            f"{function}: to split shuffled files alike every time, you must provide a `seed`.",
            hint="pass seed=…, or shuffle=False",
        ))  # fmt: skip


def _from_directory(
    function: str, load: Callable[[Any], Any], endings: tuple[str, ...], directory: Any, labels: Any, label_mode: Any,
    class_names: Any, batch_size: Any, shuffle: bool, seed: Any, validation_split: Any, subset: Any, follow_links: bool,
    format: str, verbose: bool, batched: Callable[[Any, int], Any] = tf.data.Dataset.batch,
) -> Any:  # fmt: skip
    """A dataset of what a function makes of files, or two."""
    _check(function, labels, label_mode, validation_split, subset, shuffle, seed)
    if format != "tf":
        raise ValueError(explain(f"{function}: `format` should be 'tf'.", received=repr(format)))
    if labels is None or label_mode is None:
        labels = label_mode = None
    seed = int(np.random.randint(10**6)) if seed is None else seed
    listing = _Listing(function, directory, labels, class_names, endings, shuffle, seed, follow_links, verbose)
    classes = len(listing.class_names or ())
    if label_mode == "binary" and classes != 2:
        raise ValueError(explain(
            f"{function}: for label_mode='binary' there must be exactly 2 classes.", received=str(classes)
        ))  # fmt: skip

    def make(part: str | None) -> Any:
        paths, numbers = listing.part(function, validation_split, part)
        if not paths:
            raise ValueError(explain(
                f"{function}: No {_KINDS[endings]} found in directory {str(directory)!r}"
                f"{f' for the subset {part!r}: there are too few' if listing.paths else ''}.",
                expected="files that end in " + ", ".join(endings),
            ))  # fmt: skip
        dataset: Any = tf.data.Dataset.from_tensor_slices(_with_labels(paths, numbers, label_mode, classes))
        if shuffle and not (subset == "both" and part == "validation"):
            dataset = dataset.shuffle(batch_size * 8 if batch_size else 1024, seed=seed)
        dataset = dataset.map(load if label_mode is None else lambda path, label: (load(path), label))
        dataset = batched(dataset, batch_size) if batch_size is not None else dataset
        dataset = dataset.prefetch(tf.data.AUTOTUNE)
        dataset.class_names = listing.class_names
        dataset.file_paths = paths
        return dataset

    return [make("training"), make("validation")] if subset == "both" else make(subset)


def _with_labels(paths: list[str], numbers: Any, label_mode: Any, classes: int) -> Any:
    if label_mode is None:
        return paths
    if label_mode == "binary":
        return paths, numbers.astype("float32")[:, None]
    return paths, numbers if label_mode == "int" else np.eye(classes, dtype="float32")[numbers]


def image_dataset_from_directory(
    directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Any = None,
    color_mode: str = "rgb", batch_size: int | None = 32, image_size: Any = (256, 256), shuffle: bool = True,
    seed: int | None = None, validation_split: float | None = None, subset: str | None = None,
    interpolation: str = "bilinear", follow_links: bool = False, crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False, data_format: str | None = None, format: str = "tf", verbose: bool = True,
) -> Any:  # fmt: skip
    """A dataset of pictures in folders, one a class.

    Args:
        directory: The folder with a subfolder for each class.
        labels: "inferred" from the subfolders, None, or one number a file in the order of their paths.
        label_mode: "int", "categorical" (one-hot), "binary" (0.0 or 1.0) or None.
        class_names: The subfolders in the order of their numbers; by name by default.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: Pictures in a batch; None gives single ones.
        image_size: Height and width that they are brought to.
        shuffle: Whether they come in random order.
        seed: Of that order.
        validation_split: The share that is set aside.
        subset: "training", "validation", or "both" for a list of two datasets.
        interpolation: How they are resized.
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Whether to cut off what would distort a picture.
        pad_to_aspect_ratio: Whether to add what would distort it.
        data_format: "channels_last" or "channels_first".
        format: "tf".
        verbose: Whether to say what was found.

    Returns:
        A `tf.data.Dataset` of pictures (float32, 0 to 255) or pairs with labels; it has `class_names` and `file_paths`.
    """
    function = "image_dataset_from_directory"
    if color_mode not in _MODES:
        raise ValueError(explain(
            f"{function}: `color_mode` must be one of {', '.join(map(repr, _MODES))}.", received=repr(color_mode)
        ))  # fmt: skip
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    kind = one_of(function, "interpolation", interpolation, INTERPOLATIONS)
    first = standardize_data_format(data_format) == "channels_first"

    def load(path: Any) -> Any:
        picture = tf.image.decode_image(tf.io.read_file(path), channels=_MODES[color_mode], expand_animations=False)
        picture = tf.cast(tf.ensure_shape(picture, (None, None, _MODES[color_mode])), "float32")
        if pad_to_aspect_ratio:  # the pads come after the resizing here, and before it in the layer Resizing
            picture = tf.image.resize_with_pad(picture, int(height), int(width), method=kind)
        else:
            picture = resize_images(picture[None], int(height), int(width), kind, False, crop_to_aspect_ratio)[0]
        return tf.transpose(picture, [2, 0, 1]) if first else picture

    return _from_directory(
        function, load, _PICTURES, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def text_dataset_from_directory(
    directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Any = None,
    batch_size: int | None = 32, max_length: int | None = None, shuffle: bool = True, seed: int | None = None,
    validation_split: float | None = None, subset: str | None = None, follow_links: bool = False, format: str = "tf",
    verbose: bool = True,
) -> Any:  # fmt: skip
    """A dataset of texts (`.txt`) in folders, one a class; arguments as for `image_dataset_from_directory`.

    Args:
        directory: The folder with a subfolder for each class.
        labels: "inferred", None, or one number a file.
        label_mode: "int", "categorical", "binary" or None.
        class_names: The subfolders in the order of their numbers.
        batch_size: Texts in a batch; None gives single ones.
        max_length: How many bytes of a text are kept; all by default.
        shuffle: Whether they come in random order.
        seed: Of that order.
        validation_split: The share that is set aside.
        subset: "training", "validation" or "both".
        follow_links: Whether links to folders are followed.
        format: "tf".
        verbose: Whether to say what was found.

    Returns:
        A `tf.data.Dataset` of strings, or pairs with labels; it has `class_names` and `file_paths`.
    """

    def load(path: Any) -> Any:
        text = tf.io.read_file(path)
        return text if max_length is None else tf.strings.substr(text, 0, max_length)

    return _from_directory(
        "text_dataset_from_directory", load, _TEXTS, directory, labels, label_mode, class_names, batch_size, shuffle,
        seed, validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def audio_dataset_from_directory(
    directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Any = None,
    batch_size: int | None = 32, sampling_rate: int | None = None, output_sequence_length: int | None = None,
    ragged: bool = False, shuffle: bool = True, seed: int | None = None, validation_split: float | None = None,
    subset: str | None = None, follow_links: bool = False, verbose: bool = True,
) -> Any:  # fmt: skip
    """A dataset of sounds (`.wav`) in folders, one a class; arguments as for `image_dataset_from_directory`.

    Args:
        directory: The folder with a subfolder for each class.
        labels: "inferred", None, or one number a file.
        label_mode: "int", "categorical", "binary" or None.
        class_names: The subfolders in the order of their numbers.
        batch_size: Sounds in a batch; None gives single ones.
        sampling_rate: None: sounds keep their rate. Weft does not resample.
        output_sequence_length: How many samples a sound has in the end: cut off, or filled up with 0. Where None, those
            of a batch are as long as its longest.
        ragged: Whether the sounds of a batch keep their lengths, as a ragged tensor.
        shuffle: Whether they come in random order.
        seed: Of that order.
        validation_split: The share that is set aside.
        subset: "training", "validation" or "both".
        follow_links: Whether links to folders are followed.
        verbose: Whether to say what was found.

    Returns:
        A `tf.data.Dataset` of float32 `[batch, samples, channels]` between -1 and 1, or pairs with labels; it has
        `class_names` and `file_paths`.

    Raises:
        ValueError: For arguments that do not go together, and where there are no files.
        ImportError: For a sampling rate.
    """
    function = "audio_dataset_from_directory"
    _check_sounds(function, sampling_rate, output_sequence_length, ragged)
    samples = -1 if output_sequence_length is None else output_sequence_length

    def load(path: Any) -> Any:
        return tf.audio.decode_wav(tf.io.read_file(path), desired_samples=samples)[0]

    batched: Callable[[Any, int], Any] = tf.data.Dataset.batch
    if output_sequence_length is None:
        batched = tf.data.Dataset.ragged_batch if ragged else tf.data.Dataset.padded_batch
    return _from_directory(
        function, load, _SOUNDS, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, "tf", verbose, batched,
    )  # fmt: skip


def _check_sounds(function: str, rate: Any, length: Any, ragged: bool) -> None:
    if rate is not None:
        if not isinstance(rate, (int, np.integer)):
            raise ValueError(f"{function}: `sampling_rate` should have an integer value. Received: {rate!r}")
        if rate <= 0:
            raise ValueError(f"{function}: `sampling_rate` should be higher than 0. Received: {rate!r}")
        raise ImportError(explain(
            "To use the argument `sampling_rate`, Keras asks the package tensorflow_io to resample. Weft does not.",
            hint="leave it out, and bring the files to one rate beforehand",
        ))  # fmt: skip
    if ragged and length is not None:
        raise ValueError(explain(
            f"{function}: Cannot set both `ragged` and `output_sequence_length`.", received=f"{length} samples"
        ))  # fmt: skip


def timeseries_dataset_from_array(
    data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1, sampling_rate: int = 1,
    batch_size: int | None = 128, shuffle: bool = False, seed: int | None = None, start_index: int | None = None,
    end_index: int | None = None, format: str = "tf",
) -> Any:  # fmt: skip
    """A dataset of windows of a time series.

    Args:
        data: `[time, ...]`.
        targets: `[time, ...]`, of which each window has the one at its first place; or None.
        sequence_length: How many rows a window has.
        sequence_stride: From where one begins to where the next does.
        sampling_rate: From one row of a window to the next.
        batch_size: Windows in a batch; None gives single ones.
        shuffle: Whether they come in random order.
        seed: Of that order.
        start_index: From which row on.
        end_index: Up to which row, that excluded.
        format: "tf".

    Returns:
        A `tf.data.Dataset` of windows, or pairs with targets.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> windows = keras.utils.timeseries_dataset_from_array(np.arange(5), np.arange(5) * 10, 3, batch_size=2)
        >>> [(x.numpy().tolist(), y.numpy().tolist()) for x, y in windows]
        [([[0, 1, 2], [1, 2, 3]], [0, 10]), ([[2, 3, 4]], [20])]
    """
    rows = len(data)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < rows:
            raise ValueError(explain(
                f"timeseries_dataset_from_array: `{name}` must be higher than 0 and lower than the length of the data.",
                received=f"{value}, {rows} rows",
            ))  # fmt: skip
    begin, end = start_index or 0, rows if end_index is None else end_index
    if not 0 <= begin < rows or not begin < end <= rows:
        name, least = ("end_index", "after `start_index`") if 0 <= begin < rows else ("start_index", "not below 0")
        raise ValueError(explain(
            f"timeseries_dataset_from_array: `{name}` must be within the data, and {least}.",
            received=f"start_index={start_index}, end_index={end_index}, {rows} rows",
        ))  # fmt: skip
    if format != "tf":
        raise ValueError(explain("timeseries_dataset_from_array: `format` should be 'tf'.", received=repr(format)))
    count = end - begin - (sequence_length - 1) * sampling_rate
    count = count if targets is None else min(count, len(targets))
    starts = np.arange(0, count, sequence_stride, dtype=np.int32)
    if shuffle:
        seed = int(np.random.randint(10**6)) if seed is None else seed
        np.random.RandomState(seed).shuffle(starts)
    values = tf.convert_to_tensor(np.asarray(data)[begin:end])
    goals = None if targets is None else tf.convert_to_tensor(np.asarray(targets)[begin:end])
    steps = tf.range(sequence_length) * sampling_rate

    def window(start: Any) -> Any:
        found = tf.gather(values, start + steps)
        return found if goals is None else (found, tf.gather(goals, start))

    dataset = tf.data.Dataset.from_tensor_slices(starts).map(window)
    if shuffle:
        dataset = dataset.shuffle(batch_size * 8 if batch_size else 1024, seed=seed)
    dataset = dataset.batch(batch_size) if batch_size is not None else dataset
    return dataset.prefetch(tf.data.AUTOTUNE)
