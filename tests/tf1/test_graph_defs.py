"""Graphs that TensorFlow 1.15 and 2.21 wrote give TensorFlow's results: control flow of both kinds, and operations that
frozen networks are made of."""

import base64
import importlib.util
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

import weft.compat.v1 as tf

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = {name: json.loads((ROOT / f"tests/golden/graph_defs_{name}.json").read_text(encoding="utf-8"))["graphs"]
          for name in ("1", "2")}  # fmt: skip
_spec = importlib.util.spec_from_file_location("graph_def_programs", ROOT / "tools/goldens/graph_def_programs.py")
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)


def array_of(held):
    kind = held["dtype"]
    if kind == "object" or kind[:2] in ("|S", "<U"):
        return np.array([item.encode("latin-1") for item in held["values"]], object).reshape(held["shape"])
    values = [complex(*v) for v in held["values"]] if kind.startswith("complex") else held["values"]
    return np.asarray(values, kind).reshape(held["shape"])


def run(held):
    message = tf.GraphDef.FromString(zlib.decompress(base64.b64decode(held["graph"])))
    with tf.Graph().as_default() as graph:
        outputs = tf.import_graph_def(message, return_elements=held["outputs"], name="")
        names = {op.name for op in graph.get_operations()}
        with tf.Session() as session:
            return session.run(outputs, {f"{name}:0": v for name, v in programs.FEEDS.items() if name in names})


@pytest.mark.parametrize(("version", "title"), [(v, t) for v, graphs in GOLDEN.items() for t in sorted(graphs)])
def test_tensorflows_graphs_give_its_results(version, title):
    held = GOLDEN[version][title]
    for found, expected in zip(run(held), map(array_of, held["results"]), strict=True):
        assert np.shape(found) == expected.shape
        if expected.dtype.kind in "OUSb":
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
