"""An export that is being written: its entries, and what stands around them."""

from __future__ import annotations

from typing import IO


class Destination:
    """An export that is being written.

    Parameters
    ----------
    stream
        Where the entries go.
    start, separator, end
        What stands before, between and after the entries.
    """

    def __init__(self, stream: IO[bytes], *, start: str, separator: str, end: str) -> None:
        self._stream = stream
        self._start, self._separator, self._end = start, separator, end
        self.entries = 0

    def add(self, entry: str) -> None:
        """Write an entry."""
        before = self._separator if self.entries else self._start
        self._stream.write((before + entry).encode())
        self.entries += 1

    def finish(self) -> None:
        """Write what stands after the entries. Nothing is written without any."""
        if self.entries:
            self._stream.write(self._end.encode())
            self._stream.flush()
