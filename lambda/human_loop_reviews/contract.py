"""What the constructs and the code inside Lambda must agree on: names, keys and limits.

The constructs import this module of the runtime and no other, so it needs the standard library
only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

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


class ReconcilerSetting(StrEnum):
    """The environment variables of the reconciler."""

    EVENT_BUS = "EVENT_BUS"
    FLOW_DEFINITIONS = "FLOW_DEFINITIONS"
    LEDGER_TABLE = "LEDGER_TABLE"
    LOOK_BACK_DAYS = "LOOK_BACK_DAYS"
    STATUSES = "STATUSES"


#: The review handler's entry point, as Lambda calls it.
REVIEW_HANDLER_ENTRY_POINT: Final = "human_loop_reviews.functions.review_handler.handle"

#: The reconciler's entry point, and its timeout in seconds.
RECONCILER_ENTRY_POINT: Final = "human_loop_reviews.functions.reconciler.handle"
RECONCILER_TIMEOUT_SECONDS: Final = 900

#: The key in the reconciler's payload with the ARNs of human loops whose events are sent again.
RESEND: Final = "resend"

#: The key in the detail of an event that the reconciler sends. The event's time is the time of
#: sending: nobody knows when the human loop ended.
RECOVERED: Final = "recovered"

#: The keys of the ledger and of its index by flow definition.
LEDGER_PARTITION_KEY: Final = "humanLoopArn"
LEDGER_SORT_KEY: Final = "creationTime"
LEDGER_TIME_TO_LIVE: Final = "expiresAt"
LEDGER_INDEX: Final = "ByFlowDefinition"
LEDGER_INDEX_PARTITION_KEY: Final = "flowDefinitionArn"
LEDGER_INDEX_SORT_KEY: Final = "endTime"

#: How the sort keys of the reconciler's own items in the ledger begin. No time begins so.
RECONCILER_SORT_KEY_PREFIX: Final = "reconciler#"

#: The namespace of the metrics of the review handler and the reconciler, and their dimension.
METRIC_NAMESPACE: Final = "HumanLoops"
METRIC_DIMENSION: Final = "FlowDefinition"

#: The second dimension of the reconciler's metrics: the names of flow definitions may be unknown
#: when its alarms are created.
FUNCTION_METRIC_DIMENSION: Final = "FunctionName"


class Metric(StrEnum):
    """The metrics of the review handler and the reconciler that alarms use."""

    AGREEMENT = "Agreement"
    OLDEST_OPEN_LOOP_AGE = "OldestOpenLoopAgeSeconds"
    RECOVERED_LOOPS = "RecoveredLoops"


#: The message attributes of what the review handler sends to a dead-letter queue: the names that
#: Lambda itself uses.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
ERROR_CODE_ATTRIBUTE: Final = "ErrorCode"
ERROR_MESSAGE_ATTRIBUTE: Final = "ErrorMessage"

#: The most bytes of mappings as JSON. Lambda allows 4,096 bytes for all environment variables of a
#: function; the rest is for the other settings.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MAPPINGS_BYTES: Final = 3072

#: The largest tolerance of a field mapping, well within what a JSON number can be everywhere.
MAX_TOLERANCE: Final = 1e300

#: The keys of one field in a mapping.
MAPPING_KEYS: Final = ("name", "prediction", "answer", "ignore_case", "tolerance")

#: What JMESPath's parser and functions are known to raise, on expressions and data of any kind.
JMESPATH_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """Where one field of a custom task is found.

    Parameters
    ----------
    name
        The field's name in outcomes.
    prediction
        JMESPath expression on ``inputContent``: the model's prediction.
    answer
        JMESPath expression on a reviewer's ``answerContent``: the reviewer's answer.
    ignore_case
        Whether texts that differ only in case are equal.
    tolerance
        By how much numbers may differ and still be equal. With a tolerance, texts that read as
        numbers count as numbers.

    Raises
    ------
    ValueError
        If the name is blank, an expression is not JMESPath, or the tolerance is not a number from
        0 to `MAX_TOLERANCE`.

    Examples
    --------
    >>> FieldMapping(name="Category", prediction="model.category", answer="category.label").name
    'Category'
    """

    name: str
    prediction: str
    answer: str
    ignore_case: bool = False
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if not _is_text(self.name):
            raise ValueError(
                f"FieldMapping: name={self.name!r}; expected the field's name in outcomes"
            )
        self._require_expression("prediction", self.prediction)
        self._require_expression("answer", self.answer)
        if not isinstance(self.ignore_case, bool):
            raise ValueError(
                f"FieldMapping {self.name!r}: ignore_case={self.ignore_case!r}; expected a boolean"
            )
        if self.tolerance is not None and not _is_tolerance(self.tolerance):
            raise ValueError(
                f"FieldMapping {self.name!r}: tolerance={self.tolerance!r}; "
                f"expected a number from 0 to {MAX_TOLERANCE:g}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as the review handler reads it, without settings at their defaults.

        Examples
        --------
        >>> FieldMapping(name="Total", prediction="total", answer="total", tolerance=0.5).to_json()
        {'name': 'Total', 'prediction': 'total', 'answer': 'total', 'tolerance': 0.5}
        """
        written: dict[str, Any] = {
            "name": self.name,
            "prediction": self.prediction,
            "answer": self.answer,
        }
        if self.ignore_case:
            written["ignore_case"] = True
        if self.tolerance is not None:
            written["tolerance"] = self.tolerance
        return written

    def _require_expression(self, key: str, expression: Any) -> None:
        import jmespath  # here, so that importing this module needs the standard library only

        if not _is_text(expression):
            raise ValueError(
                f"FieldMapping {self.name!r}: {key}={expression!r}; expected a JMESPath expression"
            )
        try:
            jmespath.compile(expression)
        except JMESPATH_ERRORS as error:
            raise ValueError(
                f"FieldMapping {self.name!r}: {key}={expression!r} is not a JMESPath "
                f"expression: {' '.join(str(error).split())}"
            ) from error


def _is_text(value: Any) -> bool:
    """Return whether a value is text that is not blank and that UTF-8 can express."""
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_tolerance(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MAX_TOLERANCE
