"""Writing an export: its entries, and the text around them."""

from __future__ import annotations

from typing import IO


class ExportWriter:
    """Writes the entries of an export.

    Parameters
    ----------
    stream
        Receives the entries.
    start, separator, end
        The text before, between and after the entries.
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
        """Write the text after the entries. If there are no entries, write nothing."""
        if self.entries:
            self._stream.write(self._end.encode())
            self._stream.flush()
