"""`tf.train`: checkpoints, averages, threads, clusters, and the messages that training examples are written as."""

from __future__ import annotations

from weft.api.averages import ExponentialMovingAverage as ExponentialMovingAverage
from weft.api.checkpoint import Checkpoint as Checkpoint
from weft.api.checkpoint import CheckpointOptions as CheckpointOptions
from weft.api.checkpoint.manager import CheckpointManager as CheckpointManager
from weft.api.checkpoint.manager import CheckpointView as CheckpointView
from weft.api.checkpoint.manager import TrackableView as TrackableView
from weft.api.checkpoint.objects import PythonState
from weft.api.checkpoint.reading import (  # noqa: F401
    checkpoints_iterator,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from weft.api.clusters import ClusterDef as ClusterDef
from weft.api.clusters import ClusterSpec as ClusterSpec
from weft.api.clusters import JobDef as JobDef
from weft.api.clusters import ServerDef as ServerDef
from weft.api.coordinator import Coordinator as Coordinator
from weft.base.absent import Namespace
from weft.formats.messages.example import (  # noqa: F401
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

experimental = Namespace("tf.train.experimental", PythonState=PythonState)
