"""Version 1's initializers: what gives variables their first values, under the names and nodes that version 1 has."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

import weft
from weft.base import dtypes
from weft.base.absent import absent
from weft.compat.v1 import making
from weft.runtime import frontdoor


class Initializer:
    """Called with a shape, a dtype and (unused here) what is known of a partition, it gives a tensor."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        raise NotImplementedError

    def _held(self, dtype: Any) -> Any:
        return self.dtype if dtype is None else dtypes.as_dtype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Its arguments; dtypes by their names."""
        plain = {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
        return {**plain, "dtype": self.dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer with these arguments."""
        return cls(**config)


class zeros_initializer(Initializer):
    """Zeros."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return making.zeros(shape, self._held(dtype))


class ones_initializer(Initializer):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return making.ones(shape, self._held(dtype))


class constant_initializer(Initializer):
    """One value everywhere, or these values in the variable's shape."""

    def __init__(self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False) -> None:
        super().__init__(dtype)
        self.value = value
        self._verify_shape = verify_shape

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None,
                 verify_shape: bool | None = None) -> Any:  # fmt: skip
        target = _full(shape)
        values = frontdoor.to_array(self.value, self._held(dtype))
        must = self._verify_shape if verify_shape is None else verify_shape
        if must and values.shape != target:
            raise TypeError(f"Expected a value of shape {target}, received one of shape {values.shape}.")
        count = int(np.prod(target))
        if values.size > count:
            raise ValueError(f"{values.size} values do not fit into a variable of shape {target}.")
        flat = values.reshape(-1)
        # too few values: the last one is repeated
        flat = np.concatenate([flat, np.repeat(flat[-1:], count - flat.size)])
        return weft.constant(flat.reshape(target), self._held(dtype))


class random_uniform_initializer(Initializer):
    """Numbers from `[minval, maxval)`; for integers `maxval` must be given."""

    def __init__(self, minval: Any = 0, maxval: Any = None, seed: Any = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return making.random_uniform(shape, self.minval, self.maxval, self._held(dtype), self.seed)


class _Normal(Initializer):
    _draw: Any = None

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: Any = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return type(self)._draw(shape, self.mean, self.stddev, self._held(dtype), self.seed)


class random_normal_initializer(_Normal):
    """Normally distributed numbers."""

    _draw = staticmethod(making.random_normal)


class truncated_normal_initializer(_Normal):
    """Normally distributed numbers within two deviations of the mean."""

    _draw = staticmethod(making.truncated_normal)


#: a normal distribution cut off at two deviations has this one left
_DEVIATION_LEFT = 0.87962566103423978


class variance_scaling_initializer(Initializer):
    """Random numbers whose variance is `scale` over the fan: inputs, outputs or their mean."""

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
                 seed: Any = None, dtype: Any = dtypes.float32) -> None:  # fmt: skip
        super().__init__(dtype)
        if scale <= 0:
            raise ValueError(f"`scale` must be positive, received {scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Unknown mode {mode!r}; it is fan_in, fan_out or fan_avg.")
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(f"Unknown distribution {distribution!r}; it is normal, uniform, truncated_normal or "
                             "untruncated_normal.")  # fmt: skip
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        fans = _fans(_full(shape if partition_info is None else partition_info.full_shape))
        fan = {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": sum(fans) / 2}[self.mode]
        variance, held = self.scale / max(1.0, fan), self._held(dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return making.random_uniform(shape, -limit, limit, held, self.seed)
        if self.distribution == "untruncated_normal":
            return making.random_normal(shape, 0.0, math.sqrt(variance), held, self.seed)
        return making.truncated_normal(shape, 0.0, math.sqrt(variance) / _DEVIATION_LEFT, held, self.seed)


def _full(shape: Any) -> tuple[int, ...]:
    found = weft.TensorShape(shape)
    if not found.is_fully_defined():
        raise ValueError(f"An initial value needs a shape without unknown sizes, received {found}.")
    return cast(tuple[int, ...], tuple(found.as_list()))


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """How many inputs and outputs a kernel of this shape connects."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    window = math.prod(shape[:-2])
    return float(window * shape[-2]), float(window * shape[-1])


class _Glorot(variance_scaling_initializer):
    _kind = "uniform"

    def __init__(self, seed: Any = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", self._kind, seed, dtype)

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {"seed": self.seed, "dtype": self.dtype.name}


class glorot_uniform_initializer(_Glorot):
    """Uniform numbers with the variance 2 / (fan in + fan out) (Glorot and Bengio 2010)."""


class glorot_normal_initializer(_Glorot):
    """Truncated normal numbers with the variance 2 / (fan in + fan out) (Glorot and Bengio 2010)."""

    _kind = "truncated_normal"


class he_normal(variance_scaling_initializer):
    """Truncated normal numbers with the variance 2 / fan in (He et al. 2015)."""

    _options: tuple[float, str] = (2.0, "truncated_normal")

    def __init__(self, seed: Any = None) -> None:
        super().__init__(self._options[0], "fan_in", self._options[1], seed)

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {"seed": self.seed}


class he_uniform(he_normal):
    """Uniform numbers with the variance 2 / fan in (He et al. 2015)."""

    _options = (2.0, "uniform")


class lecun_normal(he_normal):
    """Truncated normal numbers with the variance 1 / fan in (LeCun et al. 1998)."""

    _options = (1.0, "truncated_normal")


class lecun_uniform(he_normal):
    """Uniform numbers with the variance 1 / fan in (LeCun et al. 1998)."""

    _options = (1.0, "uniform")


class uniform_unit_scaling_initializer(Initializer):
    """Uniform numbers up to `factor` times the root of 3 / inputs, inputs being all sizes but the last."""

    def __init__(self, factor: float = 1.0, seed: Any = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.factor, self.seed = factor, seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        inputs = max(1.0, float(math.prod(_full(shape)[:-1])))
        limit = math.sqrt(3 / inputs) * self.factor
        return making.random_uniform(shape, -limit, limit, self._held(dtype), self.seed)


class orthogonal_initializer(Initializer):
    """A matrix with orthogonal columns (rows, where they are fewer), of all axes but the last and the last.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2013.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.gain, self.seed = gain, seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        sizes = _full(shape)
        if len(sizes) < 2:
            raise ValueError(f"The tensor to initialize must be at least two-dimensional, received shape {sizes}.")
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        drawn = making.random_normal([max(rows, columns), min(rows, columns)], 0.0, 1.0, self._held(dtype), self.seed)
        q, r = weft.linalg.qr(drawn, full_matrices=False)
        q = q * weft.sign(weft.linalg.diag_part(r))
        return self.gain * weft.reshape(weft.transpose(q) if rows < columns else q, sizes)


class _Identity(Initializer):
    """The identity matrix times `gain`."""

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        sizes = _full(shape)
        if len(sizes) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        return self.gain * weft.eye(*sizes, dtype=self._held(dtype))


identity = _Identity
orthogonal, uniform_unit_scaling = orthogonal_initializer, uniform_unit_scaling_initializer

#: the names of `tf.initializers`
zeros, ones, constant = zeros_initializer, ones_initializer, constant_initializer
random_normal, random_uniform = random_normal_initializer, random_uniform_initializer
truncated_normal, variance_scaling = truncated_normal_initializer, variance_scaling_initializer
glorot_normal, glorot_uniform = glorot_normal_initializer, glorot_uniform_initializer

#: operations that give variables and tables their first values, which version 1 has here too
_OPERATIONS = {"global_variables": "global_variables_initializer", "local_variables": "local_variables_initializer",
               "tables_initializer": "tables_initializer", "variables": "variables_initializer"}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _OPERATIONS:
        from weft.compat.v1 import graphs

        return getattr(graphs, _OPERATIONS[name])
    raise AttributeError(absent(f"tf.initializers.{name}", [n for n in globals() if not n.startswith("_")]))
