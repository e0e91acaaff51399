"""Where a message goes back: the function, queue, topic or event bus that did not process it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.contract import (
    ERROR_CODE_ATTRIBUTE,
    ERROR_MESSAGE_ATTRIBUTE,
    HUMAN_LOOP_DETAIL_TYPES,
    PROJECT_SOURCE,
)
from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage, Sender
from human_loops_cli.dead_letters.queue import DeadLetterQueue
from human_loops_cli.errors import explain
from human_loops_cli.session import Session

# A message that fails again gets the error of that time.
_OLD_ERROR: Final = frozenset({ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE})


class Kind(StrEnum):
    """What a message can be sent to."""

    FUNCTION = "function"
    QUEUE = "queue"
    TOPIC = "topic"
    #: The bus of the rule that could not forward an event. The rule forwards it again.
    EVENT_BUS = "event bus"
    #: A message that cannot be sent back.
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a message goes back.

    Parameters
    ----------
    kind
        What it is.
    address
        The function's name or ARN, the queue's URL or ARN, the topic's ARN, the rule's ARN.
    problem
        Why the message cannot be sent back.
    """

    kind: Kind
    address: str = ""
    problem: str = ""

    def __str__(self) -> str:
        """Return the kind and the name."""
        if self.kind is Kind.NONE:
            return f"nowhere: {self.problem}"
        if self.kind is Kind.EVENT_BUS:
            return f"{self.kind} {_rule(self.address)[0]}"
        return f"{self.kind} {self.address.rpartition('/')[2].rpartition(':')[2]}"


def destination_of(message: DeadLetterMessage, queue: DeadLetterQueue) -> Destination:
    """Return where a message in a queue goes back."""
    if message.target_arn is not None:
        return _target(message.target_arn, message.rule_arn)
    if queue.source_url is not None:
        return Destination(kind=Kind.QUEUE, address=queue.source_url)
    if queue.function is not None and message.sender in (Sender.LAMBDA, Sender.HANDLER):
        return Destination(kind=Kind.FUNCTION, address=queue.function)
    return Destination(kind=Kind.NONE, problem="the message does not say what it was meant for")


def _target(arn: str, rule_arn: str | None) -> Destination:
    parts = arn.split(":", 5)
    service, name = (parts[2], parts[5]) if len(parts) > 5 else ("", "")
    if arn.endswith(".fifo"):
        return Destination(kind=Kind.NONE, problem=f"{arn} is FIFO: the message group is not known")
    if service == "lambda" and name.startswith("function:"):
        return Destination(kind=Kind.FUNCTION, address=arn)
    if service == "sqs":
        return Destination(kind=Kind.QUEUE, address=arn)
    if service == "sns":
        return Destination(kind=Kind.TOPIC, address=arn)
    if service == "events" and name.startswith("event-bus/") and rule_arn is not None:
        return Destination(kind=Kind.EVENT_BUS, address=rule_arn)
    problem = f"{arn} is no function, queue, topic or event bus"
    return Destination(kind=Kind.NONE, problem=problem)


def _rule(arn: str) -> tuple[str, str]:
    """Return the bus and the name of a rule."""
    bus, _, name = arn.partition(":rule/")[2].rpartition("/")
    return bus or "default", name


class Courier:
    """Sends messages to their destinations.

    Parameters
    ----------
    session
        Has the clients.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._urls: dict[str, str] = {}

    def deliver(self, message: DeadLetterMessage, destination: Destination) -> str | None:
        """Send a message.

        Parameters
        ----------
        message
            The message.
        destination
            Where it goes.

        Returns
        -------
        str | None
            Why it was not delivered, as far as is known. None if it was.
        """
        try:
            if destination.kind is Kind.FUNCTION:
                return self._invoke(destination.address, message.body)
            if destination.kind is Kind.QUEUE:
                self._send(destination.address, message)
            if destination.kind is Kind.EVENT_BUS:
                return self._put(destination.address, message.body)
            if destination.kind is Kind.TOPIC:
                topic = destination.address
                self._session.client("sns").publish(TopicArn=topic, Message=message.body)
        except (BotoCoreError, ClientError) as error:
            return " ".join(str(explain(error)).split())
        return destination.problem or None

    def _invoke(self, function: str, event: str) -> str | None:
        """Invoke a function, and wait for its answer: only that says whether it failed."""
        if not _is_json(event):
            return "the message is not JSON, which Lambda needs"
        answer = self._session.client("lambda").invoke(
            FunctionName=function, InvocationType="RequestResponse", Payload=event.encode()
        )
        if "FunctionError" not in answer:
            return None
        return f"the function failed again: {_describe_error(answer['Payload'].read())}"

    def _send(self, queue: str, message: DeadLetterMessage) -> None:
        attributes = {
            name: _sendable(attribute)
            for name, attribute in message.message_attributes.items()
            if message.target_arn is None and name not in _OLD_ERROR
        }
        self._session.client("sqs").send_message(
            QueueUrl=self._url(queue), MessageBody=message.body, MessageAttributes=attributes
        )

    def _put(self, rule_arn: str, body: str) -> str | None:
        """Put an event on the bus of a rule: another account admits the rule, and not its user."""
        events = self._session.client("events")
        bus, name = _rule(rule_arn)
        # What no rule matches is dropped without an error.
        if events.describe_rule(Name=name, EventBusName=bus)["State"] == "DISABLED":
            return f"rule {name} is disabled"
        event = json.loads(body) if _is_json(body) else None
        if not isinstance(event, dict) or event.get("detail-type") not in HUMAN_LOOP_DETAIL_TYPES:
            return "only the events of human loops can be sent again on an event bus"
        # EventBridge accepts AWS's own source from AWS only. The rule and the hub match this one.
        entry = {
            "Source": PROJECT_SOURCE,
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event.get("detail")),
            "Resources": event.get("resources") or [],
            "EventBusName": bus,
            **({"Time": event["time"]} if event.get("time") else {}),
        }
        (result,) = events.put_events(Entries=[entry])["Entries"]
        if "ErrorCode" not in result:
            return None
        return f"EventBridge refused it: {result['ErrorCode']}: {result.get('ErrorMessage')}"

    def _url(self, queue: str) -> str:
        """Return the URL of a queue by its URL or ARN."""
        if not queue.startswith("arn:"):
            return queue
        if queue not in self._urls:
            *_, account, name = queue.split(":")
            answer = self._session.client("sqs").get_queue_url(
                QueueName=name, QueueOwnerAWSAccountId=account
            )
            self._urls[queue] = answer["QueueUrl"]
        return self._urls[queue]


def _sendable(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: attribute[name]
        for name in ("DataType", "StringValue", "BinaryValue")
        if name in attribute
    }


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _describe_error(payload: bytes) -> str:
    """Return the error in a function's answer."""
    text = payload.decode(errors="replace")
    try:
        error = json.loads(text)
    except ValueError:
        return text
    if not isinstance(error, dict):
        return text
    parts = [error.get("errorType"), error.get("errorMessage")]
    return ": ".join(str(part) for part in parts if part) or text
