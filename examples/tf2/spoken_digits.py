"""Spoken digits: wav files → tf.audio → spectrogram → mel bands → a convolutional network, all in a tf.data pipeline.

Short mode (two voices): accuracy 0.89 on takes not heard in training, where guessing gives 0.1.
"""

import os
import sys
import tempfile

import realdata
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
RATE, LENGTH, BANDS = 8000, 4096, 32

tf.keras.utils.set_random_seed(0)


def wanted(name):
    _, who, take = name.removesuffix(".wav").split("_")
    return who in ("george", "lucas") and int(take) < 30 if SHORT else True


def read(path, label):
    sound, rate = tf.audio.decode_wav(tf.io.read_file(path), desired_channels=1, desired_samples=LENGTH)
    tf.debugging.assert_equal(rate, RATE)
    return sound[:, 0], label


mel = tf.signal.linear_to_mel_weight_matrix(
    num_mel_bins=BANDS, num_spectrogram_bins=129, sample_rate=RATE, lower_edge_hertz=80.0, upper_edge_hertz=3800.0
)


def log_mel(sound, label):
    spectrum = tf.abs(tf.signal.stft(sound, frame_length=256, frame_step=128, fft_length=256))
    return tf.math.log(tf.tensordot(spectrum, mel, 1) + 1e-3)[..., tf.newaxis], label


def dataset(paths):
    labels = [int(os.path.basename(path)[0]) for path in paths]
    sounds = tf.data.Dataset.from_tensor_slices((paths, labels)).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    return sounds.batch(32).map(log_mel, num_parallel_calls=tf.data.AUTOTUNE).cache()


with tempfile.TemporaryDirectory() as folder:
    paths = realdata.recordings(folder, wanted)
    test_paths = [path for path in paths if int(path.removesuffix(".wav").split("_")[-1]) < 5]
    train, test = dataset(sorted(set(paths) - set(test_paths))), dataset(test_paths)
    test, heard = test.cache(), train.unbatch().shuffle(3000, seed=0).batch(32).prefetch(tf.data.AUTOTUNE)
    print(f"{len(paths)} recordings, spectrograms {train.element_spec[0]}")

    normalize = layers.Normalization(axis=None)
    normalize.adapt(train.map(lambda spectrum, label: spectrum))
    model = tf.keras.Sequential([
        layers.Input([31, BANDS, 1]),
        normalize,
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(48, activation="relu"),
        layers.Dense(10),
    ])  # fmt: skip
    model.compile(optimizer=tf.keras.optimizers.Adam(2e-3), metrics=["accuracy"],
                  loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # fmt: skip
    model.fit(heard, epochs=6 if SHORT else 15, verbose=2)
    loss, accuracy = model.evaluate(test, verbose=0)
print(f"accuracy {accuracy:.4f}")
assert accuracy > 0.6
