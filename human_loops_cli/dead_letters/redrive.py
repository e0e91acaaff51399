"""Redrive: messages are sent to their destinations, and then deleted.

A message is deleted only after its destination accepted it. An interruption loses no message. A
message can be delivered twice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.dead_letter_queues import (
    DeadLetterQueueClient,
    DeployedDeadLetterQueue,
    queue_arn,
)
from human_loops_cli.dead_letters.destination import Destination
from human_loops_cli.dead_letters.message_redriver import MessageRedriver
from human_loops_cli.dead_letters.received_once import received_once
from human_loops_cli.dead_letters.selection import Selection
from human_loops_cli.errors import explain

# Longer than the maximum timeout of a function, so that no other consumer receives the message.
_HIDDEN_FOR: Final = 960

_SECONDS_BETWEEN_LOOKS: Final = 1.0

# How many messages are received to choose some of them.
_CHOSEN_FROM: Final = 100

#: The error codes of SQS and of emulators for messages that SQS cannot move.
_CANNOT_MOVE: Final = frozenset(
    {
        "AWS.SimpleQueueService.UnsupportedOperation",
        "InvalidAction",
        "InvalidParameterValue",
        "NotImplemented",
        "ResourceNotFoundException",
        "UnsupportedOperation",
    }
)


@dataclass(frozen=True)
class NotRedriven:
    """A message that was not redriven, and the reason."""

    message: DeadLetterMessage
    problem: str


@dataclass
class Redrive:
    """The result of a redrive of one queue, current also after an interruption."""

    queue: DeployedDeadLetterQueue
    """The queue."""
    redriven: int = 0
    """How many messages were delivered and deleted."""
    not_redriven: list[NotRedriven] = field(default_factory=list)
    """The messages that stay in the queue."""
    arrived_meanwhile: int = 0
    """How many messages arrived, or returned, during the redrive. They stay in the queue."""
    problem: str = ""
    """Why SQS stopped moving messages."""

    @property
    def is_complete(self) -> bool:
        """Whether every message was redriven."""
        return not self.not_redriven and not self.problem


Progressed = Callable[[int, int], None]
"""Called with the number of processed messages, and the total."""


def move(redrive: Redrive, sqs: Any, progressed: Progressed) -> bool:
    """Start a message move task of SQS from a dead-letter queue to its source queue.

    Parameters
    ----------
    redrive
        The redrive of a queue with a source queue.
    sqs
        A client.
    progressed
        Called with the progress.

    Returns
    -------
    bool
        True if SQS moved the messages. False if the emulator does not support this operation, or
        the queue is not the dead-letter queue of a queue.
    """
    queue, client = redrive.queue, DeadLetterQueueClient(sqs, redrive.queue)
    if queue.source_url is None:
        return False
    if client.count() == 0:
        return True
    source = client.arn()
    earlier = None
    try:
        task = _latest_task(sqs, source)
        if not _is_running(task):
            earlier = task.get("StartedTimestamp")
            # Messages that a handler sent have no source queue that SQS knows.
            sqs.start_message_move_task(
                SourceArn=source, DestinationArn=queue_arn(sqs, queue.source_url)
            )
    except ClientError as error:
        if error.response["Error"]["Code"] in _CANNOT_MOVE:
            return False
        raise
    while True:
        task = _latest_task(sqs, source)
        if task.get("StartedTimestamp") != earlier:
            redrive.redriven = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            to_move = int(task.get("ApproximateNumberOfMessagesToMove", 0))
            progressed(redrive.redriven, max(to_move, redrive.redriven))
            if not _is_running(task):
                break
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    if task.get("Status") != "COMPLETED":
        reason = task.get("FailureReason", "no reason given")
        redrive.problem = f"SQS stopped moving messages: {task.get('Status')}: {reason}"
    return True


def deliver(
    redrive: Redrive,
    client: DeadLetterQueueClient,
    redriver: MessageRedriver,
    destination_of: Callable[[DeadLetterMessage], Destination],
    *,
    selection: Selection,
    at_most: int | None,
    progressed: Progressed,
) -> None:
    """Send the messages of a queue to their destinations one by one.

    Parameters
    ----------
    redrive
        The redrive of the queue.
    client
        The queue.
    redriver
        Sends the messages.
    destination_of
        Returns the destination of a message.
    selection
        Which messages to send.
    at_most
        How many messages to send, chosen at random. None for all.
    progressed
        Called with the progress.
    """
    total = client.count() if at_most is None else min(at_most, client.count())
    delivered: set[str] = set()
    with received_once(client, hidden_for=_HIDDEN_FOR) as received:
        chosen: Iterable[DeadLetterMessage] = filter(selection.has, received)
        if at_most is not None:
            chosen = _some(chosen, at_most)
        for message in chosen:
            problem = _redrive(message, client, redriver, destination_of, delivered)
            if problem is not None:
                redrive.not_redriven.append(NotRedriven(message, problem))
            else:
                received.forget(message)
            redrive.redriven = len(delivered)
            redrive.arrived_meanwhile = received.arrived_meanwhile
            done = len(delivered) + len(redrive.not_redriven)
            progressed(done, max(total, done))
        redrive.arrived_meanwhile = received.arrived_meanwhile


def _some(messages: Iterable[DeadLetterMessage], at_most: int) -> list[DeadLetterMessage]:
    """Choose messages at random: the first ones can be those that fail each time."""
    found = list(islice(messages, max(at_most, _CHOSEN_FROM)))
    return random.sample(found, min(at_most, len(found)))  # no secret


def _redrive(
    message: DeadLetterMessage,
    client: DeadLetterQueueClient,
    redriver: MessageRedriver,
    destination_of: Callable[[DeadLetterMessage], Destination],
    delivered: set[str],
) -> str | None:
    """Send a message and delete it. Return the reason if that failed."""
    if message.message_id not in delivered:
        problem = redriver.send(message, destination_of(message))
        if problem is not None:
            return problem
    try:
        client.delete(message)
    except (BotoCoreError, ClientError) as error:
        return f"delivered, but not deleted: {explain(error)}"
    delivered.add(message.message_id)
    return None


def _latest_task(sqs: Any, source: str) -> dict[str, Any]:
    tasks = sqs.list_message_move_tasks(SourceArn=source, MaxResults=1).get("Results", [])
    return dict(tasks[0]) if tasks else {}


def _is_running(task: dict[str, Any]) -> bool:
    return task.get("Status") in ("RUNNING", "CANCELLING")
