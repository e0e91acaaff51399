"""The properties of an outcome that the tables need: their types, and what is expected of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from human_loop_reviews.a2i.event import EventSource
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.review.verdicts import Verdict

# Sums of a million of these fit into a BIGINT.
_MAX_NUMBER: Final = 1_000_000_000

_TIME: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)"


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


def _text(name: str, *, required: bool = False) -> OutcomeProperty:
    return OutcomeProperty(name, PropertyType.TEXT, required)


def _one_of(name: str, values: type[Enum], *, required: bool = False) -> OutcomeProperty:
    known = [str(each.value) for each in values]
    listed = ", ".join(f"'{each}'" for each in known)
    return OutcomeProperty(
        name, PropertyType.TEXT, required, f"VALUE IN ({listed})", f"one of {', '.join(known)}"
    )


def _between(name: str, low: float, high: float) -> OutcomeProperty:
    # NaN is greater than any number in DuckDB, so it is in no range.
    return OutcomeProperty(
        name, PropertyType.NUMBER, False, f"VALUE BETWEEN {low} AND {high}", f"{low:,} to {high:,}"
    )


def _count(name: str, *, required: bool = False) -> OutcomeProperty:
    condition = f"VALUE BETWEEN 0 AND {_MAX_NUMBER} AND VALUE = floor(VALUE)"
    return OutcomeProperty(
        name, PropertyType.COUNT, required, condition, f"a whole number from 0 to {_MAX_NUMBER:,}"
    )


def _time(name: str, *, required: bool = False) -> OutcomeProperty:
    condition = (
        f"regexp_full_match(CAST(VALUE AS VARCHAR), '{_TIME}') "
        "AND TRY_CAST(VALUE AS TIMESTAMP WITH TIME ZONE) IS NOT NULL"
    )
    return OutcomeProperty(
        name, PropertyType.TIME, required, condition, "a time such as 2026-03-14T09:12:44Z"
    )


#: A field of an outcome.
OF_FIELD: Final = (
    _text("name", required=True),
    _text("predictedName"),
    _one_of("verdict", Verdict),
    OutcomeProperty("modelCorrect", PropertyType.TRUTH),
    _between("upheldShare", 0, 1),
    _between("reviewerAgreement", 0, 1),
    _between("confidence", 0, 100),
    _between("valueConfidence", 0, 100),
    _between("lowestWordConfidence", 0, 100),
    _count("partsPredicted"),
    _count("partsUpheld"),
    _count("partsAdded"),
    OutcomeProperty("shown", PropertyType.TRUTH),
    _text("note"),
    _text("predictionRepair"),
    _count("absentAnswers"),
)

#: An outcome. ``schemaVersion`` is the first that is checked.
OF_OUTCOME: Final = (
    OutcomeProperty(
        "schemaVersion",
        PropertyType.TEXT,
        True,
        "VALUE LIKE '1.%'",
        "version 1: a newer version of this command can read others",
    ),
    _text("outcomeId", required=True),
    _one_of("eventSource", EventSource, required=True),
    OutcomeProperty("humanLoopArn", PropertyType.TEXT, True, "VALUE LIKE 'arn:%'", "an ARN"),
    _text("humanLoopName", required=True),
    OutcomeProperty("flowDefinitionArn", PropertyType.TEXT, True, "VALUE LIKE 'arn:%'", "an ARN"),
    _one_of("humanLoopStatus", HumanLoopStatus, required=True),
    replace(_time("creationTime", required=True), absent_if="reviewed"),
    _time("endTime"),
    _between("turnaroundSeconds", -_MAX_NUMBER, _MAX_NUMBER),
    _text("failureCode"),
    _text("outputError"),
    _count("fieldsLeftOut", required=True),
    _text("verification"),
    _text("taskType"),
    _count("reviewerCount"),
    OutcomeProperty("unanswered", PropertyType.TRUTH),
    OutcomeProperty("predictionKnown", PropertyType.TRUTH),
    _count("fieldsJudged", required=True),
    OutcomeProperty(
        "fieldsCorrect",
        PropertyType.COUNT,
        True,
        "VALUE BETWEEN 0 AND fieldsJudged AND VALUE = floor(VALUE)",
        "a whole number from 0 to fieldsJudged",
    ),
    _count("fieldsAbsent"),
    _between("meanReviewerAgreement", 0, 1),
    _between("secondsToFirstAcceptance", 0, _MAX_NUMBER),
    OutcomeProperty(
        "secondsWorked",
        PropertyType.NUMBERS,
        True,
        "coalesce(list_min(VALUE) >= 0 AND list_max(VALUE) <= 1e300, true)",
        "numbers from 0",
    ),
    OutcomeProperty("sampled", PropertyType.TRUTH),
    _between("samplingPercentage", 0, 100),
    _text("modelVersion"),
    OutcomeProperty("fields", PropertyType.FIELDS, True),
)


def problems(properties: Sequence[OutcomeProperty], value: str) -> Iterator[tuple[str, str]]:
    """Yield the conditions under which a record is refused, in SQL, each with what is wrong.

    Parameters
    ----------
    properties
        The properties of the record.
    value
        A property's value in SQL, with ``{}`` in place of its name.
    """
    for each in properties:
        place = value.format(f'"{each.name}"')
        if each.required:
            yield f"{place} IS NULL AND NOT {each.absent_if}", f"no outcome: {each.name} is missing"
        if each.condition:
            # A condition on null can be false.
            condition = each.condition.replace("VALUE", place)
            yield (
                f"{place} IS NOT NULL AND NOT ({condition})",
                f"{each.name}: expected {each.expected}",
            )
