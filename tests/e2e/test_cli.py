"""The command line operates a deployed stack: dead letters are explained and redriven."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cases import human_loop_event
from local.command_line import CommandLine
from local.deployment import EmulatedStack
from local.emulator import ACCOUNT, REGION, Emulator
from local.mailbox import Mailbox
from local.observer import OUTCOME_PATTERN
from local.sending import send_event
from local.waiting import wait_until
from tests.e2e.conftest import BUFFERED_FLOW_DEFINITION
from tests.permissions.recorded_calls import RECORDER

#: As Lambda adds them to an event that it gave up on.
OF_LAMBDA = {"RequestID": "5c5a8b9e", "ErrorCode": "200", "ErrorMessage": "Throttled"}


@pytest.fixture(scope="module")
def stack(stacks: Mapping[str, EmulatedStack]) -> EmulatedStack:
    return stacks["buffered"]


@pytest.fixture(scope="module")
def human_loops(emulator: Emulator, stack: EmulatedStack) -> CommandLine:
    return CommandLine(emulator, stack, python_path=[RECORDER])


def put(emulator: Emulator, url: str, event: Mapping[str, Any], **attributes: str) -> None:
    emulator.client("sqs").send_message(
        QueueUrl=url,
        MessageBody=json.dumps(event),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def ended(loop: str, status: str = "Failed") -> dict[str, Any]:
    event = human_loop_event(loop, BUFFERED_FLOW_DEFINITION, status, failure_code="Expired")
    return {**event, "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}


@pytest.fixture
def letters(emulator: Emulator, stack: EmulatedStack) -> Iterator[None]:
    """One poison letter, and one that can be handled now in each way that it can be sent back."""
    rules, handlers = stack["DeadLetterQueueUrl"], stack["HandlerQueueDeadLetterQueueUrl"]
    topic, queue = stack["TopicArn"], Mailbox(emulator, stack["QueueUrl"])
    put(emulator, rules, ended("cli-poison", "Dancing"), **OF_LAMBDA)
    put(emulator, rules, ended("cli-invoked"), **OF_LAMBDA)
    for loop, target in (("cli-queued", queue.arn), ("cli-published", topic)):
        rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StatusChange"
        error = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"}
        put(emulator, rules, ended(loop), RULE_ARN=rule, TARGET_ARN=target, **error)
    put(emulator, handlers, ended("cli-moved"), ErrorCode="LedgerConflictError", ErrorMessage="m")
    yield
    Mailbox(emulator, rules).collect()
    Mailbox(emulator, handlers).collect()


@pytest.mark.usefixtures("letters")
def test_letters_are_listed_redriven_and_the_poison_letter_stays(
    emulator: Emulator, stack: EmulatedStack, human_loops: CommandLine
) -> None:
    subscriber = Mailbox.subscribed(emulator, stack["TopicArn"])
    listed = {row["about"]: row for row in human_loops.json("dead-letters", "list")}
    destinations = {
        loop: row["destination"].split()[0]
        for loop, row in listed.items()
        if (loop or "").startswith("cli-")
    }
    assert destinations == {
        "cli-poison": "function",
        "cli-invoked": "function",
        "cli-queued": "queue",
        "cli-published": "topic",
        "cli-moved": "queue",
    }
    (shown,) = human_loops.json("dead-letters", "show", "cli-poison")
    assert shown["reason"] == "200: Throttled"

    report = human_loops.json("dead-letters", "redrive", status=1)

    (poison,) = [each for row in report for each in row["notRedriven"]]
    assert poison["about"] == "cli-poison"
    assert poison["problem"].startswith("the function failed again")
    assert "got 'Dancing'" in poison["problem"]
    queue = Mailbox(emulator, stack["QueueUrl"])
    assert any("cli-queued" in message for message in queue.collect())
    assert any("cli-published" in message for message in subscriber.collect())

    def settled() -> bool:
        loops = human_loops.json("status", "--flow", BUFFERED_FLOW_DEFINITION, status=1)["failures"]
        return {"cli-invoked", "cli-moved"} <= {loop["humanLoopName"] for loop in loops}

    assert wait_until(settled)
    assert [row["about"] for row in human_loops.json("dead-letters", "list")] == ["cli-poison"]


def test_status_knows_the_alarms_and_the_queues(human_loops: CommandLine) -> None:
    health = human_loops.json("status")
    assert {"DeadLetterQueue", "HandlerQueueDeadLetterQueue", "QueueDeadLetterQueue"} == set(
        health["deadLetters"]
    )
    assert any("FailedLoops" in alarm["name"] for alarm in health["alarms"])
    assert len(health["alarms"]) > 3


def test_outcome_is_published_again_with_its_id(
    emulator: Emulator, stack: EmulatedStack, human_loops: CommandLine
) -> None:
    outcomes = Mailbox.listening(emulator, OUTCOME_PATTERN, "cli-outcomes")
    send_event(emulator, ended("cli-republished"))

    def published() -> list[dict[str, Any]]:
        details = [json.loads(message)["detail"] for message in outcomes.collect()]
        return [each for each in details if each["humanLoopName"] == "cli-republished"]

    assert wait_until(lambda: len(published()) == 1)
    arn = published()[0]["humanLoopArn"]

    def recorded() -> bool:
        rows = human_loops.json(
            "outcomes", "republish", "--flow", BUFFERED_FLOW_DEFINITION, "--dry-run"
        )
        return arn in [row["humanLoopArn"] for row in rows["wouldPublish"]]

    assert wait_until(recorded)
    assert human_loops.json("outcomes", "republish", "--loop", arn)["published"] == 1
    first, second = published()
    assert first == second
    assert stack.name
