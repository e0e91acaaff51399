"""The event that A2I sends when a human loop ends, parsed once and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final

from human_loop_reviews.a2i.validation import (
    InvalidDocumentError,
    Place,
    optional_object,
    optional_text,
    require_object,
    require_one_of,
    require_text,
    require_time,
)
from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    HUMAN_LOOP_SOURCES,
    PROJECT_SOURCE,
    RECOVERED,
    HumanLoopStatus,
)

_S3_URI: Final = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
_MAX_ARN_BYTES: Final = 2048  # DynamoDB's limit for a partition key


class MalformedEventError(InvalidDocumentError):
    """An event is not the end of a human loop.

    The message names the human loop if it is known, the place in the event, what was expected
    there and the type of what was found.
    """

    NAMES_TYPES: ClassVar[bool] = True


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
    """A human loop that ended.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html

    Parameters
    ----------
    human_loop_arn, human_loop_name, flow_definition_arn
        The human loop and its flow definition.
    status
        The loop's terminal status.
    creation_time
        When the loop was created, in UTC.
    creation_time_text
        The creation time as the event writes it. The ARN and this text identify the loop.
    time
        The event's time, in UTC.
    recovered
        Whether the reconciler sent the event. Then its time is the time of sending.
    failure_code, failure_reason
        Why the loop failed, None where unknown.
    output
        Where the output should be; None without one. The object may be missing.
    """

    human_loop_arn: str
    human_loop_name: str
    flow_definition_arn: str
    status: HumanLoopStatus
    creation_time: datetime
    creation_time_text: str
    time: datetime
    failure_code: str | None = None
    failure_reason: str | None = None
    output: ObjectLocation | None = None
    recovered: bool = False

    @property
    def flow_definition(self) -> str:
        """The flow definition's name."""
        return self.flow_definition_arn.rsplit("/", 1)[-1]

    @property
    def end_time(self) -> datetime | None:
        """When the loop ended, in UTC. None if the event was recovered: A2I's API does not say."""
        return None if self.recovered else self.time

    @property
    def turnaround_seconds(self) -> float | None:
        """The seconds from the loop's creation to its end, never less than 0. None if unknown."""
        if self.end_time is None:
            return None
        # The end time has whole seconds, the creation time has milliseconds.
        return max((self.end_time - self.creation_time).total_seconds(), 0)

    @property
    def outcome_id(self) -> str:
        """The same for all events about this end of the loop: readers drop duplicates by it."""
        identity = "\n".join((self.human_loop_arn, self.creation_time_text, self.status))
        return sha256(identity.encode()).hexdigest()[:32]


def parse_event(event: Any) -> HumanLoopEvent:
    """Parse an event as EventBridge delivers it.

    Parameters
    ----------
    event
        The parsed JSON. Unknown fields are ignored, and null counts as absent.

    Returns
    -------
    HumanLoopEvent
        The human loop that ended.

    Raises
    ------
    MalformedEventError
        If the event is not the end of a human loop.

    Examples
    --------
    >>> parse_event({"source": "aws.ec2"})
    Traceback (most recent call last):
    ...
    human_loop_reviews.a2i.event.MalformedEventError: event: source: expected aws.sagemaker or \
human-loop-events, got 'aws.ec2'
    """
    place = Place("event", error=MalformedEventError)
    event = require_object(event, place)
    require_one_of(event.get("source"), HUMAN_LOOP_SOURCES, place, "source")
    require_one_of(event.get("detail-type"), HUMAN_LOOP_DETAIL_TYPES, place, "detail-type")
    detail = require_object(event.get("detail"), place, "detail")
    arn = _text(detail, "humanLoopArn", place)
    if len(arn.encode()) > _MAX_ARN_BYTES:
        raise place.at("humanLoopArn").expected(f"at most {_MAX_ARN_BYTES} bytes")
    return _parse_detail(event, detail, arn, replace(place, source=f"human loop {arn}"))


def _parse_detail(
    event: dict[str, Any], detail: dict[str, Any], arn: str, place: Place
) -> HumanLoopEvent:
    creation_time = _text(detail, "creationTime", place)
    status = require_one_of(
        detail.get("humanLoopStatus"), tuple(HumanLoopStatus), place, "humanLoopStatus"
    )
    loop = HumanLoopEvent(
        human_loop_arn=arn,
        human_loop_name=_optional_text(detail, "humanLoopName", place) or arn.rsplit("/", 1)[-1],
        flow_definition_arn=_text(detail, "flowDefinitionArn", place),
        status=HumanLoopStatus(status),
        creation_time=require_time(creation_time, place, "creationTime"),
        creation_time_text=creation_time,
        time=require_time(_text(event, "time", place), place, "time"),
        failure_code=_optional_text(detail, "failureCode", place),
        failure_reason=_optional_text(detail, "failureReason", place),
        output=_output(detail.get("humanLoopOutput"), place),
        recovered=event["source"] == PROJECT_SOURCE and detail.get(RECOVERED) is True,
    )
    if loop.status is HumanLoopStatus.COMPLETED and loop.output is None:
        raise place.at("humanLoopOutput").expected(
            "an outputS3Uri, because the human loop is Completed"
        )
    return loop


def _output(output: Any, place: Place) -> ObjectLocation | None:
    uri = _optional_text(optional_object(output, place, "humanLoopOutput"), "outputS3Uri", place)
    if uri is None:
        return None
    match = _S3_URI.fullmatch(uri)
    if match is None:
        raise place.at("outputS3Uri").expected(f"s3://bucket/key, got {uri!r}")
    return ObjectLocation(bucket=match[1], key=match[2])


def _text(fields: dict[str, Any], name: str, place: Place) -> str:
    return _encodable(require_text(fields.get(name), place, name), place.at(name))


def _optional_text(fields: dict[str, Any], name: str, place: Place) -> str | None:
    text = optional_text(fields.get(name), place, name)
    return None if text is None else _encodable(text, place.at(name))


def _encodable(text: str, place: Place) -> str:
    """Return the text if AWS can store it: Lambda's own JSON parser accepts lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise place.expected("text, got a lone surrogate") from None
    return text
