"""Where the programs beside this file find their data: in the folders that `WEFT_DATA_DIR` names.

What lies in none of them is replaced by something generated that can be learned too, and standard error says so.
"""

import os
import sys
import tarfile
import wave

import numpy as np

FONT = """
111 010 111 111 101 111 111 111 111 111
101 110 001 001 101 100 100 001 101 101
101 010 111 111 111 111 111 010 111 111
101 010 100 001 001 001 101 010 101 001
111 111 111 111 001 111 111 010 111 111
"""


def find(name, instead):
    """A file's or folder's path, or None, after saying what is used instead."""
    for folder in os.environ.get("WEFT_DATA_DIR", "").split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.path.exists(path):
            return path
    where = "none of the folders of WEFT_DATA_DIR"
    print(f"*** NO REAL DATA: {name} is in {where}. {instead} instead. ***", file=sys.stderr)
    return None


def digits(train, test):
    """Handwritten digits: two pairs of float32 images [n, 28, 28] from 0 to 1 and int64 labels [n]."""
    path = find("mnist.npz", "Digits are drawn from a font")
    if path is None:
        x, y = drawn_digits(train + test)
        return (x[:train], y[:train]), (x[train:], y[train:])
    with np.load(path) as data:
        parts = [data[name][:count] for name, count in
                 [("x_train", train), ("y_train", train), ("x_test", test), ("y_test", test)]]  # fmt: skip
    x, y, x_test, y_test = parts
    return (np.float32(x) / 255, np.int64(y)), (np.float32(x_test) / 255, np.int64(y_test))


def drawn_digits(count):
    """Digits of a font, four times as large, at random places and of uneven ink."""
    rng = np.random.default_rng(0)
    font = np.array([[[int(dot) for dot in glyph] for glyph in line.split()] for line in FONT.split("\n") if line])
    glyphs = font.transpose(1, 0, 2).repeat(4, axis=1).repeat(4, axis=2)  # [10, 20, 12]
    labels = rng.integers(0, 10, count)
    images = np.zeros([count, 28, 28], np.float32)
    for image, label in zip(images, labels):
        top, left = rng.integers(2, 7), rng.integers(5, 12)
        image[top : top + 20, left : left + 12] = glyphs[label] * rng.uniform(0.7, 1.0)
    noise = rng.normal(1, 0.1, images.shape).astype(np.float32)
    return np.clip(images * noise, 0, 1), labels.astype(np.int64)


def text():
    """A long text of English."""
    path = find("tinyshakespeare.txt", "Sentences of a small grammar are used")
    if path is not None:
        with open(path, encoding="utf-8") as file:
            return file.read()
    rng = np.random.default_rng(0)
    who, does, what = "king queen duke lady fool".split(), "loves sees fears hears".split(), "crown sword rose".split()
    lines = [f"The {rng.choice(who)} {rng.choice(does)} the {rng.choice(what)}.\n" for _ in range(20000)]
    return "".join(lines)


def sentences():
    """Sentences on films, shuffled, and for each whether it praises (1) or not (0)."""
    folder = find("rt_polarity", "Sentences of a small grammar are used")
    rng = np.random.default_rng(0)
    if folder is not None:
        lines, labels = [], []
        for label, name in enumerate(["neg.txt", "pos.txt"]):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found = file.read().splitlines()
            lines += found
            labels += [label] * len(found)
    else:
        words = ["dull flat tired empty long".split(), "bright warm funny fresh deep".split()]
        labels = rng.integers(0, 2, 10000)
        lines = [f"this film is {rng.choice(words[good])} and rather {rng.choice(words[good])}" for good in labels]
    order = rng.permutation(len(lines))
    return [lines[i] for i in order], np.asarray(labels, np.int64)[order]


def recordings(folder, wanted):
    """Spoken digits as wav files of 8 kHz, put into a folder.

    `wanted` chooses among the names, which are like `7_george_12.wav`: the digit, who says it, and a number.
    """
    path = find("fsdd_recordings.tar.gz", "Two tones for each digit")
    if path is not None:
        return unpack(path, folder, lambda name: name.endswith(".wav") and wanted(os.path.basename(name)))
    rng, paths = np.random.default_rng(0), []
    names = [f"{digit}_{who}_{n}.wav" for n in range(50) for who in ("george", "lucas") for digit in range(10)]
    for name in filter(wanted, names):
        time = np.arange(rng.integers(2500, 5000)) / 8000
        digit = int(name[0])
        sound = sum(np.sin(2 * np.pi * tone * time) for tone in (300 + 150 * digit, 2600 - 110 * digit))
        sound = 6000 * sound + rng.normal(0, 1500, len(time))
        paths.append(os.path.join(folder, name))
        with wave.open(paths[-1], "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(sound.astype("<i2").tobytes())
    return sorted(paths)


def unpack(archive, folder, wanted):
    """The paths of those files of an archive that are wanted, put into a folder."""
    paths = []
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11 has it since 3.11.4
    with tarfile.open(archive) as files:
        for member in files:
            if member.isfile() and wanted(member.name):
                files.extract(member, folder, **safely)
                paths.append(os.path.join(folder, member.name))
    return sorted(paths)


def distance_to_real(drawn, real):
    """How far images drawn are from the nearest real one, on average, and how much the images drawn differ."""
    drawn, real = (np.reshape(images, [len(images), -1]) for images in (drawn, real))
    squares = (drawn**2).sum(1)[:, None] - 2 * drawn @ real.T + (real**2).sum(1)
    return float(np.sqrt(squares.min(1).clip(0)).mean()), float(drawn.std(0).mean())
