"""DuckDB reads outcomes from lines of JSON and from Parquet, checks them, and keeps them.

DuckDB quotes content in its errors, so none of them is shown. What it cannot read is narrowed down
to a few lines, which are then read in Python to say what is wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE
from human_loops_cli.outcome_data.batch import MAX_LINE_BYTES, MAX_TRUSTED_LINE_BYTES, Batch
from human_loops_cli.outcome_data.properties import (
    OF_FIELD,
    OF_OUTCOME,
    Kind,
    Property,
    problems,
    type_problem,
)
from human_loops_cli.outcome_data.rejects import RejectList

if TYPE_CHECKING:
    import duckdb

#: The table of all outcomes, as they were read.
OUTCOMES: Final = "staged.outcomes"

NOT_JSON: Final = "expected one JSON object on the line"
TOO_LONG: Final = f"longer than {MAX_LINE_BYTES:,} bytes"
EVENT_OF_LOOP: Final = "an event of A2I itself: name outcomes, which the review handler publishes"
OTHER_EVENT: Final = f"an event that is no {OUTCOME_DETAIL_TYPE}"
A2I_OUTPUT: Final = "an output of A2I among lines of outcomes: name it as a file of its own"
UNEXPECTED: Final = "a value has an unexpected form"

# As many lines are looked at one by one.
_FEW: Final = 64

_DETAIL_TYPE: Final = "detail-type"


class Staging:
    """Reads into the table of outcomes.

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
        self.count = 0
        columns = ", ".join(f'"{each.name}" {_type(each, kept=True)}' for each in OF_OUTCOME)
        connection.execute(f"CREATE TABLE {OUTCOMES} ({columns})")

    def read_batch(self, batch: Batch) -> None:
        """Read the outcomes of a batch. Can be called in several threads."""
        self._read(batch, bytes(batch.content), range(batch.count))

    def read_parquet(self, path: Path, place: str) -> None:
        """Read the outcomes of a Parquet file."""
        raise NotImplementedError

    def reject(self, place: str, problem: str, line: int | None = None) -> None:
        """Note what cannot be used."""
        with self._lock:
            self._rejects.add(place, problem, line)

    def _read(self, batch: Batch, lines: bytes, rows: Sequence[int]) -> None:
        """Read lines that are at some rows of a batch. On an error, read ever fewer of them."""
        if not rows or self._try(batch, lines, rows):
            return
        each = [line + b"\n" for line in lines.split(b"\n")[:-1]]
        if len(rows) > _FEW:
            half = len(rows) // 2
            self._read(batch, b"".join(each[:half]), rows[:half])
            self._read(batch, b"".join(each[half:]), rows[half:])
            return
        good: list[tuple[int, bytes]] = []
        for row, line in zip(rows, each, strict=True):
            problem = _problem(line)
            if problem:
                self.reject(*_located(batch, row, problem))
            elif line.strip():
                good.append((row, line))
        if len(good) < len(rows) and self._try(
            batch, b"".join(line for _, line in good), [row for row, _ in good]
        ):
            return
        for row, line in good:
            if not self._try(batch, line, [row]):
                self.reject(*_located(batch, row, UNEXPECTED))

    def _try(self, batch: Batch, lines: bytes, rows: Sequence[int]) -> bool:
        """Read lines if DuckDB finds one object on each."""
        import duckdb

        if not rows:
            return True
        cursor = self._cursor()
        path = self._folder / f"lines-{threading.get_ident()}.jsonl"
        path.write_bytes(lines)
        enveloped = f'"{_DETAIL_TYPE}"'.encode() in lines
        try:
            cursor.execute(
                _read_json(
                    path,
                    enveloped=enveloped,
                    most=MAX_TRUSTED_LINE_BYTES if batch.trusted else MAX_LINE_BYTES,
                )
            )
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error:
            return False
        (found,) = cursor.execute("SELECT count(*) FROM batch").fetchone() or (0,)
        if found != len(rows):
            return False
        self._keep(cursor, batch, rows)
        return True

    def _keep(self, cursor: duckdb.DuckDBPyConnection, batch: Batch, rows: Sequence[int]) -> None:
        """Check what was read, and keep what is right."""
        wrong: dict[int, str] = {}
        if not batch.trusted:
            for check in _CHECK:
                wrong |= dict(cursor.execute(check).fetchall())
            for row, problem in wrong.items():
                self.reject(*_located(batch, rows[row], problem))
        if wrong:
            cursor.execute("DELETE FROM batch WHERE rowid IN (SELECT unnest(?))", [[*wrong]])
        cursor.execute(_KEEP)
        with self._lock:
            self.count += len(rows) - len(wrong)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return the connection of this thread: temporary tables are its own."""
        if not hasattr(self._of_thread, "cursor"):
            self._of_thread.cursor = self._connection.cursor()
        cursor: duckdb.DuckDBPyConnection = self._of_thread.cursor
        return cursor


def _located(batch: Batch, row: int, problem: str) -> tuple[str, str, int]:
    place, line = batch.place_of(row)
    return place, problem, line


def _problem(line: bytes) -> str | None:
    """Return what is wrong with a line, as far as Python can tell."""
    if not line.strip():
        return None
    if len(line) > MAX_LINE_BYTES:
        return TOO_LONG
    try:
        outcome = read_json(line, source="line", unique_keys=True)
    except UnreadableOutputError:
        return NOT_JSON
    if not isinstance(outcome, dict):
        return NOT_JSON
    return problem_of(outcome)


def problem_of(outcome: dict[str, Any]) -> str | None:
    """Return what is wrong with an object that should be an outcome or its event."""
    detail_type = outcome.get(_DETAIL_TYPE)
    if detail_type is not None:
        if detail_type in HUMAN_LOOP_DETAIL_TYPES:
            return EVENT_OF_LOOP
        if detail_type != OUTCOME_DETAIL_TYPE:
            return OTHER_EVENT
        outcome = outcome.get("detail")  # type: ignore[assignment]
        if not isinstance(outcome, dict):
            return "detail: expected an object"
    if "humanAnswers" in outcome:
        return A2I_OUTPUT
    return type_problem(outcome)


def _type(each: Property, *, kept: bool = False) -> str:
    """Return the type in which DuckDB reads a property, or keeps it. Fields are kept as read."""
    if each.kind is not Kind.FIELDS:
        return each.kind.kept_type if kept else each.kind.read_type
    members = ", ".join(f'"{field.name}" {_type(field)}' for field in OF_FIELD)
    return f"STRUCT({members})[]"


def _read_json(path: Path, *, enveloped: bool, most: int) -> str:
    """Return the statement that reads lines, bare or in their envelope, into a table."""
    columns = {each.name: _type(each) for each in OF_OUTCOME}
    chosen = [f'"{name}"' for name in columns]
    detail_type = "NULL::VARCHAR"
    if enveloped:
        detail_type = f'"{_DETAIL_TYPE}"'
        chosen = [
            f'CASE WHEN {detail_type} IS NULL THEN "{name}" ELSE detail."{name}" END AS "{name}"'
            for name in columns
        ]
        detail = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        columns |= {_DETAIL_TYPE: "VARCHAR", "detail": f"STRUCT({detail})"}
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return (
        f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {detail_type} AS detail_type, "
        f"{', '.join(chosen)} FROM read_json({_literal(str(path))}, columns={{{listed}}}, "
        f"format='newline_delimited', maximum_object_size={most})"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _when(conditions: Iterator[tuple[str, str]]) -> str:
    return " ".join(f"WHEN {each} THEN {_literal(problem)}" for each, problem in conditions)


_LOOP_TYPES: Final = ", ".join(map(_literal, HUMAN_LOOP_DETAIL_TYPES))

# The problems of rows, those of fields first: of two problems of a row, the last one is told.
_CHECK: Final = (
    f"""\
SELECT row, CASE {_when(problems(OF_FIELD, "field.{}"))} END AS problem
FROM (SELECT rowid AS row, unnest(fields) AS field FROM batch)
WHERE problem IS NOT NULL""",
    f"""\
SELECT rowid, CASE
  WHEN detail_type IN ({_LOOP_TYPES}) THEN {_literal(EVENT_OF_LOOP)}
  WHEN detail_type <> {_literal(OUTCOME_DETAIL_TYPE)} THEN {_literal(OTHER_EVENT)}
  {_when(problems(OF_OUTCOME, "{}"))} END AS problem
FROM batch
WHERE problem IS NOT NULL""",
)

_KEEP: Final = f"""\
INSERT INTO {OUTCOMES}
SELECT {", ".join(f'CAST("{each.name}" AS {_type(each, kept=True)})' for each in OF_OUTCOME)}
FROM batch"""
