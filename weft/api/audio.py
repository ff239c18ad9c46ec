"""`tf.audio`: sound files of 16-bit samples (WAV)."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np

from weft.api.common import integer
from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.kept_calls import keepable


class DecodeWav(NamedTuple):
    """The result of `decode_wav`."""

    audio: Any
    sample_rate: Any


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The parts of a RIFF file by name; of equal ones the first.

    Source: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0, 1991.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InvalidArgumentError(explain("decode_wav: Header mismatch: Expected RIFF … WAVE.",
                                           received=repr(data[:12])))  # fmt: skip
    found: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        if place + 8 + size > len(data):
            if name == b"data":
                raise InvalidArgumentError(explain("decode_wav: the file is cut short.", expected=f"{size} bytes",
                                                   received=f"{len(data) - place - 8}"))  # fmt: skip
            break
        found.setdefault(name, data[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    return found


def _decoded(data: bytes) -> tuple[Any, int]:
    """The samples `[samples, channels]` in [-1, 1) and their rate."""
    parts = _chunks(data)
    if b"fmt " not in parts or len(parts[b"fmt "]) < 16:
        raise InvalidArgumentError("decode_wav: the file does not say its format.")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", parts[b"fmt "])
    if kind not in (1, 0xFFFE):
        raise InvalidArgumentError(explain(f"decode_wav: Bad audio format for WAV: Expected 1 (PCM), but got {kind}.",
                                           hint="convert the file to 16-bit PCM"))  # fmt: skip
    if bits != 16:
        raise InvalidArgumentError(explain(f"decode_wav: Can only read 16-bit WAV files, but received {bits}",
                                           hint="convert the file to 16-bit PCM"))  # fmt: skip
    if not channels:
        raise InvalidArgumentError("decode_wav: Bad number of channels for WAV: Expected at least 1, but got 0.")
    if b"data" not in parts:
        raise InvalidArgumentError("decode_wav: the file has no samples.")
    samples = np.frombuffer(parts[b"data"][: len(parts[b"data"]) // (2 * channels) * 2 * channels], "<i2")
    return (samples.astype(np.float32) / 32768.0).reshape(-1, channels), rate


@keepable("audio.decode_wav", "contents")
def decode_wav(contents: Any, desired_channels: int = -1, desired_samples: int = -1,
               name: str | None = None) -> DecodeWav:  # fmt: skip
    """The samples of a WAV file of 16-bit PCM.

    Args:
        contents: What is in the file: a string.
        desired_channels: How many channels to give: the last is repeated, or further ones are left out; -1 for all.
        desired_samples: How many samples to give: zeros follow, or further ones are left out; -1 for all.
        name: The node's name.

    Returns:
        `audio`, `[samples, channels]` float32 from -1 to 1, and `sample_rate`, an int32.

    Raises:
        InvalidArgumentError: For other files.
    """
    channels, count = integer(desired_channels, "desired_channels"), integer(desired_samples, "desired_samples")

    def run(data: Any) -> list[Any]:
        samples, rate = _decoded(bytes(data[()]))
        if channels > samples.shape[1]:
            last = np.repeat(samples[:, -1:], channels - samples.shape[1], axis=1)
            samples = np.concatenate([samples, last], axis=1)
        samples = samples if channels < 0 else samples[:, :channels]
        if count >= 0:
            samples = samples[:count]
            samples = np.pad(samples, [(0, count - len(samples)), (0, 0)])
        return [samples, np.asarray(rate, np.int32)]

    shape = (Dim.fresh("samples") if count < 0 else count, Dim.fresh("channels") if channels < 0 else channels)
    types = [TensorType(shape, dtypes.float32), TensorType((), dtypes.int32)]
    return DecodeWav(*host_call(run, [frontdoor.convert(contents)], types, "DecodeWav", name))


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Any:
    """A WAV file of 16-bit PCM.

    Args:
        audio: `[samples, channels]`, float32 from -1 to 1; what is beyond is cut off.
        sample_rate: An int32 scalar.
        name: The node's name.

    Returns:
        A string, to be written by `tf.io.write_file`.

    Example:
        >>> import weft as tf
        >>> file = tf.audio.encode_wav([[0.0], [0.5]], 8000)
        >>> tf.audio.decode_wav(file).audio.numpy().tolist()
        [[0.0], [0.5]]
    """
    sound = frontdoor.convert(audio, None if frontdoor.is_tensor_like(audio) else dtypes.float32)
    if sound.shape.rank not in (2, None):
        raise InvalidArgumentError(explain("encode_wav: audio must be 2-dimensional.", received=str(sound.type)))

    def run(samples: Any, rate: Any) -> list[Any]:
        channels = samples.shape[1]
        scaled = samples * np.float32(32768.0)
        rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))  # halves away from zero
        body = np.clip(rounded, -32768, 32767).astype("<i2").tobytes()
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, channels, int(rate),
                           int(rate) * channels * 2, channels * 2, 16, b"data", len(body))  # fmt: skip
        made = np.empty((), object)
        made[()] = head + body
        return [made]

    inputs = [sound, frontdoor.convert(sample_rate, None if frontdoor.is_tensor_like(sample_rate) else dtypes.int32)]
    return host_call(run, inputs, [TensorType((), dtypes.string)], "EncodeWav", name)[0]
