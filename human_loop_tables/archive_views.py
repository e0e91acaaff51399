"""The tables `loops` and `fields` as views on the archived outcomes, in the SQL of Amazon Athena.

Athena's views have no `timestamp with time zone`, so times are `timestamp(3)` here, in UTC. The
queries of the report use times only to check whether they are null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Final

from human_loop_tables.archive_schema import FIELD_PROPERTIES, OUTCOMES, PRECEDENCE
from human_loop_tables.tables import TABLES, SqlColumn, SqlType


@dataclass(frozen=True, slots=True)
class AthenaView:
    """A view of Amazon Athena."""

    name: str
    """Its name, that of a table."""
    columns: tuple[SqlColumn, ...]
    """Its columns, those of the table."""
    sql: str
    """A SELECT statement without a semicolon."""


def _time(column: str) -> str:
    # Outcomes write all times in UTC. An invalid time must not fail the query.
    return f"TRY_CAST(replace(replace({column}, 'T', ' '), 'Z', '') AS timestamp(3))"


#: One outcome of each loop, with its times as such. History has creation times in whole seconds.
_ENDED: Final = f"""\
  SELECT
    *,
    {_time("creationtime")} AS creation_time,
    {_time("endtime")} AS end_time
  FROM (
    SELECT
      *,
      row_number() OVER (
        PARTITION BY humanlooparn, substr(creationtime, 1, 19)
        ORDER BY
{indent(PRECEDENCE.written(str.lower), " " * 10)}
      ) AS place
    FROM {OUTCOMES}
    WHERE verification IS NULL
  ) AS ranked
  WHERE place = 1"""  # noqa: S608 - names of this package only

# The sum is null as soon as one of its parts is.
_SECONDS_WORKED: Final = "reduce(secondsworked, DOUBLE '0', (total, part) -> total + part, x -> x)"

#: What the views have of properties that the table of outcomes has in another form.
_VALUES: Final = {
    "creationTime": "creation_time",
    "endTime": "end_time",
    "secondsWorked": "CASE WHEN cardinality(secondsworked) > 0 "
    f"AND {_SECONDS_WORKED} <= 1e9\n    THEN {_SECONDS_WORKED} END",
}


def _place(name: str) -> str:
    return _VALUES.get(name, name.lower())


#: UNNEST makes a column of each property of a field.
_UNNESTED: Final = (
    "CROSS JOIN UNNEST(fields) WITH ORDINALITY\n"
    f"  AS reviewed ({', '.join(each.column for each in FIELD_PROPERTIES)}, position)"
)


def _view(name: str, *rest: str) -> AthenaView:
    columns = TABLES[name]
    selected = ",\n".join(f"  {each.value.written(_place)} AS {each.name}" for each in columns)
    sql = "\n".join((f"WITH ended AS (\n{_ENDED}\n)", f"SELECT\n{selected}", "FROM ended", *rest))
    return AthenaView(name, columns, sql)


#: The views, by name.
VIEWS: Final = {each.name: each for each in (_view("loops"), _view("fields", _UNNESTED))}

#: The types of a view's columns in Glue, and in Athena where it has another name.
GLUE_TYPES: Final[Mapping[SqlType, str]] = {
    SqlType.BIGINT: "bigint",
    SqlType.BOOLEAN: "boolean",
    SqlType.DATE: "date",
    SqlType.DOUBLE: "double",
    SqlType.TIMESTAMP: "timestamp",
    SqlType.VARCHAR: "string",
}
ATHENA_TYPES: Final[Mapping[SqlType, str]] = {
    **{each: each.value for each in SqlType},
    SqlType.TIMESTAMP: "timestamp(3)",
}
