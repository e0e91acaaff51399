"""The event that A2I sends when a human loop ends, parsed once and checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple

from human_loop_reviews.a2i.validation import (
    InvalidDocumentError,
    OptionalValues,
    Place,
    optional_object,
    optional_text,
    require_object,
    require_one_of,
    require_text,
    require_time,
)
from human_loop_reviews.contract import (
    AWS_SOURCE,
    HUMAN_LOOP_DETAIL_TYPES,
    HUMAN_LOOP_SOURCES,
    VERIFICATION,
    VERIFICATION_LOOP_PREFIX,
    VERIFIED_LEDGER,
    EventSource,
    HumanLoopStatus,
)

# Compiled on first use: only events that were sent again need it.
_ACCOUNT: Final = r"[0-9]{12}"
_MAX_BYTES: Final = 2048  # DynamoDB's limit for a partition key


class MalformedEventError(InvalidDocumentError):
    """An event is not the end of a human loop.

    The message names the human loop if it is known, the place in the event, what was expected
    there and the type of what was found.
    """

    NAMES_TYPES: ClassVar[bool] = True


class ObjectLocation(NamedTuple):
    """An object in S3."""

    bucket: str
    """The bucket's name."""
    key: str
    """The object's key."""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class HumanLoopEvent(NamedTuple):
    """A human loop that ended.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
    """

    human_loop_arn: str
    """The loop's ARN."""
    human_loop_name: str
    """The loop's name."""
    flow_definition_arn: str
    """The ARN of its flow definition."""
    status: HumanLoopStatus
    """The loop's terminal status."""
    creation_time: datetime
    """When the loop was created, in UTC."""
    time: datetime
    """The event's time, in UTC."""
    failure_code: str | None = None
    """The code of the failure. None where unknown."""
    failure_reason: str | None = None
    """Why the loop failed. None where unknown."""
    output: ObjectLocation | None = None
    """Where the output should be; None without one. The object may be missing. A Failed loop has
    none."""
    source: EventSource = EventSource.AWS
    """Where the event comes from: AWS, or an event that was sent again."""
    confirmed: bool = False
    """Whether A2I's API says the same. Without an event of AWS, the end is unknown then, and `time`
    is the time of the confirmation."""
    verification: str | None = None
    """The id of the verification that made the loop up. None for a human loop of A2I."""
    verified_ledger: str | None = None
    """The ledger of the stack that a verification is for. None for a human loop of A2I."""
    ignored_values: int = 0
    """How many optional values of the event have an unexpected form. They count as absent."""

    @property
    def flow_definition(self) -> str:
        """The flow definition's name."""
        return self.flow_definition_arn.rsplit("/", 1)[-1]

    @property
    def account(self) -> str:
        """The account of the human loop. Empty if its ARN is not one."""
        return _part(self.human_loop_arn, 4)

    @property
    def region(self) -> str:
        """The Region of the human loop. Empty if its ARN is not one."""
        return _part(self.human_loop_arn, 3)

    @property
    def partition(self) -> str:
        """The partition of the human loop. Empty if its ARN is not one."""
        return _part(self.human_loop_arn, 1)

    @property
    def qualified_flow_definition(self) -> str:
        """The flow definition's account, Region and name, as in `111122223333/eu-west-1/invoices`.

        Accounts can have flow definitions of the same name.
        """
        arn = self.flow_definition_arn
        return f"{_part(arn, 4)}/{_part(arn, 3)}/{self.flow_definition}"

    @property
    def creation_time_text(self) -> str:
        """The creation time as A2I writes it, however the event does: it identifies the loop."""
        return time_text(self.creation_time)

    @property
    def end_time(self) -> datetime | None:
        """When the loop ended, in UTC. None if only A2I's API says that it did: not when."""
        return None if self.confirmed and self.source is not EventSource.AWS else self.time

    @property
    def turnaround_seconds(self) -> float | None:
        """The seconds from the loop's creation to its end, never less than 0. None if unknown."""
        if self.end_time is None:
            return None
        # The end time has whole seconds, the creation time has milliseconds.
        return max((self.end_time - self.creation_time).total_seconds(), 0)


def time_text(time: datetime) -> str:
    """Return a time as A2I writes it: in UTC with milliseconds.

    Examples
    --------
    >>> time_text(datetime(2026, 3, 14, 9, 12, 44, 318_999, tzinfo=UTC))
    '2026-03-14T09:12:44.318Z'
    """
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def parse_event(event: Any) -> HumanLoopEvent:
    """Parse an event as EventBridge delivers it.

    Parameters
    ----------
    event
        The parsed JSON. Unknown fields are ignored, and null counts as absent. So does an optional
        value of an unexpected form: no loop is lost for it.

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
    arn = _identity(detail, "humanLoopArn", place)
    for each in (arn, _identity(detail, "flowDefinitionArn", place)):
        _require_own_account(event, each, place)
    return _parse_detail(event, detail, arn, place._replace(source=f"human loop {arn}"))


def _parse_detail(
    event: dict[str, Any], detail: dict[str, Any], arn: str, place: Place
) -> HumanLoopEvent:
    optional = OptionalValues()

    def text_or_none(name: str, check: Callable[[Any, Place], str | None]) -> str | None:
        return optional.read(check, detail.get(name), place.at(name)) or None

    status = HumanLoopStatus(
        require_one_of(
            detail.get("humanLoopStatus"), tuple(HumanLoopStatus), place, "humanLoopStatus"
        )
    )
    verification = _verification(event, detail, arn, place)
    creation_time = require_time(_text(detail, "creationTime", place), place, "creationTime")
    return HumanLoopEvent(
        human_loop_arn=arn,
        human_loop_name=text_or_none("humanLoopName", _short) or arn.rsplit("/", 1)[-1],
        flow_definition_arn=_identity(detail, "flowDefinitionArn", place),
        status=status,
        creation_time=creation_time,
        time=require_time(_text(event, "time", place), place, "time"),
        failure_code=text_or_none("failureCode", _short),
        failure_reason=text_or_none("failureReason", _encodable),
        output=_output(detail.get("humanLoopOutput"), status, place, optional),
        source=EventSource(event["source"]),
        verification=verification,
        verified_ledger=None if verification is None else text_or_none(VERIFIED_LEDGER, _short),
        ignored_values=optional.ignored,  # the last argument: the others are read by now
    )


def _verification(
    event: dict[str, Any], detail: dict[str, Any], arn: str, place: Place
) -> str | None:
    """Return the id of the verification that made a loop up, None for a human loop of A2I.

    Neither can be taken for the other: the marker and the reserved name need each other.
    """
    if event["source"] == AWS_SOURCE:
        return None
    marker = detail.get(VERIFICATION)
    names = (arn.rpartition("/")[2], detail.get("humanLoopName"))
    if marker is None and not any(str(name).startswith(VERIFICATION_LOOP_PREFIX) for name in names):
        return None
    if not isinstance(marker, str) or {*names} != {f"{VERIFICATION_LOOP_PREFIX}{marker}"}:
        raise place.at(VERIFICATION).expected(f"the end of the name {VERIFICATION_LOOP_PREFIX}…")
    return marker


def _require_own_account(event: dict[str, Any], arn: str, place: Place) -> None:
    """Check that an event that was sent again comes from the account of an ARN in it.

    EventBridge writes the account of whoever put an event on a bus, and keeps it when a rule
    forwards the event. So one account cannot speak for the human loops of another one.
    """
    account, owner = event.get("account"), _part(arn, 4)
    if event["source"] == AWS_SOURCE or account == owner:
        return
    # Documented examples have account ids of 13 digits.
    if all(re.fullmatch(_ACCOUNT, each) for each in (str(account), owner)):
        raise place.at("account").expected(f"{owner}, the account of {arn}")


def _part(arn: str, index: int) -> str:
    parts = arn.split(":", 5)
    return parts[index] if len(parts) == 6 else ""


def _output(
    output: Any, status: HumanLoopStatus, place: Place, optional: OptionalValues
) -> ObjectLocation | None:
    """Return where the output is: required of a Completed loop, optional for a Stopped one."""
    if status is HumanLoopStatus.FAILED:
        return None
    if status is HumanLoopStatus.STOPPED:
        return optional.read(_location, output, place)
    location = _location(output, place)
    if location is None:
        raise place.at("humanLoopOutput").expected(
            "an outputS3Uri, because the human loop is Completed"
        )
    return location


def _location(output: Any, place: Place) -> ObjectLocation | None:
    fields = optional_object(output, place, "humanLoopOutput")
    uri = _encodable(fields.get("outputS3Uri"), place.at("outputS3Uri"))
    if not uri:
        return None
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise place.at("outputS3Uri").expected(f"s3://bucket/key, got {uri!r}")
    return ObjectLocation(bucket=bucket, key=key)


def _identity(fields: dict[str, Any], name: str, place: Place) -> str:
    """Return a text that DynamoDB accepts as a key."""
    text = _text(fields, name, place)
    _short(text, place.at(name))
    return text


def _text(fields: dict[str, Any], name: str, place: Place) -> str:
    text = require_text(fields.get(name), place, name)
    _encodable(text, place.at(name))
    return text


def _short(value: Any, place: Place) -> str | None:
    text = _encodable(value, place)
    if len((text or "").encode()) > _MAX_BYTES:
        raise place.expected(f"at most {_MAX_BYTES} bytes")
    return text


def _encodable(value: Any, place: Place) -> str | None:
    """Return the text if AWS can store it: Lambda's own JSON parser accepts lone surrogates."""
    text = optional_text(value, place)
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise place.expected("text, got a lone surrogate") from None
    return text
