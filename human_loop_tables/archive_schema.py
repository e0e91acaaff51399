"""The columns of archived outcomes, in AWS Glue and in the Parquet files of the archive.

A column has the name of the outcome's property in lower case: Glue knows no other names, and
Firehose's OpenX JSON SerDe converts the keys of JSON to lower case, on all levels.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_OpenXJsonSerDe.html

Times are texts, as outcomes have them. What fields carry as `values` is not archived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from human_loop_tables.properties import (
    PROPERTIES_OF_FIELD,
    PROPERTIES_OF_OUTCOME,
    SCALARS,
    Expression,
    Kind,
    Property,
    ValueType,
    properties_of,
)

#: The table of archived outcomes, and its partition: the day of delivery to the archive in UTC.
OUTCOMES: Final = "outcomes"
PARTITION: Final = "date"


@dataclass(frozen=True, slots=True)
class ArchivedProperty:
    """A property of an outcome, or of an object in it.

    Examples
    --------
    >>> ArchivedProperty("humanLoopArn", "string").column
    'humanlooparn'
    """

    key: str
    """Its key in JSON."""
    type: str
    """Its Hive type, as Glue declares it."""

    @property
    def column(self) -> str:
        """The name of its column."""
        return self.key.lower()


_SCALARS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "string",
    Kind.TRUTH: "boolean",
    Kind.COUNT: "bigint",
    Kind.NUMBER: "double",
}


def _archived(properties: Iterable[Property]) -> tuple[ArchivedProperty, ...]:
    return tuple(
        [
            ArchivedProperty(each.name, _hive_type(each.type, each.metadata))
            for each in properties
            if each.metadata.get("archived", True)
        ]
    )


def _hive_type(of: ValueType | None, metadata: Mapping[str, Any]) -> str:
    match of:
        case ValueType(kind=Kind.LIST, items=items):
            return f"array<{_hive_type(items, metadata)}>"
        case ValueType(kind=Kind.RECORD, record=type() as record):
            members = [(each.column, each.type) for each in _archived(properties_of(record))]
            return _struct(members)
        case ValueType(kind=Kind.MAP) if "members" in metadata:
            members = metadata["members"].items()
            return _struct([(name.lower(), _SCALARS[SCALARS[each]]) for name, each in members])
        case ValueType(kind=Kind.MAP, keys=keys, items=items):
            return f"map<{_hive_type(keys, metadata)},{_hive_type(items, metadata)}>"
        case ValueType(kind=kind) if kind in _SCALARS:
            return _SCALARS[kind]
    raise TypeError(f"the archive has no type for {of!r}")


def _struct(members: Iterable[tuple[str, str]]) -> str:
    return f"struct<{','.join(f'{column}:{kind}' for column, kind in members)}>"


#: The properties of a field, without `values`.
FIELD_PROPERTIES: Final = _archived(PROPERTIES_OF_FIELD)

#: The properties of an outcome.
OUTCOME_PROPERTIES: Final = _archived(PROPERTIES_OF_OUTCOME)

#: The order of several outcomes of a loop, as columns: the first takes precedence, as in the
#: ledger, which also knows what A2I confirmed against AWS's event. AWS's event outranks one that
#: was sent again, and an output alone comes last. Among equals the later end wins, then a status
#: with a review, then an output that was read. Copies of an outcome have equal ids.
PRECEDENCE: Final = Expression("""\
CASE {eventSource} WHEN 'aws.sagemaker' THEN 0 WHEN 'human-loop-events' THEN 1 ELSE 2 END,
{endTime} DESC NULLS LAST,
CASE {humanLoopStatus} WHEN 'Completed' THEN 0 WHEN 'Stopped' THEN 1 ELSE 2 END,
CASE WHEN {outputError} IS NULL THEN 0 ELSE 1 END,
{outcomeId}""")
