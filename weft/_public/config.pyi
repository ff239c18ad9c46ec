"""Written by tools/make_stubs.py; do not edit."""

from weft.api.config import LogicalDevice as LogicalDevice
from weft.api.config import LogicalDeviceConfiguration as LogicalDeviceConfiguration
from weft.api.config import PhysicalDevice as PhysicalDevice
from weft.api.config import cluster_is_known as cluster_is_known
from weft.api.config import experimental as experimental
from weft.api.config import experimental_connect_to_cluster as experimental_connect_to_cluster
from weft.api.config import experimental_connect_to_host as experimental_connect_to_host
from weft.api.config import functions_run_eagerly as _experimental_functions_run_eagerly
from weft.api.config import functions_run_eagerly as functions_run_eagerly
from weft.api.config import get_logical_device_configuration as get_logical_device_configuration
from weft.api.config import get_memory_growth as get_memory_growth
from weft.api.config import get_soft_device_placement as get_soft_device_placement
from weft.api.config import get_visible_devices as get_visible_devices
from weft.api.config import list_logical_devices as list_logical_devices
from weft.api.config import list_physical_devices as list_physical_devices
from weft.api.config import optimizer as optimizer
from weft.api.config import run_functions_eagerly as _experimental_run_functions_eagerly
from weft.api.config import run_functions_eagerly as run_functions_eagerly
from weft.api.config import set_logical_device_configuration as set_logical_device_configuration
from weft.api.config import set_memory_growth as set_memory_growth
from weft.api.config import set_soft_device_placement as set_soft_device_placement
from weft.api.config import set_visible_devices as set_visible_devices
from weft.api.config import soft_placement as soft_placement
from weft.api.config import threading as threading

experimental_functions_run_eagerly = _experimental_functions_run_eagerly
experimental_run_functions_eagerly = _experimental_run_functions_eagerly
