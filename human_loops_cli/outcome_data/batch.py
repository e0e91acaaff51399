"""Batches of JSON lines for DuckDB, with the file and number of each line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

#: How much DuckDB reads at once. Two or more batches are in memory at a time.
BATCH_BYTES: Final = 16 * 1024 * 1024

#: The longest line. EventBridge's limit for an event is a quarter of it.
MAX_LINE_BYTES: Final = 1024 * 1024

#: The longest line that was made here, of an output with very many fields.
MAX_TRUSTED_LINE_BYTES: Final = 16 * 1024 * 1024


@dataclass
class Batch:
    """Some lines, each with an object."""

    trusted: bool = False
    """Whether the lines were written by this program, so that they need no check."""
    content: bytearray = field(default_factory=bytearray)
    count: int = 0
    _first_rows: list[int] = field(default_factory=list)
    _places: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the batch has its maximum size."""
        return len(self.content) >= BATCH_BYTES

    def add(self, parts: Iterable[bytes | memoryview], place: str, first_line: int) -> int:
        """Add lines, each with its end, and return how many these are.

        Parameters
        ----------
        parts
            The lines, cut anywhere.
        place, first_line
            Their file, and the number of the first one there.
        """
        self._first_rows.append(self.count)
        self._places.append((place, first_line))
        before = len(self.content)
        for part in parts:
            self.content += part
        added = self.content.count(b"\n", before)
        self.count += added
        return added

    def place_of(self, row: int) -> tuple[str, int]:
        """Return the file and the number of a line of this batch, given its row from 0."""
        index = bisect_right(self._first_rows, row) - 1
        place, first_line = self._places[index]
        return place, first_line + row - self._first_rows[index]

    def forget_content(self) -> None:
        """Discard the content, and keep the file and number of each line."""
        self.content = bytearray()
