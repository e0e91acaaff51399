"""DuckDB reads outcomes from lines of JSON and from Parquet, checks them, and keeps them.

All lines of a group are read by one statement, which keeps the valid outcomes. If these are fewer
than the lines, or DuckDB refuses one, the group is read again in pieces, by a query that says what
is wrong with each line. Errors of DuckDB can quote content, so they are not shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from human_loops_cli.outcome_data.engine import use_all_threads, use_one_thread
from human_loops_cli.outcome_data.group import Group
from human_loops_cli.outcome_data.line_problems import MAX_LINE_BYTES, UNEXPECTED
from human_loops_cli.outcome_data.parquet import (
    ROWS_OF_A_FILE,
    FileColumns,
    columns_of,
    outcomes_query,
)
from human_loops_cli.outcome_data.refused_lines import line_problems_query
from human_loops_cli.outcome_data.rejects import RejectList
from human_loops_cli.outcome_data.statements import (
    COLUMNS,
    NAMES,
    VALUES,
    insert_statement,
    lines_query,
    refused_query,
)

if TYPE_CHECKING:
    import duckdb

#: The view of all valid outcomes.
OUTCOMES: Final = "staged.outcomes"

# All that were read, and of these the ones that are left out: their part and their row.
_READ: Final = "staged.read"
_LEFT_OUT: Final = "staged.left_out"

_LINES: Final = "staged.lines"

# How many lines of a group are read again at once. As JSON, they need 15 times their size.
_PIECE: Final = 2_000
_PIECE_BYTES: Final = 4 * 1024 * 1024

_NO_PARQUET: Final = "no Parquet file of outcomes, damaged, or with a column of an unexpected type"

#: Lines of a group, each with its row there.
_Lines: TypeAlias = Sequence[tuple[int, bytes]]


class Staging:
    """Reads outcomes into parts, and makes one view of all of them.

    Parameters
    ----------
    connection
        A connection with the database ``staged``.
    folder
        Where files for DuckDB are written.
    rejects
        Takes what cannot be used.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, rejects: RejectList
    ) -> None:
        self._connection = connection
        self._piece = folder / "piece.jsonl"
        self._rejects = rejects
        self._lock = threading.Lock()
        self._has_lines = False
        self._parts: list[str] = []
        use_all_threads(connection)
        connection.execute(f"CREATE TABLE {_LEFT_OUT} (part INTEGER, row BIGINT)")
        connection.execute(f"CREATE TABLE {_LINES} ({COLUMNS})")

    def read_group(self, group: Group) -> None:
        """Read a group of lines, and name those that cannot be used."""
        query = self._query(group, group.path, enveloped=group.enveloped)
        if not self._insert(query, lambda: group.count):
            self._read_pieces(group)
        group.path.unlink()

    def read_file(
        self,
        path: Path,
        *,
        compressed: bool,
        enveloped: bool,
        count_lines: Callable[[], int | None],
    ) -> bool:
        """Read a file of lines where it is, and return whether each has an outcome.

        If one has not, the file counts as not read.

        Parameters
        ----------
        path, compressed
            The file, and whether it is compressed.
        enveloped
            Whether a line can have an envelope.
        count_lines
            Returns how many lines it has. None if one is too long, or the file is damaged.
        """
        import duckdb

        query = lines_query(
            str(path),
            enveloped=enveloped,
            max_line_bytes=MAX_LINE_BYTES,
            compression="gzip" if compressed else "none",
        )
        try:
            return self._insert(query, count_lines)
        except duckdb.IOException:
            return False  # a compressed file that is damaged

    def read_parquet(self, files: Mapping[Path, str]) -> None:
        """Check the outcomes of Parquet files. They stay where they are.

        Parameters
        ----------
        files
            What rejects call each file, by its path.
        """
        import duckdb

        alike: dict[Any, tuple[FileColumns, list[Path]]] = {}
        for path, place in files.items():
            try:
                columns = columns_of(self._connection, str(path))
            except duckdb.Error as error:
                _raise_interrupt(error)
                self.reject(place, _NO_PARQUET)
            else:
                key = columns.enveloped, *columns.of_outcome.items()
                alike.setdefault(key, (columns, []))[1].append(path)
        for columns, paths in alike.values():
            if not self._check_parquet(columns, {path: files[path] for path in paths}):
                for path in paths:
                    if not self._check_parquet(columns, {path: files[path]}):
                        self.reject(files[path], _NO_PARQUET)

    def reject(self, place: str, problem: str, line: int | None = None) -> None:
        """Note what cannot be used. Can be called in several threads."""
        with self._lock:
            self._rejects.add(place, problem, line)

    def finish(self) -> None:
        """Make the view of all outcomes that were read."""
        parts = list(self._parts)
        if self._has_lines or not parts:  # with an empty part, queries use one thread
            parts.append(f"SELECT 0 AS part, rowid AS row, {NAMES} FROM {_LINES}")
        self._connection.execute(
            f"CREATE VIEW {_READ} AS SELECT * FROM ({' UNION ALL '.join(parts)})"
        )
        _show_outcomes(self._connection)

    def _insert(self, query: str, count_lines: Callable[[], int | None]) -> bool:
        """Keep the outcomes of lines, if each has a valid one."""
        complete = False
        self._connection.execute("BEGIN")
        try:
            read = self._connection.execute(insert_statement(_LINES, query)).fetchone()
            complete = read is not None and read[0] == count_lines()
        except _refusals():
            return False
        finally:
            self._connection.execute("COMMIT" if complete else "ROLLBACK")
        self._has_lines |= complete
        return complete

    def _read_pieces(self, group: Group) -> None:
        use_one_thread(self._connection)  # rows are in the order of lines
        for piece in _pieces(group.lines()):
            self._read_piece(group, piece)
        use_all_threads(self._connection)

    def _read_piece(self, group: Group, lines: _Lines) -> None:
        """Read some lines of a group, and name those that cannot be used."""
        good = []
        for (row, line), problem in zip(lines, self._problems(group, lines), strict=True):
            if problem is None:
                good.append((row, line))
            else:
                self._reject_line(group, row, problem)
        if good:
            self._keep(group, good)

    def _keep(self, group: Group, lines: _Lines) -> None:
        """Keep the outcomes of lines. One that DuckDB refuses nevertheless is found by halves."""
        self._write(lines)
        query = self._query(group, self._piece, enveloped=True)
        if self._insert(query, lambda: len(lines)):
            return
        if len(lines) == 1:
            self._reject_line(group, lines[0][0], UNEXPECTED)
            return
        half = len(lines) // 2
        self._keep(group, lines[:half])
        self._keep(group, lines[half:])

    def _reject_line(self, group: Group, row: int, problem: str) -> None:
        place, line = group.place_of(row)
        self.reject(place, problem, line)

    def _problems(self, group: Group, lines: _Lines) -> list[str | None]:
        """Return what is wrong with each line for which it can be named."""
        import duckdb

        self._write(lines)
        query = line_problems_query(str(self._piece), max_line_bytes=group.max_line_bytes)
        try:
            found = [problem for (problem,) in self._connection.execute(query).fetchall()]
        except duckdb.Error as error:  # such as one line that needs too much memory
            _raise_interrupt(error)
            found = []
        return found if len(found) == len(lines) else [None] * len(lines)

    def _write(self, lines: _Lines) -> None:
        # As in a group, a byte order mark is not at the beginning of the file.
        self._piece.write_bytes(b"\n" + b"".join(line for _, line in lines))

    def _query(self, group: Group, path: Path, *, enveloped: bool) -> str:
        return lines_query(
            str(path),
            enveloped=enveloped,
            max_line_bytes=group.max_line_bytes,
        )

    def _check_parquet(self, columns: FileColumns, files: Mapping[Path, str]) -> bool:
        """Check files with the same columns. Return whether DuckDB can read all of them."""
        import duckdb

        part = len(self._parts) + 1
        query = outcomes_query([str(path) for path in files], columns)
        try:
            wrong = self._connection.execute(refused_query(query, columns.timestamps)).fetchall()
        except duckdb.Error as error:
            _raise_interrupt(error)
            return False
        places = list(files.values())
        for row, problem in wrong:
            file, row_of_file = divmod(row, ROWS_OF_A_FILE)
            self.reject(places[file], problem, row_of_file + 1)
        if wrong:
            rows = [row for row, _ in wrong]
            self._connection.execute(
                f"INSERT INTO {_LEFT_OUT} SELECT ?, unnest(?::BIGINT[])", [part, rows]
            )
        self._parts.append(f"SELECT {part} AS part, row, {VALUES} FROM ({query})")
        return True


def leave_out(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Leave out the outcomes of which a query returns part and row, and return how many."""
    (left_out,) = connection.execute(f"INSERT INTO {_LEFT_OUT} {query}").fetchone() or (0,)
    if left_out:
        _show_outcomes(connection)
    return int(left_out)


def _show_outcomes(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view of outcomes. Without one to leave out, the join would only take time."""
    (left_out,) = connection.execute(f"SELECT count(*) FROM {_LEFT_OUT}").fetchone() or (0,)
    rest = f" ANTI JOIN {_LEFT_OUT} USING (part, row)" if left_out else ""
    connection.execute(f"CREATE OR REPLACE VIEW {OUTCOMES} AS SELECT * FROM {_READ}{rest}")


def _pieces(lines: Iterable[tuple[int, bytes]]) -> Iterator[_Lines]:
    """Yield the lines that are not blank, some at a time."""
    piece: list[tuple[int, bytes]] = []
    size = 0
    for row, line in lines:
        if not line.strip():
            continue
        piece.append((row, line))
        size += len(line)
        if len(piece) == _PIECE or size >= _PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _raise_interrupt(error: duckdb.Error) -> None:
    """Raise an interruption again. Other errors of DuckDB are of the data."""
    import duckdb

    if isinstance(error, duckdb.InterruptException):
        raise error


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors of DuckDB on lines that it cannot read."""
    import duckdb

    # DuckDB cuts what it quotes in its errors, even within a character.
    return duckdb.DataError, duckdb.ProgrammingError, UnicodeDecodeError
