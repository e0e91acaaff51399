"""``human-loops outcomes backfill``: the outcomes of old outputs, and what replaces them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from human_loop_reviews.contract import EventSource
from human_loop_tables.properties import PROPERTIES_OF_OUTCOME
from human_loops_cli.history.journal import JOURNAL
from human_loops_cli.outcome_data.reviewed_output import outcome_of_output
from tests.cli.conftest import REGION, run, run_json
from tests.cli.outputs import FLOW
from tests.cli.test_output_limits import answered
from tests.tables.parquet_files import sample_outcomes

BUCKET = "reviews"
DAYS = ("2026-03-12", "2026-03-13", "2026-03-14")


def key_of(loop: str, day: str, flow: str = "tickets") -> str:
    return f"a2i/{flow}/{day.replace('-', '/')}/09/30/00/{loop}/output.json"


def put(folder: Path, key: str, document: Any) -> Path:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Six outputs on disk: two of each day."""
    folder = tmp_path / "outputs"
    for day in DAYS:
        for number in range(2):
            loop = f"loop-{day}-{number}"
            put(folder, key_of(loop, day), answered(loop, f"{day}T09:40:00Z"))
    return folder


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


def backfill(source: Path | str, history: Path, *arguments: str, status: int = 0) -> Any:
    return run_json(
        "outcomes", "backfill", str(source), "-o", str(history), *arguments, status=status
    )


def outcomes_in(history: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(history.glob("[!_]*.jsonl"))
        for line in file.read_text().splitlines()
    ]


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield s3


def test_outcome_has_all_properties_and_no_identity_or_value(outputs: Path, history: Path) -> None:
    document = answered("secret", "2026-03-15T10:00:00Z")
    document["humanAnswers"][0]["workerId"] = "a1b2c3"
    put(outputs, key_of("secret", "2026-03-15"), document)
    assert backfill(outputs, history)["outcomes"] == 7
    required = {each.name for each in PROPERTIES_OF_OUTCOME if not each.optional}
    for outcome in outcomes_in(history):
        assert outcome.keys() >= required
        assert outcome["eventSource"] == EventSource.OUTPUT
        assert outcome["turnaroundSeconds"] is None
        assert all("values" not in each for each in outcome["fields"])
    assert not any("a1b2c3" in file.read_text() for file in history.iterdir())
    first = outcomes_in(history)[0]
    assert first["creationTime"] == "2026-03-12T09:30:00.000Z"
    assert first["endTime"] == "2026-03-12T09:40:00Z"
    assert first["humanLoopArn"].endswith(":human-loop/loop-2026-03-12-0")


def test_repeated_run_reads_nothing_again(
    outputs: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfill(outputs, history)
    before = {file.name: file.read_bytes() for file in history.iterdir()}
    monkeypatch.setattr("human_loops_cli.inputs._read_input", None)
    assert backfill(outputs, history)["doneBefore"] == 6
    assert {file.name: file.read_bytes() for file in history.iterdir()} == before


def test_new_output_of_a_day_is_added_and_replaces_its_file_only(
    outputs: Path, history: Path
) -> None:
    backfill(outputs, history)
    put(outputs, key_of("late", DAYS[0]), answered("late", "2026-03-13T00:00:00Z"))
    result = backfill(outputs, history)
    assert (result["outcomes"], result["files"], result["doneBefore"]) == (3, 1, 4)
    assert len(outcomes_in(history)) == 7


def test_narrow_limits_never_take_outcomes_away(outputs: Path, history: Path) -> None:
    backfill(outputs, history)
    put(outputs, key_of("early", DAYS[1]), answered("early", f"{DAYS[1]}T09:31:00Z"))
    limits = ("--since", f"{DAYS[1]}T09:30:00Z", "--until", f"{DAYS[1]}T09:32:00Z")
    assert backfill(outputs, history, *limits)["outcomes"] == 1
    assert len(outcomes_in(history)) == 7
    assert backfill(outputs, history)["outcomes"] == 3, "the day has another output"
    assert len(outcomes_in(history)) == 7


def test_another_mapping_replaces_the_outcomes_with_the_same_ids(
    outputs: Path, history: Path, tmp_path: Path
) -> None:
    backfill(outputs, history)
    first = outcomes_in(history)
    assert not any(each["predictionKnown"] for each in first)
    mapping = tmp_path / "mapping.json"
    field = {"name": "category", "prediction": "guess", "answer": "category.label"}
    mapping.write_text(json.dumps({"fields": [field]}))
    result = backfill(outputs, history, "--mapping", str(mapping))
    assert (result["outcomes"], result["doneBefore"]) == (6, 0)
    second = outcomes_in(history)
    assert all(each["predictionKnown"] for each in second)
    assert [each["outcomeId"] for each in second] == [each["outcomeId"] for each in first]
    assert backfill(outputs, history, "--mapping", str(mapping))["doneBefore"] == 6
    assert backfill(outputs, history)["outcomes"] == 6, "the first mapping counts again"
    assert outcomes_in(history) == first


def test_interrupted_run_leaves_whole_files_and_goes_on(
    outputs: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0

    def interrupted(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return outcome_of_output(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("human_loops_cli.history.backfill.outcome_of_output", interrupted)
        result = run("outcomes", "backfill", str(outputs), "-o", str(history))
    assert result.exit_code == 130
    assert "Run the command again: the 1 files that it wrote are complete." in result.stderr
    assert len(outcomes_in(history)) == 2
    assert not list(history.glob(".*.part"))
    result = backfill(outputs, history)
    assert (result["outcomes"], result["doneBefore"]) == (4, 2)


def test_journal_that_was_cut_off_is_continued(outputs: Path, history: Path) -> None:
    backfill(outputs, history)
    journal = history / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    assert backfill(outputs, history)["outcomes"] == 2
    assert backfill(outputs, history)["doneBefore"] == 6


def test_file_that_was_deleted_is_written_again(outputs: Path, history: Path) -> None:
    backfill(outputs, history)
    next(history.glob("tickets-*")).unlink()
    assert backfill(outputs, history)["outcomes"] == 2
    assert len(outcomes_in(history)) == 6


def test_damaged_file_is_named_and_not_replaced(outputs: Path, history: Path) -> None:
    backfill(outputs, history)
    damaged = next(history.glob("tickets-*"))
    damaged.write_text("[1]\n")
    (history / JOURNAL).unlink()
    result = run("outcomes", "backfill", str(outputs), "-o", str(history))
    assert result.exit_code == 1
    assert f"{damaged}: it is no file of a backfill" in result.stderr
    assert damaged.read_text() == "[1]\n"


def test_what_has_no_outcome_is_named_and_tried_again(outputs: Path, history: Path) -> None:
    broken = put(outputs, key_of("broken", DAYS[0]), {"humanAnswers": "none", "inputContent": {}})
    nameless = answered("nameless", "2026-03-13T10:00:00Z")
    del nameless["flowDefinitionArn"]
    put(outputs, key_of("nameless", DAYS[1]), nameless)
    put(outputs, "other.json", {"expected": 1})
    put(outputs, key_of("unanswered", DAYS[2]), answered("unanswered"))
    result = backfill(outputs, history, status=1)
    assert (result["outcomes"], result["unanswered"], result["notOutputs"]) == (7, 1, 1)
    assert [each["input"] for each in result["problems"]] == [
        str(broken),
        str(outputs / key_of("nameless", DAYS[1])),
    ]
    assert "humanAnswers: expected" in result["problems"][0]["problem"]
    broken.write_text(json.dumps(answered("broken", "2026-03-12T10:00:00Z")))
    result = backfill(outputs, history, "--account", "111122223333")
    assert result["problems"] == []
    loops = {each["humanLoopName"]: each for each in outcomes_in(history)}
    assert len(loops) == 9
    assert loops["nameless"]["flowDefinitionArn"] == FLOW


def test_copies_with_other_names_have_outcomes_too(outputs: Path, history: Path) -> None:
    put(outputs, "copies/one.json", answered("one", "2026-03-13T10:00:00Z"))
    assert backfill(outputs, history)["outcomes"] == 7
    copy = next(each for each in outcomes_in(history) if each["humanLoopName"] == "one")
    assert copy["creationTime"] is None
    assert backfill(outputs, history)["doneBefore"] == 7


def test_moved_folder_gives_the_same_ids(outputs: Path, history: Path, tmp_path: Path) -> None:
    backfill(outputs, history)
    first = outcomes_in(history)
    moved = outputs.rename(tmp_path / "moved")
    backfill(moved, history)
    assert outcomes_in(history) == first


@pytest.mark.parametrize("versioned", [False, True])
def test_objects_have_ids_of_their_version_and_their_uri(
    bucket: Any, history: Path, versioned: bool
) -> None:
    if versioned:
        status = {"Status": "Enabled"}
        bucket.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)
    key = key_of("loop", DAYS[0])
    body = json.dumps(answered("loop", f"{DAYS[0]}T10:00:00Z"))
    bucket.put_object(Bucket=BUCKET, Key=key, Body=body)
    source = f"s3://{BUCKET}/a2i/"
    assert backfill(source, history)["outcomes"] == 1
    (first,) = outcomes_in(history)
    assert first["outputS3Uri"] == f"s3://{BUCKET}/{key}"
    assert backfill(source, history)["doneBefore"] == 1
    other = json.dumps(answered("loop", f"{DAYS[0]}T11:00:00Z"))
    bucket.put_object(Bucket=BUCKET, Key=key, Body=other)
    assert backfill(source, history)["outcomes"] == 1
    (second,) = outcomes_in(history)
    assert second["outcomeId"] != first["outcomeId"]


def test_object_that_is_deleted_before_it_is_read_is_named(
    bucket: Any, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from human_loops_cli.output_folders import FoundFile, S3Folder

    gone = FoundFile(key_of("gone", DAYS[0]), "tag", None)
    monkeypatch.setattr(S3Folder, "files", lambda *_: iter([gone]))
    assert bucket
    result = backfill(f"s3://{BUCKET}/", history, status=1)
    assert "NoSuchKey" in result["problems"][0]["problem"]


def test_denied_objects_are_named_until_all_are_denied(
    bucket: Any, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    for number in range(30):
        key = key_of(f"loop-{number:02}", DAYS[0])
        body = json.dumps(answered(f"loop-{number:02}", f"{DAYS[0]}T10:00:00Z"))
        bucket.put_object(Bucket=BUCKET, Key=key, Body=body)
    from human_loops_cli import inputs

    read, denied = inputs._read_input, ["loop-03"]

    def read_input(each: Any) -> Any:
        if any(name in each.name for name in denied):
            return each, ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
        return read(each)

    monkeypatch.setattr(inputs, "_read_input", read_input)
    result = backfill(f"s3://{BUCKET}/", history, status=1)
    assert (result["outcomes"], len(result["problems"])) == (29, 1)
    assert "a permission is missing" in result["problems"][0]["problem"]
    denied[:] = ["loop-"]
    result = run("outcomes", "backfill", f"s3://{BUCKET}/", "-o", str(history))
    assert result.exit_code == 3
    assert len(outcomes_in(history)) == 29


def live(outcome: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Make the outcome that the stack recorded of a loop of the history."""
    event = {
        "eventSource": "aws.sagemaker",
        "creationTime": outcome["creationTime"].replace(".000Z", ".318Z"),
        "turnaroundSeconds": 600.0,
        "outcomeId": "live-" + outcome["outcomeId"],
        "outputS3Uri": f"s3://{BUCKET}/{key_of(outcome['humanLoopName'], DAYS[0])}",
    }
    return {**outcome, **event, **properties}


@pytest.mark.slow
@pytest.mark.parametrize("join", ["uri", "creation"])
def test_live_outcome_replaces_that_of_the_output(
    bucket: Any, outputs: Path, history: Path, tmp_path: Path, join: str
) -> None:
    for path in outputs.rglob("*.json"):
        bucket.put_object(Bucket=BUCKET, Key=str(path.relative_to(outputs)), Body=path.read_bytes())
    backfill(f"s3://{BUCKET}/" if join == "uri" else outputs, history)
    one = outcomes_in(history)[0]
    # With the URI, the time in the key may deviate.
    recorded = live(one, humanLoopStatus="Stopped")
    if join == "uri":
        recorded["creationTime"] = "2026-03-12T09:29:59.999Z"
    (tmp_path / "live.jsonl").write_text(json.dumps(recorded) + "\n")
    rows = run_json("report", str(history), str(tmp_path / "live.jsonl"))["rows"]
    (totals,) = rows["totals"]
    assert (totals["loops"], totals["completed"], totals["stopped"]) == (6, 5, 1)


@pytest.mark.slow
def test_report_says_what_history_does_not_have(
    outputs: Path, history: Path, tmp_path: Path
) -> None:
    backfill(outputs, history)
    page = tmp_path / "report.html"
    result = run("report", str(history), "-o", str(page))
    assert result.exit_code == 0, result.stderr
    text = " ".join(page.read_text().split())
    assert "6 loops are known from the output alone" in text
    assert "how many did is not known" in text
    assert "0.0% of 6 loops" not in text
    assert "loops that Failed have no output" in text
    assert "No loop Failed." not in text
    assert "no Completed loop has a known turnaround" in text
    failed = next(each for each in sample_outcomes() if each["humanLoopStatus"] == "Failed")
    (tmp_path / "live.jsonl").write_text(json.dumps(failed) + "\n")
    run("report", str(history), str(tmp_path / "live.jsonl"), "-o", str(page))
    assert "of 1 loop with an event" in page.read_text()


def test_thresholds_say_that_failed_loops_are_missing(outputs: Path, history: Path) -> None:
    for number in range(3):
        document = answered(f"sampled-{number}", "2026-03-13T10:00:00Z")
        put(outputs, key_of(f"sampled-{number}", DAYS[1]), document)
    backfill(outputs, history)
    result = run("thresholds", str(history))
    notes = " ".join(result.stderr.split())
    assert "9 loops are known from the output alone" in notes


@pytest.mark.parametrize("wrong", ["-", "no-such-folder"])
def test_sources_that_are_none_are_refused(history: Path, wrong: str) -> None:
    result = run("outcomes", "backfill", wrong, "-o", str(history), input="{}")
    assert result.exit_code == (2 if wrong == "-" else 1)


def test_folder_that_cannot_be_made_is_named(outputs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("outcomes", "backfill", str(outputs), "-o", str(tmp_path / "file" / "history"))
    assert (result.exit_code, "Name a folder with -o." in result.stderr) == (2, True)
    result = run("outcomes", "backfill", str(outputs), "-o", str(tmp_path), "--account", "1")
    assert "--account 1: expected 12 digits" in result.stderr
