"""Parquet files of outcomes: those of an archive, and what DuckDB and others export from JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from human_loops_cli.outcome_data.line_problems import DETAIL_TYPE
from human_loops_cli.outcome_data.outcome_properties import (
    OF_OUTCOME,
    OutcomeProperty,
    PropertyType,
)
from human_loops_cli.outcome_data.statements import literal, type_of

if TYPE_CHECKING:
    import duckdb

_DETAIL: Final = "detail"
_NULL: Final = '"NULL"'


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumns:
    """The columns of a file."""

    of_outcome: Mapping[str, str]
    """The types of the properties of its outcomes, by name in lower case."""
    enveloped: bool
    """Whether these are in the envelope of an event."""

    @property
    def timestamps(self) -> frozenset[str]:
        """The names of the times that are timestamps, and not texts."""
        return frozenset(each.name for each in OF_OUTCOME if self.is_timestamp(each))

    def is_timestamp(self, each: OutcomeProperty) -> bool:
        """Return whether a property is a time, and its column one of timestamps."""
        kind = self.of_outcome.get(each.name.lower(), "")
        return each.type is PropertyType.TIME and kind.startswith("TIMESTAMP")


#: A file's place in a list is in the upper digits of the number of a row.
ROWS_OF_A_FILE: Final = 10**12


def columns_of(cursor: duckdb.DuckDBPyConnection, path: str) -> FileColumns:
    """Return the columns of a file: their names in lower case, and their types.

    Those of the detail are returned for outcomes in the envelope of their event.

    Raises
    ------
    duckdb.Error
        If it is no Parquet file.
    """
    columns = _described(cursor, f"FROM {_source([path])}")
    if DETAIL_TYPE in columns and _DETAIL in columns:
        detail = _described(cursor, f"SELECT unnest({_DETAIL}) FROM {_source([path])}")
        return FileColumns(of_outcome=detail, enveloped=True)
    return FileColumns(of_outcome=columns, enveloped=False)


def outcomes_query(paths: Sequence[str], columns: FileColumns) -> str:
    """Return the query of the outcomes in files, with the types in which outcomes are read.

    FileColumns of times stay as they are: converting them takes longer than most queries.

    Parameters
    ----------
    paths
        Files with the same columns.
    columns
        Their columns. One that they do not have is null.
    """
    detail_type, place = "NULL::VARCHAR", '"{}"'
    if columns.enveloped:
        detail_type, place = f'"{DETAIL_TYPE}"', f'{_DETAIL}."{{}}"'
    values = ", ".join(
        f'{_value(each, place.format(each.name), columns)} AS "{each.name}"' for each in OF_OUTCOME
    )
    return (
        f"SELECT CAST(file_index AS BIGINT) * {ROWS_OF_A_FILE} + file_row_number AS row, "
        f"{detail_type} AS detail_type, {values} FROM {_source(paths)}"
    )


def _source(paths: Sequence[str]) -> str:
    listed = ", ".join(map(literal, paths))
    return f"read_parquet([{listed}], hive_partitioning=false)"


def _described(cursor: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    described = cursor.execute(f"DESCRIBE {query}").fetchall()
    return {name.lower(): kind for name, kind, *_ in described}


def _value(each: OutcomeProperty, place: str, columns: FileColumns) -> str:
    """Return a property as outcomes are read."""
    kind = columns.of_outcome.get(each.name.lower(), _NULL)
    if kind == _NULL:
        # DuckDB exports a column without a value as one of the type NULL, and cannot cast it.
        return f"CAST(NULL AS {type_of(each)})"
    if kind == "UUID":
        # What DuckDB makes of an outcomeId in JSON.
        return f"replace(CAST({place} AS VARCHAR), '-', '')"
    if columns.is_timestamp(each):
        return f"CAST({place} AS {each.type.kept_type})"
    return f"CAST({place} AS {type_of(each)})"
