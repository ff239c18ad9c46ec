"""TensorFlow 1.15: graph names, what Session.run gives, kinds of errors, and its own optimizers. Python 3.7."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tf1_programs import ERRORS, NAMES, SESSIONS  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN_DIR = Path(__file__).resolve().parents[2] / "tests" / "golden"


def load_recipes() -> Any:
    spec = importlib.util.spec_from_file_location("golden_recipes", str(GOLDEN_DIR / "recipes.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recipes = load_recipes()


def execute(source: str) -> dict[str, Any]:
    tf.reset_default_graph()
    scope: dict[str, Any] = {"tf": tf, "np": np}
    exec(source, scope)
    return scope


def plain(value: Any) -> Any:
    """Arrays' contents as JSON data."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def describe(value: Any) -> dict[str, Any]:
    """A fetched value's type and content."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return {"type": kind, "dtype": value.dtype.name, "shape": list(value.shape), "value": plain(value.tolist())}
    if isinstance(value, np.generic):
        return {"type": kind, "value": plain(value.item())}
    if isinstance(value, dict):
        return {"type": kind, "items": [[key, describe(item)] for key, item in value.items()]}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"type": kind, "fields": list(value._fields), "items": [describe(item) for item in value]}
    if isinstance(value, (list, tuple)):
        return {"type": kind, "items": [describe(item) for item in value]}
    return {"type": kind, "value": plain(value)}


def shape_of(tensor: Any) -> Any:
    return tensor.shape.as_list() if tensor.shape.ndims is not None else None


def names() -> dict[str, Any]:
    found = {}
    for title, source in NAMES.items():
        scope = execute(source)
        graph = tf.get_default_graph()
        bound = {}
        for name, value in scope.items():
            if isinstance(value, (tf.Tensor, tf.Variable)):
                bound[name] = {"name": value.name, "dtype": value.dtype.base_dtype.name, "shape": shape_of(value)}
            elif isinstance(value, tf.Operation):
                bound[name] = {"name": value.name, "operation": value.type}
        variables = [[v.name, shape_of(v), v.dtype.base_dtype.name] for v in tf.global_variables()]
        found[title] = {
            "source": source,
            "bound": bound,
            "variables": variables,
            "trainable": [v.name for v in tf.trainable_variables()],
            "operations": [[op.name, op.type] for op in graph.get_operations()],
        }
    return found


def sessions() -> dict[str, Any]:
    found = {}
    for title, (source, fetches) in SESSIONS.items():
        scope = execute(source)
        runs = []
        with tf.Session() as session:
            for fetch, feeds in fetches:
                feed = {eval(key, scope): eval(value, scope) for key, value in feeds.items()}
                result = session.run(eval(fetch, scope), feed)
                runs.append({"fetch": fetch, "feeds": feeds, "result": describe(result)})
        found[title] = {"source": source, "runs": runs}
    return found


def errors() -> dict[str, Any]:
    found = {}
    for title, source in ERRORS.items():
        try:
            execute(source)
        except Exception as error:
            # Only the first line: the others name files of the machine that ran this
            message = str(getattr(error, "message", None) or error).split("\n")[0]
            kinds = [base.__name__ for base in type(error).__mro__ if base not in (object, BaseException)]
            found[title] = {"source": source, "error": kinds[0], "bases": kinds[1:], "message": message}
        else:
            raise AssertionError(title + " does not fail")
    return found


OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "gradient_descent": ("GradientDescentOptimizer", {"learning_rate": 0.05}),
    "momentum": ("MomentumOptimizer", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("MomentumOptimizer", {"learning_rate": 0.05, "momentum": 0.9, "use_nesterov": True}),
    "adam_default": ("AdamOptimizer", {}),
    "adam": ("AdamOptimizer", {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}),
    "rmsprop": ("RMSPropOptimizer", {"learning_rate": 0.01}),
    "rmsprop_momentum": ("RMSPropOptimizer", {"learning_rate": 0.01, "momentum": 0.7, "decay": 0.8}),
    "rmsprop_centered": ("RMSPropOptimizer", {"learning_rate": 0.01, "centered": True}),
    "adagrad": ("AdagradOptimizer", {"learning_rate": 0.1}),
    "adadelta": ("AdadeltaOptimizer", {"learning_rate": 1.0}),
    "ftrl": ("FtrlOptimizer", {"learning_rate": 0.1, "l1_regularization_strength": 0.01}),
    "proximal_gradient_descent": (
        "ProximalGradientDescentOptimizer",
        {"learning_rate": 0.05, "l1_regularization_strength": 0.1},
    ),
}
CHECKPOINTS = (1, 2, 10, 50)


def follow(kind: str, config: dict[str, Any], start: list[Any], gradient: Callable[[int], Any]) -> dict[str, Any]:
    """Applies fed gradients 50 times; `gradient(step)` gives, per variable, values or (rows, values)."""
    tf.reset_default_graph()
    variables = [tf.Variable(value) for value in start]
    pairs, holders = [], []
    for variable, first in zip(variables, gradient(0)):
        values = tf.placeholder(tf.float32)
        holder = (tf.placeholder(tf.int32, [None]), values) if isinstance(first, tuple) else (values,)
        sparse = len(holder) == 2
        if sparse:
            given = tf.IndexedSlices(values, holder[0], tf.constant(variable.shape.as_list()))
        else:
            given = tf.reshape(values, variable.shape)
        pairs.append((given, variable))
        holders.append(holder)
    train = getattr(tf.train, kind)(**config).apply_gradients(pairs)
    after = {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(recipes.OPTIMIZER_STEPS):
            feed = {}
            for holder, value in zip(holders, gradient(step)):
                feed.update(zip(holder, value if isinstance(value, tuple) else (value,)))
            session.run(train, feed)
            if step + 1 in CHECKPOINTS:
                after[str(step + 1)] = [value.tolist() for value in session.run(variables)]
    return after


def optimizers() -> dict[str, Any]:
    found = {}
    for title, (kind, config) in OPTIMIZERS.items():
        found[title] = {
            "optimizer": kind,
            "config": config,
            "dense": follow(kind, config, recipes.optimizer_start(), recipes.optimizer_gradients),
            "sparse": follow(kind, config, [recipes.sparse_start()], lambda step: [recipes.sparse_gradient(step)]),
        }
    return found


def main() -> None:
    meta = {
        "script": "tools/goldens/make_tf1.py",
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }
    content = {
        "meta": meta,
        "names": names(),
        "sessions": sessions(),
        "errors": errors(),
        "optimizers": optimizers(),
    }
    path = GOLDEN_DIR / "tf1.json"
    # One line per section keeps the file small and its changes readable
    body = ",\n".join(json.dumps(key) + ": " + json.dumps(section, sort_keys=True) for key, section in content.items())
    path.write_text("{\n" + body + "\n}\n", encoding="utf-8")
    print(path.name, {key: len(section) for key, section in content.items()}, path.stat().st_size // 1024, "kB")


if __name__ == "__main__":
    main()
