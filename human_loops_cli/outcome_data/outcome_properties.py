"""The properties of an outcome that the tables need: their types, and what is expected of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from human_loop_tables.archive_schema import PRECEDENCE
from human_loop_tables.properties import (
    PROPERTIES_OF_FIELD,
    PROPERTIES_OF_OUTCOME,
    Kind,
    Property,
    ValueType,
    property_named,
)
from human_loop_tables.tables import TABLES

# Sums of a million of these fit into a BIGINT.
_MAX_NUMBER: Final = 1_000_000_000

_TIME: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)"

# What a text in this form can be. Others are infinite, or of years that most programs cannot read.
_IS_TIMESTAMP: Final = (
    "VALUE BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' "
    "AND TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"
)


class PropertyType(Enum):
    """The type of a property: in words, when DuckDB reads it, and when DuckDB keeps it."""

    TEXT = ("a text", "VARCHAR", "VARCHAR")
    TIME = ("a time with time zone", "VARCHAR", "TIMESTAMP WITH TIME ZONE")
    NUMBER = ("a number", "DOUBLE", "DOUBLE")
    # Read as DOUBLE: DuckDB rounds a fraction silently.
    COUNT = ("a whole number", "DOUBLE", "BIGINT")
    TRUTH = ("true or false", "BOOLEAN", "BOOLEAN")
    NUMBERS = ("a list of numbers", "DOUBLE[]", "DOUBLE[]")
    FIELDS = ("a list of objects", "", "")

    def __init__(self, meaning: str, read_type: str, kept_type: str) -> None:
        self.meaning = meaning
        self.read_type = read_type
        self.kept_type = kept_type


@dataclass(frozen=True, slots=True)
class OutcomeProperty:
    """A property of an outcome or of one of its fields."""

    name: str
    type: PropertyType
    """As in docs/outcome.schema.json."""
    required: bool = False
    """Whether it is never null."""
    condition: str = ""
    """The condition on a value in SQL, with ``VALUE`` as placeholder. Empty for none."""
    expected: str = ""
    """The condition in words."""
    absent_if: str = "false"
    """When a required property can be null, in SQL."""


def _read(each: Property) -> OutcomeProperty:
    """Return how a property is read and checked."""
    of, condition, expected = _rule(each)
    source = each.metadata.get("null_only_from")
    return OutcomeProperty(
        name=each.name,
        type=of,
        required=each.required or source is not None,
        condition=condition,
        expected=expected,
        absent_if="false" if source is None else f"coalesce(\"eventSource\" = '{source}', false)",
    )


def _rule(each: Property) -> tuple[PropertyType, str, str]:
    """Return the type of a property, the condition on a value in SQL, and the same in words."""
    match each.type:
        case ValueType(kind=Kind.TRUTH):
            return PropertyType.TRUTH, "", ""
        case ValueType(kind=Kind.TEXT, constant=str() as version):
            major = version.partition(".")[0]
            expected = f"version {major}: a newer version of this command can read others"
            return PropertyType.TEXT, f"VALUE LIKE '{major}.%'", expected
        case ValueType(kind=Kind.TEXT):
            return _rule_of_text(each)
        case ValueType(kind=Kind.COUNT):
            return _rule_of_count(each)
        case ValueType(kind=Kind.NUMBER):
            low, high = each.metadata.get("range", (-_MAX_NUMBER, None))
            high = _MAX_NUMBER if high is None else high
            # NaN is greater than any number in DuckDB, so it is in no range.
            return PropertyType.NUMBER, f"VALUE BETWEEN {low} AND {high}", f"{low:,} to {high:,}"
        case ValueType(kind=Kind.LIST, items=ValueType(kind=Kind.NUMBER)):
            low, _ = each.metadata["range"]
            condition = f"coalesce(list_min(VALUE) >= {low} AND list_max(VALUE) <= 1e300, true)"
            return PropertyType.NUMBERS, condition, f"numbers from {low}"
        case ValueType(kind=Kind.LIST, items=ValueType(kind=Kind.RECORD)):
            return PropertyType.FIELDS, "", ""
    raise TypeError(f"{each.name}: the reader has no values of this type")


def _rule_of_count(each: Property) -> tuple[PropertyType, str, str]:
    largest, said = str(_MAX_NUMBER), f"{_MAX_NUMBER:,}"
    if "at_most" in each.metadata:
        largest = said = property_named(each.metadata["at_most"]).name
    condition = f"VALUE BETWEEN 0 AND {largest} AND VALUE = floor(VALUE)"
    return PropertyType.COUNT, condition, f"a whole number from 0 to {said}"


def _rule_of_text(each: Property) -> tuple[PropertyType, str, str]:
    form, known = each.metadata.get("form"), each.type.enumeration
    if form == "time":
        condition = (
            f"regexp_full_match(CAST(VALUE AS VARCHAR), '{_TIME}') "
            "AND TRY_CAST(VALUE AS TIMESTAMP WITH TIME ZONE) IS NOT NULL"
        )
        return PropertyType.TIME, condition, "a time such as 2026-03-14T09:12:44Z"
    if form == "arn":
        return PropertyType.TEXT, "VALUE LIKE 'arn:%'", "an ARN"
    if known is None or each.metadata.get("open"):
        return PropertyType.TEXT, "", ""
    listed = ", ".join(f"'{value}'" for value in known)
    return PropertyType.TEXT, f"VALUE IN ({listed})", f"one of {', '.join(known)}"


# What the flat tables and the order of outcomes are made of, and what is checked besides.
_SOURCES: Final = (
    *(source for table in TABLES.values() for each in table for source in each.value.sources),
    *PRECEDENCE.sources,
    *map(property_named, ("schemaVersion", "verification", "outputS3Uri", "fields")),
)
_READ: Final = frozenset(each.name for each in _SOURCES)

#: A field of an outcome.
OF_FIELD: Final = tuple([_read(each) for each in PROPERTIES_OF_FIELD if each.name in _READ])

#: An outcome. ``schemaVersion`` is the first that is checked.
OF_OUTCOME: Final = tuple([_read(each) for each in PROPERTIES_OF_OUTCOME if each.name in _READ])


def problems(
    properties: Sequence[OutcomeProperty], value: str, *, timestamps: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield the conditions under which a record is refused, in SQL, each with what is wrong.

    Parameters
    ----------
    properties
        The properties of the record.
    value
        A property's value in SQL, with ``{}`` in place of its name.
    timestamps
        The names of the times that are timestamps, and not texts.
    """
    for each in properties:
        place = value.format(f'"{each.name}"')
        if each.required:
            yield f"{place} IS NULL AND NOT {each.absent_if}", f"no outcome: {each.name} is missing"
        condition = _IS_TIMESTAMP if each.name in timestamps else each.condition
        if condition:
            # A condition on null can be false.
            condition = condition.replace("VALUE", place)
            yield (
                f"{place} IS NOT NULL AND NOT ({condition})",
                f"{each.name}: expected {each.expected}",
            )
