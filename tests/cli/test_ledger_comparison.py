"""`report --ledger` and `thresholds --ledger`: forged outcomes of an archive do not count."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.contract import EventSource
from human_loops_cli.outcome_data.ledger_comparison import NOT_COMPARED
from tests.cli.conftest import Answer, Stack, run, run_json
from tests.cli.test_republish import Republished, function_configuration, loop_arn, settled
from tests.cli.thresholds.reviewed import good_and_bad
from tests.tables.parquet_files import write_parquet
from tests.unit.conftest import SAMPLES

#: Within the retention of the ledger, and so that thresholds have a first and a last day.
CREATED = datetime.now(UTC).replace(microsecond=318_000) - timedelta(days=2)
ENDED = CREATED.replace(microsecond=0) + timedelta(hours=2)


@pytest.fixture
def ledger(stack: Stack, answers: Callable[[str, Answer], None]) -> Republished:
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration())
    return Republished(stack)


def text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ended(name: str, *, created: datetime = CREATED, **changes: Any) -> dict[str, Any]:
    time = text(created.replace(microsecond=0) + timedelta(hours=2))
    return settled(name, **{"creationTime": text(created), "time": time, **changes})


def without_values(outcome: Mapping[str, Any]) -> dict[str, Any]:
    fields = [
        {name: field[name] for name in field if name != "values"} for field in outcome["fields"]
    ]
    return {**outcome, "fields": fields}


def write(path: Path, outcomes: Iterable[Mapping[str, Any]]) -> str:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in outcomes))
    return str(path)


def compared(*arguments: str, status: int = 0) -> dict[str, Any]:
    comparison: dict[str, Any] = run_json("report", *arguments, "--ledger", status=status)
    return comparison


def loops_of(report: Mapping[str, Any]) -> int:
    return sum(row["loops"] for row in report["rows"]["totals"])


def counts(report: Mapping[str, Any]) -> dict[str, int]:
    names = ("confirmed", "different", "unknown", "expired", "missing")
    return {name: report["comparison"][name] for name in names if report["comparison"][name]}


@pytest.mark.parametrize("parquet", [True, False])
def test_outcomes_of_the_ledger_are_confirmed(
    ledger: Republished, tmp_path: Path, parquet: bool
) -> None:
    published = [
        ledger.record(ended("invoice-1")),
        ledger.record(ended("failed", humanLoopStatus="Failed", failureReason="why")),
        ledger.record(ended("unreadable"), error="output: expected an object"),
        ledger.record({**ended("recovered"), "source": "human-loop-events"}),
    ]
    if parquet:
        write_parquet([without_values(each) for each in published], tmp_path, date="2026-03-14")
        source = str(tmp_path)
    else:
        source = write(tmp_path / "outcomes.jsonl", published)

    report = compared(source)

    assert counts(report) == {"confirmed": 4}
    assert report["compared_with_ledger"] == (
        "Compared with the ledger: 4 human loops are confirmed."
    )
    plain = run_json("report", source)
    assert plain["rows"] == report["rows"]
    assert plain["comparison"] is None


@pytest.mark.full
def test_loop_that_the_ledger_does_not_have_is_left_out_and_named(
    ledger: Republished, tmp_path: Path
) -> None:
    true = ledger.record(ended("invoice-1"))
    forged = {**true, "humanLoopArn": loop_arn("forged\x1b[2J"), "outcomeId": "forged"}
    another_creation = {**true, "creationTime": text(CREATED + timedelta(seconds=5))}
    source = write(tmp_path / "outcomes.jsonl", [true, forged, another_creation])

    report = compared(source, status=1)

    assert counts(report) == {"confirmed": 1, "unknown": 2}
    assert loops_of(report) == 1
    assert [each["problem"] for each in report["comparison"]["problems"]] == [
        "not in the ledger"
    ] * 2
    result = run("report", source, "--ledger", "-o", str(tmp_path / "report.html"))
    assert result.exit_code == 1
    assert "forged\ufffd[2J: not in the ledger" in result.stderr
    sentence = "1 human loop is confirmed, and 2 are unknown to it, left out."
    assert sentence in result.stderr
    page = (tmp_path / "report.html").read_text()
    assert sentence in page
    assert "Contradicts the ledger: 2" in page


FORGERIES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "humanLoopStatus": lambda outcome: {**outcome, "humanLoopStatus": "Stopped"},
    "fieldsCorrect": lambda outcome: {**outcome, "fieldsCorrect": 0},
    "sampled": lambda outcome: {**outcome, "sampled": True},
    "flowDefinitionArn": lambda outcome: {
        **outcome,
        "flowDefinitionArn": outcome["flowDefinitionArn"].replace("invoices", "claims"),
    },
    "fields": lambda outcome: {
        **outcome,
        "fields": [{**each, "confidence": 99.9} for each in outcome["fields"]],
    },
}


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("with_the_true_one", [True, False])
def test_loop_counts_as_the_ledger_has_it(
    ledger: Republished, tmp_path: Path, name: str, with_the_true_one: bool
) -> None:
    true = ledger.record(ended("invoice-1"))
    # The forged one claims the same id and a later end, so that it would take precedence.
    forged = FORGERIES[name]({**true, "endTime": text(ENDED + timedelta(days=1))})
    honest = write(tmp_path / "honest.jsonl", [true])
    outcomes = [forged, true] if with_the_true_one else [forged]
    source = write(tmp_path / "outcomes.jsonl", outcomes)
    assert run_json("report", source)["rows"] != run_json("report", honest)["rows"], (
        "it would count"
    )

    report = compared(source, status=0 if with_the_true_one else 1)

    assert report["rows"] == run_json("report", honest)["rows"]
    if with_the_true_one:
        assert counts(report) == {"confirmed": 1}
    else:
        assert counts(report) == {"different": 1}
        (problem,) = report["comparison"]["problems"]
        assert problem == {
            "human_loop_arn": loop_arn("invoice-1"),
            "problem": f"the ledger has another {name}",
        }


def test_forged_end_does_not_count_and_does_not_hide_the_loop(
    ledger: Republished, tmp_path: Path
) -> None:
    true = ledger.record(ended("invoice-1"))
    forged = {**true, "endTime": "2099-01-01T00:00:00Z", "turnaroundSeconds": 1.0}
    source = write(tmp_path / "outcomes.jsonl", [forged, true])

    report = compared(source, "--until", text(ENDED))

    assert counts(report) == {"confirmed": 1}
    assert report["rows"]["totals"][0]["last_day"] == f"{ENDED:%Y-%m-%d}"


def test_forged_source_of_the_event_is_named(ledger: Republished, tmp_path: Path) -> None:
    recovered = ledger.record({**ended("recovered"), "source": "human-loop-events"})
    source = write(tmp_path / "outcomes.jsonl", [{**recovered, "eventSource": "aws.sagemaker"}])

    report = compared(source, status=1)

    (problem,) = report["comparison"]["problems"]
    assert problem["problem"] == "the ledger has another eventSource"


def test_end_that_the_ledger_learned_later_is_no_contradiction(
    ledger: Republished, tmp_path: Path
) -> None:
    recovered = ledger.record({**ended("invoice-1"), "source": "human-loop-events"})
    loop = parse_event(ended("invoice-1"))._replace(confirmed=True)
    end = {"eventSource": "aws.sagemaker", "endTime": text(ENDED)}
    assert ledger.ledger.record(loop, {**recovered, **end})
    source = write(tmp_path / "outcomes.jsonl", [recovered])

    report = compared(source)

    assert counts(report) == {"confirmed": 1}
    assert report["rows"]["totals"][0]["without_end"] == 0


def test_loop_that_is_older_than_the_retention_is_counted_and_left_out(
    ledger: Republished, tmp_path: Path
) -> None:
    true = ledger.record(ended("invoice-1"))
    before = datetime.now(UTC) - timedelta(days=401)
    old = {**true, "creationTime": text(before), "endTime": text(before)}
    source = write(tmp_path / "outcomes.jsonl", [true, old])

    report = compared(source)

    assert counts(report) == {"confirmed": 1, "expired": 1}
    assert loops_of(report) == 1
    assert (
        "1 is older than its retention of 400 days, left out without a comparison"
        in report["compared_with_ledger"]
    )


def test_expired_item_that_dynamodb_has_not_deleted_confirms_its_loop(
    ledger: Republished, tmp_path: Path
) -> None:
    before = datetime.now(UTC).replace(microsecond=318_000) - timedelta(days=402)
    old = ledger.record(ended("invoice-1", created=before))

    assert counts(compared(write(tmp_path / "outcomes.jsonl", [old]))) == {"confirmed": 1}


@pytest.mark.full
def test_loops_that_the_sources_lack_are_counted_within_the_limits(
    ledger: Republished, tmp_path: Path
) -> None:
    true = ledger.record(ended("invoice-1"))
    ledger.record(ended("invoice-2"))
    ledger.record(ended("early", created=CREATED - timedelta(days=30)))
    claims = loop_arn("x").replace("human-loop/x", "flow-definition/claims")
    ledger.record(ended("claim", flowDefinitionArn=claims))
    source = write(tmp_path / "outcomes.jsonl", [true])

    everything, limited = compared(source), compared(source, "--since", text(CREATED))

    assert counts(everything) == {"confirmed": 1, "missing": 3}
    assert counts(limited) == {"confirmed": 1, "missing": 2}
    for flow in ("invoices", true["flowDefinitionArn"]):
        report = compared(source, "--since", text(CREATED), "--flow", flow)
        assert counts(report) == {"confirmed": 1, "missing": 1}
        assert loops_of(report) == 1


def test_verifications_and_items_of_the_reconciler_are_not_compared(
    ledger: Republished, tmp_path: Path
) -> None:
    true = ledger.record(ended("invoice-1"))
    ledger.stack.dynamodb.put_item(
        TableName="ledger",
        Item={
            "humanLoopArn": {"S": loop_arn("invoice-9")},
            "creationTime": {"S": "reconciler#missing"},
        },
    )
    verification = {**true, "humanLoopArn": loop_arn("test"), "verification": "1"}

    report = compared(write(tmp_path / "outcomes.jsonl", [true, verification]))

    assert counts(report) == {"confirmed": 1}
    assert report["verifications"] == 1


def test_nothing_is_reported_if_nothing_is_confirmed(ledger: Republished, tmp_path: Path) -> None:
    true = ledger.record(ended("invoice-1"))
    source = write(tmp_path / "outcomes.jsonl", [{**true, "humanLoopArn": loop_arn("forged")}])
    target = tmp_path / "report.html"

    result = run("report", source, "--ledger", "-o", str(target))

    assert result.exit_code == 1
    assert "the ledger has no loop of the sources" in result.stderr
    assert "1 is unknown to it" in result.stderr
    assert not target.exists()


def test_ledger_without_outcomes_confirms_nothing(ledger: Republished, tmp_path: Path) -> None:
    true = ledger.record(ended("invoice-1"))
    ledger.stack.dynamodb.delete_item(
        TableName="ledger",
        Key={name: {"S": true[name]} for name in ("humanLoopArn", "creationTime")},
    )

    result = run("report", write(tmp_path / "outcomes.jsonl", [true]), "--ledger", "-o", "-")

    assert result.exit_code == 1
    assert "0 human loops are confirmed, and 1 is unknown to it" in result.stderr


def test_stack_that_does_not_exist_is_named_before_the_sources_are_read(
    ledger: Republished,
) -> None:
    assert ledger

    result = run("report", "nowhere.jsonl", "--ledger", "--stack", "Misspelt")

    assert "there is no stack Misspelt" in result.stderr
    assert "nowhere" not in result.stderr


def test_number_that_dynamodb_cannot_hold_is_compared(ledger: Republished, tmp_path: Path) -> None:
    true = ledger.record(ended("invoice-1"))
    ledger.change_loop(true, "SET secondsToFirstAcceptance = :n", **{":n": {"S": "1e-300"}})
    source = write(tmp_path / "outcomes.jsonl", [{**true, "secondsToFirstAcceptance": 1e-300}])

    assert counts(compared(source)) == {"confirmed": 1}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("fieldsJudged", {"S": "many"}, "fieldsJudged: expected"),
        ("schemaVersion", {"S": "9"}, "schemaVersion"),
    ],
)
def test_item_of_another_version_ends_the_command_and_its_loop_is_named(
    ledger: Republished, tmp_path: Path, name: str, value: dict[str, str], problem: str
) -> None:
    ledger.record(ended("invoice-1"))
    true = ledger.record(ended("invoice-2"))
    ledger.change_loop(true, f"SET {name} = :n", **{":n": value})

    result = run("report", write(tmp_path / "outcomes.jsonl", [true]), "--ledger", "-o", "-")

    assert result.exit_code == 1
    assert f"error: {loop_arn('invoice-2')} cannot be compared: its item" in result.stderr
    assert problem in result.stderr
    assert "many" not in result.stderr
    assert "Install the version of this command that is deployed." in result.stderr


@pytest.mark.full
def test_outputs_cannot_be_compared_and_are_not_called_outcomes(ledger: Republished) -> None:
    assert ledger
    output = str(SAMPLES / "outputs" / "textract-invoice.json")

    result = run("report", output, "--ledger", "-o", "-")

    assert result.exit_code == 2
    assert "all 1 of the sources are outputs of A2I" in result.stderr
    assert run_json("report", output)["compared_with_ledger"] is None


def test_athena_cannot_be_compared() -> None:
    result = run("report", "--athena", "archive", "--ledger")

    assert result.exit_code == 2
    assert "OutcomeArchiveLocation" in result.stderr


@pytest.mark.full
def test_report_and_thresholds_say_that_outcomes_were_not_compared(tmp_path: Path) -> None:
    source = write(tmp_path / "outcomes.jsonl", good_and_bad(200))
    target = tmp_path / "report.html"

    result = run("report", source, "-o", str(target))

    assert result.exit_code == 0
    assert NOT_COMPARED in result.stderr
    assert NOT_COMPARED in target.read_text()
    assert run_json("report", source)["compared_with_ledger"] == NOT_COMPARED
    assert NOT_COMPARED in run("thresholds", source).stdout
    assert run_json("thresholds", source)["comparedWithLedger"] == NOT_COMPARED


def test_thresholds_are_not_moved_by_forged_outcomes(ledger: Republished, tmp_path: Path) -> None:
    times = {"creationTime": text(CREATED), "endTime": text(ENDED)}
    outcomes = [{**each, **times} for each in good_and_bad(20)]
    for each in outcomes:
        ledger.record_outcome(each)
    wrong = {name: value for name, value in outcomes[-1].items() if name != "fields"}
    field = {**outcomes[0]["fields"][0], "modelCorrect": True, "confidence": 1.0}
    forged = [
        {**wrong, "humanLoopArn": loop_arn(f"forged-{number}"), "fields": [field]}
        for number in range(30)
    ]
    honest = write(tmp_path / "honest.jsonl", outcomes)
    source = write(tmp_path / "outcomes.jsonl", [*outcomes, *forged])
    until = ("--created-until", text(CREATED))
    expected = run_json("thresholds", honest, *until)
    assert run_json("thresholds", source, *until)["flowDefinitions"] != expected["flowDefinitions"]

    found = run_json("thresholds", source, *until, "--ledger", status=1)

    assert found["flowDefinitions"] == expected["flowDefinitions"]
    assert "40 human loops are confirmed, and 30 are unknown" in found["comparedWithLedger"]
    result = run("thresholds", source, *until, "--ledger")
    assert "Compared with the ledger: 40 human loops are confirmed" in result.stdout
    assert len(re.findall("not in the ledger", result.stderr)) == 20
    assert "and 10 more" in result.stderr


def test_denied_call_names_the_permission(
    ledger: Republished, tmp_path: Path, answers: Callable[[str, Answer], None]
) -> None:
    source = write(tmp_path / "outcomes.jsonl", [ledger.record(ended("invoice-1"))])
    message = "User is not authorized to perform: dynamodb:Scan on resource: ledger"
    body = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    answers("dynamodb.Scan", lambda _: (400, {}, body))

    result = run("report", source, "--ledger", "-o", "-")

    assert result.exit_code == 3
    assert "dynamodb:Scan" in result.stderr


def of_output(outcome: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Make what a backfill says of the output of a loop."""
    created = str(outcome["creationTime"])[:19]
    return {
        **outcome,
        "eventSource": EventSource.OUTPUT.value,
        "outcomeId": f"output-{outcome['humanLoopName']}",
        "creationTime": f"{created}.000Z",
        "turnaroundSeconds": None,
        "fields": [],
        **changes,
    }


def test_ledger_replaces_what_outputs_alone_say(ledger: Republished, tmp_path: Path) -> None:
    recorded = [ledger.record(ended(f"invoice-{number}")) for number in range(1, 4)]
    uri = recorded[1]["outputS3Uri"]
    history = [
        of_output(recorded[0], outputS3Uri=None),
        of_output(recorded[1], outputS3Uri=uri, creationTime="2020-01-01T00:00:00.000Z"),
        of_output(recorded[2], humanLoopArn=loop_arn("older"), outputS3Uri="s3://bucket/older"),
    ]
    sources = [
        write(tmp_path / "outcomes.jsonl", [recorded[2]]),
        write(tmp_path / "history.jsonl", history),
    ]

    report = compared(*sources)

    assert counts(report) == {"confirmed": 3}
    assert report["comparison"]["not_compared"] == 1
    assert (
        "1 is of an output alone, left out without a comparison" in report["compared_with_ledger"]
    )
    assert loops_of(report) == 3
    judged = sum(row["fields_judged"] for row in report["rows"]["totals"])
    alone = run_json("report", sources[0])["rows"]["totals"][0]["fields_judged"]
    assert judged > alone, "the ledger has the fields of both loops, which the history lacks"
