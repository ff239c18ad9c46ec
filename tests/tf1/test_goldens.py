"""TensorFlow 1.15.5's own answers: what sessions return, what raises, and how graphs name what calls add to them."""

import numpy as np
import pytest

import weft.compat.v1 as tf

from .conftest import golden

PROGRAMS = golden("tf1.json")
CALLS = golden("tf1_calls.json")

#: programs whose listed operations differ, and how
OTHER_OPERATIONS = {
    "control_flow": "branches and loops are nodes with graphs of their own, not switches and merges",
    "functions": "the cross-entropy is one node",
    "updates": "a branch is a node with a graph of its own; variables have one kind, whatever `use_resource` says",
    "layers": "dropout is one node, and normalization has its own inside its scope",
    "optimizer_slots": "a gradient needs other nodes",
    "training": "a gradient needs other nodes",
}
OTHER_GRADIENTS = {title for title, reason in OTHER_OPERATIONS.items() if reason == "a gradient needs other nodes"}

#: what programs bind to something of another name for these reasons
OTHER_NAMES = {("updates", "g"): "Assign_2:0"}

#: calls that add other nodes beside the one that they return
OTHER_CALLS = {
    "tf.logical_xor(b, b)": "is one node",
    "tf.nn.softmax(x, 0)": "knows the rank and needs no numbers of axes in the graph",
    "tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=y)": "is one node",
    "tf.nn.embedding_lookup(x, [0])": "is one node",
    "tf.nn.crelu(x)": "ends in its concatenation",
    "tf.nn.swish(x)": "is one node",
    "tf.nn.conv1d(tf.ones([1, 4, 1]), tf.ones([2, 1, 1]), 1, 'SAME')": "needs no second axis",
}


def execute(source):
    scope = {"tf": tf, "np": np}
    exec(source, scope)
    return scope


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return [plain(item) for item in value] if isinstance(value, list) else value


def describe(value):
    """A fetched value's type and content, as the golden file has it."""
    kind = "bool_" if isinstance(value, np.bool_) else type(value).__name__  # numpy 2 calls it bool
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


def assert_same(found, expected):
    """Equal in structure and types; floats to float32's rounding."""
    assert found.keys() == expected.keys() and found["type"] == expected["type"], (found, expected)
    for key, value in expected.items():
        if key == "items":
            assert len(found[key]) == len(value)
            for a, b in zip(found[key], value, strict=True):
                if isinstance(b, list):
                    assert a[0] == b[0]
                    a, b = a[1], b[1]
                assert_same(a, b)
        elif key == "value" and isinstance(np.asarray(value).flat[0] if np.size(value) else None, float):
            np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6)
        else:
            assert found[key] == value


@pytest.mark.parametrize("title", sorted(PROGRAMS["sessions"]))
def test_sessions_return_what_tensorflow_returns(title):
    program = PROGRAMS["sessions"][title]
    scope = execute(program["source"])
    with tf.Session() as session:
        for run in program["runs"]:
            feeds = {eval(key, scope): eval(value, scope) for key, value in run["feeds"].items()}
            assert_same(describe(session.run(eval(run["fetch"], scope), feeds)), run["result"])


#: what TensorFlow 1.15 refuses and programs from before version 1.0 do: the logits first, the labels second
OLDER = {"positional_cross_entropy"}


@pytest.mark.parametrize("title", sorted(PROGRAMS["errors"].keys() - OLDER))
def test_errors_are_of_tensorflows_class(title):
    program = PROGRAMS["errors"][title]
    with pytest.raises(Exception) as caught:
        execute(program["source"])
    assert program["error"] in [kind.__name__ for kind in type(caught.value).__mro__]


@pytest.mark.parametrize("title", sorted(PROGRAMS["names"]))
def test_graphs_have_tensorflows_names(title):
    program = PROGRAMS["names"][title]
    scope = execute(program["source"])
    for name, expected in program["bound"].items():
        value = scope[name]
        if (title, name) in OTHER_NAMES:
            assert value.name == OTHER_NAMES[title, name]
            continue
        assert value.name == expected["name"]
        if "operation" in expected:
            assert value.type == expected["operation"]
        else:
            shape = value.shape.as_list() if value.shape.rank is not None else None
            assert (shape, value.dtype.name) == (expected["shape"], expected["dtype"])
    assert [v.name for v in tf.global_variables()] == [name for name, *_ in program["variables"]]
    assert [v.name for v in tf.trainable_variables()] == program["trainable"]
    found = [[op.name, op.type] for op in tf.get_default_graph().get_operations()]
    assert (found == program["operations"]) == (title not in OTHER_OPERATIONS)
    if title in OTHER_GRADIENTS:
        assert outside_gradients(found) == outside_gradients(program["operations"])
    else:
        assert title in ("updates", "layers") or all(node in program["operations"] for node in found)


def outside_gradients(operations):
    return [node for node in operations if not node[0].startswith("gradients")]


@pytest.mark.parametrize("line", CALLS["calls"], ids=lambda line: line["call"])
def test_calls_add_tensorflows_nodes(line):
    """The result's name, and what a call leaves beside it: that is what the names of later nodes depend on."""
    scope = execute(CALLS["setup"])
    before = len(tf.get_default_graph().get_operations())
    result = eval(line["call"], scope)
    found = [[op.name, op.type] for op in tf.get_default_graph().get_operations()[before:]]
    assert result.name == line["name"]
    same = [node for node in found if "/" not in node[0]] == [node for node in line["operations"] if "/" not in node[0]]
    assert same == (line["call"] not in OTHER_CALLS), OTHER_CALLS.get(line["call"], "these nodes are TensorFlow's")


def test_most_calls_add_tensorflows_nodes_to_the_last_one():
    whole = 0
    for line in CALLS["calls"]:
        tf.reset_default_graph()
        scope = execute(CALLS["setup"])
        before = len(tf.get_default_graph().get_operations())
        eval(line["call"], scope)
        found = [[op.name, op.type] for op in tf.get_default_graph().get_operations()[before:]]
        whole += found == line["operations"]
    assert whole >= 160 and len(CALLS["calls"]) >= 210
