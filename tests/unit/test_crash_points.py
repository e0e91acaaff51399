"""Crash points: whatever step the function stops at, a retry ends in the same state.

A step is a call of AWS or a printed metric. The steps are found by recording them, so a step that
is added later is stopped at too. A stop is no `Exception`: as when Lambda ends the process, no code
of the function runs after it, and the retry is made by a new execution environment.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from botocore.client import BaseClient

from human_loop_reviews.aws.dead_letter_queue import DeadLetterQueue
from human_loop_reviews.aws.document_store import DocumentStore
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.functions.review_handler import Services
from tests.unit.conftest import BUCKET, LEDGER_ARN, World, ended_loop, sample_output
from tests.unit.test_reconcile import Reconciled, reconciled

__all__ = ["reconciled"]  # a fixture

EARLY, LATE = "2019-11-14T17:49:25Z", "2019-11-14T17:50:25Z"
STEPS_OF_SETTLE = {"GetItem", "GetObject", "DescribeEventBus", "PutEvents", "PutItem", "print"}
STEPS_OF_GIVING_UP = {"GetItem", "GetObject", "PutEvents", "PutItem", "print", "SendMessage"}
STEPS_OF_RECONCILE = {
    *("GetItem", "ListHumanLoops", "BatchGetItem", "Query", "DescribeHumanLoop", "PutEvents"),
    *("PutItem", "print"),
}


class Stop(BaseException):
    """The end of the process."""


@dataclass(frozen=True)
class CrashPoint:
    """Before or after the step with an index."""

    index: int
    after: bool


@dataclass
class Steps:
    """The steps of an invocation, which may stop at one of them."""

    stop_at: CrashPoint | None = None
    names: list[str] = field(default_factory=list)

    def take(self, name: str, step: Callable[[], Any]) -> Any:
        index = len(self.names)
        self.names.append(name)
        if self.stop_at == CrashPoint(index, after=False):
            raise Stop
        result = step()
        if self.stop_at == CrashPoint(index, after=True):
            raise Stop
        return result


@contextmanager
def recorded(stop_at: CrashPoint | None = None) -> Iterator[Steps]:
    """Record the steps in the block, and stop it at one of them."""
    steps = Steps(stop_at)
    call, show = BaseClient._make_api_call, builtins.print  # type: ignore[attr-defined]

    def called(client: BaseClient, operation: str, parameters: Any) -> Any:
        return steps.take(operation, lambda: call(client, operation, parameters))

    def printed(*values: Any, **options: Any) -> None:
        steps.take("print", lambda: show(*values, **options))

    with (
        mock.patch.object(BaseClient, "_make_api_call", called),
        mock.patch.object(builtins, "print", printed),
    ):
        yield steps


def crash_points(steps: Sequence[str]) -> list[CrashPoint]:
    return [CrashPoint(index, after) for index in range(len(steps)) for after in (False, True)]


def test_stop_is_before_or_after_the_step(world: World) -> None:
    for point, items in ((CrashPoint(0, after=False), 0), (CrashPoint(0, after=True), 1)):
        item = {"humanLoopArn": {"S": "arn"}, "creationTime": {"S": "now"}}
        with pytest.raises(Stop), recorded(point):
            world.dynamodb.put_item(TableName="ledger", Item=item)
        assert len(world.ledger()) == items


# Settling


@dataclass(frozen=True)
class Scenario:
    """What is settled, and what was settled before."""

    event: dict[str, Any]
    output: str | None = None
    before: dict[str, Any] | None = None
    documents: bool = False
    """Whether the handler writes corrected documents."""
    steps: frozenset[str] = frozenset(STEPS_OF_SETTLE)


SCENARIOS = {
    "completed": Scenario(ended_loop(), sample_output("textract-invoice")),
    "stopped without an output": Scenario(ended_loop("Stopped")),
    "failed": Scenario(
        ended_loop("Failed", output_key=None, failureCode="Expired"),
        steps=frozenset(STEPS_OF_SETTLE - {"GetObject"}),
    ),
    "completed after it was stopped": Scenario(
        ended_loop(time=LATE),
        sample_output("custom-classifier"),
        before=ended_loop("Stopped", output_key=None, time=EARLY),
    ),
    "sent again": Scenario(
        ended_loop(source="human-loop-events"),
        sample_output("custom-classifier"),
        steps=frozenset({*STEPS_OF_SETTLE, "DescribeHumanLoop"}),
    ),
    "sent again after it was settled": Scenario(
        ended_loop(source="human-loop-events", time=LATE),
        sample_output("custom-classifier"),
        before=ended_loop(time=EARLY),
        # Both events say the same: the ledger changes the precedence only.
        steps=frozenset({"DescribeHumanLoop", "GetItem", "GetObject", "PutItem"}),
    ),
    "completed after it was recovered": Scenario(
        ended_loop(time=LATE),
        sample_output("custom-classifier"),
        before=ended_loop(source="human-loop-events", time=EARLY),
        # Both events say the same: the ledger changes the source and the end only.
        steps=frozenset({"GetItem", "GetObject", "PutItem"}),
    ),
    "completed, with a corrected document": Scenario(
        ended_loop(),
        sample_output("textract-invoice"),
        documents=True,
        steps=frozenset({*STEPS_OF_SETTLE, "PutObject"}),
    ),
}


class Retried:
    """Settles in new execution environments, and shows what is there afterwards."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.events.create_event_bus(Name="outcomes")
        queue = world.sqs.get_queue_attributes(
            QueueUrl=world.outcomes_url, AttributeNames=["QueueArn"]
        )
        world.events.put_rule(
            Name="all", EventBusName="outcomes", EventPattern='{"source": ["human-loop-events"]}'
        )
        world.events.put_targets(
            Rule="all",
            EventBusName="outcomes",
            Targets=[{"Id": "queue", "Arn": queue["Attributes"]["QueueArn"]}],
        )
        self.letters_url = world.sqs.create_queue(QueueName="letters")["QueueUrl"]

    def forget(self) -> None:
        for item in self._world.ledger():
            key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
            self._world.dynamodb.delete_item(TableName="ledger", Key=key)
        self.outcome_ids()
        self.letters()

    def settle(self, event: dict[str, Any], *, documents: bool = False) -> None:
        world = self._world
        bus = OutcomeBus(world.events, "outcomes", ledger_arn=LEDGER_ARN)
        store = DocumentStore(world.s3, BUCKET, "corrected/") if documents else None
        world.settler._replace(outcome_bus=bus, documents=store).settle(event)

    def documents(self) -> dict[str, bytes]:
        """Take the corrected documents, by their keys."""
        s3, taken = self._world.s3, {}
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="corrected/").get("Contents", [])
        for key in (each["Key"] for each in listed):
            taken[key] = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            s3.delete_object(Bucket=BUCKET, Key=key)
        return taken

    def handle(self, record: dict[str, Any]) -> bool:
        """Handle a message of the handler's queue."""
        letters = DeadLetterQueue(self._world.sqs, self.letters_url)
        services = Services(settler=self._world.settler, dead_letter_queue=letters, max_receives=30)
        return services.handle(record)

    def item(self) -> dict[str, Any]:
        """Return the one item of the ledger, without what differs between writes."""
        (item,) = self._world.ledger()
        differs = {"writeId"}
        if "recovered" in item:  # the time of the confirmation
            differs |= {"endTime", "expiresAt"}
        return {name: value for name, value in item.items() if name not in differs}

    def outcome_ids(self) -> list[str]:
        """Take the ids of the outcomes on the bus."""
        events = [json.loads(each["Body"]) for each in self._take(self._world.outcomes_url)]
        return [event["detail"]["outcomeId"] for event in events]

    def letters(self) -> list[dict[str, Any]]:
        """Take the messages in the dead-letter queue."""
        return self._take(self.letters_url)

    def _take(self, url: str) -> list[dict[str, Any]]:
        sqs = self._world.sqs
        taken: list[dict[str, Any]] = []
        while True:
            messages = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            ).get("Messages", [])
            if not messages:
                return taken
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)


@pytest.fixture
def retried(world: World) -> Retried:
    return Retried(world)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_settling_ends_in_the_same_state_wherever_it_stopped(
    retried: Retried, world: World, scenario: Scenario
) -> None:
    if scenario.output is not None:
        world.put_output("output.json", scenario.output)
    world.a2i.has(scenario.event)

    def settle(stop_at: CrashPoint | None) -> Steps:
        retried.forget()
        if scenario.before is not None:
            retried.settle(scenario.before)
        retried.outcome_ids()
        with recorded(stop_at) as steps:
            try:
                retried.settle(scenario.event, documents=scenario.documents)
            except Stop:
                retried.settle(scenario.event, documents=scenario.documents)
        return steps

    steps = settle(None).names
    assert set(steps) >= scenario.steps
    expected, ids = retried.item(), set(retried.outcome_ids())
    documents = retried.documents()
    assert len(documents) == scenario.documents
    assert len(ids) == ("PutEvents" in steps)
    for point in crash_points(steps):
        names = settle(point).names
        assert len(names) > point.index + 1, "nothing was retried"
        place = f"{'after' if point.after else 'before'} {steps[point.index]}"
        assert retried.item() == expected, place
        assert set(retried.outcome_ids()) == ids, place
        assert retried.documents() == documents, place
        # Metrics are printed last, after the loop is recorded: at most once, as documented.
        assert names.count("print") <= 1 + (place == "before print"), place


@pytest.mark.full
def test_event_that_cannot_be_settled_is_in_the_dead_letter_queue_wherever_it_stopped(
    retried: Retried, world: World
) -> None:
    world.put_output("output.json", "nonsense")
    body = json.dumps(ended_loop())
    record = {"messageId": "1", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}

    def handle(stop_at: CrashPoint | None) -> Steps:
        retried.forget()
        with recorded(stop_at) as steps:
            try:
                assert retried.handle(record)
            except Stop:
                assert retried.handle(record)
        return steps

    steps = handle(None).names
    assert set(steps) >= STEPS_OF_GIVING_UP
    expected, ids = retried.item(), set(retried.outcome_ids())
    assert len(ids) == 1
    for point in crash_points(steps):
        handle(point)
        place = f"{'after' if point.after else 'before'} {steps[point.index]}"
        assert (retried.item(), set(retried.outcome_ids())) == (expected, ids), place
        letters = retried.letters()
        # It is sent before SQS deletes the message: at least once.
        assert len(letters) == 1 + (place == "after SendMessage"), place
        for letter in letters:
            assert letter["Body"] == body
            attributes = letter["MessageAttributes"]
            assert attributes["ErrorCode"]["StringValue"] == "UnreadableOutputError"


# Reconciling


def recovery_state(it: Reconciled) -> list[dict[str, Any]]:
    """Return the reconciler's items, without what tells one run from another."""
    changing = (
        *("reconcilerRun", "reconcilerRound", "changedAt", "expiresAt", "humanLoopArn"),
        "missingLoops",  # the ARNs of the loops
    )
    items = [
        {name: value for name, value in item.items() if name not in changing}
        for item in it.world.ledger()
    ]
    return sorted(items, key=json.dumps)


@pytest.mark.parametrize("rounds_before", [0, 1], ids=["found missing", "sent again"])
def test_reconciling_ends_in_the_same_state_wherever_it_stopped(
    reconciled: Reconciled, rounds_before: int
) -> None:
    def reconcile(number: int, stop_at: CrashPoint | None) -> tuple[Steps, list[dict[str, Any]]]:
        for item in reconciled.world.ledger():
            if item["creationTime"]["S"] != "reconciler#":
                key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
                reconciled.world.dynamodb.delete_item(TableName="ledger", Key=key)
        reconciled.a2i.loops.clear()
        reconciled.loop(f"invoice-{number}")
        for _ in range(rounds_before):
            reconciled.run()
        with recorded(stop_at) as steps:
            try:
                reconciled.run()
            except Stop:
                reconciled.run()
        for _ in range(2):
            reconciled.run()
        return steps, reconciled.sent()

    steps, sent = reconcile(0, None)
    names = list(steps.names)
    if rounds_before:
        assert set(names) >= STEPS_OF_RECONCILE
        assert names.count("PutItem") == 3, "two marks and the progress"
    expected = recovery_state(reconciled)
    assert [each.get("reconcilerState") for each in expected] == [None, {"S": "resent"}]
    assert len(sent) == 1
    twice = []
    for number, point in enumerate(crash_points(names), start=1):
        _, sent = reconcile(number, point)
        place = f"{'after' if point.after else 'before'} {names[point.index]} {point.index}"
        assert recovery_state(reconciled) == expected, place
        assert {each["detail"]["humanLoopName"] for each in sent} == {f"invoice-{number}"}, place
        assert len(sent) in (1, 2), place
        if len(sent) == 2:
            twice.append((names[point.index], point.after))
    # Between the two marks nobody knows whether the event was sent.
    assert twice == ([("PutEvents", True), ("PutItem", False)] if rounds_before else [])
