"""What compiled graphs give, compared with what the same ops give one by one."""

from typing import Any

import numpy as np

from weft.runtime import dispatch


def assert_traced(actual: Any, expected: Any, aside: Any = None) -> None:
    """Compares what a compiled graph gives with what the same ops give one by one.

    `aside` says which elements other engines than the reference take for something else: they count denormal numbers
    as zero.

    On the reference engine every bit is the same. Other engines sum in another order and have functions of their own:
    they may differ by some units in the last place, of the result or of 1, whichever is larger.
    """
    if np.asarray(expected).dtype.kind not in "fc" or dispatch.engine().name == "reference":
        np.testing.assert_array_equal(actual, expected)
        return
    if aside is not None and np.shape(aside) == np.shape(expected):
        actual, expected = np.where(aside, 0, actual), np.where(aside, 0, expected)
    tolerance = 16 * float(np.finfo(np.asarray(expected).dtype).eps)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
