"""A U-Net that says of every pixel whether it belongs to a disc, to a square or to neither.

In short mode, on the real data where there is any: mean IoU 0.913; with Keras 3.15 0.982.
"""

import sys

import keras
from keras import layers
from shareddata import blobs

SHORT = "--short" in sys.argv
SIZE = 32 if SHORT else 64

keras.utils.set_random_seed(0)
images, masks, _ = blobs(400 if SHORT else 3000, SIZE, seed=0)
test_images, test_masks, _ = blobs(100 if SHORT else 500, SIZE, seed=1)


def block(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    return x


inputs = keras.Input((SIZE, SIZE, 1))
x, kept = inputs, []
for filters in (8, 16):
    x = block(x, filters)
    kept.append(x)
    x = layers.MaxPooling2D(2)(x)
x = block(x, 32)
for filters, skip in zip((16, 8), reversed(kept)):
    x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
    x = block(layers.concatenate([x, skip]), filters)
model = keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax")(x))
model.compile(
    keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy",
    metrics=[keras.metrics.MeanIoU(3, sparse_y_pred=False, name="iou")],
)  # fmt: skip
model.fit(images, masks, batch_size=20 if SHORT else 32, epochs=3 if SHORT else 12, verbose=2)
result = model.evaluate(test_images, test_masks, return_dict=True, verbose=0)
print(f"iou {result['iou']:.3f}")
assert result["iou"] > (0.7 if SHORT else 0.95)  # naming every pixel background gives 0.3
