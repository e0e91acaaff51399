"""The dead-letter queues of a stack, and a client that receives from them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.stack import NO_OUTPUTS_ADVICE, DeployedStack

_SUFFIX: Final = "DeadLetterQueueUrl"

# SQS's limit for one request.
_MAX_MESSAGES: Final = 10

# The visibility timeout of listed messages. A listing that ends resets it.
_SECONDS_OF_A_LISTING: Final = 30

# Long polling queries all servers of SQS, short polling only some.
_SECONDS_TO_WAIT: Final = 1


@dataclass(frozen=True, kw_only=True)
class DeployedDeadLetterQueue:
    """A dead-letter queue of a stack."""

    name: str
    """The name of the stack's output, without ``Url``."""
    url: str
    """The queue's URL."""
    source_url: str | None = None
    """The URL of the queue whose messages SQS moves here. None if it is not for a queue."""
    function: str | None = None
    """The name of the function whose events Lambda sends here. None if it is not for a function."""

    @property
    def source_name(self) -> str:
        """The name of the output of the queue whose messages SQS moves here."""
        return self.name.removesuffix("DeadLetterQueue")


@dataclass(frozen=True)
class ReceivedMessage:
    """A message, and the time at which SQS returned it, by the clock of SQS."""

    message: DeadLetterMessage
    time: datetime


def find_queues(stack: DeployedStack, name: str | None = None) -> list[DeployedDeadLetterQueue]:
    """Return the dead-letter queues of a stack.

    Parameters
    ----------
    stack
        The stack.
    name
        The name of one of them. Default: all.

    Raises
    ------
    CommandError
        If the stack has no such queue. The message lists those that it has.

    Examples
    --------
    >>> stack = DeployedStack(name="s", arn="", outputs={"AQueueDeadLetterQueueUrl": "dead",
    ...     "AQueueUrl": "alive"})
    >>> [(queue.name, queue.source_url) for queue in find_queues(stack)]
    [('AQueueDeadLetterQueue', 'alive')]
    """
    queues = [
        DeployedDeadLetterQueue(
            name=output.removesuffix("Url"),
            url=url,
            source_url=stack.outputs.get(f"{output.removesuffix(_SUFFIX)}Url"),
            function=stack.outputs.get(f"{output.removesuffix(_SUFFIX) or 'Handler'}Name"),
        )
        for output, url in sorted(stack.outputs.items())
        if output.endswith(_SUFFIX)
    ]
    if not queues:
        raise CommandError(
            f"stack {stack.name} has no dead-letter queue among its outputs",
            advice=NO_OUTPUTS_ADVICE,
        )
    if name is None:
        return queues
    named = [queue for queue in queues if queue.name.lower() == name.lower()]
    if not named:
        raise CommandError(
            f"stack {stack.name} has no dead-letter queue {name}",
            advice=f"It has {', '.join(queue.name for queue in queues)}.",
            status=ExitStatus.USAGE,
        )
    return named


class DeadLetterQueueClient:
    """Receives, deletes and releases the messages of a dead-letter queue.

    Parameters
    ----------
    sqs
        A client of SQS.
    queue
        The queue.
    """

    def __init__(self, sqs: Any, queue: DeployedDeadLetterQueue) -> None:
        self._sqs = sqs
        self.queue = queue

    def count(self) -> int:
        """Return the approximate number of messages, including those that are not visible."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def arn(self) -> str:
        """Return the queue's ARN."""
        return queue_arn(self._sqs, self.queue.url)

    def browse(self, at_most: int) -> list[DeadLetterMessage]:
        """Return messages without deleting them: each once, the oldest first.

        Other consumers cannot receive them meanwhile. If the process is killed, the messages become
        visible again after 30 seconds.

        Parameters
        ----------
        at_most
            How many messages to return.
        """
        messages: dict[str, DeadLetterMessage] = {}
        handles: list[str] = []
        deadline = time.monotonic() + _SECONDS_OF_A_LISTING
        try:
            while len(messages) < at_most and time.monotonic() < deadline:
                received = self._receive(_MAX_MESSAGES, hidden_for=_SECONDS_OF_A_LISTING)
                handles += [each.message.receipt_handle for each in received]
                new = [each.message for each in received if each.message.message_id not in messages]
                if not new:
                    break
                messages |= {message.message_id: message for message in new}
        finally:
            self.show_again(handles)
        oldest_first = sorted(
            messages.values(), key=lambda message: (message.sent, message.message_id)
        )
        return oldest_first[:at_most]

    def receive(self, *, hidden_for: int) -> ReceivedMessage | None:
        """Receive one message with a visibility timeout. None if there is none."""
        received = self._receive(1, hidden_for=hidden_for)
        return received[0] if received else None

    def delete(self, message: DeadLetterMessage) -> None:
        """Delete a message that was received."""
        self._sqs.delete_message(QueueUrl=self.queue.url, ReceiptHandle=message.receipt_handle)

    def show_again(self, handles: Iterable[str]) -> None:
        """Make messages visible again. If a call fails, their visibility timeout ends later."""
        for batch in _batches(handles):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(batch)
            ]
            with contextlib.suppress(BotoCoreError, ClientError):
                self._sqs.change_message_visibility_batch(QueueUrl=self.queue.url, Entries=entries)

    def _receive(self, at_most: int, *, hidden_for: int) -> list[ReceivedMessage]:
        answer = self._sqs.receive_message(
            QueueUrl=self.queue.url,
            MaxNumberOfMessages=at_most,
            VisibilityTimeout=hidden_for,
            WaitTimeSeconds=_SECONDS_TO_WAIT,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        now = _time_of(answer)
        return [
            ReceivedMessage(DeadLetterMessage.parse(message, queue=self.queue.name), now)
            for message in answer.get("Messages", ())
        ]


def queue_arn(sqs: Any, url: str) -> str:
    """Return a queue's ARN."""
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _time_of(answer: dict[str, Any]) -> datetime:
    """Return the end of the second in which SQS responded, by the clock of SQS."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    now = datetime.now(UTC)
    if date is not None:
        with contextlib.suppress(ValueError):
            now = parsedate_to_datetime(date)
    return now + timedelta(seconds=1)


def _batches(handles: Iterable[str]) -> Iterator[Sequence[str]]:
    remaining = iter(handles)
    while batch := list(islice(remaining, _MAX_MESSAGES)):
        yield batch
