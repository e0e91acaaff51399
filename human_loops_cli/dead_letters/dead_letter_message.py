"""A message in a dead-letter queue: its sender, its human loop, and the reason it is there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from human_loop_reviews.contract import ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE


class Sender(StrEnum):
    """The sender of a message, identified by its message attributes."""

    #: EventBridge could not deliver an event to the target of a rule.
    EVENTBRIDGE = "EventBridge"
    #: Lambda discarded an event of an asynchronous invocation after the last attempt.
    LAMBDA = "Lambda"
    #: The review handler sent a message that it could not process.
    HANDLER = "handler"
    #: SQS moved a message that exceeded maxReceiveCount, or it was sent manually.
    SQS = "SQS"


#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
_RULE: Final = "RULE_ARN"
_TARGET: Final = "TARGET_ARN"
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
_REQUEST_ID: Final = "RequestID"

_RECEIVED_TOO_OFTEN: Final = "received too often and not deleted"
_WITHOUT_REASON: Final = (
    f"{_RECEIVED_TOO_OFTEN}; the consumer's log has the reason. A function that was "
    "stopped at its time limit or its memory limit leaves none in the message"
)

# The parts of an error's message that differ between loops.
_OF_ONE_MESSAGE: Final = re.compile(
    r"arn:\S+|s3://\S+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+(?:[-:.T]\d+)*Z?"
)
_MAX_CAUSE: Final = 160


@dataclass(frozen=True, kw_only=True)
class DeadLetterMessage:
    """A message in a dead-letter queue."""

    queue: str
    """The queue's name."""
    message_id: str
    """SQS's id of the message."""
    receipt_handle: str
    """The handle that deletes it."""
    body: str
    """The event."""
    attributes: Mapping[str, str]
    """The string values of its message attributes."""
    message_attributes: Mapping[str, Any] = field(default_factory=dict)
    """Its message attributes as SQS returns them."""
    sent: datetime
    """When it was sent to this queue, or to the queue that SQS moved it from."""
    receives: int
    """How often it was received."""

    @classmethod
    def parse(cls, message: Mapping[str, Any], *, queue: str) -> DeadLetterMessage:
        """Read a message as SQS's ReceiveMessage returns it.

        Examples
        --------
        >>> attributes = {"TARGET_ARN": {"DataType": "String", "StringValue": "arn:aws:sns:…"}}
        >>> DeadLetterMessage.parse(
        ...     {"MessageId": "1", "Body": "{}", "ReceiptHandle": "r", "Attributes": {},
        ...      "MessageAttributes": attributes},
        ...     queue="DeadLetterQueue",
        ... ).sender
        <Sender.EVENTBRIDGE: 'EventBridge'>
        """
        attributes = message.get("MessageAttributes", {})
        system = message.get("Attributes", {})
        return cls(
            queue=queue,
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            body=message["Body"],
            attributes={
                name: attribute["StringValue"]
                for name, attribute in attributes.items()
                if "StringValue" in attribute
            },
            message_attributes=attributes,
            sent=datetime.fromtimestamp(int(system.get("SentTimestamp", 0)) / 1000, UTC),
            receives=int(system.get("ApproximateReceiveCount", 0)),
        )

    @property
    def sender(self) -> Sender:
        """The sender of the message."""
        if _TARGET in self.attributes or _RULE in self.attributes:
            return Sender.EVENTBRIDGE
        if _REQUEST_ID in self.attributes:
            return Sender.LAMBDA
        if ERROR_CODE_ATTRIBUTE in self.attributes:
            return Sender.HANDLER
        return Sender.SQS

    @property
    def target_arn(self) -> str | None:
        """The target of a rule that EventBridge could not deliver to."""
        return self.attributes.get(_TARGET)

    @property
    def rule_arn(self) -> str | None:
        """The rule that EventBridge could not deliver for."""
        return self.attributes.get(_RULE)

    @property
    def error(self) -> str | None:
        """The error's code, None if the message has none."""
        return self.attributes.get("ERROR_CODE") or self.attributes.get(ERROR_CODE_ATTRIBUTE)

    @property
    def reason(self) -> str:
        """Why the message is in the queue."""
        if self.sender is Sender.SQS:
            return _WITHOUT_REASON
        parts = [part for part in (self.error, self._error_message) if part]
        condition = self.attributes.get("EXHAUSTED_RETRY_CONDITION")
        if condition:
            attempts = self.attributes.get("RETRY_ATTEMPTS", "?")
            parts.append(f"gave up after {attempts} attempts: {condition}")
        return ": ".join(parts) or "the message does not say"

    @property
    def cause(self) -> str:
        """Why the message is in the queue, without what differs between messages of one cause."""
        if self.sender is Sender.SQS:
            return _RECEIVED_TOO_OFTEN
        text = self._error_message
        if self.subject:
            text = re.sub(rf"(?<![\w-]){re.escape(self.subject)}(?![\w-])", "…", text)
        text = " ".join(_OF_ONE_MESSAGE.sub("…", text).split())
        return ": ".join(part for part in (self.error, text[:_MAX_CAUSE]) if part) or self.reason

    @property
    def loop_arn(self) -> str | None:
        """The human loop's ARN. None if the body does not say."""
        arn = self._detail.get("humanLoopArn")
        return arn if isinstance(arn, str) else None

    @property
    def subject(self) -> str | None:
        """The human loop's name, or that of another resource. None if the body does not say."""
        detail = self._detail
        names = [name for name in detail if name.endswith("Name") and detail[name]]
        name = "humanLoopName" if detail.get("humanLoopName") else min(names, default=None)
        if name is not None:
            return str(detail[name])
        return str(detail["pipelineArn"]) if "pipelineArn" in detail else None

    @property
    def status(self) -> str | None:
        """The status in the event. None if the body does not say."""
        statuses = (value for name, value in self._detail.items() if name.endswith("Status"))
        return next((str(value) for value in statuses), None)

    @property
    def flow_definition_arn(self) -> str | None:
        """The loop's flow definition. None if the body does not say."""
        arn = self._detail.get("flowDefinitionArn")
        return arn if isinstance(arn, str) else None

    @property
    def _error_message(self) -> str:
        attributes = self.attributes
        return attributes.get("ERROR_MESSAGE") or attributes.get(ERROR_MESSAGE_ATTRIBUTE, "")

    @property
    def _detail(self) -> Mapping[str, Any]:
        try:
            event = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        detail = event.get("detail") if isinstance(event, dict) else None
        return detail if isinstance(detail, dict) else {}
