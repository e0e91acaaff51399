"""Where a letter goes back: the function, queue or topic that did not process it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.contract import ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE
from human_loops_cli.dead_letters.letter import Letter, Sender
from human_loops_cli.dead_letters.queue import DeadLetterQueue
from human_loops_cli.errors import explain
from human_loops_cli.session import Session

# A message that fails again gets the error of that time.
_OLD_ERROR: Final = frozenset({ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE})


class Kind(StrEnum):
    """What a letter can be sent to."""

    FUNCTION = "function"
    QUEUE = "queue"
    TOPIC = "topic"
    #: A letter that cannot be sent back.
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a letter goes back.

    Parameters
    ----------
    kind
        What it is.
    address
        The function's name or ARN, the queue's URL or ARN, the topic's ARN.
    problem
        Why the letter cannot be sent back.
    """

    kind: Kind
    address: str = ""
    problem: str = ""

    def __str__(self) -> str:
        """Return the kind and the name."""
        if self.kind is Kind.NONE:
            return f"nowhere: {self.problem}"
        return f"{self.kind} {self.address.rpartition('/')[2].rpartition(':')[2]}"


def destination_of(letter: Letter, queue: DeadLetterQueue) -> Destination:
    """Return where a letter in a queue goes back."""
    if letter.target_arn is not None:
        return _target(letter.target_arn)
    if queue.source_url is not None:
        return Destination(kind=Kind.QUEUE, address=queue.source_url)
    if queue.function is not None and letter.sender in (Sender.LAMBDA, Sender.HANDLER):
        return Destination(kind=Kind.FUNCTION, address=queue.function)
    return Destination(kind=Kind.NONE, problem="the letter does not say what it was meant for")


def _target(arn: str) -> Destination:
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
    return Destination(kind=Kind.NONE, problem=f"{arn} is no function, queue or topic")


class Courier:
    """Sends letters to their destinations.

    Parameters
    ----------
    session
        Has the clients.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._urls: dict[str, str] = {}

    def deliver(self, letter: Letter, destination: Destination) -> str | None:
        """Send a letter.

        Parameters
        ----------
        letter
            The letter.
        destination
            Where it goes.

        Returns
        -------
        str | None
            Why it was not delivered, as far as is known. None if it was.
        """
        try:
            if destination.kind is Kind.FUNCTION:
                return self._invoke(destination.address, letter.body)
            if destination.kind is Kind.QUEUE:
                self._send(destination.address, letter)
            if destination.kind is Kind.TOPIC:
                topic = destination.address
                self._session.client("sns").publish(TopicArn=topic, Message=letter.body)
        except (BotoCoreError, ClientError) as error:
            return " ".join(str(explain(error)).split())
        return destination.problem or None

    def _invoke(self, function: str, event: str) -> str | None:
        """Invoke a function, and wait for its answer: only that says whether it failed."""
        if not _is_json(event):
            return "the letter is not JSON, which Lambda needs"
        answer = self._session.client("lambda").invoke(
            FunctionName=function, InvocationType="RequestResponse", Payload=event.encode()
        )
        if "FunctionError" not in answer:
            return None
        return f"the function failed again: {_describe_error(answer['Payload'].read())}"

    def _send(self, queue: str, letter: Letter) -> None:
        attributes = {
            name: _sendable(attribute)
            for name, attribute in letter.message_attributes.items()
            if letter.target_arn is None and name not in _OLD_ERROR
        }
        self._session.client("sqs").send_message(
            QueueUrl=self._url(queue), MessageBody=letter.body, MessageAttributes=attributes
        )

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
