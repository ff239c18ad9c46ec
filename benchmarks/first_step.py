"""How long a fresh process takes until its first training step is done, with an empty cache and with a full one.

Each job runs in a process of its own: import, build, one training step, then a few more of them, which tell what the
work itself takes. The table gives CPU seconds on one thread, best of some repeats, so that other programs on the
machine do not show:

    python -m benchmarks.first_step                     # every job
    python -m benchmarks.first_step mnist resnet_50
    python -m benchmarks.first_step --growth            # how compiling grows with the depth of a network
    python -m benchmarks.first_step mnist --profile     # where the time goes, by function

`import` and `build` do not depend on the cache; `first step` is what the first step takes beyond a later one, which is
tracing, differentiating, compiling and binding; `in all` is the whole process until that step is done, wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

#: seconds that a job is to stay below: in all for the MNIST network, the first step for ResNet-50; cold, warm
BARS = {"mnist": (1.3, 0.5), "resnet_50": (10.0, 1.5)}

Job = tuple[Any, Any, Any]  # a compiled model, a batch, its labels


def _classes(model: Any, shape: tuple[int, ...], batch: int, classes: int, optimizer: str = "adam") -> Job:
    rng = np.random.default_rng(0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, rng.standard_normal((batch, *shape)).astype(np.float32), rng.integers(0, classes, batch)


def mlp() -> Job:
    """784-512-512-10, batch 32."""
    from weft import keras
    from weft.keras import layers

    model = keras.Sequential([keras.Input((784,)), layers.Dense(512, "relu"), layers.Dense(512, "relu"),
                              layers.Dense(10, "softmax")])  # fmt: skip
    return _classes(model, (784,), 32, 10)


def mnist() -> Job:
    """Two convolutions with pooling, two dense layers, batch 32."""
    from weft import keras
    from weft.keras import layers

    model = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    return _classes(model, (28, 28, 1), 32, 10)


def _normalised(x: Any, filters: int, kernel: int, strides: int = 1, relu: bool = True) -> Any:
    from weft.keras import layers

    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def resnet_20(blocks: int = 3, batch: int = 8) -> Job:
    """Three stages of three basic blocks on 32 x 32 images."""
    from weft import keras
    from weft.keras import layers

    inputs = keras.Input((32, 32, 3))
    x = _normalised(inputs, 16, 3)
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            y = _normalised(_normalised(x, filters, 3, strides), filters, 3, relu=False)
            if strides == 2:
                x = _normalised(x, filters, 1, 2, relu=False)
            x = layers.ReLU()(layers.add([x, y]))
    outputs = layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(x))
    return _classes(keras.Model(inputs, outputs), (32, 32, 3), batch, 10)


def resnet_50() -> Job:
    """Bottleneck blocks, 3-4-6-3, on 224 x 224 images, batch 1."""
    from weft import keras
    from weft.keras import layers

    inputs = keras.Input((224, 224, 3))
    x = layers.MaxPooling2D(3, 2, padding="same")(_normalised(inputs, 64, 7, 2))
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            y = _normalised(_normalised(x, filters, 1, strides), filters, 3)
            y = _normalised(y, 4 * filters, 1, relu=False)
            if not block:
                x = _normalised(x, 4 * filters, 1, strides, relu=False)
            x = layers.ReLU()(layers.add([x, y]))
    outputs = layers.Dense(1000, "softmax")(layers.GlobalAveragePooling2D()(x))
    return _classes(keras.Model(inputs, outputs), (224, 224, 3), 1, 1000, "sgd")


def mobilenet_v2() -> Job:
    """Inverted residuals on 96 x 96 images, batch 2."""
    from weft import keras
    from weft.keras import layers

    def depthwise(x: Any, strides: int) -> Any:
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization()(x))

    inputs = keras.Input((96, 96, 3))
    x = _normalised(inputs, 32, 3, 2)
    x = _normalised(depthwise(x, 1), 16, 1, relu=False)
    for filters, blocks, first in ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)):
        for block in range(blocks):
            y = _normalised(x, 6 * x.shape[-1], 1)
            y = _normalised(depthwise(y, 1 if block else first), filters, 1, relu=False)
            x = layers.add([x, y]) if block else y
    x = _normalised(x, 1280, 1)
    outputs = layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(x))
    return _classes(keras.Model(inputs, outputs), (96, 96, 3), 2, 10)


def transformer(blocks: int = 2) -> Job:
    """Encoder blocks of width 256 over 128 tokens, batch 2."""
    from weft import keras
    from weft.keras import layers

    inputs = keras.Input((128,), dtype="int32")
    x = layers.Embedding(1000, 256)(inputs)
    for _ in range(blocks):
        y = layers.MultiHeadAttention(8, 32)(x, x)
        x = layers.LayerNormalization()(layers.add([x, layers.Dropout(0.1)(y)]))
        y = layers.Dense(256)(layers.Dense(1024, "gelu")(x))
        x = layers.LayerNormalization()(layers.add([x, layers.Dropout(0.1)(y)]))
    outputs = layers.Dense(10, "softmax")(layers.GlobalAveragePooling1D()(x))
    return _tokens(keras.Model(inputs, outputs), 128, 2)


def _tokens(model: Any, length: int, batch: int, classes: int = 10) -> Job:
    rng = np.random.default_rng(0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, rng.integers(0, 1000, (batch, length)).astype(np.int32), rng.integers(0, classes, batch)


def gru() -> Job:
    """Embedding and a bidirectional GRU of 64 units over 200 tokens, batch 4."""
    from weft import keras
    from weft.keras import layers

    model = keras.Sequential([keras.Input((200,), dtype="int32"), layers.Embedding(1000, 64),
                              layers.Bidirectional(layers.GRU(64)), layers.Dense(10, "softmax")])  # fmt: skip
    return _tokens(model, 200, 4)


def lstm() -> Job:
    """An LSTM, 64 -> 256 units, over 100 steps, batch 4."""
    from weft import keras
    from weft.keras import layers

    model = keras.Sequential([keras.Input((100, 64)), layers.LSTM(256), layers.Dense(10, "softmax")])
    return _classes(model, (100, 64), 4, 10)


def text_cnn() -> Job:
    """Embedding, a convolution of 250 filters over 400 tokens, batch 4."""
    from weft import keras
    from weft.keras import layers

    model = keras.Sequential([
        keras.Input((400,), dtype="int32"), layers.Embedding(1000, 50), layers.Dropout(0.2),
        layers.Conv1D(250, 3, activation="relu"), layers.GlobalMaxPooling1D(), layers.Dense(250, "relu"),
        layers.Dropout(0.2), layers.Dense(2, "softmax"),
    ])  # fmt: skip
    return _tokens(model, 400, 4, 2)


JOBS: dict[str, Callable[[], Job]] = {
    "mlp": mlp, "mnist": mnist, "text_cnn": text_cnn, "lstm": lstm, "gru": gru, "transformer": transformer,
    "resnet_20": resnet_20, "mobilenet_v2": mobilenet_v2, "resnet_50": resnet_50,
}  # fmt: skip
#: networks of growing depth: units of depth, and what is built of them
GROWTH: dict[str, Callable[[], Job]] = {
    **{f"resnet, {6 * n + 2} layers": (lambda n=n: resnet_20(n)) for n in (3, 6, 9, 12)},
    **{f"transformer, {n} blocks": (lambda n=n: transformer(n)) for n in (2, 4, 8)},
}


def measure(make: Callable[[], Job], profile: bool = False) -> dict[str, float]:
    """One job in this process: CPU seconds of its parts, and what has passed on the clock since the process began."""
    profiler = None
    if profile:
        import cProfile

        profiler = cProfile.Profile()
        profiler.enable()
    import weft  # noqa: F401

    imported = time.process_time()
    model, x, y = make()
    built = time.process_time()
    model.train_on_batch(x, y)
    first, passed = time.process_time(), time.time() - _started()
    if profiler is not None:
        import pstats

        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(60)
    later = []
    for _ in range(3):
        start = time.process_time()
        model.train_on_batch(x, y)
        later.append(time.process_time() - start)
    return {"import": imported, "build": built - imported, "first step": first - built - min(later),
            "CPU": first, "in all": passed, "a step": min(later)}  # fmt: skip


def _started() -> float:
    return float(os.environ.get("FIRST_STEP_STARTED", time.time()))


def _process(name: str, cache: str, profile: bool = False) -> dict[str, float]:
    surroundings = {**os.environ, "WEFT_CACHE": cache, "WEFT_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                    "FIRST_STEP_STARTED": str(time.time())}  # fmt: skip
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their byte code
    command = [sys.executable, "-m", "benchmarks.first_step", name, "--inside", *(["--profile"] if profile else [])]
    found = subprocess.run(command, env=surroundings, stdout=subprocess.PIPE, check=True)
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


def _best(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: min(each[name] for each in found) for name in found[0]}


def table(names: list[str], repeats: int) -> None:
    """Prints a line for each job."""
    with tempfile.TemporaryDirectory() as cache:
        _process("mlp", cache)  # byte code is there now
    columns = ("import", "build", "first step", "CPU", "in all")
    print(f"{'':24}  {'cold':^43}   {'warm':^43}")
    print(f"{'job':24} {' '.join(f'{c:>8}'[-8:] for c in columns)}    {' '.join(f'{c:>8}'[-8:] for c in columns)}")
    for name in names:
        cold, warm = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(_process(name, cache))
                warm.append(_process(name, cache))
        lines = [" ".join(f"{_best(each)[c]:8.2f}" for c in columns) for each in (cold, warm)]
        print(f"{name:24} {'    '.join(lines)}", flush=True)


def main() -> None:
    """Measures what the command line names."""
    parser = argparse.ArgumentParser(description="CPU seconds until the first training step is done")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, *GROWTH, []], help="which jobs; all without")
    parser.add_argument("--growth", action="store_true", help="networks of growing depth instead")
    parser.add_argument("--profile", action="store_true", help="one cold run of the first job under cProfile")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.jobs or list(GROWTH if given.growth else JOBS)
    if given.inside:
        print(json.dumps(measure({**JOBS, **GROWTH}[names[0]], given.profile)))
    elif given.profile:
        with tempfile.TemporaryDirectory() as cache:
            _process(names[0], cache, profile=True)
    else:
        table(names, given.repeats)


if __name__ == "__main__":
    main()
