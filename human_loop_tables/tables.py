"""The flat tables: `loops` has a row for each human loop, `fields` one for each of its fields.

If a human loop has several outcomes, the tables have the one that takes precedence. Outcomes of
verifications are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from human_loop_tables.properties import Expression, Kind, property_named


class SqlType(StrEnum):
    """The types of columns, as both DuckDB and Trino name them."""

    BIGINT = "bigint"
    BOOLEAN = "boolean"
    DATE = "date"
    DOUBLE = "double"
    TIMESTAMP = "timestamp with time zone"
    VARCHAR = "varchar"


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column of a table."""

    name: str
    type: SqlType
    """As in SQL."""
    meaning: str
    """What it holds, and when it is null."""
    value: Expression
    """What it is made of."""


_TYPES: Final[Mapping[Kind, SqlType]] = {
    Kind.TEXT: SqlType.VARCHAR,
    Kind.TRUTH: SqlType.BOOLEAN,
    Kind.COUNT: SqlType.BIGINT,
    Kind.NUMBER: SqlType.DOUBLE,
}


def _column(name: str, source: str, meaning: str) -> SqlColumn:
    """Return the column of a property."""
    value = property_named(source)
    of = SqlType.TIMESTAMP if value.metadata.get("form") == "time" else _TYPES[value.type.kind]
    return SqlColumn(name, of, meaning, Expression(f"{{{source}}}"))


_REFERENCE_TIME: Final = "coalesce({endTime}, {creationTime})"

#: What identifies a human loop and says how it was selected. Both tables have these columns.
OF_BOTH: Final = (
    _column("human_loop_arn", "humanLoopArn", "With creation_time, the identity of the loop."),
    _column(
        "creation_time",
        "creationTime",
        "When the loop was created. Null for an output that is read without its event.",
    ),
    _column("flow_definition_arn", "flowDefinitionArn", "The loop's flow definition."),
    SqlColumn(
        "reference_time",
        SqlType.TIMESTAMP,
        "end_time; where it is unknown, creation_time. Null where both are.",
        Expression(_REFERENCE_TIME),
    ),
    SqlColumn(
        "day",
        SqlType.DATE,
        "The day of reference_time in UTC.",
        Expression(f"CAST({_REFERENCE_TIME} AS date)"),
    ),
    _column("task_type", "taskType", "What the reviewers were asked to do. Null without output."),
    _column("model_version", "modelVersion", "The version of the model, where known."),
    _column(
        "sampled",
        "sampled",
        "Whether the loop is one of a random sample of all that the model did. Null where unknown.",
    ),
    _column(
        "sampling_percentage",
        "samplingPercentage",
        "The percentage of all that the model did that is sampled. Null where unknown.",
    ),
    _column("reviewer_count", "reviewerCount", "How many reviewers answered. Null where unknown."),
)

LOOPS: Final = (
    *OF_BOTH,
    _column("human_loop_name", "humanLoopName", "The loop's name."),
    _column("status", "humanLoopStatus", "Completed, Failed or Stopped."),
    _column("end_time", "endTime", "When the loop ended. Null if its event was recovered."),
    _column("turnaround_seconds", "turnaroundSeconds", "From creation_time to end_time."),
    _column("failure_code", "failureCode", "Why a Failed loop failed. Null without a code."),
    SqlColumn(
        "unreadable",
        SqlType.BOOLEAN,
        "Whether the output cannot be read.",
        Expression("{outputError} IS NOT NULL"),
    ),
    _column("unanswered", "unanswered", "Whether no reviewer answered. Null where unknown."),
    _column(
        "prediction_known",
        "predictionKnown",
        "Whether the prediction to compare with is known. Null where the output cannot be read.",
    ),
    _column("fields_judged", "fieldsJudged", "How many shown fields were found correct or wrong."),
    _column("fields_correct", "fieldsCorrect", "How many of these were found correct."),
    _column("fields_absent", "fieldsAbsent", "How many fields have absent_answers."),
    _column(
        "fields_left_out", "fieldsLeftOut", "How many fields are missing in the table of fields."
    ),
    _column(
        "reviewer_agreement",
        "meanReviewerAgreement",
        "The mean of the fields' reviewer_agreement. Null with fewer than two reviewers.",
    ),
    _column(
        "seconds_to_first_acceptance",
        "secondsToFirstAcceptance",
        "From creation_time until a reviewer accepted the task. Null where unknown.",
    ),
    SqlColumn(
        "seconds_worked",
        SqlType.DOUBLE,
        "The time of all reviewers together. Null without a reviewer, if the time of one is "
        "unknown, or above 10^9.",
        Expression("{secondsWorked}"),
    ),
)

FIELDS: Final = (
    *OF_BOTH,
    SqlColumn(
        "position",
        SqlType.BIGINT,
        "The place of the field in its outcome, from 1.",
        Expression("position"),
    ),
    SqlColumn(
        "field",
        SqlType.VARCHAR,
        "What groups fields: the model's name, or the reviewers' where it predicted none. "
        "The rows of a custom task's list have one: Quantity[2] is Quantity[].",
        Expression(
            "CASE WHEN {taskType} = 'Custom'\n"
            "    THEN regexp_replace(coalesce({predictedName}, {name}), '\\[[0-9]+\\]$', '[]')\n"
            "    ELSE coalesce({predictedName}, {name}) END"
        ),
    ),
    _column("name", "name", "The name that more than half of the reviewers gave."),
    _column(
        "predicted_name",
        "predictedName",
        "The model's name, where it is another one. Null otherwise.",
    ),
    _column("verdict", "verdict", "What more than half of the reviewers made of it."),
    _column(
        "model_correct",
        "modelCorrect",
        "Whether more than half of the reviewers upheld the prediction. Null where undecided.",
    ),
    _column("upheld_share", "upheldShare", "The share of reviewers who upheld it, 0 to 1."),
    _column(
        "reviewer_agreement",
        "reviewerAgreement",
        "The share of pairs of reviewers who gave the same, 0 to 1.",
    ),
    _column(
        "confidence",
        "confidence",
        "The model's confidence, 0 to 100. For a form, that of the key's block.",
    ),
    _column("value_confidence", "valueConfidence", "For a form: that of the value's block."),
    _column(
        "lowest_word_confidence",
        "lowestWordConfidence",
        "For a form: the lowest confidence of a word of the key and of the value.",
    ),
    _column("parts_predicted", "partsPredicted", "How many labels, spans or objects it predicted."),
    _column("parts_upheld", "partsUpheld", "How many of these were upheld."),
    _column("parts_added", "partsAdded", "How many were added."),
    _column(
        "shown",
        "shown",
        "Whether the reviewers were shown the prediction. Null without a prediction.",
    ),
    _column("note", "note", "Why it has no verdict, or was compared only in part."),
    _column(
        "prediction_repair",
        "predictionRepair",
        "What to append to the mapping's prediction so that it can be compared. Null otherwise.",
    ),
    _column(
        "absent_answers",
        "absentAnswers",
        "How many answers lack the input while it is not known what that means. Null without any.",
    ),
)

TABLES: Final = {"loops": LOOPS, "fields": FIELDS}
