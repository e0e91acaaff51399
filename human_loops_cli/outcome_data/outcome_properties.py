"""The properties of an outcome that the tables need: their types, and what is expected of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from operator import itemgetter
from typing import Any, Final

from human_loop_reviews.a2i.event import EventSource
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.review.verdicts import Verdict

# Sums of a million of these fit into a BIGINT.
_MAX_NUMBER: Final = 1_000_000_000

# Texts that DuckDB may read as a number, or as true or false.
_CONVERTED: Final = re.compile(r"[0-9]|nan|inf|^\s*(true|false|t|f|yes|no|y|n)\s*$", re.IGNORECASE)

_TIME: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)"


class PropertyType(Enum):
    """The type of a property: in JSON, when DuckDB reads it, and when DuckDB keeps it."""

    TEXT = ("a text", str, "VARCHAR", "VARCHAR")
    TIME = ("a time with time zone", str, "VARCHAR", "TIMESTAMP WITH TIME ZONE")
    NUMBER = ("a number", (int, float), "DOUBLE", "DOUBLE")
    # Read as DOUBLE: DuckDB rounds a fraction silently.
    COUNT = ("a whole number", (int, float), "DOUBLE", "BIGINT")
    TRUTH = ("true or false", bool, "BOOLEAN", "BOOLEAN")
    NUMBERS = ("a list of numbers", list, "DOUBLE[]", "DOUBLE[]")
    FIELDS = ("a list of objects", list, "", "")

    def __init__(self, meaning: str, json_type: Any, read_type: str, kept_type: str) -> None:
        self.meaning = meaning
        self.json_type = json_type
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


def type_problem(outcome: dict[str, Any]) -> tuple[str, bool] | None:
    """Return which value of an outcome has the wrong JSON type. None if all are correct.

    Returns
    -------
    tuple
        What is wrong, and whether DuckDB cannot read it. DuckDB reads "3" as a number.

    Examples
    --------
    >>> type_problem({"fieldsJudged": "many"})
    ('fieldsJudged: expected a whole number', True)
    >>> type_problem({"fieldsJudged": "3"})
    ('fieldsJudged: expected a whole number', False)
    """
    found = list(_type_problems(outcome))
    return max(found, key=itemgetter(1), default=None)


def _type_problems(outcome: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    records: list[tuple[dict[str, Any], Sequence[OutcomeProperty]]] = [(outcome, OF_OUTCOME)]
    fields = outcome.get("fields")
    if isinstance(fields, list):
        records += [(each, OF_FIELD) for each in fields if isinstance(each, dict)]
        if len(records) <= len(fields):
            certain = any(not isinstance(each, dict | None) for each in fields)
            yield f"fields: expected {PropertyType.FIELDS.meaning}", certain
    for record, properties in records:
        for each in properties:
            value = record.get(each.name)
            wrong = value is not None and not isinstance(value, each.type.json_type)
            if wrong or (isinstance(value, bool) and each.type is not PropertyType.TRUTH):
                problem = f"{each.name}: expected {each.type.meaning}"
                yield problem, not _is_converted(value, each.type)


def _is_converted(value: Any, kind: PropertyType) -> bool:
    """Return whether DuckDB may read a value of another type."""
    if kind in (PropertyType.TEXT, PropertyType.TIME):
        return True
    if kind in (PropertyType.NUMBERS, PropertyType.FIELDS) or isinstance(value, list | dict):
        return False
    return not isinstance(value, str) or _CONVERTED.search(value) is not None
