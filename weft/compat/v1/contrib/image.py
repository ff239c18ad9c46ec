"""`tf.contrib.image`: images turned, moved and seen through projective maps.

A map is eight numbers, a0 to c1: the pixel (x, y) of the result is what stands at
((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) in the image, with k = c0 x + c1 y + 1.
"""

from __future__ import annotations

from typing import Any

import weft
from weft.api.image.projective import projective_transform
from weft.base import dtypes
from weft.base.errors import explain


def angles_to_projective_transforms(angles: Any, image_height: Any, image_width: Any, name: str | None = None) -> Any:
    """The maps that turn images about their middles, counterclockwise.

    Args:
        angles: In radians: one, or `[images]`.
        image_height: The height of the images.
        image_width: Their width.
        name: Accepted.

    Returns:
        `[images, 8]`.
    """
    angle = weft.convert_to_tensor(angles, dtypes.float32)
    if angle.shape.rank is None or angle.shape.rank > 1:
        raise TypeError(explain("angles must have rank 0 or 1.", received=str(angle.shape)))
    angle = angle[None] if angle.shape.rank == 0 else angle
    height, width = (weft.cast(size, dtypes.float32) - 1.0 for size in (image_height, image_width))
    cosine, sine = weft.cos(angle), weft.sin(angle)
    across = (width - (cosine * width - sine * height)) / 2.0
    down = (height - (sine * width + cosine * height)) / 2.0
    nothing = weft.zeros_like(angle)
    return weft.stack([cosine, -sine, across, sine, cosine, down, nothing, nothing], 1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """The maps that move images by `[dx, dy]`, or by `[images, 2]` of them."""
    moves = weft.convert_to_tensor(translations, dtypes.float32)
    if moves.shape.rank is None or moves.shape.rank not in (1, 2):
        raise TypeError(explain("translations must have rank 1 or 2.", received=str(moves.shape)))
    moves = moves[None] if moves.shape.rank == 1 else moves
    nothing, one = weft.zeros_like(moves[:, 0]), weft.ones_like(moves[:, 0])
    return weft.stack([one, nothing, -moves[:, 0], nothing, one, -moves[:, 1], nothing, nothing], 1)


def flat_transforms_to_matrices(transforms: Any) -> Any:
    """Maps `[images, 8]` as matrices `[images, 3, 3]`."""
    maps = weft.convert_to_tensor(transforms)
    maps = weft.reshape(maps, [-1, 8])
    return weft.reshape(weft.concat([maps, weft.ones_like(maps[:, :1])], 1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices: Any) -> Any:
    """Matrices `[images, 3, 3]` as maps `[images, 8]`."""
    flat = weft.reshape(weft.convert_to_tensor(transform_matrices), [-1, 9])
    return (flat / flat[:, 8:])[:, :8]


def compose_transforms(*transforms: Any) -> Any:
    """One map for several, of which the last is applied to the image first."""
    if not transforms:
        raise ValueError("compose_transforms: at least one map is needed.")
    whole = flat_transforms_to_matrices(transforms[0])
    for further in transforms[1:]:
        whole = weft.matmul(whole, flat_transforms_to_matrices(further))
    return matrices_to_flat_transforms(whole)


def transform(images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None,
              name: str | None = None) -> Any:  # fmt: skip
    """Images seen through projective maps; what lies outside of them is 0.

    Args:
        images: `[images, height, width, channels]`, `[height, width, channels]` or `[height, width]`.
        transforms: `[8]`, or `[images, 8]`.
        interpolation: "NEAREST" or "BILINEAR".
        output_shape: The height and width of the result; those of the images where None.
        name: Accepted.

    Returns:
        Images of the same dtype.
    """
    given = weft.convert_to_tensor(images)
    rank = given.shape.rank
    if rank is None:
        raise TypeError("image_or_images rank must be statically known.")
    if rank not in (2, 3, 4):
        raise TypeError("Images should have rank between 2 and 4.")
    batch = {2: lambda: given[None, :, :, None], 3: lambda: given[None], 4: lambda: given}[rank]()
    maps = weft.convert_to_tensor(transforms, dtypes.float32)
    if maps.shape.rank is None or maps.shape.rank not in (1, 2):
        raise TypeError("Transforms should have rank 1 or 2.")
    maps = maps[None] if maps.shape.rank == 1 else maps
    size = weft.shape(batch)[1:3] if output_shape is None else output_shape
    found = _seen(batch, maps, size, interpolation.upper())
    if output_shape is None:
        found.set_shape(batch.shape)
    return {2: lambda: found[0, :, :, 0], 3: lambda: found[0], 4: lambda: found}[rank]()


def _seen(images: Any, maps: Any, size: Any, interpolation: str) -> Any:
    """Images seen through maps, whose gradient is what is seen of the images' gradient through the opposite maps.

    That is TensorFlow 1's, and not the exact one, where places between pixels are weighed.
    """

    @weft.custom_gradient
    def through(pixels: Any) -> tuple[Any, Any]:
        def backward(gradient: Any) -> Any:
            back = matrices_to_flat_transforms(weft.linalg.inv(flat_transforms_to_matrices(maps)))
            found = projective_transform(gradient, back, weft.shape(pixels)[1:3], interpolation=interpolation)
            found.set_shape(pixels.shape)
            return found

        return projective_transform(pixels, maps, size, interpolation=interpolation), backward

    return through(images)


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images turned counterclockwise about their middles; what lies outside of them is 0.

    Args:
        images: `[images, height, width, channels]`, `[height, width, channels]` or `[height, width]`.
        angles: In radians: one, or `[images]`.
        interpolation: "NEAREST" or "BILINEAR".
        name: Accepted.

    Returns:
        Images of the same shape and dtype.

    Example:
        >>> import weft.compat.v1 as tf
        >>> from weft.compat.v1.contrib import image
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     session.run(image.rotate(tf.constant([[1, 2], [3, 4]]), 3.14159265)).tolist()
        [[4, 3], [2, 1]]
    """
    given = weft.convert_to_tensor(images)
    rank = given.shape.rank
    if rank is None or rank not in (2, 3, 4):
        raise TypeError("Images should have rank between 2 and 4.")
    shape = weft.shape(given)
    height, width = (shape[0], shape[1]) if rank < 4 else (shape[1], shape[2])
    return transform(given, angles_to_projective_transforms(angles, height, width), interpolation)


def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Any:
    """Images moved by `[dx, dy]`, or each by its row of `[images, 2]`; the arguments are those of `rotate`."""
    return transform(images, translations_to_projective_transforms(translations), interpolation)
