"""Reads IDX, the file format of MNIST, from any binary stream (numpy only).

An IDX file of unsigned bytes is a header of big-endian 32-bit words, a magic number and then the
size of each dimension, followed by the bytes themselves, the last dimension fastest:

    images  0x00000803, rows, height, width, then rows * height * width bytes
            0x00000804, rows, height, width, channels, then as many bytes
    labels  0x00000801, rows, then rows bytes

http://yann.lecun.com/exdb/mnist/ describes the format.
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from components.data_sets.errors import DataSetError

IMAGES_MAGIC = 0x00000803
IMAGES_WITH_CHANNELS_MAGIC = 0x00000804
LABELS_MAGIC = 0x00000801

# The third byte of a magic number; the fourth says in how many dimensions.
_TYPES = {
    0x08: "unsigned bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
_GZIP_MAGIC = b"\x1f\x8b"
_WORD_BYTES = 4
_CHUNK_BYTES = 1 << 24


class IdxError(DataSetError):
    """Input that is not what an IDX folder holds."""


class IdxReader:
    """Reads the rows of one IDX file, as many at a time as asked for.

    Attributes:
      path: Where the file is; a name that ends in .gz means gzip.
      num_rows: Rows that the header announces, at least 1.
      row_shape: Shape of one row: of an image, or () of a label.
    """

    def __init__(self, stream: BinaryIO, path: str, *, magic: int) -> None:
        """Reads the header.

        Args:
          stream: The file's bytes as stored, at their beginning.
          path: Names the file in errors.
          magic: One of the three above.

        Raises:
          IdxError: The header is not that of such a file, or announces no rows.
        """
        self.path = path
        self._stream = gzip.GzipFile(fileobj=stream, mode="rb") if self.is_gzip else stream
        self._position = 0
        self.num_rows, *row_shape = self._read_header(magic)
        self.row_shape = tuple(row_shape)
        self._header_bytes = self._position
        self._row_bytes = math.prod(row_shape)

    @property
    def is_gzip(self) -> bool:
        """Whether the file is compressed, so that its rows can only be read front to back."""
        return self.path.endswith(".gz")

    def check_length(self) -> None:
        """Compares the file's length with its header, without reading the rows.

        The length of compressed data is not known before their end, so it is not checked here.

        Raises:
          IdxError: The file is truncated, or bytes trail the last row.
        """
        if self.is_gzip:
            return
        self._stream.seek(0, os.SEEK_END)
        received = self._stream.tell()
        if received != self._expected_bytes:
            raise self._length_error(f"{received:,}", is_too_long=received > self._expected_bytes)

    def seek_row(self, row: int) -> None:
        """Moves to the row with this number, from 0; reads through a compressed file to there.

        Raises:
          IdxError: The compressed data are damaged.
        """
        self._position = self._header_bytes + row * self._row_bytes
        with self._gzip_errors_explained():
            self._stream.seek(self._position)

    def read_rows(self, num_rows: int) -> npt.NDArray[np.uint8]:
        """Returns the next rows as uint8 [num_rows, *row_shape].

        Raises:
          IdxError: The file ends before, or its compressed data are damaged.
        """
        content = self._read(num_rows * self._row_bytes)
        if len(content) < num_rows * self._row_bytes:
            raise self._length_error(f"{self._position:,}", is_too_long=False)
        return np.frombuffer(content, np.uint8).reshape(num_rows, *self.row_shape)

    def check_end(self) -> None:
        """Checks that the file ends here.

        Raises:
          IdxError: Bytes trail the last row, or the checksum of the compressed data is wrong.
        """
        if self._read(1):
            raise self._length_error("more", is_too_long=True)

    def _read_header(self, magic: int) -> tuple[int, ...]:
        """Returns the sizes of the dimensions; a magic number ends in how many there are."""
        num_dimensions = magic & 0xFF
        first_word = self._read(_WORD_BYTES)
        if len(first_word) == _WORD_BYTES and first_word != struct.pack(">I", magic):
            raise self._magic_error(magic, first_word)
        sizes = self._read(num_dimensions * _WORD_BYTES)
        if len(sizes) < num_dimensions * _WORD_BYTES:
            raise IdxError(
                f"{self.path}: expected an IDX header of {(num_dimensions + 1) * _WORD_BYTES} "
                f"bytes, received a file of {self._position}. The file is empty or truncated: "
                "copy or download it again."
            )
        dimensions = struct.unpack(f">{num_dimensions}I", sizes)
        if not dimensions[0]:
            raise IdxError(
                f"{self.path}: expected at least one row, received a header that announces none. "
                "Replace the file by one that holds data."
            )
        return dimensions

    def _read(self, num_bytes: int) -> bytes:
        """Returns the next `num_bytes`, fewer only where the file ends."""
        chunks = []
        missing = num_bytes
        with self._gzip_errors_explained():
            # A stream may return less than asked for before its end, and a header ask for more
            # than there is memory.
            while missing and (chunk := self._stream.read(min(missing, _CHUNK_BYTES))):
                chunks.append(chunk)
                missing -= len(chunk)
        self._position += num_bytes - missing
        return b"".join(chunks)

    @contextmanager
    def _gzip_errors_explained(self) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise IdxError(
                f"{self.path}: expected a complete gzip stream, received one that ends within "
                "its data. The file is truncated: copy or download it again."
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise IdxError(
                f"{self.path}: expected gzip data because its name ends in .gz, received bytes "
                f"that do not decompress ({error}). Download it again or, if it is not "
                "compressed, remove .gz from its name."
            ) from error

    @property
    def _expected_bytes(self) -> int:
        return self._header_bytes + self.num_rows * self._row_bytes

    def _length_error(self, received: str, *, is_too_long: bool) -> IdxError:
        shape = "x".join(map(str, self.row_shape)) or "1"
        fault = "Something follows its last row" if is_too_long else "The file is truncated"
        return IdxError(
            f"{self.path}: expected {self._expected_bytes:,} bytes (a header and {self.num_rows:,} "
            f"rows of {shape}), received {received}. {fault}, or it is not the one that its header "
            "describes: copy or download it again."
        )

    def _magic_error(self, magic: int, first_word: bytes) -> IdxError:
        if first_word.startswith(_GZIP_MAGIC):
            advice = "It is compressed: add .gz to its name."
        elif {magic, *struct.unpack(">I", first_word)} in (
            {IMAGES_MAGIC, LABELS_MAGIC},
            {IMAGES_WITH_CHANNELS_MAGIC, LABELS_MAGIC},
        ):
            advice = "The names of the images and the labels file are swapped."
        elif first_word[:2] == b"\0\0" and first_word[2] in _TYPES and first_word[3]:
            expected = _name_content(magic.to_bytes(_WORD_BYTES, "big"))
            advice = f"It holds {_name_content(first_word)}, not {expected}: convert it."
        else:
            advice = "It is no IDX file: check where it comes from."
        return IdxError(
            f"{self.path}: expected IDX magic 0x{magic:08x}, received 0x{first_word.hex()}. "
            f"{advice}"
        )


def _name_content(magic: bytes) -> str:
    """Returns what a magic number says of a file: the type of its numbers, and their dimensions."""
    return f"{_TYPES[magic[2]]} in {magic[3]} dimension{'s' if magic[3] > 1 else ''}"
