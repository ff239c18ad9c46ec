"""Convolutional networks, described for any library with Keras' interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def digits(
    keras: Any,
    *,
    size: int = 28,
    filters: Sequence[int] = (32, 64),
    kernel: int = 3,
    units: int = 128,
) -> Any:
    """The network of the tutorials: two convolutions with pooling, two dense layers."""
    layers = keras.layers
    x = image = keras.Input((size, size, 1))
    for place, count in enumerate(filters):
        x = layers.Conv2D(count, kernel, activation="relu", name=f"conv_{place}")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units, activation="relu", name="hidden")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="head")(x))


def resnet20(
    keras: Any,
    *,
    size: int = 32,
    widths: Sequence[int] = (16, 32, 64),
    blocks: int = 3,
    classes: int = 10,
) -> Any:
    """The residual network for small pictures."""
    layers = keras.layers

    def normed(x: Any, name: str, width: int, kernel: int = 3, stride: int = 1) -> Any:
        x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return layers.BatchNormalization(name=f"{name}_norm")(x)

    image = keras.Input((size, size, 3))
    x = layers.ReLU()(normed(image, "stem", widths[0]))
    for stage, width in enumerate(widths):
        for block in range(blocks):
            name, stride = f"blocks_{stage * blocks + block}", 2 if stage and not block else 1
            y = layers.ReLU()(normed(x, f"{name}_first", width, stride=stride))
            y = normed(y, f"{name}_second", width)
            if stride > 1:
                x = normed(x, f"{name}_short", width, kernel=1, stride=stride)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(classes, activation="softmax", name="head")(x))


def unet(keras: Any, *, size: int = 64, widths: Sequence[int] = (16, 32, 64), kernel: int = 3) -> Any:
    """Down, and up again with what was seen on the way down; a mask comes out."""
    layers = keras.layers

    def twice(x: Any, name: str, width: int) -> Any:
        for part in ("first", "second"):
            x = layers.Conv2D(width, kernel, padding="same", activation="relu", name=f"{name}_{part}")(x)
        return x

    x = image = keras.Input((size, size, 3))
    seen = []
    for place, width in enumerate(widths[:-1]):
        x = twice(x, f"down_{place}", width)
        seen.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = twice(x, "bottom", widths[-1])
    for place, width in reversed(list(enumerate(widths[:-1]))):
        x = layers.Conv2DTranspose(width, 2, strides=2, name=f"rise_{place}")(x)
        x = layers.Concatenate()([seen[place], x])
        x = twice(x, f"up_{place}", width)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid", name="head")(x))


#: expansion, channels, blocks and stride of each stage of MobileNetV2
MOBILENET_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def mobilenet_widths(width: float) -> tuple[int, list[tuple[int, int, int]], int]:
    """Channels of the stem, (expansion, channels, stride) of each block, and channels of the last convolution."""

    def channels(count: float) -> int:
        return max(8, int(count * width + 4) // 8 * 8)

    blocks = [
        (expansion, channels(count), stride if not block else 1)
        for expansion, count, repeats, stride in MOBILENET_STAGES
        for block in range(repeats)
    ]
    return channels(32), blocks, channels(1280) if width > 1 else 1280


def mobilenet(keras: Any, *, size: int = 96, width: float = 1.0, kernel: int = 3, classes: int = 10) -> Any:
    """MobileNetV2: narrow ends, wide depthwise middles."""
    layers = keras.layers
    stem, blocks, last = mobilenet_widths(width)

    def normed(x: Any, name: str, active: bool = True) -> Any:
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        return layers.ReLU(6.0)(x) if active else x

    def pointwise(x: Any, name: str, count: int, active: bool = True) -> Any:
        return normed(layers.Conv2D(count, 1, use_bias=False, name=f"{name}_conv")(x), name, active)

    image = keras.Input((size, size, 3))
    x = layers.Conv2D(stem, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(image)
    x = normed(x, "stem")
    for place, (expansion, count, stride) in enumerate(blocks):
        name, y, before = f"blocks_{place}", x, x.shape[-1]
        if expansion > 1:
            y = pointwise(y, f"{name}_wide", before * expansion)
        deep = layers.DepthwiseConv2D(
            kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_deep_conv"
        )
        y = pointwise(normed(deep(y), f"{name}_deep"), f"{name}_narrow", count, active=False)
        x = layers.Add()([x, y]) if stride == 1 and before == count else y
    x = layers.GlobalAveragePooling2D()(pointwise(x, "last", last))
    return keras.Model(image, layers.Dense(classes, activation="softmax", name="head")(x))


def resnet50(
    keras: Any,
    *,
    size: int = 224,
    width: int = 64,
    blocks: Sequence[int] = (3, 4, 6, 3),
    classes: int = 1000,
) -> Any:
    """The residual network with bottlenecks; the stride is in a block's first convolution."""
    layers = keras.layers

    def normed(x: Any, name: str, count: int, kernel: int = 1, stride: int = 1, padding: str = "same") -> Any:
        x = layers.Conv2D(count, kernel, strides=stride, padding=padding, use_bias=False, name=f"{name}_conv")(x)
        return layers.BatchNormalization(name=f"{name}_norm")(x)

    image = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(3)(image)
    x = layers.ReLU()(normed(x, "stem", width, kernel=7, stride=2, padding="valid"))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    place = 0
    for stage, repeats in enumerate(blocks):
        for block in range(repeats):
            name, count = f"blocks_{place}", width * 2**stage
            stride = 2 if stage and not block else 1
            y = layers.ReLU()(normed(x, f"{name}_first", count, stride=stride))
            y = layers.ReLU()(normed(y, f"{name}_second", count, kernel=3))
            y = normed(y, f"{name}_third", 4 * count)
            if not block:
                x = normed(x, f"{name}_short", 4 * count, stride=stride)
            x = layers.ReLU()(layers.Add()([x, y]))
            place += 1
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(classes, activation="softmax", name="head")(x))
