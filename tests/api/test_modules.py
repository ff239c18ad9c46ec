"""`tf.Module`: what its attributes hold is found, in TensorFlow's order (numbers and orders taken from TensorFlow)."""

import collections

import pytest

import weft as tf


def _variable(name, **options):
    return tf.Variable(1.0, name=name, **options)


class _Node(tf.Module):
    def __init__(self, name, *parts):
        super().__init__(name)
        self.weight = _variable(name + "_w")
        self.parts = list(parts)


_Pair = collections.namedtuple("_Pair", "second first")


@pytest.fixture
def tree():
    root = _Node(
        "r",
        _Node("a", _Node("aa"), _Node("ab", _Node("aba"))),
        {"y": _Node("b", _Node("ba")), "x": [_Node("c")]},
        _Pair(_Node("q"), _variable("p")),
    )
    root.zero, root._hidden, root.other = _variable("zero"), _variable("hidden"), root.parts[0]
    return root


def _names(found):
    return [item.name.removesuffix(":0") for item in found]


def test_own_variables_come_first_then_module_after_module(tree):
    expected = "hidden p r_w zero a_w aa_w ab_w aba_w c_w b_w ba_w q_w".split()
    # "parts" sorts before "weight", "_hidden" before both
    assert _names(tree.variables) == expected
    assert _names(tree.submodules) == ["a", "c", "b", "q", "aa", "ab", "aba", "ba"]


def test_trainable_and_other_variables():
    module = tf.Module()
    module.kept, module.fixed = _variable("kept"), _variable("fixed", trainable=False)
    assert _names(module.trainable_variables) == ["kept"]
    assert _names(module.non_trainable_variables) == ["fixed"]
    assert _names(module.variables) == ["fixed", "kept"]


def test_dicts_are_searched_by_sorted_keys_whatever_the_keys():
    module = tf.Module()
    module.table = {2: _variable("two"), 1: _variable("one"), 10: _variable("ten")}
    module.mixed = {"a": _variable("letter"), 1: _variable("digit")}
    assert _names(module.variables) == ["letter", "digit", "one", "two", "ten"]


def test_cycles_end():
    parent = tf.Module("parent")
    parent.child = tf.Module("child")
    parent.child.up, parent.me, parent.weight = parent, [parent], _variable("w")
    assert _names(parent.submodules) == ["child"] and _names(parent.variables) == ["w"]
    found = parent._flatten(with_path=True, predicate=lambda leaf: isinstance(leaf, (tf.Module, tf.Variable)))
    assert [path for path, _ in found] == [
        ("child",), ("me", 0), ("weight",), ("child", "up"), ("child", "up", "child"), ("child", "up", "me", 0),
        ("child", "up", "weight"), ("me", 0, "child"), ("me", 0, "me", 0), ("me", 0, "weight"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind, name", [
    ("MyModule", "my_module"), ("MyHTTPDense2", "my_http_dense2"), ("HTTPServer2X", "http_server2_x"),
    ("Conv2D", "conv2_d"), ("LSTMCell", "lstm_cell"), ("ABc", "a_bc"), ("A", "a"), ("_Private", "__private"),
])  # fmt: skip
def test_the_name_is_the_class_name_in_snake_case(kind, name):
    assert type(kind, (tf.Module,), {})().name == name


@pytest.mark.parametrize("name", ["1a", "a b", "a/b", ""])
def test_a_name_is_an_identifier(name):
    with pytest.raises(ValueError, match="cannot be the name of a Module"):
        tf.Module(name)


def test_name_scopes():
    class Layer(tf.Module):
        @tf.Module.with_name_scope
        def __call__(self, x):
            """Doubles."""
            self.inside = tf.Variable(2.0, name="w")
            return x * self.inside

    with tf.name_scope("outer"):
        layer = Layer()
    assert layer.name_scope.name == "outer/layer/"
    assert float(layer(3.0)) == 6.0 and layer.inside.name == "outer/layer/w:0"
    assert Layer.__call__.__doc__ == "Doubles."


def test_a_module_trains():
    class Line(tf.Module):
        def __init__(self):
            super().__init__()
            self.slope, self.offset = tf.Variable(0.0), tf.Variable(0.0)

        @tf.function
        def __call__(self, x):
            return self.slope * x + self.offset

    line, x = Line(), tf.constant([0.0, 1.0, 2.0])
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((line(x) - (3.0 * x + 1.0)) ** 2)
        for variable, gradient in zip(
            line.trainable_variables, tape.gradient(loss, line.trainable_variables), strict=True
        ):
            variable.assign_sub(0.2 * gradient)
    assert float(line.slope) == pytest.approx(3, abs=1e-3) and float(line.offset) == pytest.approx(1, abs=1e-3)


def test_a_scope_can_be_entered_within_itself():
    class Layer(tf.Module):
        def outer(self):
            with self.name_scope:
                return self.inner(), tf.Variable(0.0, name="after").name

        def inner(self):
            with self.name_scope:
                return tf.Variable(0.0, name="v").name

    assert Layer().outer() == ("layer/v:0", "layer/after:0")
    assert tf.Variable(0.0, name="v").name == "v:0"


def test_creators_make_variables_innermost_first():
    asked = []

    def noted(next_creator, **kwargs):
        asked.append(("noted", kwargs["name"]))
        return next_creator(**kwargs)

    def frozen(next_creator, **kwargs):
        asked.append(("frozen", kwargs["name"]))
        return next_creator(**{**kwargs, "trainable": False})

    with tf.variable_creator_scope(noted), tf.variable_creator_scope(frozen):
        made = tf.Variable([1.0], name="v")
    assert asked == [("frozen", "v"), ("noted", "v")] and not made.trainable
    with tf.variable_creator_scope(lambda next_creator, **kwargs: tf.constant(3.0)):
        assert float(tf.Variable(1.0)) == 3
    assert isinstance(tf.Variable(1.0), tf.Variable)
