"""Photographs in a folder for each class, told apart by a network that sees them a little differently every time.

In short mode, on the real data where there is any: accuracy 0.790; with Keras 3.15 0.850.
"""

import os
import sys
import tempfile

import keras
from keras import layers
from shareddata import picture_folders

SHORT = "--short" in sys.argv
CLASSES = ["airplane", "frog"] if SHORT else ["airplane", "automobile", "frog", "horse", "ship"]

keras.utils.set_random_seed(0)
with tempfile.TemporaryDirectory() as temporary:
    folder = picture_folders(temporary, CLASSES, keras.utils.save_img)
    train, validation = keras.utils.image_dataset_from_directory(
        os.path.join(folder, "train"), image_size=(32, 32), batch_size=32, seed=1, validation_split=0.1, subset="both"
    )
    test = keras.utils.image_dataset_from_directory(os.path.join(folder, "test"), image_size=(32, 32), shuffle=False)
    print(train.class_names)
    train, validation, test = train.cache(), validation.cache(), test.cache()

    augmentation = keras.Sequential([
        layers.RandomFlip("horizontal"), layers.RandomRotation(0.05), layers.RandomTranslation(0.05, 0.05),
    ])  # fmt: skip
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(augmentation(inputs))
    for filters in (16, 32) if SHORT else (32, 64, 128):
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    model = keras.Model(inputs, layers.Dense(len(CLASSES), activation="softmax")(x))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=validation, epochs=6 if SHORT else 25, verbose=2)
    loss, accuracy = model.evaluate(test, verbose=0)
print(f"accuracy {accuracy:.3f}")
assert accuracy > (0.7 if SHORT else 0.65)  # guessing gives 0.5 and 0.2
