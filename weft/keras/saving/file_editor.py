"""`KerasFileEditor`: the weights in a file as nested dicts, to look at, to compare with a model, and to change."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.extend import explain, nearest, replacing_file, user_facing
from weft.keras.saving import archive, hdf5
from weft.keras.saving.state import Writer

_ENDING = ".weights.h5"


class KerasFileEditor:
    """The weights in a file: they can be looked at, compared with a model's, changed, and written to another file.

    Objects, such as layers, are called by their path in the file (`"layers/dense_1"`), or by its last part where only
    one object has it.

    Args:
        filepath: The path of a `.keras` or a `.weights.h5` file.

    Attributes:
        weights_dict: The contents, an object a dict: weights by their number, objects inside by their name.
        metadata: Of a `.keras` file, the release that wrote it and when; else None.
        config: Of a `.keras` file, the configuration of the model; else None.

    Raises:
        ValueError: For a path with another ending, and for a file that is damaged or refused.

    Example:
        >>> import numpy as np, tempfile
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> path = tempfile.mkdtemp() + "/model.weights.h5"
        >>> model.save_weights(path)
        >>> editor = keras.saving.KerasFileEditor(path)
        >>> editor.add_object("layers/dense_1", weights={"0": np.ones((1, 3)), "1": np.zeros(3)})
        >>> sorted(editor.weights_dict["layers"])
        ['dense', 'dense_1']
        >>> editor.save(path)
    """

    def __init__(self, filepath: Any) -> None:
        self.filepath = path = os.fspath(filepath)
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        if path.endswith(".keras"):
            whole = archive.Archive(path, path)
            try:
                self.metadata, self.config = whole.json(archive.METADATA), whole.json(archive.CONFIG)
                with whole.weights() as reader:
                    self.weights_dict = _read(reader, reader.group(""))
            finally:
                whole.close()
        elif path.endswith(_ENDING):
            self.weights_dict = _read_file(path, path)
        else:
            raise ValueError(explain(
                f"KerasFileEditor: Invalid filename: expected a `.keras` or a `{_ENDING}` file.", received=repr(path)
            ))  # fmt: skip

    def summary(self) -> None:
        """Prints which objects the file holds, and the shapes of their weights."""
        print("Weights structure")
        for line in _lines(self.weights_dict, "  "):
            print(line)

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Compares the weights with those of a model, by their places and shapes, and prints what differs.

        Args:
            reference_model: The model, built.

        Returns:
            A dict: `status`, "success" or "error"; `error_count`, how many weights or objects differ; and
            `match_count`, how many weights agree.
        """
        buffer = io.BytesIO()
        with hdf5.h5py().File(buffer, mode="w") as store:
            Writer(store).write(reference_model)
        errors: list[str] = []
        matches = _compare(_read_file(buffer, "the model"), self.weights_dict, "", errors)
        print("Running comparison")
        for error in errors:
            print(f"...{error}")
        if errors:
            plural = "" if len(errors) == 1 else "s"
            print(f"Found {len(errors)} error{plural}: saved file is not compatible with the reference model")
            return {"status": "error", "error_count": len(errors), "match_count": matches}
        print("Comparison successful: saved file is compatible with the reference model")
        return {"status": "success", "error_count": 0, "match_count": matches}

    @user_facing
    def rename_object(self, object_name: str, new_name: str) -> None:
        """Gives an object another name.

        Args:
            object_name: Its name or path.
            new_name: The last part of its new path.

        Raises:
            ValueError: Where there is no such object, or the new name is a path or taken.
        """
        if "/" in new_name:
            raise ValueError(explain(
                "rename_object: `new_name` is the last part of a path, not a path.", received=repr(new_name)
            ))  # fmt: skip
        around, name = self._place(object_name)
        if new_name in around and new_name != name:
            raise ValueError(explain(
                f"rename_object: there is an object `{new_name}` beside `{name}` already.",
                hint=f"delete_object({new_name!r}) first, or choose another name",
            ))  # fmt: skip
        items = [(new_name if key == name else key, value) for key, value in around.items()]
        around.clear()
        around.update(items)

    @user_facing
    def delete_object(self, object_name: str) -> None:
        """Takes an object out, with all that is in it.

        Args:
            object_name: Its name or path.

        Raises:
            ValueError: Where there is no such object.
        """
        around, name = self._place(object_name)
        del around[name]

    @user_facing
    def add_object(self, object_path: str, weights: dict[str, Any]) -> None:
        """Puts an object in; one that has the path already is replaced.

        Args:
            object_path: Its whole path, such as `"layers/dense_3"`.
            weights: Its weights, arrays by their numbers: `{"0": kernel, "1": bias}`.

        Raises:
            ValueError: Where the path leads through objects that are not there.
        """
        parents, _, name = object_path.rpartition("/")
        around = self._at(parents) if parents else self.weights_dict
        around[name] = _checked(weights)

    @user_facing
    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Takes a weight out of an object.

        Args:
            object_name: The object's name or path.
            weight_name: The weight's, such as `"1"`.

        Raises:
            ValueError: Where there is no such weight.
        """
        found = self._object(object_name)
        if weight_name not in found or isinstance(found[weight_name], dict):
            raise ValueError(explain(
                f"delete_weight: Weight {weight_name!r} not found in `{object_name}`.",
                expected="one of " + (", ".join(map(repr, found)) or "none"),
            ))  # fmt: skip
        del found[weight_name]

    @user_facing
    def add_weights(self, object_name: str, weights: dict[str, Any]) -> None:
        """Puts weights into an object; those that have the same names are replaced.

        Args:
            object_name: The object's name or path.
            weights: Arrays by their names, such as `{"1": bias}`.

        Raises:
            ValueError: Where there is no such object.
        """
        self._object(object_name).update(_checked(weights))

    @user_facing
    def save(self, filepath: Any) -> None:
        """Writes the weights to a file, which is whole or not there.

        Args:
            filepath: A path that ends in `.weights.h5`.

        Raises:
            ValueError: For another ending.
        """
        path = os.fspath(filepath)
        if not path.endswith(_ENDING):
            raise ValueError(explain(
                f"Invalid `filepath` argument: expected a `{_ENDING}` extension.", received=repr(path)
            ))  # fmt: skip
        buffer = io.BytesIO()
        with hdf5.h5py().File(buffer, mode="w") as store:
            _write(store, self.weights_dict)
        with replacing_file(path) as file:
            file.write(buffer.getvalue())

    resave_weights = save

    def _at(self, path: str) -> dict[str, Any]:
        """The object of a whole path."""
        found: Any = self.weights_dict
        for part in path.split("/"):
            inside = found.get(part)
            if not isinstance(inside, dict):
                raise ValueError(explain(
                    f"Path '{path}' not found in model. {nearest(part, _objects(found))}".rstrip(),
                    hint="summary() prints what there is",
                ))  # fmt: skip
            found = inside
        return found

    def _place(self, name: str) -> tuple[dict[str, Any], str]:
        """The object around the one of a name or path, and the name inside it."""
        parents, _, last = name.rpartition("/")
        if parents:
            self._at(name)
            return self._at(parents), last
        places = list(_holders(self.weights_dict, name))
        if not places:
            raise ValueError(explain(
                f"Source name '{name}' does not appear in the model.", hint="summary() prints what there is"
            ))  # fmt: skip
        if len(places) > 1:
            raise ValueError(explain(
                f"Name '{name}' occurs more than once in the model; try passing a complete path.",
                received=f"{len(places)} objects of that name",
            ))  # fmt: skip
        return places[0], last

    def _object(self, name: str) -> dict[str, Any]:
        around, last = self._place(name)
        return around[last]  # type: ignore[no-any-return]


def _checked(weights: Any) -> dict[str, Any]:
    if not isinstance(weights, dict):
        raise ValueError(explain(
            "Argument `weights` should be a dict where keys are weight names (usually '0', '1', etc.) and values are "
            "arrays.", received=type(weights).__name__,
        ))  # fmt: skip
    return {name: np.asarray(value) for name, value in weights.items()}


def _objects(found: dict[str, Any]) -> list[str]:
    return [name for name, value in found.items() if isinstance(value, dict)]


def _holders(found: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The objects that directly hold one of a name."""
    for key in _objects(found):
        if key == name:
            yield found
        yield from _holders(found[key], name)


def _read_file(file: Any, name: str) -> dict[str, Any]:
    reader = hdf5.Reader(file, name)
    try:
        return _read(reader, reader.group(""))
    finally:
        reader.close()


def _read(reader: hdf5.Reader, group: Any, around: tuple[Any, ...] = ()) -> dict[str, Any]:
    """What is in a group: the weights of its `vars`, and the groups inside that lead to weights."""
    place = hdf5.h5py().h5o.get_info(group.id).addr
    if place in around:
        raise reader._refuse("a group in it leads back to itself")
    found: dict[str, Any] = {}
    variables = reader.find("vars", group)
    if isinstance(variables, hdf5.h5py().Group):
        found.update((key, reader.read(variables, key)) for key in reader.keys(variables))
    for key in reader.keys(group):
        item = reader.find(key, group) if key != "vars" else None
        if isinstance(item, hdf5.h5py().Group):
            inside = _read(reader, item, (*around, place))
            if inside:
                found[key] = inside
    return found


def _write(group: Any, found: dict[str, Any]) -> None:
    weights = {name: value for name, value in found.items() if not isinstance(value, dict)}
    if weights:
        variables = group.create_group("vars")
        for name, value in weights.items():
            hdf5.put_array(variables, name, value)
    for name in _objects(found):
        _write(group.create_group(name), found[name])


def _lines(found: dict[str, Any], indent: str) -> Iterator[str]:
    """The lines of a drawing of nested objects."""
    for number, (name, value) in enumerate(found.items()):
        last = number == len(found) - 1
        stem = indent + ("└─ " if last else "├─ ")
        if isinstance(value, dict):
            yield f"{stem}{name}"
            yield from _lines(value, indent + ("    " if last else "│   "))
        else:
            yield f"{stem}{name}: shape={value.shape}, dtype={value.dtype}"


def _compare(model: dict[str, Any], saved: dict[str, Any], path: str, errors: list[str]) -> int:
    """Notes what differs between a model's weights and saved ones; returns how many agree."""
    matches = 0
    for name in dict.fromkeys((*model, *saved)):
        own, other, place = model.get(name), saved.get(name), f"{path}/{name}"
        if own is None or other is None:
            present, missing = ("saved file", "reference model") if own is None else ("reference model", "saved file")
            there = other if own is None else own
            kind = "Object" if isinstance(there, dict) else "Weight"
            errors.append(f"{kind} {place} present in {present}, missing from {missing}")
        elif isinstance(own, dict) and isinstance(other, dict):
            matches += _compare(own, other, place, errors)
        elif isinstance(own, dict) or isinstance(other, dict):
            errors.append(f"{place} is an object in one of both and a weight in the other")
        elif own.shape != other.shape:
            errors.append(
                f"Weight shape mismatch for {place}: in reference model {own.shape}, in saved file {other.shape}"
            )
        else:
            matches += 1
    return matches


__all__ = ["KerasFileEditor"]
