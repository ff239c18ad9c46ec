"""The version of Weft, in one place, and what TensorFlow calls `tf.version`.

`weft.__version__` is Weft's own. The constants below answer the question that programs ask of `tf.version`: which
TensorFlow's names and behaviour this is. The package metadata reads this file and takes the first assignment.
"""

import sys as _sys

__version__ = "0.1.0"

#: The release of TensorFlow whose names and behaviour Weft follows.
VERSION = "2.21.0"
#: Where TensorFlow puts its revision, whose software this really is.
GIT_VERSION = f"weft {__version__}"
#: What compiled it: Weft is Python source, so the interpreter did.
COMPILER_VERSION = f"{_sys.implementation.name} {_sys.version.split()[0]}"
#: The version of serialised graphs of that release, and the oldest consumers and producers that it gets on with.
GRAPH_DEF_VERSION = 2474
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0

__all__ = [
    "COMPILER_VERSION", "GIT_VERSION", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "VERSION",
]  # fmt: skip
