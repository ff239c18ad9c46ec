"""Nested structures: taken apart and put together again they are what they were."""

from collections import OrderedDict, namedtuple

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from weft.base import nest

Point = namedtuple("Point", "x y")

LEAVES = st.one_of(st.integers(), st.none(), st.text(max_size=2))


def _structures(children):
    return st.one_of(
        st.lists(children, max_size=3),
        st.lists(children, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abcd"), children, max_size=3),
        st.tuples(children, children).map(lambda pair: Point(*pair)),
        st.lists(st.tuples(st.sampled_from("abcd"), children), max_size=3).map(OrderedDict),
    )


STRUCTURES = st.recursive(LEAVES, _structures, max_leaves=8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(STRUCTURES)
def test_round_trip(structure):
    leaves = nest.flatten(structure)
    packed = nest.pack(structure, leaves)
    assert packed == structure and type(packed) is type(structure)
    assert nest.flatten(packed) == leaves


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STRUCTURES)
def test_mapping_numbers_the_leaves(structure):
    count = len(nest.flatten(structure))
    numbered = nest.pack(structure, range(count))
    assert nest.flatten(numbered) == list(range(count))
    assert nest.flatten(nest.map_structure(lambda i: i + 1, numbered)) == list(range(1, count + 1))
    nest.assert_same(structure, numbered)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STRUCTURES)
def test_paths_lead_to_the_leaves(structure):
    for path, leaf in nest.flatten_with_path(structure):
        part = structure
        for key in path:
            part = getattr(part, key) if isinstance(part, Point) else part[key]
        assert part is leaf or part == leaf


def test_dicts_go_by_sorted_keys_and_keep_their_own_order():
    structure = {"b": 1, "a": 2}
    assert nest.flatten(structure) == [2, 1]
    assert list(nest.pack(structure, [20, 10]).items()) == [("b", 10), ("a", 20)]
    assert nest.flatten({1: "int", "a": "str"}) == ["int", "str"]  # keys that cannot be compared keep their order


def test_registered_classes_are_structures():
    class Pair:
        def __init__(self, first, second, label):
            self.first, self.second, self.label = first, second, label

    nest.register(Pair, lambda p: ([p.first, p.second], p.label), lambda label, parts: Pair(*parts, label))
    try:
        packed = nest.map_structure(lambda x: x * 2, Pair(1, [2, 3], "p"))
        assert (packed.first, packed.second, packed.label) == (2, [4, 6], "p")
        assert nest.is_nested(packed)
    finally:
        del nest._registered[Pair]


@pytest.mark.parametrize(("leaves", "message"), [([1], "Too few"), ([1, 2, 3], "Too many")])
def test_pack_counts(leaves, message):
    with pytest.raises(ValueError, match=message):
        nest.pack([0, (0,)], leaves)


@pytest.mark.parametrize(("first", "second"), [([1], [1, 2]), ({"a": 1}, {"b": 1}), (1, [1]), ([1, [2]], [1, 2])])
def test_structures_that_differ(first, second):
    with pytest.raises(ValueError, match="differ"):
        nest.assert_same(first, second)
    with pytest.raises(ValueError, match="differ"):
        nest.map_structure(lambda a, b: a, first, second)


def test_kinds_may_matter():
    nest.assert_same([1], (2,))
    with pytest.raises(TypeError, match="list against tuple"):
        nest.assert_same([1], (2,), check_types=True)
