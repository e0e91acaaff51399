"""The tables `loops` and `fields`, made of the staged outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from human_loop_reviews.contract import EventSource
from human_loop_tables.archive_schema import PRECEDENCE
from human_loop_tables.properties import Kind, property_named
from human_loop_tables.tables import FIELDS, LOOPS, OF_BOTH, SqlColumn
from human_loops_cli.known_flow_definitions import choose_flow_definitions
from human_loops_cli.outcome_data.ledger_comparison import LedgerComparison, compare, use_ledger
from human_loops_cli.outcome_data.limits import nothing
from human_loops_cli.outcome_data.staging import OUTCOMES, leave_out
from human_loops_cli.outcome_data.statements import literal

if TYPE_CHECKING:
    import duckdb

# Outputs without an event have a creation time in whole seconds, or none: then their end time
# distinguishes them.
_LOOP: Final = "humanLoopArn, coalesce(date_trunc('second', creationTime), endTime)"

_IS_OUTPUT: Final = f"eventSource = '{EventSource.OUTPUT}'"

_SECONDS_WORKED: Final = (
    "CASE WHEN len(secondsWorked) = list_count(secondsWorked) "
    "AND list_sum(secondsWorked) <= 1e9 THEN list_sum(secondsWorked) END"
)

# The columns that the view of fields takes from the view of loops, by their property.
_REPEATED: Final = {
    each.value.property.name: each.name for each in OF_BOTH if each.value.property is not None
}


def _place_in_loop(name: str) -> str:
    return _SECONDS_WORKED if name == "secondsWorked" else f'"{name}"'


def _place_in_field(name: str) -> str:
    if name in _REPEATED:
        return _REPEATED[name]
    # Whole numbers of fields are kept as they are read.
    place = f'field."{name}"'
    return f"CAST({place} AS BIGINT)" if property_named(name).type.kind is Kind.COUNT else place


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was read: all outcomes, and those that are not in the tables."""

    outcomes: int
    duplicates: int
    replaced: int
    verifications: int
    outputs: int
    """How many are outputs of A2I, which were read without their events."""
    history: Mapping[str, int]
    """How many loops of each flow definition are known from such an output only."""
    conditions: str
    """Which loops are in them, in SQL."""
    comparison: LedgerComparison | None
    """How they compare with the ledger. None if they were not compared."""


def build_tables(
    connection: duckdb.DuckDBPyConnection,
    *,
    flow: str | None,
    since: datetime | None,
    until: datetime | None,
    created_until: datetime | None,
    advice: str,
    retention: timedelta | None = None,
) -> Counts:
    """Make the two tables.

    Parameters
    ----------
    connection
        The connection with the staged outcomes.
    flow, since, until, created_until
        The limits of the loops.
    advice
        What to say if there is no outcome.
    retention
        How long the ledger keeps a loop. The outcomes are compared with the ledger, which was read,
        and the tables have what the ledger has of their loops. None for no comparison.

    Raises
    ------
    CommandError
        If there is no loop.
    """
    outcomes, verifications, outputs = _numbers(connection, _COUNTS)
    if outcomes == verifications:
        others = " but those of verifications" if verifications else ""
        raise nothing(f"no outcome was read{others}", advice)
    if verifications:
        leave_out(connection, _VERIFICATIONS)
    if outputs:
        leave_out(connection, _OUTPUTS_OF_OUTCOMES)
    arns = None if flow is None else _flow_definitions(connection, flow)
    conditions = _conditions(arns, since, until, created_until)
    comparison = None if retention is None else compare(connection, retention, conditions)
    left, names = _numbers(
        connection, f"SELECT count(*), count(DISTINCT hash(humanLoopArn)) FROM {OUTCOMES}"
    )
    replaced = outcomes - verifications - left
    # Different hashes are of different loops. Only equal ones need a closer look.
    loops, different = (left, left) if names == left else _numbers(connection, _DISTINCT)
    outranked = left - loops
    if outranked:
        leave_out(connection, _OUTRANKED)
    if comparison is not None:
        use_ledger(connection)
    show_tables(connection, conditions)
    if _numbers(connection, "SELECT count(*) FROM loops") == (0,):
        if comparison is not None:
            raise nothing(
                "the ledger has no loop of the sources within these limits", comparison.sentence
            )
        raise nothing("no loop is within these limits", _advise_times(connection))
    return Counts(
        outcomes=outcomes,
        duplicates=outranked - (different - loops),
        replaced=replaced + different - loops,
        verifications=verifications,
        outputs=outputs,
        history=_history(connection, conditions) if outputs else {},
        conditions=conditions,
        comparison=comparison,
    )


def show_tables(connection: duckdb.DuckDBPyConnection, conditions: str = "true") -> None:
    """Make the two tables as views of the outcomes for which the conditions in SQL hold."""
    connection.execute(_loops_view(conditions))
    connection.execute(_FIELDS_VIEW)
    connection.execute("USE staged")


def limit_creation(
    connection: duckdb.DuckDBPyConnection, conditions: str, created_until: datetime
) -> None:
    """Leave the loops out of the tables that were created later, or of unknown creation.

    Parameters
    ----------
    connection
        The connection with the tables.
    conditions
        Which loops were in them, in SQL.
    created_until
        The last creation.
    """
    limit = _conditions(None, None, None, created_until)
    connection.execute(_loops_view(f"{conditions} AND {limit}"))


_COUNTS: Final = (
    f"SELECT count(*), count(verification), count(*) FILTER ({_IS_OUTPUT}) FROM {OUTCOMES}"
)

_VERIFICATIONS: Final = f"SELECT part, row FROM {OUTCOMES} WHERE verification IS NOT NULL"

# Outputs beside the outcome of their loop, which has the same URI. That of a copy is another one.
# The event of a loop follows its output within seconds.
_OUTPUTS_OF_OUTCOMES: Final = f"""\
SELECT outputs.part, outputs.row
FROM {OUTCOMES} AS outputs JOIN {OUTCOMES} AS others USING (outputS3Uri)
WHERE outputs.{_IS_OUTPUT} AND NOT others.{_IS_OUTPUT}
UNION
SELECT outputs.part, outputs.row
FROM {OUTCOMES} AS outputs JOIN {OUTCOMES} AS others ON
  others.humanLoopArn = outputs.humanLoopArn
  AND others.creationTime <= coalesce(outputs.endTime, others.creationTime)
  AND coalesce(others.endTime >= outputs.endTime - INTERVAL 1 MINUTE, true)
WHERE outputs.creationTime IS NULL"""

_PRECEDENCE: Final = PRECEDENCE.written(str)

# All outcomes of a loop but the one that takes precedence.
_OUTRANKED: Final = f"""\
SELECT part, row FROM (
  SELECT part, row, row_number() OVER (PARTITION BY {_LOOP} ORDER BY {_PRECEDENCE}) AS place
  FROM {OUTCOMES}
)
WHERE place > 1"""


# How many loops there are, and how many different outcomes of them.
_DISTINCT: Final = f"""\
SELECT count(*), coalesce(sum(different), 0) FROM (
  SELECT count(DISTINCT outcomeId) AS different FROM {OUTCOMES} GROUP BY {_LOOP}
)"""


def _loops_view(conditions: str) -> str:
    columns = ", ".join(_selected(each, _place_in_loop) for each in LOOPS)
    return f"CREATE OR REPLACE VIEW staged.loops AS SELECT {columns}, fields \
FROM {OUTCOMES} WHERE {conditions}"


def _selected(column: SqlColumn, place: Callable[[str], str]) -> str:
    return f"{column.value.written(place)} AS {column.name}"


_COLUMNS_OF_BOTH: Final = ", ".join(each.name for each in OF_BOTH)
_COLUMNS_OF_FIELDS: Final = ", ".join(
    each.name if each in OF_BOTH else _selected(each, _place_in_field) for each in FIELDS
)

_FIELDS_VIEW: Final = f"""\
CREATE VIEW staged.fields AS
SELECT {_COLUMNS_OF_FIELDS}
FROM (
  SELECT
    {_COLUMNS_OF_BOTH},
    unnest(fields) AS field,
    generate_subscripts(fields, 1) AS position
  FROM staged.loops
)"""


def _conditions(
    arns: list[str] | None,
    since: datetime | None,
    until: datetime | None,
    created_until: datetime | None,
) -> str:
    conditions = ["true"]
    if arns is not None:
        conditions.append(f"flowDefinitionArn IN ({', '.join(map(literal, arns))})")
    ended = "coalesce(endTime, creationTime)"
    for column, operator, time in (
        (ended, ">=", since),
        (ended, "<=", until),
        ("creationTime", "<=", created_until),
    ):
        if time is not None:
            limit = f"TIMESTAMP WITH TIME ZONE '{time.isoformat()}'"
            conditions.append(f"{column} {operator} {limit}")
    return " AND ".join(conditions)


def _flow_definitions(connection: duckdb.DuckDBPyConnection, flow: str) -> list[str]:
    rows = connection.execute(f"SELECT DISTINCT flowDefinitionArn FROM {OUTCOMES}").fetchall()
    return choose_flow_definitions([arn for (arn,) in rows], flow)


(_DAY,) = [_selected(each, _place_in_loop) for each in LOOPS if each.name == "day"]


def _advise_times(connection: duckdb.DuckDBPyConnection) -> str:
    first, last = connection.execute(
        "SELECT CAST(min(day) AS VARCHAR), CAST(max(day) AS VARCHAR) FROM "
        f"(SELECT {_DAY} FROM {OUTCOMES})"
    ).fetchone() or ("", "")
    return f"The loops that were read ended from {first} to {last}."


def _history(connection: duckdb.DuckDBPyConnection, conditions: str) -> dict[str, int]:
    query = (
        f"SELECT flowDefinitionArn, count(*) FROM {OUTCOMES} "
        f"WHERE {_IS_OUTPUT} AND ({conditions}) GROUP BY flowDefinitionArn"
    )
    return dict(connection.execute(query).fetchall())


def _numbers(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(int(number) for number in connection.execute(query).fetchone() or ())
