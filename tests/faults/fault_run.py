"""A run: deploys the stacks of `app.py`, ends loops under faults, and observes the results."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from boto3.dynamodb.types import TypeDeserializer

from human_loop_reviews.aws.ledger_table import is_of_reconciler
from local.a2i_server import A2IServer, Loop
from local.cases import OUTPUT_BUCKET
from local.deployment import EmulatedStack, deploy_app
from local.emulator import Emulator
from local.mailbox import Mailbox
from local.observer import OUTCOME_PATTERN
from local.waiting import wait_until
from tests.faults import request_faults
from tests.faults.plan import CREATED, DELIVERIES, FaultyLoop, Planner
from tests.faults.proxy import Proxy

OUTCOME_BUS = "reviewed-outcomes"

_SECONDS_BEFORE_A_LOOK = 0.5
_SECONDS_OF_QUIET = 3.5
"""Longer than the time between two attempts: up to two seconds, and the start of a process."""
_SECONDS_OF_STANDSTILL = 30
_MAX_RUN_SECONDS = 3600
_MAX_RECONCILER_RUNS = 200
_SECONDS_BETWEEN_RUNS = 0.5


@dataclass(frozen=True, kw_only=True)
class DeadLetterMessage:
    """A message in a dead-letter queue."""

    queue: str
    event: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Observations:
    """What the stacks stored and sent, and the injected faults."""

    ledger: Sequence[Mapping[str, Any]]
    outcomes: Sequence[Mapping[str, Any]]
    dead_letter_messages: Sequence[DeadLetterMessage]
    topic: Sequence[Mapping[str, Any]]
    """The events at the topics' subscribers."""
    queue: Sequence[Mapping[str, Any]]
    """The events at the queues' consumers."""
    alerts: Sequence[str]
    """The texts at the alerts' subscribers."""
    injected: Mapping[str, int]
    """How many faults were injected, by human loop."""
    notes: Sequence[str]
    """Discrepancies that belong to no human loop."""


class ObservedStack:
    """A stack and its subscribers. Create it before the first event is sent."""

    def __init__(self, emulator: Emulator, stack: EmulatedStack, delivery: str) -> None:
        self.delivery = delivery
        self.outputs = stack
        self.topic = Mailbox.subscribed(emulator, stack["TopicArn"])
        self.queue = Mailbox(emulator, stack["QueueUrl"])
        self.alerts = Mailbox.subscribed(emulator, stack["AlertsTopicArn"])
        self.dead_letter_messages = {
            name: Mailbox(emulator, url)
            for name, url in stack.outputs.items()
            if name.endswith("DeadLetterQueueUrl")
        }
        self.handler_queue: Mailbox | None = None
        if delivery == "buffered":
            self.handler_queue = Mailbox(emulator, stack["HandlerQueueUrl"])
            # SQS retries each second instead of every twelve minutes.
            emulator.client("sqs").set_queue_attributes(
                QueueUrl=stack["HandlerQueueUrl"], Attributes={"VisibilityTimeout": "1"}
            )

    def collect_dead_letter_messages(self) -> list[DeadLetterMessage]:
        """Return all messages that have arrived in the dead-letter queues."""
        return [
            _parse_message(name, body, attributes)
            for name, mailbox in self.dead_letter_messages.items()
            for body, attributes in zip(mailbox.collect(), mailbox.attributes, strict=True)
        ]


class FaultRun:
    """Deploys the stacks, and ends human loops under faults."""

    def __init__(self, emulator: Emulator, a2i: A2IServer, proxy: Proxy) -> None:
        self._emulator = emulator
        self._a2i = a2i
        self._proxy = proxy
        self._events = emulator.client("events")
        self._lambda = emulator.client("lambda")
        self._s3 = emulator.client("s3")
        self._dynamodb = emulator.client("dynamodb")
        self._outcomes: Mailbox | None = None
        self._notes: list[str] = []
        app = [sys.executable, "-m", "tests.faults.app", OUTPUT_BUCKET, OUTCOME_BUS]
        deployed = deploy_app(emulator, app, [f"Faults-{delivery}" for delivery in DELIVERIES])
        self.stacks = {
            delivery: ObservedStack(emulator, deployed[f"Faults-{delivery}"], delivery)
            for delivery in DELIVERIES
        }

    def planner(self, seed: int) -> Planner:
        """Return the planner of a run."""
        kill = {
            (delivery, function.lower()): partial(
                _kill, self._emulator, stack.outputs[f"{function}Name"]
            )
            for delivery, stack in self.stacks.items()
            for function in ("Handler", "Reconciler")
        }
        return Planner(choose=_choices(seed), kill=kill, write=self._write)

    def run(self, loops: Sequence[FaultyLoop], seed: int) -> Observations:
        """End all loops, wait until there are no more requests, and return the observations."""
        shuffle = _choices(seed)
        early = [loop for loop in loops if loop.before_the_bus]
        repaired = [loop for loop in loops if loop.repaired]
        for loop in loops:
            for operation, faults in loop.request_faults:
                self._proxy.inject(loop.name, operation, faults)
            if loop.first_output is not None:
                self._put(loop, loop.first_output)
        self._take_stock()
        self._add_to_a2i(loop for loop in loops if loop.throttled)
        self._end_without_outcome_bus(early, shuffle)
        self._create_outcome_bus()
        self._send([loop for loop in loops if not loop.before_the_bus], shuffle)
        self._await(loops, recovered=False)
        for loop in repaired:
            self._write(loop)
        self._send(repaired, shuffle)
        # A reconciler would send the event of a poison message once more.
        self._reconcile([loop for loop in loops if loop.is_recorded])
        self._await(loops, recovered=True)
        wait_until(
            lambda: self._proxy.seconds_of_quiet() > _SECONDS_OF_QUIET, seconds=_MAX_RUN_SECONDS
        )
        return self._observe()

    def _is_quiet(self) -> bool:
        return self._proxy.seconds_of_quiet() > _SECONDS_OF_QUIET

    def _write(self, loop: FaultyLoop) -> None:
        assert loop.output is not None
        self._put(loop, loop.output)

    def _put(self, loop: FaultyLoop, content: str) -> None:
        uri = urlsplit(str(loop.output_uri))
        self._s3.put_object(
            Bucket=uri.netloc, Key=uri.path.removeprefix("/"), Body=content.encode()
        )

    def _take_stock(self) -> None:
        """Run each reconciler once: loops that end before its first run are not missing."""
        self._a2i.flow_definitions.update(self.stacks)
        for stack in self.stacks.values():
            answer = self._invoke_reconciler(stack)
            if answer.get("missingLoops") != 0:
                self._notes.append(f"the reconciler found loops before any ended: {answer}")

    def _send(self, loops: Iterable[FaultyLoop], shuffle: random.Random) -> None:
        """Send the events of loops in random order."""
        events = [(loop, event) for loop in loops for event in loop.events]
        shuffle.shuffle(events)
        for loop, event in events:
            if loop.delivery == "buffered":
                self._put_event(event)
            else:
                # In an account, the rule invokes it this way. The emulator's rules do not retry.
                self._lambda.invoke(
                    FunctionName=self.stacks["direct"].outputs["HandlerName"],
                    InvocationType="Event",
                    Payload=json.dumps(event),
                )

    def _put_event(self, event: Mapping[str, Any]) -> None:
        answer = self._events.put_events(
            Entries=[
                {
                    "Source": event["source"],
                    "DetailType": event["detail-type"],
                    "Detail": json.dumps(event["detail"]),
                    "Resources": event["resources"],
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the emulator refused an event: {answer['Entries']}")

    def _end_without_outcome_bus(self, loops: Sequence[FaultyLoop], shuffle: random.Random) -> None:
        """End loops, and wait until the handlers have tried all of them.

        Buffered loops come last, because their number of retries is limited.
        """
        for delivery in reversed(DELIVERIES):
            these = [loop for loop in loops if loop.delivery == delivery]
            self._send(these, shuffle)
            if not wait_until(partial(self._were_tried, these), seconds=_MAX_RUN_SECONDS):
                self._notes.append(f"not every {delivery} loop was tried without an outcome bus")
        recorded = self._recorded()
        if recorded:
            self._notes.append(f"recorded without an outcome bus: {sorted(recorded)}")

    def _were_tried(self, loops: Sequence[FaultyLoop]) -> bool:
        failed = {loop.name for loop in loops if loop.dead_letter_reason is not None}
        return self._loops_with_dead_letter_message() >= failed and all(
            self._proxy.requests(loop.name, "GetItem") > 1 for loop in loops
        )

    def _create_outcome_bus(self) -> None:
        with self._proxy.closed():  # no outcome before the mailbox exists
            self._events.create_event_bus(Name=OUTCOME_BUS)
            self._outcomes = Mailbox.listening(
                self._emulator, OUTCOME_PATTERN, "Faults-outcomes", OUTCOME_BUS
            )

    def _await(self, loops: Sequence[FaultyLoop], *, recovered: bool) -> None:
        """Wait until all expected results have arrived, or there are no more requests.

        Before the reconcilers run, recovered loops and repaired outputs are not expected.
        """
        recorded = {x.name for x in loops if x.is_recorded and (recovered or not x.recovered)}
        repaired = {x.name for x in loops if x.repaired} if recovered else set()
        failed = {x.name for x in loops if x.dead_letter_reason is not None}

        def is_over() -> bool:
            quiet = self._proxy.seconds_of_quiet()
            return quiet > _SECONDS_OF_STANDSTILL or (
                quiet > _SECONDS_BEFORE_A_LOOK
                and self._waiting() == 0
                and self._loops_with_dead_letter_message() >= failed
                and self._recorded() >= recorded
                and self._recorded(readable=True) >= repaired
            )

        if not wait_until(is_over, seconds=_MAX_RUN_SECONDS):
            self._notes.append(f"there were still requests after {_MAX_RUN_SECONDS} s")

    def _waiting(self) -> int:
        queues = (stack.handler_queue for stack in self.stacks.values())
        return sum(queue.waiting for queue in queues if queue is not None)

    def _loops_with_dead_letter_message(self) -> set[str]:
        """Return the loops that have a dead-letter message."""
        return {
            message.event["detail"]["humanLoopName"]
            for stack in self.stacks.values()
            for message in stack.collect_dead_letter_messages()
        }

    def _recorded(self, *, readable: bool = False) -> set[str]:
        """Return the loops in the ledgers, or those among them without an error of the output."""
        return {
            item["humanLoopName"]
            for item in self._ledger()
            if not (readable and item["outputError"])
        }

    def _reconcile(self, loops: Sequence[FaultyLoop]) -> None:
        """Add the loops to A2I, and run the reconcilers until they find no missing loop."""
        self._add_to_a2i(loop for loop in loops if not loop.throttled)
        for stack in self.stacks.values():
            for _ in range(_MAX_RECONCILER_RUNS):
                answer = self._invoke_reconciler(stack)
                if answer.get("missingLoops") == 0:
                    break
                time.sleep(_SECONDS_BETWEEN_RUNS)
            else:
                self._notes.append(f"the reconciler still found missing loops: {answer}")

    def _add_to_a2i(self, loops: Iterable[FaultyLoop]) -> None:
        for loop in loops:
            self._a2i.add(
                Loop(
                    loop.name,
                    loop.delivery,
                    loop.status,
                    creation_time=CREATED,
                    output_s3_uri=loop.output_uri,
                    throttled=loop.throttled,
                )
            )

    def _invoke_reconciler(self, stack: ObservedStack) -> dict[str, Any]:
        response = self._lambda.invoke(FunctionName=stack.outputs["ReconcilerName"])
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        return answer

    def _ledger(self) -> list[dict[str, Any]]:
        deserialize = TypeDeserializer().deserialize
        return [
            {name: deserialize(value) for name, value in item.items()}
            for stack in self.stacks.values()
            for item in self._items(stack.outputs["LedgerTableName"])
            if not is_of_reconciler(item)
        ]

    def _items(self, table: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        for page in pages:
            yield from page["Items"]

    def _observe(self) -> Observations:
        assert self._outcomes is not None
        stacks = self.stacks.values()
        return Observations(
            ledger=self._ledger(),
            outcomes=[json.loads(body)["detail"] for body in self._outcomes.collect()],
            dead_letter_messages=[
                message for stack in stacks for message in stack.collect_dead_letter_messages()
            ],
            topic=[json.loads(body) for stack in stacks for body in stack.topic.collect()],
            queue=[json.loads(body) for stack in stacks for body in stack.queue.collect()],
            alerts=[text for stack in stacks for text in stack.alerts.collect()],
            injected=Counter(self._proxy.injected) + self._a2i.throttled,
            notes=[*self._notes, *self._proxy.errors],
        )


def _choices(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - they must be repeatable


def _kill(emulator: Emulator, function_name: str, after: bool) -> Callable[[Any], None]:
    return request_faults.kill(emulator, function_name, after=after)


def _parse_message(queue: str, body: str, attributes: Mapping[str, str]) -> DeadLetterMessage:
    message = json.loads(body)
    if "requestPayload" in message:
        # The emulator's Lambda uses the format of a failure destination.
        reason = message["responsePayload"].get("errorMessage", "")
        return DeadLetterMessage(queue=queue, event=message["requestPayload"], reason=reason)
    return DeadLetterMessage(queue=queue, event=message, reason=attributes.get("ErrorMessage", ""))
