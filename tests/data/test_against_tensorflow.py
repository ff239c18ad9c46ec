"""The pipelines of tools/goldens/data_programs.py give what TensorFlow's gave."""

import base64
import builtins
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import weft as tf

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests/golden/data.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("data_programs", ROOT / "tools/goldens/data_programs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("data")
    module.write_files(folder)
    for name, content in GOLDEN["files"].items():  # as TensorFlow wrote them
        (folder / name).write_bytes(base64.b64decode(content))
    return {"tf": tf, "np": np, "D": tf.data.Dataset, "folder": str(folder)}


def encode(value):
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


@pytest.mark.parametrize("record", GOLDEN["programs"], ids=lambda r: r["program"][:60])
def test_gives_the_same(record, names):
    found = eval(record["program"], names)
    if "value" in record:
        assert encode(found) == record["value"]
        return
    assert [encode(element) for element in found] == record["elements"]
    assert int(found.cardinality()) == record["cardinality"]
    spec = record["print"].partition("element_spec=")[2]
    assert repr(found).partition("element_spec=")[2] == spec


@pytest.mark.parametrize("record", GOLDEN["refused"], ids=lambda r: r["program"][:60])
def test_refuses_the_same(record, names):
    kind = getattr(builtins, record["raises"], None) or getattr(tf.errors, record["raises"])
    with pytest.raises(kind):
        eval(record["program"], names)
