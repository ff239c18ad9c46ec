"""Runs uses and describes what they give, in any of the libraries: Python 3.7 and later, and no other file of ours.

    python worker.py MODULE request.json answer.json

MODULE is `tensorflow`, `weft`, `keras`, …: what the request's dialect binds as `tf` (and, for Keras, as `keras`). The
request is a list of uses, the answer a line for each, in order. Weft's own process imports this
file and calls `run_file` itself.
"""

import ast
import atexit
import base64
import contextlib
import importlib
import io
import json
import os
import random
import re
import sys
import tempfile
import traceback
import warnings

import numpy as np


def array_record(kind, array):
    """An array as dtype, shape and its bytes in C order; strings as a list."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        flat = [item if isinstance(item, bytes) else str(item).encode("utf-8") for item in array.reshape(-1)]
        data = [item.decode("latin-1") for item in flat]
        return {"kind": kind, "dtype": "string", "shape": list(array.shape), "data": data}
    name = array.dtype.name
    if name == "bfloat16":
        array = array.astype(np.float32)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return {"kind": kind, "dtype": name, "shape": list(array.shape), "data": data}


class Describer:
    """Turns values into plain data; `fetch` gives the numpy value of a tensor, or None where it has none."""

    def __init__(self, tf, fetch, named):
        self.tf, self.fetch, self.named = tf, fetch, named

    def is_a(self, value, name):
        kind = getattr(self.tf, name, None)
        return isinstance(kind, type) and isinstance(value, kind)

    def tensor(self, kind, value):
        found = self.fetch(value)
        if found is None:
            shape = getattr(value, "shape", None)
            rank = getattr(shape, "rank", None) if not isinstance(shape, (tuple, list)) else len(shape)
            sizes = shape.as_list() if rank is not None and hasattr(shape, "as_list") else shape
            dims = None if rank is None else [None if size is None else int(size) for size in sizes]
            return {"kind": "symbolic", "dtype": self.dtype_name(value.dtype), "shape": dims}
        record = array_record(kind, found)
        record["dtype"] = self.dtype_name(value.dtype)
        if self.named:
            record["name"] = value.name
        return record

    def dtype_name(self, dtype):
        name = dtype if isinstance(dtype, str) else getattr(dtype, "name", str(dtype))
        return name[:-4] if name.endswith("_ref") else name

    def __call__(self, value):
        if isinstance(value, str):
            return {"kind": "str", "value": str(value)}
        if value is None or isinstance(value, (bool, int)):
            return {"kind": type(value).__name__, "value": value}
        if isinstance(value, float):
            return array_record("float", np.float64(value))
        if isinstance(value, complex):
            return array_record("complex", np.complex128(value))
        if isinstance(value, bytes):
            return {"kind": "bytes", "value": value.decode("latin-1")}
        if self.is_a(value, "DType"):
            return {"kind": "dtype", "value": self.dtype_name(value)}
        if self.is_a(value, "TensorShape"):
            return {"kind": "shape", "value": None if value.rank is None else value.as_list()}
        if isinstance(value, (np.ndarray, np.generic)):
            return array_record("array", value)
        if isinstance(value, dict):
            keys = list(value) if type(value) is dict or hasattr(value, "move_to_end") else sorted(value)
            return {"kind": "dict", "items": [[str(key), self(value[key])] for key in keys]}
        if self.is_a(value, "SparseTensor") or type(value).__name__ in ("SparseTensor", "SparseTensorValue"):
            parts = [self(value.indices), self(value.values), self(value.dense_shape)]
            return {"kind": "SparseTensor", "items": parts}
        if type(value).__name__ in ("RaggedTensor", "RaggedTensorValue"):
            splits = [self(split) for split in value.nested_row_splits]
            return {"kind": "RaggedTensor", "items": [self(value.flat_values)] + splits}
        if type(value).__name__ == "IndexedSlices":
            return {"kind": "IndexedSlices", "items": [self(value.indices), self(value.values)]}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {"kind": "namedtuple", "items": [[name, self(getattr(value, name))] for name in value._fields]}
        if isinstance(value, (list, tuple)):
            return {"kind": "tuple" if isinstance(value, tuple) else "list", "items": [self(item) for item in value]}
        if type(value).__name__ == "Operation":
            return {"kind": "operation", "name": value.name}
        if self.is_a(value, "Variable") or (hasattr(value, "assign") and hasattr(value, "trainable")):
            return self.tensor("variable", value)
        if hasattr(value, "dtype") and hasattr(value, "shape") and (hasattr(value, "numpy") or hasattr(value, "name")):
            return self.tensor("tensor", value)
        if isinstance(value, (set, frozenset)):
            return {"kind": "set", "items": [self(item) for item in sorted(value, key=str)]}
        if type(value).__name__ == "Dataset" or (hasattr(value, "element_spec") and hasattr(value, "__iter__")):
            return {"kind": "dataset", "items": [self(item) for item in value]}
        if isinstance(value, type):
            return {"kind": "class", "value": value.__name__}
        return {"kind": "object", "value": type(value).__name__}


def leaves(value):
    """The tensors of a value, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def split(text, file):
    """The statements of a use, and its last expression (None if it ends in a statement)."""
    tree = ast.parse(text)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = compile(ast.Expression(tree.body.pop().value), file, "eval")
    return compile(tree, file, "exec"), last


def execute(text, scope):
    """Runs it from a file, for those who read the source of functions; gives its last expression's value."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False, encoding="utf-8") as target:
        target.write(text)
    atexit.register(os.remove, target.name)
    body, last = split(text, target.name)
    exec(body, scope)
    return None if last is None else eval(last, scope)


def cotangent(shape, dtype):
    size = int(np.prod(shape)) if len(shape) else 1
    return np.cos(np.arange(size) * 0.7 + 0.3).reshape(shape).astype(dtype)


def words(text):
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


FLOATS = ("float32", "float64", "complex64", "complex128")


def floating(value):
    """Whether a bound value is a tensor with a gradient."""
    name = getattr(getattr(value, "dtype", None), "name", None)
    return name in FLOATS and hasattr(value, "numpy") and not isinstance(value, np.ndarray)


def eager_gradients(tf, use, scope, describe):
    """Gradients of the use's floating results, times fixed cotangents, for every bound tensor that it names."""
    names = sorted(name for name in words(use["text"]) if floating(scope.get(name)))
    if not names:
        return None
    with tf.GradientTape() as tape:
        for name in names:
            tape.watch(scope[name])
        # Names that the setup binds stay the watched tensors even if the use binds them anew.
        watched = [scope[name] for name in names]
        result = execute(use["text"], scope)
        parts = [leaf for leaf in leaves(result) if floating(leaf) and not hasattr(leaf, "trainable")]
        if not parts:
            return None
        seeds = [tf.constant(cotangent(tuple(int(n) for n in part.shape), part.dtype.name)) for part in parts]
    found = tape.gradient(parts, watched, output_gradients=seeds)
    return [[name, describe(gradient)] for name, gradient in zip(names, found)]


def run_eager(tf, use, scope):
    def fetch(value):
        if hasattr(value, "numpy"):
            try:
                return value.numpy()
            except (AttributeError, NotImplementedError, ValueError, TypeError):
                return None
        return None

    describe = Describer(tf, fetch, named=False)
    fresh = dict(scope)
    execute(use["setup"], fresh)
    again = dict(fresh)
    result = describe(execute(use["text"], fresh))
    record = {"value": result}
    if not use["random"] and use["gradients"]:
        try:
            execute(use["setup"], again)
            gradients = eager_gradients(tf, use, again, describe)
        except Exception as error:
            gradients = [["error", {"kind": "str", "value": type(error).__name__}]]
        if gradients:
            record["gradients"] = gradients
    return record


def run_graph(tf, use, scope):
    """In a graph and a session of its own: tensors are fetched after every initializer has run."""
    graph = tf.Graph()
    with graph.as_default(), tf.Session(graph=graph) as session:
        fresh = dict(scope, session=session)
        execute(use["setup"], fresh)
        tf.set_random_seed(1)
        result = execute(use["text"], fresh)
        sources, gradients = [], None
        if not use["random"] and use["gradients"]:

            def differentiable(value):
                return isinstance(value, tf.Tensor) and value.dtype.is_floating

            sources = sorted(name for name in words(use["text"]) if differentiable(fresh.get(name)))
            parts = [leaf for leaf in leaves(result) if differentiable(leaf)]
            if sources and parts and all(part.shape.is_fully_defined() for part in parts):
                shaped = [(tuple(part.shape.as_list()), part.dtype.as_numpy_dtype) for part in parts]
                seeds = [tf.constant(cotangent(shape, dtype)) for shape, dtype in shaped]
                try:
                    gradients = tf.gradients(parts, [fresh[name] for name in sources], seeds)
                except Exception as error:
                    gradients = type(error).__name__
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer(), tf.tables_initializer()])

        def fetch(value):
            return session.run(value) if getattr(value, "graph", graph) is graph else None

        describe = Describer(tf, fetch, named=True)
        record = {"value": describe(result)}
        if isinstance(gradients, str):
            record["gradients"] = [["error", {"kind": "str", "value": gradients}]]
        elif gradients:
            describe.named = False
            record["gradients"] = [[name, describe(value)] for name, value in zip(sources, gradients)]
        return record


@contextlib.contextmanager
def captured():
    """What is written meanwhile, by Python or below it: TensorFlow prints to the process's standard error."""
    parts = []
    python = io.StringIO()
    with tempfile.TemporaryFile() as target:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = os.dup(1), os.dup(2)
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
        try:
            with contextlib.redirect_stdout(python), contextlib.redirect_stderr(python):
                yield parts
        finally:
            for place, number in enumerate(kept, 1):
                os.dup2(number, place)
                os.close(number)
            target.seek(0)
            parts += [python.getvalue(), target.read().decode("utf-8", "replace")]


def bases(error):
    return [kind.__name__ for kind in type(error).__mro__ if kind not in (object, BaseException, Exception)]


def forget_state(tf, use):
    random.seed(1)
    np.random.seed(1)
    if use["dialect"] == "tf1":
        return
    tf.random.set_seed(1)
    keras = getattr(tf, "keras", None)
    if use["dialect"] == "keras" and keras is not None:
        keras.utils.clear_session(free_memory=False)  # collecting takes long in a process that holds much
        keras.utils.set_random_seed(1)


def run_use(tf, use, scope):
    try:
        with captured() as printed, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forget_state(tf, use)
            run = run_graph if use["dialect"] == "tf1" else run_eager
            record = run(tf, dict(use, gradients=use["gradients"] and not use["printed"]), scope)
        if use["printed"]:
            record["printed"] = "".join(printed)
        return record
    except (Exception, SystemExit) as error:
        line = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(line.filename)}:{line.lineno}"
        # without addresses, and without the folders of whoever asked
        message = re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"[^\s\"'(]*/(?=[\w.<>-]+\.py)", "", str(error)))[:300]
        return {"raised": bases(error), "message": message, "where": where}


def scope_for(dialect, module):
    """What uses see: the library as `tf` (and `keras`), numpy as `np`, a folder to write to, small modules."""
    tf = importlib.import_module(module)
    if module == "tensorflow" and dialect == "tf1":
        tf.logging.set_verbosity(tf.logging.ERROR)
    scope = {"tf": tf, "np": np, "os": os, "__name__": "__main__"}
    if dialect == "keras":
        scope["keras"] = importlib.import_module("keras") if module == "tensorflow" else tf.keras
    return tf, scope


def run_file(uses, module):
    """Describes every use, all of one dialect, one after the other; each runs in an empty folder."""
    tf, scope = scope_for(uses[0]["dialect"], module) if uses else (None, {})
    home = os.getcwd()
    for use in uses:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                record = run_use(tf, use, scope)
            finally:
                os.chdir(home)
        yield record


# Modules that hold no names of their own, or another dialect's, or are no part of the promise.
ELSEWHERE = ("raw_ops", "compat", "python", "core", "tools", "examples", "contrib", "v2", "v1", "app",
             "pywrap_tensorflow", "src")


def public_names(dialect, module):
    """Every public name of the library, by walking its modules; classes and functions, not their members."""
    tf, scope = scope_for(dialect, module)
    roots = {"keras": scope["keras"]} if dialect == "keras" else {"tf": tf}
    found = set()

    seen = {id(root) for root in roots.values()}

    def walk(prefix, owner):
        for name in dir(owner):
            if name.startswith("_"):
                continue
            path = prefix + "." + name
            try:
                value = getattr(owner, name)
            except Exception:
                continue
            kind = type(value).__name__
            if kind in ("module", "_LazyModule", "LazyLoader", "_KerasLazyLoader") or kind.endswith("ModuleWrapper"):
                last = path.rsplit(".", 1)[-1]
                elsewhere = last in ELSEWHERE or prefix.endswith(".flags") or (dialect != "keras" and last == "keras")
                if id(value) not in seen and not elsewhere:
                    seen.add(id(value))
                    walk(path, value)
            else:
                found.add(path)

    for prefix, root in roots.items():
        walk(prefix, root)
    return sorted(found)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with open(sys.argv[2]) as source:
        request = json.load(source)
    warnings.filterwarnings("ignore")
    if request.get("names"):
        answers = [public_names(request["dialect"], sys.argv[1])]
    else:
        answers = run_file(request["uses"], sys.argv[1])
    # A line for each answer, at once: a library that crashes loses only the use that it crashed on.
    with open(sys.argv[3], "w") as target:
        for answer in answers:
            target.write(json.dumps(answer) + "\n")
            target.flush()
