"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.version import GRAPH_DEF_VERSION as GRAPH_DEF_VERSION
from weft.compat.v1.version import GRAPH_DEF_VERSION_MIN_CONSUMER as GRAPH_DEF_VERSION_MIN_CONSUMER
from weft.compat.v1.version import GRAPH_DEF_VERSION_MIN_PRODUCER as GRAPH_DEF_VERSION_MIN_PRODUCER
from weft.compat.v1.version import VERSION as VERSION
from weft.version import COMPILER_VERSION as COMPILER_VERSION
from weft.version import GIT_VERSION as GIT_VERSION
