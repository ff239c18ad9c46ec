"""How much images differ, and how rough they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.api import array, math, nn
from weft.api.image.common import convert_image_dtype, size_of, taken
from weft.base import dtypes
from weft.base.errors import DTypeError, InvalidArgumentError, explain


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """The peak signal-to-noise ratio of pairs of images, in decibels: `[...]` of `[..., height, width, channels]`.

    Example:
        >>> import weft as tf
        >>> float(tf.image.psnr(tf.zeros([4, 4, 1]), tf.ones([4, 4, 1]), 10.0))
        20.0
    """
    peak = convert_image_dtype(array.cast(max_val, array.convert_to_tensor(a).dtype), dtypes.float32)
    x, y = (convert_image_dtype(v, dtypes.float32) for v in (a, b))
    error = math.reduce_mean(math.square(x - y), axis=[-3, -2, -1])
    return 20.0 * math.log(peak) / np.log(10.0) - np.float32(10.0 / np.log(10.0)) * math.log(error)


def _window(size: int, sigma: float) -> Any:
    """The shares of a Gaussian window along one axis: the window is their product with themselves."""
    place = np.arange(size) - (size - 1) / 2.0
    line = np.exp(-0.5 * place * place / (sigma * sigma))
    return (line / line.sum()).astype(np.float32)


def _parts(x: Any, y: Any, peak: Any, size: int, sigma: float, k1: float, k2: float) -> tuple[Any, Any]:
    """The luminance's and the contrast-structure's similarity at each place (Wang et al. 2004)."""
    channels = size_of(x, -1)
    line = array.constant(_window(size, sigma))
    shapes = ([size, 1, 1, 1], [1, size, 1, 1])
    kernels = [array.tile(array.reshape(line, shape), [1, 1, channels, 1]) for shape in shapes]

    def mean(v: Any) -> Any:
        for kernel in kernels:  # down, then across: as many products as the window has along both, not in it
            v = nn.depthwise_conv2d(v, kernel, [1, 1, 1, 1], "VALID")
        return v

    c1, c2 = math.square(k1 * peak), math.square(k2 * peak)
    mean_x, mean_y = mean(x), mean(y)
    both = mean_x * mean_y * 2.0
    squares = math.square(mean_x) + math.square(mean_y)
    luminance = (both + c1) / (squares + c1)
    cross = mean(x * y) * 2.0
    spread = mean(math.square(x) + math.square(y))
    return luminance, (cross - both + c2) / (spread - squares + c2)


def _images(a: Any, b: Any, max_val: Any, size: int, function: str) -> tuple[Any, Any, Any]:
    first = array.convert_to_tensor(a)
    peak = convert_image_dtype(array.cast(max_val, first.dtype), dtypes.float32)
    x, y = (taken(convert_image_dtype(v, dtypes.float32), function) for v in (first, b))
    for v in (x, y):
        for axis in (-3, -2):
            if isinstance(size_of(v, axis), int) and size_of(v, axis) < size:
                raise InvalidArgumentError(explain(f"tf.image.{function}: images must be as large as the window.",
                                         received=str(v.type), expected=f"at least {size} x {size}"))  # fmt: skip
    return x, y, peak


def ssim(img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
         k2: float = 0.03, return_index_map: bool = False) -> Any:  # fmt: skip
    """The structural similarity of pairs of images (Wang et al. 2004): 1 for equal ones.

    Args:
        img1: `[batch, height, width, channels]`, or one image.
        img2: The others.
        max_val: The greatest value that there can be.
        filter_size: Of the window.
        filter_sigma: The window's standard deviation.
        k1: Keeps the luminance's quotient steady.
        k2: Keeps the contrast's quotient steady.
        return_index_map: Whether to give the similarity at each place instead of the mean.

    Returns:
        `[batch]`; `[batch, places down, places across]` for the map.
    """
    x, y, peak = _images(img1, img2, max_val, filter_size, "ssim")
    single = x.shape.rank == 3
    if single:
        x, y = array.expand_dims(x, 0), array.expand_dims(y, 0)
    luminance, structure = _parts(x, y, peak, filter_size, filter_sigma, k1, k2)
    found = math.reduce_mean(luminance * structure, axis=[-1] if return_index_map else [-3, -2, -1])
    return found[0] if single else found


_SHARES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim_multiscale(img1: Any, img2: Any, max_val: Any, power_factors: Sequence[float] = _SHARES, filter_size: int = 11,
                    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03) -> Any:  # fmt: skip
    """The structural similarity over several scales (Wang, Simoncelli and Bovik 2003): `[batch]`."""
    x, y, peak = _images(img1, img2, max_val, filter_size, "ssim_multiscale")
    single = x.shape.rank == 3
    if single:
        x, y = array.expand_dims(x, 0), array.expand_dims(y, 0)
    scales = []
    for number in range(len(power_factors)):
        if number:
            x, y = _halved(x), _halved(y)
            for axis in (1, 2):
                if isinstance(size_of(x, axis), int) and size_of(x, axis) < filter_size:
                    raise ValueError(explain("tf.image.ssim_multiscale: the images are too small for so many scales.",
                                             received=f"{len(power_factors)} scales"))  # fmt: skip
        luminance, structure = _parts(x, y, peak, filter_size, filter_sigma, k1, k2)
        last = number == len(power_factors) - 1
        scales.append(math.reduce_mean(luminance * structure if last else structure, axis=[-3, -2]))
    stacked = math.maximum(array.stack(scales, axis=-1), 0.0)
    product = math.reduce_prod(math.pow(stacked, array.constant(np.asarray(power_factors, np.float32))), axis=[-1])
    found = math.reduce_mean(product, axis=[-1])
    return found[0] if single else found


def _halved(x: Any) -> Any:
    """Images half as large; an odd row or column mirrors its neighbour."""
    rest = [size_of(x, axis) % 2 for axis in (1, 2)]
    if any(not isinstance(r, int) or r for r in rest):
        x = array.pad(x, [[0, 0], [0, rest[0]], [0, rest[1]], [0, 0]], mode="SYMMETRIC")
    return nn.avg_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")


def total_variation(images: Any, name: str | None = None) -> Any:
    """The sum of all differences between neighbours: a scalar for one image, `[batch]` for several.

    Raises:
        DTypeError: For integers without a sign, which have no negative differences.
    """
    x = taken(images, "total_variation")
    if x.dtype.is_unsigned:
        raise DTypeError(explain("tf.image.total_variation: the images are integers without a sign.",
                                 received=str(x.type), hint="tf.cast(images, tf.float32)"))  # fmt: skip
    down = math.abs(x[..., 1:, :, :] - x[..., :-1, :, :])
    across = math.abs(x[..., :, 1:, :] - x[..., :, :-1, :])
    return math.reduce_sum(down, axis=[-3, -2, -1]) + math.reduce_sum(across, axis=[-3, -2, -1])
