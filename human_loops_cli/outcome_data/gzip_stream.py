"""Reading gzip so that what can be decompressed is read, whatever follows it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

#: The errors of damage.
DAMAGE: Final = (EOFError, zlib.error, gzip.BadGzipFile)

# Small enough that what is made of a piece stays in the processor's cache.
_PIECE: Final = 16 * 1024
_BLOCK: Final = 1024 * 1024
_WITH_HEADER: Final = 16 + zlib.MAX_WBITS

# What Python says of bytes where another member of the file would begin.
_NO_MEMBER: Final = "Not a gzipped file"


class TrailingBytesError(Exception):
    """Bytes follow the compressed data that are none."""


class GzipStream:
    """A compressed file, decompressed.

    Python's own reader raises an error in place of the data before it.

    Parameters
    ----------
    file
        The compressed file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._stream = gzip.GzipFile(fileobj=file)
        self._error: Exception | None = None

    def read(self, size: int) -> bytes:
        """Return the next bytes, empty at the end.

        Raises
        ------
        TrailingBytesError
            If something else follows the data, all of which were returned.
        EOFError, zlib.error, gzip.BadGzipFile
            If the file is damaged. What is before the damage was returned.
        """
        if self._error is not None:
            raise self._error
        block = bytearray()
        try:
            while len(block) < size and (piece := self._stream.read1(size - len(block))):
                block += piece
        except DAMAGE as error:
            self._error = error
            if str(error).startswith(_NO_MEMBER):
                self._error = TrailingBytesError()
            if not block:
                raise self._error from None
        return bytes(block)


def decompressed(file: BinaryIO) -> Iterator[bytes]:
    """Yield a compressed file, decompressed, in two thirds of the time of `GzipStream`.

    Raises
    ------
    EOFError, zlib.error
        If the file is damaged, or something else follows the data. Data before it can be lost.
    """
    member = zlib.decompressobj(_WITH_HEADER)
    while piece := file.read(_PIECE):
        while piece:
            if member.eof:
                member = zlib.decompressobj(_WITH_HEADER)
            yield member.decompress(piece, _BLOCK)
            piece = member.unconsumed_tail or member.unused_data
    if not member.eof:
        raise EOFError
