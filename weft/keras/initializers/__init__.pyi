"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.initializers.fixed import Constant as Constant
from weft.keras.initializers.fixed import Constant as _constant
from weft.keras.initializers.fixed import Identity as Identity
from weft.keras.initializers.fixed import Identity as _IdentityInitializer
from weft.keras.initializers.fixed import Identity as _identity
from weft.keras.initializers.fixed import Ones as Ones
from weft.keras.initializers.fixed import Ones as _ones
from weft.keras.initializers.fixed import Zeros as Zeros
from weft.keras.initializers.fixed import Zeros as _zeros
from weft.keras.initializers.initializer import Initializer as Initializer
from weft.keras.initializers.random import GlorotNormal as GlorotNormal
from weft.keras.initializers.random import GlorotNormal as _glorot_normal
from weft.keras.initializers.random import GlorotUniform as GlorotUniform
from weft.keras.initializers.random import GlorotUniform as _glorot_uniform
from weft.keras.initializers.random import HeNormal as HeNormal
from weft.keras.initializers.random import HeNormal as _he_normal
from weft.keras.initializers.random import HeUniform as HeUniform
from weft.keras.initializers.random import HeUniform as _he_uniform
from weft.keras.initializers.random import LecunNormal as LecunNormal
from weft.keras.initializers.random import LecunNormal as _lecun_normal
from weft.keras.initializers.random import LecunUniform as LecunUniform
from weft.keras.initializers.random import LecunUniform as _lecun_uniform
from weft.keras.initializers.random import Orthogonal as Orthogonal
from weft.keras.initializers.random import Orthogonal as _OrthogonalInitializer
from weft.keras.initializers.random import Orthogonal as _orthogonal
from weft.keras.initializers.random import RandomInitializer as RandomInitializer
from weft.keras.initializers.random import RandomNormal as RandomNormal
from weft.keras.initializers.random import RandomNormal as _normal
from weft.keras.initializers.random import RandomNormal as _random_normal
from weft.keras.initializers.random import RandomUniform as RandomUniform
from weft.keras.initializers.random import RandomUniform as _random_uniform
from weft.keras.initializers.random import RandomUniform as _uniform
from weft.keras.initializers.random import TruncatedNormal as TruncatedNormal
from weft.keras.initializers.random import TruncatedNormal as _truncated_normal
from weft.keras.initializers.random import VarianceScaling as VarianceScaling
from weft.keras.initializers.random import VarianceScaling as _variance_scaling
from weft.keras.initializers.signal import STFT as STFT
from weft.keras.initializers.signal import STFT as _STFTInitializer
from weft.keras.initializers.signal import STFT as _stft

IdentityInitializer = _IdentityInitializer
OrthogonalInitializer = _OrthogonalInitializer
STFTInitializer = _STFTInitializer
constant = _constant
glorot_normal = _glorot_normal
glorot_uniform = _glorot_uniform
he_normal = _he_normal
he_uniform = _he_uniform
identity = _identity
lecun_normal = _lecun_normal
lecun_uniform = _lecun_uniform
normal = _normal
ones = _ones
orthogonal = _orthogonal
random_normal = _random_normal
random_uniform = _random_uniform
stft = _stft
truncated_normal = _truncated_normal
uniform = _uniform
variance_scaling = _variance_scaling
zeros = _zeros

def deserialize(config: Any, custom_objects: dict[str, Any] | None = ...) -> Any:
    """The initializer of a configuration."""

def get(identifier: Any) -> Any:
    """The initializer for a name, a configuration, a class, a function `(shape, dtype)`, or a value."""

def serialize(initializer: Any) -> Any:
    """The configuration of an initializer."""
