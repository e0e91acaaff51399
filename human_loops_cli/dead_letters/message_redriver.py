"""Sending messages of dead-letter queues to their destinations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.contract import (
    ERROR_CODE_ATTRIBUTE,
    ERROR_MESSAGE_ATTRIBUTE,
    HUMAN_LOOP_DETAIL_TYPES,
    PROJECT_SOURCE,
)
from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.destination import Destination, DestinationType
from human_loops_cli.errors import explain
from human_loops_cli.session import Session
from human_loops_cli.stack_rules import RuleName

# If a message fails again, it receives new error attributes.
_OLD_ERROR: Final = frozenset({ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE})


class MessageRedriver:
    """Sends messages to their destinations.

    Parameters
    ----------
    session
        Provides the clients.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._urls: dict[str, str] = {}

    def send(self, message: DeadLetterMessage, destination: Destination) -> str | None:
        """Send a message.

        Parameters
        ----------
        message
            The message.
        destination
            Its destination.

        Returns
        -------
        str | None
            The reason if the destination did not accept it. None otherwise.
        """
        try:
            if destination.type is DestinationType.FUNCTION:
                return self._invoke(destination.address, message.body)
            if destination.type is DestinationType.QUEUE:
                self._send(destination.address, message)
            if destination.type is DestinationType.EVENT_BUS:
                return self._put(destination.address, message.body)
            if destination.type is DestinationType.TOPIC:
                topic = destination.address
                self._session.client("sns").publish(TopicArn=topic, Message=message.body)
        except (BotoCoreError, ClientError) as error:
            return " ".join(str(explain(error)).split())
        return destination.problem or None

    def _invoke(self, function: str, event: str) -> str | None:
        """Invoke a function synchronously. Only the response shows whether it failed."""
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
        """Put an event on the bus of a rule: the other account admits the rule, not the caller."""
        events = self._session.client("events")
        rule = RuleName.of_arn(rule_arn)
        # EventBridge drops an event that no rule matches, without an error.
        if events.describe_rule(Name=rule.name, EventBusName=rule.bus)["State"] == "DISABLED":
            return f"rule {rule.name} is disabled"
        event = json.loads(body) if _is_json(body) else None
        if not isinstance(event, dict) or event.get("detail-type") not in HUMAN_LOOP_DETAIL_TYPES:
            return "only the events of human loops can be sent again on an event bus"
        # EventBridge accepts the source of AWS from AWS only. The rule and the hub match this one.
        entry = {
            "Source": PROJECT_SOURCE,
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event.get("detail")),
            "Resources": event.get("resources") or [],
            "EventBusName": rule.bus,
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
    """Return the error in the response of a function."""
    text = payload.decode(errors="replace")
    try:
        error = json.loads(text)
    except ValueError:
        return text
    if not isinstance(error, dict):
        return text
    parts = [error.get("errorType"), error.get("errorMessage")]
    return ": ".join(str(part) for part in parts if part) or text
