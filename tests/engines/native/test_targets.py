"""Training with the processor's features turned off: the reference's numbers, the same for any threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.native import test_training
from tests.engines.programs import convolutions, mlp
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import target
from weft.runtime import dispatch


@pytest.fixture(params=["avx2", "x86-64", "neon"], autouse=True)
def _lesser(request: pytest.FixtureRequest) -> Iterator[None]:
    try:
        target.find(request.param)
    except UnavailableError as error:
        pytest.skip(str(error))
    with flags.override(WEFT_TARGET=request.param):
        yield
    dispatch.use_engine(None)


@pytest.mark.parametrize("make", [mlp, convolutions])
def test_training_is_the_reference_engines(make: object) -> None:
    test_training.test_training_is_the_reference_engines(make, "adam")


def test_the_same_bits_for_any_number_of_threads() -> None:
    test_training.test_the_same_bits_for_any_number_of_threads(convolutions)
