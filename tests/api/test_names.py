"""Every public name is where the table says."""

import importlib

import pytest

import weft
from weft.api import names


@pytest.mark.parametrize("name", sorted(names.table()))
def test_it_is_there(name):
    module, attribute = names.table()[name]
    found = importlib.import_module(module)
    assert attribute is None or hasattr(found, attribute)
    assert getattr(weft, name) is (found if attribute is None else getattr(found, attribute))


def test_an_unknown_name_is_met_with_near_ones():
    with pytest.raises(AttributeError, match="reduce_mean"):
        _ = weft.reduce_men


def test_the_older_spelling_of_version_2_has_its_switch():
    from weft.compat import v2

    v2.enable_v2_behavior()
    assert weft.executing_eagerly() and not hasattr(weft, "enable_v2_behavior")
