"""`tf.train` of version 1: optimizers, learning rates, the step counter, averages, checkpoints, threads."""

from __future__ import annotations

import importlib
from typing import Any

import weft
from weft.api.checkpoint.reading import checkpoints_iterator as checkpoints_iterator
from weft.api.coordinator import Coordinator as Coordinator
from weft.api.coordinator import LooperThread as LooperThread
from weft.api.io import write_graph as write_graph
from weft.api.train import (  # noqa: F401
    BytesList,
    ClusterDef,
    ClusterSpec,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    JobDef,
    SequenceExample,
    ServerDef,
)
from weft.base.absent import absent
from weft.compat.v1.checkpoints import (  # noqa: F401
    CheckpointReader,
    NewCheckpointReader,
    checkpoint_exists,
    get_checkpoint_state,
    init_from_checkpoint,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    remove_checkpoint,
    update_checkpoint_state,
)
from weft.compat.v1.global_step import (  # noqa: F401
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)
from weft.compat.v1.input import (  # noqa: F401
    batch,
    batch_join,
    input_producer,
    limit_epochs,
    match_filenames_once,
    maybe_batch,
    maybe_batch_join,
    maybe_shuffle_batch,
    maybe_shuffle_batch_join,
    range_input_producer,
    shuffle_batch,
    shuffle_batch_join,
    slice_input_producer,
    string_input_producer,
)
from weft.compat.v1.learning_rates import (  # noqa: F401
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    noisy_linear_cosine_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from weft.compat.v1.meta_graphs import export_meta_graph as export_meta_graph
from weft.compat.v1.meta_graphs import import_meta_graph as import_meta_graph
from weft.compat.v1.monitored_session import (  # noqa: F401
    ChiefSessionCreator,
    MonitoredSession,
    MonitoredTrainingSession,
    Scaffold,
    SessionCreator,
    SessionManager,
    SingularMonitoredSession,
    WorkerSessionCreator,
)
from weft.compat.v1.moving_averages import ExponentialMovingAverage as ExponentialMovingAverage
from weft.compat.v1.moving_averages import assign_moving_average as _assign_moving_average  # noqa: F401
from weft.compat.v1.old_names import find as _older
from weft.compat.v1.penalized_optimizers import (  # noqa: F401
    AdagradDAOptimizer,
    FtrlOptimizer,
    ProximalAdagradOptimizer,
    ProximalGradientDescentOptimizer,
)
from weft.compat.v1.queue_runner import QueueRunner as QueueRunner
from weft.compat.v1.queue_runner import add_queue_runner as add_queue_runner
from weft.compat.v1.queue_runner import start_queue_runners as start_queue_runners
from weft.compat.v1.saver import Saver as Saver
from weft.compat.v1.saver import SaverDef as SaverDef
from weft.compat.v1.servers import Server as Server
from weft.compat.v1.servers import replica_device_setter as replica_device_setter
from weft.compat.v1.session_hooks import (  # noqa: F401
    CheckpointSaverHook,
    CheckpointSaverListener,
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    StopAtStepHook,
    SummarySaverHook,
)
from weft.compat.v1.summary_writer import summary_iterator as summary_iterator
from weft.compat.v1.supervisor import Supervisor as Supervisor
from weft.compat.v1.sync_replicas import SyncReplicasOptimizer as SyncReplicasOptimizer
from weft.compat.v1.timeline import Timeline as _Timeline  # noqa: F401
from weft.compat.v1.train_optimizers import (  # noqa: F401
    AdadeltaOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    Optimizer,
    RMSPropOptimizer,
)

#: what is version 2's own
_SHARED = ("Checkpoint", "CheckpointManager", "experimental")


def __getattr__(name: str) -> Any:
    if name in _SHARED:
        return getattr(weft.train, name)
    if name == "queue_runner":  # the module of that name, which programs import from
        return importlib.import_module("weft.compat.v1.queue_runner")
    older = _older(f"train.{name}")
    if older is None:
        raise AttributeError(absent(f"tf.train.{name}", [n for n in globals() if not n.startswith("_")]))
    return older
