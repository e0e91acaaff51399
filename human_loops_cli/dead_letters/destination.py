"""The destination of a message: the function, queue, topic or bus that did not process it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage, Sender
from human_loops_cli.dead_letters.dead_letter_queues import DeployedDeadLetterQueue
from human_loops_cli.dead_letters.permitted_targets import PermittedTargets
from human_loops_cli.stack_rules import RuleName


class DestinationType(StrEnum):
    """The types of destinations."""

    FUNCTION = "function"
    QUEUE = "queue"
    TOPIC = "topic"
    #: The bus of the rule that could not forward an event. The rule forwards it again.
    EVENT_BUS = "event bus"
    #: The message cannot be redriven.
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """The destination of a message."""

    type: DestinationType
    """Its type."""
    address: str = ""
    """The function's name or ARN, the queue's URL or ARN, the topic's ARN, the rule's ARN."""
    problem: str = ""
    """Why the message cannot be redriven."""

    def __str__(self) -> str:
        """Return the type and the name."""
        if self.type is DestinationType.NONE:
            return f"nowhere: {self.problem}"
        if self.type is DestinationType.EVENT_BUS:
            return f"{self.type} {RuleName.of_arn(self.address).bus}"
        return f"{self.type} {self.address.rpartition('/')[2].rpartition(':')[2]}"


def destination_of(
    message: DeadLetterMessage, queue: DeployedDeadLetterQueue, permitted: PermittedTargets
) -> Destination:
    """Return the destination of a message in a queue.

    Parameters
    ----------
    message
        The message.
    queue
        The queue.
    permitted
        The targets that a message of a rule may be sent to.
    """
    if message.target_arn is not None:
        destination = _target(message.target_arn, message.rule_arn)
        refusal = _refusal(destination, message.target_arn, permitted)
        return _nowhere(refusal) if refusal else destination
    if queue.source_url is not None:
        return Destination(type=DestinationType.QUEUE, address=queue.source_url)
    if queue.function is not None and message.sender in (Sender.LAMBDA, Sender.HANDLER):
        return Destination(type=DestinationType.FUNCTION, address=queue.function)
    return _nowhere("the message does not say what it was meant for")


def _refusal(destination: Destination, target: str, permitted: PermittedTargets) -> str:
    if destination.type is DestinationType.NONE:
        return ""
    if destination.type is DestinationType.EVENT_BUS:
        return permitted.refusal_of_bus(target, destination.address)
    return permitted.refusal(target)


def _target(arn: str, rule_arn: str | None) -> Destination:
    parts = arn.split(":", 5)
    service, name = (parts[2], parts[5]) if len(parts) > 5 else ("", "")
    if arn.endswith(".fifo"):
        return _nowhere(f"{arn} is FIFO: the message group is not known")
    if service == "lambda" and name.startswith("function:"):
        return Destination(type=DestinationType.FUNCTION, address=arn)
    if service == "sqs":
        return Destination(type=DestinationType.QUEUE, address=arn)
    if service == "sns":
        return Destination(type=DestinationType.TOPIC, address=arn)
    if service == "events" and name.startswith("event-bus/") and rule_arn is not None:
        return Destination(type=DestinationType.EVENT_BUS, address=rule_arn)
    return _nowhere(f"{arn} is no function, queue, topic or event bus")


def _nowhere(problem: str) -> Destination:
    return Destination(type=DestinationType.NONE, problem=problem)
