"""``human-loops dead-letters``: every message is listed, explained, and sent back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.cli.conftest import ACCOUNT, REGION, Stack, event, run, run_json

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue"


def by_loop(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({row["about"] for row in rows}) == len(rows)
    return {row["about"]: row for row in rows}


def test_every_kind_of_message_is_explained(stack: Stack) -> None:
    stack.add_rule(QUEUE)
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


def test_json_is_ascii(stack: Stack) -> None:
    stack.put("DeadLetterQueue", "a\u202eb", ErrorCode="E", ErrorMessage="\x9b2J")
    result = run("dead-letters", "show", "--json")
    assert result.stdout.isascii()
    assert json.loads(result.stdout)[0]["about"] == "a\u202eb"


def test_message_that_is_no_event_is_listed(stack: Stack) -> None:
    for body in ("not JSON", "[]", '"text"', '{"detail": 1}'):
        stack.put_body("DeadLetterQueue", body)
    rows = run_json("dead-letters", "list")
    assert [row["about"] for row in rows] == [None] * 4
    assert {row["destination"] for row in rows} == {
        "nowhere: the message does not say what it was meant for"
    }


@pytest.mark.parametrize("which", ["id", "beginning", "loop"])
@pytest.mark.full
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


def test_messages_are_grouped_by_their_cause(stack: Stack) -> None:
    for number in range(5):
        loop = f"invoice-{number}"
        message = (
            f"{loop}: read 10{number} bytes of s3://reviews/{loop}.json at 2026-03-14T09:0{number}"
        )
        stack.put("DeadLetterQueue", loop, RequestID="r", ErrorCode="200", ErrorMessage=message)
    stack.put_of_function("claim-1")

    rows = run_json("dead-letters", "list")
    assert {row["cause"] for row in rows} == {
        "200: …: read … bytes of … at …",
        "200: OutputNotReadyError",
    }
    table = run("dead-letters", "list").stdout
    assert "DeadLetterQueue (6)" in table
    assert "invoice-0, invoice-1, invoice-2 and 2 more" in table
    assert table.count("200: …: read … bytes") == 1


class TestDelete:
    """Each deleted message is in a file first."""

    def test_named_messages_are_written_and_deleted(self, stack: Stack, tmp_path: Path) -> None:
        stack.put_of_function("keep")
        message = stack.put_of_function("delete")
        file = tmp_path / "deleted.jsonl"

        (row,) = run_json("dead-letters", "delete", "--loop", "delete", "-o", str(file))

        assert row["messageId"] == message
        assert stack.loops_in("DeadLetterQueue") == ["keep"]
        assert stack.hidden_in("DeadLetterQueue") == 0
        (line,) = file.read_text().splitlines()
        written = json.loads(line)
        assert written["messageId"] == message
        assert json.loads(written["body"]) == event("delete")
        assert written["attributes"]["ErrorMessage"] == "OutputNotReadyError"
        assert file.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("options", [("--cause", "OutputNotReady"), ("--message", "")])
    def test_messages_are_deleted_by_cause_and_id(
        self, stack: Stack, tmp_path: Path, options: tuple[str, str]
    ) -> None:
        message = stack.put_of_function("a")
        stack.put("DeadLetterQueue", "b", ErrorCode="E", ErrorMessage="other")
        name, text = options
        run_json(
            "dead-letters", "delete", name, text or message[:13], "-o", str(tmp_path / "deleted")
        )
        assert stack.loops_in("DeadLetterQueue") == ["b"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ((), "--message, --loop or --cause"),
            (("--cause", " "), "--cause: expected a text, got a blank one"),
        ],
    )
    def test_nothing_named_is_refused(
        self, stack: Stack, options: tuple[str, ...], message: str
    ) -> None:
        stack.put_of_function("a")
        result = run("dead-letters", "delete", *options)
        assert result.exit_code == 2
        assert message in result.stderr
        assert stack.loops_in("DeadLetterQueue") == ["a"]

    def test_no_message_leaves_no_file(self, stack: Stack, tmp_path: Path) -> None:
        stack.put_of_function("a")
        file = tmp_path / "deleted.jsonl"
        assert run("dead-letters", "delete", "--loop", "b", "-o", str(file)).exit_code == 1
        assert not file.exists()

    @pytest.mark.parametrize("name", ["exists", "missing/file", "."])
    def test_file_that_cannot_be_created_deletes_nothing(
        self, stack: Stack, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "exists").write_text("mine")
        stack.put_of_function("a")
        result = run("dead-letters", "delete", "--loop", "a", "-o", str(tmp_path / name))
        assert result.exit_code == 2
        assert (tmp_path / "exists").read_text() == "mine"
        assert stack.loops_in("DeadLetterQueue") == ["a"]

    def test_dry_run_deletes_and_writes_nothing(
        self, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        stack.put_of_function("a")
        (row,) = run_json("dead-letters", "delete", "--queue", "DeadLetterQueue", "--dry-run")
        assert row["about"] == "a"
        assert stack.loops_in("DeadLetterQueue") == ["a"]
        assert [*tmp_path.iterdir()] == []

    @pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessage"])
    @pytest.mark.parametrize("step", [1, 2])
    def test_interrupted_anywhere_every_deleted_message_is_in_the_file(
        self,
        stack: Stack,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        operation: str,
        step: int,
    ) -> None:
        loops = {"a", "b", "c"}
        for loop in loops:
            stack.put_of_function(loop)
        file = tmp_path / "deleted.jsonl"
        call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
        calls: list[str] = []

        def interrupted(client: BaseClient, name: str, parameters: Any) -> Any:
            answer = call(client, name, parameters)
            calls.append(name)
            if name == operation and calls.count(name) == step:
                raise KeyboardInterrupt
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", interrupted)
            arguments = ("delete", "--queue", "DeadLetterQueue", "-o", str(file))
            assert run("dead-letters", *arguments).exit_code == 130
        stack.let_time_pass()
        left = set(stack.loops_in("DeadLetterQueue"))
        lines = file.read_text().splitlines() if file.exists() else []
        written = {
            json.loads(json.loads(line)["body"])["detail"]["humanLoopName"] for line in lines
        }
        assert loops - left <= written
