"""What the constructs and the code inside Lambda must agree on: names, keys and limits.

Constructs import this module, so it needs the standard library only.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

#: The source of AWS's events.
AWS_SOURCE: Final = "aws.sagemaker"

#: The source of this project's own events: outcomes, and human loop events that are sent again.
#: EventBridge refuses sources that begin with ``aws.`` from anybody but AWS.
PROJECT_SOURCE: Final = "human-loop-events"


class EventSource(StrEnum):
    """Who says that a human loop ended."""

    #: Only AWS can send events with this source.
    AWS = AWS_SOURCE
    #: An event that was sent again. Everyone who may put events on the bus can send it, so it is
    #: only a hint to ask A2I.
    RESENT = PROJECT_SOURCE
    #: No event: the command line read the output alone. Nothing publishes such an outcome, and the
    #: handler accepts no such event.
    OUTPUT = f"{PROJECT_SOURCE}.output"


#: The sources of human loop events.
HUMAN_LOOP_SOURCES: Final = (EventSource.AWS.value, EventSource.RESENT.value)

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
    """As many reviewers as the flow definition's ``TaskCount`` answered."""
    FAILED = "Failed"
    """The loop ended without a review. The event has a failure code and a reason, or null."""
    STOPPED = "Stopped"
    """Somebody stopped the loop. There can be answers."""


class FailureCode(StrEnum):
    """The failure codes that A2I is known to send. It may send others."""

    VALIDATION_ERROR = "ValidationError"
    """The task could not be rendered."""
    EXPIRED = "Expired"
    """No reviewer finished the task in time."""
    INTERNAL_ERROR = "InternalError"
    """A2I failed."""


#: The numbers with which an activation condition compares, as Amazon A2I names them. Outcomes have
#: them with a small first letter.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-human-fallback-conditions-json-schema.html
ACTIVATION_PARAMETERS: Final = (
    *(
        f"{measure}{operator}"
        for measure in ("KeyValueBlockConfidence", "WordBlockConfidence", "Confidence")
        for operator in (
            *("Equals", "LessThan", "LessThanEquals"),
            *("GreaterThan", "GreaterThanEquals"),
        )
    ),
    "RandomSamplingPercentage",
)


class Setting(StrEnum):
    """The environment variables of the review handler."""

    ALLOWED_FIELD_NAMES = "ALLOWED_FIELD_NAMES"
    CORRECTED_DOCUMENTS = "CORRECTED_DOCUMENTS"
    CORRECTED_DOCUMENTS_KEY = "CORRECTED_DOCUMENTS_KEY"
    DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
    FIELD_NAMES = "FIELD_NAMES"
    HUB = "HUB"
    INCLUDE_FAILURE_REASON = "INCLUDE_FAILURE_REASON"
    INCLUDE_VALUES = "INCLUDE_VALUES"
    LEDGER_ARN = "LEDGER_ARN"
    LEDGER_RETENTION_DAYS = "LEDGER_RETENTION_DAYS"
    MAPPINGS_LAYER = "MAPPINGS_LAYER"
    MAX_OUTPUT_BYTES = "MAX_OUTPUT_BYTES"
    MAX_RECEIVES = "MAX_RECEIVES"
    OUTCOME_BUS = "OUTCOME_BUS"


class FieldNames(StrEnum):
    """How outcomes name fields: the values of the setting ``FIELD_NAMES``."""

    PLAIN = "plain"
    HASHED = "hashed"


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

#: The key in the detail of an event that the reconciler sends, and in the ledger's item of a loop
#: that is known from A2I's API. The time of both is not the end, which the API does not say.
RECOVERED: Final = "recovered"

#: The key in the detail of an event that ``human-loops verify`` sends, and of its outcome: the id
#: of the verification. Rules for people and for other systems leave such events out.
VERIFICATION: Final = "verification"
VERIFICATION_EXCLUDED: Final[dict[str, Any]] = {VERIFICATION: [{"exists": False}]}

#: The key in the detail of such an event with the ledger of the stack that is verified. Handlers of
#: other stacks, which can receive the event too, do not settle it.
VERIFIED_LEDGER: Final = "verifiedLedger"

#: How the names of the human loops of verifications begin. A2I's names have no underscore.
#: https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_StartHumanLoop.html
VERIFICATION_LOOP_PREFIX: Final = "human-loops_verification_"

#: How long after its event a verification is settled. After that time its output is removed, and a
#: repeated event is ignored without an error.
VERIFICATION_SECONDS: Final = 3600

#: How long the ledger keeps a verification that did not remove its item.
VERIFICATION_RETENTION_SECONDS: Final = 24 * 3600

#: What A2I accepts as the name of a human loop or a flow definition.
#: https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_StartHumanLoop.html
A2I_NAME: Final = r"[a-z0-9](?:-*[a-z0-9]){0,62}"
MAX_A2I_NAME: Final = 63


def reader_role_name(hub: str, region: str) -> str:
    """Return the name of the role with which the review handler of a hub runs.

    Both sides of an account boundary must know the names of roles beforehand. So a hub and its
    spokes make them from the name of the hub's event bus.

    Parameters
    ----------
    hub
        The name of the hub's event bus.
    region
        The hub's Region.
    """
    return f"{hub}-reader-{region}"


def output_role_name(hub: str, region: str) -> str:
    """Return the name of the role with which a hub reads the output of a spoke.

    Parameters
    ----------
    hub
        The name of the hub's event bus.
    region
        The spoke's Region.
    """
    return f"{hub}-output-{region}"


#: The folder with the mappings in their layer, beside the packages of other layers.
MAPPINGS_FOLDER: Final = "human_loop_mappings"


def mapping_file(flow_definition: str) -> str:
    """Return the path of a flow definition's mapping in the folder with the mappings.

    Parameters
    ----------
    flow_definition
        The name; in a hub also account, Region and name, as in ``111122223333/eu-west-1/claims``.
    """
    return f"{flow_definition}.json"


#: The longest name of a hub's event bus. With it, the names of roles have at most 64 characters.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_HUB_NAME: Final = 40

#: The keys of the ledger and of its index by flow definition.
LEDGER_PARTITION_KEY: Final = "humanLoopArn"
LEDGER_SORT_KEY: Final = "creationTime"
LEDGER_TIME_TO_LIVE: Final = "expiresAt"
LEDGER_INDEX: Final = "ByFlowDefinition"
LEDGER_INDEX_PARTITION_KEY: Final = "flowDefinitionArn"
LEDGER_INDEX_SORT_KEY: Final = "endTime"

#: How the sort keys of the reconciler's own items in the ledger begin. No time begins so.
RECONCILER_SORT_KEY_PREFIX: Final = "reconciler#"

#: A human loop was created at one time, even if its event and A2I's API write the fraction of the
#: second differently.
SAME_TIME: Final = timedelta(seconds=1)

#: The namespace of the metrics of the review handler and the reconciler, and their dimension.
METRIC_NAMESPACE: Final = "HumanLoops"
METRIC_DIMENSION: Final = "FlowDefinition"

#: The second dimension: the function that printed the metric. Each stack on a flow definition has
#: other functions, so their metrics are not added up. The reconciler has metrics with it alone:
#: the names of flow definitions may be unknown when its alarms are created.
#: It is the only dimension of `UnconfirmedEvents`: such an event can name any flow definition.
FUNCTION_METRIC_DIMENSION: Final = "FunctionName"

#: The third dimension of `Failed`, beside the flow definition and the function.
FAILURE_CODE_DIMENSION: Final = "FailureCode"


class Metric(StrEnum):
    """The metrics, except those of a status or a verdict, which have its name."""

    LOOP_FAILED = "LoopFailed"
    """0 or 1. The average is the failure rate."""
    TURNAROUND = "TurnaroundSeconds"
    """The time from creation to end."""
    ANSWERS = "Answers"
    """The number of answers."""
    UNANSWERED = "Unanswered"
    """1 if there are no answers."""
    AGREEMENT = "Agreement"
    """The share of correct fields among the judged fields of a loop, 0 to 1."""
    FIELDS_CORRECT = "FieldsCorrect"
    """The number of fields with a correct prediction."""
    FIELDS_JUDGED = "FieldsJudged"
    """The number of fields of which the reviewers decided whether the prediction is correct."""
    FIELDS_ABSENT = "FieldsAbsent"
    """Fields with answers that lack their input, while the mapping does not state what that means.
    See ``docs/reviews.md#inputs-that-an-answer-lacks``. Only above 0."""
    REVIEWER_AGREEMENT = "ReviewerAgreement"
    """The agreement of the reviewers with each other, 0 to 1."""
    SECONDS_TO_ACCEPT = "SecondsToAccept"
    """The time until the first reviewer accepted the task."""
    SECONDS_WORKED = "SecondsWorked"
    """The working time of all reviewers together."""
    UNREADABLE = "Unreadable"
    """1 for a loop with an output that cannot be read. The others follow when it can be read."""
    UNCONFIRMED_EVENTS = "UnconfirmedEvents"
    """Events that were sent again and that A2I did not confirm: it has no such loop, the loop has
    not ended, or was created at another time."""
    OPEN_LOOPS = "OpenLoops"
    """Human loops that have not ended."""
    OLDEST_OPEN_LOOP_AGE = "OldestOpenLoopAgeSeconds"
    """The time since the oldest of them was created. 0 without any."""
    RECOVERED_LOOPS = "RecoveredLoops"
    """Loops with events that were sent again."""
    UNKNOWN_FLOW_DEFINITIONS = "UnknownFlowDefinitions"
    """1 if A2I does not know the flow definition."""
    RESUMED_EXECUTIONS = "ResumedExecutions"
    """Executions of Step Functions that were resumed."""
    EXECUTIONS_NOT_WAITING = "ExecutionsNotWaiting"
    """Executions that had ended or timed out before their loop did."""


#: The message attributes of what the review handler sends to a dead-letter queue: the names that
#: Lambda itself uses.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
ERROR_CODE_ATTRIBUTE: Final = "ErrorCode"
ERROR_MESSAGE_ATTRIBUTE: Final = "ErrorMessage"

#: The shortest timeout of the review handler, in seconds. Half of it is for calls of AWS with their
#: retries, the other half for reading and reviewing the largest output.
MIN_TIMEOUT_SECONDS: Final = 120

#: The largest output that is read by default. Parsed JSON can take thirty times the memory of its
#: text: with this limit the worst output fits into half of the default memory.
DEFAULT_MAX_OUTPUT_BYTES: Final = 12 * 1024 * 1024
