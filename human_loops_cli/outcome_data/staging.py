"""DuckDB reads outcomes from lines of JSON and from Parquet, checks them, and keeps them.

Errors of DuckDB can quote content, so they are not shown. Input that DuckDB cannot read is bisected
into a few lines, which Python then checks.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from human_loops_cli.outcome_data.batch import MAX_LINE_BYTES, MAX_TRUSTED_LINE_BYTES, Batch
from human_loops_cli.outcome_data.engine import use_all_threads, use_one_thread
from human_loops_cli.outcome_data.line_problems import ENVELOPE, UNEXPECTED, problem_of_line
from human_loops_cli.outcome_data.parquet import (
    ROWS_OF_A_FILE,
    FileColumns,
    columns_of,
    outcomes_query,
)
from human_loops_cli.outcome_data.rejects import RejectList
from human_loops_cli.outcome_data.statements import (
    COLUMNS,
    FIELD_PROBLEM,
    NAMES,
    NO_PROBLEM,
    PROBLEM,
    VALUES,
    lines_query,
    literal,
)

if TYPE_CHECKING:
    import duckdb

#: The view of all valid outcomes.
OUTCOMES: Final = "staged.outcomes"

#: The outcomes that are left out of it: their part and their row.
LEFT_OUT: Final = "staged.left_out"

# Up to this number, lines are checked one by one.
_FEW: Final = 64

_NO_PARQUET: Final = "no Parquet file of outcomes, damaged, or with a column of an unexpected type"

# Never a problem: it reads all columns, so that no query finds later that one is damaged.
_DAMAGED: Final = f"CASE WHEN hash({NAMES}) IS NULL THEN {literal(_NO_PARQUET)} END"


@dataclass(kw_only=True)
class _Table:
    """A table of outcomes that one thread writes, and where its rows are from."""

    part: int
    cursor: duckdb.DuckDBPyConnection
    _count: int = 0
    _first_rows: list[int] = field(default_factory=list)
    _origins: list[tuple[Sequence[int], Batch]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"staged.part_{self.part}"

    @property
    def has_rows(self) -> bool:
        return self._count > 0

    def add(self, rows: Sequence[int], batch: Batch) -> None:
        """Note that some rows of a batch were written."""
        self._first_rows.append(self._count)
        self._origins.append((rows, batch))
        self._count += len(rows)

    def origin_of(self, row: int) -> tuple[Batch, int]:
        """Return the batch of a row, and the row there."""
        index = bisect_right(self._first_rows, row) - 1
        rows, batch = self._origins[index]
        return batch, rows[row - self._first_rows[index]]


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
        self._folder = folder
        self._rejects = rejects
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        self._tables: list[_Table] = []
        self._parts: dict[int, str] = {}
        self._part_count = 0
        connection.execute(f"CREATE TABLE {LEFT_OUT} (part INTEGER, row BIGINT)")
        self._table()

    def read_batch(self, batch: Batch) -> None:
        """Read the outcomes of a batch. Can be called in several threads."""
        self._read(batch, batch.content, range(batch.count))
        batch.forget_content()

    def read_file(
        self, path: Path, *, compressed: bool, enveloped: bool, lines: Future[int | None]
    ) -> bool:
        """Read a whole file of lines with all threads, and return whether each has an outcome.

        If one has not, the file counts as not read: where each line is from is not kept.

        Parameters
        ----------
        path, compressed
            The file, and whether it is compressed.
        enveloped
            Whether a line can have an envelope.
        lines
            How many lines it has.
        """
        import duckdb

        part = self._new_part()
        table = f"staged.part_{part}"
        query = lines_query(
            str(path),
            enveloped=enveloped,
            max_line_bytes=MAX_LINE_BYTES,
            compression="gzip" if compressed else "none",
        )
        self._connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
        use_all_threads(self._connection)
        try:
            read = self._connection.execute(
                f"INSERT INTO {table} SELECT {VALUES} FROM ({query}) WHERE {NO_PROBLEM}"
            ).fetchone()
        except (
            duckdb.DataError,
            duckdb.ProgrammingError,
            duckdb.IOException,
            UnicodeDecodeError,
        ):
            read = None
        use_one_thread(self._connection)
        if read is None or read[0] != lines.result():
            self._connection.execute(f"DROP TABLE {table}")
            return False
        self._parts[part] = f"SELECT {part} AS part, rowid AS row, {NAMES} FROM {table}"
        return True

    def read_parquet(self, files: Mapping[Path, str]) -> None:
        """Check the outcomes of Parquet files. They stay where they are.

        Parameters
        ----------
        files
            What rejects call each file, by its path.
        """
        import duckdb

        use_all_threads(self._connection)
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

    def _check_parquet(self, columns: FileColumns, files: Mapping[Path, str]) -> bool:
        """Check files with the same columns. Return whether DuckDB can read all of them."""
        import duckdb

        part = self._new_part()
        query = outcomes_query([str(path) for path in files], columns)
        try:
            checked = (
                f"SELECT row, coalesce({PROBLEM}, {_DAMAGED}) AS problem, fields FROM ({query})"
            )
            wrong = self._leave_out(part, checked)
        except duckdb.Error as error:
            _raise_interrupt(error)
            return False
        places = list(files.values())
        for row, problem in wrong.items():
            file, row_of_file = divmod(row, ROWS_OF_A_FILE)
            self.reject(places[file], problem, row_of_file + 1)
        self._parts[part] = f"SELECT {part} AS part, row, {VALUES} FROM ({query})"
        return True

    def reject(self, place: str, problem: str, line: int | None = None) -> None:
        """Note what cannot be used."""
        with self._lock:
            self._rejects.add(place, problem, line)

    def finish(self) -> None:
        """Check the outcomes of lines, and make the view of all outcomes that were read."""
        for table in self._tables:
            if self._parts and not table.has_rows:
                continue  # with an empty part, queries use one thread
            read = f"SELECT rowid AS row, problem, fields FROM {table.name}"
            for row, problem in self._leave_out(table.part, read).items():
                self._reject_row(*table.origin_of(row), problem)
            self._parts[table.part] = (
                f"SELECT {table.part} AS part, rowid AS row, {NAMES} FROM {table.name}"
            )
        parts = " UNION ALL ".join(self._parts[part] for part in sorted(self._parts))
        self._connection.execute(
            f"CREATE VIEW {OUTCOMES} AS "
            f"SELECT * FROM ({parts}) ANTI JOIN {LEFT_OUT} USING (part, row)"
        )

    def _new_part(self) -> int:
        with self._lock:
            self._part_count += 1
            return self._part_count

    def _read(self, batch: Batch, lines: bytes | bytearray, rows: Sequence[int]) -> None:
        """Read some lines of a batch. On an error, bisect them."""
        if self._try(batch, lines, rows):
            return
        each = [bytes(line) + b"\n" for line in lines.split(b"\n")[:-1]]
        if len(rows) > _FEW:
            half = len(rows) // 2
            self._read(batch, b"".join(each[:half]), rows[:half])
            self._read(batch, b"".join(each[half:]), rows[half:])
            return
        good: list[tuple[int, bytes]] = []
        for row, line in zip(rows, each, strict=True):
            problem = problem_of_line(line)
            if problem:
                self._reject_row(batch, row, problem)
            elif line.strip():
                good.append((row, line))
        for row, line in good:
            if not self._try(batch, line, [row]):
                self._reject_row(batch, row, UNEXPECTED)

    def _try(self, batch: Batch, lines: bytes | bytearray, rows: Sequence[int]) -> bool:
        """Read lines if DuckDB finds one object on each."""
        import duckdb

        if not rows:
            return True
        table = self._table()
        path = self._folder / f"part-{table.part}.jsonl"
        path.write_bytes(lines)
        query = lines_query(
            str(path),
            enveloped=ENVELOPE in lines,
            max_line_bytes=MAX_TRUSTED_LINE_BYTES if batch.trusted else MAX_LINE_BYTES,
        )
        problem = "NULL" if batch.trusted else PROBLEM
        insert = f"INSERT INTO {table.name} SELECT {problem}, {VALUES} FROM ({query})"
        table.cursor.execute("BEGIN")
        try:
            is_read = table.cursor.execute(insert).fetchone() == (len(rows),)
        except (duckdb.DataError, duckdb.ProgrammingError, UnicodeDecodeError):
            # DuckDB cuts what it quotes in its errors, even within a character.
            is_read = False
        finally:
            path.unlink()
        table.cursor.execute("COMMIT" if is_read else "ROLLBACK")
        if is_read:
            table.add(rows, batch)
        return is_read

    def _leave_out(self, part: int, outcomes: str) -> dict[int, str]:
        """Leave out the outcomes of a part that have a problem, and return these by row."""
        of_fields = (
            f"SELECT row, {FIELD_PROBLEM} AS problem "
            f"FROM (SELECT row, unnest(fields) AS field FROM ({outcomes}))"
        )
        wrong: dict[int, str] = {}
        for query in (of_fields, outcomes):
            found = f"SELECT row, problem FROM ({query}) WHERE problem IS NOT NULL"
            wrong |= dict(self._connection.execute(found).fetchall())
        if wrong:
            self._connection.execute(
                f"INSERT INTO {LEFT_OUT} SELECT ?, unnest(?::BIGINT[])", [part, [*wrong]]
            )
        return wrong

    def _reject_row(self, batch: Batch, row: int, problem: str) -> None:
        place, line = batch.place_of(row)
        self.reject(place, problem, line)

    def _table(self) -> _Table:
        """Return the table of this thread.

        Threads that wrote into one table would wait for each other. A table for each batch would
        be kept in small pieces, which DuckDB does not move to disk.
        """
        if not hasattr(self._of_thread, "table"):
            table = _Table(part=self._new_part(), cursor=self._connection.cursor())
            table.cursor.execute(f"CREATE TABLE {table.name} (problem VARCHAR, {COLUMNS})")
            self._tables.append(table)
            self._of_thread.table = table
        found: _Table = self._of_thread.table
        return found


def _raise_interrupt(error: duckdb.Error) -> None:
    """Raise an interruption again. DuckDB has no class of its own for damage in a Parquet file."""
    import duckdb

    if isinstance(error, duckdb.InterruptException):
        raise error
