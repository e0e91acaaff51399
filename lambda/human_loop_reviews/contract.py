"""What the constructs and the code inside Lambda must agree on: names, keys and limits.

The constructs import this module of the runtime and no other, so it needs the standard library
only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

#: The source of AWS's events.
AWS_SOURCE: Final = "aws.sagemaker"

#: The source of this project's own events: outcomes, and human loop events that are sent again.
#: EventBridge refuses sources that begin with ``aws.`` from anybody but AWS.
PROJECT_SOURCE: Final = "human-loop-events"

#: The sources of human loop events.
HUMAN_LOOP_SOURCES: Final = (AWS_SOURCE, PROJECT_SOURCE)

#: The detail type in today's documentation, and the one in the documentation's first edition.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
HUMAN_LOOP_DETAIL_TYPES: Final = (
    "SageMaker A2I HumanLoop Status Change",
    "Amazon Augmented AI HumanLoop Status Change",
)

#: The detail type of an outcome.
OUTCOME_DETAIL_TYPE: Final = "Human Review Outcome"


class HumanLoopStatus(StrEnum):
    """The terminal statuses of a human loop. A2I sends an event for each of them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
    """

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


class FailureCode(StrEnum):
    """The failure codes that A2I is known to send. It may send others."""

    VALIDATION_ERROR = "ValidationError"
    EXPIRED = "Expired"
    INTERNAL_ERROR = "InternalError"


class Setting(StrEnum):
    """The environment variables of the review handler."""

    DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
    INCLUDE_VALUES = "INCLUDE_VALUES"
    LEDGER_RETENTION_DAYS = "LEDGER_RETENTION_DAYS"
    LEDGER_TABLE = "LEDGER_TABLE"
    MAPPINGS = "MAPPINGS"
    MAX_OUTPUT_BYTES = "MAX_OUTPUT_BYTES"
    MAX_RECEIVES = "MAX_RECEIVES"
    OUTCOME_BUS = "OUTCOME_BUS"


#: The review handler's entry point, as Lambda calls it.
REVIEW_HANDLER_ENTRY_POINT: Final = "human_loop_reviews.functions.review_handler.handle"

#: The keys of the ledger and of its index by flow definition.
LEDGER_PARTITION_KEY: Final = "humanLoopArn"
LEDGER_SORT_KEY: Final = "creationTime"
LEDGER_TIME_TO_LIVE: Final = "expiresAt"
LEDGER_INDEX: Final = "ByFlowDefinition"
LEDGER_INDEX_PARTITION_KEY: Final = "flowDefinitionArn"
LEDGER_INDEX_SORT_KEY: Final = "endTime"

#: The namespace of the review handler's metrics, and their dimension.
METRIC_NAMESPACE: Final = "HumanLoops"
METRIC_DIMENSION: Final = "FlowDefinition"


class Metric(StrEnum):
    """The metrics of the review handler that alarms use."""

    AGREEMENT = "Agreement"


#: The message attributes of what the review handler sends to a dead-letter queue: the names that
#: Lambda itself uses.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
ERROR_CODE_ATTRIBUTE: Final = "ErrorCode"
ERROR_MESSAGE_ATTRIBUTE: Final = "ErrorMessage"

#: The most bytes of mappings as JSON. Lambda allows 4,096 bytes for all environment variables of a
#: function; the rest is for the other settings.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MAPPINGS_BYTES: Final = 3072

#: The largest tolerance of a mapping: beyond it the arithmetic of the comparison ends.
MAX_TOLERANCE: Final = 1e300

#: The keys of one field in a mapping.
MAPPING_KEYS: Final = ("name", "prediction", "answer", "ignore_case", "tolerance")
