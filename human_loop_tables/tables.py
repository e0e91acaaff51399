"""The flat tables: `loops` has a row for each human loop, `fields` one for each of its fields.

If a human loop has several outcomes, the tables have the one that takes precedence. Outcomes of
verifications are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


#: What identifies a human loop and says how it was selected. Both tables have these columns.
_OF_BOTH: Final = (
    SqlColumn("human_loop_arn", SqlType.VARCHAR, "With creation_time, the identity of the loop."),
    SqlColumn(
        "creation_time",
        SqlType.TIMESTAMP,
        "When the loop was created. Null for an output that is read without its event.",
    ),
    SqlColumn("flow_definition_arn", SqlType.VARCHAR, "The loop's flow definition."),
    SqlColumn(
        "reference_time",
        SqlType.TIMESTAMP,
        "end_time; where it is unknown, creation_time. Null where both are.",
    ),
    SqlColumn("day", SqlType.DATE, "The day of reference_time in UTC."),
    SqlColumn(
        "task_type", SqlType.VARCHAR, "What the reviewers were asked to do. Null without output."
    ),
    SqlColumn("model_version", SqlType.VARCHAR, "The version of the model, where known."),
    SqlColumn(
        "sampled",
        SqlType.BOOLEAN,
        "Whether the loop is one of a random sample of all that the model did. Null where unknown.",
    ),
    SqlColumn(
        "sampling_percentage",
        SqlType.DOUBLE,
        "The percentage of all that the model did that is sampled. Null where unknown.",
    ),
    SqlColumn("reviewer_count", SqlType.BIGINT, "How many reviewers answered. Null where unknown."),
)

LOOPS: Final = (
    *_OF_BOTH,
    SqlColumn("human_loop_name", SqlType.VARCHAR, "The loop's name."),
    SqlColumn("status", SqlType.VARCHAR, "Completed, Failed or Stopped."),
    SqlColumn(
        "end_time",
        SqlType.TIMESTAMP,
        "When the loop ended. Null if its event was recovered.",
    ),
    SqlColumn("turnaround_seconds", SqlType.DOUBLE, "From creation_time to end_time."),
    SqlColumn("failure_code", SqlType.VARCHAR, "Why a Failed loop failed. Null without a code."),
    SqlColumn("unreadable", SqlType.BOOLEAN, "Whether the output cannot be read."),
    SqlColumn("unanswered", SqlType.BOOLEAN, "Whether no reviewer answered. Null where unknown."),
    SqlColumn(
        "prediction_known",
        SqlType.BOOLEAN,
        "Whether the prediction to compare with is known. Null where the output cannot be read.",
    ),
    SqlColumn(
        "fields_judged", SqlType.BIGINT, "How many shown fields were found correct or wrong."
    ),
    SqlColumn("fields_correct", SqlType.BIGINT, "How many of these were found correct."),
    SqlColumn(
        "fields_absent",
        SqlType.BIGINT,
        "How many fields have absent_answers.",
    ),
    SqlColumn(
        "fields_left_out", SqlType.BIGINT, "How many fields are missing in the table of fields."
    ),
    SqlColumn(
        "reviewer_agreement",
        SqlType.DOUBLE,
        "The mean of the fields' reviewer_agreement. Null with fewer than two reviewers.",
    ),
    SqlColumn(
        "seconds_to_first_acceptance",
        SqlType.DOUBLE,
        "From creation_time until a reviewer accepted the task. Null where unknown.",
    ),
    SqlColumn(
        "seconds_worked",
        SqlType.DOUBLE,
        "The time of all reviewers together. Null without a reviewer, if the time of one is "
        "unknown, or above 10^9.",
    ),
)

FIELDS: Final = (
    *_OF_BOTH,
    SqlColumn("position", SqlType.BIGINT, "The place of the field in its outcome, from 1."),
    SqlColumn(
        "field",
        SqlType.VARCHAR,
        "What groups fields: the model's name, or the reviewers' where it predicted none. "
        "The rows of a custom task's list have one: Quantity[2] is Quantity[].",
    ),
    SqlColumn("name", SqlType.VARCHAR, "The name that more than half of the reviewers gave."),
    SqlColumn(
        "predicted_name",
        SqlType.VARCHAR,
        "The model's name, where it is another one. Null otherwise.",
    ),
    SqlColumn("verdict", SqlType.VARCHAR, "What more than half of the reviewers made of it."),
    SqlColumn(
        "model_correct",
        SqlType.BOOLEAN,
        "Whether more than half of the reviewers upheld the prediction. Null where undecided.",
    ),
    SqlColumn("upheld_share", SqlType.DOUBLE, "The share of reviewers who upheld it, 0 to 1."),
    SqlColumn(
        "reviewer_agreement",
        SqlType.DOUBLE,
        "The share of pairs of reviewers who gave the same, 0 to 1.",
    ),
    SqlColumn(
        "confidence",
        SqlType.DOUBLE,
        "The model's confidence, 0 to 100. For a form, that of the key's block.",
    ),
    SqlColumn("value_confidence", SqlType.DOUBLE, "For a form: that of the value's block."),
    SqlColumn(
        "lowest_word_confidence",
        SqlType.DOUBLE,
        "For a form: the lowest confidence of a word of the key and of the value.",
    ),
    SqlColumn("parts_predicted", SqlType.BIGINT, "How many labels, spans or objects it predicted."),
    SqlColumn("parts_upheld", SqlType.BIGINT, "How many of these were upheld."),
    SqlColumn("parts_added", SqlType.BIGINT, "How many were added."),
    SqlColumn(
        "shown",
        SqlType.BOOLEAN,
        "Whether the reviewers were shown the prediction. Null without a prediction.",
    ),
    SqlColumn("note", SqlType.VARCHAR, "Why it has no verdict, or was compared only in part."),
    SqlColumn(
        "prediction_repair",
        SqlType.VARCHAR,
        "What to append to the mapping's prediction so that it can be compared. Null otherwise.",
    ),
    SqlColumn(
        "absent_answers",
        SqlType.BIGINT,
        "How many answers lack the input while it is not known what that means. Null without any.",
    ),
)

TABLES: Final = {"loops": LOOPS, "fields": FIELDS}
