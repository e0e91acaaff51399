"""``human-loops outcomes download``: the outcomes of the ledger as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.cli.conftest import Answer, Stack, run
from tests.cli.test_republish import Republished, function_configuration, loop_arn, settled


@pytest.fixture
def ledger(stack: Stack, answers: Callable[[str, Answer], None]) -> Republished:
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration())
    return Republished(stack)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_outcomes_are_downloaded_as_they_were_published(ledger: Republished) -> None:
    published = [
        ledger.record(settled("invoice-1")),
        ledger.record(settled("failed", humanLoopStatus="Failed", failureReason="why")),
        ledger.record(settled("unreadable"), error="output: expected an object"),
        ledger.record({**settled("recovered"), "source": "human-loop-events"}),
    ]
    result = run("outcomes", "download", "--all", "--values", "-o", "-")
    assert (result.exit_code, result.stderr) == (0, "4 outcomes\n")
    by_name = {each["humanLoopName"]: each for each in lines(result.stdout)}
    assert by_name == {each["humanLoopName"]: each for each in published}


def test_values_stay_in_the_ledger_by_default(ledger: Republished) -> None:
    outcome = ledger.record(settled("invoice-1"))
    assert outcome["fields"][0]["values"]["predicted"]
    (line,) = lines(run("outcomes", "download", "--all").stdout)
    assert line["fields"]
    assert all("values" not in field for field in line["fields"])
    assert [field["name"] for field in line["fields"]] == [
        field["name"] for field in outcome["fields"]
    ]


def test_outcome_that_the_ledger_holds_in_part_is_read_again(ledger: Republished) -> None:
    outcome = ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "REMOVE verdictCounts")
    result = run("outcomes", "download", "--loop", loop_arn("invoice-1"), "--values")
    assert lines(result.stdout) == [outcome]


def test_outcome_that_cannot_be_completed_is_named(ledger: Republished, tmp_path: Path) -> None:
    ledger.record(settled("invoice-1"))
    ledger.record(settled("invoice-2"))
    ledger.change("invoice-1", "REMOVE verdictCounts")
    boto3.client("s3").delete_object(Bucket=ledger.bucket, Key="invoice-1.json")
    file = tmp_path / "outcomes.jsonl"
    result = run("outcomes", "download", "--all", "-o", str(file))
    assert result.exit_code == 1
    assert f"left out: {loop_arn('invoice-1')}: " in result.stderr
    assert [each["humanLoopName"] for each in lines(file.read_text())] == ["invoice-2"]


def test_file_is_written_completely_or_not_at_all(
    ledger: Republished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record(settled("invoice-1"))
    file = tmp_path / "outcomes.jsonl"
    file.write_text("before")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("human_loops_cli.commands.outcomes.complete_outcome", interrupted)
        assert run("outcomes", "download", "--all", "-o", str(file)).exit_code == 130
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    assert run("outcomes", "download", "--all", "-o", str(file)).exit_code == 0
    assert len(lines(file.read_text())) == 1


@pytest.mark.parametrize(
    ("output", "status", "problem"),
    [(".", 2, "is not a regular file"), ("missing/outcomes.jsonl", 2, "no such directory")],
)
def test_file_that_cannot_be_written_is_an_error(
    ledger: Republished, tmp_path: Path, output: str, status: int, problem: str
) -> None:
    ledger.record(settled("invoice-1"))
    result = run("outcomes", "download", "--all", "-o", str(tmp_path / output))
    assert (result.exit_code, problem in result.stderr) == (status, True), result.stderr


def test_nothing_is_downloaded_without_limits(ledger: Republished) -> None:
    assert ledger
    result = run("outcomes", "download")
    assert result.exit_code == 2
    assert "--all" in result.stderr
