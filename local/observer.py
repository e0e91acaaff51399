"""Observes what the targets of a stack receive and what its ledger has, by human loop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from human_loop_reviews.aws.ledger_table import is_of_reconciler
from local.cases import Case
from local.deployment import EmulatedStack
from local.emulator import Emulator
from local.mailbox import Mailbox

OUTCOME_PATTERN = {"source": ["human-loop-events"], "detail-type": ["Human Review Outcome"]}


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The observations of one human loop."""

    topic: int = 0
    """The number of its events at a subscriber of the topic."""
    queue: int = 0
    """The number of its events at a consumer of the queue."""
    alerts: Sequence[str] = ()
    """The alerts about it."""
    outcomes: Sequence[Mapping[str, Any]] = ()
    """The outcomes on the event bus."""
    records: Sequence[Mapping[str, Any]] = ()
    """Its items in the ledger."""

    def differences(self, case: Case) -> list[str]:
        """Return the differences from what is expected of a case."""
        kept = 1 if case.arrives else 0
        counts = {
            "events at the topic": (case.arrivals, self.topic),
            "events in the queue": (case.arrivals, self.queue),
            "alerts": (case.alerts, len(self.alerts)),
            "ids of outcomes": (kept, len({outcome["outcomeId"] for outcome in self.outcomes})),
            "ledger items": (kept, len(self.records)),
        }
        recorded = {
            f"{name} in the ledger": (expected, record.get(name))
            for record in self.records
            for name, expected in case.record.items()
        }
        reviewed = {
            f"fields of outcome {outcome['outcomeId']}": (
                case.sample.outcome["fields"],
                outcome.get("fields"),
            )
            for outcome in self.outcomes
            if case.sample
        }
        return [
            f"{case.loop}: expected {place}: {expected!r}, got {got!r}"
            for place, (expected, got) in (counts | recorded | reviewed).items()
            if expected != got
        ]


class Observer:
    """Receives what a stack sends to its targets. Create it before the first event is sent."""

    def __init__(self, emulator: Emulator, stack: EmulatedStack) -> None:
        self.stack = stack
        self._topic = Mailbox.subscribed(emulator, stack["TopicArn"])
        self._alerts = Mailbox.subscribed(emulator, stack["AlertsTopicArn"])
        self._outcomes = Mailbox.listening(emulator, OUTCOME_PATTERN, f"{stack.name}-outcomes")
        self._queue = Mailbox(emulator, stack["QueueUrl"])
        self._dead_letter_queues = [
            Mailbox(emulator, stack[queue])
            for queue in ("DeadLetterQueueUrl", "QueueDeadLetterQueueUrl")
        ]
        self._dynamodb = emulator.client("dynamodb")
        self._logs = emulator.client("logs")
        self._log_group = emulator.client("lambda").get_function_configuration(
            FunctionName=stack["HandlerName"]
        )["LoggingConfig"]["LogGroup"]

    def observe(self, loop: str) -> Observation:
        """Return the observations of a human loop."""
        return Observation(
            topic=sum(_is_about(loop, message) for message in self._topic.collect()),
            queue=sum(_is_about(loop, message) for message in self._queue.collect()),
            alerts=[text for text in self.alerts() if _names(loop, text)],
            outcomes=[
                detail
                for detail in (json.loads(event)["detail"] for event in self._outcomes.collect())
                if detail["humanLoopName"] == loop
            ],
            records=[item for item in self.ledger() if item["humanLoopName"] == loop],
        )

    def alerts(self) -> list[str]:
        """Return all messages to the subscribers of the alerts."""
        return self._alerts.collect()

    def dead_letter_messages(self) -> list[str]:
        """Return all messages in the dead-letter queues."""
        return [message for queue in self._dead_letter_queues for message in queue.collect()]

    def ledger(self) -> list[dict[str, Any]]:
        """Return all outcomes in the ledger, without the reconciler's own items."""
        deserialize = TypeDeserializer().deserialize
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self.stack["LedgerTableName"], ConsistentRead=True
        )
        return [
            {name: deserialize(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
            if not is_of_reconciler(item)
        ]

    def handler_log(self) -> list[str]:
        """Return the lines of the handler's log."""
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=self._log_group)
        return [event["message"] for page in pages for event in page["events"]]

    def handler_runs(self) -> int:
        """Return the number of the handler's invocations that have ended."""
        return sum(line.startswith("END RequestId") for line in self.handler_log())


def _is_about(loop: str, message: str) -> bool:
    return bool(json.loads(message)["detail"]["humanLoopName"] == loop)


def _names(loop: str, alert: str) -> bool:
    """Return whether a line of the alert names the loop. Each line is in quotes."""
    return f"Human loop: {loop}" in (line.strip('"') for line in alert.splitlines())
