"""Where the programs beside this file find their data: as those of `examples/tf2` do, and pictures besides."""

import os
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tf2"))

from realdata import digits, find, recordings, sentences, text, unpack

__all__ = ["blobs", "digits", "picture_folders", "recordings", "sentences", "text"]


def picture_folders(folder, classes, encode):
    """Fill `folder/train` and `folder/test` with a folder of small pictures for each class.

    Args:
        folder: where to.
        classes: names of CIFAR-10's classes.
        encode: what writes an array of a picture to a path, for the pictures that are drawn where there are no others.
    """
    archive = find("cifar10_jpg_subset.tar.gz", "Pictures of stripes are drawn")
    if archive is not None:
        unpack(archive, folder, lambda name: name.split("/")[-2] in classes)
        return os.path.join(folder, "cifar10")
    rng = np.random.default_rng(0)
    for part, count in (("train", 100), ("test", 30)):
        for number, name in enumerate(classes):
            os.makedirs(os.path.join(folder, part, name))
            for n in range(count):
                angle = np.pi * number / len(classes) + rng.normal(0, 0.1)
                y, x = np.mgrid[:32, :32]
                waves = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 0.8 + rng.uniform(0, 6))
                colour = rng.uniform(40, 120, 3)
                encode(os.path.join(folder, part, name, f"{n:04}.png"), 128 + waves[..., None] * colour)
    return folder


def blobs(count, size, seed):
    """Pictures of a bright disc and a darker square on noise.

    Returns: float32 images [count, size, size, 1], int32 masks [count, size, size] (1 disc, 2 square), and float32
    centres of both [count, 4] (x and y of the disc, x and y of the square) from 0 to 1.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    images = rng.normal(0.1, 0.1, (count, size, size)).astype("float32")
    masks = np.zeros((count, size, size), "int32")
    centres = rng.uniform(0.2, 0.8, (count, 4)) * size
    for image, mask, (disc_x, disc_y, square_x, square_y) in zip(images, masks, centres):
        half = size * rng.uniform(0.1, 0.16)
        mask[np.maximum(abs(x - square_x), abs(y - square_y)) < half] = 2
        mask[np.hypot(x - disc_x, y - disc_y) < half] = 1
        image += np.array([0.0, 0.9, 0.5], "float32")[mask]
    return images[..., None], masks, (centres / size).astype("float32")
