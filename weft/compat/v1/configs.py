"""Settings of sessions and runs: kept, and none changes results but times that are waited for."""

from weft.formats.messages.config import ConfigProto as ConfigProto
from weft.formats.messages.config import GPUOptions as GPUOptions
from weft.formats.messages.config import GraphOptions as GraphOptions
from weft.formats.messages.config import OptimizerOptions as OptimizerOptions
from weft.formats.messages.config import RunOptions as RunOptions
from weft.formats.messages.rewriter_config import RewriterConfig as RewriterConfig
