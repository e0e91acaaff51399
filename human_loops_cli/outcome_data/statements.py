"""The SQL that reads and checks outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE
from human_loops_cli.outcome_data.line_problems import (
    DETAIL,
    DETAIL_TYPE,
    EVENT_OF_LOOP,
    OTHER_EVENT,
)
from human_loops_cli.outcome_data.outcome_properties import (
    OF_FIELD,
    OF_OUTCOME,
    OutcomeProperty,
    PropertyType,
    problems,
)

NAMES: Final = ", ".join(f'"{each.name}"' for each in OF_OUTCOME)


def type_of(each: OutcomeProperty, *, kept: bool = False) -> str:
    """Return the type in which DuckDB reads a property, or keeps it. Fields are kept as read."""
    if each.type is not PropertyType.FIELDS:
        return each.type.kept_type if kept else each.type.read_type
    members = ", ".join(f'"{field.name}" {type_of(field)}' for field in OF_FIELD)
    return f"STRUCT({members})[]"


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


#: The columns of a table of outcomes.
COLUMNS: Final = ", ".join(f'"{each.name}" {type_of(each, kept=True)}' for each in OF_OUTCOME)


def lines_query(
    path: str,
    *,
    enveloped: bool,
    max_line_bytes: int,
    compression: str = "none",
) -> str:
    """Return the query of outcomes in lines of JSON, bare or in the envelope of their event.

    Parameters
    ----------
    path
        The file.
    enveloped
        Whether a line can have an envelope. If not, one that has one is no row.
    max_line_bytes
        The longest line, in bytes.
    compression
        ``gzip`` if the file is compressed.
    """
    columns = {each.name: type_of(each) for each in OF_OUTCOME}
    detail_type = f'"{DETAIL_TYPE}"'
    chosen, detail, condition = [f'"{name}"' for name in columns], "VARCHAR", ""
    if enveloped:
        chosen = [
            f'CASE WHEN {detail_type} IS NULL THEN "{name}" ELSE {DETAIL}."{name}" END AS "{name}"'
            for name in columns
        ]
        members = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        detail = f"STRUCT({members})"
    else:
        # Whether a key is there is known only here: it can be written with escapes.
        condition = f" WHERE {detail_type} IS NULL AND {DETAIL} IS NULL"
    columns |= {DETAIL_TYPE: "VARCHAR", DETAIL: detail}
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return (
        f"SELECT {detail_type} AS detail_type, {', '.join(chosen)} "
        f"FROM read_json({literal(path)}, columns={{{listed}}}, format='newline_delimited', "
        f"maximum_object_size={max_line_bytes}, compression='{compression}'){condition}"
    )


def when(conditions: Iterable[tuple[str, str]]) -> str:
    """Return the branches of a CASE, given conditions and what is wrong under each."""
    return " ".join(f"WHEN {each} THEN {literal(problem)}" for each, problem in conditions)


_LOOP_TYPES: Final = ", ".join(map(literal, HUMAN_LOOP_DETAIL_TYPES))


def _problem(timestamps: Collection[str]) -> str:
    """Return what is wrong with an outcome, its fields aside, in SQL."""
    return f"""\
CASE
  WHEN detail_type IN ({_LOOP_TYPES}) THEN {literal(EVENT_OF_LOOP)}
  WHEN detail_type <> {literal(OUTCOME_DETAIL_TYPE)} THEN {literal(OTHER_EVENT)}
  {when(problems(OF_OUTCOME, "{}", timestamps=timestamps))}
END"""


#: What is wrong with an outcome, its fields aside.
PROBLEM: Final = _problem(())

_FIELD_PROBLEM: Final = f"CASE {when(problems(OF_FIELD, 'field.{}'))} END"


def _kept(each: OutcomeProperty) -> str:
    # A value that does not fit has a problem.
    if type_of(each, kept=True) == type_of(each):
        return f'"{each.name}"'
    return f'TRY_CAST("{each.name}" AS {type_of(each, kept=True)})'


#: The values of a query of outcomes, in the types of a table of outcomes.
VALUES: Final = ", ".join(f'{_kept(each)} AS "{each.name}"' for each in OF_OUTCOME)

# What is wrong with the fields of an outcome.
_PROBLEMS_OF_FIELDS: Final = (
    f"list_filter(list_transform(fields, lambda field: {_FIELD_PROBLEM}), lambda x: x IS NOT NULL)"
)

_FIELDS_ARE_VALID: Final = f"len({_PROBLEMS_OF_FIELDS}) = 0"

# Always true. With it, DuckDB reads all values: otherwise only those that have a condition, and a
# query finds later that another one cannot be read. Those of fields are read for their conditions.
_ALL_READ: Final = "hash({}) IS NOT NULL".format(
    ", ".join(f'"{each.name}"' for each in OF_OUTCOME if each.type is not PropertyType.FIELDS)
)


def insert_statement(table: str, query: str) -> str:
    """Return the statement that keeps the valid outcomes of a query in a table."""
    return (
        f"INSERT INTO {table} SELECT {VALUES} FROM ({query}) "
        f"WHERE ({PROBLEM}) IS NULL AND {_FIELDS_ARE_VALID}"
    )


def refused_query(query: str, timestamps: Collection[str]) -> str:
    """Return the query of the rows without a valid outcome, each with what is wrong.

    Parameters
    ----------
    query
        The query of outcomes.
    timestamps
        The names of the times that are timestamps there, and not texts.
    """
    problem = _problem(timestamps)
    return (
        f"SELECT row, coalesce({problem}, ({_PROBLEMS_OF_FIELDS})[1]) FROM ({query}) "
        f"WHERE NOT (({problem}) IS NULL AND {_FIELDS_ARE_VALID} AND {_ALL_READ})"
    )
