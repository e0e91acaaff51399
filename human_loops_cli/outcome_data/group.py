"""Lines of several files in one file, which DuckDB reads in one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from human_loops_cli.outcome_data.line_problems import ENVELOPE, MAX_LINE_BYTES

#: The longest line that was made here, of an output with very many fields.
MAX_REVIEWED_BYTES: Final = 16 * 1024 * 1024

#: The size at which a group is read. Two are on disk at a time.
_GROUP_BYTES: Final = 32 * 1024 * 1024

_BUFFER_BYTES: Final = 256 * 1024


class Group:
    """Lines, and the file and number of each.

    Parameters
    ----------
    path
        Where they are written.
    reviewed
        Whether they are outcomes of outputs that were reviewed here, which can be longer.
    """

    def __init__(self, path: Path, *, reviewed: bool) -> None:
        self.path = path
        self.max_line_bytes = MAX_REVIEWED_BYTES if reviewed else MAX_LINE_BYTES
        """The longest line."""
        self.count = 0
        self.enveloped = False
        """Whether a line can have an envelope."""
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        # DuckDB accepts a byte order mark at the beginning of its file, which is none of a line.
        self._size = self._file.write(b"\n")
        self._first_rows: list[int] = []
        self._places: list[tuple[str, int]] = []

    @property
    def is_full(self) -> bool:
        """Whether it is to be read."""
        return self._size >= _GROUP_BYTES

    def add(self, parts: Iterable[bytes | memoryview], place: str, first_line: int) -> int:
        """Add lines, each with its end, and return how many these are.

        Parameters
        ----------
        parts
            The lines, cut anywhere.
        place, first_line
            Their file, and the number of the first one there.
        """
        content = b"".join(parts)
        added = content.count(b"\n")
        self._first_rows.append(self.count)
        self._places.append((place, first_line))
        self._size += self._file.write(content)
        self.count += added
        self.enveloped = self.enveloped or ENVELOPE in content
        return added

    def close(self) -> None:
        """Write what is left to the file."""
        self._file.close()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the row and the content of each line."""
        with self.path.open("rb") as file:
            file.readline()
            yield from enumerate(file)

    def place_of(self, row: int) -> tuple[str, int]:
        """Return the file and the number of a line, given its row from 0."""
        index = bisect_right(self._first_rows, row) - 1
        place, first_line = self._places[index]
        return place, first_line + row - self._first_rows[index]
