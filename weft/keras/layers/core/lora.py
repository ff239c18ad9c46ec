"""Low-rank adaptation: a frozen kernel, and a small product beside it that is trained instead."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain


def _checked(layer: str, rank: Any) -> int:
    if isinstance(rank, bool) or not hasattr(rank, "__index__") or rank <= 0:
        raise ValueError(explain(f"{layer}: the rank must be a positive integer.", received=repr(rank)))
    return int(rank)


class LowRank:
    """Gives a layer `enable_lora`. The layer's `call` takes the kernel from `_adapted()`.

    Source: Hu et al. 2021.
    """

    _adapted_weight = "kernel"
    lora_kernel_a: Any
    lora_kernel_b: Any

    def _set_low_rank(self: Any, rank: int | None, alpha: float | None, quantization: Any) -> None:
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
        self: Any, rank: int, a_initializer: Any = "he_uniform", b_initializer: Any = "zeros",
        lora_alpha: float | None = None,
    ) -> None:  # fmt: skip
        """Freezes the kernel and adds two small ones, `a` and `b`, whose product times `lora_alpha / rank` is added.

        Args:
            rank: The size between the two.
            a_initializer: First value of `a`.
            b_initializer: First value of `b`; zeros change nothing at first.
            lora_alpha: The factor; `rank` by default.

        Raises:
            ValueError: Where the layer is not built, or this was done before.
        """
        if self.lora_enabled:
            raise ValueError(explain(f"Layer `{self.name}`: enable_lora() was called before; it can be done once."))
        if not self.built:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) is not built yet, so there is no kernel to adapt.",
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
        self.lora_kernel_a = self.add_weight(
            name=f"{name}_a", shape=(*shape[:-1], self.lora_rank), initializer=initializers.get(a_initializer),
            regularizer=regularizer,
        )  # fmt: skip
        self.lora_kernel_b = self.add_weight(
            name=f"{name}_b", shape=(self.lora_rank, shape[-1]), initializer=initializers.get(b_initializer),
            regularizer=regularizer,
        )  # fmt: skip
        base.trainable, base._frozen = False, True
        self.lora_enabled = True

    def _adapted(self: Any) -> Any:
        """The kernel with what is added to it."""
        base = getattr(self, self._adapted_weight)
        if not self.lora_enabled:
            return base
        return base + self._low_rank_scale() * tf.tensordot(self.lora_kernel_a, self.lora_kernel_b, 1)

    def _low_rank_scale(self: Any) -> float:
        return float(self.lora_alpha) / int(self.lora_rank)

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        config.pop("quantization_config", None)
        if config.get("lora_rank") is None:
            config.pop("lora_rank", None)
            config.pop("lora_alpha", None)
        return config
