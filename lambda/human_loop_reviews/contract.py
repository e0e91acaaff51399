"""What the constructs and the code inside Lambda must agree on: names, keys and limits.

The constructs import this module of the runtime and no other, so it needs the standard library
only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
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
    DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
    FIELD_NAMES = "FIELD_NAMES"
    HUB = "HUB"
    INCLUDE_FAILURE_REASON = "INCLUDE_FAILURE_REASON"
    INCLUDE_VALUES = "INCLUDE_VALUES"
    LEDGER_ARN = "LEDGER_ARN"
    LEDGER_RETENTION_DAYS = "LEDGER_RETENTION_DAYS"
    MAPPINGS = "MAPPINGS"
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


class CallbackSetting(StrEnum):
    """The environment variables of the function that resumes waiting executions."""

    CALLBACK_TABLE = "CALLBACK_TABLE"
    FLOW_DEFINITIONS = "FLOW_DEFINITIONS"
    LEDGER_TABLE = "LEDGER_TABLE"


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

#: The key in the detail of an event that ``human-loops verify`` sends, and of its outcome: the id
#: of the verification. Rules for people and for other systems leave such events out.
VERIFICATION: Final = "verification"
VERIFICATION_EXCLUDED: Final[dict[str, Any]] = {VERIFICATION: [{"exists": False}]}

#: How the names of the human loops of verifications begin. A2I's names have no underscore.
#: https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_StartHumanLoop.html
VERIFICATION_LOOP_PREFIX: Final = "human-loops_verification_"

#: How long after its event a verification is settled. Later its output is removed, and a repeated
#: event of it ends quietly.
VERIFICATION_SECONDS: Final = 3600

#: How long the ledger keeps a verification that did not remove its item.
VERIFICATION_RETENTION_SECONDS: Final = 24 * 3600

#: The entry point of the function that resumes waiting executions, and its timeout in seconds.
CALLBACKS_ENTRY_POINT: Final = "human_loop_reviews.functions.callbacks.handle"
CALLBACKS_TIMEOUT_SECONDS: Final = 120


class CallbackKey(StrEnum):
    """The keys of the payload with which a state of Step Functions waits for a human loop."""

    #: The token that resumes the execution.
    TASK_TOKEN = "taskToken"  # noqa: S105 - the name of a key
    #: How long the state waits.
    TIMEOUT_SECONDS = "timeoutSeconds"
    #: Whether a Stopped loop is a success.
    ACCEPT_STOPPED = "acceptStopped"
    #: The loop to wait for; or, for one that is started, all of the others.
    HUMAN_LOOP_ARN = "humanLoopArn"
    HUMAN_LOOP_NAME = "humanLoopName"
    FLOW_DEFINITION = "flowDefinition"
    INPUT_CONTENT = "inputContent"
    CONTENT_CLASSIFIERS = "contentClassifiers"
    #: What tells an entry of a state from all others. A retry of the state has the same.
    STATE_ENTRY = "stateEntry"


class CallbackError(StrEnum):
    """The errors with which an execution is resumed.

    A Failed loop has the error ``HumanLoop.Failed.`` with its failure code, such as
    ``HumanLoop.Failed.Expired``, or ``HumanLoop.Failed`` without a code.
    """

    #: The payload of the state cannot be used.
    INVALID_REQUEST = "HumanLoop.InvalidRequest"
    #: No event of the loop's flow definition reaches the review handler.
    NOT_WATCHED = "HumanLoop.NotWatched"
    #: AWS refused a call for a time, or did not answer. `HumanLoopTask` tries it again.
    UNAVAILABLE = "HumanLoop.Unavailable"
    #: A2I refuses to start the loop.
    NOT_STARTED = "HumanLoop.NotStarted"
    #: There is no such loop.
    NOT_FOUND = "HumanLoop.NotFound"
    FAILED = "HumanLoop.Failed"
    STOPPED = "HumanLoop.Stopped"
    #: The output cannot be read.
    UNREADABLE = "HumanLoop.Unreadable"


#: The keys of the table of callbacks.
CALLBACK_PARTITION_KEY: Final = "humanLoopArn"
CALLBACK_SORT_KEY: Final = "callbackId"
CALLBACK_TIME_TO_LIVE: Final = "expiresAt"

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

#: The namespace of the metrics of the review handler and the reconciler, and their dimension.
METRIC_NAMESPACE: Final = "HumanLoops"
METRIC_DIMENSION: Final = "FlowDefinition"

#: The second dimension of the reconciler's metrics: the names of flow definitions may be unknown
#: when its alarms are created.
FUNCTION_METRIC_DIMENSION: Final = "FunctionName"

#: The second dimension of `Failed`, beside the flow definition.
FAILURE_CODE_DIMENSION: Final = "FailureCode"


class Metric(StrEnum):
    """The metrics that alarms and the dashboard use. That of a status has the status's name."""

    AGREEMENT = "Agreement"
    FIELDS_CORRECT = "FieldsCorrect"
    FIELDS_JUDGED = "FieldsJudged"
    #: Loops whose output cannot be read.
    UNREADABLE = "Unreadable"
    TURNAROUND = "TurnaroundSeconds"
    SECONDS_WORKED = "SecondsWorked"
    OPEN_LOOPS = "OpenLoops"
    OLDEST_OPEN_LOOP_AGE = "OldestOpenLoopAgeSeconds"
    RECOVERED_LOOPS = "RecoveredLoops"
    RESUMED_EXECUTIONS = "ResumedExecutions"
    EXECUTIONS_NOT_WAITING = "ExecutionsNotWaiting"


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

#: The most bytes of mappings as JSON. Lambda allows 4,096 bytes for all environment variables of a
#: function; the rest is for the other settings.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MAPPINGS_BYTES: Final = 3072

#: The largest tolerance of a field mapping, well within what a JSON number can be everywhere.
MAX_TOLERANCE: Final = 1e300

#: What JMESPath's parser and functions are known to raise, on expressions and data of any kind.
JMESPATH_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

# A name that JMESPath accepts without quotes, and a number between brackets.
_PLAIN_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+"

# What is not a name: quoted names, raw strings and literals. Then a name that may need quotes.
_QUOTED: Final = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)"""
_NAME: Final = r"([\w/-]+(?: +[\w/-]+)*)"


class Normalization(StrEnum):
    """What does not count when texts of one field are compared."""

    #: Upper and lower case.
    CASE = "case"
    #: White space of any kind.
    WHITESPACE = "whitespace"
    #: How a number is written: separators, and a currency that only some of the values name.
    NUMBER = "number"
    #: How a date is written.
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """Where one field of a custom task is found, and how its values are compared.

    Parameters
    ----------
    name
        The field's name in outcomes.
    prediction
        JMESPath expression on ``inputContent``: the model's prediction.
    answer
        JMESPath expression on a reviewer's ``answerContent``: the reviewer's answer.
    path
        One expression for both, instead of ``prediction`` and ``answer``.
    normalize
        What does not count when texts are compared: ``case``, ``whitespace``, ``number``, ``date``.
    tolerance
        By how much numbers may differ and still be equal. With a tolerance, texts that read as
        numbers count as numbers.
    confidence
        JMESPath expression on ``inputContent``: the model's confidence. With ``rows``, on the
        predicted row.
    confidence_max
        The highest confidence that the model gives: 100, or 1 if it gives a share. Confidences
        above it, or below 0, are ignored. Outcomes have confidences from 0 to 100.
    rows
        Whether the expressions give lists. Then each entry is a field of its own: ``name[0]``.
    row_key
        JMESPath expression on a row: what identifies it. Default: its position.
    row_value
        JMESPath expression on a row: what is compared. Default: the whole row.

    Raises
    ------
    ValueError
        If a parameter is not usable. The message names it, and repairs a name that lacks quotes.

    Examples
    --------
    >>> FieldMapping(name="Category", prediction="model.category", answer="category.label").name
    'Category'
    """

    name: str
    prediction: str | None = None
    answer: str | None = None
    path: str | None = None
    normalize: Sequence[str] = ()
    tolerance: float | None = None
    confidence: str | None = None
    confidence_max: float = 100
    rows: bool = False
    row_key: str | None = None
    row_value: str | None = None

    def __post_init__(self) -> None:
        if not _is_text(self.name):
            raise ValueError(
                f"FieldMapping: name={self.name!r}; expected the field's name in outcomes"
            )
        self._require_places()
        for key in ("confidence", "row_key", "row_value"):
            if getattr(self, key) is not None:
                _require_expression(self._label, key, getattr(self, key))
        self._require_normalizations()
        if self.tolerance is not None and not _is_tolerance(self.tolerance):
            raise self._expected("tolerance", f"a number from 0 to {MAX_TOLERANCE:g}")
        if isinstance(self.confidence_max, bool) or self.confidence_max not in (1, 100):
            raise self._expected("confidence_max", "100, or 1 for a share")
        if not isinstance(self.rows, bool):
            raise self._expected("rows", "a boolean")
        for key in ("row_key", "row_value"):
            if getattr(self, key) is not None and not self.rows:
                raise self._expected(key, "rows=True with it")

    @property
    def prediction_path(self) -> str:
        """The expression of the prediction."""
        return self.path or self.prediction or ""

    @property
    def answer_path(self) -> str:
        """The expression of the answer."""
        return self.path or self.answer or ""

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as the review handler reads it, without settings at their defaults.

        Examples
        --------
        >>> FieldMapping(name="Total", path="total", tolerance=0.5).to_json()
        {'name': 'Total', 'path': 'total', 'tolerance': 0.5}
        """
        return _without_defaults(self)

    @property
    def _label(self) -> str:
        return f"FieldMapping {self.name!r}"

    def _expected(self, key: str, what: str) -> ValueError:
        return ValueError(f"{self._label}: {key}={getattr(self, key)!r}; expected {what}")

    def _require_places(self) -> None:
        if self.path is not None:
            for key in ("prediction", "answer"):
                if getattr(self, key) is not None:
                    raise self._expected(key, "either path, or prediction and answer")
            _require_expression(self._label, "path", self.path)
        elif self.prediction is None and self.answer is None:
            raise ValueError(f"{self._label}: expected prediction and answer, or path")
        else:
            _require_expression(self._label, "prediction", self.prediction)
            _require_expression(self._label, "answer", self.answer)

    def _require_normalizations(self) -> None:
        known = [each.value for each in Normalization]
        if not isinstance(self.normalize, list | tuple) or not all(
            isinstance(each, str) and each in known for each in self.normalize
        ):
            raise self._expected("normalize", f"a list of {', '.join(known)}")
        # A tuple of plain texts, whatever was passed: mappings are compared and hashed.
        object.__setattr__(self, "normalize", tuple([str(each) for each in self.normalize]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMapping:
    """Where the fields of a custom task are found, and how its human loops were selected.

    Parameters
    ----------
    fields
        The fields. There is at least one, and no two have the same name.
    sampled
        JMESPath expression on ``inputContent``: whether the loop was selected at random.
    sampling_percentage
        JMESPath expression on ``inputContent``: the percentage of random selection, above 0 and up
        to 100.
    model_version
        JMESPath expression on ``inputContent``: the version of the model.

    Raises
    ------
    ValueError
        If a parameter is not usable. The message names it.

    Examples
    --------
    >>> field = FieldMapping(name="Total", path="total")
    >>> TaskMapping(fields=[field], model_version="model.version").to_json()
    {'fields': [{'name': 'Total', 'path': 'total'}], 'model_version': 'model.version'}
    """

    fields: Sequence[FieldMapping]
    sampled: str | None = None
    sampling_percentage: str | None = None
    model_version: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.fields, list | tuple) or not all(
            isinstance(each, FieldMapping) for each in self.fields
        ):
            raise ValueError(
                f"TaskMapping: fields={self.fields!r}; expected a list of FieldMapping"
            )
        if not self.fields:
            raise ValueError("TaskMapping: fields=[]; expected at least one FieldMapping, got none")
        names = [each.name for each in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"TaskMapping: two fields are named {name!r}; expected unique names"
                )
        for key in ("sampled", "sampling_percentage", "model_version"):
            if getattr(self, key) is not None:
                _require_expression("TaskMapping", key, getattr(self, key))
        object.__setattr__(self, "fields", tuple(self.fields))

    @classmethod
    def of(cls, mapping: TaskMapping | Sequence[FieldMapping]) -> TaskMapping:
        """Return a task mapping, also for its fields alone.

        Examples
        --------
        >>> TaskMapping.of([FieldMapping(name="Total", path="total")]).fields[0].name
        'Total'
        """
        return mapping if isinstance(mapping, TaskMapping) else cls(fields=mapping)

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the mapping as the review handler reads it: a list if it has only fields."""
        fields = [each.to_json() for each in self.fields]
        written = _without_defaults(self)
        return {**written, "fields": fields} if len(written) > 1 else fields


#: The keys of one field in a mapping, and of a mapping that has more than fields.
MAPPING_KEYS: Final = tuple([each.name for each in fields(FieldMapping)])
TASK_MAPPING_KEYS: Final = tuple([each.name for each in fields(TaskMapping)])


def _without_defaults(mapping: FieldMapping | TaskMapping) -> dict[str, Any]:
    written = {each.name: getattr(mapping, each.name) for each in fields(mapping)}
    defaults = {each.name: each.default for each in fields(mapping)}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in written.items()
        if value != defaults[key]
    }


def _require_expression(label: str, key: str, expression: Any) -> None:
    """Raise an error if an expression is not JMESPath, or calls a function that does not exist."""
    import jmespath  # here, so that importing this module needs the standard library only
    from jmespath.functions import Functions

    if not _is_text(expression):
        raise ValueError(f"{label}: {key}={expression!r}; expected a JMESPath expression")
    try:
        pending = [jmespath.compile(expression).parsed]
    except JMESPATH_ERRORS as error:
        repaired = _quote_names(expression)
        hint = f"; quote the name: {repaired}" if repaired else ""
        raise ValueError(
            f"{label}: {key}={expression!r} is not a JMESPath "
            f"expression: {' '.join(str(error).split())}{hint}"
        ) from error
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        pending += node["children"]
        if node["type"] == "function_expression" and (
            node["value"] not in Functions.FUNCTION_TABLE
        ):
            raise ValueError(
                f"{label}: {key}={expression!r}; JMESPath has no function {node['value']!r}; "
                f"expected one of {', '.join(sorted(Functions.FUNCTION_TABLE))}"
            )


def _quote_names(expression: str) -> str | None:
    """Return an expression with quotes around names that need them, None if that is no repair."""
    import jmespath

    def quote(match: re.Match[str]) -> str:
        quoted, name = match.groups()
        return match[0] if quoted or re.fullmatch(_PLAIN_NAME, name) else f'"{name}"'

    repaired = re.sub(f"{_QUOTED}|{_NAME}", quote, expression)
    try:
        jmespath.compile(repaired)
    except JMESPATH_ERRORS:
        return None
    return repaired


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
