"""The destination of a message: the function, queue, topic or bus that did not process it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage, Sender
from human_loops_cli.dead_letters.dead_letter_queues import DeployedDeadLetterQueue


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
            return f"{self.type} {parse_rule_arn(self.address)[0]}"
        return f"{self.type} {self.address.rpartition('/')[2].rpartition(':')[2]}"


def destination_of(message: DeadLetterMessage, queue: DeployedDeadLetterQueue) -> Destination:
    """Return the destination of a message in a queue."""
    if message.target_arn is not None:
        return _target(message.target_arn, message.rule_arn)
    if queue.source_url is not None:
        return Destination(type=DestinationType.QUEUE, address=queue.source_url)
    if queue.function is not None and message.sender in (Sender.LAMBDA, Sender.HANDLER):
        return Destination(type=DestinationType.FUNCTION, address=queue.function)
    return Destination(
        type=DestinationType.NONE, problem="the message does not say what it was meant for"
    )


def _target(arn: str, rule_arn: str | None) -> Destination:
    parts = arn.split(":", 5)
    service, name = (parts[2], parts[5]) if len(parts) > 5 else ("", "")
    if arn.endswith(".fifo"):
        return Destination(
            type=DestinationType.NONE, problem=f"{arn} is FIFO: the message group is not known"
        )
    if service == "lambda" and name.startswith("function:"):
        return Destination(type=DestinationType.FUNCTION, address=arn)
    if service == "sqs":
        return Destination(type=DestinationType.QUEUE, address=arn)
    if service == "sns":
        return Destination(type=DestinationType.TOPIC, address=arn)
    if service == "events" and name.startswith("event-bus/") and rule_arn is not None:
        return Destination(type=DestinationType.EVENT_BUS, address=rule_arn)
    problem = f"{arn} is no function, queue, topic or event bus"
    return Destination(type=DestinationType.NONE, problem=problem)


def parse_rule_arn(arn: str) -> tuple[str, str]:
    """Return the bus and the name of a rule."""
    bus, _, name = arn.partition(":rule/")[2].rpartition("/")
    return bus or "default", name
