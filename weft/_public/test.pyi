"""Written by tools/make_stubs.py; do not edit."""

from weft.api.test import Benchmark as Benchmark
from weft.api.test import TestCase as TestCase
from weft.api.test import compute_gradient as compute_gradient
from weft.api.test import create_local_cluster as create_local_cluster
from weft.api.test import get_temp_dir as get_temp_dir
from weft.api.test import gpu_device_name as gpu_device_name
from weft.api.test import is_built_with_cuda as is_built_with_cuda
from weft.api.test import is_built_with_gpu_support as is_built_with_gpu_support
from weft.api.test import is_built_with_rocm as is_built_with_rocm
from weft.api.test import is_built_with_xla as is_built_with_xla
from weft.api.test import is_cpu_target_available as is_cpu_target_available
from weft.api.test import is_gpu_available as is_gpu_available
from weft.api.test import main as main
