"""The columns of archived outcomes, in AWS Glue and in the Parquet files of the archive.

A column has the name of the outcome's property in lower case: Glue knows no other names, and
Firehose's OpenX JSON SerDe converts the keys of JSON to lower case, on all levels.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_OpenXJsonSerDe.html

Times are texts, as outcomes have them. What fields carry as `values` is not archived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from human_loop_reviews.contract import ACTIVATION_PARAMETERS

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


def _struct(properties: Sequence[ArchivedProperty]) -> str:
    return f"struct<{','.join(f'{each.column}:{each.type}' for each in properties)}>"


#: The properties of a field, without `values`.
FIELD_PROPERTIES: Final = (
    ArchivedProperty("name", "string"),
    ArchivedProperty("predictedName", "string"),
    ArchivedProperty("verdict", "string"),
    ArchivedProperty("modelCorrect", "boolean"),
    ArchivedProperty("upheldShare", "double"),
    ArchivedProperty("reviewerAgreement", "double"),
    ArchivedProperty("confidence", "double"),
    ArchivedProperty("valueConfidence", "double"),
    ArchivedProperty("lowestWordConfidence", "double"),
    ArchivedProperty("partsPredicted", "bigint"),
    ArchivedProperty("partsUpheld", "bigint"),
    ArchivedProperty("partsAdded", "bigint"),
    ArchivedProperty("shown", "boolean"),
    ArchivedProperty("note", "string"),
    ArchivedProperty("predictionRepair", "string"),
    ArchivedProperty("absentAnswers", "bigint"),
)

#: The properties of an activation condition.
CONDITION_PROPERTIES: Final = (
    ArchivedProperty("type", "string"),
    ArchivedProperty("key", "string"),
    *(ArchivedProperty(name[0].lower() + name[1:], "double") for name in ACTIVATION_PARAMETERS),
)

#: The properties of an outcome.
OUTCOME_PROPERTIES: Final = (
    ArchivedProperty("schemaVersion", "string"),
    ArchivedProperty("outcomeId", "string"),
    ArchivedProperty("eventSource", "string"),
    ArchivedProperty("humanLoopArn", "string"),
    ArchivedProperty("humanLoopName", "string"),
    ArchivedProperty("flowDefinitionArn", "string"),
    ArchivedProperty("humanLoopStatus", "string"),
    ArchivedProperty("creationTime", "string"),
    ArchivedProperty("endTime", "string"),
    ArchivedProperty("turnaroundSeconds", "double"),
    ArchivedProperty("failureCode", "string"),
    ArchivedProperty("failureReason", "string"),
    ArchivedProperty("outputS3Uri", "string"),
    ArchivedProperty("outputError", "string"),
    ArchivedProperty("fieldsLeftOut", "bigint"),
    ArchivedProperty("verification", "string"),
    ArchivedProperty("layout", "string"),
    ArchivedProperty("taskType", "string"),
    ArchivedProperty("answerCount", "bigint"),
    ArchivedProperty("reviewerCount", "bigint"),
    ArchivedProperty("unanswered", "boolean"),
    ArchivedProperty("predictionKnown", "boolean"),
    ArchivedProperty("fields", f"array<{_struct(FIELD_PROPERTIES)}>"),
    ArchivedProperty("verdictCounts", "map<string,bigint>"),
    ArchivedProperty("fieldsJudged", "bigint"),
    ArchivedProperty("fieldsCorrect", "bigint"),
    ArchivedProperty("fieldsAbsent", "bigint"),
    ArchivedProperty("agreement", "double"),
    ArchivedProperty("meanReviewerAgreement", "double"),
    ArchivedProperty("secondsToFirstAcceptance", "double"),
    ArchivedProperty("secondsWorked", "array<double>"),
    ArchivedProperty("sampled", "boolean"),
    ArchivedProperty("samplingPercentage", "double"),
    ArchivedProperty("activationConditions", f"array<{_struct(CONDITION_PROPERTIES)}>"),
    ArchivedProperty("modelVersion", "string"),
    ArchivedProperty("ignoredValues", "bigint"),
)

#: The order of several outcomes of a loop, as of columns: the first takes precedence, as in the
#: ledger, which also knows what A2I confirmed against AWS's event. AWS's event outranks one that
#: was sent again. Among equals the later end wins, then a status with a review, then an output
#: that was read. Copies of an outcome have equal ids.
PRECEDENCE: Final = """\
CASE WHEN eventsource = 'aws.sagemaker' THEN 0 ELSE 1 END,
endtime DESC NULLS LAST,
CASE humanloopstatus WHEN 'Completed' THEN 0 WHEN 'Stopped' THEN 1 ELSE 2 END,
CASE WHEN outputerror IS NULL THEN 0 ELSE 1 END,
outcomeid"""
