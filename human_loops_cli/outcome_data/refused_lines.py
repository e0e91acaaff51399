"""The SQL that says what is wrong with lines that DuckDB refuses.

All values are read as JSON, which fails for no line, and then each as its type. No message of
DuckDB is needed for it, and no second parser, which would differ from DuckDB in repeated keys, NaN,
types and large numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE
from human_loops_cli.outcome_data.line_problems import (
    A2I_OUTPUT,
    DETAIL,
    DETAIL_IS_NO_OBJECT,
    DETAIL_TYPE,
    NOT_JSON,
    REPEATED,
)
from human_loops_cli.outcome_data.outcome_properties import (
    OF_FIELD,
    OF_OUTCOME,
    OutcomeProperty,
    PropertyType,
    problems,
)
from human_loops_cli.outcome_data.statements import PROBLEM, literal, type_of, when


def line_problems_query(path: str, *, max_line_bytes: int) -> str:
    """Return the query of what is wrong with each line of JSON, null for nothing.

    With one thread, the rows are in the order of the lines. Empty lines have none.

    Parameters
    ----------
    path
        The file.
    max_line_bytes
        The longest line, in bytes.
    """
    return f"""\
WITH lines AS (
  SELECT json, json ->> '$."{DETAIL_TYPE}"' AS detail_type, json -> '$.{DETAIL}' AS detail
  FROM read_json_objects({literal(path)}, format='newline_delimited', ignore_errors=true,
    maximum_object_size={max_line_bytes})
),
outcomes AS (SELECT *, if(detail_type IS NULL, json, detail) AS outcome FROM lines),
parsed AS (SELECT *, {_members("outcome", OF_OUTCOME)} AS member FROM outcomes),
typed AS (SELECT *, unnest({_typed("member", OF_OUTCOME)}) FROM parsed)
SELECT CASE
  WHEN json IS NULL OR json_type(json) <> 'OBJECT' THEN {literal(NOT_JSON)}
  WHEN coalesce(detail_type, {_OUTCOME}) = {_OUTCOME} AND coalesce(json_type(detail), 'NULL')
    NOT IN ('OBJECT', if(detail_type IS NULL, 'NULL', 'OBJECT')) THEN {literal(DETAIL_IS_NO_OBJECT)}
  WHEN list_contains(json_keys(outcome), 'humanAnswers') THEN {literal(A2I_OUTPUT)}
  {when(_other_types("member", OF_OUTCOME))}
  WHEN json_type(fields) <> 'ARRAY' THEN {literal(_NO_LIST)}
  WHEN {_repeats("outcome", OF_OUTCOME)} THEN {literal(REPEATED)}
  ELSE coalesce({PROBLEM}, list_filter({_OF_FIELDS}, lambda each: each IS NOT NULL)[1])
END FROM typed"""


def _members(document: str, properties: Sequence[OutcomeProperty]) -> str:
    """Return the members of an object as JSON."""
    structure = json.dumps({each.name: "JSON" for each in properties})
    return f"json_transform({document}, {literal(structure)})"


def _typed(members: str, properties: Sequence[OutcomeProperty]) -> str:
    """Return the members of an object as they are read from lines."""
    values = (f"'{each.name}': {_value(each, f'{members}.{each.name}')}" for each in properties)
    return f"{{{', '.join(values)}}}"


def _value(each: OutcomeProperty, member: str) -> str:
    """Return a member in its type. Null if it has another type."""
    match each.type:
        case PropertyType.FIELDS:
            return member
        case PropertyType.TEXT | PropertyType.TIME:
            return f"({member} ->> '$')"
    return f"TRY(CAST({member} AS {type_of(each)}))"


def _other_types(members: str, properties: Sequence[OutcomeProperty]) -> Iterator[tuple[str, str]]:
    """Yield the conditions under which a member has another type, each with what is wrong."""
    for each in properties:
        member = f"{members}.{each.name}"
        yield (
            f"{member} IS NOT NULL AND {_value(each, member)} IS NULL",
            f"{each.name}: expected {each.type.meaning}",
        )


def _repeats(document: str, properties: Sequence[OutcomeProperty]) -> str:
    """Return the condition that an object repeats a key that is read."""
    read = ", ".join(literal(each.name) for each in properties)
    keys = f"list_filter(json_keys({document}), lambda key: key IN ({read}))"
    return f"len({keys}) <> len(list_distinct({keys}))"


_OUTCOME: Final = literal(OUTCOME_DETAIL_TYPE)
_NO_LIST: Final = f"fields: expected {PropertyType.FIELDS.meaning}"

# What is wrong with each field.
_OF_FIELDS: Final = f"""\
list_transform(list_transform(list_transform(
  json_extract(fields, '$[*]'),
  lambda each: {{'json': each, 'member': {_members("each", OF_FIELD)}}}),
  lambda each: {{'of': each, 'typed': {_typed("each.member", OF_FIELD)}}}),
  lambda each: CASE
    WHEN json_type(each.of.json) NOT IN ('OBJECT', 'NULL') THEN {literal(_NO_LIST)}
    {when(_other_types("each.of.member", OF_FIELD))}
    WHEN {_repeats("each.of.json", OF_FIELD)} THEN {literal(REPEATED)}
    {when(problems(OF_FIELD, "each.typed.{}"))}
  END)"""
