"""GraphDefs of TensorFlow 1.15 or 2.21 with what they compute: run it with either; Python 3.7 or newer.

TensorFlow 2 writes branches and loops as functions of a library (`tf.compat.v1.enable_control_flow_v2`), and adds what
a traced function looks like once it is frozen.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow as tensorflow  # noqa: E402
from graph_def_programs import FEEDS, PROGRAMS, placeholders  # noqa: E402

SECOND = tensorflow.__version__[0] == "2"
tf: Any = tensorflow.compat.v1 if SECOND else tensorflow
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / f"graph_defs_{2 if SECOND else 1}.json"


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def stored(array: Any) -> dict[str, Any]:
    found = np.asarray(array)
    if found.dtype.kind in "OS":
        flat = [item.decode("latin-1") for item in found.ravel().tolist()]
    elif found.dtype.kind == "c":
        flat = [[float(item.real), float(item.imag)] for item in found.ravel()]
    else:
        flat = [float(f"{item:.8g}") if isinstance(item, float) else item for item in found.ravel().tolist()]
    return {"shape": list(found.shape), "dtype": str(found.dtype), "values": flat}


def one(source: str) -> dict[str, Any]:
    with tf.Graph().as_default() as graph:
        given = placeholders(tf)
        space = {"tf": tf, "np": np, **given}
        exec(source, space)  # the programs are this project's own
        found = space["out"]
        several = found if isinstance(found, (list, tuple)) else [found]
        outputs = [tf.identity(tf.convert_to_tensor(t)) for t in several]
        names = [t.name for t in outputs]
        part = tf.graph_util.extract_sub_graph(graph.as_graph_def(), [t.op.name for t in outputs])
        kept = {node.name for node in part.node}
        with tf.Session() as session:
            results = session.run(outputs, {t: FEEDS[name] for name, t in given.items() if name in kept})
    functions = {function.signature.name for function in part.library.function}
    if not any(name in str(part.node) or name in str(part.library.function) for name in functions):
        part.ClearField("library")
    return {"graph": packed(part.SerializeToString()), "outputs": names, "results": [stored(r) for r in results]}


def traced() -> dict[str, Any]:
    """A function of TensorFlow 2 as frozen graphs: one with functions, one with loops in their older form."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    weights = tensorflow.Variable(np.arange(9, dtype="f4").reshape(3, 3) / 5)

    @tensorflow.function
    def inner(a: Any) -> Any:
        return tensorflow.nn.relu(a - 0.3), tensorflow.reduce_sum(a)

    @tensorflow.function(autograph=False)
    def function(x: Any) -> Any:
        hidden, total = inner(x @ weights)
        _, hidden = tensorflow.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, h * 1.1 + total), [0, hidden])
        hidden = tensorflow.cond(total > 0.5, lambda: hidden - total, lambda: hidden * 2)
        values, places = tensorflow.math.top_k(hidden, 2)
        return values + tensorflow.cast(places, "float32"), tensorflow.map_fn(lambda r: r + 1, hidden)

    concrete = function.get_concrete_function(tensorflow.TensorSpec([None, 3], "float32", name="x"))
    results = [stored(t.numpy()) for t in concrete(FEEDS["x"])]
    found = {}
    for lowered in (False, True):
        frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=lowered)
        found["lowered function" if lowered else "function"] = {
            "graph": packed(frozen.graph.as_graph_def().SerializeToString()), "results": results,
            "outputs": [t.name for t in frozen.outputs]}  # fmt: skip
    return found


def main() -> None:
    if SECOND:
        tf.enable_control_flow_v2()
    found: dict[str, Any] = {}
    for title, source in PROGRAMS.items():
        try:
            found[title] = one(source)
        except Exception as error:
            print(f"{title}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
    if SECOND:
        found.update(traced())
    meta = {"script": "tools/goldens/make_graph_defs.py", "tensorflow": tensorflow.__version__}
    GOLDEN.write_text(json.dumps({"meta": meta, "graphs": found}, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
