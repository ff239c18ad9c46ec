"""Saving and loading: `save_model`, `load_model`, `save_weights`, `load_weights`."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import Any

from weft.extend import at_once, explain, nearest, replacing_file, temporary_file, user_facing
from weft.keras.saving import archive, checkpoints, hdf5, legacy_h5, shards
from weft.keras.saving.state import Loader, Writer, report

_H5_ENDINGS = (".h5", ".hdf5", ".hdf")


class _NotThere(FileNotFoundError, ValueError):
    """No such file: Keras raises ValueError, everybody else FileNotFoundError."""


def _is_open_file(target: Any) -> bool:
    return hasattr(target, "write") or hasattr(target, "read")


def _may_replace(path: str, overwrite: bool) -> bool:
    """Whether a file may be written: asks the user where it is there and `overwrite` is false."""
    if overwrite or not os.path.exists(path):
        return True
    try:
        return input(f"`{path}` exists. Overwrite it? [y/n] ").strip().lower() in ("y", "yes")
    except EOFError:
        raise FileExistsError(explain(
            f"`{path}` exists, and `overwrite` is false.", hint="pass overwrite=True, or another path"
        )) from None  # fmt: skip


@user_facing
@at_once
def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Writes a model: what makes it again, its weights, how it was compiled, and the optimizer's state.

    The file is whole or not there: it is written beside its place and takes it when it is complete.

    Args:
        model: The model.
        filepath: A path that ends in `.keras`, or in `.h5` for Keras 2's layout; or an open binary file.
        overwrite: Whether a file that is there is replaced without asking.
        zipped: False writes a folder in place of a `.keras` file.
        **kwargs: `include_optimizer` for `.h5`; `save_format` of Keras 2, `"keras"` or `"h5"`.

    Raises:
        ValueError: For a path with another ending.
        NotImplementedError: Where an object cannot be written down.

    Example:
        >>> import tempfile
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> path = tempfile.mkdtemp() + "/model.keras"
        >>> keras.saving.save_model(model, path)
        >>> keras.saving.load_model(path).count_params()
        3
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    form = kwargs.pop("save_format", None)
    kwargs.pop("options", None)
    kwargs.pop("signatures", None)
    kwargs.pop("save_traces", None)
    if kwargs:
        word = next(iter(kwargs))
        known = ("filepath", "overwrite", "zipped", "include_optimizer", "save_format")
        raise UnknownArgument(explain(
            f"save: The following argument(s) are not supported: {list(kwargs)}. {nearest(word, known)}"
        ))  # fmt: skip
    if form not in (None, "h5", "hdf5", "tf") and not str(filepath).endswith((".keras", *_H5_ENDINGS)):
        raise ValueError(explain(
            "The `save_format` argument is deprecated: the path's ending says how the model is saved.",
            received=f"save_format={form!r}, {filepath!r}", hint=f"model.save({f'{filepath}.keras'!r})",
        ))  # fmt: skip
    _warn_unbuilt(model)
    if _is_open_file(filepath):
        archive.write_archive(model, filepath)
        return
    path = os.fspath(filepath)
    h5 = form in ("h5", "hdf5") or (form is None and path.endswith(_H5_ENDINGS))
    if form == "tf":
        raise NotImplementedError(explain(
            "Weft does not write SavedModels from Keras models.", hint="save as .keras or .h5"
        ))  # fmt: skip
    if not h5 and form is None and zipped is not False and not path.endswith(".keras"):
        raise ValueError(explain(
            "Invalid filepath extension for saving: it must end in `.keras` (or in `.h5` for Keras 2's layout).",
            received=repr(path), hint=f"model.save({path + '.keras'!r})",
        ))  # fmt: skip
    if not _may_replace(path, overwrite):
        return
    if h5:
        with temporary_file() as file:
            with hdf5.h5py().File(file, mode="w") as store:
                legacy_h5.write_model(store, model, include_optimizer)
            _put_in_place(file, path)
    elif zipped is False:
        if path.endswith(".keras"):
            raise ValueError(explain("A folder's path should not end in `.keras`.", received=repr(path)))
        archive.write_folder(model, path)
    else:
        with replacing_file(path) as file:
            archive.write_archive(model, file)


class UnknownArgument(ValueError, TypeError):
    """A keyword that saving does not know: a ValueError as in Keras 3, and a TypeError as elsewhere."""


def _put_in_place(file: Any, path: str) -> None:
    file.seek(0)
    with replacing_file(path) as target:
        shutil.copyfileobj(file, target, 1 << 20)


def _warn_unbuilt(model: Any) -> None:
    if not getattr(model, "built", True):
        warnings.warn(
            f"The model `{model.name}` is saved before it is built: it has no weights yet. Call it on data first.",
            stacklevel=4,
        )


@user_facing
@at_once
def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: Any = True) -> Any:
    """The model in a file: `.keras`, or `.h5` of Keras 1, 2 or 3. What the file holds decides, not its name.

    Nothing in the file is run. Classes are found by name among Keras' own, registered ones and `custom_objects`.

    Args:
        filepath: The path, or an open binary file.
        custom_objects: Name → class or function, for what is not Keras' own.
        compile: Whether it is compiled as it was.
        safe_mode: False lets Python code run that a Lambda layer in the file may hold.

    Returns:
        The model, with its weights, compiled with its optimizer's state.

    Raises:
        ValueError: For a file that is not there, damaged, refused, or does not fit together.
    """
    if _is_open_file(filepath):
        return archive.read_archive(filepath, "the file", custom_objects, compile, safe_mode)
    path = os.fspath(filepath)
    if os.path.isdir(path):
        if os.path.exists(os.path.join(path, archive.CONFIG)):
            return archive.read_folder(path, custom_objects, compile, safe_mode)
        raise ValueError(explain(
            f"`{path}` is a folder without {archive.CONFIG}: Weft does not read SavedModels as Keras models.",
            hint="save the model as .keras or .h5",
        ))  # fmt: skip
    kind = _kind_of(path)
    if kind == "zip":
        return archive.read_archive(path, path, custom_objects, compile, safe_mode)
    if kind == "hdf5":
        reader = hdf5.Reader(path, path)
        try:
            return legacy_h5.read_model(reader, os.path.getsize(path), custom_objects, compile, safe_mode)
        finally:
            reader.close()
    raise _unknown_kind(path)


def _kind_of(path: str) -> str | None:
    """What a file is, by its first bytes."""
    if not os.path.exists(path):
        folder, name = os.path.split(path)
        near = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
        known = path.endswith((".keras", *_H5_ENDINGS))
        problem = f"File not found: there is no file `{path}`." if known else (
            f"File format not supported: there is no file `{path}`, nor do models have names like it."
        )  # fmt: skip
        raise _NotThere(explain(
            f"{problem} {nearest(name, near[:1000])}".rstrip(), received=f"cwd {os.getcwd()}",
            hint="Please ensure the file is an accessible `.keras` zip file, or an `.h5` file",
        ))  # fmt: skip
    with open(path, "rb") as file:
        start = file.read(8)
    if start.startswith(archive.MAGIC):
        return "zip"
    return "hdf5" if start == hdf5.MAGIC else None


def _unknown_kind(path: str) -> ValueError:
    with open(path, "rb") as file:
        start = file.read(16)
    return ValueError(explain(
        f"`{path}` holds no saved model: it is neither a .keras archive nor an HDF5 file.",
        received=f"{os.path.getsize(path)} bytes, beginning with {start!r}",
    ))  # fmt: skip


@user_facing
@at_once
def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any) -> None:
    """Writes the weights of a model, and its optimizer's state.

    Args:
        model: The model.
        filepath: A path that ends in `.weights.h5`; any other `.h5` has Keras 2's layout. One without an ending is the
            prefix of a checkpoint of TensorFlow's, as in Keras 2.
        overwrite: Whether a file that is there is replaced without asking.
        max_shard_size: How many GB a file holds at most. The path then ends in `.weights.json`: that file says which
            of those beside it holds what.
        **kwargs: `save_format` of Keras 2.

    Raises:
        ValueError: For a model that is not built, or a path with another ending.
    """
    form = kwargs.pop("save_format", None)
    kwargs.pop("options", None)
    skip = kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise UnknownArgument(f"save_weights: Invalid keyword arguments. There is no argument `{next(iter(kwargs))}`.")
    path = os.fspath(filepath)
    if not getattr(model, "built", True):
        raise ValueError(explain(
            f"You are saving a model that has not yet been built. `{model.name}` has no weights to save.",
            hint="call it on data first, or model.build(input_shape)",
        ))  # fmt: skip
    if max_shard_size is not None:
        index = shards.index_of(path)
        if _may_replace(index, overwrite):
            shards.write(model, index, max_shard_size, skip)
        return
    if checkpoints.names_checkpoint(path, form):
        checkpoints.write(model, path)
        return
    legacy = form in ("h5", "hdf5") or path.endswith(_H5_ENDINGS)
    if not path.endswith(".weights.h5") and not legacy:
        raise ValueError(explain(
            "The path of a file of weights must end in `.weights.h5`.", received=repr(path),
            hint=f"model.save_weights({os.path.splitext(path)[0] + '.weights.h5'!r})",
        ))  # fmt: skip
    if not _may_replace(path, overwrite):
        return
    with temporary_file() as file:
        with hdf5.h5py().File(file, mode="w") as store:
            if path.endswith(".weights.h5"):
                Writer(store, skip=skip).write(model)
            else:
                legacy_h5.write_weights(store, model)
        _put_in_place(file, path)


@user_facing
@at_once
def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **kwargs: Any) -> Any:
    """Gives a model the weights of a file.

    Args:
        model: The model, built; for a checkpoint it may be built later.
        filepath: A `.weights.h5`, a `.weights.json`, a `.keras`, an `.h5` of Keras 1 or 2, or the prefix of a
            checkpoint of TensorFlow's.
        skip_mismatch: Whether what does not fit is left as it is, with a warning.
        by_name: Whether layers are matched by name, for Keras 2's layout.
        **kwargs: `objects_to_skip`.

    Returns:
        For a checkpoint its status, which can be asked what was matched; None otherwise.

    Raises:
        ValueError: Where the weights do not fit, naming layer, variable and shapes.
    """
    skip = kwargs.pop("objects_to_skip", None)
    kwargs.pop("options", None)
    if kwargs:
        raise UnknownArgument(f"load_weights: Invalid keyword arguments. There is no argument `{next(iter(kwargs))}`.")
    if filepath is None:
        raise ValueError(explain(
            "load_weights: `filepath` is None.",
            hint="where tf.train.latest_checkpoint gave it, the folder has no checkpoint",
        ))  # fmt: skip
    path = os.fspath(filepath)
    if checkpoints.is_checkpoint(path):
        return checkpoints.read(model, path)
    kind = _kind_of(path)
    sharded = path.endswith(shards.INDEX)
    if kind is None and not sharded:
        raise _unknown_kind(path)
    if not getattr(model, "built", True):
        raise ValueError(explain(
            f"You are loading weights into a model that has not yet been built. `{model.name}` has none.",
            hint="call it on data first, or model.build(input_shape)",
        ))  # fmt: skip
    if sharded:
        with shards.joined(path) as reader:
            _load(model, reader, path, skip_mismatch, by_name, skip)
        return None
    if kind == "zip":
        whole = archive.Archive(path, path)
        try:
            with whole.weights() as reader:
                _load(model, reader, path, skip_mismatch, by_name, skip)
        finally:
            whole.close()
        return None
    reader = hdf5.Reader(path, path)
    try:
        _load(model, reader, path, skip_mismatch, by_name, skip)
    finally:
        reader.close()
    return None


def _load(model: Any, reader: hdf5.Reader, name: str, skip_mismatch: bool, by_name: bool, skip: Any) -> None:
    group = legacy_h5.weights_group(reader)
    if group is not None:
        legacy_h5.read_weights(reader, group, model, by_name=by_name, skip_mismatch=skip_mismatch)
        return
    if by_name:
        raise ValueError(explain(
            f"`{name}` has the layout of Keras 3, whose layers have no names to go by.",
            hint="leave `by_name` out, or save the weights as .h5, which has Keras 2's layout",
        ))  # fmt: skip
    loader = Loader(reader, skip=skip)
    loader.load(model)
    report(loader.problems, name, warn_only=skip_mismatch)
    unused = loader.unused()
    if unused and not loader.problems:
        warnings.warn(
            f"`{name}` holds weights that the model `{model.name}` has no place for: {', '.join(unused[:10])}.",
            stacklevel=4,
        )
