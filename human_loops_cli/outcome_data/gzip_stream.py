"""Reading gzip so that what can be decompressed is read, whatever follows it."""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO, Final

#: The errors of damage.
DAMAGE: Final = (EOFError, zlib.error, gzip.BadGzipFile)

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
