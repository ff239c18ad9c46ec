"""Samples a second out of input pipelines, in Weft and in TensorFlow in one sitting, on the same generated files.

    python -m benchmarks.data                   # TensorFlow in .peers/tensorflow, or $WEFT_PEERS/tensorflow
    python -m benchmarks.data images --alone    # one pipeline, Weft only
    python -m benchmarks.data text --profile    # where Weft's time goes, by function

    images    read a JPEG, decode, resize, flip, crop and brighten by chance, batch
    text      read lines, batch, vectorise
    lines     read lines, vectorise each, batch

What `text` and `lines` give is compared: the sum of all token numbers.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import contest

IMAGES, LINES, WORDS = 320, 20_000, 4_000


def write_files(folder: Path) -> None:
    """Photographs of smooth noise, 320 x 240, and lines of words that are as frequent as words are."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
        fine = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC), np.int16)
        grain = rng.integers(-12, 13, fine.shape)
        Image.fromarray(np.clip(fine + grain, 0, 255).astype(np.uint8)).save(folder / f"{number:04d}.jpg", quality=90)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(2, 10))) for _ in range(WORDS)]
    shares = 1 / np.arange(1, WORDS + 1)
    with open(folder / "lines.txt", "w") as target:
        for count in rng.integers(8, 60, LINES):
            line = " ".join(rng.choice(words, count, p=shares / shares.sum()))
            target.write(line.capitalize() + ".\n")


def images(tf: Any, folder: Path) -> Any:
    """Read, decode, augment, batch."""
    names = sorted(str(path) for path in folder.glob("*.jpg"))

    def load(name: Any, label: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(name), channels=3)
        image = tf.image.resize(image, [144, 144]) / 255.0
        image = tf.image.random_flip_left_right(image)
        image = tf.image.random_crop(image, [128, 128, 3])
        return tf.image.random_brightness(image, 0.2), label

    dataset = tf.data.Dataset.from_tensor_slices((names, np.arange(len(names)) % 10)).shuffle(len(names))
    return dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE).batch(32).prefetch(tf.data.AUTOTUNE)


def _vectoriser(tf: Any, folder: Path) -> tuple[Any, Any]:
    lines = tf.data.TextLineDataset(str(folder / "lines.txt"))
    layer = tf.keras.layers.TextVectorization(max_tokens=3000, output_sequence_length=48)
    layer.adapt(lines.batch(1024))
    return lines, layer


def text(tf: Any, folder: Path) -> Any:
    """Read, batch, vectorise."""
    lines, layer = _vectoriser(tf, folder)
    return lines.batch(128).map(layer, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def lines(tf: Any, folder: Path) -> Any:
    """Read, vectorise each line, batch."""
    found, layer = _vectoriser(tf, folder)
    return found.map(layer, num_parallel_calls=tf.data.AUTOTUNE).batch(128).prefetch(tf.data.AUTOTUNE)


PIPELINES: dict[str, Callable[[Any, Path], Any]] = {"images": images, "text": text, "lines": lines}


def one_pass(dataset: Any) -> tuple[int, int]:
    """How many samples a pass gives, and the sum of all whole numbers in them but labels."""
    count = total = 0
    for batch in dataset:
        first = batch[0] if isinstance(batch, tuple) else batch
        count += int(first.shape[0])
        if first.dtype.is_integer:
            total += int(first.numpy().sum())
    return count, total


def measure(tf: Any, folder: Path, name: str, seconds: float) -> tuple[float, int]:
    """Samples a second in the best of some passes, and what the first one summed up to."""
    dataset = PIPELINES[name](tf, folder)
    count, total = one_pass(dataset)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        one_pass(dataset)
        best = max(best, count / (time.perf_counter() - start))
    return best, total


def main() -> None:
    """Prints a line for each pipeline."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__.splitlines()[0])
    parser.add_argument("pipelines", nargs="*", choices=[*PIPELINES, []], help="which; all without")
    parser.add_argument("--alone", action="store_true", help="Weft only")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each pipeline and turn")
    parser.add_argument("--profile", action="store_true", help="a pass of Weft's under cProfile")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.pipelines or list(PIPELINES)
    if given.inside:
        tf = contest.library(given.inside)
        found = {name: measure(tf, given.folder, name, given.seconds) for name in names}
        print(json.dumps({"jobs": {name: rate for name, (rate, _) in found.items()},
                          "sums": {name: total for name, (_, total) in found.items()}}))  # fmt: skip
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_files(folder)
        if given.profile:
            profile(folder, names[0])
            return
        further = [*names, "--folder", place, "--seconds", str(given.seconds)]
        if given.alone:
            answers = {"weft": contest.ask("data", "weft", *further)}
        else:
            answers = contest.rounds("data", given.rounds, max, *further)
    report(answers)


def report(found: dict[str, Any]) -> None:
    """The table."""
    print(f"{'samples a second':12} {'Weft':>10} {'TensorFlow':>12} {'times':>7}")
    for name, ours in found["weft"]["jobs"].items():
        if "tensorflow" not in found:
            print(f"{name:16} {ours:10.0f}")
            continue
        theirs = found["tensorflow"]["jobs"][name]
        same = found["weft"]["sums"][name] == found["tensorflow"]["sums"][name]
        print(f"{name:16} {ours:10.0f} {theirs:12.0f} {ours / theirs:7.2f}{'' if same else '  NOT THE SAME NUMBERS'}")


def profile(folder: Path, name: str) -> None:
    """Where the time goes."""
    import cProfile
    import pstats

    dataset = PIPELINES[name](contest.library("weft"), folder)
    dataset = type(dataset)(dataset._node.source)  # without prefetch, whose thread the profiler does not see
    one_pass(dataset)
    with cProfile.Profile() as profiler:
        one_pass(dataset)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
