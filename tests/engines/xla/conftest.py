"""How jax is set up for these tests: eight devices of the processor, and little optimisation, which costs most time."""

import os

_FLAGS = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
# before jax makes its devices, which it does when it is first used
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAGS}".strip()
