"""Datasets of what files hold."""

from __future__ import annotations

from typing import Any

from weft.data import files
from weft.data.dataset import Dataset
from weft.data.structure import number


class TextLineDataset(Dataset):
    """The lines of text files, without their ends.

    Args:
        filenames: Paths, or a dataset of them.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: Accepted.
        num_parallel_reads: Accepted; files are read one after another.
        name: As given.
    """

    def __init__(self, filenames: Any, compression_type: Any = None, buffer_size: Any = None,
                 num_parallel_reads: Any = None, name: str | None = None) -> None:  # fmt: skip
        read = files.lines_of(files.compression_of(compression_type))
        super().__init__(files.FileRecords(filenames, read, "TextLineDatasetV2"))


class TFRecordDataset(Dataset):
    """The records of TFRecord files.

    Args:
        filenames: Paths, or a dataset of them.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: Accepted.
        num_parallel_reads: Accepted; files are read one after another.
        name: As given.
    """

    def __init__(self, filenames: Any, compression_type: Any = None, buffer_size: Any = None,
                 num_parallel_reads: Any = None, name: str | None = None) -> None:  # fmt: skip
        read = files.tfrecords_of(files.compression_of(compression_type))
        super().__init__(files.FileRecords(filenames, read, "TFRecordDatasetV2"))


class FixedLengthRecordDataset(Dataset):
    """The records of files in which all have one length.

    Args:
        filenames: Paths, or a dataset of them.
        record_bytes: Bytes of a record.
        header_bytes: Bytes to leave out at the start of a file.
        footer_bytes: Bytes to leave out at its end.
        buffer_size: Accepted.
        compression_type: None, "GZIP" or "ZLIB".
        num_parallel_reads: Accepted; files are read one after another.
        name: As given.
    """

    def __init__(self, filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None,
                 buffer_size: Any = None, compression_type: Any = None, num_parallel_reads: Any = None,
                 name: str | None = None) -> None:  # fmt: skip
        length, header = number(record_bytes, "record_bytes"), number(header_bytes or 0, "header_bytes")
        footer = number(footer_bytes or 0, "footer_bytes")
        read = files.pieces_of(length, header, footer, files.compression_of(compression_type))
        super().__init__(files.FileRecords(filenames, read, "FixedLengthRecordDatasetV2"))
