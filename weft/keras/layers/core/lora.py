"""Low-rank adaptation: a frozen kernel, and a small product beside it that is trained instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.core import tracking


def _checked(layer: str, rank: Any) -> int:
    if isinstance(rank, bool) or not hasattr(rank, "__index__") or rank <= 0:
        raise ValueError(explain(f"{layer}: the rank must be a positive integer.", received=repr(rank)))
    return int(rank)


def adapted(name: str) -> Any:
    """An attribute that is a weight, or, once `enable_lora` was called, the weight with what is added to it."""

    def read(layer: Any) -> Any:
        if f"_{name}" not in layer.__dict__:
            raise AttributeError(explain(
                f"Layer `{layer.name}` ({type(layer).__name__}) has no `{name}` yet, because it is not built.",
                hint=f"you must build the layer before accessing `{name}`: call it on data, or layer.build(shape)",
            ))  # fmt: skip
        base = layer.__dict__[f"_{name}"]
        if not layer.lora_enabled:
            return base
        return tf.cast(base + layer._addition(), layer.compute_dtype)

    def write(layer: Any, value: Any) -> None:
        setattr(layer, f"_{name}", value)

    return property(read, write, doc=f"The {name} of the layer, with what low-rank adaptation adds to it.")


class LowRank:
    """Gives a layer `enable_lora`. The adapted weight is an attribute made by `adapted`.

    Source: Hu et al. 2021.
    """

    _adapted_weight = "kernel"

    def _set_low_rank(self: Any, rank: int | None, alpha: float | None, quantization: Any = None) -> None:
        name = type(self).__name__
        if quantization is not None:
            raise NotImplementedError(explain(
                f"{name}: quantization is not there yet.", received=f"quantization_config={quantization!r}",
                hint="leave out quantization_config",
            ))  # fmt: skip
        self.lora_rank = None if not rank else _checked(name, rank)
        self.lora_alpha = alpha if alpha is not None else self.lora_rank
        self.lora_enabled = False

    def _build_low_rank(self: Any) -> None:
        """To be called at the end of `build`."""
        if self.lora_rank:
            self._add_low_rank("he_uniform", "zeros")

    def enable_lora(
        self: Any, rank: int, lora_alpha: float | None = None, a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:  # fmt: skip
        """Freezes the kernel and adds two small ones, `a` and `b`, whose product times `lora_alpha / rank` is added.

        Args:
            rank: The size between the two.
            lora_alpha: The factor; `rank` by default.
            a_initializer: First value of `a`.
            b_initializer: First value of `b`; zeros change nothing at first.

        Raises:
            ValueError: Where the layer is not built, its kernel is constrained, or this was done before.
        """
        if self.lora_enabled:
            raise ValueError(explain(
                f"Layer `{self.name}`: lora is already enabled.", hint="enable_lora() can be called once"
            ))  # fmt: skip
        weight = self._adapted_weight
        if getattr(self, f"{weight}_constraint", None) is not None:
            kind = weight.removesuffix("s")
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): lora is incompatible with {kind} constraints.",
                received=f"{weight}_constraint={getattr(self, f'{weight}_constraint')!r}",
                hint=f"make the layer without {weight}_constraint",
            ))  # fmt: skip
        if not self.built:
            raise ValueError(explain(
                f"Cannot enable lora on a layer that isn't yet built: `{self.name}` ({type(self).__name__}) has no "
                f"{weight} to adapt.",
                hint="call it on data, or build it with layer.build(input_shape), before enable_lora()",
            ))  # fmt: skip
        self.lora_rank = _checked(type(self).__name__, rank)
        self.lora_alpha = rank if lora_alpha is None else lora_alpha
        with tf.init_scope():
            self._add_low_rank(a_initializer, b_initializer)

    def _add_low_rank(self: Any, a_initializer: Any, b_initializer: Any) -> None:
        from weft.keras import initializers, regularizers

        base = getattr(self, self._adapted_weight)
        shape = tuple(int(size) for size in base.shape)
        name = f"lora_{self._adapted_weight}"
        regularizer = regularizers.get(getattr(self, f"{self._adapted_weight}_regularizer", None))
        for letter, sizes, initializer in (
            ("a", (*shape[:-1], self.lora_rank), a_initializer), ("b", (self.lora_rank, shape[-1]), b_initializer),
        ):  # fmt: skip
            # Whatever the layer's dtype: small steps must not vanish.
            setattr(self, f"{name}_{letter}", self.add_weight(
                name=f"{name}_{letter}", shape=sizes, initializer=initializers.get(initializer), dtype="float32",
                regularizer=regularizer,
            ))  # fmt: skip
        base.trainable = False
        self.lora_enabled = True

    def _low_rank(self: Any) -> tuple[Any, Any]:
        """`a` and `b`."""
        return getattr(self, f"lora_{self._adapted_weight}_a"), getattr(self, f"lora_{self._adapted_weight}_b")

    def _addition(self: Any) -> Any:
        """What is added to the kernel."""
        a, b = self._low_rank()
        return self._low_rank_scale() * tf.tensordot(a, b, 1)

    def _low_rank_scale(self: Any) -> float:
        return float(self.lora_alpha) / int(self.lora_rank)

    def save_own_variables(self: Any, store: Any) -> None:
        """Puts the values of the layer's weights into a mapping; the kernel's with what is added to it.

        So a layer without low-rank adaptation can load them.
        """
        if not self.lora_enabled:
            super().save_own_variables(store)  # type: ignore[misc]
            return
        base = getattr(self, f"_{self._adapted_weight}")
        a, b = (weight.numpy() for weight in self._low_rank())
        for place, variable in enumerate(self._plain_variables()):
            value = variable.numpy()
            if variable is base:
                value = (value + self._low_rank_scale() * np.tensordot(a, b, 1)).astype(value.dtype)
            store[str(place)] = value

    def load_own_variables(self: Any, store: Mapping[str, Any]) -> None:
        """Takes the values of the layer's weights; what is added to the kernel begins with zeros."""
        if not self.lora_enabled or len(store) != len(self._plain_variables()):
            super().load_own_variables(store)  # type: ignore[misc]
            return
        self._load_into(self._plain_variables(), store)
        for weight in self._low_rank():
            weight.assign(np.zeros(tuple(weight.shape)))

    def _plain_variables(self: Any) -> list[Any]:
        """The weights without the two small ones, in the order that they have without these."""
        added = {id(weight) for weight in self._low_rank()}
        return [weight for weight in tracking.unique(self._own_variables()) if id(weight) not in added]

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        config.pop("quantization_config", None)
        if config.get("lora_rank") is None:
            config.pop("lora_rank", None)
            config.pop("lora_alpha", None)
        return config
