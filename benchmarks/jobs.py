"""The jobs: what is timed, against whom, and what the ratio is to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import Any

import numpy as np

#: who else does a job, by its kind
RIVALS = {
    "train": ("tensorflow", "torch", "jax-fit", "jax-jit"),
    "infer": ("tensorflow", "torch", "jax-fit", "jax-jit", "onnx"),
    "predict": ("tensorflow", "jax-fit"),
    "call": ("tensorflow", "torch", "jax-fit"),
    "array": ("tensorflow", "torch", "jax-jit"),
    "bf16": ("weft",),
    "fresh": ("tensorflow",),
    "session": ("tensorflow",),
    "products": ("numpy",),
}


@dataclass(frozen=True)
class Job:
    """One line of the tables.

    Attributes:
        name: What it is called on the command line.
        kind: A key of `RIVALS`.
        model: A name of `benchmarks.models.DESCRIPTIONS`, or which array pass it is.
        sizes: The arguments of the description.
        batch: Rows in a step.
        steps: Different batches in memory.
        bar: What the ratio to the fastest rival is to reach, if anything was promised; for `fresh` seconds, cold and
            warm; for array passes the part of the copy bandwidth.
        limit: Seconds that a step is to stay below.
        threads: How many each may use, where it is not for the command line to say.
        rows: The length of the array in array passes.
    """

    name: str
    kind: str
    model: str
    sizes: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 1
    steps: int = 8
    bar: float | tuple[float, float] | None = None
    rows: int = 0
    limit: float | None = None
    threads: int | None = None

    @property
    def home(self) -> str:
        """Who is compared with the rivals."""
        return "weft-bf16" if self.kind == "bf16" else "weft"

    @property
    def mode(self) -> str:
        """The mode of the contestants' task."""
        return {"bf16": "train", "array": self.model, "products": "product"}.get(self.kind, self.kind)

    @property
    def turn(self) -> float:
        """How long a turn is, as a part of the usual length: many small jobs may be short."""
        return {"products": 0.2, "predict": 0.5, "call": 0.5}.get(self.kind, 1.0)

    def task(self, threads: int, exchange: str) -> dict[str, Any]:
        """What each contestant is told."""
        return {
            "mode": self.mode,
            "model": self.model,
            "sizes": dict(self.sizes),
            "batch": self.batch,
            "rows": self.rows or self.batch * self.steps,
            "threads": self.threads or threads,
            "exchange": exchange,
        }


_SIZES: dict[str, dict[str, Any]] = {
    "mnist": {},
    "mlp": {},
    "resnet20": {"size": 32},
    "unet": {"size": 64},
    "mobilenet": {"size": 96},
    "resnet50": {"size": 224, "classes": 1000},
    "lstm": {},
    "gru": {"steps": 200, "words": 10_000},
    "encoder": {"steps": 128, "words": 10_000},
    "gpt": {},
    "textcnn": {"steps": 400, "words": 5_000},
    "vae": {},
    "recommender": {},
}

#: model, batch, batches in memory, bar
_TRAINING: tuple[tuple[str, int, int, float], ...] = (
    ("mnist", 32, 1875, 6.0),
    ("mnist", 128, 468, 3.5),
    ("mlp", 32, 400, 1.5),
    ("mlp", 256, 100, 1.4),
    ("resnet20", 64, 8, 1.7),
    ("unet", 8, 32, 1.7),
    ("mobilenet", 32, 4, 2.0),
    ("resnet50", 8, 2, 1.2),
    ("lstm", 32, 16, 1.8),
    ("gru", 32, 32, 2.5),
    ("encoder", 32, 8, 1.6),
    ("gpt", 8, 8, 1.6),
    ("textcnn", 32, 64, 1.8),
    ("vae", 128, 100, 1.8),
    ("recommender", 256, 200, 1.2),
)
_SQUARES = (64, 67, 128, 131, 256, 257, 384, 515, 512, 768, 1001, 1024, 1536, 2047, 2048)
_BF16_BARS = {"encoder": 1.4}
_ARRAY = 50_000_000


def _rows_asked(model: str) -> int:
    """Rows of one `predict`, so many that what a call costs does not show; large pictures would fill the memory."""
    return 128 if model in ("mobilenet", "resnet50") else 1024


def all_jobs() -> list[Job]:
    """Every job, in the order of the tables."""
    train = [Job(f"{model}-{batch}", "train", model, _SIZES[model], batch, steps, bar)
             for model, batch, steps, bar in _TRAINING]  # fmt: skip
    infer = [Job(f"infer:{model}-{batch}", "infer", model, sizes, batch, _rows_asked(model) // batch, 1.3)
             for model, sizes in _SIZES.items() for batch in (1, 32)]  # fmt: skip
    predict = [Job(f"predict:{model}", "predict", model, sizes, bar=3.0) for model, sizes in _SIZES.items()]
    predict[0] = replace(predict[0], limit=120e-6)
    return [
        *train,
        *infer,
        *predict,
        Job("call:mnist", "call", "mnist", limit=50e-6),
        *(Job(f"session:{program}-{batch}", "session", program, {}, batch, steps, bar=1.0)
          for program, batch, steps in (("linear", 1, 100), ("mlp", 100, 20), ("cnn", 100, 5), ("lstm", 100, 10))),
        Job("fresh:mnist", "fresh", "mnist", _SIZES["mnist"], 32, 1, bar=(1.3, 0.5)),
        Job("fresh:resnet50", "fresh", "resnet50", _SIZES["resnet50"], 8, 1, bar=(10.0, 1.5)),
        *(Job(f"product:{size}:{threads}", "products", "", {"size": size}, bar=0.98, threads=threads)
          for threads in (1, 2) for size in _SQUARES),
        Job("chain", "array", "chain", rows=_ARRAY, bar=0.8),
        Job("adam", "array", "adam", rows=_ARRAY, bar=0.8),
        *(replace(job, name=f"bf16:{job.name}", kind="bf16", bar=_BF16_BARS.get(job.model, 1.0)) for job in train),
    ]  # fmt: skip


def select(jobs: Iterable[Job], wanted: Iterable[str]) -> list[Job]:
    """The jobs that are named: by name, by pattern (`infer:*`), by model or by kind; all where nothing is named.

    Raises:
        ValueError: Where a name means none of them.
    """
    jobs, wanted = list(jobs), list(wanted)
    for name in wanted:
        if not any(_named(job, name) for job in jobs):
            raise ValueError(f"no job is called {name!r}. The list: python -m benchmarks --list")
    return [job for job in jobs if not wanted or any(_named(job, name) for name in wanted)]


def _named(job: Job, name: str) -> bool:
    return name in (job.kind, job.model) or fnmatch(job.name, name)


def draw(count: int, seed: int, kinds: Iterable[str] = ("train",)) -> list[Job]:
    """Jobs like those of the table with other widths, depths, kernels, lengths and batches, drawn from a seed.

    Args:
        count: How many for each model.
        seed: The same seed gives the same jobs.
        kinds: `train`, `infer` or both.

    Returns:
        The jobs, with the bars of those that they are like.
    """
    rng = np.random.default_rng(seed)
    bars = {model: bar for model, _, _, bar in reversed(_TRAINING)}
    found = []
    for model, rule in _DRAWN.items():
        for number in range(count):
            sizes, batch = rule(_Dice(rng))
            for kind in kinds:
                name = f"drawn{seed}:{model}-{number}" + (f":{kind}" if kind != "train" else "")
                bar = bars[model] if kind == "train" else 1.3
                found.append(Job(name, kind, model, {**_SIZES[model], **sizes}, batch, 4, bar))
    return found


class _Dice:
    """Draws sizes; widths come evenly on a scale of ratios, and seldom as multiples of a vector."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def width(self, low: int, high: int) -> int:
        return round(float(np.exp(self.rng.uniform(np.log(low), np.log(high)))))

    def one(self, *choices: int) -> int:
        return int(self.rng.choice(choices))

    def widths(self, count: int, low: int, high: int) -> list[int]:
        return [self.width(low, high) for _ in range(count)]


def _drawn_transformer(dice: _Dice) -> tuple[dict[str, Any], int]:
    heads = dice.one(2, 4, 6, 8)
    width = heads * dice.one(16, 24, 32, 48, 64)
    sizes = {"heads": heads, "width": width, "inner": width * dice.one(2, 3, 4), "blocks": dice.one(1, 2, 3),
             "steps": dice.width(20, 200), "words": dice.width(100, 10_000)}  # fmt: skip
    return sizes, dice.width(4, 32)


_DRAWN: dict[str, Any] = {
    "mnist": lambda d: (
        {"filters": d.widths(d.one(1, 2), 8, 96), "kernel": d.one(2, 3, 5), "units": d.width(32, 512)},
        d.width(8, 256),
    ),
    "mlp": lambda d: (
        {"features": d.width(20, 2000), "units": d.widths(d.one(1, 2, 3, 4), 32, 1500), "classes": d.width(2, 200)},
        d.width(8, 512),
    ),
    "resnet20": lambda d: (
        {"size": 4 * d.width(4, 16), "widths": d.widths(3, 8, 96), "blocks": d.one(1, 2, 3)}, d.width(8, 128)
    ),
    "unet": lambda d: ({"size": 8 * d.width(4, 16), "widths": d.widths(d.one(2, 3, 4), 8, 96), "kernel": d.one(3, 5)},
                       d.width(2, 16)),
    "mobilenet": lambda d: (
        {"size": 32 * d.one(2, 3, 4), "width": d.one(35, 50, 75, 100, 130) / 100, "kernel": d.one(3, 5)},
        d.width(4, 48),
    ),
    "resnet50": lambda d: (
        {"size": 32 * d.width(2, 7), "width": d.one(16, 32, 48, 64), "blocks": [d.one(1, 2, 3) for _ in range(4)]},
        d.width(2, 12),
    ),
    "lstm": lambda d: ({"steps": d.width(10, 150), "features": d.width(4, 200), "units": d.width(16, 400)},
                       d.width(4, 96)),
    "gru": lambda d: (
        {"steps": d.width(10, 250), "words": d.width(500, 20_000), "width": d.width(16, 200),
         "units": d.width(16, 200)},
        d.width(4, 96),
    ),
    "encoder": _drawn_transformer,
    "gpt": _drawn_transformer,
    "textcnn": lambda d: (
        {"steps": d.width(50, 600), "width": d.width(20, 200), "filters": d.width(50, 400),
         "kernel": d.one(2, 3, 5, 7)},
        d.width(8, 96),
    ),
    "vae": lambda d: (
        {"features": d.width(100, 1500), "units": d.widths(d.one(1, 2, 3), 64, 1000), "latent": d.width(2, 64)},
        d.width(16, 256),
    ),
    "recommender": lambda d: (
        {"users": d.width(5_000, 200_000), "items": d.width(1_000, 50_000), "width": d.width(8, 96),
         "units": d.widths(d.one(1, 2), 16, 256)},
        d.width(32, 1024),
    ),
}  # fmt: skip
