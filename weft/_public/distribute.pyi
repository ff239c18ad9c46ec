"""Written by tools/make_stubs.py; do not edit."""

from weft.api.distribute import CentralStorageStrategy as CentralStorageStrategy
from weft.api.distribute import CrossDeviceOps as CrossDeviceOps
from weft.api.distribute import DistributedDataset as DistributedDataset
from weft.api.distribute import HierarchicalCopyAllReduce as HierarchicalCopyAllReduce
from weft.api.distribute import InputContext as InputContext
from weft.api.distribute import InputOptions as InputOptions
from weft.api.distribute import InputReplicationMode as InputReplicationMode
from weft.api.distribute import MirroredStrategy as MirroredStrategy
from weft.api.distribute import MultiWorkerMirroredStrategy as MultiWorkerMirroredStrategy
from weft.api.distribute import NcclAllReduce as NcclAllReduce
from weft.api.distribute import OneDeviceStrategy as OneDeviceStrategy
from weft.api.distribute import ParameterServerStrategy as ParameterServerStrategy
from weft.api.distribute import ReduceOp as ReduceOp
from weft.api.distribute import ReductionToOneDevice as ReductionToOneDevice
from weft.api.distribute import ReplicaContext as ReplicaContext
from weft.api.distribute import RunOptions as RunOptions
from weft.api.distribute import Strategy as Strategy
from weft.api.distribute import StrategyExtended as StrategyExtended
from weft.api.distribute import TPUStrategy as TPUStrategy
from weft.api.distribute import cluster_resolvers as _cluster_resolver
from weft.api.distribute import cluster_resolvers as cluster_resolvers
from weft.api.distribute import experimental as experimental
from weft.api.distribute import experimental_set_strategy as experimental_set_strategy
from weft.api.distribute import get_replica_context as get_replica_context
from weft.api.distribute import get_strategy as get_strategy
from weft.api.distribute import has_strategy as has_strategy
from weft.api.distribute import in_cross_replica_context as in_cross_replica_context

cluster_resolver = _cluster_resolver
