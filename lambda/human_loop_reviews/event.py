"""The event that A2I sends when a human loop ends, read once and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

#: A2I itself, and whoever sends an event in again: EventBridge refuses sources beginning with
#: ``aws.`` from anybody but AWS.
SOURCES: Final = ("aws.sagemaker", "human-loop-events")

#: Today's detail type, and the one of the documentation's first edition.
DETAIL_TYPES: Final = (
    "SageMaker A2I HumanLoop Status Change",
    "Amazon Augmented AI HumanLoop Status Change",
)

_S3_URI: Final = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
_MAX_ARN_BYTES: Final = 2048  # DynamoDB's limit for a partition key
_MAX_TIME_LENGTH: Final = 64


class MalformedEventError(ValueError):
    """An event is not the end of a human loop. The message says what was expected, and where."""


class Status(StrEnum):
    """How a human loop ended."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """An object in S3.

    Parameters
    ----------
    bucket
        The bucket's name.
    key
        The object's key.
    """

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLoopEvent:
    """The end of a human loop.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html

    Parameters
    ----------
    human_loop_arn, human_loop_name, flow_definition_arn
        Whose end it is.
    status
        How it ended.
    creation_time, end_time
        When it began and ended, in UTC.
    creation_time_text
        When it began, as the event writes it: with the ARN, the loop's identity.
    failure_code, failure_reason
        Why it failed; None unless A2I says.
    output
        Where the output should be; None without one. It need not exist.
    """

    human_loop_arn: str
    human_loop_name: str
    flow_definition_arn: str
    status: Status
    creation_time: datetime
    creation_time_text: str
    end_time: datetime
    failure_code: str | None = None
    failure_reason: str | None = None
    output: ObjectLocation | None = None

    @property
    def flow_definition(self) -> str:
        """The flow definition's name."""
        return self.flow_definition_arn.rsplit("/", 1)[-1]

    @property
    def turnaround_seconds(self) -> float:
        """From the beginning to the end, never less than 0."""
        # The end has whole seconds, the beginning has milliseconds.
        return max((self.end_time - self.creation_time).total_seconds(), 0)

    @property
    def outcome_id(self) -> str:
        """The same for every event of this end, so that readers can drop duplicates."""
        identity = "\n".join((self.human_loop_arn, self.creation_time_text, self.status))
        return sha256(identity.encode()).hexdigest()[:32]


def parse_event(event: Any) -> HumanLoopEvent:
    """Read an event as EventBridge delivers it.

    Parameters
    ----------
    event
        The parsed JSON. Unknown fields are ignored, and null counts as absent.

    Raises
    ------
    MalformedEventError
        If it is not the end of a human loop.

    Examples
    --------
    >>> parse_event({"source": "aws.ec2"})
    Traceback (most recent call last):
    ...
    human_loop_reviews.event.MalformedEventError: event: source: expected aws.sagemaker or \
human-loop-events, got 'aws.ec2'
    """
    if not isinstance(event, dict):
        raise MalformedEventError(f"event: expected an object, got {type(event).__name__}")
    _one_of(event, "source", SOURCES, "event")
    _one_of(event, "detail-type", DETAIL_TYPES, "event")
    detail = event.get("detail")
    if not isinstance(detail, dict):
        raise MalformedEventError(f"event: detail: expected an object, got {_kind(detail)}")
    arn = _text(detail, "humanLoopArn", "event")
    if len(arn.encode()) > _MAX_ARN_BYTES:
        raise MalformedEventError(f"event: humanLoopArn: expected at most {_MAX_ARN_BYTES} bytes")
    where = f"human loop {arn}"
    creation_time = _text(detail, "creationTime", where)
    status = Status(_one_of(detail, "humanLoopStatus", tuple(Status), where))
    loop = HumanLoopEvent(
        human_loop_arn=arn,
        human_loop_name=_optional_text(detail, "humanLoopName", where) or arn.rsplit("/", 1)[-1],
        flow_definition_arn=_text(detail, "flowDefinitionArn", where),
        status=status,
        creation_time=_time(creation_time, "creationTime", where),
        creation_time_text=creation_time,
        end_time=_time(_text(event, "time", where), "time", where),
        failure_code=_optional_text(detail, "failureCode", where),
        failure_reason=_optional_text(detail, "failureReason", where),
        output=_output(detail.get("humanLoopOutput"), where),
    )
    if loop.status is Status.COMPLETED and loop.output is None:
        raise MalformedEventError(
            f"{where}: humanLoopOutput: expected an outputS3Uri, for the loop is Completed"
        )
    return loop


def _output(output: Any, where: str) -> ObjectLocation | None:
    if output is None:
        return None
    if not isinstance(output, dict):
        raise MalformedEventError(
            f"{where}: humanLoopOutput: expected an object or null, got {_kind(output)}"
        )
    uri = _optional_text(output, "outputS3Uri", where)
    if uri is None:
        return None
    match = _S3_URI.fullmatch(uri)
    if match is None:
        raise MalformedEventError(f"{where}: outputS3Uri: expected s3://bucket/key, got {uri!r}")
    return ObjectLocation(bucket=match[1], key=match[2])


def _one_of(fields: dict[str, Any], name: str, expected: tuple[str, ...], where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or value not in expected:
        got = repr(value) if isinstance(value, str) else _kind(value)
        raise MalformedEventError(f"{where}: {name}: expected {' or '.join(expected)}, got {got}")
    return value


def _text(fields: dict[str, Any], name: str, where: str) -> str:
    value = _optional_text(fields, name, where)
    if not value:
        raise MalformedEventError(f"{where}: {name}: expected text, got {_kind(fields.get(name))}")
    return value


def _optional_text(fields: dict[str, Any], name: str, where: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedEventError(f"{where}: {name}: expected text or null, got {_kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedEventError(f"{where}: {name}: expected text, got a lone surrogate") from None
    return value


def _time(text: str, name: str, where: str) -> datetime:
    try:
        # Longer ones are no times, and no sort keys either.
        time = datetime.fromisoformat(text if len(text) <= _MAX_TIME_LENGTH else "")
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise MalformedEventError(
            f"{where}: {name}: expected a time such as 2019-11-14T17:37:36.740Z"
        ) from None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return "empty text" if value == "" else type(value).__name__
