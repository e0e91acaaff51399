"""``human-loops dead-letters``: every message is listed, explained, and sent back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import ACCOUNT, REGION, Stack, event, run, run_json

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue"


def by_loop(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({row["about"] for row in rows}) == len(rows)
    return {row["about"]: row for row in rows}


def test_every_kind_of_message_is_explained(stack: Stack) -> None:
    stack.put_of_rule(
        "of-rule", QUEUE, EXHAUSTED_RETRY_CONDITION="MaximumEventAgeInSeconds", RETRY_ATTEMPTS="7"
    )
    stack.put_of_function("of-lambda")
    stack.put("HandlerQueueDeadLetterQueue", "of-handler", ErrorCode="E", ErrorMessage="why")
    stack.put("QueueDeadLetterQueue", "moved")

    rows = by_loop(run_json("dead-letters", "list"))

    told = {
        loop: (row["queue"], row["from"], row["destination"], row["status"])
        for loop, row in rows.items()
    }
    assert told == {
        "of-rule": ("DeadLetterQueue", "EventBridge", "queue Queue", "Completed"),
        "of-lambda": ("DeadLetterQueue", "Lambda", "function handler", "Completed"),
        "of-handler": (
            "HandlerQueueDeadLetterQueue",
            "handler",
            "queue HandlerQueue",
            "Completed",
        ),
        "moved": ("QueueDeadLetterQueue", "SQS", "queue Queue", "Completed"),
    }
    assert rows["of-rule"]["reason"] == (
        "NO_PERMISSIONS: not authorized: gave up after 7 attempts: MaximumEventAgeInSeconds"
    )
    assert rows["of-lambda"]["reason"] == "200: OutputNotReadyError"
    assert rows["of-handler"]["reason"] == "E: why"
    assert "consumer's log" in rows["moved"]["reason"]


def test_listing_shows_each_message_once_and_hides_none(stack: Stack) -> None:
    for number in range(25):
        stack.put("DeadLetterQueue", f"loop-{number}")

    rows = run_json("dead-letters", "list")

    assert len(by_loop(rows)) == 25
    assert stack.hidden_in("DeadLetterQueue") == 0
    assert len(run_json("dead-letters", "list")) == 25


def test_listing_is_limited_and_says_so(stack: Stack) -> None:
    for number in range(5):
        stack.put("DeadLetterQueue", f"loop-{number}")

    result = run("dead-letters", "list", "--max", "2")

    assert result.exit_code == 0
    assert "DeadLetterQueue (2)" in result.stdout
    assert "about 5 messages" in result.stderr
    assert stack.hidden_in("DeadLetterQueue") == 0


def test_table_names_the_loop_and_the_destination(stack: Stack) -> None:
    stack.put_of_function("invoice-1")
    result = run("dead-letters", "list")
    assert "invoice-1" in result.stdout
    assert "function handler" in result.stdout
    assert "QueueDeadLetterQueue (0): no messages" in result.stdout


def test_message_cannot_steer_the_terminal(stack: Stack) -> None:
    stack.put("DeadLetterQueue", "a\x1b[2Jb", ErrorCode="[red]E", ErrorMessage="m")
    result = run("dead-letters", "list")
    assert "\x1b" not in result.stdout
    assert "[red]E" in result.stdout


def test_message_that_is_no_event_is_listed(stack: Stack) -> None:
    for body in ("not JSON", "[]", '"text"', '{"detail": 1}'):
        stack.put_body("DeadLetterQueue", body)
    rows = run_json("dead-letters", "list")
    assert [row["about"] for row in rows] == [None] * 4
    assert {row["destination"] for row in rows} == {
        "nowhere: the message does not say what it was meant for"
    }


@pytest.mark.parametrize("which", ["id", "beginning", "loop"])
def test_message_is_shown_by_its_id_and_by_its_loop(stack: Stack, which: str) -> None:
    stack.put_of_function("other")
    message = stack.put_of_function("invoice-1")
    name = {"id": message, "beginning": message[:13], "loop": "invoice-1"}[which]

    (shown,) = run_json("dead-letters", "show", name)

    assert shown["messageId"] == message
    assert json.loads(shown["body"]) == event("invoice-1")
    assert shown["attributes"]["RequestID"] == "5c5a8b9e"
    result = run("dead-letters", "show", name)
    assert '"humanLoopName": "invoice-1"' in result.stdout
    assert "RequestID: 5c5a8b9e" in result.stdout


def test_showing_a_message_that_is_not_there_says_so(stack: Stack) -> None:
    assert stack.url("Queue")
    result = run("dead-letters", "show", "gone")
    assert result.exit_code == 1
    assert "no message has the id or is about gone" in result.stderr


def test_queue_that_does_not_exist_is_answered_with_those_that_do(stack: Stack) -> None:
    assert stack.url("Queue")
    result = run("dead-letters", "list", "--queue", "Nowhere")
    assert result.exit_code == 2
    assert "It has DeadLetterQueue, HandlerQueueDeadLetterQueue, QueueDeadLetterQueue." in (
        result.stderr
    )


def test_one_queue_is_listed_by_its_name_in_any_case(stack: Stack) -> None:
    stack.put("QueueDeadLetterQueue", "mine")
    stack.put("DeadLetterQueue", "not-mine")
    assert [*by_loop(run_json("dead-letters", "list", "--queue", "queuedeadletterqueue"))] == [
        "mine"
    ]
