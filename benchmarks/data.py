"""Samples a second out of input pipelines, in Weft and in TensorFlow in one sitting, on the same generated files.

    python -m benchmarks.data                   # TensorFlow in .peers/tensorflow, or $WEFT_PEERS/tensorflow
    python -m benchmarks.data images --alone    # one pipeline, Weft only
    python -m benchmarks.data text --profile    # where Weft's time goes, by function
    python -m benchmarks.data --write           # the table goes into docs/benchmarks.md

    images    read a JPEG, decode, resize, flip, crop and brighten by chance, batch
    text      read lines, batch, vectorise
    lines     read lines, vectorise each, batch
    arrays    rows of arrays, shuffle, scale and encode each, batch
    records   read TFRecords, parse each as an example, batch
    parsed    read TFRecords, batch, parse the batch as examples
    csv       read rows of numbers and words, batch
    generator take what a Python generator yields, batch

What those without random numbers give is compared: the sum of all whole numbers in it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import contest

IMAGES, LINES, WORDS, ROWS = 320, 20_000, 4_000, 10_000
PAGE = contest.ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- data -->", "<!-- end of data -->"
INTRODUCTION = """## Input pipelines beside tf.data

Written by `python -m benchmarks.data --write`: samples a second in the best of some passes over the same files, in
turns; Weft is to give as many as TensorFlow. JPEG files were decoded through simplejpeg, as `weft[image]` installs it;
by Pillow alone `images` reaches two thirds of TensorFlow's rate."""
TITLES = """| pipeline | what | Weft | tf.data | times | machine |
| --- | --- | --- | --- | --- | --- |"""


def write_files(folder: Path) -> None:
    """Photographs of smooth noise, 320 x 240, and lines of words that are as frequent as words are."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
        fine = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC), np.int16)
        grain = rng.integers(-12, 13, fine.shape)
        Image.fromarray(np.clip(fine + grain, 0, 255).astype(np.uint8)).save(folder / f"{number:04d}.jpg", quality=90)
    _write_tables(folder, rng)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(2, 10))) for _ in range(WORDS)]
    shares = 1 / np.arange(1, WORDS + 1)
    with open(folder / "lines.txt", "w") as target:
        for count in rng.integers(8, 60, LINES):
            line = " ".join(rng.choice(words, count, p=shares / shares.sum()))
            target.write(line.capitalize() + ".\n")


def _write_tables(folder: Path, rng: Any) -> None:
    """Records of 28 x 28 bytes, eight numbers and a label, and a table of four columns."""
    from weft.formats.messages.example import BytesList, Example, Feature, Features, FloatList, Int64List
    from weft.formats.tfrecord import TFRecordWriter

    with TFRecordWriter(str(folder / "rows.tfrecord")) as records:
        for number in range(ROWS):
            features = {
                "image": Feature(bytes_list=BytesList(value=[rng.bytes(784)])),
                "row": Feature(float_list=FloatList(value=rng.random(8).tolist())),
                "label": Feature(int64_list=Int64List(value=[number % 10])),
            }
            records.write(Example(features=Features(feature=features)).SerializeToString())
    with open(folder / "rows.csv", "w") as target:
        target.write("age,fare,kind,label\n")
        for number in range(ROWS):
            target.write(f"{rng.integers(1, 99)},{rng.random() * 100:.3f},kind{number % 7},{number % 2}\n")


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


def arrays(tf: Any, folder: Path) -> Any:
    """Shuffle, scale and encode, batch."""
    rng = np.random.default_rng(1)
    pixels, labels = rng.integers(0, 256, (2 * ROWS, 28, 28), np.uint8), np.arange(2 * ROWS) % 10

    def prepare(image: Any, label: Any) -> Any:
        return tf.cast(image, tf.float32)[..., tf.newaxis] / 255.0, tf.one_hot(label, 10, dtype=tf.int32)

    dataset = tf.data.Dataset.from_tensor_slices((pixels, labels)).shuffle(1000)
    return dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).batch(64).prefetch(tf.data.AUTOTUNE)


def _features(tf: Any) -> Any:
    return {"image": tf.io.FixedLenFeature([], tf.string), "row": tf.io.FixedLenFeature([8], tf.float32),
            "label": tf.io.FixedLenFeature([], tf.int64)}  # fmt: skip


def _parser(tf: Any, read: Any) -> Any:
    features = _features(tf)

    def parse(serialized: Any) -> Any:
        found = read(serialized, features)
        return tf.io.decode_raw(found["image"], tf.uint8), found["row"], found["label"]

    return parse


def records(tf: Any, folder: Path) -> Any:
    """Read, parse each, batch."""
    parse = _parser(tf, tf.io.parse_single_example)
    dataset = tf.data.TFRecordDataset(str(folder / "rows.tfrecord"))
    return dataset.map(parse, num_parallel_calls=tf.data.AUTOTUNE).batch(64).prefetch(tf.data.AUTOTUNE)


def parsed(tf: Any, folder: Path) -> Any:
    """Read, batch, parse."""
    parse = _parser(tf, tf.io.parse_example)
    dataset = tf.data.TFRecordDataset(str(folder / "rows.tfrecord"))
    return dataset.batch(64).map(parse, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def csv(tf: Any, folder: Path) -> Any:
    """Read and batch."""
    found = tf.data.experimental.make_csv_dataset(str(folder / "rows.csv"), 64, label_name="label", num_epochs=1,
                                                  shuffle=False)  # fmt: skip
    return found.map(lambda columns, label: (columns["age"], columns["fare"], columns["kind"], label))


def generator(tf: Any, folder: Path) -> Any:
    """Yield and batch."""
    rows = np.random.default_rng(2).random((1000, 32)).astype(np.float32)

    def produce() -> Any:
        for turn in range(ROWS):
            yield rows[turn % 1000], turn

    kinds = (tf.TensorSpec((32,), tf.float32), tf.TensorSpec((), tf.int64))
    return tf.data.Dataset.from_generator(produce, output_signature=kinds).batch(64).prefetch(tf.data.AUTOTUNE)


PIPELINES: dict[str, Callable[[Any, Path], Any]] = {
    function.__name__: function for function in (images, text, lines, arrays, records, parsed, csv, generator)
}


def one_pass(dataset: Any) -> tuple[int, int]:
    """How many samples a pass gives, and the sum of all whole numbers in them."""
    count = total = 0
    for batch in dataset:
        parts = batch if isinstance(batch, tuple) else (batch,)
        count += int(parts[0].shape[0])
        total += sum(int(part.numpy().sum()) for part in parts if part.dtype.is_integer)
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
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write and given.alone:
        parser.error("--write needs TensorFlow beside Weft")
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
    if given.write:
        write(answers)


def write(found: dict[str, Any]) -> None:
    """Puts the table into the page of benchmarks; other lines of it stay."""
    from benchmarks.machine import Machine
    from benchmarks.xla_step import section

    page = PAGE.read_text(encoding="utf-8")
    before = section(page, BEGIN, END)
    lines = {line.split("|")[1].strip(): line for line in before.splitlines() if line.startswith("| ")}
    lines = {name: line for name, line in lines.items() if name in PIPELINES}
    machine = f"{Machine(2).describe()}; {datetime.date.today()}"
    for name, ours in found["weft"]["jobs"].items():
        theirs = found["tensorflow"]["jobs"][name]
        about = PIPELINES[name].__doc__.rstrip(".").lower()
        lines[name] = f"| {name} | {about} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.2f} | {machine} |"
    table = "\n".join(lines[name] for name in PIPELINES if name in lines)
    made = f"{BEGIN}\n{INTRODUCTION}\n\n{TITLES}\n{table}\n{END}\n"
    PAGE.write_text(page.replace(before, made) if before else f"{page.rstrip()}\n\n{made}", encoding="utf-8")


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
