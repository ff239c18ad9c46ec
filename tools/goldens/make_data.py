"""TensorFlow's input pipelines: what each expression of data_programs.py gives, or that it refuses it."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import _store as store
import data_programs as programs
import numpy as np
import tensorflow as tf


def encode(value: Any) -> Any:
    """An element as JSON: [dtype, nested values]; structure as lists and dicts."""
    if isinstance(value, dict):
        return {"dict": {key: encode(part) for key, part in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [encode(part) for part in value]}
    if value is None:
        return None
    if isinstance(value, tf.data.Dataset):
        return {"dataset": [encode(part) for part in value]}
    array = np.asarray(value.numpy(), object if value.dtype == tf.string else None)
    flat = [v.decode("latin-1") if isinstance(v, bytes) else v for v in array.ravel().tolist()]
    return [value.dtype.name, list(array.shape), flat]


def result(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """What an expression gives."""
    found = eval(text, names)
    if not isinstance(found, tf.data.Dataset):
        return {"program": text, "value": encode(found)}
    return {
        "program": text, "print": repr(found), "cardinality": int(found.cardinality()),
        "elements": [encode(element) for element in found],
    }  # fmt: skip


def refusal(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """The class of the error that an expression raises."""
    try:
        eval(text, names)
    except Exception as error:
        return {"program": text, "raises": type(error).__name__}
    raise AssertionError(f"TensorFlow takes {text}")


def write_records(folder: Path) -> dict[str, str]:
    """Record files as TensorFlow writes them, which the goldens keep."""
    train = tf.train
    with tf.io.TFRecordWriter(str(folder / "examples.tfrecord")) as writer:
        for number in range(3):
            feature = {
                "a": train.Feature(int64_list=train.Int64List(value=[number - 1])),
                "b": train.Feature(float_list=train.FloatList(value=[number, number / 3, 1e-9])),
                "c": train.Feature(bytes_list=train.BytesList(value=[b"text\x00" * number])),
            }
            if number != 1:
                feature["e"] = train.Feature(int64_list=train.Int64List(value=range(number)))
                feature["d"] = train.Feature(float_list=train.FloatList(value=[number, -number]))
            writer.write(train.Example(features=train.Features(feature=feature)).SerializeToString())
    with tf.io.TFRecordWriter(str(folder / "sequences.tfrecord.gz"), "GZIP") as writer:
        for number in range(3):
            words = [train.Feature(bytes_list=train.BytesList(value=[b"w%d" % i])) for i in range(number)]
            pairs = [train.Feature(float_list=train.FloatList(value=[i, i + 0.5])) for i in range(number)]
            sequence = train.SequenceExample(
                context=train.Features(feature={"n": train.Feature(int64_list=train.Int64List(value=[number]))}),
                feature_lists=train.FeatureLists(
                    feature_list={"w": train.FeatureList(feature=words), "v": train.FeatureList(feature=pairs)}
                ),
            )
            writer.write(sequence.SerializeToString())
    paths = sorted(folder.glob("*.tfrecord*"))
    return {path.name: base64.b64encode(path.read_bytes()).decode() for path in paths}


with tempfile.TemporaryDirectory() as folder:
    programs.write_files(Path(folder))
    names = {"tf": tf, "np": np, "D": tf.data.Dataset, "folder": folder}
    content = {
        "files": write_records(Path(folder)),
        "meta": store.metadata("data"),
        "programs": [result(text, names) for text in programs.lines(programs.PROGRAMS)],
        "refused": [refusal(text, names) for text in programs.lines(programs.REFUSED)],
    }
path = store.GOLDEN_DIR / "data.json"
text = json.dumps(content, separators=(",", ":")).replace('{"program"', '\n{"program"')
path.write_text(text + "\n", encoding="utf-8")
print(path, len(content["programs"]))
