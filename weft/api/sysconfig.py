"""`tf.sysconfig`: how TensorFlow was built, of which little has a meaning where nothing is."""

from __future__ import annotations

from collections import OrderedDict


def get_build_info() -> OrderedDict[str, bool]:
    """What TensorFlow's builds tell of themselves: Weft is Python, and built for no accelerator.

    Example:
        >>> import weft as tf
        >>> tf.sysconfig.get_build_info()["is_cuda_build"]
        False
    """
    return OrderedDict(is_cuda_build=False, is_rocm_build=False, is_tensorrt_build=False)
