"""tf.experimental.ExtensionType: fields, how values go through functions, branches, loops and datasets."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

import pytest

import weft as tf

ExtensionType = tf.experimental.ExtensionType


class Masked(ExtensionType):
    values: tf.Tensor
    mask: tf.Tensor

    def plus(self, number: float) -> Masked:
        return Masked(self.values + number, self.mask)


class Network(tf.experimental.BatchableExtensionType):
    shape: tf.TensorShape
    work: tf.Tensor
    links: tf.Tensor

    def __init__(self, work: Any, links: Any) -> None:
        self.work = tf.convert_to_tensor(work)
        self.links = tf.convert_to_tensor(links)
        self.shape = self.work.shape[:-1].merge_with(self.links.shape[:-2])


class Mixed(ExtensionType):
    count: int = 1
    share: float = 1.0
    name: str = "a"
    shape: tf.TensorShape = tf.TensorShape([1])
    dtype: tf.DType = tf.float32
    maybe: typing.Optional[tf.Tensor] = None  # noqa: UP045
    either: int | str = 3
    many: tuple[int, ...] = (1, 2)
    pair: typing.Tuple[int, float] = (1, 2.0)  # noqa: UP006
    named: Mapping[str, int] = {"a": 1}


class Node(ExtensionType):
    value: tf.Tensor
    children: typing.Tuple[Node, ...] = ()  # noqa: UP006


def _masked() -> Masked:
    return Masked([1, 2, 3], [True, False, True])


def test_fields_are_converted() -> None:
    made = Mixed(2, shape=[1, 2], dtype="int32", maybe=3, many=[4, 5], named={"b": 2})
    assert made.shape == tf.TensorShape([1, 2]) and made.dtype is tf.int32 and int(made.maybe) == 3
    assert made.many == (4, 5) and made.pair == (1, 2.0) and dict(made.named) == {"b": 2}
    tree = Node(3, [Node(5), Node(2)])
    assert [int(child.value) for child in tree.children] == [5, 2]
    assert tf.experimental.extension_type.as_dict(tree).keys() == {"value", "children"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"count": 1.0}, "count: expected 'int', got 'float'"),
        ({"share": 1}, "share: expected 'float', got 'int'"),
        ({"many": [1, "a"]}, r"many\[1\]: expected 'int', got 'str'"),
        ({"pair": (1,)}, "pair: expected tuple with length 2"),
        ({"named": {"a": "b"}}, r"named\['a'\]: expected 'int', got 'str'"),
        ({"either": [1]}, r"either: expected int \| str, got 'list'"),
        ({"other": 1}, "got an unexpected keyword argument 'other'"),
    ],
)
def test_values_of_another_kind_are_refused(given: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        Mixed(**given)


def test_annotations_name_what_is_seen_where_the_class_is_made() -> None:
    class Inner(ExtensionType):
        x: tf.Tensor

    class Outer(ExtensionType):
        inner: Inner

    assert int(Outer(Inner(3)).inner.x) == 3


def test_what_a_class_may_not_say() -> None:
    with pytest.raises(TypeError, match="In field 'y': Unsupported type annotation 'set'"):
        type("Bad", (ExtensionType,), {"__annotations__": {"y": set}})
    with pytest.raises(ValueError, match="Field y is missing a type annotation"):
        type("Bad", (ExtensionType,), {"y": 3})
    with pytest.raises(TypeError, match="mask: expected a Tensor, got 'NoneType'"):
        Masked([1], None)


def test_values_never_change() -> None:
    made = _masked()
    for change in (lambda: setattr(made, "values", 3), lambda: delattr(made, "mask"), lambda: setattr(made, "more", 1)):
        with pytest.raises(AttributeError, match="Cannot mutate attribute"):
            change()
    with pytest.raises(TypeError, match="unhashable"):
        hash(made)


def test_constructors_of_a_class_set_every_field() -> None:
    class Half(ExtensionType):
        x: tf.Tensor
        y: tf.Tensor

        def __init__(self) -> None:
            self.x = 1

        def __validate__(self) -> None:
            raise AssertionError("fields are checked first")

    with pytest.raises(ValueError, match="Missing required fields: {'y'}"):
        Half()


def test_equality_and_text() -> None:
    made = _masked()
    assert bool(made == _masked()) and not bool(made != _masked())
    assert not bool(made == Masked([1, 2, 4], made.mask)) and not made == Masked([1], [True]) and not made == 3
    assert repr(Mixed()).startswith("Mixed(count=1, share=1.0, name='a', shape=TensorShape([1]), dtype=tf.float32,")


def test_specs() -> None:
    spec = tf.type_spec_from_value(_masked())
    assert repr(spec) == ("Masked.Spec(values=TensorSpec(shape=(3,), dtype=tf.int32, name=None), "
                          "mask=TensorSpec(shape=(3,), dtype=tf.bool, name=None))")  # fmt: skip
    assert spec == Masked.Spec(tf.TensorSpec([3], tf.int32), tf.TensorSpec([3], tf.bool))
    loose = Masked.Spec(tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.bool))
    assert loose.is_compatible_with(_masked()) and not spec.is_compatible_with(Masked([1], [True]))


def test_functions_branches_and_loops() -> None:
    @tf.function
    def grown(x: Masked, much: Any) -> Masked:
        if much:
            x = x.plus(10)
        for _ in tf.range(3):
            x = x.plus(1)
        return x

    assert grown(_masked(), tf.constant(True)).values.numpy().tolist() == [14, 15, 16]
    assert grown(_masked(), tf.constant(False)).values.numpy().tolist() == [4, 5, 6]
    loose = Masked.Spec(tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.bool))
    assert grown.get_concrete_function(loose, tf.TensorSpec([], tf.bool))(Masked([1], [True]), True).values.shape == [1]
    chosen = tf.cond(tf.constant(False), _masked, lambda: Masked([4, 5], [True, True]))
    assert chosen.values.numpy().tolist() == [4, 5]
    assert tf.identity(chosen).mask.numpy().all()
    turned = tf.while_loop(lambda i, _: i < 2, lambda i, x: (i + 1, x.plus(1)), [0, chosen])[1]
    assert turned.values.numpy().tolist() == [6, 7]
    parts = tf.nest.flatten(chosen, expand_composites=True)
    assert tf.nest.pack_sequence_as(chosen, parts, expand_composites=True).values is parts[0]


def test_datasets_and_map_fn() -> None:
    both = Network([[5.0, 3.0], [3.0, 4.0]], [[[0.0, 2.0], [2.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])
    dataset = tf.data.Dataset.from_tensor_slices(both)
    assert [one.shape.as_list() for one in dataset] == [[], []]
    batch = next(iter(dataset.batch(2)))
    assert batch.shape.as_list() == [None] and batch.links.shape == [2, 2, 2]
    assert dataset.batch(2).element_spec.shape.as_list() == [None]
    assert [one.work.numpy().tolist() for one in dataset.batch(2).unbatch()] == [[5.0, 3.0], [3.0, 4.0]]
    doubled = dataset.map(lambda one: Network(one.work * 2.0, one.links))
    assert [one.work.numpy().tolist() for one in doubled] == [[10.0, 6.0], [6.0, 8.0]]
    mapped = tf.map_fn(lambda one: Network(one.work + 1.0, one.links), both)
    assert mapped.shape == [2] and mapped.work.numpy().tolist() == [[6.0, 4.0], [4.0, 5.0]]
    assert tf.map_fn(lambda one: tf.reduce_sum(one.work), both).numpy().tolist() == [8.0, 7.0]
    with pytest.raises(TypeError, match="BatchableExtensionType"):
        tf.data.Dataset.from_tensor_slices(_masked())
    assert next(iter(tf.data.Dataset.from_tensors(_masked()))).mask.shape == [3]
