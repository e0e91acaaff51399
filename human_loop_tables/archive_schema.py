"""The archived outcomes: what AWS Glue declares, and the Parquet files of the archive have.

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
class Property:
    """A property of an outcome, or of an object in it.

    Parameters
    ----------
    key
        Its key in JSON.
    type
        Its type in Hive's words, which Glue uses.

    Examples
    --------
    >>> Property("humanLoopArn", "string").column
    'humanlooparn'
    """

    key: str
    type: str

    @property
    def column(self) -> str:
        """The name of its column."""
        return self.key.lower()


def _struct(properties: Sequence[Property]) -> str:
    return f"struct<{','.join(f'{each.column}:{each.type}' for each in properties)}>"


#: The properties of a field, without `values`.
FIELD_PROPERTIES: Final = (
    Property("name", "string"),
    Property("predictedName", "string"),
    Property("verdict", "string"),
    Property("modelCorrect", "boolean"),
    Property("upheldShare", "double"),
    Property("reviewerAgreement", "double"),
    Property("confidence", "double"),
    Property("valueConfidence", "double"),
    Property("lowestWordConfidence", "double"),
    Property("partsPredicted", "bigint"),
    Property("partsUpheld", "bigint"),
    Property("partsAdded", "bigint"),
    Property("shown", "boolean"),
    Property("note", "string"),
    Property("predictionRepair", "string"),
)

#: The properties of an activation condition.
CONDITION_PROPERTIES: Final = (
    Property("type", "string"),
    Property("key", "string"),
    *(Property(name[0].lower() + name[1:], "double") for name in ACTIVATION_PARAMETERS),
)

#: The properties of an outcome.
OUTCOME_PROPERTIES: Final = (
    Property("schemaVersion", "string"),
    Property("outcomeId", "string"),
    Property("eventSource", "string"),
    Property("humanLoopArn", "string"),
    Property("humanLoopName", "string"),
    Property("flowDefinitionArn", "string"),
    Property("humanLoopStatus", "string"),
    Property("creationTime", "string"),
    Property("endTime", "string"),
    Property("turnaroundSeconds", "double"),
    Property("failureCode", "string"),
    Property("failureReason", "string"),
    Property("outputS3Uri", "string"),
    Property("outputError", "string"),
    Property("fieldsLeftOut", "bigint"),
    Property("verification", "string"),
    Property("layout", "string"),
    Property("taskType", "string"),
    Property("answerCount", "bigint"),
    Property("reviewerCount", "bigint"),
    Property("unanswered", "boolean"),
    Property("predictionKnown", "boolean"),
    Property("fields", f"array<{_struct(FIELD_PROPERTIES)}>"),
    Property("verdictCounts", "map<string,bigint>"),
    Property("fieldsJudged", "bigint"),
    Property("fieldsCorrect", "bigint"),
    Property("agreement", "double"),
    Property("meanReviewerAgreement", "double"),
    Property("secondsToFirstAcceptance", "double"),
    Property("secondsWorked", "array<double>"),
    Property("sampled", "boolean"),
    Property("samplingPercentage", "double"),
    Property("activationConditions", f"array<{_struct(CONDITION_PROPERTIES)}>"),
    Property("modelVersion", "string"),
    Property("ignoredValues", "bigint"),
)

#: The order of several outcomes of a loop, as of columns: the first takes precedence, as in the
#: ledger. AWS's event outranks one that was sent again. Among equals the later end wins, then a
#: status with a review, then an output that was read. Copies of an outcome have equal ids.
PRECEDENCE: Final = """\
CASE WHEN eventsource = 'aws.sagemaker' THEN 0 ELSE 1 END,
endtime DESC NULLS LAST,
CASE humanloopstatus WHEN 'Completed' THEN 0 WHEN 'Stopped' THEN 1 ELSE 2 END,
CASE WHEN outputerror IS NULL THEN 0 ELSE 1 END,
outcomeid"""
